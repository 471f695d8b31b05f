//! Power loss and disk faults at every operation of two-phase commits in one database: what was promised
//! is kept, what was decided stays decided, and no half of anything is found.

use std::collections::{BTreeMap, BTreeSet};

use sop::vfs::sim::{CrashPolicy, Fault};
use sop::{Direction, KeyRange, Mode};

use super::*;

const LIMIT_MS: u64 = 60_000;

/// A prepared transaction as the workload knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    /// Values it writes; the keys it read.
    puts: Vec<(i64, String)>,
    reads: Vec<i64>,
    expires_at_ms: u64,
}

/// What a database may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    items: BTreeMap<i64, String>,
    waiting: BTreeMap<String, Waiting>,
    ended: BTreeSet<String>,
}

impl State {
    /// The state after all whose time is over have ended.
    fn at(&self, now_ms: u64) -> Self {
        let mut state = self.clone();
        let over = |w: &Waiting| w.expires_at_ms <= now_ms;
        state.waiting.retain(|_, w| !over(w));
        for (id, _) in self.waiting.iter().filter(|(_, w)| over(w)) {
            state.ended.insert(id.clone());
        }
        state
    }

    fn decide(&mut self, id: &str, commit: bool) {
        let waiting = self.waiting.remove(id).unwrap();
        if commit {
            self.items.extend(waiting.puts);
        }
        self.ended.insert(id.to_owned());
    }
}

/// A workload that runs, with the states that each step leads to.
struct Session {
    disk: Arc<SimVfs>,
    clock: Arc<ManualClock>,
    db: Option<Database>,
    /// After each step that was tried; the last `states.len() - known` of them were not acknowledged.
    states: Vec<State>,
    known: usize,
}

impl Session {
    fn new(disk: &Arc<SimVfs>) -> Self {
        Self {
            disk: Arc::clone(disk),
            clock: clock(),
            db: None,
            states: vec![State::default()],
            known: 1,
        }
    }

    fn last(&self) -> State {
        self.states.last().cloned().unwrap()
    }

    fn open(&mut self) -> Result<()> {
        self.db = None;
        let options = timed(&self.disk, &self.clock).time_limit_ms(LIMIT_MS);
        self.db = Some(options.open(FOLDER)?);
        Ok(())
    }

    fn db(&self) -> Result<&Database> {
        self.db.as_ref().ok_or(Error::Closed)
    }

    /// Runs a step that leads to the next state when it works.
    fn step(&mut self, next: State, work: impl FnOnce(&Database) -> Result<()>) -> Result<()> {
        let db = self.db()?.clone();
        // The step may end those whose time is over before it does its own.
        let now = sop::Clock::now_unix_ms(&*self.clock);
        let ended = self.last().at(now);
        if ended != self.last() {
            self.states.push(ended);
        }
        self.states.push(next.at(now));
        let result = work(&db);
        match &result {
            Ok(()) => self.known = self.states.len(),
            // This one promises that nothing of it happened.
            Err(Error::NoSpace { .. }) => drop(self.states.pop()),
            Err(_) => {}
        }
        result
    }

    fn put(&mut self, keys: &[i64], text: &str) -> Result<()> {
        let mut next = self.last();
        next.items
            .extend(keys.iter().map(|k| (*k, text.to_owned())));
        self.step(next, |db| {
            let tx = db.begin(Mode::Write)?;
            keys.iter().try_for_each(|k| upsert(&tx, *k, text))?;
            tx.commit().map(|_| ())
        })
    }

    fn create(&mut self) -> Result<()> {
        let next = self.last();
        self.step(next, |db| {
            let tx = db.begin(Mode::Write)?;
            tx.create_store(sop::StoreDefinition {
                slot_length: 4,
                ..int_store("s")
            })?;
            tx.commit().map(|_| ())
        })
    }

    fn prepare(&mut self, id: &str, reads: &[i64], puts: &[(i64, &str)]) -> Result<()> {
        let mut next = self.last();
        let now = sop::Clock::now_unix_ms(&*self.clock);
        let waiting = Waiting {
            puts: puts.iter().map(|(k, t)| (*k, (*t).to_owned())).collect(),
            reads: reads.to_vec(),
            expires_at_ms: now + LIMIT_MS,
        };
        next.waiting.insert(id.to_owned(), waiting);
        next.ended.remove(id);
        self.step(next, |db| {
            prepare(db, id, |tx| {
                let s = tx.documents("s")?;
                reads.iter().try_for_each(|k| s.get(&int(*k)).map(|_| ()))?;
                puts.iter().try_for_each(|(k, text)| upsert(tx, *k, text))
            })
            .map(|_| ())
        })
    }

    fn decide(&mut self, id: &str, commit: bool) -> Result<()> {
        let mut next = self.last();
        next.decide(id, commit);
        self.step(next, |db| decide(db, id, commit))
    }

    /// Lets the time of all that wait go by, and writes that down.
    fn expire(&mut self) -> Result<()> {
        self.clock.advance_ms(LIMIT_MS);
        let next = self.last();
        self.step(next, Database::checkpoint)
    }
}

fn decide(db: &Database, id: &str, commit: bool) -> Result<()> {
    if commit {
        db.commit_prepared(id).map(|_| ())
    } else {
        db.rollback_prepared(id)
    }
}

type Workload = fn(&mut Session) -> Result<()>;

const WORKLOADS: [(&str, Workload); 4] = [
    ("decisions", decisions),
    ("checkpoints between the phases", checkpoints),
    ("expiry", expiry),
    ("restarts between the phases", restarts),
];

fn decisions(s: &mut Session) -> Result<()> {
    s.open()?;
    s.create()?;
    s.put(&[1, 2, 3], "1")?;
    s.prepare("a", &[3], &[(1, "\"a\""), (10, "\"a\"")])?;
    s.prepare("b", &[], &[(2, "\"b\"")])?;
    s.put(&[5], "2")?;
    s.decide("a", true)?;
    s.decide("b", false)?;
    s.prepare("b", &[1, 2], &[(2, "\"again\"")])?;
    s.decide("b", true)?;
    s.db.take().ok_or(Error::Closed)?.close()
}

fn checkpoints(s: &mut Session) -> Result<()> {
    s.open()?;
    s.create()?;
    s.put(&[1, 2, 3], "1")?;
    s.prepare("a", &[3], &[(1, "\"a\""), (10, "\"a\"")])?;
    s.db()?.checkpoint()?;
    s.prepare("b", &[], &[(2, "\"b\"")])?;
    s.put(&[5], "2")?;
    s.db()?.checkpoint()?;
    s.put(&[6], "2")?;
    s.db()?.checkpoint()?;
    s.decide("b", false)?;
    s.decide("a", true)?;
    s.db()?.checkpoint()?;
    s.put(&[1], "3")
}

fn expiry(s: &mut Session) -> Result<()> {
    s.open()?;
    s.create()?;
    s.prepare("a", &[3], &[(1, "\"a\"")])?;
    s.clock.advance_ms(LIMIT_MS / 2);
    s.prepare("b", &[], &[(2, "\"b\"")])?;
    s.clock.advance_ms(LIMIT_MS / 2);
    // Over what "a" wrote and read, which has ended by that.
    s.put(&[1, 3], "1")?;
    s.decide("b", true)?;
    s.prepare("c", &[], &[(2, "\"c\""), (7, "\"c\"")])?;
    s.prepare("d", &[1], &[])?;
    s.expire()?;
    s.put(&[1, 2], "2")
}

fn restarts(s: &mut Session) -> Result<()> {
    s.open()?;
    s.create()?;
    s.prepare("a", &[3], &[(1, "\"a\"")])?;
    s.prepare("b", &[2], &[(4, "\"b\"")])?;
    s.open()?;
    s.decide("a", true)?;
    s.open()?;
    s.put(&[1], "1")?;
    s.decide("b", false)?;
    s.prepare("c", &[1], &[(9, "\"c\"")])?;
    s.clock.advance_ms(LIMIT_MS);
    s.open()?;
    s.put(&[1, 9], "3")
}

fn found(db: &Database) -> Result<BTreeMap<i64, String>> {
    let tx = db.begin(Mode::Read)?;
    match tx.documents("s") {
        Ok(s) => s
            .range(&KeyRange::all(), Direction::Forward)?
            .map(|item| item.map(|i| (as_int(&i.key), i.value.to_json())))
            .collect(),
        Err(Error::StoreNotFound { .. }) => Ok(BTreeMap::new()),
        Err(other) => Err(other),
    }
}

/// The one of the states that a database holds.
fn holds<'s>(db: &Database, states: &'s [State], context: &str) -> &'s State {
    let items = found(db).unwrap_or_else(|e| panic!("{context}: reading: {e}"));
    let ids = waiting(db);
    let is = |s: &&State| s.items == items && s.waiting.keys().eq(ids.iter());
    states
        .iter()
        .rev()
        .find(is)
        .unwrap_or_else(|| panic!("{context}: found {items:?} and {ids:?}, not one of {states:#?}"))
}

/// What is held cannot be touched; every promise is kept; what has ended stays ended.
fn verify_promises(db: &Database, state: &State, context: &str) {
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{context}: {:?}", report.problems);
    for (id, w) in &state.waiting {
        let places = w.puts.iter().map(|(k, _)| k).chain(&w.reads);
        for key in places {
            let tx = db.begin(Mode::Write).unwrap();
            upsert(&tx, *key, "0").unwrap();
            let held = holder(tx.commit());
            assert!(held.is_some(), "{context}: {key} of {id}");
        }
    }
    let mut state = state.clone();
    for (i, id) in state.clone().waiting.keys().enumerate() {
        let commit = i % 2 == 0;
        decide(db, id, commit).unwrap_or_else(|e| panic!("{context}: promise of {id}: {e}"));
        state.decide(id, commit);
    }
    for id in &state.ended {
        // Only repeated decisions are answered, none is taken back.
        let committed = db.commit_prepared(id).is_ok();
        assert_ne!(
            committed,
            db.rollback_prepared(id).is_ok(),
            "{context}: {id}"
        );
    }
    assert_eq!(found(db).unwrap(), state.items, "{context}");
    assert!(db.prepared().is_empty(), "{context}");
    assert!(db.check().unwrap().is_clean(), "{context}");
}

/// The next process.
fn verify(disk: &Arc<SimVfs>, session: &Session, context: &str) {
    let open = || {
        timed(disk, &session.clock)
            .open(FOLDER)
            .unwrap_or_else(|e| panic!("{context}: opening: {e}"))
    };
    let now = sop::Clock::now_unix_ms(&*session.clock);
    let db = open();
    let allowed: Vec<State> = session.states[session.known - 1..]
        .iter()
        .map(|state| state.at(now))
        .collect();
    let state = holds(&db, &allowed, context);
    if db.begin(Mode::Read).unwrap().documents("s").is_err() {
        return;
    }
    verify_promises(&db, state, context);
    let items = found(&db).unwrap();
    db.close().unwrap();
    assert_eq!(found(&open()).unwrap(), items, "{context}");
}

fn operations_of(workload: Workload) -> u64 {
    let disk = disk();
    let mut session = Session::new(&disk);
    workload(&mut session).unwrap();
    drop(session);
    disk.operations()
}

fn policies(seed: u64) -> [CrashPolicy; 6] {
    [
        CrashPolicy::LoseUnsynced,
        CrashPolicy::KeepUnsynced,
        CrashPolicy::Torn { sector: 512 },
        CrashPolicy::Torn { sector: 4096 },
        CrashPolicy::RandomSubset { seed },
        CrashPolicy::RandomSubset { seed: seed + 1_000 },
    ]
}

#[test]
fn power_loss_at_any_operation_keeps_every_promise() {
    for (name, workload) in WORKLOADS {
        for at in 1..=operations_of(workload) {
            let disk = disk();
            disk.crash_at(at);
            let mut session = Session::new(&disk);
            let _ = workload(&mut session);
            session.db = None;
            for policy in policies(at) {
                let context = format!("{name}, power lost at operation {at}, {policy:?}");
                let after = Arc::new(disk.after_crash(policy));
                verify(&after, &session, &context);
                if policy != CrashPolicy::LoseUnsynced {
                    continue;
                }
                // And again while the next process opens it.
                let again = Arc::new(disk.after_crash(policy));
                again.crash_at(1 + at % 9);
                let _ = timed(&again, &session.clock).open(FOLDER);
                let after = Arc::new(again.after_crash(CrashPolicy::RandomSubset { seed: at }));
                verify(&after, &session, &format!("{context}, and again"));
            }
        }
    }
}

/// After a fault, in the same process: nothing that was promised is lost or half seen.
fn verify_in_process(session: &Session, context: &str) {
    let Some(db) = &session.db else { return };
    let known = &session.states[session.known - 1..];
    let state = holds(db, known, context);
    assert!(db.check().unwrap().is_clean(), "{context}");
    if let Some(reason) = db.read_only() {
        assert!(reason.contains("injected"), "{context}: {reason}");
        for id in state.waiting.keys() {
            let refused = db.commit_prepared(id);
            let right = matches!(refused, Err(Error::ReadOnly { .. }));
            assert!(right, "{context}: {refused:?}");
        }
        return;
    }
    // Nothing is pending: the database went on, so what it shows is what it holds.
    let now = sop::Clock::now_unix_ms(&*session.clock);
    if db.begin(Mode::Read).unwrap().documents("s").is_ok() {
        verify_promises(db, &state.at(now), context);
    }
}

#[test]
fn a_disk_fault_at_any_operation_keeps_every_promise() {
    for (name, workload) in WORKLOADS {
        for at in 1..=operations_of(workload) {
            for fault in Fault::ALL {
                let disk = disk();
                disk.fail_at(at, fault);
                let mut session = Session::new(&disk);
                let failed = workload(&mut session).is_err();
                let context = format!("{name}, {fault:?} at operation {at}");
                let crashed = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
                verify(&crashed, &session, &context);
                if failed {
                    verify_in_process(&session, &context);
                }
            }
        }
    }
}
