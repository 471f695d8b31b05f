//! Work that goes on after its request was answered: backups, checks, copies of stores, new orders.
//!
//! What always holds: a job is on the list from its start on, runs in one of the places for long work, and comes to
//! one end, also when its work panics. The list keeps the newest [`KEPT`] jobs that have ended, in memory only: what
//! a job changed is in the database, and the list is gone with the program.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Jobs that have ended and are still listed.
const KEPT: usize = 100;

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It works.
    Running,
    /// It was asked to end and has not yet.
    Stopping,
    /// It has done what it was for.
    Finished,
    /// It could not; `error` says why.
    Failed,
    /// Somebody ended it; nothing of it is left.
    Cancelled,
}

/// What a job is for.
#[derive(Clone, Debug)]
pub struct JobWish {
    /// What kind of work: `backup`, `check`, `duplicate`, `export`, `import`, `reorder`.
    pub kind: &'static str,
    /// The database that it works on.
    pub database: String,
    /// In a few words for people.
    pub what: String,
    /// What its progress counts: `items`, `bytes`.
    pub unit: &'static str,
    /// Whether it looks at [`Job::is_cancelled`].
    pub can_cancel: bool,
    /// Who starts it.
    pub by: Arc<str>,
}

/// A job of the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// What kind of work it is.
    #[schema(example = "backup")]
    pub kind: &'static str,
    /// The database that it works on.
    pub database: String,
    /// In a few words for people.
    pub what: String,
    /// How it stands.
    pub state: JobState,
    /// How much is done, in `unit`.
    pub done: u64,
    /// How much there is to do; 0 while that is not known.
    pub total: u64,
    /// What `done` and `total` count.
    #[schema(example = "items")]
    pub unit: &'static str,
    /// What it works on just now.
    pub note: String,
    /// Whether it can be cancelled.
    pub can_cancel: bool,
    /// Who started it: they see and end it whatever their role. Others are not told.
    #[serde(skip)]
    pub by: Arc<str>,
    /// When it began, in milliseconds since 1970 UTC.
    pub began_ms: u64,
    /// How long it has run, or ran, in milliseconds.
    pub elapsed_ms: u64,
    /// What came of it.
    pub outcome: Value,
    /// Why it failed: a problem document.
    pub error: Value,
}

struct Record {
    view: JobView,
    began: Instant,
    ended: Option<Duration>,
    cancel: Arc<AtomicBool>,
}

/// All jobs of the server. Cheap to clone.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<VecDeque<Record>>>);

/// A job that runs, as its work sees it.
pub struct Job {
    jobs: Jobs,
    id: String,
    cancel: Arc<AtomicBool>,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Record {
    fn shown(&self) -> JobView {
        let elapsed_ms = millis(self.ended.unwrap_or_else(|| self.began.elapsed()));
        JobView {
            elapsed_ms,
            ..self.view.clone()
        }
    }

    fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}

impl Jobs {
    /// All jobs, the newest first.
    pub fn list(&self) -> Vec<JobView> {
        self.0.lock().iter().rev().map(Record::shown).collect()
    }

    /// One job.
    pub fn get(&self, id: &str) -> Option<JobView> {
        let jobs = self.0.lock();
        jobs.iter().find(|one| one.view.id == id).map(Record::shown)
    }

    /// Asks a job to end, or takes one that has ended off the list. None when there is none of this id.
    pub fn remove(&self, id: &str) -> Option<JobView> {
        let mut jobs = self.0.lock();
        let at = jobs.iter().position(|one| one.view.id == id)?;
        let record = jobs.get_mut(at)?;
        if !record.is_running() {
            return jobs.remove(at).map(|record| record.shown());
        }
        if record.view.can_cancel {
            record.cancel.store(true, Ordering::Relaxed);
            record.view.state = JobState::Stopping;
        }
        Some(record.shown())
    }

    /// Puts a job on the list.
    ///
    /// # Errors
    /// `internal` without randomness for its id.
    pub fn begin(&self, wish: JobWish) -> ApiResult<Job> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(ApiError::internal)?;
        let id = format!("{:016x}", u64::from_be_bytes(random));
        let cancel = Arc::new(AtomicBool::new(false));
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let view = JobView {
            id: id.clone(),
            kind: wish.kind,
            database: wish.database,
            what: wish.what,
            state: JobState::Running,
            done: 0,
            total: 0,
            unit: wish.unit,
            note: String::new(),
            can_cancel: wish.can_cancel,
            by: wish.by,
            began_ms: millis(since.unwrap_or_default()),
            elapsed_ms: 0,
            outcome: Value::Null,
            error: Value::Null,
        };
        let mut jobs = self.0.lock();
        jobs.push_back(Record {
            view,
            began: Instant::now(),
            ended: None,
            cancel: Arc::clone(&cancel),
        });
        let ended = jobs.iter().filter(|one| !one.is_running()).count();
        if ended > KEPT
            && let Some(oldest) = jobs.iter().position(|one| !one.is_running())
        {
            jobs.remove(oldest);
        }
        Ok(Job {
            jobs: self.clone(),
            id,
            cancel,
        })
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Record)) {
        let mut jobs = self.0.lock();
        if let Some(record) = jobs.iter_mut().find(|one| one.view.id == id) {
            change(record);
        }
    }
}

impl Job {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether somebody wants it to end. Its work then undoes what it made and fails with anything.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Says how much is done of how much.
    pub fn progress(&self, done: u64, total: u64) {
        self.jobs.change(&self.id, |record| {
            record.view.done = done;
            record.view.total = total;
        });
    }

    /// Says what is worked on.
    pub fn note(&self, note: &str) {
        self.jobs.change(&self.id, |record| {
            note.clone_into(&mut record.view.note);
        });
    }

    /// Ends it with what came of it.
    pub fn end(self, result: ApiResult<Value>) {
        let cancelled = self.is_cancelled();
        self.jobs.change(&self.id, |record| {
            record.ended = Some(record.began.elapsed());
            match result {
                Ok(outcome) => {
                    record.view.state = JobState::Finished;
                    record.view.outcome = outcome;
                }
                Err(_) if cancelled => record.view.state = JobState::Cancelled,
                Err(error) => {
                    record.view.state = JobState::Failed;
                    record.view.error =
                        serde_json::to_value(error.into_problem()).unwrap_or_default();
                }
            }
        });
    }
}

impl Drop for Job {
    /// The work panicked: the job must not be listed as running for ever.
    fn drop(&mut self) {
        self.jobs.change(&self.id, |record| {
            if record.is_running() {
                record.ended = Some(record.began.elapsed());
                record.view.state = JobState::Failed;
                let error = ApiError::internal("the work of a job panicked").into_problem();
                record.view.error = serde_json::to_value(error).unwrap_or_default();
            }
        });
    }
}

/// Starts work as a job, on a thread that may block and in a place for long work, and answers with the job.
///
/// # Errors
/// `too_many_requests` when all places are taken.
pub fn start<F>(state: &AppState, wish: JobWish, work: F) -> ApiResult<JobView>
where
    F: FnOnce(&Job) -> ApiResult<Value> + Send + 'static,
{
    let place = state.stream_place()?;
    let job = state.jobs().begin(wish)?;
    let shown = state.jobs().get(job.id());
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let result = work(&job);
        job.end(result);
    });
    shown.ok_or_else(|| ApiError::internal("a job was lost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn wish() -> JobWish {
        JobWish {
            kind: "backup",
            database: "d".into(),
            what: "Backup of d".into(),
            unit: "bytes",
            can_cancel: true,
            by: "ada".into(),
        }
    }

    #[test]
    fn a_job_is_listed_with_its_progress_and_its_end() {
        let jobs = Jobs::default();
        let job = jobs.begin(wish()).unwrap();
        let id = job.id().to_owned();
        job.progress(3, 10);
        job.note("a");
        let seen = jobs.get(&id).unwrap();
        assert_eq!((seen.done, seen.total, seen.note.as_str()), (3, 10, "a"));
        assert_eq!(seen.state, JobState::Running);
        job.end(Ok(Value::from(7)));
        let seen = jobs.get(&id).unwrap();
        assert_eq!((seen.state, seen.outcome), (JobState::Finished, 7.into()));
        jobs.remove(&id).unwrap();
        assert!(jobs.list().is_empty() && jobs.remove(&id).is_none());
    }

    #[test]
    fn a_job_that_is_cancelled_or_fails_or_panics_says_so() {
        let jobs = Jobs::default();
        let job = jobs.begin(wish()).unwrap();
        let id = job.id().to_owned();
        assert!(!job.is_cancelled());
        assert_eq!(jobs.remove(&id).unwrap().state, JobState::Stopping);
        assert!(job.is_cancelled());
        job.end(Err(ApiError::new(Code::Conflict, "stopped")));
        assert_eq!(jobs.get(&id).unwrap().state, JobState::Cancelled);
        let job = jobs.begin(wish()).unwrap();
        let id = job.id().to_owned();
        job.end(Err(ApiError::new(Code::Conflict, "no")));
        assert_eq!(jobs.get(&id).unwrap().error["code"], "conflict");
        let job = jobs.begin(wish()).unwrap();
        let id = job.id().to_owned();
        drop(job);
        assert_eq!(jobs.get(&id).unwrap().state, JobState::Failed);
    }

    #[test]
    fn the_list_keeps_what_runs_and_the_newest_of_the_rest() {
        let jobs = Jobs::default();
        let running = jobs.begin(wish()).unwrap();
        for _ in 0..KEPT + 20 {
            jobs.begin(wish()).unwrap().end(Ok(Value::Null));
        }
        assert!(jobs.list().len() <= KEPT + 2);
        assert!(jobs.get(running.id()).is_some());
    }
}
