//! The runs of scripts that may pause: whose they are, how many there may be, and how a word reaches them.
//!
//! Always: a run is here while it runs and no longer; only the person who began it, in the session it was begun in, says
//! a word to it. A paused run holds a thread and a snapshot, so there are few of them, and none waits for ever. They take
//! no places of queries: these would all be taken by runs that wait for somebody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sop_systemdb::script::Program;
use sop_systemdb::script::run::{Breakpoint, Pauses};

use crate::config::Limits;
use crate::error::{ApiError, ApiResult, Code};
use crate::security::Identity;

/// All of them.
pub struct PausingRuns {
    most: usize,
    each: usize,
    longest: Duration,
    all: Arc<Mutex<All>>,
}

#[derive(Default)]
struct All {
    runs: HashMap<String, Entry>,
    closed: bool,
}

struct Entry {
    who: Arc<str>,
    session: Option<Arc<str>>,
    program: Arc<Program>,
    pauses: Arc<Pauses>,
}

/// A run that may pause, on the list until this is dropped.
pub struct Pausing {
    id: String,
    pauses: Arc<Pauses>,
    all: Arc<Mutex<All>>,
}

impl PausingRuns {
    /// None yet.
    pub fn new(limits: &Limits) -> Self {
        let number = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            most: number(limits.max_pausing_runs),
            each: number(limits.max_pausing_runs_each),
            longest: limits.pause(),
            all: Arc::default(),
        }
    }

    /// Puts a run on the list.
    ///
    /// # Errors
    /// `too_many_requests` when there are as many as may be; `shutting_down`.
    pub fn begin(
        &self,
        who: &Identity,
        id: &str,
        program: Arc<Program>,
        breakpoints: Vec<Breakpoint>,
        at_start: bool,
    ) -> ApiResult<Pausing> {
        let mut all = self.all.lock();
        if all.closed {
            let detail = "The server goes down, and begins no run that may pause.";
            return Err(ApiError::new(Code::ShuttingDown, detail));
        }
        let own = all.runs.values().filter(|run| run.who == who.name).count();
        if own >= self.each || all.runs.len() >= self.most {
            let detail = match own >= self.each {
                true => format!(
                    "You have {own} runs that may pause already, as many as one person may have. Continue or stop one of them first."
                ),
                false => format!(
                    "{} runs that may pause are there already, as many as the server takes. Try again when one has ended, or run it without breakpoints.",
                    self.most
                ),
            };
            return Err(ApiError::new(Code::TooManyRequests, detail));
        }
        let pauses = Arc::new(Pauses::new(breakpoints, at_start, self.longest));
        let entry = Entry {
            who: Arc::clone(&who.name),
            session: who.session.clone(),
            program,
            pauses: Arc::clone(&pauses),
        };
        all.runs.insert(id.to_owned(), entry);
        Ok(Pausing {
            id: id.to_owned(),
            pauses,
            all: Arc::clone(&self.all),
        })
    }

    /// One's own run, begun in the same session: what it runs, and what it listens to.
    ///
    /// # Errors
    /// `run_not_found`, also when it is somebody else's.
    pub fn of(&self, who: &Identity, id: &str) -> ApiResult<(Arc<Program>, Arc<Pauses>)> {
        let all = self.all.lock();
        let own = |run: &&Entry| run.who == who.name && run.session == who.session;
        let Some(run) = all.runs.get(id).filter(own) else {
            let detail = "No run of yours that may pause has this id. It may have ended.";
            return Err(ApiError::new(Code::RunNotFound, detail));
        };
        Ok((Arc::clone(&run.program), Arc::clone(&run.pauses)))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.lock().runs.len()
    }

    /// Ends all that are paused, and lets none begin: the server goes down.
    pub fn close(&self) {
        let mut all = self.all.lock();
        all.closed = true;
        for run in all.runs.values() {
            run.pauses.close();
        }
    }
}

impl Pausing {
    /// What the run listens to.
    pub fn pauses(&self) -> Arc<Pauses> {
        Arc::clone(&self.pauses)
    }
}

impl Drop for Pausing {
    fn drop(&mut self) {
        self.all.lock().runs.remove(&self.id);
    }
}
