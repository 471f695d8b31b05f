//! Random operations against a map: the same answers at every step, after reopening and checkpoints.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sop::{Database, Direction, KeyRange, Mode, StoreDefinition};

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
    let s = tx.store("s").unwrap();
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
        let s = tx.store("s").unwrap();
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
                    let s = tx.store("s")?;
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
