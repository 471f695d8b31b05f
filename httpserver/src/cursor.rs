//! Page cursors: where a page begins or ends, as a text that only this store accepts.
//!
//! A cursor holds the position of an item, not its rank, so it stays good when items come and go,
//! also when its own item is deleted. It carries a checksum over the store's identity: a cursor that
//! was altered, or that belongs to another store (or to one of the same name with another key), is
//! refused. It is no secret: whoever may read the store may read its keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, Code};

/// First byte of every cursor.
const VERSION: u8 = 1;
/// Bytes of the checksum.
const CHECK_BYTES: usize = 12;
/// Longest text of a cursor: the largest key in base64, with room.
const MAX_TEXT: usize = 64 * 1024;

/// The identity of a store, which cursors are bound to.
#[derive(Clone, Debug)]
pub struct CursorScope(Sha256);

impl CursorScope {
    /// The scope of a store: its database, its name and its key as JSON.
    pub fn new(database_id: &str, store: &str, key: &str) -> Self {
        let mut scope = Sha256::new_with_prefix(b"sop-cursor");
        for part in [database_id, store, key] {
            scope.update((part.len() as u64).to_le_bytes());
            scope.update(part.as_bytes());
        }
        Self(scope)
    }

    fn check(&self, payload: &[u8]) -> [u8; CHECK_BYTES] {
        let digest = self.0.clone().chain_update(payload).finalize();
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&digest[..CHECK_BYTES]);
        check
    }
}

/// A place in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the item at the position itself is meant too.
    pub inclusive: bool,
    /// Physical position of the item, ordered by `memcmp`.
    pub position: Vec<u8>,
}

impl Cursor {
    /// The text of the cursor.
    pub fn encode(&self, scope: &CursorScope) -> String {
        let mut bytes = vec![VERSION, u8::from(self.inclusive)];
        bytes.extend_from_slice(&self.position);
        let check = scope.check(&bytes);
        bytes.extend_from_slice(&check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor given as the parameter `name`.
    ///
    /// # Errors
    /// `invalid_cursor` when it is malformed, altered or of another store.
    pub fn decode(text: &str, scope: &CursorScope, name: &str) -> Result<Self, ApiError> {
        let invalid = || {
            let detail = "The cursor was not given out for this store. Start again without it.";
            ApiError::new(Code::InvalidCursor, detail).parameter(name, detail)
        };
        if text.len() > MAX_TEXT {
            return Err(invalid());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (payload, check) = bytes
            .split_last_chunk::<CHECK_BYTES>()
            .ok_or_else(invalid)?;
        match payload {
            [VERSION, inclusive @ (0 | 1), position @ ..] if scope.check(payload) == *check => {
                Ok(Self {
                    inclusive: *inclusive == 1,
                    position: position.to_vec(),
                })
            }
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_foreign_or_altered_one_does_not() {
        let scope = CursorScope::new("db", "users", "{}");
        let cursor = Cursor {
            inclusive: true,
            position: vec![1, 2, 255],
        };
        let text = cursor.encode(&scope);
        assert_eq!(Cursor::decode(&text, &scope, "after").unwrap(), cursor);
        for other in [
            ("db2", "users", "{}"),
            ("db", "user", "s{}"),
            ("db", "users", "{ }"),
        ] {
            let other = CursorScope::new(other.0, other.1, other.2);
            assert!(Cursor::decode(&text, &other, "after").is_err());
        }
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(Cursor::decode(&altered, &scope, "after").is_err(), "{at}");
        }
        for wrong in [
            "",
            "!",
            "AA",
            "AAAAAAAAAAAAAAAAAAAAAAAAA",
            &"A".repeat(70_000),
        ] {
            assert!(Cursor::decode(wrong, &scope, "after").is_err());
        }
    }
}
