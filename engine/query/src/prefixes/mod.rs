//! Groups of a store's keys: what a tree of keys shows under a prefix, with exact counts.
//!
//! The groups of a prefix are the values of the next field of the key. Where these are many and have text, they are
//! grouped by how they begin: dates by year, month, day; text up to a separator that most of it has, or by the next
//! characters that differ. Always true: groups do not overlap, stand in the store's order, and their counts plus that
//! of `more` are the count of the prefix. The work grows with the number of groups, not of items: each group is one
//! seek past the one before, and its count comes from the counts in the tree's nodes.

mod parse;
mod scan;
mod split;

pub use parse::{parse_prefix, prefix_to_json};

use self::scan::Scan;
use self::split::{Split, is_textual};
use serde::Serialize;
use serde_json::Value;
use sop::key::{KeyError, KeyPrefix};
use sop::{DocumentStore, Error};
use thiserror::Error;

/// Most groups that are given at once.
pub const MAX_GROUPS: usize = 1000;

/// How keys are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixOptions {
    /// Most groups, up to [`MAX_GROUPS`].
    pub limit: usize,
    /// So many dates or items of the last field are not grouped any further.
    pub few: usize,
    /// Groups beyond the limit that are counted before giving up on their number.
    pub max_counted_groups: u64,
}

impl Default for PrefixOptions {
    fn default() -> Self {
        Self {
            limit: 200,
            few: 12,
            max_counted_groups: 2_000,
        }
    }
}

/// Keys with a common beginning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// What tells it from its neighbours: the value of the field, or the beginning of its text.
    pub label: String,
    /// The prefix as a JSON array: values of the leading fields; at the end perhaps `{"partial": "text"}`.
    pub prefix: Value,
    /// Exact number of items.
    pub count: u64,
    /// Whether it has no groups of its own.
    pub leaf: bool,
}

/// The groups that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct More {
    /// How many; `None` when there are more than are worth counting.
    pub groups: Option<u64>,
    /// Exact number of their items.
    pub count: u64,
}

/// The groups under a prefix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prefixes {
    /// The first groups in the store's order; none where items are best shown one by one.
    pub groups: Vec<Group>,
    /// The others.
    pub more: Option<More>,
    /// Exact number of items under the prefix.
    pub count: u64,
}

/// Why there are no groups.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// The prefix is not written as one.
    #[error("{detail}")]
    Form {
        /// What is wrong and what would be right.
        detail: String,
    },
    /// The prefix does not fit the store's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// The groups of `store` under the prefix `of`.
///
/// # Errors
/// [`PrefixError::Key`] for a prefix that the key cannot have, and what the engine answers.
pub fn prefixes(
    store: &DocumentStore<'_>,
    of: &KeyPrefix,
    options: &PrefixOptions,
) -> Result<Prefixes, PrefixError> {
    let options = PrefixOptions {
        limit: options.limit.clamp(1, MAX_GROUPS),
        ..*options
    };
    let spec = &store.definition().key;
    let range = spec.prefix(of)?;
    let count = store.count(&range)?;
    // With a CEL order, keys that begin alike need not stand together: its items are shown one by one.
    let index = if spec.cel().is_some() {
        spec.fields().len()
    } else {
        of.leading.len()
    };
    let none = Prefixes {
        groups: Vec::new(),
        more: None,
        count,
    };
    let Some(field) = spec.fields().get(index) else {
        return Ok(none);
    };
    let level = Level {
        index,
        last: index + 1 == spec.fields().len(),
        unique: store.definition().unique,
    };
    if count == 0 || level.is_leaf(store, count, &options) {
        return Ok(none);
    }
    let scan = Scan::new(store, of, range, level, options);
    let listed_values = if !is_textual(field.kind) {
        u64::MAX
    } else if level.last && level.unique {
        0
    } else if split::is_calendar(field.kind) {
        options.few as u64
    } else {
        options.limit as u64
    };
    let split =
        if listed_values == u64::MAX || (listed_values > 0 && scan.has_at_most(listed_values)?) {
            Split::Values
        } else {
            scan.choose_split(field.kind, count)?
        };
    let (groups, more) = scan.groups(&split, count)?;
    Ok(Prefixes {
        groups,
        more,
        count,
    })
}

/// The field whose values are grouped.
#[derive(Clone, Copy, Debug)]
struct Level {
    index: usize,
    last: bool,
    unique: bool,
}

impl Level {
    /// Whether `count` items whose keys agree before this field are shown one by one.
    fn is_leaf(self, store: &DocumentStore<'_>, count: u64, options: &PrefixOptions) -> bool {
        let Some(field) = store.definition().key.fields().get(self.index) else {
            return true;
        };
        let each_alone = self.last && self.unique;
        count <= 1 || (each_alone && (!is_textual(field.kind) || count <= options.few as u64))
    }

    /// The next field.
    fn next(self, store: &DocumentStore<'_>) -> Self {
        let index = self.index + 1;
        Self {
            index,
            last: index + 1 == store.definition().key.fields().len(),
            unique: self.unique,
        }
    }
}

#[cfg(test)]
mod tests;
