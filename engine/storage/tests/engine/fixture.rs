//! A small database of each released format, opened as it is; today's is made by a command.
//!
//! `fixtures/format-1` was made by `cargo test -p sop --test engine fixture -- --ignored` and is never
//! changed once its format was released: what is opened here has to be opened by every later version.

use std::path::{Path, PathBuf};

use sop::key::Timestamp;
use sop::{
    Database, Document, KeySpec, KeyType, ManualClock, Mode, OpenOptions, Placement, SeededRng,
    StoreDefinition,
};

use crate::support::*;

const FORMAT: &str = "format-1";

fn folder() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("fixtures").join(FORMAT)
}

#[derive(Clone, PartialEq, Debug)]
struct Login {
    user: String,
    at: Timestamp,
    from: Option<String>,
}
sop::typed_key!(Login { user: String, at: Timestamp [desc]; ride_on from: Option<String> });

fn login(i: i64) -> Login {
    let user = ["ada", "grace", ""][(i % 3) as usize].to_owned();
    let at = format!("2026-01-{:02}T10:00:00+0{}:00", 1 + i / 3, i % 3);
    Login {
        user,
        at: at.parse().unwrap(),
        from: (i % 2 == 0).then(|| format!("10.0.0.{i}")),
    }
}

/// One of every kind of value, with numbers that only an exact reader keeps.
fn value(i: i64) -> Document {
    let text = format!(
        r#"{{"n":{},"big":18446744073709551615,"f":{i}.5,"long":123456789012345678901234567890,"e":1e300,"list":[null,true,[],{{}}],"bytes":{{"$bytes":"AP8="}},"text":"ä\n{i}"}}"#,
        i - 50
    );
    Document::from_json(text.as_bytes()).unwrap()
}

fn large(i: i64) -> String {
    format!("{i}, ").repeat(2_000)
}

const ITEMS: i64 = 100;

/// What the fixture holds: some in a checkpoint, the rest in the log after it.
fn fill(db: &Database) {
    db.transact(|tx| {
        tx.create_store(StoreDefinition {
            slot_length: 8,
            leaf_load_balancing: true,
            description: "numbers".to_owned(),
            ..int_store("numbers")
        })?;
        tx.create_store(StoreDefinition::typed::<Login>("logins"))?;
        tx.create_store(StoreDefinition {
            placement: Placement::Segment,
            ..StoreDefinition::typed::<u64>("large")
        })?;
        tx.create_store(StoreDefinition {
            unique: false,
            ..StoreDefinition::new("duplicates", KeySpec::single(KeyType::String))
        })?;
        tx.create_store(int_store("empty"))?;
        tx.create_store(int_store("dropped"))
    })
    .unwrap();
    for half in [0..ITEMS / 2, ITEMS / 2..ITEMS] {
        db.transact(|tx| {
            let numbers = tx.documents("numbers")?;
            let logins = tx.store::<Login, i64>("logins")?;
            for i in half.clone() {
                numbers.insert(&int(i), &value(i))?;
                if i < 90 {
                    logins.insert(&login(i), &i)?;
                }
                tx.documents("duplicates")?.insert(
                    &sop::Key::from(["a", "b"][(i % 2) as usize]),
                    &doc(&i.to_string()),
                )?;
            }
            let large_values = tx.store::<u64, String>("large")?;
            large_values.insert(&(half.start as u64), &large(half.start))
        })
        .unwrap();
        if half.start == 0 {
            db.checkpoint().unwrap();
        }
    }
    db.transact(|tx| {
        tx.drop_store("dropped")?;
        let numbers = tx.documents("numbers")?;
        numbers.update(&int(3), &doc("\"updated\""))?;
        numbers.remove(&int(5)).map(|_| ())
    })
    .unwrap();
}

/// Every item of every store.
fn verify(db: &Database) {
    let tx = db.begin(Mode::Read).unwrap();
    let stores = tx.stores().unwrap();
    let names: Vec<&str> = stores.iter().map(|s| s.definition.name.as_str()).collect();
    assert_eq!(names, ["duplicates", "empty", "large", "logins", "numbers"]);
    let numbers = tx.documents("numbers").unwrap();
    assert_eq!(numbers.definition().description, "numbers");
    assert_eq!(numbers.len().unwrap(), 99);
    for i in 0..ITEMS {
        let found = numbers.get(&int(i)).unwrap().map(|item| item.value);
        let expected = match i {
            3 => Some(doc("\"updated\"")),
            5 => None,
            _ => Some(value(i)),
        };
        assert_eq!(found, expected, "{i}");
    }
    let logins = tx.store::<Login, i64>("logins").unwrap();
    let mut expected: Vec<Login> = (0..90).map(login).collect();
    expected.sort_by(|a, b| a.user.cmp(&b.user).then(b.at.utc().cmp(&a.at.utc())));
    let found: Vec<Login> = logins.keys().map(Result::unwrap).collect();
    assert_eq!(found, expected);
    assert_eq!(logins.get(&login(7)).unwrap(), Some(7));
    let large_values = tx.store::<u64, String>("large").unwrap();
    for i in [0, ITEMS / 2] {
        assert_eq!(large_values.get(&(i as u64)).unwrap(), Some(large(i)));
    }
    let duplicates = tx.store::<String, i64>("duplicates").unwrap();
    assert_eq!(
        (
            duplicates.count_prefix("a").unwrap(),
            duplicates.len().unwrap()
        ),
        (50, 100)
    );
    assert_eq!(duplicates.first().unwrap(), Some(("a".to_owned(), 0)));
    assert_eq!(duplicates.last().unwrap(), Some(("b".to_owned(), 99)));
    assert!(tx.documents("empty").unwrap().is_empty().unwrap());
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

/// The same files at every making: no clock and no chance.
fn made(folder: &Path) -> OpenOptions {
    let _ = folder;
    OpenOptions::new()
        .background(false)
        .checkpoint_log_bytes(16 << 10)
        .clock(std::sync::Arc::new(ManualClock::new(1_767_225_600_000)))
        .rng(std::sync::Arc::new(SeededRng::new(1)))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_database_of_this_format_is_opened_with_every_item_for_reading_and_for_writing() {
    // As it lies in the sources, which nothing may write to.
    let in_place = OpenOptions::new().read_only(true).open(folder()).unwrap();
    verify(&in_place);
    drop(in_place);
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("copy");
    copy(&folder(), &path);
    let options = OpenOptions::new().create(false).background(false);
    let db = options.open(&path).unwrap();
    assert!(db.recovery().replayed > 0, "{:?}", db.recovery());
    verify(&db);
    insert(&db, "empty", [1, 2, 3]);
    db.transact(|tx| tx.documents("empty")?.remove(&int(2)))
        .unwrap();
    db.close().unwrap();
    let db = options.open(&path).unwrap();
    assert_eq!(all(&db, "empty"), [1, 3]);
}

#[test]
fn what_makes_the_fixture_makes_what_it_is_checked_for() {
    let temporary = tempfile::tempdir().unwrap();
    let db = made(temporary.path()).open(temporary.path()).unwrap();
    fill(&db);
    verify(&db);
}

/// Makes the fixture anew. A format that was released keeps its own: a new one gets another folder.
#[test]
#[ignore = "writes files into the sources"]
fn write_the_fixture() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("db");
    let db = made(&path).open(&path).unwrap();
    fill(&db);
    // As after the process was killed: the last commits are in the log alone.
    let _ = std::fs::remove_dir_all(folder());
    copy(&path, &folder());
    let _ = std::fs::remove_file(folder().join("lock"));
    for spare in std::fs::read_dir(folder().join("log")).unwrap() {
        let path = spare.unwrap().path();
        if path.extension().is_some_and(|end| end == "tmp") {
            std::fs::remove_file(path).unwrap();
        }
    }
}
