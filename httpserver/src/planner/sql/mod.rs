//! Understood queries as SQL with parameters.
//!
//! Names are quoted where they have to be; every value of the question is a parameter.

mod conditions;
mod names;

use std::fmt::Write as _;

use crate::planner::lexicon::Function;
use crate::planner::model::{Aggregate, Beside, Group, Key, Measure, Query, Value};
use crate::planner::paths::{Edge, labels, path_by};
use crate::planner::schema::{Place, Schema};

pub use conditions::own_conditions;
use names::{aggregate_name, column, time};
pub use names::{name, time_name};

/// A statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// What its parameters stand for.
    pub params: Vec<Value>,
}

/// A piece of SQL with its parameters.
#[derive(Clone, Debug, Default, PartialEq)]
struct Piece {
    sql: String,
    params: Vec<Value>,
}

impl Piece {
    fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            params: Vec::new(),
        }
    }

    fn with(sql: String, param: Value) -> Self {
        Self {
            sql,
            params: vec![param],
        }
    }
}

/// The statement of a query; none where its stores do not reach each other, or where rows would count more than once.
pub fn select(schema: &Schema, query: &Query, through: &[usize]) -> Option<Statement> {
    let mut scope = Scope::new(schema, query.store, through, 0);
    let mut columns = scope.columns(query)?;
    let mut terms = scope.terms(&query.conditions, 0)?;
    let mut grouping = scope.groups(query, false)?;
    let order = scope.order(query)?;
    for beside in &query.beside {
        scope.beside(*beside, &mut columns, &mut grouping)?;
    }
    let mut having = Vec::new();
    for (at, comparison, value) in &query.having {
        let aggregate = scope.aggregate(*query.aggregates.get(*at)?, query)?;
        having.push(Piece::with(
            format!("{aggregate} {} ?", comparison.sql()),
            value.clone(),
        ));
    }
    let distinct = if query.distinct { "DISTINCT " } else { "" };
    let mut sql = format!(
        "SELECT {distinct}{} FROM {}",
        columns.join(", "),
        scope.from()
    );
    let mut params = Vec::new();
    let mut clause = |word: &str, pieces: &mut Vec<Piece>| {
        for (at, piece) in pieces.drain(..).enumerate() {
            sql += if at == 0 { word } else { " AND " };
            sql += &piece.sql;
            params.extend(piece.params);
        }
    };
    clause(" WHERE ", &mut terms);
    if !grouping.is_empty() {
        let list = grouping.join(", ");
        clause(" GROUP BY ", &mut vec![Piece::new(list)]);
    }
    clause(" HAVING ", &mut having);
    if !order.is_empty() {
        clause(" ORDER BY ", &mut vec![Piece::new(order.join(", "))]);
    }
    if let Some(limit) = query.limit {
        sql += " LIMIT ?";
        params.push(Value::Integer(i64::try_from(limit).ok()?));
    }
    Some(Statement { sql, params })
}

/// The tables of one `SELECT`.
struct Scope<'a> {
    schema: &'a Schema,
    through: &'a [usize],
    depth: usize,
    /// The way to each table from the first, and its name in the statement.
    tables: Vec<(Vec<Edge>, String)>,
    base: usize,
    joins: String,
}

impl<'a> Scope<'a> {
    fn new(schema: &'a Schema, base: usize, through: &'a [usize], depth: usize) -> Self {
        let store = schema.store_name(base);
        let alias = match depth {
            0 => store.to_owned(),
            _ => format!("{store}_{}", depth + 1),
        };
        Self {
            schema,
            through,
            depth,
            tables: vec![(Vec::new(), alias)],
            base,
            joins: String::new(),
        }
    }

    fn from(&self) -> String {
        let store = name(self.schema.store_name(self.base));
        let alias = self
            .tables
            .first()
            .map_or_else(String::new, |(_, alias)| name(alias));
        let named = if alias == store {
            store
        } else {
            format!("{store} AS {alias}")
        };
        named + &self.joins
    }

    /// The place of the table at the end of a way from the first table, joined if it was not.
    fn table(&mut self, way: &[Edge], left: bool) -> Option<usize> {
        if let Some(at) = self.tables.iter().position(|(there, _)| there == way) {
            return Some(at);
        }
        let (edge, before) = way.split_last()?;
        let before = self.table(before, left)?;
        let store = self.schema.store_name(edge.to);
        let mut alias = match self.depth {
            0 => store.to_owned(),
            depth => format!("{store}_{}", depth + 1),
        };
        while self.tables.iter().any(|(_, there)| *there == alias) {
            alias.push_str("_b");
        }
        let (here, there) = edge.columns(self.schema)?;
        let on: Vec<String> = here
            .iter()
            .zip(there)
            .map(|(here, there)| {
                let from = self.tables.get(before).map_or("", |(_, alias)| alias);
                format!("{} = {}", column(&alias, there), column(from, here))
            })
            .collect();
        let kind = if left { " LEFT JOIN " } else { " JOIN " };
        self.joins += kind;
        self.joins += &name(store);
        if alias != store {
            let _ = write!(self.joins, " AS {}", name(&alias));
        }
        let _ = write!(self.joins, " ON {}", on.join(" AND "));
        self.tables.push((way.to_vec(), alias));
        Some(self.tables.len() - 1)
    }

    fn alias(&self, table: usize) -> &str {
        self.tables.get(table).map_or("", |(_, alias)| alias)
    }

    fn way_of(&self, table: usize) -> Vec<Edge> {
        self.tables
            .get(table)
            .map(|(way, _)| way.clone())
            .unwrap_or_default()
    }

    fn store_of(&self, table: usize) -> usize {
        let way = self.tables.get(table).and_then(|(way, _)| way.last());
        way.map_or(self.base, |edge| edge.to)
    }

    /// The column of a place, its store joined. Where a reference has the same value, nothing is joined.
    fn column(&mut self, place: Place, via: Option<(usize, usize)>, left: bool) -> Option<String> {
        let way = path_by(self.schema, self.base, place.store, via, self.through)?;
        self.column_at(&way, place, left)
    }

    fn column_at(&mut self, way: &[Edge], place: Place, left: bool) -> Option<String> {
        let field = self.schema.field_name(place).to_owned();
        if let Some((last, before)) = way.split_last().filter(|(last, _)| last.forward) {
            let (here, there) = last.columns(self.schema)?;
            let at = there.iter().position(|target| *target == field);
            if let Some(own) = at.and_then(|at| here.get(at)).cloned() {
                let table = self.table(before, left)?;
                return Some(column(self.alias(table), &own));
            }
        }
        let table = self.table(way, left)?;
        Some(column(self.alias(table), &field))
    }

    fn columns(&mut self, query: &Query) -> Option<Vec<String>> {
        let mut columns = self.groups(query, true)?;
        for aggregate in &query.aggregates {
            let text = self.aggregate(*aggregate, query)?;
            columns.push(format!(
                "{text} AS {}",
                name(&aggregate_name(self.schema, *aggregate))
            ));
        }
        if !columns.is_empty() {
            return Some(columns);
        }
        for place in &query.fields {
            columns.push(self.column(*place, None, true)?);
        }
        if columns.is_empty() {
            columns.push(format!("{}.*", name(self.alias(0))));
        }
        Some(columns)
    }

    fn aggregate(&mut self, aggregate: Aggregate, query: &Query) -> Option<String> {
        let many = self.fans_out(query)?;
        Some(match aggregate.of {
            Measure::Items(_) if !many => "count(*)".to_owned(),
            Measure::Items(store) => match self.schema.single_key(store) {
                Some(key) => format!("count(DISTINCT {})", self.column(key, None, false)?),
                None => "count(*)".to_owned(),
            },
            Measure::Field(place, distinct) => {
                let column = self.column(place, None, false)?;
                let distinct = if distinct { "DISTINCT " } else { "" };
                let repeats = matches!(aggregate.function, Function::Min | Function::Max)
                    || !distinct.is_empty();
                if many && !repeats {
                    return None;
                }
                format!("{}({distinct}{column})", aggregate.function.name())
            }
            Measure::Product(one, other) => {
                if many {
                    return None;
                }
                let (one, other) = (
                    self.column(one, None, false)?,
                    self.column(other, None, false)?,
                );
                format!("{}({one} * {other})", aggregate.function.name())
            }
        })
    }

    /// Whether what the query is grouped by makes several rows of one item.
    fn fans_out(&self, query: &Query) -> Option<bool> {
        let mut many = false;
        for group in &query.groups {
            let (store, via) = match *group {
                Group::Field(place) | Group::Time(place, _) => (place.store, None),
                Group::Store(store, via) => (store, via),
            };
            let way = path_by(self.schema, self.base, store, via, self.through)?;
            many |= way.iter().any(|edge| !edge.forward);
        }
        Some(many)
    }

    /// What the query is grouped by: its keys, or with `shown` as columns with names, and what people call the items.
    fn groups(&mut self, query: &Query, shown: bool) -> Option<Vec<String>> {
        let mut out = Vec::new();
        for group in &query.groups {
            match *group {
                Group::Field(place) => out.push(self.column(place, None, false)?),
                Group::Store(store, via) => {
                    let way = path_by(self.schema, self.base, store, via, self.through)?;
                    let places = self.schema.places_of(store);
                    let mut places: Vec<Place> =
                        places.filter(|place| self.schema.is_key(*place)).collect();
                    if shown {
                        places.extend(labels(self.schema, store));
                    }
                    for place in places {
                        let text = self.column_at(&way, place, false)?;
                        if !out.contains(&text) {
                            out.push(text);
                        }
                    }
                }
                Group::Time(place, unit) => {
                    let date = time(&self.column(place, None, false)?, unit);
                    out.push(match shown {
                        true => format!("{date} AS {}", time_name(unit)),
                        false => date,
                    });
                }
            }
        }
        Some(out)
    }

    fn order(&mut self, query: &Query) -> Option<Vec<String>> {
        let mut order = Vec::new();
        for (key, largest_first) in &query.order {
            let text = match *key {
                Key::Field(place) => self.column(place, None, true)?,
                Key::Aggregate(at) => self.aggregate(*query.aggregates.get(at)?, query)?,
                Key::Group(at) => match *query.groups.get(at)? {
                    Group::Field(place) => self.column(place, None, false)?,
                    Group::Store(store, via) => {
                        let label = labels(self.schema, store).first().copied()?;
                        self.column(label, via, false)?
                    }
                    Group::Time(place, unit) => time(&self.column(place, None, false)?, unit),
                },
            };
            order.push(
                text + if *largest_first {
                    " DESC"
                } else {
                    " ASC NULLS LAST"
                },
            );
        }
        Some(order)
    }

    fn beside(
        &mut self,
        beside: Beside,
        columns: &mut Vec<String>,
        grouping: &mut Vec<String>,
    ) -> Option<()> {
        let way = path_by(
            self.schema,
            self.base,
            beside.store,
            beside.via,
            self.through,
        )?;
        if beside.only.is_none() {
            let table = self.table(&way, true)?;
            columns.push(format!("{}.*", name(self.alias(table))));
            return Some(());
        }
        // Beside min() and max() SQLite gives the other columns of the same row.
        let (place, largest) = beside.only?;
        let table = self.table(&way, false)?;
        let alias = self.alias(table).to_owned();
        columns.push(format!("{}.*", name(&alias)));
        let function = if largest { "max" } else { "min" };
        let field = self.schema.field_name(place);
        let called = name(&format!(
            "{}_{field}",
            if largest { "last" } else { "first" }
        ));
        columns.push(format!("{function}({}) AS {called}", column(&alias, field)));
        for key in self
            .schema
            .places_of(self.base)
            .filter(|place| self.schema.is_key(*place))
        {
            grouping.push(column(self.alias(0), self.schema.field_name(key)));
        }
        Some(())
    }
}
