use super::*;
use crate::test_support::{TestDatabase, document};
use crate::transfer::test_support::json_value;
use crate::transfer::{CsvOptions, ImportOptions, import, reader};
use proptest::prelude::*;
use sop::Mode;
use sop::document::Document;
use sop::key::{KeyField, KeyType, KeyValue};

fn row(spec: &KeySpec, key: &Key, value: &str) -> String {
    let mut text = Vec::new();
    write_row(
        spec,
        key,
        document(value).root(),
        JsonStyle::Exact,
        &mut text,
    );
    String::from_utf8(text).unwrap()
}

fn composite(fields: &[(&str, KeyType)]) -> KeySpec {
    let fields = fields
        .iter()
        .map(|(name, kind)| KeyField::new(*name, *kind));
    KeySpec::composite(fields.collect(), Vec::new()).unwrap()
}

fn export_with(test: &TestDatabase, options: &ExportOptions) -> String {
    let tx = test.db.begin(Mode::Read).unwrap();
    let mut text = Vec::new();
    let done = export(&tx, "s", options, &mut text, &mut |_| {}).unwrap();
    assert_eq!(done.bytes, text.len() as u64);
    String::from_utf8(text).unwrap()
}

/// Imports text into a new database with an empty store of the same key; what the store holds then.
fn import_again(spec: &KeySpec, format: Format, text: &str) -> Vec<String> {
    let test = TestDatabase::new();
    test.create("s", spec);
    let mut rows = reader(format, text.as_bytes(), CsvOptions::default()).unwrap();
    let summary = import(&test.db, &mut *rows, &ImportOptions::new("s"), &mut |_| {}).unwrap();
    assert_eq!(summary.failed, 0, "{:?} of {text}", summary.errors);
    test.dump("s")
}

#[test]
fn key_fields_go_before_the_value_or_into_an_envelope() {
    let spec = composite(&[("id", KeyType::I64), ("s", KeyType::String)]);
    let key = Key {
        values: vec![7i64.into(), "x".into()],
        ride_on: Vec::new(),
    };
    for (value, expected) in [
        (r#"{"b":1.50,"a":2}"#, r#"{"id":7,"s":"x","b":1.50,"a":2}"#),
        ("{}", r#"{"id":7,"s":"x"}"#),
        ("[1]", r#"{"key":{"id":7,"s":"x"},"value":[1]}"#),
        (
            r#"{"id":7}"#,
            r#"{"key":{"id":7,"s":"x"},"value":{"id":7}}"#,
        ),
    ] {
        assert_eq!(row(&spec, &key, value), expected);
    }
    let single = KeySpec::single(KeyType::I64);
    assert_eq!(
        row(&single, &Key::from(3i64), r#"{"a":1}"#),
        r#"{"key":3,"value":{"a":1}}"#
    );
}

#[test]
fn formats_and_ranges() {
    let test = TestDatabase::new();
    let spec = composite(&[("id", KeyType::I64)]);
    test.create("s", &spec);
    assert_eq!(
        export_with(&test, &ExportOptions::new(Format::Json)),
        "[]\n"
    );
    assert_eq!(export_with(&test, &ExportOptions::new(Format::Ndjson)), "");
    assert_eq!(
        export_with(&test, &ExportOptions::new(Format::Csv)),
        "id\r\n"
    );
    test.fill(
        "s",
        [
            (Key::composite([1i64]), r#"{"a":9007199254740993}"#),
            (Key::composite([2i64]), r#"{"b":[1,"x"],"a":null}"#),
            (Key::composite([3i64]), "5"),
        ],
    );
    assert_eq!(
        export_with(&test, &ExportOptions::new(Format::Json)),
        "[\n{\"id\":1,\"a\":9007199254740993},\n{\"id\":2,\"b\":[1,\"x\"],\"a\":null},\n{\"key\":{\"id\":3},\"value\":5}\n]\n"
    );
    assert_eq!(
        export_with(&test, &ExportOptions::new(Format::Csv)),
        "id,a,b,value\r\n1,9007199254740993,,\r\n2,,\"[1,\"\"x\"\"]\",\r\n3,,,5\r\n"
    );
    let two = KeyRange {
        lo: std::ops::Bound::Included(spec.encode(&Key::composite([2i64])).unwrap().order),
        ..KeyRange::all()
    };
    let options = ExportOptions {
        range: two,
        style: JsonStyle::BigIntAsString,
        ..ExportOptions::new(Format::Ndjson)
    };
    assert_eq!(export_with(&test, &options).lines().count(), 2);
    let options = ExportOptions {
        style: JsonStyle::BigIntAsString,
        ..ExportOptions::new(Format::Ndjson)
    };
    assert!(export_with(&test, &options).starts_with("{\"id\":1,\"a\":\"9007199254740993\"}\n"));
}

#[test]
fn plain_bytes_come_back() {
    let test = TestDatabase::new();
    let spec = composite(&[("id", KeyType::I64)]);
    test.create("s", &spec);
    let bytes = Document::from_bytes(b"\x00\xff").unwrap();
    test.db
        .transact(|tx| {
            tx.documents("s")?
                .insert(&Key::composite([1i64]), &bytes)
                .map(|_| ())
        })
        .unwrap();
    let text = export_with(&test, &ExportOptions::new(Format::Ndjson));
    assert_eq!(import_again(&spec, Format::Ndjson, &text), test.dump("s"));
}

#[test]
fn csv_columns_never_share_a_name() {
    let test = TestDatabase::new();
    test.create("s", &composite(&[("id", KeyType::I64)]));
    test.fill(
        "s",
        [
            (
                Key::composite([1i64]),
                r#"{"id":"other","value":1," x ":2,"x":3,"":4}"#,
            ),
            (Key::composite([2i64]), "[]"),
        ],
    );
    let text = export_with(&test, &ExportOptions::new(Format::Csv));
    assert_eq!(
        text,
        "id,value.id,value,x,value.x,value.value,value.value.value\r\n1,other,1,2,3,4,\r\n2,,,,,,[]\r\n"
    );
}

#[test]
fn the_snapshot_is_what_is_exported_and_cancel_stops() {
    let test = TestDatabase::new();
    test.create("s", &composite(&[("id", KeyType::I64)]));
    test.fill("s", [(Key::composite([1i64]), "{}")]);
    let tx = test.db.begin(Mode::Read).unwrap();
    test.fill("s", [(Key::composite([2i64]), "{}")]);
    let mut text = Vec::new();
    export(
        &tx,
        "s",
        &ExportOptions::new(Format::Ndjson),
        &mut text,
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(text, b"{\"id\":1}\n");
    let options = ExportOptions {
        cancel: Some(Arc::new(AtomicBool::new(true))),
        ..ExportOptions::new(Format::Csv)
    };
    let error = export(&tx, "s", &options, &mut Vec::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, TransferError::Cancelled));
}

fn field_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["id", "key", "value", "a.b", "a"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn json_comes_back_as_it_was(
        names in prop::collection::btree_set(field_name(), 1..3), named: bool, json: bool,
        items in prop::collection::vec(("[a-c]{0,2}", any::<u8>(), json_value(), prop::option::of(field_name())), 0..12),
    ) {
        let spec = if named {
            let kinds = [KeyType::String, KeyType::U8];
            composite(&names.iter().copied().zip(kinds).collect::<Vec<_>>())
        } else {
            KeySpec::single(KeyType::String)
        };
        let test = TestDatabase::new();
        test.create("s", &spec);
        test.db.transact(|tx| {
            let store = tx.documents("s")?;
            for (text, number, value, wrapped) in &items {
                let mut values = vec![KeyValue::from(text.as_str()), KeyValue::from(*number)];
                values.truncate(spec.fields().len());
                let value = match wrapped {
                    Some(name) => serde_json::json!({ *name: value }),
                    None => value.clone(),
                };
                store.upsert(&Key { values, ride_on: Vec::new() }, &Document::from_value(&value)?)?;
            }
            Ok(())
        }).unwrap();
        let format = if json { Format::Json } else { Format::Ndjson };
        let text = export_with(&test, &ExportOptions::new(format));
        prop_assert_eq!(import_again(&spec, format, &text), test.dump("s"));
    }

    #[test]
    fn csv_comes_back_as_it_was(
        rows in prop::collection::btree_map(any::<i32>(), (
            prop_oneof!["[0-9]{1,4}", "[a-c\",;\n\r é=+-]{0,6}", Just("true".to_owned()), Just("[1]".to_owned()), Just("02113".to_owned())],
            prop::option::of(any::<i64>()), any::<bool>(), prop::option::of("0|[1-9]{1,9}\\.[0-9]{1,9}"),
        ), 1..12),
        delimiter in prop::sample::select(b",;\t|".to_vec()),
    ) {
        let spec = composite(&[("id", KeyType::I64)]);
        let test = TestDatabase::new();
        test.create("s", &spec);
        test.db.transact(|tx| {
            let store = tx.documents("s")?;
            for (id, (text, number, flag, exact)) in &rows {
                let exact: Option<serde_json::Number> = exact.as_ref().map(|text| text.parse().unwrap());
                let value = serde_json::json!({"text": text, "number": number, "flag": flag, "exact": exact});
                store.insert(&Key::composite([i64::from(*id)]), &Document::from_value(&value)?)?;
            }
            Ok(())
        }).unwrap();
        let text = export_with(&test, &ExportOptions { delimiter, ..ExportOptions::new(Format::Csv) });
        prop_assert_eq!(import_again(&spec, Format::Csv, &text), test.dump("s"));
        let mut yardstick = ::csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
        let texts: Vec<String> = yardstick.records().map(|record| record.unwrap()[1].to_owned()).collect();
        let expected: Vec<String> = rows.values().map(|(text, ..)| text.clone()).collect();
        prop_assert_eq!(texts, expected);
    }
}
