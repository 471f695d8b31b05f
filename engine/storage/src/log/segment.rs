//! Segment files: their names, their header, their identity.
//!
//! A segment is made under a temporary name and renamed when its header is durable (see `spare`). A file
//! with a segment's name therefore always has a whole header, and one without is damaged, not half made.

use std::path::{Path, PathBuf};

use super::LogError;
use super::record::MAX_COUNTER;
use crate::database_id::DatabaseId;
use crate::vfs::{FileKind, IoContext, Vfs, VfsFile};

/// Bytes before the first record: one page, so that appends never write to the header's page.
pub(super) const SEGMENT_HEADER_BYTES: u64 = 4096;
/// The format of segments that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

const MAGIC: [u8; 8] = *b"SOP-LOG\n";
const FIELD_BYTES: usize = 64;
const SUFFIX: &str = ".log";
const NAME_DIGITS: usize = 20;

/// A segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Sequence of its first record.
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

/// The fields of a segment's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) database: DatabaseId,
    pub(super) first: u64,
    pub(super) epoch: u64,
}

impl SegmentHeader {
    /// What every record of the segment carries. A file that is used again gets another one: within an
    /// epoch no two segments begin with the same sequence, but for one that never took a record.
    pub(super) fn identity(&self) -> u32 {
        let mut bytes = self.database.to_bytes().to_vec();
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        crc32c::crc32c(&bytes)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(SEGMENT_HEADER_BYTES as u32).to_le_bytes());
        bytes.extend_from_slice(&self.database.to_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.resize(FIELD_BYTES - 4, 0);
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.resize(SEGMENT_HEADER_BYTES as usize, 0);
        bytes
    }

    /// Reads and checks the header of a segment file.
    pub(super) fn read(
        file: &dyn VfsFile,
        segment: &Segment,
        database: DatabaseId,
    ) -> Result<Self, LogError> {
        let damaged = || LogError::Damaged {
            segment: segment.path.clone(),
            offset: 0,
            sequence: segment.first,
        };
        if file.len().during("read", &segment.path)? < SEGMENT_HEADER_BYTES {
            return Err(damaged());
        }
        let mut bytes = [0; FIELD_BYTES];
        file.read_at(&mut bytes, 0).during("read", &segment.path)?;
        let (fields, crc) = bytes.split_at(FIELD_BYTES - 4);
        if !fields.starts_with(&MAGIC) || crc32c::crc32c(fields).to_le_bytes() != crc {
            return Err(damaged());
        }
        let found = u32::from_le_bytes(field(fields, 8));
        if found != FORMAT {
            return Err(LogError::UnknownFormat {
                segment: segment.path.clone(),
                found,
            });
        }
        let header = Self {
            database: DatabaseId::from_bytes(field(fields, 16)),
            first: u64::from_le_bytes(field(fields, 32)),
            epoch: u64::from_le_bytes(field(fields, 40)),
        };
        if header.database != database {
            return Err(LogError::WrongDatabase {
                segment: segment.path.clone(),
                found: header.database,
                expected: database,
            });
        }
        // A file under another file's name holds none of the records that its name promises.
        let lawful = (1..=MAX_COUNTER).contains(&header.first) && header.epoch <= MAX_COUNTER;
        if header.first == segment.first && lawful {
            Ok(header)
        } else {
            Err(damaged())
        }
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk().copied())
        .unwrap_or([0; N])
}

/// The name of the segment that begins with this sequence.
pub(super) fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:0NAME_DIGITS$}{SUFFIX}"))
}

/// The segments in a folder, in order. Other names are ignored.
pub(super) fn list_segments(vfs: &dyn Vfs, folder: &Path) -> Result<Vec<Segment>, LogError> {
    let mut segments = Vec::new();
    for entry in vfs.read_dir(folder).during("list", folder)? {
        let digits = entry
            .name
            .strip_suffix(SUFFIX)
            .filter(|digits| digits.len() == NAME_DIGITS);
        if let (Some(Ok(first)), FileKind::File) = (digits.map(str::parse), entry.kind) {
            segments.push(Segment {
                first,
                path: folder.join(&entry.name),
            });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}
