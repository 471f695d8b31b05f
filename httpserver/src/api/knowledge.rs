//! Knowledge: what people and the product know, for answers.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sop_systemdb::system::{Entry, Knowledge, KnowledgeStatus};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiResult, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};

/// The entry of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EntryPath {
    /// Its category.
    category: String,
    /// Its name in the category.
    name: String,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KnowledgeQuery {
    /// Only those of this category.
    category: Option<String>,
    /// Only the approved ones that this question is about, the nearest first.
    question: Option<String>,
    /// With `question`: how many at most; 20 when missing.
    limit: Option<usize>,
}

/// Entries.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct KnowledgeList {
    /// `{category, name, text, author, status, updated, approved_by?, names?, source?}`.
    knowledge: Vec<Value>,
}

/// An entry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct EntryView {
    category: String,
    name: String,
    text: String,
    author: String,
    /// `proposed` or `approved`.
    status: String,
    updated: String,
}

/// What is known about something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryBody {
    /// What is known.
    text: String,
    /// `proposed` or `approved`; approved when missing, as a person writes it.
    #[schema(value_type = Option<String>)]
    status: Option<KnowledgeStatus>,
    /// Other names under which it is found.
    #[serde(default)]
    names: Vec<String>,
    /// Why it was proposed, and from which turn of which session.
    #[serde(default)]
    source: Value,
}

fn shown(known: &Knowledge) -> Value {
    let mut json = serde_json::to_value(known).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        let built_in = fields.shift_remove("seed").is_some();
        fields.insert("built_in".to_owned(), built_in.into());
    }
    json
}

/// All entries by category and name, or those that a question is about.
#[utoipa::path(
    get, operation_id = "list_knowledge", path = "/knowledge", tag = "knowledge", params(KnowledgeQuery),
    responses((status = 200, body = KnowledgeList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiQuery(query): ApiQuery<KnowledgeQuery>,
) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || {
        let system = shared.system()?;
        let mut found = match &query.question {
            Some(question) => system.knowledge_for(question, query.limit.unwrap_or(20))?,
            None => system.all_knowledge(query.category.as_deref())?,
        };
        if let Some(category) = &query.category {
            found.retain(|known| known.category == *category);
        }
        let found: Vec<Value> = found.iter().map(shown).collect();
        Ok(Json(json!({ "knowledge": found })))
    };
    state.call(work).await
}

/// An entry of the knowledge.
#[utoipa::path(
    get, operation_id = "get_knowledge", path = "/knowledge/{category}/{name}", tag = "knowledge", params(EntryPath),
    responses((status = 200, body = EntryView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<EntryPath>,
) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || {
        let (category, name) = (path.category, path.name);
        let entry = shared.system()?.knowledge(&category, &name)?;
        Ok(Json(shown(&Knowledge {
            category,
            name,
            entry,
        })))
    };
    state.call(work).await
}

/// Writes an entry, new or not.
#[utoipa::path(
    put, operation_id = "put_knowledge", path = "/knowledge/{category}/{name}", tag = "knowledge", params(EntryPath), request_body = EntryBody,
    responses((status = 200, body = EntryView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn put(
    State(state): State,
    ApiPath(path): ApiPath<EntryPath>,
    ApiJson(body): ApiJson<EntryBody>,
) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || {
        let (category, name) = (path.category, path.name);
        let status = body.status.unwrap_or(KnowledgeStatus::Approved);
        let author = shared.who().author().to_owned();
        let entry = Entry {
            text: body.text,
            approved_by: (status == KnowledgeStatus::Approved).then(|| author.clone()),
            author,
            status,
            names: body.names,
            source: body.source,
            ..Entry::default()
        };
        let entry = shared.system()?.put_knowledge(&category, &name, &entry)?;
        Ok(Json(shown(&Knowledge {
            category,
            name,
            entry,
        })))
    };
    state.call(work).await
}

/// Deletes an entry.
#[utoipa::path(
    delete, operation_id = "delete_knowledge", path = "/knowledge/{category}/{name}", tag = "knowledge", params(EntryPath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<EntryPath>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        shared
            .system()?
            .delete_knowledge(&path.category, &path.name)?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}
