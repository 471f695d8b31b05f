//! Properties of documents against `serde_json` and a plain model.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::*;

/// A JSON value that keeps what `serde_json::Value` loses: the order of names.
#[derive(Debug, Clone)]
enum Model {
    Plain(String),
    String(String),
    Array(Vec<Model>),
    Object(Vec<(String, Model)>),
}

impl Model {
    fn write(&self, out: &mut String, space: &str) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::String(text) => out.push_str(&serde_json::to_string(text).unwrap()),
            Self::Array(elements) => {
                out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(space);
                    element.write(out, space);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    write!(
                        out,
                        "{space}{}{space}:{space}",
                        serde_json::to_string(name).unwrap()
                    )
                    .unwrap();
                    value.write(out, space);
                }
                out.push('}');
            }
        }
    }

    fn json(&self, space: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, space);
        out
    }
}

fn number() -> impl Strategy<Value = String> {
    let exotic = [
        "0",
        "-0",
        "-0.0",
        "1.10",
        "1e400",
        "-1E-400",
        "123456789012345678901234567890",
        "1e5",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "9007199254740993",
        "-9223372036854775809",
        "0.1",
        "100.0",
        "1e+16",
        "5e-324",
        "9007199254740992.0",
        "0.30000000000000004",
    ];
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        (-300..300_i32).prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| format!("{value:?}")),
        (-9999..9999_i32, 0..100_u32).prop_map(|(whole, cents)| format!("{whole}.{cents:02}")),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][-+]?[0-9]{1,4})?",
        select(exotic.to_vec()).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-c\"\\\\\u{0}-\u{20}é😀]{0,6}",
        "[a-z]{200,300}"
    ]
}

fn model() -> impl Strategy<Value = Model> {
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(|word| Model::Plain(word.to_owned())),
        number().prop_map(Model::Plain),
        text().prop_map(Model::String),
    ];
    leaf.prop_recursive(4, 60, 8, |inner| {
        let field = ("[a-d]{0,3}", inner.clone());
        let many = vec((text(), number().prop_map(Model::Plain)), 15..40);
        prop_oneof![
            vec(inner, 0..8).prop_map(Model::Array),
            vec(field, 0..8).prop_map(|fields| Model::Object(unique(fields))),
            many.prop_map(|fields| Model::Object(unique(fields))),
        ]
    })
}

fn unique(fields: Vec<(String, Model)>) -> Vec<(String, Model)> {
    let mut kept: Vec<(String, Model)> = Vec::new();
    for (name, value) in fields {
        if kept.iter().all(|(known, _)| *known != name) {
            kept.push((name, value));
        }
    }
    kept
}

fn document(json: &str) -> Document {
    Document::from_json(json.as_bytes()).unwrap()
}

fn error(json: &str) -> String {
    Document::from_json(json.as_bytes())
        .unwrap_err()
        .to_string()
}

/// Every field and element is found, by name, position and path, and nothing else is.
fn check_access(model: &Model, value: DocumentRef<'_>) {
    assert_eq!(value.to_json(), model.json(""));
    assert!(value.get("no such field").is_none());
    match model {
        Model::Plain(text) => {
            if value.kind() == Kind::Bool {
                assert_eq!(value.as_bool(), text.parse().ok());
            } else if !value.is_null() {
                assert_eq!(value.number_text().as_deref(), Some(text.as_str()));
                assert_eq!(value.as_f64(), text.parse().ok());
                assert_eq!(value.as_i64(), text.parse().ok().filter(|_| text != "-0"));
                assert_eq!(value.as_u64(), text.parse().ok());
            }
        }
        Model::String(text) => assert_eq!(value.as_str(), Some(text.as_str())),
        Model::Array(elements) => {
            assert_eq!(value.len(), elements.len());
            assert_eq!(value.elements().count(), elements.len());
            assert!(value.at(elements.len()).is_none());
            for (at, element) in elements.iter().enumerate() {
                check_access(element, value.at(at).unwrap());
                assert_eq!(value.path(&at.to_string()), value.at(at));
            }
        }
        Model::Object(fields) => {
            assert_eq!(value.len(), fields.len());
            assert!(
                value
                    .fields()
                    .map(|(name, _)| name)
                    .eq(fields.iter().map(|(name, _)| name))
            );
            for (at, (name, field)) in fields.iter().enumerate() {
                check_access(field, value.get(name).unwrap());
                for place in [at, 0, at + 1, usize::MAX] {
                    let near = value.get_near(name, place).map(|(found, _)| found);
                    assert_eq!(near, value.get(name));
                }
                assert!(value.get_near("no such field", at).is_none());
            }
        }
    }
}

/// Calls everything; only that nothing panics matters.
fn touch(value: DocumentRef<'_>, depth: usize) {
    let _ = (
        value.kind(),
        value.as_bool(),
        value.as_i64(),
        value.as_u64(),
        value.as_f64(),
    );
    let _ = (
        value.as_str(),
        value.as_bytes(),
        value.number_text(),
        value.len(),
        value.get("a"),
    );
    let _ = (
        value.at(0),
        value.path("a.0.b"),
        value.at(usize::MAX),
        value.to_value(),
    );
    if depth < MAX_DEPTH {
        for element in value.elements() {
            touch(element, depth + 1);
        }
        for (_, field) in value.fields() {
            touch(field, depth + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn json_comes_out_as_it_went_in(model in model(), space in "[ \n\r\t]{0,2}") {
        let json = model.json("");
        let read = document(&json);
        prop_assert_eq!(read.to_json(), json.clone());
        prop_assert_eq!(document(&model.json(&space)), read.clone());
        let checked = Document::from_encoded(read.encoded_arc()).unwrap();
        prop_assert_eq!(&checked, &read);
        check_access(&model, read.root());
    }

    #[test]
    fn agrees_with_serde_json(model in model()) {
        let json = model.json("");
        let value: Value = serde_json::from_str(&json).unwrap();
        // serde_json writes exponents in its own way, but only when it reads text.
        let ours = document(&json).to_value().to_string();
        prop_assert_eq!(serde_json::from_str::<Value>(&ours).unwrap(), value.clone());
        let taken = Document::from_value(&value).unwrap();
        prop_assert_eq!(taken.to_json(), serde_json::to_string(&value).unwrap());
        prop_assert_eq!(taken.to_value(), value);
    }

    #[test]
    fn damaged_bytes_are_errors_or_documents(
        model in model(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
        cut in any::<Index>(),
    ) {
        let mut encoded = document(&model.json("")).encoded().to_vec();
        if changes.len() == 3 {
            encoded.truncate(cut.index(encoded.len()));
        }
        for (at, byte) in changes {
            if !encoded.is_empty() {
                let at = at.index(encoded.len());
                encoded[at] = byte;
            }
        }
        if let Ok(trusted) = Document::from_trusted(encoded.clone().into()) {
            touch(trusted.root(), 0);
        }
        if let Ok(checked) = Document::from_encoded(encoded.into()) {
            let again = document(&checked.to_json());
            prop_assert_eq!(again.encoded(), checked.encoded());
        }
    }

    #[test]
    fn random_bytes_are_errors_or_documents(mut bytes in vec(0..24_u8, 0..24)) {
        bytes.insert(0, FORMAT_VERSION);
        if let Ok(trusted) = Document::from_trusted(bytes.clone().into()) {
            touch(trusted.root(), 0);
        }
        if let Ok(checked) = Document::from_encoded(bytes.into()) {
            prop_assert_eq!(document(&checked.to_json()), checked);
        }
    }

    #[test]
    fn refuses_what_serde_json_refuses(
        model in model(),
        at in any::<Index>(),
        with in select("{}[]\",:\\u0d9 \n-+.eEtn\u{1}é".chars().collect::<Vec<char>>()),
        remove in any::<bool>(),
    ) {
        let mut json: Vec<char> = model.json("").chars().collect();
        let at = at.index(json.len());
        if remove {
            json.remove(at);
        } else {
            json[at] = with;
        }
        let json: String = json.into_iter().collect();
        let ours = Document::from_json(json.as_bytes());
        let theirs = serde_json::from_str::<Value>(&json);
        // A name that stands twice ends our reading; what is behind it may be wrong as well.
        if !matches!(ours, Err(DocumentError::DuplicateField { .. })) {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}: {:?} {:?}", json, ours, theirs);
        }
    }

    #[test]
    fn merge_patch_agrees_with_the_rfc(target in model(), patch in model()) {
        // The algorithm of RFC 7396, section 2, word by word.
        fn merged(target: Value, patch: Value) -> Value {
            let Value::Object(patch) = patch else { return patch };
            let mut target = match target {
                Value::Object(target) => target,
                _ => serde_json::Map::new(),
            };
            for (name, value) in patch {
                if value.is_null() {
                    target.remove(&name);
                } else {
                    let old = target.remove(&name).unwrap_or_default();
                    target.insert(name, merged(old, value));
                }
            }
            Value::Object(target)
        }
        let (target, patch) = (document(&target.json("")), document(&patch.json("")));
        let result = target.merge_patch(&patch).unwrap();
        prop_assert_eq!(result.to_value(), merged(target.to_value(), patch.to_value()));
        prop_assert_eq!(&document(&result.to_json()), &result);
        let of_value = merge_patch(&target, &patch.to_value()).unwrap();
        prop_assert_eq!(of_value.to_value(), result.to_value());
    }
}

#[test]
fn errors_say_where() {
    for (json, message) in [
        (
            "",
            "not JSON at line 1, column 1: the text ends before the value does",
        ),
        (
            "{\"é\": 1,\n \"b\" 2}",
            "not JSON at line 2, column 6: expected : after the field name",
        ),
        (
            "{\"é\":1,\"b\":01}",
            "not JSON at line 1, column 12: not a number as JSON writes it",
        ),
        ("[1,]", "not JSON at line 1, column 4: expected a value"),
        ("[1 2]", "not JSON at line 1, column 4: expected , or ]"),
        (
            "1 2",
            "not JSON at line 1, column 3: text after the end of the value",
        ),
        (
            "\"\\ud800\"",
            "not JSON at line 1, column 2: half of a surrogate pair, which is no character",
        ),
        (
            "\"a\nb\"",
            "not JSON at line 1, column 3: a control character in a string; write it as \\u00XX",
        ),
        (
            "nul",
            "not JSON at line 1, column 1: expected true, false or null",
        ),
        (
            "{\"a\":{\"x\":1},\n\"b\":2,\"a\":3}",
            "the field \"a\" is there twice in one object at line 2, column 7",
        ),
    ] {
        assert_eq!(error(json), message);
    }
    let not_utf8 = Document::from_json(b"\"\xFF\"").unwrap_err();
    assert_eq!(
        not_utf8.to_string(),
        "not JSON at line 1, column 2: the text is not UTF-8"
    );
}

#[test]
fn names_that_are_there_twice_are_found_among_many() {
    let fields: Vec<String> = (0..40)
        .map(|at| format!("\"f{at}\":{{\"f{at}\":0}}"))
        .collect();
    assert!(Document::from_json(format!("{{{}}}", fields.join(",")).as_bytes()).is_ok());
    let message = error(&format!("{{{},\n \"f7\":1}}", fields.join(",")));
    assert_eq!(
        message,
        "the field \"f7\" is there twice in one object at line 2, column 2"
    );
}

#[test]
fn depth_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = document(&nested(MAX_DEPTH));
    assert!(Document::from_encoded(deepest.encoded_arc()).is_ok());
    let message = error(&nested(MAX_DEPTH + 1));
    assert!(
        message.contains("deeper than 128 levels at line 1, column 129"),
        "{message}"
    );
}

/// Nothing that `from_json` writes, but bytes on a disk may be anything.
#[test]
fn damaged_documents_of_any_depth_do_not_exhaust_the_stack() {
    let mut payload = vec![9];
    for tags in 0..100_000 {
        let end = u32::try_from(tags + payload.len()).unwrap();
        payload.extend_from_slice(&end.to_le_bytes());
        payload.extend_from_slice(&1_u32.to_le_bytes());
    }
    let mut encoded = vec![FORMAT_VERSION];
    encoded.extend(std::iter::repeat_n(11, 100_000));
    encoded.append(&mut payload);
    let trusted = Document::from_trusted(encoded.clone().into()).unwrap();
    assert_eq!(trusted.to_json().len(), 2 * MAX_DEPTH + "null".len());
    assert_eq!(trusted.to_value().to_string(), trusted.to_json());
    assert!(Document::from_encoded(encoded.into()).is_err());
}

#[test]
fn bytes_in_json() {
    let plain = Document::from_bytes(b"\x00\xFFabc").unwrap();
    assert_eq!(plain.to_json(), r#"{"$bytes":"AP9hYmM="}"#);
    assert_eq!(plain.root().as_bytes(), Some(&b"\x00\xFFabc"[..]));
    assert_eq!(document(&plain.to_json()), plain);
    assert_eq!(Document::from_value(&plain.to_value()).unwrap(), plain);
    assert_eq!(
        document(r#"{"a":{"$bytes":""}}"#)
            .get("a")
            .unwrap()
            .as_bytes(),
        Some(&[][..])
    );
    for just_an_object in [
        r#"{"$bytes":"?"}"#,
        r#"{"$bytes":"AP9hYmN="}"#,
        r#"{"$bytes":1}"#,
        r#"{"$bytes":"","more":1}"#,
    ] {
        let read = document(just_an_object);
        assert_eq!(read.root().kind(), Kind::Object);
        assert_eq!(read.to_json(), just_an_object);
    }
}

#[test]
fn big_integers_as_strings() {
    let json = "[9007199254740991,9007199254740992,-9007199254740992,18446744073709551615,\
        123456789012345678901234567890,-0,1e400,1.10]";
    let mut out = Vec::new();
    document(json).write_json(&mut out, JsonStyle::BigIntAsString);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"[9007199254740991,"9007199254740992","-9007199254740992","18446744073709551615","123456789012345678901234567890",-0,1e400,1.10]"#
    );
}

#[test]
fn an_object_that_looks_like_a_number_of_serde_json_stays_one() {
    let json = r#"{"$serde_json::private::Number":"1"}"#;
    assert_eq!(document(json).to_json(), json);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let number = serde_json::Number::from_string_unchecked("1 or 2".to_owned());
    let error = Document::from_value(&Value::Array(vec![Value::Number(number)])).unwrap_err();
    assert!(matches!(error, DocumentError::InvalidNumber { .. }));
}

#[test]
fn typed_values() {
    #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Album {
        title: String,
        price: f64,
        id: i64,
    }
    let album = Album {
        title: "Facelift".to_owned(),
        price: 0.99,
        id: (1 << 53) + 1,
    };
    let stored = Document::from_serialize(&album).unwrap();
    assert_eq!(
        stored.to_json(),
        r#"{"title":"Facelift","price":0.99,"id":9007199254740993}"#
    );
    assert_eq!(stored.deserialize::<Album>().unwrap(), album);
    assert!(stored.deserialize::<Vec<u8>>().is_err());
}

#[test]
fn paths() {
    let read = document(r#"{"a":{"b":[{"c":1},"x"]},"":{"d":2},"a.b":3}"#);
    assert_eq!(read.get("a.b.0.c").unwrap().as_i64(), Some(1));
    assert_eq!(read.get("a.b.1").unwrap().as_str(), Some("x"));
    assert_eq!(read.get(".d").unwrap().as_i64(), Some(2));
    assert_eq!(read.get("").unwrap(), read.root());
    assert_eq!(read.root().get("a.b").unwrap().as_i64(), Some(3));
    for missing in ["b", "a.b.2", "a.b.x", "a.b.0.c.d", "a.b.-1"] {
        assert!(read.get(missing).is_none(), "{missing}");
    }
    assert_eq!(
        read.get("a.b").unwrap().to_document().to_json(),
        r#"[{"c":1},"x"]"#
    );
}

#[test]
fn merge_patch_keeps_places() {
    let target = document(r#"{"z":1.10,"a":{"x":1,"y":2},"m":3}"#);
    let patch =
        document(r#"{"new":{"n":null,"k":0},"a":{"y":null,"w":5},"z":1.20,"m":null,"none":null}"#);
    assert_eq!(
        target.merge_patch(&patch).unwrap().to_json(),
        r#"{"z":1.20,"a":{"x":1,"w":5},"new":{"k":0}}"#
    );
}

/// The encoding is a format: these bytes must never change.
#[test]
fn encoded_form() {
    let encoded = |json: &str| document(json).encoded().to_vec();
    assert_eq!(encoded("null"), [1, 0]);
    assert_eq!(encoded("false"), [1, 1]);
    assert_eq!(encoded("true"), [1, 2]);
    assert_eq!(encoded("0"), [1, 3]);
    assert_eq!(encoded("127"), [1, 3, 127]);
    assert_eq!(encoded("128"), [1, 3, 128, 0]);
    assert_eq!(encoded("-1"), [1, 3, 255]);
    assert_eq!(encoded("-129"), [1, 3, 0x7F, 0xFF]);
    assert_eq!(
        encoded("9223372036854775808"),
        [1, 4, 0, 0, 0, 0, 0, 0, 0, 0x80]
    );
    assert_eq!(encoded("1.5"), [1, 5, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]);
    assert_eq!(encoded("1.50"), b"\x01\x061.50");
    assert_eq!(encoded("\"ab\""), b"\x01\x07ab");
    assert_eq!(encoded("{\"$bytes\":\"AP8=\"}"), [1, 8, 0, 255]);
    assert_eq!(encoded("[]"), [1, 9]);
    assert_eq!(encoded("[null,1]"), [1, 9, 0, 3, 1, 1, 3, 2]);
    assert_eq!(encoded("{}"), [1, 12]);
    assert_eq!(
        encoded("{\"b\":1,\"a\":\"x\"}"),
        b"\x01\x0C\x01b\x03\x01\x01a\x07x\x04\x08\x02"
    );
    let long = encoded(&format!("[\"{}\"]", "x".repeat(300)));
    assert_eq!(long[..3], [1, 10, 7]);
    assert_eq!(long[303..], [0x2D, 1, 1, 0]);
    let many: Vec<String> = (0..17).rev().map(|at| format!("\"{at:02}\":0")).collect();
    let many = encoded(&format!("{{{}}}", many.join(",")));
    assert_eq!(many[..7], [1, 12, 2, b'1', b'6', 3, 2]);
    assert_eq!(many[many.len() - 35..many.len() - 32], [16, 15, 14]);
    assert_eq!(
        many[many.len() - 18..],
        [
            4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 17
        ]
    );
}
