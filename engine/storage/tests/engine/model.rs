//! Random operations against a map: the same answers at every step, after reopening and checkpoints.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sop::{Database, Direction, KeyRange, Mode, Placement, StoreDefinition};

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Insert(i64),
    Upsert(i64),
    Update(i64),
    Remove(i64),
    Commit,
    Rollback,
    Checkpoint,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = -60i64..60;
    let step = prop_oneof![
        6 => key.clone().prop_map(Step::Insert),
        3 => key.clone().prop_map(Step::Upsert),
        2 => key.clone().prop_map(Step::Update),
        5 => key.prop_map(Step::Remove),
        2 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..200)
}

type Model = BTreeMap<i64, String>;

fn compare(db: &Database, model: &Model) {
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let items: Model = s
        .range(&KeyRange::all(), Direction::Forward)
        .unwrap()
        .map(|i| i.map(|i| (as_int(&i.key), i.value.to_json())).unwrap())
        .collect();
    assert_eq!(&items, model);
    assert_eq!(s.len().unwrap(), model.len() as u64);
    for lo in (-60..60).step_by(17) {
        let hi = lo + 23;
        assert_eq!(
            s.count(&between(lo, hi)).unwrap(),
            model.range(lo..=hi).count() as u64
        );
        assert_eq!(s.rank(&int(lo)).unwrap(), model.range(..lo).count() as u64);
    }
    for (i, key) in model.keys().enumerate().step_by(7) {
        assert_eq!(as_int(&s.nth(i as u64).unwrap().unwrap().key), *key);
    }
}

fn run(definition: StoreDefinition, steps: Vec<Step>) {
    let disk = disk();
    let mut db = options(&disk).open(FOLDER).unwrap();
    create(&db, definition);
    let mut committed = Model::new();
    let mut tx = db.begin(Mode::Write).unwrap();
    let mut model = committed.clone();
    for (i, step) in steps.into_iter().enumerate() {
        let text = format!("\"{i}\"");
        let value = doc(&text);
        let s = tx.documents("s").unwrap();
        match step {
            Step::Insert(k) => {
                let inserted = s.insert(&int(k), &value).is_ok();
                assert_eq!(inserted, !model.contains_key(&k));
                model.entry(k).or_insert(text);
            }
            Step::Upsert(k) => {
                let inserted = s.upsert(&int(k), &value).unwrap();
                assert_eq!(inserted, model.insert(k, text).is_none());
            }
            Step::Update(k) => {
                let known = model.contains_key(&k);
                assert_eq!(s.update(&int(k), &value).unwrap(), known);
                if known {
                    model.insert(k, text);
                }
            }
            Step::Remove(k) => {
                assert_eq!(s.remove(&int(k)).unwrap(), model.remove(&k).is_some());
            }
            Step::Commit | Step::Checkpoint | Step::Reopen => {
                drop(s);
                tx.commit().unwrap();
                committed = model.clone();
                if matches!(step, Step::Checkpoint) {
                    db.checkpoint().unwrap();
                }
                if matches!(step, Step::Reopen) {
                    db.close().unwrap();
                    db = options(&disk).open(FOLDER).unwrap();
                }
                compare(&db, &committed);
                tx = db.begin(Mode::Write).unwrap();
            }
            Step::Rollback => {
                drop(s);
                tx.rollback();
                model = committed.clone();
                tx = db.begin(Mode::Write).unwrap();
            }
        }
    }
    drop(tx);
    compare(&db, &committed);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_engine_equals_a_map(
        steps in steps(), slot_length in prop_oneof![Just(2u32), Just(3), Just(4), Just(16), Just(500)], balance in any::<bool>(),
    ) {
        run(StoreDefinition { slot_length, leaf_load_balancing: balance, ..int_store("s") }, steps);
    }
}

/// 91,000 inserts in transactions of 200, all read, all removed, in CI with fewer items.
#[test]
fn many_items_come_and_go_with_every_slot_length() {
    let n = if std::env::var_os("SOP_NIGHTLY").is_some() {
        91_000
    } else {
        9_100
    };
    for slot_length in [4, 500, 2_000, 20_000] {
        for balance in [false, true] {
            let db = memory();
            create(
                &db,
                StoreDefinition {
                    slot_length,
                    leaf_load_balancing: balance,
                    ..int_store("s")
                },
            );
            // A permutation of 0..n: 48,271 is prime and does not divide n.
            let keys: Vec<i64> = (0..n).map(|i| i * 48_271 % n).collect();
            for (done, chunk) in keys.chunks(200).enumerate() {
                insert(&db, "s", chunk.iter().copied());
                assert_eq!(db.status().items, ((done + 1) * 200).min(keys.len()) as u64);
            }
            assert_eq!(all(&db, "s"), (0..n).collect::<Vec<_>>());
            for chunk in keys.chunks(200) {
                db.transact(|tx| {
                    let s = tx.documents("s")?;
                    for key in chunk {
                        assert!(s.remove(&int(*key))?);
                    }
                    Ok(())
                })
                .unwrap();
            }
            assert_eq!(db.status().items, 0);
            assert!(db.check().unwrap().is_clean());
        }
    }
}

/// Slot lengths over the whole range, on a grid that is finer where they are small.
fn slot_lengths(count: u32) -> Vec<u32> {
    let (least, most) = (2_f64, 20_000_f64);
    let length = |at: u32| {
        let part = f64::from(at) / f64::from(count - 1);
        (least * (most / least).powf(part)).round() as u32
    };
    let mut lengths: Vec<u32> = (0..count).map(length).collect();
    lengths.dedup();
    lengths
}

/// Inserts, replaces and removes against a map, with reopening between: values in the node, values that lie
/// apart, leaves that balance or not. In CI some slot lengths with few items, with `SOP_NIGHTLY` many
/// with up to 91,000.
#[test]
fn every_slot_length_and_placement_keeps_what_a_map_keeps() {
    let nightly = std::env::var_os("SOP_NIGHTLY").is_some();
    let lengths = slot_lengths(if nightly { 40 } else { 9 });
    for (at, slot_length) in lengths.into_iter().enumerate() {
        let n = match (nightly, at % 4) {
            (false, _) => 600,
            (true, 0) => 91_000,
            (true, _) => 9_100,
        };
        for placement in [Placement::Node, Placement::Segment] {
            let balance = (at % 2 == 0) == (placement == Placement::Node);
            let definition = StoreDefinition {
                slot_length,
                placement,
                leaf_load_balancing: balance,
                ..StoreDefinition::typed::<i64>("s")
            };
            come_and_go(definition, n);
        }
    }
}

fn come_and_go(definition: StoreDefinition, n: i64) {
    let disk = disk();
    let open = || {
        options(&disk)
            .checkpoint_log_bytes(1 << 20)
            .open(FOLDER)
            .unwrap()
    };
    let mut db = open();
    create(&db, definition.clone());
    let mut model = BTreeMap::new();
    // Some values are beyond what lies in a node in any placement, most are small.
    let value = |key: i64, round: i64| {
        let long = if key % 97 == 0 {
            5_000
        } else {
            (key % 13) as usize
        };
        format!("{key}/{round}/{}", "v".repeat(long))
    };
    for round in 0..3 {
        // Each round in another order, and the second and third take every third item away.
        let order: Vec<i64> = (0..n)
            .map(|i| i * [48_271, 1, n - 1][round as usize] % n)
            .collect();
        for part in order.chunks(500) {
            db.transact(|tx| {
                let store = tx.store::<i64, String>("s")?;
                for key in part {
                    if round > 0 && key % 3 == round - 1 {
                        assert_eq!(store.take(key)?, model.get(key).cloned());
                    } else {
                        store.upsert(key, &value(*key, round))?;
                    }
                }
                Ok(())
            })
            .unwrap();
            for key in part {
                if round > 0 && key % 3 == round - 1 {
                    model.remove(key);
                } else {
                    model.insert(*key, value(*key, round));
                }
            }
        }
        if round == 1 {
            db.checkpoint().unwrap();
        }
        db.close().unwrap();
        db = open();
        let tx = db.begin(Mode::Read).unwrap();
        let store = tx.store::<i64, String>("s").unwrap();
        assert!(
            store.iter().map(Result::unwrap).eq(model.clone()),
            "{definition:?} round {round}"
        );
        assert_eq!(store.len().unwrap(), model.len() as u64);
        for lo in (0..n).step_by((n / 7) as usize) {
            let range = lo..lo + n / 5;
            let expected = model.range(range.clone()).count() as u64;
            assert_eq!(store.count(range).unwrap(), expected);
            assert_eq!(store.rank(&lo).unwrap(), model.range(..lo).count() as u64);
        }
    }
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{definition:?}: {:?}", report.problems);
}
