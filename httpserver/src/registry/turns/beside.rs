//! Reading the database while another process has it.
//!
//! Such an opening shows the commits up to then, so each read that begins later has another. The writer knows nothing of
//! it and may remove a file that it still needs: reads of the server itself are run again then.

use std::thread::sleep;
use std::time::{Duration, Instant};

use sop::Database;
use sop_systemdb::system::{Result, SystemError};

use super::{Got, Inner};

/// Tries to open it while a writer makes a checkpoint.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(3);

/// The newest opening.
pub(super) struct Beside {
    database: Database,
    at: Instant,
}

impl Inner {
    /// What a use gets that cannot have the database: a write hears who has it.
    pub(super) fn without(&self, writes: bool, holder: String, began: Instant) -> Result<Got> {
        if writes {
            return Err(SystemError::Busy { holder });
        }
        let mut newest = self.beside.lock();
        let database = match &*newest {
            Some(beside) if beside.at >= began => beside.database.clone(),
            _ => {
                let at = Instant::now();
                let database = self.read_now(holder)?;
                *newest = Some(Beside {
                    database: database.clone(),
                    at,
                });
                database
            }
        };
        drop(newest);
        self.state.lock().known = true;
        Ok(Got {
            database,
            kept: None,
        })
    }

    fn read_now(&self, holder: String) -> Result<Database> {
        let mut tries = 1;
        loop {
            match self.options(true).open(&self.path) {
                Ok(database) => {
                    self.check_own(&database)?;
                    return Ok(database);
                }
                // It is being made, or a file went while the others were read.
                Err(_) if tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE);
                }
                Err(sop::Error::NotADatabase { .. }) => return Err(SystemError::Busy { holder }),
                Err(error) => return Err(self.unusable(error)),
            }
        }
    }
}
