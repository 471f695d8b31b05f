//! The bytes of a checkpoint file: a header of 64 bytes, then the payload.

use std::path::Path;

use super::CatalogError;
use crate::database_id::DatabaseId;

const MAGIC: [u8; 8] = *b"SOP-CAT\n";
const FORMAT: u32 = 1;
const HEADER_BYTES: usize = 64;
/// The header's checksum covers the bytes before this one.
const CHECKED_BYTES: usize = HEADER_BYTES - 4;

pub(super) fn encode(database: DatabaseId, sequence: u64, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(HEADER_BYTES as u32).to_le_bytes());
    bytes.extend_from_slice(&database.to_bytes());
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    bytes.resize(CHECKED_BYTES, 0);
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Checks the content of a file and gives its payload.
pub(super) fn decode(
    path: &Path,
    mut content: Vec<u8>,
    database: DatabaseId,
    sequence: u64,
) -> Result<Vec<u8>, CatalogError> {
    let damaged = |detail: &str| {
        Err(CatalogError::Damaged {
            path: path.to_path_buf(),
            detail: detail.to_owned(),
        })
    };
    let Some((header, payload)) = content.split_first_chunk::<HEADER_BYTES>() else {
        return damaged("it ends within its header");
    };
    let (checked, crc) = header.split_at(CHECKED_BYTES);
    if !checked.starts_with(&MAGIC) {
        return damaged("it does not begin like a checkpoint");
    }
    if crc32c::crc32c(checked).to_le_bytes() != crc {
        return damaged("the checksum of its header is wrong");
    }
    let found = u32::from_le_bytes(field(header, 8));
    if found != FORMAT {
        let path = path.to_path_buf();
        return Err(CatalogError::UnknownFormat {
            path,
            found,
            supported: FORMAT,
        });
    }
    let found = DatabaseId::from_bytes(field(header, 16));
    if found != database {
        let path = path.to_path_buf();
        return Err(CatalogError::WrongDatabase {
            path,
            found,
            expected: database,
        });
    }
    if u64::from_le_bytes(field(header, 32)) != sequence {
        return damaged("it is the checkpoint of another sequence");
    }
    if u64::from_le_bytes(field(header, 40)) != payload.len() as u64 {
        return damaged("it is shorter or longer than it should be");
    }
    if crc32c::crc32c(payload).to_le_bytes() != field::<4>(header, 48) {
        return damaged("the checksum of its content is wrong");
    }
    content.drain(..HEADER_BYTES);
    Ok(content)
}

fn field<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    header
        .get(at..)
        .and_then(|rest| rest.first_chunk().copied())
        .unwrap_or([0; N])
}
