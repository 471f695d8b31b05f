//! A query as a tree of its clauses, which can be taken away one by one.

use super::schema::Schema;
use crate::harness::Cell;
use crate::harness::plain::to_value;
use rusqlite::types::Value;
use std::fmt::Write as _;

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A column of a source, by their numbers.
    Column(usize, usize),
    Literal(Cell),
    /// A value that is bound.
    Param(Cell),
    /// Text with `{}` where the arguments stand.
    Call(String, Vec<Expr>),
    /// Text with `{}` where the query stands.
    Query(String, Box<Query>),
}

/// A store in FROM.
#[derive(Clone, Debug)]
pub struct Source {
    /// Unique in the whole query; the alias is made of it.
    pub id: usize,
    pub table: usize,
    /// `JOIN`, `LEFT JOIN` …, empty for the first.
    pub join: &'static str,
    pub on: Vec<Expr>,
}

/// A column of ORDER BY, one of the result's.
#[derive(Clone, Debug)]
pub struct Ordering {
    pub column: usize,
    pub suffix: &'static str,
}

/// A SELECT.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub distinct: bool,
    pub columns: Vec<Expr>,
    pub sources: Vec<Source>,
    pub filter: Vec<Expr>,
    pub group: Vec<Expr>,
    pub having: Vec<Expr>,
    pub compound: Option<(&'static str, Box<Query>)>,
    pub order: Vec<Ordering>,
    pub limit: Option<(usize, usize)>,
    /// Whether the order leaves no rows equal that differ.
    pub total: bool,
}

/// The text and its parameters.
pub struct Text {
    pub sql: String,
    pub params: Vec<Cell>,
}

impl Query {
    pub fn text(&self, schema: &Schema) -> Text {
        let mut writer = Writer {
            schema,
            tables: Vec::new(),
            text: Text {
                sql: String::new(),
                params: Vec::new(),
            },
        };
        writer.query(self, true);
        writer.text
    }

    /// The expressions in this query, without those of subqueries.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.columns
            .iter()
            .chain(self.sources.iter().flat_map(|source| &source.on))
            .chain(&self.filter)
            .chain(&self.group)
            .chain(&self.having)
    }

    /// Whether a source is named anywhere in it.
    pub fn names(&self, source: usize) -> bool {
        self.expressions()
            .any(|expression| expression.names(source))
            || self
                .compound
                .as_ref()
                .is_some_and(|(_, other)| other.names(source))
    }
}

impl Expr {
    pub fn call(text: impl Into<String>, arguments: Vec<Self>) -> Self {
        Self::Call(text.into(), arguments)
    }

    pub fn names(&self, source: usize) -> bool {
        match self {
            Self::Column(of, _) => *of == source,
            Self::Literal(_) | Self::Param(_) => false,
            Self::Call(_, arguments) => arguments.iter().any(|argument| argument.names(source)),
            Self::Query(_, query) => query.names(source),
        }
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    /// The tables of the sources that are known so far, by id.
    tables: Vec<(usize, usize)>,
    text: Text,
}

impl Writer<'_> {
    fn add(&mut self, text: &str) {
        self.text.sql += text;
    }

    fn query(&mut self, query: &Query, names: bool) {
        for source in &query.sources {
            self.tables.push((source.id, source.table));
        }
        self.add(if query.distinct {
            "SELECT DISTINCT "
        } else {
            "SELECT "
        });
        for (at, column) in query.columns.iter().enumerate() {
            self.add(if at > 0 { ", " } else { "" });
            self.expression(column);
            if names {
                let _ = write!(self.text.sql, " AS c{at}");
            }
        }
        for (at, source) in query.sources.iter().enumerate() {
            let join = if at == 0 { " FROM" } else { source.join };
            let table = &self.schema.tables[source.table].name;
            let _ = write!(self.text.sql, "{join} {table} t{}", source.id);
            self.all(" ON ", &source.on, " AND ");
        }
        self.all(" WHERE ", &query.filter, " AND ");
        self.all(" GROUP BY ", &query.group, ", ");
        self.all(" HAVING ", &query.having, " AND ");
        if let Some((operator, other)) = &query.compound {
            self.add(operator);
            self.query(other, false);
        }
        for (at, order) in query.order.iter().enumerate() {
            self.add(if at == 0 { " ORDER BY " } else { ", " });
            if names {
                let _ = write!(self.text.sql, "c{}{}", order.column, order.suffix);
            } else {
                let _ = write!(self.text.sql, "{}{}", order.column + 1, order.suffix);
            }
        }
        if let Some((limit, offset)) = query.limit {
            let _ = write!(self.text.sql, " LIMIT {limit}");
            if offset > 0 {
                let _ = write!(self.text.sql, " OFFSET {offset}");
            }
        }
    }

    fn all(&mut self, before: &str, expressions: &[Expr], between: &str) {
        for (at, expression) in expressions.iter().enumerate() {
            self.add(if at == 0 { before } else { between });
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Column(source, column) => {
                let table = self.tables.iter().find(|(id, _)| id == source).unwrap().1;
                let name = &self.schema.tables[table].columns[*column].name;
                let _ = write!(self.text.sql, "t{source}.\"{name}\"");
            }
            Expr::Literal(cell) => self.add(&literal(cell)),
            Expr::Param(cell) => {
                self.text.params.push(cell.clone());
                self.add("?");
            }
            Expr::Call(text, arguments) => {
                let mut arguments = arguments.iter();
                let mut pieces = text.split("{}");
                self.add(pieces.next().unwrap_or_default());
                for piece in pieces {
                    self.expression(arguments.next().unwrap());
                    self.add(piece);
                }
            }
            Expr::Query(text, query) => {
                let (before, after) = text.split_once("{}").unwrap();
                self.add(before);
                self.query(query, false);
                self.add(after);
            }
        }
    }
}

fn literal(cell: &Cell) -> String {
    match to_value(cell) {
        Value::Null => "NULL".to_owned(),
        Value::Integer(i) => i.to_string(),
        Value::Real(r) => format!("{r:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(_) => cell.to_string(),
    }
}
