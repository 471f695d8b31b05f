//! Checkpoint files of any bytes; see [`crate::fuzzing`].

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target reports by panicking"
)]

use std::path::Path;

use super::file::{decode, encode};
use crate::database_id::DatabaseId;

const DATABASE: DatabaseId = DatabaseId::from_bytes(*b"a test database!");

/// A file as it is, and the bytes as the payload of one; only what is written is accepted.
pub fn checkpoint_file(data: &[u8]) {
    let path = Path::new("0.cat");
    for sequence in [0, 7] {
        if let Ok(payload) = decode(path, data.to_vec(), DATABASE, sequence) {
            assert_eq!(encode(DATABASE, sequence, &payload), data);
        }
    }
    let mut file = encode(DATABASE, 7, data);
    assert_eq!(decode(path, file.clone(), DATABASE, 7).unwrap(), data);
    // One byte changed anywhere is noticed.
    let at = data.first().copied().unwrap_or(0) as usize % file.len();
    file[at] ^= data.get(1).copied().unwrap_or(0) | 1;
    decode(path, file, DATABASE, 7).unwrap_err();
}
