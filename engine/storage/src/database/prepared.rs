//! Prepared transactions of a database: listing and deciding them, and ending those whose time is over.
//!
//! A transaction whose time is over counts as rolled back. Its record is written by the next commit, the
//! background thread, a checkpoint that is asked for or the next open; until then what it holds is
//! protected, so that nothing can be read from the log that contradicts what somebody saw.

use std::sync::Arc;
use std::time::Duration;

use super::Database;
use super::core::{CommitState, Core};
use super::snapshot::Snapshot;
use super::trees::Trees;
use crate::commit::prepared::Held;
use crate::commit::prepared_record::{Decision, Record, encode_decision, size};
use crate::commit::queue::{Kind, Request};
use crate::commit::record::Payload;
use crate::error::{Error, Result};
use crate::seeded::{self, Fault};
use crate::transaction::Commit;
use crate::transaction::reads::Reads;
use crate::transaction::writes::{CATALOG, CatalogChange, StoreId};

/// A prepared transaction that waits for its decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedInfo {
    /// The id that its coordinator gave it.
    pub id: String,
    /// When it was prepared, in milliseconds since 1970 UTC.
    pub prepared_at_ms: u64,
    /// When its time is over, in milliseconds since 1970 UTC. It can no longer be committed then, and is
    /// listed until the record of its end is written.
    pub expires_at_ms: u64,
    /// Names of the stores that it changes, creates or drops.
    pub stores: Vec<String>,
    /// Items that it changes.
    pub items: u64,
    /// Bytes of its changes as they are in the log.
    pub bytes: u64,
}

impl Database {
    /// The prepared transactions that wait for [`Database::commit_prepared`] or
    /// [`Database::rollback_prepared`], in the order of their ids. See
    /// [`Transaction::prepare`](crate::Transaction::prepare).
    pub fn prepared(&self) -> Vec<PreparedInfo> {
        list(&self.core().snapshot())
    }

    /// Commits a prepared transaction: durable when it returns, whatever the database's
    /// [`Durability`](crate::Durability). Items get the version of this commit.
    ///
    /// A coordinator that does not know whether its call was answered can repeat it: the answer is the
    /// same as long as the outcome is remembered, which is for the last
    /// [`MAX_REMEMBERED_OUTCOMES`](crate::MAX_REMEMBERED_OUTCOMES) decided transactions of the database,
    /// over restarts too, and until the id is prepared again.
    ///
    /// # Errors
    /// [`Error::PreparedNotFound`], which says how the transaction ended when that is remembered.
    /// [`Error::NoSpace`]: it is still prepared, try again. [`Error::ReadOnly`]: when the disk failed in the
    /// middle, the next open decides whether it is still prepared or committed; repeat the call then.
    pub fn commit_prepared(&self, id: &str) -> Result<Commit> {
        let sequence = self.core().decide(Decision::Commit, id)?;
        // It may have made an index.
        self.core().background.wake_for_indexes();
        Ok(Commit { sequence })
    }

    /// Rolls a prepared transaction back and lifts its protection. It can be repeated as
    /// [`Database::commit_prepared`] can, also for a transaction that expired.
    ///
    /// # Errors
    /// As [`Database::commit_prepared`].
    pub fn rollback_prepared(&self, id: &str) -> Result<()> {
        self.core().decide(Decision::RollBack, id).map(|_| ())
    }
}

/// The prepared transactions of a snapshot.
pub(super) fn list(snapshot: &Snapshot) -> Vec<PreparedInfo> {
    let info = |held: &Held| {
        let transaction = &held.transaction;
        let (bytes, items) = size(held);
        PreparedInfo {
            id: transaction.id.to_string(),
            prepared_at_ms: transaction.prepared_at_ms,
            expires_at_ms: transaction.expires_at_ms,
            stores: store_names(snapshot, held),
            items,
            bytes,
        }
    };
    snapshot.prepared.held().map(info).collect()
}

fn store_names(snapshot: &Snapshot, held: &Held) -> Vec<String> {
    let writes = &held.transaction.writes;
    let mut names = Vec::new();
    let mut ids: Vec<_> = writes.stores.keys().filter(|id| **id != CATALOG).collect();
    for change in &writes.catalog {
        match change {
            CatalogChange::Create(_, definition) => names.push(definition.name.clone()),
            CatalogChange::Alter(id, _) | CatalogChange::Drop(id) => ids.push(id),
        }
    }
    let existing = ids.into_iter().filter_map(|id| snapshot.stores.get(id));
    names.extend(existing.map(|store| store.definition.name.clone()));
    names.sort();
    names.dedup();
    names
}

/// Whether every store that a prepared transaction changes is there.
pub(super) fn check_prepared(snapshot: &Snapshot, mut problem: impl FnMut(String, String)) {
    for held in snapshot.prepared.held() {
        let writes = &held.transaction.writes;
        let created = |id: &StoreId| {
            let mut changes = writes.catalog.iter();
            changes.any(|change| matches!(change, CatalogChange::Create(new, _) if new == id))
        };
        for id in writes.stores.keys().filter(|id| **id != CATALOG) {
            if !snapshot.stores.contains_key(id) && !created(id) {
                let place = format!("prepared transaction {:?}", held.transaction.id);
                problem(
                    place,
                    format!("it changes store {}, which does not exist", id.0),
                );
            }
        }
    }
}

impl Snapshot {
    /// Applies a record of the log.
    pub(super) fn replay(&mut self, sequence: u64, record: Record, trees: &Trees) -> Result<()> {
        match record {
            Record::Commit(writes) => return self.apply(sequence, &writes, trees),
            Record::Prepare(transaction) => self.prepared.hold(sequence, Arc::new(transaction)),
            Record::Decide(decision, id) => {
                let decided = self
                    .prepared
                    .decide(&id, decision.outcome(sequence), sequence)
                    .ok_or_else(|| {
                        Error::corrupt(
                            format!("commit {sequence}"),
                            format!("it decides transaction {id:?}, which is not prepared"),
                        )
                    })?;
                if decision == Decision::Commit {
                    return self.apply(sequence, &decided.transaction.writes, trees);
                }
            }
        }
        self.sequence = sequence;
        Ok(())
    }
}

impl Core {
    fn decide(&self, decision: Decision, id: &str) -> Result<u64> {
        self.check_usable(true)?;
        let payload = encode_decision(decision, id, self.clock.now_unix_ms());
        self.commit(Request {
            base: 0,
            reads: Reads::default(),
            writes: Arc::default(),
            kind: Kind::Decide(decision, Arc::from(id)),
            payload: Some(Payload::Bytes(payload)),
        })
    }

    /// Ends the prepared transactions whose time is over.
    pub(super) fn expire_prepared(&self) -> Result<()> {
        self.expire_due(&mut self.commit.lock())
    }

    /// As [`Core::expire_prepared`]. After an error they are all still held.
    pub(super) fn expire_due(&self, state: &mut CommitState) -> Result<()> {
        let mut prepared = self.current.read().prepared.clone();
        if prepared.is_empty() {
            return Ok(());
        }
        let now = self.clock.now_unix_ms();
        let due = prepared.due(now);
        if due.is_empty() {
            return Ok(());
        }
        self.check_usable(true)?;
        let first = state.next_sequence;
        let mut records = Vec::with_capacity(due.len());
        for (id, sequence) in due.iter().zip(first..) {
            prepared.decide(id, Decision::Expire.outcome(sequence), sequence);
            records.push(encode_decision(Decision::Expire, id, now));
        }
        if seeded::is(Fault::ExpireWithoutRecord) {
            return self.publish(first, &[], &prepared);
        }
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        self.append(first, &records, true)?;
        state.next_sequence = first + records.len() as u64;
        self.publish(first, &vec![Arc::default(); records.len()], &prepared)
    }

    /// How long until the next prepared transaction's time is over.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        let at = self.current.read().prepared.next_expiry_ms()?;
        let ms = at.saturating_sub(self.clock.now_unix_ms());
        Some(Duration::from_millis(ms))
    }
}
