//! `ON CONFLICT`, and `RETURNING` of `UPDATE` and `DELETE`.
//!
//! The clause is taken out of the statement. Rows that an `INSERT` found in its way are then updated one after the other, by the key's place
//! and with `excluded.x` as a literal; items that were changed are selected by their places; items to be deleted are selected before.

use std::fmt::Write as _;

use rusqlite::types::Value as SqliteValue;

use super::fields::{Reader, Target};
use crate::sql::Result;
use crate::sql::columns::{POSITION, Source};
use crate::sql::define::Name;
use crate::sql::error::{Code, QueryError};
use crate::sql::running::Running;
use crate::sql::tokens::{Token, TokenKind, quote_text, tokens};

/// A statement without the clauses that SQLite does not know for virtual tables.
#[derive(Debug)]
pub(in crate::sql) struct Rewritten {
    /// What is left of it.
    pub sql: String,
    pub upsert: Option<Upsert>,
    /// What gives the rows of `RETURNING`: before the statement for `DELETE`, otherwise to be followed by a condition.
    pub returning: Option<String>,
    pub deletes: bool,
    /// Whether places in the texts are not those of the statement as it was written.
    pub moved: bool,
}

/// `ON CONFLICT`.
#[derive(Debug)]
pub(in crate::sql) struct Upsert {
    /// The columns that it names.
    on: Vec<Name>,
    /// None for `DO NOTHING`.
    pub update: Option<Update>,
}

/// `DO UPDATE`.
#[derive(Debug)]
pub(in crate::sql) struct Update {
    /// The fields that are set.
    pub columns: Vec<Name>,
    /// `UPDATE store SET …`, and the condition.
    text: Vec<Piece>,
    condition: Vec<Piece>,
}

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    /// The value that was to be inserted into this column.
    Excluded(String),
}

fn unsupported<T>(at: usize, message: &str) -> Result<T> {
    Err(QueryError::new(Code::Unsupported, message).at(Some(at)))
}

/// The text of a part of a statement, `excluded.x` apart.
fn pieces(sql: &str, part: &[Token]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return pieces;
    };
    let mut from = first.span.start;
    for window in part.windows(3) {
        if let [excluded, dot, name] = window
            && excluded.is_name()
            && excluded.name(sql).eq_ignore_ascii_case("excluded")
            && dot.is_sign(sql, ".")
            && name.is_name()
            && excluded.span.start >= from
        {
            let text = sql.get(from..excluded.span.start).unwrap_or_default();
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(Piece::Excluded(name.name(sql)));
            from = name.span.end;
        }
    }
    let text = sql.get(from..last.span.end).unwrap_or_default();
    pieces.push(Piece::Text(text.to_owned()));
    pieces
}

/// The statement with a number for each `?`, so that parts of it keep their parameters.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let (mut from, mut highest) = (0, 0_u32);
    let mut named: Vec<&str> = Vec::new();
    for token in tokens(sql) {
        if token.kind != TokenKind::Parameter {
            continue;
        }
        let text = token.text(sql);
        if text == "?" {
            highest += 1;
            out += sql.get(from..token.span.start).unwrap_or_default();
            let _ = write!(out, "?{highest}");
            from = token.span.end;
        } else if let Some(number) = text.strip_prefix('?') {
            highest = highest.max(number.parse().unwrap_or_default());
        } else if !named.contains(&text) {
            named.push(text);
            highest += 1;
        }
    }
    out + sql.get(from..).unwrap_or_default()
}

/// Takes out of a statement what SQLite does not do with virtual tables; none when there is nothing of that.
pub(in crate::sql) fn rewrite(written: &str) -> Result<Option<Rewritten>> {
    let sql = numbered(written);
    let all = tokens(&sql);
    let mut words = Reader {
        sql: &sql,
        tokens: &all,
        at: 0,
    };
    if !words.go_to(&["INSERT", "REPLACE", "UPDATE", "DELETE"], "\0") {
        return Ok(None);
    }
    let (verb, inserts) = (words.at, words.is("INSERT") || words.is("REPLACE"));
    let deletes = words.is("DELETE");
    let mut conflict = None;
    while inserts && words.go_to(&["ON"], "\0") {
        words.at += 1;
        if words.is("CONFLICT") {
            conflict = Some(words.at - 1);
            break;
        }
    }
    words.at = verb;
    let returning = words.go_to(&["RETURNING"], "\0").then_some(words.at);
    if conflict.is_none() && (inserts || returning.is_none()) {
        return Ok(None);
    }
    let place = |at: usize| all.get(at).map_or(sql.len(), |token| token.span.start);
    let behind = |at: usize| all.get(at).map_or(sql.len(), |token| token.span.end);
    let text = |from: usize, to: usize| sql.get(from..to).unwrap_or_default();
    let end = returning.unwrap_or(all.len());
    let store = store_text(&sql, &all, verb);
    let with = text(0, place(verb));
    let returned = returning.map(|at| text(behind(at), sql.len()));
    let cut = conflict.unwrap_or(end);
    let returning = returned.map(|what| match deletes {
        true => format!("{with}SELECT {what} {}", text(behind(verb), place(cut))),
        false => format!("{with}SELECT {what} FROM {store} WHERE "),
    });
    let upsert = match conflict {
        Some(at) => {
            let mut words = Reader {
                sql: &sql,
                tokens: all.get(..end).unwrap_or_default(),
                at: at + 2,
            };
            let before = format!("{with}UPDATE {store} SET ");
            Some(upsert(&mut words, before)?)
        }
        None => None,
    };
    Ok(Some(Rewritten {
        sql: text(0, place(cut)).to_owned(),
        upsert,
        returning,
        deletes,
        moved: sql != written,
    }))
}

/// The store that is changed, with its other name, as it is written.
fn store_text(sql: &str, all: &[Token], verb: usize) -> String {
    let mut words = Reader {
        sql,
        tokens: all,
        at: verb + 1,
    };
    if words.skip("OR") {
        words.at += 1;
    }
    if !words.skip("INTO") {
        words.skip("FROM");
    }
    let from = all.get(words.at).map_or(0, |token| token.span.start);
    words.name();
    if words.is_sign(".") {
        words.at += 1;
        words.name();
    }
    if words.skip("AS") {
        words.name();
    }
    let last = words.at.checked_sub(1).and_then(|at| all.get(at));
    let to = last.map_or(from, |token| token.span.end);
    sql.get(from..to).unwrap_or_default().to_owned()
}

fn upsert(words: &mut Reader<'_>, before: String) -> Result<Upsert> {
    let here = |words: &Reader<'_>| {
        let token = words.tokens.get(words.at);
        token.map_or(words.sql.len(), |token| token.span.start)
    };
    let on = words.names();
    if !on.is_empty() {
        if !words.is_sign(")") {
            return unsupported(
                here(words),
                "ON CONFLICT takes the columns of the key here, and nothing else",
            );
        }
        words.at += 1;
    }
    if !words.skip("DO") {
        return unsupported(
            here(words),
            "expected DO NOTHING or DO UPDATE SET … behind ON CONFLICT (key)",
        );
    }
    if words.skip("NOTHING") {
        if words.at < words.tokens.len() {
            return unsupported(
                here(words),
                "there is one ON CONFLICT, as only the key is unique",
            );
        }
        return Ok(Upsert { on, update: None });
    }
    if !(words.skip("UPDATE") && words.skip("SET")) {
        return unsupported(
            here(words),
            "expected DO NOTHING or DO UPDATE SET … behind ON CONFLICT (key)",
        );
    }
    let start = words.at;
    let columns = words.set();
    words.at = start;
    let part = |from: usize, to: usize| words.tokens.get(from..to).unwrap_or_default();
    let mut finder = Reader { ..*words };
    if finder.go_to(&["ON"], "\0") {
        return unsupported(
            here(&finder),
            "there is one ON CONFLICT, as only the key is unique",
        );
    }
    finder.at = start;
    let end = match finder.go_to(&["WHERE"], "\0") {
        true => finder.at,
        false => words.tokens.len(),
    };
    let mut text = vec![Piece::Text(before)];
    text.extend(pieces(words.sql, part(start, end)));
    let condition = pieces(words.sql, part(end + 1, words.tokens.len()));
    Ok(Upsert {
        on,
        update: Some(Update {
            columns,
            text,
            condition,
        }),
    })
}

/// A value as it is written in a statement.
fn literal(value: &SqliteValue) -> String {
    match value {
        SqliteValue::Null => "NULL".to_owned(),
        SqliteValue::Integer(value) => value.to_string(),
        SqliteValue::Real(value) if value.is_finite() => format!("{value:?}"),
        SqliteValue::Real(value) => format!("{}9e999", if *value < 0.0 { "-" } else { "" }),
        SqliteValue::Text(text) if text.contains('\0') => {
            format!("CAST({} AS TEXT)", bytes(text.as_bytes()))
        }
        SqliteValue::Text(text) => quote_text(text),
        SqliteValue::Blob(blob) => bytes(blob),
    }
}

fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + 3);
    out += "x'";
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out + "'"
}

impl Update {
    /// The statement for the item at a position, in whose way the insert of these values was.
    pub fn statement(&self, position: &[u8], values: &[(String, SqliteValue)]) -> String {
        let mut sql = String::new();
        let mut add = |pieces: &[Piece]| {
            for piece in pieces {
                match piece {
                    Piece::Text(text) => sql += text,
                    Piece::Excluded(name) => {
                        let found = values
                            .iter()
                            .find(|(there, _)| there.eq_ignore_ascii_case(name));
                        // Behind a minus sign one of its own would begin a comment.
                        sql += "(";
                        sql +=
                            &found.map_or_else(|| "NULL".to_owned(), |(_, value)| literal(value));
                        sql += ")";
                    }
                }
            }
        };
        add(&self.text);
        add(&[Piece::Text(" WHERE ".to_owned())]);
        if !self.condition.is_empty() {
            add(&[Piece::Text("(".to_owned())]);
            add(&self.condition);
            add(&[Piece::Text(") AND ".to_owned())]);
        }
        sql + &at_positions(&[position.to_vec()])
    }
}

/// The condition that an item is at one of these places.
pub(in crate::sql) fn at_positions(positions: &[Vec<u8>]) -> String {
    if let [one] = positions {
        return format!("{POSITION} = {}", bytes(one));
    }
    let all: Vec<String> = positions.iter().map(|position| bytes(position)).collect();
    format!("{POSITION} IN ({})", all.join(", "))
}

/// Checks that `ON CONFLICT` names the key, and that the key is unique. Places in errors count from the statement's begin.
pub(in crate::sql) fn check_conflict_target(
    running: &Running,
    target: &Target,
    upsert: &Upsert,
) -> Result<()> {
    let database = target
        .database
        .as_deref()
        .map_or(Some(0), |name| running.database(name));
    let Some(database) = database else {
        return Ok(());
    };
    let Some(store) = running.find_store(database, &target.store)? else {
        return Ok(());
    };
    let columns = running.columns(database, &store)?;
    let key = columns
        .iter()
        .filter(|column| matches!(column.source, Source::Key(_)));
    let key: Vec<&str> = key.map(|column| column.name.as_str()).collect();
    let unique = running.store(database, &store)?.store().definition().unique;
    let at = upsert.on.first().map(|name| name.at);
    if !unique {
        let message =
            format!("store {store:?} takes a key more than once, so there are no conflicts");
        return Err(QueryError::new(Code::Unsupported, message).at(at));
    }
    let in_key = |name: &Name| {
        key.iter()
            .any(|there| there.eq_ignore_ascii_case(&name.text))
    };
    let all = upsert.on.len() == key.len() && upsert.on.iter().all(in_key);
    if upsert.on.is_empty() || all {
        return Ok(());
    }
    let message = format!(
        "only the key of store {store:?} is unique: write ON CONFLICT ({})",
        key.join(", ")
    );
    Err(QueryError::new(Code::Unsupported, message).at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_taken_out() {
        assert!(
            rewrite("INSERT INTO t (a) VALUES (1) RETURNING a")
                .unwrap()
                .is_none()
        );
        assert!(rewrite("UPDATE t SET a = 'RETURNING x'").unwrap().is_none());
        let all = rewrite(
            "WITH w AS (SELECT 1) INSERT INTO d.t AS x (a, b) VALUES (?, :b), (?, 2) ON CONFLICT (a)
             DO UPDATE SET b = excluded.b || x.b, c = -Excluded.\"c\" WHERE b < ? RETURNING *",
        )
        .unwrap()
        .unwrap();
        assert_eq!(
            all.sql,
            "WITH w AS (SELECT 1) INSERT INTO d.t AS x (a, b) VALUES (?1, :b), (?3, 2) "
        );
        assert_eq!(
            all.returning.as_deref(),
            Some("WITH w AS (SELECT 1) SELECT  * FROM d.t AS x WHERE ")
        );
        let update = all.upsert.unwrap().update.unwrap();
        assert_eq!(
            update.statement(
                &[1, 255],
                &[
                    ("b".to_owned(), SqliteValue::Text("it's".to_owned())),
                    ("c".to_owned(), SqliteValue::Integer(-1))
                ]
            ),
            "WITH w AS (SELECT 1) UPDATE d.t AS x SET b = ('it''s') || x.b, c = -(-1) WHERE (b < ?4) AND _position = x'01ff'"
        );
        let all = rewrite("DELETE FROM t WHERE a = ? RETURNING a + ?")
            .unwrap()
            .unwrap();
        assert_eq!(all.sql, "DELETE FROM t WHERE a = ?1 ");
        assert_eq!(
            all.returning.as_deref(),
            Some("SELECT  a + ?2  FROM t WHERE a = ?1 ")
        );
        for sql in [
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING ON CONFLICT (b) DO NOTHING",
            "INSERT INTO t VALUES (1) ON CONFLICT (a COLLATE NOCASE) DO NOTHING",
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO",
        ] {
            assert_eq!(rewrite(sql).unwrap_err().code, Code::Unsupported, "{sql}");
        }
    }

    #[test]
    fn literals_are_read_back() {
        let plain = rusqlite::Connection::open_in_memory().unwrap();
        for value in [
            SqliteValue::Null,
            SqliteValue::Integer(i64::MIN),
            SqliteValue::Real(-1.5e300),
            SqliteValue::Real(1e16),
            SqliteValue::Real(f64::NEG_INFINITY),
            SqliteValue::Text("a'\"\0;--".to_owned()),
            SqliteValue::Text("it''s".to_owned()),
            SqliteValue::Blob(vec![0, 255]),
        ] {
            let sql = format!("SELECT {}", literal(&value));
            let back: SqliteValue = plain.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(back, value, "{sql}");
        }
    }
}
