//! The state of the simulated file system: files, names, what is durable and what is pending.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Fault, Operation, OperationKind};
use crate::vfs::{DirEntry, FileKind, Metadata};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(u64),
    Directory,
}

/// All names, by normal path. The root is not listed.
pub(super) type Names = BTreeMap<PathBuf, Entry>;

/// A change of one file that a sync makes durable.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: u64, data: Vec<u8> },
    SetLen(u64),
    Grow(u64),
}

impl Change {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => write(content, *offset, data),
            Self::SetLen(len) => content.resize(*len as usize, 0),
            Self::Grow(len) => content.resize(content.len().max(*len as usize), 0),
        }
    }

    /// The length of a file of `len` bytes afterwards.
    fn new_len(&self, len: u64) -> u64 {
        match self {
            Self::Write { offset, data } => len.max(offset.saturating_add(data.len() as u64)),
            Self::SetLen(len) => *len,
            Self::Grow(new_len) => len.max(*new_len),
        }
    }

    /// What of it fits when a file of `len` bytes can grow by `room`. A write stores what it can.
    fn fitting(self, len: u64, room: u64) -> Option<Self> {
        match self {
            Self::Write { offset, mut data } => {
                let fits = len.saturating_add(room).saturating_sub(offset);
                data.truncate(usize::try_from(fits).unwrap_or(usize::MAX));
                (!data.is_empty()).then_some(Self::Write { offset, data })
            }
            Self::SetLen(_) | Self::Grow(_) => None,
        }
    }
}

pub(super) fn write(content: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let start = offset as usize;
    let end = start.saturating_add(data.len());
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(target) = content.get_mut(start..end) {
        target.copy_from_slice(data);
    }
}

/// A file's content: as the process sees it, as the disk holds it, and the difference. After a failed
/// flush that lost data `current` is more than `durable` with `pending` applied.
#[derive(Clone, Debug, Default)]
pub(super) struct SimInode {
    pub(super) current: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

/// A change of names in one folder. All its parts survive a crash or none.
#[derive(Clone, Debug)]
pub(super) struct NameChange {
    pub(super) folder: PathBuf,
    pub(super) parts: Vec<(PathBuf, Option<Entry>)>,
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut Names) {
        for (path, entry) in &self.parts {
            match entry {
                Some(entry) => names.insert(path.clone(), *entry),
                None => names.remove(path),
            };
        }
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) operations: Vec<Operation>,
    pub(super) crash_at: Option<u64>,
    pub(super) faults: BTreeMap<u64, Fault>,
    pub(super) files: BTreeMap<u64, SimInode>,
    pub(super) next_file: u64,
    pub(super) names: Names,
    pub(super) durable_names: Names,
    pub(super) pending_names: Vec<NameChange>,
    pub(super) locks: BTreeSet<u64>,
    /// Bytes that the files can still grow by.
    pub(super) free_space: u64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            operations: Vec::new(),
            crash_at: None,
            faults: BTreeMap::new(),
            files: BTreeMap::new(),
            next_file: 1,
            names: Names::new(),
            durable_names: Names::new(),
            pending_names: Vec::new(),
            locks: BTreeSet::new(),
            free_space: 1 << 40,
        }
    }
}

/// What happens with an operation.
enum Step {
    Go,
    /// The process dies here: the effect is pending, the caller sees an error.
    LastBreath,
    Fail(Fault),
}

impl World {
    pub(super) fn operation_count(&self) -> u64 {
        self.operations.len() as u64
    }

    pub(super) fn dead(&self) -> bool {
        self.crash_at.is_some_and(|at| self.operation_count() >= at)
    }

    pub(super) fn alive(&self) -> io::Result<()> {
        if self.dead() {
            Err(power_cut())
        } else {
            Ok(())
        }
    }

    /// Numbers an operation and says how it goes.
    fn begin(&mut self, kind: OperationKind, path: &Path) -> io::Result<Step> {
        self.alive()?;
        let number = self.operation_count() + 1;
        self.operations.push(Operation {
            number,
            kind,
            path: path.to_path_buf(),
        });
        if self.crash_at == Some(number) {
            return Ok(Step::LastBreath);
        }
        Ok(self
            .faults
            .get(&number)
            .map_or(Step::Go, |fault| Step::Fail(*fault)))
    }

    pub(super) fn entry(&self, path: &Path) -> Option<Entry> {
        if path == Path::new("/") {
            return Some(Entry::Directory);
        }
        self.names.get(path).copied()
    }

    pub(super) fn file_id(&self, path: &Path) -> io::Result<u64> {
        match self.entry(path) {
            Some(Entry::File(id)) => Ok(id),
            Some(Entry::Directory) => Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                path.display().to_string(),
            )),
            None => Err(not_found(path)),
        }
    }

    pub(super) fn file(&self, id: u64) -> io::Result<&SimInode> {
        self.files
            .get(&id)
            .ok_or_else(|| io::Error::other("no such file in the simulation"))
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<u64> {
        self.alive()?;
        self.file_id(path)
    }

    pub(super) fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.alive()?;
        match self.entry(path) {
            Some(Entry::File(id)) => Ok(Metadata {
                kind: FileKind::File,
                len: self.file(id)?.current.len() as u64,
            }),
            Some(Entry::Directory) => Ok(Metadata {
                kind: FileKind::Directory,
                len: 0,
            }),
            None => Err(not_found(path)),
        }
    }

    /// Numbers the operation, checks it, and changes the names.
    fn change_names(
        &mut self,
        kind: OperationKind,
        path: &Path,
        check: impl FnOnce(&mut Self) -> io::Result<Vec<(PathBuf, Option<Entry>)>>,
    ) -> io::Result<()> {
        let step = self.begin(kind, path)?;
        if let Step::Fail(fault) = step {
            return Err(fault.error());
        }
        let folder = folder_of(path);
        if self.entry(&folder) != Some(Entry::Directory) {
            return Err(not_found(&folder));
        }
        let change = NameChange {
            folder,
            parts: check(self)?,
        };
        let room = self.used_space() + self.free_space;
        change.apply(&mut self.names);
        self.free_space = room.saturating_sub(self.used_space());
        self.pending_names.push(change);
        if matches!(step, Step::LastBreath) {
            Err(power_cut())
        } else {
            Ok(())
        }
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        let id = self.next_file;
        self.change_names(OperationKind::Create, path, |world| {
            world.must_be_free(path)?;
            world.next_file += 1;
            world.files.insert(id, SimInode::default());
            Ok(vec![(path.to_path_buf(), Some(Entry::File(id)))])
        })?;
        Ok(id)
    }

    fn must_be_free(&self, path: &Path) -> io::Result<()> {
        match self.entry(path) {
            None => Ok(()),
            Some(_) => Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                path.display().to_string(),
            )),
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.change_names(OperationKind::Rename, to, |world| {
            let id = world.file_id(from)?;
            if world.entry(to) == Some(Entry::Directory) {
                return Err(io::Error::new(
                    io::ErrorKind::IsADirectory,
                    to.display().to_string(),
                ));
            }
            Ok(vec![
                (from.to_path_buf(), None),
                (to.to_path_buf(), Some(Entry::File(id))),
            ])
        })
    }

    pub(super) fn hard_link(&mut self, existing: &Path, new: &Path) -> io::Result<()> {
        self.change_names(OperationKind::Link, new, |world| {
            world.must_be_free(new)?;
            Ok(vec![(
                new.to_path_buf(),
                Some(Entry::File(world.file_id(existing)?)),
            )])
        })
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.change_names(OperationKind::Unlink, path, |world| {
            world.file_id(path)?;
            Ok(vec![(path.to_path_buf(), None)])
        })
    }

    pub(super) fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        self.change_names(OperationKind::RemoveDir, path, |world| {
            if world.entry(path) != Some(Entry::Directory) {
                return Err(not_found(path));
            }
            if world.names.keys().any(|name| name.parent() == Some(path)) {
                return Err(io::Error::new(
                    io::ErrorKind::DirectoryNotEmpty,
                    path.display().to_string(),
                ));
            }
            Ok(vec![(path.to_path_buf(), None)])
        })
    }

    pub(super) fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for folder in above {
            match self.entry(folder) {
                Some(Entry::Directory) => {}
                Some(Entry::File(_)) => {
                    let message = folder.display().to_string();
                    return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
                }
                None => self.change_names(OperationKind::MakeDir, folder, |_| {
                    Ok(vec![(folder.to_path_buf(), Some(Entry::Directory))])
                })?,
            }
        }
        self.alive()
    }

    pub(super) fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.alive()?;
        if self.entry(path) != Some(Entry::Directory) {
            return Err(not_found(path));
        }
        let inside = self
            .names
            .iter()
            .filter(|(name, _)| name.parent() == Some(path));
        let mut entries: Vec<DirEntry> = inside
            .map(|(name, entry)| DirEntry {
                name: name
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                kind: match entry {
                    Entry::File(_) => FileKind::File,
                    Entry::Directory => FileKind::Directory,
                },
            })
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> io::Result<()> {
        let step = self.begin(OperationKind::SyncDir, path)?;
        if self.entry(path) != Some(Entry::Directory) {
            return Err(not_found(path));
        }
        match step {
            Step::LastBreath => return Err(power_cut()),
            Step::Fail(fault) if fault != (Fault::FailedFlush { keep: true }) => {
                return Err(fault.error());
            }
            Step::Go | Step::Fail(_) => {}
        }
        let (now, later) = self
            .pending_names
            .drain(..)
            .partition(|change| change.folder.as_path() == path);
        self.pending_names = later;
        let now: Vec<NameChange> = now;
        for change in &now {
            change.apply(&mut self.durable_names);
        }
        if let Step::Fail(fault) = step {
            Err(fault.error())
        } else {
            Ok(())
        }
    }

    pub(super) fn change_file(
        &mut self,
        kind: OperationKind,
        path: &Path,
        id: u64,
        mut change: Change,
    ) -> io::Result<()> {
        let step = self.begin(kind, path)?;
        let result = match step {
            Step::Go => Ok(()),
            Step::LastBreath => Err(power_cut()),
            Step::Fail(Fault::ShortWrite) if matches!(change, Change::Write { .. }) => {
                if let Change::Write { data, .. } = &mut change {
                    data.truncate(data.len() / 2);
                }
                Err(Fault::ShortWrite.error())
            }
            Step::Fail(fault) => return Err(fault.error()),
        };
        let len = self.file(id)?.current.len() as u64;
        let new_len = change.new_len(len);
        if new_len.saturating_sub(len) > self.free_space {
            if let Some(part) = change.fitting(len, self.free_space) {
                self.apply(id, part)?;
            }
            return result.and(Err(no_space()));
        }
        self.apply(id, change)?;
        result
    }

    fn apply(&mut self, id: u64, change: Change) -> io::Result<()> {
        let file = self.file_mut(id)?;
        let before = file.current.len() as u64;
        change.apply(&mut file.current);
        let after = file.current.len() as u64;
        file.pending.push(change);
        self.free_space = (self.free_space + before).saturating_sub(after);
        Ok(())
    }

    /// Bytes of all files that have a name.
    pub(super) fn used_space(&self) -> u64 {
        let named: BTreeSet<u64> = self
            .names
            .values()
            .filter_map(|entry| match entry {
                Entry::File(id) => Some(*id),
                Entry::Directory => None,
            })
            .collect();
        let files = named.iter().filter_map(|id| self.files.get(id));
        files.map(|file| file.current.len() as u64).sum()
    }

    fn file_mut(&mut self, id: u64) -> io::Result<&mut SimInode> {
        self.files
            .get_mut(&id)
            .ok_or_else(|| io::Error::other("no such file in the simulation"))
    }

    pub(super) fn sync_file(&mut self, path: &Path, id: u64) -> io::Result<()> {
        let step = self.begin(OperationKind::Sync, path)?;
        let file = self.file_mut(id)?;
        let (keep, result) = match step {
            Step::Go => (true, Ok(())),
            Step::LastBreath => return Err(power_cut()),
            Step::Fail(fault @ Fault::FailedFlush { keep }) => (keep, Err(fault.error())),
            Step::Fail(fault) => return Err(fault.error()),
        };
        for change in std::mem::take(&mut file.pending) {
            if keep {
                change.apply(&mut file.durable);
            }
        }
        result
    }

    pub(super) fn list(&self) -> Vec<(PathBuf, u64)> {
        let files = self.names.iter().filter_map(|(path, entry)| match entry {
            Entry::File(id) => Some((path.clone(), self.file(*id).ok()?.current.len() as u64)),
            Entry::Directory => None,
        });
        files.collect()
    }

    pub(super) fn put(&mut self, path: &Path, content: &[u8]) {
        for folder in path
            .ancestors()
            .skip(1)
            .filter(|folder| folder.parent().is_some())
        {
            self.names.insert(folder.to_path_buf(), Entry::Directory);
            self.durable_names
                .insert(folder.to_path_buf(), Entry::Directory);
        }
        let id = self.next_file;
        self.next_file += 1;
        let content = content.to_vec();
        let file = SimInode {
            current: content.clone(),
            durable: content,
            pending: Vec::new(),
        };
        self.files.insert(id, file);
        self.names.insert(path.to_path_buf(), Entry::File(id));
        self.durable_names
            .insert(path.to_path_buf(), Entry::File(id));
    }

    pub(super) fn flip_bit(&mut self, path: &Path, offset: u64, bit: u8) -> bool {
        let Ok(file) = self.file_id(path).and_then(|id| self.file_mut(id)) else {
            return false;
        };
        let mask = 1_u8 << (bit & 7);
        if let Some(byte) = file.durable.get_mut(offset as usize) {
            *byte ^= mask;
        }
        match file.current.get_mut(offset as usize) {
            Some(byte) => {
                *byte ^= mask;
                true
            }
            None => false,
        }
    }

    pub(super) fn after_process_end(&self) -> Self {
        Self {
            files: self.files.clone(),
            next_file: self.next_file,
            names: self.names.clone(),
            durable_names: self.durable_names.clone(),
            pending_names: self.pending_names.clone(),
            free_space: self.free_space,
            ..Self::default()
        }
    }
}

fn no_space() -> io::Error {
    io::Error::new(
        io::ErrorKind::StorageFull,
        "no space left on the simulated disk",
    )
}

pub(super) fn power_cut() -> io::Error {
    io::Error::other("simulated crash: the process is dead")
}

pub(super) fn not_found(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{} does not exist", path.display()),
    )
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
}

/// The absolute path without `.` and `..`; a relative one starts at the root.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    normal
}
