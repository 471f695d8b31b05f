//! One fault at every operation: what was acknowledged stays, a failed log takes nothing more, a full
//! disk does no harm.

use super::*;
use crate::vfs::sim::{CrashPolicy, Fault};

/// Appends until an error; with a full disk it tries again once. Gives the acknowledged sequence.
fn workload(vfs: &SimVfs) -> (u64, Option<LogError>) {
    let log = match create(vfs) {
        Ok(log) => log,
        Err(error) => return (0, Some(error)),
    };
    let mut acknowledged = 0;
    let mut tried_again = false;
    while log.last_sequence() < 14 {
        let next = log.last_sequence() + 1;
        let durability = if next % 3 == 1 {
            Durability::NoSync
        } else {
            Durability::Sync
        };
        let (a, b) = (payload(next, 0), payload(next + 1, 0));
        match log.append_if(next, &[&a, &b], durability) {
            Ok(appended) => acknowledged = acknowledged.max(appended.durable),
            Err(LogError::NoSpace(_)) if !tried_again => {
                assert_eq!(log.last_sequence(), next - 1);
                tried_again = true;
            }
            Err(error) => {
                refuses_everything(&log, vfs, &error);
                return (acknowledged, Some(error));
            }
        }
        let truncated = if next == 9 {
            log.truncate_before(5)
        } else {
            Ok(())
        };
        if let Err(error) = truncated {
            refuses_everything(&log, vfs, &error);
            return (acknowledged, Some(error));
        }
    }
    match log.close() {
        Ok(()) => (log.durable_sequence(), None),
        Err(error) => (acknowledged, Some(error)),
    }
}

fn refuses_everything(log: &LocalLog, vfs: &SimVfs, error: &LogError) {
    assert!(matches!(error, LogError::Io(_)), "{error}");
    let before = vfs.operations();
    for _ in 0..2 {
        let refused = append(log, log.last_sequence() + 1, 1, 9).unwrap_err();
        assert!(matches!(refused, LogError::Failed { .. }), "{refused}");
        log.sync().unwrap_err();
        log.truncate_before(99).unwrap_err();
        log.close().unwrap_err();
    }
    assert_eq!(
        vfs.operations(),
        before,
        "a failed log must not touch its files"
    );
}

#[test]
fn every_fault_at_every_operation() {
    let vfs = SimVfs::new();
    assert_eq!(workload(&vfs).0, 14);
    let total = vfs.operations();
    for operation in 1..=total {
        for fault in Fault::ALL {
            let vfs = SimVfs::new();
            vfs.fail_at(operation, fault);
            let (acknowledged, error) = workload(&vfs);
            let story = format!("{fault:?} at {operation} of {total}, {acknowledged}, {error:?}");
            for policy in CrashPolicy::samples(operation) {
                check(
                    &vfs.after_crash(policy),
                    acknowledged,
                    &format!("{story}, {policy:?}"),
                );
            }
            // The next process finds the memory of the operating system, then the power goes.
            let next = vfs.after_process_end();
            let shown = check(&next, acknowledged, &story);
            let after = next.after_crash(CrashPolicy::LoseUnsynced);
            assert_eq!(check(&after, shown, &story), shown, "{story}");
        }
    }
}

fn check(vfs: &SimVfs, acknowledged: u64, story: &str) -> u64 {
    if acknowledged == 0 && !LocalLog::exists(vfs, &folder()).unwrap() {
        return 0;
    }
    let log = open(vfs).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(log.last_sequence() >= acknowledged, "{story}");
    for (sequence, found) in records(&log).unwrap_or_else(|error| panic!("{story}: {error}")) {
        assert_eq!(found, payload(sequence, 0), "{story}");
    }
    log.last_sequence()
}

/// The append that met a full disk is not in the log, the next one is, also after a power cut.
#[test]
fn a_full_disk_in_the_middle_of_a_write_leaves_nothing_behind() {
    for fault in [Fault::Enospc, Fault::ShortWrite] {
        let vfs = SimVfs::new();
        let log = create(&vfs).unwrap();
        append(&log, 1, 2, 0).unwrap();
        vfs.fail_at(vfs.operations() + 1, fault);
        let error = append(&log, 3, 3, 1).unwrap_err();
        assert!(
            error.to_string().starts_with("no space for the commit log"),
            "{error}"
        );
        append(&log, 3, 1, 2).unwrap();
        let log = open(&vfs.after_crash(CrashPolicy::LoseUnsynced)).unwrap();
        assert_eq!(log.last_sequence(), 3);
        assert_eq!(records(&log).unwrap()[2].1, payload(3, 2));
    }
}

/// A flush that failed may have dropped the data while it can still be read. A second flush that
/// reports success proves nothing, so the next process writes such records again.
#[test]
fn a_flush_that_failed_is_not_believed_by_the_next_process() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    append(&log, 1, 2, 0).unwrap();
    vfs.fail_at(vfs.operations() + 2, Fault::FailedFlush { keep: false });
    append(&log, 3, 1, 0).unwrap_err();
    let next = vfs.after_process_end();
    let shown = open(&next).unwrap().last_sequence();
    assert_eq!(shown, 3);
    let after = next.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(open(&after).unwrap().last_sequence(), 3);
}
