//! Damage of files at rest: every result is right, an error, or a cut last group.

use super::*;
use crate::vfs::Vfs;
use crate::vfs::sim::CrashPolicy;

/// A log of several segments that a crash ended, or that was closed in order.
fn sample(closed: bool) -> SimVfs {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    for seq in 1..=9 {
        append(&log, seq, 1, 0).unwrap();
    }
    drop(log);
    let log = open(&vfs).unwrap();
    append(&log, 10, 1, 0).unwrap();
    append(&log, 11, 2, 0).unwrap();
    if closed {
        log.close().unwrap();
    }
    vfs.after_crash(CrashPolicy::LoseUnsynced)
}

fn sweep(closed: bool, may_lose: u64) {
    let vfs = sample(closed);
    let expected = records(&open_read_only(&vfs).unwrap()).unwrap();
    assert_eq!(expected.len(), 12);
    let mut detected = 0;
    for file in segment_files(&vfs) {
        let bytes = vfs.copy_out(&file).unwrap();
        for offset in (0..bytes.len() as u64).filter(|at| *at < 64 || *at >= 4096 || at % 512 == 0)
        {
            let bit = (offset % 8) as u8;
            let damaged = vfs.after_crash(CrashPolicy::KeepUnsynced);
            assert!(damaged.flip_bit(&file, offset, bit));
            let outcome = open(&damaged).and_then(|log| records(&log));
            match outcome {
                Ok(found) => {
                    let story = format!("{} byte {offset}", file.display());
                    assert_eq!(found, expected[..found.len()], "{story}");
                    assert!(
                        found.len() as u64 >= 12 - may_lose,
                        "{story} lost {}",
                        found.len()
                    );
                }
                Err(LogError::Damaged { .. } | LogError::MissingSegment { .. }) => detected += 1,
                Err(error) => panic!("unexpected error {error}"),
            }
        }
    }
    assert!(detected > 1_000, "{detected}");
}

#[test]
fn a_flipped_bit_after_a_crash_costs_at_most_the_last_group() {
    sweep(false, 2);
}

#[test]
fn a_flipped_bit_in_a_closed_log_costs_nothing() {
    sweep(true, 0);
}

#[test]
fn a_damaged_acknowledged_record_is_named() {
    let vfs = sample(false);
    let needle = b"10/0/";
    let (file, at) = segment_files(&vfs)
        .into_iter()
        .find_map(|file| {
            let bytes = vfs.copy_out(&file).unwrap();
            let at = bytes
                .windows(needle.len())
                .position(|window| window == needle)?;
            Some((file, at as u64))
        })
        .unwrap();
    vfs.flip_bit(&file, at, 0);
    let error = open(&vfs).unwrap_err();
    let LogError::Damaged {
        segment,
        offset,
        sequence,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((segment, *offset, *sequence), (&file, at - 48, 10));
    assert!(
        error.to_string().contains("record 10 had been committed"),
        "{error}"
    );
    assert!(matches!(
        open_read_only(&vfs),
        Err(LogError::Damaged { .. })
    ));
}

/// The marker of an epoch is durable before the epoch's first record. When it is damaged, that record must
/// not be cut off with it as if both were one torn write.
#[test]
fn a_damaged_marker_does_not_take_the_record_after_it_along() {
    let vfs = SimVfs::new();
    append(&create(&vfs).unwrap(), 1, 1, 0).unwrap();
    append(&open(&vfs).unwrap(), 2, 1, 0).unwrap();
    let marker_at = 4096 + record::record_bytes(payload(1, 0).len());
    vfs.flip_bit(&segment_files(&vfs)[0], marker_at + 20, 1);
    let error = open(&vfs).unwrap_err();
    assert!(
        matches!(error, LogError::Damaged { offset, .. } if offset == marker_at),
        "{error}"
    );
}

#[test]
fn damage_after_the_open_is_noticed_by_the_reader() {
    let vfs = sample(false);
    let log = open(&vfs).unwrap();
    let first = segment_files(&vfs).remove(0);
    vfs.flip_bit(&first, 4096 + 50, 0);
    assert!(matches!(
        records(&log),
        Err(LogError::Damaged { sequence: 1, .. })
    ));
    assert_eq!(log.read_from(12).unwrap().count(), 1);
}

#[test]
fn a_missing_segment_is_an_error_wherever_it_was() {
    let files = segment_files(&sample(false));
    assert!(files.len() >= 3, "{files:?}");
    for file in &files[1..] {
        let vfs = sample(false);
        vfs.remove_file(file).unwrap();
        let error = open(&vfs).unwrap_err();
        assert!(
            matches!(error, LogError::MissingSegment { .. }),
            "{}: {error}",
            file.display()
        );
    }
    // The first one may have been dropped on purpose; the log then says where it begins.
    let vfs = sample(false);
    vfs.remove_file(&files[0]).unwrap();
    assert!(open(&vfs).unwrap().first_sequence() > 1);
}

#[test]
fn a_shortened_segment_is_noticed_unless_it_is_the_last() {
    let files = segment_files(&sample(true));
    for file in &files {
        let len = sample(true).copy_out(file).unwrap().len() as u64;
        for new_len in (0..len).step_by(97) {
            let vfs = sample(true);
            vfs.open(file).unwrap().set_len(new_len).unwrap();
            match open(&vfs) {
                // The end of the last file may be gone as if its records had never been; of another
                // file only what follows its records.
                Ok(log) => assert!(file == files.last().unwrap() || log.last_sequence() == 12),
                Err(LogError::Damaged { .. } | LogError::MissingSegment { .. }) => {}
                Err(error) => panic!("unexpected error {error}"),
            }
        }
    }
}

#[test]
fn swapped_and_renamed_segments_are_noticed() {
    let vfs = sample(false);
    let files = segment_files(&vfs);
    let (a, b) = (
        vfs.copy_out(&files[0]).unwrap(),
        vfs.copy_out(&files[1]).unwrap(),
    );
    vfs.put(&files[0], &b);
    vfs.put(&files[1], &a);
    assert!(matches!(
        open(&vfs),
        Err(LogError::Damaged { offset: 0, .. })
    ));
}

#[test]
fn other_names_in_the_folder_are_left_alone() {
    let vfs = sample(false);
    vfs.put(&folder().join("notes.txt"), b"mine");
    vfs.put(&folder().join("7.log"), b"not a segment");
    vfs.put(&folder().join("00000000000000000099.log.tmp"), b"half made");
    assert_eq!(open(&vfs).unwrap().last_sequence(), 12);
    assert!(vfs.exists(&folder().join("notes.txt")).unwrap());
    assert!(
        !vfs.exists(&folder().join("00000000000000000099.log.tmp"))
            .unwrap()
    );
}

/// Found by the fuzz target `log`: the first segment ends with a record of an epoch that never began. It
/// was read in place of the record of the same sequence in the next segment.
#[test]
fn a_record_that_does_not_belong_to_the_end_of_a_segment_is_not_read() {
    fuzz::log(
        b"\x01\x01\x01\x02\x03\x03\x01\x01\x001ne\x03\x00\x09\x02\x01\x02\x01\x01\x03\x03\xff\xff",
    );
}

/// Found by the fuzz target `log`: the next number could not be told, or was taken for none.
#[test]
fn numbers_that_nobody_counts_to_are_damage() {
    for (first, epoch) in [
        (0, 1),
        (u64::MAX, 1),
        (1 << 63, 1),
        (1, u64::MAX),
        (1, 1 << 63),
    ] {
        let header = segment::SegmentHeader {
            database: DATABASE,
            first,
            epoch,
        };
        let vfs = SimVfs::new();
        vfs.put(&segment::segment_path(&folder(), first), &header.encode());
        for opened in [open_read_only(&vfs), open(&vfs)] {
            assert!(
                matches!(opened, Err(LogError::Damaged { .. })),
                "{first} {epoch}"
            );
        }
    }
}
