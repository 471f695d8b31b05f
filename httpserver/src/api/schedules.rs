//! Scripts that run by themselves.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop_systemdb::script::{Schedule, When};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiResult, Problem};
use crate::extract::{ApiJson, ApiPath, State};

/// The schedule of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SchedulePath {
    /// Its name.
    schedule: String,
}

/// When which script runs by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScheduleBody {
    /// `Category.Name`.
    script: String,
    /// `{"every_minutes": 15}` or `{"daily_at": "06:30"}`.
    #[schema(value_type = Value)]
    when: When,
    /// The arguments of each run.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    args: Map<String, Value>,
    /// The database, where the script names none.
    database: Option<String>,
    /// Minutes east of UTC of the clock that `daily_at` means.
    #[serde(default)]
    utc_offset_minutes: i16,
    /// Whether it waits.
    #[serde(default)]
    paused: bool,
}

/// Schedules.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ScheduleList {
    /// `{name, script, when, args, database, utc_offset_minutes, paused, author, last_ms, next_ms}`.
    schedules: Vec<Value>,
}

/// All schedules, with the times of their next runs in milliseconds since 1970.
#[utoipa::path(
    get, operation_id = "list_schedules", path = "/schedules", tag = "scripts",
    responses((status = 200, body = ScheduleList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || Ok(Json(json!({"schedules": shared.system()?.schedules()?})));
    state.call(work).await
}

/// Makes a schedule, or changes it.
#[utoipa::path(
    put, operation_id = "put_schedule", path = "/schedules/{schedule}", tag = "scripts", params(SchedulePath), request_body = ScheduleBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn put(
    State(state): State,
    ApiPath(path): ApiPath<SchedulePath>,
    ApiJson(body): ApiJson<ScheduleBody>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        let system = shared.system()?;
        let (category, name) = system.resolve_script(&body.script, None)?;
        let schedule = Schedule {
            script: format!("{category}.{name}"),
            when: body.when,
            args: body.args,
            database: body.database,
            utc_offset_minutes: body.utc_offset_minutes,
            paused: body.paused,
            author: shared.who().name.to_string(),
            last_ms: 0,
        };
        system.put_schedule(&path.schedule, &schedule)?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}

/// Deletes a schedule.
#[utoipa::path(
    delete, operation_id = "delete_schedule", path = "/schedules/{schedule}", tag = "scripts", params(SchedulePath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<SchedulePath>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        shared.system()?.delete_schedule(&path.schedule)?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}
