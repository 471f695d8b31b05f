//! Fields that an `INSERT` or `UPDATE` names and no item has yet.
//!
//! Documents are open, so a new field needs no definition: it is a column from the statement on that writes it. A store with a declared
//! schema takes only the fields that it declares or that items have, and so does one whose values are no objects.
//! A name with dots is a field within objects.

use sop::FieldKind;

use crate::sql::Result;
use crate::sql::columns::TableColumn;
use crate::sql::connection::StoreConnection;
use crate::sql::define::Name;
use crate::sql::error::{Code, QueryError};
use crate::sql::masking;
use crate::sql::running::Running;
use crate::sql::tokens::Token;
use crate::sql::visibility::Protection;

/// The store that a statement changes and the columns that it names.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sql) struct Target {
    pub database: Option<String>,
    pub store: String,
    pub columns: Vec<Name>,
}

/// Looks at one token after the other.
pub(super) struct Reader<'a> {
    pub sql: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
}

impl Reader<'_> {
    pub fn is(&self, word: &str) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.is(self.sql, word))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.is_sign(self.sql, sign))
    }

    pub fn skip(&mut self, word: &str) -> bool {
        let there = self.is(word);
        self.at += usize::from(there);
        there
    }

    pub fn name(&mut self) -> Option<Name> {
        let token = self.tokens.get(self.at).filter(|token| token.is_name())?;
        self.at += 1;
        Some(Name {
            text: token.name(self.sql),
            at: token.span.start,
        })
    }

    /// The names in parentheses that are next.
    pub fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        if !self.is_sign("(") {
            return names;
        }
        self.at += 1;
        while let Some(name) = self.name() {
            names.push(name);
            if !self.is_sign(",") {
                break;
            }
            self.at += 1;
        }
        names
    }

    /// Goes on to the next token outside of parentheses that is one of these; whether there is one.
    pub fn go_to(&mut self, words: &[&str], sign: &str) -> bool {
        let mut depth = 0_i32;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text(self.sql) {
                "(" => depth += 1,
                ")" => depth -= 1,
                text if depth == 0
                    && (text == sign || words.iter().any(|word| token.is(self.sql, word))) =>
                {
                    return true;
                }
                _ => {}
            }
            self.at += 1;
        }
        false
    }

    /// What is set, from behind `SET`.
    pub fn set(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        loop {
            match self.is_sign("(") {
                true => names.extend(self.names()),
                false => names.extend(self.name()),
            }
            let more = self.go_to(&["FROM", "WHERE", "RETURNING", "ORDER", "LIMIT"], ",")
                && self.is_sign(",");
            if !more {
                return names;
            }
            self.at += 1;
        }
    }
}

/// What a statement changes; none for those that name no columns.
pub(in crate::sql) fn target(sql: &str, tokens: &[Token]) -> Option<Target> {
    let mut words = Reader { sql, tokens, at: 0 };
    if !words.go_to(&["INSERT", "REPLACE", "UPDATE", "DELETE"], "\0") {
        return None;
    }
    let (updates, deletes) = (words.is("UPDATE"), words.is("DELETE"));
    words.at += 1;
    if words.skip("OR") {
        words.at += 1;
    }
    if !updates {
        words.skip(if deletes { "FROM" } else { "INTO" });
    }
    let first = words.name()?;
    let (database, store) = match words.is_sign(".") {
        true => {
            words.at += 1;
            (Some(first.text), words.name()?.text)
        }
        false => (None, first.text),
    };
    let columns = if deletes {
        Vec::new()
    } else if updates {
        words.go_to(&["SET"], "\0");
        words.at += 1;
        words.set()
    } else {
        if words.skip("AS") {
            words.name();
        }
        words.names()
    };
    Some(Target {
        database,
        store,
        columns,
    })
}

/// Makes the columns that the statement names and no item has.
pub(in crate::sql) fn new_fields(
    running: &Running,
    connection: &mut StoreConnection,
    target: &Target,
) -> Result<()> {
    let database = match &target.database {
        Some(name) => running.database(name),
        None => Some(0),
    };
    // SQLite says what is wrong with the names of stores.
    let Some(database) = database else {
        return Ok(());
    };
    if target.columns.is_empty() {
        return Ok(());
    }
    let Some(store) = running.find_store(database, &target.store)? else {
        return Ok(());
    };
    let columns = running.columns(database, &store)?;
    check_protected(running, database, &store, target)?;
    let mut new: Vec<&Name> = target
        .columns
        .iter()
        .filter(|name| columns.named(&name.text).is_none() && can_be_new(&name.text))
        .collect();
    new.dedup_by(|a, b| a.text.eq_ignore_ascii_case(&b.text));
    let Some(first) = new.first() else {
        return Ok(());
    };
    let schema = running.schema(database, &store)?;
    let is_object = |kind: FieldKind| matches!(kind, FieldKind::Object | FieldKind::Null);
    let open = schema.values.is_empty() || schema.values.iter().any(|count| is_object(count.kind));
    if schema.declared || !open {
        let visible = columns
            .iter()
            .filter(|column| !column.name.starts_with('_'));
        let known = visible.map(|column| column.name.as_str());
        let message = if schema.declared {
            format!(
                "store {store:?} has a declared schema and no field {:?}; ALTER STORE … ADD COLUMN makes one",
                first.text
            )
        } else {
            format!(
                "the values of store {store:?} are no objects, so they have no field {:?}",
                first.text
            )
        };
        return Err(QueryError::new(Code::FieldNotFound, message)
            .suggest(sop::nearest(&first.text, known))
            .at(Some(first.at)));
    }
    running.add_fields(database, &store, new.iter().map(|name| name.text.clone()));
    connection.forget(database, &store)
}

/// Refuses to write what the caller does not see: a hidden field looks like one that the store does not take.
fn check_protected(running: &Running, database: usize, store: &str, target: &Target) -> Result<()> {
    let Some(rules) = running.rules(database, store) else {
        return Ok(());
    };
    let columns = running.columns(database, store)?;
    for name in &target.columns {
        let column = columns.named(&name.text);
        if column.is_some_and(TableColumn::is_masked) {
            return Err(masking::not_written(store, &name.text).at(Some(name.at)));
        }
        let text = &name.text;
        let path = text.strip_prefix("value.").unwrap_or(text);
        let hidden = Some(Protection::Hidden);
        let is_hidden = rules.value_field(path) == hidden || rules.key_field(text) == hidden;
        if column.is_none() && is_hidden {
            let message = format!("store {store:?} has no field {text:?} here, and takes none");
            return Err(QueryError::new(Code::FieldNotFound, message).at(Some(name.at)));
        }
    }
    Ok(())
}

/// Whether a field may be made under this name: names that say where they are from are of what is there.
fn can_be_new(name: &str) -> bool {
    let whole = !name.split('.').any(str::is_empty) && !name.contains(['\0', '[']);
    whole && !name.starts_with("key.") && !name.starts_with("value.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::tokens::tokens;

    #[test]
    fn columns_that_statements_set() {
        for (sql, store, columns) in [
            (
                "INSERT INTO t (a, \"b c\") VALUES (1, 2)",
                "t",
                &["a", "b c"][..],
            ),
            (
                "insert or replace into d.t as x (a) select b from c",
                "t",
                &["a"],
            ),
            ("INSERT INTO t VALUES (1)", "t", &[]),
            (
                "REPLACE INTO t (a) VALUES ((SELECT max(b) FROM u))",
                "t",
                &["a"],
            ),
            (
                "UPDATE t AS x SET a = b, c = coalesce(d, e), (f, g) = (1, 2) FROM u WHERE h = i",
                "t",
                &["a", "c", "f", "g"],
            ),
            (
                "WITH w AS (SELECT 1, 'UPDATE') UPDATE OR IGNORE t SET a = (SELECT 1, 2) WHERE b",
                "t",
                &["a"],
            ),
            ("DELETE FROM t WHERE a = 1", "t", &[]),
        ] {
            let target = target(sql, &tokens(sql)).unwrap();
            let names: Vec<_> = target
                .columns
                .iter()
                .map(|name| name.text.as_str())
                .collect();
            assert_eq!(
                (target.store.as_str(), names.as_slice()),
                (store, columns),
                "{sql}"
            );
        }
        assert_eq!(target("SELECT 1", &tokens("SELECT 1")), None);
    }
}
