//! Understood queries as SQL with parameters.
//!
//! Names are quoted where they have to be; every value of the question is a parameter.

use super::dates::Unit;
use super::lexicon::Comparison;
use super::lexicon::Function;
use super::model::{Aggregate, Beside, Condition, Group, Key, Measure, Query, Test, Value};
use super::paths::{Edge, labels, path_by};
use super::schema::{FieldKind, Place, Schema};

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
    let mut grouping = scope.grouping(query)?;
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
            self.joins += &format!(" AS {}", name(&alias));
        }
        self.joins += &format!(" ON {}", on.join(" AND "));
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
        let mut columns = Vec::new();
        for group in &query.groups {
            match *group {
                Group::Field(place) => columns.push(self.column(place, None, false)?),
                Group::Store(store, via) => {
                    let way = path_by(self.schema, self.base, store, via, self.through)?;
                    let keys: Vec<Place> = self
                        .schema
                        .places_of(store)
                        .filter(|p| self.schema.is_key(*p))
                        .collect();
                    for place in keys.into_iter().chain(labels(self.schema, store)) {
                        let text = self.column_at(&way, place, false)?;
                        if !columns.contains(&text) {
                            columns.push(text);
                        }
                    }
                }
                Group::Time(place, unit) => {
                    let date = self.column(place, None, false)?;
                    columns.push(format!("{} AS {}", time(&date, unit), time_name(unit)));
                }
            }
        }
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

    fn grouping(&mut self, query: &Query) -> Option<Vec<String>> {
        let mut grouping = Vec::new();
        for group in &query.groups {
            match *group {
                Group::Field(place) => grouping.push(self.column(place, None, false)?),
                Group::Store(store, via) => {
                    let way = path_by(self.schema, self.base, store, via, self.through)?;
                    let keys: Vec<Place> = self
                        .schema
                        .places_of(store)
                        .filter(|p| self.schema.is_key(*p))
                        .collect();
                    for place in keys {
                        grouping.push(self.column_at(&way, place, false)?);
                    }
                }
                Group::Time(place, unit) => {
                    let date = self.column(place, None, false)?;
                    grouping.push(time(&date, unit));
                }
            }
        }
        Some(grouping)
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

    /// Conditions on the items of a table, each a term.
    fn terms(&mut self, conditions: &[Condition], table: usize) -> Option<Vec<Piece>> {
        let mut terms = Vec::new();
        // Conditions on what is reached by the same step to many hold for the same item there.
        let mut beyond: Vec<(Vec<Edge>, Edge, Vec<Condition>)> = Vec::new();
        let store = self.store_of(table);
        for condition in conditions {
            match condition {
                Condition::All {
                    conditions,
                    negated,
                } => {
                    let inner = all(self.terms(conditions, table)?);
                    terms.push(if *negated { not(inner) } else { inner });
                }
                Condition::Field {
                    place,
                    via,
                    test,
                    negated,
                } => {
                    let way = path_by(self.schema, store, place.store, *via, self.through)?;
                    match way.iter().position(|edge| !edge.forward) {
                        None => {
                            let whole = [self.way_of(table), way].concat();
                            let column = self.column_at(&whole, *place, false)?;
                            let kind = self.schema.field(*place)?.kind;
                            terms.push(tested(&column, kind, test, *negated));
                        }
                        Some(_) if *negated => {
                            let positive = Condition::Field {
                                place: *place,
                                via: *via,
                                test: test.clone(),
                                negated: false,
                            };
                            terms.push(not(self.beyond(&way, vec![positive], table)?));
                        }
                        Some(at) => gather(&mut beyond, &way, at, condition)?,
                    }
                }
                Condition::Related {
                    store: other,
                    negated,
                    count,
                    conditions,
                } => {
                    let way = path_by(self.schema, store, *other, None, self.through)?;
                    match way.iter().position(|edge| !edge.forward) {
                        None => terms.push(self.related_to_one(&way, conditions, *negated, table)?),
                        Some(at) if !*negated && count.is_none() => {
                            gather(&mut beyond, &way, at, condition)?
                        }
                        Some(_) => terms.push(self.counted(&way, condition, table)?),
                    }
                }
            }
        }
        for (before, edge, conditions) in beyond {
            let way: Vec<Edge> = before.into_iter().chain([edge]).collect();
            terms.push(self.beyond(&way, conditions, table)?);
        }
        Some(terms)
    }

    /// That there is an item beyond the first step to many with these conditions.
    fn beyond(&mut self, way: &[Edge], conditions: Vec<Condition>, table: usize) -> Option<Piece> {
        let at = way.iter().position(|edge| !edge.forward)?;
        let (edge, before) = way.get(..=at)?.split_last()?;
        let mut inner = Scope::new(self.schema, edge.to, self.through, self.depth + 1);
        let mut terms = Vec::new();
        for condition in conditions {
            match condition {
                Condition::Related {
                    store, conditions, ..
                } if store == edge.to => {
                    terms.extend(inner.terms(&conditions, 0)?);
                }
                other => terms.extend(inner.terms(std::slice::from_ref(&other), 0)?),
            }
        }
        self.within(before, *edge, &inner, terms, "", false, table)
    }

    /// That there are so many, or no, items of another store.
    fn counted(&mut self, way: &[Edge], condition: &Condition, table: usize) -> Option<Piece> {
        let Condition::Related {
            conditions,
            negated,
            count,
            ..
        } = condition
        else {
            return None;
        };
        let at = way.iter().position(|edge| !edge.forward)?;
        let (edge, before) = way.get(..=at)?.split_last()?;
        let mut inner = Scope::new(self.schema, edge.to, self.through, self.depth + 1);
        let last = inner.table(way.get(at + 1..)?, false)?;
        let terms = inner.terms(conditions, last)?;
        let (mut negated, mut having) = (*negated, String::new());
        if let Some((comparison, number)) = *count {
            // Whoever has none is in no group: less than so many is not so many or more.
            let (comparison, turned) = match comparison {
                Comparison::Lt | Comparison::Le => (comparison.negated(), true),
                Comparison::Eq if number == 0 => (Comparison::Gt, true),
                other => (other, false),
            };
            negated ^= turned;
            having = format!(" HAVING count(*) {} {number}", comparison.sql());
        }
        self.within(before, *edge, &inner, terms, &having, negated, table)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one subselect, each used once"
    )]
    fn within(
        &mut self,
        before: &[Edge],
        edge: Edge,
        inner: &Scope<'_>,
        mut terms: Vec<Piece>,
        having: &str,
        negated: bool,
        table: usize,
    ) -> Option<Piece> {
        let whole = [self.way_of(table), before.to_vec()].concat();
        let table = self.table(&whole, false)?;
        let (here, there) = edge.columns(self.schema)?;
        let outer: Vec<String> = here
            .iter()
            .map(|field| column(self.alias(table), field))
            .collect();
        let found: Vec<String> = there
            .iter()
            .map(|field| column(inner.alias(0), field))
            .collect();
        if negated {
            terms.extend(
                found
                    .iter()
                    .map(|column| Piece::new(format!("{column} IS NOT NULL"))),
            );
        }
        let outer = match outer.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        let word = if negated { "NOT IN" } else { "IN" };
        let mut piece = Piece::new(format!(
            "{outer} {word} (SELECT {} FROM {}",
            found.join(", "),
            inner.from()
        ));
        for (at, term) in terms.into_iter().enumerate() {
            piece.sql += if at == 0 { " WHERE " } else { " AND " };
            piece.sql += &term.sql;
            piece.params.extend(term.params);
        }
        if !having.is_empty() {
            piece.sql += &format!(" GROUP BY {}{having}", found.join(", "));
        }
        piece.sql.push(')');
        Some(piece)
    }

    /// That the item that is referred to is there, with these conditions; or that there is none.
    fn related_to_one(
        &mut self,
        way: &[Edge],
        conditions: &[Condition],
        negated: bool,
        table: usize,
    ) -> Option<Piece> {
        let whole = [self.way_of(table), way.to_vec()].concat();
        let (last, before) = whole.split_last()?;
        if conditions.is_empty() {
            let table = self.table(before, false)?;
            let (here, _) = last.columns(self.schema)?;
            let word = if negated { "IS NULL" } else { "IS NOT NULL" };
            return Some(Piece::new(format!(
                "{} {word}",
                column(self.alias(table), here.first()?)
            )));
        }
        let joined = self.table(&whole, false)?;
        let inner = all(self.terms(conditions, joined)?);
        Some(if negated { not(inner) } else { inner })
    }
}

fn gather(
    beyond: &mut Vec<(Vec<Edge>, Edge, Vec<Condition>)>,
    way: &[Edge],
    at: usize,
    condition: &Condition,
) -> Option<()> {
    let (edge, before) = way.get(..=at)?.split_last()?;
    let same = beyond
        .iter_mut()
        .find(|(there, step, _)| there == before && step == edge);
    match same {
        Some((_, _, conditions)) => conditions.push(condition.clone()),
        None => beyond.push((before.to_vec(), *edge, vec![condition.clone()])),
    }
    Some(())
}

fn all(terms: Vec<Piece>) -> Piece {
    let mut whole = Piece::default();
    for (at, term) in terms.into_iter().enumerate() {
        whole.sql += if at == 0 { "(" } else { " AND " };
        whole.sql += &term.sql;
        whole.params.extend(term.params);
    }
    whole.sql += if whole.sql.is_empty() { "TRUE" } else { ")" };
    whole
}

fn not(piece: Piece) -> Piece {
    // What is null is not so either.
    Piece {
        sql: format!("({}) IS NOT TRUE", piece.sql),
        params: piece.params,
    }
}

/// The condition of one column.
fn tested(column: &str, kind: FieldKind, test: &Test, negated: bool) -> Piece {
    let text =
        |pattern: String| Piece::with(format!("{column} LIKE ? ESCAPE '\\'"), Value::Text(pattern));
    let piece = match test {
        Test::Compare(comparison, Value::Bool(value)) => {
            let yes = *value == (*comparison == Comparison::Eq) && !negated
                || (*value != (*comparison == Comparison::Eq)) && negated;
            return Piece::new(if yes {
                column.to_owned()
            } else {
                format!("{column} IS NOT TRUE")
            });
        }
        Test::Compare(Comparison::Eq, value) if negated => {
            return Piece::with(format!("{column} IS NOT ?"), value.clone());
        }
        Test::Compare(comparison, value) => {
            Piece::with(format!("{column} {} ?", comparison.sql()), value.clone())
        }
        Test::In(values) => Piece {
            sql: format!("{column} IN ({})", vec!["?"; values.len()].join(", ")),
            params: values.clone(),
        },
        Test::Between(low, high) => Piece {
            sql: format!("{column} BETWEEN ? AND ?"),
            params: vec![low.clone(), high.clone()],
        },
        Test::Days(from, to) => {
            let from = from
                .as_ref()
                .map(|day| Piece::with(format!("{column} >= ?"), Value::Text(day.clone())));
            let to = to
                .as_ref()
                .map(|day| Piece::with(format!("{column} < ?"), Value::Text(day.clone())));
            let both: Vec<Piece> = from.into_iter().chain(to).collect();
            all(both)
        }
        Test::Contains(part) if kind == FieldKind::List => {
            Piece::with(format!("contains({column}, ?)"), Value::Text(part.clone()))
        }
        Test::Contains(part) => text(format!("%{}%", escaped(part))),
        Test::Starts(part) => text(format!("{}%", escaped(part))),
        Test::Ends(part) => text(format!("%{}", escaped(part))),
        Test::FirstWord(word) => Piece {
            sql: format!("({column} = ? COLLATE NOCASE OR {column} LIKE ? ESCAPE '\\')"),
            params: vec![
                Value::Text(word.clone()),
                Value::Text(format!("{} %", escaped(word))),
            ],
        },
        Test::Missing if kind == FieldKind::Text => {
            let (is, or) = if negated {
                ("IS NOT", "AND")
            } else {
                ("IS", "OR")
            };
            let empty = if negated { "<>" } else { "=" };
            return Piece::new(format!("({column} {is} NULL {or} {column} {empty} '')"));
        }
        Test::Missing => {
            return Piece::new(format!(
                "{column} {} NULL",
                if negated { "IS NOT" } else { "IS" }
            ));
        }
    };
    if negated { not(piece) } else { piece }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Conditions on the own fields of a store, for statements that write.
pub fn own_conditions(
    schema: &Schema,
    store: usize,
    conditions: &[Condition],
) -> Option<Statement> {
    let mut scope = Scope::new(schema, store, &[], 0);
    let terms = scope
        .terms(conditions, 0)
        .filter(|_| scope.joins.is_empty())?;
    let mut statement = Statement::default();
    for (at, term) in terms.into_iter().enumerate() {
        statement.sql += if at == 0 { " WHERE " } else { " AND " };
        statement.sql += &term.sql;
        statement.params.extend(term.params);
    }
    Some(statement)
}

fn time(column: &str, unit: Unit) -> String {
    match unit {
        Unit::Year => format!("substr({column}, 1, 4)"),
        Unit::Month => format!("substr({column}, 1, 7)"),
        Unit::Day => format!("substr({column}, 1, 10)"),
        Unit::Week => format!("date({column}, '-6 days', 'weekday 1')"),
        Unit::Quarter => {
            format!("substr({column}, 1, 4) || '-Q' || ((substr({column}, 6, 2) + 2) / 3)")
        }
    }
}

/// What a part of the calendar is called.
pub fn time_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Year => "year",
        Unit::Month => "month",
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Quarter => "quarter",
    }
}

fn aggregate_name(schema: &Schema, aggregate: Aggregate) -> String {
    let function = aggregate.function.name();
    match aggregate.of {
        Measure::Items(store) => format!("{}_count", schema.store_name(store)),
        Measure::Field(place, _) => format!("{function}_{}", schema.field_name(place)),
        Measure::Product(one, other) => format!(
            "{function}_{}_{}",
            schema.field_name(one),
            schema.field_name(other)
        ),
    }
}

fn column(table: &str, field: &str) -> String {
    format!("{}.{}", name(table), name(field))
}

/// A name as SQL has it: in quotes, unless it is a plain word that is none of SQL's.
pub fn name(text: &str) -> String {
    const TAKEN: [&str; 40] = [
        "order",
        "group",
        "table",
        "index",
        "select",
        "from",
        "where",
        "by",
        "to",
        "in",
        "is",
        "as",
        "on",
        "or",
        "and",
        "not",
        "null",
        "values",
        "set",
        "default",
        "check",
        "unique",
        "primary",
        "references",
        "transaction",
        "limit",
        "join",
        "case",
        "when",
        "then",
        "else",
        "end",
        "union",
        "all",
        "distinct",
        "having",
        "exists",
        "between",
        "like",
        "using",
    ];
    let plain = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // Those that are not in the list SQLite takes as names, or are unlikely enough to be quoted for nothing.
    let taken = TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if plain && !taken && text.len() > 2 {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}
