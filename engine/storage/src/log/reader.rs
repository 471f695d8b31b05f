//! Reading records back, from some sequence on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LogError;
use super::record::RecordKind;
use super::scan::SegmentReader;
use super::segment::{SEGMENT_HEADER_BYTES, Segment, SegmentHeader};
use crate::database_id::DatabaseId;
use crate::vfs::{IoContext, Vfs};

/// Reads the commits `next..=last`. Everything is checked again: the disk may have changed since.
#[derive(Debug)]
pub(super) struct LogReader {
    pub(super) vfs: Arc<dyn Vfs>,
    /// Segments that are not open yet, oldest first.
    pub(super) segments: std::vec::IntoIter<Segment>,
    pub(super) current: Option<OpenSegment>,
    pub(super) database: DatabaseId,
    /// The first sequence to give.
    pub(super) next: u64,
    /// The last sequence to give.
    pub(super) last: u64,
    pub(super) finished: bool,
}

#[derive(Debug)]
pub(super) struct OpenSegment {
    path: PathBuf,
    reader: SegmentReader,
    offset: u64,
    /// Sequence of the commit at or after `offset`.
    sequence: u64,
}

impl Iterator for LogReader {
    type Item = Result<(u64, Vec<u8>), LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished || self.next > self.last {
            return None;
        }
        match self.read() {
            Ok(payload) => {
                self.next += 1;
                Some(Ok((self.next - 1, payload)))
            }
            Err(error) => {
                self.finished = true;
                Some(Err(error))
            }
        }
    }
}

impl LogReader {
    /// The commit `self.next`.
    fn read(&mut self) -> Result<Vec<u8>, LogError> {
        loop {
            let at = match self.current.take() {
                Some(at) => at,
                None => self.open_next()?,
            };
            let at = self.current.insert(at);
            let found = match at.reader.record(at.offset, &at.path) {
                Ok(found) => found,
                Err(error) => return Err(or_dropped(error, &*self.vfs, &at.path, &self.segments)),
            };
            // A segment that was not sealed ends where the next one begins, whatever follows there.
            let next = self.segments.as_slice().first();
            let ends = next.is_some_and(|next| next.first == at.sequence);
            let Some((header, payload)) = found.filter(|(header, _)| {
                header.sequence == at.sequence && !(ends && header.kind == RecordKind::Commit)
            }) else {
                if ends {
                    self.current = None;
                    continue;
                }
                let damaged = LogError::Damaged {
                    segment: at.path.clone(),
                    offset: at.offset,
                    sequence: at.sequence,
                };
                return Err(or_dropped(damaged, &*self.vfs, &at.path, &self.segments));
            };
            at.offset += header.record_bytes();
            match header.kind {
                RecordKind::Commit => {
                    at.sequence += 1;
                    if header.sequence == self.next {
                        return Ok(payload.to_vec());
                    }
                }
                RecordKind::Sealed => self.current = None,
                RecordKind::Opened | RecordKind::Closed => {}
            }
        }
    }

    fn open_next(&mut self) -> Result<OpenSegment, LogError> {
        let Some(segment) = self.segments.next() else {
            return Err(LogError::Truncated {
                first: self.last + 1,
            });
        };
        match self.open_segment(&segment) {
            Ok(open) => Ok(open),
            Err(error) => Err(or_dropped(error, &*self.vfs, &segment.path, &self.segments)),
        }
    }

    fn open_segment(&self, segment: &Segment) -> Result<OpenSegment, LogError> {
        let path = &segment.path;
        let file = self.vfs.open_read_only(path).during("open", path)?;
        let header = SegmentHeader::read(&*file, segment, self.database)?;
        let file_len = file.len().during("read", path)?;
        Ok(OpenSegment {
            path: path.clone(),
            reader: SegmentReader::new(file, file_len, header.identity()),
            offset: SEGMENT_HEADER_BYTES,
            sequence: segment.first,
        })
    }
}

/// The error, or that the segment was dropped since this reader was made: its file may be gone, or be
/// written over by then.
fn or_dropped(
    error: LogError,
    vfs: &dyn Vfs,
    path: &Path,
    later: &std::vec::IntoIter<Segment>,
) -> LogError {
    match (vfs.exists(path), later.as_slice().first()) {
        (Ok(false), Some(next)) => LogError::Truncated { first: next.first },
        _ => error,
    }
}
