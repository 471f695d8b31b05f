//! Documents compiled and run: the statements go to `SQLite` over plain tables with the columns that stores have.

mod acceptance;
mod errors;
mod filters;
mod hostile;
mod reference;
mod selects;

use super::{Compiled, Fault, Schema, SelectError, compile, compile_filter};
use crate::sql::{Catalog, Params, QueryEngine, Source, TableColumns, Value};
use crate::test_support::{TestDatabase, document};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, Value as Sqlite};
use serde_json::{Value as Json, json};
use sop::{
    Direction, KeyField, KeyRange, KeySpec, KeyType, Mode, Order, Relation, StoreDefinition,
};

/// Stores of the engine, and the same as tables of `SQLite`.
struct Fixture {
    database: TestDatabase,
}

impl Fixture {
    fn new() -> Self {
        Self {
            database: TestDatabase::new(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is made for the call")]
    fn create(&self, definition: StoreDefinition, items: &[(Json, Json)]) {
        let name = definition.name.clone();
        let key = definition.key.clone();
        let result = self.database.db.transact(|tx| {
            tx.create_store(definition.clone())?;
            let store = tx.documents(&name)?;
            for (at, value) in items {
                let at = key.key_from_json(at).unwrap();
                store.insert(&at, &document(&value.to_string()))?;
            }
            Ok(())
        });
        result.unwrap();
    }

    fn schema(&self) -> Schema {
        let tx = self.database.db.begin(Mode::Read).unwrap();
        let names: Vec<String> = tx
            .stores()
            .unwrap()
            .iter()
            .map(|store| store.definition.name.clone())
            .collect();
        Schema::for_stores(&[("main", &tx)], &names).unwrap()
    }

    fn compile(&self, document: &Json) -> Result<Compiled, SelectError> {
        compile(document, &self.schema())
    }

    fn filter(&self, store: &str, filter: &Json) -> Result<Compiled, SelectError> {
        compile_filter(filter, &self.schema(), store)
    }

    /// All stores as tables, a column for each column, hidden ones too.
    fn sqlite(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
        connection
            .create_scalar_function("regexp", 2, flags, |context| {
                let pattern = regex::Regex::new(context.get_raw(0).as_str()?).unwrap();
                Ok(context
                    .get_raw(1)
                    .as_str()
                    .is_ok_and(|text| pattern.is_match(text)))
            })
            .unwrap();
        let tx = self.database.db.begin(Mode::Read).unwrap();
        for info in tx.stores().unwrap() {
            let definition = &info.definition;
            let store = tx.documents(&definition.name).unwrap();
            let schema = store.schema().unwrap();
            let columns = TableColumns::new(definition, &schema);
            let columns: Vec<_> = columns.iter().collect();
            let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
            let name = quoted(&definition.name);
            let create = format!("CREATE TABLE {name} ({})", names.join(", "));
            connection.execute(&create, ()).unwrap();
            let marks = vec!["?"; names.len()].join(", ");
            let insert = format!("INSERT INTO {name} VALUES ({marks})");
            for item in store.range(&KeyRange::all(), Direction::Forward).unwrap() {
                let item = item.unwrap();
                let key = definition.key.key_to_json(&item.key);
                let value = item.value.to_value();
                let spec = &definition.key;
                let row = columns.iter().map(|column| match &column.source {
                    Source::Key(_) if spec.kind() == Some(KeyType::Bytes) => {
                        sqlite_value(Some(&json!({"$bytes": key})))
                    }
                    Source::Key(_) if !spec.is_composite() => sqlite_value(Some(&key)),
                    Source::Key(at) => sqlite_value(key.get(&spec.fields()[*at].name)),
                    Source::RideOn(at) => sqlite_value(key.get(&spec.ride_on()[*at].name)),
                    Source::WholeKey => sqlite_value(Some(&key)),
                    Source::Value => sqlite_value(Some(&value)),
                    Source::Field(name) => sqlite_value(value.get(name)),
                    Source::Path(path) => {
                        sqlite_value(path.iter().try_fold(&value, |value, name| value.get(name)))
                    }
                    Source::Version => sqlite_value(Some(&json!(item.version))),
                    Source::Position | Source::Count | Source::Counted => Sqlite::Null,
                });
                let row = rusqlite::params_from_iter(row.collect::<Vec<_>>());
                connection.execute(&insert, row).unwrap();
            }
        }
        connection
    }

    /// The rows of a statement as JSON lists, with the names of the columns: the same from plain tables and from
    /// the stores.
    fn run(&self, compiled: &Compiled) -> (Vec<String>, Vec<Json>) {
        let plain = rows(&self.sqlite(), &compiled.sql, &compiled.params);
        let stores = self.stores().rows(&compiled.sql, &compiled.params);
        assert_eq!(sorted(&stores.1), sorted(&plain.1), "{}", compiled.sql);
        assert_eq!(stores.0, plain.0, "{}", compiled.sql);
        plain
    }

    /// The stores as the query engine has them.
    fn stores(&self) -> Stores {
        let catalog = Catalog::new(vec![("main".to_owned(), self.database.db.clone())]);
        Stores {
            catalog,
            engine: QueryEngine::default(),
        }
    }

    fn rows(&self, document: &Json) -> Vec<Json> {
        self.run(&self.compile(document).unwrap()).1
    }
}

struct Stores {
    catalog: Catalog,
    engine: QueryEngine,
}

impl Stores {
    fn rows(&self, sql: &str, params: &[Value]) -> (Vec<String>, Vec<Json>) {
        let params = Params::Positional(params.to_vec());
        let table = self.engine.table(&self.catalog, sql, params);
        let table = table.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
        let names = table.columns.iter().map(|column| column.name.clone());
        let rows = table.rows.iter().map(|row| {
            let values = row.iter().map(|value| match bound(value) {
                ToSqlOutput::Owned(value) => to_json(value),
                other => panic!("{other:?}"),
            });
            values.collect()
        });
        (names.collect(), rows.collect())
    }
}

/// Rows without their order, where none is asked for.
fn sorted(rows: &[Json]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(Json::to_string).collect();
    rows.sort();
    rows
}

fn rows(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Value],
) -> (Vec<String>, Vec<Json>) {
    let mut statement = connection
        .prepare(sql)
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let params = rusqlite::params_from_iter(params.iter().map(bound));
    let rows = statement.query_map(params, |row| {
        let values = (0..names.len()).map(|at| Ok(to_json(row.get::<_, Sqlite>(at)?)));
        Ok(Json::Array(values.collect::<rusqlite::Result<_>>()?))
    });
    let rows = rows.and_then(Iterator::collect);
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
    (names, rows)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn bound(value: &Value) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match value.clone() {
        Value::Null => Sqlite::Null,
        Value::Bool(bool) => Sqlite::Integer(i64::from(bool)),
        Value::Integer(number) => Sqlite::Integer(number),
        Value::Real(number) => Sqlite::Real(number),
        Value::Text(text) | Value::Json(text) => Sqlite::Text(text),
        Value::Blob(bytes) => Sqlite::Blob(bytes),
    })
}

/// A value as the tables of stores have it.
fn sqlite_value(json: Option<&Json>) -> Sqlite {
    match json {
        None | Some(Json::Null) => Sqlite::Null,
        Some(Json::Bool(bool)) => Sqlite::Integer(i64::from(*bool)),
        Some(Json::Number(number)) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Sqlite::Integer(whole),
            (None, Some(whole)) => Sqlite::Text(whole.to_string()),
            (None, None) => Sqlite::Real(number.as_f64().unwrap()),
        },
        Some(Json::String(text)) => Sqlite::Text(text.clone()),
        Some(nested) => match super::value::bytes(nested) {
            Some(bytes) => Sqlite::Blob(bytes),
            None => Sqlite::Text(nested.to_string()),
        },
    }
}

fn to_json(value: Sqlite) -> Json {
    match value {
        Sqlite::Null => Json::Null,
        Sqlite::Integer(number) => json!(number),
        Sqlite::Real(number) => json!(number),
        Sqlite::Text(text) => json!(text),
        Sqlite::Blob(bytes) => json!(bytes),
    }
}

fn composite(fields: &[(&str, KeyType)]) -> KeySpec {
    let fields = fields
        .iter()
        .map(|(name, kind)| KeyField::new(*name, *kind));
    KeySpec::composite(fields.collect(), Vec::new()).unwrap()
}

fn relation(source: &[&str], target: &str, fields: &[&str]) -> Relation {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Relation {
        source_fields: texts(source),
        target_store: target.to_owned(),
        target_fields: texts(fields),
    }
}

fn store(name: &str, key: KeySpec, relations: &[Relation]) -> StoreDefinition {
    StoreDefinition {
        relations: relations.to_vec(),
        ..StoreDefinition::new(name, key)
    }
}

/// Text as it is, anything else as JSON.
fn shown(params: &[Value]) -> String {
    let params = params.iter().map(|value| match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Blob(bytes) => format!("{bytes:?}"),
        Value::Json(text) => format!("json {text}"),
    });
    params.collect::<Vec<_>>().join(" ")
}

/// The users of the acceptance cases.
fn users() -> Fixture {
    let fixture = Fixture::new();
    let key = composite(&[
        ("id", KeyType::I64),
        ("group", KeyType::String),
        ("role", KeyType::String),
    ]);
    let items = [
        (1, "A", "admin", "Alice"),
        (2, "A", "user", "Bob"),
        (3, "B", "admin", "Charlie"),
        (4, "B", "user", "Dave"),
        (5, "A", "guest", "Eve"),
    ];
    let items = items.map(|(id, group, role, name)| {
        let key = json!({"id": id, "group": group, "role": role});
        (key, json!({"name": name, "dept": format!("dept {group}")}))
    });
    fixture.create(store("users", key, &[]), &items);
    fixture
}
