use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::{Document, DocumentError, Kind};

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Copy, Debug)]
enum Color {
    Red,
    Green,
}

#[derive(Serialize, Deserialize, PartialEq, Clone, Copy, Debug)]
struct Marker;

#[derive(Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Wrapped(u64);

#[derive(Serialize, Deserialize, PartialEq, Clone, Debug)]
struct Numbers {
    a: (i8, i16, i32, i64),
    b: (u8, u16, u32, u64),
    c: Option<f32>,
    d: f64,
}

/// One of everything that `serde` knows.
#[derive(Serialize, Deserialize, PartialEq, Clone, Debug)]
enum Any {
    Nothing,
    Flag(bool),
    Numbers(Numbers),
    Letter(char),
    Text(String),
    Pair(i64, String),
    Marker(Marker),
    Unit(()),
    Wrapped(Wrapped),
    Color(Color),
    Fields {
        list: Vec<Any>,
        #[serde(default)]
        maybe: Option<Box<Any>>,
    },
    ByText(BTreeMap<String, Any>),
    ByNumber(BTreeMap<i32, f64>),
    ByBool(BTreeMap<bool, u64>),
    ByColor(BTreeMap<Color, Option<i64>>),
    ByLetter(BTreeMap<char, Vec<u8>>),
}

fn float() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

fn single() -> impl Strategy<Value = f32> {
    any::<u32>()
        .prop_map(f32::from_bits)
        .prop_filter("finite", |value| value.is_finite())
}

fn anything() -> impl Strategy<Value = Any> {
    let numbers =
        (any::<(i8, i16, i32, i64)>(), any::<(u8, u16, u32, u64)>()).prop_flat_map(|(a, b)| {
            (proptest::option::of(single()), float()).prop_map(move |(c, d)| Numbers { a, b, c, d })
        });
    let color = prop_oneof![Just(Color::Red), Just(Color::Green)];
    let leaf = prop_oneof![
        Just(Any::Nothing),
        any::<bool>().prop_map(Any::Flag),
        numbers.prop_map(Any::Numbers),
        any::<char>().prop_map(Any::Letter),
        ".*".prop_map(Any::Text),
        (any::<i64>(), "[a-z]{0,3}").prop_map(|(n, text)| Any::Pair(n, text)),
        Just(Any::Marker(Marker)),
        Just(Any::Unit(())),
        any::<u64>().prop_map(|n| Any::Wrapped(Wrapped(n))),
        color.clone().prop_map(Any::Color),
        btree_map(any::<i32>(), float(), 0..20).prop_map(Any::ByNumber),
        btree_map(any::<bool>(), any::<u64>(), 0..3).prop_map(Any::ByBool),
        btree_map(color, any::<Option<i64>>(), 0..3).prop_map(Any::ByColor),
        btree_map(any::<char>(), vec(any::<u8>(), 0..4), 0..4).prop_map(Any::ByLetter),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            (
                vec(inner.clone(), 0..5),
                proptest::option::of(inner.clone())
            )
                .prop_map(|(list, maybe)| Any::Fields {
                    list,
                    maybe: maybe.map(Box::new)
                }),
            btree_map("[a-c$]{0,2}", inner, 0..20).prop_map(Any::ByText),
        ]
    })
}

/// Stores, compares with what `serde_json` writes, and reads back.
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let document = Document::from_serialize(value).unwrap();
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(document, Document::from_json(json.as_bytes()).unwrap());
    Document::from_encoded(document.encoded_arc()).unwrap();
    assert_eq!(&document.deserialize::<T>().unwrap(), value);
}

proptest! {
    #[test]
    fn values_are_what_serde_json_makes_of_them(value in anything()) {
        there_and_back(&value);
    }

    #[test]
    fn every_float_comes_back_to_the_bit(wide in float(), narrow in single()) {
        let document = Document::from_serialize(&(wide, narrow)).unwrap();
        let (w, n) = document.deserialize::<(f64, f32)>().unwrap();
        prop_assert_eq!((w.to_bits(), n.to_bits()), (wide.to_bits(), narrow.to_bits()));
    }

    /// Any JSON into `serde_json::Value`, as text would be read.
    #[test]
    fn json_is_read_as_serde_json_reads_it(value in anything()) {
        let json = serde_json::to_value(&value).unwrap();
        let document = Document::from_value(&json).unwrap();
        let read = document.deserialize::<serde_json::Value>().unwrap();
        // Numbers may be written in another way, never with another value.
        prop_assert_eq!(&serde_json::from_value::<Any>(read).unwrap(), &value);
        prop_assert_eq!(document.deserialize::<Any>().unwrap(), value);
    }

    #[test]
    fn damaged_bytes_are_errors_or_values(
        value in anything(), at in any::<prop::sample::Index>(), bits in 1..=255_u8,
    ) {
        let mut bytes = Document::from_serialize(&value).unwrap().encoded().to_vec();
        let at = 1 + at.index(bytes.len() - 1);
        bytes[at] ^= bits;
        if let Ok(document) = Document::from_trusted(bytes.into()) {
            let _ = document.deserialize::<Any>();
            let _ = document.deserialize::<serde_json::Value>();
        }
    }
}

/// What is stored for a value that is tagged or flattened in one of the ways of `serde`.
#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "type")]
enum Event {
    Paid { amount: f64 },
    Sent(Parcel),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Parcel {
    weight: f64,
    #[serde(flatten)]
    more: BTreeMap<String, Loose>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Loose {
    Number(f64),
    Text(String),
}

#[test]
fn tagged_flattened_and_untagged_values_keep_large_floats() {
    there_and_back(&Event::Paid { amount: 1e300 });
    let more = [
        ("a".to_owned(), Loose::Number(-2.5e-30)),
        ("b".to_owned(), Loose::Text("x".to_owned())),
    ];
    there_and_back(&Event::Sent(Parcel {
        weight: 1.5,
        more: more.into(),
    }));
}

#[test]
fn texts_are_lent_from_the_document() {
    #[derive(Deserialize)]
    struct User<'a> {
        name: &'a str,
    }
    let document = Document::from_json(br#"{"name":"Ada","age":36}"#).unwrap();
    let name = document.deserialize::<User<'_>>().unwrap().name;
    let lent = document.encoded().as_ptr_range();
    assert_eq!(name, "Ada");
    assert!(lent.contains(&name.as_ptr()));
}

/// Bytes as `serde_bytes` gives them on.
#[derive(PartialEq, Debug)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Blob;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

#[test]
fn bytes_are_the_bytes_kind() {
    let document = Document::from_serialize(&vec![Blob(vec![0, 255])]).unwrap();
    assert_eq!(document.get("0").unwrap().kind(), Kind::Bytes);
    assert_eq!(
        document.deserialize::<Vec<Blob>>().unwrap(),
        [Blob(vec![0, 255])]
    );
    // Without `serde_bytes` on the reading side, and as the object that JSON shows.
    assert_eq!(
        document.deserialize::<Vec<Vec<u8>>>().unwrap(),
        [vec![0, 255]]
    );
    let maps = document.deserialize::<Vec<BTreeMap<String, String>>>();
    assert_eq!(maps.unwrap()[0]["$bytes"], "AP8=");
}

#[test]
fn a_field_of_the_name_of_bytes_comes_back() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Odd {
        #[serde(rename = "$bytes")]
        text: String,
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Variant {
        #[serde(rename = "$bytes")]
        Text(String),
    }
    for text in ["QUJD", "no base64"] {
        there_and_back(&Odd {
            text: text.to_owned(),
        });
        there_and_back(&Variant::Text(text.to_owned()));
    }
}

#[test]
fn numbers_of_any_length_are_exact_or_refused() {
    let json = r#"{"n":123456789012345678901234567890,"f":0.1000000000000000055511151231257827}"#;
    let document = Document::from_json(json.as_bytes()).unwrap();
    let value = document.deserialize::<serde_json::Value>().unwrap();
    assert_eq!(value.to_string(), json);
    assert_eq!(Document::from_serialize(&value).unwrap(), document);
    let floats = document.deserialize::<BTreeMap<String, f64>>().unwrap();
    assert_eq!(floats["n"].to_string(), "123456789012345680000000000000");
    let error = document.deserialize::<BTreeMap<String, u64>>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the document does not have the wanted form: field \"n\": the number \
         123456789012345678901234567890 is not an integer of 64 bits"
    );
    // By way of a double the second would be rounded to the first.
    for exact in [9_007_199_254_740_992_u64, 9_007_199_254_740_993, u64::MAX] {
        there_and_back(&exact);
    }
}

#[test]
fn what_has_no_form_says_where_it_is() {
    #[derive(Serialize)]
    struct Outer<T> {
        inner: Vec<BTreeMap<String, T>>,
    }
    fn refused<T: Serialize>(value: T) -> String {
        let inner = vec![BTreeMap::new(), BTreeMap::from([("x".to_owned(), value)])];
        match Document::from_serialize(&Outer { inner }).unwrap_err() {
            DocumentError::Serialize { path, detail } => format!("{path}: {detail}"),
            other => other.to_string(),
        }
    }
    assert!(refused(1_u128).starts_with("inner.1.x: u128 is not supported"));
    assert!(refused(-1_i128).starts_with("inner.1.x: i128 is not supported"));
    assert!(refused(f64::NAN).starts_with("inner.1.x: NaN has no JSON form"));
    assert!(refused(f32::NEG_INFINITY).starts_with("inner.1.x: -inf has no JSON form"));
    let by_list = BTreeMap::from([(vec![1], 1)]);
    assert!(refused(by_list).starts_with("inner.1.x: names of a map must be"));
}

#[test]
fn what_does_not_fit_says_where_it_is() {
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only its form counts")]
    struct User {
        name: String,
        address: Address,
    }
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only its form counts")]
    struct Address {
        lines: Vec<(u8, String)>,
    }
    let refused = |json: &str| {
        let document = Document::from_json(json.as_bytes()).unwrap();
        match document.deserialize::<User>().unwrap_err() {
            DocumentError::Deserialize { path, detail } => format!("{path}: {detail}"),
            other => other.to_string(),
        }
    };
    assert_eq!(
        refused(r#"{"name":"a","address":{"lines":[[1,"a"],[300,"b"]]}}"#),
        "address.lines.1.0: invalid value: integer `300`, expected u8"
    );
    assert_eq!(
        refused(r#"{"name":"a","address":{"lines":[[1,"a","b"]]}}"#),
        "address.lines.0: 1 elements more than the type takes"
    );
    assert_eq!(
        refused(r#"{"name":"a","address":{}}"#),
        "address: missing field `lines`"
    );
    assert_eq!(
        refused(r#"{"name":1,"address":{}}"#),
        "name: invalid type: integer `1`, expected a string"
    );
    assert_eq!(
        refused("[]"),
        ": invalid length 0, expected struct User with 2 elements"
    );
}

#[test]
fn two_fields_of_one_name_are_refused() {
    #[derive(Serialize)]
    struct Twice {
        a: i64,
        #[serde(flatten)]
        more: BTreeMap<String, i64>,
    }
    let more = BTreeMap::from([("a".to_owned(), 2)]);
    let error = Document::from_serialize(&Twice { a: 1, more }).unwrap_err();
    assert!(matches!(error, DocumentError::DuplicateField { name, .. } if name == "a"));
}

#[test]
fn depth_is_limited_both_ways() {
    #[derive(Serialize, Deserialize, Debug)]
    struct Nested(Vec<Nested>);
    let nested = |depth: usize| (1..depth).fold(Nested(Vec::new()), |inner, _| Nested(vec![inner]));
    let document = Document::from_serialize(&nested(128)).unwrap();
    document.deserialize::<Nested>().unwrap();
    assert!(matches!(
        Document::from_serialize(&nested(129)),
        Err(DocumentError::TooDeep { .. })
    ));
    // Bytes that no document encodes to: one array of one element in another.
    let mut value = vec![9_u8];
    for _ in 0..200 {
        let length = value.len();
        let class = u8::from(length > 0xFF);
        value.insert(0, 9 + class);
        for number in [length, 1] {
            value.extend_from_slice(&(number as u16).to_le_bytes()[..=usize::from(class)]);
        }
    }
    value.insert(0, crate::document::FORMAT_VERSION);
    let document = Document::from_trusted(value.into()).unwrap();
    assert!(document.deserialize::<Nested>().is_err());
}
