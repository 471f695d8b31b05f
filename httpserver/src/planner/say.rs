//! Queries in words, so that people see what was understood.

use std::fmt::Write as _;

use super::lexicon::{Comparison, Function};
use super::model::{Aggregate, Condition, Group, Key, Measure, Query, Test, Value, Write};
use super::schema::{Place, Schema};
use super::sql::time_name;
use super::words;

/// A query in words.
pub fn query(schema: &Schema, query: &Query) -> String {
    let store = store(schema, query.store);
    let mut text = if !query.aggregates.is_empty() {
        let list: Vec<String> = query
            .aggregates
            .iter()
            .map(|of| aggregate(schema, *of))
            .collect();
        list.join(" and ")
    } else if query.fields.is_empty() {
        store
    } else {
        let list: Vec<String> = query
            .fields
            .iter()
            .map(|place| field_of(schema, *place, query.store))
            .collect();
        let distinct = if query.distinct { "different " } else { "" };
        format!("{distinct}{} of {store}", list.join(", "))
    };
    for beside in &query.beside {
        let which = match beside.only {
            Some((_, true)) => "last ",
            Some((_, false)) => "first ",
            None => "",
        };
        let _ = write!(
            text,
            " with their {which}{}",
            spoken(schema.store_name(beside.store))
        );
    }
    if !query.groups.is_empty() {
        let list: Vec<String> = query
            .groups
            .iter()
            .map(|of| group(schema, *of, query.store))
            .collect();
        let _ = write!(text, " per {}", list.join(" and "));
    }
    text += &conditions(schema, &query.conditions, query.store);
    for (at, comparison, value) in &query.having {
        if let Some(of) = query.aggregates.get(*at) {
            let _ = write!(
                text,
                ", where the {} {} {}",
                aggregate(schema, *of),
                compared(*comparison),
                shown(value)
            );
        }
    }
    for (key, descending) in &query.order {
        let by = match *key {
            Key::Field(place) => field_of(schema, place, query.store),
            Key::Aggregate(at) => query
                .aggregates
                .get(at)
                .map(|of| aggregate(schema, *of))
                .unwrap_or_default(),
            Key::Group(at) => query
                .groups
                .get(at)
                .map(|of| group(schema, *of, query.store))
                .unwrap_or_default(),
        };
        let end = if *descending { ", largest first" } else { "" };
        let _ = write!(text, ", sorted by {by}{end}");
    }
    if let Some(limit) = query.limit {
        let _ = write!(text, ", the first {limit}");
    }
    text
}

/// A change in words.
pub fn write(schema: &Schema, write: &Write) -> String {
    match write {
        Write::Insert {
            store: at,
            key,
            fields,
        } => {
            let list: Vec<String> = fields
                .iter()
                .map(|(place, value)| format!("{} {}", schema.field_name(*place), shown(value)))
                .collect();
            format!(
                "insert into {}: key {}, {}",
                schema.store_name(*at),
                shown(key),
                list.join(", ")
            )
        }
        Write::Update {
            store: at,
            conditions: of,
            set,
        } => {
            let list: Vec<String> = set
                .iter()
                .map(|(place, value)| {
                    format!(
                        "{} to {}",
                        schema.field_name(*place),
                        value.as_ref().map_or_else(|| "null".to_owned(), shown)
                    )
                })
                .collect();
            format!(
                "set {} for {}{}",
                list.join(" and "),
                store(schema, *at),
                conditions(schema, of, *at)
            )
        }
        Write::Delete {
            store: at,
            conditions: of,
        } => {
            format!(
                "delete {}{}",
                store(schema, *at),
                conditions(schema, of, *at)
            )
        }
    }
}

fn spoken(name: &str) -> String {
    words::of_name(name).join(" ")
}

fn store(schema: &Schema, at: usize) -> String {
    plural(&spoken(schema.store_name(at)))
}

/// The plural of a noun.
pub fn plural(noun: &str) -> String {
    if let Some(start) = noun
        .strip_suffix('y')
        .filter(|start| !start.ends_with(['a', 'e', 'o', 'u']))
    {
        return format!("{start}ies");
    }
    let hissing = noun.ends_with(['s', 'x']) || noun.ends_with("ch") || noun.ends_with("sh");
    format!("{noun}{}", if hissing { "es" } else { "s" })
}

fn field_of(schema: &Schema, place: Place, asked: usize) -> String {
    if place.store == asked {
        schema.field_name(place).to_owned()
    } else {
        format!(
            "{}.{}",
            schema.store_name(place.store),
            schema.field_name(place)
        )
    }
}

fn aggregate(schema: &Schema, aggregate: Aggregate) -> String {
    let function = match aggregate.function {
        Function::Count => "number",
        Function::Sum => "sum",
        Function::Avg => "average",
        Function::Min => "smallest",
        Function::Max => "largest",
        Function::Median => "median",
    };
    match aggregate.of {
        Measure::Items(at) => format!("number of {}", store(schema, at)),
        Measure::Field(place, distinct) => {
            let different = if distinct { "different " } else { "" };
            format!(
                "{function} of {different}{}.{}",
                schema.store_name(place.store),
                schema.field_name(place)
            )
        }
        Measure::Product(one, other) => format!(
            "{function} of {} times {}",
            schema.field_name(one),
            schema.field_name(other)
        ),
    }
}

fn group(schema: &Schema, group: Group, asked: usize) -> String {
    match group {
        Group::Field(place) => field_of(schema, place, asked),
        Group::Store(at, via) => {
            let role = via.and_then(|(owner, relation)| {
                schema
                    .store(owner)?
                    .relations
                    .get(relation)?
                    .fields
                    .first()
                    .cloned()
            });
            role.unwrap_or_else(|| spoken(schema.store_name(at)))
        }
        Group::Time(place, unit) => {
            format!("{} of {}", time_name(unit), field_of(schema, place, asked))
        }
    }
}

fn conditions(schema: &Schema, conditions: &[Condition], asked: usize) -> String {
    let list: Vec<String> = conditions
        .iter()
        .map(|one| condition(schema, one, asked))
        .collect();
    if list.is_empty() {
        String::new()
    } else {
        format!(" where {}", list.join(" and "))
    }
}

fn condition(schema: &Schema, one: &Condition, asked: usize) -> String {
    match one {
        Condition::Field {
            place,
            via,
            test,
            negated,
        } => {
            let not = if *negated { "not " } else { "" };
            let role = via.and_then(|(owner, relation)| {
                schema.store(owner)?.relations.get(relation)?.fields.first()
            });
            let field = match role {
                Some(role) => format!("{} of their {role}", schema.field_name(*place)),
                None => field_of(schema, *place, asked),
            };
            format!("{field} is {not}{}", tested(test))
        }
        Condition::All {
            conditions: of,
            negated,
        } => {
            let list: Vec<String> = of.iter().map(|one| condition(schema, one, asked)).collect();
            format!(
                "{}({})",
                if *negated { "not " } else { "" },
                list.join(" and ")
            )
        }
        Condition::Related {
            store: at,
            conditions: of,
            negated,
            count,
        } => {
            let many = match count {
                Some((comparison, number)) => format!(
                    "the number of their {} {} {number}",
                    store(schema, *at),
                    compared(*comparison)
                ),
                None if *negated => format!("there are no {}", store(schema, *at)),
                None => format!("there are {}", store(schema, *at)),
            };
            many + &conditions(schema, of, *at)
        }
    }
}

fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "is",
        Comparison::Ne => "is not",
        Comparison::Gt => "is more than",
        Comparison::Ge => "is at least",
        Comparison::Lt => "is less than",
        Comparison::Le => "is at most",
    }
}

fn tested(test: &Test) -> String {
    match test {
        Test::Compare(Comparison::Eq, value) => shown(value),
        Test::Compare(comparison, value) => format!(
            "{} {}",
            compared(*comparison).trim_start_matches("is "),
            shown(value)
        ),
        Test::In(values) => format!(
            "one of {}",
            values.iter().map(shown).collect::<Vec<_>>().join(", ")
        ),
        Test::Between(low, high) => format!("from {} to {}", shown(low), shown(high)),
        Test::Days(Some(from), Some(to)) => format!("from {from} to before {to}"),
        Test::Days(Some(from), None) => format!("{from} or later"),
        Test::Days(None, Some(to)) => format!("before {to}"),
        Test::Days(None, None) => "any day".to_owned(),
        Test::Contains(part) => format!("something with {part:?} in it"),
        Test::Starts(part) => format!("something that starts with {part:?}"),
        Test::Ends(part) => format!("something that ends with {part:?}"),
        Test::FirstWord(word) => format!("{word:?}, or begins with that word"),
        Test::Missing => "missing".to_owned(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        other => other.to_json().to_string(),
    }
}
