//! Change sets: the one way in which people, the copilot, scripts and imports of edits write.
//!
//! A [`ChangeSet`] is a list of changes that happens whole or not at all. [`preview`] shows what it would do, [`apply`]
//! does it, and [`inverse`] gives the set that takes it back. Always true: when a single change cannot be done,
//! nothing is; every change that cannot be done is reported, not only the first; changes to the same item work in the
//! order of the set. Nobody is asked for permission here, and nothing is recorded: that is the server's.

mod evaluate;
mod inverse;
mod outcome;
mod parse;
mod set;

pub use inverse::inverse;
pub use outcome::{Conflict, ConflictCode, Current, Outcome, Preview};
pub use parse::ChangeSetError;
pub use set::{Change, ChangeSet, MAX_CHANGES, Operation};

use self::evaluate::{Evaluated, evaluate};
use sop::{Database, Mode, Transaction};

/// How often a set is evaluated again when others commit in between.
const MAX_ATTEMPTS: u32 = 64;

/// What the set would do now, with every conflict. Nothing is left behind.
///
/// # Errors
/// What the engine answers about the database as a whole; what it answers about one change is a conflict.
pub fn preview(db: &Database, set: &ChangeSet) -> sop::Result<Outcome> {
    let tx = db.begin(Mode::Write)?;
    let sequence = tx.sequence();
    let evaluated = evaluate(&tx, set)?;
    tx.rollback();
    Ok(outcome(evaluated, false, sequence))
}

/// Applies the set in one transaction. When there is a conflict the answer has it, and nothing was applied. When
/// another commit comes in between, the set is evaluated again on the newer state, with all its preconditions.
///
/// # Errors
/// As [`preview`]; [`sop::Error::Conflict`] when others came in between every time.
pub fn apply(db: &Database, set: &ChangeSet) -> sop::Result<Outcome> {
    let mut attempt = 1;
    loop {
        match apply_once(db, set) {
            Err(error) if error.is_conflict() && attempt < MAX_ATTEMPTS => {
                attempt += 1;
                std::thread::yield_now();
            }
            other => return other,
        }
    }
}

/// A set that was carried out in a transaction of others.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// What it did; the sequence is that of the transaction's snapshot.
    pub outcome: Outcome,
    /// Whether a set with conflicts left something behind: then the transaction has to be rolled back.
    pub spoiled: bool,
}

/// Carries the set out in a transaction that others commit. When there is a conflict the answer has it, and what the
/// set changed before it is taken back.
///
/// # Errors
/// As [`preview`]; the transaction may then hold a part of the set and has to be rolled back.
pub fn apply_in(tx: &Transaction, set: &ChangeSet) -> sop::Result<Carried> {
    let evaluated = evaluate(tx, set)?;
    let whole = evaluated.conflicts.is_empty();
    let mut spoiled = false;
    if !whole {
        let back = evaluated.preview.iter().rev().filter_map(take_back);
        spoiled = !evaluate(tx, &ChangeSet::new(back))?.conflicts.is_empty();
    }
    let outcome = outcome(evaluated, whole, tx.sequence());
    Ok(Carried { outcome, spoiled })
}

/// The change that takes one back which was just made.
fn take_back(done: &Preview) -> Option<Change> {
    let store = done.store.clone();
    let key = || done.key_before.clone().unwrap_or_else(|| done.key.clone());
    match (&done.before, &done.after) {
        (None, None) => None,
        (None, Some(_)) => Some(Change::delete(store, done.key.clone()).with_id(done.id)),
        (Some(before), None) => Some(Change::insert(store, key(), before.clone())),
        (Some(before), Some(_)) => {
            Some(Change::update(store, key(), before.clone()).with_id(done.id))
        }
    }
}

fn apply_once(db: &Database, set: &ChangeSet) -> sop::Result<Outcome> {
    let tx = db.begin(Mode::Write)?;
    let sequence = tx.sequence();
    let evaluated = evaluate(&tx, set)?;
    if !evaluated.conflicts.is_empty() {
        tx.rollback();
        return Ok(outcome(evaluated, false, sequence));
    }
    let commit = tx.commit()?;
    Ok(outcome(evaluated, true, commit.sequence))
}

fn outcome(evaluated: Evaluated, applied: bool, sequence: u64) -> Outcome {
    Outcome {
        applied,
        preview: evaluated.preview,
        conflicts: evaluated.conflicts,
        sequence,
    }
}

#[cfg(test)]
mod tests;
