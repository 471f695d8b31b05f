//! Schema and lookup of an open database, with bounded work.
//!
//! The only part of the planner that reads data. Of each store a sample of items is looked at, whatever its size; lookups
//! have a limit in time each and all together.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value as Json;
use sop::{Database, Direction, Error, FieldType, KeyRange, Mode, Transaction};
use sop_query::sql::{
    Catalog, Limits, Params, QueryEngine, Request, Source, StoreRules, TableColumn, TableColumns,
    Value, Visibility,
};

use super::paths::{is_person, labels};
use super::schema::{Field, FieldKind, Place, Relation, Schema, Store};
use super::sql::name;
use super::words;
use super::{Hit, Lookup};

/// Items of a store that are looked at.
const SAMPLE: u64 = 2_000;
/// Items that are picked from a larger store, evenly.
const PICKED: u64 = 400;
/// Most values that a field with few values has.
const FEW: usize = 50;
/// The longest such value, in characters.
const MAX_VALUE: usize = 40;
/// The most stores that are taken in.
const MAX_STORES: usize = 500;

/// What the planner has to know of a database.
///
/// # Errors
/// Those of the engine.
pub fn schema(db: &Database, database: &str) -> sop::Result<Schema> {
    seen_schema(db, database, &Visibility::default())
}

/// The same for somebody who does not see all: what is masked is no field to them.
///
/// # Errors
/// Those of the engine.
pub fn seen_schema(db: &Database, database: &str, visibility: &Visibility) -> sop::Result<Schema> {
    let tx = db.begin(Mode::Read)?;
    let mut infos = tx.stores()?;
    infos.retain(|info| visibility.shows(database, &info.definition));
    let names: Vec<String> = infos
        .iter()
        .take(MAX_STORES)
        .map(|info| info.definition.name.clone())
        .collect();
    let mut stores = Vec::with_capacity(names.len());
    for info in infos.iter().take(MAX_STORES) {
        let mut store = {
            let rules = visibility.store(database, &info.definition.name);
            read_store(&tx, &info.definition.name, info.count, rules.as_deref())?
        };
        store.description.clone_from(&info.definition.description);
        for relation in &info.definition.relations {
            let target = names.iter().position(|name| *name == relation.target_store);
            store.relations.extend(target.map(|target| Relation {
                fields: relation.source_fields.clone(),
                store: target,
                targets: relation.target_fields.clone(),
            }));
        }
        stores.push(store);
    }
    let mut schema = Schema {
        database: database.to_owned(),
        stores,
    };
    infer_relations(&mut schema);
    Ok(schema)
}

fn read_store(
    tx: &Transaction,
    name: &str,
    count: u64,
    rules: Option<&StoreRules>,
) -> sop::Result<Store> {
    let store = tx.documents(name)?;
    let shape = store.schema()?;
    let columns = TableColumns::new(store.definition(), &shape);
    let is_list = |path: &str| {
        shape
            .fields
            .iter()
            .any(|field| field.path == path && field.kind == FieldType::Array)
    };
    let mut fields: Vec<Field> = Vec::new();
    let mut paths: Vec<Option<Vec<String>>> = Vec::new();
    for column in columns.iter() {
        let Some((kind, path)) = kind_of(column, &is_list) else {
            continue;
        };
        let path_text = path.as_ref().map(|path| path.join("."));
        let masked = rules.is_some_and(|rules| match &path_text {
            Some(path) => rules.value_field(path).is_some(),
            None => rules.key_field(&column.name).is_some(),
        });
        if masked {
            continue;
        }
        let there: u64 = shape
            .fields
            .iter()
            .filter(|field| Some(&field.path) == path_text.as_ref())
            .flat_map(|field| &field.kinds)
            .filter(|kind| kind.kind != sop::FieldKind::Null)
            .map(|kind| kind.count)
            .sum();
        fields.push(Field {
            name: column.name.clone(),
            kind,
            key: matches!(column.source, Source::Key(_)),
            optional: path.is_some() && there < count,
            values: Vec::new(),
        });
        paths.push(path);
    }
    let mut seen: Vec<Seen> = fields.iter().map(|_| Seen::default()).collect();
    let mut look = |value: &Json| {
        for ((field, path), seen) in fields.iter().zip(&paths).zip(&mut seen) {
            if let Some(found) = path.as_ref().and_then(|path| at_path(value, path)) {
                seen.note(found, field.kind);
            }
        }
    };
    if count <= SAMPLE {
        store.try_for_each::<Error>(&KeyRange::all(), Direction::Forward, |item| {
            look(&item.document()?.to_value());
            Ok(ControlFlow::Continue(()))
        })?;
    } else {
        for pick in 0..PICKED {
            if let Some(item) = store.nth(pick * (count / PICKED))? {
                look(&item.value.to_value());
            }
        }
    }
    for (field, seen) in fields.iter_mut().zip(seen) {
        field.optional |= seen.empty;
        if !seen.many && seen.values.len() <= FEW {
            field.values = seen.values.into_iter().collect();
        }
    }
    let spec = &store.definition().key;
    let single = spec.fields().len() == 1 && !rules.is_some_and(|rules| rules.protects_keys(spec));
    let last = if single { store.last()? } else { None };
    let last = last.map(|item| store.definition().key.key_to_json(&item.key));
    let next_key = last.and_then(|key| match key {
        Json::Object(fields) => fields.values().next()?.as_i64(),
        key => key.as_i64(),
    });
    Ok(Store {
        name: name.to_owned(),
        description: String::new(),
        fields,
        relations: Vec::new(),
        count,
        next_key: next_key.and_then(|key| key.checked_add(1)),
    })
}

/// The kind of a column, and where its value is in the item; none for those that nobody asks for.
fn kind_of(
    column: &TableColumn,
    is_list: &dyn Fn(&str) -> bool,
) -> Option<(FieldKind, Option<Vec<String>>)> {
    let path = match &column.source {
        Source::Key(_) | Source::RideOn(_) => None,
        Source::Field(name) => Some(vec![name.clone()]),
        Source::Path(path) => Some(path.clone()),
        _ => return None,
    };
    let kind = match column.kind.name() {
        "string" | "uuid" => FieldKind::Text,
        "integer" => FieldKind::Integer,
        "number" => FieldKind::Number,
        "bool" => FieldKind::Bool,
        "date" | "datetime" => FieldKind::Date,
        _ if path.as_ref().is_some_and(|path| is_list(&path.join("."))) => FieldKind::List,
        _ => FieldKind::Other,
    };
    Some((kind, path))
}

fn at_path<'a>(value: &'a Json, path: &[String]) -> Option<&'a Json> {
    path.iter().try_fold(value, |value, step| value.get(step))
}

/// The values of a field that were seen.
#[derive(Default)]
struct Seen {
    values: BTreeSet<String>,
    many: bool,
    empty: bool,
}

impl Seen {
    fn note(&mut self, value: &Json, kind: FieldKind) {
        match (value, kind) {
            (Json::String(text), FieldKind::Text) if text.is_empty() => self.empty = true,
            (Json::String(text), FieldKind::Text) => self.add(text),
            (Json::Array(elements), FieldKind::List) => {
                elements
                    .iter()
                    .filter_map(Json::as_str)
                    .for_each(|text| self.add(text));
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if self.many {
            return;
        }
        if text.chars().count() > MAX_VALUE {
            self.many = true;
        } else if !self.values.contains(text) {
            self.values.insert(text.to_owned());
            self.many = self.values.len() > FEW;
        }
        if self.many {
            self.values.clear();
        }
    }
}

/// References that nobody declared, by the names of fields: `user_id` and the store `users`.
fn infer_relations(schema: &mut Schema) {
    let mut found: BTreeMap<usize, Vec<Relation>> = BTreeMap::new();
    for place in schema.places() {
        let Some(field) = schema.field(place) else {
            continue;
        };
        let mut parts = words::of_name(&field.name);
        if !["id", "key"].contains(&parts.last().map_or("", String::as_str)) || parts.len() < 2 {
            continue;
        }
        parts.pop();
        let target = schema
            .stores
            .iter()
            .position(|store| words::of_name(&store.name) == parts);
        let Some((target, key)) =
            target.and_then(|target| Some((target, schema.single_key(target)?)))
        else {
            continue;
        };
        let own_key = schema.single_key(place.store) == Some(place);
        let same_kind = schema.field(key).map(|key| key.kind) == Some(field.kind);
        if target != place.store && !own_key && same_kind && !schema.is_reference(place) {
            found.entry(place.store).or_default().push(Relation {
                fields: vec![field.name.clone()],
                store: target,
                targets: vec![schema.field_name(key).to_owned()],
            });
        }
    }
    for (store, relations) in found {
        if let Some(store) = schema.stores.get_mut(store) {
            store.relations.extend(relations);
        }
    }
}

/// Looks names up in a database.
pub struct DatabaseLookup<'a> {
    engine: &'a QueryEngine,
    catalog: &'a Catalog,
    schema: &'a Schema,
    visibility: Visibility,
    left: Cell<Duration>,
}

/// The longest that one lookup takes, and all of a question.
const ONE: Duration = Duration::from_millis(150);
const TOGETHER: Duration = Duration::from_secs(1);
/// The most fields that a name is looked up in.
const MAX_FIELDS: usize = 40;

impl<'a> DatabaseLookup<'a> {
    /// A lookup for one question. The first database of the catalog is the schema's.
    pub fn new(engine: &'a QueryEngine, catalog: &'a Catalog, schema: &'a Schema) -> Self {
        Self {
            engine,
            catalog,
            schema,
            visibility: Visibility::default(),
            left: Cell::new(TOGETHER),
        }
    }

    /// The same for somebody who does not see all.
    #[must_use]
    pub fn seen_by(self, visibility: &Visibility) -> Self {
        Self {
            visibility: visibility.clone(),
            ..self
        }
    }

    /// The fields that tell items apart, those of small stores first.
    fn fields(&self) -> Vec<Place> {
        let mut stores: Vec<(u64, usize)> = self
            .schema
            .stores
            .iter()
            .enumerate()
            .map(|(at, store)| (store.count, at))
            .collect();
        stores.sort_unstable();
        let mut found = Vec::new();
        for (_, store) in stores {
            found.extend(labels(self.schema, store));
            let others = self.schema.places_of(store).filter(|place| {
                let text = self
                    .schema
                    .field(*place)
                    .is_some_and(|field| field.kind == FieldKind::Text);
                let words = words::of_name(self.schema.field_name(*place));
                let tells = [
                    "name", "title", "email", "city", "country", "company", "code", "number",
                ];
                let of_key = self.schema.single_key(store) == Some(*place);
                text && (of_key
                    || words
                        .last()
                        .is_some_and(|last| tells.contains(&last.as_str())))
            });
            for place in others {
                if !found.contains(&place) {
                    found.push(place);
                }
            }
        }
        found.truncate(MAX_FIELDS);
        found
    }

    fn ask(&self, sql: &str, params: Vec<Value>) -> Option<Vec<Vec<Value>>> {
        let left = self.left.get();
        if left.is_zero() {
            return None;
        }
        let mut request = Request::new(sql, Params::Positional(params));
        request.visibility = self.visibility.clone();
        request.limits = Limits {
            rows: Some(64),
            time: Some(ONE.min(left)),
        };
        if let Ok(table) = self.engine.collect(self.catalog, &request) {
            self.left.set(left.saturating_sub(table.summary.elapsed));
            return Some(table.rows);
        }
        // What takes too long is not found.
        self.left.set(left.saturating_sub(ONE));
        None
    }

    /// One row for each field that has the text as a value, or as the first word of one.
    fn in_fields(&self, fields: &[Place], text: &str, first_word: bool) -> Vec<(Place, String)> {
        let parts: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(at, place)| {
                let (field, store) = (
                    name(self.schema.field_name(*place)),
                    name(self.schema.store_name(place.store)),
                );
                let test = if first_word {
                    format!("{field} LIKE ?1 ESCAPE '\\'")
                } else {
                    format!("{field} = ?1 COLLATE NOCASE")
                };
                format!("SELECT * FROM (SELECT {at}, {field} FROM {store} WHERE {test} LIMIT 1)")
            })
            .collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let pattern = if first_word {
            format!(
                "{} %",
                text.replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_")
            )
        } else {
            text.to_owned()
        };
        let rows = self.ask(&parts.join(" UNION ALL "), vec![Value::Text(pattern)]);
        let found = rows
            .into_iter()
            .flatten()
            .filter_map(|row| match row.as_slice() {
                [Value::Integer(at), Value::Text(value)] => {
                    let place = fields.get(usize::try_from(*at).ok()?)?;
                    Some((*place, value.clone()))
                }
                _ => None,
            });
        found.collect()
    }

    /// A text of two or more words as a first and a last name.
    fn as_person(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for store in 0..self.schema.stores.len() {
            let names = labels(self.schema, store);
            let [first, last] = names.as_slice() else {
                continue;
            };
            for (space, _) in text.match_indices(' ') {
                let (Some(given), Some(family)) = (text.get(..space), text.get(space + 1..)) else {
                    continue;
                };
                let (one, other) = (
                    name(self.schema.field_name(*first)),
                    name(self.schema.field_name(*last)),
                );
                let sql = format!(
                    "SELECT {one}, {other} FROM {} WHERE {one} = ? COLLATE NOCASE AND {other} = ? COLLATE NOCASE LIMIT 1",
                    name(self.schema.store_name(store))
                );
                let rows = self.ask(
                    &sql,
                    vec![
                        Value::Text(given.to_owned()),
                        Value::Text(family.to_owned()),
                    ],
                );
                for row in rows.into_iter().flatten() {
                    if let [Value::Text(given), Value::Text(family)] = row.as_slice() {
                        hits.push(Hit {
                            places: vec![(*first, given.clone()), (*last, family.clone())],
                            whole: true,
                        });
                    }
                }
            }
        }
        hits
    }
}

impl Lookup for DatabaseLookup<'_> {
    fn find(&self, text: &str) -> Vec<Hit> {
        let fields = self.fields();
        let mut hits: Vec<Hit> = self
            .in_fields(&fields, text, false)
            .into_iter()
            .map(|found| Hit {
                places: vec![found],
                whole: true,
            })
            .collect();
        if text.contains(' ') {
            hits.extend(self.as_person(text));
        }
        if hits.is_empty() && !text.contains(' ') {
            // "Alice" of "Alice Smith": only of people and such, that have a name of several words.
            let named: Vec<Place> = fields
                .into_iter()
                .filter(|place| {
                    is_person(self.schema, place.store)
                        && labels(self.schema, place.store).contains(place)
                })
                .collect();
            let found = self.in_fields(&named, text, true);
            hits.extend(found.into_iter().map(|(place, _)| Hit {
                places: vec![(place, text.to_owned())],
                whole: false,
            }));
        }
        hits
    }
}
