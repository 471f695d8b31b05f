//! Writing rows: a group of them at a time, column by column.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::cell::Cell;
use crate::columns::{Columns, Kind};
use crate::{Exported, ParquetError};

/// The most rows of a group, and the bytes of values at which one is written.
const GROUP_ROWS: usize = 65_536;
const GROUP_BYTES: usize = 32 << 20;

/// Writes rows of columns whose types are settled.
pub struct RowWriter<'c, W: Write + Send> {
    columns: &'c Columns,
    file: SerializedFileWriter<W>,
    /// The values of the group, by columns.
    group: Vec<Vec<Cell>>,
    rows: usize,
    bytes: usize,
    done: u64,
}

impl<'c, W: Write + Send> RowWriter<'c, W> {
    pub fn new(columns: &'c Columns, out: W) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let file = SerializedFileWriter::new(out, columns.schema()?, Arc::new(properties))?;
        Ok(Self {
            columns,
            file,
            group: vec![Vec::new(); columns.len()],
            rows: 0,
            bytes: 0,
            done: 0,
        })
    }

    /// Adds a row: values by the places of their columns, in any order; the others are null.
    pub fn add(&mut self, row: impl Iterator<Item = (usize, Cell)>) -> Result<(), ParquetError> {
        self.rows += 1;
        for (at, cell) in row {
            self.bytes += cell.size();
            if let Some(column) = self.group.get_mut(at) {
                // Rows before it that have no value of the column.
                column.resize(self.rows - 1, Cell::Null);
                column.push(cell);
            }
        }
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        let mut at = 0;
        while let Some(mut writer) = group.next_column()? {
            if let Some(cells) = self.group.get_mut(at) {
                cells.resize(self.rows, Cell::Null);
                write_column(writer.untyped(), self.columns.kind(at), cells)?;
                cells.clear();
            }
            writer.close()?;
            at += 1;
        }
        group.close()?;
        self.done += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub fn finish(mut self) -> Result<Exported, ParquetError> {
        self.write()?;
        self.file.close()?;
        Ok(Exported {
            rows: self.done,
            columns: self.columns.len(),
        })
    }
}

/// Writes the values of a column; whether each is there is its level.
fn write_column(
    writer: &mut ColumnWriter<'_>,
    kind: Kind,
    cells: &[Cell],
) -> Result<(), ParquetError> {
    let present = |cell: &Cell| i16::from(*cell != Cell::Null);
    let levels: Vec<i16> = cells.iter().map(present).collect();
    let levels = Some(levels.as_slice());
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => {
            let values = cells.iter().filter_map(|cell| match cell {
                Cell::Bool(value) => Some(*value),
                _ => None,
            });
            writer.write_batch(&values.collect::<Vec<_>>(), levels, None)?;
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            let values = cells.iter().filter_map(|cell| match cell {
                Cell::Integer(value) => Some(*value),
                _ => None,
            });
            writer.write_batch(&values.collect::<Vec<_>>(), levels, None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let values = cells.iter().filter_map(|cell| match cell {
                Cell::Real(value) => Some(*value),
                Cell::Integer(value) => Some(*value as f64),
                _ => None,
            });
            writer.write_batch(&values.collect::<Vec<_>>(), levels, None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let values = cells.iter().filter_map(|cell| match (kind, cell) {
                (_, Cell::Null) => None,
                (Kind::Text, Cell::Text(text)) => Some(ByteArray::from(text.as_str())),
                _ => Some(ByteArray::from(cell.to_json().into_bytes())),
            });
            writer.write_batch(&values.collect::<Vec<_>>(), levels, None)?;
        }
        // The schema has no others.
        _ => {}
    }
    Ok(())
}
