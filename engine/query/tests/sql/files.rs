//! The case files, each a test of its own over plain tables and over stores.

use crate::data::{self, chinook};
use crate::engine::Library;
use crate::harness::plain::Plain;
use crate::harness::{Setup, Subject, TestFile, run};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/cases")
}

fn read(name: &str) -> TestFile {
    let path = folder().join(format!("{name}.sqltest"));
    let text = std::fs::read_to_string(&path).unwrap();
    TestFile::parse(&format!("tests/sql/cases/{name}.sqltest"), &text)
        .unwrap_or_else(|fault| panic!("{fault}"))
}

/// What expected rows come from: the SQLite file of Chinook, tables of the same content for the others.
fn sqlite(database: &str) -> Box<dyn Subject> {
    Box::new(match database {
        "chinook" => Plain::file(&chinook::file().unwrap()),
        _ => data::dataset(database).unwrap().plain(),
    })
}

fn check(name: &str, plain: bool, subject: &dyn Fn(&str) -> Box<dyn Subject>) {
    let file = read(name);
    let wants_chinook = file.cases.iter().any(|case| case.database == "chinook");
    if wants_chinook && chinook::file().is_none() {
        return;
    }
    let filter = std::env::var("SOP_SQLTEST").ok();
    let setup = Setup {
        subject,
        sqlite: &sqlite,
        plain,
    };
    match run(&file, &setup, filter.as_deref()) {
        Ok(ran) => eprintln!("{name}: {ran} cases"),
        Err(report) => panic!("{report}"),
    }
}

/// The cases over tables without types, keys and indexes whose rows come the other way round: a case that leans on any
/// of these is a wrong case.
fn over_plain_tables(name: &str) {
    check(name, true, &|database| {
        Box::new(data::dataset(database).unwrap().plain().reversed())
    });
}

fn through_the_library(name: &str) {
    check(name, false, &|database| {
        Box::new(Library::open(database, &data::dataset(database).unwrap()))
    });
}

fn through_indexes(name: &str) {
    check(name, false, &|database| {
        let data = data::dataset(database).unwrap();
        let library = Library::open(database, &data);
        for store in &data.stores {
            let name = &store.definition.name;
            for (at, column) in store.columns().iter().enumerate() {
                // Some keys have fields that are not indexed.
                let index =
                    format!("CREATE INDEX \"index_{name}_{at}\" ON \"{name}\" (\"{column}\")");
                let _ = library.write(&index);
            }
        }
        Box::new(library)
    });
}

macro_rules! files {
    ($($name:ident)*) => {
        const FILES: &[&str] = &[$(stringify!($name)),*];

        mod library {
            $(#[test] fn $name() { super::through_the_library(stringify!($name)); })*
        }

        /// The same with an index of each field of each store.
        mod indexed {
            $(#[test] fn $name() { super::through_indexes(stringify!($name)); })*
        }

        mod plain {
            $(#[test] fn $name() { super::over_plain_tables(stringify!($name)); })*
        }
    };
}

files! {
    acceptance
    aggregates
    chains
    compound
    dates
    documents
    errors
    expressions
    filters
    functions
    indexes
    joins
    json
    keys
    order
    params
    stores
    subqueries
    text
    windows
    writes
}

#[test]
fn every_file_is_run_and_there_are_many_cases() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".sqltest").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, FILES);
    let cases: usize = FILES.iter().map(|name| read(name).cases.len()).sum();
    assert!(cases >= 400, "{cases} cases");
    eprintln!("{cases} cases in {} files", FILES.len());
}
