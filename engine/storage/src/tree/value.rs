//! Values: in their page, or kept apart and loaded when asked for.

use std::ops::{Deref, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::RwLock;

use super::cache::{Charge, Evictable, NodeCache};
use super::context::TreeContext;
use super::error::{Result, TreeError};
use super::page::{Page, ValuePlace};
use super::place::LocationCell;

/// A value kept apart from its page. Its bytes are in memory while it is new, and may be evicted
/// once it is stored.
#[derive(Debug)]
pub(crate) struct ValueHandle {
    pub location: LocationCell,
    len: u64,
    hot: AtomicBool,
    bytes: RwLock<Resident>,
}

#[derive(Debug, Default)]
struct Resident {
    bytes: Option<Arc<[u8]>>,
    #[expect(dead_code, reason = "held for its drop")]
    charge: Option<Charge>,
}

impl ValueHandle {
    /// A value that is not stored yet.
    pub fn new(bytes: Arc<[u8]>, context: &TreeContext) -> Self {
        let charge = context.cache().charge_dirty(bytes.len() as u64);
        Self {
            location: LocationCell::new(),
            len: bytes.len() as u64,
            hot: AtomicBool::new(false),
            bytes: RwLock::new(Resident {
                bytes: Some(bytes),
                charge: Some(charge),
            }),
        }
    }

    /// A stored value of `len` bytes, not loaded.
    pub fn stored(location: super::Location, len: u64) -> Self {
        Self {
            location: LocationCell::stored(location),
            len,
            hot: AtomicBool::new(false),
            bytes: RwLock::default(),
        }
    }

    /// Length, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bytes, loaded if need be.
    pub fn load(self: &Arc<Self>, context: &TreeContext) -> Result<Arc<[u8]>> {
        if let Some(bytes) = &self.bytes.read().bytes {
            if !self.hot.load(Relaxed) {
                self.hot.store(true, Relaxed);
            }
            return Ok(Arc::clone(bytes));
        }
        let bytes = self.read(context)?;
        self.keep(context.cache(), &bytes);
        Ok(bytes)
    }

    /// The bytes, which are not kept when they have to be read.
    pub fn peek(&self, context: &TreeContext) -> Result<Arc<[u8]>> {
        let resident = self.bytes.read().bytes.clone();
        resident.map_or_else(|| self.read(context), Ok)
    }

    /// Reads the stored bytes, whatever is in memory.
    pub fn read(&self, context: &TreeContext) -> Result<Arc<[u8]>> {
        let location = self.location.get().ok_or(TreeError::Invariant(
            "a value that is not stored must be in memory",
        ))?;
        let bytes = context.read_value(&location)?;
        if bytes.len() as u64 != self.len {
            return Err(TreeError::corrupt(
                location,
                format!("value has {} bytes, not {}", bytes.len(), self.len),
            ));
        }
        Ok(bytes)
    }

    /// Keeps the bytes of this stored value in memory under the control of the cache.
    fn keep(self: &Arc<Self>, cache: &Arc<NodeCache>, bytes: &Arc<[u8]>) {
        let mut resident = self.bytes.write();
        if cache.too_big(self.len) {
            *resident = Resident::default();
            return;
        }
        *resident = Resident {
            bytes: Some(Arc::clone(bytes)),
            charge: Some(cache.charge(self.len)),
        };
        drop(resident);
        cache.admit(Evictable::Value(Arc::downgrade(self)));
    }

    /// Leaves the bytes of this value, which was stored, to the cache.
    pub fn release(self: &Arc<Self>, cache: &Arc<NodeCache>) {
        let bytes = self.bytes.read().bytes.clone();
        if let Some(bytes) = bytes {
            self.keep(cache, &bytes);
        }
    }

    /// Whether it was used since this was asked last.
    pub fn cool(&self) -> bool {
        self.hot.swap(false, Relaxed)
    }

    /// Drops the bytes from memory if they can be loaded again. False when someone is busy with it.
    pub fn evict(&self) -> bool {
        let Some(mut resident) = self.bytes.try_write() else {
            return false;
        };
        if self.location.get().is_some() {
            *resident = Resident::default();
        }
        true
    }
}

/// An item found in a tree: its version and its value. Keeps what it needs of the snapshot alive.
#[derive(Clone)]
pub struct Entry {
    /// Version given when the item was written.
    pub version: u64,
    /// The value, loaded on demand when it is kept apart.
    pub value: ValueRef,
}

/// A value in a snapshot.
#[derive(Clone)]
pub struct ValueRef(Inside);

#[derive(Clone)]
enum Inside {
    Page {
        page: Arc<[u8]>,
        start: u32,
        end: u32,
    },
    Apart {
        handle: Arc<ValueHandle>,
        context: Arc<TreeContext>,
    },
}

impl ValueRef {
    /// The value of item `at` of `page`.
    #[inline]
    pub(crate) fn new(page: &Page, at: usize, context: &Arc<TreeContext>) -> Result<Self> {
        let inside = match page.value_place(at) {
            ValuePlace::Inline(start, end) => Inside::Page {
                start: start as u32,
                end: end as u32,
                page: Arc::clone(page.bytes()),
            },
            ValuePlace::Separate(Some(handle)) => Inside::Apart {
                handle: Arc::clone(handle),
                context: Arc::clone(context),
            },
            ValuePlace::Separate(None) => return Err(LOST),
        };
        Ok(Self(inside))
    }

    /// Length of the value, in bytes; loads nothing.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Inside::Page { start, end, .. } => u64::from(end - start),
            Inside::Apart { handle, .. } => handle.len(),
        }
    }

    /// Whether the value has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value is kept apart from its page.
    pub fn is_separate(&self) -> bool {
        matches!(self.0, Inside::Apart { .. })
    }

    /// The bytes of the value. Reads them from the store when it is kept apart and not in memory.
    pub fn bytes(&self) -> Result<ValueBytes<'_>> {
        Ok(match &self.0 {
            Inside::Page { page, start, end } => {
                ValueBytes::Inline(&page[*start as usize..*end as usize])
            }
            Inside::Apart { handle, context } => ValueBytes::Loaded(handle.load(context)?),
        })
    }

    /// The bytes where they lie in a page; or those kept apart, loaded if need be.
    #[inline]
    pub(crate) fn part(&self) -> Result<(PagePart<'_>, Option<Arc<[u8]>>)> {
        Ok(match &self.0 {
            Inside::Page { page, start, end } => {
                let part = PagePart::new(page, *start as usize, *end as usize);
                (part, None)
            }
            Inside::Apart { handle, context } => (PagePart::default(), Some(handle.load(context)?)),
        })
    }

    /// The bytes of the value as an own allocation; without a copy when it is kept apart.
    pub fn to_arc(&self) -> Result<Arc<[u8]>> {
        Ok(match self.bytes()? {
            ValueBytes::Loaded(bytes) => bytes,
            ValueBytes::Inline(bytes) => Arc::from(bytes),
        })
    }
}

/// A handle is always where its entry says; this is what a broken page would give.
pub(crate) const LOST: TreeError = TreeError::Invariant("an entry points at no separate value");

/// Bytes of a value, borrowed from a page or shared with the cache.
pub enum ValueBytes<'a> {
    /// Borrowed from the page.
    Inline(&'a [u8]),
    /// Loaded; shared with the cache.
    Loaded(Arc<[u8]>),
}

impl Deref for ValueBytes<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline(bytes) => bytes,
            Self::Loaded(bytes) => bytes,
        }
    }
}

/// A part of a page's buffer, or of none: plain words, so that a walk keeps them in registers.
#[derive(Clone, Copy, Default)]
pub(crate) struct PagePart<'a> {
    bytes: &'a [u8],
    page: Option<&'a Arc<[u8]>>,
    start: usize,
}

impl<'a> PagePart<'a> {
    #[inline]
    pub fn new(page: &'a Arc<[u8]>, start: usize, end: usize) -> Self {
        Self {
            bytes: &page[start..end],
            page: Some(page),
            start,
        }
    }

    /// Bytes that lie in no page.
    pub fn plain(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            page: None,
            start: 0,
        }
    }

    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes to be kept: what they lie in, and where. Copies only what lies in no page.
    #[inline]
    pub fn shared(self) -> (Arc<[u8]>, Range<usize>) {
        match self.page {
            Some(page) => (Arc::clone(page), self.start..self.start + self.bytes.len()),
            None => (Arc::from(self.bytes), 0..self.bytes.len()),
        }
    }
}
