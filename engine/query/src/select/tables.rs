//! The tables of a statement: what a name in a document means among them.

use super::error::{Fault, Pointer, SelectError};
use super::fragment::Sql;
use super::path::{Step, steps};
use super::place::{InJson, Place, field_step, index_step};
use super::schema::Named;
use super::shape::{KeyPart, Kinds, Node};
use sop::KeyType;
use std::cell::Cell;

/// The most bytes of a name.
const MAX_NAME_BYTES: usize = 4_096;
/// The most steps of a path.
const MAX_STEPS: usize = 100;
/// What names the version of an item, where no field has that name.
const VERSION: &str = "_version";

/// Where names are looked up.
pub(super) trait Scope {
    /// The field of this name.
    fn place(&self, name: &str, at: &Pointer<'_>) -> Result<Place, SelectError>;

    /// A name for a table of elements that no other table has.
    fn elements_alias(&self) -> String;
}

/// A store in a statement.
#[derive(Clone, Debug)]
pub(super) struct Table<'s> {
    pub store: Named<'s>,
    /// What it is called in the statement.
    pub alias: String,
}

/// The stores of a statement.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables<'s> {
    pub list: Vec<Table<'s>>,
    /// Tables of elements so far.
    elements: Cell<u32>,
    /// Whether columns stand without the name of their table.
    bare: bool,
    /// Whether the statement has stores beside these, which only link them.
    pub linked: bool,
}

/// What a name means in one table.
enum Found {
    One(Box<Place>),
    /// A field of the key and one of the values.
    Both,
    Nothing,
}

impl<'s> Tables<'s> {
    /// One store, whose columns stand without its name.
    pub fn single(table: Table<'s>) -> Self {
        Self {
            list: vec![table],
            elements: Cell::new(0),
            bare: true,
            linked: false,
        }
    }

    /// Stores whose columns stand with their names.
    pub fn qualified(list: Vec<Table<'s>>) -> Self {
        Self {
            list,
            elements: Cell::new(0),
            bare: false,
            linked: false,
        }
    }

    /// Joins one more.
    pub fn add(&mut self, table: Table<'s>) {
        self.bare = false;
        self.list.push(table);
    }

    /// The table of this alias.
    pub fn called(&self, alias: &str) -> Option<&Table<'s>> {
        self.list.iter().find(|table| table.alias == alias)
    }

    fn candidates(&self, name: &str) -> Vec<(&Table<'s>, Found)> {
        let there = |(_, found): &(&Table<'_>, Found)| !matches!(found, Found::Nothing);
        let qualified = || {
            let found = self.list.iter().filter_map(|table| {
                let rest = name.strip_prefix(table.alias.as_str())?.strip_prefix('.')?;
                Some((table, self.find(table, rest)))
            });
            found.filter(there).collect::<Vec<_>>()
        };
        let bare = || {
            let found = self
                .list
                .iter()
                .map(|table| (table, self.find(table, name)));
            found.filter(there).collect::<Vec<_>>()
        };
        // In a single store a field goes before the store's own name.
        let single = self.list.len() == 1;
        let first = if single { bare() } else { qualified() };
        if !first.is_empty() {
            return first;
        }
        if single { qualified() } else { bare() }
    }

    fn find(&self, table: &Table<'_>, name: &str) -> Found {
        let shape = table.store.shape;
        let one = |place: Option<Place>| {
            place.map_or(Found::Nothing, |place| Found::One(Box::new(place)))
        };
        match name {
            "key" if shape.whole_key.is_some() => return one(self.whole_key(table)),
            "value" if shape.value.column.is_some() => return one(self.whole_value(table)),
            VERSION if shape.value.field(VERSION).is_none() => return one(self.version(table)),
            _ => {}
        }
        let part = |name: &str| shape.key.iter().find(|part| part.name == name);
        if let Some(part) = name.strip_prefix("key.").and_then(part) {
            return one(self.key_part(table, part));
        }
        if let Some(path) = name.strip_prefix("value.")
            && let Some(steps) = steps(&shape.value, path)
        {
            return one(self.in_value(table, path, &steps));
        }
        let in_value = steps(&shape.value, name);
        match (part(name), in_value) {
            // What may be there without being listed is no reason to doubt the key.
            (Some(_), Some(steps)) if matches!(steps.as_slice(), [Step::Field(_, Some(_))]) => {
                Found::Both
            }
            (Some(part), _) => one(self.key_part(table, part)),
            (None, Some(steps)) => one(self.in_value(table, name, &steps)),
            (None, None) => Found::Nothing,
        }
    }

    /// A column of a table.
    fn column(&self, table: &Table<'_>, name: &str) -> Sql {
        if self.bare {
            Sql::name(name)
        } else {
            qualified(table, name)
        }
    }

    fn whole_key(&self, table: &Table<'_>) -> Option<Place> {
        let shape = table.store.shape;
        let column = shape.whole_key.as_deref()?;
        let kinds = shape.single.map_or(Kinds::OBJECT, Kinds::of_key);
        let parts = shape.key.iter().filter(|part| !part.rides_on);
        Some(Place {
            parts: parts
                .filter_map(|part| self.key_part(table, part))
                .collect(),
            key: shape.single,
            column: Some(column.to_owned()),
            ..Place::calculated("key".to_owned(), self.column(table, column), kinds)
        })
    }

    fn version(&self, table: &Table<'_>) -> Option<Place> {
        let column = table.store.shape.version.as_deref()?;
        let value = self.column(table, column);
        Some(Place {
            column: Some(column.to_owned()),
            ..Place::calculated(VERSION.to_owned(), value, Kinds::INTEGER)
        })
    }

    fn key_part(&self, table: &Table<'_>, part: &KeyPart) -> Option<Place> {
        let value = if let Some(column) = &part.column {
            self.column(table, column)
        } else {
            let whole = table.store.shape.whole_key.as_deref()?;
            let path = format!("${}", field_step(&part.name));
            InJson::new(qualified(table, whole), path).value()
        };
        let kinds = Kinds::of_key(part.kind).or(Kinds::NULL);
        Some(Place {
            key: Some(part.kind),
            descends: part.descends,
            column: part.column.clone(),
            ..Place::calculated(part.name.clone(), value, kinds)
        })
    }

    fn in_value(&self, table: &Table<'_>, label: &str, steps: &[Step<'_>]) -> Option<Place> {
        if steps.len() > MAX_STEPS {
            return None;
        }
        let whole = self.whole_value(table);
        let mut place = whole.unwrap_or_else(|| {
            // Then only what has a column of its own can be reached.
            Place::calculated(String::new(), Sql::new("NULL"), Kinds::ALL)
        });
        for step in steps {
            place = match step {
                Step::Each => {
                    let (elements, mut element) = place.elements(self.elements_alias())?;
                    element.arrays.clone_from(&place.arrays);
                    element.arrays.push(elements);
                    element
                }
                Step::Index(index) => {
                    let json = place.json.as_ref()?.below(&index_step(*index));
                    below(&place, json, Kinds::ALL)
                }
                Step::Field(name, node) => self.field(table, &place, name, *node)?,
            };
        }
        label.clone_into(&mut place.label);
        Some(place)
    }

    fn field(
        &self,
        table: &Table<'_>,
        place: &Place,
        name: &str,
        node: Option<&Node>,
    ) -> Option<Place> {
        let json = place.json.as_ref();
        let json = json.map(|json| json.below(&field_step(name)));
        let kinds = node.map_or(Kinds::ALL, |node| node.kinds);
        let column = node.and_then(|node| node.column.as_deref());
        let Some(column) = column.filter(|_| place.arrays.is_empty()) else {
            return Some(below(place, json?, kinds));
        };
        Some(Place {
            json: nearest_json(table, column, kinds, json),
            column: Some(column.to_owned()),
            ..Place::calculated(String::new(), self.column(table, column), kinds)
        })
    }

    fn whole_value(&self, table: &Table<'_>) -> Option<Place> {
        let node = &table.store.shape.value;
        let column = node.column.as_deref()?;
        let value = || qualified(table, column);
        let json = if node.kinds.is_only(Kinds::OBJECT.or(Kinds::NULL)) {
            Some(InJson::new(value(), "$".to_owned()))
        } else if node.kinds.may_be(Kinds::NESTED) {
            // A value that is text is no JSON text.
            let document = Sql::new("CASE WHEN json_valid(")
                .and_then(value())
                .then(") THEN ")
                .and_then(value())
                .then(" END");
            let kind = Sql::new("CASE WHEN ")
                .and_then(value())
                .then(" IS NULL THEN 'null' WHEN json_valid(")
                .and_then(value())
                .then(") THEN json_type(")
                .and_then(value())
                .then(") ELSE 'text' END");
            let json = InJson::new(document, "$".to_owned());
            Some(InJson { kind, ..json })
        } else {
            None
        };
        Some(Place {
            json,
            column: Some(column.to_owned()),
            ..Place::calculated("value".to_owned(), self.column(table, column), node.kinds)
        })
    }

    fn names(&self) -> Vec<String> {
        let several = self.list.len() > 1;
        let mut names = Vec::new();
        for table in &self.list {
            let own = table.store.shape.names();
            if several {
                names.extend(own.iter().map(|name| format!("{}.{name}", table.alias)));
            }
            names.extend(own);
        }
        names
    }

    /// The nearest names, qualified where a bare one means several fields.
    fn unknown(&self, name: &str, at: &Pointer<'_>) -> SelectError {
        let stores: Vec<&str> = self.list.iter().map(|table| table.alias.as_str()).collect();
        let within = format!(" in {}", stores.join(" and "));
        let what = ("field", within.as_str());
        SelectError::unknown(Fault::UnknownField, at, what, name, &self.names())
    }
}

impl Scope for Tables<'_> {
    fn place(&self, name: &str, at: &Pointer<'_>) -> Result<Place, SelectError> {
        if name.len() > MAX_NAME_BYTES {
            let detail = format!("a name has at most {MAX_NAME_BYTES} bytes");
            return Err(SelectError::new(Fault::TooLarge, at, detail));
        }
        let mut candidates = self.candidates(name);
        let one = candidates.len() == 1;
        match candidates.pop() {
            None => Err(self.unknown(name, at)),
            Some((_, Found::One(place))) if one => Ok(*place),
            Some(last) => {
                candidates.push(last);
                let several = self.list.len() > 1;
                let mut names = Vec::new();
                for (table, found) in candidates {
                    let prefix = if several && !name.starts_with(&format!("{}.", table.alias)) {
                        format!("{}.", table.alias)
                    } else {
                        String::new()
                    };
                    match found {
                        Found::Both => {
                            let (table, field) =
                                match name.strip_prefix(&format!("{}.", table.alias)) {
                                    Some(field) if several => (format!("{}.", table.alias), field),
                                    _ => (prefix, name),
                                };
                            names.push(format!("{table}key.{field}"));
                            names.push(format!("{table}value.{field}"));
                        }
                        _ => names.push(format!("{prefix}{name}")),
                    }
                }
                let detail = format!(
                    "{name:?} means several fields; write {}",
                    names.join(" or ")
                );
                Err(SelectError::new(Fault::AmbiguousField, at, detail).with(names))
            }
        }
    }

    fn elements_alias(&self) -> String {
        let number = self.elements.get() + 1;
        self.elements.set(number);
        let mut alias = format!("element {number}");
        while self.list.iter().any(|table| table.alias == alias) {
            alias.push('\'');
        }
        alias
    }
}

/// A part of a place that is read out of its JSON.
fn below(place: &Place, json: InJson, kinds: Kinds) -> Place {
    Place {
        arrays: place.arrays.clone(),
        value: json.value(),
        json: Some(json),
        ..Place::calculated(String::new(), Sql::new("NULL"), kinds)
    }
}

/// The JSON of a field: its own column when that can hold nothing else, what is around it otherwise. By the latter a
/// null is told from what is missing.
fn nearest_json(
    table: &Table<'_>,
    column: &str,
    kinds: Kinds,
    around: Option<InJson>,
) -> Option<InJson> {
    if !kinds.is_only(Kinds::NESTED.or(Kinds::NULL)) {
        return around;
    }
    let own = InJson::new(qualified(table, column), "$".to_owned());
    let kind = around.map_or_else(|| own.kind.clone(), |around| around.kind);
    Some(InJson { kind, ..own })
}

/// A column with the name of its table: inside of `EXISTS` a bare one may be another's.
pub(super) fn qualified(table: &Table<'_>, column: &str) -> Sql {
    Sql::name(&table.alias).then(".").then_name(column)
}

/// The type of a key that is compared as text of one form.
pub(super) fn is_uuid(place: &Place) -> bool {
    place.key == Some(KeyType::Uuid)
}
