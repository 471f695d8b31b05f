//! The log in a folder of this machine.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::buffer::BlockBuffer;
use super::reader::LogReader;
use super::recovery::{Examined, RecoveryReport, examine, make_writable};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, list_segments};
use super::spare::{Space, Spare, Spares};
use super::writer::{State, Writer};
use super::{Appended, CommitLog, Durability, LogError, LogOptions, LogRecords};
use crate::database_id::DatabaseId;
use crate::vfs::{BLOCK_BYTES, IoContext, Vfs, create_dir_all_durable, remove_temporary_files};

/// How often an open for reading starts again when a writer changes files under it.
const READ_ONLY_TRIES: usize = 3;

/// The commit log in a local folder, shared by all threads of one process. Only one process at a time
/// may have it open for writing; the database's lock sees to that.
#[derive(Debug)]
pub struct LocalLog {
    writer: Mutex<Writer>,
    /// Held while files are made ahead or dropped, which appends do not wait for. Taken before `writer`.
    maintenance: Mutex<()>,
    report: RecoveryReport,
}

impl LocalLog {
    /// Makes a log whose first record will be `first_seq`. The folder is made when it is missing; it
    /// fails with `Exists` when there is a log in it.
    pub fn create(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: LogOptions,
        first_seq: u64,
    ) -> Result<Self, LogError> {
        create_dir_all_durable(&*vfs, folder)?;
        remove_temporary_files(&*vfs, folder)?;
        if !list_segments(&*vfs, folder)?.is_empty() {
            return Err(LogError::Exists {
                folder: folder.to_path_buf(),
            });
        }
        let first = first_seq.max(1);
        let header = SegmentHeader {
            database,
            first,
            epoch: 1,
        };
        let capacity = options
            .first_segment_bytes
            .next_multiple_of(BLOCK_BYTES as u64);
        let mut spares = Spares::default();
        let made = Spare::make(&*vfs, spares.next_path(folder), capacity, Space::Zeros)?;
        let (segment, file) = made.become_segment(&*vfs, folder, &header)?;
        let writer = Writer {
            vfs,
            folder: folder.to_path_buf(),
            database,
            options,
            state: State::Open,
            segments: vec![segment],
            file,
            identity: header.identity(),
            capacity,
            end: SEGMENT_HEADER_BYTES,
            epoch: 1,
            next: first,
            flushed: first - 1,
            proven: true,
            buffer: BlockBuffer::default(),
            groups: 0,
            spares,
        };
        let report = RecoveryReport {
            records: 0,
            torn_tail: false,
            epoch: 1,
        };
        Ok(Self::of(writer, report))
    }

    /// Opens a log for reading and appending. Everything found is durable when this returns.
    pub fn open(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: LogOptions,
    ) -> Result<Self, LogError> {
        let found = examine(&*vfs, folder, database, false)?;
        remove_temporary_files(&*vfs, folder)?;
        // A segment's name that is only in memory must not vanish after its records are believed.
        vfs.sync_dir(folder).during("sync folder", folder)?;
        let Some(segment) = found.segments.last() else {
            return Err(LogError::NoLog {
                folder: folder.to_path_buf(),
            });
        };
        let ready = make_writable(&found, segment, options)?;
        let report = found.report(ready.epoch);
        let mut writer = Self::writer(vfs, folder, database, options, found);
        writer.state = State::Open;
        writer.epoch = ready.epoch;
        writer.end = ready.end;
        writer.capacity = ready.capacity;
        writer.buffer = ready.buffer;
        writer.flushed = writer.last();
        writer.proven = true;
        Ok(Self::of(writer, report))
    }

    /// Opens a log for reading. Writes no byte; a torn tail is only left out. A process that writes to
    /// the log at the same time is not disturbed; this one sees the log as it was at the open.
    pub fn open_read_only(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
    ) -> Result<Self, LogError> {
        let mut tries = 1;
        let found = loop {
            match examine(&*vfs, folder, database, true) {
                Ok(found) => break found,
                // A writer may be in the middle of an append or of dropping a file.
                Err(
                    LogError::Damaged { .. } | LogError::MissingSegment { .. } | LogError::Io(_),
                ) if tries < READ_ONLY_TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        };
        let report = found.report(found.scan.epoch);
        let writer = Self::writer(vfs, folder, database, LogOptions::default(), found);
        Ok(Self::of(writer, report))
    }

    fn of(writer: Writer, report: RecoveryReport) -> Self {
        Self {
            writer: Mutex::new(writer),
            maintenance: Mutex::new(()),
            report,
        }
    }

    fn writer(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: LogOptions,
        found: Examined,
    ) -> Writer {
        Writer {
            vfs,
            folder: folder.to_path_buf(),
            database,
            options,
            state: State::ReadOnly,
            segments: found.segments,
            file: found.file,
            identity: found.identity,
            capacity: found.file_len,
            end: found.scan.end,
            epoch: found.scan.epoch,
            next: found.scan.next,
            flushed: found.scan.flushed,
            proven: false,
            buffer: BlockBuffer::default(),
            groups: 0,
            spares: Spares::default(),
        }
    }

    /// Whether the folder holds a log, whole or not.
    pub fn exists(vfs: &dyn Vfs, folder: &Path) -> Result<bool, LogError> {
        if !vfs.exists(folder).during("look for", folder)? {
            return Ok(false);
        }
        Ok(!list_segments(vfs, folder)?.is_empty())
    }

    /// What the open found.
    pub fn report(&self) -> RecoveryReport {
        self.report
    }
}

impl CommitLog for LocalLog {
    fn append_if(
        &self,
        next_seq: u64,
        records: &[&[u8]],
        durability: Durability,
    ) -> Result<Appended, LogError> {
        let mut writer = self.writer.lock();
        writer.append(next_seq, records, durability)?;
        Ok(Appended {
            last: writer.last(),
            durable: writer.flushed,
            low_on_room: writer.wants_spare(),
        })
    }

    fn sync(&self) -> Result<u64, LogError> {
        // Under the lock: an error that another thread's sync took away would go unnoticed here.
        let mut writer = self.writer.lock();
        writer.sync()?;
        Ok(writer.flushed)
    }

    fn read_from(&self, seq: u64) -> Result<LogRecords, LogError> {
        let writer = self.writer.lock();
        let first = writer.segments.first().map_or(1, |segment| segment.first);
        if seq < first {
            return Err(LogError::Truncated { first });
        }
        let start = writer
            .segments
            .partition_point(|segment| segment.first <= seq);
        let segments = writer
            .segments
            .get(start.saturating_sub(1)..)
            .unwrap_or_default()
            .to_vec();
        Ok(Box::new(LogReader {
            vfs: Arc::clone(&writer.vfs),
            segments: segments.into_iter(),
            current: None,
            database: writer.database,
            next: seq,
            last: writer.last(),
            finished: false,
        }))
    }

    fn make_room_ahead(&self) -> Result<(), LogError> {
        let _maintenance = self.maintenance.lock();
        let (vfs, (path, capacity, space)) = {
            let mut writer = self.writer.lock();
            match writer.order() {
                Some(order) => (Arc::clone(&writer.vfs), order),
                None => return Ok(()),
            }
        };
        let made = Spare::make(&*vfs, path, capacity, space);
        let mut writer = self.writer.lock();
        match made {
            Ok(spare) => {
                writer.spares.add(spare);
                Ok(())
            }
            Err(error) => {
                writer.spares.making_failed();
                Err(error.into())
            }
        }
    }

    fn begin_anew(&self) -> Result<(), LogError> {
        let _maintenance = self.maintenance.lock();
        self.writer.lock().begin_anew()
    }

    fn truncate_before(&self, seq: u64) -> Result<(), LogError> {
        let _maintenance = self.maintenance.lock();
        loop {
            let (vfs, folder, dropping) = {
                let mut writer = self.writer.lock();
                match writer.next_to_drop(seq)? {
                    Some(next) => (Arc::clone(&writer.vfs), writer.folder.clone(), next),
                    None => return Ok(()),
                }
            };
            let dropped = dropping.run(&*vfs, &folder);
            let mut writer = self.writer.lock();
            match dropped {
                Ok(Some(spare)) => writer.spares.add(spare),
                Ok(None) => {}
                Err(error) => return Err(writer.fail(error.into())),
            }
        }
    }

    fn first_sequence(&self) -> u64 {
        self.writer
            .lock()
            .segments
            .first()
            .map_or(1, |segment| segment.first)
    }

    fn last_sequence(&self) -> u64 {
        self.writer.lock().last()
    }

    fn durable_sequence(&self) -> u64 {
        self.writer.lock().flushed
    }

    fn refusal(&self) -> Option<LogError> {
        self.writer.lock().state.refusal()
    }

    fn bytes_on_disk(&self) -> u64 {
        let writer = self.writer.lock();
        let sizes = writer.segments.iter().map(|segment| {
            // A file that cannot be looked at counts as nothing: this is for people to read.
            writer
                .vfs
                .metadata(&segment.path)
                .map_or(0, |metadata| metadata.len)
        });
        sizes.sum::<u64>() + writer.spares.bytes()
    }

    fn close(&self) -> Result<(), LogError> {
        let _maintenance = self.maintenance.lock();
        self.writer.lock().close()
    }
}
