use super::*;
use crate::test_support::TestDatabase;
use crate::transfer::{CsvOptions, Format, reader};
use sop::key::{KeyField, KeySpec, KeyType};
use sop::{FieldType, Schema, SchemaField, StoreDefinition};

/// Imports text; the progress calls come along.
fn run(
    test: &TestDatabase,
    format: Format,
    text: &str,
    options: &ImportOptions,
) -> Result<(Summary, Vec<Progress>), ImportFailure> {
    let mut calls = Vec::new();
    let mut rows = reader(format, text.as_bytes(), CsvOptions::default()).unwrap();
    let summary = import(&test.db, &mut *rows, options, &mut |progress| {
        calls.push(*progress);
    })?;
    Ok((summary, calls))
}

fn ndjson(
    test: &TestDatabase,
    text: &str,
    options: &ImportOptions,
) -> Result<Summary, ImportFailure> {
    run(test, Format::Ndjson, text, options).map(|(summary, _)| summary)
}

fn options(store: &str) -> ImportOptions {
    ImportOptions::new(store)
}

fn with_key(store: &str, key: &str) -> ImportOptions {
    ImportOptions {
        key: key.split(',').map(str::to_owned).collect(),
        create: true,
        ..options(store)
    }
}

fn counts(summary: &Summary) -> (u64, u64, u64, u64) {
    (
        summary.read,
        summary.inserted,
        summary.updated,
        summary.failed,
    )
}

fn one_field(name: &str) -> KeySpec {
    KeySpec::composite(vec![KeyField::new(name, KeyType::I64)], Vec::new()).unwrap()
}

/// Rows that are nothing but their key.
fn ids(range: std::ops::Range<u32>) -> String {
    let rows: Vec<String> = range.map(|id| format!("{{\"id\":{id}}}\n")).collect();
    rows.concat()
}

#[test]
fn a_new_store_is_made_from_the_data() {
    let test = TestDatabase::new();
    let text = "{\"TrackId\":2,\"Name\":\"b\"}\n{\"TrackId\":1,\"Name\":\"a\",\"x\":1.50}\n";
    let summary = ndjson(&test, text, &with_key("Track", "TrackId")).unwrap();
    assert_eq!((counts(&summary), summary.created), ((2, 2, 0, 0), true));
    assert_eq!(
        test.dump("Track"),
        [
            r#"{"TrackId":1}={"Name":"a","x":1.50}"#,
            r#"{"TrackId":2}={"Name":"b"}"#
        ]
    );
    // A second time the key is known from the store.
    let summary = ndjson(&test, "{\"TrackId\":3}", &options("Track")).unwrap();
    assert_eq!((counts(&summary), summary.created), ((1, 1, 0, 0), false));
}

#[test]
fn csv_and_json_arrive_as_well() {
    let test = TestDatabase::new();
    let (summary, _) = run(
        &test,
        Format::Csv,
        "a,b,Zip\n1,x,02113\n2,y,\n",
        &with_key("csv", "b,a"),
    )
    .unwrap();
    assert_eq!(counts(&summary), (2, 2, 0, 0));
    assert_eq!(
        test.dump("csv"),
        [
            r#"{"b":"x","a":1}={"Zip":"02113"}"#,
            r#"{"b":"y","a":2}={"Zip":null}"#
        ]
    );
    let (summary, calls) = run(
        &test,
        Format::Json,
        "[{\"id\":\"k\",\"v\":[1]}]",
        &with_key("json", "id"),
    )
    .unwrap();
    assert_eq!(counts(&summary), (1, 1, 0, 0));
    assert_eq!(test.dump("json"), [r#"{"id":"k"}={"v":[1]}"#]);
    assert_eq!(calls.last().unwrap().bytes, 20);
}

#[test]
fn bad_rows_are_reported_and_the_others_go_in() {
    let test = TestDatabase::new();
    let text = "{\"id\":1}\n{\"id\":\n{\"id\":\"x\"}\n{\"no\":1}\n7\n\n{\"id\":1,\"again\":true}\n{\"id\":2}\n";
    let summary = ndjson(&test, text, &with_key("s", "id")).unwrap_err();
    assert!(
        matches!(&summary.error, TransferError::KeyMismatch { .. }),
        "too few of the sample agree: {summary}"
    );

    test.create("s", &one_field("id"));
    let summary = ndjson(&test, text, &options("s")).unwrap();
    assert_eq!(counts(&summary), (7, 2, 0, 5));
    let lines: Vec<_> = summary.errors.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 7]);
    for (bad, part) in summary.errors.iter().zip([
        "not JSON",
        "x is not a i64",
        "no field \"id\"",
        "a number",
        "already has the key",
    ]) {
        assert!(bad.detail.contains(part), "{bad:?}");
    }
    assert_eq!(summary.errors[1].text, "{\"id\":\"x\"}");
    assert_eq!(test.dump("s"), [r#"{"id":1}={}"#, r#"{"id":2}={}"#]);
}

#[test]
fn too_many_bad_rows_stop_and_whole_batches_stay() {
    let test = TestDatabase::new();
    test.create("s", &one_field("id"));
    let mut text = ids(0..5);
    text.push_str("x\ny\nz\n{\"id\":9}\n");
    let options = ImportOptions {
        batch_rows: 2,
        max_bad_rows: 2,
        max_listed_errors: 1,
        ..options("s")
    };
    let failure = ndjson(&test, &text, &options).unwrap_err();
    assert!(
        matches!(
            failure.error,
            TransferError::TooManyBadRows {
                limit: 2,
                first_line: 6,
                ..
            }
        ),
        "{failure}"
    );
    assert_eq!(counts(&failure.summary), (7, 4, 0, 2));
    assert_eq!(
        (
            failure.summary.errors.len(),
            failure.summary.errors_not_listed
        ),
        (1, 1)
    );
    assert_eq!(test.dump("s").len(), 4);
    assert!(failure.to_string().contains("4 rows were committed"));
}

#[test]
fn modes_insert_upsert_and_replace() {
    let test = TestDatabase::new();
    test.create("s", &one_field("id"));
    let rows = |range: std::ops::Range<u32>, v: u32| {
        let rows: Vec<String> = range
            .map(|id| {
                format!(
                    "{{\"id\":{id},\"v\":{v}}}
"
                )
            })
            .collect();
        rows.concat()
    };
    let small = |mode| ImportOptions {
        mode,
        batch_rows: 3,
        ..options("s")
    };
    assert_eq!(
        counts(&ndjson(&test, &rows(0..4, 0), &small(ImportMode::Insert)).unwrap()),
        (4, 4, 0, 0)
    );
    assert_eq!(
        counts(&ndjson(&test, &rows(2..6, 1), &small(ImportMode::Insert)).unwrap()),
        (4, 2, 0, 2)
    );
    assert_eq!(
        counts(&ndjson(&test, &rows(3..8, 2), &small(ImportMode::Upsert)).unwrap()),
        (5, 2, 3, 0)
    );
    assert_eq!(test.dump("s").len(), 8);
    assert_eq!(test.dump("s")[3], r#"{"id":3}={"v":2}"#);
    assert_eq!(
        counts(&ndjson(&test, &rows(7..12, 3), &small(ImportMode::Replace)).unwrap()),
        (5, 5, 0, 0)
    );
    assert_eq!(test.dump("s").len(), 5);
    assert_eq!(test.dump("s")[0], r#"{"id":7}={"v":3}"#);
    assert_eq!(
        counts(&ndjson(&test, "", &small(ImportMode::Replace)).unwrap()),
        (0, 0, 0, 0)
    );
    assert!(test.dump("s").is_empty());
}

#[test]
fn replacing_keeps_the_definition_and_a_broken_start_keeps_the_items() {
    let test = TestDatabase::new();
    let mut definition = StoreDefinition::new("s", one_field("id"));
    definition.description = "kept".to_owned();
    definition.slot_length = 7;
    test.db
        .transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
    test.fill("s", [(sop::Key::composite([1i64]), "{}")]);
    let replace = ImportOptions {
        mode: ImportMode::Replace,
        ..options("s")
    };
    let result = run(&test, Format::Json, "[{\"id\":5}, {\"id\":6}", &replace);
    assert!(matches!(
        result.unwrap_err().error,
        TransferError::Malformed { .. }
    ));
    assert_eq!(test.dump("s"), [r#"{"id":1}={}"#]);
    run(&test, Format::Json, "[{\"id\":5}]", &replace).unwrap();
    assert_eq!(test.dump("s"), [r#"{"id":5}={}"#]);
    let tx = test.db.begin(sop::Mode::Read).unwrap();
    assert_eq!(tx.documents("s").unwrap().definition(), &definition);
}

#[test]
fn a_dry_run_says_the_same_and_leaves_nothing() {
    let test = TestDatabase::new();
    test.create("s", &one_field("id"));
    test.fill("s", [(sop::Key::composite([1i64]), "{}")]);
    let text = "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n{\"id\":2}\n{\"id\":4}\nx\n";
    for mode in [ImportMode::Insert, ImportMode::Upsert, ImportMode::Replace] {
        let wet = TestDatabase::new();
        wet.create("s", &one_field("id"));
        wet.fill("s", [(sop::Key::composite([1i64]), "{}")]);
        let dry = ImportOptions {
            mode,
            batch_rows: 2,
            dry_run: true,
            ..options("s")
        };
        let dry_summary = ndjson(&test, text, &dry).unwrap();
        let wet_summary = ndjson(
            &wet,
            text,
            &ImportOptions {
                dry_run: false,
                ..dry
            },
        )
        .unwrap();
        assert_eq!(counts(&dry_summary), counts(&wet_summary), "{mode:?}");
        assert_eq!(dry_summary.errors, wet_summary.errors, "{mode:?}");
        assert_eq!(test.dump("s"), [r#"{"id":1}={}"#]);
    }
    let dry = ImportOptions {
        dry_run: true,
        ..with_key("new", "id")
    };
    assert_eq!(
        counts(&ndjson(&test, "{\"id\":1}\n{\"id\":2}\n", &dry).unwrap()),
        (2, 2, 0, 0)
    );
    assert!(
        test.db
            .begin(sop::Mode::Read)
            .unwrap()
            .documents("new")
            .is_err()
    );
}

#[test]
fn a_missing_store_and_a_missing_key_say_what_to_do() {
    let test = TestDatabase::new();
    test.create("Track", &one_field("TrackId"));
    let failure = ndjson(&test, "{\"id\":1}", &options("Trak")).unwrap_err();
    assert!(
        matches!(&failure.error, TransferError::Engine(sop::Error::StoreNotFound { suggestions, .. }) if suggestions == &["Track"])
    );
    let create = ImportOptions {
        create: true,
        ..options("Album")
    };
    let failure = ndjson(
        &test,
        "{\"Title\":\"x\",\"AlbumId\":1}\n{\"Title\":\"x\",\"AlbumId\":2}",
        &create,
    )
    .unwrap_err();
    assert!(
        matches!(&failure.error, TransferError::KeyNeeded { suggestions, .. } if suggestions == &["AlbumId"]),
        "{failure}"
    );
    assert!(
        test.db
            .begin(sop::Mode::Read)
            .unwrap()
            .documents("Album")
            .is_err()
    );
    let wrong = ImportOptions {
        key: vec!["a".into(), "b".into()],
        ..options("Track")
    };
    assert!(matches!(
        ndjson(&test, "{}", &wrong).unwrap_err().error,
        TransferError::KeyMismatch { .. }
    ));
    let twice = ImportOptions {
        key: vec!["a".into(), "a".into()],
        ..options("Track")
    };
    assert!(matches!(
        ndjson(&test, "{}", &twice).unwrap_err().error,
        TransferError::Option { option: "key", .. }
    ));
}

#[test]
fn a_declared_schema_refuses_rows() {
    let test = TestDatabase::new();
    let mut definition = StoreDefinition::new("s", one_field("id"));
    definition.schema = Schema {
        declared: true,
        fields: vec![SchemaField {
            name: "n".to_owned(),
            kind: FieldType::Integer,
            required: true,
        }],
    };
    test.db
        .transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
    let summary = ndjson(
        &test,
        "{\"id\":1,\"n\":1}\n{\"id\":2,\"n\":\"x\"}\n{\"id\":3}\n",
        &options("s"),
    )
    .unwrap();
    assert_eq!(counts(&summary), (3, 1, 0, 2));
    assert!(
        summary
            .errors
            .iter()
            .all(|bad| bad.detail.contains("\"n\"")),
        "{:?}",
        summary.errors
    );
}

#[test]
fn cancelling_keeps_whole_batches() {
    let test = TestDatabase::new();
    let cancel = Arc::new(AtomicBool::new(false));
    let options = ImportOptions {
        batch_rows: 2,
        cancel: Some(Arc::clone(&cancel)),
        ..with_key("s", "id")
    };
    let text = ids(0..10);
    let mut rows = reader(Format::Ndjson, text.as_bytes(), CsvOptions::default()).unwrap();
    let failure = import(&test.db, &mut *rows, &options, &mut |progress| {
        cancel.store(progress.inserted >= 4, Ordering::Relaxed);
    })
    .unwrap_err();
    assert!(matches!(failure.error, TransferError::Cancelled));
    assert_eq!((failure.summary.inserted, test.dump("s").len()), (4, 4));
}
