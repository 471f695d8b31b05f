//! Asks both sides the same and makes what differs small.

use super::query::{Expr, Query};
use super::schema::Schema;
use crate::data::{Dataset, StoreData};
use crate::harness::{Answer, Cell, Failure, Matching, Params, Statement, Subject, differences};
use std::fmt::Write as _;

/// Opens a database for a subject.
pub type Open<'a> = &'a dyn Fn(&Dataset) -> Box<dyn Subject>;

/// The two sides over one database.
pub struct Pair {
    subject: Box<dyn Subject>,
    sqlite: Box<dyn Subject>,
}

impl Pair {
    pub fn new(schema: &Schema, open: Open<'_>) -> Self {
        Self {
            subject: open(&schema.data),
            sqlite: Box::new(schema.data.plain()),
        }
    }

    /// What differs, if anything.
    pub fn difference(&mut self, schema: &Schema, query: &Query) -> Option<String> {
        let text = query.text(schema);
        let params = if text.params.is_empty() {
            Params::None
        } else {
            Params::Positional(text.params)
        };
        let statement = Statement {
            sql: &text.sql,
            params: &params,
            write: false,
            dry_run: false,
        };
        let expected = self.sqlite.run(&statement);
        let got = self.subject.run(&statement);
        match (expected, got) {
            (Ok(expected), Ok(got)) => rows_differ(query, &expected, &got),
            (Ok(_), Err(failure)) => {
                Some(format!("  only the subject fails: {}\n", said(&failure)))
            }
            (Err(failure), Ok(_)) => Some(format!("  only SQLite fails: {}\n", said(&failure))),
            (Err(_), Err(_)) => None,
        }
    }
}

fn said(failure: &Failure) -> String {
    format!("{}: {}", failure.code, failure.message)
}

fn rows_differ(query: &Query, expected: &Answer, got: &Answer) -> Option<String> {
    let differ = |expected: &[Vec<Cell>], got: &[Vec<Cell>], ordered| {
        let matching = Matching {
            ordered,
            from_sqlite: true,
        };
        differences(expected, got, matching).map(|difference| difference.0)
    };
    if expected.columns != got.columns {
        return Some(format!(
            "  columns {:?}, not {:?}\n",
            got.columns, expected.columns
        ));
    }
    differ(&expected.rows, &got.rows, query.total).or_else(|| {
        // Equal rows may lie either way, but what they are ordered by is the same.
        let of_order = |answer: &Answer| -> Vec<Vec<Cell>> {
            let row = |row: &Vec<Cell>| {
                query
                    .order
                    .iter()
                    .map(|by| row[by.column].clone())
                    .collect()
            };
            answer.rows.iter().map(row).collect()
        };
        differ(&of_order(expected), &of_order(got), true)
    })
}

/// The smallest query and database that still differ, as far as is found, and how.
pub fn shrunk(mut schema: Schema, mut query: Query, open: Open<'_>) -> String {
    let mut pair = Pair::new(&schema, open);
    let mut tries = 2_000;
    let mut smaller = true;
    while smaller && tries > 0 {
        smaller = false;
        for candidate in candidates(&query) {
            tries -= 1;
            if pair.difference(&schema, &candidate).is_some() {
                query = candidate;
                smaller = true;
                break;
            }
        }
    }
    drop(pair);
    schema = with_fewer_items(schema, &query, open);
    let difference = Pair::new(&schema, open)
        .difference(&schema, &query)
        .unwrap_or_else(|| "  (it differs only now and then)\n".to_owned());
    let text = query.text(&schema);
    let mut said = format!("  {}\n  with {:?}\n{difference}", text.sql, text.params);
    for (table, store) in schema.tables.iter().zip(&schema.data.stores) {
        let used = text.sql.contains(&format!("{} t", table.name));
        if used {
            let key = &store.definition.key;
            let _ = writeln!(
                said,
                "  {} unique {}, key {}",
                table.name,
                table.unique,
                serde_json::to_string(key).unwrap()
            );
            for (key, value) in &store.items {
                let _ = writeln!(said, "    {key} {value}");
            }
        }
    }
    said
}

/// The schema with items left out as long as the query differs.
fn with_fewer_items(mut schema: Schema, query: &Query, open: Open<'_>) -> Schema {
    for table in 0..schema.tables.len() {
        let mut chunk = schema.data.stores[table].items.len();
        while chunk > 0 {
            let mut at = 0;
            while at < schema.data.stores[table].items.len() {
                let items = &schema.data.stores[table].items;
                let end = (at + chunk).min(items.len());
                let fewer = [&items[..at], &items[end..]].concat();
                let candidate = with_items(&schema, table, fewer);
                if Pair::new(&candidate, open)
                    .difference(&candidate, query)
                    .is_some()
                {
                    schema = candidate;
                } else {
                    at = end;
                }
            }
            chunk /= 2;
        }
    }
    schema
}

fn with_items(
    schema: &Schema,
    table: usize,
    items: Vec<(serde_json::Value, serde_json::Value)>,
) -> Schema {
    let mut stores: Vec<StoreData> = schema
        .data
        .stores
        .iter()
        .map(|store| StoreData {
            definition: store.definition.clone(),
            items: store.items.clone(),
        })
        .collect();
    stores[table].items = items;
    Schema {
        tables: schema.tables.clone(),
        data: Dataset { stores },
    }
}

/// The query with one thing less, larger things first.
fn candidates(query: &Query) -> Vec<Query> {
    let mut found = Vec::new();
    let mut with = |change: &dyn Fn(&mut Query)| {
        let mut candidate = query.clone();
        change(&mut candidate);
        found.push(candidate);
    };
    if let Some((operator, other)) = &query.compound {
        with(&|query| query.compound = None);
        let alone = Query {
            order: query.order.clone(),
            limit: query.limit,
            total: query.total,
            ..(**other).clone()
        };
        with(&|query| *query = alone.clone());
        for smaller in candidates(other) {
            with(&|query| query.compound = Some((*operator, Box::new(smaller.clone()))));
        }
    }
    if query.limit.is_some() {
        with(&|query| query.limit = None);
    }
    if !query.order.is_empty() && query.limit.is_none() {
        with(&|query| {
            query.order.clear();
            query.total = false;
        });
    }
    if query.distinct {
        with(&|query| query.distinct = false);
    }
    for (at, source) in query.sources.iter().enumerate().skip(1) {
        let mut without = query.clone();
        without.sources.remove(at);
        without.filter.retain(|filter| !filter.names(source.id));
        without.columns.retain(|column| !column.names(source.id));
        for other in &mut without.sources {
            other.on.retain(|on| !on.names(source.id));
        }
        let ordered = without.columns.len() == query.columns.len();
        if ordered && !without.names(source.id) {
            with(&|query| *query = without.clone());
        }
    }
    for at in 0..query.filter.len() {
        with(&|query| drop(query.filter.remove(at)));
    }
    for at in 0..query.having.len() {
        with(&|query| drop(query.having.remove(at)));
    }
    for source in 1..query.sources.len() {
        for at in 0..query.sources[source].on.len() {
            with(&|query| drop(query.sources[source].on.remove(at)));
        }
    }
    // Columns by which rows are ordered, and those of a union, stay.
    if query.order.is_empty() && query.compound.is_none() && query.group.is_empty() {
        for at in 0..query.columns.len() {
            if query.columns.len() > 1 {
                with(&|query| drop(query.columns.remove(at)));
            }
        }
    }
    for at in 0..query.filter.len() {
        for simpler in simpler(&query.filter[at]) {
            with(&|query| query.filter[at] = simpler.clone());
        }
    }
    found
}

/// Parts of a condition that are conditions, too, and conditions with smaller subqueries.
fn simpler(expression: &Expr) -> Vec<Expr> {
    match expression {
        Expr::Call(text, arguments) => {
            let logical = text.contains(" AND ") || text.contains(" OR ") || text.contains("NOT (");
            if logical && !text.contains("BETWEEN") {
                return arguments.clone();
            }
            Vec::new()
        }
        Expr::Query(text, query) => candidates(query)
            .into_iter()
            .map(|query| Expr::Query(text.clone(), Box::new(query)))
            .collect(),
        _ => Vec::new(),
    }
}
