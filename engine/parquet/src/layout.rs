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

/// The largest list of columns and groups at the end of a file.
const MOST_METADATA: u64 = 64 << 20;
/// The most bytes that a page may unpack to, and those that are held at one time: a page and the dictionary of each column.
const MOST_PAGE: u64 = 256 << 20;
const MOST_HELD: u64 = 1 << 30;
/// The most values in lists of a group of rows, and those more for each of its rows.
const MOST_LISTED: i64 = 1 << 24;
const LISTED_PER_ROW: i64 = 64;
/// The longest head of a page, and how deep it may be.
const MOST_HEAD: u64 = 16 << 20;
const MOST_DEPTH: u32 = 16;

fn refuse<T>(detail: impl Into<String>) -> FileResult<T> {
    Err(FileError::General(detail.into()))
}

fn damaged<T>() -> FileResult<T> {
    refuse("it is damaged: its pages are not where it says")
}

/// Looks at the length of the list at the end, before anything of it is read.
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
    match end.ends_with(b"PAR1") && listed > MOST_METADATA {
        true => refuse(format!(
            "its list of columns has {listed} bytes; {MOST_METADATA} are read"
        )),
        false => Ok(()),
    }
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
    let mut values = 0;
    while at < end && values < column.num_values() {
        input.seek(SeekFrom::Start(at))?;
        let mut head = Head {
            input: &mut *input,
            read: 0,
        };
        let page = head.page()?;
        at = at.saturating_add(head.read).saturating_add(page.packed);
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
        values = values.saturating_add(page.values);
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

/// The types of Thrift's compact form that have no length of their own, and those that need a word.
mod thrift {
    pub const STOP: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const I16: u8 = 4;
    pub const I32: u8 = 5;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const STRUCT: u8 = 12;
}

/// Reads the head of a page, which is a struct in Thrift's compact form.
struct Head<'a, 'f> {
    input: &'a mut BufReader<&'f File>,
    read: u64,
}

impl Head<'_, '_> {
    fn page(&mut self) -> FileResult<Page> {
        let mut page = Page::default();
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            match (field, kind) {
                (1, thrift::I32) => page.kind = self.integer()?,
                (2, thrift::I32) => page.unpacked = self.size()?,
                (3, thrift::I32) => page.packed = self.size()?,
                (5 | 8, thrift::STRUCT) => page.values = self.values()?,
                _ => self.skip(kind, 0)?,
            }
        }
        Ok(page)
    }

    /// The number of values, the first field of a head of data.
    fn values(&mut self) -> FileResult<i64> {
        let mut values = 0;
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            match (field, kind) {
                (1, thrift::I32) => values = self.integer()?,
                _ => self.skip(kind, 1)?,
            }
        }
        match values {
            0.. => Ok(values),
            _ => damaged(),
        }
    }

    /// The type of the next field, whose number is put in its place; none at the end of the struct.
    fn field(&mut self, field: &mut i64) -> FileResult<Option<u8>> {
        let head = self.byte()?;
        if head & 0xf == thrift::STOP {
            return Ok(None);
        }
        *field = match head >> 4 {
            0 => self.integer()?,
            more => field.saturating_add(i64::from(more)),
        };
        Ok(Some(head & 0xf))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> FileResult<()> {
        if depth > MOST_DEPTH {
            return damaged();
        }
        match kind {
            thrift::TRUE | thrift::FALSE => Ok(()),
            thrift::BYTE => self.byte().map(drop),
            thrift::I16 | thrift::I32 | thrift::I64 => self.integer().map(drop),
            thrift::DOUBLE => self.pass(8),
            thrift::BINARY => {
                let length = self.number()?;
                self.pass(length)
            }
            thrift::LIST | thrift::SET => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.number()?,
                    count => u64::from(count),
                };
                for _ in 0..count {
                    match head & 0xf {
                        thrift::TRUE | thrift::FALSE => self.pass(1)?,
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
                Ok(())
            }
            thrift::STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            // Heads of pages have no maps.
            _ => damaged(),
        }
    }

    fn byte(&mut self) -> FileResult<u8> {
        let mut byte = [0];
        self.count(1)?;
        self.input.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    fn pass(&mut self, bytes: u64) -> FileResult<()> {
        self.count(bytes)?;
        let passed = io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink())?;
        if passed < bytes { damaged() } else { Ok(()) }
    }

    fn count(&mut self, bytes: u64) -> FileResult<()> {
        self.read = self.read.saturating_add(bytes);
        if self.read > MOST_HEAD {
            return refuse("the head of a page is too long");
        }
        Ok(())
    }

    /// A number without a sign.
    fn number(&mut self) -> FileResult<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        damaged()
    }

    /// A number with a sign.
    fn integer(&mut self) -> FileResult<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn size(&mut self) -> FileResult<u64> {
        u64::try_from(self.integer()?).or_else(|_| damaged())
    }
}
