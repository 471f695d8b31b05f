//! Scripts that run by themselves.
//!
//! Always: a schedule that is due begins once, whichever server sees it first (one that does not know its author or database leaves
//! it to others for a while); what it does is written down like any run, and is held to the rule for writing of the first environment.

use std::ops::ControlFlow;
use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::json;
use sop_query::sql::Cancel;
use sop_systemdb::script::{Arguments, DEFAULT_CATEGORY, split_reference};
use sop_systemdb::system::{AuditEntry, NamedSchedule, System};
use sop_systemdb::tool::ToolClass;

use super::{Chain, Run, library, run_script};
use crate::audit::REFUSED;
use crate::error::{ApiError, ApiResult};
use crate::extract::in_environment;
use crate::security::{Capability, Identity};
use crate::state::AppState;
use crate::tools::{Caller, Way};

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// For how long a schedule is left to servers that know its author and database.
const LEFT_MS: u64 = 60_000;

/// Looks for schedules that are due, for ever.
pub async fn keep_schedules(state: AppState) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let shared = state.clone();
        let work = tokio::task::spawn_blocking(move || run_due(&shared));
        match work.await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the schedules cannot be looked at"),
            Err(error) => tracing::error!(%error, "a scheduled run ended badly"),
        }
    }
}

/// Runs what is due, one after the other; how many were begun.
///
/// # Errors
/// The system database cannot be used.
pub fn run_due(state: &AppState) -> ApiResult<usize> {
    if !state.registry().has_system() {
        return Ok(0);
    }
    let server = state;
    let state = in_environment(server, &HeaderMap::new(), Identity::default())?;
    let system = state.system()?;
    let now = system.now_ms();
    let mut begun = 0;
    for due in system.due(now)? {
        let author = as_author(server, &due.schedule.author);
        let named = due.schedule.database.as_deref();
        let is_here = author
            .as_ref()
            .is_ok_and(|state| named.is_none_or(|name| state.registry().get(name).is_ok()));
        let since = due.next_ms.unwrap_or_default();
        if !is_here && now < since.saturating_add(LEFT_MS) {
            continue;
        }
        if system.begin_scheduled(&due.name, now)? {
            begun += 1;
            match author {
                Ok(state) => run_one(&state, &system, due),
                Err(error) => refuse(&state, &due, &error),
            }
        }
    }
    Ok(begun)
}

/// The state as whoever made a schedule may use it now.
fn as_author(server: &AppState, author: &str) -> ApiResult<AppState> {
    let accounts = server.accounts();
    let identity = match accounts.is_on() {
        // What was made before there were users was made by who managed the server, but nobody answers for it now.
        true => Identity::from(accounts.principal(author)?),
        false => Identity::default(),
    };
    identity.check(Capability::Edit, None)?;
    in_environment(server, &HeaderMap::new(), identity)
}

/// Says why a schedule did not run.
fn refuse(state: &AppState, due: &NamedSchedule, error: &ApiError) {
    tracing::warn!(schedule = due.name, %error, "a scheduled script was not run");
    state.audit().record(AuditEntry {
        who: due.schedule.author.clone(),
        way: "schedule".to_owned(),
        what: format!("run {}", due.schedule.script),
        database: due.schedule.database.clone(),
        outcome: REFUSED.to_owned(),
        detail: json!({"schedule": due.name, "code": error.code().as_str(), "message": error.detail()}),
        ..AuditEntry::default()
    });
}

fn run_one(state: &AppState, system: &System, due: NamedSchedule) {
    let schedule = due.schedule;
    let library = library(state, system);
    let (category, name) = split_reference(&schedule.script, DEFAULT_CATEGORY);
    let program = match library.newest(&category, &name) {
        Ok(program) => program,
        Err(error) => {
            tracing::warn!(schedule = due.name, %error, "a scheduled script cannot be run");
            return;
        }
    };
    let cancel = Cancel::default();
    let asker = state
        .copilot()
        .asker(state, schedule.database.as_deref(), &cancel);
    let wanted = Run {
        program,
        arguments: Arguments::from(schedule.args),
        database: schedule.database,
        dry_run: false,
        until: None,
        variables: false,
        pauses: None,
        caller: Caller {
            name: schedule.author,
            way: Way::Script,
            may: ToolClass::Admin,
        },
        way: "schedule",
        cancel: cancel.clone(),
        asker: &asker,
        chain: Chain::default(),
    };
    run_script(state, system, &wanted, &mut |_| ControlFlow::Continue(()));
}
