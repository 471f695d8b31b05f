//! Checkpoints: writing what the log has changed into the trees on disk, then dropping that log.
//!
//! Order, each step durable before the next: new nodes and values, the checkpoint file that points
//! at them, then the removal of what only older checkpoints need. A crash between any two leaves a
//! checkpoint and a log that belong together. The newest checkpoint but one stays, with the log
//! after it, so that a damaged newest one costs nothing. Commits and readers go on meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use super::catalog_payload::{CatalogPayload, CatalogStore};
use super::core::Core;
use super::shapes::{self, Shapes};
use super::snapshot::Snapshot;
use crate::blob::{BlobHeader, BlobKind, BlobStore, LocalBlobs};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::seeded::{self, Fault};
use crate::tree::{Location, NodeSink, TreeError, Written};

/// The most bytes that one checkpoint asks the next one to move, since they are in memory until then.
const MAX_RELOCATED_BYTES: u64 = 64 << 20;

/// The same while commits wait for it.
const MAX_RELOCATED_BYTES_WHILE_COMMITS_WAIT: u64 = 2 << 20;

/// What checkpoints remember of each other.
pub(crate) struct CheckpointState {
    pub catalog: Catalog,
    /// Sequence of the newest checkpoint.
    pub newest: u64,
    /// Segments that the newest checkpoint no longer uses; they go after the next one.
    pub dead_segments: BTreeSet<u32>,
    pub next_blob_id: u64,
    /// Bytes of garbage that are not worth looking for.
    pub garbage_bytes: u64,
    /// What 1,024 bytes of keys and values took in segment files when that was last looked at.
    pub bytes_per_1024: u64,
}

impl CheckpointState {
    /// After opening: `newest` is the checkpoint that was loaded.
    pub fn new(catalog: Catalog, newest: u64, segment_bytes: u64) -> Self {
        Self {
            catalog,
            newest,
            dead_segments: BTreeSet::new(),
            next_blob_id: 1,
            garbage_bytes: segment_bytes / 8,
            bytes_per_1024: 1024,
        }
    }
}

/// Writes nodes and values of one store.
struct StoreSink<'a> {
    blobs: &'a LocalBlobs,
    store_id: u64,
    generation: u64,
    next_blob_id: &'a mut u64,
}

impl StoreSink<'_> {
    fn put(&mut self, kind: BlobKind, bytes: &[u8]) -> Result<Location, TreeError> {
        let header = BlobHeader {
            kind,
            store_id: self.store_id,
            blob_id: *self.next_blob_id,
            generation: self.generation,
        };
        *self.next_blob_id += 1;
        self.blobs
            .put(&header, bytes)
            .map_err(|e| TreeError::Source(e.to_string()))
    }
}

impl NodeSink for StoreSink<'_> {
    fn write_node(&mut self, _level: u8, bytes: &[u8]) -> Result<Location, TreeError> {
        self.put(BlobKind::Node, bytes)
    }

    fn write_value(&mut self, bytes: &[u8]) -> Result<Location, TreeError> {
        self.put(BlobKind::Value, bytes)
    }
}

/// Makes a checkpoint of the newest snapshot; does nothing when there was no commit since the last.
pub(crate) fn run(core: &Core) -> Result<()> {
    let mut state = core.checkpoint.lock();
    core.log_bytes.store(0, Ordering::Relaxed);
    let snapshot = core.enter(false)?;
    let result = if snapshot.sequence > state.newest {
        let clock = core.clock.as_ref();
        core.meters
            .checkpoint(clock, || write(core, &mut state, &snapshot))
    } else {
        Ok(())
    };
    core.leave(snapshot.sequence, false);
    result
}

fn write(core: &Core, state: &mut CheckpointState, snapshot: &Snapshot) -> Result<()> {
    // The log up to the snapshot has to be durable before anything that replaces it.
    core.log.sync()?;
    let mut payload = CatalogPayload {
        next_store_id: core.next_store_id.load(Ordering::Relaxed),
        next_item_id: core.next_item_id.load(Ordering::Relaxed),
        next_segment: 0,
        stores: Vec::new(),
        prepared: snapshot.prepared.clone(),
    };
    let mut written = Written::default();
    for (id, store) in &snapshot.stores {
        let mut sink = StoreSink {
            blobs: &core.blobs,
            store_id: id.0,
            generation: snapshot.sequence,
            next_blob_id: &mut state.next_blob_id,
        };
        let mended = shapes::mended(store);
        payload.stores.push(CatalogStore {
            id: id.0,
            definition: store.definition.as_ref().clone(),
            root: store.tree.write(&mut sink, &mut written)?,
            shapes: mended
                .clone()
                .unwrap_or_else(|| Shapes::clone(&store.shapes)),
        });
        if let Some(mended) = mended {
            core.replace_shapes(*id, &store.shapes, mended);
        }
    }
    core.blobs.sync()?;
    // Not before: after a failed flush the files cannot be trusted, and memory has it all.
    written.release(core.trees.cache());
    payload.next_segment = core.blobs.next_segment();
    if seeded::is(Fault::TruncateLogTooEarly) {
        core.log.truncate_before(snapshot.sequence + 1)?;
    }
    state.catalog.store(snapshot.sequence, &payload.encode()?)?;
    state.newest = snapshot.sequence;
    core.counters.checkpoints.fetch_add(1, Ordering::Relaxed);
    let kept = state.catalog.remove_older_than(snapshot.sequence)?;
    core.log
        .truncate_before(kept.unwrap_or(snapshot.sequence) + 1)?;
    // That room is not needed yet: a full disk is no reason to stop commits.
    let _ = core.log.make_room_ahead();
    // The checkpoint is made. That room cannot be reclaimed (a damaged node, a file that cannot be removed)
    // is no reason to stop commits: it is tried again at the next one, and `check` names the damage.
    let _ = reclaim(core, state, snapshot);
    Ok(())
}

/// Removes segments that were already unused at the checkpoint before, and finds those that are
/// unused now. The walk over all nodes is made only when a good part of the disk use is garbage.
fn reclaim(core: &Core, state: &mut CheckpointState, snapshot: &Snapshot) -> Result<()> {
    let mut oldest = core.active.lock().oldest().unwrap_or(u64::MAX);
    if seeded::is(Fault::ReclaimUnderReaders) {
        oldest = u64::MAX;
    }
    while oldest >= snapshot.sequence
        && let Some(segment) = state.dead_segments.first().copied()
    {
        core.blobs.remove_segment(segment)?;
        state.dead_segments.remove(&segment);
    }
    let segments = core.blobs.segments()?;
    let on_disk: u64 = segments.iter().map(|s| s.bytes).sum();
    let items: u64 = snapshot.stores.values().map(|s| s.tree.bytes()).sum();
    let live = items.saturating_mul(state.bytes_per_1024) / 1024;
    if on_disk <= live + live / 5 * 2 + state.garbage_bytes {
        return Ok(());
    }
    let mut used: BTreeMap<u32, u64> = BTreeMap::new();
    for store in snapshot.stores.values() {
        store.tree.for_each_location(true, |_, location| {
            *used.entry(location.segment).or_default() += location.bytes_on_disk();
        })?;
    }
    let live: u64 = used.values().sum();
    if let Some(ratio) = (live * 1024).checked_div(items) {
        state.bytes_per_1024 = ratio.max(1024);
    }
    let sparse: BTreeSet<u32> = segments
        .iter()
        .filter(|s| used.get(&s.id).is_none_or(|live| *live < s.bytes / 3 * 2))
        .map(|s| s.id)
        .collect();
    // The one that is written to has to end before it can go.
    if let Some(current) = core.blobs.open_segment()
        && sparse.contains(&current)
    {
        core.blobs.end_segment();
    }
    state.dead_segments.extend(
        sparse
            .iter()
            .copied()
            .filter(|segment| !used.contains_key(segment)),
    );
    if seeded::is(Fault::ReclaimTooEarly) {
        for segment in std::mem::take(&mut state.dead_segments) {
            core.blobs.remove_segment(segment)?;
        }
    }
    relocate(core, &sparse)
}

/// Marks the nodes in mostly empty segments as changed, so that the next checkpoint moves them.
fn relocate(core: &Core, sparse: &BTreeSet<u32>) -> Result<()> {
    if sparse.is_empty() {
        return Ok(());
    }
    let next = relocated(core, sparse, true, MAX_RELOCATED_BYTES)?;
    if core.replace_unchanged(next) {
        return Ok(());
    }
    // Somebody committed meanwhile, and may always do so. Commits wait for a smaller step, which
    // looks at inner nodes only: these are in memory.
    let _commits = core.commit.lock();
    let next = relocated(core, sparse, false, MAX_RELOCATED_BYTES_WHILE_COMMITS_WAIT)?;
    core.replace_unchanged(next);
    Ok(())
}

/// The newest snapshot with up to about `bytes` of nodes (and of values kept apart) made new.
fn relocated(core: &Core, sparse: &BTreeSet<u32>, values: bool, bytes: u64) -> Result<Snapshot> {
    let mut next = Snapshot::clone(&core.snapshot());
    let mut left = bytes;
    for store in next.stores.values_mut() {
        let moved = store
            .tree
            .relocate(values, left, &|at| sparse.contains(&at.segment))?;
        drop(store.tree.take_freed());
        left = left.saturating_sub(moved);
    }
    Ok(next)
}
