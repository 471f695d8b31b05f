//! A queue of work that several workers take from: each job is done once, also when a worker gives up.
//!
//! `cargo run -p sop --example work_queue`

use serde::{Deserialize, Serialize};
use sop::{Database, Mode, StoreDefinition, Transaction};

/// Urgent jobs first (a smaller number), then in the order in which they came.
type JobKey = (u8, u64);

#[derive(Serialize, Deserialize, Debug)]
struct Job {
    what: String,
    attempts: u32,
}

fn add(tx: &Transaction, priority: u8, number: u64, what: &str) -> sop::Result<()> {
    let job = Job {
        what: what.to_owned(),
        attempts: 0,
    };
    tx.store::<JobKey, Job>("queue")?
        .insert(&(priority, number), &job)
}

/// Takes the first job and writes down its result, in one transaction: two workers that took the same one
/// conflict, and one of them tries again with the next. `false` when there is no job left.
fn work(db: &Database, worker: u32) -> sop::Result<bool> {
    db.transact(|tx| {
        let queue = tx.store::<JobKey, Job>("queue")?;
        let Some((key, mut job)) = queue.pop_first()? else {
            return Ok(false);
        };
        job.attempts += 1;
        // Each tenth job fails the first time and goes to the end of the queue.
        if key.1 % 10 == 0 && job.attempts == 1 {
            queue.insert(&(u8::MAX, key.1), &job)?;
        } else {
            let done = tx.store::<u64, (u32, Job)>("done")?;
            done.insert(&key.1, &(worker, job))?;
        }
        Ok(true)
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let db = Database::open(folder.path())?;
    let jobs = 200;
    db.transact(|tx| {
        let queue = StoreDefinition::typed::<JobKey>("queue");
        tx.create_store(queue.with_key_fields(["priority", "number"]))?;
        tx.create_store(StoreDefinition::typed::<u64>("done"))?;
        (0..jobs).try_for_each(|n| add(tx, u8::from(n % 3 != 0), n, &format!("job {n}")))
    })?;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let db = db.clone();
                scope.spawn(move || -> sop::Result<()> {
                    while work(&db, worker)? {}
                    Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    })?;
    let tx = db.begin(Mode::Read)?;
    let done = tx.store::<u64, (u32, Job)>("done")?;
    let mut by_worker = [0; 4];
    let mut again = 0;
    for item in &done {
        let (_, (worker, job)) = item?;
        by_worker[worker as usize] += 1;
        again += u32::from(job.attempts > 1);
    }
    let left = tx.store::<JobKey, Job>("queue")?.len()?;
    println!(
        "{} jobs done, {left} left, {again} at the second attempt",
        done.len()?
    );
    println!(
        "each worker's part: {by_worker:?}; {} conflicts",
        db.status().conflicts
    );
    if done.len()? == jobs && left == 0 {
        Ok(())
    } else {
        Err("a job was lost or done twice".into())
    }
}
