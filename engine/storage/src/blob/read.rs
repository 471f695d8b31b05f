//! The reading end: a bounded cache of open segment files.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::BlobError;
use super::header::{SEGMENT_HEADER_BYTES, check_segment};
use super::local::segment_path;
use crate::database_id::DatabaseId;
use crate::vfs::{IoContext, Vfs, VfsFile};

/// Open files, the one used last at the end.
#[derive(Debug)]
pub(super) struct HandleCache {
    limit: usize,
    open: Mutex<Vec<(u32, Arc<dyn VfsFile>)>>,
}

impl HandleCache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            open: Mutex::new(Vec::new()),
        }
    }

    /// The open file of a segment. Its header is checked when it is opened.
    pub(super) fn file(
        &self,
        vfs: &dyn Vfs,
        folder: &Path,
        database: DatabaseId,
        id: u32,
    ) -> Result<Arc<dyn VfsFile>, BlobError> {
        if let Some(file) = self.cached(id) {
            return Ok(file);
        }
        let path = segment_path(folder, id);
        let file = match vfs.open_read_only(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BlobError::MissingSegment { path });
            }
            Err(error) => return Err(error).during("open", &path).map_err(BlobError::from),
        };
        let mut header = [0; SEGMENT_HEADER_BYTES];
        file.read_at(&mut header, 0)
            .map_err(|error| ended(error, &path, 0))?;
        check_segment(&header, &path, database, id)?;
        let mut open = self.open.lock();
        if !open.iter().any(|(other, _)| *other == id) {
            if open.len() >= self.limit {
                open.remove(0);
            }
            open.push((id, Arc::clone(&file)));
        }
        Ok(file)
    }

    fn cached(&self, id: u32) -> Option<Arc<dyn VfsFile>> {
        let mut open = self.open.lock();
        let at = open.iter().rposition(|(other, _)| *other == id)?;
        let file = Arc::clone(&open.get(at)?.1);
        // Moving within the last quarter is not worth the copy.
        if at + self.limit / 4 < open.len() {
            let entry = open.remove(at);
            open.push(entry);
        }
        Some(file)
    }

    pub(super) fn forget(&self, id: u32) {
        self.open.lock().retain(|(other, _)| *other != id);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.open.lock().len()
    }
}

/// A read that failed: past the end of the file is damage, everything else is the disk's.
pub(super) fn ended(error: std::io::Error, path: &Path, offset: u64) -> BlobError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        let found = "the file ends here".to_owned();
        return BlobError::Damaged {
            path: path.to_path_buf(),
            offset,
            found,
        };
    }
    match Err::<(), _>(error).during("read", path) {
        Err(error) => error.into(),
        Ok(()) => BlobError::MissingSegment {
            path: path.to_path_buf(),
        },
    }
}
