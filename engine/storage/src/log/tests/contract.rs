//! What the log promises when nothing goes wrong.

use super::*;
use crate::vfs::Vfs;
use crate::vfs::sim::OperationKind;

#[test]
fn records_come_back_in_order_after_a_reopen() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    assert_eq!((log.first_sequence(), log.last_sequence()), (1, 0));
    for next in [1, 4, 7, 10, 13] {
        append(&log, next, 3, 0).unwrap();
    }
    let expected: Vec<_> = (1..=15).map(|seq| (seq, payload(seq, 0))).collect();
    assert_eq!(records(&log).unwrap(), expected);
    assert!(segment_files(&vfs).len() > 2, "{:?}", vfs.list());
    drop(log);
    for _ in 0..3 {
        let log = open(&vfs).unwrap();
        assert_eq!(records(&log).unwrap(), expected);
        assert_eq!(log.report().records, 15);
        assert_eq!(log.read_from(14).unwrap().count(), 2);
        assert_eq!(log.read_from(16).unwrap().count(), 0);
        log.close().unwrap();
        assert!(matches!(append(&log, 16, 1, 0), Err(LogError::Closed)));
    }
    assert_eq!(open(&vfs).unwrap().report().epoch, 5);
}

#[test]
fn an_append_elsewhere_is_refused_and_says_where_the_log_ends() {
    let log = create(&SimVfs::new()).unwrap();
    append(&log, 1, 2, 0).unwrap();
    for next in [0, 1, 2, 4] {
        assert!(
            matches!(append(&log, next, 1, 0), Err(LogError::Taken { last: 2 })),
            "{next}"
        );
    }
    assert_eq!(
        append(&log, 3, 1, 0).unwrap(),
        Appended {
            last: 3,
            durable: 3,
            low_on_room: false,
        }
    );
}

#[test]
fn an_append_in_reserved_space_is_one_write_and_one_sync() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    let before = vfs.operations() as usize;
    append(&log, 1, 3, 0).unwrap();
    let kinds: Vec<_> = vfs.operation_log()[before..]
        .iter()
        .map(|op| op.kind)
        .collect();
    assert_eq!(kinds, [OperationKind::Write, OperationKind::Sync]);
}

#[test]
fn durability_is_reported() {
    let log = create(&SimVfs::new()).unwrap();
    let appended = log.append_if(1, &[b"a", b"b"], Durability::NoSync).unwrap();
    assert_eq!(
        appended,
        Appended {
            last: 2,
            durable: 0,
            low_on_room: false,
        }
    );
    assert_eq!(log.sync().unwrap(), 2);
    assert_eq!(log.durable_sequence(), 2);
    log.append_if(3, &[b"c"], Durability::NoSync).unwrap();
    let appended = log.append_if(4, &[], Durability::Sync).unwrap();
    assert_eq!(
        appended,
        Appended {
            last: 3,
            durable: 3,
            low_on_room: false,
        }
    );
}

#[test]
fn records_longer_than_a_segment_get_a_segment_of_their_size() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    let long = vec![7; 300_000];
    log.append_if(1, &[&long], Durability::Sync).unwrap();
    log.append_if(2, &[b"short", &long], Durability::Sync)
        .unwrap();
    log.append_if(4, &[b"after"], Durability::Sync).unwrap();
    drop(log);
    let log = open(&vfs).unwrap();
    let lens: Vec<_> = records(&log)
        .unwrap()
        .iter()
        .map(|(_, payload)| payload.len())
        .collect();
    assert_eq!(lens, [300_000, 5, 300_000, 5]);
}

#[test]
fn too_long_a_record_is_refused_and_the_log_goes_on() {
    let log = create(&SimVfs::new()).unwrap();
    let long = vec![0; MAX_RECORD_BYTES + 1];
    let error = log.append_if(1, &[&long], Durability::Sync).unwrap_err();
    assert!(
        error.to_string().contains("268435457 bytes is too long"),
        "{error}"
    );
    append(&log, 1, 1, 0).unwrap();
}

#[test]
fn truncation_drops_whole_segments_and_never_the_last() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    for seq in 1..=20 {
        append(&log, seq, 1, 0).unwrap();
    }
    let before = segment_files(&vfs).len();
    let reader = log.read_from(1).unwrap();
    log.truncate_before(12).unwrap();
    let first = log.first_sequence();
    assert!(first > 1 && first <= 12, "{first}");
    assert!(segment_files(&vfs).len() < before);
    assert!(
        matches!(log.read_from(first - 1), Err(LogError::Truncated { first: f }) if f == first)
    );
    assert_eq!(records(&log).unwrap().len() as u64, 21 - first);
    assert!(matches!(
        reader.last(),
        Some(Err(LogError::Truncated { .. }))
    ));
    log.truncate_before(21).unwrap();
    assert_eq!(segment_files(&vfs).len(), 1);
    drop(log);
    let log = open(&vfs).unwrap();
    assert_eq!(log.last_sequence(), 20);
    append(&log, 21, 1, 0).unwrap();
}

#[test]
fn a_read_only_open_changes_nothing_and_refuses_appends() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    append(&log, 1, 9, 0).unwrap();
    let before = vfs.operations();
    let reader = open_read_only(&vfs).unwrap();
    assert_eq!(records(&reader).unwrap().len(), 9);
    assert!(matches!(append(&reader, 10, 1, 0), Err(LogError::ReadOnly)));
    reader.close().unwrap();
    assert_eq!(vfs.operations(), before);
    append(&log, 10, 1, 0).unwrap();
    assert_eq!(open_read_only(&vfs).unwrap().last_sequence(), 10);
}

#[test]
fn a_closed_log_takes_no_reserved_space() {
    let vfs = SimVfs::new();
    let log = create(&vfs).unwrap();
    assert_eq!(log.bytes_on_disk(), 8_192);
    log.append_if(1, &[b"x"], Durability::Sync).unwrap();
    let reader = log.read_from(1).unwrap();
    log.close().unwrap();
    assert_eq!(log.bytes_on_disk(), 4096 + 56 + 48);
    assert_eq!(reader.count(), 1);
}

#[test]
fn another_databases_log_and_no_log_are_named() {
    let vfs = SimVfs::new();
    assert!(!LocalLog::exists(&vfs, &folder()).unwrap());
    drop(create(&vfs).unwrap());
    assert!(LocalLog::exists(&vfs, &folder()).unwrap());
    assert!(matches!(create(&vfs), Err(LogError::Exists { .. })));
    let other = DatabaseId::from_bytes([9; 16]);
    let shared = Arc::new(vfs.clone());
    let error = LocalLog::open(shared, &folder(), other, OPTIONS).unwrap_err();
    assert!(
        matches!(
            error,
            LogError::WrongDatabase {
                found: DATABASE,
                ..
            }
        ),
        "{error}"
    );
    vfs.create_dir_all(Path::new("/empty")).unwrap();
    let shared = Arc::new(vfs);
    let error = LocalLog::open(shared, Path::new("/empty"), DATABASE, OPTIONS).unwrap_err();
    assert!(matches!(error, LogError::NoLog { .. }), "{error}");
}
