//! Files that are used again: what they held before is never taken for something new.

use super::record::{Place, RecordHeader, RecordKind, record_bytes};
use super::*;
use crate::vfs::Vfs;
use crate::vfs::sim::{CrashPolicy, Operation, OperationKind};

/// How many files of dropped segments got a segment's name again.
pub(super) fn files_used_again(vfs: &SimVfs) -> usize {
    let is_segment = |op: &Operation| op.path.extension().is_some_and(|ending| ending == "log");
    // The header is written through the handle that was opened under the old name.
    let steps = vfs.operation_log();
    let again = steps.windows(3).filter(|steps| {
        let [write, _sync, rename] = steps else {
            return false;
        };
        let kinds = (write.kind, rename.kind) == (OperationKind::Write, OperationKind::Rename);
        kinds && is_segment(write) && is_segment(rename)
    });
    again.count()
}

/// Segments of several blocks, so that old records stay behind the block that is written.
fn create_large(vfs: &SimVfs) -> LocalLog {
    let options = LogOptions {
        first_segment_bytes: 20_480,
        max_segment_bytes: 20_480,
    };
    LocalLog::create(Arc::new(vfs.clone()), &folder(), DATABASE, options, 1).unwrap()
}

/// Appends records like this one until a segment begins. They are durable, but for the last one.
fn fill(log: &LocalLog, vfs: &SimVfs, record: &[u8]) {
    let before = segment_files(vfs).len();
    while segment_files(vfs).len() == before {
        let next = log.last_sequence() + 1;
        log.sync().unwrap();
        log.append_if(next, &[record], Durability::NoSync).unwrap();
    }
}

/// A log of several segments whose first ones were dropped; the last one is in one of their files, with a
/// single record, and the old records behind it.
fn reused(record: &[u8]) -> (SimVfs, LocalLog) {
    let vfs = SimVfs::new();
    let log = create_large(&vfs);
    for _ in 0..3 {
        fill(&log, &vfs, record);
    }
    log.truncate_before(log.last_sequence()).unwrap();
    assert_eq!(segment_files(&vfs).len(), 1);
    fill(&log, &vfs, record);
    log.sync().unwrap();
    assert_eq!(files_used_again(&vfs), 1);
    (vfs, log)
}

fn last_segment(vfs: &SimVfs) -> Vec<u8> {
    let file = segment_files(vfs).pop().unwrap();
    vfs.copy_out(&file).unwrap()
}

#[test]
fn a_dropped_segment_is_written_over_and_only_a_few_are_kept() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    for _ in 0..5 {
        fill(&log, &vfs, &[1; 700]);
    }
    let used = log.bytes_on_disk();
    log.truncate_before(log.last_sequence()).unwrap();
    assert_eq!(log.bytes_on_disk(), 3 * 8_192, "{used}");
    let kinds = |from: usize| -> Vec<OperationKind> {
        let log = vfs.operation_log();
        log[from..].iter().map(|op| op.kind).collect()
    };
    let before = vfs.operations() as usize;
    log.make_room_ahead().unwrap();
    fill(&log, &vfs, &[2; 700]);
    let kinds = kinds(before);
    for none in [OperationKind::Create, OperationKind::Allocate] {
        assert!(!kinds.contains(&none), "{kinds:?}");
    }
    assert_eq!(files_used_again(&vfs), 1);
    let kept = log.last_sequence() + 1 - log.first_sequence();
    assert_eq!(records(&log).unwrap().len() as u64, kept);
    log.close().unwrap();
    let files = vfs.list();
    assert_eq!(files.len(), 2, "spare files go at the close: {files:?}");
}

#[test]
fn the_next_segment_is_made_ahead_when_asked_for_and_removed_at_the_next_open() {
    use OperationKind::{Rename, Sync, SyncDir, Write};

    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    let ask = |sequence| {
        log.append_if(sequence, &[&[1; 900]], Durability::Sync)
            .unwrap()
            .low_on_room
    };
    assert!(!ask(1));
    let before = vfs.operations();
    log.make_room_ahead().unwrap();
    assert_eq!(vfs.operations(), before, "there is room enough");
    assert!(!ask(2));
    assert!(ask(3));
    log.make_room_ahead().unwrap();
    let made = vfs.operations();
    log.make_room_ahead().unwrap();
    assert_eq!(vfs.operations(), made, "one is enough");
    assert!(!ask(4));
    let next = vfs.operations() as usize;
    ask(5);
    let kinds: Vec<_> = vfs.operation_log()[next..]
        .iter()
        .map(|op| op.kind)
        .collect();
    assert_eq!(
        kinds,
        [Write, Sync, Rename, SyncDir, Write, Sync, Write, Sync],
        "header, name, seal, group"
    );
    ask(6);
    ask(7);
    log.make_room_ahead().unwrap();
    assert_eq!(vfs.list().len(), 3);
    let vfs = vfs.after_crash(CrashPolicy::KeepUnsynced);
    let log = open(&vfs).unwrap();
    assert_eq!((log.last_sequence(), vfs.list().len()), (7, 2));
}

/// Old records lie exactly where the next new ones would: the worst case.
#[test]
fn old_records_behind_the_end_are_not_believed() {
    let record = [b'o'; 700];
    let (vfs, log) = reused(&record);
    let end = 4096 + record_bytes(record.len()) as usize;
    let follows = |at: usize| last_segment(&vfs)[at..].starts_with(b"SOPr");
    assert!(follows(end), "an old record lies where the next one goes");
    log.append_if(log.last_sequence() + 1, &[&record], Durability::NoSync)
        .unwrap();
    assert!(follows(end + record_bytes(record.len()) as usize));
    let last = log.last_sequence();
    for policy in CrashPolicy::samples(3) {
        let vfs = vfs.after_crash(policy);
        let log = open(&vfs).unwrap_or_else(|error| panic!("{policy:?}: {error}"));
        assert!(
            [last - 1, last].contains(&log.last_sequence()),
            "{policy:?}"
        );
        assert_eq!(
            last_segment(&vfs)
                .windows(4)
                .filter(|at| at == b"SOPr")
                .count() as u64,
            log.last_sequence() + 1 - segment_first(&vfs) + 1,
            "{policy:?}: what is old is gone, the records and the marker stay"
        );
        append(&log, log.last_sequence() + 1, 2, 1).unwrap();
        let expected = records(&log).unwrap();
        let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
        assert_eq!(records(&open(&vfs).unwrap()).unwrap(), expected);
    }
}

fn segment_first(vfs: &SimVfs) -> u64 {
    let file = segment_files(vfs).pop().unwrap();
    file.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

/// Someone stores the bytes of records as a value, right in all but where they lie. Later the file is used
/// again, and a record of the new segment ends just before them.
#[test]
fn records_inside_an_old_payload_are_not_believed() {
    let (_, log) = forged(1);
    let next = log.last_sequence() + 1;
    let (vfs, log) = forged(next);
    assert_eq!(log.last_sequence() + 1, next);
    log.sync().unwrap();
    let bytes = last_segment(&vfs);
    let at = 4096 + record_bytes(700);
    assert!(bytes[at as usize..].starts_with(b"SOPr"));
    assert_eq!(bytes[at as usize + 24..][..8], next.to_le_bytes());
    let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(open_read_only(&vfs).unwrap().last_sequence(), next - 1);
    assert_eq!(open(&vfs).unwrap().last_sequence(), next - 1);
}

/// The forger knows the segment that the value goes to, the place in it, and what will come next: one
/// record that would be taken for the next, and one that would prove that a record is lost.
fn forged(next: u64) -> (SimVfs, LocalLog) {
    let vfs = SimVfs::new();
    let log = create_large(&vfs);
    let old = segment::SegmentHeader {
        database: DATABASE,
        first: 1,
        epoch: 1,
    };
    let mut value = vec![b'v'; record_bytes(700) as usize - record::HEADER_BYTES];
    for sequence in [next, next + 5] {
        let forged = RecordHeader {
            kind: RecordKind::Commit,
            epoch: 1,
            sequence,
            flushed: sequence - 1,
            length: 2,
        };
        let place = Place {
            segment: old.identity(),
            offset: 4096 + (record::HEADER_BYTES + value.len()) as u64,
        };
        forged.encode(place, b"!!", &mut value);
    }
    log.append_if(1, &[&value], Durability::Sync).unwrap();
    for _ in 0..2 {
        fill(&log, &vfs, &[1; 700]);
    }
    log.truncate_before(log.last_sequence()).unwrap();
    // The first one to be dropped was the one with the value.
    while !last_segment(&vfs).windows(2).any(|two| two == b"!!") {
        fill(&log, &vfs, &[2; 700]);
    }
    (vfs, log)
}

/// New records are written over old ones and cut short in every way.
#[test]
fn torn_writes_over_old_records_are_cut_off() {
    for (a, b) in [(700, 700), (30, 1_500), (1_000, 8)] {
        let (vfs, log) = reused(&[b'o'; 700]);
        let last = log.last_sequence();
        let (first, second) = (vec![b'a'; a], vec![b'b'; b]);
        log.append_if(last + 1, &[&first, &second, &first], Durability::NoSync)
            .unwrap();
        let mut policies = CrashPolicy::samples(9);
        policies.extend((0..200).map(|seed| CrashPolicy::RandomSubset { seed }));
        policies.extend((1..40).map(|eighth| CrashPolicy::Torn { sector: eighth * 8 }));
        for policy in policies {
            let vfs = vfs.after_crash(policy);
            let log = open(&vfs).unwrap_or_else(|error| panic!("{policy:?}: {error}"));
            let found = records(&log).unwrap();
            let new: Vec<_> = found
                .iter()
                .filter(|(sequence, _)| *sequence > last)
                .map(|(_, payload)| payload.clone())
                .collect();
            let group = [first.clone(), second.clone(), first.clone()];
            assert!(log.last_sequence() >= last, "{policy:?}");
            assert_eq!(new, group[..new.len()], "{policy:?}");
        }
    }
}

#[test]
fn a_flipped_bit_in_a_file_that_was_used_again_costs_at_most_the_last_group() {
    let (vfs, log) = reused(&[b'o'; 700]);
    for _ in 0..2 {
        let next = log.last_sequence() + 1;
        append(&log, next, 2, 1).unwrap();
    }
    let vfs = vfs.after_crash(CrashPolicy::LoseUnsynced);
    let expected = records(&open_read_only(&vfs).unwrap()).unwrap();
    let file = segment_files(&vfs).pop().unwrap();
    let mut detected = 0;
    for offset in 4096..vfs.copy_out(&file).unwrap().len() as u64 {
        let damaged = vfs.after_crash(CrashPolicy::KeepUnsynced);
        damaged.flip_bit(&file, offset, (offset % 8) as u8);
        match open(&damaged).and_then(|log| records(&log)) {
            Ok(found) => {
                assert_eq!(found, expected[..found.len()], "byte {offset}");
                assert!(found.len() + 2 >= expected.len(), "byte {offset}");
            }
            Err(LogError::Damaged { .. }) => detected += 1,
            Err(error) => panic!("byte {offset}: {error}"),
        }
    }
    assert!(detected > 500, "{detected}");
}

/// A reader has a file open that is dropped and written over: it learns that, not that it is damaged.
#[test]
fn a_reader_of_a_dropped_segment_is_told_so() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    for _ in 0..3 {
        fill(&log, &vfs, &[b'o'; 700]);
    }
    let mut early = log.read_from(1).unwrap();
    assert_eq!(early.next().unwrap().unwrap().0, 1);
    let other_process = open_read_only(&vfs).unwrap();
    let mut other = other_process.read_from(1).unwrap();
    log.truncate_before(log.last_sequence()).unwrap();
    for _ in 0..2 {
        fill(&log, &vfs, &[b'n'; 700]);
    }
    assert!(files_used_again(&vfs) >= 1);
    for reader in [&mut early, &mut other] {
        let outcome = reader.find_map(Result::err);
        assert!(
            matches!(outcome, Some(LogError::Truncated { .. })),
            "{outcome:?}"
        );
    }
    assert!(vfs.exists(&folder()).unwrap());
}

/// A crash while files are dropped and taken over, at every operation: no gap, nothing that comes back.
#[test]
fn a_crash_at_any_operation_of_dropping_and_using_again_is_harmless() {
    let run = |vfs: &SimVfs| -> Result<(), LogError> {
        let log = create(vfs)?;
        for sequence in 1..=16 {
            append(&log, sequence, 1, 0)?;
        }
        log.truncate_before(15)?;
        log.make_room_ahead()?;
        for sequence in 17..=30 {
            append(&log, sequence, 1, 0)?;
            log.make_room_ahead()?;
            log.truncate_before(sequence.saturating_sub(4))?;
        }
        Ok(())
    };
    let vfs = SimVfs::new();
    run(&vfs).unwrap();
    assert!(files_used_again(&vfs) >= 2);
    for operation in 1..=vfs.operations() {
        let vfs = SimVfs::new();
        vfs.crash_at(operation);
        run(&vfs).unwrap_err();
        for policy in CrashPolicy::samples(operation) {
            let after = vfs.after_crash(policy);
            if !LocalLog::exists(&after, &folder()).unwrap() {
                continue;
            }
            let story = format!("{policy:?} at {operation}");
            let log = open(&after).unwrap_or_else(|error| panic!("{story}: {error}"));
            for (sequence, found) in records(&log).unwrap() {
                assert_eq!(found, payload(sequence, 0), "{story}");
            }
            let next = log.last_sequence() + 1;
            append(&log, next, 1, 1).unwrap();
        }
    }
}
