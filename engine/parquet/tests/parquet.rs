//! Stores and queries into files and back.

#![allow(missing_docs)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers, too"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use sop::key::KeyRange;
use sop::vfs::SimVfs;
use sop::{
    Database, Direction, Document, FieldType, Key, KeyField, KeyPrefix, KeySpec, KeyType, KeyValue,
    Mode, OpenOptions, Schema, SchemaField, StoreChange, StoreDefinition,
};
use sop_parquet::{
    DEFAULT_MAX_ROW_BYTES, KnownColumns, ParquetError, ParquetRows, export_lines, export_query,
    export_store,
};
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

fn rows_of(path: impl AsRef<Path>) -> Result<ParquetRows, ParquetError> {
    ParquetRows::open(File::open(path).unwrap(), DEFAULT_MAX_ROW_BYTES)
}

fn bring_back(db: &Database, path: &Path) {
    add_store(db, "back");
    let mut rows = rows_of(path).unwrap();
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
    let mut rows = rows_of(&path).unwrap();
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
    let mut rows = rows_of(&path).unwrap();
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
        let opened = rows_of(&path);
        assert!(matches!(opened, Err(ParquetError::File(_))), "{bytes:?}");
    }
    let nothing =
        export_lines::<ParquetError>(Vec::new(), KnownColumns::default(), &mut |_| Ok(()));
    assert!(matches!(nothing, Err(ParquetError::NoColumns)));
}

/// The names and types of a file's columns.
fn columns_of(path: &Path) -> Vec<String> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let columns = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .to_vec();
    let text = columns.iter().map(|column| {
        let logical = column
            .logical_type_ref()
            .map_or(String::new(), |kind| format!(" {kind:?}"));
        format!("{} {}{logical}", column.name(), column.physical_type())
    });
    text.collect()
}

/// A store without items gives a file with the columns that it would have, which comes back as no rows.
#[test]
fn an_empty_store_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    let export = |db: &Database, store: &str, range: &KeyRange| {
        let tx = db.begin(Mode::Read).unwrap();
        let written = export_store(&tx, store, range, File::create(&path).unwrap()).unwrap();
        assert_eq!(written.rows, 0);
        assert!(rows_of(&path).unwrap().next_row().unwrap().is_none());
        columns_of(&path)
    };
    let db = database();
    add_store(&db, "people");
    assert_eq!(
        export(&db, "people", &KeyRange::all()),
        ["group BYTE_ARRAY String", "nr INT64"]
    );
    let field = |name: &str, kind| SchemaField {
        name: name.to_owned(),
        kind,
        required: false,
    };
    let describe = |store: &str, fields: Vec<SchemaField>| {
        let schema = Schema {
            declared: true,
            fields,
        };
        let change = StoreChange {
            schema: Some(schema),
            ..StoreChange::default()
        };
        db.transact(|tx| tx.alter_store(store, change.clone()))
            .unwrap();
    };
    let described = vec![
        field("name", FieldType::String),
        field("score", FieldType::Number),
        field("tags", FieldType::Array),
        field("ok", FieldType::Bool),
    ];
    describe("people", described);
    let whole = [
        "group BYTE_ARRAY String",
        "nr INT64",
        "name BYTE_ARRAY String",
        "score DOUBLE",
        "tags BYTE_ARRAY Json",
        "ok BOOLEAN",
    ];
    assert_eq!(export(&db, "people", &KeyRange::all()), whole);
    // A field with the name of one of the key: rows have them apart.
    describe("people", vec![field("nr", FieldType::Integer)]);
    let apart = ["key BYTE_ARRAY Json", "value BYTE_ARRAY Json"];
    assert_eq!(export(&db, "people", &KeyRange::all()), apart);
    let single = StoreDefinition::new("single", KeySpec::single(KeyType::U64));
    db.transact(|tx| tx.create_store(single.clone())).unwrap();
    assert_eq!(
        export(&db, "single", &KeyRange::all()),
        ["key INT64", "value BYTE_ARRAY Json"]
    );
    // A part of a store in which there is nothing: what its other items show.
    let db = filled(1);
    let spec = db
        .begin(Mode::Read)
        .unwrap()
        .documents("people")
        .unwrap()
        .definition()
        .key
        .clone();
    let none = spec
        .prefix(&KeyPrefix {
            leading: vec![KeyValue::from("z")],
            partial: None,
        })
        .unwrap();
    let some = export(&db, "people", &none);
    assert!(
        some.contains(&"age INT64".to_owned()) && some.len() > 10,
        "{some:?}"
    );
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
        let Ok(mut rows) = rows_of(&path) else {
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

/// Where the head of the first page says to what it unpacks: behind the magic, two fields with one byte each.
const FIRST_PAGE: usize = 4;

/// A page that says it unpacks to two gigabytes is refused before anything is unpacked.
#[test]
fn a_page_that_claims_gigabytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    export(&filled(2), &path);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(
        &whole[FIRST_PAGE..FIRST_PAGE + 3],
        [0x15, 4, 0x15],
        "kind, then size"
    );
    // A number of five bytes takes the place of the size; the list at the end is found from there.
    let mut bytes = whole[..FIRST_PAGE + 3].to_vec();
    bytes.extend([0xfe, 0xff, 0xff, 0xff, 0x0f]);
    let size = whole[FIRST_PAGE + 3..].iter();
    let length = size.take_while(|byte| **byte & 0x80 != 0).count() + 1;
    bytes.extend(&whole[FIRST_PAGE + 3 + length..]);
    std::fs::write(&path, &bytes).unwrap();
    let refused = rows_of(&path).unwrap_err();
    assert!(
        refused.to_string().contains("unpacks to 2147483647"),
        "{refused}"
    );
}

#[test]
fn a_list_of_columns_without_an_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.parquet");
    std::fs::write(&path, b"PAR1\0\0\0\0\xff\xff\xff\x7fPAR1").unwrap();
    let refused = rows_of(&path).unwrap_err();
    assert!(refused.to_string().contains("list of columns"), "{refused}");
}

#[test]
fn a_row_that_is_too_long_is_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    export(&filled(1), &path);
    let mut rows = ParquetRows::open(File::open(&path).unwrap(), 60).unwrap();
    let mut kinds = Vec::new();
    while let Some(entry) = rows.next_row().unwrap() {
        kinds.push(matches!(entry, Entry::Row(_)));
    }
    assert!(kinds.contains(&true) && kinds.contains(&false), "{kinds:?}");
}

/// Rows that differ between the two times are an error, not a file without some of them.
#[test]
fn lines_that_change_are_noticed() {
    let mut time = 0;
    let written = export_lines::<ParquetError>(Vec::new(), KnownColumns::default(), &mut |lines| {
        time += 1;
        let line = if time == 1 {
            "{\"a\":1}\n"
        } else {
            "{\"b\":1}\n"
        };
        lines
            .write_all(line.as_bytes())
            .map_err(|_| ParquetError::NoColumns)
    });
    assert!(matches!(written, Err(ParquetError::Changed)), "{written:?}");
}

/// The library reads pages as long as there are bytes of the column, also when all of its values have come: what lies there is looked at too.
#[test]
fn pages_behind_the_last_value_are_looked_at() {
    let found = include_bytes!("../fuzz/seeds/parquet/page-behind-the-last-value");
    let mut file = tempfile::tempfile().unwrap();
    // The first byte is the fuzz target's.
    file.write_all(&found[1..]).unwrap();
    let refused = ParquetRows::open(file, DEFAULT_MAX_ROW_BYTES).unwrap_err();
    assert!(refused.to_string().contains("damaged"), "{refused}");
}
