//! The operating system's file system.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the one implementation that talks to the operating system"
)]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::direct::Direct;
use super::{DirEntry, FileKind, Metadata, Vfs, VfsFile, VfsLock};

/// The operating system's file system, through `std` and a few Unix calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealVfs;

impl Vfs for RealVfs {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(RealFile::shared(file))
    }

    fn open_read_only(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = File::open(path)?;
        Ok(RealFile::shared(file))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(RealFile::shared(file))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        fs::exists(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = fs::metadata(path)?;
        Ok(Metadata {
            kind: kind_of(metadata.file_type()),
            len: metadata.len(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn hard_link(&self, existing: &Path, new: &Path) -> io::Result<()> {
        fs::hard_link(existing, new)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            entries.push(DirEntry {
                name: entry.file_name().to_string_lossy().into_owned(),
                kind: kind_of(entry.file_type()?),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn VfsLock>>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(RealLock { file }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn kind_of(kind: fs::FileType) -> FileKind {
    if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Directory
    } else {
        FileKind::Other
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
    direct: Direct,
}

impl RealFile {
    fn shared(file: File) -> Arc<dyn VfsFile> {
        Arc::new(Self {
            file,
            direct: Direct::default(),
        })
    }
}

impl VfsFile for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn write_durable(&self, data: &[u8], offset: u64) -> io::Result<()> {
        if let Some(written) = self.direct.write(&self.file, data, offset) {
            return written;
        }
        self.file.write_all_at(data, offset)?;
        self.file.sync_data().map_err(super::flush_failed)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<bool> {
        allocate(&self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn allocate(file: &File, len: u64) -> io::Result<bool> {
    use rustix::io::Errno;

    loop {
        return match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len) {
            Ok(()) => Ok(true),
            Err(Errno::INTR) => continue,
            // Not every file system can; the log then grows as it is written.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
            Err(error) => Err(error.into()),
        };
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn allocate(_file: &File, _len: u64) -> io::Result<bool> {
    Ok(false)
}

/// The lock belongs to the open file description: it goes with this value, or with the process.
#[derive(Debug)]
struct RealLock {
    file: File,
}

impl VfsLock for RealLock {
    fn write_content(&self, content: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all_at(content, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::BLOCK_BYTES;
    use super::*;
    use crate::rng::{OsRng, Rng};
    use std::path::PathBuf;

    /// A folder that is removed with everything in it when the test ends.
    struct TestFolder(PathBuf);

    impl TestFolder {
        fn new() -> Self {
            let number = OsRng.next_u64().unwrap();
            let path = std::env::temp_dir().join(format!("sop-test-{number:016x}"));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for TestFolder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_and_names_behave_as_promised() {
        let folder = TestFolder::new();
        let (a, b) = (folder.0.join("x/y/a"), folder.0.join("x/y/b"));
        RealVfs.create_dir_all(&folder.0.join("x/y")).unwrap();
        let file = RealVfs.create_new(&a).unwrap();
        assert_eq!(
            RealVfs.create_new(&a).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        file.write_at(b"hello", 3).unwrap();
        file.sync_data().unwrap();
        assert_eq!(RealVfs.read(&a).unwrap(), b"\0\0\0hello");
        let mut bytes = [0; 2];
        file.read_at(&mut bytes, 6).unwrap();
        assert_eq!(&bytes, b"lo");
        assert_eq!(
            file.read_at(&mut bytes, 7).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        if file.allocate(10_000).unwrap() {
            assert_eq!(file.len().unwrap(), 10_000);
            assert!(file.allocate(5).unwrap());
            assert_eq!(file.len().unwrap(), 10_000);
        }
        file.set_len(4).unwrap();
        file.sync_all().unwrap();
        assert_eq!(
            RealVfs.metadata(&a).unwrap(),
            Metadata {
                kind: FileKind::File,
                len: 4
            }
        );
        RealVfs
            .open_read_only(&a)
            .unwrap()
            .write_at(b"x", 0)
            .unwrap_err();
        RealVfs.hard_link(&a, &b).unwrap();
        assert_eq!(
            RealVfs.hard_link(&a, &b).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        RealVfs.rename(&b, &folder.0.join("x/y/c")).unwrap();
        RealVfs.sync_dir(&folder.0.join("x/y")).unwrap();
        let names = RealVfs.read_dir(&folder.0.join("x/y")).unwrap();
        assert_eq!(
            names.iter().map(|entry| &*entry.name).collect::<Vec<_>>(),
            ["a", "c"]
        );
        RealVfs.remove_file(&a).unwrap();
        assert!(!RealVfs.exists(&a).unwrap());
        RealVfs.remove_dir(&folder.0.join("x/y")).unwrap_err();
        assert!(RealVfs.free_space(&folder.0).unwrap() > 0);
    }

    /// Whole blocks go past the cache where that can be done, the rest does not; nobody sees a difference,
    /// also under another name.
    #[test]
    fn durable_writes_and_usual_ones_see_each_other() {
        let folder = TestFolder::new();
        let (a, b) = (folder.0.join("a"), folder.0.join("b"));
        let file = RealVfs.create_new(&a).unwrap();
        let mut memory = vec![0; 5 * BLOCK_BYTES];
        let start = memory.as_ptr().align_offset(BLOCK_BYTES);
        let mut expected = vec![0; 3 * BLOCK_BYTES];
        file.allocate(expected.len() as u64).unwrap();
        for round in 1..=9_u8 {
            let at = usize::from(round % 3) * BLOCK_BYTES;
            let block = &mut memory[start..start + BLOCK_BYTES];
            block.fill(round);
            file.write_durable(block, at as u64).unwrap();
            expected[at..at + BLOCK_BYTES].fill(round);
            file.write_at(&[round; 3], at as u64 + 9).unwrap();
            file.write_durable(&memory[start..start + 5], at as u64 + 100)
                .unwrap();
            assert_eq!(RealVfs.read(&a).unwrap(), expected, "{round}");
        }
        RealVfs.rename(&a, &b).unwrap();
        file.write_durable(
            &memory[start..start + 2 * BLOCK_BYTES],
            2 * BLOCK_BYTES as u64,
        )
        .unwrap();
        assert_eq!(RealVfs.read(&b).unwrap().len(), 4 * BLOCK_BYTES);
        assert!(!RealVfs.exists(&a).unwrap());
    }

    #[test]
    fn a_lock_is_exclusive_in_one_process_too() {
        let folder = TestFolder::new();
        let path = folder.0.join("lock");
        let held = RealVfs.lock(&path).unwrap().unwrap();
        held.write_content(b"first, and long").unwrap();
        held.write_content(b"me").unwrap();
        assert_eq!(RealVfs.read(&path).unwrap(), b"me");
        assert!(RealVfs.lock(&path).unwrap().is_none());
        drop(held);
        assert!(RealVfs.lock(&path).unwrap().is_some());
    }

    /// The parts together on a real disk: what one life writes the next one finds.
    #[test]
    fn log_blobs_and_catalogue_work_on_a_real_disk() {
        use crate::blob::{BlobHeader, BlobKind, BlobOptions, BlobStore, LocalBlobs};
        use crate::catalog::Catalog;
        use crate::database_id::DatabaseId;
        use crate::log::{CommitLog, Durability, LocalLog, LogOptions};

        let folder = TestFolder::new();
        let vfs: Arc<dyn Vfs> = Arc::new(RealVfs);
        let id = DatabaseId::random(&OsRng).unwrap();
        let sizes = LogOptions {
            first_segment_bytes: 64 << 10,
            max_segment_bytes: 64 << 10,
        };
        let (log_folder, data) = (folder.0.join("log"), folder.0.join("data"));
        let log = LocalLog::create(Arc::clone(&vfs), &log_folder, id, sizes, 1).unwrap();
        for seq in 1..=300_u64 {
            let payload = vec![seq as u8; 500];
            log.append_if(seq, &[&payload], Durability::NoSync).unwrap();
        }
        log.sync().unwrap();
        log.truncate_before(200).unwrap();
        log.close().unwrap();
        let log = LocalLog::open(Arc::clone(&vfs), &log_folder, id, sizes).unwrap();
        assert!(log.first_sequence() > 1);
        let found: Vec<_> = log.read_from(200).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), 101);
        assert!(
            found
                .iter()
                .all(|(seq, payload)| *payload == vec![*seq as u8; 500])
        );

        let options = BlobOptions {
            segment_bytes: 100_000,
            ..BlobOptions::default()
        };
        let blobs = LocalBlobs::open(Arc::clone(&vfs), &data, id, options, 1).unwrap();
        let header = BlobHeader {
            kind: BlobKind::Node,
            store_id: 1,
            blob_id: 2,
            generation: 3,
        };
        let put = |n: u8| blobs.put(&header, &vec![n; 9_000]).unwrap();
        let locations: Vec<_> = (0..50).map(put).collect();
        blobs.sync().unwrap();
        let reader = LocalBlobs::open_read_only(Arc::clone(&vfs), &data, id, options);
        for (n, location) in locations.iter().enumerate() {
            let blob = reader.get(location, BlobKind::Node, 1).unwrap();
            assert_eq!(blob, vec![n as u8; 9_000]);
        }

        let catalog = Catalog::new(vfs, &folder.0.join("catalog"), id);
        catalog.create().unwrap();
        catalog.store(300, b"state").unwrap();
        assert_eq!(
            catalog.load_newest().unwrap().checkpoint.unwrap().payload,
            b"state"
        );
    }
}
