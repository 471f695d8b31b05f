//! Several threads at once, on the real disk.

use std::thread;

use sop::{Database, Mode};

use crate::support::*;

#[test]
fn single_inserts_from_eight_threads_into_one_node_are_all_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path()).unwrap();
    create(&db, int_store("s"));
    thread::scope(|scope| {
        for t in 0..8 {
            let db = db.clone();
            scope.spawn(move || {
                for i in 0..250 {
                    db.transact(|tx| tx.documents("s")?.insert(&int(i * 8 + t), &doc("0")))
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(all(&db, "s"), (0..2_000).collect::<Vec<_>>());
    assert!(db.check().unwrap().is_clean());
    drop(db);
    assert_eq!(
        all(&Database::open(folder.path()).unwrap(), "s").len(),
        2_000
    );
}

#[test]
fn first_inserts_into_an_empty_tree_at_the_same_time_are_all_there() {
    let db = with_items([]);
    let transactions: Vec<_> = (0..20)
        .map(|i| {
            let tx = db.begin(Mode::Write).unwrap();
            tx.documents("s")
                .unwrap()
                .insert(&int(i), &doc("0"))
                .unwrap();
            tx
        })
        .collect();
    for tx in transactions {
        tx.commit().unwrap();
    }
    assert_eq!(all(&db, "s"), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_counter_that_all_threads_raise_ends_at_the_sum() {
    let db = with_items([]);
    db.transact(|tx| tx.documents("s")?.insert(&int(0), &doc("0")))
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            let db = db.clone();
            scope.spawn(move || {
                for _ in 0..100 {
                    db.transact(|tx| {
                        let s = tx.documents("s")?;
                        let n = s.get(&int(0))?.unwrap().value.root().as_i64().unwrap();
                        s.update(&int(0), &doc(&(n + 1).to_string()))
                    })
                    .unwrap();
                }
            });
        }
    });
    let tx = db.begin(Mode::Read).unwrap();
    assert_eq!(
        value(tx.documents("s").unwrap().get(&int(0)).unwrap()),
        Some("400".into())
    );
}

#[test]
fn readers_see_whole_commits_while_checkpoints_run() {
    let folder = tempfile::tempdir().unwrap();
    let db = sop::OpenOptions::new()
        .checkpoint_log_bytes(16 * 1024)
        .cache_bytes(64 * 1024)
        .open(folder.path())
        .unwrap();
    create(&db, int_store("a"));
    create(&db, int_store("b"));
    thread::scope(|scope| {
        let writer = db.clone();
        let writing = scope.spawn(move || {
            for i in 0..600 {
                writer
                    .transact(|tx| {
                        tx.documents("a")?
                            .upsert(&int(i * 7 % 300), &doc(&format!("\"{i:0>200}\"")))?;
                        tx.documents("b")?
                            .upsert(&int(i * 7 % 300), &doc(&format!("\"{i:0>200}\"")))
                    })
                    .unwrap();
            }
        });
        let reader = db.clone();
        scope.spawn(move || {
            while !writing.is_finished() {
                let tx = reader.begin(Mode::Read).unwrap();
                let items = |name: &str| {
                    let s = tx.documents(name).unwrap();
                    s.range(&sop::KeyRange::all(), sop::Direction::Forward)
                        .unwrap()
                        .map(|i| i.map(|i| (i.key, i.value, i.version)).unwrap())
                        .collect::<Vec<_>>()
                };
                assert_eq!(items("a"), items("b"));
            }
        });
    });
    assert!(db.status().checkpoints > 0);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn any_number_of_readers_is_counted_and_let_go() {
    let db = with_items(0..10);
    let readers: Vec<_> = (0..300).map(|_| db.begin(Mode::Read).unwrap()).collect();
    let writer = db.begin(Mode::Write).unwrap();
    assert_eq!(db.status().active_transactions, 301);
    insert(&db, "s", 10..20);
    for reader in &readers {
        assert_eq!(reader.documents("s").unwrap().len().unwrap(), 10);
    }
    drop((readers, writer));
    assert_eq!(db.status().active_transactions, 0);
}
