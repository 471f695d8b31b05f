//! Random lives of a log: each life appends, syncs, truncates, closes or not, meets faults, and ends in a
//! power cut, the death of its process or in order; the next one must find what it may rely on.
//!
//! Everything follows from one seed, which is printed when a promise is broken.

use super::*;
use crate::rng::SplitMix64;
use crate::vfs::sim::{CrashPolicy, Fault};

const SEEDS: u64 = 1_500;
const LIVES: u64 = 5;

/// What must be true of the log.
#[derive(Default)]
struct Model {
    /// Payloads from sequence 1 on that may be in the log.
    content: Vec<Vec<u8>>,
    /// Everything up to here must be in the log.
    durable: u64,
    /// Everything before this may have been dropped.
    dropped: u64,
}

struct Chance(SplitMix64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0.next() % limit
    }
}

#[test]
fn random_lives_keep_every_promise() {
    for seed in 0..SEEDS {
        let mut chance = Chance(SplitMix64::new(seed));
        let mut vfs = SimVfs::new();
        let mut model = Model::default();
        for life in 0..LIVES {
            let story = format!("seed {seed}, life {life}");
            plan_trouble(&vfs, &mut chance);
            if let Some(log) = begin(&vfs, &mut model, &story) {
                live(&log, &mut model, life, &mut chance, &story);
            }
            vfs = match chance.below(4) {
                0 => vfs.after_process_end(),
                1 => vfs.after_crash(CrashPolicy::LoseUnsynced),
                2 => vfs.after_crash(CrashPolicy::Torn { sector: 512 }),
                _ => vfs.after_crash(CrashPolicy::RandomSubset {
                    seed: chance.below(1 << 60),
                }),
            };
        }
        begin(&vfs, &mut model, &format!("seed {seed}, at last"));
    }
}

fn plan_trouble(vfs: &SimVfs, chance: &mut Chance) {
    if chance.below(3) > 0 {
        vfs.crash_at(1 + chance.below(25));
    }
    if chance.below(2) == 0 {
        let fault = Fault::ALL[chance.below(Fault::ALL.len() as u64) as usize];
        vfs.fail_at(1 + chance.below(20), fault);
    }
}

/// Opens the log, or makes it, and compares it with the model. `None`: the trouble came first.
fn begin(vfs: &SimVfs, model: &mut Model, story: &str) -> Option<LocalLog> {
    let exists = LocalLog::exists(vfs, &folder()).unwrap();
    assert!(exists || model.durable == 0, "{story}: the log is gone");
    let log = match if exists { open(vfs) } else { create(vfs) } {
        Ok(log) => log,
        Err(LogError::Io(_) | LogError::NoSpace(_)) => return None,
        Err(error) => panic!("{story}: {error}\n{:?}", vfs.list()),
    };
    let found = match records(&log) {
        Ok(found) => found,
        Err(LogError::Io(_)) if vfs.crashed() => return None,
        Err(error) => panic!("{story}: {error}"),
    };
    let (first, last) = (log.first_sequence(), log.last_sequence());
    assert!(
        first <= model.dropped.max(1),
        "{story}: begins with {first}"
    );
    assert!(
        last >= model.durable,
        "{story}: ends with {last}, {} was durable",
        model.durable
    );
    assert_eq!(found.len() as u64, last + 1 - first, "{story}");
    for (sequence, payload) in found {
        assert_eq!(
            model.content.get(sequence as usize - 1),
            Some(&payload),
            "{story}: {sequence}"
        );
    }
    model.content.truncate(last as usize);
    model.durable = last;
    Some(log)
}

fn live(log: &LocalLog, model: &mut Model, life: u64, chance: &mut Chance, story: &str) {
    for _ in 0..12 {
        let outcome = match chance.below(12) {
            0 => {
                model.dropped = model.dropped.max(1 + chance.below(log.last_sequence() + 1));
                log.truncate_before(model.dropped)
            }
            1 => log
                .sync()
                .map(|durable| assert_eq!(durable, log.last_sequence(), "{story}")),
            2 if chance.below(3) == 0 => log.close(),
            3 => match log.make_room_ahead() {
                // Of a file that nobody needs yet: the log goes on.
                Err(LogError::Io(_)) => Ok(()),
                made => made,
            },
            n => {
                let mode = if n % 2 == 0 {
                    Durability::Sync
                } else {
                    Durability::NoSync
                };
                append_some(log, model, life, chance, mode)
            }
        };
        model.durable = model.durable.max(log.durable_sequence());
        match outcome {
            Ok(()) => {}
            // What was not appended must not be found later.
            Err(LogError::NoSpace(_)) => model.content.truncate(log.last_sequence() as usize),
            Err(LogError::Io(_) | LogError::Failed { .. } | LogError::Closed) => return,
            Err(error) => panic!("{story}: {error}"),
        }
    }
}

fn append_some(
    log: &LocalLog,
    model: &mut Model,
    life: u64,
    chance: &mut Chance,
    mode: Durability,
) -> Result<(), LogError> {
    if let Some(refusal) = log.refusal() {
        return Err(refusal);
    }
    let next = log.last_sequence() + 1;
    assert_eq!(next, model.content.len() as u64 + 1);
    for sequence in next..=next + chance.below(3) {
        model.content.push(payload(sequence, life));
    }
    let group: Vec<&[u8]> = model.content[next as usize - 1..]
        .iter()
        .map(Vec::as_slice)
        .collect();
    log.append_if(next, &group, mode).map(drop)
}
