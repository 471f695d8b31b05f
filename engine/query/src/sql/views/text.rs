//! `view.name` in the text of a statement.

use std::ops::Range;

use super::{SCHEMA, View};
use crate::sql::error::QueryError;
use crate::sql::tokens::{Token, TokenKind, quote_name, tokens};

/// A place where a statement may name a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub name: String,
    pub span: Range<usize>,
    /// Whether it stands for rows; otherwise a column of the view follows.
    pub is_table: bool,
    /// Whether the statement gives it another name.
    has_alias: bool,
}

/// A text in other words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Expanded {
    pub sql: String,
    /// What was replaced, and the length of what stands for it.
    edits: Vec<(Range<usize>, usize)>,
}

impl Expanded {
    /// An error with its place in the text as it was written.
    pub fn unmoved(&self, error: QueryError) -> QueryError {
        let at = error.at.map(|at| self.written(at));
        QueryError { at, ..error }
    }

    fn written(&self, at: usize) -> usize {
        let (mut written, mut expanded) = (0, 0);
        for (span, length) in &self.edits {
            let start = expanded + (span.start - written);
            if at < start {
                break;
            }
            if at < start + length {
                return span.start;
            }
            (written, expanded) = (span.end, start + length);
        }
        written + (at - expanded)
    }
}

/// Which clause the tokens are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    From,
    On,
    Other,
}

/// Words after a table that are not another name of it.
const BEHIND: &[&str] = &[
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "WINDOW",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "CROSS",
    "NATURAL",
    "OUTER",
    "ON",
    "USING",
    "SET",
    "VALUES",
    "SELECT",
    "RETURNING",
    "DEFAULT",
    "INDEXED",
    "NOT",
    "WITH",
    "FROM",
];

/// All places where a view may be named.
pub(super) fn mentions(sql: &str) -> Vec<Mention> {
    let tokens = tokens(sql);
    let mut clauses = vec![Clause::Other];
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let top = clauses.last().copied().unwrap_or(Clause::Other);
        let next = match token.text(sql) {
            "(" => {
                // Joins in parentheses.
                let joins = before.is_some_and(|before| {
                    ["FROM", "JOIN"].iter().any(|word| before.is(sql, word))
                        || before.is_sign(sql, ",")
                        || before.is_sign(sql, "(")
                });
                clauses.push(if joins && top == Clause::From {
                    Clause::From
                } else {
                    Clause::Other
                });
                continue;
            }
            ")" => {
                clauses.pop();
                continue;
            }
            "," if top == Clause::On => Some(Clause::From),
            _ if is_any(sql, token, &["FROM", "JOIN", "INTO", "UPDATE"]) => Some(Clause::From),
            _ if is_any(sql, token, &["ON", "USING"]) => Some(Clause::On),
            _ if top != Clause::Other && ends_from(sql, token) => Some(Clause::Other),
            _ => None,
        };
        if let (Some(next), Some(top)) = (next, clauses.last_mut()) {
            *top = next;
        }
        found.extend(mention(sql, &tokens, at, top));
    }
    found
}

fn is_any(sql: &str, token: &Token, words: &[&str]) -> bool {
    words.iter().any(|word| token.is(sql, word))
}

fn ends_from(sql: &str, token: &Token) -> bool {
    const ENDS: &[&str] = &[
        "SELECT",
        "WHERE",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "WINDOW",
        "SET",
        "VALUES",
        "RETURNING",
        "UNION",
        "EXCEPT",
        "INTERSECT",
    ];
    is_any(sql, token, ENDS)
}

fn mention(sql: &str, tokens: &[Token], at: usize, clause: Clause) -> Option<Mention> {
    let sign = |at: usize, sign| tokens.get(at).is_some_and(|token| token.is_sign(sql, sign));
    let token = tokens.get(at)?;
    let qualified = at.checked_sub(1).is_some_and(|before| sign(before, "."));
    if !token.is_name() || qualified || !token.name(sql).eq_ignore_ascii_case(SCHEMA) {
        return None;
    }
    let name = tokens.get(at + 2).filter(|_| sign(at + 1, "."))?;
    if !name.is_name() {
        return None;
    }
    let is_column = sign(at + 3, ".");
    if !is_column && clause != Clause::From {
        return None;
    }
    let has_alias = tokens.get(at + 3).is_some_and(|next| {
        let named = next.is_name() || next.kind == TokenKind::Text;
        named && !is_any(sql, next, BEHIND)
    });
    Some(Mention {
        name: name.name(sql),
        span: token.span.start..name.span.end,
        is_table: !is_column,
        has_alias,
    })
}

/// The text with SQLite's words for the views that it names.
pub(super) fn expanded(sql: &str, found: &[(Mention, View)]) -> Expanded {
    let mut out = String::with_capacity(sql.len() + found.len() * 32);
    let mut edits = Vec::new();
    let mut from = 0;
    for (mention, view) in found {
        out += sql.get(from..mention.span.start).unwrap_or_default();
        let alias = quote_name(&mention.name);
        let words = match (mention.is_table, mention.has_alias) {
            (true, true) => format!("temp.{}", quote_name(&view.table())),
            (true, false) => format!("temp.{} AS {alias}", quote_name(&view.table())),
            (false, _) => alias,
        };
        edits.push((mention.span.clone(), words.len()));
        out += &words;
        from = mention.span.end;
    }
    out += sql.get(from..).unwrap_or_default();
    Expanded { sql: out, edits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> String {
        let found = mentions(sql).into_iter().map(|mention| {
            let view = View {
                name: mention.name.clone(),
                sql: String::new(),
                columns: Vec::new(),
            };
            (mention, view)
        });
        expanded(sql, &found.collect::<Vec<_>>()).sql
    }

    #[test]
    fn views_in_statements() {
        for (sql, expected) in [
            (
                "SELECT view.a.x, a.y FROM view.a WHERE 1",
                "SELECT \"a\".x, a.y FROM temp.\"view.a\" AS \"a\" WHERE 1",
            ),
            (
                "SELECT * FROM t, View.\"a b\" AS x JOIN (view.c LEFT JOIN d ON 1) ON view.q, view.e e",
                "SELECT * FROM t, temp.\"view.a b\" AS x JOIN (temp.\"view.c\" AS \"c\" LEFT JOIN d ON 1) ON view.q, temp.\"view.e\" e",
            ),
            (
                "SELECT view.a FROM t AS view WHERE view.b IN (SELECT 1 FROM view.c)",
                "SELECT view.a FROM t AS view WHERE view.b IN (SELECT 1 FROM temp.\"view.c\" AS \"c\")",
            ),
            (
                "SELECT 'view.a', x.view.a -- FROM view.a",
                "SELECT 'view.a', x.view.a -- FROM view.a",
            ),
        ] {
            assert_eq!(of(sql), expected);
        }
    }

    #[test]
    fn places_are_those_of_the_text_as_written() {
        let sql = "SELECT a FROM view.v, view.w, z";
        let found: Vec<_> = mentions(sql)
            .into_iter()
            .map(|mention| {
                let view = View {
                    name: mention.name.clone(),
                    sql: String::new(),
                    columns: Vec::new(),
                };
                (mention, view)
            })
            .collect();
        let expanded = expanded(sql, &found);
        for part in ["a FROM", "FROM", ", z", "z"] {
            let there = expanded.sql.find(part).unwrap();
            assert_eq!(Some(expanded.written(there)), sql.find(part), "{part}");
        }
        let inside = expanded.sql.find("\"view.w\"").unwrap();
        assert_eq!(Some(expanded.written(inside)), sql.find("view.w"));
    }
}
