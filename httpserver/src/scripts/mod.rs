//! Running scripts of the system database over the tools.
//!
//! Always: a script does what its caller may do and no more, each tool asks; a script that is one transaction runs its
//! statements in one session of the query engine ([`host`]); a run is written down, whatever became of it.

mod host;
mod schedule;

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use sop_query::sql::Cancel;
use sop_systemdb::script::run::{Asker, Event, RunLimits, RunOptions, RunReport, run};
use sop_systemdb::script::{Arguments, Program, Tools};
use sop_systemdb::system::{Library, RunRecord, System};

use crate::state::AppState;
use crate::tools::{self, Caller};
use host::RunHost;
pub use schedule::{keep_schedules, run_due};

/// All tools, for the check of scripts.
pub fn all_tools() -> &'static Tools {
    static ALL: LazyLock<Tools> =
        LazyLock::new(|| Tools::new(tools::all().iter().map(|tool| tool.spec().clone())));
    &ALL
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
    /// Who runs it.
    pub caller: Caller,
    /// How the record names the way: `api`, `command`, `schedule`.
    pub way: &'static str,
    /// Ends it.
    pub cancel: Cancel,
    /// The model, for steps that ask.
    pub asker: &'a dyn Asker,
}

/// Runs a script on this thread, tells `sink` what happens, and writes down what became of it.
pub fn run_script(
    state: &AppState,
    system: &System,
    wanted: &Run<'_>,
    sink: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> RunReport {
    let library = Library {
        system,
        programs: state.programs(),
        tools: all_tools(),
    };
    let script = &wanted.program.script;
    let who = match state.who().is_user {
        true => state.who().name.to_string(),
        false => wanted.caller.name.clone(),
    };
    let cancelled = || wanted.cancel.is_cancelled();
    let time = state.limits().query_longest();
    let options = RunOptions {
        scripts: &library,
        asker: wanted.asker,
        user: who.clone(),
        database: wanted.database.clone(),
        dry_run: wanted.dry_run,
        limits: RunLimits {
            time,
            ..RunLimits::default()
        },
        cancelled: &cancelled,
        now_unix_ms: system.now_ms(),
        until: wanted.until.clone(),
        variables: wanted.variables,
    };
    let host = RunHost::new(
        state.clone(),
        wanted.database.clone().unwrap_or_default(),
        wanted.caller.clone(),
        wanted.cancel.clone(),
        script.to_json().to_string(),
    );
    let report = run(&wanted.program, &host, &wanted.arguments, &options, sink);
    let record = RunRecord {
        who,
        way: wanted.way.to_owned(),
        database: wanted.database.clone(),
        dry_run: wanted.dry_run,
        ..RunRecord::new(script.reference(), wanted.program.hash.clone(), &report)
    };
    if let Err(error) = system.add_runs(&[record]) {
        // What it did is done; a system database that cannot be written does not undo it.
        tracing::warn!(%error, script = script.reference(), "a run was not written down");
    }
    report
}
