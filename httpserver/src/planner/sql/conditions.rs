//! Conditions, on the items themselves and on those that they are related to.

use std::fmt::Write as _;

use super::names::column;
use super::{Edge, Piece, Scope, Statement};
use crate::planner::lexicon::Comparison;
use crate::planner::model::{Condition, Test, Value};
use crate::planner::paths::path_by;
use crate::planner::schema::{FieldKind, Schema};

impl Scope<'_> {
    /// Conditions on the items of a table, each a term.
    pub(super) fn terms(&mut self, conditions: &[Condition], table: usize) -> Option<Vec<Piece>> {
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
                            gather(&mut beyond, &way, at, condition)?;
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
    pub(super) fn beyond(
        &mut self,
        way: &[Edge],
        conditions: Vec<Condition>,
        table: usize,
    ) -> Option<Piece> {
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
    pub(super) fn counted(
        &mut self,
        way: &[Edge],
        condition: &Condition,
        table: usize,
    ) -> Option<Piece> {
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
    pub(super) fn within(
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
            let _ = write!(piece.sql, " GROUP BY {}{having}", found.join(", "));
        }
        piece.sql.push(')');
        Some(piece)
    }

    /// That the item that is referred to is there, with these conditions; or that there is none.
    pub(super) fn related_to_one(
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
