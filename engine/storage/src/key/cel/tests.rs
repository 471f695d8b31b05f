//! What expressions see, what they are refused for, and the order of sort keys.

use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::key::{
    CelExpression, Date, DateTime, Decimal, Key, KeyError, KeyField, KeyPrefix, KeySpec, KeyType,
    KeyValue, RideOnField, Time, Timestamp,
};

fn fields() -> KeySpec {
    let field = |kind: KeyType| KeyField::new(format!("f_{kind}"), kind);
    let ride_on = vec![RideOnField::new("note", KeyType::String)];
    KeySpec::composite(KeyType::ALL.map(field).to_vec(), ride_on).unwrap()
}

fn compare(text: &str) -> CelExpression {
    CelExpression::Compare(text.to_owned())
}

fn sort_key(text: &str) -> CelExpression {
    CelExpression::SortKey(text.to_owned())
}

fn full_key() -> Key {
    let date = Date::from_ymd(2024, 2, 29).unwrap();
    let time = Time::from_hms(13, 14, 15, 16).unwrap();
    let date_time = DateTime { date, time };
    Key::composite([
        KeyValue::Bool(true),
        KeyValue::I8(-8),
        KeyValue::I16(-16),
        KeyValue::I32(-32),
        KeyValue::I64(-9_007_199_254_740_993),
        KeyValue::U8(8),
        KeyValue::U16(16),
        KeyValue::U32(32),
        KeyValue::U64(u64::MAX),
        KeyValue::F32(0.5),
        KeyValue::F64(0.25),
        KeyValue::Decimal("12345678901234567890.5".parse().unwrap()),
        KeyValue::String("Aé".to_owned()),
        KeyValue::Bytes(vec![1, 0, 2]),
        KeyValue::Uuid([0xAB; 16]),
        KeyValue::Date(date),
        KeyValue::Time(time),
        KeyValue::DateTime(date_time),
        KeyValue::Timestamp(Timestamp::from_local(date_time, 60).unwrap()),
    ])
}

/// Whether a condition holds for the full key.
fn holds(condition: &str) -> bool {
    let spec = fields().ordered_by(sort_key(condition)).unwrap();
    let order = spec.encode(&full_key()).unwrap().order;
    assert_eq!(order[0], 0x18, "{condition} gives no bool");
    order[1] == 1
}

#[test]
fn fields_have_the_types_that_are_documented() {
    for condition in [
        "key.f_bool == true",
        "key.f_i8 + key.f_i16 + key.f_i32 == -56",
        "key.f_i64 == -9007199254740993 && key.f_i64 != -9007199254740992",
        "key.f_u64 == 18446744073709551615u && key.f_u64 > 18446744073709551614u",
        "key.f_u8 + key.f_u16 + key.f_u32 == 56u",
        "key.f_f32 == 0.5 && key.f_f64 == 0.25",
        "key.f_decimal > 12345678901234567890u && key.f_decimal < 12345678901234567891u",
        "string(key.f_decimal) == '12345678901234567890.5' && double(key.f_decimal) > 1e19",
        "key.f_string == 'Aé' && key.f_string.lowerAscii() == 'aé' && size(key.f_string) == 2",
        "'é'.upperAscii() + key.f_string.upperAscii() == 'éAé'",
        "key.f_bytes == b'\\x01\\x00\\x02'",
        "key.f_uuid == 'abababab-abab-abab-abab-abababababab'",
        "key.f_date == timestamp('2024-02-29T00:00:00Z')",
        "key.f_time == duration('13h') + duration('14m') + duration('15s') + duration('16ns')",
        "key.f_datetime.getHours() == 13 && key.f_timestamp.getHours() == 12",
        "key.f_timestamp == timestamp('2024-02-29T12:14:15.000000016Z')",
        "has(key.f_i8) && key[\"f_i8\"] == key.f_i8",
        "compare([1, 'a'], [1, 'b']) == -1 && compare(2, 1u) == 1 && compare(null, false) == -1",
        "{'low': 1, 'high': 0}['high'] == 0 && key.f_string in ['b', 'Aé']",
    ] {
        assert!(holds(condition), "{condition}");
    }
    let missing = Key::composite(vec![KeyValue::Null; KeyType::ALL.len()]);
    let spec = fields()
        .ordered_by(sort_key("has(key.f_i8) || key.f_string != null"))
        .unwrap();
    assert_eq!(spec.encode(&missing).unwrap().order[1], 0);
}

#[test]
fn bad_expressions_are_refused_with_the_place_and_the_fault() {
    let long = format!("key.f_i8 == {}", "1".repeat(2_000));
    let chain = vec!["key.f_i8"; 150].join("+");
    let nots = format!("{}true", "!".repeat(1_900));
    let deep = format!("{}1{}", "(".repeat(990), ")".repeat(990));
    let lists = format!("{}{}", "[".repeat(990), "]".repeat(990));
    let ternaries = format!("{}1", "a?".repeat(990));
    for (expression, part) in [
        (sort_key(""), "it is empty"),
        (sort_key(&long), "the limit is 2000"),
        (sort_key("key.f_i8 +"), "line 1, column 11: Syntax error"),
        (sort_key("1 +\n  * 2"), "line 2, column 3: Syntax error"),
        (
            sort_key("key.f_i9"),
            "no field \"f_i9\"; did you mean \"f_i8\"?",
        ),
        (
            sort_key("1 == 1 ? key['f_u3'] : 1u"),
            "column 13: the key has no field \"f_u3\"",
        ),
        (
            sort_key("keys.f_i8"),
            "no variable \"keys\"; did you mean \"key\"?; sort_key has key",
        ),
        (compare("key.f_i8 - mapY.f_i8"), "compare has mapX and mapY"),
        (sort_key("key"), "name a field of key, like key.f_bool"),
        (sort_key("key.note"), "ride-on field"),
        (
            sort_key("lowerASCII(key.f_string)"),
            "did you mean \"lowerAscii\"?",
        ),
        (
            sort_key("key.f_string.matches('a')"),
            "no function \"matches\"",
        ),
        (sort_key("[1, 2].map(x, x * 2)"), "no loops"),
        (
            sort_key("key.f_date.getHours('Europe/Berlin')"),
            "no time zone",
        ),
        (sort_key("A{a: 1}"), "no messages"),
        (sort_key("{'a': 1}"), "type map has no place in a sort key"),
        (
            compare("mapX.f_i8 < mapY.f_string ? -1 : 1"),
            "no matching overload",
        ),
        (compare("mapX.f_i8 < mapY.f_i8"), "type bool, not an int"),
        (compare("mapX.f_u8 - mapY.f_u8"), "type uint, not an int"),
        (sort_key(&chain), "too large"),
        (sort_key(&nots), ""),
        (sort_key(&deep), ""),
        (sort_key(&lists), ""),
        (sort_key(&ternaries), ""),
        (sort_key("'"), "line 1, column 1"),
        (sort_key("é"), "line 1, column 1"),
    ] {
        let form = expression.form();
        let text = expression.text().chars().take(60).collect::<String>();
        let found = fields().ordered_by(expression);
        if part.is_empty() {
            // Not to overflow a stack or to panic is all that is asked.
            continue;
        }
        let error = found.unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(error.contains(form), "{text}: {error}");
    }
    let single = KeySpec::single(KeyType::I64).ordered_by(sort_key("key.key"));
    assert!(
        single
            .unwrap_err()
            .to_string()
            .contains("only a composite key")
    );
}

#[test]
fn expressions_as_deep_as_they_may_be_can_be_evaluated_on_any_thread() {
    let chain = vec!["key.f_i64"; 45].join(" - ");
    let ternary = format!("{}2", "key.f_i64 > 0 ? 1 : ".repeat(20));
    for text in [chain, ternary] {
        let spec = fields().ordered_by(sort_key(&text)).unwrap();
        spec.encode(&full_key()).unwrap();
    }
}

#[test]
fn a_failing_evaluation_names_the_key_and_what_cel_says() {
    let spec = fields().ordered_by(sort_key("100 / key.f_i8")).unwrap();
    let mut key = full_key();
    key.values[1] = KeyValue::I8(0);
    let error = spec.encode(&key).unwrap_err();
    assert!(matches!(
        error,
        KeyError::Evaluation {
            form: "sort_key",
            ..
        }
    ));
    let text = error.to_string();
    assert!(
        text.contains("Division by zero") && text.contains("\"f_i8\":0"),
        "{text}"
    );
    // A value of the wrong type is told as everywhere else.
    key.values[1] = KeyValue::Bool(true);
    assert!(matches!(
        spec.encode(&key),
        Err(KeyError::TypeMismatch { .. })
    ));
}

#[test]
fn sort_keys_of_all_types_have_one_order() {
    let ascending = [
        "null",
        "false",
        "true",
        "-9223372036854775807 - 1",
        "-1",
        "0u",
        "1",
        "9223372036854775807",
        "9223372036854775808u",
        "18446744073709551615u",
        "-1.0 / 0.0",
        "-1.5",
        "0.0",
        "1.0",
        "key.f_decimal",
        "''",
        "'\\x00'",
        "'a'",
        "'a\\x00'",
        "'aa'",
        "b''",
        "b'\\x00'",
        "b'a'",
        "timestamp('0001-01-01T00:00:00Z')",
        "timestamp('1969-12-31T23:59:59.5Z')",
        "timestamp('1970-01-01T00:00:00Z')",
        "duration('-1.5s')",
        "duration('-1s')",
        "duration('1ns')",
        "[]",
        "[null]",
        "[1]",
        "[1, 0]",
        "[1, [2]]",
        "[2]",
        "['a']",
    ];
    let orders: Vec<Vec<u8>> = ascending
        .iter()
        .map(|text| {
            let spec = fields().ordered_by(sort_key(text)).unwrap();
            let encoded = spec.encode(&full_key()).unwrap();
            assert_eq!(
                spec.decode(&encoded.order, &encoded.ride_on)
                    .unwrap()
                    .values,
                full_key().values
            );
            encoded.order
        })
        .collect();
    for (at, pair) in orders.windows(2).enumerate() {
        assert!(pair[0] < pair[1], "{} {}", ascending[at], ascending[at + 1]);
    }
}

#[test]
fn encoded_form_of_sort_keys() {
    let spec = KeySpec::composite(vec![KeyField::new("a", KeyType::U8)], Vec::new()).unwrap();
    let form = |text: &str| {
        let spec = spec.clone().ordered_by(sort_key(text)).unwrap();
        spec.encode(&Key::composite([7_u8])).unwrap().order
    };
    let fields = [1, 7];
    let with = |bytes: &[u8]| [bytes, &fields].concat();
    assert_eq!(form("null"), with(&[0x10]));
    assert_eq!(form("true"), with(&[0x18, 1]));
    assert_eq!(
        form("-1"),
        with(&[0x20, 0, 0x7F, 255, 255, 255, 255, 255, 255, 255])
    );
    assert_eq!(form("key.a"), with(&[0x20, 0, 0x80, 0, 0, 0, 0, 0, 0, 7]));
    assert_eq!(form("1.0"), with(&[0x28, 0xBF, 0xF0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(form("'a'"), with(&[0x38, b'a', 0, 0]));
    assert_eq!(form("b'a'"), with(&[0x40, b'a', 0, 0]));
    assert_eq!(
        form("timestamp(1)"),
        with(&[0x48, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    );
    assert_eq!(
        form("duration('1s')"),
        with(&[0x50, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    );
    assert_eq!(form("[null, []]"), with(&[0x58, 0x10, 0x58, 0, 0]));
}

#[test]
fn ranges_of_sort_keys_are_of_whole_keys_and_prefixes_say_what_to_do() {
    let spec = KeySpec::composite(
        vec![
            KeyField::new("a", KeyType::String),
            KeyField::new("b", KeyType::I64),
        ],
        Vec::new(),
    )
    .unwrap();
    let by = |expression| spec.clone().ordered_by(expression).unwrap();
    let sorted = by(sort_key("key.b"));
    let key = |a: &str, b: i64| Key::composite([KeyValue::from(a), KeyValue::from(b)]);
    let range = sorted
        .range(
            std::ops::Bound::Included(&key("x", 2)),
            std::ops::Bound::Excluded(&key("a", 4)),
        )
        .unwrap();
    for (a, b, inside) in [
        ("z", 1, false),
        ("w", 2, false),
        ("x", 2, true),
        ("a", 3, true),
        ("a", 4, false),
    ] {
        assert_eq!(
            range.contains(&sorted.encode(&key(a, b)).unwrap().order),
            inside,
            "{a} {b}"
        );
    }
    let prefix = |leading: Vec<KeyValue>| KeyPrefix {
        leading,
        partial: None,
    };
    for spec in [sorted, by(compare("compare(mapX.b, mapY.b)"))] {
        assert!(
            spec.prefix(&KeyPrefix::default())
                .unwrap()
                .contains(b"anything")
        );
        let error = spec
            .prefix(&prefix(vec!["x".into()]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"from\" and \"to\""), "{error}");
        let compared = spec.is_compared();
        let whole = spec.prefix(&prefix(vec!["x".into(), 2_i64.into()]));
        assert_eq!(whole.is_err(), compared);
        assert_eq!(
            spec.encode(&key("x", 1)) == Err(KeyError::OrderedByStore),
            compared
        );
        assert!(spec.identity(&key("x", 1)).is_ok());
    }
}

fn values() -> impl Strategy<Value = Vec<KeyValue>> {
    let text = || "[ab\\x00é]{0,4}".prop_map(KeyValue::from);
    (
        prop_oneof![Just(KeyValue::Null), text()],
        prop_oneof![any::<i64>(), -2..2_i64].prop_map(KeyValue::from),
        prop_oneof![any::<u64>(), 0..2_u64].prop_map(KeyValue::from),
        (-30_i128..30, 0..3).prop_map(|(n, s)| KeyValue::from(Decimal::new(n, s).unwrap())),
        (0..3_u64).prop_map(|n| KeyValue::from(Time::from_nanos(n * 1_000_000_007).unwrap())),
        any::<[u8; 16]>().prop_map(KeyValue::from),
    )
        .prop_map(|(a, b, c, d, e, f)| vec![a, b, c, d, e, f])
}

fn six() -> KeySpec {
    let kinds = [
        KeyType::String,
        KeyType::I64,
        KeyType::U64,
        KeyType::Decimal,
        KeyType::Time,
        KeyType::Uuid,
    ];
    let fields = kinds.iter().zip(["a", "b", "c", "d", "e", "f"]);
    KeySpec::composite(
        fields
            .map(|(kind, name)| KeyField::new(name, *kind))
            .collect(),
        Vec::new(),
    )
    .unwrap()
}

proptest! {
    #[test]
    fn a_sort_key_of_fields_orders_as_the_fields_do(keys in vec(values(), 2)) {
        let natural = |at: [usize; 6], key: &[KeyValue]| {
            let key = at.map(|at| key[at].clone());
            let kinds = at.map(|at| six().fields()[at].clone());
            let spec = KeySpec::composite(kinds.to_vec(), Vec::new()).unwrap();
            spec.encode(&Key::composite(key)).unwrap().order
        };
        let sorted = six().ordered_by(sort_key("[key.f, key.e, key.d, key.c, key.b, key.a]")).unwrap();
        let order = |key: &[KeyValue]| sorted.encode(&Key::composite(key.to_vec())).unwrap().order;
        let (x, y) = (&keys[0], &keys[1]);
        prop_assert_eq!(
            order(x).cmp(&order(y)),
            natural([5, 4, 3, 2, 1, 0], x).cmp(&natural([5, 4, 3, 2, 1, 0], y))
        );
        let decoded = sorted.decode(&order(x), &[]).unwrap();
        prop_assert_eq!(&decoded.values, x);
    }

    #[test]
    fn compare_and_the_operators_agree(keys in vec(values(), 2)) {
        let by = |text: &str| six().ordered_by(compare(text)).unwrap();
        let one = by("compare(mapX.d, mapY.d)");
        let other = by("mapX.d < mapY.d ? -1 : mapX.d > mapY.d ? 1 : 0");
        let said = |spec: &KeySpec| spec.cel_order().unwrap().compare(spec, &keys[0], &keys[1]).unwrap();
        prop_assert_eq!(said(&one), said(&other));
        prop_assert_eq!(said(&one) == Ordering::Equal, keys[0][3] == keys[1][3]);
    }

    #[test]
    fn damaged_sort_keys_are_errors(bytes in vec(prop_oneof![any::<u8>(), Just(0x58), Just(0), Just(0x10)], 0..24)) {
        let spec = six().ordered_by(sort_key("key.a")).unwrap();
        let _ = spec.decode(&bytes, &[]);
        let spec = six().ordered_by(compare("0")).unwrap();
        let _ = spec.decode(&bytes, &[]);
    }
}
