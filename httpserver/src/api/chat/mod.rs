//! The copilot over HTTP: questions answered as Server-Sent Events, decisions, sessions, what was sent.

mod stream;

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::config::Share;
use crate::copilot::{
    Ask, Feedback, LlmStatus, LlmUpdate, Outcome, Rating, SavedTurn, SessionSummary, Tested, Wish,
};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};
use crate::state::AppState;

/// The session of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SessionPath {
    /// Id of the session, from its first event.
    session: String,
}

/// A prompt of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct SentPath {
    /// Id of the session.
    session: String,
    /// Number of the prompt, from a `usage` event.
    n: u64,
}

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatBody {
    /// The session to go on with; a new one when missing.
    #[serde(default)]
    session: Option<String>,
    /// What the person says. Beginning with `/` it is a command. Left out, with a session, the events of its
    /// newest turn come again, those after the header `Last-Event-ID`.
    #[serde(default)]
    message: Option<String>,
    /// The database that is open.
    #[serde(default)]
    database: Option<String>,
    /// The store that is open.
    #[serde(default)]
    store: Option<String>,
    /// `offline` asks no model.
    #[serde(default)]
    provider: Option<String>,
    /// What may be shared with a model; at most what the settings say.
    #[serde(default)]
    share: Option<Share>,
    /// Things of the page that the person points at, such as selected rows.
    #[serde(default)]
    selection: Option<Value>,
    /// The turn that this one takes the place of, with all after it: "edit and ask again".
    #[serde(default)]
    replace: Option<u64>,
}

/// Asks the copilot. The answer is a stream of events, each with an `id:`: `session`, `text-delta`, `tool-start`,
/// `tool-output`, `approval-requested`, `approval-resolved`, `navigate`, `knowledge-proposed`, `alternatives`,
/// `usage`, `error`, and at last `finish`. The answer goes on when the client goes away: ask for
/// `GET /chat/{session}/events` with `Last-Event-ID`, or for this with the session and without a message.
#[utoipa::path(
    post, operation_id = "chat", path = "/chat", tag = "copilot", request_body = ChatBody,
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask(
    State(state): State,
    headers: HeaderMap,
    ApiJson(body): ApiJson<ChatBody>,
) -> ApiResult<Response> {
    let Some(message) = body.message else {
        let Some(session) = body.session else {
            return Err(missing("message"));
        };
        return resume(&state, &session, &headers).await;
    };
    let is_command = message.trim_start().starts_with('/');
    let database = match body.database {
        Some(database) => {
            if !is_command {
                // A name that is wrong is said before anything begins.
                state.registry().get(&database)?;
            }
            database
        }
        None if is_command => String::new(),
        None => return Err(missing("database")),
    };
    let ask = Ask {
        session: body.session,
        message,
        database,
        store: body.store,
        provider: body.provider,
        share: body.share,
        selection: body.selection,
        replace: body.replace,
    };
    let (session, from) = state.copilot().ask(&state, ask).await?;
    Ok(stream::answer(session, from))
}

fn missing(field: &str) -> ApiError {
    let detail = format!("The field '{field}' is missing.");
    ApiError::new(Code::MissingField, detail.clone()).at(format!("/{field}"), detail)
}

/// The events of the newest turn of a session, those after the header `Last-Event-ID`, and what comes.
#[utoipa::path(
    get, operation_id = "chat_events", path = "/chat/{session}/events", tag = "copilot", params(SessionPath),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn events(
    State(state): State,
    ApiPath(path): ApiPath<SessionPath>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    resume(&state, &path.session, &headers).await
}

async fn resume(state: &AppState, session: &str, headers: &HeaderMap) -> ApiResult<Response> {
    let session = state.copilot().session(state.who(), session).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let from = last.and_then(|id| session.ring.number_of(id));
    let newest = session.ring.newest_turn();
    let from = from.unwrap_or_else(|| session.ring.before_turn(newest));
    Ok(stream::answer(session, from))
}

/// What a person decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproveBody {
    /// The call, from `approval-requested`.
    call: String,
    /// Yes or no.
    approve: bool,
    /// Why; the model hears it.
    #[serde(default)]
    reason: Option<String>,
    /// The `hash` of `approval-requested`: decides on nothing else than what was seen.
    #[serde(default)]
    hash: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApproveView {
    /// The call.
    call: String,
    /// `applied` or `denied`.
    outcome: &'static str,
    /// What was done, in one line.
    summary: Option<String>,
}

/// Approves or denies a change that waits, and waits until it is done. It is done at most once, and only when the
/// data is as it was when it was proposed; otherwise the answer is `conflict` and nothing was done.
#[utoipa::path(
    post, operation_id = "approve_chat", path = "/chat/{session}/approve", tag = "copilot", params(SessionPath),
    request_body = ApproveBody,
    responses((status = 200, body = ApproveView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn approve(
    State(state): State,
    ApiPath(path): ApiPath<SessionPath>,
    ApiJson(body): ApiJson<ApproveBody>,
) -> ApiResult<Json<ApproveView>> {
    let copilot = state.copilot();
    let wish = Wish {
        call: body.call.clone(),
        approve: body.approve,
        reason: body.reason,
        hash: body.hash,
    };
    let decided = copilot.decide(&state, &path.session, wish);
    let (outcome, summary) = match decided.await? {
        Outcome::Applied(summary) => ("applied", Some(summary)),
        Outcome::Denied => ("denied", None),
        Outcome::Failed(code, detail) => return Err(failed(&code, detail)),
    };
    Ok(Json(ApproveView {
        call: body.call,
        outcome,
        summary,
    }))
}

/// The problem with the code of a tool's fault.
fn failed(code: &str, detail: String) -> ApiError {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    ApiError::new(known.copied().unwrap_or(Code::RuleViolation), detail)
}

/// How to stop.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StopQuery {
    /// Forgets the session too: its turns, its drafts of scripts and what people thought of its answers.
    #[serde(default)]
    forget: bool,
}

/// What was stopped.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stopped {
    /// Whether something ran.
    stopped: bool,
}

/// Stops what a session answers. Its connection to the model is closed at once, what its tools run is cancelled,
/// and changes that wait are not made. The session stays, unless it is to be forgotten.
#[utoipa::path(
    delete, operation_id = "stop_chat", path = "/chat/{session}", tag = "copilot", params(SessionPath, StopQuery),
    responses((status = 200, body = Stopped), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn stop(
    State(state): State,
    ApiPath(path): ApiPath<SessionPath>,
    ApiQuery(query): ApiQuery<StopQuery>,
) -> ApiResult<Json<Stopped>> {
    let copilot = state.copilot();
    let stopped = match query.forget {
        true => copilot.forget(state.who(), &path.session).await?,
        false => copilot.stop(state.who(), &path.session).await?,
    };
    Ok(Json(Stopped { stopped }))
}

/// A session of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Its id.
    session: String,
    /// The beginning of its first message.
    title: String,
    /// The database of its last turn.
    database: String,
    /// Unix time in milliseconds of its last turn.
    updated_ms: u64,
    /// Number of its turns.
    turns: usize,
    /// Dollars so far, where the price is known.
    cost: f64,
}

/// Sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionList {
    /// The newest first.
    sessions: Vec<SessionView>,
}

/// The newest sessions.
#[utoipa::path(
    get, operation_id = "list_chats", path = "/chat", tag = "copilot",
    responses((status = 200, body = SessionList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> ApiResult<Json<SessionList>> {
    let sessions = state.copilot().list(state.who()).await?.into_iter();
    let view = |saved: SessionSummary| SessionView {
        turns: saved.turns,
        session: saved.id,
        title: saved.title,
        database: saved.database,
        updated_ms: saved.updated_ms,
        cost: saved.cost,
    };
    Ok(Json(SessionList {
        sessions: sessions.map(view).collect(),
    }))
}

/// A session with its turns.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TurnList {
    /// Its id.
    session: String,
    /// The turn that is being answered.
    running: Option<u64>,
    /// Dollars so far, where the price is known.
    cost: f64,
    /// The oldest first.
    turns: Vec<SavedTurn>,
}

/// The turns of a session. A turn that the end of the server cut off has `ended: "interrupted"`.
#[utoipa::path(
    get, operation_id = "get_chat", path = "/chat/{session}", tag = "copilot", params(SessionPath),
    responses((status = 200, body = TurnList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<SessionPath>,
) -> ApiResult<Json<TurnList>> {
    let session = state.copilot().session(state.who(), &path.session).await?;
    let running = session.running();
    let state = session.state();
    Ok(Json(TurnList {
        session: session.id.clone(),
        running,
        cost: state.saved.cost,
        turns: state.saved.turns.clone(),
    }))
}

/// A prompt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SentView {
    /// Its number.
    n: u64,
    /// The turn it belongs to.
    turn: u64,
    /// Who got it.
    provider: &'static str,
    /// The model.
    model: String,
    /// Unix time in milliseconds.
    at_ms: u64,
    /// Its length.
    bytes: usize,
    /// All that was sent but the headers.
    body: Value,
}

/// Exactly what was sent to the model. The newest 32 prompts of a session are kept while the server runs.
#[utoipa::path(
    get, operation_id = "get_chat_prompt", path = "/chat/{session}/sent/{n}", tag = "copilot", params(SentPath),
    responses((status = 200, body = SentView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn sent(
    State(state): State,
    ApiPath(path): ApiPath<SentPath>,
) -> ApiResult<Json<SentView>> {
    let session = state.copilot().session(state.who(), &path.session).await?;
    let found = session
        .state()
        .sent
        .iter()
        .find(|sent| sent.number == path.n)
        .cloned();
    let sent = found.ok_or_else(|| {
        let detail = "This session has no prompt with this number any more. The newest ones are kept while the server runs.";
        ApiError::new(Code::SessionNotFound, detail)
    })?;
    Ok(Json(SentView {
        n: sent.number,
        turn: sent.turn,
        provider: sent.provider,
        model: sent.model,
        at_ms: sent.at_ms,
        bytes: sent.body.len(),
        body: serde_json::from_slice(&sent.body).map_err(ApiError::internal)?,
    }))
}

/// What a person thinks of an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedbackBody {
    /// The turn.
    turn: u64,
    /// `up` or `down`.
    rating: Rating,
    /// In words; what is wrong becomes proposed knowledge.
    #[serde(default)]
    comment: Option<String>,
}

/// Keeps what a person thinks of an answer.
#[utoipa::path(
    post, operation_id = "chat_feedback", path = "/chat/{session}/feedback", tag = "copilot", params(SessionPath),
    request_body = FeedbackBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn feedback(
    State(state): State,
    ApiPath(path): ApiPath<SessionPath>,
    ApiJson(body): ApiJson<FeedbackBody>,
) -> ApiResult<StatusCode> {
    let feedback = Feedback {
        rating: body.rating,
        comment: body.comment,
    };
    state
        .copilot()
        .feedback(&state, &path.session, body.turn, feedback)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the model is configured. The key is never shown.
#[utoipa::path(
    get, operation_id = "get_llm", path = "/llm", tag = "copilot",
    responses((status = 200, body = LlmStatus), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn llm(State(state): State) -> Json<LlmStatus> {
    Json(state.copilot().status())
}

/// Changes how the model is configured, and keeps it for the next start. A key goes only to the provider and
/// address that it was configured for.
#[utoipa::path(
    put, operation_id = "change_llm", path = "/llm", tag = "copilot", request_body = LlmUpdate,
    responses((status = 200, body = LlmStatus), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn change_llm(
    State(state): State,
    ApiJson(body): ApiJson<LlmUpdate>,
) -> ApiResult<Json<LlmStatus>> {
    let shared = state.clone();
    let work = move || shared.copilot().update(&body);
    Ok(Json(state.call(work).await?))
}

/// Asks the model for a word, to test the connection.
#[utoipa::path(
    post, operation_id = "test_llm", path = "/llm/test", tag = "copilot",
    responses((status = 200, body = Tested), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn test_llm(State(state): State) -> Response {
    Json(state.copilot().test().await).into_response()
}
