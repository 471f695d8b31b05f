//! Checkpoints: writing what the log has changed into the trees on disk, then dropping that log.
//!
//! Order, each step durable before the next: new nodes and values, the checkpoint files that point at them, then the
//! removal of what only older checkpoints need. A crash between any two leaves a checkpoint and a log that belong
//! together. Commits and readers go on meanwhile.
//!
//! A checkpoint that fails before its files may count is given up: what it wrote is removed, its nodes are unsaved as
//! before and were never read back from the disk, the log stays, commits go on. When it fails while its files are
//! given their names, it is not known whether it counts after a crash; both outcomes are whole, since nothing
//! of either is removed before a later checkpoint succeeds. Only a log that failed ends writing.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::catalog_payload::{CatalogPayload, CatalogStore};
use super::core::Core;
use super::reclaim::{reclaim, remove_unused};
use super::shapes::{self, Shapes};
use super::snapshot::{Edition, Snapshot};
use super::usage::Usage;
use crate::blob::{BlobHeader, BlobKind, BlobStore, LocalBlobs};
use crate::catalog::{Catalog, Prepared};
use crate::error::Result;
use crate::seeded::{self, Fault};
use crate::transaction::writes::StoreId;
use crate::tree::{Location, NodeSink, RootRef, TreeError, Written};

/// A log of so many bytes is read in no time when the database is opened.
const SHORT_LOG_BYTES: u64 = 256 << 10;

/// What checkpoints remember of each other.
pub(crate) struct CheckpointState {
    pub catalog: Catalog,
    /// Sequence of the newest checkpoint.
    pub newest: u64,
    /// What the newest checkpoint uses of the segment files.
    pub in_use: InUse,
    /// Segments that nothing uses any more, and the snapshot since which. They go when no running transaction has an
    /// older one, which may have the same items: see [`Edition`].
    pub dead_segments: BTreeMap<u32, Edition>,
    pub next_blob_id: u64,
    /// Whether nodes were made new to be moved by the next checkpoint.
    pub moves: bool,
    /// Bytes of garbage that are not worth moving anything for.
    pub garbage_bytes: u64,
    /// Backups and checks that read the files of a checkpoint: nothing is removed meanwhile.
    pub pins: usize,
}

/// What a checkpoint uses of the segment files.
#[derive(Default)]
pub(crate) struct InUse {
    /// By store, with the root that this was found for.
    pub stores: BTreeMap<StoreId, (RootRef, Usage)>,
    /// Whether no more is listed than is in use.
    pub exact: bool,
}

impl InUse {
    pub fn new(payload: &CatalogPayload) -> Self {
        let stores = payload.stores.iter();
        Self {
            stores: stores
                .map(|store| (StoreId(store.id), (store.root, store.usage.clone())))
                .collect(),
            exact: payload.exact,
        }
    }

    /// Of all stores together.
    pub fn total(&self) -> Usage {
        let mut total = Usage::default();
        for (_, usage) in self.stores.values() {
            total.merge(usage);
        }
        total
    }
}

impl CheckpointState {
    /// After opening: `newest` and `in_use` are of the checkpoint that was loaded.
    pub fn new(catalog: Catalog, newest: u64, in_use: InUse, segment_bytes: u64) -> Self {
        Self {
            catalog,
            newest,
            in_use,
            dead_segments: BTreeMap::new(),
            next_blob_id: 1,
            moves: false,
            garbage_bytes: segment_bytes / 8,
            pins: 0,
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

/// How much room is to be given back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// What is unused; what stands in the way of more is moved by the next checkpoint.
    Usual,
    /// As [`Effort::Usual`], with checkpoints until nothing stands in the way.
    Thorough,
    /// What is unused, also of the log.
    Closing,
}

/// The most checkpoints for [`Effort::Thorough`].
const MOST_ROUNDS: usize = 8;

/// Makes a checkpoint of the newest snapshot, unless there was no commit since the last, and gives back room.
///
/// After an error the database goes on as before and the checkpoint is to be tried again later; only when the log
/// failed is it read-only.
pub(crate) fn run(core: &Core, effort: Effort) -> Result<()> {
    let rounds = if effort == Effort::Thorough {
        MOST_ROUNDS
    } else {
        1
    };
    for _ in 0..rounds {
        if !run_once(core, effort)? {
            break;
        }
    }
    Ok(())
}

/// Whether something was left to be moved by another checkpoint.
fn run_once(core: &Core, effort: Effort) -> Result<bool> {
    let mut state = core.checkpoint.lock();
    let (snapshot, pass) = core
        .enter(false)
        .inspect_err(|_| core.background.skipped())?;
    let log_bytes = core.log_bytes.swap(0, Ordering::Relaxed);
    let moves = state.moves && effort == Effort::Thorough;
    let made = if snapshot.sequence > state.newest || moves {
        let clock = core.clock.as_ref();
        core.meters
            .checkpoint(clock, || write(core, &mut state, &snapshot))
    } else {
        Ok(())
    };
    let tidied = match &made {
        Ok(()) => tidy(core, &mut state, &snapshot, effort),
        Err(_) => Ok(()),
    };
    core.leave(pass);
    let moves = state.moves;
    drop(state);
    if let Some(refusal) = core.log.refusal() {
        core.poison(&refusal.to_string());
    }
    match (&made, &tidied) {
        (Ok(()), Ok(())) => core.background.succeeded(),
        // The checkpoint counts; that room was not given back is no reason to make it again.
        (Ok(()), Err(error)) => {
            core.background.succeeded();
            core.background
                .note(&format!("room could not be given back: {error}"));
        }
        (Err(error), _) => {
            core.log_bytes.fetch_add(log_bytes, Ordering::Relaxed);
            let now = core.clock.monotonic_ms();
            core.background.failed(now, &error.to_string());
        }
    }
    made.map(|()| moves)
}

/// What a checkpoint has written, with everything durable but the names of its files.
struct Made<'a> {
    written: Vec<Written<'a>>,
    in_use: InUse,
    prepared: Prepared,
}

fn write(core: &Core, state: &mut CheckpointState, snapshot: &Snapshot) -> Result<()> {
    // The log up to the snapshot has to be durable before anything that replaces it.
    core.log.sync()?;
    let made = make(core, state, snapshot).inspect_err(|_| core.blobs.discard())?;
    // From here on a crash may find the new checkpoint, also after an error.
    core.blobs.publish();
    state.catalog.publish(made.prepared)?;
    state.newest = snapshot.sequence;
    state.moves = false;
    state.in_use = made.in_use;
    core.counters.checkpoints.fetch_add(1, Ordering::Relaxed);
    for written in made.written {
        written.publish(core.trees.cache());
    }
    if !state.in_use.exact {
        recount(state, snapshot);
    }
    Ok(())
}

fn make<'a>(core: &Core, state: &mut CheckpointState, snapshot: &'a Snapshot) -> Result<Made<'a>> {
    let mut payload = CatalogPayload {
        next_store_id: core.next_store_id.load(Ordering::Relaxed),
        next_item_id: core.next_item_id.load(Ordering::Relaxed),
        exact: state.in_use.exact,
        prepared: snapshot.prepared.clone(),
        ..CatalogPayload::default()
    };
    let mut all = Vec::new();
    for (id, store) in &snapshot.stores {
        let mut sink = StoreSink {
            blobs: &core.blobs,
            store_id: id.0,
            generation: snapshot.sequence,
            next_blob_id: &mut state.next_blob_id,
        };
        let written = store.tree.write(&mut sink)?;
        let before = state.in_use.stores.get(id).map(|(root, used)| (root, used));
        let (usage, exact) = Usage::after(before, &store.tree, &written);
        payload.exact &= exact;
        let mended = shapes::mended(store);
        payload.stores.push(CatalogStore {
            id: id.0,
            definition: store.definition.as_ref().clone(),
            root: written.root,
            usage,
            shapes: mended
                .clone()
                .unwrap_or_else(|| Shapes::clone(&store.shapes)),
        });
        if let Some(mended) = mended {
            core.replace_shapes(*id, &store.shapes, mended);
        }
        all.push(written);
    }
    core.blobs.sync()?;
    payload.next_segment = core.blobs.next_segment();
    let in_use = InUse::new(&payload);
    if seeded::is(Fault::TruncateLogTooEarly) {
        core.log.truncate_before(snapshot.sequence + 1)?;
    }
    if seeded::is(Fault::ReclaimTooEarly) {
        remove_too_early(core, &in_use)?;
    }
    let prepared = state.catalog.write(snapshot.sequence, &payload.encode()?)?;
    Ok(Made {
        written: all,
        in_use,
        prepared,
    })
}

/// The deliberate fault: before the checkpoint counts.
fn remove_too_early(core: &Core, in_use: &InUse) -> Result<()> {
    let total = in_use.total();
    for segment in core.blobs.segments()? {
        if !total.segments().contains_key(&segment.id) {
            let _ = core.blobs.remove_segment(segment.id);
        }
    }
    Ok(())
}

/// After a node of an older checkpoint could not be read: finds what the newest one uses by looking at all of it.
fn recount(state: &mut CheckpointState, snapshot: &Snapshot) {
    let mut in_use = InUse {
        exact: true,
        ..InUse::default()
    };
    for (id, store) in &snapshot.stores {
        // What cannot be read now either stays as it was estimated, which is never too little.
        let (Ok(usage), Some(root)) = (Usage::of(&store.tree), store.tree.root_ref()) else {
            return;
        };
        in_use.stores.insert(*id, (root, usage));
    }
    state.in_use = in_use;
}

/// Removes what only older checkpoints need.
fn tidy(
    core: &Core,
    state: &mut CheckpointState,
    snapshot: &Snapshot,
    effort: Effort,
) -> Result<()> {
    if state.pins > 0 {
        return Ok(());
    }
    state.catalog.remove_all_but(state.newest)?;
    if effort == Effort::Closing {
        // The next open reads all of the log that is there.
        if core.log.last_sequence() == state.newest && core.log.bytes_on_disk() > SHORT_LOG_BYTES {
            core.log.begin_anew()?;
        }
        core.log.truncate_before(state.newest + 1)?;
        return remove_unused(core, state, snapshot);
    }
    core.log.truncate_before(state.newest + 1)?;
    // That room is not needed yet: a full disk is no reason to complain.
    let _ = core.log.make_room_ahead();
    reclaim(core, state, snapshot, effort)
}
