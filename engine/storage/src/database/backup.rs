//! Hot copies, and the size of the files.

use std::path::Path;
use std::sync::Arc;

use super::core::Core;
use super::{checkpoint, not_a_database};
use crate::error::{Error, Result};
use crate::log::{CommitLog, Durability, LocalLog, LogOptions};
use crate::options_file::{DatabaseOptions, Folders};
use crate::vfs::{FileKind, IoContext, create_dir_all_durable, write_file_durable};

/// Copies the newest checkpoint, made now when the database can be written, and the commits after it to
/// a missing or empty folder. Files are immutable and none is removed meanwhile, since checkpoints wait.
pub(crate) fn run(core: &Core, to: &Path) -> Result<()> {
    core.check_usable(false)?;
    if core.vfs.exists(to).unwrap_or(false)
        && !core.vfs.read_dir(to).is_ok_and(|names| names.is_empty())
    {
        return Err(not_a_database(
            to,
            "a backup needs a folder that is missing or empty",
        ));
    }
    if core.read_only().is_none() {
        checkpoint::run(core)?;
    }
    let no_checkpoint = core.checkpoint.lock();
    let vfs = core.vfs.as_ref();
    create_dir_all_durable(vfs, to)?;
    // Whatever folders the original uses, a backup has everything in its own.
    let folders = Folders::default();
    for (source, target) in [
        (&core.folders.data, &folders.data),
        (&core.folders.catalog, &folders.catalog),
    ] {
        let (source, target) = (core.path.join(source), to.join(target));
        create_dir_all_durable(vfs, &target)?;
        let names = vfs.read_dir(&source).during("read", &source)?;
        for entry in names.iter().filter(|e| e.kind == FileKind::File) {
            copy(core, &source.join(&entry.name), &target.join(&entry.name))?;
        }
    }
    // Goes on after the checkpoint, also when it is empty: a missing one would be damage.
    let log = LocalLog::create(
        Arc::clone(&core.vfs),
        &to.join(&folders.log),
        core.id,
        LogOptions::default(),
        no_checkpoint.newest + 1,
    )?;
    copy_commits(core, &log, no_checkpoint.newest + 1)?;
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

fn copy(core: &Core, from: &Path, to: &Path) -> Result<()> {
    let bytes = core.vfs.read(from).during("read", from)?;
    Ok(write_file_durable(core.vfs.as_ref(), to, &bytes)?)
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
