//! Transfers between accounts on many threads: conflicts are found, and run again until the sum is right.
//!
//! `cargo run -p sop --example bank`

use sop::{Database, Error, Mode, StoreDefinition};

const ACCOUNTS: u32 = 20;
const THREADS: u32 = 4;
const TRANSFERS: u32 = 200;

/// Moves an amount; `false` when there is not enough. Cents, not floats: integers are exact.
fn transfer(db: &Database, from: u32, to: u32, cents: i64) -> sop::Result<bool> {
    db.transact(|tx| {
        let accounts = tx.store::<u32, i64>("accounts")?;
        let (Some(source), Some(target)) = (accounts.get(&from)?, accounts.get(&to)?) else {
            return Ok(false);
        };
        if source < cents || from == to {
            return Ok(false);
        }
        accounts.update(&from, &(source - cents))?;
        accounts.update(&to, &(target + cents))?;
        Ok(true)
    })
}

fn sum(db: &Database) -> sop::Result<i64> {
    let tx = db.begin(Mode::Read)?;
    let accounts = tx.store::<u32, i64>("accounts")?;
    accounts
        .iter()
        .map(|item| item.map(|(_, cents)| cents))
        .sum()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let db = Database::open(folder.path())?;
    db.transact(|tx| {
        tx.create_store(StoreDefinition::typed::<u32>("accounts"))?;
        let accounts = tx.store::<u32, i64>("accounts")?;
        (0..ACCOUNTS).try_for_each(|account| accounts.insert(&account, &10_000))
    })?;

    // What two transactions at the same time do to one item: the second to commit is refused.
    let (a, b) = (db.begin(Mode::Write)?, db.begin(Mode::Write)?);
    a.store::<u32, i64>("accounts")?.update(&0, &9_000)?;
    b.store::<u32, i64>("accounts")?.update(&0, &11_000)?;
    a.commit()?;
    match b.commit() {
        Err(error @ Error::Conflict { .. }) => println!("refused: {error}"),
        other => println!("unexpected: {other:?}"),
    }
    db.transact(|tx| tx.store::<u32, i64>("accounts")?.update(&0, &10_000))?;

    // `transact` runs a refused transaction again. Transfers between other accounts never wait.
    let moved = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let db = db.clone();
                scope.spawn(move || -> sop::Result<u32> {
                    let mut moved = 0;
                    for i in 0..TRANSFERS {
                        let from = (thread * 7 + i) % ACCOUNTS;
                        let to = (from + 1 + i % 5) % ACCOUNTS;
                        moved += u32::from(transfer(&db, from, to, i64::from(i) * 10)?);
                    }
                    Ok(moved)
                })
            })
            .collect();
        let mut moved = 0;
        for thread in threads {
            moved += thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<u32, Box<dyn std::error::Error>>(moved)
    })?;
    let status = db.status();
    println!(
        "{moved} transfers, {} commits in {} flushes, {} conflicts run again",
        status.commits, status.commit_groups, status.conflicts
    );
    let (found, expected) = (sum(&db)?, i64::from(ACCOUNTS) * 10_000);
    println!("the sum is {found}, as it was {expected}");
    if found == expected {
        Ok(())
    } else {
        Err("money was made or lost".into())
    }
}
