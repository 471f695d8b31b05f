//! Which databases a statement may name.

use serde_json::Value;
use sop::Mode;
use sop_query::select::{Schema, compile as compile_document, mentioned};
use sop_query::sql::{Catalog, Params, Visibility, defines_stores};

use crate::error::{ApiError, ApiResult};
use crate::registry::{Registry, SYSTEM_REASON};
use crate::security::Capability;

/// First words of statements that change something.
const CHANGING: &[&str] = &[
    "insert", "update", "delete", "replace", "create", "drop", "alter",
];

/// Fails for statements that define stores by somebody who may not. Views are items: who changes those makes them.
///
/// # Errors
/// `not_allowed`.
pub(super) fn check_definitions(registry: &Registry, database: &str, sql: &str) -> ApiResult<()> {
    match registry.who().is_admin() || !defines_stores(sql) {
        true => Ok(()),
        false => registry.who().check(Capability::Admin, Some(database)),
    }
}

/// The database of the address first, then the others that are open, and those that are not yet but
/// that the statement may mean, by their names.
///
/// # Errors
/// The database of the address is not there or cannot be opened.
pub(crate) fn catalog(registry: &Registry, first: &str, sql: &str) -> ApiResult<Catalog> {
    let words = sql.to_ascii_lowercase();
    let entry = registry.get(first)?;
    let who = registry.who();
    who.check(Capability::Query, Some(&entry.name))?;
    let mut database = registry.database(first)?;
    let changes = CHANGING.iter().any(|word| words.contains(word));
    if changes && entry.held().is_some() {
        // The process that held it may have ended meanwhile. If not, the engine refuses.
        database = registry.look(&entry).unwrap_or(database);
    }
    let mut databases = vec![(entry.name.clone(), database)];
    let own = registry.system_entry();
    let own_is_named = words.contains(&own.name.to_ascii_lowercase());
    let own_is_there = registry.shown_system().filter(|_| own_is_named);
    for other in registry.list().into_iter().chain(own_is_there) {
        if other.name == entry.name || who.check(Capability::Query, Some(&other.name)).is_err() {
            continue;
        }
        let named = words.contains(&other.name.to_ascii_lowercase());
        let open = match named {
            true => registry.look(&other).ok(),
            false => other.opened(),
        };
        databases.extend(open.map(|database| (other.name.clone(), database)));
    }
    let readers = databases.iter().filter_map(|(name, _)| {
        let refusal = registry.refusal(name)?;
        Some((name.clone(), refusal))
    });
    let readers: Vec<_> = readers.collect();
    let catalog = Catalog::new(databases);
    let catalog = readers
        .into_iter()
        .fold(catalog, |catalog, (name, refusal)| {
            catalog.guarded(&name, refusal)
        });
    // Somebody may have a database of that name.
    let is_own = registry.get(&own.name).is_ok_and(|there| there.is_system());
    Ok(match is_own {
        true => catalog.guarded(&own.name, SYSTEM_REASON),
        false => catalog,
    })
}

/// A select document as a statement with its parameters, and what is worth knowing of it.
///
/// # Errors
/// The place in the document that is wrong.
pub(crate) fn compile(
    visibility: &Visibility,
    catalog: &Catalog,
    document: &Value,
) -> ApiResult<(String, Params, Vec<String>)> {
    let names = mentioned(document);
    let mut transactions = Vec::new();
    for (at, (name, database)) in catalog.iter().enumerate() {
        let is_named = |store: &&str| {
            let rest = store.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        if at == 0 || names.iter().any(is_named) {
            transactions.push((name, database.begin(Mode::Read)?));
        }
    }
    let databases: Vec<_> = transactions.iter().map(|(name, tx)| (*name, tx)).collect();
    let schema = Schema::seen_by(visibility, &databases, &names)?;
    let compiled = compile_document(document, &schema)
        .map_err(|error| ApiError::in_document(error, "/select"))?;
    let params = Params::Positional(compiled.params);
    Ok((compiled.sql, params, compiled.notes))
}
