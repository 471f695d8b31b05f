//! Counting without a walk.
//!
//! SQLite counts the rows of a virtual table one by one. `SELECT count(*)` from one store, under conditions on fields that
//! are joined by `AND`, is put into other words: the sum of a column that says how many items a row stands for, with leave to let
//! one stand for many. The table makes use of it where all conditions are exactly a range of keys, or such that it can test itself ([`plan`](super::table)), and gives the items
//! one by one otherwise, so that the words mean the same in any case.

use super::columns::{COUNT, COUNTED};
use super::tokens::{Token, TokenKind, quote_name};

/// Walks over the tokens of a statement.
struct Words<'a> {
    sql: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Whether a name is that of a field by which a table may count.
    is_field: &'a dyn Fn(&str) -> bool,
}

impl Words<'_> {
    fn word(&mut self, word: &str) -> Option<()> {
        self.tokens
            .get(self.at)?
            .is(self.sql, word)
            .then(|| self.at += 1)
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.tokens
            .get(self.at)?
            .is_sign(self.sql, sign)
            .then(|| self.at += 1)
    }

    /// A name that is no keyword that could stand there.
    fn name(&mut self) -> Option<()> {
        let token = self.tokens.get(self.at)?;
        let keywords = [
            "WHERE", "GROUP", "ORDER", "LIMIT", "JOIN", "AS", "INDEXED", "NOT", "CROSS", "LEFT",
            "NATURAL", "UNION",
        ];
        let is_keyword = keywords.iter().any(|word| token.is(self.sql, word));
        (token.is_name() && !is_keyword).then(|| self.at += 1)
    }

    /// `a`, `"a"`, `t.a`.
    fn path(&mut self) -> Option<()> {
        self.name()?;
        while self.sign(".").is_some() {
            self.name()?;
        }
        Some(())
    }

    /// A literal or a parameter.
    fn value(&mut self) -> Option<()> {
        let _ = self.sign("-");
        let token = self.tokens.get(self.at)?;
        let is_value = matches!(
            token.kind,
            TokenKind::Text | TokenKind::Number | TokenKind::Parameter
        );
        is_value.then(|| self.at += 1)
    }

    fn condition(&mut self) -> Option<()> {
        self.path()?;
        let name = self.tokens.get(self.at.checked_sub(1)?)?.name(self.sql);
        if !(self.is_field)(&name) {
            return None;
        }
        if self.word("BETWEEN").is_some() {
            self.value()?;
            self.word("AND")?;
            return self.value();
        }
        if self.word("IS").is_some() {
            let _ = self.word("NOT");
            return self.word("NULL");
        }
        if self.word("LIKE").is_some() {
            return self.value();
        }
        if self.word("IN").is_some() {
            return self.list();
        }
        // The second sign of `==`, `<=`, `>=`, `<>` and `!=`.
        let first = ["=", "<", ">", "!"]
            .into_iter()
            .find(|sign| self.sign(sign).is_some())?;
        let second: &[&str] = match first {
            "<" => &["=", ">"],
            _ => &["="],
        };
        let has_second = second.iter().any(|sign| self.sign(sign).is_some());
        if first == "!" && !has_second {
            return None;
        }
        self.value()
    }

    /// `(1, 2)`
    fn list(&mut self) -> Option<()> {
        self.sign("(")?;
        self.value()?;
        while self.sign(",").is_some() {
            self.value()?;
        }
        self.sign(")")
    }

    fn end(&self) -> bool {
        self.at >= self.tokens.len()
    }
}

/// A counting statement in words that need no walk; none for any other.
pub(super) fn rewritten(
    sql: &str,
    tokens: &[Token],
    is_field: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let mut words = Words {
        sql,
        tokens,
        at: 0,
        is_field,
    };
    words.word("SELECT")?;
    let counted = words.at;
    words.word("COUNT")?;
    words.sign("(")?;
    words.sign("*")?;
    words.sign(")")?;
    let counted_end = words.at;
    let named = words.word("AS").is_some();
    if named {
        words.name()?;
    } else if !tokens.get(words.at)?.is(sql, "FROM") {
        return None;
    }
    let middle = words.at;
    words.word("FROM")?;
    words.path()?;
    if words.word("AS").is_some() {
        words.name()?;
    } else {
        let _ = words.name();
    }
    let source_end = words.at;
    if words.word("WHERE").is_some() {
        words.condition()?;
        while words.word("AND").is_some() {
            words.condition()?;
        }
    }
    if !words.end() {
        return None;
    }
    let text = |from: usize, to: usize| {
        let first = tokens.get(from)?.span.start;
        let last = tokens.get(to.checked_sub(1)?)?.span.end;
        sql.get(first..last)
    };
    let name = match named {
        true => text(counted_end, middle)?.to_owned(),
        false => format!("AS {}", quote_name(text(counted, counted_end)?)),
    };
    let source = text(middle, source_end)?;
    let conditions = match text(source_end + 1, tokens.len()) {
        Some(conditions) if source_end < tokens.len() => format!(" AND {conditions}"),
        _ => String::new(),
    };
    Some(format!(
        "SELECT coalesce(sum({COUNT}), 0) {name} {source} WHERE {COUNTED} = 1{conditions}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::tokens::tokens;

    #[test]
    fn what_is_rewritten() {
        let of = |sql: &str| rewritten(sql, &tokens(sql), &|name| name != "note");
        assert_eq!(
            of("select count(*) from a.b where x = 5 and y between ? and 'z'").as_deref(),
            Some(
                "SELECT coalesce(sum(_count), 0) AS \"count(*)\" from a.b WHERE _counted = 1 AND x = 5 and y between ? and 'z'"
            )
        );
        assert_eq!(
            of("SELECT COUNT(*) AS n FROM t").as_deref(),
            Some("SELECT coalesce(sum(_count), 0) AS n FROM t WHERE _counted = 1")
        );
        for conditions in [
            "a IS NULL",
            "a IS NOT NULL AND b LIKE 'x%'",
            "a IN (1, ?, 'z')",
            "a <> 1 AND b != 2 AND c >= 3 AND d == 4",
        ] {
            let rewritten = of(&format!("SELECT count(*) FROM t WHERE {conditions}"));
            let counted = format!("FROM t WHERE _counted = 1 AND {conditions}");
            assert!(
                rewritten.is_some_and(|sql| sql.ends_with(&counted)),
                "{conditions}"
            );
        }
        for sql in [
            "SELECT count(*), 1 FROM t",
            "SELECT count(x) FROM t",
            "SELECT count(*) FROM t WHERE a = 1 OR b = 2",
            "SELECT count(*) FROM t WHERE a = b",
            "SELECT count(*) FROM t GROUP BY a",
            "SELECT count(*) FROM t, u",
            "SELECT count(*) FROM t WHERE NOT a = 1",
            "SELECT count(*) FROM (SELECT 1)",
            "SELECT count(*) FROM t LIMIT 0",
            "SELECT count(*) FROM t WHERE note = 1",
            "SELECT count(*) FROM t WHERE a ! 1",
            "SELECT count(*) FROM t WHERE a IN (SELECT 1)",
            "SELECT count(*) FROM t WHERE a LIKE 'x' ESCAPE 'y'",
            "SELECT count(*) FROM t WHERE a IS 1",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
