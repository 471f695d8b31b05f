//! Joins of select documents: on fields that are named, or on the one relation between the stores.

use super::error::{Fault, Pointer, SelectError};
use super::expression::given_name;
use super::fragment::Sql;
use super::object::Fields;
use super::place::Place;
use super::schema::{Named, Schema};
use super::tables::{Scope, Table, Tables};
use serde_json::Value as Json;
use sop::Relation;

/// The most stores in a statement, a limit of `SQLite`.
const MAX_JOINS: usize = 63;

const JOIN_FIELDS: [&str; 4] = ["store", "on", "type", "alias"];

const TYPES: [(&str, &str); 4] = [
    ("inner", " JOIN "),
    ("left", " LEFT JOIN "),
    ("right", " RIGHT JOIN "),
    ("full", " FULL JOIN "),
];

type Result<T> = std::result::Result<T, SelectError>;

/// Adds the joined stores to `tables`, which has the first one; the `FROM` of all.
pub(super) fn joined<'s>(
    schema: &'s Schema,
    tables: &mut Tables<'s>,
    joins: Option<&Json>,
    notes: &mut Vec<String>,
    at: &Pointer<'_>,
) -> Result<Sql> {
    let mut from = Sql::list(tables.list.iter().map(named));
    let Some(joins) = joins else {
        return Ok(from);
    };
    let Some(joins) = joins.as_array() else {
        return Err(SelectError::invalid(
            at,
            "must be a list of {store, on, type, alias}",
        ));
    };
    if joins.len() > MAX_JOINS {
        let detail = format!("a select joins at most {MAX_JOINS} stores");
        return Err(SelectError::new(Fault::TooLarge, at, detail));
    }
    for (number, join) in joins.iter().enumerate() {
        let at = at.index(number);
        let fields = Fields::of(join, &JOIN_FIELDS, "a join", &at)?;
        let store_at = at.field("store");
        let store = schema.store(fields.text("store")?, &store_at)?;
        let name = match fields.optional_text("alias")? {
            Some(text) => given_name(text, &at.field("alias"))?,
            None => store.name.to_owned(),
        };
        if tables
            .list
            .iter()
            .any(|table| table.alias.eq_ignore_ascii_case(&name))
        {
            let detail = format!("{name:?} is there already; give the store an alias of its own");
            return Err(SelectError::invalid(&at, detail));
        }
        let words = match fields.optional_text("type")? {
            None => " JOIN ",
            Some(kind) => join_words(kind, &at.field("type"))?,
        };
        let table = Table { store, alias: name };
        let named = named(&table);
        tables.add(table);
        let on = match fields.get("on") {
            Some(on) => pairs(tables, on, &at.field("on"))?,
            None => by_relation(schema, tables, notes, &at)?,
        };
        from = from.then(words).and_then(named).then(" ON ").and_then(on);
    }
    Ok(from)
}

/// A table with its alias when that differs.
pub(super) fn named(table: &Table<'_>) -> Sql {
    let mut sql = match table.store.database {
        Some(database) => Sql::name(database).then(".").then_name(table.store.name),
        None => Sql::name(table.store.name),
    };
    if table.alias != table.store.name {
        sql = sql.then(" AS ").then_name(&table.alias);
    }
    sql
}

fn join_words(kind: &str, at: &Pointer<'_>) -> Result<&'static str> {
    let known = TYPES.iter();
    if let Some((_, words)) = known
        .clone()
        .find(|(name, _)| name.eq_ignore_ascii_case(kind))
    {
        return Ok(words);
    }
    let names: Vec<&str> = known.map(|(name, _)| *name).collect();
    let what = ("type of join", "");
    Err(SelectError::unknown(Fault::Invalid, at, what, kind, &names))
}

/// `{left: right, …}`: a field of the stores before, and one of the store that is joined.
fn pairs(tables: &Tables<'_>, on: &Json, at: &Pointer<'_>) -> Result<Sql> {
    let pairs = on.as_object().filter(|pairs| !pairs.is_empty());
    let Some(pairs) = pairs else {
        let detail = "must be an object {field of a store before: field of this store}; leave it out to join by relation";
        return Err(SelectError::invalid(at, detail));
    };
    let Some((joined, before)) = tables.list.split_last() else {
        return Err(SelectError::invalid(at, "there is nothing to join with"));
    };
    let own = Tables::qualified(vec![joined.clone()]);
    let before = Tables::qualified(before.to_vec());
    let mut terms = Vec::new();
    for (left, right) in pairs {
        let at = at.field(left);
        let Some(right) = right.as_str() else {
            return Err(SelectError::invalid(&at, "must be the name of a field"));
        };
        let left = single(before.place(left, &at)?, &at)?;
        let right = single(own.place(right, &at)?, &at)?;
        terms.push(equal(left, right));
    }
    Ok(Sql::all(terms))
}

fn single(place: Place, at: &Pointer<'_>) -> Result<Place> {
    if !place.arrays.is_empty() {
        let detail = format!("{:?} is a field of the elements of an array", place.label);
        return Err(SelectError::invalid(at, detail));
    }
    Ok(match place.parts.as_slice() {
        [part] => part.clone(),
        _ => place,
    })
}

fn equal(left: Place, right: Place) -> Sql {
    left.value.then(" = ").and_then(right.value).comparison()
}

/// A way to join by a relation.
struct Way {
    sql: Sql,
    /// `orders.user_id = users.key`.
    words: String,
}

/// The one relation between the store that is joined and those before.
fn by_relation(
    schema: &Schema,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
    at: &Pointer<'_>,
) -> Result<Sql> {
    let Some((joined, before)) = tables.list.split_last() else {
        return Err(SelectError::invalid(at, "there is nothing to join with"));
    };
    let mut ways: Vec<Way> = Vec::new();
    for other in before {
        if other.store.database != joined.store.database {
            continue;
        }
        let from = way_list(other, joined, at)?;
        let to = way_list(joined, other, at)?;
        for way in from.into_iter().chain(to) {
            if ways.iter().all(|known| known.words != way.words) {
                ways.push(way);
            }
        }
    }
    let others: Vec<&str> = before.iter().map(|table| table.alias.as_str()).collect();
    let (name, others) = (&joined.alias, others.join(", "));
    let words: Vec<String> = ways.iter().map(|way| way.words.clone()).collect();
    match (ways.pop(), ways.is_empty()) {
        (Some(way), true) => {
            notes.push(format!("joined {name} by the relation {}", way.words));
            Ok(way.sql)
        }
        (Some(_), false) => {
            let detail = format!(
                "several relations connect {name} with {others}: {}; say which with on",
                words.join("; ")
            );
            Err(SelectError::new(Fault::AmbiguousRelation, at, detail).with(words))
        }
        (None, _) => {
            let stores: Vec<Named<'_>> = before.iter().map(|table| table.store).collect();
            let links = schema.links(&joined.store, &stores);
            let hint = if links.is_empty() {
                String::new()
            } else {
                format!("; {} relates to both, so join it first", links.join(" or "))
            };
            let links: Vec<String> = links.into_iter().map(str::to_owned).collect();
            let detail = format!(
                "no relation connects {name} with {others}; say how with on: {{field before: field of {name}}}{hint}"
            );
            Err(SelectError::new(Fault::NoRelation, at, detail).with(links))
        }
    }
}

/// The relations of `source` to the store of `target`.
fn way_list(source: &Table<'_>, target: &Table<'_>, at: &Pointer<'_>) -> Result<Vec<Way>> {
    let relations = source.store.relations.iter();
    let relations = relations.filter(|relation| relation.target_store == target.store.name);
    relations
        .map(|relation| way(source, target, relation, at))
        .collect()
}

fn way(
    source: &Table<'_>,
    target: &Table<'_>,
    relation: &Relation,
    at: &Pointer<'_>,
) -> Result<Way> {
    let mut pairs = Vec::new();
    let fields = relation.source_fields.iter().zip(&relation.target_fields);
    for (from, to) in fields {
        let (left, left_words) = relation_field(source, from, at)?;
        let (right, right_words) = relation_field(target, to, at)?;
        // The same equality said from the other side is the same.
        pairs.push(if left_words <= right_words {
            (format!("{left_words} = {right_words}"), equal(left, right))
        } else {
            (format!("{right_words} = {left_words}"), equal(right, left))
        });
    }
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let (words, terms): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    Ok(Way {
        sql: Sql::all(terms),
        words: words.join(" and "),
    })
}

/// A field that a relation names: of the key when the values have one of this name too, because a key can be sought.
fn relation_field(table: &Table<'_>, name: &str, at: &Pointer<'_>) -> Result<(Place, String)> {
    let own = Tables::qualified(vec![table.clone()]);
    let found = own.place(name, at).or_else(|error| match error.fault {
        Fault::AmbiguousField => own.place(&format!("key.{name}"), at),
        _ => Err(error),
    });
    let place = found.and_then(|place| single(place, at)).map_err(|error| {
        let detail = format!(
            "a relation of {} names {name:?}, which can't be joined on ({}); say how with on",
            table.store.name, error.detail
        );
        SelectError::new(Fault::NoRelation, at, detail).with(error.suggestions)
    })?;
    let words = match &place.column {
        Some(column) => format!("{}.{column}", table.alias),
        None => format!("{}.{}", table.alias, place.label),
    };
    Ok((place, words))
}
