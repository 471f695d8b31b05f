//! Random filters by every way of reading: seek, index, hash and scan, each forced wherever it is possible, and the planner's own
//! choice. All give the rows that plain tables give, so all give the same.
//!
//! `SOP_RANDOM_SEED=<seed>` runs the filters of one database alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sop_query::sql::{EngineOptions, ForcedPath};

use super::check::Open;
use super::{add_indexes, failures};
use crate::data::Dataset;
use crate::engine::Library;
use crate::harness::{Answer, Failure, Statement, Subject};

/// How many stores were read in which way.
type Ways = Rc<RefCell<BTreeMap<&'static str, u64>>>;

/// The library by one way, and how often it was taken.
struct Forced {
    stores: Library,
    ways: Ways,
}

impl Subject for Forced {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure> {
        for way in self.stores.accesses(statement) {
            *self.ways.borrow_mut().entry(way).or_default() += 1;
        }
        self.stores.run(statement)
    }
}

/// Asks random databases from a seed on by one way; how often the stores were read by it.
fn check(path: Option<ForcedPath>, verb: &str, least: u64) {
    let ways = Ways::default();
    let open = |data: &Dataset| -> Box<dyn Subject> {
        let options = EngineOptions {
            forced: path,
            // So little that nearly every item is a part of its own.
            group_bytes: 300,
            ..EngineOptions::default()
        };
        let library = Library::with("random", data, options);
        add_indexes(&library, data);
        Box::new(Forced {
            stores: library,
            ways: Rc::clone(&ways),
        })
    };
    let open: Open<'_> = &open;
    let one = std::env::var("SOP_RANDOM_SEED").ok();
    let one: Option<u64> = one.map(|seed| seed.parse().unwrap());
    let many = if std::env::var_os("SOP_NIGHTLY").is_some() {
        500
    } else {
        20
    };
    // Few of the queries group by what has no order.
    let many = many * if verb == "groups" { 5 } else { 1 };
    // The same databases and queries for each way.
    let seeds = one.map_or(30_000_000..30_000_000 + many, |seed| seed..seed + 1);
    let found: Vec<String> = seeds.flat_map(|seed| failures(seed, open)).collect();
    assert!(found.is_empty(), "by {path:?}\n{}", found.join("\n"));
    let ways = ways.borrow();
    let taken = ways.get(verb).copied().unwrap_or_default();
    assert!(
        one.is_some() || taken >= least,
        "{verb}: only {taken} of {ways:?}"
    );
}

#[test]
fn random_filters_by_scans() {
    check(Some(ForcedPath::Scan), "scan", 300);
}

#[test]
fn random_filters_by_seeks() {
    check(Some(ForcedPath::Seek), "seek", 100);
}

#[test]
fn random_filters_in_groups_of_many_parts() {
    check(Some(ForcedPath::Groups), "groups", 80);
}

#[test]
fn random_filters_by_hashes() {
    check(Some(ForcedPath::Hash), "hash", 50);
}

#[test]
fn random_filters_by_indexes() {
    check(Some(ForcedPath::Index), "index", 100);
}

#[test]
fn random_filters_as_planned() {
    check(None, "scan", 50);
}
