//! Two databases and a coordinator that lose power at any operation: each payment is in both or in none.

use sop::vfs::sim::{CrashPolicy, Fault};
use sop::{Key, KeySpec, KeyType, Mode, OpenOptions, StoreDefinition};

use super::*;

const FOLDERS: [&str; 3] = ["/berlin", "/lisbon", "/coordinator"];
const LIMIT_MS: u64 = 60_000;

fn open_one(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>, folder: &str) -> Result<Database> {
    let options: OpenOptions = timed(disk, clock).time_limit_ms(LIMIT_MS);
    options.open(folder)
}

struct World {
    clock: Arc<ManualClock>,
    /// The two with accounts.
    banks: [Database; 2],
    decisions: Database,
}

/// What the coordinator told its caller: numbers of payments.
#[derive(Clone, Debug, Default)]
struct Journal {
    paid: Vec<i64>,
    refused: Vec<i64>,
}

fn make(db: &Database, name: &str, kind: KeyType) -> Result<()> {
    let tx = db.begin(Mode::Write)?;
    match tx.create_store(StoreDefinition::new(name, KeySpec::single(kind))) {
        Ok(()) => tx.commit().map(|_| ()),
        Err(Error::StoreExists { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

impl World {
    /// Opens all three and finishes what was begun.
    fn open(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>) -> Result<Self> {
        let open = |folder| open_one(disk, clock, folder);
        let world = Self {
            clock: Arc::clone(clock),
            banks: [open(FOLDERS[0])?, open(FOLDERS[1])?],
            decisions: open(FOLDERS[2])?,
        };
        for bank in &world.banks {
            make(bank, "s", KeyType::I64)?;
        }
        make(&world.decisions, "decisions", KeyType::String)?;
        world.resolve()?;
        Ok(world)
    }

    fn decided(&self, id: &str) -> Result<bool> {
        let tx = self.decisions.begin(Mode::Read)?;
        let found = tx.documents("decisions")?.get(&Key::from(id))?;
        Ok(found.is_some())
    }

    /// What a coordinator does after a crash: carry its decisions out, give up what it never decided.
    fn resolve(&self) -> Result<()> {
        for bank in &self.banks {
            for waiting in bank.prepared() {
                if self.decided(&waiting.id)? {
                    bank.commit_prepared(&waiting.id)?;
                } else {
                    bank.rollback_prepared(&waiting.id)?;
                }
            }
        }
        Ok(())
    }

    /// Moves one from the first bank to the second; `Ok(false)`: one of them said no.
    fn pay(&self, number: i64, checkpoints: bool) -> Result<bool> {
        let id = format!("payment-{number}");
        for (bank, change) in self.banks.iter().zip([-1, 1]) {
            let prepared = prepare(bank, &id, |tx| {
                let s = tx.documents("s")?;
                let balance: i64 = s
                    .get(&int(0))?
                    .map_or(0, |item| item.value.to_json().parse().unwrap());
                upsert(tx, 0, &(balance + change).to_string())?;
                upsert(tx, number, &change.to_string())
            });
            match prepared {
                Err(Error::Conflict { .. } | Error::NoSpace { .. }) => {
                    for bank in &self.banks {
                        match bank.rollback_prepared(&id) {
                            Ok(()) | Err(Error::PreparedNotFound { .. }) => {}
                            Err(other) => return Err(other),
                        }
                    }
                    return Ok(false);
                }
                other => other?,
            };
            if checkpoints {
                bank.checkpoint()?;
            }
        }
        let tx = self.decisions.begin(Mode::Write)?;
        tx.documents("decisions")?
            .insert(&Key::from(id.as_str()), &doc("true"))?;
        tx.commit()?;
        for bank in &self.banks {
            bank.commit_prepared(&id)?;
            if checkpoints {
                bank.checkpoint()?;
            }
        }
        Ok(true)
    }
}

fn workload(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>, journal: &mut Journal) -> Result<()> {
    let world = World::open(disk, clock)?;
    let pay = |number, checkpoints, journal: &mut Journal| {
        let paid = world.pay(number, checkpoints)?;
        let list = if paid {
            &mut journal.paid
        } else {
            &mut journal.refused
        };
        list.push(number);
        Ok::<_, Error>(())
    };
    pay(1, false, journal)?;
    pay(2, true, journal)?;
    // Something else holds an account of the second bank: the first has promised in vain.
    prepare(&world.banks[1], "payment-9", |tx| upsert(tx, 0, "0"))?;
    pay(3, false, journal)?;
    world.banks[1].rollback_prepared("payment-9")?;
    pay(4, false, journal)?;
    // A coordinator that forgets: time decides.
    for bank in &world.banks {
        prepare(bank, "payment-8", |tx| upsert(tx, 8, "8"))?;
    }
    world.clock.advance_ms(LIMIT_MS);
    pay(5, true, journal)
}

/// Everything in both or in none, and nothing that was acknowledged is missing.
fn verify(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>, journal: &Journal, context: &str) {
    let world = World::open(disk, clock).unwrap_or_else(|e| panic!("{context}: {e}"));
    let [berlin, lisbon] = world.banks.each_ref().map(|bank| {
        assert!(bank.prepared().is_empty(), "{context}");
        let report = bank.check().unwrap();
        assert!(report.is_clean(), "{context}: {:?}", report.problems);
        all(bank, "s")
    });
    assert_eq!(berlin, lisbon, "{context}");
    for number in &journal.paid {
        assert!(berlin.contains(number), "{context}: {number} of {berlin:?}");
    }
    for number in &journal.refused {
        assert!(!berlin.contains(number), "{context}: {number}");
    }
    assert!(!berlin.contains(&8), "{context}");
    let payments = berlin.iter().filter(|key| **key > 0).count() as i64;
    let balance = |bank: &Database| -> i64 {
        let tx = bank.begin(Mode::Read).unwrap();
        let item = tx.documents("s").unwrap().get(&int(0)).unwrap();
        item.map_or(0, |item| item.value.to_json().parse().unwrap())
    };
    let balances = world.banks.each_ref().map(balance);
    assert_eq!(balances, [-payments, payments], "{context}");
    // It goes on.
    assert!(world.pay(100, false).unwrap(), "{context}");
}

fn operations() -> u64 {
    let disk = disk();
    let mut journal = Journal::default();
    workload(&disk, &clock(), &mut journal).unwrap();
    assert_eq!((journal.paid, journal.refused), (vec![1, 2, 4, 5], vec![3]));
    disk.operations()
}

#[test]
fn power_loss_at_any_operation_leaves_each_payment_in_both_or_in_none() {
    for at in 1..=operations() {
        let (disk, clock) = (disk(), clock());
        disk.crash_at(at);
        let mut journal = Journal::default();
        let _ = workload(&disk, &clock, &mut journal);
        for policy in [
            CrashPolicy::LoseUnsynced,
            CrashPolicy::KeepUnsynced,
            CrashPolicy::Torn { sector: 512 },
            CrashPolicy::RandomSubset { seed: at },
        ] {
            let context = format!("power lost at operation {at}, {policy:?}");
            let after = Arc::new(disk.after_crash(policy));
            verify(&after, &clock, &journal, &context);
            if policy == CrashPolicy::LoseUnsynced {
                // The recovery of all three, with the decisions carried out, is cut short too.
                let again = Arc::new(disk.after_crash(policy));
                again.crash_at(1 + at % 31);
                let _ = World::open(&again, &clock);
                let after = Arc::new(again.after_crash(CrashPolicy::RandomSubset { seed: at }));
                verify(&after, &clock, &journal, &format!("{context}, and again"));
            }
        }
    }
}

/// The faults to try at an operation: in turn, all of them in a long run.
fn faults(at: u64) -> Vec<Fault> {
    let all = Fault::ALL;
    if std::env::var_os("SOP_NIGHTLY").is_some() {
        return all.to_vec();
    }
    let nth = |n: u64| all[(n % all.len() as u64) as usize];
    vec![nth(at), nth(at + 2)]
}

#[test]
fn a_disk_fault_at_any_operation_leaves_each_payment_in_both_or_in_none() {
    for at in 1..=operations() {
        for fault in faults(at) {
            let (disk, clock) = (disk(), clock());
            disk.fail_at(at, fault);
            let mut journal = Journal::default();
            let _ = workload(&disk, &clock, &mut journal);
            let context = format!("{fault:?} at operation {at}");
            let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
            verify(&after, &clock, &journal, &context);
        }
    }
}
