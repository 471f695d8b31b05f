//! Names in statements, and expressions of one column.

use crate::planner::dates::Unit;
use crate::planner::model::{Aggregate, Measure};
use crate::planner::schema::Schema;

pub(super) fn time(column: &str, unit: Unit) -> String {
    match unit {
        Unit::Year => format!("substr({column}, 1, 4)"),
        Unit::Month => format!("substr({column}, 1, 7)"),
        Unit::Day => format!("substr({column}, 1, 10)"),
        Unit::Week => format!("date({column}, '-6 days', 'weekday 1')"),
        Unit::Quarter => {
            format!("substr({column}, 1, 4) || '-Q' || ((substr({column}, 6, 2) + 2) / 3)")
        }
    }
}

/// What a part of the calendar is called.
pub fn time_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Year => "year",
        Unit::Month => "month",
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Quarter => "quarter",
    }
}

pub(super) fn aggregate_name(schema: &Schema, aggregate: Aggregate) -> String {
    let function = aggregate.function.name();
    match aggregate.of {
        Measure::Items(store) => format!("{}_count", schema.store_name(store)),
        Measure::Field(place, _) => format!("{function}_{}", schema.field_name(place)),
        Measure::Product(one, other) => format!(
            "{function}_{}_{}",
            schema.field_name(one),
            schema.field_name(other)
        ),
    }
}

pub(super) fn column(table: &str, field: &str) -> String {
    format!("{}.{}", name(table), name(field))
}

/// A name as SQL has it: in quotes, unless it is a plain word that is none of SQL's.
pub fn name(text: &str) -> String {
    const TAKEN: &str = " add all alter and as autoincrement between by case check collate commit constraint create cross current_date \
        current_time current_timestamp default deferrable delete distinct drop else end escape except exists filter foreign from full \
        group having in index indexed inner insert intersect into is isnull join left like limit natural not nothing notnull null on \
        or order outer over primary references returning right select set table then to transaction union unique update using \
        values when where window with ";
    let plain = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // A word of SQL that is a name all the same is quoted for nothing, which does no harm.
    let taken = TAKEN.contains(&format!(" {} ", text.to_ascii_lowercase()));
    if plain && !taken {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}
