//! Time: prepared transactions that nobody decides, and the limits of running ones.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use sop::vfs::sim::{CrashPolicy, Fault};
use sop::{Clock, MAX_TIME_LIMIT_MS, Mode, SeededRng};

use super::*;

const LIMIT_MS: u64 = 60_000;

fn limited(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>) -> Database {
    timed(disk, clock)
        .time_limit_ms(LIMIT_MS)
        .open(FOLDER)
        .unwrap()
}

/// A database with a prepared transaction that writes key 1.
fn prepared() -> (Arc<SimVfs>, Arc<ManualClock>, Database) {
    let (disk, clock) = (disk(), clock());
    let db = limited(&disk, &clock);
    create(&db, int_store("s"));
    prepare(&db, "tx", |tx| upsert(tx, 1, "1")).unwrap();
    (disk, clock, db)
}

fn write(db: &Database, key: i64) -> Result<sop::Commit> {
    let tx = db.begin(Mode::Write)?;
    upsert(&tx, key, "\"other\"")?;
    tx.commit()
}

#[test]
fn it_can_be_committed_until_its_time_is_over_and_not_after() {
    let (_, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS - 1);
    assert!(holder(write(&db, 1)).is_some());
    db.commit_prepared("tx").unwrap();
    let (_, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    let error = db.commit_prepared("tx").unwrap_err();
    assert!(error.to_string().contains("its time was over"), "{error}");
    assert_eq!(outcome(Err::<(), _>(error)), Some(PreparedOutcome::Expired));
    assert!(db.prepared().is_empty());
    db.rollback_prepared("tx").unwrap();
    assert_eq!(all(&db, "s"), Vec::<i64>::new());
}

#[test]
fn the_next_commit_lifts_the_protection_with_a_durable_record() {
    let (disk, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    assert_eq!(waiting(&db), ["tx"], "it is listed until that");
    let before = db.sequence();
    let commit = write(&db, 1).unwrap();
    assert_eq!(commit.sequence, before + 2);
    assert!(db.prepared().is_empty());
    // A clock that is set back later does not bring it back.
    clock.set_unix_ms(START_MS);
    let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    let db = limited(&after, &clock);
    assert!(db.prepared().is_empty());
    assert_eq!(
        outcome(db.commit_prepared("tx")),
        Some(PreparedOutcome::Expired)
    );
    assert_eq!(all(&db, "s"), [1]);
}

#[test]
fn opening_and_checkpoints_end_it_too() {
    let (disk, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    let crashed = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    db.checkpoint().unwrap();
    assert!(db.prepared().is_empty());
    let options = || timed(&crashed, &clock);
    let reader = options().read_only(true).open(FOLDER).unwrap();
    assert_eq!(waiting(&reader), ["tx"], "reading writes nothing");
    drop(reader);
    let db = options().open(FOLDER).unwrap();
    assert!(db.prepared().is_empty());
    drop(db);
    clock.set_unix_ms(START_MS);
    assert!(options().open(FOLDER).unwrap().prepared().is_empty());
}

#[test]
fn the_background_thread_ends_it() {
    let (disk, clock) = (disk(), clock());
    let db = timed(&disk, &clock)
        .background(true)
        .time_limit_ms(20)
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    prepare(&db, "tx", |tx| upsert(tx, 1, "1")).unwrap();
    assert_eq!(waiting(&db), ["tx"]);
    clock.advance_ms(20);
    while !db.prepared().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(
        outcome(db.commit_prepared("tx")),
        Some(PreparedOutcome::Expired)
    );
}

#[test]
fn protection_stays_while_the_record_of_the_end_cannot_be_written() {
    let (disk, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    disk.fail_at(disk.operations() + 1, Fault::Enospc);
    // The one fault is met by the record of the end; the commit after it finds room.
    assert_eq!(holder(write(&db, 1)).as_deref(), Some("tx"));
    assert_eq!(waiting(&db), ["tx"]);
    assert_eq!(db.read_only(), None);
    write(&db, 1).unwrap();
    assert!(db.prepared().is_empty());

    let (disk, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    disk.fail_at(disk.operations() + 1, Fault::Enospc);
    assert_eq!(
        outcome(db.commit_prepared("tx")),
        Some(PreparedOutcome::Expired)
    );
    assert_eq!(waiting(&db), ["tx"]);
    db.rollback_prepared("tx").unwrap();

    let (disk, clock, db) = prepared();
    clock.advance_ms(LIMIT_MS);
    disk.fail_at(disk.operations() + 1, Fault::Eio);
    assert!(matches!(write(&db, 1), Err(Error::ReadOnly { .. })));
    assert_eq!(waiting(&db), ["tx"]);
}

#[test]
fn several_whose_time_is_over_end_together_and_the_others_stay() {
    let (disk, clock) = (disk(), clock());
    let db = limited(&disk, &clock);
    create(&db, int_store("s"));
    for key in 0..6 {
        prepare(&db, &format!("tx-{key}"), |tx| upsert(tx, key, "1")).unwrap();
        clock.advance_ms(LIMIT_MS / 10);
    }
    clock.advance_ms(LIMIT_MS / 20 * 11);
    let before = db.sequence();
    write(&db, 9).unwrap();
    assert_eq!(db.sequence(), before + 3);
    assert_eq!(waiting(&db), ["tx-2", "tx-3", "tx-4", "tx-5"]);
}

#[test]
fn each_transaction_may_have_its_own_limit_of_at_most_an_hour() {
    let (disk, clock) = (disk(), clock());
    let db = timed(&disk, &clock).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for (limit, expected) in [(1_000, 1_000), (u64::MAX, MAX_TIME_LIMIT_MS)] {
        let mut tx = db.begin(Mode::Write).unwrap();
        tx.set_time_limit_ms(limit);
        upsert(&tx, 1, "1").unwrap();
        let prepared = tx.prepare("tx").unwrap();
        assert_eq!(prepared.expires_at_ms, clock.now_unix_ms() + expected);
        db.rollback_prepared("tx").unwrap();
    }
}

#[test]
fn running_transactions_have_15_minutes_unless_another_limit_was_given() {
    let minute = 60_000;
    for (asked, limit) in [
        (None, 15 * minute),
        (Some(minute), minute),
        (Some(60 * minute), 60 * minute),
        (Some(61 * minute), 60 * minute),
        (Some(u64::MAX), 60 * minute),
    ] {
        let clock = clock();
        let options = timed(&disk(), &clock);
        let options = match asked {
            Some(ms) => options.time_limit_ms(ms),
            None => options,
        };
        let db = options.open(FOLDER).unwrap();
        create(&db, int_store("s"));
        let begin = || db.begin(Mode::Write).unwrap();
        let (commits, writes, prepares) = (begin(), begin(), begin());
        upsert(&commits, 1, "1").unwrap();
        upsert(&prepares, 2, "2").unwrap();
        clock.advance_ms(limit);
        upsert(&commits, 3, "3").unwrap();
        commits.commit().unwrap();
        clock.advance_ms(1);
        let over =
            |error: Error| matches!(error, Error::TimeLimit { limit_ms } if limit_ms == limit);
        assert!(over(upsert(&writes, 4, "4").unwrap_err()));
        assert!(over(writes.create_store(int_store("n")).unwrap_err()));
        assert!(over(writes.drop_store("s").unwrap_err()));
        assert!(over(writes.commit().unwrap_err()));
        assert!(over(prepares.prepare("tx").unwrap_err()));
        // Readers have no limit: they hold nobody up.
        let reader = db.begin(Mode::Read).unwrap();
        clock.advance_ms(100 * limit);
        assert_eq!(reader.documents("s").unwrap().len().unwrap(), 2);
        reader.commit().unwrap();
        // The time of day may be set without any harm to them.
        let tx = begin();
        clock.set_unix_ms(START_MS * 2);
        upsert(&tx, 5, "5").unwrap();
        tx.commit().unwrap();
    }
}

/// Runs a transaction that always meets another's commit; gives the pauses in between in nanoseconds.
fn pauses(seed: u64) -> Vec<u64> {
    let clock = clock();
    let db = timed(&disk(), &clock)
        .rng(Arc::new(SeededRng::new(seed)))
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    let runs = AtomicU32::new(0);
    let times = std::sync::Mutex::new(Vec::new());
    let result = db.transact(|tx| {
        runs.fetch_add(1, SeqCst);
        times.lock().unwrap().push(clock.monotonic_ns());
        tx.documents("s")?.get(&int(1))?;
        upsert(tx, 2, "2")?;
        write(&db, 1).map(|_| ())
    });
    assert!(matches!(
        result,
        Err(Error::Conflict { prepared: None, .. })
    ));
    assert_eq!(runs.load(SeqCst), 65, "once and 64 times again");
    let times = times.into_inner().unwrap();
    times.windows(2).map(|w| w[1] - w[0]).collect()
}

#[test]
fn transact_runs_again_a_bounded_number_of_times_after_random_pauses() {
    let first = pauses(7);
    assert!(first.iter().all(|ns| *ns < 20_000_000));
    for (i, ns) in first.iter().enumerate().take(8) {
        assert!(*ns < (50_000 << (i + 1)), "pause {i}: {ns}");
    }
    let all: u64 = first.iter().sum();
    assert!((200_000_000..1_300_000_000).contains(&all), "{all}");
    let distinct: std::collections::BTreeSet<_> = first.iter().collect();
    assert!(distinct.len() > 50);
    assert_ne!(first, pauses(8), "two that met do not meet again");
}

#[test]
fn transact_goes_on_when_what_was_in_its_way_is_decided_or_expires() {
    let (_, clock, db) = prepared();
    let mut runs = 0;
    db.transact(|tx| {
        runs += 1;
        if runs == 5 {
            clock.advance_ms(LIMIT_MS);
        }
        // Begun again with its own time limit each time.
        tx.documents("s")?.get(&int(1))?;
        if runs == 5 {
            return Err(Error::Conflict {
                store: "s".to_owned(),
                key: "1".to_owned(),
                sequence: 0,
                prepared: None,
            });
        }
        upsert(tx, 1, "2")
    })
    .unwrap();
    assert_eq!(runs, 6);
    assert!(db.prepared().is_empty());
}

#[test]
fn transact_gives_other_errors_back_at_once() {
    let db = with_items([1]);
    let mut runs = 0;
    let result = db.transact(|tx| {
        runs += 1;
        tx.documents("s")?.insert(&int(1), &doc("0"))
    });
    assert!(matches!(result, Err(Error::KeyExists { .. })));
    assert_eq!(runs, 1);
}
