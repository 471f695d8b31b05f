//! Durable writes past the operating system's cache: one system call where a write and a flush are two.
//!
//! A second handle of the file is opened for this (`O_DIRECT | O_DSYNC`) when it is first needed. The two
//! see the same bytes: the operating system writes back what its cache holds of the place before, and
//! forgets it afterwards. Not every file system can; then, and for data that does not lie at a multiple of
//! a block, the caller writes and flushes as usual.

#![expect(
    clippy::disallowed_types,
    reason = "a part of the one implementation that talks to the operating system"
)]

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::BLOCK_BYTES;

/// The second handle of a file.
#[derive(Debug, Default)]
pub(super) struct Direct {
    file: OnceLock<Option<File>>,
    refused: AtomicBool,
}

impl Direct {
    /// Writes durably. `None`: this cannot be done here, and nothing is known about the place.
    pub(super) fn write(&self, file: &File, data: &[u8], offset: u64) -> Option<io::Result<()>> {
        if !is_aligned(data, offset) || self.refused.load(Ordering::Relaxed) {
            return None;
        }
        let direct = self.file.get_or_init(|| open(file).ok()).as_ref()?;
        match std::os::unix::fs::FileExt::write_all_at(direct, data, offset) {
            // The file system opens files so, but wants other multiples or cannot after all.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                self.refused.store(true, Ordering::Relaxed);
                None
            }
            written => Some(written),
        }
    }
}

fn is_aligned(data: &[u8], offset: u64) -> bool {
    let block = BLOCK_BYTES as u64;
    (data.as_ptr().addr() as u64 | data.len() as u64 | offset).is_multiple_of(block)
}

/// The same file again: by its descriptor, since its name may have changed since it was opened.
#[cfg(target_os = "linux")]
fn open(file: &File) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    let flags = (OFlags::DIRECT | OFlags::DSYNC).bits();
    std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(flags.cast_signed())
        .open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(not(target_os = "linux"))]
fn open(_file: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
