//! `CREATE VIEW` and `DROP VIEW`.

use sop::key::Key;

use super::{SCHEMA, STORE, View, definition};
use crate::sql::Result;
use crate::sql::connection::StoreConnection;
use crate::sql::define::Name;
use crate::sql::error::{Code, QueryError};
use crate::sql::output::DefinedStore;
use crate::sql::running::Running;
use crate::sql::tokens::{Token, tokens};

/// A statement about a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum ViewStatement {
    Create {
        name: Name,
        view: View,
        if_not_exists: bool,
    },
    Drop {
        name: Name,
        if_exists: bool,
    },
}

/// The most bytes of a view's name.
const MAX_NAME_BYTES: usize = 128;

struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// The name of the database, which may stand before that of the view.
    database: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, words: &[&str]) -> bool {
        let there = words.iter().enumerate().all(|(at, word)| {
            let token = self.tokens.get(self.at + at);
            token.is_some_and(|token| token.is(self.sql, word))
        });
        self.at += if there { words.len() } else { 0 };
        there
    }

    fn sign(&mut self, sign: &str) -> bool {
        let token = self.tokens.get(self.at);
        let there = token.is_some_and(|token| token.is_sign(self.sql, sign));
        self.at += usize::from(there);
        there
    }

    fn place(&self) -> usize {
        let token = self.tokens.get(self.at);
        token.map_or(self.sql.len(), |token| token.span.start)
    }

    fn expected(&self, what: &str) -> QueryError {
        QueryError::new(Code::Syntax, format!("expected {what} here")).at(Some(self.place()))
    }

    fn name(&mut self, what: &str) -> Result<Name> {
        let token = self.tokens.get(self.at).filter(|token| token.is_name());
        let token = token.ok_or_else(|| self.expected(what))?;
        let name = Name {
            text: token.name(self.sql),
            at: token.span.start,
        };
        self.at += 1;
        Ok(name)
    }

    fn view_name(&mut self) -> Result<Name> {
        let what = "the name of a view";
        let first = self.name(what)?;
        let name = if self.sign(".") {
            let own = [SCHEMA, "main", self.database];
            if !own.iter().any(|own| own.eq_ignore_ascii_case(&first.text)) {
                let message = format!(
                    "views are made in the database that the statement runs in, not in {:?}; run it there",
                    first.text
                );
                return Err(QueryError::new(Code::Unsupported, message).at(Some(first.at)));
            }
            self.name(what)?
        } else {
            first
        };
        let text = &name.text;
        if text.is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
            let message = format!(
                "the name of a view has 1 to {MAX_NAME_BYTES} bytes and no control characters"
            );
            return Err(QueryError::new(Code::InvalidValue, message).at(Some(name.at)));
        }
        Ok(name)
    }

    fn columns(&mut self) -> Result<Vec<String>> {
        let mut columns = Vec::new();
        if !self.sign("(") {
            return Ok(columns);
        }
        loop {
            columns.push(self.name("the name of a column")?.text);
            if self.sign(")") {
                return Ok(columns);
            }
            if !self.sign(",") {
                return Err(self.expected("\",\" or \")\""));
            }
        }
    }
}

/// Reads a statement about a view; none for any other.
pub(in crate::sql) fn parse(sql: &str, database: &str) -> Result<Option<ViewStatement>> {
    let tokens = tokens(sql);
    let mut words = Reader {
        sql,
        tokens: &tokens,
        at: 0,
        database,
    };
    if words.take(&["DROP", "VIEW"]) {
        let if_exists = words.take(&["IF", "EXISTS"]);
        let name = words.view_name()?;
        if words.at < tokens.len() {
            return Err(words.expected("the end of the statement"));
        }
        return Ok(Some(ViewStatement::Drop { name, if_exists }));
    }
    if !words.take(&["CREATE", "VIEW"]) {
        let view = tokens.get(2).is_some_and(|token| token.is(sql, "VIEW"));
        if words.take(&["ALTER", "VIEW"]) || (words.take(&["CREATE"]) && view) {
            let message = "views are kept in the database and not changed: write CREATE VIEW name AS select, or DROP VIEW name first";
            return Err(QueryError::new(Code::Unsupported, message).at(Some(words.place())));
        }
        return Ok(None);
    }
    let if_not_exists = words.take(&["IF", "NOT", "EXISTS"]);
    let name = words.view_name()?;
    let columns = words.columns()?;
    if !words.take(&["AS"]) {
        return Err(words.expected("AS and a select"));
    }
    let selects = ["SELECT", "WITH", "VALUES"];
    let token = tokens.get(words.at);
    if !token.is_some_and(|token| selects.iter().any(|word| token.is(sql, word))) {
        return Err(words.expected("a select"));
    }
    let view = View {
        name: name.text.clone(),
        sql: sql.get(words.place()..).unwrap_or_default().to_owned(),
        columns,
    };
    Ok(Some(ViewStatement::Create {
        name,
        view,
        if_not_exists,
    }))
}

/// Makes or drops a view in the transaction of its statement.
pub(in crate::sql) fn carry_out(
    running: &Running,
    connection: &mut StoreConnection,
    statement: &ViewStatement,
) -> Result<()> {
    let (name, after) = match statement {
        ViewStatement::Create { name, view, .. } => (name, Some(view)),
        ViewStatement::Drop { name, .. } => (name, None),
    };
    let before = running.view(&name.text)?;
    match (statement, &before) {
        (
            ViewStatement::Create {
                if_not_exists: true,
                ..
            },
            Some(_),
        )
        | (
            ViewStatement::Drop {
                if_exists: true, ..
            },
            None,
        ) => return Ok(()),
        (ViewStatement::Create { .. }, Some(there)) => {
            let message = format!("view {:?} exists already; DROP VIEW removes it", there.name);
            return Err(QueryError::new(Code::Constraint, message).at(Some(name.at)));
        }
        (ViewStatement::Drop { .. }, None) => {
            let names = running.view_names()?;
            let message = format!("there is no view {:?}", name.text);
            return Err(QueryError::new(Code::StoreNotFound, message)
                .suggest(sop::nearest(&name.text, names))
                .at(Some(name.at)));
        }
        _ => {}
    }
    running.change(0)?;
    let transaction = running.transaction(0)?;
    if matches!(
        transaction.documents(STORE),
        Err(sop::Error::StoreNotFound { .. })
    ) {
        transaction.create_store(definition())?;
    }
    let store = transaction.documents(STORE)?;
    if let Some(view) = after {
        store.insert(&Key::from(view.name.as_str()), &view.to_document()?)?;
    } else {
        let there = before
            .as_ref()
            .map_or(name.text.as_str(), |view| &view.name);
        store.remove(&Key::from(there))?;
    }
    running.redefine(0, STORE);
    connection.forget_views()?;
    let text = |view: &View| {
        let document = view.to_document().ok()?;
        Some(document.to_json())
    };
    running.definitions.borrow_mut().push(DefinedStore {
        database: running.catalog.name(0).to_owned(),
        store: super::table(&name.text),
        before: before.as_ref().and_then(text),
        after: after.and_then(text),
    });
    if let Some(view) = after {
        let declared = super::declare(running, connection, view, &mut Vec::new());
        declared.map_err(|error| QueryError {
            at: Some(name.at),
            ..error
        })?;
    }
    Ok(())
}
