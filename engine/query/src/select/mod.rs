//! Filter, select and write documents, compiled to SQL with parameters.
//!
//! A document is JSON. It names stores, fields and operators; [`compile`] and [`compile_filter`] turn it into a
//! statement. They look nothing up but the [`Schema`] that they are given, and run nothing.
//!
//! Always true: every value of a document is a parameter. A name in the statement is a quoted identifier of the schema,
//! or a name that the document gives (`AS`, `alias`), quoted too. Nothing else of a document's text is in it. What
//! the schema does not know is refused with the place in the document and the nearest names.
//!
//! # Filters
//!
//! `{field: value}`, `{field: {$operator: operand, …}}`; several are joined by and. `{}` lets everything through.
//!
//! | operator | holds for |
//! |---|---|
//! | `$eq` | the value; `null` also for a field that is missing; an array or object with the same JSON, order of fields included |
//! | `$ne`, `$nin` | all that `$eq`, `$in` do not hold for, missing fields too |
//! | `$gt` `$gte` `$lt` `$lte` `$between` | values of the same type: numbers, texts (by code points), booleans, bytes. `$between` is `[low, high]`, both included |
//! | `$in` | one of the values, which may be null; none of an empty list |
//! | `$prefix`, `$regex` | texts that begin so, that match somewhere; both with case. `(?i)` in the pattern is without |
//! | `$exists` | `true`: the field is there, null or not. Null and missing are the same in keys |
//! | `$contains` | arrays with that element, texts with that part |
//! | `$size` | arrays of so many elements |
//! | `$type` | `any` `null` `bool` `integer` `number` `string` `bytes` `date` `datetime` `array` `object`, or a list of them. Whole numbers are numbers too, dates strings |
//! | `$not` | what the filter or condition in it does not hold for, missing fields too |
//! | `$and` `$or` `$nor` | all, one, none of the filters in the list |
//!
//! - Equality, order, `$in`, `$prefix` and `$regex` hold for an array also when they do for one of its elements.
//! - Types are told apart: 1 is not `true`, "5" is not 5; 5 and 5.0 are equal. Values of keys are as the key has them:
//!   uuids in lower case, bytes as base64, numbers also as text.
//! - Whole numbers above [`i64::MAX`] are compared as [`crate::sql`] has them: those of keys exactly. In a field that also
//!   has values of other types only equality finds them.
//! - `a.b.0` is field `b` of `a` and there the first element. A field that has dots in its name goes before such a path.
//!   `a.b` on an array of objects holds when it does for one of them.
//! - `key` and `value` are the whole; `key.x` and `value.x` tell fields apart that both have. A key of several fields
//!   is given as an object (or a list) and taken apart, so that it can be sought; what it leaves out is null.
//! - `_version` is the version of the item, where no field of the values has that name.
//! - Where a field was never seen to hold arrays, or texts beside numbers, the condition says nothing of such values:
//!   the schema has to be of the snapshot that the statement runs on, or of one soon before.
//! - In a store without items and without declared fields every field is taken.
//!
//! # Selects
//!
//! `{store, alias, filter, fields, join, group_by, aggregates, having, order_by, limit, offset, distinct}`, all but
//! `store` may be left out.
//!
//! - `fields` and `aggregates`: `name`, `name AS other`, `function(name)`, `count(distinct name)`, `count(*)`, `*`,
//!   `alias.*`. Names after `AS` are letters, digits and `_`, or stand in double quotes. Without `fields` a select gives all
//!   columns, a grouped one what it is grouped by and then the aggregates.
//! - `join`: `[{store, on: {field before: field of store}, type, alias}]` with `inner` (left out), `left`, `right`,
//!   `full`. Without `on` the one relation between the store and those before is used, in whichever direction it
//!   was declared, or the one store that relates to both; `notes` say which. With joins a name is `alias.field`, or bare where it means one field.
//! - `having` is a filter over the names of the result and of `group_by`.
//! - `order_by`: `name`, `name desc`, with `nulls first` or `nulls last`; names of the result go before fields. `key` is
//!   the order of the store, `key desc` its reverse.
//! - Stores of other databases are `db.store`.
//!
//! # Writes
//!
//! `{insert, items}`, `{update, filter, set}`, `{delete, filter}`: see [`compile`].

mod error;
mod expression;
mod filter;
mod fragment;
mod joins;
mod object;
mod operators;
mod path;
mod place;
mod query;
mod schema;
mod shape;
mod tables;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use error::{Fault, SelectError};
pub use schema::{Schema, mentioned};

use crate::sql::Value;
use error::Pointer;
use filter::Filters;
use fragment::Sql;
use serde_json::Value as Json;
use sop::Document;
use tables::{Table, Tables};

/// The most parameters of a statement, a limit of `SQLite`.
const MAX_PARAMETERS: usize = 32_000;

/// A statement, or a condition for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The text, with `?` for each parameter.
    pub sql: String,
    /// The parameters in their order.
    pub params: Vec<Value>,
    /// What a person would want to know: which relation joined, what can't find anything.
    pub notes: Vec<String>,
    /// Whether it changes items.
    pub writes: bool,
}

/// Compiles a select document, or a write document:
/// - `{insert: store, items: [{key, value}, …]}`; an item without `value` has null. `INSERT` of the columns `key` and
///   `value`, as JSON where they are objects or arrays.
/// - `{update: store, filter, set: {field: value, …}}` sets fields of the key and known fields of the values, `a.b` too.
/// - `{delete: store, filter}`.
///
/// `filter` has to be there in the last two; `{}` means all items.
///
/// # Errors
/// [`SelectError`] with the place at fault.
pub fn compile(document: &Json, schema: &Schema) -> Result<Compiled, SelectError> {
    const KINDS: [&str; 4] = ["store", "insert", "update", "delete"];
    let root = Pointer::Root;
    let mut notes = Vec::new();
    let kinds = KINDS.into_iter();
    let kinds: Vec<&str> = kinds.filter(|kind| document.get(kind).is_some()).collect();
    let (sql, writes) = match kinds.as_slice() {
        ["store"] => (query::select(document, schema, &mut notes)?, false),
        ["insert"] => (write::insert(document, schema)?, true),
        ["update"] => (write::update(document, schema, &mut notes)?, true),
        ["delete"] => (write::delete(document, schema, &mut notes)?, true),
        [] => match document.as_object() {
            Some(object) if !object.is_empty() => {
                // Most likely a wrong field; if none is, what is missing.
                query::select(document, schema, &mut notes)?;
                return Err(SelectError::invalid(&root.field("store"), "is missing"));
            }
            _ => {
                let detail = "a select is an object {store, filter, fields, …}; writes are {insert, items}, {update, filter, set} and {delete, filter}";
                return Err(SelectError::invalid(&root, detail));
            }
        },
        several => {
            let detail = format!("{} can't be in one document", several.join(" and "));
            return Err(SelectError::invalid(&root, detail));
        }
    };
    finished(sql, notes, writes)
}

/// Compiles a filter document on one store: an expression for the `WHERE` of a statement whose `FROM` is that store
/// under its own name. `TRUE` for `{}`.
///
/// # Errors
/// [`SelectError`] with the place at fault; a store that is not there is one of the whole.
pub fn compile_filter(
    filter: &Json,
    schema: &Schema,
    store: &str,
) -> Result<Compiled, SelectError> {
    let root = Pointer::Root;
    let store = schema.store(store, &root)?;
    let alias = store.name.to_owned();
    let tables = Tables::single(Table { store, alias });
    let mut notes = Vec::new();
    let condition = Filters::new(&tables, &mut notes).condition(filter, &root)?;
    finished(condition.unwrap_or_else(|| Sql::new("TRUE")), notes, false)
}

/// Reads a document from JSON text; a field that is there twice is refused.
///
/// # Errors
/// [`SelectError`] with the line at fault.
pub fn parse(json: &[u8]) -> Result<Json, SelectError> {
    match Document::from_json(json) {
        Ok(document) => Ok(document.to_value()),
        Err(error) => Err(SelectError::invalid(&Pointer::Root, error.to_string())),
    }
}

fn finished(sql: Sql, notes: Vec<String>, writes: bool) -> Result<Compiled, SelectError> {
    if sql.params() > MAX_PARAMETERS {
        let detail = format!(
            "has {} values; at most {MAX_PARAMETERS} are taken",
            sql.params()
        );
        return Err(SelectError::new(Fault::TooLarge, &Pointer::Root, detail));
    }
    let (sql, params) = sql.into_parts();
    Ok(Compiled {
        sql,
        params,
        notes,
        writes,
    })
}
