//! Which conditions are left to be tested on the items of a plan.

use rusqlite::vtab::IndexConstraintOp as Op;

use super::{Choice, Path, Planned};
use crate::sql::columns::{Seen, Source};
use crate::sql::table::residual::{Residual, Test};

impl Choice<'_> {
    /// Has the conditions on fields that the plan makes no use of tested before an item is given to SQLite.
    pub(super) fn residuals(&mut self, planned: &mut Planned) {
        // What is masked or hidden is not looked at, and one item needs no test.
        if self.table.rules.is_some() || matches!(planned.plan.path, Path::At { .. }) {
            return;
        }
        let found: Vec<_> = self
            .conditions
            .iter()
            .filter_map(|condition| {
                let (at, column) = (condition.at, condition.column);
                let test = self.test(at, column, &condition.op)?;
                Some((at, column, test))
            })
            .collect();
        let hashed = match &planned.plan.path {
            Path::Hash { argument, .. } => self.arguments.get(*argument).copied(),
            _ => None,
        };
        let mut words = Vec::new();
        for (at, column, test) in found {
            let is_used = self.arguments.contains(&at);
            if is_used && hashed != Some(at) {
                continue;
            }
            let compares = !matches!(test, Test::IsNull | Test::NotNull);
            let argument = compares.then(|| self.argument(at));
            if test == Test::OneOf {
                self.lists.push(at);
            }
            self.tested.push(at);
            planned.plan.residuals.push(Residual {
                column,
                test,
                argument,
            });
            let name = self.table.columns.get(column);
            let name = name.map_or("", |column| column.name.as_str());
            if !is_used && self.explains {
                words.push(format!("{name} {}", test.text()));
            }
        }
        if !words.is_empty() {
            planned.plan.label = format!("{} where {}", planned.plan.label, words.join(" and "));
        }
    }

    /// How a condition is tested; `None` when only SQLite can.
    fn test(&self, at: usize, column: usize, op: &Op) -> Option<Test> {
        let column = self.table.columns.get(column)?;
        let is_value = matches!(
            column.source,
            Source::Field(_) | Source::Path(_) | Source::Value
        );
        if !is_value || column.seen != Seen::Whole {
            return None;
        }
        match op {
            Op::SQLITE_INDEX_CONSTRAINT_ISNULL => return Some(Test::IsNull),
            Op::SQLITE_INDEX_CONSTRAINT_ISNOTNULL => return Some(Test::NotNull),
            Op::SQLITE_INDEX_CONSTRAINT_LIKE => return Some(Test::Like),
            _ => {}
        }
        // Text is compared byte by byte.
        if self.info.collation(at).ok()? != "BINARY" {
            return None;
        }
        Some(match op {
            Op::SQLITE_INDEX_CONSTRAINT_EQ if self.is_list(at) => Test::OneOf,
            Op::SQLITE_INDEX_CONSTRAINT_EQ => Test::Equal,
            Op::SQLITE_INDEX_CONSTRAINT_NE => Test::NotEqual,
            Op::SQLITE_INDEX_CONSTRAINT_LT => Test::Less,
            Op::SQLITE_INDEX_CONSTRAINT_LE => Test::LessOrEqual,
            Op::SQLITE_INDEX_CONSTRAINT_GT => Test::Greater,
            Op::SQLITE_INDEX_CONSTRAINT_GE => Test::GreaterOrEqual,
            _ => return None,
        })
    }
}
