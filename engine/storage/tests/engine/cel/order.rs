//! The order of a store is that of its expression, on every path.

use std::ops::Bound;

use sop::{Direction, DocumentStore, Key, KeyRange, KeySpec, KeyValue, Mode, Transaction};

use super::*;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn key(&mut self) -> Key {
        let names = [
            "a", "A", "b", "B", "ab", "aB", "", "Z", "é", "a\0", "zz", "Zz",
        ];
        let name = names[self.below(names.len() as u64) as usize];
        key(name, self.below(12) as i64 - 6)
    }
}

/// The items as they must be: in the order of [`expected`], those with the same key by their ids.
#[derive(Clone, Default)]
struct Model(Vec<(Key, u64, String)>);

impl Model {
    fn keys(&self) -> Vec<Key> {
        self.0.iter().map(|(key, ..)| key.clone()).collect()
    }

    fn add(&mut self, key: &Key, id: u64, value: String) {
        self.0.push((key.clone(), id, value));
        self.0
            .sort_by(|(x, i, _), (y, j, _)| expected(x, y).then(i.cmp(j)));
    }

    fn first(&mut self, key: &Key) -> Option<usize> {
        self.0.iter().position(|(other, ..)| other == key)
    }
}

/// Compares every way of reading with the model.
fn same(store: &DocumentStore<'_>, model: &Model, random: &mut Random) {
    let read = |range: &KeyRange, direction| -> Vec<(Key, String)> {
        let items = store.range(range, direction).unwrap();
        items
            .map(|item| item.map(|i| (i.key, i.value.to_json())).unwrap())
            .collect()
    };
    let all: Vec<(Key, String)> = model
        .0
        .iter()
        .map(|(key, _, value)| (key.clone(), value.clone()))
        .collect();
    assert_eq!(read(&KeyRange::all(), Direction::Forward), all);
    let mut backwards = all.clone();
    backwards.reverse();
    assert_eq!(read(&KeyRange::all(), Direction::Backward), backwards);
    assert_eq!(store.len().unwrap(), all.len() as u64);
    let first = store.first().unwrap().map(|item| item.key);
    assert_eq!(first.as_ref(), all.first().map(|(key, _)| key));
    let last = store.last().unwrap().map(|item| item.key);
    assert_eq!(last.as_ref(), all.last().map(|(key, _)| key));

    for _ in 0..6 {
        let (from, to) = (random.key(), random.key());
        let below = |key: &Key| {
            let before = all.iter().filter(|(other, _)| expected(other, key).is_lt());
            before.count()
        };
        let upto = |key: &Key| {
            let before = all.iter().filter(|(other, _)| expected(other, key).is_le());
            before.count()
        };
        assert_eq!(store.rank(&from).unwrap(), below(&from) as u64);
        let mut cursor = store.cursor(&KeyRange::all()).unwrap();
        let more = cursor.seek(&store.position_of(&from).unwrap()).unwrap();
        let at = cursor.item().unwrap().map(|item| item.key().unwrap());
        assert_eq!(more, at.is_some());
        assert_eq!(at.as_ref(), all.get(below(&from)).map(|(key, _)| key));
        let there = all.iter().find(|(key, _)| *key == from);
        let found = store.get(&from).unwrap();
        assert_eq!(
            found.as_ref().map(|item| item.value.to_json()),
            there.map(|(_, value)| value.clone())
        );
        for (lo, hi, a, b) in [
            (
                Bound::Included(&from),
                Bound::Included(&to),
                below(&from),
                upto(&to),
            ),
            (
                Bound::Excluded(&from),
                Bound::Excluded(&to),
                upto(&from),
                below(&to),
            ),
            (
                Bound::Included(&from),
                Bound::Unbounded,
                below(&from),
                all.len(),
            ),
            (Bound::Unbounded, Bound::Excluded(&to), 0, below(&to)),
        ] {
            let range = store.key_range(lo, hi).unwrap();
            let inside = all.get(a..b.max(a)).unwrap_or_default();
            assert_eq!(read(&range, Direction::Forward), inside);
            assert_eq!(store.count(&range).unwrap(), inside.len() as u64);
            let mut inside = inside.to_vec();
            inside.reverse();
            assert_eq!(read(&range, Direction::Backward), inside);
        }
        if all.is_empty() {
            continue;
        }
        let rank = random.below(all.len() as u64);
        let nth = store.nth(rank).unwrap().unwrap();
        assert_eq!(nth.key, all[rank as usize].0);
        assert_eq!(store.rank_of(&nth.position).unwrap(), rank);
        let after = store
            .keys_after(&KeyRange::all(), Direction::Forward, &nth.position)
            .unwrap()
            .map(|item| item.unwrap().key);
        let rest = model.keys().split_off(rank as usize + 1);
        assert_eq!(after.collect::<Vec<_>>(), rest);
        let from = store
            .key_range(Bound::Included(&nth.key), Bound::Unbounded)
            .unwrap();
        assert!(store.lies_in(&nth.position, &from).unwrap());
    }
}

/// A transaction of random changes, checked from inside before it is committed.
fn change(tx: &Transaction, model: &mut Model, random: &mut Random, unique: bool) {
    let store = tx.documents("s").unwrap();
    for _ in 0..=random.below(24) {
        let key = random.key();
        let value = random.below(1_000).to_string();
        let at = model.first(&key);
        match random.below(8) {
            0 => {
                let updated = store.update(&key, &doc(&value)).unwrap();
                assert_eq!(updated, at.is_some());
                if let Some(at) = at {
                    model.0[at].2 = value;
                }
            }
            1 => {
                let inserted = store.upsert(&key, &doc(&value)).unwrap();
                assert_eq!(inserted, at.is_none());
                if let Some(at) = at {
                    model.0[at].2 = value;
                } else {
                    let id = store.get(&key).unwrap().unwrap().id;
                    model.add(&key, id.unwrap_or(0), value);
                }
            }
            2 | 3 => {
                assert_eq!(store.remove(&key).unwrap(), at.is_some());
                if let Some(at) = at {
                    model.0.remove(at);
                }
            }
            _ => match store.insert(&key, &doc(&value)) {
                Ok(inserted) => {
                    assert!(at.is_none() || !unique);
                    model.add(&key, inserted.id.unwrap_or(0), value);
                }
                Err(error) => assert!(at.is_some() && unique, "{error}"),
            },
        }
    }
    same(&store, model, random);
}

fn lives(spec: &KeySpec, unique: bool, seed: u64) {
    let disk = disk();
    let mut db = options(&disk).open(FOLDER).unwrap();
    let definition = sop::StoreDefinition {
        unique,
        ..store("s", spec.clone())
    };
    create(&db, definition);
    let (mut model, mut random) = (Model::default(), Random(seed));
    for round in 0..16 {
        let tx = db.begin(Mode::Write).unwrap();
        let before = model.clone();
        change(&tx, &mut model, &mut random, unique);
        if random.below(5) == 0 {
            tx.rollback();
            model = before;
        } else {
            tx.commit().unwrap();
        }
        if round % 5 == 2 {
            db.checkpoint().unwrap();
        }
        if round % 6 == 3 {
            db.close().unwrap();
            db = options(&disk).open(FOLDER).unwrap();
        }
        let tx = db.begin(Mode::Read).unwrap();
        same(&tx.documents("s").unwrap(), &model, &mut random);
        drop(tx);
        check_clean(&db);
    }
}

#[test]
fn items_in_cel_order_are_written_and_read_by_the_same_order() {
    for seed in 1..4 {
        for spec in [compared(), sorted()] {
            lives(&spec, true, seed);
            lives(&spec, false, seed);
        }
    }
}

#[test]
fn both_forms_give_the_same_order_and_it_is_not_the_natural_one() {
    let db = memory();
    let mut orders: Vec<Vec<Key>> = Vec::new();
    for (name, spec) in [("c", compared()), ("s", sorted()), ("n", named())] {
        create(&db, store(name, spec));
        let mut random = Random(5);
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents(name).unwrap();
        for _ in 0..200 {
            s.upsert(&random.key(), &doc("1")).unwrap();
        }
        let keys = s.keys(&KeyRange::all(), Direction::Forward).unwrap();
        orders.push(keys.map(|item| item.unwrap().key).collect());
        drop(s);
        tx.commit().unwrap();
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
    check_clean(&db);
}

/// Inserts the numbers one after the other, checks the order, and answers the bytes of an item on average.
fn run(at: fn(i64) -> i64) -> u64 {
    let (db, count) = (memory(), 300);
    create(&db, store("s", numbers("compare(mapY.n, mapX.n)")));
    insert(&db, "s", (0..count).map(at));
    let mut sorted: Vec<i64> = (0..count).map(at).collect();
    sorted.sort_by_key(|n| std::cmp::Reverse(*n));
    assert_eq!(all(&db, "s"), sorted);
    check_clean(&db);
    let tx = db.begin(Mode::Read).unwrap();
    let info = tx.documents("s").unwrap().info().unwrap();
    info.bytes / count as u64
}

#[test]
fn runs_of_keys_in_any_direction_have_short_labels() {
    // Key of 9 bytes, label, value of 3 or 4.
    for (name, at) in [
        ("up", (|i| i) as fn(i64) -> i64),
        ("down", |i| -i),
        ("up in the middle", |i| if i < 2 { i * 1_000 } else { i }),
        (
            "down in the middle",
            |i| if i < 2 { i * -1_000 } else { -i },
        ),
        ("up in many places", |i| i % 10 * 1_000 + i),
    ] {
        let bytes = run(at);
        assert!(bytes <= 22, "{name}: {bytes} bytes an item");
    }
    // A gap that is closed from both sides costs the next label a bit or two each time.
    let bytes = run(|i| if i % 2 == 0 { i } else { 1_000 - i });
    assert!(bytes <= 13 + 300 / 2 * 2 / 8, "{bytes} bytes an item");
}

#[test]
fn a_key_keeps_its_offset_and_ride_on_fields_in_cel_order() {
    let fields = vec![sop::KeyField::new("at", KeyType::Timestamp)];
    let ride_on = vec![sop::RideOnField::new("note", KeyType::String)];
    let spec = KeySpec::composite(fields, ride_on).unwrap();
    for expression in [
        CelExpression::Compare("compare(mapY.at, mapX.at)".to_owned()),
        CelExpression::SortKey("-key.at.getFullYear()".to_owned()),
    ] {
        let db = memory();
        create(
            &db,
            store("s", spec.clone().ordered_by(expression).unwrap()),
        );
        let at = |text: &str| KeyValue::Timestamp(text.parse().unwrap());
        let keys = ["2024-05-01T10:00:00+02:00", "2025-01-01T00:00:00Z"]
            .map(|text| Key::composite([at(text)]).with_ride_on([KeyValue::from("x")]));
        for key in &keys {
            put(&db, "s", key, "1");
        }
        let tx = db.begin(Mode::Read).unwrap();
        let s = tx.documents("s").unwrap();
        let found = s.range(&KeyRange::all(), Direction::Backward).unwrap();
        let found: Vec<Key> = found.map(|item| item.unwrap().key).collect();
        assert_eq!(found, keys);
        // The same instant at another offset is the same key.
        let same = Key::composite([at("2024-05-01T08:00:00Z")]);
        assert_eq!(s.get(&same).unwrap().unwrap().key, keys[0]);
    }
}
