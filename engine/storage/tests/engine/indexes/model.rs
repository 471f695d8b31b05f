//! Random changes of a store with indexes: at each commit each index says what the items say.

use std::sync::Arc;

use proptest::prelude::*;
use sop::vfs::SimVfs;
use sop::{Database, Direction, IndexDefinition, IndexField, KeyRange, Mode, StoreDefinition};

use super::{assert_clean, entries, index, make_index};
use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    Put(i64, usize, usize),
    Remove(i64),
    Commit,
    Rollback,
    Build,
    Checkpoint,
    Reopen,
    Recreate,
}

const VALUES: [&str; 10] = [
    "1",
    "1.0",
    "2.5",
    "\"1\"",
    "\"ab\"",
    "null",
    "true",
    "9223372036854775808",
    "{\"c\":1}",
    "[]",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = 0..VALUES.len();
    let step = prop_oneof![
        12 => (0..20_i64, value.clone(), value).prop_map(|(k, a, b)| Step::Put(k, a, b)),
        5 => (0..20_i64).prop_map(Step::Remove),
        3 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Build),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Recreate),
    ];
    proptest::collection::vec(step, 1..80)
}

fn model_indexes() -> [IndexDefinition; 2] {
    let nested = IndexDefinition {
        fields: vec![
            IndexField::value("b.c"),
            IndexField::value("a").descending(),
            IndexField::key("key"),
        ],
        ..index("nested", &[])
    };
    [index("plain", &["a"]), nested]
}

fn reopened(disk: &Arc<SimVfs>, db: &Database) -> Database {
    db.close().unwrap();
    options(disk).open(FOLDER).unwrap()
}

fn run(steps: Vec<Step>, unique: bool) {
    let disk = disk();
    let mut db = options(&disk).open(FOLDER).unwrap();
    create(
        &db,
        StoreDefinition {
            unique,
            slot_length: 3,
            ..int_store("s")
        },
    );
    for definition in model_indexes() {
        make_index(&db, &definition);
    }
    let mut tx = db.begin(Mode::Write).unwrap();
    for step in steps {
        match step {
            Step::Put(key, a, b) => {
                let json = format!("{{\"a\":{},\"b\":{}}}", VALUES[a], VALUES[b]);
                tx.documents("s")
                    .unwrap()
                    .upsert(&int(key), &doc(&json))
                    .unwrap();
            }
            Step::Remove(key) => {
                tx.documents("s").unwrap().remove(&int(key)).unwrap();
            }
            Step::Rollback => {
                tx.rollback();
                tx = db.begin(Mode::Write).unwrap();
            }
            Step::Commit | Step::Build | Step::Checkpoint | Step::Reopen | Step::Recreate => {
                tx.commit().unwrap();
                match step {
                    Step::Build => db.build_indexes().unwrap(),
                    Step::Checkpoint => db.checkpoint().unwrap(),
                    Step::Reopen => db = reopened(&disk, &db),
                    Step::Recreate => db
                        .transact(|tx| {
                            tx.drop_index("plain")?;
                            tx.create_index(&model_indexes()[0])
                        })
                        .unwrap(),
                    _ => {}
                }
                // That each entry is right, and none is missing from a ready index.
                assert_clean(&db);
                tx = db.begin(Mode::Write).unwrap();
            }
        }
        let count = tx.documents("s").unwrap().len().unwrap();
        let nested = tx.documents("nested").unwrap();
        assert_eq!(nested.len().unwrap(), count);
        let walked = nested
            .range(&KeyRange::all(), Direction::Forward)
            .unwrap()
            .count();
        assert_eq!(walked as u64, count);
    }
    tx.rollback();
    db.build_indexes().unwrap();
    assert_clean(&db);
    assert_eq!(entries(&db, "plain").len(), entries(&db, "nested").len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn indexes_say_what_the_items_say(steps in steps(), unique in any::<bool>()) {
        run(steps, unique);
    }
}
