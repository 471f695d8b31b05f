//! Random queries over random stores, each asked of the subject and of plain tables of the same content.
//!
//! 2,000 in every run, 100,000 with `SOP_NIGHTLY`. A failure names the seed of its database;
//! `SOP_RANDOM_SEED=<seed>` runs the queries of that one alone.

mod check;
mod conditions;
mod generate;
mod paths;
mod query;
mod rng;
mod schema;

use crate::data::Dataset;
use crate::engine::Library;
use crate::harness::{Answer, Failure, Statement, Subject};
use check::{Open, Pair, shrunk};
use rng::Rng;

/// Queries over each random database.
const QUERIES: u64 = 20;
/// Failures that are made small and listed before a run ends.
const LISTED: usize = 5;

/// Runs all queries of one database; those that differ, made small.
fn failures(seed: u64, open: Open<'_>) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let schema = schema::schema(&mut rng);
    let mut pair = Pair::new(&schema, open);
    let mut found = Vec::new();
    for at in 0..QUERIES {
        let query = generate::query(&mut rng, &schema);
        if pair.difference(&schema, &query).is_some() {
            let again = schema::schema(&mut Rng::new(seed));
            let small = shrunk(again, query, open);
            found.push(format!("SOP_RANDOM_SEED={seed}, query {at}:\n{small}"));
        }
    }
    found
}

/// Runs so many databases from a first seed.
fn run(first: u64, databases: u64, open: Open<'_>) {
    let one: Option<u64> = std::env::var("SOP_RANDOM_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seeds = one.map_or(first..first + databases, |seed| seed..seed + 1);
    let mut found = Vec::new();
    for seed in seeds {
        found.extend(failures(seed, open));
        if found.len() >= LISTED {
            break;
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The share of CI, or many times as much.
fn databases() -> u64 {
    let nightly = std::env::var_os("SOP_NIGHTLY").is_some();
    if nightly { 1_250 } else { 25 }
}

fn over_plain_tables(data: &Dataset) -> Box<dyn Subject> {
    Box::new(data.plain().reversed())
}

fn over_stores(data: &Dataset) -> Box<dyn Subject> {
    Box::new(Library::open("random", data))
}

/// Stores with indexes of random fields.
fn over_indexed_stores(data: &Dataset) -> Box<dyn Subject> {
    let library = Library::open("random", data);
    add_indexes(&library, data);
    Box::new(library)
}

/// Makes indexes of random fields, the same for all databases with these stores.
fn add_indexes(library: &Library, data: &Dataset) {
    let definitions = data.stores.iter().map(|store| &store.definition);
    let text = serde_json::to_string(&definitions.collect::<Vec<_>>()).unwrap();
    let mix = |seed: u64, byte: u8| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let mut rng = Rng::new(text.bytes().fold(7, mix));
    for store in &data.stores {
        let key = store.definition.key.fields().iter();
        let mut names: Vec<&str> = key.map(|field| field.name.as_str()).collect();
        names.extend(["i", "j", "r", "t", "d", "b", "m", "o", "o.x", "o.y"]);
        for at in 0..2 + rng.below(4) {
            let mut fields: Vec<String> = Vec::new();
            for _ in 0..=rng.below(3) {
                let name = *rng.pick(&names);
                let direction = if rng.chance(40) { " DESC" } else { "" };
                if !fields
                    .iter()
                    .any(|field| field.contains(&format!("\"{name}\"")))
                {
                    fields.push(format!("\"{name}\"{direction}"));
                }
            }
            let (name, fields) = (&store.definition.name, fields.join(", "));
            let made = library.write(&format!("CREATE INDEX {name}_{at} ON {name} ({fields})"));
            // Not each store shows each field.
            assert!(
                made.as_ref().is_err_and(|e| e == "field_not_found") || made.is_ok(),
                "{made:?} {fields}"
            );
        }
    }
}

macro_rules! parts {
    ($($name:ident $part:literal)*) => {
        $(
            /// A quarter of the random databases.
            #[test]
            fn $name() {
                run(1_000_000 * $part, databases(), &over_stores);
            }
        )*
    };
}

parts! {
    stores_answer_as_plain_tables_1 1
    stores_answer_as_plain_tables_2 2
    stores_answer_as_plain_tables_3 3
    stores_answer_as_plain_tables_4 4
}

macro_rules! indexed_parts {
    ($($name:ident $part:literal)*) => {
        $(
            /// A third of the random databases with indexes.
            #[test]
            fn $name() {
                run(1_000_000 * $part, databases() * 2, &over_indexed_stores);
            }
        )*
    };
}

indexed_parts! {
    indexed_stores_answer_as_plain_tables_1 11
    indexed_stores_answer_as_plain_tables_2 12
    indexed_stores_answer_as_plain_tables_3 13
}

/// No alarm without a fault: the same tables, their rows the other way round.
#[test]
fn plain_tables_answer_as_plain_tables() {
    run(1, databases(), &over_plain_tables);
}

/// Loses a row of each answer that has several, when the statement has a certain word.
struct Forgetful(Box<dyn Subject>, &'static str);

impl Subject for Forgetful {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure> {
        let mut answer = self.0.run(statement)?;
        if answer.rows.len() > 1 && statement.sql.contains(self.1) {
            answer.rows.pop();
        }
        Ok(answer)
    }
}

#[test]
fn a_fault_is_found_and_made_small() {
    let open =
        |data: &Dataset| Box::new(Forgetful(over_plain_tables(data), " LEFT ")) as Box<dyn Subject>;
    let found: Vec<String> = (1..10).flat_map(|seed| failures(seed, &open)).collect();
    assert!(found.len() > 5, "{found:#?}");
    for small in found {
        assert!(!small.contains(" WHERE "), "{small}");
        assert!(!small.contains(" ORDER BY "), "{small}");
        assert!(!small.contains(" UNION "), "{small}");
    }
}

/// That most queries give rows, and the clauses all occur: otherwise they show little.
#[test]
fn the_queries_are_worth_asking() {
    let (mut some, mut all, mut text) = (0, 0, String::new());
    for seed in 1..=25 {
        let mut rng = Rng::new(seed);
        let schema = schema::schema(&mut rng);
        let mut plain = schema.data.plain();
        for _ in 0..QUERIES {
            let asked = generate::query(&mut rng, &schema).text(&schema);
            let params = crate::harness::Params::Positional(asked.params);
            let statement = Statement {
                sql: &asked.sql,
                params: &params,
                write: false,
                dry_run: false,
            };
            let answer = plain.run(&statement);
            let answer = answer.unwrap_or_else(|failure| panic!("{failure:?}\n{}", asked.sql));
            all += 1;
            some += usize::from(!answer.rows.is_empty());
            text += &asked.sql;
        }
    }
    assert!(some * 10 > all * 5, "{some} of {all} give rows");
    for word in [
        "LEFT",
        "RIGHT",
        "FULL",
        "EXISTS",
        "NOT IN",
        "LIKE",
        "GLOB",
        "BETWEEN",
        "GROUP BY",
        "HAVING",
        "DISTINCT",
        "LIMIT",
        "OFFSET",
        "UNION",
        "EXCEPT",
        "FILTER",
        "NULLS LAST",
        "?",
    ] {
        assert!(text.contains(word), "no {word}");
    }
}
