//! One writer at a time: an exclusive lock on the file `lock` of the database's folder.
//!
//! The operating system holds the lock, not the file's existence: it ends with the process, however
//! that ends, so there is nothing to clean up after a crash. The content says who holds it and is only
//! for messages. The file is never removed: a second process could otherwise lock a file that has lost
//! its name. Opening for reading takes no lock.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::vfs::{FileError, IoContext, Vfs, VfsLock};

/// The name of the file in the database's folder.
pub const LOCK_FILE: &str = "lock";

/// Who has a database open for writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Process id on its host.
    pub pid: u32,
    /// Name of the host; empty when it is not known.
    pub host: String,
    /// When the database was opened, in milliseconds since 1970 UTC.
    pub since_unix_ms: u64,
}

impl LockHolder {
    /// This process, now.
    pub fn current(clock: &dyn Clock) -> Self {
        Self {
            pid: std::process::id(),
            host: host_name(),
            since_unix_ms: clock.now_unix_ms(),
        }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if !self.host.is_empty() {
            write!(f, " on {}", self.host)?;
        }
        write!(f, " since {}", UtcTime(self.since_unix_ms))
    }
}

/// What can go wrong with the lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Someone else has the database open for writing.
    #[error(
        "the database is open for writing already ({}: {}); close it there or open it for reading",
        path.display(), holder.as_ref().map_or("by an unknown process".to_owned(), ToString::to_string)
    )]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who, when the file says so.
        holder: Option<LockHolder>,
    },
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] FileError),
}

/// The right to write to a database. It ends when this is dropped.
#[derive(Debug)]
pub struct DatabaseLock {
    // Only held: dropping it gives the lock back.
    _lock: Box<dyn VfsLock>,
}

impl DatabaseLock {
    /// Takes the lock or fails at once with `Held`.
    pub fn acquire(vfs: &dyn Vfs, folder: &Path, holder: &LockHolder) -> Result<Self, LockError> {
        let path = folder.join(LOCK_FILE);
        let Some(lock) = vfs.lock(&path).during("lock", &path)? else {
            // The holder may be writing its name just now; then nobody is named.
            let content = vfs.read(&path).unwrap_or_default();
            return Err(LockError::Held {
                path,
                holder: serde_json::from_slice(&content).ok(),
            });
        };
        let content = serde_json::to_vec(holder).unwrap_or_default();
        lock.write_content(&content).during("write", &path)?;
        Ok(Self { _lock: lock })
    }
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    String::new()
}

/// Milliseconds since 1970 as `2026-01-31T12:00:00Z`.
struct UtcTime(u64);

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        // Days to a date by Howard Hinnant's `civil_from_days`, for days from 1970 on.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::SimVfs;
    use crate::vfs::sim::CrashPolicy;

    fn holder() -> LockHolder {
        LockHolder {
            pid: 4711,
            host: "somewhere".into(),
            since_unix_ms: 1_709_210_096_789,
        }
    }

    #[test]
    fn a_second_writer_is_refused_and_told_who_holds_the_lock() {
        let vfs = SimVfs::new();
        let lock = DatabaseLock::acquire(&vfs, Path::new("/"), &holder()).unwrap();
        let error = DatabaseLock::acquire(&vfs, Path::new("/"), &holder()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the database is open for writing already (/lock: process 4711 on somewhere since \
             2024-02-29T12:34:56Z); close it there or open it for reading"
        );
        drop(lock);
        DatabaseLock::acquire(&vfs, Path::new("/"), &holder()).unwrap();
    }

    #[test]
    fn a_crash_frees_the_lock_and_strange_content_does_not_matter() {
        let vfs = SimVfs::new();
        let _lock = DatabaseLock::acquire(&vfs, Path::new("/"), &holder()).unwrap();
        let after = vfs.after_crash(CrashPolicy::KeepUnsynced);
        after.put(Path::new("/lock"), b"{");
        let _held = after.lock(Path::new("/lock")).unwrap();
        let error = DatabaseLock::acquire(&after, Path::new("/"), &holder()).unwrap_err();
        assert!(
            matches!(error, LockError::Held { holder: None, .. }),
            "{error}"
        );
    }

    #[test]
    fn dates_are_right_at_their_edges() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(UtcTime(ms).to_string(), text);
        }
    }
}
