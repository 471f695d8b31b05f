//! A disk without room: a clear error, nothing lost, and the log goes on when there is room again.

use super::*;
use crate::vfs::Vfs;
use crate::vfs::sim::{CrashPolicy, Fault, OperationKind};

const COUNT: u64 = 24;

/// Appends until all are in, with dropping and making ahead on the way. Gives the errors on the way when
/// `more_room` is called at each.
fn workload(
    log: &LocalLog,
    more_room: &mut dyn FnMut(&LocalLog, &LogError),
    durability: Durability,
) -> usize {
    let mut errors = 0;
    while log.last_sequence() < COUNT {
        let next = log.last_sequence() + 1;
        let appended = log.append_if(next, &[&payload(next, 0)], durability);
        if let Err(error) = appended {
            assert!(matches!(error, LogError::NoSpace(_)), "{error}");
            assert!(error.to_string().contains("free some space"), "{error}");
            assert_eq!(log.last_sequence(), next - 1);
            errors += 1;
            more_room(log, &error);
            continue;
        }
        if next.is_multiple_of(3) {
            // It needs room that may not be there; nobody depends on it.
            let _ = log.make_room_ahead();
        }
        if next == 13 {
            log.truncate_before(6).unwrap();
        }
    }
    errors
}

/// The disk gets full after any number of bytes: in the middle of a record, of a header, of a file that is
/// made ahead, of the seal.
#[test]
fn a_disk_that_gets_full_anywhere_takes_everything_after_there_is_room() {
    let mut met = 0;
    for durability in [Durability::Sync, Durability::NoSync] {
        for room in (0..50_000).step_by(389) {
            let vfs = SimVfs::new();
            let log = create(&vfs).unwrap();
            vfs.set_free_space(room);
            let story = format!("{durability:?}, room for {room}");
            let mut more_room = |log: &LocalLog, _: &LogError| {
                // What is acknowledged is there, whatever happens now.
                for policy in CrashPolicy::samples(room) {
                    let after = vfs.after_crash(policy);
                    let found = open_read_only(&after)
                        .and_then(|log| records(&log))
                        .unwrap_or_else(|error| panic!("{story}, {policy:?}: {error}"));
                    let last = found.last().map_or(0, |(sequence, _)| *sequence);
                    assert!(last >= log.durable_sequence(), "{story}, {policy:?}");
                    assert!(last <= log.last_sequence(), "{story}, {policy:?}");
                }
                vfs.set_free_space(vfs.free_space(&folder()).unwrap() + 7_001);
            };
            met += workload(&log, &mut more_room, durability);
            assert!(log.refusal().is_none(), "{story}");
            log.close().unwrap();
            let log = open(&vfs.after_crash(CrashPolicy::LoseUnsynced)).unwrap();
            assert_eq!(log.last_sequence(), COUNT, "{story}");
            for (sequence, found) in records(&log).unwrap() {
                assert_eq!(found, payload(sequence, 0), "{story}");
            }
        }
    }
    assert!(met > 200, "{met}");
}

/// A log that is full opens, and takes records when there is room.
#[test]
fn a_full_disk_does_not_keep_a_log_from_opening() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    append(&log, 1, 4, 0).unwrap();
    log.close().unwrap();
    vfs.set_free_space(100);
    let log = open(&vfs).unwrap();
    assert_eq!(records(&log).unwrap().len(), 4);
    let error = append(&log, 5, 3, 0).unwrap_err();
    assert!(matches!(error, LogError::NoSpace(_)), "{error}");
    vfs.set_free_space(100_000);
    append(&log, 5, 3, 0).unwrap();
    assert_eq!(records(&log).unwrap().len(), 7);
}

/// The seal is a courtesy to later opens: without room for it the commit is taken all the same.
#[test]
fn a_full_disk_at_the_seal_does_not_fail_the_log() {
    let seal = {
        let vfs = SimVfs::new();
        let log = create(&vfs).unwrap();
        append(&log, 1, 4, 0).unwrap();
        let before = vfs.operations() as usize;
        append(&log, 5, 1, 0).unwrap();
        let log = vfs.operation_log();
        let named = log[before..]
            .iter()
            .position(|op| op.kind == OperationKind::SyncDir)
            .unwrap();
        (before + named + 2) as u64
    };
    for fault in [Fault::Enospc, Fault::ShortWrite] {
        let vfs = SimVfs::new();
        let log = create(&vfs).unwrap();
        append(&log, 1, 4, 0).unwrap();
        vfs.fail_at(seal, fault);
        append(&log, 5, 1, 0).unwrap();
        append(&log, 6, 1, 0).unwrap();
        assert_eq!(segment_files(&vfs).len(), 2);
        for policy in CrashPolicy::samples(1) {
            let log = open(&vfs.after_crash(policy)).unwrap();
            assert_eq!(records(&log).unwrap().len(), 6);
        }
    }
}

/// With hardly any room the next segment is only as long as needed.
#[test]
fn a_nearly_full_disk_still_takes_small_segments() {
    let options = LogOptions {
        first_segment_bytes: 8_192,
        max_segment_bytes: 1 << 20,
    };
    let vfs = SimVfs::new();
    let shared = Arc::new(vfs.clone());
    let log = LocalLog::create(shared, &folder(), DATABASE, options, 1).unwrap();
    log.append_if(1, &[&[1; 2_500]], Durability::Sync).unwrap();
    vfs.set_free_space(9_000);
    log.make_room_ahead().unwrap_err();
    log.append_if(2, &[&[2; 2_500]], Durability::Sync).unwrap();
    assert_eq!(segment_files(&vfs).len(), 2);
    assert_eq!(vfs.list().len(), 2, "nothing half made stays");
}
