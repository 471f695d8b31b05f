//! Entries of the audit on their way into the system database, and those that it did not take yet.
//!
//! Always: an entry is written once, with the time at which it was made; what is kept is bounded, and what goes beyond that is
//! said in the log with its number.

use std::thread::sleep;
use std::time::{Duration, Instant};

use sop_systemdb::system::{AuditEntry, RunRecord, time_text};

use super::Opener;
use crate::error::{ApiError, Code};

/// Most that are kept.
const MOST: usize = 10_000;
/// Most bytes of what they say.
const MOST_BYTES: usize = 64 << 20;
/// Those of one transaction.
const TOGETHER: usize = 1_000;
/// After a try that was of no use nothing that comes is a reason for another one.
const PAUSE: Duration = Duration::from_secs(1);
/// Between the last tries.
const SHORT_PAUSE: Duration = Duration::from_millis(100);

/// What is to be written.
#[derive(Default)]
pub(super) struct Unwritten {
    entries: Vec<AuditEntry>,
    runs: Vec<RunRecord>,
    /// How many of each could not be written when it was last tried; only these were weighed.
    kept: (usize, usize),
    bytes: usize,
    failed: Option<Instant>,
    lost: usize,
}

impl Unwritten {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.runs.is_empty()
    }

    pub fn add(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    pub fn add_run(&mut self, run: RunRecord) {
        self.runs.push(run);
    }

    /// Writes all, or keeps what cannot be written for now. When nobody asked for it, what failed a moment ago is not tried.
    pub fn write(&mut self, opener: &Opener, is_asked: bool) {
        let lately = self.failed.is_some_and(|at| at.elapsed() < PAUSE);
        if self.is_empty() {
            return;
        }
        if lately && !is_asked {
            return self.keep();
        }
        let count = self.entries.len() + self.runs.len();
        match self.try_write(opener) {
            Ok(()) => {
                if self.failed.take().is_some() {
                    tracing::info!(count, "audit entries that waited are written");
                }
                (self.kept, self.bytes) = ((0, 0), 0);
            }
            Err(error) if is_for_now(error.code()) => {
                if self.failed.replace(Instant::now()).is_none() {
                    tracing::warn!(%error, "audit entries wait until they can be written");
                }
                self.keep();
            }
            Err(error) => {
                let count = self.entries.len() + self.runs.len();
                tracing::error!(%error, count, "audit entries were not written");
                *self = Self::default();
            }
        }
    }

    /// The same until it is done or the time is over; then the log says how many are lost.
    pub fn write_by(&mut self, opener: &Opener, deadline: Instant) {
        loop {
            self.write(opener, true);
            if self.is_empty() {
                return;
            }
            if Instant::now() >= deadline {
                break;
            }
            sleep(SHORT_PAUSE);
        }
        let count = self.entries.len() + self.runs.len();
        tracing::error!(
            count,
            "audit entries were lost: the program ends and they cannot be written"
        );
        *self = Self::default();
    }

    fn try_write(&mut self, opener: &Opener) -> Result<(), ApiError> {
        let system = opener()?;
        while !self.entries.is_empty() {
            let some = self.entries.len().min(TOGETHER);
            system.audit(self.entries.get(..some).unwrap_or_default())?;
            self.entries.drain(..some);
        }
        while !self.runs.is_empty() {
            let some = self.runs.len().min(TOGETHER);
            system.add_runs(self.runs.get(..some).unwrap_or_default())?;
            self.runs.drain(..some);
        }
        Ok(())
    }

    /// Says when they were made, and lets go of what is too much.
    fn keep(&mut self) {
        let now = time_text(sop::Clock::now_unix_ms(&sop::SystemClock::new()));
        let (entries, runs) = self.kept;
        for entry in self.entries.iter_mut().skip(entries) {
            self.bytes += weight(&entry.detail);
            if entry.at.is_empty() {
                entry.at.clone_from(&now);
            }
        }
        for run in self.runs.iter_mut().skip(runs) {
            self.bytes += run.args.values().map(weight).sum::<usize>();
            if run.at.is_empty() {
                run.at.clone_from(&now);
            }
        }
        let mut lost = 0;
        while self.entries.len() + self.runs.len() > MOST || self.bytes > MOST_BYTES {
            // The newest goes: the first ones say what it began with.
            if let Some(entry) = self.entries.pop() {
                self.bytes = self.bytes.saturating_sub(weight(&entry.detail));
            } else if let Some(run) = self.runs.pop() {
                let bytes = run.args.values().map(weight).sum();
                self.bytes = self.bytes.saturating_sub(bytes);
            } else {
                break;
            }
            lost += 1;
        }
        self.kept = (self.entries.len(), self.runs.len());
        if lost > 0 {
            self.lost += lost;
            tracing::error!(
                lost,
                all = self.lost,
                "audit entries were lost: too many wait to be written"
            );
        }
    }
}

/// Whether it may be written later.
fn is_for_now(code: Code) -> bool {
    matches!(
        code,
        Code::DatabaseLocked | Code::StorageError | Code::ReadOnly
    )
}

fn weight(value: &serde_json::Value) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use sop_systemdb::system::{Held, Source, System, SystemError};

    use super::*;

    /// A database that another server has for a while.
    #[derive(Debug)]
    struct Lent {
        database: sop::Database,
        is_away: Mutex<bool>,
    }

    impl Source for Lent {
        fn database(&self, mode: sop::Mode) -> sop_systemdb::system::Result<Held> {
            if *self.is_away.lock() {
                let holder = "process 7".to_owned();
                return Err(SystemError::Busy { holder });
            }
            self.database.database(mode)
        }
    }

    fn lent(folder: &tempfile::TempDir) -> (Arc<Lent>, System, Opener) {
        let database = sop::Database::open(folder.path()).unwrap();
        System::open(database.clone()).unwrap();
        let lent = Arc::new(Lent {
            database,
            is_away: Mutex::new(true),
        });
        let system = System::over(Arc::clone(&lent) as Arc<dyn Source>);
        let given = system.clone();
        (lent, system, Arc::new(move || Ok(given.clone())))
    }

    fn entry(what: usize) -> AuditEntry {
        AuditEntry {
            what: what.to_string(),
            ..AuditEntry::default()
        }
    }

    #[test]
    fn what_cannot_be_written_now_is_written_later_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (lent, system, opener) = lent(&folder);
        let mut unwritten = Unwritten::default();
        unwritten.add(entry(1));
        unwritten.write(&opener, false);
        let made = unwritten.entries[0].at.clone();
        assert!(!made.is_empty());
        unwritten.add(entry(2));
        *lent.is_away.lock() = false;
        // It was tried just now.
        unwritten.write(&opener, false);
        assert_eq!(unwritten.entries.len(), 2);
        unwritten.write(&opener, true);
        assert!(unwritten.is_empty() && unwritten.failed.is_none() && unwritten.bytes == 0);
        let written = system.audited_after(0, 10).unwrap();
        let whats: Vec<_> = written.iter().map(|(_, entry)| &*entry.what).collect();
        assert_eq!(whats, ["1", "2"]);
        assert_eq!(written[0].1.at, made);
    }

    #[test]
    fn only_so_many_are_kept_and_the_first_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (lent, system, opener) = lent(&folder);
        let mut unwritten = Unwritten::default();
        for number in 0..MOST + 5 {
            unwritten.add(entry(number));
        }
        unwritten.write(&opener, false);
        assert_eq!((unwritten.entries.len(), unwritten.lost), (MOST, 5));
        *lent.is_away.lock() = false;
        unwritten.write_by(&opener, Instant::now());
        let last = system.audited(None, 1).unwrap().remove(0);
        assert_eq!((last.0, &*last.1.what), (MOST as u64, "9999"));
    }

    #[test]
    fn the_end_gives_up_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let (lent, system, opener) = lent(&folder);
        let mut unwritten = Unwritten::default();
        unwritten.add(entry(1));
        unwritten.write_by(&opener, Instant::now());
        assert!(unwritten.is_empty());
        *lent.is_away.lock() = false;
        assert_eq!(system.audited(None, 1).unwrap(), []);
    }
}
