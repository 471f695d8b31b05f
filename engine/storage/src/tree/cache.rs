//! The cache of stored leaves and values: decides which of them stay in memory.
//!
//! One cache serves all trees of a database. It holds no pages: each leaf holds its own page, and the
//! cache has a weak reference to every leaf that could give it up. When the pages charged to it pass
//! the limit, a clock hand goes round: what was used since its last visit stays, the rest
//! is evicted. A hit takes no lock of the cache.
//!
//! Always: the charged bytes are those of stored pages and values in memory. What is not stored yet cannot
//! be evicted and is charged apart, as dirty; it leaves less for the rest. Inner nodes stay in memory and are not counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::leaf::LeafHandle;
use super::value::ValueHandle;

/// Counters are spread over this many words so that readers on different cores rarely meet.
const SHARDS: usize = 16;

/// Shared cache with a byte limit.
#[derive(Debug)]
pub struct NodeCache {
    limit: AtomicU64,
    bytes: AtomicU64,
    dirty: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    hits: [Shard; SHARDS],
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(AtomicU64);

#[derive(Debug, Default)]
struct Ring {
    entries: Vec<Evictable>,
    hand: usize,
}

/// Something that may give up its bytes.
#[derive(Debug)]
pub(crate) enum Evictable {
    Leaf(Weak<LeafHandle>),
    Value(Weak<ValueHandle>),
}

/// What became of an entry the hand passed.
enum Fate {
    Stays,
    Leaves,
}

/// A share of the cache's bytes, given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    cache: Arc<NodeCache>,
    bytes: u64,
    /// Whether it is for what is not stored yet.
    dirty: bool,
}

impl Charge {
    fn counter(&self) -> &AtomicU64 {
        if self.dirty {
            &self.cache.dirty
        } else {
            &self.cache.bytes
        }
    }

    /// Whether it is for what is not stored yet.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Changes how much is charged.
    pub fn resize(&mut self, bytes: u64) {
        if bytes > self.bytes {
            self.counter().fetch_add(bytes - self.bytes, Relaxed);
        } else if bytes < self.bytes {
            self.counter().fetch_sub(self.bytes - bytes, Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.counter().fetch_sub(self.bytes, Relaxed);
    }
}

/// Figures of a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Bytes of stored pages and values in memory.
    pub bytes: u64,
    /// Bytes of pages and values that are not stored yet.
    pub dirty: u64,
    /// The limit of `bytes`.
    pub limit: u64,
    /// Pages found in memory.
    pub hits: u64,
    /// Pages and values that had to be loaded.
    pub misses: u64,
    /// Pages and values dropped from memory to stay within the limit.
    pub evictions: u64,
}

impl NodeCache {
    /// A cache that keeps at most `limit` bytes of stored pages and values.
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicU64::new(limit),
            bytes: AtomicU64::new(0),
            dirty: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
            hits: Default::default(),
            ring: Mutex::default(),
        })
    }

    /// Changes the limit, in bytes, and evicts down to it.
    pub fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Relaxed);
        self.sweep(&mut self.ring.lock());
    }

    /// The limit, in bytes.
    pub fn limit(&self) -> u64 {
        self.limit.load(Relaxed)
    }

    /// Current figures. `hits` and `misses` of concurrent readers may lag a little.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            bytes: self.bytes.load(Relaxed),
            dirty: self.dirty_bytes(),
            limit: self.limit.load(Relaxed),
            hits: self.hits.iter().map(|shard| shard.0.load(Relaxed)).sum(),
            misses: self.misses.load(Relaxed),
            evictions: self.evictions.load(Relaxed),
        }
    }

    /// Whether a value of this many bytes is not worth a place.
    pub(crate) fn too_big(&self, bytes: u64) -> bool {
        bytes > self.limit.load(Relaxed) / 4
    }

    /// Counts a hit; `near` is any number that spreads callers over the shards.
    #[inline]
    pub(crate) fn hit(&self, near: usize) {
        self.hits[near % SHARDS].0.fetch_add(1, Relaxed);
    }

    /// Counts a miss.
    pub(crate) fn missed(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Charges `bytes` until the answer is dropped.
    pub(crate) fn charge(self: &Arc<Self>, bytes: u64) -> Charge {
        self.charge_as(bytes, false)
    }

    /// Charges `bytes` of something that is not stored yet until the answer is dropped.
    pub(crate) fn charge_dirty(self: &Arc<Self>, bytes: u64) -> Charge {
        let charge = self.charge_as(bytes, true);
        // It takes the place of what is stored, when nobody is busy with that.
        if self.over()
            && let Some(mut ring) = self.ring.try_lock()
        {
            self.sweep(&mut ring);
        }
        charge
    }

    fn charge_as(self: &Arc<Self>, bytes: u64, dirty: bool) -> Charge {
        let mut charge = Charge {
            cache: Arc::clone(self),
            bytes: 0,
            dirty,
        };
        charge.resize(bytes);
        charge
    }

    /// Bytes of pages and values that are not stored yet, in all snapshots together.
    pub fn dirty_bytes(&self) -> u64 {
        self.dirty.load(Relaxed)
    }

    /// Puts a loaded, stored leaf or value under the cache's control.
    pub(crate) fn admit(&self, entry: Evictable) {
        let mut ring = self.ring.lock();
        ring.entries.push(entry);
        self.sweep(&mut ring);
        ring.drop_dead();
    }

    /// Whether there is more than the limit, dirty or not. An eighth of the limit is always for what is stored.
    fn over(&self) -> bool {
        let limit = self.limit();
        let dirty = self.dirty_bytes().min(limit / 8 * 7);
        self.bytes.load(Relaxed) > limit - dirty
    }

    /// Turns the hand until the bytes are within the limit, at most twice round.
    fn sweep(&self, ring: &mut Ring) {
        let mut steps = ring.entries.len() * 2;
        while self.over() && steps > 0 && !ring.entries.is_empty() {
            steps -= 1;
            if ring.hand >= ring.entries.len() {
                ring.hand = 0;
            }
            match self.visit(&ring.entries[ring.hand]) {
                Fate::Stays => ring.hand += 1,
                Fate::Leaves => {
                    // What came last takes its place, and has a round before it is looked at.
                    ring.entries.swap_remove(ring.hand);
                    ring.hand += 1;
                }
            }
        }
    }

    fn visit(&self, entry: &Evictable) -> Fate {
        let (hot, evicted) = match entry {
            Evictable::Leaf(leaf) => match leaf.upgrade() {
                Some(leaf) if leaf.cool() => (true, false),
                Some(leaf) => (false, leaf.evict()),
                None => return Fate::Leaves,
            },
            Evictable::Value(value) => match value.upgrade() {
                Some(value) if value.cool() => (true, false),
                Some(value) => (false, value.evict()),
                None => return Fate::Leaves,
            },
        };
        if hot || !evicted {
            return Fate::Stays;
        }
        self.evictions.fetch_add(1, Relaxed);
        Fate::Leaves
    }
}

impl Evictable {
    fn is_dead(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.strong_count() == 0,
            Self::Value(value) => value.strong_count() == 0,
        }
    }
}

impl Ring {
    /// Drops references to leaves that no longer exist when a doubling of the ring is due, so that a cache that
    /// never fills does not collect them.
    fn drop_dead(&mut self) {
        if self.entries.len() == self.entries.capacity() && self.entries.len() >= 1024 {
            self.entries.retain(|entry| !entry.is_dead());
            if self.entries.len() * 2 > self.entries.capacity() {
                self.entries.reserve(self.entries.len());
            }
        }
    }
}
