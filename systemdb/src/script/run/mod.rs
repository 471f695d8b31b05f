//! Running a compiled script.
//!
//! Always: nothing runs before all arguments fit; a failure of a script that is one transaction leaves nothing; steps of
//! the kind "tool" and "fetch" call tools and never a model; time, steps and rows are bounded; whoever listens hears
//! [`Event::Finished`] last.
//!
//! Not here: who may run what (the host asks that at each call), and what is kept of a run (the caller writes the
//! [`RunReport`] down).

mod clock;
mod event;
mod host;
mod parallel;
mod pause;
mod steps;
mod work;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use sop::key::Timestamp;

pub use event::{Event, Failure, Place, RunOutcome};
pub use host::{Asker, Begin, Fork, NoModel, Prompt, PromptPart, ScriptHost};

pub use pause::{
    Breakpoint, LONGEST_PAUSE, MAX_BREAKPOINTS, NotPaused, PauseReason, Pauses, Resume, Round,
};

use self::clock::Clock;
use self::steps::{Frame, Runner, Stop};
use super::arguments::{Arguments, bind};
use super::check::{NoScripts, RUN_VARIABLE, ScriptSource};
use super::fault::Fault;
use super::model::TransactionMode;
use super::program::Program;
use super::variables::Variables;
use crate::tool::Table;

/// How much a run may take at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// All of it.
    pub time: Duration,
    /// Steps, each round of a loop counted.
    pub steps: u64,
    /// Rows of one step that are kept.
    pub rows: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_mins(5),
            steps: 100_000,
            rows: 100_000,
        }
    }
}

/// How a script is run.
pub struct RunOptions<'a> {
    /// Other scripts, for steps "call".
    pub scripts: &'a dyn ScriptSource,
    /// The model, for steps "ask".
    pub asker: &'a dyn Asker,
    /// Who runs it.
    pub user: String,
    /// The database, where the script names none.
    pub database: Option<String>,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// The most that it may take; the script's own limits can only be less.
    pub limits: RunLimits,
    /// Whether somebody wants it to end.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// What the clock says, in milliseconds since 1970.
    pub now_unix_ms: u64,
    /// The step after which it ends as if it were the last, as a JSON pointer.
    pub until: Option<String>,
    /// Whether the variables are told after each step.
    pub variables: bool,
    /// Where it pauses, and who tells it to go on. Steps that could run side by side then run one after the other.
    pub pauses: Option<&'a Pauses>,
    /// What measures its time.
    pub clock: &'a (dyn Fn() -> Instant + Sync),
}

impl Default for RunOptions<'_> {
    fn default() -> Self {
        Self {
            scripts: &NoScripts,
            asker: &NoModel,
            user: String::new(),
            database: None,
            dry_run: false,
            limits: RunLimits::default(),
            cancelled: &|| false,
            now_unix_ms: 0,
            until: None,
            variables: false,
            pauses: None,
            clock: &Instant::now,
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: RunOutcome,
    /// Why, unless it is done.
    pub failure: Option<Failure>,
    /// What is wrong with the arguments, when it did not begin for that.
    pub faults: Vec<Fault>,
    /// All parameters with their values.
    pub args: Map<String, Value>,
    /// Steps that were run.
    pub steps: u64,
    /// Rows that they gave.
    pub rows: u64,
    /// Items that were changed and stay so, or would have been.
    pub changed: u64,
    /// Nodes of the stores' trees that were read.
    pub nodes_read: u64,
    /// How long it took; pauses do not count.
    pub elapsed: Duration,
    /// Sequence of the last commit.
    pub sequence: Option<u64>,
    /// The last rows that a step gave: what the script is as a table.
    pub table: Option<Arc<Table>>,
    /// The last result of a step.
    pub value: Value,
}

/// Takes events; a break stops the run, as when a client went away.
pub type Sink<'s> = &'s mut dyn FnMut(Event) -> ControlFlow<()>;

/// What all threads of a run share.
pub(super) struct Shared<'a> {
    pub options: &'a RunOptions<'a>,
    pub limits: RunLimits,
    pub clock: Clock<'a>,
    pub steps: AtomicU64,
    pub rows: AtomicU64,
    pub nodes_read: AtomicU64,
    pub changed: AtomicU64,
    /// Set when one of several steps side by side failed, or nobody listens any more.
    pub stop: AtomicBool,
}

impl Shared<'_> {
    /// When it has to be done; later by what it was paused.
    pub fn deadline(&self) -> Option<Instant> {
        self.clock.after(self.limits.time)
    }
}

/// Runs a program and tells `sink` what happens.
pub fn run(
    program: &Arc<Program>,
    host: &dyn ScriptHost,
    given: &Arguments,
    options: &RunOptions<'_>,
    sink: Sink<'_>,
) -> RunReport {
    let clock = Clock::new(options.clock);
    let script = &program.script;
    let args = match bind(&script.parameters, given) {
        Ok(args) => args,
        Err(faults) => {
            let report = refused(faults, clock.elapsed());
            let _ = sink(finished(&report));
            return report;
        }
    };
    let limits = RunLimits {
        time: least(
            options.limits.time,
            script.limits.time_ms.map(Duration::from_millis),
        ),
        steps: least(options.limits.steps, script.limits.steps),
        rows: least(options.limits.rows, script.limits.rows),
    };
    let shared = Shared {
        options,
        limits,
        clock,
        steps: AtomicU64::new(0),
        rows: AtomicU64::new(0),
        nodes_read: AtomicU64::new(0),
        changed: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    host.set_deadline(shared.deadline());
    let mut variables = Variables::default();
    for (name, value) in &args {
        variables.set(name, value.clone());
    }
    variables.set(RUN_VARIABLE, about(options));
    let reference: Arc<str> = script.reference().into();
    let started = Event::Started {
        script: Arc::clone(&reference),
        args: Value::Object(args.clone()),
        dry_run: options.dry_run,
    };
    let mut runner = Runner {
        shared: &shared,
        host,
        sink,
        frame: Frame::new(Arc::clone(program), reference, variables, 0),
        transaction: false,
        sequence: None,
        open: 0,
        level: 0,
    };
    let result = runner.tell(started).and_then(|()| {
        runner.frame.database = runner.own_database(options.database.clone())?;
        runner.program()
    });
    let (outcome, failure) = match result {
        Ok(()) | Err(Stop::Reached) => (RunOutcome::Done, None),
        Err(Stop::Cancelled) => (RunOutcome::Cancelled, Some(cancelled())),
        Err(Stop::Ended(failure)) => (RunOutcome::Cancelled, Some(*failure)),
        Err(Stop::Failed(failure)) => (RunOutcome::Failed, Some(*failure)),
    };
    let report = RunReport {
        outcome,
        failure,
        faults: Vec::new(),
        args,
        steps: shared.steps.load(Ordering::Relaxed),
        rows: shared.rows.load(Ordering::Relaxed),
        changed: shared.changed.load(Ordering::Relaxed),
        nodes_read: shared.nodes_read.load(Ordering::Relaxed),
        elapsed: shared.clock.elapsed(),
        sequence: runner.sequence,
        table: runner.frame.table.take(),
        value: std::mem::take(&mut runner.frame.value),
    };
    host.set_deadline(None);
    let _ = sink(finished(&report));
    report
}

fn least<T: Ord>(most: T, own: Option<T>) -> T {
    match own {
        Some(own) => most.min(own),
        None => most,
    }
}

fn cancelled() -> Failure {
    Failure {
        place: None,
        code: "cancelled".to_owned(),
        message: "the run was stopped".to_owned(),
        suggestions: Vec::new(),
    }
}

fn refused(faults: Vec<Fault>, elapsed: Duration) -> RunReport {
    let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    RunReport {
        outcome: RunOutcome::Failed,
        failure: Some(Failure {
            place: None,
            code: "invalid_arguments".to_owned(),
            message: told.join("; "),
            suggestions: faults
                .iter()
                .flat_map(|fault| fault.suggestions.clone())
                .collect(),
        }),
        faults,
        args: Map::new(),
        steps: 0,
        rows: 0,
        changed: 0,
        nodes_read: 0,
        elapsed,
        sequence: None,
        table: None,
        value: Value::Null,
    }
}

fn finished(report: &RunReport) -> Event {
    Event::Finished {
        outcome: report.outcome,
        error: report.failure.clone(),
        steps: report.steps,
        rows: report.rows,
        changed: report.changed,
        nodes_read: report.nodes_read,
        elapsed_ms: milliseconds(report.elapsed),
        sequence: report.sequence,
    }
}

/// What the variable `run` says.
fn about(options: &RunOptions<'_>) -> Value {
    let now = Timestamp::from_unix_nanos(i128::from(options.now_unix_ms) * 1_000_000);
    json!({
        "user": options.user,
        "database": options.database,
        "now": now.map(|now| now.to_string()),
        "today": now.map(|now| now.utc().date.to_string()),
        "dry_run": options.dry_run,
    })
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl Program {
    /// What is done whole or not at all.
    pub fn transaction(&self) -> TransactionMode {
        self.script.transaction
    }
}
