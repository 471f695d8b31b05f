//! One group of commits between its validation and its answers.
//!
//! What a group does to the prepared transactions is tried on a copy, which becomes the state of the
//! database with the group's other changes, or is forgotten with them.

use std::sync::Arc;

use crate::commit::prepared::{PreparedOutcome, PreparedState, Remembered};
use crate::commit::prepared_record::Decision;
use crate::commit::queue::{Kind, Ticket};
use crate::error::{Error, Result};
use crate::transaction::writes::Writes;

/// What validation says of a request.
pub(super) enum Verdict {
    /// There is nothing to write.
    Answer(Result<u64>),
    /// There is nothing to write; true only when the group's records are durable.
    AnswerAfterGroup(Result<u64>),
    /// It is written; with what changes at its sequence.
    Record(Arc<Writes>),
}

/// The accepted members of a group, in the order of their records.
pub(super) struct Group {
    /// Sequence of the first record.
    pub first: u64,
    pub tickets: Vec<Arc<Ticket>>,
    /// What changes with each record.
    pub writes: Vec<Arc<Writes>>,
    /// The prepared transactions after the last record.
    pub prepared: PreparedState,
    /// Answers that lean on a record of this group.
    pub late: Vec<(Arc<Ticket>, Result<u64>)>,
    /// Whether a record promises something to another database.
    pub promises: bool,
}

impl Group {
    pub fn new(first: u64, prepared: PreparedState, members: usize) -> Self {
        Self {
            first,
            tickets: Vec::with_capacity(members),
            writes: Vec::with_capacity(members),
            prepared,
            late: Vec::new(),
            promises: false,
        }
    }

    /// Sequence of the next record.
    pub fn next(&self) -> u64 {
        self.first + self.tickets.len() as u64
    }

    /// How many of the records change something that is seen.
    pub fn commits(&self) -> u64 {
        let commits = |ticket: &&Arc<Ticket>| match &ticket.request.kind {
            Kind::Changes => true,
            Kind::Prepare(_) => false,
            Kind::Decide(decision, _) => *decision == Decision::Commit,
        };
        self.tickets.iter().filter(commits).count() as u64
    }

    /// Says no to an id that is waiting already.
    pub fn refuse_id(&self, id: &str) -> Option<Verdict> {
        let held = self.prepared.find(id)?;
        let exists = Err(Error::PreparedExists { id: id.to_owned() });
        Some(self.answer_as_of(held.sequence, exists))
    }

    /// Ends a prepared transaction, or says how it ended.
    pub fn decide(&mut self, decision: Decision, id: &str, now_unix_ms: u64) -> Verdict {
        let sequence = self.next();
        let Some(held) = self.prepared.find(id) else {
            return match self.prepared.outcome(id) {
                Some(past) => self.answer_as_of(past.sequence, again(decision, past)),
                None => Verdict::Answer(not_found(id, None)),
            };
        };
        let commit = decision == Decision::Commit;
        if commit && held.transaction.expires_at_ms <= now_unix_ms {
            // Nobody could write its end down, so it is still held.
            return Verdict::Answer(not_found(id, Some(PreparedOutcome::Expired)));
        }
        let held = self
            .prepared
            .decide(id, decision.outcome(sequence), sequence);
        let writes = held.filter(|_| commit);
        Verdict::Record(
            writes.map_or_else(Arc::default, |held| Arc::clone(&held.transaction.writes)),
        )
    }

    fn answer_as_of(&self, sequence: u64, result: Result<u64>) -> Verdict {
        if sequence < self.first {
            Verdict::Answer(result)
        } else {
            Verdict::AnswerAfterGroup(result)
        }
    }

    /// Tells everybody that it is done.
    pub fn answer(self) {
        for (ticket, sequence) in self.tickets.iter().zip(self.first..) {
            ticket.answer(Ok(sequence));
        }
        for (ticket, result) in self.late {
            ticket.answer(result);
        }
    }

    /// Tells everybody that nothing was done.
    pub fn answer_all(self, error: impl Fn() -> Error) {
        let late = self.late.iter().map(|(ticket, _)| ticket);
        for ticket in self.tickets.iter().chain(late) {
            ticket.answer(Err(error()));
        }
    }
}

/// The answer to a decision about a transaction that has ended: repeating the same one does no harm, and
/// what expired need not be rolled back.
fn again(decision: Decision, past: &Remembered) -> Result<u64> {
    match (decision, past.outcome) {
        (Decision::Commit, PreparedOutcome::Committed { sequence }) => Ok(sequence),
        (
            Decision::RollBack | Decision::Expire,
            PreparedOutcome::RolledBack | PreparedOutcome::Expired,
        ) => Ok(past.sequence),
        (_, outcome) => not_found(&past.id, Some(outcome)),
    }
}

fn not_found(id: &str, outcome: Option<PreparedOutcome>) -> Result<u64> {
    Err(Error::PreparedNotFound {
        id: id.to_owned(),
        outcome,
    })
}
