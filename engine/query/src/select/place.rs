//! A field as SQL: its value, the document that it lies in, and the arrays on the way to it.

use super::fragment::Sql;
use super::shape::Kinds;
use crate::sql::Value;
use sop::KeyType;

/// Where a condition looks.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its name in messages and results, without the name of its table.
    pub label: String,
    /// The value as a column or an expression.
    pub value: Sql,
    /// What it may be.
    pub kinds: Kinds,
    /// Where the value lies in JSON; none for keys and calculated values.
    pub json: Option<InJson>,
    /// The arrays whose elements it belongs to, outermost first.
    pub arrays: Vec<Elements>,
    /// The columns of a composite key when this is the whole key.
    pub parts: Vec<Place>,
    /// The type when it lies in a key.
    pub key: Option<KeyType>,
    /// Whether it is a field of the key that descends.
    pub descends: bool,
    /// The column that can be assigned to.
    pub column: Option<String>,
}

/// Arguments of `SQLite`'s JSON functions.
#[derive(Clone, Debug)]
pub(super) struct InJson {
    /// A document, or NULL.
    pub document: Sql,
    pub path: String,
    /// The JSON type, `'null'` for a null and NULL for what is missing.
    pub kind: Sql,
    /// Whether the type is at hand, so that asking for it costs nothing.
    pub kind_is_free: bool,
}

/// The elements of an array as a table of their own.
#[derive(Clone, Debug)]
pub(super) struct Elements {
    pub alias: String,
    pub array: InJson,
    /// Whether it can be something else than an array, whose parts would be taken for elements.
    pub may_be_object: bool,
}

impl Place {
    /// A calculated value.
    pub fn calculated(label: String, value: Sql, kinds: Kinds) -> Self {
        Self {
            label,
            value,
            kinds,
            json: None,
            arrays: Vec::new(),
            parts: Vec::new(),
            key: None,
            descends: false,
            column: None,
        }
    }

    /// The elements of this place's arrays, and an element as a place.
    pub fn elements(&self, alias: String) -> Option<(Elements, Self)> {
        let array = self.json.clone()?;
        let column = |name: &str| Sql::name(&alias).then(".").then_name(name);
        let document = Sql::new("CASE WHEN ")
            .and_then(column("type"))
            .then(" IN ('array', 'object') THEN ")
            .and_then(column("value"))
            .then(" END");
        let element = Self {
            json: Some(InJson {
                document,
                path: "$".to_owned(),
                kind: column("type"),
                kind_is_free: true,
            }),
            ..Self::calculated(self.label.clone(), column("value"), Kinds::ALL)
        };
        let elements = Elements {
            alias,
            array,
            may_be_object: self.kinds.may_be(Kinds::OBJECT),
        };
        Some((elements, element))
    }

    /// A condition on an element as one on the arrays.
    pub fn some_element(elements: &Elements, condition: Sql) -> Sql {
        let array = &elements.array;
        let exists = Sql::new("EXISTS (SELECT 1 FROM json_each(")
            .and_then(array.document.clone())
            .then(", ")
            .then_param(Value::Text(array.path.clone()))
            .then(") AS ")
            .then_name(&elements.alias)
            .then(" WHERE ")
            .and_then(condition)
            .then(")")
            .atom();
        if elements.may_be_object {
            Sql::all(vec![array.is("'array'"), exists])
        } else {
            exists
        }
    }
}

impl InJson {
    pub fn new(document: Sql, path: String) -> Self {
        let kind = Sql::new("json_type(")
            .and_then(document.clone())
            .then(", ")
            .then_param(Value::Text(path.clone()))
            .then(")");
        Self {
            document,
            path,
            kind,
            kind_is_free: false,
        }
    }

    /// The same with a longer path.
    pub fn below(&self, path: &str) -> Self {
        Self::new(self.document.clone(), format!("{}{path}", self.path))
    }

    /// The value as SQL has it.
    pub fn value(&self) -> Sql {
        self.operator(" ->> ")
    }

    /// The JSON text of the value.
    pub fn text(&self) -> Sql {
        self.operator(" -> ")
    }

    fn operator(&self, operator: &'static str) -> Sql {
        Sql::new("(")
            .and_then(self.document.clone())
            .then(operator)
            .then_param(Value::Text(self.path.clone()))
            .then(")")
    }

    /// Whether the type is one of these.
    pub fn is(&self, kinds: &'static str) -> Sql {
        self.kind
            .clone()
            .then(" IN (")
            .then(kinds)
            .then(")")
            .comparison()
    }
}

/// A field of an object as a step of a path.
pub(super) fn field_step(name: &str) -> String {
    // JSON escapes are what SQLite reads in a quoted label.
    format!(".{}", serde_json::Value::from(name))
}

/// An element of an array as a step of a path.
pub(super) fn index_step(index: u32) -> String {
    format!("[{index}]")
}
