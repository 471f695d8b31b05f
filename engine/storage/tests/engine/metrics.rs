//! Figures for those who watch a database.

use std::sync::Arc;
use std::time::Duration;

use sop::{ManualClock, Mode};

use crate::support::*;

#[test]
fn what_happened_is_counted_and_what_is_is_said() {
    let clock = Arc::new(ManualClock::new(1_000_000));
    let disk = disk();
    let open = || options(&disk).clock(clock.clone()).open(FOLDER).unwrap();
    let db = open();
    create(&db, int_store("s"));
    insert(&db, "s", [1, 2, 3]);
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    a.documents("s")
        .unwrap()
        .insert(&int(4), &doc("4"))
        .unwrap();
    b.documents("s")
        .unwrap()
        .insert(&int(4), &doc("5"))
        .unwrap();
    a.commit().unwrap();
    assert!(b.commit().unwrap_err().is_conflict());
    let metrics = db.metrics();
    assert_eq!((metrics.stores, metrics.items, metrics.sequence), (1, 4, 3));
    assert_eq!(
        (metrics.commits, metrics.conflicts, metrics.records),
        (3, 1, 3)
    );
    assert_eq!(metrics.group_sizes.counts[0], 3, "three groups of one");
    assert_eq!(
        (metrics.group_sizes.count(), metrics.group_sizes.sum),
        (3, 3)
    );
    assert_eq!(metrics.flush_ns.count(), 3);
    assert!(metrics.record_bytes > 0 && metrics.log_bytes_on_disk > metrics.record_bytes);
    assert!(metrics.bytes_on_disk >= metrics.log_bytes_on_disk);
    assert_eq!((metrics.active_readers, metrics.active_writers), (0, 0));
    assert_eq!(metrics.oldest_snapshot_age, Duration::ZERO);

    let reader = db.begin(Mode::Read).unwrap();
    clock.advance_ms(1_500);
    let age = || db.metrics().oldest_snapshot_age;
    assert_eq!(age(), Duration::ZERO, "it is the newest");
    insert(&db, "s", [5]);
    let writer = db.begin(Mode::Write).unwrap();
    clock.advance_ms(2_000);
    assert_eq!(age(), Duration::from_secs(2));
    insert(&db, "s", [6]);
    clock.advance_ms(500);
    let metrics = db.metrics();
    assert_eq!((metrics.active_readers, metrics.active_writers), (1, 1));
    assert_eq!(metrics.oldest_snapshot_age, Duration::from_millis(2_500));
    drop(reader);
    assert_eq!(age(), Duration::from_millis(500));
    drop(writer);
    assert_eq!(age(), Duration::ZERO);

    let before = db.metrics();
    assert_eq!(
        (before.checkpoint_ns.count(), before.segment_bytes_written),
        (0, 0)
    );
    db.checkpoint().unwrap();
    db.checkpoint().unwrap();
    let metrics = db.metrics();
    assert_eq!(
        metrics.checkpoint_ns.count(),
        1,
        "the second had nothing to do"
    );
    assert!(metrics.segment_bytes_written > 0 && !metrics.read_only);
    assert_eq!(
        (metrics.checkpoint_failures, metrics.checkpoint_failure),
        (0, None)
    );
    db.close().unwrap();
    assert_eq!(open().metrics().commits, 0, "counted since it was opened");
}

#[test]
fn room_that_was_given_back_is_counted() {
    let disk = disk();
    let db = options(&disk).segment_bytes(4 << 10).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for round in 0..20 {
        let text = format!("\"{}\"", "x".repeat(600 + round));
        db.transact(|tx| {
            let s = tx.documents("s")?;
            (0..40).try_for_each(|key| s.upsert(&int(key), &doc(&text)).map(drop))
        })
        .unwrap();
        db.checkpoint().unwrap();
    }
    let metrics = db.metrics();
    assert!(metrics.segment_bytes_reclaimed > 0);
    assert!(metrics.segment_bytes_reclaimed < metrics.segment_bytes_written * 2);
}
