//! The text formats that import and export speak, and how one is recognised.
//!
//! Always true: recognition looks only at a name and at the first bytes, and never guesses a text encoding:
//! whatever is not UTF-8 text is refused with what it looks like. It does not read rows.

use super::TransferError;
use serde::{Deserialize, Serialize};
use std::io::BufRead;

/// How many bytes of the beginning are enough for [`Format::detect`].
pub const DETECT_BYTES: usize = 64 * 1024;

/// A text format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON value a line.
    Ndjson,
    /// One JSON array, each element a row.
    Json,
    /// Comma-separated values with a header row (also semicolon, tab or bar between the values).
    Csv,
}

impl Format {
    /// Every format, in the order in which help texts name them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Ndjson, Self::Csv];

    /// The format of a name as the API and the command line write it, like `ndjson`; also the usual aliases
    /// (`jsonl`, `tsv`) in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "json" => Some(Self::Json),
            "csv" | "tsv" => Some(Self::Csv),
            _ => None,
        }
    }

    /// The name as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// The media type for an HTTP answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The format of a media type, parameters ignored; `None` when the type says nothing about it.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines" => Some(Self::Ndjson),
            "application/json" | "text/json" => Some(Self::Json),
            "text/csv" | "application/csv" | "text/tab-separated-values" => Some(Self::Csv),
            _ => None,
        }
    }

    /// Recognises the format from the first bytes (up to [`DETECT_BYTES`] are looked at) and the file's name.
    ///
    /// The extension decides, except that `.json` files often hold one value a line: there, and without a known
    /// extension, the first character does. An array is JSON; an object that ends with its line is NDJSON; an
    /// object over several lines is taken as JSON, whose reader explains what it needs; anything else is CSV.
    ///
    /// # Errors
    /// [`TransferError::NotText`] for a compressed, UTF-16 or binary beginning.
    pub fn detect(head: &[u8], file_name: Option<&str>) -> Result<Self, TransferError> {
        let head = head.get(..DETECT_BYTES).unwrap_or(head);
        refuse_binary(head)?;
        let extension = file_name
            .and_then(|name| name.rsplit_once('.'))
            .map(|(_, extension)| extension);
        match extension.and_then(Self::from_name) {
            Some(format @ (Self::Ndjson | Self::Csv)) => Ok(format),
            Some(Self::Json) => Ok(by_content(head, Self::Json)),
            None => Ok(by_content(head, Self::Csv)),
        }
    }
}

/// As [`Format::detect`] with what `input` has at hand; nothing is consumed.
///
/// # Errors
/// As [`Format::detect`], and [`TransferError::Io`] when `input` fails.
pub fn detect_format(
    input: &mut dyn BufRead,
    file_name: Option<&str>,
) -> Result<Format, TransferError> {
    Format::detect(input.fill_buf()?, file_name)
}

fn by_content(head: &[u8], otherwise: Format) -> Format {
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    match text.first() {
        Some(b'[') => Format::Json,
        Some(b'{') => {
            let end = text.iter().position(|&byte| byte == b'\n');
            let whole_line = end.and_then(|end| text.get(..end));
            // Without a line end the line is longer than the head (or the only one): one value a line fits best.
            let complete = whole_line
                .is_none_or(|line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok());
            if complete {
                Format::Ndjson
            } else {
                Format::Json
            }
        }
        _ => otherwise,
    }
}

fn refuse_binary(head: &[u8]) -> Result<(), TransferError> {
    let looks_like = match head {
        [0x1f, 0x8b, ..] => "gzip: decompress it first",
        [b'P', b'K', 3, 4, ..] => {
            "a zip archive (an .xlsx file is one too): extract it, or save the sheet as CSV"
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd: decompress it first",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16: save it as UTF-8",
        [b'P', b'A', b'R', b'1', ..] => "Parquet: convert it to CSV, NDJSON or JSON",
        _ if head.contains(&0) => "a binary file (it has a zero byte)",
        _ => return Ok(()),
    };
    Err(TransferError::NotText { looks_like })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_bytes_decide() {
        let cases: [(&[u8], Option<&str>, Format); 12] = [
            (b"{\"a\":1}\n{\"a\":2}\n", Some("x.ndjson"), Format::Ndjson),
            (b"", Some("x.JSONL"), Format::Ndjson),
            (b"[1", Some("a.b.json"), Format::Json),
            (b"{\"a\":1}\n{\"a\":2}\n", Some("x.json"), Format::Ndjson),
            (b"{\n \"a\":1}\n", Some("x.json"), Format::Json),
            (b"", Some("x.json"), Format::Json),
            (b"a,b\n1,2\n", Some("x.csv"), Format::Csv),
            (b"\xef\xbb\xbf [", None, Format::Json),
            (b"\xef\xbb\xbf{\"a\":1}", None, Format::Ndjson),
            (b"{", None, Format::Ndjson),
            (b"a;b\n", None, Format::Csv),
            (b"[1]", Some("noextension"), Format::Json),
        ];
        for (head, name, expected) in cases {
            assert_eq!(
                Format::detect(head, name).unwrap(),
                expected,
                "{name:?} {:?}",
                String::from_utf8_lossy(head)
            );
        }
    }

    #[test]
    fn looking_consumes_nothing() {
        let mut input = &b"[1]"[..];
        assert_eq!(detect_format(&mut input, None).unwrap(), Format::Json);
        assert_eq!(input, b"[1]");
    }

    #[test]
    fn what_is_not_text_is_named() {
        for (head, word) in [
            (&b"\x1f\x8b\x08"[..], "gzip"),
            (b"PK\x03\x04", "zip"),
            (b"\xff\xfeh\0", "UTF-16"),
            (b"a\0b", "binary"),
            (b"PAR1", "Parquet"),
        ] {
            let error = Format::detect(head, Some("x.csv")).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn names_and_media_types_are_read_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
            assert_eq!(
                Format::from_content_type(format.content_type()),
                Some(format)
            );
        }
        assert_eq!(
            Format::from_content_type("Text/CSV ; charset=x"),
            Some(Format::Csv)
        );
        assert_eq!(Format::from_content_type("text/plain"), None);
        assert_eq!(Format::from_name("parquet"), None);
    }
}
