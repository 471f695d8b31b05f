//! Running scripts of the system database over the tools.
//!
//! Always: a script does what its caller may do and no more, each tool asks; a script that is one transaction runs its
//! statements in one session of the query engine ([`host`]); a run is written down, whatever became of it; a script whose
//! rows are read as a table ([`source`]) only reads.

mod chain;
mod host;
mod pausing;
mod schedule;
mod source;

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use sop_query::sql::Cancel;
use sop_systemdb::script::run::{
    Asker, Event, Pauses, RunLimits, RunOptions, RunOutcome, RunReport, run,
};
use sop_systemdb::script::{Arguments, Program, Tools};
use sop_systemdb::system::{Library, RunRecord, System};
use sop_systemdb::tool::ToolFault;

use crate::state::AppState;
use crate::tools::{self, Caller, RUN_SCRIPT};
pub use chain::Chain;
use host::{Place, RunHost};
pub use pausing::{Pausing, PausingRuns};
pub use schedule::{keep_schedules, run_due};
pub use source::{readable_name, with_scripts};

/// All tools that steps of scripts call, for the check of scripts.
pub fn all_tools() -> &'static Tools {
    static ALL: LazyLock<Tools> = LazyLock::new(|| {
        let specs = tools::all().iter().map(|tool| tool.spec().clone());
        Tools::new(specs.filter(|spec| spec.name != RUN_SCRIPT))
    });
    &ALL
}

/// The scripts of the system database, compiled by this server's tools.
pub fn library<'a>(state: &'a AppState, system: &'a System) -> Library<'a> {
    Library {
        system,
        programs: state.programs(),
        tools: all_tools(),
    }
}

/// A script that is to be run.
pub struct Run<'a> {
    /// It, compiled.
    pub program: Arc<Program>,
    /// What it is given.
    pub arguments: Arguments,
    /// The database, where it names none.
    pub database: Option<String>,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// The step after which it ends.
    pub until: Option<String>,
    /// Whether variables are told after each step.
    pub variables: bool,
    /// Where it pauses; only the page and the interface say so.
    pub pauses: Option<Arc<Pauses>>,
    /// Who runs it.
    pub caller: Caller,
    /// How the record names the way: `page`, `api`, `command`, `schedule`.
    pub way: &'static str,
    /// Ends it.
    pub cancel: Cancel,
    /// The model, for steps that ask.
    pub asker: &'a dyn Asker,
    /// The scripts that this one is a part of.
    pub chain: Chain,
}

/// Takes the events of a run.
pub type Sink<'a> = &'a mut dyn FnMut(Event) -> ControlFlow<()>;

/// Runs a script on this thread, tells `sink` what happens, and writes down what became of it.
pub fn run_script(
    state: &AppState,
    system: &System,
    wanted: &Run<'_>,
    sink: Sink<'_>,
) -> RunReport {
    let host = wanted.host(state);
    let report = run_on(&host, state, system, wanted, sink);
    let script = &wanted.program.script;
    state.audit().record_run(RunRecord {
        who: person(state, wanted),
        way: wanted.way.to_owned(),
        database: wanted.database.clone(),
        dry_run: wanted.dry_run,
        usage: wanted.asker.usage(),
        ..RunRecord::new(script.reference(), wanted.program.hash.clone(), &report)
    });
    report
}

/// Who runs a script, for the record: a person, where people sign in.
fn person(state: &AppState, wanted: &Run<'_>) -> String {
    match state.who().is_user {
        true => state.who().name.to_string(),
        false => wanted.caller.name.clone(),
    }
}

/// Runs a script over these tools.
fn run_on(
    host: &RunHost,
    state: &AppState,
    system: &System,
    wanted: &Run<'_>,
    sink: Sink<'_>,
) -> RunReport {
    let library = library(state, system);
    let cancelled = || wanted.cancel.is_cancelled();
    let options = RunOptions {
        scripts: &library,
        asker: wanted.asker,
        user: person(state, wanted),
        database: wanted.database.clone(),
        dry_run: wanted.dry_run,
        limits: RunLimits {
            time: state.limits().query_longest(),
            ..RunLimits::default()
        },
        cancelled: &cancelled,
        now_unix_ms: system.now_ms(),
        until: wanted.until.clone(),
        variables: wanted.variables,
        pauses: wanted.pauses.as_deref(),
        ..RunOptions::default()
    };
    run(&wanted.program, host, &wanted.arguments, &options, sink)
}

impl Run<'_> {
    /// The tools for this run.
    fn host(&self, state: &AppState) -> RunHost {
        let script = &self.program.script;
        let place = Place {
            state: state.clone(),
            database: self.database.clone().unwrap_or_default(),
            caller: self.caller.clone(),
            chain: self.chain.with(&script.reference()),
            text: script.to_json().to_string(),
        };
        RunHost::new(place, self.cancel.clone())
    }
}

/// A run that came to its end, or why it did not.
///
/// # Errors
/// The failure with the place of its step, or that it was stopped.
pub fn done(report: RunReport) -> Result<RunReport, ToolFault> {
    match (report.outcome, report.failure) {
        (RunOutcome::Done, failure) => Ok(RunReport { failure, ..report }),
        (_, Some(failure)) => {
            let place = failure.place.map_or(String::new(), |place| {
                format!("{}{}: ", place.script, place.step)
            });
            let message = format!("{place}{}", failure.message);
            Err(ToolFault::new(failure.code, message).suggest(failure.suggestions))
        }
        (RunOutcome::Cancelled, None) => Err(ToolFault::new(
            "cancelled",
            "The script was stopped; nothing of what was not committed is kept.",
        )),
        (RunOutcome::Failed, None) => Err(ToolFault::new("internal", "The script failed.")),
    }
}
