//! Tests of the blob store: contract, crashes, faults, damage.

use super::*;
use crate::database_id::DatabaseId;
use crate::vfs::SimVfs;
use crate::vfs::sim::{CrashPolicy, Fault};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DATABASE: DatabaseId = DatabaseId::from_bytes(*b"a test database!");
const FOLDER: &str = "/db/data";
const OPTIONS: BlobOptions = BlobOptions {
    segment_bytes: 4_000,
    buffer_bytes: 900,
    open_files: 4,
};

fn open(vfs: &SimVfs) -> Result<LocalBlobs, BlobError> {
    LocalBlobs::open(
        Arc::new(vfs.clone()),
        Path::new(FOLDER),
        DATABASE,
        OPTIONS,
        1,
    )
}

fn header(blob_id: u64) -> BlobHeader {
    BlobHeader {
        kind: BlobKind::Node,
        store_id: 7,
        blob_id,
        generation: blob_id * 2,
    }
}

fn payload(blob_id: u64) -> Vec<u8> {
    let len = [3, 0, 250, 1_300, 17][(blob_id % 5) as usize];
    let mut bytes = format!("blob {blob_id}:").into_bytes();
    bytes.resize(bytes.len() + len, blob_id as u8 | 1);
    bytes
}

fn put(blobs: &LocalBlobs, blob_id: u64) -> Result<Location, BlobError> {
    blobs.put(&header(blob_id), &payload(blob_id))
}

fn get(blobs: &LocalBlobs, location: &Location) -> Result<Vec<u8>, BlobError> {
    blobs.get(location, BlobKind::Node, 7)
}

fn files(vfs: &SimVfs) -> Vec<PathBuf> {
    vfs.list().into_iter().map(|(path, _)| path).collect()
}

#[test]
fn blobs_are_readable_at_once_and_after_a_reopen() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    assert!(
        files(&vfs).is_empty(),
        "an open that writes nothing makes no file"
    );
    let mut locations = Vec::new();
    for id in 0..40 {
        locations.push(put(&blobs, id).unwrap());
        for (id, location) in locations.iter().enumerate() {
            assert_eq!(get(&blobs, location).unwrap(), payload(id as u64));
        }
    }
    blobs.sync().unwrap();
    assert!(blobs.segments().unwrap().len() > 3);
    assert!(blobs.open_handles() <= 4);
    let next = blobs.next_segment();
    drop(blobs);
    let blobs = open(&vfs).unwrap();
    assert_eq!(blobs.next_segment(), next);
    let location = put(&blobs, 40).unwrap();
    assert_eq!(location.segment, next);
    for (id, location) in locations.iter().enumerate() {
        assert_eq!(get(&blobs, location).unwrap(), payload(id as u64));
        assert_eq!(Location::decode(&location.encode()), *location);
    }
}

#[test]
fn a_blob_bigger_than_a_segment_gets_its_own() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let big = vec![9; 20_000];
    let first = put(&blobs, 1).unwrap();
    let location = blobs.put(&header(2), &big).unwrap();
    let after = put(&blobs, 3).unwrap();
    assert!(first.segment < location.segment && location.segment < after.segment);
    assert_eq!(get(&blobs, &location).unwrap(), big);
    let long = vec![0; MAX_BLOB_BYTES + 1];
    assert!(matches!(
        blobs.put(&header(4), &long),
        Err(BlobError::TooLarge { .. })
    ));
    put(&blobs, 5).unwrap();
}

#[test]
fn what_is_not_expected_is_named() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let a = put(&blobs, 2).unwrap();
    let b = put(&blobs, 7).unwrap();
    blobs.sync().unwrap();
    let message = |result: Result<Vec<u8>, BlobError>| result.unwrap_err().to_string();
    let found = message(blobs.get(&a, BlobKind::Value, 7));
    assert!(found.contains("a node where a value should be"), "{found}");
    assert!(
        found.contains("00000001.seg is damaged at byte 64"),
        "{found}"
    );
    let found = message(blobs.get(&a, BlobKind::Node, 8));
    assert!(found.contains("belongs to store 7, not to 8"), "{found}");
    let found = message(get(
        &blobs,
        &Location {
            offset: a.offset + 1,
            ..a
        },
    ));
    assert!(found.contains("there is no blob"), "{found}");
    let found = message(get(
        &blobs,
        &Location {
            checksum: b.checksum,
            ..a
        },
    ));
    assert!(
        found.contains("there is another blob (generation 4)"),
        "{found}"
    );
    let found = message(get(
        &blobs,
        &Location {
            offset: 90_000,
            ..a
        },
    ));
    assert!(found.contains("the file ends here"), "{found}");
    let found = message(get(&blobs, &Location { len: u32::MAX, ..a }));
    assert!(found.contains("no blob has 4294967295 bytes"), "{found}");
    let missing = get(&blobs, &Location { segment: 9, ..a });
    assert!(matches!(missing, Err(BlobError::MissingSegment { .. })));
}

#[test]
fn misdirected_and_foreign_segments_are_noticed() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let locations: Vec<_> = (0..20).map(|id| put(&blobs, id).unwrap()).collect();
    blobs.sync().unwrap();
    let files = files(&vfs);
    let (first, second) = (
        vfs.copy_out(&files[0]).unwrap(),
        vfs.copy_out(&files[1]).unwrap(),
    );
    // A blob's bytes at another blob's place.
    let mut moved = first.clone();
    let (from, to) = (
        locations[0].offset_bytes() as usize,
        locations[1].offset_bytes() as usize,
    );
    let blob = moved[from..from + 58].to_vec();
    moved[to..to + 58].copy_from_slice(&blob);
    vfs.put(&files[0], &moved);
    let error = get(
        &open(&vfs).unwrap(),
        &Location {
            len: 10,
            ..locations[1]
        },
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("written for segment 1, byte 64"),
        "{error}"
    );
    // A whole file under another name, and of another database.
    vfs.put(&files[0], &second);
    let error = get(&open(&vfs).unwrap(), &locations[0]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is data segment 2 under another name"),
        "{error}"
    );
    vfs.put(&files[0], &first);
    let other = DatabaseId::from_bytes([1; 16]);
    let shared = Arc::new(vfs.clone());
    let blobs = LocalBlobs::open_read_only(shared, Path::new(FOLDER), other, OPTIONS);
    assert!(matches!(
        get(&blobs, &locations[0]),
        Err(BlobError::WrongDatabase { .. })
    ));
}

#[test]
fn every_flipped_bit_in_a_blob_is_noticed() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let location = put(&blobs, 2).unwrap();
    blobs.sync().unwrap();
    let path = &files(&vfs)[0];
    let (start, end) = (location.offset_bytes(), location.offset_bytes() + 48 + 257);
    for offset in (0..36).chain(60..64).chain(start..end) {
        assert!(vfs.flip_bit(path, offset, (offset % 8) as u8));
        assert!(
            get(&open(&vfs).unwrap(), &location).is_err(),
            "byte {offset}"
        );
        assert!(vfs.flip_bit(path, offset, (offset % 8) as u8));
    }
    get(&open(&vfs).unwrap(), &location).unwrap();
}

#[test]
fn removed_segments_are_gone_and_their_numbers_do_not_come_back() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let locations: Vec<_> = (0..20).map(|id| put(&blobs, id).unwrap()).collect();
    assert!(matches!(
        blobs.remove_segment(1),
        Err(BlobError::InUse { id: 1 })
    ));
    blobs.sync().unwrap();
    get(&blobs, &locations[0]).unwrap();
    blobs.remove_segment(1).unwrap();
    assert!(matches!(
        get(&blobs, &locations[0]),
        Err(BlobError::MissingSegment { .. })
    ));
    let next = blobs.next_segment();
    drop(blobs);
    for segment in open(&vfs).unwrap().segments().unwrap() {
        open(&vfs).unwrap().remove_segment(segment.id).unwrap();
    }
    let shared = Arc::new(vfs.clone());
    let blobs = LocalBlobs::open(shared, Path::new(FOLDER), DATABASE, OPTIONS, next).unwrap();
    assert_eq!(put(&blobs, 0).unwrap().segment, next);
}

#[test]
fn a_read_only_store_writes_nothing() {
    let vfs = SimVfs::new();
    let blobs = open(&vfs).unwrap();
    let location = put(&blobs, 3).unwrap();
    blobs.sync().unwrap();
    let before = vfs.operations();
    let shared = Arc::new(vfs.clone());
    let reader = LocalBlobs::open_read_only(shared, Path::new(FOLDER), DATABASE, OPTIONS);
    assert_eq!(get(&reader, &location).unwrap(), payload(3));
    assert!(matches!(put(&reader, 4), Err(BlobError::ReadOnly)));
    assert!(matches!(reader.remove_segment(1), Err(BlobError::ReadOnly)));
    reader.discard();
    assert!(matches!(put(&reader, 4), Err(BlobError::ReadOnly)));
    assert_eq!(vfs.operations(), before);
}

/// Puts and syncs; after an error it discards once and goes on. Gives the synced locations.
fn workload(vfs: &SimVfs) -> Vec<(u64, Location)> {
    let mut synced = Vec::new();
    let Ok(blobs) = open(vfs) else { return synced };
    for round in 0..6_u64 {
        let ids = round * 4..round * 4 + 4;
        let put: Result<Vec<_>, _> = ids.map(|id| Ok((id, put(&blobs, id)?))).collect();
        if let Ok(put) = put.and_then(|put| blobs.sync().map(|()| put)) {
            blobs.publish();
            synced.extend(put);
        } else {
            assert!(matches!(
                self::put(&blobs, 99),
                Err(BlobError::Failed { .. })
            ));
            assert!(matches!(blobs.sync(), Err(BlobError::Failed { .. })));
            blobs.discard();
        }
    }
    synced
}

fn check(found: &SimVfs, synced: &[(u64, Location)], story: &str) {
    let blobs = open(found).unwrap_or_else(|error| panic!("{story}: {error}"));
    for (id, location) in synced {
        let blob = get(&blobs, location).unwrap_or_else(|error| panic!("{story}, {id}: {error}"));
        assert_eq!(blob, payload(*id), "{story}");
    }
    let location = put(&blobs, 50).unwrap();
    assert!(
        synced
            .iter()
            .all(|(_, other)| other.segment < location.segment),
        "{story}"
    );
    blobs.sync().unwrap();
    let after = open(&found.after_crash(CrashPolicy::LoseUnsynced)).unwrap();
    assert_eq!(get(&after, &location).unwrap(), payload(50), "{story}");
}

#[test]
fn synced_blobs_survive_crashes_and_faults_at_any_operation() {
    let vfs = SimVfs::new();
    assert_eq!(workload(&vfs).len(), 24);
    for operation in 1..=vfs.operations() + 1 {
        for fault in [None].into_iter().chain(Fault::ALL.map(Some)) {
            for policy in CrashPolicy::samples(operation) {
                let vfs = SimVfs::new();
                match fault {
                    Some(fault) => vfs.fail_at(operation, fault),
                    None => vfs.crash_at(operation),
                }
                let synced = workload(&vfs);
                let story = format!("{operation} {fault:?} {policy:?}");
                check(&vfs.after_crash(policy), &synced, &story);
            }
        }
    }
}
