//! Finding what a statement does with masked fields, in its text.
//!
//! A masked field may be named alone as a column of a result, and nowhere else. SQLite says which columns a statement reads, not what
//! for; so where one of them is masked, the text is looked through for its name. All is null anyway: a use that
//! is not found (of a column that `*` brought out of a subquery and that got another name there) finds nothing.

use super::error::{Code, QueryError};
use super::tokens::{Token, TokenKind, tokens};

/// The error for asking for the values of a masked field.
pub(super) fn refused(store: &str, field: &str) -> QueryError {
    let message = format!(
        "the field {field:?} of store {store:?} is masked here: its values are not shown, so nothing can be filtered, joined, grouped, ordered or computed by it; name it alone as a column of the result, or leave it out"
    );
    QueryError::new(Code::Forbidden, message)
}

/// The error for writing a masked field.
pub(super) fn not_written(store: &str, field: &str) -> QueryError {
    let message = format!(
        "the field {field:?} of store {store:?} is masked here: its values are not shown and cannot be written; leave it out, and it stays as it is"
    );
    QueryError::new(Code::Forbidden, message)
}

/// The first place where one of these columns is used other than as a column of a result: its name, and the byte.
pub(super) fn misused(sql: &str, masked: &[String]) -> Option<(String, usize)> {
    let tokens = tokens(sql);
    let mut names: Vec<(String, String)> = masked
        .iter()
        .map(|name| (name.to_ascii_lowercase(), name.clone()))
        .collect();
    let mut alone = vec![false; tokens.len()];
    // An alias of one stands for it everywhere.
    loop {
        let known = names.len();
        for item in result_columns(sql, &tokens) {
            let (path, alias) = item.split();
            let Some(last) = path.last() else { continue };
            let name = tokens.get(*last).map(|token| lower(sql, token));
            let found = names.iter().find(|(there, _)| Some(there) == name.as_ref());
            let Some((_, field)) = found.cloned() else {
                continue;
            };
            for at in path.iter().copied().chain(alias) {
                if let Some(mark) = alone.get_mut(at) {
                    *mark = true;
                }
            }
            if let Some(token) = alias.and_then(|at| tokens.get(at)) {
                let alias = lower(sql, token);
                if names.iter().all(|(there, _)| *there != alias) {
                    names.push((alias, field));
                }
            }
        }
        if names.len() == known {
            break;
        }
    }
    let mut others = tokens
        .iter()
        .enumerate()
        .filter(|(at, _)| !alone.get(*at).copied().unwrap_or_default());
    others.find_map(|(at, token)| {
        if !is_name(sql, &tokens, at) {
            return None;
        }
        let name = lower(sql, token);
        let found = names.iter().find(|(there, _)| *there == name)?;
        Some((found.1.clone(), token.span.start))
    })
}

/// The first JSON path to one of these fields, which are below what the statement reads.
pub(super) fn path_to<'p>(
    sql: &str,
    mut paths: impl Iterator<Item = &'p str>,
) -> Option<(&'p str, usize)> {
    let tokens = tokens(sql);
    let written: Vec<(String, usize)> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == TokenKind::Text)
        .filter_map(|(at, token)| {
            let text = token.name(sql);
            let behind_arrow = at > 0 && tokens.get(at - 1).is_some_and(|t| t.is_sign(sql, ">"));
            let path = text.strip_prefix('$');
            let path = path.or_else(|| behind_arrow.then_some(text.as_str()))?;
            Some((steps(path), token.span.start))
        })
        .collect();
    paths.find_map(|path| {
        let leads = |written: &str| {
            path == written
                || path
                    .strip_suffix(written)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        let found = written
            .iter()
            .find(|(written, _)| !written.is_empty() && leads(written))?;
        Some((path, found.1))
    })
}

/// The fields of a JSON path with dots between them; elements of arrays count for nothing.
fn steps(path: &str) -> String {
    let mut fields = Vec::new();
    for step in path.split(['.', '[', ']']) {
        let field = step.trim_matches('"');
        let is_index = field.starts_with('#') || field.bytes().all(|byte| byte.is_ascii_digit());
        if !is_index {
            fields.push(field);
        }
    }
    fields.join(".")
}

fn lower(sql: &str, token: &Token) -> String {
    token.name(sql).to_ascii_lowercase()
}

/// Whether a token can be the name of a column; text is one behind a dot.
fn is_name(sql: &str, tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let behind = |sign| before.is_some_and(|before| before.is_sign(sql, sign));
    // What an expression is called is not used by that.
    let is_alias = before.is_some_and(|before| before.is(sql, "AS"));
    let called = tokens
        .get(at + 1)
        .is_some_and(|next| next.is_sign(sql, "("));
    match token.kind {
        TokenKind::Word => !is_alias && (!called || behind(".")),
        TokenKind::Quoted => !is_alias,
        TokenKind::Text => behind("."),
        _ => false,
    }
}

/// The tokens of one column of a result.
struct Item<'a> {
    sql: &'a str,
    tokens: &'a [Token],
    from: usize,
    to: usize,
}

impl Item<'_> {
    /// The names of `a.b.c [AS alias]`; none when it is anything else.
    fn split(&self) -> (Vec<usize>, Option<usize>) {
        let mut path = Vec::new();
        let mut at = self.from;
        let is_name = |at: usize| {
            let token = self.tokens.get(at).filter(|_| at < self.to);
            token.is_some_and(|token| token.is_name() || token.kind == TokenKind::Text)
        };
        let is_sign = |at: usize, sign: &str| {
            let token = self.tokens.get(at).filter(|_| at < self.to);
            token.is_some_and(|token| token.is_sign(self.sql, sign))
        };
        while is_name(at) {
            path.push(at);
            at += 1;
            if !is_sign(at, ".") {
                break;
            }
            at += 1;
        }
        let has_as = self
            .tokens
            .get(at)
            .is_some_and(|token| at < self.to && token.is(self.sql, "AS"));
        at += usize::from(has_as);
        let alias = is_name(at).then_some(at);
        at += usize::from(alias.is_some());
        if at == self.to {
            (path, alias)
        } else {
            (Vec::new(), None)
        }
    }
}

/// The columns of each select whose rows are a result, or what another selects from.
fn result_columns<'a>(sql: &'a str, tokens: &'a [Token]) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    // Whether what the parentheses around hold may be a select like that.
    let mut around = vec![true];
    for (at, token) in tokens.iter().enumerate() {
        if token.is_sign(sql, "(") {
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let opens = ["FROM", "JOIN", "AS", "MATERIALIZED"];
            let inside = before.is_some_and(|before| opens.iter().any(|word| before.is(sql, word)));
            around.push(inside && around.last().copied().unwrap_or(false));
        } else if token.is_sign(sql, ")") {
            around.pop();
        } else if token.is(sql, "RETURNING")
            || (token.is(sql, "SELECT") && around.last().copied().unwrap_or(false))
        {
            list(sql, tokens, at + 1, &mut items);
        }
    }
    items
}

fn list<'a>(sql: &'a str, tokens: &'a [Token], start: usize, items: &mut Vec<Item<'a>>) {
    const ENDS: &[&str] = &[
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "WINDOW",
        "ORDER",
        "LIMIT",
        "UNION",
        "EXCEPT",
        "INTERSECT",
    ];
    let mut from = start;
    while tokens
        .get(from)
        .is_some_and(|token| token.is(sql, "DISTINCT") || token.is(sql, "ALL"))
    {
        from += 1;
    }
    let mut depth = 0_i32;
    let mut at = from;
    let mut add = |from: usize, to: usize| {
        items.push(Item {
            sql,
            tokens,
            from,
            to,
        });
    };
    while let Some(token) = tokens.get(at) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                add(from, at);
                from = at + 1;
            }
            _ => {}
        }
        if depth < 0 || (depth == 0 && ENDS.iter().any(|word| token.is(sql, word))) {
            break;
        }
        at += 1;
    }
    add(from, at);
}

/// The numbers of result columns by which rows are ordered or grouped, and where they stand.
pub(super) fn by_number(sql: &str) -> Vec<(usize, usize)> {
    let tokens = tokens(sql);
    let mut found = Vec::new();
    let mut after_by = false;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let begins = before.is_some_and(|b| b.is(sql, "BY") || (after_by && b.is_sign(sql, ",")));
        if token.is(sql, "BY") {
            after_by = true;
        } else if token.is(sql, "LIMIT") || token.is(sql, "HAVING") || token.is_sign(sql, ")") {
            after_by = false;
        }
        if begins && token.kind == TokenKind::Number {
            found.extend(token.text(sql).parse().ok().map(|n| (n, token.span.start)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_result_column_is_found() {
        let pay = ["pay".to_owned()];
        for sql in [
            "SELECT pay FROM e",
            "SELECT name, e.pay AS p, \"PAY\" q FROM e",
            "select distinct pay from e union select pay from f",
            "SELECT * FROM (SELECT pay FROM e) WHERE name = 'pay'",
            "WITH c AS (SELECT pay FROM e) SELECT name AS pay FROM c",
            "INSERT INTO t (a) SELECT pay FROM e RETURNING pay",
            "SELECT pay(1), 'pay' FROM e",
        ] {
            assert_eq!(misused(sql, &pay), None, "{sql}");
        }
        for (sql, at) in [
            ("SELECT pay + 1 FROM e", "pay"),
            ("SELECT name FROM e WHERE Pay > 1", "Pay"),
            ("SELECT pay FROM e ORDER BY e.pay", "pay"),
            ("SELECT pay AS p FROM e ORDER BY p", "p"),
            ("SELECT pay AS p FROM e WHERE e.'pay' = 1", "'pay'"),
            (
                "SELECT p AS q FROM (SELECT pay AS p FROM e) GROUP BY q",
                "q",
            ),
            ("SELECT * FROM e WHERE 1 < (SELECT pay FROM e)", "pay"),
            ("SELECT * FROM e WHERE id IN (SELECT pay FROM e)", "pay"),
            ("SELECT 1 FROM e JOIN f USING (\"pay\")", "\"pay\""),
            ("SELECT max(pay) FROM e", "pay"),
            ("SELECT CASE WHEN pay THEN 1 END FROM e", "pay"),
            ("SELECT (pay) FROM e", "pay"),
            ("UPDATE e SET name = pay", "pay"),
        ] {
            let expected = sql.rfind(at).unwrap();
            assert_eq!(
                misused(sql, &pay),
                Some(("pay".to_owned(), expected)),
                "{sql}"
            );
        }
    }

    #[test]
    fn json_paths_to_fields_are_found() {
        let find = |sql| path_to(sql, ["a.b", "c"].into_iter());
        for sql in [
            "SELECT a ->> '$.b' FROM t",
            "SELECT a -> 'b' FROM t",
            "SELECT value ->> '$.a[0].b' FROM t",
            "SELECT json_extract(value, '$.\"a\".\"b\"') FROM t",
        ] {
            assert_eq!(find(sql).map(|found| found.0), Some("a.b"), "{sql}");
        }
        assert_eq!(find("SELECT value ->> '$.c'").map(|f| f.0), Some("c"));
        for sql in [
            "SELECT a ->> '$.d', 'b' FROM t WHERE x = 'a.b'",
            "SELECT value ->> '$' FROM t",
        ] {
            assert_eq!(find(sql), None, "{sql}");
        }
    }

    #[test]
    fn numbers_of_columns() {
        assert_eq!(
            by_number("SELECT a, 3 FROM t GROUP BY 1, b, 2 HAVING c, 4 ORDER BY 5 DESC LIMIT 6"),
            [(1, 28), (2, 34), (5, 57)]
        );
    }
}
