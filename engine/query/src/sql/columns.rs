//! The columns of a store's table.
//!
//! First the key's fields and those that ride on it, then the fields of the values, declared ones first; a single
//! key without a name is `key`. Hidden, and so left out of `*`: the fields of objects within (`"a.b"`), `key` and `value` for the whole,
//! `_version`, `_position` and what counting needs. A name that is there already (letters of either case are the same to SQL) stands with where it
//! comes from in front: `"value.x"`.

use std::collections::BTreeSet;

use sop::key::KeyType;
use sop::{FieldKind, FieldType, StoreDefinition, StoreSchema};

use super::tokens::quote_name;
use super::visibility::{Protection, StoreRules};

/// The most columns that one table has; what is beyond is reached by `value ->> '$.field'`.
const MAX_COLUMNS: usize = 1_500;
/// The version of an item: the sequence of the commit that last changed it.
pub(super) const VERSION: &str = "_version";
/// In a counting statement: how many items the row stands for.
pub(super) const COUNT: &str = "_count";
/// In a counting statement: always 1, and leave to let one row stand for many items.
pub(super) const COUNTED: &str = "_counted";
/// Where an item stands; identifies it.
pub(super) const POSITION: &str = "_position";

/// Where a column's value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The n-th ordered field of the key.
    Key(usize),
    /// The n-th field that rides on the key.
    RideOn(usize),
    /// A field of the value.
    Field(String),
    /// A field within objects of the value.
    Path(Vec<String>),
    /// The whole key as JSON.
    WholeKey,
    /// The whole value.
    Value,
    /// Version of the item.
    Version,
    /// How many items the row stands for.
    Count,
    /// Always 1.
    Counted,
    /// Place of the item.
    Position,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key's type.
    Key(KeyType),
    /// The type that all values of a field share.
    Field(FieldType),
    /// Arrays or objects, and nothing else.
    Json,
    /// Arrays or objects, text and others.
    Mixed,
}

impl Kind {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key(kind) => match kind {
                KeyType::Bool => "bool",
                KeyType::F32 | KeyType::F64 | KeyType::Decimal => "number",
                KeyType::String => "string",
                KeyType::Bytes => "bytes",
                KeyType::Uuid => "uuid",
                KeyType::Date => "date",
                KeyType::Time => "time",
                KeyType::DateTime | KeyType::Timestamp => "datetime",
                KeyType::Any => "any",
                _ => "integer",
            },
            Self::Field(kind) => kind.name(),
            Self::Json => "json",
            Self::Mixed => "any",
        }
    }

    /// The column type that gives SQLite the affinity for comparisons.
    pub(super) fn sql_type(self) -> &'static str {
        match self.name() {
            // Beyond 64 bits with a sign they are text, and must not be compared as doubles.
            _ if self == Self::Key(KeyType::U64) => "BLOB COLLATE DIGITS",
            "bool" | "integer" => "INTEGER",
            "number" => "NUMERIC",
            "string" | "uuid" | "date" | "time" | "datetime" => "TEXT",
            // Without a type of its own a hidden column has that of the word HIDDEN, by which "1" is a number.
            _ => "BLOB",
        }
    }

    /// Whether an integer of the column is a bool.
    pub(super) fn is_bool(self) -> bool {
        matches!(
            self,
            Self::Key(KeyType::Bool) | Self::Field(FieldType::Bool)
        )
    }

    /// Whether text of the column may be that of an array or an object.
    pub(super) fn may_be_json(self) -> bool {
        matches!(
            self,
            Self::Json | Self::Mixed | Self::Field(FieldType::Array | FieldType::Object)
        )
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub source: Source,
    /// What they are.
    pub kind: Kind,
    /// Whether `*` leaves it out.
    pub hidden: bool,
    /// Whether it is never null.
    pub required: bool,
    /// How much of its values the caller sees.
    pub seen: Seen,
}

/// How much of a column's values a caller sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// All.
    #[default]
    Whole,
    /// Some of their parts are hidden or masked.
    Partly,
    /// Null in their place.
    Masked,
}

impl TableColumn {
    /// Whether the caller sees null in place of its values.
    pub fn is_masked(&self) -> bool {
        self.seen == Seen::Masked
    }

    /// The field of the value that it is, where the caller sees all of it.
    #[inline]
    pub(super) fn plain_field(&self) -> Option<&str> {
        match (&self.source, self.seen) {
            (Source::Field(name), Seen::Whole) => Some(name),
            _ => None,
        }
    }

    /// Whether a part of its values is hidden or masked.
    pub fn is_partial(&self) -> bool {
        self.seen == Seen::Partly
    }
}

/// The columns of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableColumns {
    columns: Vec<TableColumn>,
}

/// Collects columns under names that are not there yet.
#[derive(Default)]
struct Names {
    taken: BTreeSet<String>,
    columns: Vec<TableColumn>,
}

impl Names {
    fn add(&mut self, name: &str, origin: &str, source: Source, kind: Kind, hidden: bool) {
        if self.columns.len() >= MAX_COLUMNS {
            return;
        }
        let free = |name: &str| !self.taken.contains(&name.to_ascii_lowercase());
        let longer = format!("{origin}.{name}");
        let usable = |name: &str| !name.contains('\0') && free(name);
        let name = if usable(name) {
            name.to_owned()
        } else if !origin.is_empty() && usable(&longer) {
            longer
        } else {
            return;
        };
        self.taken.insert(name.to_ascii_lowercase());
        self.columns.push(TableColumn {
            name,
            source,
            kind,
            hidden,
            required: false,
            seen: Seen::Whole,
        });
    }
}

/// What values of these kinds are together; `common` is the narrowest declared or seen type.
fn kind_of(common: FieldType, kinds: impl IntoIterator<Item = FieldKind>) -> Kind {
    let (mut containers, mut others) = (false, false);
    for kind in kinds {
        match kind {
            FieldKind::Null => {}
            FieldKind::Array | FieldKind::Object => containers = true,
            _ => others = true,
        }
    }
    match (containers, others) {
        (true, false) => Kind::Json,
        (true, true) => Kind::Mixed,
        // Nobody knows yet.
        (false, false) if common == FieldType::Any => Kind::Mixed,
        _ => Kind::Field(common),
    }
}

impl TableColumns {
    /// The columns of a store with this definition whose items look like that.
    pub fn new(definition: &StoreDefinition, schema: &StoreSchema) -> Self {
        Self::seen(definition, schema, None)
    }

    /// The same without what the caller does not see.
    pub fn seen(
        definition: &StoreDefinition,
        schema: &StoreSchema,
        rules: Option<&StoreRules>,
    ) -> Self {
        let visible = rules.map(|rules| rules.schema(schema.clone()));
        let mut columns = Self::all(definition, visible.as_ref().unwrap_or(schema), rules);
        if let Some(rules) = rules {
            columns.protect(definition, rules);
        }
        columns
    }

    fn all(definition: &StoreDefinition, schema: &StoreSchema, rules: Option<&StoreRules>) -> Self {
        let is_hidden =
            |name: &str| rules.is_some_and(|r| r.key_field(name) == Some(Protection::Hidden));
        let mut names = Names::default();
        // The whole key and the whole value can always be named.
        for reserved in [VERSION, COUNT, COUNTED, POSITION, "value"] {
            names.taken.insert(reserved.to_owned());
        }
        let key = &definition.key;
        if key.is_composite() {
            names.taken.insert("key".to_owned());
        }
        let fields: BTreeSet<String> = top(schema).map(|f| f.path.to_ascii_lowercase()).collect();
        let is_both =
            |name: &str| key.is_composite() && fields.contains(&name.to_ascii_lowercase());
        let key_name = |name: &str| match is_both(name) {
            true => format!("key.{name}"),
            false => name.to_owned(),
        };
        for (at, field) in key.fields().iter().enumerate() {
            if is_hidden(&field.name) {
                continue;
            }
            let kind = Kind::Key(field.kind);
            names.add(&key_name(&field.name), "key", Source::Key(at), kind, false);
            if is_both(&field.name) {
                // Only with where it comes from, on both sides.
                names.taken.insert(field.name.to_ascii_lowercase());
            }
        }
        if let Some(column) = names.columns.first_mut().filter(|_| !key.is_composite()) {
            // Only fields of composite keys can be missing.
            column.required = !key.is_composite();
        }
        for (at, field) in key.ride_on().iter().enumerate() {
            if is_hidden(&field.name) {
                continue;
            }
            let kind = Kind::Key(field.kind);
            names.add(
                &key_name(&field.name),
                "key",
                Source::RideOn(at),
                kind,
                false,
            );
            if is_both(&field.name) {
                names.taken.insert(field.name.to_ascii_lowercase());
            }
        }
        for field in top(schema) {
            let kind = kind_of(field.kind, field.kinds.iter().map(|count| count.kind));
            let source = Source::Field(field.path.clone());
            names.add(&field.path, "value", source, kind, false);
        }
        add_hidden(&mut names, definition, schema);
        Self {
            columns: names.columns,
        }
    }

    /// Leaves hidden columns out and marks masked ones.
    fn protect(&mut self, definition: &StoreDefinition, rules: &StoreRules) {
        let key = &definition.key;
        let of_key = |name: Option<&String>| rules.key_field(name.map_or("", |name| name));
        self.columns.retain_mut(|column| {
            let (protection, partial) = match &column.source {
                Source::Key(at) => (
                    of_key(key.fields().get(*at).map(|field| &field.name)),
                    false,
                ),
                Source::RideOn(at) => (
                    of_key(key.ride_on().get(*at).map(|field| &field.name)),
                    false,
                ),
                Source::Field(name) => (rules.value_field(name), rules.below_value(name)),
                Source::Path(path) => {
                    let path = path.join(".");
                    (rules.value_field(&path), rules.below_value(&path))
                }
                Source::Value => (rules.value_field(""), rules.below_value("")),
                Source::WholeKey => (rules.key_field(""), rules.protects_keys(key)),
                Source::Version | Source::Count | Source::Counted | Source::Position => {
                    (None, false)
                }
            };
            column.seen = match (protection, partial) {
                (Some(_), _) => Seen::Masked,
                (None, true) => Seen::Partly,
                (None, false) => Seen::Whole,
            };
            column.required &= !column.is_masked();
            protection != Some(Protection::Hidden)
        });
    }

    /// All columns in their order.
    pub fn iter(&self) -> impl Iterator<Item = &TableColumn> {
        self.columns.iter()
    }

    pub(super) fn get(&self, at: usize) -> Option<&TableColumn> {
        self.columns.get(at)
    }

    /// A column by its name, letters of either case.
    pub(super) fn named(&self, name: &str) -> Option<&TableColumn> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// What SQLite is told.
    pub(super) fn declaration(&self) -> String {
        let mut sql = String::from("CREATE TABLE x(");
        for column in &self.columns {
            sql += &quote_name(&column.name);
            sql.push(' ');
            sql += column.kind.sql_type();
            if column.hidden {
                sql += " HIDDEN";
            }
            if column.source == Source::Position {
                sql += " PRIMARY KEY";
            }
            if column.required {
                sql += " NOT NULL";
            }
            sql += ", ";
        }
        sql.truncate(sql.len() - 2);
        sql + ") WITHOUT ROWID"
    }
}

fn top(schema: &StoreSchema) -> impl Iterator<Item = &sop::StoreField> {
    schema
        .fields
        .iter()
        .filter(|field| field.depth == 1 && !field.path.ends_with("[]"))
}

fn add_hidden(names: &mut Names, definition: &StoreDefinition, schema: &StoreSchema) {
    let whole = schema.values.iter().map(|count| count.kind);
    let types: Vec<_> = whole.clone().filter_map(FieldKind::field_type).collect();
    let common = match types.as_slice() {
        [one] => *one,
        _ => FieldType::Any,
    };
    let kind = kind_of(common, whole);
    let objects = schema
        .values
        .iter()
        .all(|count| matches!(count.kind, FieldKind::Object | FieldKind::Null));
    let has_fields = top(schema).next().is_some();
    for whole in ["key", "value"] {
        names.taken.remove(whole);
    }
    // A store of numbers or texts has one visible value.
    names.add("value", "", Source::Value, kind, objects || has_fields);
    if definition.key.is_composite() {
        names.add("key", "", Source::WholeKey, Kind::Json, true);
    }
    for field in schema.fields.iter().filter(|field| field.depth > 1) {
        let path: Vec<String> = field.path.split('.').map(str::to_owned).collect();
        // What lies in arrays is not one value.
        if path.len() == field.depth as usize && !field.path.contains("[]") {
            let kind = kind_of(field.kind, field.kinds.iter().map(|count| count.kind));
            names.add(&field.path, "value", Source::Path(path), kind, true);
        }
    }
    for (name, source, kind) in [
        (VERSION, Source::Version, Kind::Field(FieldType::Integer)),
        (COUNT, Source::Count, Kind::Field(FieldType::Integer)),
        (COUNTED, Source::Counted, Kind::Field(FieldType::Integer)),
        (POSITION, Source::Position, Kind::Field(FieldType::Bytes)),
    ] {
        names.columns.push(TableColumn {
            name: name.to_owned(),
            source,
            kind,
            hidden: true,
            required: true,
            seen: Seen::Whole,
        });
    }
}

#[cfg(test)]
mod tests {
    use sop::key::{KeyField, KeySpec};
    use sop::{Database, Mode};

    use super::*;
    use crate::test_support::{TestDatabase, document};

    fn names(db: &Database, store: &str) -> Vec<String> {
        let tx = db.begin(Mode::Read).unwrap();
        let store = tx.documents(store).unwrap();
        let columns = TableColumns::new(store.definition(), &store.schema().unwrap());
        columns.iter().map(|column| column.name.clone()).collect()
    }

    #[test]
    fn the_whole_key_and_value_keep_their_names() {
        let test = TestDatabase::new();
        test.create("single", &KeySpec::single(KeyType::I64));
        let fields = ["id", "value"].map(|name| KeyField::new(name, KeyType::I64));
        let composite = KeySpec::composite(fields.to_vec(), Vec::new()).unwrap();
        test.create("composite", &composite);
        let value = document(r#"{"key":1,"value":2,"id":3,"Name":4,"name":5}"#);
        test.db
            .transact(|tx| {
                tx.documents("single")?.insert(&1_i64.into(), &value)?;
                let key = sop::key::Key::composite([1_i64, 2]);
                tx.documents("composite")?.insert(&key, &value).map(drop)
            })
            .unwrap();
        let expected = [
            "key",
            "value.key",
            "value.value",
            "id",
            "Name",
            "value.name",
            "value",
        ];
        assert_eq!(names(&test.db, "single")[..7], expected);
        let expected = [
            "key.id",
            "key.value",
            "value.key",
            "value.value",
            "value.id",
            "Name",
            "value.name",
            "value",
            "key",
        ];
        assert_eq!(names(&test.db, "composite")[..9], expected);
    }
}
