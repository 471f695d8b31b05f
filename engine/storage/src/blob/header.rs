//! The bytes of segment files: a header of 64 bytes, then blobs of a header of 48 bytes, the payload
//! and zeros up to a multiple of 8.

use std::path::Path;

use super::{BlobError, Location};
use crate::database_id::DatabaseId;

/// Bytes of a segment's header.
pub(super) const SEGMENT_HEADER_BYTES: usize = 64;
/// Bytes of a blob's header.
pub(super) const BLOB_HEADER_BYTES: usize = 48;
/// Blobs begin at multiples of this.
pub(super) const ALIGNMENT: u64 = 8;

const SEGMENT_MAGIC: [u8; 8] = *b"SOP-SEG\n";
const BLOB_MAGIC: [u8; 4] = *b"SOPb";
const SEGMENT_FORMAT: u32 = 1;
const BLOB_FORMAT: u16 = 1;
/// A blob's checksum covers its header from here on.
const CHECKED_FROM: usize = 8;

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// A B-tree node.
    Node,
    /// A value that is kept apart from its node.
    Value,
    /// A part of a streamed value.
    Chunk,
}

impl BlobKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Node => 1,
            Self::Value => 2,
            Self::Chunk => 3,
        }
    }

    fn name(byte: u8) -> String {
        let known = [Self::Node, Self::Value, Self::Chunk];
        match known.into_iter().find(|kind| kind.byte() == byte) {
            Some(kind) => format!("{kind:?}").to_lowercase(),
            None => format!("blob of kind {byte}"),
        }
    }
}

/// What a blob says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobHeader {
    /// What it is.
    pub kind: BlobKind,
    /// The store that it belongs to.
    pub store_id: u64,
    /// Its identity in the store, for instance the node's id.
    pub blob_id: u64,
    /// Which version of it this is.
    pub generation: u64,
}

impl BlobHeader {
    /// Appends the whole blob to `buffer`, and gives its checksum.
    pub(super) fn encode(
        &self,
        segment: u32,
        offset: u32,
        payload: &[u8],
        buffer: &mut Vec<u8>,
    ) -> u32 {
        let start = buffer.len();
        buffer.extend_from_slice(&BLOB_MAGIC);
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&BLOB_FORMAT.to_le_bytes());
        buffer.extend_from_slice(&[self.kind.byte(), 0]);
        buffer.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        buffer.extend_from_slice(&self.store_id.to_le_bytes());
        buffer.extend_from_slice(&self.blob_id.to_le_bytes());
        buffer.extend_from_slice(&self.generation.to_le_bytes());
        buffer.extend_from_slice(&segment.to_le_bytes());
        buffer.extend_from_slice(&offset.to_le_bytes());
        buffer.extend_from_slice(payload);
        let crc = crc32c::crc32c(buffer.get(start + CHECKED_FROM..).unwrap_or_default());
        if let Some(field) = buffer.get_mut(start + 4..start + CHECKED_FROM) {
            field.copy_from_slice(&crc.to_le_bytes());
        }
        buffer.resize(start + blob_bytes(payload.len()) as usize, 0);
        crc
    }
}

/// Bytes of a blob on the disk.
pub(super) const fn blob_bytes(payload: usize) -> u64 {
    (BLOB_HEADER_BYTES as u64 + payload as u64).next_multiple_of(ALIGNMENT)
}

/// Compares a blob with what is expected at its location. `Err` says what was found instead.
pub(super) fn check_blob(
    header: &[u8; BLOB_HEADER_BYTES],
    payload: &[u8],
    location: &Location,
    kind: BlobKind,
    store_id: u64,
) -> Result<(), String> {
    if !header.starts_with(&BLOB_MAGIC) {
        return Err(format!(
            "there is no blob, the bytes begin with {:02x?}",
            &header[..4]
        ));
    }
    let (_, checked) = header.split_at(CHECKED_FROM);
    let crc = crc32c::crc32c_append(crc32c::crc32c(checked), payload);
    if crc != u32::from_le_bytes(field(header, 4)) {
        return Err("the checksum is wrong".to_owned());
    }
    let format = u16::from_le_bytes(field(header, 8));
    if format != BLOB_FORMAT {
        return Err(format!(
            "the blob has format {format}, this version reads {BLOB_FORMAT}"
        ));
    }
    let [found_kind] = field(header, 10);
    if found_kind != kind.byte() {
        let (found, expected) = (BlobKind::name(found_kind), BlobKind::name(kind.byte()));
        return Err(format!("there is a {found} where a {expected} should be"));
    }
    let found_store = u64::from_le_bytes(field(header, 16));
    if found_store != store_id {
        return Err(format!(
            "the blob belongs to store {found_store}, not to {store_id}"
        ));
    }
    let place = (
        u32::from_le_bytes(field(header, 40)),
        u32::from_le_bytes(field(header, 44)),
    );
    if place != (location.segment, location.offset) {
        let (segment, offset) = (place.0, u64::from(place.1) * ALIGNMENT);
        return Err(format!(
            "the blob was written for segment {segment}, byte {offset}"
        ));
    }
    if crc != location.checksum || u32::from_le_bytes(field(header, 12)) != location.len {
        let generation = u64::from_le_bytes(field(header, 32));
        return Err(format!("there is another blob (generation {generation})"));
    }
    Ok(())
}

/// The header of a segment file.
pub(super) fn encode_segment(database: DatabaseId, id: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
    bytes.extend_from_slice(&SEGMENT_MAGIC);
    bytes.extend_from_slice(&SEGMENT_FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(SEGMENT_HEADER_BYTES as u32).to_le_bytes());
    bytes.extend_from_slice(&database.to_bytes());
    bytes.extend_from_slice(&id.to_le_bytes());
    bytes.resize(SEGMENT_HEADER_BYTES - 4, 0);
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks the header of a segment file.
pub(super) fn check_segment(
    bytes: &[u8; SEGMENT_HEADER_BYTES],
    path: &Path,
    database: DatabaseId,
    id: u32,
) -> Result<(), BlobError> {
    let damaged = |found: &str| BlobError::Damaged {
        path: path.to_path_buf(),
        offset: 0,
        found: found.to_owned(),
    };
    let (fields, crc) = bytes.split_at(SEGMENT_HEADER_BYTES - 4);
    if !fields.starts_with(&SEGMENT_MAGIC) {
        return Err(damaged("it does not begin like a data segment"));
    }
    if crc32c::crc32c(fields).to_le_bytes() != crc {
        return Err(damaged("the checksum of its header is wrong"));
    }
    let found = u32::from_le_bytes(field(bytes, 8));
    if found != SEGMENT_FORMAT {
        let path = path.to_path_buf();
        return Err(BlobError::UnknownFormat {
            path,
            found,
            supported: SEGMENT_FORMAT,
        });
    }
    let found = DatabaseId::from_bytes(field(bytes, 16));
    if found != database {
        let path = path.to_path_buf();
        return Err(BlobError::WrongDatabase {
            path,
            found,
            expected: database,
        });
    }
    let found = u32::from_le_bytes(field(bytes, 32));
    if found != id {
        return Err(damaged(&format!(
            "it is data segment {found} under another name"
        )));
    }
    Ok(())
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk().copied())
        .unwrap_or([0; N])
}
