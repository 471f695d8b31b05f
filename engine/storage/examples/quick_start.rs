//! Open a database, keep values of your own types, read them back.
//!
//! `cargo run -p sop --example quick_start`

use serde::{Deserialize, Serialize};
use sop::{Database, Mode, StoreDefinition};

/// Any type that `serde` knows can be a value.
#[derive(Serialize, Deserialize, Debug)]
struct User {
    name: String,
    email: Option<String>,
    logins: u32,
}

fn user(name: &str) -> User {
    User {
        name: name.to_owned(),
        email: None,
        logins: 0,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A database is a folder. Here it goes away with the program.
    let folder = tempfile::tempdir()?;
    let db = Database::open(folder.path())?;

    // Everything happens in transactions; creating a store does, too.
    let tx = db.begin(Mode::Write)?;
    tx.create_store(StoreDefinition::typed::<u64>("users"))?;
    let users = tx.store::<u64, User>("users")?;
    for (id, name) in [(1, "Ada"), (2, "Grace"), (3, "Barbara"), (10, "Margaret")] {
        users.insert(&id, &user(name))?;
    }
    tx.commit()?; // Durable when it returns. Without it nothing has happened.

    // `transact` begins, commits, and runs again when another transaction was in the way.
    db.transact(|tx| {
        let users = tx.store::<u64, User>("users")?;
        if let Some(mut ada) = users.get(&1)? {
            ada.email = Some("ada@example.org".to_owned());
            ada.logins += 1;
            users.update(&1, &ada)?;
        }
        users.remove(&2)
    })?;

    // A read transaction sees one state of all stores, whatever others commit meanwhile.
    let tx = db.begin(Mode::Read)?;
    let users = tx.store::<u64, User>("users")?;
    println!(
        "{} users, {} of them below 10",
        users.len()?,
        users.count(..10)?
    );
    for item in users.range(1..)? {
        let (id, user) = item?;
        println!(
            "{id:>3} {} {}",
            user.name,
            user.email.as_deref().unwrap_or("-")
        );
    }
    if let Some((id, newest)) = users.last()? {
        println!("the last one is {} with the id {id}", newest.name);
    }
    Ok(())
}
