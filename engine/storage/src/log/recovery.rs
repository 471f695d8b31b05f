//! Opening a log: what is in its files, and whether that is all that was ever acknowledged.
//!
//! [`examine`] only reads. [`make_writable`] then makes durable what was found, cuts off a torn tail,
//! and begins a new epoch. Both may be cut short by a crash at any point and done again.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::buffer::BlockBuffer;
use super::record::{Place, RecordHeader, RecordKind};
use super::scan::{SegmentReader, SegmentScan, Tail, judge_tail, scan_segment};
use super::segment::{Segment, SegmentHeader, list_segments};
use super::spare::write_zeros;
use super::{LogError, LogOptions};
use crate::database_id::DatabaseId;
use crate::vfs::{BLOCK_BYTES, IoContext, Vfs, VfsFile, is_no_space};

/// Bytes copied at once when records are written again.
const COPY_BYTES: u64 = 1 << 20;

/// What the opening of a log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Commits in the log.
    pub records: u64,
    /// Whether an append was cut short; what was written of it is not part of the log.
    pub torn_tail: bool,
    /// How often the log was opened for writing, this time included.
    pub epoch: u64,
}

/// The log as its files show it.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) segments: Vec<Segment>,
    /// The last segment, open.
    pub(super) file: Arc<dyn VfsFile>,
    pub(super) file_len: u64,
    /// Identity of the last segment.
    pub(super) identity: u32,
    pub(super) scan: SegmentScan,
    /// What follows the last record.
    pub(super) tail: Tail,
    pub(super) records: u64,
}

impl Examined {
    pub(super) fn report(&self, epoch: u64) -> RecoveryReport {
        RecoveryReport {
            records: self.records,
            torn_tail: self.tail == Tail::Torn,
            epoch,
        }
    }
}

/// Reads and checks everything.
pub(super) fn examine(
    vfs: &dyn Vfs,
    folder: &Path,
    database: DatabaseId,
    read_only: bool,
) -> Result<Examined, LogError> {
    let mut segments = list_segments(vfs, folder)?;
    let Some(last) = segments.pop() else {
        return Err(LogError::NoLog {
            folder: folder.to_path_buf(),
        });
    };
    let mut earlier = Earlier::default();
    for (at, segment) in segments.iter().enumerate() {
        let next = segments.get(at + 1).unwrap_or(&last);
        let (mut reader, scan, _) = read_segment(vfs, segment, database, true, &earlier)?;
        check_joint(folder, segment, &scan, next, &mut reader)?;
        earlier = Earlier {
            epoch: scan.epoch,
            flushed: scan.flushed,
            records: earlier.records + scan.commits,
        };
    }
    let (mut reader, scan, identity) = read_segment(vfs, &last, database, read_only, &earlier)?;
    let tail = check_end(folder, &last, &scan, &mut reader)?;
    segments.push(last);
    Ok(Examined {
        segments,
        file: reader.file,
        file_len: reader.file_len,
        records: earlier.records + scan.commits,
        identity,
        scan,
        tail,
    })
}

/// What the segments so far say.
#[derive(Debug, Default)]
struct Earlier {
    epoch: u64,
    flushed: u64,
    records: u64,
}

fn read_segment(
    vfs: &dyn Vfs,
    segment: &Segment,
    database: DatabaseId,
    read_only: bool,
    earlier: &Earlier,
) -> Result<(SegmentReader, SegmentScan, u32), LogError> {
    let path = &segment.path;
    let opened = if read_only {
        vfs.open_read_only(path)
    } else {
        vfs.open(path)
    };
    let file = opened.during("open", path)?;
    let header = SegmentHeader::read(&*file, segment, database)?;
    if header.epoch < earlier.epoch {
        return Err(damaged(segment, 0, segment.first));
    }
    let file_len = file.len().during("read", path)?;
    let identity = header.identity();
    let mut reader = SegmentReader::new(file, file_len, identity);
    // A segment is made only when everything before it is durable.
    let flushed = earlier.flushed.max(segment.first.saturating_sub(1));
    let scan = scan_segment(&mut reader, path, segment.first, header.epoch, flushed)?;
    Ok((reader, scan, identity))
}

/// A segment that is not the last must lead up to the next one.
fn check_joint(
    folder: &Path,
    segment: &Segment,
    scan: &SegmentScan,
    next: &Segment,
    reader: &mut SegmentReader,
) -> Result<(), LogError> {
    if scan.next == next.first {
        return Ok(());
    }
    let clean = scan.sealed || judge_tail(reader, scan, &segment.path)? == Tail::Clean;
    if clean && scan.next < next.first {
        return Err(LogError::MissingSegment {
            folder: folder.to_path_buf(),
            expected: scan.next,
            found: Some(next.first),
        });
    }
    Err(damaged(segment, scan.end, scan.next))
}

/// The last segment may end in the rest of a torn append, or of what its file was before.
fn check_end(
    folder: &Path,
    segment: &Segment,
    scan: &SegmentScan,
    reader: &mut SegmentReader,
) -> Result<Tail, LogError> {
    if scan.sealed {
        let folder = folder.to_path_buf();
        return Err(LogError::MissingSegment {
            folder,
            expected: scan.next,
            found: None,
        });
    }
    match judge_tail(reader, scan, &segment.path)? {
        Tail::Damaged => Err(damaged(segment, scan.end, scan.next)),
        tail => Ok(tail),
    }
}

fn damaged(segment: &Segment, offset: u64, sequence: u64) -> LogError {
    LogError::Damaged {
        segment: segment.path.clone(),
        offset,
        sequence,
    }
}

/// The last segment, ready for appends.
#[derive(Debug)]
pub(super) struct Writable {
    pub(super) epoch: u64,
    /// Where the next record goes.
    pub(super) end: u64,
    /// Bytes that are reserved.
    pub(super) capacity: u64,
    /// The last block up to `end`.
    pub(super) buffer: BlockBuffer,
}

/// Makes everything that was found durable, the torn tail gone, and a new epoch begun.
///
/// In this order, each step durable before the next:
/// 1. Cut off what follows the last record and is not zero, so that its bytes can never be taken for
///    records later.
/// 2. Write the records that are not proven durable once more and sync. They may be in the operating
///    system's memory only, even marked clean by a flush that failed in an earlier process.
/// 3. Write the marker of the new epoch and sync. It proves 2 to every later open. It takes the place of
///    a marker that was the last record: that one may be in memory only as well, and has done its work.
pub(super) fn make_writable(
    found: &Examined,
    segment: &Segment,
    options: LogOptions,
) -> Result<Writable, LogError> {
    let (file, path, scan) = (&*found.file, segment.path.as_path(), &found.scan);
    let mut len = found.file_len;
    if found.tail != Tail::Clean {
        file.set_len(scan.end).during("cut", path)?;
        file.sync_all().during("sync", path)?;
        len = scan.end;
    }
    if scan.unproven_from < scan.append_at {
        write_again(file, path, scan.unproven_from, scan.append_at)?;
        file.sync_all().during("sync", path)?;
    }
    let block = BLOCK_BYTES as u64;
    let first_of_block = scan.append_at - scan.append_at % block;
    let mut last_block = vec![0; (scan.append_at - first_of_block) as usize];
    file.read_at(&mut last_block, first_of_block)
        .during("read", path)?;
    let epoch = scan.epoch + 1;
    let header = RecordHeader::marker(RecordKind::Opened, epoch, scan.next);
    let place = Place {
        segment: found.identity,
        offset: scan.append_at,
    };
    let start = last_block.len();
    header.encode(place, &[], &mut last_block);
    let marker = last_block.get(start..).unwrap_or_default();
    file.write_at(marker, scan.append_at)
        .during("write", path)?;
    file.sync_all().during("sync", path)?;
    let end = scan.append_at + header.record_bytes();
    let capacity = reserve(file, len.max(end), end, options).during("write", path)?;
    let kept = last_block.len() - (end % block) as usize;
    Ok(Writable {
        epoch,
        end,
        capacity,
        buffer: BlockBuffer::holding(last_block.get(kept..).unwrap_or_default()),
    })
}

/// Some room behind the last record, so that the first commits need not wait for the next segment. It is a
/// gain in speed, not a need: a nearly full disk still opens. Gives the length of the file.
fn reserve(file: &dyn VfsFile, len: u64, end: u64, options: LogOptions) -> io::Result<u64> {
    let block = BLOCK_BYTES as u64;
    let wanted = (end + options.first_segment_bytes / 2).next_multiple_of(block);
    if len >= wanted {
        return Ok(len);
    }
    match write_zeros(file, len, wanted) {
        Ok(()) => Ok(wanted),
        Err(error) if is_no_space(&error) => Ok(len),
        Err(error) => Err(error),
    }
}

fn write_again(file: &dyn VfsFile, path: &Path, from: u64, to: u64) -> Result<(), LogError> {
    let mut buffer = Vec::new();
    let mut offset = from;
    while offset < to {
        let len = (to - offset).min(COPY_BYTES);
        buffer.resize(len as usize, 0);
        file.read_at(&mut buffer, offset).during("read", path)?;
        file.write_at(&buffer, offset).during("write", path)?;
        offset += len;
    }
    Ok(())
}
