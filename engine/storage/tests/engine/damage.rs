//! Damaged files: never a wrong answer, never a panic, never emptied.

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::vfs::sim::CrashPolicy;
use sop::{Database, Direction, Error, KeyRange, Mode, Result, StoreDefinition};

use crate::support::*;

fn read(db: &Database) -> Result<Vec<(i64, String)>> {
    let tx = db.begin(Mode::Read)?;
    let s = tx.documents("s")?;
    s.range(&KeyRange::all(), Direction::Forward)?
        .map(|i| i.map(|i| (as_int(&i.key), i.value.to_json())))
        .collect()
}

/// Flips one bit in every `step`th byte of every file in turn and opens the database.
fn sweep(close: bool, step: usize) {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for i in 0..40 {
        insert(&db, "s", [i]);
        if i == 20 {
            db.checkpoint().unwrap();
        }
    }
    let want = read(&db).unwrap();
    if close {
        db.close().unwrap();
    }
    let image = disk.after_crash(CrashPolicy::KeepUnsynced);
    let mut detected = 0;
    for (path, _) in image.list() {
        let bytes = image.copy_out(&path).unwrap();
        // Reserved space is zeros as far as it goes; what is written, and a little of the rest, matters.
        let written = bytes
            .iter()
            .rposition(|b| *b != 0)
            .map_or(0, |last| last + 1);
        for at in (0..bytes.len().min(written + 64)).step_by(step) {
            let disk = Arc::new(image.after_crash(CrashPolicy::KeepUnsynced));
            assert!(disk.flip_bit(&path, at as u64, (at % 8) as u8));
            let context = format!("bit {} of byte {at} of {}", at % 8, path.display());
            let opened = options(&disk).open(FOLDER);
            match opened.and_then(|db| read(&db)) {
                Err(_) => detected += 1,
                // The last commit of a log that was not closed cannot be told from a torn one.
                Ok(found) => assert!(
                    found == want || (!close && found == want[..want.len() - 1]),
                    "{context}: {found:?}"
                ),
            }
        }
    }
    assert!(detected > 0);
}

#[test]
fn a_flipped_bit_in_a_closed_database_is_never_a_wrong_answer() {
    sweep(true, 5);
}

#[test]
fn a_flipped_bit_in_a_database_that_was_not_closed_is_never_a_wrong_answer() {
    sweep(false, 31);
}

/// Where some text lies in the segment files.
fn place_of(disk: &SimVfs, text: &str) -> (std::path::PathBuf, u64) {
    let segments = disk.list().into_iter().map(|(path, _)| path);
    segments
        .filter(|path| path.starts_with("/db/data"))
        .find_map(|path| {
            let bytes = disk.copy_out(&path)?;
            let at = bytes
                .windows(text.len())
                .rposition(|w| w == text.as_bytes())?;
            Some((path, at as u64))
        })
        .unwrap()
}

/// A node that a commit in the log changes is damaged at rest.
#[test]
fn a_damaged_node_that_the_log_changes_hides_nothing_but_itself() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    for name in ["s", "t"] {
        create(
            &db,
            StoreDefinition {
                slot_length: 8,
                ..int_store(name)
            },
        );
        let tx = db.begin(Mode::Write).unwrap();
        for key in 0..200 {
            let text = format!("\"item {key} of {name}\"");
            tx.documents(name)
                .unwrap()
                .insert(&int(key), &doc(&text))
                .unwrap();
        }
        tx.commit().unwrap();
    }
    db.checkpoint().unwrap();
    let change = |key: i64, text: &str| {
        db.transact(|tx| {
            tx.documents("s")?.upsert(&int(key), &doc(text))?;
            tx.documents("t")?.upsert(&int(key), &doc(text))
        })
        .unwrap();
    };
    for key in [3, 100, 101, 150] {
        change(key, "\"new\"");
    }
    let last = db.sequence();
    let left = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    let (path, at) = place_of(&left, "item 102 of s");
    assert!(left.flip_bit(&path, at, 1));
    for read_only in [true, false] {
        let open = options(&left).read_only(read_only);
        let db = open.open(FOLDER).unwrap();
        assert_eq!(db.sequence(), last);
        assert_eq!(db.recovery().damaged_stores.len(), 1);
        let reason = db.read_only().unwrap();
        let file = path.display().to_string();
        assert!(
            reason.contains("store \"s\"") && reason.contains(&file),
            "{reason}"
        );
        assert!(reason.contains("byte"), "{reason}");
        assert!(matches!(db.begin(Mode::Write), Err(Error::ReadOnly { .. })));
        let tx = db.begin(Mode::Read).unwrap();
        let want = |name: &str, key: i64| match key {
            3 | 100 | 101 | 150 => "\"new\"".to_owned(),
            _ => format!("\"item {key} of {name}\""),
        };
        let (s, t) = (tx.documents("s").unwrap(), tx.documents("t").unwrap());
        let mut lost = 0;
        for key in 0..200 {
            assert_eq!(value(t.get(&int(key)).unwrap()), Some(want("t", key)));
            match s.get(&int(key)) {
                Ok(item) => assert_eq!(value(item), Some(want("s", key))),
                Err(error) => {
                    assert!(error.to_string().contains(&file), "{error}");
                    lost += 1;
                }
            }
        }
        assert!((1..=8).contains(&lost), "{lost}");
        assert!(s.get(&int(102)).is_err());
        // Nobody knows how many items the damaged node would have.
        assert!(s.count(&KeyRange::all()).is_err());
        assert!(s.nth(0).is_err());
        assert!(s.rank(&int(150)).is_err());
        assert_eq!(t.count(&KeyRange::all()).unwrap(), 200);
        let forward = s.range(&KeyRange::all(), Direction::Forward).unwrap();
        assert!(forward.map_while(Result::ok).count() > 80);
        let report = db.check().unwrap();
        let named = |p: &sop::Problem| p.place.contains("\"s\"") && p.detail.contains(&file);
        assert!(report.problems.iter().any(named), "{:?}", report.problems);
        assert!(!report.problems.iter().any(|p| p.place.contains("\"t\"")));
        drop((s, t));
        drop(tx);
        db.close().unwrap();
    }
    // The damage is repaired, so everything is there.
    assert!(left.flip_bit(&path, at, 1));
    let db = options(&left).open(FOLDER).unwrap();
    assert_eq!(db.read_only(), None);
    assert_eq!(all(&db, "s").len(), 200);
    assert!(db.check().unwrap().is_clean());
}

/// An inner node, so that many items cannot be read; commits add, change and remove items below and beside it.
#[test]
fn a_damaged_inner_node_that_the_log_changes_hides_only_what_is_below_it() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(
        &db,
        StoreDefinition {
            slot_length: 4,
            ..int_store("s")
        },
    );
    insert(&db, "s", (0..400).map(|i| i * 2));
    db.checkpoint().unwrap();
    for key in [1, 301, 799] {
        insert(&db, "s", [key]);
    }
    for key in [0, 300, 798] {
        db.transact(|tx| tx.documents("s")?.remove(&int(key)).map(|_| ()))
            .unwrap();
    }
    let want: Vec<i64> = all(&db, "s");
    let image = disk.after_crash(CrashPolicy::LoseUnsynced);
    let mut opened = 0;
    for (path, bytes) in image.list() {
        if !path.starts_with("/db/data") {
            continue;
        }
        for at in (64..bytes).step_by(41) {
            let left = Arc::new(image.after_crash(CrashPolicy::LoseUnsynced));
            assert!(left.flip_bit(&path, at, 3));
            let context = format!("byte {at} of {}", path.display());
            let db = options(&left)
                .open(FOLDER)
                .unwrap_or_else(|e| panic!("{context}: {e}"));
            let tx = db.begin(Mode::Read).unwrap();
            let s = tx.documents("s").unwrap();
            for key in (0..800).step_by(37).chain([0, 1, 300, 301, 798, 799]) {
                if let Ok(item) = s.get(&int(key)) {
                    assert_eq!(item.is_some(), want.contains(&key), "{context}: {key}");
                }
            }
            if let Ok(count) = s.count(&KeyRange::all()) {
                assert_eq!(count, want.len() as u64, "{context}");
            }
            opened += usize::from(db.read_only().is_some());
        }
    }
    assert!(opened > 10, "{opened}");
}
