//! What is run while the disk fails: each says what it is meant to reach.

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::vfs::sim::OperationKind;
use sop::{IndexDefinition, Placement, Result};

use super::journal::Session;
use crate::support::*;

pub type Workload = fn(&mut Session) -> Result<()>;

pub const WORKLOADS: [(&str, Workload); 14] = [
    ("inserts", inserts),
    ("splits", splits),
    ("merges", merges),
    ("checkpoints and reopening", checkpoints_and_reopening),
    ("stores come and go", stores_come_and_go),
    ("many dirty nodes", many_dirty_nodes),
    ("reclaim", reclaim),
    ("reopening", reopening),
    ("large values", large_values),
    ("duplicates", duplicates),
    ("cel order", cel_order),
    ("backups", backups),
    ("log files", log_files),
    ("indexes", indexes),
];

fn inserts(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    for i in 0..6 {
        s.put("s", [i, i + 100].into_iter(), &format!("\"{i:0>300}\""))?;
    }
    s.close()
}

fn splits(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |d| d.slot_length = 2)?;
    s.make("t", |d| {
        d.slot_length = 3;
        d.leaf_load_balancing = true;
    })?;
    for i in 0..8 {
        s.put("s", (0..4).map(|j| i * 4 + j), "1")?;
        s.put("t", (0..5).map(|j| (i * 5 + j) * 17 % 40), "2")?;
        if i % 3 == 2 {
            s.checkpoint()?;
        }
    }
    s.close()
}

fn merges(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |d| d.slot_length = 3)?;
    s.put("s", 0..60, "1")?;
    s.checkpoint()?;
    for i in 0..5 {
        s.remove("s", (0..12).map(|j| (i * 12 + j) * 7 % 60))?;
        s.checkpoint()?;
    }
    s.put("s", 5..7, "2")?;
    s.close()
}

fn checkpoints_and_reopening(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    s.put("s", 0..20, "1")?;
    s.checkpoint()?;
    s.put("s", [3, 50].into_iter(), "2")?;
    s.checkpoint()?;
    s.remove("s", 0..15)?;
    s.close()?;
    s.open()?;
    s.put("s", 7..8, "3")?;
    s.open()?;
    s.remove("s", 0..100)?;
    s.checkpoint()
}

fn stores_come_and_go(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("a", |_| ())?;
    s.make("b", |_| ())?;
    s.put("a", 1..4, "1")?;
    s.put("b", 1..4, "1")?;
    s.drop_store("a")?;
    s.checkpoint()?;
    s.make("a", |_| ())?;
    s.put("a", 9..10, "9")?;
    s.drop_store("b")?;
    s.close()
}

/// Several stores with hundreds of nodes in one checkpoint, over many segment files.
fn many_dirty_nodes(s: &mut Session) -> Result<()> {
    s.open()?;
    for store in ["a", "b", "c"] {
        s.make(store, |d| d.slot_length = 2)?;
        s.put(store, 0..150, "\"a value that is not very short\"")?;
    }
    s.checkpoint()?;
    for store in ["a", "b", "c"] {
        s.put(store, (0..150).step_by(7), "2")?;
    }
    s.checkpoint()
}

/// Everything is written again and again, until segment files are removed.
fn reclaim(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    s.make("t", |_| ())?;
    s.put("t", 0..10, "\"stays where it is until it is moved\"")?;
    for i in 0..6 {
        s.put("s", 0..30, &format!("\"{i:0>60}\""))?;
        s.checkpoint()?;
    }
    s.remove("s", 3..30)?;
    s.checkpoint()?;
    s.put("t", 0..1, "1")?;
    s.checkpoint()?;
    s.put("t", 0..1, "2")?;
    s.close()
}

fn reopening(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    for i in 0..4 {
        s.put("s", (i * 3)..(i * 3 + 4), "1")?;
        s.close()?;
        s.open()?;
        s.remove("s", [i * 2].into_iter())?;
        // Dropped, not closed in so many words.
        s.open()?;
    }
    s.put("s", 0..2, "2")
}

/// Values in blobs of their own, read back from there.
fn large_values(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |d| d.placement = Placement::Segment)?;
    for i in 0..3 {
        let text = format!("\"{}\"", i.to_string().repeat(5_000));
        s.put("s", i..i + 3, &text)?;
        s.put("s", 10..11, "1")?;
        s.checkpoint()?;
    }
    s.remove("s", 0..2)?;
    s.close()?;
    s.open()?;
    s.put("s", 3..4, "2")
}

fn duplicates(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("d", |d| d.unique = false)?;
    s.add("d", &[1, 1, 1, 2, 2, 3], "1")?;
    s.checkpoint()?;
    s.add("d", &[1, 2, 1, 1, 1, 2], "2")?;
    s.remove("d", [1, 3, 2].into_iter())?;
    s.close()?;
    s.open()?;
    s.add("d", &[3, 1], "3")?;
    s.remove("d", [1].into_iter())?;
    s.close()
}

/// Keys that a comparer orders, against the order of their fields.
fn cel_order(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |d| {
        d.key = crate::cel::ascending_against_the_fields();
        d.slot_length = 3;
    })?;
    s.put("s", (0..12).map(|i| i * 7 % 12), "1")?;
    s.checkpoint()?;
    s.remove("s", [3, 4, 5, 11].into_iter())?;
    s.put("s", [4, 3, 20, -1].into_iter(), "2")?;
    s.open()?;
    s.put("s", (0..12).rev(), "3")?;
    s.checkpoint()?;
    s.remove("s", 0..30)?;
    s.put("s", [2, 1].into_iter(), "4")?;
    s.close()
}

fn backups(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    s.put("s", 0..10, "1")?;
    s.backup("/copies/one")?;
    s.put("s", 5..15, "2")?;
    s.checkpoint()?;
    s.put("s", 0..1, "3")?;
    s.backup("/two")?;
    s.put("s", 20..21, "4")?;
    s.close()
}

/// Records that fill log files, so that these are begun, sealed, dropped and written over.
fn log_files(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    for i in 0..8 {
        let text = format!("\"{}\"", i.to_string().repeat(6_000));
        s.put("s", [i].into_iter(), &text)?;
        if i % 2 == 1 {
            s.checkpoint()?;
        }
    }
    // More than a file usually holds.
    let text = format!("\"{}\"", "9".repeat(30_000));
    s.put("s", 9..10, &text)?;
    s.put("s", 0..6, "1")?;
    s.checkpoint()?;
    s.put("s", 0..1, "2")
}

/// Indexes that are made over items and over none, built in several batches, kept, and dropped.
fn indexes(s: &mut Session) -> Result<()> {
    s.open()?;
    s.make("s", |_| ())?;
    s.put("s", 0..150, "{\"a\":1}")?;
    let index = |name: &str, fields: &[&str]| IndexDefinition::new(name, "s", fields);
    s.commit(|tx| tx.create_index(&index("by_a", &["a"])), |_| ())?;
    s.put(
        "s",
        (0..30).map(|i| i * 6),
        "{\"a\":\"x\",\"b\":{\"c\":2.5}}",
    )?;
    s.checkpoint()?;
    s.db()?.build_indexes()?;
    s.put("s", 140..160, "{\"a\":2}")?;
    s.open()?;
    s.commit(|tx| tx.create_index(&index("by_c", &["b.c", "a"])), |_| ())?;
    s.open()?;
    s.db()?.build_indexes()?;
    s.remove("s", (0..40).map(|i| i * 3))?;
    s.commit(|tx| tx.drop_index("by_a"), |_| ())?;
    s.put("s", 5..8, "{\"b\":{\"c\":3}}")?;
    s.close()
}

fn ran(workload: Workload) -> Arc<SimVfs> {
    let disk = disk();
    let mut session = Session::new(&disk);
    workload(&mut session).unwrap();
    drop(session);
    disk
}

/// How many operations of the disk there are while it runs, closing at the end included.
pub fn operations_of(workload: Workload) -> u64 {
    ran(workload).operations()
}

#[test]
fn the_workloads_reach_what_they_are_meant_to_reach() {
    let count = |workload: Workload, kind: OperationKind, folder: &str| {
        let log = ran(workload).operation_log();
        let hits = |o: &&sop::vfs::sim::Operation| {
            o.kind == kind && o.path.to_string_lossy().contains(folder)
        };
        log.iter().filter(hits).count()
    };
    assert!(count(reclaim, OperationKind::Unlink, "/data/") >= 3);
    assert!(count(many_dirty_nodes, OperationKind::Create, "/data/") >= 6);
    assert!(count(large_values, OperationKind::Write, "/data/") >= 6);
    assert!(count(log_files, OperationKind::Rename, "/log/0") >= 4);
    assert!(count(log_files, OperationKind::Rename, "/log/spare") >= 2);
    assert!(count(log_files, OperationKind::Unlink, "/log/") >= 2);
    assert!(
        count(
            checkpoints_and_reopening,
            OperationKind::Rename,
            "/catalog/"
        ) >= 4
    );
}
