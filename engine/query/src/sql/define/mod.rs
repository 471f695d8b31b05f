//! Definitions by SQL: `CREATE STORE`, `DROP STORE`, `ALTER STORE`, `CREATE INDEX` and `DROP INDEX`; the words `TABLE` and `STORE` mean the same.
//!
//! ```sql
//! CREATE STORE [IF NOT EXISTS] [db.]name (
//!     column type [NOT NULL] [PRIMARY KEY [ASC | DESC]] [REFERENCES store (field)], …,
//!     PRIMARY KEY (column [ASC | DESC], …),
//!     FOREIGN KEY (column, …) REFERENCES store (field, …)
//! ) [WITH (setting = value, …)]
//! CREATE STORE [IF NOT EXISTS] [db.]name [(column type, …)] PRIMARY KEY (column [type] [ASC | DESC], …) [WITH (…)] AS select
//! DROP STORE [IF EXISTS] [db.]name
//! ALTER STORE [db.]name action, …
//!     ADD [COLUMN] column type [NOT NULL]
//!     DROP [COLUMN] [IF EXISTS] column
//!     ADD RELATION (field, …) TO store (field, …), DROP RELATION (field, …) TO store
//!     SET (description = '…', declared = true, cache = '{…}')
//! CREATE [UNIQUE] INDEX [IF NOT EXISTS] [db.]name ON store (field [ASC | DESC], …)
//! DROP INDEX [IF EXISTS] [db.]name
//! ```
//!
//! Settings of `WITH`: `unique`, `slot_length`, `placement` (`'node'`, `'segment'`), `leaf_load_balancing`, `description`, `declared`,
//! `cache` (JSON), `ride_on = (column, …)`, and the CEL orders `compare` and `sort_key`.
//!
//! - The columns of the primary key make the key and are no part of the values. One column named `key` makes a single key without
//!   a name; any other makes a key of named fields, as an import does with `key=A`.
//! - The other columns are the schema of the values. Documents stay open: the schema is only a description unless it is declared
//!   (`declared = true`, `STRICT`, or any column that is `NOT NULL`), which enforces all of it on every write.
//! - `DROP COLUMN` takes a field out of the schema. Items keep what they have in it; `UPDATE … SET field = NULL` removes that.
//! - A foreign key is a relation: it says how stores belong together and is not enforced.
//! - An index is a store that the database keeps: its items are the values of the fields and the key of each item of its
//!   source. Fields are those of the key or of the value, `a.b` within objects. `UNIQUE` allows values once; items that lack
//!   one of the fields are not compared.
//! - A definition is a part of its transaction like any change: seen by the next statement, undone by `ROLLBACK`.
//!
//! Not there, and errors that say why: names cannot be changed, no defaults, checks, unique columns, generated or counted values.

mod alter;
mod create;
mod index;
mod parse;
mod run;
mod settings;
#[cfg(test)]
mod tests;
mod types;
mod words;

pub(super) use self::create::Selected;
pub(super) use self::parse::parse;
pub(super) use self::run::run;

use std::ops::Range;

use self::types::TypeName;

/// A name, and the byte at which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub text: String,
    pub at: usize,
}

/// A store of a database; the default one when none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoreName {
    pub database: Option<Name>,
    pub store: Name,
}

/// What a statement defines.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Definition {
    Create(Box<Create>),
    Drop {
        store: StoreName,
        if_exists: bool,
    },
    Alter {
        store: StoreName,
        actions: Vec<Action>,
    },
    CreateIndex(Box<index::CreateIndex>),
    DropIndex {
        index: StoreName,
        if_exists: bool,
    },
}

/// A store to be made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Create {
    pub store: StoreName,
    pub if_not_exists: bool,
    pub columns: Vec<Column>,
    pub key: Vec<KeyPart>,
    pub relations: Vec<References>,
    pub settings: Vec<Setting>,
    /// `STRICT`.
    pub strict: bool,
    /// The select whose rows become its items.
    pub select: Option<Range<usize>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: Name,
    pub kind: Option<TypeName>,
    pub not_null: bool,
}

/// A column of the primary key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyPart {
    pub name: Name,
    /// Only where no column says it.
    pub kind: Option<TypeName>,
    pub descending: bool,
}

/// A relation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct References {
    pub fields: Vec<Name>,
    pub target: Name,
    /// None: the fields of the target's key.
    pub target_fields: Vec<Name>,
}

/// A part of `ALTER`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    AddColumn(Column),
    DropColumn { name: Name, if_exists: bool },
    AddRelation(References),
    DropRelation(References),
    Set(Vec<Setting>),
}

/// `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub name: Name,
    pub value: SettingValue,
    /// Where the value stands.
    pub at: usize,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SettingValue {
    Bool(bool),
    Number(u32),
    Text(String),
    Names(Vec<Name>),
}
