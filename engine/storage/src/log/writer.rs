//! The writing end of the local log: one segment that grows, and the step to the next one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::buffer::BlockBuffer;
use super::record::{Place, RecordHeader, RecordKind, record_bytes};
use super::segment::{SEGMENT_HEADER_BYTES, Segment, SegmentHeader};
use super::spare::{CreateError, Space, Spare, Spares};
use super::{Durability, LogError, LogOptions, MAX_GROUP_BYTES, MAX_RECORD_BYTES};
use crate::database_id::DatabaseId;
use crate::seeded::{self, Fault};
use crate::vfs::{BLOCK_BYTES, FileError, IoContext, Vfs, VfsFile};

/// Room that is kept for the seal at the end of a segment.
const SEAL_BYTES: u64 = record_bytes(0);
/// Each segment is this many times as long as the one before, up to the limit.
const GROWTH: u64 = 4;
/// The next segment is made ahead when less than this part of the current one is left.
const LOW_PART: u64 = 2;
/// With larger groups on average, zeros in front of them would only double what is written.
const SMALL_GROUP_BYTES: u64 = 64 << 10;

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
    /// Identity of the last segment.
    pub(super) identity: u32,
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
    /// The last block of the file up to `end`, and what is added to it.
    pub(super) buffer: BlockBuffer,
    /// Groups written to the last segment since it was made or opened.
    pub(super) groups: u64,
    pub(super) spares: Spares,
}

/// A segment that is to be dropped, see [`Writer::next_to_drop`].
pub(super) struct Dropping {
    segment: Segment,
    /// Name and least capacity of the spare file that it may become.
    reuse: Option<(PathBuf, u64)>,
    most: u64,
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
    pub(super) fn fail(&mut self, error: LogError) -> LogError {
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
        if !records.is_empty() {
            if self.end + group + SEAL_BYTES > self.capacity {
                self.make_room(group)?;
            }
            // One step does it when nothing else waits to be flushed.
            let at_once = durability == Durability::Sync
                && self.flushed == self.last()
                && !seeded::is(Fault::SkipLogFlush);
            self.write_group(records, group, at_once)?;
        }
        if durability == Durability::Sync {
            self.sync()?;
        }
        Ok(())
    }

    fn write_group(
        &mut self,
        records: &[&[u8]],
        bytes: u64,
        durable: bool,
    ) -> Result<(), LogError> {
        self.buffer.reserve(bytes as usize);
        let mut sequence = self.next;
        let mut offset = self.end;
        for payload in records {
            let header = RecordHeader {
                kind: RecordKind::Commit,
                epoch: self.epoch,
                sequence,
                flushed: self.flushed,
                length: payload.len() as u32,
            };
            let place = Place {
                segment: self.identity,
                offset,
            };
            header.encode(place, payload, self.buffer.bytes_mut());
            sequence += 1;
            offset += header.record_bytes();
        }
        if let Err(error) = self.write_buffer(durable) {
            return Err(self.give_up_write(error));
        }
        self.next = sequence;
        if durable {
            self.flushed = self.last();
        }
        self.groups += 1;
        self.proven = false;
        Ok(())
    }

    /// Writes what was added to the buffer at the end of the file.
    fn write_buffer(&mut self, durable: bool) -> Result<(), FileError> {
        let added = self.buffer.added().len();
        let written = if durable {
            // Whole blocks. The bytes before the end are written again as they are, and the zeros after it
            // lie where nothing is.
            let block = self.end - self.end % BLOCK_BYTES as u64;
            self.buffer.pad();
            self.file.write_durable(self.buffer.content(), block)
        } else {
            self.file.write_at(self.buffer.added(), self.end)
        };
        if written.is_err() {
            self.buffer.give_up();
            return written.during("write", &self.path());
        }
        self.buffer.written(added);
        self.end += added as u64;
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

    /// Bytes of the segment after this one, unless a group needs more.
    pub(super) fn next_capacity(&self) -> u64 {
        let (least, most) = (
            self.options.first_segment_bytes,
            self.options.max_segment_bytes,
        );
        let usual = self.capacity.saturating_mul(GROWTH).min(most).max(least);
        usual.next_multiple_of(BLOCK_BYTES as u64)
    }

    /// What to make ahead now: a file of this length, with its name.
    pub(super) fn order(&mut self) -> Option<(PathBuf, u64, Space)> {
        let wanted = self.wants_spare().then(|| self.next_capacity())?;
        let written = self.end - SEGMENT_HEADER_BYTES;
        let space = if written / self.groups.max(1) < SMALL_GROUP_BYTES {
            Space::Zeros
        } else {
            Space::Reserved
        };
        self.spares.remove_below(&*self.vfs, wanted);
        Some((self.spares.next_path(&self.folder), wanted, space))
    }

    /// Whether the last segment will soon be full and there is no file for the next one.
    pub(super) fn wants_spare(&self) -> bool {
        let room = self.capacity.saturating_sub(SEGMENT_HEADER_BYTES);
        self.capacity.saturating_sub(self.end) < room / LOW_PART
            && self.spares.lacks(self.next_capacity())
            && matches!(self.state, State::Open)
    }

    /// Makes room for a group: a new segment, or more of this one when it has no commit yet.
    fn make_room(&mut self, group: u64) -> Result<(), LogError> {
        let begins_with = self.segments.last().map_or(0, |segment| segment.first);
        if begins_with == self.next {
            return self.grow(self.end + group + SEAL_BYTES);
        }
        self.sync()?;
        let spare = self
            .spare_for(SEGMENT_HEADER_BYTES + group + SEAL_BYTES)
            .map_err(|error| self.give_up_segment(CreateError::Before(error)))?;
        self.begin_segment(spare)
    }

    /// Goes on in a new, small segment, so that everything before it can be dropped.
    pub(super) fn begin_anew(&mut self) -> Result<(), LogError> {
        let empty = self.segments.last().is_none_or(|s| s.first == self.next);
        self.sync()?;
        if empty {
            return Ok(());
        }
        let path = self.spares.next_path(&self.folder);
        let capacity = (SEGMENT_HEADER_BYTES + SEAL_BYTES).next_multiple_of(BLOCK_BYTES as u64);
        let spare = Spare::make(&*self.vfs, path, capacity, Space::Reserved)
            .map_err(|error| self.give_up_segment(CreateError::Before(error)))?;
        self.begin_segment(spare)
    }

    /// Begins a segment in this file. Everything before it is durable.
    fn begin_segment(&mut self, spare: Spare) -> Result<(), LogError> {
        let header = SegmentHeader {
            database: self.database,
            first: self.next,
            epoch: self.epoch,
        };
        let capacity = spare.capacity;
        let (segment, file) = spare
            .become_segment(&*self.vfs, &self.folder, &header)
            .map_err(|error| self.give_up_segment(error))?;
        self.seal()?;
        self.segments.push(segment);
        self.file = file;
        self.identity = header.identity();
        self.capacity = capacity;
        self.end = SEGMENT_HEADER_BYTES;
        self.buffer = BlockBuffer::default();
        self.groups = 0;
        Ok(())
    }

    /// A file of at least this length: one that is ready, or a new one.
    fn spare_for(&mut self, least: u64) -> Result<Spare, FileError> {
        if let Some(spare) = self.spares.take(least) {
            return Ok(spare);
        }
        let least = least.next_multiple_of(BLOCK_BYTES as u64);
        let usual = self.next_capacity().max(least);
        let mut make = |capacity| {
            let path = self.spares.next_path(&self.folder);
            Spare::make(&*self.vfs, path, capacity, Space::Reserved)
        };
        match make(usual) {
            // The disk is nearly full: what is needed now may still fit.
            Err(error) if error.is_no_space() && usual > least => make(least),
            made => made,
        }
    }

    fn grow(&mut self, capacity: u64) -> Result<(), LogError> {
        let path = self.path();
        let capacity = capacity.next_multiple_of(BLOCK_BYTES as u64);
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
            CreateError::Before(error) if error.is_no_space() => LogError::NoSpace(Arc::new(error)),
            error => self.fail(error.into()),
        }
    }

    /// Ends a segment whose successor is durable: the seal proves to every open that there is one.
    ///
    /// Without it nothing is lost, the name of the successor says the same: a full disk is no reason to
    /// stop. What was written of the seal lies behind the last record, and nothing follows.
    fn seal(&mut self) -> Result<(), LogError> {
        match self.write_marker(RecordKind::Sealed) {
            Err(error) if !error.is_no_space() => Err(self.fail(error.into())),
            _ => Ok(()),
        }
    }

    /// Writes a record without payload, durably.
    fn write_marker(&mut self, kind: RecordKind) -> Result<(), FileError> {
        let header = RecordHeader::marker(kind, self.epoch, self.next);
        let place = Place {
            segment: self.identity,
            offset: self.end,
        };
        self.buffer.reserve(header.record_bytes() as usize);
        header.encode(place, &[], self.buffer.bytes_mut());
        self.write_buffer(true)
    }

    /// The oldest segment, if all its records are before `sequence`; it is no longer in the list then.
    pub(super) fn next_to_drop(&mut self, sequence: u64) -> Result<Option<Dropping>, LogError> {
        if let Some(refusal) = self.state.refusal() {
            return Err(refusal);
        }
        if self
            .segments
            .get(1)
            .is_none_or(|second| second.first > sequence)
        {
            return Ok(None);
        }
        let reuse = self
            .spares
            .has_room()
            .then(|| (self.spares.next_path(&self.folder), self.next_capacity()));
        Ok(Some(Dropping {
            segment: self.segments.remove(0),
            reuse,
            most: self
                .options
                .max_segment_bytes
                .next_multiple_of(BLOCK_BYTES as u64),
        }))
    }

    pub(super) fn close(&mut self) -> Result<(), LogError> {
        match &self.state {
            State::Closed | State::ReadOnly => return Ok(()),
            State::Failed(_) => return self.state.refusal().map_or(Ok(()), Err),
            State::Open => {}
        }
        self.sync()?;
        if !self.proven {
            self.write_marker(RecordKind::Closed)
                .map_err(|error| self.fail(error.into()))?;
        }
        let path = self.path();
        let cut = self.file.set_len(self.end).during("cut", &path);
        let synced = cut.and_then(|()| self.file.sync_all().during("sync", &path));
        synced.map_err(|error| self.fail(error.into()))?;
        self.state = State::Closed;
        self.spares.remove_below(&*self.vfs, u64::MAX);
        Ok(())
    }
}

impl Dropping {
    /// Removes the file or takes it over. One by one and durably: a gap must never be left by a crash, it
    /// would look like a loss.
    pub(super) fn run(self, vfs: &dyn Vfs, folder: &Path) -> Result<Option<Spare>, FileError> {
        let Self {
            segment,
            reuse,
            most,
        } = self;
        let path = &segment.path;
        if let Some((name, least)) = reuse {
            let len = vfs.metadata(path).during("look for", path)?.len;
            let capacity = len - len % BLOCK_BYTES as u64;
            if (least..=most).contains(&capacity) {
                return Spare::take_over(vfs, folder, &segment, name, capacity).map(Some);
            }
        }
        vfs.remove_file(path).during("remove", path)?;
        vfs.sync_dir(folder).during("sync folder", folder)?;
        Ok(None)
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
