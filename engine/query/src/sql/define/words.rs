//! Going through the tokens of a definition: what stands next, and errors that say where and what was expected.

use super::{Name, StoreName};
use crate::sql::Result;
use crate::sql::error::{Code, QueryError};
use crate::sql::tokens::{Token, TokenKind, tokens};

/// Words that end a type's name, so that no column needs quotes to have a type of several words.
const BEHIND_TYPES: &[&str] = &[
    "PRIMARY",
    "NOT",
    "NULL",
    "REFERENCES",
    "DEFAULT",
    "CHECK",
    "UNIQUE",
    "COLLATE",
    "GENERATED",
    "AS",
    "CONSTRAINT",
    "ASC",
    "DESC",
    "AUTOINCREMENT",
    "AUTO_INCREMENT",
    "IDENTITY",
    "COMMENT",
    "ON",
    "DEFERRABLE",
    "FIRST",
    "AFTER",
];

/// The tokens of a statement and how far they are read.
pub(super) struct Words<'a> {
    pub sql: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl<'a> Words<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self {
            sql,
            tokens: tokens(sql),
            next: 0,
        }
    }

    pub fn peek(&self, further: usize) -> Option<&Token> {
        self.tokens.get(self.next + further)
    }

    /// Where the next token stands.
    pub fn at(&self) -> usize {
        self.peek(0)
            .map_or(self.sql.len(), |token| token.span.start)
    }

    pub fn is_end(&self) -> bool {
        self.peek(0).is_none()
    }

    pub fn is(&self, word: &str) -> bool {
        self.peek(0).is_some_and(|token| token.is(self.sql, word))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        self.peek(0)
            .is_some_and(|token| token.is_sign(self.sql, sign))
    }

    /// Takes these words, if they are next.
    pub fn take(&mut self, words: &[&str]) -> bool {
        let there = words
            .iter()
            .enumerate()
            .all(|(at, word)| self.peek(at).is_some_and(|token| token.is(self.sql, word)));
        if there {
            self.next += words.len();
        }
        there
    }

    /// Takes one of these words, if one is next.
    pub fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(&[word]))
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let there = self.is_sign(sign);
        self.next += usize::from(there);
        there
    }

    /// The error that something else was expected here.
    pub fn expected<T>(&self, what: &str) -> Result<T> {
        let found = match self.peek(0) {
            Some(token) => format!("found {}", token.text(self.sql)),
            None => "the statement ends here".to_owned(),
        };
        let error = QueryError::new(Code::Syntax, format!("expected {what}, {found}"));
        Err(error.at(Some(self.at())))
    }

    pub fn sign(&mut self, sign: &str) -> Result<()> {
        if self.take_sign(sign) {
            return Ok(());
        }
        self.expected(&format!("\"{sign}\""))
    }

    pub fn word(&mut self, word: &str) -> Result<()> {
        if self.take(&[word]) {
            return Ok(());
        }
        self.expected(word)
    }

    /// A name, bare or in double quotes.
    pub fn name(&mut self, what: &str) -> Result<Name> {
        match self.peek(0) {
            Some(token) if token.is_name() => {
                let name = Name {
                    text: token.name(self.sql),
                    at: token.span.start,
                };
                self.next += 1;
                Ok(name)
            }
            Some(token) if token.kind == TokenKind::Text => {
                self.expected(&format!("{what} (names stand bare or in double quotes)"))
            }
            _ => self.expected(what),
        }
    }

    pub fn store_name(&mut self) -> Result<StoreName> {
        let first = self.name("the name of a store")?;
        if !self.take_sign(".") {
            return Ok(StoreName {
                database: None,
                store: first,
            });
        }
        Ok(StoreName {
            database: Some(first),
            store: self.name("the name of a store")?,
        })
    }

    /// Names in parentheses.
    pub fn names(&mut self, what: &str) -> Result<Vec<Name>> {
        self.list(|words| words.name(what))
    }

    /// Things in parentheses, with commas between them, at least one.
    pub fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.sign("(")?;
        let mut all = Vec::new();
        loop {
            all.push(one(self)?);
            if self.take_sign(")") {
                return Ok(all);
            }
            if !self.take_sign(",") {
                return self.expected("\",\" or \")\"");
            }
        }
    }

    /// The words of a type, without what stands in parentheses behind them; empty when there is none.
    pub fn type_words(&mut self) -> Result<Option<Name>> {
        let at = self.at();
        let mut text = String::new();
        while let Some(token) = self.peek(0)
            && token.is_name()
            && !BEHIND_TYPES.iter().any(|word| token.is(self.sql, word))
        {
            if !text.is_empty() {
                text.push(' ');
            }
            text += &token.name(self.sql).to_ascii_lowercase();
            self.next += 1;
            self.length()?;
        }
        Ok((!text.is_empty()).then_some(Name { text, at }))
    }

    /// `(10)` or `(10, 2)` behind a type: read, and of no meaning.
    fn length(&mut self) -> Result<()> {
        if !self.is_sign("(") {
            return Ok(());
        }
        self.list(|words| match words.peek(0) {
            Some(token) if token.kind == TokenKind::Number => {
                words.next += 1;
                Ok(())
            }
            Some(token) if token.is(words.sql, "MAX") => {
                words.next += 1;
                Ok(())
            }
            _ => words.expected("a number"),
        })?;
        Ok(())
    }

    pub fn advance(&mut self) {
        self.next += 1;
    }

    pub fn finish(&self, what: &str) -> Result<()> {
        if self.is_end() {
            return Ok(());
        }
        self.expected(&format!("{what} or the end of the statement"))
    }
}

/// The error for what is not there.
pub(super) fn unsupported<T>(at: usize, message: impl Into<String>) -> Result<T> {
    Err(QueryError::new(Code::Unsupported, message).at(Some(at)))
}

/// The error for what has no sense.
pub(super) fn invalid<T>(at: usize, message: impl Into<String>) -> Result<T> {
    Err(QueryError::new(Code::InvalidValue, message).at(Some(at)))
}
