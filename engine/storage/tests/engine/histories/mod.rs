//! Many threads, random transactions, and a checker that knows only what serializable means.

mod bad;
mod checker;

use std::collections::BTreeSet;
use std::ops::Bound::Included;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use sop::{
    Commit, Database, Direction, DocumentStore, Durability, KeyRange, KeySpec, KeyType, Mode,
    OpenOptions, Rng, SeededRng, StoreDefinition, Transaction,
};

use self::checker::{Record, Step, cycles, replay};
use crate::support::*;

const THREADS: u64 = 8;

/// How a history is made.
#[derive(Clone, Copy)]
struct Plan {
    transactions: u64,
    keys: i64,
    seed: u64,
    /// Steps of a transaction, at most.
    steps: u64,
}

struct Run<'a> {
    db: &'a Database,
    plan: Plan,
    clock: &'a AtomicU64,
    rng: SeededRng,
}

impl Run<'_> {
    fn random(&self, below: u64) -> u64 {
        self.rng.next_u64().unwrap() % below
    }

    fn key(&self) -> i64 {
        self.random(self.plan.keys as u64) as i64
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    fn transaction(&self) -> Record {
        let writes = self.random(4) > 0;
        let invoked = self.now();
        let mode = if writes { Mode::Write } else { Mode::Read };
        let tx = self.db.begin(mode).unwrap();
        let mut record = Record {
            invoked,
            snapshot: tx.sequence(),
            ..Record::default()
        };
        self.steps(&tx, writes, &mut record);
        // Some give up by themselves: nobody may ever see what they wrote.
        if writes && self.random(20) == 0 {
            tx.rollback();
        } else {
            let committed = if writes && self.random(6) == 0 {
                self.in_two_phases(tx)
            } else {
                tx.commit().map(Some)
            };
            match committed {
                Ok(commit) => record.commit = commit.map(|c| c.sequence),
                Err(error) => assert!(error.is_conflict(), "{error}"),
            }
        }
        record.returned = self.now();
        record
    }

    /// Prepares, lets others run, and decides; `None` when it was rolled back.
    fn in_two_phases(&self, tx: Transaction) -> sop::Result<Option<Commit>> {
        let id = format!("tx-{}", self.now());
        tx.prepare(&id)?;
        for _ in 0..self.random(8) {
            thread::yield_now();
        }
        // What was promised is kept: a conflict is no answer any more.
        if self.random(4) == 0 {
            self.db.rollback_prepared(&id).unwrap();
            return Ok(None);
        }
        Ok(Some(self.db.commit_prepared(&id).unwrap()))
    }

    fn steps(&self, tx: &Transaction, writes: bool, record: &mut Record) {
        let s = tx.documents("s").unwrap();
        let mut touched = BTreeSet::new();
        for _ in 0..=self.random(self.plan.steps) {
            let step = match self.random(if writes { 12 } else { 5 }) {
                0 | 1 => {
                    let key = self.key();
                    Step::Get(key, seen(&s, key))
                }
                2 | 3 => {
                    let (lo, hi) = self.range();
                    Step::Scan(lo, hi, scan(&s, lo, hi, self.random(2) == 0))
                }
                4 => {
                    let (lo, hi) = self.range();
                    Step::Count(lo, hi, s.count(&between(lo, hi)).unwrap())
                }
                5..=7 => {
                    // List append: read, add a mark that nobody else has, write.
                    let key = self.key();
                    let before = seen(&s, key);
                    record.steps.push(Step::Get(key, before.clone()));
                    let list = before.map_or_else(|| "[]".to_owned(), |(_, text)| text);
                    let text = appended(&list, self.now());
                    s.upsert(&int(key), &doc(&text)).unwrap();
                    touched.insert(key);
                    Step::Put(key, text)
                }
                8 | 9 => {
                    // A register: written without reading it.
                    let key = self.key();
                    let text = format!("[{}]", self.now());
                    s.upsert(&int(key), &doc(&text)).unwrap();
                    touched.insert(key);
                    Step::Put(key, text)
                }
                10 => {
                    let key = self.key();
                    // A new item, unless there is one.
                    let text = format!("[{}]", self.now());
                    match s.insert(&int(key), &doc(&text)) {
                        Ok(_) => {
                            record.steps.push(Step::Get(key, None));
                            Step::Put(key, text)
                        }
                        Err(_) => Step::Get(key, seen(&s, key)),
                    }
                }
                _ => {
                    let key = self.key();
                    Step::Remove(key, s.remove(&int(key)).unwrap())
                }
            };
            record.steps.push(step);
            if self.random(3) == 0 {
                thread::yield_now();
            }
        }
    }

    fn range(&self) -> (i64, i64) {
        let lo = self.key();
        (lo, lo + self.random(6) as i64)
    }
}

/// A short list: the last few marks.
fn appended(list: &str, mark: u64) -> String {
    let inside = list.trim_matches(['[', ']']);
    let mut marks: Vec<&str> = inside.split(',').filter(|mark| !mark.is_empty()).collect();
    let mark = mark.to_string();
    marks.push(&mark);
    let from = marks.len().saturating_sub(5);
    format!("[{}]", marks[from..].join(","))
}

fn seen(s: &DocumentStore<'_>, key: i64) -> Option<(u64, String)> {
    let item = s.get(&int(key)).unwrap()?;
    Some((item.version, item.value.to_json()))
}

fn scan(s: &DocumentStore<'_>, lo: i64, hi: i64, forward: bool) -> Vec<(i64, u64, String)> {
    let range: KeyRange = KeySpec::single(KeyType::I64)
        .range(Included(&int(lo)), Included(&int(hi)))
        .unwrap();
    let direction = if forward {
        Direction::Forward
    } else {
        Direction::Backward
    };
    let items = s.range(&range, direction).unwrap();
    let mut items: Vec<_> = items
        .map(|item| item.map(|i| (as_int(&i.key), i.version, i.value.to_json())))
        .collect::<sop::Result<_>>()
        .unwrap();
    if !forward {
        items.reverse();
    }
    items
}

/// Runs the plan on all threads at once and checks what was seen.
fn check(db: &Database, plan: Plan) {
    create(
        db,
        StoreDefinition {
            slot_length: 3,
            ..int_store("s")
        },
    );
    let clock = AtomicU64::new(1);
    let mut history: Vec<Record> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                let run = Run {
                    db,
                    plan,
                    clock: &clock,
                    rng: SeededRng::new(plan.seed * 1_000 + t),
                };
                scope.spawn(move || {
                    (0..plan.transactions / THREADS)
                        .map(|_| run.transaction())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    let committed = history.iter().filter(|r| r.commit.is_some()).count();
    assert!(committed * 4 > history.len(), "{committed} were committed");
    assert!(
        db.status().conflicts > 0,
        "nothing happened at the same time"
    );
    // What is there at the end is one more read.
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let end = Step::Scan(0, plan.keys, scan(&s, 0, plan.keys, true));
    let now = clock.load(SeqCst);
    history.push(Record {
        invoked: now,
        returned: now + 1,
        snapshot: tx.sequence(),
        commit: Some(tx.sequence()),
        steps: vec![end],
    });
    assert!(db.prepared().is_empty());
    if let Err(anomaly) = replay(&history) {
        panic!("seed {}: {anomaly}", plan.seed);
    }
    if let Some(cycle) = cycles(&history) {
        let shown: Vec<_> = cycle.iter().map(|(i, e)| (e, &history[*i])).collect();
        panic!("seed {}: {shown:?}", plan.seed);
    }
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

fn transactions() -> u64 {
    if std::env::var_os("SOP_NIGHTLY").is_some() {
        100_000
    } else {
        6_000
    }
}

#[test]
fn histories_on_the_real_disk_are_serializable() {
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .checkpoint_log_bytes(8 << 10)
        .segment_bytes(16 << 10)
        .cache_bytes(2 << 10)
        .open(folder.path())
        .unwrap();
    let plan = Plan {
        transactions: transactions(),
        keys: 24,
        seed: 1,
        steps: 6,
    };
    check(&db, plan);
    assert!(db.status().checkpoints > 1);
}

#[test]
fn histories_on_a_simulated_disk_are_serializable() {
    for (seed, keys, steps) in [(2, 4, 3), (3, 12, 6), (4, 60, 10), (5, 300, 16)] {
        let disk = disk();
        let db = options(&disk)
            .background(true)
            .durability(Durability::EveryCommit)
            .segment_bytes(8 << 10)
            .cache_bytes(4 << 10)
            .open(FOLDER)
            .unwrap();
        let plan = Plan {
            transactions: transactions() / 4,
            keys,
            seed,
            steps,
        };
        check(&db, plan);
    }
}
