//! Export by query: an address that gives a file.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use sop_query::sql::Access;
use sop_query::transfer::Format;
use utoipa::IntoParams;

use super::body::{Query, Text, check_length, params};
use crate::api::{DatabasePath, ParquetFile};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, State};
use crate::formats::{FileFormat, format_of};

/// What to export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct QueryExport {
    /// A statement that gives rows and changes nothing.
    sql: String,
    /// Its parameters as JSON: an array for `?`, an object for `:name`.
    params: Option<String>,
    /// `json` (an array), `ndjson` (default), `csv` or `parquet`, for which the statement is run twice.
    format: Option<String>,
}

/// Exports the rows of a query, as of one moment. The file is cut off when the query fails. It may
/// take as long as the server lets queries ask for.
#[utoipa::path(
    get, operation_id = "export_query", path = "/databases/{db}/export", tag = "queries", params(DatabasePath, QueryExport),
    responses(
        (status = 200, content((String = "application/x-ndjson"), (String = "application/json"), (String = "text/csv"), (ParquetFile = "application/vnd.apache.parquet"))),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in crate::api) async fn export_query(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiQuery(wish): ApiQuery<QueryExport>,
    numbers: JsonNumbers,
) -> ApiResult<Response> {
    let format = wish
        .format
        .as_deref()
        .map_or(Ok(FileFormat::Text(Format::Ndjson)), format_of)?;
    check_length(&wish.sql, state.limits())?;
    let query = Query {
        params: params(json(wish.params.as_deref())?)?,
        text: Text::Sql(wish.sql),
        limit: None,
        time: state.limits().query_longest(),
        // An address that is only looked at must not change anything.
        access: Access::ReadOnly,
        dry_run: false,
        explain: None,
        way: "api",
    };
    let mut response = super::send_file(&state, path.db, query, format, numbers).await?;
    let disposition = format!("attachment; filename=\"query.{}\"", format.name());
    if let Ok(value) = HeaderValue::try_from(disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn json(text: Option<&str>) -> ApiResult<Option<Value>> {
    text.map(serde_json::from_str).transpose().map_err(|error| {
        let detail = format!("The parameter 'params' is not valid JSON: {error}.");
        ApiError::new(Code::InvalidParameter, detail.clone()).parameter("params", detail)
    })
}
