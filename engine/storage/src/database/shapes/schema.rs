//! What a store's items look like, as callers see it: declared fields and counted ones brought together.

use serde::{Deserialize, Serialize};

use super::Shapes;
use super::column::{Column, Counts};
use super::names::ROOT;
use crate::definition::{FieldType, Schema, SchemaField};

/// A kind of value, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// Any other number.
    Number,
    /// Text that is no date.
    String,
    /// Text that is a date (ISO 8601).
    Date,
    /// Text that is a date with a time, with or without an offset (ISO 8601).
    DateTime,
    /// Binary data.
    Bytes,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// In how many items a field is of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindCount {
    /// The kind.
    pub kind: FieldKind,
    /// Number of items, at least 1.
    pub count: u64,
}

/// A field of a store's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreField {
    /// Where it is: `name`, `address.city`, `tags[]` (the elements of an array), `lines[].price`.
    pub path: String,
    /// Steps from the whole value; 1 is a field at the top, whose path is its name.
    pub depth: u32,
    /// The narrowest type that holds all its values, or the declared one.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether each object that could have it does, with a value other than null; or as declared. Never for
    /// what lies in arrays.
    pub required: bool,
    /// Whether the store's schema declares it.
    pub declared: bool,
    /// Items that have it, with whatever value.
    pub count: u64,
    /// The kinds of its values, each with the items that have such a one. What lies in arrays can be of several
    /// kinds in one item; otherwise the sum is `count`.
    pub kinds: Vec<KindCount>,
    /// Whether objects at this field have more fields than are listed.
    pub more: bool,
}

/// The fields of a store's values, with exact counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreSchema {
    /// Whether fields are declared and enforced on every write.
    pub declared: bool,
    /// Fields that the definition names in their order, then what else the items show, each field before what is below it.
    pub fields: Vec<StoreField>,
    /// The kinds of the whole values; the sum is the number of items.
    pub values: Vec<KindCount>,
    /// Whether the values have more fields at the top than are listed.
    pub more: bool,
    /// Whether the counts are those of the items. They are not after an item was replaced or removed whose
    /// value could not be read, until the next checkpoint has counted all items again.
    pub exact: bool,
}

impl FieldKind {
    fn of(column: Column) -> Option<Self> {
        Some(match column {
            Column::Null => Self::Null,
            Column::Bool => Self::Bool,
            Column::Integer => Self::Integer,
            Column::Number => Self::Number,
            Column::String => Self::String,
            Column::Date => Self::Date,
            Column::DateTime => Self::DateTime,
            Column::Bytes => Self::Bytes,
            Column::Array => Self::Array,
            Column::Object => Self::Object,
            Column::Repeated | Column::Others | Column::Unseen => return None,
        })
    }

    /// The type of exactly these values; none for null, which every type of an optional field takes.
    pub fn field_type(self) -> Option<FieldType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool => FieldType::Bool,
            Self::Integer => FieldType::Integer,
            Self::Number => FieldType::Number,
            Self::String => FieldType::String,
            Self::Date => FieldType::Date,
            Self::DateTime => FieldType::DateTime,
            Self::Bytes => FieldType::Bytes,
            Self::Array => FieldType::Array,
            Self::Object => FieldType::Object,
        })
    }
}

/// The narrowest type that holds values of all these kinds; `any` when there are none.
pub fn common_type(kinds: impl IntoIterator<Item = FieldKind>) -> FieldType {
    use FieldType::{Any, Date, DateTime, Integer, Number, String};
    let types = kinds.into_iter().filter_map(FieldKind::field_type);
    let common = types.reduce(|one, other| match (one, other) {
        _ if one == other => one,
        (Integer, Number) | (Number, Integer) => Number,
        (String | Date | DateTime, String | Date | DateTime) => String,
        _ => Any,
    });
    common.unwrap_or(Any)
}

/// The kinds that were seen, in the order of [`FieldKind`].
fn kinds(counts: &Counts) -> Vec<KindCount> {
    let seen = Column::ALL.into_iter().filter_map(|column| {
        let kind = FieldKind::of(column)?;
        let count = u64::try_from(counts[column.at()]).ok()?;
        (count > 0).then_some(KindCount { kind, count })
    });
    seen.collect()
}

fn more(counts: &Counts) -> bool {
    counts[Column::Others.at()] > 0 || counts[Column::Unseen.at()] > 0
}

impl Shapes {
    /// The schema of a store that declares this one.
    pub fn schema(&self, declared: &Schema) -> StoreSchema {
        let totals = self.totals();
        let root = totals.first().copied().unwrap_or_default();
        let mut listing = Listing {
            shapes: self,
            totals: &totals,
            fields: Vec::new(),
        };
        let mut named = Vec::with_capacity(declared.fields.len());
        for field in &declared.fields {
            let number = self.names.child(ROOT, field.name.as_bytes(), &mut 0);
            listing.described(field, declared.declared, number);
            named.extend(number);
        }
        for number in self.names.below(ROOT) {
            if !named.contains(&number) {
                listing.counted(number, false);
            }
        }
        StoreSchema {
            declared: declared.declared,
            fields: listing.fields,
            values: kinds(&root),
            more: more(&root),
            exact: self.exact,
        }
    }
}

struct Listing<'a> {
    shapes: &'a Shapes,
    totals: &'a [Counts],
    fields: Vec<StoreField>,
}

impl Listing<'_> {
    fn total(&self, number: u32) -> Counts {
        let total = self.totals.get(number as usize);
        total.copied().unwrap_or_default()
    }

    /// Lists a field that the definition names, whether or not items have it, and what is below it. Only a
    /// declared one is of the type it is said to be; of others it is shown what the items have.
    fn described(&mut self, field: &SchemaField, declared: bool, number: Option<u32>) {
        let counts = number.map(|number| self.total(number)).unwrap_or_default();
        let kinds = kinds(&counts);
        if let Some(number) = number.filter(|_| !declared && !kinds.is_empty()) {
            return self.counted(number, false);
        }
        self.fields.push(StoreField {
            path: field.name.clone(),
            depth: 1,
            kind: field.kind,
            required: field.required,
            declared,
            count: kinds.iter().map(|kind| kind.count).sum(),
            kinds,
            more: more(&counts),
        });
        if let Some(number) = number {
            self.below(number, false);
        }
    }

    /// Lists a field that items have, and what is below it.
    fn counted(&mut self, number: u32, in_array: bool) {
        let counts = self.total(number);
        let kinds = kinds(&counts);
        let Some(field) = self.shapes.names.get(number).filter(|_| !kinds.is_empty()) else {
            return;
        };
        let in_array = in_array || field.is_elements;
        let parent = self.total(field.parent)[Column::Object.at()];
        let sum: u64 = kinds.iter().map(|kind| kind.count).sum();
        let nulls = counts[Column::Null.at()];
        self.fields.push(StoreField {
            path: self.shapes.names.path(number),
            depth: u32::from(field.depth),
            kind: common_type(kinds.iter().map(|kind| kind.kind)),
            required: !in_array && nulls == 0 && i64::try_from(sum) == Ok(parent),
            declared: false,
            count: if in_array {
                u64::try_from(counts[Column::Repeated.at()]).unwrap_or(0)
            } else {
                sum
            },
            kinds,
            more: more(&counts),
        });
        self.below(number, in_array);
    }

    fn below(&mut self, number: u32, in_array: bool) {
        for below in self.shapes.names.below(number) {
            self.counted(below, in_array);
        }
    }
}
