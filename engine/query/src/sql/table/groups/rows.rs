//! The values of rows, by groups.

use std::cmp::Ordering;
use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::vtab::Context;
use sop::document::Kind;
use sop::{DocumentRef, ItemRef};

use super::super::TableShared;
use super::super::residual::compare_mixed;
use super::super::values::{near, value_of};
use super::Grouping;
use crate::sql::Result;

/// What a row takes beside its values: its group, its number, and its place in the order.
pub(super) const ROW_BYTES: usize = 12;
pub(super) const CELL_BYTES: usize = size_of::<Cell>();
/// What a group takes beside the bytes of its values, about.
const GROUP_BYTES: usize = 80;

/// A value; texts and blobs lie elsewhere.
#[derive(Clone, Copy)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Span),
    Blob(Span),
}

#[derive(Clone, Copy)]
struct Span {
    from: u32,
    len: u32,
}

/// Bytes of texts and blobs. There are fewer than a span can say, as a part ends before.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn keep(&mut self, value: ValueRef<'_>) -> Cell {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            // To SQLite it is null.
            ValueRef::Real(value) if value.is_nan() => Cell::Null,
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(text) => Cell::Text(self.append(text)),
            ValueRef::Blob(bytes) => Cell::Blob(self.append(bytes)),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let from = self.0.len() as u32;
        self.0.extend_from_slice(bytes);
        let len = bytes.len() as u32;
        Span { from, len }
    }

    fn get(&self, span: Span) -> &[u8] {
        let (from, len) = (span.from as usize, span.len as usize);
        self.0.get(from..from + len).unwrap_or_default()
    }

    fn value(&self, cell: Cell) -> ValueRef<'_> {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(value),
            Cell::Real(value) => ValueRef::Real(value),
            Cell::Text(span) => ValueRef::Text(self.get(span)),
            Cell::Blob(span) => ValueRef::Blob(self.get(span)),
        }
    }
}

/// Where the value of a column is.
#[derive(Clone, Copy)]
enum Place {
    Group(usize),
    Row(usize),
}

/// Rows and their groups.
pub(super) struct Rows {
    by: Vec<(usize, bool)>,
    others: Vec<usize>,
    distinct: bool,
    /// For each column that is wanted.
    places: Vec<(usize, Place)>,
    /// What tells the group of the last item that was read apart.
    key: Vec<u8>,
    /// Groups by what tells them apart as they are stored: SQLite may take several for one.
    group_by_key: HashMap<Box<[u8]>, u32>,
    /// The values of each group, one behind the other.
    groups: Vec<Cell>,
    /// The group of each row.
    group_of: Vec<u32>,
    /// How many items of the walk were before that of each row.
    numbers: Vec<u32>,
    /// The other values of each row, one behind the other.
    cells: Vec<Cell>,
    bytes: Bytes,
    /// Bytes of groups.
    group_bytes: usize,
    /// The rows in their order.
    order: Vec<u32>,
}

impl Rows {
    pub fn new(grouping: &Grouping) -> Self {
        let groups = grouping.by.iter().enumerate();
        let groups = groups.map(|(at, (column, _))| (*column, Place::Group(at)));
        let others = grouping.others.iter().enumerate();
        let others = others.map(|(at, column)| (*column, Place::Row(at)));
        Self {
            places: groups.chain(others).collect(),
            by: grouping.by.clone(),
            others: grouping.others.clone(),
            distinct: grouping.distinct,
            key: Vec::new(),
            group_by_key: HashMap::new(),
            groups: Vec::new(),
            group_of: Vec::new(),
            numbers: Vec::new(),
            cells: Vec::new(),
            bytes: Bytes::default(),
            group_bytes: 0,
            order: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.group_of.len()
    }

    /// Memory that is taken.
    pub fn bytes(&self) -> usize {
        let cells = self.cells.len() * CELL_BYTES;
        self.len() * ROW_BYTES + cells + self.bytes.0.len() + self.group_bytes
    }

    pub fn clear(&mut self) {
        self.group_by_key.clear();
        self.numbers.clear();
        self.groups.clear();
        self.group_of.clear();
        self.cells.clear();
        self.bytes.0.clear();
        self.group_bytes = 0;
        self.order.clear();
    }

    /// What tells the groups that are there apart to SQLite.
    pub fn keys(&self) -> impl Iterator<Item = Box<[u8]>> {
        self.group_by_key.keys().map(|key| common(key))
    }

    /// Reads what tells the group of an item apart.
    #[inline]
    pub fn read_key(&mut self, table: &TableShared, item: &ItemRef<'_>) -> Result<()> {
        let key = &mut self.key;
        key.clear();
        for (column, _) in &self.by {
            with_value(table, *column, item, |value| write_value(key, value))?;
        }
        Ok(())
    }

    /// What tells the group of the item that was read last apart to SQLite.
    pub fn key(&self) -> Box<[u8]> {
        common(&self.key)
    }

    /// Adds the item of which the key was read last, with so many others before it.
    #[inline]
    pub fn add(&mut self, table: &TableShared, item: &ItemRef<'_>, number: u32) -> Result<()> {
        let group = match self.group_by_key.get(self.key.as_slice()) {
            Some(_) if self.distinct => return Ok(()),
            Some(group) => *group,
            None => self.add_group(),
        };
        self.group_of.push(group);
        self.numbers.push(number);
        let (cells, bytes) = (&mut self.cells, &mut self.bytes);
        for column in &self.others {
            with_value(table, *column, item, |value| cells.push(bytes.keep(value)))?;
        }
        Ok(())
    }

    fn add_group(&mut self) -> u32 {
        let group = self.group_by_key.len() as u32;
        for value in values(&self.key) {
            self.groups.push(self.bytes.keep(value));
        }
        let cells = self.by.len() * CELL_BYTES;
        self.group_bytes += GROUP_BYTES + cells + self.key.len();
        self.group_by_key.insert(self.key.as_slice().into(), group);
        group
    }

    /// Puts the rows into their order: by groups, and within one as they came.
    pub fn sort(&mut self) {
        let width = self.by.len();
        let cells = |group: &u32| {
            let from = *group as usize * width;
            self.groups.get(from..from + width).unwrap_or_default()
        };
        let mut groups: Vec<u32> = (0..self.group_by_key.len() as u32).collect();
        let by_values = |a: &u32, b: &u32| {
            let pairs = cells(a).iter().zip(cells(b)).zip(&self.by);
            let orders = pairs.map(|((a, b), (_, descending))| {
                let order = compare(self.bytes.value(*a), self.bytes.value(*b));
                if *descending { order.reverse() } else { order }
            });
            orders.fold(Ordering::Equal, Ordering::then)
        };
        groups.sort_unstable_by(by_values);
        // Those that are equal have one place.
        let mut places = vec![0_u32; groups.len()];
        let mut place = 0;
        let mut before = None;
        for group in &groups {
            if before.is_some_and(|before| by_values(before, group).is_ne()) {
                place += 1;
            }
            before = Some(group);
            if let Some(there) = places.get_mut(*group as usize) {
                *there = place;
            }
        }
        let place_of = |group: u32| places.get(group as usize).map_or(0, |at| *at as usize);
        // How many rows each place has, then where its next one goes.
        let mut next = vec![0_u32; groups.len()];
        for group in &self.group_of {
            if let Some(count) = next.get_mut(place_of(*group)) {
                *count += 1;
            }
        }
        let mut begin = 0;
        for count in &mut next {
            begin += std::mem::replace(count, begin);
        }
        self.order.resize(self.group_of.len(), 0);
        for (row, group) in self.group_of.iter().enumerate() {
            if let Some(at) = next.get_mut(place_of(*group)) {
                if let Some(place) = self.order.get_mut(*at as usize) {
                    *place = row as u32;
                }
                *at += 1;
            }
        }
    }

    /// How many items of the walk were before that of the row at a place of the order.
    pub fn number(&self, at: usize) -> Option<u32> {
        let row = self.order.get(at)?;
        self.numbers.get(*row as usize).copied()
    }

    /// Gives SQLite a column of the row at a place of the order; nothing for one that was not wanted.
    #[inline]
    pub fn column(&self, context: &mut Context, at: usize, column: usize) -> rusqlite::Result<()> {
        let place = self.places.iter().find(|(there, _)| *there == column);
        let (Some((_, place)), Some(row)) = (place, self.order.get(at)) else {
            return Ok(());
        };
        let row = *row as usize;
        let cell = match place {
            Place::Row(at) => self.cells.get(row * self.others.len() + at),
            Place::Group(at) => {
                let group = self.group_of.get(row).map(|group| *group as usize);
                group.and_then(|group| self.groups.get(group * self.by.len() + at))
            }
        };
        match cell {
            None | Some(Cell::Null) => Ok(()),
            Some(Cell::Integer(value)) => context.set_result(*value),
            Some(Cell::Real(value)) => context.set_result(*value),
            Some(cell) => context.set_result(ToSqlOutput::Borrowed(self.bytes.value(*cell))),
        }
    }
}

/// Gives a column of an item to `then`.
#[inline]
fn with_value(
    table: &TableShared,
    column: usize,
    item: &ItemRef<'_>,
    then: impl FnOnce(ValueRef<'_>),
) -> Result<()> {
    let (Some(column), Some(place)) = (table.columns.get(column), table.places.get(column)) else {
        then(ValueRef::Null);
        return Ok(());
    };
    if let Some(name) = column.plain_field()
        && let Some(value) = plain(near(item.value()?, name, place))
    {
        then(value);
        return Ok(());
    }
    match value_of(column, place, item, table.rules.as_deref())? {
        ToSqlOutput::Borrowed(value) => then(value),
        ToSqlOutput::Owned(value) => then((&value).into()),
        _ => then(ValueRef::Null),
    }
    Ok(())
}

/// A part of a document, where it is of the most common kinds.
#[inline]
fn plain(value: Option<DocumentRef<'_>>) -> Option<ValueRef<'_>> {
    let Some(value) = value else {
        return Some(ValueRef::Null);
    };
    match value.kind() {
        Kind::Int => value.as_i64().map(ValueRef::Integer),
        Kind::Float => value.as_f64().map(ValueRef::Real),
        Kind::String => Some(ValueRef::Text(value.text_bytes())),
        _ => None,
    }
}

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// Writes a value so that no two have the same bytes.
#[inline]
fn write_value(key: &mut Vec<u8>, value: ValueRef<'_>) {
    let mut write = |kind: u8, bytes: &[u8]| {
        key.push(kind);
        key.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        key.extend_from_slice(bytes);
    };
    match value {
        ValueRef::Integer(value) => write(INTEGER, &value.to_le_bytes()),
        ValueRef::Real(value) if !value.is_nan() => write(REAL, &value.to_le_bytes()),
        ValueRef::Null | ValueRef::Real(_) => write(NULL, &[]),
        ValueRef::Text(text) => write(TEXT, text),
        ValueRef::Blob(bytes) => write(BLOB, bytes),
    }
}

/// The values that were written into a key.
fn values(mut key: &[u8]) -> impl Iterator<Item = ValueRef<'_>> {
    std::iter::from_fn(move || {
        let (kind, rest) = key.split_first()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        key = rest;
        let number = || bytes.first_chunk().copied().unwrap_or_default();
        Some(match *kind {
            INTEGER => ValueRef::Integer(i64::from_le_bytes(number())),
            REAL => ValueRef::Real(f64::from_le_bytes(number())),
            TEXT => ValueRef::Text(bytes),
            BLOB => ValueRef::Blob(bytes),
            _ => ValueRef::Null,
        })
    })
}

/// The key as that of all groups whose values are equal to SQLite: what is a whole number is written as an integer.
fn common(key: &[u8]) -> Box<[u8]> {
    let mut common = Vec::with_capacity(key.len());
    for value in values(key) {
        let whole = match value {
            ValueRef::Real(value) => integer(value).map(ValueRef::Integer),
            _ => None,
        };
        write_value(&mut common, whole.unwrap_or(value));
    }
    common.into()
}

/// The integer that a double is exactly.
fn integer(value: f64) -> Option<i64> {
    let whole = value as i64;
    (compare_mixed(whole, value) == Some(Ordering::Equal)).then_some(whole)
}

/// The order of SQLite, texts by their bytes: nulls, numbers, texts, blobs.
fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    let class = |value: &ValueRef<'_>| match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    };
    let numbers = |order: Option<Ordering>| order.unwrap_or(Ordering::Equal);
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Real(a), ValueRef::Real(b)) => numbers(a.partial_cmp(&b)),
        (ValueRef::Integer(a), ValueRef::Real(b)) => numbers(compare_mixed(a, b)),
        (ValueRef::Real(a), ValueRef::Integer(b)) => numbers(compare_mixed(b, a)).reverse(),
        (ValueRef::Text(a), ValueRef::Text(b)) | (ValueRef::Blob(a), ValueRef::Blob(b)) => a.cmp(b),
        _ => class(&a).cmp(&class(&b)),
    }
}
