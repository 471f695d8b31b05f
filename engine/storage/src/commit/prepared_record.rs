//! The records of two-phase commit as bytes of the log, and what a checkpoint keeps of them.
//!
//! A record's first byte says what it is; a commit is the layout of [`super::record`]. All integers are
//! little-endian. The layout is part of the file format (`docs/FORMAT.md`).
//!
//! ```text
//! prepare   u8 2;  u64 time;  u64 expiry;  id
//!           u32 number of names in the list of stores that it changes, each: bytes
//!           u32 number of stores that it read, each:
//!               u64 store id;  u32 number of keys, each: bytes
//!               u32 number of ranges, each two bounds: u8 0 open, 1 included, 2 excluded;  bytes unless open
//!           its changes, as the payload of a commit
//! decision  u8 3 committed, 4 rolled back, 5 expired;  u64 time;  id
//! bytes     u32 length, bytes;  an id is UTF-8
//! ```

use std::ops::Bound;
use std::sync::Arc;

use super::prepared::{Held, PreparedOutcome, PreparedState, PreparedTransaction, Remembered};
use super::record::{CommitFacts, decode as decode_commit, encode as encode_commit, put_u32};
use crate::seeded::{self, Fault};
use crate::transaction::reads::Reads;
use crate::transaction::writes::{CATALOG, CatalogChange, StoreId, StoreWrites, Writes};

const COMMIT: u8 = 1;
const PREPARE: u8 = 2;
const COMMITTED: u8 = 3;
const ROLLED_BACK: u8 = 4;
const EXPIRED: u8 = 5;

/// What the coordinator, or the time limit, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Commit,
    RollBack,
    Expire,
}

impl Decision {
    /// The outcome when its record has this sequence.
    pub fn outcome(self, sequence: u64) -> PreparedOutcome {
        match self {
            Self::Commit => PreparedOutcome::Committed { sequence },
            Self::RollBack => PreparedOutcome::RolledBack,
            Self::Expire => PreparedOutcome::Expired,
        }
    }

    fn tag(self) -> u8 {
        match self {
            Self::Commit => COMMITTED,
            Self::RollBack => ROLLED_BACK,
            Self::Expire => EXPIRED,
        }
    }

    fn from_tag(tag: u8) -> Option<Self> {
        [Self::Commit, Self::RollBack, Self::Expire]
            .into_iter()
            .find(|decision| decision.tag() == tag)
    }
}

/// What a record of the log says.
#[derive(Debug)]
pub(crate) enum Record {
    Commit(Writes),
    Prepare(PreparedTransaction),
    Decide(Decision, Arc<str>),
}

impl Record {
    /// A store id above all that the record's transaction created.
    pub fn next_store_id(&self) -> u64 {
        match self {
            Self::Commit(writes) => next_store_id(writes),
            Self::Prepare(prepared) => next_store_id(&prepared.writes),
            Self::Decide(..) => 0,
        }
    }
}

fn next_store_id(writes: &Writes) -> u64 {
    let created = writes.catalog.iter().map(|change| match change {
        CatalogChange::Create(id, _) => id.0.saturating_add(1),
        CatalogChange::Alter(..) | CatalogChange::Drop(_) => 0,
    });
    created.max().unwrap_or(0)
}

/// Writes the record that prepares a transaction.
pub(crate) fn encode_prepare(prepared: &PreparedTransaction) -> Vec<u8> {
    let mut out = vec![PREPARE];
    out.extend_from_slice(&prepared.prepared_at_ms.to_le_bytes());
    out.extend_from_slice(&prepared.expires_at_ms.to_le_bytes());
    put_bytes(&mut out, prepared.id.as_bytes());
    let names = prepared.writes.stores.get(&CATALOG);
    put_u32(&mut out, names.map_or(0, StoreWrites::len));
    for (name, _) in names.into_iter().flat_map(StoreWrites::iter) {
        put_bytes(&mut out, name);
    }
    put_reads(&mut out, &prepared.reads);
    out.extend_from_slice(&encode_commit(
        &prepared.writes,
        CommitFacts {
            time_ms: prepared.prepared_at_ms,
            next_item_id: prepared.next_item_id,
        },
    ));
    out
}

/// Writes the record that ends a prepared transaction.
pub(crate) fn encode_decision(decision: Decision, id: &str, time_ms: u64) -> Vec<u8> {
    let mut out = vec![decision.tag()];
    out.extend_from_slice(&time_ms.to_le_bytes());
    put_bytes(&mut out, id.as_bytes());
    out
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_reads(out: &mut Vec<u8>, reads: &Reads) {
    put_u32(out, reads.stores().len());
    for (store, reads) in reads.stores() {
        out.extend_from_slice(&store.0.to_le_bytes());
        put_u32(out, reads.points.len());
        for key in &reads.points {
            put_bytes(out, key);
        }
        // What may only change in its values is protected as a whole from here on.
        put_u32(out, reads.ranges.len() + reads.places.len());
        for range in reads.ranges.iter().chain(&reads.places) {
            put_bound(out, &range.lo);
            put_bound(out, &range.hi);
        }
    }
}

fn put_bound(out: &mut Vec<u8>, bound: &Bound<Vec<u8>>) {
    match bound {
        Bound::Unbounded => out.push(0),
        Bound::Included(key) => {
            out.push(1);
            put_bytes(out, key);
        }
        Bound::Excluded(key) => {
            out.push(2);
            put_bytes(out, key);
        }
    }
}

/// Reads any record of the log back.
///
/// # Errors
/// What is wrong with it; see [`super::record::decode`].
pub(crate) fn decode(payload: &[u8]) -> Result<(Record, CommitFacts), String> {
    let mut rest = payload;
    let damaged = |rest: &[u8]| {
        let at = payload.len() - rest.len();
        format!(
            "record of a prepared transaction, byte {at}: it is cut short or not of this layout"
        )
    };
    match payload.first() {
        Some(&COMMIT) | None => {
            let (writes, facts) = decode_commit(payload)?;
            Ok((Record::Commit(writes), facts))
        }
        Some(&PREPARE) => {
            let prepared = read_prepare(&mut rest)
                .ok_or_else(|| damaged(rest))
                .and_then(|head| head.with_changes(rest))?;
            let facts = CommitFacts {
                time_ms: prepared.prepared_at_ms,
                next_item_id: prepared.next_item_id,
            };
            Ok((Record::Prepare(prepared), facts))
        }
        Some(_) => {
            let (decision, time_ms, id) = read_decision(&mut rest).ok_or_else(|| damaged(rest))?;
            let facts = CommitFacts {
                time_ms,
                next_item_id: 0,
            };
            Ok((Record::Decide(decision, id), facts))
        }
    }
}

/// All of a prepare record that comes before its changes.
struct Head {
    id: Arc<str>,
    prepared_at_ms: u64,
    expires_at_ms: u64,
    names: Vec<Vec<u8>>,
    reads: Reads,
}

impl Head {
    fn with_changes(self, changes: &[u8]) -> Result<PreparedTransaction, String> {
        let (mut writes, facts) = decode_commit(changes)?;
        for name in &self.names {
            writes.touch_name(name);
        }
        Ok(PreparedTransaction {
            id: self.id,
            prepared_at_ms: self.prepared_at_ms,
            expires_at_ms: self.expires_at_ms,
            next_item_id: facts.next_item_id,
            reads: self.reads,
            writes: Arc::new(writes),
        })
    }
}

fn read_prepare(rest: &mut &[u8]) -> Option<Head> {
    take::<1>(rest)?;
    let prepared_at_ms = u64::from_le_bytes(take(rest)?);
    let expires_at_ms = u64::from_le_bytes(take(rest)?);
    let id = take_id(rest)?;
    let mut names = Vec::new();
    for _ in 0..take_u32(rest)? {
        names.push(take_bytes(rest)?.to_vec());
    }
    let mut reads = read_reads(rest)?;
    if seeded::is(Fault::ForgetPreparedReads) {
        reads = Reads::default();
    }
    Some(Head {
        id,
        prepared_at_ms,
        expires_at_ms,
        names,
        reads,
    })
}

fn read_reads(rest: &mut &[u8]) -> Option<Reads> {
    let mut reads = Reads::default();
    for _ in 0..take_u32(rest)? {
        let store = StoreId(u64::from_le_bytes(take(rest)?));
        for _ in 0..take_u32(rest)? {
            reads.point(store, take_bytes(rest)?);
        }
        for _ in 0..take_u32(rest)? {
            let (lo, hi) = (take_bound(rest)?, take_bound(rest)?);
            reads.range(store, lo, hi);
        }
    }
    Some(reads)
}

fn read_decision(rest: &mut &[u8]) -> Option<(Decision, u64, Arc<str>)> {
    let [tag] = take(rest)?;
    let decision = Decision::from_tag(tag)?;
    let time_ms = u64::from_le_bytes(take(rest)?);
    let id = take_id(rest)?;
    rest.is_empty().then_some((decision, time_ms, id))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(take(rest)?))
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_u32(rest)? as usize;
    let (bytes, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(bytes)
}

fn take_id(rest: &mut &[u8]) -> Option<Arc<str>> {
    Some(Arc::from(std::str::from_utf8(take_bytes(rest)?).ok()?))
}

fn take_bound(rest: &mut &[u8]) -> Option<Bound<Vec<u8>>> {
    match take::<1>(rest)? {
        [0] => Some(Bound::Unbounded),
        [1] => Some(Bound::Included(take_bytes(rest)?.to_vec())),
        [2] => Some(Bound::Excluded(take_bytes(rest)?.to_vec())),
        _ => None,
    }
}

/// Writes what a checkpoint keeps: the records of those that wait, and the outcomes.
///
/// ```text
/// u32 number of prepared transactions, each: u64 sequence of its record;  its record as bytes
/// u32 number of outcomes, oldest first, each: u64 sequence of its record;  its record as bytes (time 0)
/// ```
pub(crate) fn encode_state(state: &PreparedState, out: &mut Vec<u8>) {
    if seeded::is(Fault::CheckpointWithoutPrepared) {
        put_u32(out, 0);
    } else {
        put_u32(out, state.held().count());
        for held in state.held() {
            out.extend_from_slice(&held.sequence.to_le_bytes());
            put_bytes(out, &encode_prepare(&held.transaction));
        }
    }
    put_u32(out, state.outcomes().count());
    for remembered in state.outcomes() {
        let decision = match remembered.outcome {
            PreparedOutcome::Committed { .. } => Decision::Commit,
            PreparedOutcome::RolledBack => Decision::RollBack,
            PreparedOutcome::Expired => Decision::Expire,
        };
        out.extend_from_slice(&remembered.sequence.to_le_bytes());
        put_bytes(out, &encode_decision(decision, &remembered.id, 0));
    }
}

/// Reads back what [`encode_state`] wrote.
pub(crate) fn decode_state(rest: &mut &[u8]) -> Option<PreparedState> {
    let mut state = PreparedState::default();
    for _ in 0..take_u32(rest)? {
        let sequence = u64::from_le_bytes(take(rest)?);
        match decode(take_bytes(rest)?) {
            Ok((Record::Prepare(prepared), _)) => state.hold(sequence, Arc::new(prepared)),
            _ => return None,
        }
    }
    for _ in 0..take_u32(rest)? {
        let sequence = u64::from_le_bytes(take(rest)?);
        match decode(take_bytes(rest)?) {
            Ok((Record::Decide(decision, id), _)) => state.remember(Remembered {
                id,
                sequence,
                outcome: decision.outcome(sequence),
            }),
            _ => return None,
        }
    }
    Some(state)
}

/// Bytes of a prepared transaction's changes in the log, and how many items it changes.
pub(crate) fn size(held: &Held) -> (u64, u64) {
    let writes = &held.transaction.writes;
    let items = writes.stores.iter().filter(|(id, _)| **id != CATALOG);
    (
        writes.bytes() as u64,
        items.map(|(_, items)| items.len() as u64).sum(),
    )
}
