//! Giving back the room of nodes and values that nothing uses any more, in whole segment files.
//!
//! A segment of which the newest checkpoint uses nothing is removed when no running transaction has a snapshot older
//! than that checkpoint's. When too much of the files is garbage, what is left in the emptiest segments is made new, so that
//! the next checkpoint writes it elsewhere and these segments become unused as well.

use std::collections::BTreeSet;

use super::checkpoint::{CheckpointState, Effort};
use super::core::Core;
use super::snapshot::Snapshot;
use super::usage::Usage;
use crate::blob::{BlobStore, SegmentInfo};
use crate::error::Result;
use crate::seeded::{self, Fault};
use crate::transaction::writes::StoreId;

/// Garbage is left alone up to this part of what is in use, beside a fixed amount: moving costs writes.
const USUAL_GARBAGE_PART: u64 = 4;
/// The same when somebody asks for a checkpoint.
const THOROUGH_GARBAGE_PART: u64 = 16;

/// The most bytes that one checkpoint asks the next one to move, since they are in memory until then.
const MAX_RELOCATED_BYTES: u64 = 64 << 20;
/// And this part of what may be unsaved: the rest is for commits. Twice as much keeps a tenth more of garbage away.
const RELOCATED_PART: u64 = 8;

/// The same while commits wait for it.
const MAX_RELOCATED_BYTES_WHILE_COMMITS_WAIT: u64 = 2 << 20;

/// Removes what is unused, and marks for moving what stands in the way. `snapshot` is that of the newest checkpoint.
pub(super) fn reclaim(
    core: &Core,
    state: &mut CheckpointState,
    snapshot: &Snapshot,
    effort: Effort,
) -> Result<()> {
    remove_unused(core, state, snapshot)?;
    let in_use = state.in_use.total();
    let mut segments = core.blobs.segments()?;
    segments.retain(|segment| in_use.segments().contains_key(&segment.id));
    let part = match effort {
        Effort::Thorough => THOROUGH_GARBAGE_PART,
        _ => USUAL_GARBAGE_PART,
    };
    let allowed = in_use.bytes() / part + state.garbage_bytes;
    let victims = victims(&segments, &in_use, allowed);
    // Values are found through the leaves, which have to be read for it.
    let stores = state.in_use.stores.iter();
    let with_values = stores
        .filter(|(_, (_, usage))| victims.iter().any(|segment| usage.has_values(*segment)))
        .map(|(id, _)| *id)
        .collect();
    if let Some(open) = core.blobs.open_segment()
        && victims.contains(&open)
    {
        // The one that is written to has to end before it can go.
        core.blobs.end_segment();
    }
    state.moves |= relocate(core, &victims, &with_values)?;
    Ok(())
}

/// Removes the segments of which nothing is in use, as far as no running transaction can see them.
pub(super) fn remove_unused(
    core: &Core,
    state: &mut CheckpointState,
    snapshot: &Snapshot,
) -> Result<()> {
    let in_use = state.in_use.total();
    for segment in core.blobs.segments()? {
        if !in_use.segments().contains_key(&segment.id) {
            if core.blobs.open_segment() == Some(segment.id) {
                core.blobs.end_segment();
            }
            let since = state.dead_segments.entry(segment.id);
            since.or_insert(snapshot.edition());
        }
    }
    remove_dead(core, state)
}

/// Removes the dead segments that no running transaction can see.
fn remove_dead(core: &Core, state: &mut CheckpointState) -> Result<()> {
    let mut oldest = core.oldest_active();
    if seeded::is(Fault::ReclaimUnderReaders) {
        oldest = None;
    }
    let open = core.blobs.open_segment();
    let free: Vec<u32> = state
        .dead_segments
        .iter()
        .filter(|(id, since)| oldest.is_none_or(|oldest| **since <= oldest) && Some(**id) != open)
        .map(|(id, _)| *id)
        .collect();
    for segment in free {
        core.blobs.remove_segment(segment)?;
        state.dead_segments.remove(&segment);
    }
    Ok(())
}

/// Whether more than a quarter of a segment is garbage.
fn is_sparse(segment: &SegmentInfo, in_use: &Usage) -> bool {
    let used = in_use.segments().get(&segment.id);
    used.map_or(0, |used| used.bytes()) < segment.bytes / 4 * 3
}

/// The segments to empty, the emptiest first, so that not more than what is allowed is garbage.
fn victims(segments: &[SegmentInfo], in_use: &Usage, allowed: u64) -> BTreeSet<u32> {
    let used = |segment: &SegmentInfo| {
        let used = in_use.segments().get(&segment.id);
        used.map_or(0, |used| used.bytes())
    };
    let on_disk: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let mut garbage = on_disk.saturating_sub(in_use.bytes());
    let mut sparse: Vec<&SegmentInfo> = segments
        .iter()
        .filter(|segment| is_sparse(segment, in_use))
        .collect();
    sparse.sort_by_key(|segment| used(segment) * 1024 / segment.bytes.max(1));
    let mut victims = BTreeSet::new();
    for segment in sparse {
        if garbage <= allowed {
            break;
        }
        garbage = garbage.saturating_sub(segment.bytes - used(segment).min(segment.bytes));
        victims.insert(segment.id);
    }
    victims
}

/// Marks what is in these segments as changed, so that the next checkpoint moves it.
///
/// Whether anything was.
fn relocate(core: &Core, victims: &BTreeSet<u32>, with_values: &BTreeSet<StoreId>) -> Result<bool> {
    if victims.is_empty() {
        return Ok(false);
    }
    let budget = MAX_RELOCATED_BYTES.min(core.dirty_limit() / RELOCATED_PART);
    let (next, moved) = relocated(core, victims, with_values, budget)?;
    if core.replace_unchanged(next) {
        return Ok(moved);
    }
    // Somebody committed meanwhile, and may always do so. Commits wait for a smaller step, which
    // looks at inner nodes only: these are in memory.
    let _commits = core.commit.lock();
    let budget = budget.min(MAX_RELOCATED_BYTES_WHILE_COMMITS_WAIT);
    let (next, moved) = relocated(core, victims, &BTreeSet::new(), budget)?;
    Ok(core.replace_unchanged(next) && moved)
}

/// The newest snapshot with up to about `bytes` of nodes made new, in some stores of values kept apart as well.
fn relocated(
    core: &Core,
    victims: &BTreeSet<u32>,
    with_values: &BTreeSet<StoreId>,
    bytes: u64,
) -> Result<(Snapshot, bool)> {
    let mut next = Snapshot::clone(&core.snapshot());
    let mut left = bytes;
    for (id, store) in &mut next.stores {
        let moved = store.tree.relocate(with_values.contains(id), left, &|at| {
            victims.contains(&at.segment)
        })?;
        left = left.saturating_sub(moved);
    }
    Ok((next, left < bytes))
}
