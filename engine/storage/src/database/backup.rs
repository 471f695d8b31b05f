//! Hot copies, and the size of the files.

use std::path::Path;

use super::core::Core;
use super::{checkpoint, not_a_database};
use crate::error::{Error, Result};
use crate::vfs::{FileKind, create_dir_all_durable, write_file_durable};

/// Folders whose files make a backup: checkpoint files and the blobs they point at. The log is not
/// needed, since a checkpoint is made first.
const COPIED_FOLDERS: [&str; 2] = ["data", "catalog"];
const OPTIONS_FILE: &str = "dboptions.json";

fn io(operation: String) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { operation, source }
}

/// Copies the newest checkpoint, made now when the database can be written, to a missing or empty
/// folder. Files are immutable and none is removed meanwhile, since checkpoints wait.
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
    let _no_checkpoint = core.checkpoint.lock();
    let vfs = core.vfs.as_ref();
    let make = |folder: &Path| {
        create_dir_all_durable(vfs, folder).map_err(|e| Error::Io {
            operation: format!("creating {}", folder.display()),
            source: std::io::Error::other(e.to_string()),
        })
    };
    make(to)?;
    for folder in COPIED_FOLDERS {
        let target = to.join(folder);
        make(&target)?;
        let source = core.path.join(folder);
        let names = vfs
            .read_dir(&source)
            .map_err(io(format!("reading {}", source.display())))?;
        for entry in names.iter().filter(|e| e.kind == FileKind::File) {
            copy(core, &source.join(&entry.name), &target.join(&entry.name))?;
        }
    }
    // Last, since it makes the folder a database.
    copy(core, &core.path.join(OPTIONS_FILE), &to.join(OPTIONS_FILE))
}

fn copy(core: &Core, from: &Path, to: &Path) -> Result<()> {
    let bytes = core
        .vfs
        .read(from)
        .map_err(io(format!("reading {}", from.display())))?;
    write_file_durable(core.vfs.as_ref(), to, &bytes).map_err(|e| Error::Io {
        operation: format!("writing {}", to.display()),
        source: std::io::Error::other(e.to_string()),
    })
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
    ["", "data", "catalog", "log"]
        .iter()
        .map(|folder| folder_bytes(&core.path.join(folder)))
        .sum()
}
