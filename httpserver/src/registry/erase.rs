//! Deletes the files of a database, and only those: a folder may hold other people's files.

use std::io;
use std::path::Path;

use super::MARK;
use super::turns::{CALL_FILE, LINE_FILE};
use crate::error::{ApiError, ApiResult, Code};

/// What a database consists of, beside its mark.
const PARTS: [&str; 6] = ["log", "catalog", "data", "lock", LINE_FILE, CALL_FILE];

/// Deletes the database in `folder`, and the folder when nothing else is in it. The mark goes
/// first, so that a half-deleted folder is not taken for a damaged database.
pub(super) fn erase(folder: &Path) -> ApiResult<()> {
    let mut result = remove(&folder.join(MARK));
    for part in PARTS {
        if result.is_ok() {
            result = remove(&folder.join(part));
        }
    }
    match result.and_then(|()| std::fs::remove_dir(folder)) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        Err(error) => {
            let detail = format!(
                "The database is off the list, but files in '{}' could not be deleted: {error}.",
                folder.display()
            );
            Err(ApiError::new(Code::StorageError, detail))
        }
    }
}

/// Removes a file, or a folder with all that is in it; links are removed, not followed.
fn remove(path: &Path) -> io::Result<()> {
    let result = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_stay() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("db");
        std::fs::create_dir_all(folder.join("log/1")).unwrap();
        std::fs::write(folder.join(MARK), "{}").unwrap();
        std::fs::write(folder.join("letter.txt"), "mine").unwrap();
        erase(&folder).unwrap();
        let left: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|f| f.unwrap().file_name())
            .collect();
        assert_eq!(left, ["letter.txt"]);
        std::fs::remove_file(folder.join("letter.txt")).unwrap();
        erase(&folder).unwrap();
        assert!(!folder.exists());
    }
}
