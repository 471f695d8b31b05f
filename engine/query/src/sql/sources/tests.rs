//! Sources through the engine.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::sql::{Catalog, Params, QueryEngine, Request};
use crate::test_support::TestDatabase;
use sop::key::{KeySpec, KeyType};

#[derive(Default)]
struct Numbers {
    runs: AtomicUsize,
    given: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl RowSource for Arc<Numbers> {
    fn columns(&self) -> Result<Vec<String>> {
        Ok(vec!["n".to_owned(), "text".to_owned()])
    }

    fn rows(&self, call: &SourceCall, mut output: Box<dyn Output + Send>) -> Result<()> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let most = if call.visibility.is_all() {
            1_000_000
        } else {
            1
        };
        for n in 0..most {
            let text = format!("t{n}");
            if output
                .row(&[ValueRef::Integer(n), ValueRef::Text(&text)])
                .is_break()
            {
                break;
            }
            self.given.fetch_add(1, Ordering::SeqCst);
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

struct Broken;

impl RowSource for Broken {
    fn columns(&self) -> Result<Vec<String>> {
        Ok(vec!["x".to_owned()])
    }

    fn rows(&self, _: &SourceCall, mut output: Box<dyn Output + Send>) -> Result<()> {
        let _ = output.row(&[ValueRef::Null]);
        Err(QueryError::new(Code::InvalidValue, "step 2 has failed"))
    }
}

/// Waits for its cancel, and says when it begins.
struct Endless(SyncSender<()>);

impl RowSource for Endless {
    fn columns(&self) -> Result<Vec<String>> {
        Ok(vec!["x".to_owned()])
    }

    fn rows(&self, call: &SourceCall, _: Box<dyn Output + Send>) -> Result<()> {
        let _ = self.0.send(());
        while !call.cancel.is_cancelled() {
            std::thread::yield_now();
        }
        Ok(())
    }
}

/// The numbers below one of its parameters, and the other beside each; counts its runs.
struct Below(Arc<AtomicUsize>);

impl RowSource for Below {
    fn columns(&self) -> Result<Vec<String>> {
        Ok(vec!["n".to_owned(), "said".to_owned()])
    }

    fn parameters(&self) -> Vec<String> {
        vec!["most".to_owned(), "word".to_owned()]
    }

    fn rows(&self, call: &SourceCall, mut output: Box<dyn Output + Send>) -> Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let most = match call.arguments.first() {
            Some(Some(Value::Integer(most))) => *most,
            Some(None) => 2,
            other => panic!("{other:?}"),
        };
        let word = call.arguments[1].clone().unwrap_or(Value::Null);
        for n in 0..most {
            let _ = output.row(&[ValueRef::Integer(n), word.as_ref()]);
        }
        Ok(())
    }
}

struct All(Vec<(&'static str, Arc<dyn RowSource>)>);

impl RowSources for All {
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn source(&self, name: &str) -> Result<Option<Arc<dyn RowSource>>> {
        let mut all = self.0.iter();
        Ok(all
            .find(|(there, _)| *there == name)
            .map(|(_, source)| Arc::clone(source)))
    }
}

fn catalog(sources: Vec<(&'static str, Arc<dyn RowSource>)>) -> (TestDatabase, Catalog) {
    let test = TestDatabase::new();
    test.create("users", &KeySpec::single(KeyType::I64));
    test.fill("users", [(1_i64.into(), r#"{"name":"Ann"}"#)]);
    let catalog = Catalog::new(vec![("d".to_owned(), test.db.clone())]);
    let catalog = catalog.with_sources("script", Arc::new(All(sources)));
    (test, catalog)
}

#[test]
fn a_source_is_a_table() {
    let numbers = Arc::new(Numbers::default());
    let (_test, catalog) = catalog(vec![("numbers", Arc::new(Arc::clone(&numbers)))]);
    let engine = QueryEngine::default();
    let one = |sql: &str| engine.table(&catalog, sql, Params::None).unwrap().rows;
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        one("SELECT * FROM script.numbers WHERE n = 1000"),
        [[Value::Integer(1000), text("t1000")]]
    );
    assert_eq!(
        one("SELECT name, numbers.text FROM users JOIN script.numbers ON n = users.key LIMIT 1"),
        [[text("Ann"), text("t1")]]
    );
    assert_eq!(
        one("SELECT count(*) FROM script.numbers"),
        [[Value::Integer(1_000_000)]]
    );
    // Once for a statement, also where it is read for each row.
    numbers.runs.store(0, Ordering::SeqCst);
    let sql = "SELECT count(*) FROM json_each('[1,2,3]') AS e, (SELECT * FROM script.numbers LIMIT 2) AS s WHERE s.n < e.value";
    assert_eq!(one(sql), [[Value::Integer(5)]]);
    assert_eq!(numbers.runs.load(Ordering::SeqCst), 1);
    let request = Request {
        visibility: Visibility::default().hide_store("d", "users"),
        ..Request::new("SELECT count(*) FROM script.numbers", Params::None)
    };
    let table = engine.collect(&catalog, &request).unwrap();
    assert_eq!(table.rows, [[Value::Integer(1)]]);
}

#[test]
fn a_source_runs_no_further_than_it_is_read() {
    let numbers = Arc::new(Numbers::default());
    let (_test, catalog) = catalog(vec![("numbers", Arc::new(Arc::clone(&numbers)))]);
    let engine = QueryEngine::default();
    let table = engine.table(
        &catalog,
        "SELECT n FROM script.numbers LIMIT 3",
        Params::None,
    );
    assert_eq!(table.unwrap().rows.len(), 3);
    while numbers.ended.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let given = numbers.given.load(Ordering::SeqCst);
    assert!(given <= TOGETHER * (WAITING + 2), "{given}");
}

#[test]
fn errors_and_cancels_reach_both_sides() {
    let (begun, begins) = sync_channel(1);
    let (_test, catalog) = catalog(vec![
        ("broken", Arc::new(Broken)),
        ("endless", Arc::new(Endless(begun))),
    ]);
    let engine = QueryEngine::default();
    let fail = |sql: &str| engine.table(&catalog, sql, Params::None).unwrap_err();
    let error = fail("SELECT * FROM script.broken");
    assert_eq!(error.code, Code::InvalidValue);
    assert_eq!(error.message, "in script.broken: step 2 has failed");
    let error = fail("SELECT * FROM script.brokn");
    assert_eq!(error.code, Code::StoreNotFound);
    assert_eq!(error.suggestions, ["script.broken"]);
    assert_eq!(fail("SELECT y FROM script.broken").suggestions, [""; 0]);
    let request = Request::new("DELETE FROM script.broken", Params::None).writing();
    assert!(engine.collect(&catalog, &request).is_err());
    let request = Request::new("SELECT * FROM script.endless", Params::None);
    let cancel = request.cancel.clone();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| engine.collect(&catalog, &request));
        begins.recv().unwrap();
        cancel.cancel();
        let error = asked.join().unwrap().unwrap_err();
        assert_eq!(error.code, Code::Cancelled);
    });
}

#[test]
fn parameters_are_arguments_and_hidden_columns() {
    let runs = Arc::new(AtomicUsize::new(0));
    let (_test, catalog) = catalog(vec![("below", Arc::new(Below(Arc::clone(&runs))))]);
    let engine = QueryEngine::default();
    let all = |sql: &str| {
        let table = engine.table(&catalog, sql, Params::None).unwrap();
        let rows = table.rows.iter().map(|row| {
            let row = row.iter().map(|value| match value {
                Value::Integer(n) => n.to_string(),
                Value::Text(text) => text.clone(),
                Value::Null => "-".to_owned(),
                other => panic!("{other:?}"),
            });
            row.collect::<Vec<_>>().join(" ")
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(all("SELECT * FROM script.below"), "0 -, 1 -");
    assert_eq!(all("SELECT * FROM script.below(1, 'x')"), "0 x");
    assert_eq!(
        all("SELECT * FROM script.below WHERE word = 'y' AND most = 3 AND n > 1"),
        "2 y"
    );
    assert_eq!(all("SELECT n, most FROM script.below(1)"), "0 1");
    // Once for each list of arguments.
    runs.store(0, Ordering::SeqCst);
    let sql = "SELECT e.value, b.n FROM json_each('[1,2,1,2]') AS e, script.below(e.value) AS b";
    assert_eq!(all(sql), "1 0, 2 0, 2 1, 1 0, 2 0, 2 1");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    // Whichever way round the tables stand, the arguments are known first.
    let sql =
        "SELECT count(*) FROM script.below AS b JOIN json_each('[1,2,3]') AS e ON b.most = e.value";
    assert_eq!(all(sql), "6");
}
