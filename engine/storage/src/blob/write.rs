//! The writing end: one segment at a time, collected in memory and written in big pieces.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::header::{SEGMENT_HEADER_BYTES, blob_bytes, encode_segment};
use super::local::segment_path;
use super::{BlobError, BlobHeader, Location, MAX_BLOB_BYTES};
use crate::database_id::DatabaseId;
use crate::seeded::{self, Fault};
use crate::vfs::{FileError, IoContext, Vfs, VfsFile};

/// A bigger buffer is given back after use.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

/// The segment being written.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) id: u32,
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    /// Bytes that were handed to the file; `buffer` follows them.
    written: u64,
    buffer: Vec<u8>,
}

impl OpenSegment {
    pub(super) fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn write_out(&mut self) -> Result<(), FileError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.file
            .write_at(&self.buffer, self.written)
            .during("write", &self.path)?;
        self.written += self.buffer.len() as u64;
        if self.buffer.capacity() > KEPT_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        Ok(())
    }
}

/// Sizes and places of a writer.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) folder: PathBuf,
    pub(super) database: DatabaseId,
    /// A segment that is longer than this gets no more blobs.
    pub(super) segment_bytes: u64,
    /// The buffer is written when it is longer than this.
    pub(super) buffer_bytes: usize,
    /// Number of the next new segment.
    pub(super) next: u32,
    pub(super) current: Option<OpenSegment>,
    /// Full segments whose data is not durable yet.
    full: Vec<OpenSegment>,
    /// Whether a new file's name is not durable yet.
    new_names: bool,
    /// Segments that were begun since the last `publish`.
    unpublished: Vec<u32>,
    /// Whether anything was written since the last sync.
    dirty: bool,
    pub(super) refusal: Option<BlobError>,
}

impl Writer {
    pub(super) fn new(folder: &Path, database: DatabaseId, sizes: (u64, usize), next: u32) -> Self {
        Self {
            folder: folder.to_path_buf(),
            database,
            segment_bytes: sizes.0,
            buffer_bytes: sizes.1,
            next,
            current: None,
            full: Vec::new(),
            new_names: false,
            unpublished: Vec::new(),
            dirty: false,
            refusal: None,
        }
    }

    fn check(&self) -> Result<(), BlobError> {
        self.refusal.clone().map_or(Ok(()), Err)
    }

    fn fail<T>(&mut self, result: Result<T, BlobError>) -> Result<T, BlobError> {
        if let Err(error) = &result {
            self.refusal = Some(BlobError::Failed {
                reason: error.to_string().into(),
            });
        }
        result
    }

    pub(super) fn put(
        &mut self,
        vfs: &dyn Vfs,
        header: &BlobHeader,
        payload: &[u8],
    ) -> Result<Location, BlobError> {
        self.check()?;
        if payload.len() > MAX_BLOB_BYTES {
            let (bytes, limit) = (payload.len(), MAX_BLOB_BYTES);
            return Err(BlobError::TooLarge { bytes, limit });
        }
        let location = self.try_put(vfs, header, payload);
        self.fail(location)
    }

    fn try_put(
        &mut self,
        vfs: &dyn Vfs,
        header: &BlobHeader,
        payload: &[u8],
    ) -> Result<Location, BlobError> {
        let bytes = blob_bytes(payload.len());
        let mut segment = match self.current.take() {
            Some(full) if full.len() + bytes > self.segment_bytes => {
                self.full.push(full);
                self.write_out_full()?;
                self.create(vfs)?
            }
            Some(segment) => segment,
            None => self.create(vfs)?,
        };
        let offset = (segment.len() / 8) as u32;
        let checksum = header.encode(segment.id, offset, payload, &mut segment.buffer);
        let location = Location {
            segment: segment.id,
            offset,
            len: payload.len() as u32,
            checksum,
        };
        self.dirty = true;
        let segment = self.current.insert(segment);
        if segment.buffer.len() >= self.buffer_bytes {
            segment.write_out()?;
        }
        Ok(location)
    }

    fn write_out_full(&mut self) -> Result<(), BlobError> {
        self.full
            .iter_mut()
            .try_for_each(OpenSegment::write_out)
            .map_err(BlobError::from)
    }

    fn create(&mut self, vfs: &dyn Vfs) -> Result<OpenSegment, BlobError> {
        let id = self.next;
        // The number is spent even when the file cannot be made: something of it may exist.
        self.next = id.checked_add(1).ok_or(BlobError::NoSegmentLeft)?;
        let path = segment_path(&self.folder, id);
        let file = vfs.create_new(&path).during("create", &path)?;
        self.new_names = true;
        self.unpublished.push(id);
        let buffer = encode_segment(self.database, id);
        debug_assert_eq!(buffer.len(), SEGMENT_HEADER_BYTES);
        Ok(OpenSegment {
            id,
            path,
            file,
            written: 0,
            buffer,
        })
    }

    pub(super) fn sync(&mut self, vfs: &dyn Vfs) -> Result<(), BlobError> {
        self.check()?;
        if !self.dirty {
            return Ok(());
        }
        let result = self.try_sync(vfs);
        self.fail(result)
    }

    fn try_sync(&mut self, vfs: &dyn Vfs) -> Result<(), BlobError> {
        for segment in self.full.iter_mut().chain(&mut self.current) {
            segment.write_out()?;
            if !seeded::is(Fault::SkipSegmentFlush) {
                segment.file.sync_data().during("sync", &segment.path)?;
            }
        }
        if self.new_names && !seeded::is(Fault::SkipSegmentName) {
            vfs.sync_dir(&self.folder)
                .during("sync folder", &self.folder)?;
        }
        self.full.clear();
        self.new_names = false;
        self.dirty = false;
        Ok(())
    }

    /// The next blob goes to a new segment, unless this one holds something that is not durable yet.
    pub(super) fn end_segment(&mut self) {
        if !self.dirty {
            self.current = None;
        }
    }

    /// What was put stays.
    pub(super) fn publish(&mut self) {
        self.unpublished.clear();
    }

    /// Starts anew: no file that was being written when something failed is touched again. Gives the segments that
    /// hold nothing that was published.
    pub(super) fn discard(&mut self) -> Vec<u32> {
        if matches!(self.refusal, Some(BlobError::ReadOnly)) {
            return Vec::new();
        }
        self.refusal = None;
        let unpublished = std::mem::take(&mut self.unpublished);
        let new = self.current.as_ref();
        if self.dirty || new.is_some_and(|segment| unpublished.contains(&segment.id)) {
            self.current = None;
            self.full.clear();
            self.dirty = false;
        }
        unpublished
    }

    /// Whether a segment is being written or not durable yet.
    pub(super) fn is_open(&self, id: u32) -> bool {
        self.full
            .iter()
            .chain(&self.current)
            .any(|segment| segment.id == id)
    }

    /// Copies bytes that are still in memory only. `None`: they are in a file.
    pub(super) fn read_buffered(&self, location: &Location, len: usize) -> Option<Vec<u8>> {
        let mut open = self.full.iter().chain(&self.current);
        let segment = open.find(|segment| segment.id == location.segment)?;
        let start = location.offset_bytes().checked_sub(segment.written)? as usize;
        Some(segment.buffer.get(start..start + len)?.to_vec())
    }
}
