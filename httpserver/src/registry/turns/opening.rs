//! Opening the database for writing, when it is one's turn.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use sop::{Mode, OpenOptions};
use sop_systemdb::system::{Result, System, SystemError};

use super::Inner;
use super::line::Line;
use crate::error::sentence;
use crate::registry::{Lease, MARK};

/// The log is read at each opening that does not follow a closing, and what is unsaved is written at each closing.
const CHECKPOINT_LOG_BYTES: u64 = 4 << 20;
/// Each turn begins a file of its own; more than an eighth of this is not left to garbage.
const SEGMENT_BYTES: u64 = 8 << 20;
/// Who is next but does nothing was stopped: after so long others try, too, and call.
const LONGEST_NEXT: Duration = Duration::from_millis(200);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(4);
/// The same for one who has waited for long already, so that it is most likely the next one.
const SHORT_PAUSE: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_millis(250);
/// A store that every system database has.
const FIRST_STORE: &str = "scripts";

/// What became of it.
pub(super) enum Outcome {
    Taken(Taken),
    /// It is open elsewhere.
    Held(String),
}

/// An opening.
pub(super) struct Taken {
    pub lease: Arc<Lease>,
    /// False when it is damaged, and can only be read.
    pub writes: bool,
    pub line: InLine,
}

/// How it was in line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InLine {
    /// Somebody else had it at first.
    pub waited: bool,
    /// The next one was another, who did not take it.
    pub passed_by: bool,
}

impl Inner {
    pub(super) fn options(&self, read_only: bool) -> OpenOptions {
        let mut options = OpenOptions::new();
        options = options.create(true).read_only(read_only);
        options = options
            .checkpoint_log_bytes(CHECKPOINT_LOG_BYTES)
            .segment_bytes(SEGMENT_BYTES);
        match self.cache_bytes {
            Some(bytes) => options.cache_bytes(bytes),
            None => options,
        }
    }

    /// An error of the folder, with what to do.
    pub(super) fn unusable(&self, source: sop::Error) -> SystemError {
        let detail = format!(
            "The system database in '{}' cannot be used: {} Set 'system_database' to another folder, or mend this one.",
            self.path.display(),
            sentence(&source.to_string())
        );
        SystemError::Unusable {
            detail,
            source: Box::new(source),
        }
    }

    /// Waits for its turn until then, and opens it.
    pub(super) fn take(&self, until: Instant, is_prepared: bool) -> Result<Outcome> {
        make_folder(&self.path).map_err(|error| self.unusable(error))?;
        let mut line = Line::before(&self.path);
        let began = Instant::now();
        let mut in_line = InLine::default();
        loop {
            let is_next = line.join();
            let is_late = began.elapsed() >= LONGEST_NEXT;
            if is_late {
                line.call();
            }
            // Only the next one makes it, as two could not do that side by side.
            let may = is_next || (is_late && self.path.join(MARK).exists());
            let tried = may.then(|| self.pool.open(&self.path, &self.options(false), true));
            let held = match tried {
                None => "another process, which is next".to_owned(),
                Some(Err(sop::Error::Locked { holder })) => holder,
                Some(Ok(lease)) => {
                    in_line.passed_by = !is_next;
                    return self.taken(lease, true, in_line, is_prepared);
                }
                // What can still be read of a damaged one is worth more than an error.
                Some(Err(error @ sop::Error::Corrupt { .. })) => {
                    let lease = self.pool.open(&self.path, &self.options(true), false);
                    let lease = lease.map_err(|_| self.unusable(error))?;
                    return self.taken(lease, false, in_line, is_prepared);
                }
                Some(Err(error)) => return Err(self.unusable(error)),
            };
            in_line.waited = true;
            let now = Instant::now();
            if now >= until {
                return Ok(Outcome::Held(held));
            }
            let pause = if began.elapsed() < LONG {
                PAUSE
            } else {
                SHORT_PAUSE
            };
            sleep(pause.min(until - now));
        }
    }

    /// Makes its stores and brings the seeds along, once.
    fn taken(
        &self,
        lease: Arc<Lease>,
        writes: bool,
        line: InLine,
        is_prepared: bool,
    ) -> Result<Outcome> {
        if !is_prepared {
            self.check_own(lease.database())?;
            if writes {
                let prepared = System::open(lease.database().clone());
                prepared.map_err(|error| match error {
                    SystemError::Engine(error) => self.unusable(error),
                    other => other,
                })?;
            }
        }
        let writes = writes && lease.database().read_only().is_none();
        Ok(Outcome::Taken(Taken {
            lease,
            writes,
            line,
        }))
    }

    /// Fails for a database that is no system database.
    pub(super) fn check_own(&self, database: &sop::Database) -> Result<()> {
        let is_own = || -> sop::Result<bool> {
            let tx = database.begin(Mode::Read)?;
            Ok(tx.stores()?.is_empty() || tx.documents(FIRST_STORE).is_ok())
        };
        if is_own().map_err(|error| self.unusable(error))? {
            return Ok(());
        }
        Err(self.unusable(sop::Error::NotADatabase {
            path: self.path.clone(),
            detail: "it is a database of somebody else".to_owned(),
        }))
    }
}

fn make_folder(path: &Path) -> sop::Result<()> {
    std::fs::create_dir_all(path).map_err(|source| sop::Error::Io {
        operation: "making the folder",
        source,
    })
}
