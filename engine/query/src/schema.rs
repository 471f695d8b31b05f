//! The fields that documents have, as they show them.
//!
//! Used where a store has no declared schema: columns of its page, code, a proposal for a schema. Always true: the
//! answer depends only on the documents that were given; a field that some lack or hold as null is not required.

use sop::document::{Document, DocumentRef, Kind};
use sop::{FieldType, SchemaField};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Most fields that are told apart; further ones are left out.
pub const MAX_INFERRED_FIELDS: usize = sop::MAX_SCHEMA_FIELDS;

/// What was seen of a field.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Place among the fields.
    order: usize,
    kind: Option<FieldType>,
    /// Documents that hold it with a value other than null.
    count: u64,
}

/// The top-level fields of documents, in the order in which they were first seen, with the narrowest type that holds
/// all values and whether all documents have a value there. Documents that are no objects are passed over.
///
/// Text is `date` or `datetime` when every value is one; `number` holds integers too; values of different kinds give
/// `any`.
pub fn infer_columns<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<SchemaField> {
    let mut fields: HashMap<String, Seen> = HashMap::new();
    let mut objects = 0;
    for document in documents {
        let root = document.root();
        if root.kind() != Kind::Object {
            continue;
        }
        objects += 1;
        for (name, value) in root.fields() {
            let order = fields.len();
            // A look-up first, so that a known name is not copied.
            if let Some(seen) = fields.get_mut(name) {
                seen.add(value);
            } else if order < MAX_INFERRED_FIELDS
                && let Entry::Vacant(entry) = fields.entry(name.to_owned())
            {
                entry
                    .insert(Seen {
                        order,
                        kind: None,
                        count: 0,
                    })
                    .add(value);
            }
        }
    }
    let mut fields: Vec<(String, Seen)> = fields.into_iter().collect();
    fields.sort_by_key(|(_, seen)| seen.order);
    let field = |(name, seen): (String, Seen)| SchemaField {
        name,
        kind: seen.kind.unwrap_or(FieldType::Any),
        required: seen.count == objects,
    };
    fields.into_iter().map(field).collect()
}

impl Seen {
    fn add(&mut self, value: DocumentRef<'_>) {
        let Some(kind) = type_of(value, self.kind) else {
            return;
        };
        self.count += 1;
        self.kind = Some(self.kind.map_or(kind, |seen| widen(seen, kind)));
    }
}

/// The narrowest type of a value; `None` for null. Text is looked into only while the field may still be a date.
fn type_of(value: DocumentRef<'_>, so_far: Option<FieldType>) -> Option<FieldType> {
    Some(match value.kind() {
        Kind::Null => return None,
        Kind::Bool => FieldType::Bool,
        Kind::Int | Kind::Uint => FieldType::Integer,
        Kind::Float | Kind::Number => FieldType::Number,
        Kind::String => match so_far {
            None | Some(FieldType::Date | FieldType::DateTime) => {
                text_type(value.as_str().unwrap_or_default())
            }
            _ => FieldType::String,
        },
        Kind::Bytes => FieldType::Bytes,
        Kind::Array => FieldType::Array,
        Kind::Object => FieldType::Object,
    })
}

fn text_type(text: &str) -> FieldType {
    // Cheap tests first: most text is no date.
    let begins_like_a_date = text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-');
    if !begins_like_a_date {
        FieldType::String
    } else if text.parse::<sop::key::Date>().is_ok() {
        FieldType::Date
    } else if text.parse::<sop::key::DateTime>().is_ok()
        || text.parse::<sop::key::Timestamp>().is_ok()
    {
        FieldType::DateTime
    } else {
        FieldType::String
    }
}

/// The type that holds both.
fn widen(one: FieldType, other: FieldType) -> FieldType {
    use FieldType::{Any, Date, DateTime, Integer, Number, String};
    match (one, other) {
        _ if one == other => one,
        (Integer, Number) | (Number, Integer) => Number,
        (String | Date | DateTime, String | Date | DateTime) => String,
        _ => Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(texts: &[&str]) -> Vec<(String, FieldType, bool)> {
        let documents: Vec<Document> = texts
            .iter()
            .map(|text| Document::from_json(text.as_bytes()).unwrap())
            .collect();
        infer_columns(&documents)
            .into_iter()
            .map(|field| (field.name, field.kind, field.required))
            .collect()
    }

    #[test]
    fn order_types_and_presence() {
        use FieldType::{Any, Array, Bool, Date, DateTime, Integer, Number, Object, String};
        let fields = infer(&[
            r#"{"z":1,"a":"x","d":"2021-01-01","t":"2021-01-01T00:00:00","n":1,"m":1,"o":{},"l":[],"b":true,"e":null}"#,
            r#"{"a":null,"z":2,"d":"2021-02-03","t":"2021-01-01T00:00:00Z","n":0.5,"m":"x","o":{},"l":[1],"b":false,"e":null,"new":1}"#,
            "[1]",
        ]);
        let expected = [
            ("z", Integer, true),
            ("a", String, false),
            ("d", Date, true),
            ("t", DateTime, true),
            ("n", Number, true),
            ("m", Any, true),
            ("o", Object, true),
            ("l", Array, true),
            ("b", Bool, true),
            ("e", Any, false),
            ("new", Integer, false),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, kind, required)| ((*name).to_owned(), *kind, *required))
            .collect();
        assert_eq!(fields, expected);
        assert!(infer(&[]).is_empty());
    }

    #[test]
    fn dates_among_other_text_are_text() {
        for texts in [
            [r#"{"a":"2021-01-01"}"#, r#"{"a":"soon"}"#],
            [r#"{"a":"soon"}"#, r#"{"a":"2021-01-01"}"#],
        ] {
            assert_eq!(infer(&texts)[0].1, FieldType::String);
        }
        assert_eq!(infer(&[r#"{"a":"2021-02-31"}"#])[0].1, FieldType::String);
        assert_eq!(
            infer(&[r#"{"a":"2021-02-01"}"#, r#"{"a":"2021-02-01T10:00:00"}"#])[0].1,
            FieldType::String
        );
    }
}
