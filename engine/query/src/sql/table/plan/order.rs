//! What a plan gives beside the items: their order, a start further in, a count instead of them.

use rusqlite::vtab::IndexConstraintOp as Op;
use sop::key::{KeyType, Order};

use super::ways::Way;
use super::{Choice, Condition, Path, Planned, SEEK_COST};
use crate::sql::columns::Source;

impl Choice<'_> {
    /// Whether the order of a way, or its reverse (`true`), is the order asked for, when the first `equal` fields have
    /// one value each.
    pub(super) fn order(&self, way: &Way<'_>, equal: usize) -> Option<bool> {
        let index = way.index.map(|at| self.table.indexes.get(at));
        if index.is_some_and(|index| !index.is_some_and(|index| index.sorted)) {
            return None;
        }
        // The store is in the order of the places, and no two items have one.
        let first = self.info.order_bys().next();
        let column = first.as_ref().map(rusqlite::vtab::OrderBy::column);
        let column = column.and_then(|at| self.table.columns.get(usize::try_from(at).ok()?));
        if index.is_none() && column.is_some_and(|column| column.source == Source::Position) {
            return first.map(|by| by.is_order_by_desc());
        }
        let definition = way.store.definition();
        if definition.key.cel().is_some() {
            return None;
        }
        let fields = definition.key.fields();
        let mut reverse = None;
        let mut next = equal;
        for by in self.info.order_bys() {
            let source = usize::try_from(by.column()).ok()?;
            let source = &self.table.columns.get(source)?.source;
            let Some(at) = way.sources.iter().position(|there| there == source) else {
                // Behind a whole key no other column tells items apart.
                let settled = next == fields.len() && definition.unique;
                return settled.then_some(reverse.unwrap_or(false));
            };
            if at < equal || at < next {
                continue;
            }
            if at != next {
                return None;
            }
            let field = fields.get(at)?;
            // SQL has other ideas of what is no number, and of instants written with offsets.
            if matches!(field.kind, KeyType::F32 | KeyType::F64 | KeyType::Timestamp)
                || (index.is_none() && field.kind == KeyType::Any)
            {
                return None;
            }
            let against = by.is_order_by_desc() != (field.order == Order::Desc);
            if *reverse.get_or_insert(against) != against {
                return None;
            }
            next += 1;
        }
        Some(reverse.unwrap_or(false))
    }

    /// The condition by which a statement gives leave to let one row stand for many items, and says that it only counts.
    pub(super) fn permission(&self) -> Option<usize> {
        let is_permission = |condition: &&Condition| {
            let column = self.table.columns.get(condition.column);
            column.is_some_and(|column| column.source == Source::Counted)
        };
        self.conditions.iter().find(is_permission).map(|it| it.at)
    }

    /// Counts without giving each item to SQLite, when the statement says that it only counts and each of its conditions is a
    /// part of the seek or tested here. The permission, if there is one: it is always true.
    pub(super) fn count(&mut self, planned: &mut Planned) -> Option<usize> {
        let permission = self.permission()?;
        let used = |at: usize| {
            self.arguments.contains(&at) || self.tested.contains(&at) || permission == at
        };
        let all = self.info.constraints().enumerate().all(|(at, constraint)| {
            used(at)
                || matches!(
                    constraint.operator(),
                    Op::SQLITE_INDEX_CONSTRAINT_LIMIT | Op::SQLITE_INDEX_CONSTRAINT_OFFSET
                )
        });
        let walks = match planned.plan.path {
            Path::Scan | Path::Seek(_) => true,
            Path::Index { .. } => planned.plan.residuals.is_empty(),
            Path::Hash { .. } | Path::At { .. } => false,
        };
        if all && walks {
            planned.plan.counts = true;
            if let Some((_, rest)) = planned.plan.label.split_once(' ') {
                planned.plan.label = format!("count {rest}");
            }
            if planned.plan.residuals.is_empty() {
                planned.cost = SEEK_COST * 2.0;
            }
            planned.rows = 1;
        }
        self.argument(permission);
        Some(permission)
    }

    /// Passes over items by their count when there is nothing else to test.
    pub(super) fn offset(&mut self, planned: &mut Planned) {
        let others = self.info.constraints().any(|constraint| {
            !matches!(
                constraint.operator(),
                Op::SQLITE_INDEX_CONSTRAINT_LIMIT | Op::SQLITE_INDEX_CONSTRAINT_OFFSET
            )
        });
        let ordered = self.info.num_of_order_by() == 0 || planned.ordered;
        if others || !ordered || planned.plan.path != Path::Scan {
            return;
        }
        let offset = self.info.constraints().position(|constraint| {
            constraint.is_usable()
                && matches!(constraint.operator(), Op::SQLITE_INDEX_CONSTRAINT_OFFSET)
        });
        if let Some(at) = offset {
            planned.plan.skip = Some(self.argument(at));
            if self.explains {
                planned.plan.label += " from an offset";
            }
        }
    }
}
