//! Power loss and disk faults at every operation of a workload: what was acknowledged is there
//! afterwards, nothing is half there, and the database checks clean.

use std::collections::BTreeMap;
use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::vfs::sim::{CrashPolicy, Fault};
use sop::{Database, Direction, KeyRange, Mode, Result, StoreDefinition};

use crate::support::*;

type Stores = BTreeMap<String, BTreeMap<i64, String>>;

/// What the workload has been promised: after each commit that was tried, the state it leads to,
/// and how many of them were acknowledged.
#[derive(Default)]
struct Journal {
    states: Vec<Stores>,
    acknowledged: usize,
}

impl Journal {
    fn last(&self) -> Stores {
        self.states.last().cloned().unwrap_or_default()
    }

    /// Runs one transaction and notes what it promises.
    fn commit(
        &mut self,
        db: &Database,
        work: impl FnOnce(&sop::Transaction) -> Result<()>,
        change: impl FnOnce(&mut Stores),
    ) -> Result<()> {
        let tx = db.begin(Mode::Write)?;
        work(&tx)?;
        let mut state = self.last();
        change(&mut state);
        self.states.push(state);
        tx.commit()?;
        self.acknowledged = self.states.len();
        Ok(())
    }
}

fn put(journal: &mut Journal, db: &Database, store: &str, keys: &[i64], text: &str) -> Result<()> {
    journal.commit(
        db,
        |tx| {
            let s = tx.store(store)?;
            keys.iter()
                .try_for_each(|k| s.upsert(&int(*k), &doc(text)).map(|_| ()))
        },
        |state| {
            let s = state.get_mut(store).unwrap();
            s.extend(keys.iter().map(|k| (*k, text.to_owned())));
        },
    )
}

fn remove(journal: &mut Journal, db: &Database, store: &str, keys: &[i64]) -> Result<()> {
    journal.commit(
        db,
        |tx| {
            let s = tx.store(store)?;
            keys.iter().try_for_each(|k| s.remove(&int(*k)).map(|_| ()))
        },
        |state| {
            let s = state.get_mut(store).unwrap();
            for k in keys {
                s.remove(k);
            }
        },
    )
}

fn make(journal: &mut Journal, db: &Database, store: &str) -> Result<()> {
    journal.commit(
        db,
        |tx| {
            tx.create_store(StoreDefinition {
                slot_length: 4,
                ..int_store(store)
            })
        },
        |state| {
            state.insert(store.to_owned(), BTreeMap::new());
        },
    )
}

fn drop_store(journal: &mut Journal, db: &Database, store: &str) -> Result<()> {
    journal.commit(
        db,
        |tx| tx.drop_store(store),
        |state| {
            state.remove(store);
        },
    )
}

type Workload = fn(&mut Journal, &Arc<SimVfs>) -> Result<()>;

fn inserts(journal: &mut Journal, disk: &Arc<SimVfs>) -> Result<()> {
    let db = options(disk).open(FOLDER)?;
    make(journal, &db, "s")?;
    for i in 0..6 {
        put(journal, &db, "s", &[i, i + 100], &format!("\"{i:0>300}\""))?;
    }
    db.close()
}

fn checkpoints_and_reopening(journal: &mut Journal, disk: &Arc<SimVfs>) -> Result<()> {
    let db = options(disk).open(FOLDER)?;
    make(journal, &db, "s")?;
    put(journal, &db, "s", &(0..20).collect::<Vec<_>>(), "1")?;
    db.checkpoint()?;
    put(journal, &db, "s", &[3, 50], "2")?;
    db.checkpoint()?;
    remove(journal, &db, "s", &(0..15).collect::<Vec<_>>())?;
    db.close()?;
    let db = options(disk).open(FOLDER)?;
    put(journal, &db, "s", &[7], "3")?;
    drop(db);
    let db = options(disk).open(FOLDER)?;
    remove(journal, &db, "s", &(0..100).collect::<Vec<_>>())?;
    db.checkpoint()
}

fn stores_come_and_go(journal: &mut Journal, disk: &Arc<SimVfs>) -> Result<()> {
    let db = options(disk).open(FOLDER)?;
    make(journal, &db, "a")?;
    make(journal, &db, "b")?;
    put(journal, &db, "a", &[1, 2, 3], "1")?;
    put(journal, &db, "b", &[1, 2, 3], "1")?;
    drop_store(journal, &db, "a")?;
    db.checkpoint()?;
    make(journal, &db, "a")?;
    put(journal, &db, "a", &[9], "9")?;
    drop_store(journal, &db, "b")?;
    db.close()
}

const WORKLOADS: [(&str, Workload); 3] = [
    ("inserts", inserts),
    ("checkpoints and reopening", checkpoints_and_reopening),
    ("stores come and go", stores_come_and_go),
];

fn contents(db: &Database) -> Result<Stores> {
    let tx = db.begin(Mode::Read)?;
    tx.stores()?
        .into_iter()
        .map(|info| {
            let name = info.definition.name.clone();
            let items = tx
                .store(&name)?
                .range(&KeyRange::all(), Direction::Forward)?
                .map(|item| item.map(|i| (as_int(&i.key), i.value.to_json())))
                .collect::<Result<_>>()?;
            Ok((name, items))
        })
        .collect()
}

/// After a fault: the state is the one after the last acknowledged commit, or after a later one
/// that was tried; and it can be worked with.
fn verify(disk: &Arc<SimVfs>, journal: &Journal, context: &str) {
    let db = options(disk)
        .open(FOLDER)
        .unwrap_or_else(|e| panic!("{context}: opening: {e}"));
    let found = contents(&db).unwrap_or_else(|e| panic!("{context}: reading: {e}"));
    let allowed = journal.acknowledged.saturating_sub(1)..journal.states.len();
    let fits =
        (journal.acknowledged == 0 && found.is_empty()) || journal.states[allowed].contains(&found);
    assert!(
        fits,
        "{context}: {} of {} commits were acknowledged, found {found:?}",
        journal.acknowledged,
        journal.states.len()
    );
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{context}: {:?}", report.problems);
    let tx = db.begin(Mode::Write).unwrap();
    tx.create_store(int_store("after")).unwrap();
    tx.commit().unwrap();
    db.close().unwrap();
}

fn policies(seed: u64) -> Vec<CrashPolicy> {
    vec![
        CrashPolicy::LoseUnsynced,
        CrashPolicy::KeepUnsynced,
        CrashPolicy::Torn { sector: 512 },
        CrashPolicy::Torn { sector: 4096 },
        CrashPolicy::RandomSubset { seed },
        CrashPolicy::RandomSubset {
            seed: seed + 1_000_000,
        },
    ]
}

fn operations_of(workload: Workload) -> u64 {
    let disk = disk();
    workload(&mut Journal::default(), &disk).unwrap();
    disk.operations()
}

#[test]
fn power_loss_at_any_operation_loses_nothing_acknowledged() {
    for (name, workload) in WORKLOADS {
        for at in 1..=operations_of(workload) {
            let disk = disk();
            disk.crash_at(at);
            let mut journal = Journal::default();
            // An error that a dropped handle met on closing is not seen here; what counts is the journal.
            let _ = workload(&mut journal, &disk);
            for policy in policies(at) {
                let context = format!("{name}, power lost at operation {at}, {policy:?}");
                let after = Arc::new(disk.after_crash(policy));
                verify(&after, &journal, &context);
                // And again while recovering from it.
                let again = Arc::new(disk.after_crash(policy));
                again.crash_at(again.operations() + 1 + at % 7);
                let _ = options(&again).open(FOLDER).and_then(|db| db.close());
                let after = Arc::new(again.after_crash(CrashPolicy::RandomSubset { seed: at }));
                verify(
                    &after,
                    &journal,
                    &format!("{context}, and again while opening"),
                );
            }
        }
    }
}

#[test]
fn a_disk_fault_at_any_operation_is_a_clear_error_and_loses_nothing_acknowledged() {
    for (name, workload) in WORKLOADS {
        for at in 1..=operations_of(workload) {
            for fault in [
                Fault::Eio,
                Fault::Enospc,
                Fault::ShortWrite,
                Fault::FailedFlush { keep: false },
                Fault::FailedFlush { keep: true },
            ] {
                let disk = disk();
                disk.fail_at(at, fault);
                let mut journal = Journal::default();
                let _ = workload(&mut journal, &disk);
                let context = format!("{name}, {fault:?} at operation {at}");
                let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
                verify(&after, &journal, &context);
            }
        }
    }
}
