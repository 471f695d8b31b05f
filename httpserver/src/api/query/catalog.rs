//! Which databases a statement may name.

use sop_query::sql::Catalog;

use crate::error::ApiResult;
use crate::registry::Registry;

/// First words of statements that change something.
const CHANGING: &[&str] = &[
    "insert", "update", "delete", "replace", "create", "drop", "alter",
];

/// The database of the address first, then the others that are open, and those that are not yet but
/// that the statement may mean, by their names.
///
/// # Errors
/// The database of the address is not there or cannot be opened.
pub(super) fn catalog(registry: &Registry, first: &str, sql: &str) -> ApiResult<Catalog> {
    let words = sql.to_ascii_lowercase();
    let entry = registry.get(first)?;
    let mut database = registry.database(first)?;
    let changes = CHANGING.iter().any(|word| words.contains(word));
    if changes && entry.held().is_some() {
        // The process that held it may have ended meanwhile. If not, the engine refuses.
        database = registry.look(&entry).unwrap_or(database);
    }
    let mut databases = vec![(entry.name.clone(), database)];
    for other in registry.list() {
        if other.name == entry.name {
            continue;
        }
        let named = words.contains(&other.name.to_ascii_lowercase());
        let open = match named {
            true => registry.look(&other).ok(),
            false => other.opened(),
        };
        databases.extend(open.map(|database| (other.name.clone(), database)));
    }
    Ok(Catalog::new(databases))
}
