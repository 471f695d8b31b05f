//! Taking one way of reading stores wherever it is possible, for tests that compare what the ways give.

/// A way of reading stores that is taken wherever it is possible; for tests of what the ways give.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForcedPath {
    /// Every item, each condition tested by SQLite.
    Scan,
    /// Ranges of the keys.
    Seek,
    /// A hash of a field, from its first use on.
    Hash,
    /// An index, whatever it costs.
    Index,
    /// What the planner chooses, in groups wherever they are wanted, in however many parts.
    Groups,
}
