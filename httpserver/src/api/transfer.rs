//! Import of rows, streaming.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sop::Database;
use sop_query::transfer::{
    self, CsvOptions, Format, ImportMode, ImportOptions, MappedReader, Mapping, MappingRule,
    Progress, RowReader, Summary, TransferError,
};
use sop_systemdb::system::AuditEntry;
use utoipa::{IntoParams, ToSchema};

use super::streams::{Sink, long_call, stream};
use super::{ParquetFile, StorePath};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, BodyReader, JsonNumbers, State};
use crate::formats::{FileFormat, format_of, reader};
use crate::jobs::JobWish;
use crate::security::Capability;
use crate::state::AppState;

/// Bytes that are read from the body at once; the format is seen from the first of them.
const READ_BYTES: usize = 64 * 1024;

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// `json` (an array), `ndjson`, `csv` or `parquet`; seen from the media type or the data when missing.
    format: Option<String>,
    /// Fields that form the key, such as `Country,Id`; the names of the store's key when missing.
    key: Option<String>,
    /// Rows whose key is there: `insert` refuses them, `upsert` replaces the value, `replace` empties
    /// the store first.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    mode: ImportMode,
    /// Makes the store when it is missing, with the key types seen in the data.
    #[serde(default)]
    create: bool,
    /// Leaves the key fields in the value too.
    #[serde(default)]
    keep_key: bool,
    /// Does everything but keep it.
    #[serde(default)]
    dry_run: bool,
    /// The character between two CSV values; seen from the first line when missing.
    delimiter: Option<char>,
    /// The character around CSV values that contain delimiters: `"` when missing.
    quote: Option<char>,
    /// What becomes of fields, as a JSON list of `{"from", "to"?, "type"?, "skip"?}`: `to` is a new name, with dots for
    /// a field in a nested object, `type` is `integer`, `number`, `boolean`, `json` or `text`. `key` names the new names.
    map: Option<String>,
    /// Stops at this many bad rows: 1000 when not said.
    max_errors: Option<u64>,
}

/// What an import did.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the query crate writes")]
pub(super) struct ImportSummary {
    /// Rows read, good and bad.
    read: u64,
    inserted: u64,
    updated: u64,
    /// Bad and refused rows.
    failed: u64,
    /// The first of them.
    errors: Vec<BadRowView>,
    /// Those that `errors` does not list.
    errors_not_listed: u64,
    /// CSV values that did not fit the type of their column and were kept as text.
    warnings: u64,
    /// Transactions.
    batches: u64,
    /// Whether the store was made.
    created: bool,
    dry_run: bool,
}

/// A row that could not be read or was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the query crate writes")]
pub(super) struct BadRowView {
    /// Line on which it begins, counted from 1.
    line: u64,
    detail: String,
    /// Its beginning.
    text: String,
}

/// A line of an import's progress.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum ImportLine<'a> {
    /// How far it is.
    Progress(Progress),
    /// The end.
    Summary(&'a Summary),
    /// The end before the end.
    Error {
        code: &'static str,
        detail: &'a str,
        problem: &'a Problem,
    },
}

/// Imports rows into a store, in batches of one transaction each. Bad rows are reported by line (of Parquet, by number) and
/// cost only themselves. With `Accept: application/x-ndjson` the answer is a line now and then while
/// the import runs (`event` is `progress`) and one at its end (`summary` or `error`).
#[utoipa::path(
    post, operation_id = "import_items", path = "/databases/{db}/stores/{store}/import", tag = "items", params(StorePath, ImportQuery),
    request_body(content(
        (String = "application/x-ndjson"), (String = "application/json"), (String = "text/csv"),
        (ParquetFile = "application/vnd.apache.parquet"),
    )),
    responses(
        (status = 200, content((ImportSummary = "application/json"), (String = "application/x-ndjson"))),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn import(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<ImportQuery>,
    numbers: JsonNumbers,
    request: Request,
) -> ApiResult<Response> {
    let format = match (
        &query.format,
        super::changes::content_type(request.headers()),
    ) {
        (Some(name), _) => Some(format_of(name)?),
        // Files of one JSON value a line are often called JSON: there the data itself decides.
        (None, Some(content_type)) => {
            let found = FileFormat::from_content_type(content_type);
            found.filter(|format| *format != FileFormat::Text(Format::Json))
        }
        (None, None) => None,
    };
    let mapping = mapping(query.map.as_deref())?;
    let mut csv = csv_options(&state, &query)?;
    csv.types = mapping.texts();
    let entry = AuditEntry {
        who: state.registry().who().name.to_string(),
        way: "import".to_owned(),
        what: format!("{} import", path.store),
        database: Some(path.db.clone()),
        store: Some(path.store.clone()),
        ..AuditEntry::default()
    };
    let length = http_body::Body::size_hint(request.body()).exact();
    let work = ImportWork {
        options: options(&path, &query)?,
        csv,
        format,
        mapping,
        length: length.unwrap_or_default(),
        state: state.clone(),
        entry,
    };
    let (reader, feed) = BodyReader::new(request.into_body(), state.limits().idle_timeout());
    // Its own task, since the answer may be on its way while the body still comes.
    tokio::spawn(feed);
    let registry = state.registry().clone();
    if query.create {
        // It may make a store.
        registry.who().check(Capability::Admin, Some(&path.db))?;
    }
    if numbers.lines {
        return stream(&state, "application/x-ndjson", move |sink| {
            let db = registry.writable(&path.db)?;
            registry.seen(&path.db).check_whole_rows(&path.store)?;
            work.run_in_lines(&db, reader, sink)
        })
        .await;
    }
    let gone = CancelOnDrop::default();
    let cancel = Arc::clone(&gone.0);
    let summary = long_call(&state, move || {
        let db = registry.writable(&path.db)?;
        registry.seen(&path.db).check_whole_rows(&path.store)?;
        work.run(&db, reader, cancel, &mut |_| {})
    })
    .await?;
    Ok(axum::Json(summary).into_response())
}

/// Sets its flag when it is dropped, which is what happens to a handler whose client went away.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct ImportWork {
    options: ImportOptions,
    csv: CsvOptions,
    format: Option<FileFormat>,
    mapping: Mapping,
    /// Bytes of the body; 0 when that is not known.
    length: u64,
    state: AppState,
    /// What the audit is told at the end.
    entry: AuditEntry,
}

impl ImportWork {
    /// Runs it as a job, so that others see it and can end it, and writes down what it changed.
    fn run(
        self,
        db: &Database,
        body: BodyReader,
        cancel: Arc<AtomicBool>,
        progress: &mut dyn FnMut(&Progress),
    ) -> ApiResult<Summary> {
        let verb = match self.options.dry_run {
            true => "Try an import into",
            false => "Import into",
        };
        let job = self.state.jobs().begin(JobWish {
            kind: "import",
            database: self.entry.database.clone().unwrap_or_default(),
            what: format!("{verb} {}", self.options.store),
            unit: "bytes",
            can_cancel: true,
            by: Arc::clone(&self.state.who().name),
        })?;
        let (state, mut entry, length) = (self.state.clone(), self.entry.clone(), self.length);
        let is_change = !self.options.dry_run;
        let stop = Arc::clone(&cancel);
        let mut last = Progress::default();
        let result = self.read(db, body, cancel, &mut |now| {
            last = *now;
            let total = if length == 0 {
                0
            } else {
                length.max(now.bytes)
            };
            job.progress(now.bytes, total);
            job.note(&match now.failed {
                0 => format!("{} rows", now.read),
                failed => format!("{} rows, {failed} bad", now.read),
            });
            if job.is_cancelled() {
                stop.store(true, Ordering::Relaxed);
            }
            progress(now);
        });
        let counts = match &result {
            Ok(done) => {
                json!({"read": done.read, "inserted": done.inserted, "updated": done.updated, "failed": done.failed})
            }
            Err(_) => {
                json!({"read": last.read, "inserted": last.inserted, "updated": last.updated, "failed": last.failed})
            }
        };
        if is_change {
            entry.changed = ["inserted", "updated"]
                .iter()
                .filter_map(|name| counts[name].as_u64())
                .sum();
            let outcome = if result.is_ok() { "done" } else { "failed" };
            outcome.clone_into(&mut entry.outcome);
            entry.detail = match &result {
                Ok(_) => json!({"import": counts}),
                Err(error) => {
                    json!({"import": counts, "code": error.code().as_str(), "message": error.detail()})
                }
            };
            state.audit().record(entry);
        }
        let ended = match &result {
            Ok(_) => Ok(counts),
            Err(error) => Err(ApiError::new(error.code(), error.detail().to_owned())),
        };
        job.end(ended);
        result
    }

    fn read(
        mut self,
        db: &Database,
        body: BodyReader,
        cancel: Arc<AtomicBool>,
        progress: &mut dyn FnMut(&Progress),
    ) -> ApiResult<Summary> {
        self.options.cancel = Some(Arc::clone(&cancel));
        let mut body = BufReader::with_capacity(READ_BYTES, body);
        let format = match self.format {
            Some(format) => format,
            None => FileFormat::detect(body.fill_buf().map_err(TransferError::Io)?, None)?,
        };
        if format != FileFormat::Text(Format::Csv) {
            self.csv.types.clear();
        }
        let state = self.state.clone();
        let most = state.limits().import_file_bytes;
        let reader = reader(
            format,
            body,
            self.csv,
            || state.scratch_file(),
            most,
            &mut |bytes| {
                progress(&Progress {
                    bytes,
                    ..Progress::default()
                });
                match cancel.load(Ordering::Relaxed) {
                    true => Err(TransferError::Cancelled.into()),
                    false => Ok(()),
                }
            },
        )?;
        let mut reader: Box<dyn RowReader + Send> = match self.mapping.is_empty() {
            true => reader,
            false => Box::new(MappedReader::new(reader, self.mapping)),
        };
        Ok(transfer::import(db, &mut reader, &self.options, progress)?)
    }

    /// Runs it with a line for each step; a failure before the first line is an ordinary answer.
    fn run_in_lines(self, db: &Database, body: BodyReader, sink: &mut Sink) -> ApiResult<()> {
        let cancel = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&cancel);
        let result = self.run(db, body, cancel, &mut |progress| {
            stop.store(sink.is_closed(), Ordering::Relaxed);
            sink.try_line(line(&ImportLine::Progress(*progress)));
        });
        let last = match result {
            Ok(summary) => line(&ImportLine::Summary(&summary)),
            Err(error) if !sink.has_begun() => return Err(error),
            Err(error) => {
                let problem = error.into_problem();
                line(&ImportLine::Error {
                    code: problem.code,
                    detail: &problem.detail,
                    problem: &problem,
                })
            }
        };
        sink.write_all(&last)
            .and_then(|()| sink.write_all(b"\n"))
            .map_err(ApiError::internal)
    }
}

fn line(line: &ImportLine<'_>) -> Vec<u8> {
    serde_json::to_vec(line).unwrap_or_default()
}

fn options(path: &StorePath, query: &ImportQuery) -> ApiResult<ImportOptions> {
    let mut options = ImportOptions::new(&path.store);
    options.key = key_names(query.key.as_deref());
    options.mode = query.mode;
    options.create = query.create;
    options.keep_key = query.keep_key;
    options.dry_run = query.dry_run;
    if let Some(most) = query.max_errors {
        if most == 0 {
            let detail = "'max_errors' is at least 1.";
            return Err(
                ApiError::new(Code::InvalidParameter, detail).parameter("max_errors", detail)
            );
        }
        options.max_bad_rows = most;
    }
    Ok(options)
}

/// The names in `A,B`; nothing given is the same as an empty text.
pub(crate) fn key_names(text: Option<&str>) -> Vec<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let names = text.into_iter().flat_map(|text| text.split(','));
    names.map(|name| name.trim().to_owned()).collect()
}

/// The rules in `map`.
fn mapping(text: Option<&str>) -> ApiResult<Mapping> {
    let Some(text) = text else {
        return Ok(Mapping::default());
    };
    let rules: Vec<MappingRule> = serde_json::from_str(text).map_err(|error| {
        let detail = format!("'map' is not a list of rules: {error}.");
        ApiError::new(Code::InvalidParameter, detail.clone()).parameter("map", detail)
    })?;
    Ok(Mapping::new(rules)?)
}

fn csv_options(state: &AppState, query: &ImportQuery) -> ApiResult<CsvOptions> {
    let delimiter = query.delimiter.map(u8::try_from).transpose().map_err(|_| {
        let detail = "'delimiter' is one ASCII character.";
        ApiError::new(Code::InvalidParameter, detail).parameter("delimiter", detail)
    })?;
    let quote = query.quote.map(u8::try_from).transpose().map_err(|_| {
        let detail = "'quote' is one ASCII character.";
        ApiError::new(Code::InvalidParameter, detail).parameter("quote", detail)
    })?;
    let max_row_bytes = usize::try_from(state.limits().import_line_bytes).unwrap_or(usize::MAX);
    Ok(CsvOptions {
        delimiter,
        quote: quote.unwrap_or(b'"'),
        max_row_bytes,
        ..CsvOptions::default()
    })
}
