use super::*;
use crate::test_support::TestDatabase;
use proptest::prelude::*;
use serde_json::json;
use sop::key::{Key, KeyField, KeySpec, KeyType, KeyValue, Order};
use sop::{Document, Mode, StoreDefinition};

/// A database whose store `s` has these keys.
fn store_of(spec: &KeySpec, unique: bool, keys: &[Key]) -> TestDatabase {
    let test = TestDatabase::new();
    let mut definition = StoreDefinition::new("s", spec.clone());
    definition.unique = unique;
    definition.slot_length = 4;
    test.db
        .transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
    let value = Document::from_json(b"{}").unwrap();
    test.db
        .transact(|tx| {
            let store = tx.documents("s")?;
            keys.iter().try_for_each(|key| {
                if unique {
                    store.upsert(key, &value).map(|_| ())
                } else {
                    store.insert(key, &value).map(|_| ())
                }
            })
        })
        .unwrap();
    test
}

fn groups(test: &TestDatabase, of: &Value, options: &PrefixOptions) -> Prefixes {
    let tx = test.db.begin(Mode::Read).unwrap();
    let store = tx.documents("s").unwrap();
    let prefix = parse_prefix(&store.definition().key, of).unwrap();
    prefixes(&store, &prefix, options).unwrap()
}

fn shown(test: &TestDatabase, of: &Value, options: &PrefixOptions) -> Vec<(String, u64, bool)> {
    groups(test, of, options)
        .groups
        .into_iter()
        .map(|group| (group.label, group.count, group.leaf))
        .collect()
}

fn labels(groups: &[(&str, u64, bool)]) -> Vec<(String, u64, bool)> {
    groups
        .iter()
        .map(|(label, count, leaf)| ((*label).to_owned(), *count, *leaf))
        .collect()
}

fn invoice_spec() -> KeySpec {
    let fields = [
        ("Country", KeyType::String),
        ("Date", KeyType::Date),
        ("Id", KeyType::I64),
    ];
    KeySpec::composite(
        fields
            .map(|(name, kind)| KeyField::new(name, kind))
            .to_vec(),
        Vec::new(),
    )
    .unwrap()
}

fn invoice(country: &str, date: &str, id: i64) -> Key {
    Key {
        values: vec![
            country.into(),
            KeyValue::Date(date.parse().unwrap()),
            id.into(),
        ],
        ride_on: Vec::new(),
    }
}

#[test]
fn countries_then_years_then_months_then_days() {
    let mut keys = vec![
        invoice("Argentina", "2021-05-01", 1),
        invoice("Argentina", "2022-05-01", 2),
    ];
    for month in 1..=12 {
        keys.push(invoice("USA", &format!("2021-{month:02}-03"), month));
        keys.push(invoice("USA", &format!("2021-{month:02}-03"), month + 100));
        keys.push(invoice("USA", &format!("2022-{month:02}-03"), month));
    }
    let test = store_of(&invoice_spec(), true, &keys);
    let options = PrefixOptions::default();
    assert_eq!(
        shown(&test, &json!([]), &options),
        labels(&[("Argentina", 2, false), ("USA", 36, false)])
    );
    assert_eq!(
        shown(&test, &json!(["Argentina"]), &options),
        labels(&[("2021-05-01", 1, true), ("2022-05-01", 1, true)])
    );
    let years = groups(&test, &json!(["USA"]), &options);
    assert_eq!(
        years.groups[0],
        Group {
            label: "2021-".into(),
            prefix: json!(["USA", {"partial": "2021-"}]),
            count: 24,
            leaf: false
        }
    );
    assert_eq!((years.groups.len(), years.more, years.count), (2, None, 36));
    let days = shown(&test, &json!(["USA", {"partial": "2022-"}]), &options);
    assert_eq!(
        (days.len(), &days[0]),
        (12, &("2022-01-03".to_owned(), 1, true))
    );
    let months = shown(
        &test,
        &json!(["USA", {"partial": "2021-"}]),
        &PrefixOptions { few: 3, ..options },
    );
    assert_eq!(
        (months.len(), &months[1]),
        (12, &("2021-02-03".to_owned(), 2, true))
    );
    assert!(shown(&test, &json!(["USA", "2021-02-03"]), &options).is_empty());
    assert!(shown(&test, &json!(["Nowhere"]), &options).is_empty());
    assert!(shown(&test, &json!(["USA", "2021-02-03", 2]), &options).is_empty());
}

#[test]
fn months_of_one_year_follow_at_once() {
    let keys: Vec<Key> = (1..=28)
        .map(|day| invoice("USA", &format!("2021-{:02}-{day:02}", 1 + day % 2), day))
        .collect();
    let test = store_of(&invoice_spec(), true, &keys);
    assert_eq!(
        shown(&test, &json!(["USA"]), &PrefixOptions::default()),
        labels(&[("2021-01-", 14, false), ("2021-02-", 14, false)])
    );
}

#[test]
fn what_is_over_the_limit_is_counted_exactly() {
    let keys: Vec<Key> = (0..30)
        .map(|at| invoice(&format!("{}{at}", ["x", "y", "z"][at % 3]), "2021-01-01", 1))
        .collect();
    let test = store_of(&invoice_spec(), true, &keys);
    let all = PrefixOptions {
        limit: 30,
        ..PrefixOptions::default()
    };
    assert_eq!(shown(&test, &json!([]), &all).len(), 30);
    let few = PrefixOptions {
        limit: 2,
        ..PrefixOptions::default()
    };
    let grouped = groups(&test, &json!([]), &few);
    assert_eq!(
        grouped
            .groups
            .iter()
            .map(|group| (group.label.as_str(), group.count))
            .collect::<Vec<_>>(),
        [("x", 10), ("y", 10)]
    );
    assert_eq!(
        (grouped.more, grouped.count),
        (
            Some(More {
                groups: Some(1),
                count: 10
            }),
            30
        )
    );

    let spec = KeySpec::composite(
        vec![
            KeyField::new("a", KeyType::I64),
            KeyField::new("b", KeyType::I64),
        ],
        Vec::new(),
    )
    .unwrap();
    let keys: Vec<Key> = (0..50i64).map(|at| Key::composite([at / 2, at])).collect();
    let test = store_of(&spec, true, &keys);
    let options = PrefixOptions {
        limit: 10,
        max_counted_groups: 5,
        ..PrefixOptions::default()
    };
    assert_eq!(
        groups(&test, &json!([]), &options).more,
        Some(More {
            groups: None,
            count: 30
        })
    );
    let options = PrefixOptions {
        limit: 10,
        ..PrefixOptions::default()
    };
    assert_eq!(
        groups(&test, &json!([]), &options).more,
        Some(More {
            groups: Some(15),
            count: 30
        })
    );
    assert!(
        groups(&test, &json!([3]), &options).groups.is_empty(),
        "the last field of a unique store is items"
    );
}

#[test]
fn names_are_grouped_by_letters_and_paths_by_separators() {
    let spec = KeySpec::single(KeyType::String);
    let names = [
        "Anna", "Anton", "Bert", "", "Berta", "Bertold", "Zoë", "Zoé", "C1", "C2", "C3", "C4",
        "C5", "C6",
    ];
    let test = store_of(&spec, true, &names.map(Key::from));
    let options = PrefixOptions {
        few: 2,
        ..PrefixOptions::default()
    };
    assert_eq!(
        shown(&test, &json!([]), &options),
        labels(&[
            ("", 1, true),
            ("A", 2, true),
            ("B", 3, false),
            ("C", 6, false),
            ("Z", 2, true)
        ])
    );
    assert_eq!(
        shown(&test, &json!({"partial": "B"}), &options),
        labels(
            &[("Bert", 1, true), ("Berta", 1, true), ("Berto", 1, true)].map(
                |(label, count, leaf)| (
                    if label == "Berto" { "Bertold" } else { label },
                    count,
                    leaf
                )
            )
        )
    );
    let paths: Vec<Key> = (0..40)
        .map(|at| Key::from(format!("src/{}/file{at}", ["a", "bb", "ccc"][at % 3]).as_str()))
        .collect();
    let test = store_of(&spec, true, &paths);
    let options = PrefixOptions {
        limit: 20,
        ..PrefixOptions::default()
    };
    assert_eq!(
        shown(&test, &json!([]), &options),
        labels(&[
            ("src/a/", 14, false),
            ("src/bb/", 13, false),
            ("src/ccc/", 13, false)
        ])
    );
}

/// A text that is the beginning of others was counted with them a second time.
#[test]
fn a_text_and_its_continuations_are_one_group() {
    let test = store_of(
        &KeySpec::single(KeyType::String),
        true,
        &["", "a", "ab", "abc", "b"].map(Key::from),
    );
    let options = PrefixOptions {
        few: 1,
        ..PrefixOptions::default()
    };
    assert_eq!(
        shown(&test, &json!([]), &options),
        labels(&[("", 1, true), ("a", 3, false), ("b", 1, true)])
    );
    assert_eq!(
        shown(&test, &json!([{"partial": "a"}]), &options),
        labels(&[("a", 1, true), ("ab", 2, false)])
    );
}

#[test]
fn missing_values_are_a_group_of_their_own() {
    let spec = KeySpec::composite(
        vec![
            KeyField::new("a", KeyType::String),
            KeyField::new("b", KeyType::I64),
        ],
        Vec::new(),
    )
    .unwrap();
    let key = |a: Option<&str>, b: i64| Key {
        values: vec![a.into(), b.into()],
        ride_on: Vec::new(),
    };
    let test = store_of(
        &spec,
        true,
        &[
            key(None, 1),
            key(None, 2),
            key(Some("x"), 1),
            key(Some("null"), 1),
        ],
    );
    let found = groups(&test, &json!([]), &PrefixOptions::default());
    assert_eq!(
        found.groups[0],
        Group {
            label: "null".into(),
            prefix: json!([null]),
            count: 2,
            leaf: true
        }
    );
    assert_eq!(found.groups[1].prefix, json!(["null"]));
    assert_eq!(
        groups(&test, &json!([null]), &PrefixOptions::default()).count,
        2
    );
}

fn key_spec() -> impl Strategy<Value = KeySpec> {
    let kind = prop::sample::select(vec![
        KeyType::String,
        KeyType::Date,
        KeyType::DateTime,
        KeyType::I64,
        KeyType::Bool,
        KeyType::Time,
    ]);
    let order = prop::sample::select(vec![Order::Asc, Order::Desc]);
    let field = (kind, order);
    prop::collection::vec(field, 1..4).prop_map(|fields| {
        let fields = fields.into_iter().enumerate();
        let fields = fields.map(|(at, (kind, order))| KeyField {
            name: format!("f{at}"),
            kind,
            order,
        });
        KeySpec::composite(fields.collect(), Vec::new()).unwrap()
    })
}

fn value(kind: KeyType, seed: u32, text: &str) -> KeyValue {
    match kind {
        _ if seed.is_multiple_of(11) => KeyValue::Null,
        KeyType::Date => KeyValue::Date(
            format!("20{:02}-{:02}-{:02}", seed % 3, 1 + seed % 4, 1 + seed % 28)
                .parse()
                .unwrap(),
        ),
        KeyType::DateTime => KeyValue::DateTime(
            format!(
                "20{:02}-{:02}-01T{:02}:00:00",
                seed % 2,
                1 + seed % 3,
                seed % 24
            )
            .parse()
            .unwrap(),
        ),
        KeyType::Time => KeyValue::Time(
            format!("{:02}:{:02}:00", seed % 4, seed % 60)
                .parse()
                .unwrap(),
        ),
        KeyType::I64 => KeyValue::I64(i64::from(seed % 9)),
        KeyType::Bool => KeyValue::Bool(seed.is_multiple_of(2)),
        _ => KeyValue::String(text.to_owned()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Walks the whole tree of groups: counts add up, groups do not overlap, every prefix says what it counts.
    #[test]
    fn groups_part_the_keys(
        spec in key_spec(), unique: bool, limit in 1usize..8, few in 0usize..4,
        seeds in prop::collection::vec((prop::collection::vec(any::<u32>(), 3), "[ab/ä:]{0,4}"), 0..60),
    ) {
        let keys: Vec<Key> = seeds.iter().map(|(seeds, text)| {
            let values = spec.fields().iter().zip(seeds).map(|(field, seed)| value(field.kind, *seed, text));
            Key { values: values.collect(), ride_on: Vec::new() }
        }).collect();
        let test = store_of(&spec, unique, &keys);
        let tx = test.db.begin(Mode::Read).unwrap();
        let store = tx.documents("s").unwrap();
        let options = PrefixOptions { limit, few, ..PrefixOptions::default() };
        let orders: Vec<Vec<u8>> = store
            .keys(&sop::KeyRange::all(), sop::Direction::Forward).unwrap()
            .map(|key| spec.encode(&key.unwrap().key).unwrap().order).collect();
        let mut open = vec![json!([])];
        while let Some(of) = open.pop() {
            let prefix = parse_prefix(&spec, &of).unwrap();
            let range = spec.prefix(&prefix).unwrap();
            let found = prefixes(&store, &prefix, &options).unwrap();
            prop_assert_eq!(found.count, orders.iter().filter(|order| range.contains(order)).count() as u64);
            prop_assert!(found.groups.len() <= limit);
            let mut covered = Vec::new();
            for group in &found.groups {
                let inner = spec.prefix(&parse_prefix(&spec, &group.prefix).unwrap()).unwrap();
                let of_group: Vec<_> = orders.iter().filter(|order| inner.contains(order)).collect();
                prop_assert_eq!(group.count, of_group.len() as u64, "{:?}", group);
                prop_assert!(group.count > 0);
                covered.extend(of_group);
                prop_assert_ne!(&group.prefix, &of);
                if group.leaf {
                    prop_assert!(prefixes(&store, &parse_prefix(&spec, &group.prefix).unwrap(), &options).unwrap().groups.is_empty());
                } else {
                    open.push(group.prefix.clone());
                }
            }
            if !found.groups.is_empty() {
                let under: Vec<_> = orders.iter().filter(|order| range.contains(order)).collect();
                prop_assert_eq!(&covered[..], &under[..covered.len()], "in order and without gaps");
                let left = (under.len() - covered.len()) as u64;
                prop_assert_eq!(found.more.map_or(0, |more| more.count), left);
            }
        }
    }
}
