//! Import and export of files, without a server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use sop::{Mode, OpenOptions};
use sop_query::transfer::{self, CsvOptions, ExportOptions, Format, ImportMode, ImportOptions};

use super::args::{ExportArgs, ImportArgs};
use super::maintain::open_to_read;
use super::{note, say};
use crate::api::key_names;
use crate::config::Limits;
use crate::error::ApiError;
use crate::formats::{FileFormat, format_of, no_room, parquet_of_lines, reader};

/// Bytes that are read at once; the format is seen from the first of them.
const READ_BYTES: usize = 64 * 1024;

/// Imports a file. Prints the summary; fails when a row did.
pub(super) fn import(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let mut options = ImportOptions::new(&args.store);
    options.key = key_names(args.key.as_deref());
    options.create = args.create;
    options.keep_key = args.keep_key;
    options.mode = mode(&args.mode)?;
    let mut input = input(&args.file)?;
    let format = match &args.format {
        Some(name) => format_of(name)?,
        None => FileFormat::detect(input.fill_buf()?, args.file.to_str())?,
    };
    let db = OpenOptions::new()
        .open(&args.database)
        .with_context(|| format!("The database {} cannot be opened", args.database.display()))?;
    let scratch = || tempfile::tempfile().map_err(no_room);
    let most = Limits::default().import_file_bytes;
    let mut reader = reader(
        format,
        input,
        CsvOptions::default(),
        scratch,
        most,
        &mut |_| Ok(()),
    )?;
    let result = transfer::import(&db, &mut reader, &options, &mut |progress| {
        note(&format!(
            "\r{} rows, {} MiB",
            progress.read,
            progress.bytes >> 20
        ));
    });
    note("\n");
    db.close()?;
    let summary = result.map_err(anyhow::Error::new)?;
    say(&format!("{}\n", serde_json::to_string_pretty(&summary)?))?;
    Ok(if summary.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn mode(name: &str) -> anyhow::Result<ImportMode> {
    match name {
        "insert" => Ok(ImportMode::Insert),
        "upsert" => Ok(ImportMode::Upsert),
        "replace" => Ok(ImportMode::Replace),
        other => anyhow::bail!("'{other}' is no mode of an import. Use insert, upsert or replace."),
    }
}

fn input(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::with_capacity(READ_BYTES, io::stdin())));
    }
    let file =
        File::open(path).with_context(|| format!("The file {} cannot be read", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(READ_BYTES, file)))
}

/// Exports a store to a file or to standard output.
pub(super) fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
    let extension = file
        .and_then(|path| path.extension())
        .and_then(|extension| extension.to_str());
    let lines = FileFormat::Text(Format::Ndjson);
    let format = match (&args.format, extension) {
        (Some(name), _) => format_of(name)?,
        (None, Some(extension)) => FileFormat::from_name(extension).unwrap_or(lines),
        (None, None) => lines,
    };
    let db = open_to_read(&args.database)?;
    let tx = db.begin(Mode::Read)?;
    // Before the file is made: a wrong name must not leave an empty one behind.
    let store = tx.documents(&args.store)?;
    let mut out: Box<dyn Write + Send> = match file {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| {
                format!("The file {} cannot be written", path.display())
            })?))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let export = |format: Format, out: &mut dyn Write| {
        let options = ExportOptions::new(format);
        transfer::export(&tx, &args.store, &options, out, &mut |_| {})
    };
    let items = match format {
        FileFormat::Text(format) => export(format, &mut out)?.items,
        FileFormat::Parquet => parquet_of_lines(&mut out, &store, &mut |lines| {
            export(Format::Ndjson, lines)
                .map(drop)
                .map_err(ApiError::from)
        })?,
    };
    out.flush()?;
    note(&format!("{items} items\n"));
    Ok(ExitCode::SUCCESS)
}
