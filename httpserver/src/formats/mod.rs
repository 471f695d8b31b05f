//! The formats of files that rows come in and go out in: the texts of the query layer, and Parquet where this program was
//! built with it (feature `parquet`).
//!
//! What always holds: a format that is not built in is not offered, and who asks for it hears so. How texts are read and
//! written is said in the query layer, Parquet in a crate of its own.

#[cfg(not(feature = "parquet"))]
mod absent;
#[cfg(feature = "parquet")]
mod built;

#[cfg(not(feature = "parquet"))]
use absent as parquet;
#[cfg(feature = "parquet")]
use built as parquet;

use std::fs::File;
use std::io::{self, BufRead, Write};

use sop::DocumentStore;
use sop_query::sql::{Catalog, QueryEngine, Request};
use sop_query::transfer::{self, CsvOptions, Format, RowReader};

use crate::error::{ApiError, ApiResult, Code, nearest};

/// The name of Parquet, which is its file extension, too.
const PARQUET: &str = "parquet";
/// Its media type.
const PARQUET_TYPE: &str = "application/vnd.apache.parquet";
/// How each of its files begins.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Text.
    Text(Format),
    /// Parquet.
    Parquet,
}

impl FileFormat {
    /// The names of those that this program has.
    pub fn names() -> Vec<&'static str> {
        let texts = Format::ALL.iter().map(|format| format.name());
        texts.chain(parquet::IS_BUILT.then_some(PARQUET)).collect()
    }

    /// The format of a name; one that is not there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        if parquet::IS_BUILT && name.eq_ignore_ascii_case(PARQUET) {
            return Some(Self::Parquet);
        }
        Format::from_name(name).map(Self::Text)
    }

    /// Its name, which is the extension of its files, too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text(format) => format.name(),
            Self::Parquet => PARQUET,
        }
    }

    /// The media type of an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text(format) => format.content_type(),
            Self::Parquet => PARQUET_TYPE,
        }
    }

    /// The format of a media type, its parameters ignored.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if parquet::IS_BUILT && essence.eq_ignore_ascii_case(PARQUET_TYPE) {
            return Some(Self::Parquet);
        }
        Format::from_content_type(content_type).map(Self::Text)
    }

    /// The format of a file by its beginning and, where one is known, its name.
    ///
    /// # Errors
    /// It is none of those that are read here.
    pub fn detect(head: &[u8], file_name: Option<&str>) -> ApiResult<Self> {
        let extension = file_name.and_then(|name| name.rsplit_once('.'));
        let named = extension.is_some_and(|(_, last)| last.eq_ignore_ascii_case(PARQUET));
        if parquet::IS_BUILT && (named || head.starts_with(PARQUET_MAGIC)) {
            return Ok(Self::Parquet);
        }
        Ok(Self::Text(Format::detect(head, file_name)?))
    }
}

/// The format of a name.
///
/// # Errors
/// `invalid_parameter` with those that there are.
pub fn format_of(name: &str) -> ApiResult<FileFormat> {
    FileFormat::from_name(name).ok_or_else(|| unknown(name, FileFormat::names()))
}

/// The text format of a name.
///
/// # Errors
/// As [`format_of`].
pub fn text_format_of(name: &str) -> ApiResult<Format> {
    Format::from_name(name).ok_or_else(|| unknown(name, Format::ALL.map(Format::name).to_vec()))
}

fn unknown(name: &str, known: Vec<&'static str>) -> ApiError {
    let detail = match (known.split_last(), parquet::IS_BUILT) {
        (_, false) if name.eq_ignore_ascii_case(PARQUET) => {
            "This program was built without Parquet: 'format' is json, ndjson or csv.".to_owned()
        }
        (Some((last, first)), _) => format!("'format' is {} or {last}.", first.join(", ")),
        (None, _) => "There are no formats.".to_owned(),
    };
    ApiError::new(Code::InvalidParameter, detail.clone())
        .parameter("format", detail)
        .suggest(nearest(name, known))
}

/// Reads rows of an input in a format. What cannot be read from its beginning to its end goes to the file that `scratch`
/// gives, up to `most` bytes; `read` is told of each part and ends the reading by an error.
///
/// # Errors
/// The beginning of the input cannot be read, or it is too large.
pub fn reader<'a>(
    format: FileFormat,
    input: impl BufRead + Send + 'a,
    csv: CsvOptions,
    scratch: impl FnOnce() -> ApiResult<File>,
    most: u64,
    read: &mut dyn FnMut(u64) -> ApiResult<()>,
) -> ApiResult<Box<dyn RowReader + Send + 'a>> {
    match format {
        FileFormat::Text(format) => Ok(transfer::reader(format, input, csv)?),
        FileFormat::Parquet => {
            let max_row_bytes = csv.max_row_bytes;
            let file = spool(input, scratch()?, most, read)?;
            parquet::reader(file, max_row_bytes)
        }
    }
}

/// Writes all of an input into a file.
fn spool(
    mut input: impl BufRead,
    mut file: File,
    most: u64,
    read: &mut dyn FnMut(u64) -> ApiResult<()>,
) -> ApiResult<File> {
    let mut bytes = 0;
    loop {
        let part = input.fill_buf().map_err(transfer::TransferError::Io)?;
        let length = part.len();
        if length == 0 {
            return Ok(file);
        }
        bytes += length as u64;
        if bytes > most {
            let detail = format!(
                "The file is larger than the limit of {most} bytes ('import_file_bytes'). Take it apart, or send the rows \
                 as CSV or NDJSON, which need no room."
            );
            return Err(ApiError::new(Code::BodyTooLarge, detail));
        }
        file.write_all(part).map_err(no_room)?;
        input.consume(length);
        read(bytes)?;
    }
}

/// The error of a file in the folder of the data.
pub fn no_room(error: io::Error) -> ApiError {
    tracing::warn!(%error, "a file beside the databases could not be written");
    let detail = format!("A file beside the databases could not be written: {error}.");
    ApiError::new(Code::StorageError, detail)
}

/// Writes rows of a store as Parquet that `write` gives as lines of JSON. It is called twice, and has to give the same lines.
/// When there are none, the file has the columns that are known of the store.
///
/// # Errors
/// What `write` fails with; `not_representable`.
pub fn parquet_of_lines(
    out: impl Write + Send,
    store: &DocumentStore<'_>,
    write: &mut dyn FnMut(&mut dyn Write) -> ApiResult<()>,
) -> ApiResult<u64> {
    parquet::export_lines(out, store, write)
}

/// Writes the rows of a request that only reads as Parquet. It is run twice over one snapshot.
///
/// # Errors
/// What the query fails with; `not_representable`.
pub fn parquet_of_query(
    engine: &QueryEngine,
    catalog: &Catalog,
    request: &Request,
    out: impl Write + Send,
) -> ApiResult<u64> {
    parquet::export_query(engine, catalog, request, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_types_and_beginnings_are_told_apart() {
        for name in FileFormat::names() {
            let format = format_of(name).unwrap();
            assert_eq!(format.name(), name);
            let found = FileFormat::from_content_type(format.content_type());
            assert_eq!(found, Some(format));
        }
        let csv = FileFormat::detect(b"a,b\n", Some("x.csv")).unwrap();
        assert_eq!(csv, FileFormat::Text(Format::Csv));
        let error = format_of("parket").unwrap_err();
        assert_eq!(error.code(), Code::InvalidParameter);
        assert!(text_format_of(PARQUET).is_err());
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_is_seen_by_its_magic_and_its_name() {
        for (head, name) in [
            (&b"PAR1\x15"[..], None),
            (b"PAR1", Some("x.csv")),
            (b"", Some("a.Parquet")),
        ] {
            let found = FileFormat::detect(head, name).unwrap();
            assert_eq!(found, FileFormat::Parquet);
        }
    }

    #[test]
    fn what_is_spooled_has_a_limit_and_can_be_ended() {
        let scratch = || tempfile::tempfile().unwrap();
        let whole = spool(&b"12345"[..], scratch(), 5, &mut |_| Ok(())).unwrap();
        assert_eq!(whole.metadata().unwrap().len(), 5);
        let error = spool(&b"123456"[..], scratch(), 5, &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.code(), Code::BodyTooLarge);
        let stop = |_| Err(ApiError::new(Code::Cancelled, "no more"));
        let error = spool(&b"1"[..], scratch(), 5, &mut { stop }).unwrap_err();
        assert_eq!(error.code(), Code::Cancelled);
    }
}
