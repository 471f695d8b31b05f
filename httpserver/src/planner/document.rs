//! Changes as the arguments of the tools that write, and as SQL to be shown.

use serde_json::{Map, Value as Json, json};

use super::ToolCall;
use super::lexicon::Comparison;
use super::model::{Condition, Test, Value, Write};
use super::schema::{FieldKind, Place, Schema};
use super::sql::{name, own_conditions};

/// The call of a change; none where its conditions can't be said as a filter.
pub fn call(schema: &Schema, write: &Write) -> Option<ToolCall> {
    let (tool, args) = match write {
        Write::Insert { store, key, fields } => {
            let mut value = Map::new();
            for (place, field) in fields {
                put(&mut value, schema.field_name(*place), field.to_json());
            }
            let items = json!([{"key": whole_key(schema, *store, key)?, "value": value}]);
            (
                "insert",
                json!({"database": schema.database, "store": schema.store_name(*store), "items": items}),
            )
        }
        Write::Update {
            store,
            conditions,
            set,
        } => {
            let set: Map<String, Json> = set
                .iter()
                .map(|(place, value)| {
                    let value = value.as_ref().map_or(Json::Null, Value::to_json);
                    (schema.field_name(*place).to_owned(), value)
                })
                .collect();
            let filter = filter(schema, conditions)?;
            (
                "update",
                json!({"database": schema.database, "store": schema.store_name(*store), "filter": filter, "set": set}),
            )
        }
        Write::Delete { store, conditions } => {
            let filter = filter(schema, conditions)?;
            (
                "delete",
                json!({"database": schema.database, "store": schema.store_name(*store), "filter": filter}),
            )
        }
    };
    Some(ToolCall {
        name: tool.to_owned(),
        args,
    })
}

/// A key of one field without a name is the value, one with a name an object.
fn whole_key(schema: &Schema, store: usize, key: &Value) -> Option<Json> {
    let place = schema.single_key(store)?;
    Some(match schema.field_name(place) {
        "key" => key.to_json(),
        named => json!({named: key.to_json()}),
    })
}

/// Puts a field, within objects where its name has dots.
fn put(object: &mut Map<String, Json>, name: &str, value: Json) {
    match name.split_once('.') {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some((outer, inner)) => {
            let there = object
                .entry(outer)
                .or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(there) = there {
                put(there, inner, value);
            }
        }
    }
}

fn filter(schema: &Schema, conditions: &[Condition]) -> Option<Json> {
    let mut filters: Vec<Json> = conditions
        .iter()
        .map(|condition| one(schema, condition))
        .collect::<Option<_>>()?;
    Some(match filters.len() {
        0 => json!({}),
        1 => filters.remove(0),
        _ => json!({"$and": filters}),
    })
}

fn one(schema: &Schema, condition: &Condition) -> Option<Json> {
    match condition {
        Condition::Field {
            place,
            via: None,
            test,
            negated,
        } => {
            let positive = tested(schema, *place, test);
            Some(if *negated {
                json!({"$not": positive})
            } else {
                positive
            })
        }
        Condition::All {
            conditions,
            negated,
        } => {
            let inner = filter(schema, conditions)?;
            Some(if *negated {
                json!({"$not": inner})
            } else {
                inner
            })
        }
        Condition::Field { .. } | Condition::Related { .. } => None,
    }
}

fn tested(schema: &Schema, place: Place, test: &Test) -> Json {
    let field = schema.field_name(place);
    let list = schema
        .field(place)
        .is_some_and(|field| field.kind == FieldKind::List);
    let text = schema
        .field(place)
        .is_some_and(|field| field.kind == FieldKind::Text);
    let json = |values: &[Value]| values.iter().map(Value::to_json).collect::<Vec<_>>();
    match test {
        Test::Compare(comparison, value) => {
            let operator = match comparison {
                Comparison::Eq => "$eq",
                Comparison::Ne => "$ne",
                Comparison::Gt => "$gt",
                Comparison::Ge => "$gte",
                Comparison::Lt => "$lt",
                Comparison::Le => "$lte",
            };
            json!({field: {operator: value.to_json()}})
        }
        Test::In(values) => json!({field: {"$in": json(values)}}),
        Test::Between(low, high) => json!({field: {"$between": [low.to_json(), high.to_json()]}}),
        Test::Days(from, to) => {
            let mut days = Map::new();
            if let Some(from) = from {
                days.insert("$gte".to_owned(), from.as_str().into());
            }
            if let Some(to) = to {
                days.insert("$lt".to_owned(), to.as_str().into());
            }
            json!({field: days})
        }
        Test::Contains(part) if list => json!({field: {"$contains": part}}),
        Test::Contains(part) => json!({field: {"$regex": format!("(?i){}", escaped(part))}}),
        Test::Starts(part) => json!({field: {"$regex": format!("(?i)^{}", escaped(part))}}),
        Test::Ends(part) => json!({field: {"$regex": format!("(?i){}$", escaped(part))}}),
        Test::FirstWord(word) => json!({field: {"$regex": format!("(?i)^{}( |$)", escaped(word))}}),
        Test::Missing if text => json!({field: {"$in": [null, ""]}}),
        Test::Missing => json!({field: null}),
    }
}

/// Text as a pattern that fits only itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The change as SQL, with its values as parameters.
pub fn statement(schema: &Schema, write: &Write) -> Option<String> {
    Some(match write {
        Write::Insert { store, fields, .. } => {
            let key = schema.single_key(*store)?;
            let columns = [key]
                .into_iter()
                .chain(fields.iter().map(|(place, _)| *place));
            let columns: Vec<String> = columns
                .map(|place| name(schema.field_name(place)))
                .collect();
            let marks = vec!["?"; columns.len()].join(", ");
            format!(
                "INSERT INTO {} ({}) VALUES ({marks})",
                name(schema.store_name(*store)),
                columns.join(", ")
            )
        }
        Write::Update {
            store,
            conditions,
            set,
        } => {
            let columns: Vec<String> = set
                .iter()
                .map(|(place, _)| format!("{} = ?", name(schema.field_name(*place))))
                .collect();
            let conditions = own_conditions(schema, *store, conditions)?;
            format!(
                "UPDATE {} SET {}{}",
                name(schema.store_name(*store)),
                columns.join(", "),
                conditions.sql
            )
        }
        Write::Delete { store, conditions } => {
            let conditions = own_conditions(schema, *store, conditions)?;
            format!(
                "DELETE FROM {}{}",
                name(schema.store_name(*store)),
                conditions.sql
            )
        }
    })
}
