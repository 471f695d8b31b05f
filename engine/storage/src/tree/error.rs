//! What can go wrong in a tree.

use super::Location;

/// A failure of a tree operation. The tree itself stays usable and unchanged by a failed read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A stored node or value is not what its place in the tree says it must be.
    #[error("damaged tree node at {location}: {detail}")]
    Corrupt {
        /// Where the damaged blob lies.
        location: Location,
        /// What is wrong with it.
        detail: String,
    },
    /// The store of nodes could not be read or written.
    #[error("reading or writing tree nodes failed: {0}")]
    Source(String),
    /// A key is longer than a node can hold.
    #[error("key of {bytes} bytes is longer than the limit of {limit} bytes")]
    KeyTooLong {
        /// Length of the key, in bytes.
        bytes: usize,
        /// The longest key allowed, in bytes.
        limit: usize,
    },
    /// An assumption of the tree itself does not hold: a defect of this program, not of the data.
    #[error("tree invariant does not hold: {0}")]
    Invariant(&'static str),
}

impl TreeError {
    /// A [`TreeError::Corrupt`] at `location`.
    pub(crate) fn corrupt(location: Location, detail: impl Into<String>) -> Self {
        Self::Corrupt {
            location,
            detail: detail.into(),
        }
    }
}

/// Result of a tree operation.
pub type Result<T> = std::result::Result<T, TreeError>;
