//! The columns of a file: names where they are first seen, and the narrowest type that has all their values.

use std::collections::HashMap;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::schema::types::{Type, TypePtr};

use crate::ParquetError;
use crate::cell::Cell;

/// The most columns of one file.
pub const MAX_COLUMNS: usize = 10_000;
/// Up to here every integer is a double.
const EXACT: u64 = 1 << 53;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Integer,
    Real,
    Text,
    Json,
}

/// A column; without a kind it has only nulls so far.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    kind: Option<Kind>,
    /// Whether it has an integer that is no double.
    large: bool,
}

/// All columns.
#[derive(Debug, Default)]
pub struct Columns {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// The place of a column, which is added where it is new.
    pub fn place(&mut self, name: &str) -> Result<usize, ParquetError> {
        if let Some(at) = self.places.get(name) {
            return Ok(*at);
        }
        if self.columns.len() >= MAX_COLUMNS {
            return Err(ParquetError::TooManyColumns(MAX_COLUMNS));
        }
        self.columns.push(Column {
            name: name.to_owned(),
            kind: None,
            large: false,
        });
        let at = self.columns.len() - 1;
        self.places.insert(name.to_owned(), at);
        Ok(at)
    }

    /// Adds a column of a kind; one that is there stays as it is.
    pub fn declare(&mut self, name: &str, kind: Kind) -> Result<(), ParquetError> {
        let at = self.place(name)?;
        if let Some(column) = self.columns.get_mut(at) {
            column.kind.get_or_insert(kind);
        }
        Ok(())
    }

    /// The place of a column that is there.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// The type of a column; text where nothing is known.
    pub fn kind(&self, at: usize) -> Kind {
        let kind = self.columns.get(at).and_then(|column| column.kind);
        kind.unwrap_or(Kind::Text)
    }

    /// Takes a value into the type of its column.
    pub fn see(&mut self, at: usize, cell: &Cell) {
        let Some(column) = self.columns.get_mut(at) else {
            return;
        };
        let kind = match cell {
            Cell::Null => return,
            Cell::Bool(_) => Kind::Bool,
            Cell::Integer(value) => {
                column.large |= value.unsigned_abs() > EXACT;
                Kind::Integer
            }
            Cell::Real(_) => Kind::Real,
            Cell::Text(_) => Kind::Text,
            Cell::Json(_) => Kind::Json,
        };
        column.kind = Some(match (column.kind, kind) {
            (None, kind) => kind,
            (Some(there), kind) if there == kind => kind,
            (Some(Kind::Integer | Kind::Real), Kind::Integer | Kind::Real) => Kind::Real,
            _ => Kind::Json,
        });
        if column.large && column.kind == Some(Kind::Real) {
            column.kind = Some(Kind::Json);
        }
    }

    /// The schema of the file.
    pub fn schema(&self) -> Result<TypePtr, ParquetError> {
        if self.columns.is_empty() {
            return Err(ParquetError::NoColumns);
        }
        let fields = self.columns.iter().map(|column| {
            let (physical, logical) = match column.kind.unwrap_or(Kind::Text) {
                Kind::Bool => (Physical::BOOLEAN, None),
                Kind::Integer => (Physical::INT64, None),
                Kind::Real => (Physical::DOUBLE, None),
                Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
            };
            let field = Type::primitive_type_builder(&column.name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            Ok(Arc::new(field.build()?))
        });
        let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
        let schema = Type::group_type_builder("rows").with_fields(fields);
        Ok(Arc::new(schema.build()?))
    }
}
