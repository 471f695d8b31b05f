//! The durable patterns that several files share: replace a whole file, make a folder.

use std::io;
use std::path::{Path, PathBuf};

use super::{FileError, IoContext, Vfs};
use crate::seeded::{self, Fault};

/// The ending of a file that is being written and does not count yet.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Replaces (or makes) a whole file so that after a crash at any point the name holds the old content
/// or the new one, and so that the new one is durable when this returns.
///
/// Temporary file, write, sync, rename, sync of the folder. A temporary file left by an earlier crash
/// is replaced. On an error the old content is still there (or, when only the last step failed, either
/// may be there after a crash).
pub fn write_file_durable(vfs: &dyn Vfs, path: &Path, content: &[u8]) -> Result<(), FileError> {
    let temporary = temporary_path(path);
    let outcome = write_temporary(vfs, &temporary, content)
        .and_then(|()| vfs.rename(&temporary, path).during("rename to", path));
    if let Err(error) = outcome {
        // Best effort: whatever stays is removed at the next open, and is never read.
        let _ = vfs.remove_file(&temporary);
        return Err(error);
    }
    let folder = parent(path);
    vfs.sync_dir(folder).during("sync folder", folder)
}

/// Makes a new, synced file of a name that does not count yet; one that is there is replaced.
pub(crate) fn write_temporary(
    vfs: &dyn Vfs,
    temporary: &Path,
    content: &[u8],
) -> Result<(), FileError> {
    match vfs.remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).during("remove", temporary);
        }
        _ => {}
    }
    let file = vfs.create_new(temporary).during("create", temporary)?;
    file.write_at(content, 0).during("write", temporary)?;
    if seeded::is(Fault::SkipFileFlush) {
        return Ok(());
    }
    file.sync_all().during("sync", temporary)
}

/// Creates a folder with the missing ones above it and makes their names durable.
///
/// The names are synced although the folders exist: an earlier process may have made them and died before
/// it could sync. A folder further up that was there and may not be opened for that is not ours.
pub fn create_dir_all_durable(vfs: &dyn Vfs, path: &Path) -> Result<(), FileError> {
    let mut missing: Vec<&Path> = Vec::new();
    for folder in path
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        if vfs.exists(folder).during("look for", folder)? {
            break;
        }
        missing.push(folder);
    }
    if !missing.is_empty() {
        vfs.create_dir_all(path).during("create folder", path)?;
    }
    for folder in path.ancestors().filter(|folder| folder.parent().is_some()) {
        let above = parent(folder);
        match vfs.sync_dir(above) {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && folder != path
                    && !missing.contains(&folder) => {}
            synced => synced.during("sync folder", above)?,
        }
    }
    Ok(())
}

/// Removes what [`write_file_durable`] left in a folder when a crash cut it short.
pub fn remove_temporary_files(vfs: &dyn Vfs, folder: &Path) -> Result<(), FileError> {
    for entry in vfs.read_dir(folder).during("list", folder)? {
        if entry.name.ends_with(TEMPORARY_SUFFIX) {
            let path = folder.join(&entry.name);
            vfs.remove_file(&path).during("remove", &path)?;
        }
    }
    Ok(())
}

/// The name under which `path` is written before it counts.
pub(crate) fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(TEMPORARY_SUFFIX);
    PathBuf::from(name)
}

/// The folder of a file; `.` for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimVfs;
    use super::super::sim::CrashPolicy;
    use super::*;

    #[test]
    fn a_replaced_file_is_old_or_new_at_every_crash_point() {
        let path = Path::new("/a/b/file");
        for policy in CrashPolicy::samples(7) {
            for operation in 1.. {
                let vfs = SimVfs::new();
                create_dir_all_durable(&vfs, parent(path)).unwrap();
                write_file_durable(&vfs, path, b"old").unwrap();
                vfs.crash_at(vfs.operations() + operation);
                let outcome = write_file_durable(&vfs, path, b"the new content");
                let found = vfs.after_crash(policy).read(path).unwrap();
                if outcome.is_ok() {
                    assert_eq!(found, b"the new content");
                    break;
                }
                assert!(
                    found == b"old" || found == b"the new content",
                    "{policy:?} {operation}"
                );
            }
        }
    }

    #[test]
    fn an_error_leaves_the_old_content_and_no_temporary_file() {
        let vfs = SimVfs::new();
        let path = Path::new("/file");
        write_file_durable(&vfs, path, b"old").unwrap();
        vfs.fail_at(vfs.operations() + 3, super::super::sim::Fault::Enospc);
        let error = write_file_durable(&vfs, path, b"new").unwrap_err();
        assert!(error.to_string().contains("/file.tmp"), "{error}");
        assert_eq!(vfs.read(path).unwrap(), b"old");
        assert_eq!(vfs.list().len(), 1);
    }
}
