//! The simulator keeps its own promises.

use super::*;

fn path(name: &str) -> PathBuf {
    PathBuf::from(name)
}

fn durable_file(vfs: &SimVfs, name: &str, content: &[u8]) -> Arc<dyn VfsFile> {
    let file = vfs.create_new(&path(name)).unwrap();
    file.write_at(content, 0).unwrap();
    file.sync_all().unwrap();
    vfs.sync_dir(Path::new("/")).unwrap();
    file
}

#[test]
fn synced_data_under_a_synced_name_survives_every_policy() {
    let vfs = SimVfs::new();
    durable_file(&vfs, "/a", b"content");
    for policy in CrashPolicy::samples(1) {
        assert_eq!(
            vfs.after_crash(policy).read(&path("/a")).unwrap(),
            b"content",
            "{policy:?}"
        );
    }
}

#[test]
fn a_synced_file_without_a_synced_name_can_be_lost() {
    let vfs = SimVfs::new();
    let file = vfs.create_new(&path("/a")).unwrap();
    file.write_at(b"content", 0).unwrap();
    file.sync_all().unwrap();
    assert!(
        !vfs.after_crash(CrashPolicy::LoseUnsynced)
            .exists(&path("/a"))
            .unwrap()
    );
    assert!(
        vfs.after_crash(CrashPolicy::KeepUnsynced)
            .exists(&path("/a"))
            .unwrap()
    );
}

#[test]
fn unsynced_writes_are_lost_kept_or_torn() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", &[b'o'; 2048]);
    file.write_at(&[b'n'; 2048], 0).unwrap();
    let read = |policy| vfs.after_crash(policy).read(&path("/a")).unwrap();
    assert_eq!(read(CrashPolicy::LoseUnsynced), [b'o'; 2048]);
    assert_eq!(read(CrashPolicy::KeepUnsynced), [b'n'; 2048]);
    let torn = read(CrashPolicy::Torn { sector: 512 });
    assert_eq!(
        (&torn[..1024], &torn[1024..]),
        (&[b'n'; 1024][..], &[b'o'; 1024][..])
    );
    assert_eq!(read(CrashPolicy::Torn { sector: 4096 }), [b'o'; 2048]);
}

#[test]
fn a_random_subset_mixes_whole_sectors_and_repeats_with_its_seed() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", &[b'o'; 8192]);
    file.write_at(&[b'n'; 8192], 0).unwrap();
    let read = |seed| {
        vfs.after_crash(CrashPolicy::RandomSubset { seed })
            .read(&path("/a"))
            .unwrap()
    };
    let found = read(5);
    assert_eq!(found, read(5));
    assert!((6..20).any(|seed| read(seed) != found));
    assert!(
        found
            .chunks(512)
            .all(|sector| sector.iter().all(|byte| *byte == sector[0]))
    );
    assert!(found.contains(&b'o') && found.contains(&b'n'));
}

#[test]
fn renames_links_and_unlinks_need_a_folder_sync() {
    let vfs = SimVfs::new();
    durable_file(&vfs, "/a", b"a");
    durable_file(&vfs, "/b", b"b");
    vfs.rename(&path("/a"), &path("/b")).unwrap();
    vfs.hard_link(&path("/b"), &path("/c")).unwrap();
    assert_eq!(vfs.read(&path("/b")).unwrap(), b"a");
    let lost = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(lost.read(&path("/b")).unwrap(), b"b");
    assert!(!lost.exists(&path("/c")).unwrap());
    vfs.sync_dir(Path::new("/")).unwrap();
    vfs.remove_file(&path("/c")).unwrap();
    let kept = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(kept.list(), [(path("/b"), 1), (path("/c"), 1)]);
}

#[test]
fn a_folder_that_is_lost_takes_its_files_along() {
    let vfs = SimVfs::new();
    vfs.create_dir_all(&path("/d/e")).unwrap();
    let file = vfs.create_new(&path("/d/e/f")).unwrap();
    file.sync_all().unwrap();
    vfs.sync_dir(&path("/d/e")).unwrap();
    vfs.sync_dir(&path("/d")).unwrap();
    assert!(vfs.after_crash(CrashPolicy::LoseUnsynced).list().is_empty());
    vfs.sync_dir(Path::new("/")).unwrap();
    assert_eq!(vfs.after_crash(CrashPolicy::LoseUnsynced).list().len(), 1);
}

#[test]
fn a_crash_fails_its_operation_and_everything_after() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", b"old");
    vfs.crash_at(vfs.operations() + 1);
    assert!(vfs.read(&path("/a")).is_ok());
    file.write_at(b"new", 0).unwrap_err();
    assert!(vfs.crashed());
    file.sync_all().unwrap_err();
    vfs.read(&path("/a")).unwrap_err();
    vfs.create_new(&path("/b")).unwrap_err();
    assert_eq!(
        vfs.after_crash(CrashPolicy::LoseUnsynced)
            .read(&path("/a"))
            .unwrap(),
        b"old"
    );
    assert_eq!(
        vfs.after_crash(CrashPolicy::KeepUnsynced)
            .read(&path("/a"))
            .unwrap(),
        b"new"
    );
}

#[test]
fn a_failed_flush_that_loses_data_hides_it_until_the_crash() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", b"old");
    file.write_at(b"new", 0).unwrap();
    vfs.fail_at(vfs.operations() + 1, Fault::FailedFlush { keep: false });
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(vfs.read(&path("/a")).unwrap(), b"new");
    assert_eq!(
        vfs.after_crash(CrashPolicy::KeepUnsynced)
            .read(&path("/a"))
            .unwrap(),
        b"old"
    );
}

#[test]
fn faults_hit_one_operation() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", b"old!");
    vfs.fail_at(vfs.operations() + 1, Fault::Enospc);
    assert_eq!(
        file.write_at(b"new!", 0).unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    vfs.fail_at(vfs.operations() + 1, Fault::ShortWrite);
    file.write_at(b"new!", 0).unwrap_err();
    assert_eq!(vfs.read(&path("/a")).unwrap(), b"ned!");
    vfs.fail_at(vfs.operations() + 1, Fault::Eio);
    vfs.rename(&path("/a"), &path("/b")).unwrap_err();
    vfs.rename(&path("/a"), &path("/b")).unwrap();
}

#[test]
fn the_end_of_a_process_keeps_what_is_pending() {
    let vfs = SimVfs::new();
    durable_file(&vfs, "/a", b"old")
        .write_at(b"new", 0)
        .unwrap();
    let next = vfs.after_process_end();
    assert_eq!(next.read(&path("/a")).unwrap(), b"new");
    assert_eq!(
        next.after_crash(CrashPolicy::LoseUnsynced)
            .read(&path("/a"))
            .unwrap(),
        b"old"
    );
}

#[test]
fn a_lock_is_exclusive_until_dropped_and_gone_after_a_crash() {
    let vfs = SimVfs::new();
    let held = vfs.lock(&path("/lock")).unwrap().unwrap();
    held.write_content(b"me").unwrap();
    assert!(vfs.lock(&path("/lock")).unwrap().is_none());
    assert_eq!(vfs.read(&path("/lock")).unwrap(), b"me");
    assert!(
        vfs.after_crash(CrashPolicy::KeepUnsynced)
            .lock(&path("/lock"))
            .unwrap()
            .is_some()
    );
    drop(held);
    assert!(vfs.lock(&path("/lock")).unwrap().is_some());
}

#[test]
fn tools_count_nothing() {
    let vfs = SimVfs::new();
    vfs.put(&path("/x/y"), b"\x00");
    assert!(vfs.flip_bit(&path("/x/y"), 0, 3));
    assert!(!vfs.flip_bit(&path("/x/y"), 1, 3));
    assert_eq!(vfs.copy_out(&path("/x/y")).unwrap(), [8]);
    assert_eq!(vfs.operations(), 0);
    let after = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(after.read(&path("/x/y")).unwrap(), [8]);
}

#[test]
fn a_full_disk_takes_what_fits_and_has_room_again_when_something_goes() {
    let vfs = SimVfs::new();
    let file = durable_file(&vfs, "/a", b"12345");
    vfs.set_free_space(10);
    assert!(file.allocate(12).unwrap());
    let full = io::ErrorKind::StorageFull;
    assert_eq!(file.write_at(b"abcdefgh", 10).unwrap_err().kind(), full);
    assert_eq!(vfs.read(&path("/a")).unwrap(), b"12345\0\0\0\0\0abcde");
    assert_eq!(file.allocate(16).unwrap_err().kind(), full);
    assert_eq!(file.set_len(16).unwrap_err().kind(), full);
    assert_eq!(file.write_at(b"x", 99).unwrap_err().kind(), full);
    assert_eq!(vfs.free_space(&path("/")).unwrap(), 0);
    file.write_at(b"no more room is needed", 0).unwrap_err();
    assert_eq!(vfs.read(&path("/a")).unwrap(), b"no more room is");
    let other = vfs.create_new(&path("/b")).unwrap();
    other.write_at(b"x", 0).unwrap_err();
    file.set_len(12).unwrap();
    other.write_at(b"xyz", 0).unwrap();
    vfs.hard_link(&path("/b"), &path("/c")).unwrap();
    vfs.remove_file(&path("/b")).unwrap();
    assert_eq!(vfs.free_space(&path("/")).unwrap(), 0);
    vfs.remove_file(&path("/c")).unwrap();
    assert_eq!(vfs.free_space(&path("/")).unwrap(), 3);
    // The power cut brings the first content back, and with it the room.
    let after = vfs.after_crash(CrashPolicy::LoseUnsynced);
    assert_eq!(after.free_space(&path("/")).unwrap(), 10);
    vfs.rename(&path("/a"), &path("/d")).unwrap();
    assert_eq!(vfs.free_space(&path("/")).unwrap(), 3);
}
