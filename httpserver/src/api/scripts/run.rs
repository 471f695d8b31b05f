//! Running scripts over HTTP: what happens is sent while it happens.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop_query::sql::Cancel;
use sop_systemdb::script::run::{Breakpoint, Event};
use sop_systemdb::script::{Arguments, Program, ScriptSource as _, bind};
use sop_systemdb::tool::ToolClass;
use utoipa::{IntoParams, ToSchema};

use super::pauses::{BreakpointBody, breakpoints};
use super::{ScriptPath, parse};
use crate::api::query::{Form, send};
use crate::api::streams::Sink;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};
use crate::queries::RunningQuery;
use crate::scripts::{Chain, Pausing, Run, all_tools, library, run_script};
use crate::security::NOBODY_IN_PARTICULAR;
use crate::state::{AppState, join_error};
use crate::tools::{Caller, Way};

/// Rows of a table that are sent in one line.
const ROWS_OF_A_LINE: usize = 500;

/// Makes the bodies of runs, of saved scripts and of others: a schema that is closed cannot be a part of another.
macro_rules! run_bodies {
    ($($(#[$about:meta])+ $name:ident: $kind:ty,)+) => {
        /// How to run a script.
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct RunBody {
            $($(#[$about])+ $name: $kind,)+
        }

        /// A script that was not saved, and how to run it.
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct DraftRunBody {
            /// The script.
            script: Value,
            $($(#[$about])+ $name: $kind,)+
        }

        impl DraftRunBody {
            fn take_apart(self) -> (Value, RunBody) {
                (self.script, RunBody { $($name: self.$name,)+ })
            }
        }
    };
}

run_bodies! {
    /// Values by the names of parameters.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    args: Map<String, Value>,
    /// Values of the parameters that have none by name, in their order.
    #[serde(default)]
    positional: Vec<Value>,
    /// The database, where the script names none.
    database: Option<String>,
    /// Shows what would be changed and keeps nothing.
    #[serde(default)]
    dry_run: bool,
    /// Ends after this step of the script, a JSON pointer such as `/steps/2`.
    until: Option<String>,
    /// Tells the variables after each step.
    #[serde(default)]
    variables: bool,
    /// Pauses before these steps, until it is told how to go on; a dry run only. With an empty list it pauses when it is
    /// asked to.
    pause_at: Option<Vec<BreakpointBody>>,
    /// Pauses before the first step; a dry run only.
    #[serde(default)]
    pause_at_start: bool,
    /// The version to run; the newest when missing. A script that was not saved has none.
    version: Option<u64>,
}

/// Runs a script. The answer is lines (`application/x-ndjson`), or with `Accept: text/event-stream` events, sent as
/// things happen: `{"id"}` by which the run is cancelled like a query, then `started`, `step_started`, `columns`, `rows`,
/// `output`, `said`, `step_finished`, `step_failed`, each with `script` and `step` (a JSON pointer), and at the end
/// `finished` with `outcome` (`done`, `failed`, `cancelled`) and `error`. Arguments that do not fit are a problem, and nothing runs.
///
/// With `pause_at` or `pause_at_start` it is a dry run that pauses: `paused` tells `reason` (`start`, `breakpoint`, `step`,
/// `asked`), `rounds` of the loops around, `calls`, `variables` and figures, and then nothing comes until `POST
/// /runs/{id}/continue` and its like say how it goes on, which `resumed` tells with `how`. Its time stands still meanwhile.
#[utoipa::path(
    post, operation_id = "run_script", path = "/scripts/{category}/{name}/run", tag = "scripts", params(ScriptPath), request_body = RunBody,
    responses((status = 200, content((String = "application/x-ndjson"), (String = "text/event-stream"))), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn run(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<RunBody>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let compiled = state.call(move || {
        let system = shared.system()?;
        match body.version {
            None => Ok((
                library(&shared, &system).newest(&path.category, &path.name)?,
                body,
            )),
            Some(version) => {
                let stored = system.script(&path.category, &path.name, Some(version))?;
                let program = shared.programs().of(&stored.script, all_tools());
                Ok((program.map_err(invalid)?, body))
            }
        }
    });
    let (program, body) = compiled.await?;
    start(&state, &headers, program, body).await
}

/// Runs a script that was not saved, as the one of an address is run.
#[utoipa::path(
    post, operation_id = "run_draft", path = "/scripts/run", tag = "scripts", request_body = DraftRunBody,
    responses((status = 200, content((String = "application/x-ndjson"), (String = "text/event-stream"))), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn run_draft(
    State(state): State,
    headers: HeaderMap,
    ApiJson(body): ApiJson<DraftRunBody>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let (script, how) = body.take_apart();
    if how.version.is_some() {
        let detail = "A script that was not saved has no versions: leave 'version' out.";
        return Err(ApiError::new(Code::InvalidValue, detail).at("/version", detail));
    }
    let compiled = state.call(move || {
        // Its faults are those of the script, wherever in the body that stands.
        let script = parse(&script)?;
        let system = shared.system()?;
        for step_calls in Program::compile(&script, all_tools())
            .map_err(invalid)?
            .calls()
        {
            // What it calls is found before anything runs.
            let found = library(&shared, &system).program(&step_calls.1);
            found.map_err(crate::api::tools::problem)?;
        }
        shared.programs().of(&script, all_tools()).map_err(invalid)
    });
    let program = compiled.await?;
    start(&state, &headers, program, how).await
}

fn invalid(faults: Vec<sop_systemdb::script::Fault>) -> ApiError {
    let words = "The script cannot be run; 'errors' has each fault with its place.".to_owned();
    ApiError::of_faults(Code::InvalidScript, words, faults, "")
}

async fn start(
    state: &AppState,
    headers: &HeaderMap,
    program: Arc<Program>,
    body: RunBody,
) -> ApiResult<Response> {
    let arguments = Arguments {
        named: body.args.clone(),
        positional: body.positional.clone(),
    };
    if let Err(faults) = bind(&program.script.parameters, &arguments) {
        let words = faults.iter().map(|fault| fault.message.clone());
        let words = format!(
            "The script was not run: {}.",
            words.collect::<Vec<_>>().join("; ")
        );
        return Err(ApiError::of_faults(
            Code::InvalidArguments,
            words,
            faults,
            "/args",
        ));
    }
    if let Some(database) = &body.database {
        // The name may be wrong: better said before anything runs.
        state.registry().get(database)?;
    }
    let stops = stops(state, &program, &body).await?;
    let database = body.database.clone();
    let name = database.clone().unwrap_or_default();
    let shown = format!("run {}", program.script.reference());
    let (running, held) = match &stops {
        None => {
            let wait = state.limits().query_timeout();
            let queries = state.queries();
            queries.begin(state.who(), &name, &shown, wait).await?
        }
        Some(_) => state.queries().begin_apart(state.who(), &name, &shown)?,
    };
    let pausing = stops.map(|stops| {
        let (id, at_start) = (running.id(), body.pause_at_start);
        let runs = state.pausing();
        runs.begin(state.who(), id, Arc::clone(&program), stops, at_start)
    });
    let pausing = pausing.transpose()?;
    let accept = headers.get_all(header::ACCEPT).iter();
    let mut accepted = accept.filter_map(|value| value.to_str().ok());
    let as_events = accepted.any(|value| value.contains("text/event-stream"));
    let id = running.id().to_owned();
    let form = match as_events {
        true => Form::Events { id },
        false => Form::Lines { id },
    };
    let way = crate::audit::way(headers);
    let shared = state.clone();
    send(form, held, move |sink| {
        let cancel = running.cancel();
        let asker = shared
            .copilot()
            .asker(&shared, database.as_deref(), &cancel);
        let wanted = Run {
            program,
            arguments,
            database,
            dry_run: body.dry_run,
            until: body.until,
            variables: body.variables,
            pauses: pausing.as_ref().map(Pausing::pauses),
            caller: caller(),
            way,
            cancel,
            asker: &asker,
            chain: Chain::default(),
        };
        tell(&shared, &running, &wanted, sink, as_events)
    })
    .await
}

/// Where the run pauses; none when it never does.
async fn stops(
    state: &AppState,
    program: &Arc<Program>,
    body: &RunBody,
) -> ApiResult<Option<Vec<Breakpoint>>> {
    if body.pause_at.is_none() && !body.pause_at_start {
        return Ok(None);
    }
    if !body.dry_run {
        let detail = "A run that pauses keeps nothing: send \"dry_run\": true, and run it for good when you have seen what it would change.";
        return Err(ApiError::new(Code::InvalidBreakpoint, detail).at("/dry_run", detail));
    }
    let wanted = body.pause_at.clone().unwrap_or_default();
    let (shared, program) = (state.clone(), Arc::clone(program));
    let made = state.call(move || breakpoints(&shared, &program, &wanted));
    made.await.map(Some)
}

fn caller() -> Caller {
    Caller {
        name: NOBODY_IN_PARTICULAR.to_owned(),
        way: Way::Script,
        may: ToolClass::Admin,
    }
}

fn tell(
    state: &AppState,
    running: &RunningQuery,
    wanted: &Run<'_>,
    sink: &mut Sink,
    as_events: bool,
) -> ApiResult<()> {
    let system = state.system()?;
    let cancel: Cancel = running.cancel();
    run_script(state, &system, wanted, &mut |event| {
        let sent = write_event(sink, &event, as_events).and_then(|()| match event {
            // The lines of a table go together; what people wait for goes at once.
            Event::Table { .. } => Ok(()),
            _ => sink.flush(),
        });
        match sent {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => {
                cancel.cancel();
                ControlFlow::Break(())
            }
        }
    });
    Ok(())
}

fn write_event(sink: &mut Sink, event: &Event, as_events: bool) -> std::io::Result<()> {
    let Event::Table { place, table } = event else {
        return write_line(sink, &serde_json::to_value(event)?, as_events);
    };
    let line = |kind: &str| json!({"event": kind, "script": &*place.script, "step": &*place.step});
    let mut head = line("columns");
    head["columns"] = serde_json::to_value(&table.columns)?;
    head["truncated"] = table.truncated.into();
    write_line(sink, &head, as_events)?;
    for rows in table.rows.chunks(ROWS_OF_A_LINE) {
        let mut rest = line("rows");
        rest["rows"] = serde_json::to_value(rows)?;
        write_line(sink, &rest, as_events)?;
    }
    Ok(())
}

fn write_line(sink: &mut Sink, line: &Value, as_events: bool) -> std::io::Result<()> {
    if !as_events {
        serde_json::to_writer(&mut *sink, line)?;
        return sink.write_all(b"\n");
    }
    let kind = line["event"].as_str().unwrap_or("message");
    write!(sink, "event: {kind}\ndata: ")?;
    serde_json::to_writer(&mut *sink, line)?;
    sink.write_all(b"\n\n")
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// Only those before this number.
    before: Option<u64>,
    /// How many at most; 100 when missing.
    limit: Option<usize>,
}

/// Runs of a script.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(crate) struct RunList {
    /// `{number, script, at, who, way, database, args, dry_run, outcome, error, steps, rows, changed, elapsed_ms}`, the
    /// newest first.
    runs: Vec<Value>,
}

/// What became of the runs of a script.
#[utoipa::path(
    get, operation_id = "list_script_runs", path = "/scripts/{category}/{name}/runs", tag = "scripts", params(ScriptPath, RunsQuery),
    responses((status = 200, body = RunList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn runs(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiQuery(query): ApiQuery<RunsQuery>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let work = tokio::task::spawn_blocking(move || {
        let script = format!("{}.{}", path.category, path.name);
        let limit = query.limit.unwrap_or(100).min(1_000);
        // Runs before this are in it.
        shared.audit().flush();
        let runs = shared.system()?.runs(Some(&script), query.before, limit)?;
        // What a run was given and came to may be what others do not see.
        let who = shared.who();
        let own = |run: &sop_systemdb::system::RunRecord| who.is_admin() || *who.name == *run.who;
        let runs = runs.into_iter().filter(|(_, run)| own(run));
        let runs = runs.map(|(number, run)| {
            let mut json = serde_json::to_value(run).unwrap_or_default();
            json["number"] = number.into();
            json
        });
        Ok(Json(json!({"runs": runs.collect::<Vec<_>>()})).into_response())
    });
    work.await.unwrap_or_else(|error| Err(join_error(error)))
}
