//! Tests of the catalogue: contract, crashes, damage.

use super::*;
use crate::vfs::SimVfs;
use crate::vfs::sim::{CrashPolicy, Fault};

const DATABASE: DatabaseId = DatabaseId::from_bytes(*b"a test database!");

fn catalog(vfs: &SimVfs) -> Catalog {
    Catalog::new(Arc::new(vfs.clone()), Path::new("/db/catalog"), DATABASE)
}

fn payload(sequence: u64) -> Vec<u8> {
    format!("checkpoint {sequence} ").repeat(60).into_bytes()
}

fn newest(vfs: &SimVfs) -> Option<u64> {
    let found = catalog(vfs).load_newest().unwrap().checkpoint?;
    assert_eq!(found.payload, payload(found.sequence));
    Some(found.sequence)
}

fn stored(sequences: &[u64]) -> SimVfs {
    let vfs = SimVfs::new();
    let catalog = catalog(&vfs);
    catalog.create().unwrap();
    for sequence in sequences {
        catalog.store(*sequence, &payload(*sequence)).unwrap();
    }
    vfs
}

#[test]
fn the_newest_is_found_and_old_ones_are_removed() {
    let vfs = stored(&[0, 7, 30, 31]);
    let catalog = catalog(&vfs);
    assert_eq!(catalog.list().unwrap(), [0, 7, 30, 31]);
    assert_eq!(newest(&vfs), Some(31));
    catalog.remove_all_but(31).unwrap();
    assert_eq!(catalog.list().unwrap(), [31]);
    assert_eq!(newest(&vfs), Some(31));
    assert_eq!(vfs.list().len(), 2);
}

#[test]
fn a_checkpoint_that_is_not_published_does_not_count_and_one_of_the_same_sequence_replaces_another()
{
    let vfs = stored(&[3]);
    let catalog = catalog(&vfs);
    let prepared = catalog.write(4, &payload(4)).unwrap();
    assert_eq!(newest(&vfs), Some(3));
    catalog.publish(prepared).unwrap();
    assert_eq!(newest(&vfs), Some(4));
    catalog.store(4, b"other").unwrap();
    assert_eq!(catalog.load(4).unwrap().payload, b"other");
    assert!(catalog.damage(4).is_empty());
}

#[test]
fn either_file_of_a_checkpoint_is_enough_and_the_other_can_be_made_again() {
    for damaged in 0..2 {
        for missing in [false, true] {
            let vfs = stored(&[2, 3]);
            let catalog = catalog(&vfs);
            let path = &catalog.paths(3)[damaged];
            if missing {
                vfs.remove_file(path).unwrap();
            } else {
                vfs.flip_bit(path, 100, 4);
            }
            let found = catalog.load_newest().unwrap();
            let checkpoint = found.checkpoint.unwrap();
            assert_eq!(checkpoint.sequence, 3);
            assert_eq!(checkpoint.payload, payload(3));
            let reasons: Vec<String> = found.rejected.iter().map(ToString::to_string).collect();
            let seen = usize::from(damaged == 0 && !missing);
            assert_eq!(reasons.len(), seen, "{reasons:?}");
            assert!(reasons.iter().all(|r| {
                r.ends_with("3.cat is damaged: the checksum of its content is wrong")
            }));
            assert_eq!(catalog.damage(3).len(), usize::from(!missing));
            catalog.repair(&checkpoint).unwrap();
            assert!(catalog.damage(3).is_empty());
            assert_eq!(
                vfs.copy_out(path).unwrap(),
                vfs.copy_out(&catalog.paths(3)[1 - damaged]).unwrap()
            );
        }
    }
}

#[test]
fn a_checkpoint_without_a_whole_file_gives_the_one_before_and_the_reasons() {
    let vfs = stored(&[1, 2, 3]);
    let catalog = catalog(&vfs);
    for path in catalog.paths(3) {
        vfs.flip_bit(&path, 100, 4);
    }
    let found = catalog.load_newest().unwrap();
    assert_eq!(found.checkpoint.unwrap().sequence, 2);
    assert_eq!(found.rejected.len(), 2);
}

#[test]
fn another_databases_and_a_newer_versions_file_are_named() {
    let vfs = stored(&[5]);
    let [path, second] = catalog(&vfs).paths(5);
    vfs.remove_file(&second).unwrap();
    let other = DatabaseId::from_bytes([3; 16]);
    vfs.put(&path, &file::encode(other, 5, b"x"));
    assert!(matches!(
        catalog(&vfs).load(5),
        Err(CatalogError::WrongDatabase { .. })
    ));
    let mut newer = file::encode(DATABASE, 5, b"x");
    newer[8] = 2;
    let crc = crc32c::crc32c(&newer[..60]);
    newer[60..64].copy_from_slice(&crc.to_le_bytes());
    vfs.put(&path, &newer);
    assert!(matches!(
        catalog(&vfs).load(5),
        Err(CatalogError::UnknownFormat { found: 2, .. })
    ));
    vfs.put(&path, &file::encode(DATABASE, 6, b"x"));
    assert!(matches!(
        catalog(&vfs).load(5),
        Err(CatalogError::Damaged { .. })
    ));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let vfs = stored(&[5]);
    let [path, _] = catalog(&vfs).paths(5);
    let bytes = vfs.copy_out(&path).unwrap();
    for bit in 0..bytes.len() as u64 * 8 {
        let mut damaged = bytes.clone();
        damaged[(bit / 8) as usize] ^= 1 << (bit % 8);
        assert!(
            file::decode(&path, damaged, DATABASE, 5).is_err(),
            "bit {bit}"
        );
    }
    for len in 0..bytes.len() {
        assert!(
            file::decode(&path, bytes[..len].to_vec(), DATABASE, 5).is_err(),
            "length {len}"
        );
    }
}

/// Stores and removes until an error. Gives the newest checkpoint that was acknowledged.
fn workload(vfs: &SimVfs) -> Option<u64> {
    let catalog = catalog(vfs);
    catalog.create().ok()?;
    catalog.prepare().ok()?;
    let mut acknowledged = None;
    for sequence in [0, 4, 9, 11] {
        if catalog.store(sequence, &payload(sequence)).is_err() {
            break;
        }
        acknowledged = Some(sequence);
        if catalog.remove_all_but(sequence).is_err() {
            break;
        }
    }
    acknowledged
}

fn check(found: &SimVfs, acknowledged: Option<u64>, story: &str) {
    let catalog = catalog(found);
    catalog.create().unwrap();
    catalog.prepare().unwrap();
    let newest = newest(found);
    assert!(
        newest >= acknowledged,
        "{story}: {newest:?} < {acknowledged:?}"
    );
    let rejected = catalog.load_newest().unwrap().rejected;
    assert!(rejected.is_empty(), "{story}: {rejected:?}");
    catalog.store(50, &payload(50)).unwrap();
    assert_eq!(
        self::newest(&found.after_crash(CrashPolicy::LoseUnsynced)),
        Some(50),
        "{story}"
    );
}

#[test]
fn a_crash_at_any_operation_keeps_the_newest_acknowledged() {
    let vfs = SimVfs::new();
    assert_eq!(workload(&vfs), Some(11));
    for operation in 1..=vfs.operations() + 1 {
        for policy in CrashPolicy::samples(operation) {
            let vfs = SimVfs::new();
            vfs.crash_at(operation);
            let acknowledged = workload(&vfs);
            check(
                &vfs.after_crash(policy),
                acknowledged,
                &format!("{operation} {policy:?}"),
            );
        }
    }
}

#[test]
fn a_fault_at_any_operation_keeps_the_newest_acknowledged() {
    let vfs = SimVfs::new();
    workload(&vfs);
    for operation in 1..=vfs.operations() {
        for fault in Fault::ALL {
            for policy in CrashPolicy::samples(operation) {
                let vfs = SimVfs::new();
                vfs.fail_at(operation, fault);
                let acknowledged = workload(&vfs);
                let story = format!("{operation} {fault:?} {policy:?}");
                check(&vfs.after_crash(policy), acknowledged, &story);
            }
        }
    }
}
