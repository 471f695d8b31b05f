//! Room on the disk and in memory: garbage is reclaimed, and the cache keeps to its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sop::vfs::SimVfs;
use sop::vfs::sim::CrashPolicy;
use sop::{Database, Direction, KeyRange, Mode, OpenOptions, Placement, Rng, SeededRng};

use crate::support::*;

/// Bytes of the files in one of the database's folders.
fn bytes_in(disk: &SimVfs, folder: &str) -> u64 {
    let files = disk.list().into_iter();
    files
        .filter(|(path, _)| path.starts_with(folder))
        .map(|(_, bytes)| bytes)
        .sum()
}

fn small(disk: &Arc<SimVfs>) -> OpenOptions {
    options(disk)
        .segment_bytes(64 << 10)
        .checkpoint_log_bytes(64 << 10)
}

fn rewrite(db: &Database, keys: impl Iterator<Item = i64>, round: i64, bytes: usize) {
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    for key in keys {
        let text = format!("\"{key} {round} {}\"", "x".repeat(bytes));
        s.upsert(&int(key), &doc(&text)).unwrap();
    }
    drop(s);
    tx.commit().unwrap();
}

/// What a database does in quiet times: some small commits, each with a checkpoint.
fn settle(db: &Database) {
    for i in 0..3 {
        rewrite(db, 0..1, i, 100);
        db.checkpoint().unwrap();
    }
}

#[test]
fn files_of_items_rewritten_100_times_end_at_most_twice_the_live_data() {
    for placement in [Placement::Node, Placement::Segment] {
        let (items, bytes) = match placement {
            Placement::Node => (2_000, 200),
            Placement::Segment => (80, 6_000),
        };
        let disk = disk();
        let db = small(&disk).open(FOLDER).unwrap();
        let mut definition = int_store("s");
        definition.placement = placement;
        create(&db, definition);
        let mut peak = 0;
        for round in 0..100 {
            // A part now and then, all at other times.
            let step = if round % 3 == 0 { 2 } else { 1 };
            rewrite(&db, (0..items).step_by(step), round, bytes);
            db.checkpoint().unwrap();
            peak = peak.max(bytes_in(&disk, "/db"));
        }
        settle(&db);
        db.close().unwrap();
        let live = db.status().live_bytes;
        let end = bytes_in(&disk, "/db");
        assert!(end <= live * 2, "{placement:?}: {end} bytes for {live}");
        // The checkpoint before and its log are kept, and what only they need.
        assert!(
            peak <= live * 7,
            "{placement:?}: at most {peak} bytes for {live}"
        );
        let db = small(&disk).open(FOLDER).unwrap();
        assert_eq!(all(&db, "s").len() as i64, items);
        assert!(db.check().unwrap().is_clean());
    }
}

#[test]
fn random_updates_leave_no_segment_that_is_mostly_garbage_for_ever() {
    let disk = disk();
    let db = small(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    let rng = SeededRng::new(3);
    let random = |below: u64| (rng.next_u64().unwrap() % below) as i64;
    rewrite(&db, 0..2_000, 0, 200);
    db.checkpoint().unwrap();
    let mut peak = 0;
    for round in 0..150 {
        let from = random(2_000);
        rewrite(&db, (0..40).map(|i| (from + i * 3) % 2_000), round, 200);
        db.checkpoint().unwrap();
        peak = peak.max(bytes_in(&disk, "/db/data"));
    }
    let live = db.status().live_bytes;
    assert!(peak <= live * 5 / 2, "{peak} bytes for {live}");
    settle(&db);
    let end = bytes_in(&disk, "/db/data");
    assert!(end <= live * 2, "{end} bytes for {live}");
}

/// Every segment gets a few items that stay among many that change, and somebody always commits.
#[test]
fn room_is_reclaimed_while_commits_never_stop() {
    let disk = disk();
    let db = small(&disk)
        .durability(sop::Durability::None)
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    create(&db, int_store("busy"));
    let stop = AtomicBool::new(false);
    let end = thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0.. {
                db.transact(|tx| tx.documents("busy")?.upsert(&int(i % 10), &doc("0")))
                    .unwrap();
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        for round in 0..60 {
            let from = 1_000 + round * 40;
            rewrite(&db, from..from + 40, round, 100);
            rewrite(&db, 0..300, round, 100);
            db.checkpoint().unwrap();
        }
        // A transaction that the scheduler left standing keeps what it might read; so a few more.
        let live = db.status().live_bytes;
        let mut end = bytes_in(&disk, "/db/data");
        for round in 0..500 {
            if end <= live * 3 {
                break;
            }
            rewrite(&db, 0..10, round, 100);
            db.checkpoint().unwrap();
            end = bytes_in(&disk, "/db/data");
        }
        stop.store(true, Ordering::SeqCst);
        end
    });
    let live = db.status().live_bytes;
    assert!(end <= live * 3, "{end} bytes for {live}");
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn a_snapshot_in_use_keeps_what_it_sees_and_gives_it_up_afterwards() {
    let disk = disk();
    let db = small(&disk).cache_bytes(1).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    rewrite(&db, 0..2_000, -1, 100);
    db.checkpoint().unwrap();
    let old = db.begin(Mode::Read).unwrap();
    let read = |tx: &sop::Transaction| {
        let s = tx.documents("s").unwrap();
        let items = s.range(&KeyRange::all(), Direction::Forward).unwrap();
        items
            .map(|item| item.map(|i| i.value.to_json()))
            .collect::<sop::Result<Vec<_>>>()
            .unwrap()
    };
    let want = read(&old);
    for round in 0..12 {
        rewrite(&db, 0..2_000, round, 100);
        db.checkpoint().unwrap();
        assert!(read(&old) == want, "round {round}");
    }
    drop(old);
    settle(&db);
    settle(&db);
    let live = db.status().live_bytes;
    let end = bytes_in(&disk, "/db/data");
    assert!(end <= live * 2, "{end} bytes for {live}");
}

/// Moving gives the same items other places without a commit: who sees the old places has the same sequence.
#[test]
fn a_snapshot_of_the_newest_commit_keeps_what_is_moved_under_it() {
    let disk = disk();
    let db = small(&disk).cache_bytes(1).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    rewrite(&db, 0..4_000, 0, 100);
    db.checkpoint().unwrap();
    // Most of each segment becomes garbage, and nothing is moved before somebody asks for it.
    for round in 1..4 {
        rewrite(&db, (0..4_000).filter(|key| key % 1_000 > 200), round, 100);
    }
    let before = bytes_in(&disk, "/db/data");
    let reader = db.begin(Mode::Read).unwrap();
    db.checkpoint().unwrap();
    let s = reader.documents("s").unwrap();
    assert_eq!(ints(&s, &KeyRange::all(), Direction::Forward).len(), 4_000);
    drop(s);
    drop(reader);
    // Without it the room is given back.
    settle(&db);
    let end = bytes_in(&disk, "/db/data");
    assert!(end < before * 2, "{end} bytes after {before}");
}

#[test]
fn a_damaged_checkpoint_file_costs_nothing_also_after_room_was_reclaimed() {
    let disk = disk();
    let db = small(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for round in 0..20 {
        rewrite(&db, 0..500, round, 200);
        db.checkpoint().unwrap();
        // The first file of the newest checkpoint is damaged: the second one makes up for it.
        let left = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
        let files = left.list();
        let newest = files
            .iter()
            .rfind(|(path, _)| path.extension().is_some_and(|e| e == "cat"));
        assert!(left.flip_bit(&newest.unwrap().0, 70, 1));
        let again = small(&left).open(FOLDER).unwrap();
        assert_eq!(again.recovery().damaged_checkpoints.len(), 1);
        assert_eq!(again.sequence(), db.sequence());
        let report = again.check().unwrap();
        assert!(report.is_clean(), "round {round}: {:?}", report.problems);
        assert_eq!(all(&again, "s").len(), 500);
    }
}

#[test]
fn a_database_much_larger_than_the_cache_works_within_its_limit() {
    const LIMIT: u64 = 128 << 10;
    let disk = disk();
    let db = small(&disk).cache_bytes(LIMIT).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    let items = 20_000;
    for from in (0..items).step_by(1_000) {
        rewrite(&db, from..from + 1_000, 0, 200);
        db.checkpoint().unwrap();
        assert!(db.status().cache_bytes <= LIMIT);
    }
    assert!(db.status().live_bytes > 30 * LIMIT);
    // A new process, so that nothing is in memory.
    db.close().unwrap();
    let db = small(&disk).cache_bytes(LIMIT).open(FOLDER).unwrap();
    let rng = SeededRng::new(1);
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    for _ in 0..2_000 {
        let key = (rng.next_u64().unwrap() % items as u64) as i64;
        let item = s.get(&int(key)).unwrap().unwrap();
        assert!(item.value.to_json().starts_with(&format!("\"{key} 0 ")));
        assert!(db.status().cache_bytes <= LIMIT);
    }
    assert_eq!(s.count(&between(100, 9_099)).unwrap(), 9_000);
    assert_eq!(
        ints(&s, &KeyRange::all(), Direction::Backward).len() as i64,
        items
    );
    assert!(db.status().cache_bytes <= LIMIT);
    drop(s);
    drop(tx);
    for round in 0..20 {
        let from = (rng.next_u64().unwrap() % 10_000) as i64;
        rewrite(&db, (from..from + 9_000).step_by(300), round, 200);
    }
    db.checkpoint().unwrap();
    assert!(db.status().cache_bytes <= LIMIT);
    assert!(db.check().unwrap().is_clean());
    assert!(db.status().cache_bytes <= LIMIT);
}
