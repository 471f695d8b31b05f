//! Stores and queries into files and back.

#![allow(missing_docs)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers, too"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use sop::key::KeyRange;
use sop::vfs::SimVfs;
use sop::{
    Database, Direction, Document, Key, KeyField, KeySpec, KeyType, Mode, OpenOptions,
    StoreDefinition,
};
use sop_parquet::{ParquetError, ParquetRows, export_query, export_store};
use sop_query::sql::{Catalog, Params, QueryEngine, Request};
use sop_query::transfer::{Entry, ImportOptions, RowReader as _, import};

const VALUES: [&str; 6] = [
    r#"{"name":"Ada","age":36,"score":1.5,"ok":true,"tags":["a","b"],"home":{"city":"Köln","zip":null},"mixed":1}"#,
    r#"{"name":"","age":-9223372036854775808,"score":0.1,"ok":false,"tags":[],"home":{},"mixed":"1"}"#,
    r#"{"name":"a\tb\n\"c\"","age":9007199254740993,"score":0.25,"mixed":[1,{"a":2}]}"#,
    r#"{"big":18446744073709551615,"long":1.10,"price":12345678901234567890.25}"#,
    r#"{"late":"only here","photo":{"$bytes":"AP8="}}"#,
    "{}",
];

fn database() -> Database {
    let vfs = Arc::new(SimVfs::new());
    let options = OpenOptions::new().vfs(vfs).background(false);
    options.open("/db").unwrap()
}

fn add_store(db: &Database, name: &str) {
    let fields = vec![
        KeyField::new("group", KeyType::String),
        KeyField::new("nr", KeyType::I64).descending(),
    ];
    let key = KeySpec::composite(fields, Vec::new()).unwrap();
    db.transact(|tx| tx.create_store(StoreDefinition::new(name, key.clone())))
        .unwrap();
}

fn filled(copies: i64) -> Database {
    let db = database();
    add_store(&db, "people");
    db.transact(|tx| {
        let store = tx.documents("people")?;
        for n in 0..copies {
            for (at, value) in VALUES.iter().enumerate() {
                let group = sop::key::KeyValue::from(["x", "y"][at % 2]);
                let key = Key::composite([group, sop::key::KeyValue::from(n * 10 + at as i64)]);
                store.insert(&key, &Document::from_json(value.as_bytes())?)?;
            }
        }
        Ok(())
    })
    .unwrap();
    db
}

fn items(db: &Database, store: &str) -> Vec<(String, String)> {
    let tx = db.begin(Mode::Read).unwrap();
    let store = tx.documents(store).unwrap();
    let items = store.range(&KeyRange::all(), Direction::Forward).unwrap();
    let text = |item: sop::Result<sop::Item>| {
        let item = item.unwrap();
        // Fields come back in the order of the columns.
        let value = item.value.to_value();
        let fields: BTreeMap<_, _> = value.as_object().unwrap().clone().into_iter().collect();
        (format!("{:?}", item.key), format!("{fields:?}"))
    };
    items.map(text).collect()
}

fn export(db: &Database, path: &Path) -> sop_parquet::Exported {
    let tx = db.begin(Mode::Read).unwrap();
    let file = File::create(path).unwrap();
    export_store(&tx, "people", &KeyRange::all(), file).unwrap()
}

fn bring_back(db: &Database, path: &Path) {
    add_store(db, "back");
    let mut rows = ParquetRows::open(File::open(path).unwrap()).unwrap();
    let summary = import(db, &mut rows, &ImportOptions::new("back"), &mut |_| {}).unwrap();
    assert!(summary.errors.is_empty(), "{summary:?}");
}

#[test]
fn a_store_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    let db = filled(3);
    let exported = export(&db, &path);
    assert_eq!((exported.rows, exported.columns), (18, 14));
    bring_back(&db, &path);
    assert_eq!(items(&db, "back"), items(&db, "people"));
}

#[test]
fn groups_of_rows_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    let db = filled(15_000);
    assert_eq!(export(&db, &path).rows, 90_000);
    let mut rows = ParquetRows::open(File::open(&path).unwrap()).unwrap();
    let mut count = 0;
    while let Some(entry) = rows.next_row().unwrap() {
        assert!(matches!(entry, Entry::Row(_)), "{entry:?}");
        count += 1;
    }
    assert_eq!(count, 90_000);
    assert_eq!(rows.bytes_read(), std::fs::metadata(&path).unwrap().len());
}

#[test]
fn a_result_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.parquet");
    let catalog = Catalog::new(vec![("d".to_owned(), filled(1))]);
    let engine = QueryEngine::default();
    let sql = "SELECT nr, name, score * 2 AS score, name, tags FROM people WHERE name IS NOT NULL ORDER BY nr";
    let request = Request::new(sql, Params::None);
    let file = File::create(&path).unwrap();
    let exported = export_query(&engine, &catalog, &request, file).unwrap();
    assert_eq!((exported.rows, exported.columns), (3, 5));
    let mut rows = ParquetRows::open(File::open(&path).unwrap()).unwrap();
    let Some(Entry::Row(row)) = rows.next_row().unwrap() else {
        panic!("no row")
    };
    assert_eq!(
        row.document.to_json(),
        r#"{"nr":0,"name":"Ada","score":3.0,"name_2":"Ada","tags":["a","b"]}"#
    );
    let two = Request::new("SELECT 1; SELECT 2", Params::None);
    let refused = export_query(&engine, &catalog, &two, Vec::new());
    assert!(matches!(refused, Err(ParquetError::SeveralResults)));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.parquet");
    let whole = folder.path().join("whole.parquet");
    export(&filled(1), &whole);
    let whole = std::fs::read(whole).unwrap();
    let half = &whole[..whole.len() / 2];
    for bytes in [
        &b""[..],
        b"PAR1",
        b"a,b\n1,2\n",
        b"PAR1\0\0\0\0\xff\xff\xff\x7fPAR1",
        half,
    ] {
        std::fs::write(&path, bytes).unwrap();
        let opened = ParquetRows::open(File::open(&path).unwrap());
        assert!(matches!(opened, Err(ParquetError::File(_))), "{bytes:?}");
    }
    let db = database();
    add_store(&db, "people");
    let tx = db.begin(Mode::Read).unwrap();
    let empty = export_store(&tx, "people", &KeyRange::all(), Vec::new());
    assert!(matches!(empty, Err(ParquetError::NoColumns)));
}

/// Damage anywhere is an error or other values, never a panic.
#[test]
fn damaged_files_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    export(&filled(2), &path);
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, &bytes).unwrap();
        let Ok(mut rows) = ParquetRows::open(File::open(&path).unwrap()) else {
            continue;
        };
        // What a damaged file says of its length is its own.
        for _ in 0..100 {
            match rows.next_row() {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }
}
