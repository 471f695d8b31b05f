//! Rows of a file, for imports.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::ConvertedType;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row as FileRow};
use serde_json::{Map, Number, Value};
use sop::Document;
use sop_query::transfer::{BadRow, Entry, Row, RowReader, TransferError};

use crate::{ParquetError, layout};

/// The most rows that one file may say that it has, as a column of nothing but nulls takes no room in it.
const MAX_ROWS: i64 = 10_000_000_000;
/// Rows of a column that are read at once: of long lists, so many are in memory.
const TOGETHER: usize = 128;
/// The longest row, as JSON text, unless the caller says otherwise: 16 MiB.
pub const DEFAULT_MAX_ROW_BYTES: usize = 16 << 20;
/// Days before and after 1970 that the calendar goes to here: about 260,000 years, less than what the library writes as text.
const MOST_DAYS: i64 = 95_000_000;
const DAY_MILLIS: i64 = 86_400_000;
/// The most places behind the point of a decimal number, and its bytes: the library takes their square in time.
const MOST_SCALE: i32 = 1_000;
const MOST_DECIMAL: usize = 1_024;
/// Characters of a bad row that are shown.
const SHOWN: usize = 160;

/// The rows of a Parquet file, also of other writers: groups become objects, lists arrays, dates, times and instants their usual
/// texts, bytes the object that JSON has for them here, and columns of JSON what their text says.
pub struct ParquetRows {
    rows: RowIter<'static>,
    /// Columns at the top whose text is JSON.
    json: HashSet<String>,
    length: u64,
    max_row_bytes: usize,
    all: u64,
    /// The number of the row, from 1.
    number: u64,
    ended: bool,
}

impl std::fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl ParquetRows {
    /// Reads the end of a file, where its columns are listed, and looks at all of its pages. A row that is longer than
    /// `max_row_bytes` as JSON text is a bad one.
    ///
    /// # Errors
    /// [`ParquetError::File`] when it is no Parquet file, or one in a form that is not read here.
    pub fn open(file: File, max_row_bytes: usize) -> Result<Self, ParquetError> {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        layout::check_end(&file)?;
        let pages = file
            .try_clone()
            .map_err(parquet::errors::ParquetError::from)?;
        let reader = guarded(|| SerializedFileReader::new(file))?;
        let metadata = reader.metadata().file_metadata();
        let rows = metadata.num_rows();
        if !(0..=MAX_ROWS).contains(&rows) {
            let detail = format!("it says that it has {rows} rows");
            return Err(parquet::errors::ParquetError::General(detail).into());
        }
        guarded(|| layout::check_pages(&pages, reader.metadata()))?;
        let json = guarded(|| {
            let columns = metadata.schema_descr().columns().iter();
            let json = columns.filter(|column| {
                column.converted_type() == ConvertedType::JSON && column.path().parts().len() == 1
            });
            Ok(json.map(|column| column.name().to_owned()).collect())
        })?;
        let rows_of_file =
            guarded(|| Ok(RowIter::from_file_into(Box::new(reader)).with_batch_size(TOGETHER)))?;
        Ok(Self {
            all: u64::try_from(rows).unwrap_or_default(),
            rows: rows_of_file,
            json,
            length,
            max_row_bytes,
            number: 0,
            ended: false,
        })
    }

    fn object(&self, row: FileRow) -> Result<Value, String> {
        let mut object = Map::new();
        for (name, field) in row.into_columns() {
            let value = match field {
                Field::Null => continue,
                Field::Str(text) if self.json.contains(&name) => serde_json::from_str(&text)
                    .map_err(|error| format!("the column {name:?} has no JSON: {error}"))?,
                field => value(field)?,
            };
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

impl RowReader for ParquetRows {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        if self.ended {
            return Ok(None);
        }
        let rows = &mut self.rows;
        let row = match guarded(|| rows.next().transpose()) {
            Ok(Some(row)) => row,
            Ok(None) => {
                self.ended = true;
                return Ok(None);
            }
            Err(error) => {
                // Where the next row begins is not known any more.
                self.ended = true;
                return Err(io::Error::new(io::ErrorKind::InvalidData, error).into());
            }
        };
        self.number += 1;
        let line = self.number;
        let read = self.object(row).and_then(|value| {
            let bytes = value.to_string().len();
            if bytes > self.max_row_bytes {
                return Err(format!(
                    "the row is longer than {} bytes",
                    self.max_row_bytes
                ));
            }
            let document = Document::from_value(&value).map_err(|error| error.to_string())?;
            Ok((document, bytes))
        });
        Ok(Some(match read {
            Ok((document, bytes)) => Entry::Row(Row {
                line,
                document,
                bytes,
            }),
            Err(detail) => Entry::Bad(BadRow {
                line,
                text: detail.chars().take(SHOWN).collect(),
                detail,
            }),
        }))
    }

    fn bytes_read(&self) -> u64 {
        // Columns lie one behind the other: how far a row is says as much as can be said.
        let part = u128::from(self.length) * u128::from(self.number);
        let part = u64::try_from(part / u128::from(self.all.max(1)));
        // Its groups may have more rows than it says that it has.
        part.unwrap_or(self.length).min(self.length)
    }
}

/// The library asserts much of what a damaged file can break; that is an error of the file. What it was at is not used any more
/// afterwards.
fn guarded<T>(work: impl FnOnce() -> parquet::errors::Result<T>) -> parquet::errors::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let detail = "it is damaged: what it says of itself cannot be".to_owned();
        Err(parquet::errors::ParquetError::General(detail))
    })
}

fn real(value: f64) -> Result<Value, String> {
    let number = Number::from_f64(value);
    number
        .map(Value::Number)
        .ok_or_else(|| format!("{value} is no number in JSON"))
}

/// The text of a date, a time of a day or an instant. One that is beyond the calendar has none.
fn time(field: Field, number: i64, within: RangeInclusive<i64>) -> Result<Value, String> {
    match within.contains(&number) {
        true => Ok(field.to_string().into()),
        false => Err(format!(
            "{number} is beyond the dates and times that have a text"
        )),
    }
}

/// A value as JSON.
fn value(field: Field) -> Result<Value, String> {
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(value) => value.into(),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        Field::Float16(value) => real(value.to_f64())?,
        // The shortest text that is the same number, as people wrote it.
        Field::Float(value) => real(value.to_string().parse().unwrap_or(f64::from(value)))?,
        Field::Double(value) => real(value)?,
        Field::Str(text) => text.into(),
        Field::Bytes(bytes) => {
            let document = Document::from_bytes(bytes.data()).map_err(|error| error.to_string())?;
            document.to_value()
        }
        Field::Decimal(decimal)
            if decimal.scale() > MOST_SCALE || decimal.data().len() > MOST_DECIMAL =>
        {
            return Err(format!(
                "a decimal number has {} bytes and {} places; {MOST_DECIMAL} and {MOST_SCALE} are read",
                decimal.data().len(),
                decimal.scale()
            ));
        }
        field @ Field::Decimal(_) => {
            let text = field.to_string();
            serde_json::from_str(&text).map_err(|_| format!("{text} is no number in JSON"))?
        }
        Field::Date(days) => time(field, days.into(), -MOST_DAYS..=MOST_DAYS)?,
        Field::TimeMillis(millis) => time(field, millis.into(), 0..=DAY_MILLIS - 1)?,
        Field::TimeMicros(micros) => time(field, micros, 0..=DAY_MILLIS * 1000 - 1)?,
        Field::TimestampMillis(millis) => {
            let most = MOST_DAYS * DAY_MILLIS;
            time(field, millis, -most..=most)?
        }
        Field::TimestampMicros(micros) => {
            let most = MOST_DAYS * DAY_MILLIS * 1000;
            time(field, micros, -most..=most)?
        }
        Field::Group(row) => {
            let fields = row.into_columns().into_iter();
            let fields = fields.filter(|(_, field)| *field != Field::Null);
            let fields = fields.map(|(name, field)| Ok((name, value(field)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
        Field::ListInternal(list) => {
            let elements = list.elements().iter().cloned().map(value);
            Value::Array(elements.collect::<Result<_, _>>()?)
        }
        Field::MapInternal(map) => {
            let entries = map.entries().iter().map(|(key, field)| {
                let key = match value(key.clone())? {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                Ok((key, value(field.clone())?))
            });
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use parquet::data_type::{ByteArray, Decimal};

    use super::*;

    #[test]
    fn times_have_their_text_up_to_the_end_of_the_calendar_and_none_beyond() {
        let text = |field: Field| value(field).unwrap();
        assert_eq!(text(Field::Date(20_000)), "2024-10-04");
        assert_eq!(text(Field::TimeMillis(0)), "00:00:00.000");
        assert_eq!(
            text(Field::TimestampMillis(0)),
            "1970-01-01 00:00:00.000 +00:00"
        );
        for sign in [-1, 1] {
            let days = sign * MOST_DAYS;
            let millis = days * DAY_MILLIS;
            for field in [
                Field::Date(i32::try_from(days).unwrap()),
                Field::TimestampMillis(millis),
                Field::TimestampMicros(millis * 1000),
            ] {
                assert!(value(field.clone()).is_ok(), "{field:?}");
            }
        }
        for field in [
            Field::Date(i32::MAX),
            Field::Date(i32::MIN),
            Field::TimeMillis(-1),
            Field::TimeMillis(86_400_000),
            Field::TimeMicros(i64::MAX),
            Field::TimestampMillis(i64::MIN),
            Field::TimestampMillis(i64::MAX),
            Field::TimestampMicros(i64::MAX),
        ] {
            assert!(value(field.clone()).is_err(), "{field:?}");
        }
    }

    #[test]
    fn a_decimal_number_that_takes_long_is_refused() {
        let decimal = |bytes: usize, scale: i32| {
            let data = ByteArray::from(vec![1; bytes]);
            value(Field::Decimal(Decimal::from_bytes(data, i32::MAX, scale)))
        };
        assert_eq!(decimal(1, 2).unwrap().to_string(), "0.01");
        assert!(decimal(MOST_DECIMAL, MOST_SCALE).is_ok());
        assert!(decimal(MOST_DECIMAL + 1, 0).is_err());
        assert!(decimal(1, i32::MAX).is_err());
    }
}
