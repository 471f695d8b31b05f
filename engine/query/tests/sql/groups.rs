//! Items that are gathered by groups: the same rows as those that SQLite sorts, at once or in however many parts.

use std::ops::ControlFlow;
use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::{Database, Document, Key, KeySpec, KeyType, OpenOptions, StoreDefinition};
use sop_query::sql::{
    Cancel, Catalog, Code, EngineOptions, ForcedPath, Output, Params, QueryEngine, Request, Table,
};

/// Values that SQLite takes for equal and that are stored otherwise, and some that only look alike.
const KINDS: [&str; 14] = [
    "1",
    "1.0",
    "\"1\"",
    "true",
    "null",
    "0.0",
    "-0.0",
    "\"\"",
    "\"a\\u0000b\"",
    "[1,2]",
    "{\"x\":1}",
    "9007199254740993",
    "9007199254740992.0",
    "18446744073709551615",
];

fn database() -> Database {
    let vfs = Arc::new(SimVfs::new());
    let options = OpenOptions::new().vfs(vfs).background(false);
    let db = options.open("/db").unwrap();
    db.transact(|tx| {
        tx.create_store(StoreDefinition::new(
            "things",
            KeySpec::single(KeyType::I64),
        ))?;
        let store = tx.documents("things")?;
        (0..400_i64).try_for_each(|n| {
            let kind = usize::try_from(n * 7 % 17).unwrap();
            let mut value = format!(r#"{{"n":{n},"few":{},"text":"{}""#, n % 5, "t".repeat(kind));
            // Three of seventeen have none.
            if let Some(kind) = KINDS.get(kind) {
                value += &format!(r#","kind":{kind}"#);
            }
            value += "}";
            let document = Document::from_json(value.as_bytes())?;
            store.insert(&Key::from(n), &document).map(drop)
        })
    })
    .unwrap();
    db
}

fn asked(db: &Database, options: EngineOptions, sql: &str) -> Table {
    let catalog = Catalog::new(vec![("d".to_owned(), db.clone())]);
    QueryEngine::new(options)
        .table(&catalog, sql, Params::None)
        .unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn parts_of(group_bytes: usize) -> EngineOptions {
    EngineOptions {
        group_bytes,
        forced: Some(ForcedPath::Groups),
        ..EngineOptions::default()
    }
}

#[test]
fn groups_are_as_sorted_ones_in_however_many_parts() {
    let db = database();
    let sorted = EngineOptions {
        group_bytes: 0,
        ..EngineOptions::default()
    };
    for sql in [
        "SELECT kind, count(*), sum(n), min(text), max(key) FROM things GROUP BY kind",
        "SELECT typeof(kind), few, count(*), sum(n) FROM things GROUP BY few, kind",
        "SELECT few, group_concat(key) FROM things WHERE n > 20 AND key < 380 GROUP BY few",
        "SELECT few, length(text), count(*) FROM things GROUP BY few, text HAVING count(*) > 2",
        "SELECT DISTINCT kind FROM things",
        "SELECT DISTINCT few, text FROM things WHERE n < 100",
        "SELECT text, count(*) FROM things WHERE few IN (1, 3) GROUP BY text ORDER BY 2 DESC, 1 LIMIT 3",
        "SELECT a.few, count(*), sum(b.n) FROM things a JOIN things b ON b.key = a.n + 1 GROUP BY a.few",
        "SELECT a.few, count(*), count(b.n) FROM things a LEFT JOIN things b ON b.key = a.key * 3 GROUP BY a.few",
        "SELECT b.few, count(*), count(a.n) FROM things a RIGHT JOIN things b ON b.key = a.key * 3 GROUP BY b.few",
        "SELECT b.few, count(*), count(a.n) FROM things a FULL JOIN things b ON b.n = a.key + 390 GROUP BY b.few",
        "SELECT b.few, count(*) FROM (VALUES (1), (2), (3)) a CROSS JOIN things b GROUP BY b.few",
        "SELECT few, count(*), hex(min(_position)), hex(max(_position)) FROM things WHERE key >= 7 GROUP BY few",
        "SELECT few, (SELECT count(*) FROM (SELECT text FROM things t WHERE t.few = o.few GROUP BY text)) FROM things o GROUP BY few",
        "SELECT few, count(*) FROM things WHERE n < 0 GROUP BY few",
    ] {
        let rows = |options| {
            let mut rows: Vec<_> = asked(&db, options, sql).rows;
            // No order is asked of the parts.
            rows.sort_by_key(|row| format!("{row:?}"));
            rows
        };
        let expected = rows(sorted.clone());
        for options in [EngineOptions::default(), parts_of(4_000), parts_of(1)] {
            let bytes = options.group_bytes;
            assert_eq!(rows(options), expected, "{bytes}: {sql}");
        }
    }
}

#[test]
fn groups_of_one_part_come_in_order() {
    let db = database();
    for sql in [
        "SELECT kind, count(*) FROM things GROUP BY kind",
        "SELECT few, text, sum(n) FROM things GROUP BY few, text",
    ] {
        let sorted = EngineOptions {
            group_bytes: 0,
            ..EngineOptions::default()
        };
        let rows = |options| asked(&db, options, sql).rows;
        let values = |rows: Vec<Vec<_>>| {
            let numbers = rows.into_iter().map(|row| format!("{:?}", row.last()));
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(
            values(rows(EngineOptions::default())),
            values(rows(sorted)),
            "{sql}"
        );
    }
}

/// Nothing should come to it.
struct Refused;

impl Output for Refused {
    fn columns(&mut self, _: &[sop_query::sql::Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[sop_query::sql::ValueRef<'_>]) -> ControlFlow<()> {
        panic!("{row:?}");
    }
}

#[test]
fn gathering_ends_when_the_statement_is_cancelled() {
    let db = database();
    let one = Document::from_json(br#"{"few":1}"#).unwrap();
    db.transact(|tx| {
        let store = tx.documents("things")?;
        (400..9_000_i64).try_for_each(|n| store.insert(&Key::from(n), &one).map(drop))
    })
    .unwrap();
    let catalog = Catalog::new(vec![("d".to_owned(), db)]);
    let engine = QueryEngine::new(EngineOptions::default());
    let mut request = Request::new(
        "SELECT few, count(*) FROM things GROUP BY few",
        Params::None,
    );
    let cancel = Cancel::default();
    cancel.cancel();
    request.cancel = cancel;
    let error = engine.run(&catalog, &request, &mut Refused).unwrap_err();
    assert_eq!(error.code, Code::Cancelled);
}
