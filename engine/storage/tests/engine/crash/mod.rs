//! Power loss and disk faults at every operation of a workload: what was acknowledged is there
//! afterwards, nothing is half there, the database checks clean and can be worked with.

mod journal;
mod workloads;

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::vfs::sim::{CrashPolicy, Fault, Operation, OperationKind};
use sop::{Error, Mode};

use self::journal::{Journal, Session, contents, small, visible};
use self::workloads::{WORKLOADS, Workload, operations_of};
use crate::support::*;

/// The next process: it finds an allowed state, checks clean and can write.
fn verify(disk: &Arc<SimVfs>, journal: &Journal, context: &str) {
    let db = small(disk)
        .open(FOLDER)
        .unwrap_or_else(|e| panic!("{context}: opening: {e}"));
    let found = contents(&db).unwrap_or_else(|e| panic!("{context}: reading: {e}"));
    assert!(
        journal.allows(&found),
        "{context}: {} of {} commits were acknowledged, found {found:?}",
        journal.acknowledged,
        journal.states.len()
    );
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{context}: {:?}", report.problems);
    db.build_indexes()
        .unwrap_or_else(|e| panic!("{context}: building indexes: {e}"));
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{context}: {:?}", report.problems);
    let tx = db.begin(Mode::Write).unwrap();
    tx.create_store(int_store("after")).unwrap();
    tx.commit().unwrap();
    db.close()
        .unwrap_or_else(|e| panic!("{context}: closing: {e}"));
    for (folder, state, finished) in &journal.backups {
        match small(disk).create(false).open(folder) {
            Ok(copy) => {
                let found = contents(&copy).unwrap();
                assert_eq!(found, visible(state), "{context}: backup {folder}");
                assert!(copy.check().unwrap().is_clean());
            }
            Err(error) => assert!(!finished, "{context}: backup {folder}: {error}"),
        }
    }
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

/// 1 to `n`, or at most `most` of them spread evenly.
fn sample(n: u64, most: u64) -> impl Iterator<Item = u64> {
    let step = if std::env::var_os("SOP_NIGHTLY").is_some() {
        1
    } else {
        n.div_ceil(most)
    };
    (1..=n).step_by(step as usize)
}

/// Crashes while a workload runs and, now and then, again at every operation of the recovery.
fn crash_everywhere(name: &str, workload: Workload) {
    for at in sample(operations_of(workload), 250) {
        let disk = disk();
        disk.crash_at(at);
        let mut session = Session::new(&disk);
        // An error that a dropped handle met on closing is not seen here; what counts is the journal.
        let _ = workload(&mut session);
        let journal = session.journal;
        session.db = None;
        for (i, policy) in policies(at).into_iter().enumerate() {
            let context = format!("{name}, power lost at operation {at}, {policy:?}");
            let after = Arc::new(disk.after_crash(policy));
            let recovery = after.operations();
            verify(&after, &journal, &context);
            let recovery = after.operations() - recovery;
            let every = (at as usize + i).is_multiple_of(29);
            let step = if every { 1 } else { recovery.max(1) };
            for again_at in (1 + at % recovery.max(1)..=recovery).step_by(step as usize) {
                let again = Arc::new(disk.after_crash(policy));
                again.crash_at(again_at);
                let _ = small(&again).open(FOLDER).and_then(|db| db.close());
                let seed = at * 1_000 + again_at;
                let after = Arc::new(again.after_crash(CrashPolicy::RandomSubset { seed }));
                let context = format!("{context}, and again at operation {again_at}");
                verify(&after, &journal, &context);
            }
        }
    }
}

/// The operations at which a full disk must be a passing thing: those that take room for the log.
fn takes_room_for_the_log(log: &[Operation], at: u64) -> bool {
    use OperationKind::{Allocate, Create, Write};
    let operation = (at as usize).checked_sub(1).and_then(|at| log.get(at));
    operation.is_some_and(|this| {
        this.path.starts_with("/db/log") && matches!(this.kind, Allocate | Create | Write)
    })
}

/// After a fault, in the same process: what was committed can be read, and a write works or says why not.
fn verify_in_process(session: &mut Session, context: &str) {
    let Some(db) = session.db.clone() else {
        return;
    };
    let found = contents(&db).unwrap_or_else(|e| panic!("{context}: reading on: {e}"));
    assert_eq!(
        found,
        visible(&session.journal.last_acknowledged()),
        "{context}: reading on"
    );
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{context}: {:?}", report.problems);
    let written = session.make("more", |_| ());
    match (db.read_only(), written) {
        (None, Ok(())) => {
            session
                .put("more", 1..5, "1")
                .unwrap_or_else(|e| panic!("{context}: going on: {e}"));
            let want = visible(&session.journal.last_acknowledged());
            assert_eq!(contents(&db).unwrap(), want, "{context}: going on");
        }
        (Some(reason), Err(Error::ReadOnly { .. })) => {
            assert!(reason.contains("injected"), "{context}: {reason}");
        }
        other => panic!("{context}: {other:?}"),
    }
}

fn fault_everywhere(name: &str, workload: Workload, cache_bytes: u64, most: u64) {
    for at in sample(operations_of(workload), most) {
        for fault in Fault::ALL {
            let disk = disk();
            disk.fail_at(at, fault);
            let mut session = Session::new(&disk);
            session.cache_bytes = cache_bytes;
            let result = workload(&mut session);
            let context = format!("{name}, {fault:?} at operation {at}");
            let log = disk.operation_log();
            if result.is_err() {
                verify_in_process(&mut session, &context);
                let full = matches!(fault, Fault::Enospc | Fault::ShortWrite);
                if full
                    && takes_room_for_the_log(&log, at)
                    && let Some(db) = &session.db
                {
                    let reason = db.read_only();
                    assert_eq!(reason, None, "{context}");
                }
            }
            let journal = session.journal.clone();
            drop(session);
            let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
            verify(&after, &journal, &context);
        }
    }
}

#[test]
fn power_loss_at_any_operation_loses_nothing_acknowledged() {
    for (name, workload) in WORKLOADS {
        crash_everywhere(name, workload);
    }
}

#[test]
fn a_disk_fault_at_any_operation_is_a_clear_error_and_loses_nothing_acknowledged() {
    for (name, workload) in WORKLOADS {
        fault_everywhere(name, workload, 64 << 20, 150);
    }
}

#[test]
fn after_a_disk_fault_reads_go_on_with_hardly_any_cache() {
    for (name, workload) in WORKLOADS {
        fault_everywhere(name, workload, 300, 50);
    }
}
