//! Whether what was understood has one answer.
//!
//! What rows are sorted by has to be one value for each of them. Where a question names a field of which each row may have
//! several, or where there is one row, it is not answered: any order would look like an answer and be none.

use super::model::{Group, Key, Query};
use super::paths::{Edge, path, path_by};
use super::say;
use super::schema::{Place, Schema};
use super::words;

/// Why a query has no one answer; none where it has.
pub fn fault(schema: &Schema, query: &Query, through: &[usize]) -> Option<String> {
    let fields = query.order.iter().filter_map(|(key, _)| match key {
        Key::Field(place) => Some(*place),
        Key::Aggregate(_) | Key::Group(_) => None,
    });
    let mut fields = fields.filter(|place| !one_for_each(schema, query, *place, through));
    let place = fields.next()?;
    let field = words::of_name(schema.field_name(place)).join(" ");
    let of = say::plural(&words::of_name(schema.store_name(place.store)).join(" "));
    let asked = say::plural(&words::of_name(schema.store_name(query.store)).join(" "));
    Some(if query.aggregates.is_empty() {
        format!(
            "Each of the {asked} may have several {of}, so there is no one {field} to sort by. Ask for a figure of them, \
             for example \"top 10 {asked} by sum of {field}\"."
        )
    } else if query.groups.is_empty() {
        format!("There is one figure of all {asked}, so there is nothing to sort by {field}.")
    } else {
        format!(
            "Each row is about several {of}, so there is no one {field} to sort by. Sort by what is shown, or ask for a \
             figure of it, for example the average {field}."
        )
    })
}

/// Whether each row of a query has one value of a field.
pub fn one_for_each(schema: &Schema, query: &Query, place: Place, through: &[usize]) -> bool {
    let to_one =
        |way: Option<Vec<Edge>>| way.is_some_and(|way| way.iter().all(|edge| edge.forward));
    if !query.groups.is_empty() {
        return query.groups.iter().any(|group| match *group {
            Group::Store(store, _) => to_one(path(schema, store, place.store, through)),
            Group::Field(by) | Group::Time(by, _) if by == place => true,
            Group::Field(by) => {
                let whole = schema.single_key(by.store) == Some(by);
                let from = if whole {
                    Some(by.store)
                } else {
                    referred(schema, by)
                };
                from.is_some_and(|from| to_one(path(schema, from, place.store, through)))
            }
            Group::Time(..) => false,
        });
    }
    if !query.aggregates.is_empty() {
        return false;
    }
    // Items of another store that are shown make the rows.
    let shown = query.fields.iter().any(|field| field.store == place.store)
        || query
            .beside
            .iter()
            .any(|beside| beside.store == place.store);
    shown || to_one(path_by(schema, query.store, place.store, None, through))
}

/// The store that a field by itself refers to.
fn referred(schema: &Schema, place: Place) -> Option<usize> {
    let name = schema.field_name(place);
    let relations = &schema.store(place.store)?.relations;
    relations
        .iter()
        .find(|relation| relation.fields == [name])
        .map(|relation| relation.store)
}
