//! What statements that change items say beyond what SQLite does with virtual tables: fields that no item has yet ([`new_fields`]),
//! `ON CONFLICT`, and `RETURNING` of `UPDATE` and `DELETE` ([`rewrite`]).
//!
//! Always: what comes of it runs in the statement's transaction; values that get into the text of a statement are literals.

mod fields;
mod rewrite;

pub(super) use self::fields::{new_fields, target};
pub(super) use self::rewrite::{Rewritten, at_positions, check_conflict_target, rewrite};
