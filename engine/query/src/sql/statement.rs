//! Taking a request apart into statements.

use std::ops::Range;

use super::Result;
use super::error::{Code, QueryError};
use super::running::OnConflict;
use super::tokens::{Token, tokens};

/// What a statement is to this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementKind {
    Begin,
    Commit,
    Rollback,
    /// `CREATE`, `DROP`, `ALTER` of a store.
    Definition,
    /// Anything else, for SQLite.
    Plain {
        writes: bool,
        on_conflict: OnConflict,
    },
}

/// A statement of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub kind: StatementKind,
    /// Its text, without the semicolon.
    pub span: Range<usize>,
    /// Counted from its begin.
    pub tokens: Vec<Token>,
}

impl StatementKind {
    pub fn writes(self) -> bool {
        matches!(self, Self::Definition | Self::Plain { writes: true, .. })
    }
}

fn kind(sql: &str, tokens: &[Token]) -> StatementKind {
    let first = |words: &[&str]| {
        let token = tokens.first();
        token.is_some_and(|token| words.iter().any(|word| token.is(sql, word)))
    };
    if first(&["BEGIN"]) {
        return StatementKind::Begin;
    }
    if first(&["COMMIT", "END"]) {
        return StatementKind::Commit;
    }
    if first(&["ROLLBACK"]) {
        return StatementKind::Rollback;
    }
    let of_store = |words: &[&str]| {
        tokens
            .get(1..3)
            .into_iter()
            .flatten()
            .any(|token| words.iter().any(|word| token.is(sql, word)))
    };
    if first(&["CREATE", "DROP", "ALTER"])
        && of_store(&["STORE", "TABLE", "INDEX", "VIEW", "TRIGGER"])
    {
        return StatementKind::Definition;
    }
    StatementKind::Plain {
        writes: writes(sql, tokens),
        on_conflict: on_conflict(sql, tokens),
    }
}

/// Whether a statement changes stores: its first word, or the word behind its `WITH`, says so.
fn writes(sql: &str, tokens: &[Token]) -> bool {
    let changes = |token: &Token| {
        ["INSERT", "UPDATE", "DELETE", "REPLACE"]
            .iter()
            .any(|word| token.is(sql, word))
    };
    let Some(first) = tokens.first() else {
        return false;
    };
    if !first.is(sql, "WITH") {
        return changes(first);
    }
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let called = tokens
            .get(at + 1)
            .is_some_and(|next| next.is_sign(sql, "("));
        if depth == 0 && changes(token) && !called {
            return true;
        }
    }
    false
}

fn on_conflict(sql: &str, tokens: &[Token]) -> OnConflict {
    let is = |at: usize, word| tokens.get(at).is_some_and(|token| token.is(sql, word));
    for at in 0..tokens.len() {
        if is(at, "REPLACE") && (at == 0 || is(at + 1, "INTO")) {
            return OnConflict::Replace;
        }
        if (is(at, "INSERT") || is(at, "UPDATE")) && is(at + 1, "OR") {
            if is(at + 2, "IGNORE") {
                return OnConflict::Ignore;
            }
            if is(at + 2, "REPLACE") {
                return OnConflict::Replace;
            }
            return OnConflict::Abort;
        }
    }
    OnConflict::Abort
}

/// Whether a statement of a request makes, alters or drops a store or an index; views, which are items, do not count. A
/// request that cannot be taken apart, and so is never run, does not.
pub fn defines_stores(sql: &str) -> bool {
    let statements = split(sql).unwrap_or_default();
    statements.iter().any(|statement| {
        let text = sql.get(statement.span.clone()).unwrap_or_default();
        let second = statement.tokens.get(1);
        let of_view = second.is_some_and(|token| token.is(text, "VIEW"));
        statement.kind == StatementKind::Definition && !of_view
    })
}

/// The statements of a request; empty ones are left out.
pub(super) fn split(sql: &str) -> Result<Vec<Statement>> {
    if let Some(at) = sql.find('\0') {
        let error = QueryError::new(Code::Syntax, "the statement has a NUL character");
        return Err(error.at(Some(at)));
    }
    let all = tokens(sql);
    let mut statements = Vec::new();
    for part in all.split(|token| token.is_sign(sql, ";")) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            continue;
        };
        statements.push(Statement {
            kind: kind(sql, part),
            span: first.span.start..last.span.end,
            tokens: part
                .iter()
                .map(|token| Token {
                    kind: token.kind,
                    span: token.span.start - first.span.start..token.span.end - first.span.start,
                })
                .collect(),
        });
    }
    if statements.is_empty() {
        return Err(QueryError::new(
            Code::Syntax,
            "there is no statement; write one, like SELECT * FROM a store",
        ));
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_statements() {
        let plain = |writes, on_conflict| StatementKind::Plain {
            writes,
            on_conflict,
        };
        let abort = OnConflict::Abort;
        for (sql, expected) in [
            ("begin", StatementKind::Begin),
            ("commit transaction", StatementKind::Commit),
            ("create store a (id int)", StatementKind::Definition),
            ("drop table if exists a", StatementKind::Definition),
            ("select replace(a, 'b', 'c') from t", plain(false, abort)),
            (
                "replace into t values (1)",
                plain(true, OnConflict::Replace),
            ),
            (
                "insert or ignore into t values (1)",
                plain(true, OnConflict::Ignore),
            ),
            (
                "with x as (select replace(1,2,3)) select * from x",
                plain(false, abort),
            ),
            ("with x as (select 1) delete from t", plain(true, abort)),
        ] {
            let statements = split(sql).unwrap();
            assert_eq!(statements[0].kind, expected, "{sql}");
        }
        assert_eq!(split("select 1; ; select ';' -- ;\n;").unwrap().len(), 2);
        assert!(split(" -- nothing").is_err());
    }
}
