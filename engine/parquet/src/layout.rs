//! What a file says of itself, held against what it may take to read: a page may claim to unpack to gigabytes, or to be one
//! list of billions of nothing.
//!
//! Always true: of a file that passes, no page and no list is read that needs more than the limits here; only the heads of
//! the pages are looked at, whatever lies between them. It does not say that the file can be read.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};

use parquet::basic::Compression;
use parquet::errors::ParquetError as FileError;
use parquet::errors::Result as FileResult;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::thrift::{self, Stopped, Walk};

/// The largest list of columns and groups at the end of a file.
const MOST_METADATA: u64 = 64 << 20;
/// The most bytes that a page may unpack to, and those that are held at one time: a page and the dictionary of each column.
const MOST_PAGE: u64 = 256 << 20;
const MOST_HELD: u64 = 1 << 30;
/// The most values in lists of a group of rows, and those more for each of its rows.
const MOST_LISTED: i64 = 1 << 24;
const LISTED_PER_ROW: i64 = 64;
/// The longest head of a page.
const MOST_HEAD: u64 = 16 << 20;

fn refuse<T>(detail: impl Into<String>) -> FileResult<T> {
    Err(FileError::General(detail.into()))
}

fn damaged<T>() -> FileResult<T> {
    refuse("it is damaged: its pages are not where it says")
}

/// Looks at the list at the end: its length before anything of it is read, then all of it.
pub fn check_end(file: &File) -> FileResult<()> {
    let length = file.metadata().map_err(FileError::from)?.len();
    let mut end = [0; 8];
    let mut file = file;
    if length < end.len() as u64 {
        // The reader says what is missing.
        return Ok(());
    }
    file.seek(SeekFrom::Start(length - end.len() as u64))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, ..] = end;
    let listed = u64::from(u32::from_le_bytes([a, b, c, d]));
    if !end.ends_with(b"PAR1") {
        return Ok(());
    }
    if listed > MOST_METADATA {
        return refuse(format!(
            "its list of columns has {listed} bytes; {MOST_METADATA} are read"
        ));
    }
    let Some(begin) = (length - end.len() as u64).checked_sub(listed) else {
        return Ok(());
    };
    file.seek(SeekFrom::Start(begin))?;
    let mut list = BufReader::new(file.take(listed));
    let walked = Walk::new(&mut list, listed).whole(thrift::FILE, &mut |_, _| {});
    walked.map(drop).or_else(|stopped| match stopped {
        Stopped::Io(error) => Err(error.into()),
        Stopped::Damaged | Stopped::TooLong => {
            refuse("it is damaged: its list of columns cannot be read")
        }
    })
}

/// Looks at the heads of all pages.
pub fn check_pages(file: &File, metadata: &ParquetMetaData) -> FileResult<()> {
    let length = file.metadata().map_err(FileError::from)?.len();
    let mut input = BufReader::new(file);
    for group in metadata.row_groups() {
        let mut held = 0;
        for column in group.columns() {
            check_compression(column)?;
            check_lists(group, column)?;
            held += largest_pages(&mut input, column, length)?;
            if held > MOST_HELD {
                return refuse(format!(
                    "its pages take more than {} MiB at one time; write it with smaller pages or fewer columns",
                    MOST_HELD >> 20
                ));
            }
        }
    }
    Ok(())
}

fn check_compression(column: &ColumnChunkMetaData) -> FileResult<()> {
    match column.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY => Ok(()),
        other => refuse(format!(
            "the column {:?} is packed by {other}; write the file with Snappy, or without packing",
            column.column_descr().name()
        )),
    }
}

/// Lists may be long in the middle, but not all in one row.
fn check_lists(group: &RowGroupMetaData, column: &ColumnChunkMetaData) -> FileResult<()> {
    if column.column_descr().max_rep_level() == 0 {
        return Ok(());
    }
    let most = group.num_rows().max(0).saturating_mul(LISTED_PER_ROW);
    match column.num_values() > most.saturating_add(MOST_LISTED) {
        true => refuse(format!(
            "the lists of {:?} have {} values in {} rows, which is too many",
            column.column_descr().name(),
            column.num_values(),
            group.num_rows()
        )),
        false => Ok(()),
    }
}

/// What the largest page and the dictionary of a column unpack to, together.
fn largest_pages(
    input: &mut BufReader<&File>,
    column: &ColumnChunkMetaData,
    length: u64,
) -> FileResult<u64> {
    let begin = column
        .dictionary_page_offset()
        .unwrap_or(column.data_page_offset());
    let (Ok(mut at), Ok(bytes)) = (
        u64::try_from(begin),
        u64::try_from(column.compressed_size()),
    ) else {
        return damaged();
    };
    let end = at.saturating_add(bytes);
    if end > length {
        return damaged();
    }
    let lists = column.column_descr().max_rep_level() > 0;
    let (mut data, mut dictionary) = (0, 0);
    // To the end, as the library goes on for as long as there are bytes, also when all values have come.
    while at < end {
        input.seek(SeekFrom::Start(at))?;
        let (page, head) = page(input)?;
        at = at.saturating_add(head).saturating_add(page.packed);
        if page.unpacked > MOST_PAGE {
            return refuse(format!(
                "a page of {:?} unpacks to {} bytes; {MOST_PAGE} are read",
                column.column_descr().name(),
                page.unpacked
            ));
        }
        if lists && page.values > column.num_values() {
            return damaged();
        }
        match page.kind {
            DICTIONARY => dictionary = page.unpacked.max(dictionary),
            _ => data = page.unpacked.max(data),
        }
    }
    Ok(data + dictionary)
}

/// The kind of a page that is a dictionary.
const DICTIONARY: i64 = 2;

/// What the head of a page says.
#[derive(Default)]
struct Page {
    kind: i64,
    unpacked: u64,
    packed: u64,
    /// Values in a page of data.
    values: i64,
}

/// Reads the head of a page; and how long it is.
fn page(input: &mut impl io::Read) -> FileResult<(Page, u64)> {
    let mut page = Page::default();
    let mut sizes = (0, 0);
    let walked = Walk::new(input, MOST_HEAD).whole(thrift::PAGE, &mut |path, value| match path {
        [1] => page.kind = value,
        [2] => sizes.0 = value,
        [3] => sizes.1 = value,
        [5 | 8, 1] => page.values = value,
        _ => {}
    });
    let read = walked.or_else(|stopped| match stopped {
        Stopped::Io(error) => Err(error.into()),
        Stopped::Damaged => damaged(),
        Stopped::TooLong => refuse("the head of a page is too long"),
    })?;
    let size = |value: i64| u64::try_from(value).or_else(|_| damaged());
    (page.unpacked, page.packed) = (size(sizes.0)?, size(sizes.1)?);
    if page.values < 0 {
        return damaged();
    }
    Ok((page, read))
}
