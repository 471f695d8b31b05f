//! Checkpoints that fail are given up and tried again, backups that fail leave nothing that looks whole, memory
//! that waits for a checkpoint is limited.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use sop::vfs::sim::{CrashPolicy, Fault};
use sop::vfs::{SimVfs, Vfs};
use sop::{Database, Direction, Error, KeyRange, Mode, OpenOptions, Placement, Rng, SeededRng};

use crate::support::*;

type Items = Vec<(i64, String)>;

fn small(disk: &Arc<SimVfs>) -> OpenOptions {
    options(disk).segment_bytes(4 << 10).cache_bytes(1)
}

fn put(db: &Database, store: &str, keys: impl Iterator<Item = i64>, text: &str) {
    let tx = db.begin(Mode::Write).unwrap();
    for key in keys {
        let s = tx.documents(store).unwrap();
        s.upsert(&int(key), &doc(text)).unwrap();
    }
    tx.commit().unwrap();
}

fn items(db: &Database, store: &str) -> Items {
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents(store).unwrap();
    s.range(&KeyRange::all(), Direction::Forward)
        .unwrap()
        .map(|item| item.map(|i| (as_int(&i.key), i.value.to_json())).unwrap())
        .collect()
}

/// A database with nodes and values in several files, and changes that the next checkpoint has to write.
fn with_changes(disk: &Arc<SimVfs>) -> Database {
    let db = small(disk).open(FOLDER).unwrap();
    let mut definition = int_store("s");
    definition.slot_length = 4;
    definition.placement = Placement::Segment;
    create(&db, definition);
    put(&db, "s", 0..60, "\"before\"");
    put(&db, "s", 5..7, &format!("\"{}\"", "b".repeat(5_000)));
    db.checkpoint().unwrap();
    put(&db, "s", (0..60).step_by(3), "\"after\"");
    put(&db, "s", 6..8, &format!("\"{}\"", "a".repeat(5_000)));
    db
}

/// The number of operations of a checkpoint.
fn operations_of_a_checkpoint() -> u64 {
    let disk = disk();
    let db = with_changes(&disk);
    let before = disk.operations();
    db.checkpoint().unwrap();
    disk.operations() - before
}

#[test]
fn a_checkpoint_that_fails_at_any_operation_is_given_up_and_the_next_one_succeeds() {
    let operations = operations_of_a_checkpoint();
    assert!(operations > 15, "{operations}");
    let mut failed = 0;
    for at in 1..=operations {
        for fault in Fault::ALL {
            let context = format!("{fault:?} at operation {at} of a checkpoint");
            let disk = disk();
            let db = with_changes(&disk);
            let mut want = items(&db, "s");
            let failing = disk.operations() + at;
            disk.fail_at(failing, fault);
            let result = db.checkpoint();
            let on_log = disk
                .operation_log()
                .get(failing as usize - 1)
                .is_some_and(|operation| operation.path.starts_with("/db/log"));
            if let Some(reason) = db.read_only() {
                assert!(on_log, "{context}: {reason}");
                continue;
            }
            if let Err(error) = &result {
                failed += 1;
                let shown = db.status().checkpoint_failure;
                assert_eq!(shown, Some(error.to_string()), "{context}");
            }
            // A crash right now, whatever of the failed checkpoint is on the disk.
            for policy in CrashPolicy::samples(at) {
                let left = Arc::new(disk.after_crash(policy));
                let db = small(&left).open(FOLDER).unwrap();
                assert_eq!(items(&db, "s"), want, "{context}, {policy:?}");
                assert!(db.check().unwrap().is_clean(), "{context}, {policy:?}");
            }
            // Commits and reads go on.
            assert_eq!(items(&db, "s"), want, "{context}");
            put(&db, "s", 90..91, "\"later\"");
            want.push((90, "\"later\"".to_owned()));
            assert_eq!(items(&db, "s"), want, "{context}");
            db.checkpoint().unwrap_or_else(|e| panic!("{context}: {e}"));
            assert_eq!(db.status().checkpoint_failure, None, "{context}");
            let report = db.check().unwrap();
            assert!(report.is_clean(), "{context}: {:?}", report.problems);
            assert_eq!(items(&db, "s"), want, "{context}");
            let left = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
            let after = small(&left).open(FOLDER).unwrap();
            assert_eq!(items(&after, "s"), want, "{context}");
            assert_eq!(after.recovery().replayed, 0, "{context}");
            let report = after.check().unwrap();
            assert!(report.is_clean(), "{context}: {:?}", report.problems);
        }
    }
    assert!(failed > 40, "{failed}");
}

/// With the same sequence: nothing is committed between the failed checkpoint and the next one.
#[test]
fn a_checkpoint_whose_outcome_is_unknown_is_made_again_of_the_same_state() {
    for at in 1..=operations_of_a_checkpoint() {
        for fault in Fault::ALL {
            let disk = disk();
            let db = with_changes(&disk);
            let want = items(&db, "s");
            disk.fail_at(disk.operations() + at, fault);
            let _ = db.checkpoint();
            if db.read_only().is_some() {
                continue;
            }
            db.checkpoint().unwrap();
            put(&db, "s", 0..1, "\"more\"");
            db.checkpoint().unwrap();
            put(&db, "s", 0..1, &want[0].1);
            for policy in CrashPolicy::samples(at) {
                let left = Arc::new(disk.after_crash(policy));
                let db = small(&left).open(FOLDER).unwrap();
                assert_eq!(items(&db, "s"), want, "{fault:?} at {at}, {policy:?}");
                assert!(db.check().unwrap().is_clean());
            }
        }
    }
}

#[test]
fn checkpoints_that_go_on_failing_fill_no_disk() {
    let disk = disk();
    let db = with_changes(&disk);
    let bytes = |disk: &SimVfs| -> u64 {
        let files = disk.list().into_iter();
        let data = files.filter(|(path, _)| path.starts_with("/db/data"));
        data.map(|(_, bytes)| bytes).sum()
    };
    let before = bytes(&disk);
    for round in 0..30 {
        disk.fail_at(disk.operations() + 4 + round % 5, Fault::Enospc);
        assert!(db.checkpoint().is_err(), "{round}");
        let now = bytes(&disk);
        assert!(now < before + (16 << 10), "{round}: {now}, not {before}");
    }
    assert_eq!(db.read_only(), None);
    db.checkpoint().unwrap();
}

#[test]
fn what_waits_for_a_checkpoint_is_limited() {
    let disk = disk();
    let db = options(&disk)
        .background(true)
        .cache_bytes(1)
        .checkpoint_log_bytes(1 << 30)
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    let text = format!("\"{}\"", "x".repeat(1_000));
    for from in (0..20_000).step_by(200) {
        put(
            &db,
            "s",
            (from..from + 200).map(|i| i * 7_919 % 20_011),
            &text,
        );
        let dirty = db.status().dirty_bytes;
        // Commits wait at 11 MiB; one changes up to 200 nodes.
        assert!(dirty < 15 << 20, "{dirty}");
    }
    assert!(db.status().checkpoints > 0);
    db.close().unwrap();
    // All commits are in the last checkpoint. What is unsaved then are copies of nodes that were to make room.
    let db = options(&disk).open(FOLDER).unwrap();
    assert_eq!(db.recovery().replayed, 0);
    assert!(db.check().unwrap().is_clean());
}

/// The bytes in use of each segment are carried from checkpoint to checkpoint; `check` compares them with a walk.
#[test]
fn the_account_of_what_is_in_use_is_what_a_walk_finds() {
    for seed in 0..12 {
        let rng = SeededRng::new(seed);
        let random = |below: u64| (rng.next_u64().unwrap() % below) as i64;
        let mut disk = disk();
        let mut db = small(&disk).open(FOLDER).unwrap();
        for (name, placement) in [("s", Placement::Node), ("t", Placement::Segment)] {
            let mut definition = int_store(name);
            definition.slot_length = [2, 4, 30][seed as usize % 3];
            definition.placement = placement;
            create(&db, definition);
        }
        for round in 0..40 {
            let store = ["s", "t"][random(2) as usize];
            let from = random(300);
            match random(8) {
                0 => db
                    .transact(|tx| {
                        let s = tx.documents(store)?;
                        (from..from + 60).try_for_each(|k| s.remove(&int(k)).map(|_| ()))
                    })
                    .unwrap(),
                1 => put(
                    &db,
                    store,
                    from..from + 3,
                    &format!("\"{}\"", "v".repeat(5_000)),
                ),
                2 => {
                    db.transact(|tx| tx.drop_store(store)).unwrap();
                    let mut definition = int_store(store);
                    definition.placement = Placement::Segment;
                    create(&db, definition);
                }
                3 => {
                    db.close().unwrap();
                    db = small(&disk).open(FOLDER).unwrap();
                }
                4 => {
                    let policy = CrashPolicy::RandomSubset { seed: seed + round };
                    let left = Arc::new(disk.after_crash(policy));
                    drop(std::mem::replace(
                        &mut db,
                        small(&left).open(FOLDER).unwrap(),
                    ));
                    disk = left;
                }
                5 => {
                    disk.fail_at(disk.operations() + 1 + random(12) as u64, Fault::Eio);
                    let _ = db.checkpoint();
                    // What did not fail then is not to fail later.
                    while db.read_only().is_some() {
                        drop(db);
                        db = small(&disk).open(FOLDER).unwrap();
                    }
                    disk = Arc::new(disk.after_process_end());
                    db = small(&disk).open(FOLDER).unwrap();
                }
                _ => put(&db, store, (0..50).map(|i| (from + i * 7) % 400), "\"w\""),
            }
            if random(2) == 0 {
                db.checkpoint().unwrap();
            }
            let report = db.check().unwrap();
            assert!(report.is_clean(), "{seed}, {round}: {:?}", report.problems);
        }
    }
}

#[test]
fn a_backup_holds_what_the_newest_checkpoint_needs_and_no_more() {
    let disk = disk();
    let db = with_changes(&disk);
    let reader = db.begin(Mode::Read).unwrap();
    for round in 0..5 {
        put(&db, "s", 0..60, &format!("\"{round}\""));
        db.checkpoint().unwrap();
    }
    db.backup("/copy").unwrap();
    let files = |folder: &str| {
        let names = disk.list().into_iter().map(|(path, _)| path);
        names.filter(|path| path.starts_with(folder)).count()
    };
    // The reader keeps segments that the newest checkpoint does not use.
    assert!(files("/copy/data") < files("/db/data"));
    assert_eq!(files("/copy/catalog"), 2);
    let copy = small(&disk).open("/copy").unwrap();
    assert_eq!(items(&copy, "s"), items(&db, "s"));
    assert!(copy.check().unwrap().is_clean());
    drop(reader);
}

#[test]
fn a_backup_that_fails_at_any_operation_leaves_nothing_and_can_be_tried_again() {
    let count = {
        let disk = disk();
        let db = with_changes(&disk);
        db.checkpoint().unwrap();
        let before = disk.operations();
        db.backup("/copy").unwrap();
        disk.operations() - before
    };
    for at in 1..=count {
        for fault in [Fault::Enospc, Fault::Eio, Fault::ShortWrite] {
            let disk = disk();
            let db = with_changes(&disk);
            db.checkpoint().unwrap();
            disk.fail_at(disk.operations() + at, fault);
            let context = format!("{fault:?} at operation {at}");
            let Err(error) = db.backup("/copy") else {
                continue;
            };
            assert!(error.to_string().contains("injected"), "{context}: {error}");
            let half = small(&disk).create(false).open("/copy");
            let none = matches!(half, Err(Error::NotADatabase { .. } | Error::File(_)));
            assert!(none, "{context}: {half:?}");
            db.backup("/copy")
                .unwrap_or_else(|e| panic!("{context}: {e}"));
            let copy = small(&disk).open("/copy").unwrap();
            assert_eq!(items(&copy, "s"), items(&db, "s"), "{context}");
        }
    }
}

#[test]
fn a_backup_onto_something_is_refused_and_touches_nothing() {
    let disk = disk();
    let db = with_changes(&disk);
    disk.put(Path::new("/full/letter"), b"dear");
    let before = disk.list();
    for folder in ["/full", FOLDER] {
        let error = db.backup(folder).unwrap_err();
        assert!(error.to_string().contains("missing or empty"), "{error}");
    }
    assert_eq!(disk.list(), before);
}

#[test]
fn backups_beside_commits_and_checkpoints_hold_a_state_there_was() {
    let disk = disk();
    let db = small(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..150 {
                put(&db, "s", 0..30, &round.to_string());
                if round % 5 == 0 {
                    db.checkpoint().unwrap();
                }
            }
        });
        for n in 0.. {
            let folder = format!("/copies/{n}");
            db.backup(&folder).unwrap();
            let copy = small(&disk).open(&folder).unwrap();
            let found = items(&copy, "s");
            assert!(found.iter().all(|(_, text)| *text == found[0].1));
            assert!(copy.check().unwrap().is_clean());
            if writer.is_finished() {
                break;
            }
        }
    });
    // Nothing is kept for backups that are over.
    for round in 0..3 {
        put(&db, "s", 0..30, &round.to_string());
        db.checkpoint().unwrap();
    }
    assert!(disk.read_dir(Path::new("/db/data")).unwrap().len() < 8);
}

/// The other process is another handle of the same disk: opening for reading takes no lock.
#[test]
fn a_reader_beside_a_process_that_reclaims_gets_right_answers_or_is_told_to_open_again() {
    let disk = disk();
    let db = small(&disk).open(FOLDER).unwrap();
    let mut definition = int_store("s");
    definition.slot_length = 4;
    create(&db, definition);
    put(&db, "s", 0..300, "\"old\"");
    db.checkpoint().unwrap();
    let reader = small(&disk).read_only(true).open(FOLDER).unwrap();
    let tx = reader.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    assert_eq!(value(s.get(&int(7)).unwrap()).as_deref(), Some("\"old\""));
    for round in 0..6 {
        put(&db, "s", 0..300, &round.to_string());
        db.checkpoint().unwrap();
    }
    let mut refused = 0;
    for key in 0..300 {
        match s.get(&int(key)) {
            Ok(item) => assert_eq!(value(item).as_deref(), Some("\"old\"")),
            Err(error) => {
                assert!(
                    error.to_string().contains("open the database again"),
                    "{error}"
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    let again = small(&disk).read_only(true).open(FOLDER).unwrap();
    assert_eq!(items(&again, "s"), items(&db, "s"));
}

#[test]
fn a_backup_tells_how_far_it_is_and_one_that_is_stopped_leaves_nothing() {
    let disk = disk();
    let db = options(&disk).open("/db").unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..5_000);
    db.checkpoint().unwrap();
    let mut told = Vec::new();
    let stopped = db.backup_with("/copy", &mut |done, all| {
        told.push((done, all));
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert!(told.iter().all(|(done, all)| *done > 0 && done <= all) && told.len() == 1);
    db.backup_with("/copy", &mut |done, all| {
        told.push((done, all));
        ControlFlow::Continue(())
    })
    .unwrap();
    let last = told.last().unwrap();
    assert_eq!(last.0, last.1);
    assert_eq!(
        all(&options(&disk).open("/copy").unwrap(), "s").len(),
        5_000
    );
}
