//! Rows in another shape than the file has: fields renamed, nested, left out, of another type.
//!
//! A rule is about one field of the file's rows. Fields without a rule stay as they are. Always true: a value that
//! cannot be of its rule's type makes its row a bad one, with the field and the value named; nothing is guessed.
//! It knows nothing of keys: these are chosen among the new names.

use super::columns::parse_as;
use super::{BadRow, ColumnType, Entry, Row, RowReader, TransferError};
use serde::Deserialize;
use serde_json::{Map, Value};
use sop::document::Document;

/// Most rules of a mapping.
const MAX_RULES: usize = 10_000;
/// Most levels that a name with dots can nest.
const MAX_LEVELS: usize = 32;

/// What becomes of one field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingRule {
    /// The field of the file's rows.
    pub from: String,
    /// Its new name, `a.b` for a field in a nested object; its own when missing.
    #[serde(default)]
    pub to: Option<String>,
    /// What its value has to be; as it is when missing.
    #[serde(default, rename = "type")]
    pub kind: Option<ColumnType>,
    /// Whether it is left out.
    #[serde(default)]
    pub skip: bool,
}

/// The rules of an import. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    rules: Vec<MappingRule>,
}

impl Mapping {
    /// From rules, one for a field at most.
    ///
    /// # Errors
    /// [`TransferError::Option`]: a field has two rules, two fields would have one name, or a name is not one.
    pub fn new(rules: Vec<MappingRule>) -> Result<Self, TransferError> {
        let refuse = |detail: String| {
            Err(TransferError::Option {
                option: "map",
                detail,
            })
        };
        if rules.len() > MAX_RULES {
            return refuse(format!("{} rules; at most {MAX_RULES}", rules.len()));
        }
        for (at, rule) in rules.iter().enumerate() {
            let before = rules.iter().take(at);
            if before.clone().any(|other| other.from == rule.from) {
                return refuse(format!("field {:?} has two rules", rule.from));
            }
            if rule.skip {
                continue;
            }
            let to = rule.target();
            if rule.to.is_some() && to.split('.').any(str::is_empty) {
                return refuse(format!("{to:?} is no name: a part of it is empty"));
            }
            if to.split('.').count() > MAX_LEVELS {
                return refuse(format!("{to:?} has more than {MAX_LEVELS} levels"));
            }
            let clash = before
                .filter(|other| !other.skip)
                .find(|other| is_same_place(other, rule));
            if let Some(other) = clash {
                return refuse(format!(
                    "fields {:?} and {:?} would both be {to:?}",
                    other.from, rule.from
                ));
            }
        }
        Ok(Self { rules })
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The types of columns that the CSV reader must not guess: it hands their text on, and the rule reads it.
    pub fn texts(&self) -> Vec<(String, ColumnType)> {
        let typed = self.rules.iter().filter(|rule| rule.kind.is_some());
        typed
            .map(|rule| (rule.from.clone(), ColumnType::Text))
            .collect()
    }

    /// A row in its new shape, or what is wrong with it.
    fn apply(&self, document: &Document) -> Result<Document, String> {
        let Value::Object(fields) = document.to_value() else {
            return Err("the row is not an object, so its fields cannot be mapped".to_owned());
        };
        let mut shaped = Map::with_capacity(fields.len());
        for (name, value) in fields {
            let Some(rule) = self.rules.iter().find(|rule| rule.from == name) else {
                if shaped.contains_key(&name) {
                    return Err(format!(
                        "{name:?} is there already: another field has that name now"
                    ));
                }
                shaped.insert(name, value);
                continue;
            };
            if rule.skip {
                continue;
            }
            let value = match rule.kind {
                Some(kind) => converted(&rule.from, value, kind)?,
                None => value,
            };
            match &rule.to {
                Some(to) => put(&mut shaped, to, value)?,
                None => put_whole(&mut shaped, name, value)?,
            }
        }
        Document::from_value(&Value::Object(shaped)).map_err(|error| error.to_string())
    }
}

impl MappingRule {
    fn target(&self) -> &str {
        self.to.as_deref().unwrap_or(&self.from)
    }

    fn is_nested(&self) -> bool {
        self.to.is_some()
    }
}

/// Whether two rules put their values at one place, or one inside the other's.
fn is_same_place(one: &MappingRule, other: &MappingRule) -> bool {
    let (a, b) = (one.target(), other.target());
    let inside = |outer: &str, inner: &MappingRule| {
        inner.is_nested()
            && inner
                .target()
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    a == b || inside(a, other) || inside(b, one)
}

/// Puts a value where a name with dots says.
fn put(fields: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = name.split_once('.') else {
        return put_whole(fields, name.to_owned(), value);
    };
    let inner = fields
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    match inner {
        Value::Object(inner) => put(inner, rest, value),
        _ => Err(format!(
            "{first:?} is a value already, so nothing can be inside it"
        )),
    }
}

fn put_whole(fields: &mut Map<String, Value>, name: String, value: Value) -> Result<(), String> {
    if fields.contains_key(&name) {
        return Err(format!(
            "{name:?} is there already: two fields have that name"
        ));
    }
    fields.insert(name, value);
    Ok(())
}

/// A value as another type. Null stays null.
fn converted(name: &str, value: Value, kind: ColumnType) -> Result<Value, String> {
    let is_right = match (&value, kind) {
        (Value::Null, _)
        | (Value::String(_), ColumnType::Text)
        | (Value::Bool(_), ColumnType::Boolean)
        | (Value::Number(_), ColumnType::Number)
        | (Value::Object(_) | Value::Array(_), ColumnType::Json) => true,
        (Value::Number(number), ColumnType::Integer) => parse_as(number.as_str(), kind).is_some(),
        _ => false,
    };
    if is_right {
        return Ok(value);
    }
    let text = match &value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    parse_as(&text, kind).ok_or_else(|| {
        let wanted = match kind {
            ColumnType::Integer => "a whole number",
            ColumnType::Number => "a number",
            ColumnType::Boolean => "true or false",
            ColumnType::Json => "a JSON object or array",
            ColumnType::Text => "text",
        };
        let shown: String = text.chars().take(80).collect();
        format!("{name} is {shown:?}, which is not {wanted}")
    })
}

/// A reader whose rows have the shape of a mapping.
pub struct MappedReader<R> {
    rows: R,
    mapping: Mapping,
}

impl<R: RowReader> MappedReader<R> {
    /// The rows of `rows` in another shape.
    pub fn new(rows: R, mapping: Mapping) -> Self {
        Self { rows, mapping }
    }
}

impl<R: RowReader> RowReader for MappedReader<R> {
    fn next_row(&mut self) -> Result<Option<Entry>, TransferError> {
        let row = match self.rows.next_row()? {
            Some(Entry::Row(row)) => row,
            other => return Ok(other),
        };
        Ok(Some(match self.mapping.apply(&row.document) {
            Ok(document) => Entry::Row(Row { document, ..row }),
            Err(detail) => {
                let text = row.document.to_json();
                Entry::Bad(BadRow::new(row.line, detail, text.as_bytes()))
            }
        }))
    }

    fn bytes_read(&self) -> u64 {
        self.rows.bytes_read()
    }

    fn warnings(&self) -> u64 {
        self.rows.warnings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::NdjsonReader;
    use serde_json::json;

    fn mapping(rules: Value) -> Result<Mapping, TransferError> {
        Mapping::new(serde_json::from_value(rules).unwrap())
    }

    fn mapped(row: &str, rules: Value) -> Result<String, String> {
        let mut reader = MappedReader::new(
            NdjsonReader::new(row.as_bytes(), 1000),
            mapping(rules).unwrap(),
        );
        match reader.next_row().unwrap().unwrap() {
            Entry::Row(row) => Ok(row.document.to_json()),
            Entry::Bad(bad) => Err(bad.detail),
        }
    }

    #[test]
    fn fields_are_renamed_nested_typed_and_left_out() {
        let row = r#"{"a":"1","b":"x","c":"0.50","d":7,"e":"true","f":" [1] ","g":""}"#;
        let rules = json!([
            {"from": "a", "to": "place.number", "type": "integer"},
            {"from": "b", "to": "place.name"},
            {"from": "c", "type": "number"},
            {"from": "d", "type": "text"},
            {"from": "e", "skip": true},
            {"from": "f", "type": "json"},
            {"from": "g", "type": "integer"},
        ]);
        assert_eq!(
            mapped(row, rules).unwrap(),
            r#"{"place":{"number":1,"name":"x"},"c":0.50,"d":"7","f":[1],"g":null}"#
        );
    }

    #[test]
    fn what_does_not_fit_its_type_is_a_bad_row_that_says_where() {
        let bad = mapped(r#"{"a":"12a"}"#, json!([{"from": "a", "type": "integer"}])).unwrap_err();
        assert_eq!(bad, "a is \"12a\", which is not a whole number");
        let bad = mapped(r#"{"a":1,"b":2}"#, json!([{"from": "b", "to": "a.x"}])).unwrap_err();
        assert!(bad.contains("nothing can be inside"), "{bad}");
        let bad = mapped(r#"{"a":1,"b":2}"#, json!([{"from": "b", "to": "a"}])).unwrap_err();
        assert!(bad.contains("two fields"), "{bad}");
        assert!(mapped("[1]", json!([{"from": "a", "skip": true}])).is_err());
    }

    #[test]
    fn rules_that_contradict_each_other_are_refused() {
        for rules in [
            json!([{"from": "a"}, {"from": "a", "skip": true}]),
            json!([{"from": "a", "to": "x"}, {"from": "b", "to": "x"}]),
            json!([{"from": "a", "to": "x"}, {"from": "b", "to": "x.y"}]),
            json!([{"from": "a", "to": "x..y"}]),
            json!([{"from": "a", "to": ""}]),
        ] {
            assert!(mapping(rules.clone()).is_err(), "{rules}");
        }
        let apart = json!([{"from": "a", "to": "x.y"}, {"from": "b", "to": "x.z"}, {"from": "x.y", "skip": true}]);
        assert!(mapping(apart).is_ok());
    }
}
