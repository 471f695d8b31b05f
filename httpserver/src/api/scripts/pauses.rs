//! Runs of scripts that pause: where, and the words for them.
//!
//! Always: a run that pauses is a dry run, so that nobody's work waits for a person, and what it came to is reviewed like
//! that of any other; a word is for one's own run, from the session that began it.

use axum::http::StatusCode;
use serde::Deserialize;
use sop_systemdb::script::run::{Breakpoint, MAX_BREAKPOINTS, Pauses, Resume};
use sop_systemdb::script::{Fault, Program, ScriptSource as _, split_reference};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, State};
use crate::scripts::library;
use crate::state::AppState;

/// Where a run pauses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakpointBody {
    /// The step, as a JSON pointer such as `/steps/2`: before it, or before each round of a loop.
    step: String,
    /// Only where this holds: an expression (CEL) over the variables.
    when: Option<String>,
    /// The script of the step, `Category.Name`, where it is one that is called.
    script: Option<String>,
}

/// A run that may pause.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RunPath {
    /// Its id, from the first line of its answer.
    run: String,
}

/// How a run goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContinueBody {
    /// Breakpoints from now on; as they were when missing.
    pause_at: Option<Vec<BreakpointBody>>,
}

/// How a run goes one step on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepBody {
    /// Not into what the step is made of, or calls.
    #[serde(default)]
    over: bool,
    /// Breakpoints from now on; as they were when missing.
    pause_at: Option<Vec<BreakpointBody>>,
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopBody {}

/// Where a run pauses from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakpointsBody {
    /// In place of those that there were.
    pause_at: Vec<BreakpointBody>,
}

/// The breakpoints of a run of `program`; of steps of others, where they name one.
///
/// # Errors
/// `invalid_breakpoint` with each fault, below `/pause_at`.
pub(super) fn breakpoints(
    state: &AppState,
    program: &Program,
    wanted: &[BreakpointBody],
) -> ApiResult<Vec<Breakpoint>> {
    if wanted.len() > MAX_BREAKPOINTS {
        let message = format!("a run has at most {MAX_BREAKPOINTS} breakpoints");
        let fault = Fault::new("/pause_at", "invalid_value", message);
        return Err(refused(vec![fault]));
    }
    let mut made = Vec::with_capacity(wanted.len());
    let mut faults = Vec::new();
    for (index, one) in wanted.iter().enumerate() {
        match breakpoint(state, program, one) {
            Ok(breakpoint) => made.push(breakpoint),
            Err(fault) => {
                let at = format!("/pause_at/{index}{}", fault.at);
                faults.push(Fault { at, ..fault });
            }
        }
    }
    match faults.is_empty() {
        true => Ok(made),
        false => Err(refused(faults)),
    }
}

fn refused(faults: Vec<Fault>) -> ApiError {
    let words = "The run cannot pause there; 'errors' has each fault with its place.".to_owned();
    ApiError::of_faults(Code::InvalidBreakpoint, words, faults, "")
}

fn breakpoint(
    state: &AppState,
    program: &Program,
    wanted: &BreakpointBody,
) -> Result<Breakpoint, Fault> {
    let own = &program.script;
    let when = wanted.when.as_deref();
    let reference = wanted.script.as_deref().map(|reference| {
        let (category, name) = split_reference(reference, &own.category);
        format!("{category}.{name}")
    });
    let Some(reference) = reference.filter(|reference| *reference != own.reference()) else {
        return Breakpoint::new(own, &wanted.step, when);
    };
    let system = state.system();
    let system = system.map_err(|error| Fault::new("/script", "internal", error.detail()))?;
    let called = library(state, &system).program(&reference);
    let called = called.map_err(|fault| Fault {
        suggestions: fault.suggestions,
        ..Fault::new("/script", &fault.code, fault.message)
    })?;
    Breakpoint::new(&called.script, &wanted.step, when)
}

/// Says something to one's own run, after its breakpoints are what they are to be.
async fn say(
    state: AppState,
    run: String,
    pause_at: Option<Vec<BreakpointBody>>,
    word: impl FnOnce(&Pauses) -> ApiResult<()> + Send + 'static,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        let (program, pauses) = shared.pausing().of(shared.who(), &run)?;
        if let Some(wanted) = pause_at {
            pauses.replace(breakpoints(&shared, &program, &wanted)?);
        }
        word(&pauses)?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}

fn resume(pauses: &Pauses, word: Resume) -> ApiResult<()> {
    pauses.resume(word).map_err(|_| {
        let detail = "The run is not paused: it runs, or was told to go on already.";
        ApiError::new(Code::NotPaused, detail)
    })
}

/// Lets a paused run go on, to its next breakpoint or its end.
#[utoipa::path(
    post, operation_id = "continue_run", path = "/runs/{run}/continue", tag = "scripts", params(RunPath), request_body = ContinueBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn go_on(
    State(state): State,
    ApiPath(path): ApiPath<RunPath>,
    ApiJson(body): ApiJson<ContinueBody>,
) -> ApiResult<StatusCode> {
    let word = |pauses: &Pauses| resume(pauses, Resume::Continue);
    say(state, path.run, body.pause_at, word).await
}

/// Lets a paused run go on to the next step, wherever that is; with `over` not into what the step is made of.
#[utoipa::path(
    post, operation_id = "step_run", path = "/runs/{run}/step", tag = "scripts", params(RunPath), request_body = StepBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn step(
    State(state): State,
    ApiPath(path): ApiPath<RunPath>,
    ApiJson(body): ApiJson<StepBody>,
) -> ApiResult<StatusCode> {
    let how = match body.over {
        true => Resume::Over,
        false => Resume::Step,
    };
    let word = move |pauses: &Pauses| resume(pauses, how);
    say(state, path.run, body.pause_at, word).await
}

/// Ends a paused run. One that is not paused is cancelled like a query.
#[utoipa::path(
    post, operation_id = "stop_run", path = "/runs/{run}/stop", tag = "scripts", params(RunPath), request_body = StopBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn stop(
    State(state): State,
    ApiPath(path): ApiPath<RunPath>,
    ApiJson(StopBody {}): ApiJson<StopBody>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let id = path.run.clone();
    let word = move |pauses: &Pauses| {
        if pauses.resume(Resume::Stop).is_err() {
            shared.queries().cancel(shared.who(), &id);
        }
        Ok(())
    };
    say(state, path.run, None, word).await
}

/// Pauses a run before its next step. It does so soon; its `paused` event says where.
#[utoipa::path(
    post, operation_id = "pause_run", path = "/runs/{run}/pause", tag = "scripts", params(RunPath), request_body = ContinueBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn pause(
    State(state): State,
    ApiPath(path): ApiPath<RunPath>,
    ApiJson(body): ApiJson<ContinueBody>,
) -> ApiResult<StatusCode> {
    let word = |pauses: &Pauses| {
        pauses.ask();
        Ok(())
    };
    say(state, path.run, body.pause_at, word).await
}

/// Gives a run other breakpoints, paused or not.
#[utoipa::path(
    put, operation_id = "put_run_breakpoints", path = "/runs/{run}/breakpoints", tag = "scripts", params(RunPath), request_body = BreakpointsBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn replace_breakpoints(
    State(state): State,
    ApiPath(path): ApiPath<RunPath>,
    ApiJson(body): ApiJson<BreakpointsBody>,
) -> ApiResult<StatusCode> {
    say(state, path.run, Some(body.pause_at), |_| Ok(())).await
}
