//! Blobs in a folder of this machine: `data/NNNNNNNN.seg`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::header::{BLOB_HEADER_BYTES, check_blob};
use super::read::{HandleCache, ended};
use super::write::Writer;
use super::{BlobError, BlobHeader, BlobKind, BlobStore, Location, MAX_BLOB_BYTES, SegmentInfo};
use crate::database_id::DatabaseId;
use crate::vfs::{FileKind, IoContext, Vfs, create_dir_all_durable};

const SUFFIX: &str = ".seg";
const NAME_DIGITS: usize = 8;

/// Sizes of a local blob store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobOptions {
    /// A segment that is longer than this gets no more blobs, in bytes.
    pub segment_bytes: u64,
    /// Blobs are collected in memory up to this many bytes before they are written.
    pub buffer_bytes: usize,
    /// How many segment files are kept open for reading.
    pub open_files: usize,
}

impl Default for BlobOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            buffer_bytes: 1 << 20,
            open_files: 64,
        }
    }
}

/// The blob store in a local folder, shared by all threads of one process.
#[derive(Debug)]
pub struct LocalBlobs {
    vfs: Arc<dyn Vfs>,
    folder: PathBuf,
    database: DatabaseId,
    writer: Mutex<Writer>,
    handles: HandleCache,
    written: AtomicU64,
    removed: AtomicU64,
}

/// Bytes that came to and went from segment files since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobTraffic {
    /// Bytes of blobs, with their headers.
    pub written: u64,
    /// Bytes of files that were removed.
    pub removed: u64,
}

impl LocalBlobs {
    /// Opens the folder for reading and writing; makes it durably when it is missing. Writing begins in a new
    /// segment, numbered `next_segment` or later, never in one that exists: that may end in a torn write.
    pub fn open(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: BlobOptions,
        next_segment: u32,
    ) -> Result<Self, BlobError> {
        if !vfs.exists(folder).during("look for", folder)? {
            create_dir_all_durable(&*vfs, folder)?;
        }
        let newest = list_segments(&*vfs, folder)?
            .last()
            .map_or(0, |segment| segment.id);
        let next = newest
            .checked_add(1)
            .ok_or(BlobError::NoSegmentLeft)?
            .max(next_segment)
            .max(1);
        Ok(Self::with(vfs, folder, database, options, next))
    }

    /// Opens the folder for reading. Touches nothing.
    pub fn open_read_only(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: BlobOptions,
    ) -> Self {
        let blobs = Self::with(vfs, folder, database, options, u32::MAX);
        blobs.writer.lock().refusal = Some(BlobError::ReadOnly);
        blobs
    }

    fn with(
        vfs: Arc<dyn Vfs>,
        folder: &Path,
        database: DatabaseId,
        options: BlobOptions,
        next: u32,
    ) -> Self {
        // A location counts units of 8 bytes in 32 bits; no segment may grow beyond that.
        let segment_bytes = options.segment_bytes.min(1 << 34);
        let sizes = (segment_bytes, options.buffer_bytes);
        Self {
            vfs,
            folder: folder.to_path_buf(),
            database,
            writer: Mutex::new(Writer::new(folder, database, sizes, next)),
            handles: HandleCache::new(options.open_files),
            written: AtomicU64::new(0),
            removed: AtomicU64::new(0),
        }
    }

    fn read(
        &self,
        location: &Location,
        path: &Path,
    ) -> Result<([u8; BLOB_HEADER_BYTES], Vec<u8>), BlobError> {
        let (offset, len) = (location.offset_bytes(), location.len as usize);
        let buffered = self
            .writer
            .lock()
            .read_buffered(location, BLOB_HEADER_BYTES + len);
        if let Some(mut blob) = buffered
            && let Some(header) = blob.first_chunk().copied()
        {
            blob.drain(..BLOB_HEADER_BYTES);
            return Ok((header, blob));
        }
        let file = self
            .handles
            .file(&*self.vfs, &self.folder, self.database, location.segment)?;
        // The length comes from a location: it must fit the file before memory is taken for it.
        let end = offset + BLOB_HEADER_BYTES as u64 + len as u64;
        if file.len().during("read", path)? < end {
            return Err(ended(
                std::io::ErrorKind::UnexpectedEof.into(),
                path,
                offset,
            ));
        }
        let mut header = [0; BLOB_HEADER_BYTES];
        file.read_at(&mut header, offset)
            .map_err(|error| ended(error, path, offset))?;
        let mut payload = vec![0; len];
        file.read_at(&mut payload, offset + BLOB_HEADER_BYTES as u64)
            .map_err(|error| ended(error, path, offset))?;
        Ok((header, payload))
    }

    /// The segment that the next blob goes to, if it was begun.
    pub fn open_segment(&self) -> Option<u32> {
        self.writer
            .lock()
            .current
            .as_ref()
            .map(|segment| segment.id)
    }

    /// Ends the segment being written when all of it is durable, so that it can be removed like others.
    pub fn end_segment(&self) {
        self.writer.lock().end_segment();
    }

    /// What came and went so far.
    pub fn traffic(&self) -> BlobTraffic {
        BlobTraffic {
            written: self.written.load(Relaxed),
            removed: self.removed.load(Relaxed),
        }
    }

    #[cfg(test)]
    pub(super) fn open_handles(&self) -> usize {
        self.handles.len()
    }
}

impl BlobStore for LocalBlobs {
    fn put(&self, header: &BlobHeader, payload: &[u8]) -> Result<Location, BlobError> {
        let location = self.writer.lock().put(&*self.vfs, header, payload)?;
        let bytes = (BLOB_HEADER_BYTES + payload.len()) as u64;
        self.written.fetch_add(bytes, Relaxed);
        Ok(location)
    }

    fn get(
        &self,
        location: &Location,
        kind: BlobKind,
        store_id: u64,
    ) -> Result<Vec<u8>, BlobError> {
        let path = segment_path(&self.folder, location.segment);
        let damaged = |found: String| {
            let (path, offset) = (path.clone(), location.offset_bytes());
            BlobError::Damaged {
                path,
                offset,
                found,
            }
        };
        if location.len as usize > MAX_BLOB_BYTES {
            return Err(damaged(format!("no blob has {} bytes", location.len)));
        }
        let (header, payload) = self.read(location, &path)?;
        check_blob(&header, &payload, location, kind, store_id).map_err(damaged)?;
        Ok(payload)
    }

    fn sync(&self) -> Result<(), BlobError> {
        self.writer.lock().sync(&*self.vfs)
    }

    fn publish(&self) {
        self.writer.lock().publish();
    }

    fn discard(&self) {
        let mut writer = self.writer.lock();
        for id in writer.discard() {
            self.handles.forget(id);
            // A file that stays is one that nothing points into; it goes when room is reclaimed.
            let _ = self.vfs.remove_file(&segment_path(&self.folder, id));
        }
    }

    fn segments(&self) -> Result<Vec<SegmentInfo>, BlobError> {
        let writer = self.writer.lock();
        let mut segments = list_segments(&*self.vfs, &self.folder)?;
        for segment in &mut segments {
            match &writer.current {
                Some(current) if current.id == segment.id => segment.bytes = current.len(),
                _ => {}
            }
        }
        Ok(segments)
    }

    fn remove_segment(&self, id: u32) -> Result<(), BlobError> {
        let writer = self.writer.lock();
        match &writer.refusal {
            Some(BlobError::ReadOnly) => return Err(BlobError::ReadOnly),
            _ if writer.is_open(id) => return Err(BlobError::InUse { id }),
            _ => {}
        }
        let path = segment_path(&self.folder, id);
        self.handles.forget(id);
        // For the figures only.
        let bytes = self.vfs.metadata(&path).map_or(0, |metadata| metadata.len);
        self.vfs.remove_file(&path).during("remove", &path)?;
        self.removed.fetch_add(bytes, Relaxed);
        Ok(())
    }

    fn next_segment(&self) -> u32 {
        self.writer.lock().next
    }
}

/// The file of a segment.
pub(super) fn segment_path(folder: &Path, id: u32) -> PathBuf {
    folder.join(segment_name(id))
}

/// The name of a segment's file.
pub fn segment_name(id: u32) -> String {
    format!("{id:0NAME_DIGITS$}{SUFFIX}")
}

fn list_segments(vfs: &dyn Vfs, folder: &Path) -> Result<Vec<SegmentInfo>, BlobError> {
    let mut segments = Vec::new();
    for entry in vfs.read_dir(folder).during("list", folder)? {
        let digits = entry
            .name
            .strip_suffix(SUFFIX)
            .filter(|text| text.len() >= NAME_DIGITS);
        if let (Some(Ok(id)), FileKind::File) = (digits.map(str::parse), entry.kind) {
            let path = folder.join(&entry.name);
            let bytes = vfs.metadata(&path).during("look at", &path)?.len;
            segments.push(SegmentInfo { id, bytes });
        }
    }
    segments.sort_by_key(|segment| segment.id);
    Ok(segments)
}
