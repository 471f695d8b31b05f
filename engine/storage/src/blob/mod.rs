//! Immutable blobs (B-tree nodes, separate values, chunks) in append-only segment files.
//!
//! What always holds:
//! - A [`Location`] names one blob for ever: places are never used again, not even after a crash.
//! - [`BlobStore::get`] gives the bytes that were put under this location, for this store and kind, or
//!   an error. A blob says what it is and where it lies, so a stale or misdirected one is noticed.
//! - A blob is durable only after [`BlobStore::sync`]; who publishes a location syncs first.
//!
//! It does not know what is still needed: the caller removes whole segments. The bytes are described in
//! `docs/FORMAT.md`.

mod error;
mod header;
mod local;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt::Debug;

pub use error::BlobError;
pub use header::{BlobHeader, BlobKind};
pub use local::{BlobOptions, BlobTraffic, LocalBlobs, segment_name};

/// The longest payload of a blob, in bytes.
pub const MAX_BLOB_BYTES: usize = 256 << 20;

/// Bytes of an encoded [`Location`].
pub const LOCATION_BYTES: usize = 16;

/// Where a blob is, and the checksum of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// Number of the segment, from 1 on.
    pub segment: u32,
    /// Offset in the segment file in units of 8 bytes.
    pub offset: u32,
    /// Bytes of the payload.
    pub len: u32,
    /// CRC32C of the blob's header and payload: another blob at the same place is not this one.
    pub checksum: u32,
}

impl Location {
    /// Sixteen bytes: the four fields in order, little-endian.
    pub fn encode(&self) -> [u8; LOCATION_BYTES] {
        let fields = [self.segment, self.offset, self.len, self.checksum];
        let mut bytes = [0; LOCATION_BYTES];
        for (target, field) in bytes.chunks_exact_mut(4).zip(fields) {
            target.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// The reverse of [`Location::encode`]. Any bytes are a location; whether there is a blob shows
    /// when it is read.
    pub fn decode(bytes: &[u8; LOCATION_BYTES]) -> Self {
        let field = |at: usize| {
            let mut field = [0; 4];
            field.copy_from_slice(&bytes[at..at + 4]);
            u32::from_le_bytes(field)
        };
        Self {
            segment: field(0),
            offset: field(4),
            len: field(8),
            checksum: field(12),
        }
    }

    /// Bytes that the blob takes in its segment file, with its header.
    pub fn bytes_on_disk(&self) -> u64 {
        header::blob_bytes(self.len as usize)
    }

    /// Offset in the segment file in bytes.
    pub fn offset_bytes(&self) -> u64 {
        u64::from(self.offset) * 8
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "segment {}, byte {} ({} bytes)",
            self.segment,
            self.offset_bytes(),
            self.len
        )
    }
}

/// A segment file, see [`BlobStore::segments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number.
    pub id: u32,
    /// Bytes in the file, with headers; for the one being written also what is still in memory.
    pub bytes: u64,
}

/// A place for blobs.
pub trait BlobStore: Send + Sync + Debug {
    /// Appends a blob. It can be read at once, and is durable after the next `sync`.
    fn put(&self, header: &BlobHeader, payload: &[u8]) -> Result<Location, BlobError>;

    /// Reads a blob that must be of this kind and this store.
    fn get(&self, location: &Location, kind: BlobKind, store_id: u64)
    -> Result<Vec<u8>, BlobError>;

    /// Makes everything that was put durable. When it fails none of the locations given out since the
    /// last good `sync` may be published; see [`BlobStore::discard`].
    fn sync(&self) -> Result<(), BlobError>;

    /// Says that what was put may be pointed at from now on, or that this is not known: it stays.
    fn publish(&self);

    /// Gives up what was put since the last `publish`: removes the files that hold nothing else, as far as that
    /// works, and takes new blobs again. What was not synced is never written to again. After an error
    /// nothing else is taken.
    fn discard(&self);

    /// All segments with their sizes, by number.
    fn segments(&self) -> Result<Vec<SegmentInfo>, BlobError>;

    /// Removes a segment with all its blobs. Fails for the one being written.
    fn remove_segment(&self, id: u32) -> Result<(), BlobError>;

    /// The number that the next new segment gets. Kept by the caller and given to the next open, it
    /// makes sure that the number of a removed segment does not come back.
    fn next_segment(&self) -> u32;
}
