//! Export of a store, streaming.

use std::io::{self, BufReader, BufWriter, Seek as _, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use sop::{Database, Direction, JsonStyle, Mode, Transaction};
use sop_query::sql::Cancel;
use sop_query::transfer::{self, ExportOptions, Exported, Exporter, Format, TransferError};
use utoipa::IntoParams;

use super::filtered::{Filtering, export_filtered};
use super::streams::{Sink, stream};
use super::{ParquetFile, StorePath, keys};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, State};
use crate::formats::{FileFormat, format_of, no_room, parquet_of_lines};
use crate::jobs::{Job, JobWish};
use crate::security::Seen;
use crate::state::AppState;

/// How to export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `json`, `ndjson` (default), `csv` or `parquet`.
    format: Option<String>,
    /// JSON array of leading key values, the last may be `{"partial": "text"}`: only these items.
    prefix: Option<String>,
    /// Filter document as JSON: only the items that it lets through.
    filter: Option<String>,
}

/// Exports a store as of now: what is written was in it at one moment. While it runs it is a job that can be cancelled.
#[utoipa::path(
    get, operation_id = "export_items", path = "/databases/{db}/stores/{store}/export", tag = "items", params(StorePath, ExportQuery),
    responses(
        (status = 200, content(
            (String = "application/x-ndjson"), (String = "application/json"), (String = "text/csv"),
            (ParquetFile = "application/vnd.apache.parquet"),
        )),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn export(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<ExportQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Response<Body>> {
    let format = query
        .format
        .as_deref()
        .map_or(Ok(FileFormat::Text(Format::Ndjson)), format_of)?;
    let disposition = format!(
        "attachment; filename=\"{}.{}\"",
        file_name(&path.store),
        format.name()
    );
    let work = ExportWork {
        state: state.clone(),
        path,
        query,
        style: match numbers.as_strings {
            true => JsonStyle::BigIntAsString,
            false => JsonStyle::Exact,
        },
    };
    let mut response = stream(&state, format.content_type(), move |sink| {
        work.run(format, sink)
    })
    .await?;
    if let Ok(value) = HeaderValue::try_from(disposition) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

struct ExportWork {
    state: AppState,
    path: StorePath,
    query: ExportQuery,
    style: JsonStyle,
}

impl ExportWork {
    /// Runs it as a job, so that others see it and can end it.
    fn run(&self, format: FileFormat, sink: &mut Sink) -> ApiResult<()> {
        let db = self.state.registry().database(&self.path.db)?;
        // A wrong name is no job.
        db.begin(Mode::Read)?.documents(&self.path.store)?;
        let job = self.state.jobs().begin(JobWish {
            kind: "export",
            database: self.path.db.clone(),
            what: format!("Export {} as {}", self.path.store, format.name()),
            unit: "bytes",
            can_cancel: true,
            by: Arc::clone(&self.state.who().name),
        })?;
        let mut bytes = 0;
        let result = match format {
            FileFormat::Text(format) => {
                let mut watched = Watched::new(sink, &job, &mut bytes);
                self.text(&db, format, &mut watched)
            }
            FileFormat::Parquet => self.parquet(&db, &job, &mut bytes, sink),
        };
        let result = match result {
            Err(_) if job.is_cancelled() => {
                let detail = "The export was cancelled; what came of it is not the whole.";
                Err(ApiError::new(Code::Cancelled, detail))
            }
            result => result,
        };
        let ended = match &result {
            Ok(()) => Ok(json!({"bytes": bytes})),
            Err(error) => Err(ApiError::new(error.code(), error.detail().to_owned())),
        };
        job.end(ended);
        result
    }

    /// Writes the rows as text.
    fn text(&self, db: &Database, format: Format, out: &mut dyn Write) -> ApiResult<()> {
        let options = ExportOptions {
            style: self.style,
            ..ExportOptions::new(format)
        };
        match &self.query.filter {
            Some(filter) => self.filtered(db, filter, &options, out),
            None => self.whole(&db.begin(Mode::Read)?, options, out),
        }
    }

    fn filtered(
        &self,
        db: &Database,
        filter: &str,
        options: &ExportOptions,
        out: &mut dyn Write,
    ) -> ApiResult<()> {
        let filtering = Filtering {
            filter,
            count: false,
            engine: self.state.queries().engine(),
            time: self.state.limits().query_longest(),
            cancel: Cancel::default(),
            seen: &self.state.registry().seen(&self.path.db),
        };
        let prefix = self.query.prefix.as_deref();
        export_filtered(db, &self.path.store, prefix, &filtering, options, out)
    }

    /// Writes all items, or those of the prefix, as the transaction sees them.
    fn whole(
        &self,
        tx: &Transaction,
        mut options: ExportOptions,
        out: &mut dyn Write,
    ) -> ApiResult<()> {
        let store = &self.path.store;
        let prefix = self.query.prefix.as_deref();
        options.range = keys::prefix(&tx.documents(store)?.definition().key, prefix)?;
        let seen = self.state.registry().seen(&self.path.db);
        if seen.rules(store).is_some() {
            export_seen(tx, &seen, store, &options, out)?;
        } else {
            transfer::export(tx, store, &options, out, &mut |_| {})?;
        }
        Ok(())
    }

    /// Writes the rows as Parquet, whose columns have to be known before the first row: they are read twice. A filter is
    /// asked once, as each time it would find what is there then; what it found waits in a file.
    fn parquet(&self, db: &Database, job: &Job, bytes: &mut u64, sink: &mut Sink) -> ApiResult<()> {
        // Between the first byte that is read and the first that is sent, only this tells that the client is gone.
        let is_gone = sink.is_gone();
        let lines = || ExportOptions::new(Format::Ndjson);
        let Some(filter) = &self.query.filter else {
            let tx = db.begin(Mode::Read)?;
            let mut write = |out: &mut dyn Write| {
                let mut watched = Watched::new(out, job, bytes).while_there(&is_gone);
                self.whole(&tx, lines(), &mut watched)
            };
            return parquet_of_lines(sink, &tx.documents(&self.path.store)?, &mut write).map(drop);
        };
        let mut kept = self.state.scratch_file()?;
        let mut writer = BufWriter::new(&mut kept);
        let mut watched = Watched::new(&mut writer, job, bytes).while_there(&is_gone);
        self.filtered(db, filter, &lines(), &mut watched)?;
        writer.flush().map_err(no_room)?;
        drop(writer);
        let mut write = |out: &mut dyn Write| {
            kept.rewind().map_err(no_room)?;
            let mut reader = BufReader::new(&kept);
            let copied = io::copy(&mut reader, out);
            copied
                .map(drop)
                .map_err(|error| TransferError::Io(error).into())
        };
        let tx = db.begin(Mode::Read)?;
        parquet_of_lines(sink, &tx.documents(&self.path.store)?, &mut write).map(drop)
    }
}

/// Hands text on, says how much it was, and fails when it is no longer wanted.
struct Watched<'a> {
    out: &'a mut dyn Write,
    job: &'a Job,
    bytes: &'a mut u64,
    is_gone: Option<&'a dyn Fn() -> bool>,
}

impl<'a> Watched<'a> {
    fn new(out: &'a mut dyn Write, job: &'a Job, bytes: &'a mut u64) -> Self {
        Self {
            out,
            job,
            bytes,
            is_gone: None,
        }
    }

    /// Fails, too, when this says that nobody is there any more.
    fn while_there(self, is_gone: &'a dyn Fn() -> bool) -> Self {
        Self {
            is_gone: Some(is_gone),
            ..self
        }
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.job.is_cancelled() {
            return Err(io::Error::other("the export was cancelled"));
        }
        if self.is_gone.is_some_and(|is_gone| is_gone()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let written = self.out.write(text)?;
        *self.bytes += written as u64;
        self.job.progress(*self.bytes, 0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Exports a store as somebody sees it who does not see all.
pub(crate) fn export_seen(
    tx: &Transaction,
    seen: &Seen,
    name: &str,
    options: &ExportOptions,
    out: &mut dyn Write,
) -> ApiResult<Exported> {
    let store = tx.documents(name)?;
    seen.check(store.definition())?;
    let mut progress = |_: &Exported| {};
    let mut exporter = Exporter::new(&store, options, out, &mut progress)?;
    for item in store.range(&options.range, Direction::Forward)? {
        let item = item?;
        let value = seen.document(name, &item.value)?;
        exporter.add(&item.key, value.root())?;
    }
    Ok(exporter.finish()?)
}

/// A store's name as a file name.
fn file_name(store: &str) -> String {
    store
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect()
}
