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
            None => match by_relation(schema, tables, notes, &at)? {
                Related::Directly(on) => on,
                Related::Through(link) => {
                    if !matches!(words, " JOIN " | " LEFT JOIN ") {
                        let detail = format!(
                            "a {} join through {} needs both steps: join {} first, then this store",
                            words.trim().to_ascii_lowercase().trim_end_matches(" join"),
                            link.name,
                            link.name
                        );
                        return Err(SelectError::new(Fault::NoRelation, &at, detail));
                    }
                    tables.linked = true;
                    from = from
                        .then(words)
                        .and_then(link.table)
                        .then(" ON ")
                        .and_then(link.on);
                    link.to_joined
                }
            },
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

/// How a store is joined that no `on` says it of.
enum Related {
    /// On the fields of the one relation.
    Directly(Sql),
    /// By a store that relates to both sides.
    Through(Link),
}

/// A store between two that are joined.
struct Link {
    name: String,
    /// With the name that it has in the statement.
    table: Sql,
    /// Its condition with the stores before.
    on: Sql,
    /// The condition of the store that is joined.
    to_joined: Sql,
}

/// The relations between two stores, whichever of them declares them.
fn ways_between(one: &Table<'_>, other: &Table<'_>, at: &Pointer<'_>) -> Result<Vec<Way>> {
    let mut ways: Vec<Way> = Vec::new();
    let both = way_list(one, other, at)?.into_iter();
    for way in both.chain(way_list(other, one, at)?) {
        if ways.iter().all(|known| known.words != way.words) {
            ways.push(way);
        }
    }
    Ok(ways)
}

/// The ways from the stores before to the joined one through stores that relate to both.
fn links(
    schema: &Schema,
    joined: &Table<'_>,
    before: &[Table<'_>],
    at: &Pointer<'_>,
) -> Result<Vec<(Link, String)>> {
    let stores: Vec<Named<'_>> = before.iter().map(|table| table.store).collect();
    let mut found = Vec::new();
    for name in schema.links(&joined.store, &stores) {
        let written = match joined.store.database {
            Some(database) => format!("{database}.{name}"),
            None => name.to_owned(),
        };
        let store = schema.store(&written, at)?;
        let mut alias = name.to_owned();
        while before
            .iter()
            .chain([joined])
            .any(|table| table.alias.eq_ignore_ascii_case(&alias))
        {
            alias += " link";
        }
        let link = Table { store, alias };
        let mut first = Vec::new();
        for other in before {
            first.extend(ways_between(&link, other, at)?);
        }
        for to_joined in ways_between(&link, joined, at)? {
            for way in &first {
                let words = format!("{} and {}", way.words, to_joined.words);
                let step = Link {
                    name: name.to_owned(),
                    table: named(&link),
                    on: way.sql.clone(),
                    to_joined: to_joined.sql.clone(),
                };
                found.push((step, words));
            }
        }
    }
    Ok(found)
}

/// The one relation between the store that is joined and those before, or the one way through another store.
fn by_relation(
    schema: &Schema,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
    at: &Pointer<'_>,
) -> Result<Related> {
    let Some((joined, before)) = tables.list.split_last() else {
        return Err(SelectError::invalid(at, "there is nothing to join with"));
    };
    let mut ways: Vec<Way> = Vec::new();
    for other in before {
        if other.store.database != joined.store.database {
            continue;
        }
        for way in ways_between(other, joined, at)? {
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
            Ok(Related::Directly(way.sql))
        }
        (Some(_), false) => {
            let detail = format!(
                "several relations connect {name} with {others}: {}; say which with on",
                words.join("; ")
            );
            Err(SelectError::new(Fault::AmbiguousRelation, at, detail).with(words))
        }
        (None, _) => through(schema, tables, notes, at),
    }
}

fn through(
    schema: &Schema,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
    at: &Pointer<'_>,
) -> Result<Related> {
    let Some((joined, before)) = tables.list.split_last() else {
        return Err(SelectError::invalid(at, "there is nothing to join with"));
    };
    let others: Vec<&str> = before.iter().map(|table| table.alias.as_str()).collect();
    let (name, others) = (&joined.alias, others.join(", "));
    let mut links = links(schema, joined, before, at)?;
    let words: Vec<String> = links.iter().map(|(_, words)| words.clone()).collect();
    match (links.pop(), links.is_empty()) {
        (Some((link, words)), true) => {
            notes.push(format!(
                "joined {name} through {} by the relations {words}",
                link.name
            ));
            Ok(Related::Through(link))
        }
        (Some(_), false) => {
            let detail = format!(
                "several ways connect {name} with {others} through another store: {}; join that store first, and say how with on",
                words.join("; ")
            );
            Err(SelectError::new(Fault::AmbiguousRelation, at, detail).with(words))
        }
        (None, _) => {
            let detail = format!(
                "no relation connects {name} with {others}; say how with on: {{field before: field of {name}}}"
            );
            Err(SelectError::new(Fault::NoRelation, at, detail))
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
