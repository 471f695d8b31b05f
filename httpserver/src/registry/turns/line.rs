//! Who is next at a database that several processes take turns at: a file in its folder that the next one locks.
//!
//! Always: the lock is the operating system's, not the file's being there, so it ends with its process; nobody ever waits
//! for it, so a process that was stopped holds up no other for long: who waits for long calls, by writing something else into
//! another file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::registry::MARK;

/// The file. Its name begins like that of the options, since a folder with any other file is taken for no database while
/// one is being made in it.
pub(in crate::registry) const FILE: &str = "dboptions.json.next";
/// What those who wait for long write into.
pub(in crate::registry) const CALL_FILE: &str = "dboptions.json.waiting";
/// Between two calls.
const CALL_EVERY: Duration = Duration::from_millis(20);

/// One's place before a database.
pub(super) struct Line {
    folder: PathBuf,
    file: Option<File>,
    is_next: bool,
    called: Option<Instant>,
    heard: Option<Vec<u8>>,
}

impl Line {
    pub fn before(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: None,
            is_next: false,
            called: None,
            heard: None,
        }
    }

    /// Whether this one is next, which it stays until it leaves. Where there can be no line everybody is.
    pub fn join(&mut self) -> bool {
        self.is_next = self.is_next || !matches!(self.try_lock(true), Some(false));
        self.is_next
    }

    /// Whether somebody is next; for who has the database, and is in no line.
    pub fn is_waited_in(&mut self) -> bool {
        // Nobody is in line where there is no file yet.
        match self.try_lock(false) {
            Some(true) => {
                self.leave();
                false
            }
            Some(false) => true,
            None => false,
        }
    }

    /// Says that somebody waits, whoever is next.
    pub fn call(&mut self) {
        let lately = self.called.is_some_and(|at| at.elapsed() < CALL_EVERY);
        if lately || !self.is_database() {
            return;
        }
        let now = Instant::now();
        self.called = Some(now);
        // It only has to be another one than before.
        let words = format!("{} {now:?}", std::process::id());
        let _ = std::fs::write(self.folder.join(CALL_FILE), words);
    }

    /// Whether somebody called since this was last asked.
    pub fn is_called(&mut self) -> bool {
        let words = std::fs::read(self.folder.join(CALL_FILE)).ok();
        let is_new = words != self.heard;
        self.heard = words;
        is_new
    }

    /// Lets another one be next.
    pub fn leave(&mut self) {
        self.is_next = false;
        if let Some(file) = &self.file
            && file.unlock().is_err()
        {
            // It ends with the file's handle.
            self.file = None;
        }
    }

    /// Whether the lock was free, and is this one's now; none when nobody can tell.
    fn try_lock(&mut self, makes: bool) -> Option<bool> {
        if self.file.is_none() {
            self.file = self.open(makes);
        }
        match self.file.as_ref()?.try_lock() {
            Ok(()) => Some(true),
            Err(TryLockError::WouldBlock) => Some(false),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "there is no line before the system database");
                None
            }
        }
    }

    fn open(&self, makes: bool) -> Option<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).truncate(false);
        // A folder of somebody else's files gets none.
        options.create(makes && (self.is_database() || is_empty(&self.folder)));
        options.open(self.folder.join(FILE)).ok()
    }

    fn is_database(&self) -> bool {
        self.folder.join(MARK).exists()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_next && self.file.is_some() && !self.is_database() {
            // Nothing came of it: the folder is left as it was found.
            let _ = std::fs::remove_file(self.folder.join(FILE));
        }
    }
}

/// Whether nothing is in a folder but what making a database begins with.
fn is_empty(folder: &Path) -> bool {
    let Ok(mut found) = std::fs::read_dir(folder) else {
        return false;
    };
    found.all(|entry| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name == "lock" || name.starts_with(MARK)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_next_and_who_has_it_sees_that() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MARK), "{}").unwrap();
        let line = || Line::before(folder.path());
        let (mut holder, mut first, mut second) = (line(), line(), line());
        assert!(!holder.is_waited_in());
        assert!(first.join() && first.join());
        assert!(!second.join());
        assert!(holder.is_waited_in());
        drop(first);
        assert!(second.join());
        second.leave();
        assert!(!holder.is_waited_in());
        // It only looked.
        assert!(second.join());
        holder.is_called();
        assert!(!holder.is_called());
        second.call();
        assert!(holder.is_called() && !holder.is_called());
    }

    #[test]
    fn a_folder_that_is_no_database_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let mut line = Line::before(folder.path());
        assert!(line.join());
        assert_eq!(names(), 1);
        drop(line);
        assert_eq!(names(), 0);
        std::fs::write(folder.path().join("letter.txt"), "mine").unwrap();
        let mut line = Line::before(folder.path());
        assert!(line.join(), "without a line everybody is next");
        assert_eq!(names(), 1);
        assert!(Line::before(&folder.path().join("nowhere")).join());
    }
}
