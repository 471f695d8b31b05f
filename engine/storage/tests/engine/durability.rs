//! When a commit is durable: every commit, after some time, or when asked for. And a disk that gets full.

use std::sync::Arc;

use sop::vfs::sim::{CrashPolicy, OperationKind};
use sop::vfs::{SimVfs, Vfs};
use sop::{Database, Durability, Error, Mode};

use crate::support::*;

const LATER: [Durability; 2] = [Durability::EveryMs(1_000), Durability::None];

fn commit(db: &Database, key: i64) -> Result<(), Error> {
    let tx = db.begin(Mode::Write)?;
    let text = format!("\"{}\"", "x".repeat(200 + key as usize % 5 * 700));
    tx.documents("s")?
        .insert(&int(key), &doc(&text))
        .map(drop)?;
    tx.commit().map(drop)
}

/// The commits that are found after a power cut: the first ones, as many as it says, without a hole.
fn found_after(disk: &SimVfs, policy: CrashPolicy, story: &str) -> i64 {
    let after = Arc::new(disk.after_crash(policy));
    let db = options(&after)
        .open(FOLDER)
        .unwrap_or_else(|e| panic!("{story}: {e}"));
    if db.begin(Mode::Read).unwrap().stores().unwrap().is_empty() {
        return 0;
    }
    let keys = all(&db, "s");
    assert_eq!(keys, (0..keys.len() as i64).collect::<Vec<_>>(), "{story}");
    assert!(db.check().unwrap().is_clean(), "{story}");
    keys.len() as i64
}

/// Commits with a checkpoint in the middle; gives how many of them are durable for certain.
fn run(disk: &Arc<SimVfs>, durability: Durability) -> (i64, i64) {
    let (mut committed, mut durable) = (0, 0);
    let mut steps = || -> Result<(), Error> {
        let db = options(disk).durability(durability).open(FOLDER)?;
        db.transact(|tx| tx.create_store(int_store("s")))?;
        for key in 0..24 {
            commit(&db, key)?;
            committed = key + 1;
            if key == 11 {
                db.checkpoint()?;
                durable = committed;
            }
        }
        db.close()?;
        durable = committed;
        Ok(())
    };
    let _ = steps();
    (committed, durable)
}

#[test]
fn commits_that_wait_for_a_flush_are_lost_from_the_end_only() {
    for durability in LATER {
        let whole = disk();
        assert_eq!(run(&whole, durability), (24, 24));
        let mut lost = 0;
        for at in 1..=whole.operations() {
            let disk = disk();
            disk.crash_at(at);
            let (committed, durable) = run(&disk, durability);
            for policy in CrashPolicy::samples(at) {
                let story = format!("{durability:?}, power lost at {at}, {policy:?}");
                if !disk.after_crash(policy).exists(FOLDER.as_ref()).unwrap() {
                    assert_eq!(durable, 0, "{story}");
                    continue;
                }
                let found = found_after(&disk, policy, &story);
                assert!(found >= durable, "{story}: {found} of {durable}");
                // The one that was being committed may be there too.
                assert!(found <= committed + 1, "{story}: {found} of {committed}");
                lost += committed - found.min(committed);
            }
        }
        assert!(lost > 0, "{durability:?} flushes every commit");
    }
}

#[test]
fn only_every_commit_flushes_at_every_commit() {
    let syncs = |durability| {
        let disk = disk();
        let db = options(&disk).durability(durability).open(FOLDER).unwrap();
        create(&db, int_store("s"));
        let before = disk.operations() as usize;
        for key in [0, 5, 10, 15] {
            commit(&db, key).unwrap();
        }
        let log = disk.operation_log();
        let syncs = log[before..]
            .iter()
            .filter(|o| o.kind == OperationKind::Sync);
        syncs.count()
    };
    assert_eq!(LATER.map(syncs), [0, 0]);
    assert_eq!(syncs(Durability::EveryCommit), 4);
}

#[test]
fn after_some_time_the_last_commit_is_durable_without_another_one() {
    let disk = disk();
    let db = options(&disk)
        .background(true)
        .durability(Durability::EveryMs(1))
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    for key in 0..3 {
        commit(&db, key).unwrap();
    }
    // It ends as soon as the background thread has come round; without that, never.
    while found_after(&disk, CrashPolicy::LoseUnsynced, "waiting") < 3 {
        std::thread::yield_now();
    }
}

/// The disk gets full in the middle of a commit, while a log file is begun, while one is made ahead.
#[test]
fn a_full_disk_refuses_commits_and_nothing_else_until_there_is_room() {
    let mut refused = 0;
    for room in (0..60_000).step_by(1_501) {
        let disk = disk();
        let db = options(&disk).open(FOLDER).unwrap();
        create(&db, int_store("s"));
        disk.set_free_space(room);
        let mut key = 0;
        while key < 40 {
            let story = format!("room for {room}, commit {key}");
            match commit(&db, key) {
                Ok(()) => key += 1,
                Err(error @ Error::NoSpace { .. }) => {
                    assert!(error.to_string().contains("space"), "{story}: {error}");
                    assert_eq!(db.read_only(), None, "{story}");
                    assert_eq!(all(&db, "s").len() as i64, key, "{story}");
                    for policy in CrashPolicy::samples(room) {
                        let after = disk.after_crash(policy);
                        after.set_free_space(1 << 30);
                        let found = found_after(&after, policy, &story);
                        assert_eq!(found, key, "{story}, {policy:?}");
                    }
                    refused += 1;
                    let left = disk.free_space(FOLDER.as_ref()).unwrap();
                    disk.set_free_space(left + 9_001);
                }
                Err(error) => panic!("{story}: {error}"),
            }
        }
        disk.set_free_space(1 << 30);
        db.checkpoint().unwrap();
        commit(&db, key).unwrap();
        assert_eq!(all(&db, "s").len(), 41);
        assert!(db.check().unwrap().is_clean());
        drop(db);
        assert_eq!(found_after(&disk, CrashPolicy::LoseUnsynced, "at last"), 41);
    }
    assert!(refused > 50, "{refused}");
}
