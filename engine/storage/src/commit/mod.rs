//! Commits: validate, append to the log, make durable, apply, answer.
//!
//! Transactions that wait at the same time form a group. The first of them leads: it validates all
//! of them in order, appends their records with one write and one flush, applies them and wakes the
//! others; then it hands the lead to whoever has come meanwhile. Always true:
//!
//! - A sequence number belongs to at most one record, and records are applied in its order.
//! - Nothing is visible before its record is durable (as far as the durability setting asks for).
//! - After a failed append nothing is appended again: what the disk holds is unknown.
//! - What a prepared transaction read or writes stays as it is until a record says how it ended.

pub(crate) mod history;
pub(crate) mod item;
pub(crate) mod prepared;
pub(crate) mod prepared_record;
pub(crate) mod queue;
pub(crate) mod record;
#[cfg(test)]
mod tests;
