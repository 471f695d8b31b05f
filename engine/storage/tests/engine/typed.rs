//! Stores of one's own types: the same store as the untyped one, seen as a map.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use sop::key::{Date, DateTime, Decimal, Time, Timestamp};
use sop::{
    AsKey, Database, Error, KeyField, KeySpec, KeyType, Mode, RideOnField, Store, StoreDefinition,
    TypedKey,
};

use crate::support::*;

#[derive(Serialize, Deserialize, PartialEq, Clone, Debug)]
struct User {
    name: String,
    #[serde(default)]
    age: Option<u8>,
}

fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        age: None,
    }
}

fn with_store<K: TypedKey>() -> Database {
    let db = memory();
    create(&db, StoreDefinition::typed::<K>("s"));
    db
}

#[test]
fn a_store_reads_like_a_map() {
    let db = with_store::<String>();
    let tx = db.begin(Mode::Write).unwrap();
    let users = tx.store::<String, User>("s").unwrap();
    for name in ["ada", "bob", "cleo", "clyde", "dora"] {
        users.insert(name, &user(name)).unwrap();
    }
    assert!(matches!(
        users.insert("ada", &user("x")),
        Err(Error::KeyExists { .. })
    ));
    assert!(!users.insert_if_absent("ada", &user("x")).unwrap());
    assert!(!users.upsert("bob", &user("Bob")).unwrap());
    assert!(!users.update("eve", &user("Eve")).unwrap());
    assert_eq!(users.get("bob").unwrap(), Some(user("Bob")));
    assert_eq!(users.get(&"bob".to_owned()).unwrap(), Some(user("Bob")));
    assert_eq!(users.get("eve").unwrap(), None);
    assert!(users.contains_key("cleo").unwrap());
    assert!(!users.contains_key("cle").unwrap());
    assert_eq!(
        (users.len().unwrap(), users.is_empty().unwrap()),
        (5, false)
    );
    assert_eq!(users.count("b".."d").unwrap(), 3);
    assert_eq!(users.count("b".to_owned()..).unwrap(), 4);
    assert_eq!(users.count_prefix("cl").unwrap(), 2);
    assert_eq!(users.rank("cleo").unwrap(), 2);
    assert_eq!(users.nth(2).unwrap().unwrap().0, "cleo");
    assert_eq!(users.first().unwrap().unwrap().0, "ada");
    assert_eq!(users.last().unwrap().unwrap().1, user("dora"));
    let keys: Vec<String> = users.keys().map(Result::unwrap).collect();
    assert_eq!(keys, ["ada", "bob", "cleo", "clyde", "dora"]);
    let names = |found: Vec<sop::Result<(String, User)>>| -> Vec<String> {
        found.into_iter().map(|item| item.unwrap().0).collect()
    };
    assert_eq!(names(users.range("b".."cleo").unwrap().collect()), ["bob"]);
    assert_eq!(
        names(users.range("b"..="cleo").unwrap().rev().collect()),
        ["cleo", "bob"]
    );
    assert_eq!(
        names(users.prefix("cl").unwrap().collect()),
        ["cleo", "clyde"]
    );
    assert_eq!(users.pop_first().unwrap().unwrap().0, "ada");
    assert_eq!(users.pop_last().unwrap().unwrap().0, "dora");
    assert_eq!(users.take("bob").unwrap(), Some(user("Bob")));
    assert!(users.remove("cleo").unwrap());
    assert!(!users.remove("cleo").unwrap());
    assert_eq!(names(users.iter().collect()), ["clyde"]);
    tx.commit().unwrap();
}

#[test]
fn what_is_written_typed_is_read_untyped_and_the_other_way() {
    let db = with_store::<i64>();
    let tx = db.begin(Mode::Write).unwrap();
    let users = tx.store::<i64, User>("s").unwrap();
    users.insert(&1, &user("Ada")).unwrap();
    let documents = users.documents();
    let json = value(documents.get(&int(1)).unwrap());
    assert_eq!(json.as_deref(), Some(r#"{"name":"Ada","age":null}"#));
    let grace = doc(r#"{"name":"Grace","age":85,"more":[1]}"#);
    documents.insert(&int(2), &grace).unwrap();
    let read = users.get(&2).unwrap().unwrap();
    assert_eq!((read.name.as_str(), read.age), ("Grace", Some(85)));
}

#[test]
fn a_store_is_only_opened_with_the_keys_that_it_has() {
    let db = with_store::<(String, i64)>();
    let tx = db.begin(Mode::Read).unwrap();
    assert!(tx.store::<(String, i64), i64>("s").is_ok());
    let error = tx.store::<(String, u64), i64>("s").unwrap_err();
    assert_eq!(
        error.to_string(),
        "store \"s\" has keys of type (string, i64), not (string, u64); open it with that type, or \
         untyped"
    );
    assert!(matches!(
        tx.store::<String, i64>("s"),
        Err(Error::WrongKeyType { .. })
    ));
    assert!(matches!(
        tx.store::<String, i64>("t"),
        Err(Error::StoreNotFound { .. })
    ));
}

#[test]
fn errors_name_store_key_and_field() {
    let db = with_store::<i64>();
    let tx = db.begin(Mode::Write).unwrap();
    let floats = tx.store::<i64, BTreeMap<String, Vec<f64>>>("s").unwrap();
    let bad = BTreeMap::from([("a".to_owned(), vec![1.0, f64::NAN])]);
    let error = floats.insert(&7, &bad).unwrap_err();
    assert!(
        matches!(&error, Error::InvalidValue { store, key, field, .. }
        if store == "s" && key == "7" && field == "a.1")
    );
    assert_eq!(floats.len().unwrap(), 0);
    floats
        .insert(&7, &BTreeMap::from([("name".to_owned(), vec![])]))
        .unwrap();
    let users = tx.store::<i64, User>("s").unwrap();
    let expected = "store \"s\", key 7: field \"name\": invalid type: sequence, expected a string";
    assert_eq!(users.get(&7).unwrap_err().to_string(), expected);
    let mut iter = users.iter();
    assert_eq!(iter.next().unwrap().unwrap_err().to_string(), expected);
    assert!(iter.next().is_none());
    // A value that cannot be read is not taken away either.
    assert!(users.pop_first().is_err() && users.take(&7).is_err());
    assert_eq!(users.len().unwrap(), 1);
}

/// Inserts keys that ascend, and looks at all that the store says about them.
fn there_in_order<K>(keys: &[K])
where
    K: TypedKey + Clone + PartialEq + Debug,
{
    let db = with_store::<K>();
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<K, usize>("s").unwrap();
    for (at, key) in keys.iter().enumerate().rev() {
        store.insert(key, &at).unwrap();
    }
    tx.commit().unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let store: Store<'_, K, usize> = tx.store("s").unwrap();
    let found: Vec<K> = store.keys().map(Result::unwrap).collect();
    assert_eq!(found, keys);
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(store.get(key).unwrap(), Some(at));
        assert_eq!(store.rank(key).unwrap(), at as u64);
        let from: Vec<usize> = store
            .range(key.clone()..)
            .unwrap()
            .map(|i| i.unwrap().1)
            .collect();
        assert_eq!(from, (at..keys.len()).collect::<Vec<_>>());
    }
}

#[test]
fn every_type_of_key_is_kept_in_its_order() {
    there_in_order(&[false, true]);
    there_in_order(&[i8::MIN, -1, 0, i8::MAX]);
    there_in_order(&[i16::MIN, -1, 0, i16::MAX]);
    there_in_order(&[i32::MIN, -1, 0, i32::MAX]);
    there_in_order(&[i64::MIN, -1, 0, (1 << 53) + 1, i64::MAX]);
    there_in_order(&[0, u8::MAX]);
    there_in_order(&[0, u16::MAX]);
    there_in_order(&[0, u32::MAX]);
    there_in_order(&[0, 1 << 53, (1 << 53) + 1, u64::MAX]);
    there_in_order(&[f32::NEG_INFINITY, -0.0, 0.0, f32::MAX]);
    there_in_order(&[f64::NEG_INFINITY, -1.5, 0.1, f64::MAX]);
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    there_in_order(&[
        decimal("-1e30"),
        decimal("0"),
        decimal("0.10"),
        decimal("2"),
    ]);
    there_in_order(&[
        String::new(),
        "\0".to_owned(),
        "a".to_owned(),
        "ä".to_owned(),
    ]);
    there_in_order(&[vec![], vec![0], vec![0, 0], vec![255]]);
    there_in_order(&[[0; 16], [1; 16], [255; 16]]);
    there_in_order(&[Date::MIN, Date::from_days(0).unwrap(), Date::MAX]);
    there_in_order(&[Time::MIN, Time::MAX]);
    there_in_order(&[DateTime::MIN, DateTime::MAX]);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    there_in_order(&[at("2021-01-01T12:00:00+02:00"), at("2021-01-01T11:00:00Z")]);
    there_in_order(&[
        (1_u8, None, "b".to_owned()),
        (1, Some(false), "a".to_owned()),
    ]);
    there_in_order(&[
        (1_i64, 1_u8, 1_u16, 1_u32, 1_u64, true, 1_i8, None::<i16>),
        (1, 1, 1, 1, 1, true, 1, Some(-1)),
    ]);
}

#[test]
fn composite_keys_are_asked_for_by_borrowed_text() {
    let db = with_store::<(String, i64)>();
    let tx = db.begin(Mode::Write).unwrap();
    let lines = tx.store::<(String, i64), i64>("s").unwrap();
    for order in ["a", "b", "c"] {
        for line in 0..10 {
            lines.insert(&(order, line), &line).unwrap();
        }
    }
    assert_eq!(lines.get(&("b", 3)).unwrap(), Some(3));
    assert_eq!(lines.count(("a", 5)..("b", 5)).unwrap(), 10);
    assert_eq!(lines.count_prefix(&("b",)).unwrap(), 10);
    assert_eq!(lines.prefix(&("b", 4)).unwrap().count(), 1);
    let last = lines.prefix(&("b",)).unwrap().next_back().unwrap().unwrap();
    assert_eq!(last, (("b".to_owned(), 9), 9));
}

#[test]
fn dates_and_bytes_have_prefixes() {
    let db = with_store::<Date>();
    create(&db, StoreDefinition::typed::<Vec<u8>>("b"));
    let tx = db.begin(Mode::Write).unwrap();
    let days = tx.store::<Date, ()>("s").unwrap();
    for day in 0..400 {
        days.insert(&Date::from_days(day).unwrap(), &()).unwrap();
    }
    assert_eq!(days.count_prefix("1970-02").unwrap(), 28);
    let blobs = tx.store::<Vec<u8>, ()>("b").unwrap();
    for key in [&b"a"[..], b"a\0", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF"] {
        blobs.insert(key, &()).unwrap();
    }
    assert_eq!(blobs.count_prefix(b"a").unwrap(), 4);
    assert_eq!(blobs.count_prefix(b"a\xFF").unwrap(), 2);
    assert_eq!(blobs.count_prefix(b"\xFF").unwrap(), 1);
    assert_eq!(blobs.count_prefix(b"").unwrap(), 6);
    assert!(blobs.contains_key(b"a\0").unwrap());
}

#[derive(Clone, PartialEq, Debug)]
struct DeviceId(u32);
sop::typed_key!(DeviceId(u32));

#[derive(Clone, PartialEq, Debug)]
struct Reading {
    device: DeviceId,
    at: Timestamp,
    unit: Option<String>,
}
sop::typed_key!(Reading { device: DeviceId, at: Timestamp [desc]; ride_on unit: Option<String> });

#[test]
fn structs_of_ones_own_are_keys_with_their_ride_on_fields() {
    let reading = |device, at: &str, unit: Option<&str>| Reading {
        device: DeviceId(device),
        at: at.parse().unwrap(),
        unit: unit.map(str::to_owned),
    };
    let spec = KeySpec::composite(
        vec![
            KeyField::new("device", KeyType::U32),
            KeyField::new("at", KeyType::Timestamp).descending(),
        ],
        vec![RideOnField::new("unit", KeyType::String)],
    );
    assert_eq!(Reading::spec(), spec.unwrap());
    there_in_order(&[
        reading(1, "2021-01-02T00:00:00+01:00", Some("K")),
        reading(1, "2021-01-01T00:00:00Z", None),
        reading(2, "2021-01-03T00:00:00Z", Some("K")),
    ]);
    there_in_order(&[DeviceId(0), DeviceId(7)]);
    let db = with_store::<Reading>();
    let tx = db.begin(Mode::Write).unwrap();
    let readings = tx.store::<Reading, i64>("s").unwrap();
    for (device, second) in [(1, 1), (1, 2), (2, 1)] {
        let at = format!("2021-01-01T00:00:0{second}Z");
        readings
            .insert(&reading(device, &at, None), &second)
            .unwrap();
    }
    let newest = readings
        .prefix(&(DeviceId(1),))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!((newest.0.device, newest.1), (DeviceId(1), 2));
    let at: Timestamp = "2021-01-01T00:00:01Z".parse().unwrap();
    assert_eq!(readings.get(&(DeviceId(2), at)).unwrap(), Some(1));
    assert_eq!(readings.count((DeviceId(1), at)..).unwrap(), 2);
    // Without the ride-on field an update would lose it.
    let db = with_store::<Reading>();
    let tx = db.begin(Mode::Read).unwrap();
    assert!(matches!(
        tx.store::<(u32, Timestamp), ()>("s"),
        Err(Error::WrongKeyType { .. })
    ));
}

#[test]
fn tuple_fields_get_names() {
    let definition = StoreDefinition::typed::<(u32, Date)>("s").with_key_fields(["device", "day"]);
    let names = |d: &StoreDefinition| -> Vec<String> {
        d.key.fields().iter().map(|f| f.name.clone()).collect()
    };
    assert_eq!(names(&definition), ["device", "day"]);
    assert_eq!(
        names(&StoreDefinition::typed::<(u32, Date)>("s")),
        ["field1", "field2"]
    );
    let twice = StoreDefinition::typed::<(u32, Date)>("s").with_key_fields(["a", "a"]);
    assert!(matches!(
        twice.validate(),
        Err(Error::InvalidDefinition { .. })
    ));
}

#[test]
fn a_missing_field_of_a_key_is_an_error_unless_it_is_an_option() {
    let db = with_store::<(u32, Date)>();
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<(u32, Option<Date>), i64>("s").unwrap();
    store.insert(&(1, None::<Date>), &1).unwrap();
    assert_eq!(store.first().unwrap(), Some(((1, None), 1)));
    let strict = tx.store::<(u32, Date), i64>("s").unwrap();
    let error = strict.first().unwrap_err().to_string();
    assert_eq!(
        error,
        "key for store \"s\": key field \"field2\" (date) is missing"
    );
}

#[test]
fn a_store_with_duplicates_gives_the_first_and_ranges_give_all() {
    let db = memory();
    create(
        &db,
        StoreDefinition {
            unique: false,
            ..StoreDefinition::typed::<i64>("s")
        },
    );
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<i64, String>("s").unwrap();
    for value in ["a", "b", "c"] {
        store.insert(&1, &value.to_owned()).unwrap();
    }
    assert_eq!(store.get(&1).unwrap().as_deref(), Some("a"));
    assert!(store.contains_key(&1).unwrap() && !store.contains_key(&2).unwrap());
    assert_eq!(store.count(1..=1).unwrap(), 3);
    assert_eq!(store.pop_last().unwrap().unwrap().1, "c");
    assert_eq!(store.take(&1).unwrap().as_deref(), Some("a"));
    assert_eq!(store.range(1..=1).unwrap().count(), 1);
}

#[test]
fn dates_in_values_are_their_text() {
    let db = with_store::<i64>();
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<i64, (Date, Decimal)>("s").unwrap();
    let value = ("2021-03-31".parse().unwrap(), "0.10".parse().unwrap());
    store.insert(&1, &value).unwrap();
    assert_eq!(store.get(&1).unwrap(), Some(value));
    let json = store
        .documents()
        .get(&int(1))
        .unwrap()
        .unwrap()
        .value
        .to_json();
    assert_eq!(json, r#"["2021-03-31","0.1"]"#);
    store
        .documents()
        .update(&int(1), &doc(r#"["2021-02-31","1"]"#))
        .unwrap();
    assert!(
        store
            .get(&1)
            .unwrap_err()
            .to_string()
            .contains("field \"0\": write an existing day")
    );
}

#[test]
fn reading_by_key_is_validated_like_every_read() {
    let db = with_store::<i64>();
    for contains in [false, true] {
        let (a, b) = (
            db.begin(Mode::Write).unwrap(),
            db.begin(Mode::Write).unwrap(),
        );
        let key = i64::from(contains);
        let read = a.store::<i64, i64>("s").unwrap();
        if contains {
            assert!(!read.contains_key(&key).unwrap());
        } else {
            assert_eq!(read.get(&key).unwrap(), None);
        }
        read.insert(&(key + 10), &0).unwrap();
        b.store::<i64, i64>("s").unwrap().insert(&key, &0).unwrap();
        b.commit().unwrap();
        assert!(a.commit().unwrap_err().is_conflict());
    }
}

proptest! {
    /// Both ends of a range, in any order, over the tree and the transaction's own changes.
    #[test]
    fn both_ends_meet_like_those_of_a_map(
        committed in proptest::collection::btree_map(0_u8..40, any::<i32>(), 0..20),
        changed in proptest::collection::btree_map(0_u8..40, any::<Option<i32>>(), 0..20),
        (lo, hi) in (0_u8..40, 0_u8..40),
        ends in proptest::collection::vec(any::<bool>(), 0..50),
    ) {
        let db = with_store::<u8>();
        db.transact(|tx| {
            let store = tx.store::<u8, i32>("s")?;
            committed.iter().try_for_each(|(key, value)| store.insert(key, value))
        }).unwrap();
        let mut model = committed;
        let tx = db.begin(Mode::Write).unwrap();
        let store = tx.store::<u8, i32>("s").unwrap();
        for (key, value) in &changed {
            if let Some(value) = value {
                let new = store.upsert(key, value).unwrap();
                prop_assert_eq!(new, model.insert(*key, *value).is_none());
            } else {
                prop_assert_eq!(store.take(key).unwrap(), model.remove(key));
            }
        }
        let wanted: Vec<(u8, i32)> = model.iter().map(|(k, v)| (*k, *v))
            .filter(|(k, _)| (lo..hi).contains(k)).collect();
        prop_assert_eq!(store.count(lo..hi).unwrap(), wanted.len() as u64);
        let mut wanted = wanted.into_iter();
        let mut found = store.range(lo..hi).unwrap();
        let mut keys = store.keys();
        let mut model_keys = model.keys().copied();
        for back in ends {
            let (item, expected) = if back {
                prop_assert_eq!(keys.next_back().transpose().unwrap(), model_keys.next_back());
                (found.next_back(), wanted.next_back())
            } else {
                prop_assert_eq!(keys.next().transpose().unwrap(), model_keys.next());
                (found.next(), wanted.next())
            };
            prop_assert_eq!(item.transpose().unwrap(), expected);
        }
    }
}

/// Own kinds of questions are possible, too: here text that is trimmed.
struct Trimmed<'a>(&'a str);

impl AsKey<String> for Trimmed<'_> {
    fn as_key(&self) -> sop::Key {
        self.0.trim().as_key()
    }
}

#[test]
fn own_types_can_ask_for_keys() {
    let db = with_store::<String>();
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<String, i64>("s").unwrap();
    store.insert("a", &1).unwrap();
    assert_eq!(store.get(&Trimmed(" a ")).unwrap(), Some(1));
}
