//! A process that is killed while it commits, again and again: what it had said was committed is there.
//!
//! The child is this test binary, told by the environment to run [`child`]. What it prints is the journal.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use sop::{Database, Direction, KeyRange, Mode, OpenOptions, Rng, SeededRng};

use crate::support::*;

const FOLDER_VARIABLE: &str = "SOP_TEST_KILLED_FOLDER";
const THREADS: i64 = 3;
/// Keys of thread `t` begin at `t * SPAN`.
const SPAN: i64 = 1_000_000;
/// In store `c` each thread writes these many items in turn.
const TURN: i64 = 20;

fn small() -> OpenOptions {
    OpenOptions::new()
        .checkpoint_log_bytes(16 << 10)
        .segment_bytes(16 << 10)
        .cache_bytes(8 << 10)
}

/// How many transactions of each thread the database has: their items in `a` are numbered without gaps.
fn done(db: &Database) -> Vec<i64> {
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("a").unwrap();
    (0..THREADS)
        .map(|t| s.count(&between(t * SPAN, (t + 1) * SPAN - 1)).unwrap() as i64)
        .collect()
}

/// Not a test of its own: commits without end when the parent asks for it.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let db = small().open(folder).unwrap();
    if db.sequence() == 0 {
        db.transact(|tx| {
            for store in ["a", "b", "c"] {
                let mut definition = int_store(store);
                definition.slot_length = 8;
                tx.create_store(definition)?;
            }
            Ok(())
        })
        .unwrap();
    }
    let first = done(&db);
    thread::scope(|scope| {
        for (t, first) in (0..THREADS).zip(first) {
            let db = db.clone();
            scope.spawn(move || {
                for i in first.. {
                    db.transact(|tx| write(tx, t, i)).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\ndone {t} {i}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

fn write(tx: &sop::Transaction, t: i64, i: i64) -> sop::Result<()> {
    let value = doc(&format!("\"{i:0>100}\""));
    for store in ["a", "b"] {
        tx.documents(store)?.insert(&int(t * SPAN + i), &value)?;
    }
    let place = int(t * SPAN + i % TURN);
    tx.documents("c")?.upsert(&place, &doc(&i.to_string()))?;
    Ok(())
}

/// Starts the child, kills it after so many lines of its journal; gives what was acknowledged.
fn kill_after(folder: &Path, lines: u64, journal: &mut BTreeMap<i64, i64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kills::child", "--exact", "--nocapture"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut read = 0;
    let mut killed = false;
    // After the kill the rest of the pipe is read: it was acknowledged all the same.
    for line in out.lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        if words.next() == Some("done")
            && let (Some(t), Some(i)) = (words.next(), words.next())
            && let (Ok(t), Ok(i)) = (t.parse(), i.parse())
        {
            journal.insert(t, i);
            read += 1;
        }
        if read >= lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    let status = child.wait_with_output().unwrap();
    assert!(
        killed && !status.status.success(),
        "the child ended by itself: {}",
        String::from_utf8_lossy(&status.stderr)
    );
}

fn verify(db: &Database, journal: &BTreeMap<i64, i64>) {
    let done = done(db);
    for (t, n) in (0..THREADS).zip(&done) {
        if let Some(last) = journal.get(&t) {
            assert!(
                last < n,
                "thread {t}: {last} was acknowledged, {n} are there"
            );
        }
    }
    let tx = db.begin(Mode::Read).unwrap();
    let items = |name: &str| {
        let s = tx.documents(name).unwrap();
        s.range(&KeyRange::all(), Direction::Forward)
            .unwrap()
            .map(|i| i.map(|i| (as_int(&i.key), i.value.to_json())).unwrap())
            .collect::<Vec<_>>()
    };
    let want: Vec<_> = (0..THREADS)
        .zip(&done)
        .flat_map(|(t, n)| (0..*n).map(move |i| (t * SPAN + i, format!("\"{i:0>100}\""))))
        .collect();
    assert!(items("a") == want && items("b") == want);
    let turns: Vec<_> = (0..THREADS)
        .zip(&done)
        .flat_map(|(t, &n)| {
            let last = move |place: i64| place + (n - 1 - place) / TURN * TURN;
            (0..TURN.min(n)).map(move |place| (t * SPAN + place, last(place).to_string()))
        })
        .collect();
    assert_eq!(items("c"), turns);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

#[test]
fn a_process_killed_while_it_commits_has_kept_what_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let rng = SeededRng::new(50);
    let mut journal = BTreeMap::new();
    let kills = if std::env::var_os("SOP_NIGHTLY").is_some() {
        1_000
    } else {
        50
    };
    for round in 0..kills {
        let lines = rng.next_u64().unwrap() % 40;
        kill_after(&path, lines, &mut journal);
        match round % 4 {
            // Killed again before anyone looked.
            0 => {}
            1 => verify(&small().read_only(true).open(&path).unwrap(), &journal),
            2 => {
                let db = small().open(&path).unwrap();
                verify(&db, &journal);
                db.close().unwrap();
            }
            _ => {
                let db = small().background(false).open(&path).unwrap();
                verify(&db, &journal);
                let _ = db.backup(folder.path().join(format!("copy-{round}")));
            }
        }
    }
    let db = small().open(&path).unwrap();
    verify(&db, &journal);
    assert!(journal.values().sum::<i64>() > 300);
    let copies = std::fs::read_dir(folder.path()).unwrap();
    for copy in copies {
        let copy = copy.unwrap().path();
        if copy != path {
            let copy = small().create(false).open(copy).unwrap();
            verify(&copy, &BTreeMap::new());
        }
    }
}
