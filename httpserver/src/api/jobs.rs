//! The jobs: work that goes on after its request was answered.
//!
//! What always holds: who started a job sees it and ends it, as long as its database is there for them; what others started
//! is seen by who sees all of the database, and ended by who may change it.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, State};
use crate::jobs::JobView;
use crate::security::Capability;
use crate::state::AppState;

/// The jobs that run, and the newest that have ended.
#[derive(Serialize, ToSchema)]
pub(super) struct JobList {
    /// The newest first.
    jobs: Vec<JobView>,
}

/// The job of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct JobPath {
    /// Id of the job.
    id: String,
}

/// The jobs that run, and the newest 100 that have ended.
#[utoipa::path(
    get, operation_id = "list_jobs", path = "/jobs", tag = "server",
    responses((status = 200, body = JobList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> Json<JobList> {
    let mut jobs = state.jobs().list();
    jobs.retain(|job| shown(&state, job));
    Json(JobList { jobs })
}

/// One job.
#[utoipa::path(
    get, operation_id = "get_job", path = "/jobs/{id}", tag = "server", params(JobPath),
    responses((status = 200, body = JobView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<JobPath>,
) -> ApiResult<Json<JobView>> {
    found(state.jobs().get(&path.id).filter(|job| shown(&state, job)))
}

/// Cancels a job that runs, if it can be; takes one that has ended off the list. Whoever started it may, and who may change its
/// database. The answer is the job as it stands: one that was cancelled ends soon.
#[utoipa::path(
    delete, operation_id = "cancel_job", path = "/jobs/{id}", tag = "server", params(JobPath),
    responses((status = 200, body = JobView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn cancel(
    State(state): State,
    ApiPath(path): ApiPath<JobPath>,
) -> ApiResult<Json<JobView>> {
    let listed = state.jobs().get(&path.id);
    if let Some(job) = listed.filter(|job| shown(&state, job)) {
        if !is_own(&state, &job) {
            state.who().check(Capability::Edit, Some(&job.database))?;
        }
        return found(state.jobs().remove(&path.id));
    }
    found(None)
}

/// Whether somebody hears of a job: what came of it may have values of its database, which who started it asked for.
fn shown(state: &AppState, job: &JobView) -> bool {
    state.who().sees_all_of(&job.database) || is_own(state, job)
}

/// Whether somebody started a job of a database that is still there for them.
fn is_own(state: &AppState, job: &JobView) -> bool {
    let who = state.who();
    who.name == job.by && who.sees(&job.database)
}

fn found(job: Option<JobView>) -> ApiResult<Json<JobView>> {
    job.map(Json).ok_or_else(|| {
        let detail = "There is no job with this id. The newest 100 that have ended are kept.";
        ApiError::new(Code::JobNotFound, detail)
    })
}
