//! The orders in which a store can be read: that of its keys, and those of its indexes.

use rusqlite::vtab::IndexConstraintOp as Op;
use sop::key::{Key, KeyType};
use sop::{DocumentStore, Transaction};

use super::{Choice, Known, LIST_VALUES, Path, Planned, SEEK_COST, narrowed};
use crate::sql::Result;
use crate::sql::columns::Source;
use crate::sql::indexes::TableIndex;
use crate::sql::table::TableShared;
use crate::sql::table::any::Affinity;
use crate::sql::table::entries::Search;
use crate::sql::table::seek::{Given, Seek};

/// An order of a store.
pub(super) struct Way<'a> {
    pub store: DocumentStore<'a>,
    /// What the fields of its key are in the table.
    pub sources: Vec<Source>,
    /// The number of the index; `None` for the store itself.
    pub index: Option<usize>,
    /// Of the columns that the fields are.
    pub affinities: Vec<Affinity>,
}

/// Work of finding the item of an entry, in items walked.
const FETCH_COST: f64 = 5.0;
/// Work of putting an item in its place among others, for each time that their number doubles.
const SORT_COST: f64 = 0.6;
/// Items that are taken to be asked for where there is a limit.
const LIMITED: f64 = 100.0;
/// Places of an index that are looked at to tell how many entries have one value.
const SAMPLES: u64 = 8;

/// The affinities of the columns that an index's fields are.
pub(in crate::sql::table) fn affinities(table: &TableShared, index: &TableIndex) -> Vec<Affinity> {
    let of = |source: &Source| {
        let column = table.columns.iter().find(|column| column.source == *source);
        match column.map_or("BLOB", |column| column.kind.sql_type()) {
            "TEXT" => Affinity::Text,
            "INTEGER" | "NUMERIC" => Affinity::Numeric,
            _ => Affinity::None,
        }
    };
    index.sources.iter().map(of).collect()
}

impl<'a> Way<'a> {
    /// The way of the store itself.
    pub fn own(store: DocumentStore<'a>) -> Self {
        let fields = store.definition().key.fields().len();
        Self {
            store,
            sources: (0..fields).map(Source::Key).collect(),
            index: None,
            affinities: Vec::new(),
        }
    }

    /// The ways of the indexes.
    pub fn indexes(table: &TableShared, transaction: &'a Transaction) -> Result<Vec<Self>> {
        let indexes = table.indexes.iter().enumerate();
        indexes
            .map(|(at, index)| {
                Ok(Self {
                    store: transaction.documents(&index.store)?,
                    sources: index.sources.clone(),
                    index: Some(at),
                    affinities: affinities(table, index),
                })
            })
            .collect()
    }
}

impl Choice<'_> {
    /// The best plan: the one for the store itself, or one by an index that is better.
    pub(super) fn best(&mut self, indexes: &[Way<'_>]) -> Result<Planned> {
        let mut best = self.plan()?;
        let mut arguments = (
            std::mem::take(&mut self.arguments),
            std::mem::take(&mut self.lists),
        );
        for way in indexes {
            if let Some(planned) = self.by_index(way)?
                && self.is_better(&planned, &best)
            {
                best = planned;
                arguments = (
                    std::mem::take(&mut self.arguments),
                    std::mem::take(&mut self.lists),
                );
            }
            self.arguments.clear();
            self.lists.clear();
        }
        (self.arguments, self.lists) = arguments;
        Ok(best)
    }

    fn is_better(&self, planned: &Planned, best: &Planned) -> bool {
        // A hash is an index that has to be made first.
        let equal =
            matches!(&planned.plan.path, Path::Index { seek, .. } if !seek.equal.is_empty());
        if equal && matches!(best.plan.path, Path::Hash { .. }) {
            return true;
        }
        self.whole_cost(planned) < self.whole_cost(best)
    }

    /// What a plan costs with the sorting that it leaves to SQLite, and without what a limit leaves out.
    fn whole_cost(&self, planned: &Planned) -> f64 {
        let rows = planned.rows as f64;
        let is_limit = |op: Op| matches!(op, Op::SQLITE_INDEX_CONSTRAINT_LIMIT);
        let limited = self.info.constraints().any(|c| is_limit(c.operator()));
        if self.info.num_of_order_by() == 0 {
            return planned.cost;
        }
        if !planned.ordered {
            return planned.cost + rows * rows.max(2.0).log2() * SORT_COST;
        }
        if limited && rows > LIMITED {
            return planned.cost * LIMITED / rows;
        }
        planned.cost
    }

    pub(super) fn by_index(&mut self, way: &Way<'_>) -> Result<Option<Planned>> {
        let Some(number) = way.index else {
            return Ok(None);
        };
        let seek = self.seek(way);
        let covering = self.is_covered(way);
        let orders = self.info.num_of_order_by() > 0;
        if seek.is_empty() && !orders {
            return Ok(None);
        }
        let label = self.seek_label(&seek, way);
        let limits = !seek.is_empty();
        let rows = match seek.is_empty() {
            true => self.items,
            false => self.entries(way, &seek)?,
        };
        let each = if covering {
            1.2
        } else {
            self.width() + FETCH_COST
        };
        let index = number;
        let path = Path::Index {
            index,
            seek,
            covering,
        };
        let planned = self.planned(way, path, &label, SEEK_COST + rows * each, rows);
        // Without a condition only its order is a reason to read an index.
        let useful = planned.ordered || limits;
        Ok(useful.then_some(planned))
    }

    /// Whether the entries of an index have all that the statement needs.
    fn is_covered(&self, way: &Way<'_>) -> bool {
        let used = self.info.col_used();
        self.table.columns.iter().enumerate().all(|(at, column)| {
            if used & (1 << at.min(63)) == 0 {
                return true;
            }
            // Beyond the first 63 columns it is not known which are used.
            at < 63 && covers(way, &column.source)
                || (at >= 63 && matches!(column.source, Source::Count | Source::Counted))
        })
    }

    /// How many entries a search of an index gives: counted where the values are known, else by samples.
    fn entries(&self, way: &Way<'_>, seek: &Seek) -> Result<f64> {
        let known = Known {
            info: self.info,
            arguments: &self.arguments,
        };
        let unique = way.index.and_then(|at| self.table.indexes.get(at));
        let one = |given: &Option<Given>| given.is_some_and(|given| !given.is_list);
        if unique.is_some_and(|index| index.unique && seek.equal.len() >= index.fields)
            && seek.equal.iter().all(one)
        {
            return Ok(1.0);
        }
        if known.knows(seek) {
            let search = Search {
                seek,
                index: &way.store,
                affinities: &way.affinities,
                arguments: &known,
                texts: true,
            };
            let mut rows = 0;
            for range in search.ranges()?.merged() {
                rows += way.store.count(&range)?;
            }
            return Ok((rows as f64).max(1.0));
        }
        let lists = seek.equal.iter().flatten().filter(|given| given.is_list);
        let many = LIST_VALUES.powi(lists.count() as i32);
        let rows = match seek.equal.len() {
            0 => self.items,
            fields => group_size(&way.store, fields)? * many,
        };
        Ok(narrowed(rows, seek).max(1.0))
    }
}

/// Whether a column can be read from the entries of an index.
fn covers(way: &Way<'_>, source: &Source) -> bool {
    if matches!(source, Source::Count | Source::Counted | Source::Position) {
        return true;
    }
    let fields = way.store.definition().key.fields();
    let mut there = way.sources.iter().zip(fields);
    // The offset of a timestamp lies with the item.
    there.any(|(is, field)| is == source && field.kind != KeyType::Timestamp)
}

/// How many entries have the same values in the first fields, on average over entries.
fn group_size(index: &DocumentStore<'_>, fields: usize) -> Result<f64> {
    let len = index.len()?;
    let samples = SAMPLES.min(len);
    let mut sum = 0;
    for sample in 0..samples {
        let Some(item) = index.nth(len * (2 * sample + 1) / (2 * samples))? else {
            continue;
        };
        let key = Key::composite(item.key.values.into_iter().take(fields));
        let bound = std::ops::Bound::Included(&key);
        sum += index.count(&index.key_range(bound, bound)?)?;
    }
    Ok(sum as f64 / samples.max(1) as f64)
}
