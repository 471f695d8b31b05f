//! The writing end of the local log: one segment that grows, and the step to the next one.

use std::path::PathBuf;
use std::sync::Arc;

use super::record::{RecordHeader, RecordKind, record_bytes};
use super::segment::{CreateError, SEGMENT_HEADER_BYTES, Segment, SegmentHeader, create_segment};
use super::{Durability, LogError, LogOptions, MAX_GROUP_BYTES, MAX_RECORD_BYTES};
use crate::database_id::DatabaseId;
use crate::seeded::{self, Fault};
use crate::vfs::{FileError, IoContext, Vfs, VfsFile};

/// Room that is kept for the seal at the end of a segment.
const SEAL_BYTES: u64 = record_bytes(0);
/// A bigger write buffer is given back after use.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

/// Whether appends are taken.
#[derive(Clone, Debug)]
pub(super) enum State {
    Open,
    /// A write or flush failed; nothing is known about the end of the file until the next open.
    Failed(Arc<str>),
    Closed,
    ReadOnly,
}

impl State {
    pub(super) fn refusal(&self) -> Option<LogError> {
        match self {
            Self::Open => None,
            Self::Failed(reason) => Some(LogError::Failed {
                reason: Arc::clone(reason),
            }),
            Self::Closed => Some(LogError::Closed),
            Self::ReadOnly => Some(LogError::ReadOnly),
        }
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) vfs: Arc<dyn Vfs>,
    pub(super) folder: PathBuf,
    pub(super) database: DatabaseId,
    pub(super) options: LogOptions,
    pub(super) state: State,
    /// All segments, oldest first; the last one is `file`.
    pub(super) segments: Vec<Segment>,
    pub(super) file: Arc<dyn VfsFile>,
    /// Bytes of the last segment that are reserved, or that it may grow to.
    pub(super) capacity: u64,
    /// Where the next record goes.
    pub(super) end: u64,
    pub(super) epoch: u64,
    /// Sequence of the next commit.
    pub(super) next: u64,
    /// Everything up to this sequence is durable.
    pub(super) flushed: u64,
    /// Whether the last record in the file is a marker that proves everything before it.
    pub(super) proven: bool,
    pub(super) buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    fn path(&self) -> PathBuf {
        self.segments
            .last()
            .map_or_else(PathBuf::new, |segment| segment.path.clone())
    }

    /// Nothing is appended any more; gives the error back.
    fn fail(&mut self, error: LogError) -> LogError {
        self.state = State::Failed(error.to_string().into());
        error
    }

    pub(super) fn append(
        &mut self,
        next: u64,
        records: &[&[u8]],
        durability: Durability,
    ) -> Result<(), LogError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        if next != self.next {
            return Err(LogError::Taken { last: self.last() });
        }
        let group = group_bytes(records)?;
        if !records.is_empty() && self.end + group + SEAL_BYTES > self.capacity {
            self.make_room(group)?;
        }
        if !records.is_empty() {
            self.write_group(records)?;
        }
        if durability == Durability::Sync {
            self.sync()?;
        }
        Ok(())
    }

    fn write_group(&mut self, records: &[&[u8]]) -> Result<(), LogError> {
        self.buffer.clear();
        let mut sequence = self.next;
        for payload in records {
            let header = RecordHeader {
                kind: RecordKind::Commit,
                epoch: self.epoch,
                sequence,
                flushed: self.flushed,
                length: payload.len() as u32,
            };
            header.encode(self.database.short(), payload, &mut self.buffer);
            sequence += 1;
        }
        let written = self.file.write_at(&self.buffer, self.end);
        let bytes = self.buffer.len() as u64;
        if self.buffer.capacity() > KEPT_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
        if let Err(error) = written.during("write", &self.path()) {
            return Err(self.give_up_write(error));
        }
        self.end += bytes;
        self.next = sequence;
        self.proven = false;
        Ok(())
    }

    /// A write failed. With a full disk the log can go on once the file durably ends where it ended
    /// before: then no byte of the failed write can be found by anyone, whatever was written of it.
    /// Any other error says that the disk is not to be trusted.
    fn give_up_write(&mut self, error: FileError) -> LogError {
        if !error.is_no_space() {
            return self.fail(error.into());
        }
        let cut = self
            .file
            .set_len(self.end)
            .and_then(|()| self.file.sync_all());
        if cut.is_err() {
            return self.fail(error.into());
        }
        self.flushed = self.last();
        self.capacity = self.end;
        LogError::NoSpace(Arc::new(error))
    }

    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        if self.flushed < self.last() {
            if !seeded::is(Fault::SkipLogFlush)
                && let Err(error) = self.file.sync_data().during("sync", &self.path())
            {
                return Err(self.fail(error.into()));
            }
            self.flushed = self.last();
        }
        Ok(())
    }

    /// Makes room for a group: a new segment, or more of this one when it has no commit yet.
    fn make_room(&mut self, group: u64) -> Result<(), LogError> {
        let begins_with = self.segments.last().map_or(0, |segment| segment.first);
        if begins_with == self.next {
            return self.grow(self.end + group + SEAL_BYTES);
        }
        self.sync()?;
        let usual = (self.capacity.saturating_mul(2)).clamp(
            self.options.first_segment_bytes,
            self.options.max_segment_bytes,
        );
        let capacity = usual.max(SEGMENT_HEADER_BYTES + group + SEAL_BYTES);
        let header = SegmentHeader {
            database: self.database,
            first: self.next,
            epoch: self.epoch,
        };
        let (segment, file) = create_segment(&*self.vfs, &self.folder, &header, capacity)
            .map_err(|error| self.give_up_segment(error))?;
        self.seal()?;
        self.segments.push(segment);
        self.file = file;
        self.capacity = capacity;
        self.end = SEGMENT_HEADER_BYTES;
        Ok(())
    }

    fn grow(&mut self, capacity: u64) -> Result<(), LogError> {
        let path = self.path();
        if let Err(error) = self
            .file
            .allocate(capacity)
            .during("reserve space for", &path)
        {
            return Err(self.give_up_write(error));
        }
        // A failed flush is the end, whatever its reason: it may have lost earlier records.
        if let Err(error) = self.file.sync_all().during("sync", &path) {
            return Err(self.fail(error.into()));
        }
        self.capacity = capacity;
        self.flushed = self.last();
        Ok(())
    }

    /// A full disk before the new segment exists changes nothing: the old one is as it was.
    fn give_up_segment(&mut self, error: CreateError) -> LogError {
        match error {
            CreateError::Before(LogError::Io(error)) if error.is_no_space() => {
                LogError::NoSpace(error)
            }
            CreateError::Before(error) | CreateError::After(error) => self.fail(error),
        }
    }

    /// Ends a segment whose successor is durable: the seal proves to every open that there is one.
    fn seal(&mut self) -> Result<(), LogError> {
        self.write_marker(RecordKind::Sealed)?;
        let synced = self.file.sync_data().during("sync", &self.path());
        synced.map_err(|error| self.fail(error.into()))
    }

    fn write_marker(&mut self, kind: RecordKind) -> Result<(), LogError> {
        let header = RecordHeader::marker(kind, self.epoch, self.next);
        self.buffer.clear();
        header.encode(self.database.short(), &[], &mut self.buffer);
        if let Err(error) = self.file.write_at(&self.buffer, self.end) {
            let error = FileError {
                operation: "write",
                path: self.path(),
                source: error,
            };
            return Err(self.fail(error.into()));
        }
        self.end += self.buffer.len() as u64;
        Ok(())
    }

    pub(super) fn truncate_before(&mut self, sequence: u64) -> Result<(), LogError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        while self
            .segments
            .get(1)
            .is_some_and(|second| second.first <= sequence)
        {
            let oldest = self.segments.remove(0);
            // One by one and durably: a gap must never be left by a crash, it would look like a loss.
            let removed = self
                .vfs
                .remove_file(&oldest.path)
                .during("remove", &oldest.path);
            let synced = removed.and_then(|()| {
                self.vfs
                    .sync_dir(&self.folder)
                    .during("sync folder", &self.folder)
            });
            synced.map_err(|error| self.fail(error.into()))?;
        }
        Ok(())
    }

    pub(super) fn close(&mut self) -> Result<(), LogError> {
        match &self.state {
            State::Closed | State::ReadOnly => return Ok(()),
            State::Failed(_) => return self.state.refusal().map_or(Ok(()), Err),
            State::Open => {}
        }
        self.sync()?;
        if !self.proven {
            self.write_marker(RecordKind::Closed)?;
        }
        let path = self.path();
        let cut = self.file.set_len(self.end).during("cut", &path);
        let synced = cut.and_then(|()| self.file.sync_all().during("sync", &path));
        synced.map_err(|error| self.fail(error.into()))?;
        self.state = State::Closed;
        Ok(())
    }
}

/// Bytes of a group on the disk.
fn group_bytes(records: &[&[u8]]) -> Result<u64, LogError> {
    let mut total = 0;
    for payload in records {
        let (what, bytes) = ("record", payload.len());
        if bytes > MAX_RECORD_BYTES {
            return Err(LogError::TooLarge {
                what,
                bytes,
                limit: MAX_RECORD_BYTES,
            });
        }
        total += record_bytes(bytes);
    }
    let (what, bytes) = ("group of records", total as usize);
    if bytes > MAX_GROUP_BYTES {
        return Err(LogError::TooLarge {
            what,
            bytes,
            limit: MAX_GROUP_BYTES,
        });
    }
    Ok(total)
}
