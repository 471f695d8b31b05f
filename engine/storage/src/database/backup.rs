//! Hot copies, and the size of the files.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::catalog_payload::CatalogPayload;
use super::checkpoint::{self, Effort, InUse};
use super::core::Core;
use super::not_a_database;
use crate::blob::segment_name;
use crate::catalog::{Catalog, Checkpoint};
use crate::error::{Error, Result};
use crate::log::{CommitLog, Durability, LocalLog, LogOptions};
use crate::options_file::{DatabaseOptions, Folders};
use crate::vfs::{FileKind, IoContext, Vfs, create_dir_all_durable};

/// Bytes that are copied at once.
const COPY_BYTES: u64 = 1 << 20;

/// Hears of the bytes that are copied and of all that are to be, and says whether to go on.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// Keeps all files of the newest checkpoint, and the log after it, while it lives. Checkpoints go on meanwhile.
pub(super) struct Pin<'a>(&'a Core);

impl<'a> Pin<'a> {
    /// Pins the newest checkpoint.
    pub fn new(core: &'a Core) -> Result<(Self, Checkpoint)> {
        let mut state = core.checkpoint.lock();
        let newest = state.catalog.load(state.newest)?;
        state.pins += 1;
        Ok((Self(core), newest))
    }
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        self.0.checkpoint.lock().pins -= 1;
    }
}

/// Copies the newest checkpoint, made now when the database can be written, and the commits after it to
/// a missing or empty folder.
pub(crate) fn run(core: &Core, to: &Path, progress: Progress<'_>) -> Result<()> {
    core.check_usable(false)?;
    let vfs = core.vfs.as_ref();
    let existed = vfs.exists(to).during("look for", to)?;
    if existed && !vfs.read_dir(to).is_ok_and(|names| names.is_empty()) {
        return Err(not_a_database(
            to,
            "a backup needs a folder that is missing or empty",
        ));
    }
    if core.read_only().is_none() {
        // If it fails, the checkpoint before and the log after it are the database as well.
        let _ = checkpoint::run(core, Effort::Usual);
    }
    let (_pin, newest) = Pin::new(core)?;
    copy_all(core, &newest, to, progress).inspect_err(|_| remove_unfinished(vfs, to, existed))
}

/// Whatever folders the original uses, a backup has everything in its own.
fn copy_all(core: &Core, newest: &Checkpoint, to: &Path, progress: Progress<'_>) -> Result<()> {
    let vfs = core.vfs.as_ref();
    let folders = Folders::default();
    create_dir_all_durable(vfs, to)?;
    let (source, target) = (core.path.join(&core.folders.data), to.join(&folders.data));
    create_dir_all_durable(vfs, &target)?;
    let in_use = InUse::new(&CatalogPayload::decode(&newest.payload)?).total();
    let names: Vec<String> = in_use
        .segments()
        .keys()
        .map(|segment| segment_name(*segment))
        .collect();
    let size = |name: &String| {
        vfs.metadata(&source.join(name))
            .map_or(0, |found| found.len)
    };
    let all = names.iter().map(size).sum();
    let mut copied = 0;
    for name in &names {
        copy_file(vfs, &source.join(name), &target.join(name), &mut |bytes| {
            copied += bytes;
            match progress(copied, all) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Error::Cancelled),
            }
        })?;
    }
    vfs.sync_dir(&target).during("sync folder", &target)?;
    let catalog = Catalog::new(Arc::clone(&core.vfs), &to.join(&folders.catalog), core.id);
    catalog.create()?;
    catalog.store(newest.sequence, &newest.payload)?;
    // Goes on after the checkpoint, also when it is empty: a missing one would be damage.
    let log = LocalLog::create(
        Arc::clone(&core.vfs),
        &to.join(&folders.log),
        core.id,
        LogOptions::default(),
        newest.sequence + 1,
    )?;
    copy_commits(core, &log, newest.sequence + 1)?;
    log.close()?;
    // Last, since it makes the folder a database.
    Ok(DatabaseOptions::new(core.id).store(vfs, to)?)
}

/// Appends the published commits from `first` on, so that a database that cannot make a checkpoint is
/// copied whole too.
fn copy_commits(core: &Core, log: &LocalLog, first: u64) -> Result<()> {
    let last = core.snapshot().sequence;
    if first > last {
        return Ok(());
    }
    for record in core.log.read_from(first)? {
        let (sequence, payload) = record?;
        if sequence > last {
            break;
        }
        log.append_if(sequence, &[&payload], Durability::NoSync)?;
    }
    if log.last_sequence() < last {
        let found = log.last_sequence();
        return Err(Error::corrupt(
            "commit log",
            format!("it ends at commit {found}, the database is at commit {last}"),
        ));
    }
    Ok(())
}

fn copy_file(
    vfs: &dyn Vfs,
    from: &Path,
    to: &Path,
    copied: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<()> {
    let source = vfs.open_read_only(from).during("open", from)?;
    let bytes = source.len().during("read", from)?;
    let target = vfs.create_new(to).during("create", to)?;
    let mut piece = Vec::new();
    for at in (0..bytes).step_by(COPY_BYTES as usize) {
        piece.resize(COPY_BYTES.min(bytes - at) as usize, 0);
        source.read_at(&mut piece, at).during("read", from)?;
        target.write_at(&piece, at).during("write", to)?;
        copied(piece.len() as u64)?;
    }
    Ok(target.sync_all().during("sync", to)?)
}

/// Removes what a backup that failed has made, so that it can be tried again. What stays is no database: the
/// file that makes it one goes first, should it be there.
fn remove_unfinished(vfs: &dyn Vfs, to: &Path, existed: bool) {
    let empty = |folder: &Path| {
        let files = vfs.read_dir(folder).unwrap_or_default();
        for file in files.iter().filter(|entry| entry.kind == FileKind::File) {
            let _ = vfs.remove_file(&folder.join(&file.name));
        }
    };
    empty(to);
    let Folders { log, catalog, data } = Folders::default();
    for folder in [log, catalog, data].map(|name| to.join(name)) {
        empty(&folder);
        let _ = vfs.remove_dir(&folder);
    }
    if !existed {
        let _ = vfs.remove_dir(to);
    }
}

/// Bytes of all files of the database; what cannot be asked for counts nothing.
pub(crate) fn bytes_on_disk(core: &Core) -> u64 {
    let folder_bytes = |folder: &Path| -> u64 {
        let entries = core.vfs.read_dir(folder).unwrap_or_default();
        entries
            .iter()
            .filter(|e| e.kind == FileKind::File)
            .filter_map(|e| core.vfs.metadata(&folder.join(&e.name)).ok())
            .map(|m| m.len)
            .sum()
    };
    let Folders { log, catalog, data } = &core.folders;
    [Path::new(""), log, catalog, data]
        .into_iter()
        .map(|folder| folder_bytes(&core.path.join(folder)))
        .sum()
}
