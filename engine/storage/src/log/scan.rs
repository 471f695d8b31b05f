//! Reading one segment file: record by record, and the judgement of what follows the last whole one.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::LogError;
use super::record::{ALIGNMENT, HEADER_BYTES, Place, RecordHeader, RecordKind};
use super::segment::SEGMENT_HEADER_BYTES;
use crate::vfs::{IoContext, VfsFile};

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Reads records of one segment front to back through a buffer.
#[derive(Debug)]
pub(super) struct SegmentReader {
    pub(super) file: Arc<dyn VfsFile>,
    pub(super) file_len: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
    segment: u32,
}

impl SegmentReader {
    pub(super) fn new(file: Arc<dyn VfsFile>, file_len: u64, segment: u32) -> Self {
        Self {
            file,
            file_len,
            buffer: Vec::new(),
            buffer_start: 0,
            segment,
        }
    }

    /// The bytes at `offset`; `None` when the file ends before.
    fn bytes(&mut self, offset: u64, len: usize, path: &Path) -> Result<Option<&[u8]>, LogError> {
        let end = offset.saturating_add(len as u64);
        let buffered = self.buffer_start..=self.buffer_start + self.buffer.len() as u64;
        if !buffered.contains(&offset) || !buffered.contains(&end) {
            let filled = match self.fill(offset, len) {
                // The writer may have cut reserved space off since: look again how long the file is.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.file_len = self.file.len().during("read", path)?;
                    self.fill(offset, len)
                }
                filled => filled,
            };
            filled.during("read", path)?;
        }
        let start = offset.saturating_sub(self.buffer_start) as usize;
        Ok(self.buffer.get(start..start + len))
    }

    /// Fills the buffer from `offset` with at least `len` bytes, or empties it at the end of the file.
    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let available = self.file_len.saturating_sub(offset).min(usize::MAX as u64) as usize;
        self.buffer.clear();
        self.buffer_start = offset;
        if available < len {
            return Ok(());
        }
        self.buffer.resize(len.max(CHUNK_BYTES).min(available), 0);
        let read = self.file.read_at(&mut self.buffer, offset);
        if read.is_err() {
            self.buffer.clear();
        }
        read
    }

    /// A record that was begun at `offset`, and whether it is whole.
    fn begun_record(
        &mut self,
        offset: u64,
        path: &Path,
    ) -> Result<Option<(RecordHeader, bool)>, LogError> {
        let place = Place {
            segment: self.segment,
            offset,
        };
        let header = self
            .bytes(offset, HEADER_BYTES, path)?
            .and_then(|start| RecordHeader::parse(start, place));
        match header {
            Some(header) => Ok(Some((header, self.record(offset, path)?.is_some()))),
            None => Ok(None),
        }
    }

    /// The whole and right record at `offset`, with its payload.
    pub(super) fn record(
        &mut self,
        offset: u64,
        path: &Path,
    ) -> Result<Option<(RecordHeader, &[u8])>, LogError> {
        let place = Place {
            segment: self.segment,
            offset,
        };
        let Some(start) = self.bytes(offset, HEADER_BYTES, path)? else {
            return Ok(None);
        };
        let Some(header) = RecordHeader::parse(start, place) else {
            return Ok(None);
        };
        let payload = HEADER_BYTES..HEADER_BYTES + header.length as usize;
        // With its padding: the next record must have a place to begin.
        let record = self.bytes(offset, header.record_bytes() as usize, path)?;
        let whole = record.filter(|record| header.is_whole(record));
        Ok(whole.map(|record| (header, record.get(payload).unwrap_or_default())))
    }
}

/// What a segment holds.
#[derive(Debug)]
pub(super) struct SegmentScan {
    /// Sequence of the next commit.
    pub(super) next: u64,
    /// Epoch of the last record, or of the header.
    pub(super) epoch: u64,
    /// Byte after the last whole record.
    pub(super) end: u64,
    /// Everything up to this sequence is proven to have been durable.
    pub(super) flushed: u64,
    /// Where the first commit begins that is not proven durable; `append_at` when there is none.
    pub(super) unproven_from: u64,
    /// Where the next record goes: `end`, or over an opening or closing marker that is the last record.
    pub(super) append_at: u64,
    /// Whether the last record is a seal.
    pub(super) sealed: bool,
    /// Commits in it.
    pub(super) commits: u64,
}

/// Reads all whole records of a segment that belong here. `flushed`: what earlier segments prove.
pub(super) fn scan_segment(
    reader: &mut SegmentReader,
    path: &Path,
    first: u64,
    epoch: u64,
    flushed: u64,
) -> Result<SegmentScan, LogError> {
    let mut scan = SegmentScan {
        next: first,
        epoch,
        end: SEGMENT_HEADER_BYTES,
        flushed,
        unproven_from: SEGMENT_HEADER_BYTES,
        append_at: SEGMENT_HEADER_BYTES,
        sealed: false,
        commits: 0,
    };
    let mut unproven = std::collections::VecDeque::new();
    while !scan.sealed {
        let Some((header, _)) = reader.record(scan.end, path)? else {
            break;
        };
        // The rising epoch keeps records of an earlier life out: a new one begins with its marker.
        let belongs = header.sequence == scan.next
            && match header.kind {
                RecordKind::Opened => header.epoch > scan.epoch,
                _ => header.epoch == scan.epoch,
            };
        if !belongs {
            break;
        }
        scan.epoch = header.epoch;
        scan.flushed = scan.flushed.max(header.flushed);
        if header.kind == RecordKind::Commit {
            unproven.push_back((header.sequence, scan.end));
            scan.next += 1;
            scan.commits += 1;
        }
        scan.sealed = header.kind == RecordKind::Sealed;
        let start = scan.end;
        scan.end += header.record_bytes();
        scan.append_at = match header.kind {
            RecordKind::Opened | RecordKind::Closed => start,
            RecordKind::Commit | RecordKind::Sealed => scan.end,
        };
        while unproven
            .front()
            .is_some_and(|(sequence, _)| *sequence <= scan.flushed)
        {
            unproven.pop_front();
        }
    }
    scan.unproven_from = unproven
        .front()
        .map_or(scan.append_at, |(_, offset)| *offset);
    Ok(scan)
}

/// What follows the last whole record of the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Only zeros up to the end of the file.
    Clean,
    /// Bytes that were never a record of this segment: the file was another segment before.
    Stale,
    /// The rest of an append that was never acknowledged.
    Torn,
    /// Records that had been acknowledged are lost: a later whole record proves it.
    Damaged,
}

/// Judges the bytes after the last whole record.
///
/// A whole record further on proves that what is missing here had been durable when it says so
/// (`flushed`), or when it belongs to a later epoch (an epoch's first record is written only after
/// everything before it is durable). Without proof the rest is of an append that was cut short: its
/// sectors may reach the disk in any order, so whole records after a torn one are no proof in themselves.
/// Records of the segment that the file was before are none here: they name that segment.
pub(super) fn judge_tail(
    reader: &mut SegmentReader,
    scan: &SegmentScan,
    path: &Path,
) -> Result<Tail, LogError> {
    let Some(mut offset) = first_non_zero(reader, scan.end, path)? else {
        return Ok(Tail::Clean);
    };
    offset -= offset % ALIGNMENT;
    offset = offset.max(scan.end);
    let mut tail = Tail::Stale;
    while offset + HEADER_BYTES as u64 <= reader.file_len {
        if let Some((header, whole)) = reader.begun_record(offset, path)? {
            tail = Tail::Torn;
            let later = whole && header.sequence >= scan.next && header.epoch >= scan.epoch;
            if later && (header.flushed >= scan.next || header.epoch > scan.epoch) {
                return Ok(Tail::Damaged);
            }
        }
        offset += ALIGNMENT;
    }
    Ok(tail)
}

fn first_non_zero(
    reader: &mut SegmentReader,
    from: u64,
    path: &Path,
) -> Result<Option<u64>, LogError> {
    let mut offset = from;
    while offset < reader.file_len {
        let len = (reader.file_len - offset).min(CHUNK_BYTES as u64) as usize;
        let chunk = reader.bytes(offset, len, path)?.unwrap_or_default();
        if let Some(at) = chunk.iter().position(|byte| *byte != 0) {
            return Ok(Some(offset + at as u64));
        }
        offset += len as u64;
    }
    Ok(None)
}
