//! Statements, documents and conditions over a small database in memory.
//!
//! They panic when a statement does what it must not: change what a dry run only shows, give other rows by a seek than by a
//! walk, or when a document compiles to what SQLite does not understand.

#![allow(clippy::panic, reason = "a target fails by panicking")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use sop::key::{Key, KeyField, KeySpec, KeyType, KeyValue};
use sop::vfs::SimVfs;
use sop::{Database, Document, Mode, OpenOptions, StoreDefinition};
use sop_query::select::{self, Schema};
use sop_query::sql::{
    Catalog, Code, EngineOptions, Limits, Params, QueryEngine, QueryError, Request, Table,
    Visibility,
};

/// The longest that a statement may take.
const TIME: Duration = Duration::from_millis(50);
const STORES: [&str; 2] = ["users", "orders"];

struct World {
    db: Database,
    catalog: Catalog,
    engine: QueryEngine,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let db = filled().unwrap_or_else(|error| panic!("{error}"));
    World {
        catalog: Catalog::new(vec![("shop".to_owned(), db.clone())]),
        db,
        engine: QueryEngine::new(EngineOptions {
            memory_bytes: 64 << 20,
            value_bytes: 1 << 20,
            ..EngineOptions::default()
        }),
    }
});

fn filled() -> sop::Result<Database> {
    let options = OpenOptions::new()
        .vfs(Arc::new(SimVfs::new()))
        .background(false);
    let db = options.open("/db")?;
    let fields = vec![
        KeyField::new("user_id", KeyType::I64),
        KeyField::new("code", KeyType::String).descending(),
    ];
    let orders = KeySpec::composite(fields, Vec::new()).unwrap_or_else(|error| panic!("{error}"));
    db.transact(|tx| {
        tx.create_store(StoreDefinition::new("users", KeySpec::single(KeyType::I64)))?;
        tx.create_store(StoreDefinition::new("orders", orders.clone()))?;
        let users = tx.documents("users")?;
        let orders = tx.documents("orders")?;
        for at in 0..12_i64 {
            let user = format!(
                r#"{{"name":"n{}","age":{},"active":{},"home":{{"city":"c{}"}},"tags":["a",{at}]}}"#,
                at % 5,
                at * 7 % 10,
                at % 2 == 0,
                at % 3
            );
            users.insert(&at.into(), &Document::from_json(user.as_bytes())?)?;
            let code = ["", "a", "ab", "b%", "B"].map(KeyValue::from);
            let code = code.into_iter().nth(at as usize % 5).unwrap_or(KeyValue::Null);
            let order = format!(r#"{{"total":{}.5,"user":{}}}"#, at % 4, at % 6);
            let key = Key::composite([KeyValue::from(at % 6), code]);
            orders.insert(&key, &Document::from_json(order.as_bytes())?)?;
        }
        Ok(())
    })?;
    Ok(db)
}

impl World {
    fn run(&self, sql: &str, params: Params) -> Result<Table, QueryError> {
        let request = Request {
            limits: Limits {
                rows: Some(100),
                time: Some(TIME),
            },
            dry_run: true,
            ..Request::new(sql, params).writing()
        };
        self.engine.collect(&self.catalog, &request)
    }

    /// What a dry run has left behind.
    fn check_unchanged(&self, before: u64) {
        assert_eq!(self.db.sequence(), before, "a dry run was committed");
    }
}

/// Any text as statements, for a caller who sees all and for one who does not.
pub fn statement(data: &[u8]) {
    let sql = String::from_utf8_lossy(data);
    let before = WORLD.db.sequence();
    let _ = WORLD.run(&sql, Params::None);
    let hidden = Visibility::default()
        .hide_field("shop", "users", "name")
        .mask_field("shop", "users", "home.city")
        .mask_field("shop", "orders", "key.code");
    let request = Request {
        limits: Limits {
            rows: Some(100),
            time: Some(TIME),
        },
        visibility: hidden,
        ..Request::new(sql.as_ref(), Params::None)
    };
    if let Ok(table) = WORLD.engine.collect(&WORLD.catalog, &request) {
        // Names are n0 to n4: only a statement that writes one itself gives one.
        let all = format!("{:?}", table.rows);
        let own = sql.contains('n') && sql.chars().any(|c| c.is_ascii_digit());
        assert!(own || !all.contains("\"n0\""), "{all}");
    }
    WORLD.check_unchanged(before);
}

/// Any JSON as a filter, a select or a write document.
pub fn document(data: &[u8]) {
    let Ok(json) = select::parse(data) else {
        return;
    };
    let before = WORLD.db.sequence();
    let Ok(tx) = WORLD.db.begin(Mode::Read) else {
        return;
    };
    let databases = [("shop", &tx)];
    let check = |sql: &str, params| {
        if let Err(error) = WORLD.run(sql, Params::Positional(params)) {
            let understood = !matches!(
                error.code,
                Code::Syntax | Code::StoreNotFound | Code::Parameter | Code::Forbidden
            );
            assert!(understood, "{error} in {sql}");
        }
    };
    if let Ok(schema) = Schema::for_document(&databases, &json)
        && let Ok(compiled) = select::compile(&json, &schema)
    {
        check(&compiled.sql, compiled.params);
    }
    for store in STORES {
        let Ok(schema) = Schema::for_stores(&databases, &[store]) else {
            continue;
        };
        if let Ok(compiled) = select::compile_filter(&json, &schema, store) {
            let sql = format!("SELECT count(*) FROM {store} WHERE {}", compiled.sql);
            check(&sql, compiled.params);
        }
    }
    WORLD.check_unchanged(before);
}

/// Any bytes as conditions and orders: by whatever path SQLite takes they give the rows that a walk gives.
pub fn best_index(data: &[u8]) {
    const COLUMNS: [&str; 4] = ["user_id", "code", "total", "user"];
    // Of the column's own kind: the sign by which the walk is made takes away how a column compares with others.
    const NUMBERS: [&str; 7] = ["0", "3", "-1", "2.5", "NULL", "x'61'", "9e99"];
    const TEXTS: [&str; 7] = ["'a'", "'ab'", "''", "NULL", "'3'", "x'61'", "'b%'"];
    let mut bytes = data.iter().copied();
    let mut next = |most: usize| bytes.next().map_or(0, |byte| usize::from(byte) % most);
    let mut conditions = Vec::new();
    for _ in 0..next(5) {
        let column = COLUMNS[next(COLUMNS.len())];
        let values = if column == "code" { TEXTS } else { NUMBERS };
        let mut value = || values[next(values.len())];
        let (one, two) = (value(), value());
        let text = match next(10) {
            0 => format!("= {one}"),
            1 => format!("> {one}"),
            2 => format!(">= {one}"),
            3 => format!("< {one}"),
            4 => format!("<= {one}"),
            5 => format!("BETWEEN {one} AND {two}"),
            6 => format!("IN ({one}, {two})"),
            7 => format!("LIKE {one}"),
            8 => format!("GLOB {one}"),
            _ => "IS NULL".to_owned(),
        };
        conditions.push((column, text));
    }
    let word = if next(3) == 0 { " OR " } else { " AND " };
    // With a sign before it a column is not looked up.
    let all = |sign: &str| {
        let terms = conditions
            .iter()
            .map(|(column, text)| format!("{sign}{column} {text}"));
        let terms: Vec<String> = terms.collect();
        match terms.is_empty() {
            true => "1".to_owned(),
            false => terms.join(word),
        }
    };
    let order = [
        "user_id, code DESC",
        "user_id DESC, code",
        "code, user_id",
        "total, user_id, code",
    ];
    let order = order[next(order.len())];
    let rows = |sign: &str| {
        let sql = format!(
            "SELECT user_id, code FROM orders WHERE {} ORDER BY {order}",
            all(sign)
        );
        let request = Request::new(sql.as_str(), Params::None);
        match WORLD.engine.collect(&WORLD.catalog, &request) {
            Ok(table) => table.rows,
            Err(error) => panic!("{error} in {sql}"),
        }
    };
    assert_eq!(rows(""), rows("+"), "{} ORDER BY {order}", all(""));
}
