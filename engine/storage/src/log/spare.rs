//! Files that are to become segments: made ahead of need, or taken over from segments that were dropped.
//!
//! What a flush costs depends on what the file system knows of the place: space that was written before
//! is overwritten without a word in its journal, space that is only reserved or new is not. So the next
//! segment is filled with zeros while nobody waits, and a dropped one is kept and written over.
//!
//! A spare file has a temporary name: no open reads it, and the next open for writing removes it. It gets
//! a segment's name when its new header is durable. Its old records are none of the new segment, whose
//! identity they lack (see [`super::segment::SegmentHeader::identity`]).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LogError;
use super::buffer::BlockBuffer;
use super::segment::{Segment, SegmentHeader, segment_path};
use crate::vfs::{BLOCK_BYTES, FileError, IoContext, TEMPORARY_SUFFIX, Vfs, VfsFile};

/// The most spare files that are kept.
const MAX_SPARES: usize = 2;
/// Blocks of zeros written at once, and flushed, so that commits get their turn in between.
const ZERO_BLOCKS: usize = (1 << 20) / BLOCK_BYTES;

/// A file that can become a segment.
#[derive(Debug)]
pub(super) struct Spare {
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    pub(super) capacity: u64,
}

/// How the space of a new file is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// Written once with zeros: what small groups like.
    Zeros,
    /// Reserved: what is right when there is no time, and for groups that fill many blocks anyway.
    Reserved,
}

impl Spare {
    /// Makes a file of its own. On an error nothing remains but perhaps a temporary file.
    pub(super) fn make(
        vfs: &dyn Vfs,
        path: PathBuf,
        capacity: u64,
        space: Space,
    ) -> Result<Self, FileError> {
        match fill(vfs, &path, capacity, space) {
            Ok(file) => Ok(Self {
                path,
                file,
                capacity,
            }),
            Err(error) => {
                let _ = vfs.remove_file(&path);
                Err(error)
            }
        }
    }

    /// Takes a segment's file over. Afterwards the log durably begins later.
    pub(super) fn take_over(
        vfs: &dyn Vfs,
        folder: &Path,
        segment: &Segment,
        path: PathBuf,
        capacity: u64,
    ) -> Result<Self, FileError> {
        let file = vfs.open(&segment.path).during("open", &segment.path)?;
        vfs.rename(&segment.path, &path)
            .during("rename to", &path)?;
        // Before anything is written to it: until then a crash may give the segment its name back.
        vfs.sync_dir(folder).during("sync folder", folder)?;
        Ok(Self {
            path,
            file,
            capacity,
        })
    }

    /// Makes it the segment with this header, durably.
    pub(super) fn become_segment(
        self,
        vfs: &dyn Vfs,
        folder: &Path,
        header: &SegmentHeader,
    ) -> Result<(Segment, Arc<dyn VfsFile>), CreateError> {
        let path = segment_path(folder, header.first);
        let named = self
            .file
            .write_durable(&header.encode(), 0)
            .during("write", &self.path)
            .and_then(|()| vfs.rename(&self.path, &path).during("rename to", &path));
        named.map_err(|error| {
            let _ = vfs.remove_file(&self.path);
            CreateError::Before(error)
        })?;
        vfs.sync_dir(folder)
            .during("sync folder", folder)
            .map_err(CreateError::After)?;
        let first = header.first;
        Ok((Segment { first, path }, self.file))
    }
}

/// How the making of a segment failed.
#[derive(Debug)]
pub(super) enum CreateError {
    /// There is no new segment.
    Before(FileError),
    /// The segment may or may not be found by the next open.
    After(FileError),
}

impl From<CreateError> for LogError {
    fn from(error: CreateError) -> Self {
        let (CreateError::Before(error) | CreateError::After(error)) = error;
        error.into()
    }
}

fn fill(
    vfs: &dyn Vfs,
    path: &Path,
    capacity: u64,
    space: Space,
) -> Result<Arc<dyn VfsFile>, FileError> {
    if vfs.exists(path).during("look for", path)? {
        vfs.remove_file(path).during("remove", path)?;
    }
    let file = vfs.create_new(path).during("create", path)?;
    file.allocate(capacity).during("reserve space for", path)?;
    if space == Space::Zeros {
        write_zeros(&*file, 0, capacity).during("write", path)?;
    }
    file.sync_all().during("sync", path)?;
    Ok(file)
}

/// Writes zeros over `from..to`, durably, in steps.
pub(super) fn write_zeros(file: &dyn VfsFile, from: u64, to: u64) -> std::io::Result<()> {
    let zeros = BlockBuffer::zeros(ZERO_BLOCKS.min(to.div_ceil(BLOCK_BYTES as u64) as usize));
    let mut offset = from;
    while offset < to {
        // The first step may be short, so that the others begin at a block.
        let step = zeros.content().len() as u64 - offset % BLOCK_BYTES as u64;
        let len = step.min(to - offset);
        let part = zeros.content().get(..len as usize).unwrap_or_default();
        file.write_durable(part, offset)?;
        offset += len;
    }
    Ok(())
}

/// The spare files of a log.
#[derive(Debug, Default)]
pub(super) struct Spares {
    files: Vec<Spare>,
    made: u64,
    /// Making one ahead failed: it is not tried again before the next segment.
    failed: bool,
}

impl Spares {
    /// A name for the next one.
    pub(super) fn next_path(&mut self, folder: &Path) -> PathBuf {
        self.made += 1;
        folder.join(format!("spare-{}{TEMPORARY_SUFFIX}", self.made))
    }

    /// Takes the smallest one with this capacity.
    pub(super) fn take(&mut self, capacity: u64) -> Option<Spare> {
        self.failed = false;
        let fitting = self.files.iter().enumerate();
        let (at, _) = fitting
            .filter(|(_, spare)| spare.capacity >= capacity)
            .min_by_key(|(_, spare)| spare.capacity)?;
        Some(self.files.swap_remove(at))
    }

    pub(super) fn add(&mut self, spare: Spare) {
        self.files.push(spare);
    }

    pub(super) fn making_failed(&mut self) {
        self.failed = true;
    }

    /// Whether one of this capacity should be made ahead.
    pub(super) fn lacks(&self, capacity: u64) -> bool {
        !self.failed && self.files.iter().all(|spare| spare.capacity < capacity)
    }

    /// Whether another one may be kept.
    pub(super) fn has_room(&self) -> bool {
        self.files.len() < MAX_SPARES
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|spare| spare.capacity).sum()
    }

    /// Removes those that are too small to be wanted any more, or all. What cannot be removed goes at the
    /// next open.
    pub(super) fn remove_below(&mut self, vfs: &dyn Vfs, capacity: u64) {
        self.files.retain(|spare| {
            let kept = spare.capacity >= capacity;
            if !kept {
                let _ = vfs.remove_file(&spare.path);
            }
            kept
        });
    }
}
