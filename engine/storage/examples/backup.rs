//! Back up an open database, check the copy, open it without writing to it.
//!
//! `cargo run -p sop --example backup`

use sop::{Database, Mode, OpenOptions, StoreDefinition};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let db = Database::open(folder.path().join("live"))?;
    db.transact(|tx| {
        tx.create_store(StoreDefinition::typed::<String>("settings"))?;
        let settings = tx.store::<String, String>("settings")?;
        settings.insert("color", &"green".to_owned())?;
        settings.insert("language", &"en".to_owned())
    })?;

    // The copy is of the state as of now; commits go on meanwhile and are not in it.
    let copy = folder.path().join("copy");
    db.backup(&copy)?;
    db.transact(|tx| {
        let settings = tx.store::<String, String>("settings")?;
        settings.update("color", &"red".to_owned())
    })?;
    println!("copied {} as of commit {}", db.id(), db.sequence() - 1);

    // Read-only: no byte is written and no lock is taken, as on a write-protected disk.
    let copy = OpenOptions::new().read_only(true).open(&copy)?;
    let report = copy.check()?;
    println!("the copy is clean: {}", report.is_clean());
    for problem in &report.problems {
        println!("  {problem:?}");
    }
    let tx = copy.begin(Mode::Read)?;
    for item in &tx.store::<String, String>("settings")? {
        let (name, value) = item?;
        println!("  {name} = {value}");
    }
    drop(tx);
    match copy.begin(Mode::Write) {
        Err(error) => println!("writing to it: {error}"),
        Ok(_) => return Err("a read-only database was opened for writing".into()),
    }

    // To go back to it: close, and open the copy for writing (or move it to where the live one was).
    drop(copy);
    db.close()?;
    let restored = Database::open(folder.path().join("copy"))?;
    let tx = restored.begin(Mode::Read)?;
    let settings = tx.store::<String, String>("settings")?;
    println!(
        "restored: color is {}",
        settings.get("color")?.unwrap_or_default()
    );
    Ok(())
}
