//! Random operations against a model that knows only what is promised: which commit must meet a prepared
//! transaction, which must not, and what is there at the end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sop::vfs::sim::CrashPolicy;
use sop::{Clock, Direction, KeyRange, Mode};

use super::*;

const LIMIT_MS: u64 = 1_000;

/// One thing that a transaction does.
#[derive(Clone, Debug)]
enum Action {
    Get(i64),
    Scan(i64, i64),
    Put(i64),
    Remove(i64),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Action>),
    Prepare(u8, Vec<Action>),
    CommitPrepared(u8),
    RollBackPrepared(u8),
    Wait(u64),
    Checkpoint,
    Close,
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0i64..12;
    let action = prop_oneof![
        3 => key.clone().prop_map(Action::Get),
        2 => (key.clone(), 0i64..4).prop_map(|(lo, n)| Action::Scan(lo, lo + n)),
        4 => key.clone().prop_map(Action::Put),
        2 => key.prop_map(Action::Remove),
    ];
    let actions = || proptest::collection::vec(action.clone(), 1..4);
    let step = prop_oneof![
        5 => actions().prop_map(Step::Commit),
        4 => (0u8..5, actions()).prop_map(|(id, actions)| Step::Prepare(id, actions)),
        2 => (0u8..5).prop_map(Step::CommitPrepared),
        1 => (0u8..5).prop_map(Step::RollBackPrepared),
        2 => (1u64..700).prop_map(Step::Wait),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 1..60)
}

type Items = BTreeMap<i64, String>;

/// What a transaction touched, and what it leaves.
#[derive(Clone, Debug, Default)]
struct Effect {
    read: BTreeSet<i64>,
    ranges: Vec<(i64, i64)>,
    writes: BTreeMap<i64, Option<String>>,
}

impl Effect {
    fn has_read(&self, key: i64) -> bool {
        self.read.contains(&key)
            || self
                .ranges
                .iter()
                .any(|(lo, hi)| (*lo..=*hi).contains(&key))
    }

    /// Whether the other one, which comes later, must not be committed beside this one.
    fn holds_off(&self, later: &Self) -> bool {
        self.writes
            .keys()
            .any(|key| later.writes.contains_key(key) || later.has_read(*key))
            || later.writes.keys().any(|key| self.has_read(*key))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Committed,
    RolledBack,
    Expired,
}

#[derive(Default)]
struct Model {
    items: Items,
    waiting: BTreeMap<String, (Effect, u64)>,
    ended: BTreeMap<String, End>,
}

impl Model {
    fn expire(&mut self, now_ms: u64) {
        let over: Vec<String> = self
            .waiting
            .iter()
            .filter(|(_, (_, expires))| *expires <= now_ms)
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            self.waiting.remove(&id);
            self.ended.insert(id, End::Expired);
        }
    }

    fn apply(&mut self, effect: &Effect) {
        for (key, value) in &effect.writes {
            match value {
                Some(text) => self.items.insert(*key, text.clone()),
                None => self.items.remove(key),
            };
        }
    }

    fn holder(&self, effect: &Effect) -> Option<&str> {
        self.waiting
            .iter()
            .find(|(_, (held, _))| held.holds_off(effect))
            .map(|(id, _)| id.as_str())
    }
}

/// Does the actions in a transaction and in the model's terms.
fn run(tx: &Transaction, actions: &[Action], text: &str, items: &Items) -> Effect {
    let s = tx.documents("s").unwrap();
    let mut effect = Effect::default();
    let mut own = items.clone();
    for action in actions {
        match action {
            Action::Get(key) => {
                assert_eq!(value(s.get(&int(*key)).unwrap()), own.get(key).cloned());
                // What it wrote itself says nothing about others.
                if !effect.writes.contains_key(key) {
                    effect.read.insert(*key);
                }
            }
            Action::Scan(lo, hi) => {
                let found = ints(&s, &between(*lo, *hi), Direction::Forward);
                assert!(found.iter().eq(own.range(lo..=hi).map(|(key, _)| key)));
                effect.ranges.push((*lo, *hi));
            }
            Action::Put(key) => {
                s.upsert(&int(*key), &doc(text)).unwrap();
                own.insert(*key, text.to_owned());
                effect.writes.insert(*key, Some(text.to_owned()));
            }
            Action::Remove(key) => {
                let removed = s.remove(&int(*key)).unwrap();
                assert_eq!(removed, own.remove(key).is_some());
                if items.contains_key(key) && removed {
                    effect.writes.insert(*key, None);
                } else if !effect.writes.get(key).is_some_and(Option::is_none) {
                    // A miss, or an item of its own that is taken back.
                    effect.read.insert(*key);
                    effect.writes.remove(key);
                }
            }
        }
    }
    effect
}

fn check(db: &Database, model: &Model, step: &dyn std::fmt::Debug) {
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let items: Items = s
        .range(&KeyRange::all(), Direction::Forward)
        .unwrap()
        .map(|i| i.map(|i| (as_int(&i.key), i.value.to_json())).unwrap())
        .collect();
    assert_eq!(items, model.items, "{step:?}");
    assert!(waiting(db).iter().eq(model.waiting.keys()), "{step:?}");
}

struct Run {
    disk: Arc<SimVfs>,
    clock: Arc<ManualClock>,
    db: Option<Database>,
    model: Model,
}

impl Run {
    fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.db = None;
        let options = timed(&self.disk, &self.clock).time_limit_ms(LIMIT_MS);
        self.db = Some(options.open(FOLDER).unwrap());
        self.model.expire(self.clock.now_unix_ms());
    }

    fn commit(&mut self, actions: &[Action], text: &str) {
        let tx = self.db().begin(Mode::Write).unwrap();
        let effect = run(&tx, actions, text, &self.model.items);
        self.model.expire(self.clock.now_unix_ms());
        let met = holder(tx.commit());
        assert_eq!(met.as_deref(), self.model.holder(&effect), "{effect:?}");
        if met.is_none() {
            self.model.apply(&effect);
        }
    }

    fn prepare(&mut self, id: &str, actions: &[Action], text: &str) {
        let tx = self.db().begin(Mode::Write).unwrap();
        let effect = run(&tx, actions, text, &self.model.items);
        let now = self.clock.now_unix_ms();
        self.model.expire(now);
        match tx.prepare(id) {
            Err(Error::PreparedExists { .. }) => assert!(self.model.waiting.contains_key(id)),
            result => {
                assert!(!self.model.waiting.contains_key(id));
                let met = holder(result);
                assert_eq!(met.as_deref(), self.model.holder(&effect), "{effect:?}");
                if met.is_none() {
                    self.model.ended.remove(id);
                    let waiting = (effect, now + LIMIT_MS);
                    self.model.waiting.insert(id.to_owned(), waiting);
                }
            }
        }
    }

    fn decide(&mut self, id: &str, commit: bool) {
        self.model.expire(self.clock.now_unix_ms());
        let result = if commit {
            self.db().commit_prepared(id).map(|_| ())
        } else {
            self.db().rollback_prepared(id)
        };
        if let Some((effect, _)) = self.model.waiting.remove(id) {
            result.unwrap();
            if commit {
                self.model.apply(&effect);
            }
            let end = if commit {
                End::Committed
            } else {
                End::RolledBack
            };
            self.model.ended.insert(id.to_owned(), end);
            return;
        }
        let end = self.model.ended.get(id).copied();
        if end.is_some_and(|end| (end == End::Committed) == commit) {
            return result.unwrap();
        }
        let said = outcome(result).map(|outcome| match outcome {
            PreparedOutcome::Committed { .. } => End::Committed,
            PreparedOutcome::RolledBack => End::RolledBack,
            _ => End::Expired,
        });
        assert_eq!(said, end);
    }
}

fn life(steps: Vec<Step>) {
    let mut this = Run {
        disk: disk(),
        clock: clock(),
        db: None,
        model: Model::default(),
    };
    this.reopen();
    create(this.db(), int_store("s"));
    for (i, step) in steps.into_iter().enumerate() {
        let text = format!("\"{i}\"");
        let id = |n: &u8| format!("tx-{n}");
        match &step {
            Step::Commit(actions) => this.commit(actions, &text),
            Step::Prepare(n, actions) => this.prepare(&id(n), actions, &text),
            Step::CommitPrepared(n) => this.decide(&id(n), true),
            Step::RollBackPrepared(n) => this.decide(&id(n), false),
            Step::Wait(ms) => this.clock.advance_ms(*ms),
            Step::Checkpoint => {
                this.db().checkpoint().unwrap();
                this.model.expire(this.clock.now_unix_ms());
            }
            Step::Close => this.reopen(),
            Step::Crash => {
                this.disk = Arc::new(this.disk.after_crash(CrashPolicy::LoseUnsynced));
                this.reopen();
            }
        }
        check(this.db(), &this.model, &step);
    }
    assert!(this.db().check().unwrap().is_clean());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("SOP_NIGHTLY").is_some() { 5_000 } else { 300 },
        ..ProptestConfig::default()
    })]

    #[test]
    fn prepared_transactions_hold_what_they_promise(steps in steps()) {
        life(steps);
    }
}
