//! Measures SQL over stores beside plain SQLite, with columns of its own and with JSON text, and prints a table.
//!
//! `queries FOLDER [ORDERS] [--only TEXT] [--runs N] [--alone]`: a shop with 1,000,000 orders and a tenth as many users unless it is said; warm, one
//! thread, medians of five runs or as many as it says, interleaved. The figures are milliseconds, or thousands a second where it says so.
//! With `--only`, what has the text in its name; with `--alone`, without the peers, for profiles.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, anyhow};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sop::key::{Key, KeyField, KeySpec, KeyType};
use sop::{Document, IndexDefinition, OpenOptions, StoreDefinition};
use sop_query::sql::{
    Catalog, Column, EngineOptions, Output, Params, QueryEngine, Request, Value, ValueRef,
};

#[path = "../shop.rs"]
mod shop;

use shop::{insert_orders, mix, order, order_json, user_json};

const RUNS: usize = 5;
const POINTS: i64 = 100_000;
/// Where statements run.
trait Subject {
    /// Runs a statement, and gives the number of its rows.
    fn run(&mut self, sql: &str, key: Option<i64>) -> Result<u64>;
}

struct Stores {
    engine: QueryEngine,
    catalog: Catalog,
}

struct Counted(u64);

impl Output for Counted {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        self.0 += 1;
        black_box(row);
        ControlFlow::Continue(())
    }
}

impl Subject for Stores {
    fn run(&mut self, sql: &str, key: Option<i64>) -> Result<u64> {
        let params = key.map_or(Params::None, |key| {
            Params::Positional(vec![Value::Integer(key)])
        });
        let mut counted = Counted(0);
        self.engine
            .run(&self.catalog, &Request::new(sql, params), &mut counted)
            .map_err(|error| anyhow!("{error}"))?;
        Ok(counted.0)
    }
}

impl Subject for Connection {
    fn run(&mut self, sql: &str, key: Option<i64>) -> Result<u64> {
        let mut statement = self.prepare_cached(sql)?;
        let width = statement.column_count();
        if let Some(key) = key {
            statement.raw_bind_parameter(1, key)?;
        }
        let mut rows = statement.raw_query();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            for at in 0..width {
                black_box(row.get_ref(at)?);
            }
            count += 1;
        }
        Ok(count)
    }
}

/// What an index costs those who write, and how long one is built: thousands of orders a second, into a store without
/// indexes, into one with an index of the user, and into the index of a store that has them.
fn index_cost(folder: &Path, orders: i64, users: i64) -> Result<[f64; 3]> {
    let db = OpenOptions::new()
        .cache_bytes(2 << 30)
        .open(folder.join("writes"))?;
    let rate = |began: Instant| orders as f64 / began.elapsed().as_secs_f64() / 1_000.0;
    for name in ["plain", "indexed"] {
        db.transact(|tx| {
            tx.create_store(StoreDefinition::new(name, KeySpec::single(KeyType::I64)))
        })?;
    }
    let by_user = |name: &str, store: &str| IndexDefinition::new(name, store, &["user_id"]);
    db.transact(|tx| tx.create_index(&by_user("indexed_user", "indexed")))?;
    let began = Instant::now();
    insert_orders(&db, "plain", orders, users)?;
    let plain = rate(began);
    let began = Instant::now();
    insert_orders(&db, "indexed", orders, users)?;
    let indexed = rate(began);
    db.transact(|tx| tx.create_index(&by_user("plain_user", "plain")))?;
    let began = Instant::now();
    db.build_indexes()?;
    Ok([plain, indexed, rate(began)])
}

fn stores(folder: &Path, orders: i64, users: i64) -> Result<Stores> {
    let db = OpenOptions::new()
        .cache_bytes(2 << 30)
        .open(folder.join("stores"))?;
    let links = KeySpec::composite(
        vec![
            KeyField::new("user_id", KeyType::I64),
            KeyField::new("order_id", KeyType::I64),
        ],
        Vec::new(),
    )?;
    db.transact(|tx| {
        tx.create_store(StoreDefinition::new(
            "orders",
            KeySpec::single(KeyType::I64),
        ))?;
        tx.create_store(StoreDefinition::new("user_orders", links.clone()))?;
        tx.create_store(StoreDefinition::new("users", KeySpec::single(KeyType::I64)))
    })?;
    insert_orders(&db, "orders", orders, users)?;
    for from in (0..orders).step_by(50_000) {
        db.transact(|tx| {
            let links = tx.documents("user_orders")?;
            for n in from..(from + 50_000).min(orders) {
                links.insert(
                    &Key::composite([order(n, users).user, n]),
                    &Document::from_json(b"null")?,
                )?;
            }
            Ok(())
        })?;
    }
    db.transact(|tx| {
        let store = tx.documents("users")?;
        (0..users).try_for_each(|n| {
            store
                .insert(
                    &Key::from(n),
                    &Document::from_json(user_json(n).as_bytes())?,
                )
                .map(drop)
        })
    })?;
    db.checkpoint()?;
    let catalog = Catalog::new(vec![("shop".to_owned(), db)]);
    // SQLite's limit is for all of the process, and the peers with their caches are in it.
    let engine = QueryEngine::new(EngineOptions {
        memory_bytes: 0,
        ..EngineOptions::default()
    });
    Ok(Stores { engine, catalog })
}

fn open(folder: &Path, name: &str) -> Result<Connection> {
    let connection = Connection::open(folder.join(name))?;
    // Counting for EXPLAIN ANALYZE is compiled in, and costs where it is not switched off.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_STMT_SCANSTATUS, false)?;
    connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA cache_size=-2000000;")?;
    Ok(connection)
}

fn columns(folder: &Path, orders: i64, users: i64) -> Result<Connection> {
    let mut db = open(folder, "columns.db")?;
    db.execute_batch(
        "CREATE TABLE orders(key INTEGER PRIMARY KEY, user_id INTEGER, total REAL, status TEXT, quantity INTEGER, note TEXT, city TEXT, zip TEXT, paid INTEGER);
         CREATE TABLE users(key INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER, about TEXT);",
    )?;
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO orders VALUES (?,?,?,?,?,?,'Oslo','0150',1)")?;
        for n in 0..orders {
            let o = order(n, users);
            insert.execute((n, o.user, o.total, o.state, o.quantity, o.note))?;
        }
        let mut insert = tx.prepare("INSERT INTO users SELECT ?1, value->>'name', value->>'country', value->>'age', value->>'about' FROM (SELECT ?2 AS value)")?;
        for n in 0..users {
            insert.execute((n, user_json(n)))?;
        }
    }
    tx.commit()?;
    db.execute_batch("CREATE INDEX orders_user ON orders(user_id); ANALYZE;")?;
    Ok(db)
}

fn json(folder: &Path, orders: i64, users: i64) -> Result<Connection> {
    let mut db = open(folder, "json.db")?;
    db.execute_batch(
        "CREATE TABLE o(key INTEGER PRIMARY KEY, value TEXT,
             user_id INTEGER AS (json_extract(value,'$.user_id')), total REAL AS (json_extract(value,'$.total')));
         CREATE TABLE u(key INTEGER PRIMARY KEY, value TEXT,
             name TEXT AS (json_extract(value,'$.name')), country TEXT AS (json_extract(value,'$.country')));
         CREATE VIEW orders AS SELECT key, json_extract(value,'$.user_id') AS user_id, json_extract(value,'$.total') AS total,
             json_extract(value,'$.status') AS status, json_extract(value,'$.quantity') AS quantity FROM o;
         CREATE VIEW users AS SELECT key, json_extract(value,'$.name') AS name, json_extract(value,'$.country') AS country FROM u;",
    )?;
    let tx = db.transaction()?;
    {
        let mut insert = tx.prepare("INSERT INTO o VALUES (?,?)")?;
        for n in 0..orders {
            insert.execute((n, order_json(&order(n, users))))?;
        }
        let mut insert = tx.prepare("INSERT INTO u VALUES (?,?)")?;
        for n in 0..users {
            insert.execute((n, user_json(n)))?;
        }
    }
    tx.commit()?;
    db.execute_batch("ANALYZE;")?;
    Ok(db)
}

/// Works that stores do by an index, after it was made.
const INDEXED: &[(&str, &str)] = &[
    (
        "100 users with their orders by an index store",
        "SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.key WHERE u.key < 100",
    ),
    (
        "join on a non-key field with index",
        "SELECT u.country, count(*), sum(o.total) FROM users u CROSS JOIN orders o WHERE o.user_id = u.key GROUP BY u.country",
    ),
    (
        "group by an indexed field",
        "SELECT user_id, count(*) FROM orders GROUP BY user_id",
    ),
];

/// A work: its name, its statement for stores and for plain tables.
const WORKS: &[(&str, &str, &str)] = &[
    (
        "filter on a field, count",
        "SELECT count(*) FROM orders WHERE total > 4000",
        "SELECT count(*) FROM orders WHERE total > 4000",
    ),
    (
        "filter on a text field, count",
        "SELECT count(*) FROM orders WHERE status = 'paid'",
        "SELECT count(*) FROM orders WHERE status = 'paid'",
    ),
    (
        "filter on a field, sum",
        "SELECT sum(total) FROM orders WHERE quantity < 3",
        "SELECT sum(total) FROM orders WHERE quantity < 3",
    ),
    (
        "group by with sum",
        "SELECT status, sum(total) FROM orders GROUP BY status",
        "SELECT status, sum(total) FROM orders GROUP BY status",
    ),
    (
        "100 users with their orders",
        "SELECT u.name, o.total FROM users u JOIN user_orders l ON l.user_id = u.key JOIN orders o ON o.key = l.order_id WHERE u.key < 100",
        "SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.key WHERE u.key < 100",
    ),
    (
        "join on a field, group by country",
        "SELECT u.country, count(*), sum(o.total) FROM orders o JOIN users u ON u.key = o.user_id GROUP BY u.country",
        "SELECT u.country, count(*), sum(o.total) FROM orders o JOIN users u ON u.key = o.user_id GROUP BY u.country",
    ),
    (
        "count of half of the keys",
        "SELECT count(*) FROM orders WHERE key < 500000",
        "SELECT count(*) FROM orders WHERE key < 500000",
    ),
    (
        "all rows, three fields",
        "SELECT key, user_id, total FROM orders",
        "SELECT key, user_id, total FROM orders",
    ),
];

fn time(subject: &mut dyn Subject, sql: &str) -> Result<f64> {
    let start = Instant::now();
    black_box(subject.run(sql, None)?);
    Ok(start.elapsed().as_secs_f64() * 1_000.0)
}

fn points(subject: &mut dyn Subject, prepared: bool, items: i64) -> Result<f64> {
    let start = Instant::now();
    for n in 0..POINTS {
        let key = (mix(n) % items as u64) as i64;
        let rows = if prepared {
            subject.run("SELECT total FROM orders WHERE key = ?", Some(key))?
        } else {
            subject.run(&format!("SELECT total FROM orders WHERE key = {key}"), None)?
        };
        anyhow::ensure!(rows == 1, "{rows} rows for key {key}");
    }
    Ok(POINTS as f64 / start.elapsed().as_secs_f64() / 1_000.0)
}

/// Counting a prefix of the keys, in microseconds: the first time, when the statement is made, then the median of many, each
/// behind something else that takes the processor's caches, and of many in a row.
fn prefix_counts(stores: &mut Stores, orders: i64) -> Result<[f64; 3]> {
    let sql = format!("SELECT count(*) FROM orders WHERE key < {}", orders / 3);
    let count = |stores: &mut Stores| Ok::<_, anyhow::Error>(time(stores, &sql)? * 1_000.0);
    let first = count(stores)?;
    let mut cold = Vec::new();
    for _ in 0..RUNS {
        time(stores, "SELECT sum(total) FROM orders")?;
        cold.push(count(stores)?);
    }
    let warm = (0..1_000).map(|_| count(stores));
    Ok([
        first,
        median(cold),
        median(warm.collect::<Result<Vec<_>>>()?),
    ])
}

/// Runs the works in DuckDB by a Python that has it, over the same rows.
fn duckdb(python: &str, folder: &Path, orders: i64, users: i64) -> Result<()> {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("orders.csv"))?);
    writeln!(file, "key,user_id,total,status,quantity,note")?;
    for n in 0..orders {
        let o = order(n, users);
        let (user, total, state) = (o.user, o.total, o.state);
        writeln!(file, "{n},{user},{total},{state},{},{}", o.quantity, o.note)?;
    }
    file.flush()?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("users.ndjson"))?);
    for n in 0..users {
        writeln!(
            file,
            "{}",
            user_json(n).replacen('{', &format!("{{\"key\":{n},"), 1)
        )?;
    }
    file.flush()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/duckdb_works.py");
    let works = WORKS
        .iter()
        .map(|(name, _, sql)| format!("{name}\t{sql}\n"));
    let indexed = INDEXED.iter().map(|(name, sql)| format!("{name}\t{sql}\n"));
    std::fs::write(
        folder.join("works"),
        works.chain(indexed).collect::<String>(),
    )?;
    let done = std::process::Command::new(python)
        .arg(script)
        .arg(folder)
        .status()?;
    anyhow::ensure!(done.success(), "{python} {script}: {done}");
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The three that are compared.
struct Subjects {
    alone: bool,
    runs: usize,
    stores: Stores,
    columns: Connection,
    json: Connection,
}

impl Subjects {
    /// Medians of what is measured of each, interleaved.
    fn measure(
        &mut self,
        mut one: impl FnMut(&mut dyn Subject, bool) -> Result<f64>,
    ) -> Result<[f64; 3]> {
        let mut figures = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..self.runs {
            figures[0].push(one(&mut self.stores, true)?);
            if self.alone {
                continue;
            }
            figures[1].push(one(&mut self.columns, false)?);
            figures[2].push(one(&mut self.json, false)?);
        }
        Ok(figures.map(median))
    }

    /// Measures a statement and prints its line.
    fn work(&mut self, name: &str, ours: &str, theirs: &str) -> Result<()> {
        let [a, b, c] =
            self.measure(|subject, own| time(subject, if own { ours } else { theirs }))?;
        let (to_columns, to_json) = (b / a, c / a);
        println!("| {name}, ms | {a:.2} | {b:.2} | {c:.2} | {to_columns:.2} | {to_json:.2} |");
        Ok(())
    }

    fn points(&mut self, name: &str, prepared: bool, orders: i64) -> Result<()> {
        let [a, b, c] = self.measure(|subject, _| points(subject, prepared, orders))?;
        let (to_columns, to_json) = (a / b, a / c);
        println!("| {name}, k/s | {a:.0} | {b:.0} | {c:.0} | {to_columns:.2} | {to_json:.2} |");
        Ok(())
    }

    /// Makes the index that the works after this go by.
    fn index(&self) -> Result<()> {
        let sql = "CREATE INDEX orders_user ON orders (user_id)";
        let request = Request::new(sql, Params::None).writing();
        let made = self.stores.engine.collect(&self.stores.catalog, &request);
        made.map_err(|error| anyhow!("{error}"))?;
        for (_, db) in self.stores.catalog.iter() {
            db.build_indexes()?;
            db.checkpoint()?;
        }
        // An index of text that is JSON needs a column with a type: it is of no use to a comparison with a number else.
        self.json.execute_batch(
            "DROP VIEW orders; DROP VIEW users; ALTER TABLE o RENAME TO orders; ALTER TABLE u RENAME TO users;
             CREATE INDEX orders_user ON orders(user_id); ANALYZE;",
        )?;
        Ok(())
    }
}

fn main() -> Result<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut named = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        let end = (at + 2).min(args.len());
        args.drain(at..end).nth(1)
    };
    let only = named("--only").unwrap_or_default();
    let runs = named("--runs").map_or(Ok(RUNS), |text| text.parse())?;
    let alone = args.iter().any(|arg| arg == "--alone");
    let mut args = args.into_iter().filter(|arg| arg != "--alone");
    let folder = args.next().ok_or_else(|| {
        anyhow!("usage: queries FOLDER [ORDERS] [--only TEXT] [--runs N] [--alone]")
    })?;
    let orders: i64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let users = (orders / 10).max(1);
    let folder = tempfile::tempdir_in(folder)?;
    let peers = if alone { (0, 1) } else { (orders, users) };
    let mut subjects = Subjects {
        alone,
        runs,
        stores: stores(folder.path(), orders, users)?,
        columns: columns(folder.path(), peers.0, peers.1)?,
        json: json(folder.path(), peers.0, peers.1)?,
    };
    let wanted = |name: &str| name.contains(&only);
    println!(
        "| work | stores | SQLite, columns | SQLite, JSON text | to columns | to JSON text |\n|---|---|---|---|---|---|"
    );
    for (name, ours, theirs) in WORKS.iter().filter(|work| wanted(work.0)) {
        subjects.work(name, ours, theirs)?;
    }
    for (name, prepared) in [
        ("point query, prepared", true),
        ("point query, parsed each time", false),
    ] {
        if wanted(name) {
            subjects.points(name, prepared, orders)?;
        }
    }
    subjects.index()?;
    eprintln!("the index is built");
    for (name, sql) in INDEXED.iter().filter(|work| wanted(work.0)) {
        subjects.work(name, sql, sql)?;
    }
    if wanted("count of a prefix") {
        let [first, cold, warm] = prefix_counts(&mut subjects.stores, orders)?;
        println!(
            "\ncount of a prefix of the keys, us: first {first:.0}, behind a walk over everything {cold:.0}, in a row {warm:.1}"
        );
    }
    if let Ok(python) = std::env::var("SOP_BENCH_DUCKDB") {
        duckdb(&python, folder.path(), orders, users)?;
    }
    if wanted("inserts with an index") {
        let [plain, indexed, built] = index_cost(folder.path(), orders, users)?;
        println!(
            "\ninserts a second without and with an index: {plain:.0} k, {indexed:.0} k; items a second while one is built: {built:.0} k"
        );
    }
    Ok(())
}
