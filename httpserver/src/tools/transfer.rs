//! Tools that take rows in and give them out as text. Files of any size go by the interface's own
//! import and export; a tool's arguments and results are bounded.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sop::Mode as Access;
use sop_query::transfer::{
    CsvOptions, ExportOptions, Format, ImportMode, ImportOptions, export, import,
};
use sop_systemdb::tool::{ToolClass, ToolFault, ToolOutput};

use super::arguments::Names;
use super::context::Context;
use super::fault::{at, fault};
use super::result::counted;
use super::tool::{Mode, Tool};
use crate::api::export_seen;
use crate::formats::{FileFormat, format_of, parquet_of_lines, reader};

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::changing(
            "import",
            "Imports rows given as text (CSV, NDJSON or a JSON array, or a Parquet file in base64) into a store.",
            ToolClass::Write,
            &["store", "data"],
            import_rows,
        ),
        Tool::reading(
            "export",
            "Gives the items of a store as text: CSV, NDJSON or a JSON array, or as a Parquet file in base64.",
            &["store", "format"],
            export_rows,
        ),
    ]
}

/// Arguments of `import`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// The store.
    store: String,
    /// The rows as text; a Parquet file in base64.
    data: String,
    /// `csv`, `ndjson`, `json` or `parquet`; all but the last seen from the data when missing.
    format: Option<String>,
    /// Fields that form the key; those of the store's key when missing.
    key: Option<Names>,
    /// `insert` (when missing), `upsert` or `replace`.
    mode: Option<String>,
    /// Makes the store when it is missing, with the key types seen in the data.
    create: Option<bool>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn import_rows(context: &Context, args: Import, mode: Mode) -> Result<ToolOutput, ToolFault> {
    if args.create == Some(true) {
        context.allow_class(ToolClass::Admin, "import with create")?;
    }
    let database = context.writable(args.database.as_deref(), mode)?;
    let seen = context.seen(args.database.as_deref());
    seen.check_whole_rows(&args.store).map_err(fault)?;
    let format = match &args.format {
        Some(name) => format_of(name).map_err(|error| at(error, "/format"))?,
        None => {
            FileFormat::detect(args.data.as_bytes(), None).map_err(|error| at(error, "/data"))?
        }
    };
    let data = bytes_of(format, &args.data)?;
    let mut options = ImportOptions::new(&args.store);
    options.key = args.key.as_ref().map(Names::list).unwrap_or_default();
    options.mode = import_mode(args.mode.as_deref())?;
    options.create = args.create.unwrap_or(false);
    options.dry_run = mode == Mode::Propose;
    let mut rows = reader(
        format,
        &*data,
        CsvOptions::default(),
        || context.state.scratch_file(),
        data.len() as u64,
        &mut |_| Ok(()),
    )
    .map_err(|error| at(error, "/data"))?;
    let done =
        import(&database, &mut rows, &options, &mut |_| {}).map_err(|error| fault(error.into()))?;
    let verb = match mode {
        Mode::Call => "imported",
        Mode::Propose => "would be imported",
    };
    let count = done.inserted + done.updated;
    let failed = match done.failed {
        0 => String::new(),
        failed => format!(", {} refused", counted(failed, "row")),
    };
    let changes = (mode == Mode::Propose).then(|| json!({"count": count, "rows": []}));
    Ok(ToolOutput {
        summary: format!("{} {verb}{failed}", counted(count, "row")),
        data: serde_json::to_value(&done).unwrap_or_default(),
        changes,
        ..ToolOutput::default()
    })
}

/// What the argument stands for.
fn bytes_of(format: FileFormat, data: &str) -> Result<Cow<'_, [u8]>, ToolFault> {
    if format != FileFormat::Parquet {
        return Ok(Cow::Borrowed(data.as_bytes()));
    }
    let decoded = STANDARD.decode(data.trim()).map_err(|error| {
        let message = format!("A Parquet file is given in base64, which this is not: {error}.");
        ToolFault::new("invalid_value", message).at("/data")
    })?;
    Ok(Cow::Owned(decoded))
}

fn import_mode(name: Option<&str>) -> Result<ImportMode, ToolFault> {
    let name = name.unwrap_or("insert");
    serde_json::from_value(Value::from(name)).map_err(|_| {
        let message = format!("'{name}' is no way to import: insert, upsert or replace.");
        ToolFault::new("invalid_value", message).at("/mode")
    })
}

/// Arguments of `export`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Export {
    /// The store.
    store: String,
    /// `csv`, `ndjson`, `json` or `parquet`; `csv` when missing.
    format: Option<String>,
    /// The database; the open one when missing.
    database: Option<String>,
}

/// Collects text up to a number of bytes.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::Error::other(
                "the store is too large for a tool's result",
            ));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn export_rows(context: &Context, args: Export) -> Result<ToolOutput, ToolFault> {
    let database = context.database(args.database.as_deref())?;
    let name = args.format.as_deref().unwrap_or("csv");
    let format = format_of(name).map_err(|error| at(error, "/format"))?;
    let tx = database
        .begin(Access::Read)
        .map_err(|error| fault(error.into()))?;
    let store = tx
        .documents(&args.store)
        .map_err(|error| at(error, "/store"))?;
    let mut text = Bounded {
        bytes: Vec::new(),
        most: context.bytes,
    };
    let seen = context.seen(args.database.as_deref());
    let write = |format: Format, out: &mut dyn Write| {
        let options = ExportOptions::new(format);
        match seen.visibility().is_all() {
            true => export(&tx, &args.store, &options, out, &mut |_| {}).map_err(Into::into),
            false => export_seen(&tx, &seen, &args.store, &options, out),
        }
    };
    let exported = match format {
        FileFormat::Text(format) => write(format, &mut text).map(|done| done.items),
        FileFormat::Parquet => {
            let mut write = |lines: &mut dyn Write| write(Format::Ndjson, lines).map(drop);
            parquet_of_lines(&mut text, &store, &mut write)
        }
    };
    let exported = exported.map_err(|error| {
        let mut found = fault(error);
        if text.bytes.len() >= context.bytes / 2 {
            let message = format!(
                "'{}' is too large for a tool's result of {} bytes. Export it as a file, or select \
                 some of it.",
                args.store, context.bytes
            );
            found = ToolFault::new("body_too_large", message).at("/store");
        }
        found
    })?;
    let data = match format {
        FileFormat::Text(_) => {
            json!({"format": name, "text": String::from_utf8_lossy(&text.bytes)})
        }
        FileFormat::Parquet => json!({"format": name, "base64": STANDARD.encode(&text.bytes)}),
    };
    Ok(ToolOutput {
        summary: format!("{} as {name}", counted(exported, "item")),
        data,
        ..ToolOutput::default()
    })
}
