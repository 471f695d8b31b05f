//! Whether items are gathered by groups before SQLite sees them.

use rusqlite::vtab::DistinctMode;
use sop::key::KeyType;

use super::{Choice, Known, Path, Planned};
use crate::sql::columns::{Kind, Source};
use crate::sql::table::groups::Grouping;

/// What gathering an item costs, in items walked.
const GATHER_COST: f64 = 0.5;
/// Columns that SQLite tells apart when it says which are used; the last mark is for all behind.
const TOLD_APART: usize = 63;

impl Choice<'_> {
    /// Has the items gathered by groups where SQLite would sort all of them for that, and they are expected to fit into `room`
    /// bytes.
    pub(super) fn group(&self, planned: &mut Planned, room: usize) {
        let Some(grouping) = self.grouping(planned) else {
            return;
        };
        if planned.rows as f64 * grouping.item_bytes() as f64 > room as f64 {
            return;
        }
        if self.explains {
            let column = |(at, _): &(usize, bool)| Some(self.table.columns.get(*at)?.name.as_str());
            let names: Vec<_> = grouping.by.iter().filter_map(column).collect();
            planned.plan.label += &format!(" in groups of {}", names.join(", "));
        }
        planned.cost += planned.rows as f64 * GATHER_COST;
        planned.ordered = true;
        planned.plan.groups = Some(grouping);
    }

    fn grouping(&self, planned: &Planned) -> Option<Grouping> {
        let distinct = match self.info.distinct() {
            DistinctMode::Grouped => false,
            DistinctMode::Distinct => true,
            _ => return None,
        };
        let is_walk = matches!(planned.plan.path, Path::Scan | Path::Seek(_)) && !planned.unique;
        let asks = self.info.num_of_order_by() > 0 && !planned.ordered;
        if !is_walk || !asks || planned.plan.counts || !self.is_settled() {
            return None;
        }
        let columns = &self.table.columns;
        let width = columns.iter().count();
        let mut by: Vec<(usize, bool)> = Vec::new();
        for order in self.info.order_bys() {
            let at = usize::try_from(order.column()).ok()?;
            // These have an order of their own.
            if columns.get(at)?.kind == Kind::Key(KeyType::U64) {
                return None;
            }
            if !by.iter().any(|(there, _)| *there == at) {
                by.push((at, order.is_order_by_desc()));
            }
        }
        let used = self.info.col_used();
        if used & (1 << TOLD_APART) != 0 && width > TOLD_APART + 1 {
            return None;
        }
        let is_used = |at: &usize| used & (1 << (*at).min(TOLD_APART)) != 0;
        let is_by = |at: &usize| by.iter().any(|(there, _)| there == at);
        // SQLite always marks the place as used, and hardly ever asks for it.
        let is_place = |at: &usize| {
            let column = columns.get(*at);
            column.is_some_and(|column| column.source == Source::Position)
        };
        let others = (0..width).filter(|at| is_used(at) && !is_by(at) && !is_place(at));
        let others: Vec<usize> = others.collect();
        let has_value = |at: &usize| {
            let source = columns.get(*at).map(|column| &column.source);
            matches!(
                source,
                Some(
                    Source::Key(_)
                        | Source::RideOn(_)
                        | Source::Field(_)
                        | Source::Path(_)
                        | Source::Value
                )
            )
        };
        let all = by.iter().map(|(at, _)| at).chain(&others).all(has_value);
        (all && (!distinct || others.is_empty())).then_some(Grouping {
            by,
            others,
            distinct,
        })
    }

    /// Whether the values of all conditions are there once for the whole statement: what is gathered for one item of another
    /// table would be gathered again for the next.
    fn is_settled(&self) -> bool {
        let known = Known {
            info: self.info,
            arguments: &self.arguments,
        };
        let mut arguments = self.arguments.iter().enumerate();
        arguments.all(|(argument, at)| self.is_list(*at) || known.is_known(argument))
    }
}
