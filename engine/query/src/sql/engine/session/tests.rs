use sop::key::{Key, KeySpec, KeyType};

use super::*;
use crate::changes::Change;
use crate::sql::{Params, Value};
use crate::test_support::{TestDatabase, document};

fn shop() -> (TestDatabase, Catalog, QueryEngine) {
    let test = TestDatabase::new();
    test.create("users", &KeySpec::single(KeyType::I64));
    test.fill(
        "users",
        [
            (Key::from(1_i64), r#"{"name":"Alice"}"#),
            (Key::from(2_i64), r#"{"name":"Bob"}"#),
        ],
    );
    let catalog = Catalog::new(vec![("shop".to_owned(), test.db.clone())]);
    (test, catalog, QueryEngine::default())
}

fn writing() -> SessionOptions {
    SessionOptions {
        access: Access::ReadWrite,
        ..SessionOptions::default()
    }
}

fn write(sql: &str) -> Request {
    Request::new(sql, Params::None).writing()
}

fn count(session: &Session) -> Value {
    let table = session
        .collect(&Request::new("SELECT count(*) FROM users", Params::None))
        .unwrap();
    table.rows[0][0].clone()
}

#[test]
fn requests_see_what_those_before_them_changed_and_others_do_not() {
    let (test, catalog, engine) = shop();
    let session = engine.session(&catalog, writing()).unwrap();
    session
        .collect(&write("INSERT INTO users (key, name) VALUES (3, 'Carol')"))
        .unwrap();
    assert_eq!(count(&session), Value::Integer(3));
    let set = ChangeSet::new([Change::insert(
        "users",
        serde_json::json!(4),
        document(r#"{"name":"Dan","nick":"D"}"#),
    )]);
    assert!(session.changes("shop", &set).unwrap().applied);
    let table = session
        .collect(&Request::new(
            "SELECT nick FROM users WHERE key = 4",
            Params::None,
        ))
        .unwrap();
    assert_eq!(table.rows, [[Value::Text("D".to_owned())]]);
    assert_eq!(test.dump("users").len(), 2);
    assert!(session.commit().unwrap().is_some());
    assert_eq!(test.dump("users").len(), 4);
}

#[test]
fn a_session_that_ends_otherwise_changes_nothing() {
    let (test, catalog, engine) = shop();
    for drop_it in [false, true] {
        let session = engine.session(&catalog, writing()).unwrap();
        session
            .collect(&write("UPDATE users SET name = 'X', fresh = 1"))
            .unwrap();
        if drop_it {
            drop(session);
        } else {
            session.rollback();
        }
        assert_eq!(
            test.dump("users"),
            [r#"1={"name":"Alice"}"#, r#"2={"name":"Bob"}"#]
        );
        // The connection that comes back knows nothing of the field that was never committed.
        let gone = engine.table(&catalog, "SELECT fresh FROM users", Params::None);
        assert_eq!(gone.unwrap_err().code, Code::FieldNotFound);
    }
}

#[test]
fn a_set_with_a_conflict_leaves_nothing_in_the_transaction() {
    let (test, catalog, engine) = shop();
    let session = engine.session(&catalog, writing()).unwrap();
    let set = ChangeSet::new([
        Change::insert("users", serde_json::json!(3), document("{}")),
        Change::update("users", serde_json::json!(1), document(r#"{"name":"Z"}"#)),
        Change::delete("users", serde_json::json!(2)),
        Change::delete("users", serde_json::json!(99)),
    ]);
    let outcome = session.changes("shop", &set).unwrap();
    assert!(!outcome.applied);
    assert_eq!(outcome.conflicts.len(), 1);
    assert_eq!(session.spoiled(), None);
    session
        .collect(&write("INSERT INTO users (key, name) VALUES (5, 'Eve')"))
        .unwrap();
    session.commit().unwrap();
    assert_eq!(
        test.dump("users"),
        [
            r#"1={"name":"Alice"}"#,
            r#"2={"name":"Bob"}"#,
            r#"5={"name":"Eve"}"#
        ]
    );
}

#[test]
fn a_statement_that_failed_half_way_spoils_the_session() {
    let (test, catalog, engine) = shop();
    let session = engine.session(&catalog, writing()).unwrap();
    // The first row goes in, the second is there.
    let half = write("INSERT INTO users (key, name) VALUES (3, 'C'), (1, 'again')");
    session.collect(&half).unwrap_err();
    assert!(session.spoiled().is_some());
    session.collect(&write("DELETE FROM users")).unwrap_err();
    session.commit().unwrap_err();
    assert_eq!(test.dump("users").len(), 2);
    // One that changed nothing does not.
    let session = engine.session(&catalog, writing()).unwrap();
    let none = write("INSERT INTO users (key, name) VALUES (1, 'again')");
    session.collect(&none).unwrap_err();
    session
        .collect(&write("SELECT nothing FROM users"))
        .unwrap_err();
    assert_eq!(session.spoiled(), None);
    assert_eq!(count(&session), Value::Integer(2));
}

#[test]
fn a_dry_run_shows_what_each_request_would_change() {
    let (test, catalog, engine) = shop();
    let options = SessionOptions {
        dry_run: true,
        ..writing()
    };
    let session = engine.session(&catalog, options).unwrap();
    let table = session
        .collect(&write("UPDATE users SET name = 'X' WHERE key = 1"))
        .unwrap();
    assert_eq!(table.summary.changes.len(), 1);
    let table = session
        .collect(&write("DELETE FROM users WHERE name = 'X'"))
        .unwrap();
    assert_eq!(
        table.summary.changes[0].before.as_deref(),
        Some(r#"{"name":"X"}"#)
    );
    session.commit().unwrap();
    assert_eq!(test.dump("users").len(), 2);
}

#[test]
fn a_reading_session_refuses_changes_and_a_session_has_no_transactions_of_its_own() {
    let (_test, catalog, engine) = shop();
    let session = engine.session(&catalog, SessionOptions::default()).unwrap();
    let refused = session.collect(&write("DELETE FROM users")).unwrap_err();
    assert_eq!(refused.code, Code::ReadOnly);
    assert_eq!(count(&session), Value::Integer(2));
    let set = ChangeSet::new([Change::delete("users", serde_json::json!(1))]);
    assert_eq!(
        session.changes("shop", &set).unwrap_err().code,
        Code::ReadOnly
    );
    let session = engine.session(&catalog, writing()).unwrap();
    let refused = session.collect(&write("BEGIN; COMMIT")).unwrap_err();
    assert_eq!(refused.code, Code::Unsupported);
}

#[test]
fn stores_that_a_session_makes_are_there_for_what_follows() {
    let (test, catalog, engine) = shop();
    let session = engine.session(&catalog, writing()).unwrap();
    session
        .collect(&write("CREATE STORE made (id BIGINT, name TEXT, PRIMARY KEY (id)); INSERT INTO made (id, name) VALUES (1, 'one')"))
        .unwrap();
    let read = Request::new("SELECT name FROM made", Params::None);
    assert_eq!(session.collect(&read).unwrap().rows.len(), 1);
    session.commit().unwrap();
    assert_eq!(test.dump("made"), [r#"{"id":1}={"name":"one"}"#]);
    assert_eq!(engine.collect(&catalog, &read).unwrap().rows.len(), 1);
}
