//! What the fields of a store may hold: which filters need a look at the type of a value, and which don't.

use crate::sql::{Protection, Source, StoreRules, TableColumns};
use std::collections::HashMap;

use sop::{FieldKind, FieldType, KeyType, Order, StoreDefinition, StoreField, StoreSchema};

/// A set of kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub const NONE: Self = Self(0);
    pub const NULL: Self = Self(1);
    pub const BOOL: Self = Self(2);
    pub const INTEGER: Self = Self(4);
    pub const REAL: Self = Self(8);
    pub const NUMBER: Self = Self(4 | 8);
    pub const TEXT: Self = Self(16);
    pub const BYTES: Self = Self(32);
    pub const ARRAY: Self = Self(64);
    pub const OBJECT: Self = Self(128);
    /// Arrays and objects.
    pub const NESTED: Self = Self(64 | 128);
    pub const ALL: Self = Self(255);

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn may_be(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn is_only(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    fn of_kind(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Null => Self::NULL,
            FieldKind::Bool => Self::BOOL,
            FieldKind::Integer => Self::INTEGER,
            FieldKind::Number => Self::REAL,
            FieldKind::String | FieldKind::Date | FieldKind::DateTime => Self::TEXT,
            FieldKind::Bytes => Self::BYTES,
            FieldKind::Array => Self::ARRAY,
            FieldKind::Object => Self::OBJECT,
        }
    }

    fn of_type(kind: FieldType) -> Self {
        match kind {
            FieldType::Any => Self::ALL,
            FieldType::Bool => Self::BOOL,
            FieldType::Integer => Self::INTEGER,
            FieldType::Number => Self::NUMBER,
            FieldType::String | FieldType::Date | FieldType::DateTime => Self::TEXT,
            FieldType::Bytes => Self::BYTES,
            FieldType::Array => Self::ARRAY,
            FieldType::Object => Self::OBJECT,
        }
    }

    pub fn of_key(kind: KeyType) -> Self {
        match kind {
            KeyType::Bool => Self::BOOL,
            KeyType::F32 | KeyType::F64 | KeyType::Decimal => Self::NUMBER,
            KeyType::Bytes => Self::BYTES,
            KeyType::String
            | KeyType::Uuid
            | KeyType::Date
            | KeyType::Time
            | KeyType::DateTime
            | KeyType::Timestamp => Self::TEXT,
            _ => Self::INTEGER,
        }
    }
}

/// A field of the values, and what lies below it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub name: String,
    /// What it was seen to hold.
    pub kinds: Kinds,
    /// Whether it may have fields that are not listed.
    pub open: bool,
    /// Its column.
    pub column: Option<String>,
    pub fields: Vec<Node>,
    /// The elements of its arrays.
    pub elements: Option<Box<Node>>,
}

/// The deepest fields that schemas list.
const MAX_SCHEMA_DEPTH: u32 = 5;

impl Node {
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// A value of which nothing is known.
    pub fn unknown() -> Self {
        Self {
            name: String::new(),
            kinds: Kinds::ALL,
            open: true,
            column: None,
            fields: Vec::new(),
            elements: None,
        }
    }

    fn of(field: &StoreField, name: &str, column: Option<String>, exact: bool) -> Self {
        let seen = field.kinds.iter().map(|count| Kinds::of_kind(count.kind));
        let seen = seen.fold(Kinds::NONE, Kinds::or);
        let kinds = if !exact {
            Kinds::ALL
        } else if seen == Kinds::NONE || field.declared {
            // A declared field may be null, and may get other values of its type at any time.
            seen.or(Kinds::of_type(field.kind)).or(Kinds::NULL)
        } else {
            seen
        };
        Self {
            name: name.to_owned(),
            kinds,
            open: field.more || !exact || field.depth >= MAX_SCHEMA_DEPTH || field.kinds.is_empty(),
            column,
            fields: Vec::new(),
            elements: None,
        }
    }
}

/// A field of a key.
#[derive(Clone, Debug)]
pub(super) struct KeyPart {
    pub name: String,
    pub column: Option<String>,
    pub kind: KeyType,
    pub rides_on: bool,
    pub descends: bool,
}

/// The names of one store.
#[derive(Clone, Debug)]
pub(super) struct StoreShape {
    /// The fields of a composite key, ordered ones first.
    pub key: Vec<KeyPart>,
    /// The type of a key without named fields.
    pub single: Option<KeyType>,
    /// Whether an expression orders the keys.
    pub by_expression: bool,
    /// The column of the whole key.
    pub whole_key: Option<String>,
    /// The column of the version of an item.
    pub version: Option<String>,
    /// The whole value.
    pub value: Node,
}

impl StoreShape {
    /// What a caller with these rules sees; without rules, all.
    pub fn seen(
        definition: &StoreDefinition,
        schema: &StoreSchema,
        rules: Option<&StoreRules>,
    ) -> Self {
        let Some(rules) = rules else {
            return Self::new(definition, schema, None);
        };
        Self::new(definition, &rules.schema(schema.clone()), Some(rules))
    }

    fn new(definition: &StoreDefinition, schema: &StoreSchema, rules: Option<&StoreRules>) -> Self {
        let columns = TableColumns::seen(definition, schema, rules);
        let columns: HashMap<Source, String> = columns
            .iter()
            .map(|column| (column.source.clone(), column.name.clone()))
            .collect();
        let column = |source: Source| columns.get(&source).cloned();
        let spec = &definition.key;
        let mut key = Vec::new();
        if spec.is_composite() {
            key.extend(spec.fields().iter().enumerate().map(|(at, field)| KeyPart {
                name: field.name.clone(),
                column: column(Source::Key(at)),
                kind: field.kind,
                rides_on: false,
                descends: field.order == Order::Desc,
            }));
            key.extend(
                spec.ride_on()
                    .iter()
                    .enumerate()
                    .map(|(at, field)| KeyPart {
                        name: field.name.clone(),
                        column: column(Source::RideOn(at)),
                        kind: field.kind,
                        rides_on: true,
                        descends: false,
                    }),
            );
        }
        if let Some(rules) = rules {
            key.retain(|part| rules.key_field(&part.name) != Some(Protection::Hidden));
        }
        let whole = if spec.is_composite() {
            Source::WholeKey
        } else {
            Source::Key(0)
        };
        let by_field = |field: &StoreField| {
            if field.depth == 1 {
                return column(Source::Field(field.path.clone()));
            }
            let path: Vec<String> = field.path.split('.').map(str::to_owned).collect();
            column(Source::Path(path)).filter(|_| !field.path.contains("[]"))
        };
        Self {
            key,
            single: spec.kind(),
            by_expression: spec.cel().is_some(),
            whole_key: column(whole),
            version: column(Source::Version),
            value: whole_value(schema, column(Source::Value), &by_field),
        }
    }

    /// The names that a document may use for fields: those of keys, then those of values with what is below objects.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let clashes = |name: &str| {
            self.key.iter().any(|part| part.name == name) && self.value.field(name).is_some()
        };
        for part in &self.key {
            let whole = matches!(part.name.as_str(), "key" | "value");
            if whole || clashes(&part.name) {
                names.push(format!("key.{}", part.name));
            } else {
                names.push(part.name.clone());
            }
        }
        for field in &self.value.fields {
            let whole = matches!(field.name.as_str(), "key" | "value");
            let name = if whole || clashes(&field.name) {
                format!("value.{}", field.name)
            } else {
                field.name.clone()
            };
            names.push(name.clone());
            below(field, &name, &mut names);
        }
        names.extend(["key".to_owned(), "value".to_owned()]);
        names
    }
}

fn below(node: &Node, path: &str, names: &mut Vec<String>) {
    let elements = node.elements.iter().flat_map(|elements| &elements.fields);
    for field in node.fields.iter().chain(elements) {
        let path = format!("{path}.{}", field.name);
        names.push(path.clone());
        below(field, &path, names);
    }
}

fn whole_value(
    schema: &StoreSchema,
    column: Option<String>,
    by_field: &dyn Fn(&StoreField) -> Option<String>,
) -> Node {
    let seen = schema.values.iter();
    let seen = seen.fold(Kinds::NONE, |all, count| all.or(Kinds::of_kind(count.kind)));
    let nothing_known = schema.fields.is_empty() && schema.values.is_empty();
    let root = Node {
        name: String::new(),
        kinds: match (schema.exact, seen) {
            (false, _) => Kinds::ALL,
            // No items: what comes first may be anything, but is most likely a document.
            (true, Kinds::NONE) => Kinds::OBJECT,
            (true, seen) => seen,
        },
        open: schema.more || nothing_known || !schema.exact,
        column,
        fields: Vec::new(),
        elements: None,
    };
    // Each field stands before what is below it: the path from the root to the field before is what can grow.
    let mut line: Vec<(Node, usize)> = vec![(root, 0)];
    for field in &schema.fields {
        let depth = field.depth as usize;
        while line.len() > depth.max(1) {
            close(&mut line);
        }
        let start = line.last().map_or(0, |(_, end)| *end);
        let rest = field.path.get(start..).unwrap_or(&field.path);
        let name = rest.strip_prefix('.').filter(|_| depth > 1).unwrap_or(rest);
        let node = Node::of(field, name, by_field(field), schema.exact);
        line.push((node, field.path.len()));
    }
    while line.len() > 1 {
        close(&mut line);
    }
    line.pop().map_or_else(Node::unknown, |(root, _)| root)
}

/// Hangs the last node into the one before it.
fn close(line: &mut Vec<(Node, usize)>) {
    let Some((node, _)) = line.pop() else { return };
    let Some((parent, _)) = line.last_mut() else {
        return;
    };
    // Only an array has elements. A field of that name would be listed before them.
    if node.name == "[]" && parent.kinds.may_be(Kinds::ARRAY) {
        parent.elements = Some(Box::new(node));
    } else {
        parent.fields.push(node);
    }
}
