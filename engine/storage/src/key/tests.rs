//! Properties of keys of all types, single and composite, against a plain model.

use std::cmp::Ordering;
use std::ops::Bound;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::document::JsonStyle;

/// The order that the documentation promises, field by field.
fn natural(a: &KeyValue, b: &KeyValue) -> Ordering {
    match (a, b) {
        (KeyValue::Null, KeyValue::Null) => Ordering::Equal,
        (KeyValue::Null, _) => Ordering::Less,
        (_, KeyValue::Null) => Ordering::Greater,
        (KeyValue::Bool(a), KeyValue::Bool(b)) => a.cmp(b),
        (KeyValue::I8(a), KeyValue::I8(b)) => a.cmp(b),
        (KeyValue::I16(a), KeyValue::I16(b)) => a.cmp(b),
        (KeyValue::I32(a), KeyValue::I32(b)) => a.cmp(b),
        (KeyValue::I64(a), KeyValue::I64(b)) => a.cmp(b),
        (KeyValue::U8(a), KeyValue::U8(b)) => a.cmp(b),
        (KeyValue::U16(a), KeyValue::U16(b)) => a.cmp(b),
        (KeyValue::U32(a), KeyValue::U32(b)) => a.cmp(b),
        (KeyValue::U64(a), KeyValue::U64(b)) => a.cmp(b),
        (KeyValue::F32(a), KeyValue::F32(b)) => a.total_cmp(b),
        (KeyValue::F64(a), KeyValue::F64(b)) => a.total_cmp(b),
        (KeyValue::Decimal(a), KeyValue::Decimal(b)) => a.cmp(b),
        (KeyValue::String(a), KeyValue::String(b)) => a.cmp(b),
        (KeyValue::Bytes(a), KeyValue::Bytes(b)) => a.cmp(b),
        (KeyValue::Uuid(a), KeyValue::Uuid(b)) => a.cmp(b),
        (KeyValue::Date(a), KeyValue::Date(b)) => a.cmp(b),
        (KeyValue::Time(a), KeyValue::Time(b)) => a.cmp(b),
        (KeyValue::DateTime(a), KeyValue::DateTime(b)) => a.cmp(b),
        (KeyValue::Timestamp(a), KeyValue::Timestamp(b)) => a.utc().cmp(&b.utc()),
        _ => panic!("values of two types"),
    }
}

fn natural_key(spec: &KeySpec, a: &Key, b: &Key) -> Ordering {
    let pairs = spec.fields().iter().zip(a.values.iter().zip(&b.values));
    pairs.fold(Ordering::Equal, |ordering, (field, (a, b))| {
        ordering.then_with(|| match field.order {
            Order::Asc => natural(a, b),
            Order::Desc => natural(b, a),
        })
    })
}

/// Small alphabets, so that equal values and common prefixes happen.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => vec(select(vec!['\0', '\u{1}', 'a', 'b', 'é', '\u{10FFFF}']), 0..5)
            .prop_map(String::from_iter),
        1 => any::<String>(),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(select(vec![0_u8, 1, 0x10, 0x41, 0xFE, 0xFF]), 0..6)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let coefficient = prop_oneof![
        -120_i128..120,
        any::<i64>().prop_map(i128::from),
        -(10_i128.pow(38) - 1)..10_i128.pow(38),
    ];
    (coefficient, prop_oneof![-3..4_i32, -9000..9000_i32])
        .prop_map(|(coefficient, scale)| Decimal::new(coefficient, scale).unwrap())
}

fn date() -> impl Strategy<Value = Date> {
    prop_oneof![
        Date::MIN.days()..=Date::MAX.days(),
        18_600..18_800_i32,
        select(vec![Date::MIN.days(), Date::MAX.days()])
    ]
    .prop_map(|days| Date::from_days(days).unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        0..=Time::MAX.nanos(),
        (0..86_400_u64).prop_map(|second| second * 1_000_000_000),
        select(vec![0, Time::MAX.nanos(), 500_000_000]),
    ]
    .prop_map(|nanos| Time::from_nanos(nanos).unwrap())
}

fn date_time() -> impl Strategy<Value = DateTime> {
    (date(), time()).prop_map(|(date, time)| DateTime { date, time })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    let limit = Timestamp::MAX_OFFSET_MINUTES;
    let offset = prop_oneof![
        select(vec![0, 60, 120, -660, limit, -limit]),
        -limit..=limit
    ];
    (date_time(), offset).prop_map(|(utc, offset)| {
        Timestamp::from_utc(utc, offset).unwrap_or(Timestamp::from_utc(utc, 0).unwrap())
    })
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        select(vec![
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN
        ]),
        -5.0..5.0_f64,
    ]
}

fn value(kind: KeyType) -> BoxedStrategy<KeyValue> {
    match kind {
        KeyType::Bool => any::<bool>().prop_map(KeyValue::Bool).boxed(),
        KeyType::I8 => any::<i8>().prop_map(KeyValue::I8).boxed(),
        KeyType::I16 => any::<i16>().prop_map(KeyValue::I16).boxed(),
        KeyType::I32 => any::<i32>().prop_map(KeyValue::I32).boxed(),
        KeyType::I64 => prop_oneof![any::<i64>(), -2..2_i64, select(vec![i64::MIN, i64::MAX])]
            .prop_map(KeyValue::I64)
            .boxed(),
        KeyType::U8 => any::<u8>().prop_map(KeyValue::U8).boxed(),
        KeyType::U16 => any::<u16>().prop_map(KeyValue::U16).boxed(),
        KeyType::U32 => any::<u32>().prop_map(KeyValue::U32).boxed(),
        KeyType::U64 => prop_oneof![any::<u64>(), 0..3_u64, Just(u64::MAX)]
            .prop_map(KeyValue::U64)
            .boxed(),
        KeyType::F32 => prop_oneof![
            any::<u32>().prop_map(f32::from_bits),
            float().prop_map(|value| value as f32)
        ]
        .prop_map(KeyValue::F32)
        .boxed(),
        KeyType::F64 => float().prop_map(KeyValue::F64).boxed(),
        KeyType::Decimal => decimal().prop_map(KeyValue::Decimal).boxed(),
        KeyType::String => text().prop_map(KeyValue::String).boxed(),
        KeyType::Bytes => bytes().prop_map(KeyValue::Bytes).boxed(),
        KeyType::Uuid => prop_oneof![any::<[u8; 16]>(), select(vec![[0; 16], [0xFF; 16]])]
            .prop_map(KeyValue::Uuid)
            .boxed(),
        KeyType::Date => date().prop_map(KeyValue::Date).boxed(),
        KeyType::Time => time().prop_map(KeyValue::Time).boxed(),
        KeyType::DateTime => date_time().prop_map(KeyValue::DateTime).boxed(),
        KeyType::Timestamp => timestamp().prop_map(KeyValue::Timestamp).boxed(),
        KeyType::Any => any::<i64>()
            .prop_map(|i| KeyValue::Any(AnyValue::Integer(i)))
            .boxed(),
    }
}

fn optional_value(kind: KeyType) -> impl Strategy<Value = KeyValue> {
    prop_oneof![1 => Just(KeyValue::Null), 5 => value(kind)]
}

fn spec() -> impl Strategy<Value = KeySpec> {
    let kind = || select(KeyType::ALL.to_vec());
    let single = kind().prop_map(KeySpec::single);
    let field = (kind(), any::<bool>());
    let composite = (vec(field, 1..4), vec(kind(), 0..3)).prop_map(|(fields, ride_on)| {
        let fields = fields
            .into_iter()
            .enumerate()
            .map(|(at, (kind, descending))| {
                let field = KeyField::new(format!("f{at}"), kind);
                if descending {
                    field.descending()
                } else {
                    field
                }
            });
        let ride_on = ride_on.into_iter().enumerate();
        let ride_on = ride_on.map(|(at, kind)| RideOnField::new(format!("r{at}"), kind));
        KeySpec::composite(fields.collect(), ride_on.collect()).unwrap()
    });
    prop_oneof![single, composite.clone(), composite]
}

fn key(spec: &KeySpec) -> BoxedStrategy<Key> {
    if let Some(kind) = spec.kind() {
        return value(kind).prop_map(Key::from).boxed();
    }
    let values: Vec<_> = spec
        .fields()
        .iter()
        .map(|field| optional_value(field.kind))
        .collect();
    let ride_on: Vec<_> = spec
        .ride_on()
        .iter()
        .map(|field| optional_value(field.kind))
        .collect();
    (values, ride_on)
        .prop_map(|(values, ride_on)| Key { values, ride_on })
        .boxed()
}

fn spec_and_keys(count: usize) -> impl Strategy<Value = (KeySpec, Vec<Key>)> {
    spec().prop_flat_map(move |spec| {
        let keys = vec(key(&spec), count);
        (Just(spec), keys)
    })
}

fn has_nan(key: &Key) -> bool {
    key.values
        .iter()
        .chain(&key.ride_on)
        .any(|value| match value {
            KeyValue::F32(value) => value.is_nan(),
            KeyValue::F64(value) => value.is_nan(),
            _ => false,
        })
}

/// Replaces one field by that of another key, so that keys share beginnings.
fn mixed(keys: &mut [Key], spec: &KeySpec) {
    if let [first, second, ..] = keys
        && spec.fields().len() > 1
    {
        second.values[0] = first.values[0].clone();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn encoding_keeps_the_order((spec, mut keys) in spec_and_keys(6)) {
        mixed(&mut keys, &spec);
        let encoded: Vec<EncodedKey> = keys.iter().map(|key| spec.encode(key).unwrap()).collect();
        for (a, a_bytes) in keys.iter().zip(&encoded) {
            for (b, b_bytes) in keys.iter().zip(&encoded) {
                let expected = natural_key(&spec, a, b);
                prop_assert_eq!(a_bytes.order.cmp(&b_bytes.order), expected, "{} and {}", a, b);
                if expected != Ordering::Equal {
                    prop_assert!(!a_bytes.order.starts_with(&b_bytes.order));
                }
            }
        }
    }

    #[test]
    fn decoding_gives_the_key_back((spec, keys) in spec_and_keys(3)) {
        for key in keys {
            let encoded = spec.encode(&key).unwrap();
            prop_assert_eq!(&spec.decode(&encoded.order, &encoded.ride_on).unwrap(), &key);
            let without = spec.decode(&encoded.order, &[]).unwrap();
            prop_assert_eq!(spec.encode(&without).unwrap().order, encoded.order.clone());
            let mut appended = b"before".to_vec();
            spec.encode_order_into(&key, &mut appended).unwrap();
            prop_assert_eq!(&appended[6..], &encoded.order);
            let leading = spec.decode_leading(&encoded.order, 1).unwrap();
            prop_assert_eq!(natural(&leading[0], &key.values[0]), Ordering::Equal);
            prop_assert!(spec.decode_i64(&encoded.order).is_none_or(|n| key.values == [KeyValue::I64(n)]));
        }
    }

    #[test]
    fn json_gives_the_key_back((spec, keys) in spec_and_keys(3)) {
        for key in keys {
            let json = spec.key_to_json(&key);
            if has_nan(&key) {
                prop_assert!(spec.key_from_json(&json).is_err());
                continue;
            }
            prop_assert_eq!(&spec.key_from_json(&json).unwrap(), &key);
            for style in [JsonStyle::Exact, JsonStyle::BigIntAsString] {
                let mut text = Vec::new();
                spec.write_key_json(&key, &mut text, style);
                let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
                if style == JsonStyle::Exact {
                    prop_assert_eq!(&value, &json);
                }
                prop_assert_eq!(&spec.key_from_json(&value).unwrap(), &key);
            }
            if spec.is_composite() {
                let all = key.values.iter().chain(&key.ride_on);
                let array = serde_json::Value::Array(all.map(KeyValue::to_json).collect());
                prop_assert_eq!(&spec.key_from_json(&array).unwrap(), &key);
            }
        }
    }

    #[test]
    fn damaged_bytes_are_errors_or_keys(
        (spec, keys) in spec_and_keys(1),
        random in vec(any::<u8>(), 0..40),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let _ = spec.decode(&random, &[]);
        let EncodedKey { mut order, mut ride_on } = spec.encode(&keys[0]).unwrap();
        let _ = spec.decode(&order, &random);
        let _ = spec.decode(&order[..at.index(order.len() + 1)], &ride_on);
        let changed = at.index(order.len());
        order[changed] = byte;
        if let Ok(key) = spec.decode(&order, &[]) {
            prop_assert_eq!(spec.encode(&key).unwrap().order, order.clone());
        }
        if !ride_on.is_empty() {
            let changed = at.index(ride_on.len());
            ride_on[changed] = byte;
            let _ = spec.decode(&order, &ride_on);
        }
    }

    #[test]
    fn a_prefix_takes_exactly_its_keys(
        (spec, mut keys) in spec_and_keys(6),
        fields in 0..4_usize,
        cut in any::<prop::sample::Index>(),
    ) {
        mixed(&mut keys, &spec);
        let fields = fields.min(spec.fields().len());
        let leading = keys[0].values[..fields].to_vec();
        let same_leading = |key: &Key| {
            let pairs = key.values.iter().zip(&leading);
            pairs.fold(true, |same, (a, b)| same && natural(a, b) == Ordering::Equal)
        };
        let whole = spec.prefix(&KeyPrefix { leading: leading.clone(), partial: None }).unwrap();
        for key in &keys {
            prop_assert_eq!(whole.contains(&spec.encode(key).unwrap().order), same_leading(key));
        }
        let Some(field) = spec.fields().get(fields).filter(|field| field.kind.has_text_prefix()) else {
            return Ok(());
        };
        let Some(full) = shown(&keys[0].values[fields]) else { return Ok(()) };
        let length = cut.index(full.chars().count() + 1);
        let partial: String = full.chars().take(length).collect();
        let range = spec.prefix(&KeyPrefix { leading: leading.clone(), partial: Some(partial.clone()) });
        let range = range.unwrap();
        for key in &keys {
            let text = shown(&key.values[fields]);
            // A time without decimals begins like all times of its second.
            let begins = text.is_some_and(|text| {
                text.starts_with(&partial) || (field.kind != KeyType::String
                    && partial.ends_with('.') && format!("{text}.").starts_with(&partial))
            });
            let expected = same_leading(key) && begins;
            let found = range.contains(&spec.encode(key).unwrap().order);
            prop_assert_eq!(found, expected, "{} of {} in {:?}", partial, key, range);
        }
    }

    #[test]
    fn any_text_is_a_prefix_or_an_error(spec in spec(), text in "[-0-9T:.a-fZ=+/ ]{0,30}") {
        let _ = spec.prefix(&KeyPrefix { leading: Vec::new(), partial: Some(text) });
    }

    #[test]
    fn a_range_takes_exactly_its_keys((spec, keys) in spec_and_keys(6), included in any::<[bool; 2]>()) {
        let bound = |key, included| if included { Bound::Included(key) } else { Bound::Excluded(key) };
        let range = spec.range(bound(&keys[0], included[0]), bound(&keys[1], included[1])).unwrap();
        for key in &keys {
            let above = natural_key(&spec, key, &keys[0]);
            let below = natural_key(&spec, key, &keys[1]);
            let expected = (above == Ordering::Greater || (included[0] && above == Ordering::Equal))
                && (below == Ordering::Less || (included[1] && below == Ordering::Equal));
            let mut order = spec.encode(key).unwrap().order;
            prop_assert_eq!(range.contains(&order), expected);
            prop_assert!(!expected || !range.is_empty());
            // An id may follow.
            order.extend_from_slice(&u64::MAX.to_be_bytes());
            prop_assert_eq!(range.contains(&order), expected);
        }
    }

    #[test]
    fn an_intersection_is_in_both(bounds in vec((0..3_u8, vec(0..3_u8, 0..3)), 4), probe in vec(0..3_u8, 0..3)) {
        let bound = |at: usize| match bounds[at].clone() {
            (0, _) => Bound::Unbounded,
            (1, bytes) => Bound::Included(bytes),
            (_, bytes) => Bound::Excluded(bytes),
        };
        let a = KeyRange { lo: bound(0), hi: bound(1) };
        let b = KeyRange { lo: bound(2), hi: bound(3) };
        let both = a.intersect(&b);
        prop_assert_eq!(both.contains(&probe), a.contains(&probe) && b.contains(&probe));
        prop_assert!(!both.is_empty() || !both.contains(&probe));
    }
}

/// The JSON text without quotes, with all nine decimals cut as it is shown; timestamps in UTC.
fn shown(value: &KeyValue) -> Option<String> {
    match value {
        KeyValue::Null => None,
        KeyValue::Timestamp(timestamp) => Some(timestamp.utc().to_string()),
        value => match value.to_json() {
            serde_json::Value::String(text) => Some(text),
            other => Some(other.to_string()),
        },
    }
}

fn spec_of(json: &str) -> KeySpec {
    serde_json::from_str(json).unwrap()
}

fn error_of(spec: &KeySpec, json: &str) -> String {
    let json = serde_json::from_str(json).unwrap();
    spec.key_from_json(&json).unwrap_err().to_string()
}

#[test]
fn errors_say_what_to_do() {
    let composite = spec_of(
        r#"{"type":"composite","fields":[{"name":"artist","type":"string"},{"name":"year","type":"u16"}]}"#,
    );
    for (json, message) in [
        (
            r#"{"artits":"x"}"#,
            r#"the key has no field "artits"; did you mean "artist"?"#,
        ),
        (r#"["x"]"#, r#"key field "year" (u16) is missing"#),
        (
            r#"["x",1,2]"#,
            "the key has 0 ride-on fields, but 1 values were given",
        ),
        (
            r#"{"artist":"x","year":70000}"#,
            r#"key field "year": 70000 is not a u16: write a whole number from 0 to 65535"#,
        ),
        (
            r#"{"artist":5}"#,
            r#"key field "artist" takes string, not the number 5"#,
        ),
        (
            r#""x""#,
            "key field \"key\" takes string, not the string \"x\"; a composite key is an object of its fields or an array of their values",
        ),
    ] {
        assert_eq!(error_of(&composite, json), message);
    }
    let single = |kind| KeySpec::single(kind);
    assert_eq!(
        error_of(&single(KeyType::I64), "null"),
        r#"key field "key" (i64) is missing"#
    );
    assert!(error_of(&single(KeyType::F64), "\"NaN\"").contains("no NaN"));
    assert!(error_of(&single(KeyType::F64), "1e400").contains("out of the range"));
    assert!(error_of(&single(KeyType::Date), "\"2021-02-29\"").contains("YYYY-MM-DD"));
    assert!(error_of(&single(KeyType::Timestamp), "\"2021-02-01T00:00:00\"").contains("offset"));
    assert!(error_of(&single(KeyType::Bytes), "\"?\"").contains("base64"));
    assert!(error_of(&single(KeyType::I64), "1.5").contains("whole number"));
}

#[test]
fn a_key_that_is_too_long_is_refused_with_the_limit() {
    let spec = KeySpec::single(KeyType::String);
    let error = spec.encode(&Key::from("x".repeat(64 * 1024))).unwrap_err();
    assert!(matches!(
        error,
        KeyError::TooLong {
            limit: MAX_KEY_BYTES,
            ..
        }
    ));
    assert!(error.to_string().contains("32768"));
    assert!(
        spec.encode(&Key::from("x".repeat(MAX_KEY_BYTES - 2)))
            .is_ok()
    );
    assert!(
        spec.encode(&Key::from("x".repeat(MAX_KEY_BYTES - 1)))
            .is_err()
    );
    assert!(
        spec.encode(&Key::from("\0".repeat(MAX_KEY_BYTES / 2)))
            .is_err()
    );
}

#[test]
fn wrong_types_and_counts_are_refused() {
    let spec = KeySpec::single(KeyType::I64);
    assert!(matches!(
        spec.encode(&Key::from(1_i32)),
        Err(KeyError::TypeMismatch { .. })
    ));
    assert!(matches!(
        spec.encode(&Key::default()),
        Err(KeyError::FieldCount { .. })
    ));
    assert!(matches!(
        spec.encode(&Key::from(KeyValue::Null)),
        Err(KeyError::MissingField { .. })
    ));
    let extra = Key::from(1_i64).with_ride_on([true]);
    assert!(matches!(
        spec.encode(&extra),
        Err(KeyError::FieldCount { .. })
    ));
    let prefix = |leading: usize, partial: Option<&str>| {
        spec.prefix(&KeyPrefix {
            leading: vec![1_i64.into(); leading],
            partial: partial.map(str::to_owned),
        })
    };
    assert!(prefix(1, None).is_ok());
    for refused in [prefix(2, None), prefix(1, Some("")), prefix(0, Some("1"))] {
        assert!(matches!(refused, Err(KeyError::InvalidPrefix { .. })));
    }
}

#[test]
fn identity_of_decimals_and_timestamps() {
    let same = |kind, a: &str, b: &str| {
        let spec = KeySpec::single(kind);
        let encode = |text: &str| {
            let json = serde_json::from_str(text).unwrap();
            spec.encode(&spec.key_from_json(&json).unwrap()).unwrap()
        };
        (
            encode(a).order == encode(b).order,
            encode(a).ride_on == encode(b).ride_on,
        )
    };
    assert_eq!(same(KeyType::Decimal, "1.0", "\"1.00\""), (true, true));
    assert_eq!(
        same(
            KeyType::Timestamp,
            "\"2021-01-01T10:00:00+02:00\"",
            "\"2021-01-01T08:00:00Z\""
        ),
        (true, false)
    );
    assert_eq!(same(KeyType::F64, "0.0", "-0.0"), (false, true));
}

/// The encoding is a format: these bytes must never change.
#[test]
fn encoded_form() {
    let order = |kind, json: &str| {
        let spec = KeySpec::single(kind);
        let key = spec
            .key_from_json(&serde_json::from_str(json).unwrap())
            .unwrap();
        let order = spec.encode(&key).unwrap().order;
        let digits: Vec<String> = order.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    assert_eq!(order(KeyType::Bool, "true"), "01");
    assert_eq!(order(KeyType::I8, "-1"), "7f");
    assert_eq!(order(KeyType::I16, "1"), "8001");
    assert_eq!(order(KeyType::I32, "-2147483648"), "00000000");
    assert_eq!(order(KeyType::I64, "9007199254740993"), "8020000000000001");
    assert_eq!(
        order(KeyType::U64, "18446744073709551615"),
        "ffffffffffffffff"
    );
    assert_eq!(order(KeyType::F32, "1.5"), "bfc00000");
    assert_eq!(order(KeyType::F64, "-0.0"), "7fffffffffffffff");
    assert_eq!(order(KeyType::Decimal, "0"), "01");
    assert_eq!(order(KeyType::Decimal, "12.5"), "0280020d3300");
    assert_eq!(order(KeyType::Decimal, "-12.5"), "007ffdf2ccff");
    assert_eq!(order(KeyType::String, "\"a\\u0000b\""), "6100ff620000");
    assert_eq!(order(KeyType::Bytes, "\"AP8=\""), "00ffff0000");
    assert_eq!(order(KeyType::Date, "\"1970-01-02\""), "80000001");
    assert_eq!(order(KeyType::Time, "\"00:00:01\""), "00003b9aca00");
    assert_eq!(
        order(KeyType::DateTime, "\"1970-01-02T00:00:01\""),
        "8000000100003b9aca00"
    );
    assert_eq!(
        order(KeyType::Timestamp, "\"1970-01-02T02:00:01+02:00\""),
        "8000000100003b9aca00"
    );
    let spec = spec_of(concat!(
        r#"{"type":"composite","fields":[{"name":"a","type":"string","order":"desc"},"#,
        r#"{"name":"b","type":"u8"},{"name":"t","type":"timestamp"}],"ride_on":[{"name":"c","type":"u8"}]}"#
    ));
    let timestamp = Timestamp::from_utc(
        DateTime {
            date: Date::from_days(0).unwrap(),
            time: Time::MIN,
        },
        60,
    );
    let key = Key::composite(["a".into(), KeyValue::Null, timestamp.unwrap().into()])
        .with_ride_on([7_u8]);
    let encoded = spec.encode(&key).unwrap();
    assert_eq!(
        encoded.order,
        b"\xFE\x9E\xFF\xFF\x00\x01\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    );
    assert_eq!(encoded.ride_on, [0, 60, 1, 7]);
}
