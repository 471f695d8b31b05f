//! Where an item stands in its store.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Longest position that needs no memory of its own.
const SHORT: usize = 22;

/// Where an item stands: opaque bytes, ordered as the store is. An anchor to go on from, whether or not
/// the item still exists.
#[derive(Clone)]
pub struct Position(Inside);

#[derive(Clone)]
enum Inside {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Position {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Inside::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Inside::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Position {
    #[inline]
    fn from(from: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..from.len()) {
            Some(to) => {
                to.copy_from_slice(from);
                Self(Inside::Short {
                    len: from.len() as u8,
                    bytes,
                })
            }
            None => Self(Inside::Long(from.into())),
        }
    }
}

impl From<Vec<u8>> for Position {
    fn from(from: Vec<u8>) -> Self {
        Self::from(from.as_slice())
    }
}

impl From<Position> for Vec<u8> {
    fn from(from: Position) -> Self {
        match from.0 {
            Inside::Short { .. } => from.as_slice().to_vec(),
            Inside::Long(bytes) => bytes.into(),
        }
    }
}

impl Deref for Position {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Position {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({:02x?})", self.as_slice())
    }
}

impl PartialEq for Position {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Position {}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for Position {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_positions_are_their_bytes() {
        assert_eq!(size_of::<Position>(), 24);
        let all: Vec<u8> = (0..60).collect();
        for len in 0..60 {
            let bytes = &all[..len];
            let position = Position::from(bytes);
            assert_eq!(&*position, bytes);
            assert_eq!(position, Position::from(bytes.to_vec()));
            assert_eq!(Vec::from(position.clone()), bytes);
            assert!(position < Position::from(&all[..=len]));
        }
    }
}
