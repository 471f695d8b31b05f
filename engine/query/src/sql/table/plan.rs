//! Choosing how a store is read: what SQLite asks of a virtual table's `xBestIndex`.
//!
//! Ways to read: a *seek* to the ranges that conditions on leading key fields give, a walk over an *index* ([`ways`]), a
//! *hash* of one field for conditions on others, which is built at its second use, and a *scan*.
//!
//! # Rules
//!
//! Each has a test of its number in `tests/sql/rules.rs`, of where it fires and of where it must not.
//!
//! 1. A condition on the place of an item leads to the item.
//! 2. Equality on all fields of a key is a seek, to one item where keys are unique.
//! 3. Equality on leading fields is a seek; behind a field of which nothing is said no other counts.
//! 4. Limits on the field behind the equal ones narrow the seek.
//! 5. `IN` is equality with each of its values, all of them at once.
//! 6. A field that is missing has a place in a composite key, and in no other.
//! 7. The beginning of `LIKE` or `GLOB` on a text field is a prefix, where nothing else limits the field.
//! 8. Only what is compared byte by byte is looked for in the order of the bytes.
//! 9. In the order of an expression only whole keys have a place, and nothing comes in an order.
//! 10. Places bound a walk that goes on from one.
//! 11. Where the values are known while planning, the tree counts what a seek gives; other values are guessed.
//! 12. A field that equals a value which changes while the statement runs is hashed, unless a key field equals something.
//! 13. The order of the keys, either way, is not sorted again.
//! 14. Behind equal fields the rest of the key is in order, for one value of each of them.
//! 15. Behind a whole unique key nothing orders any more.
//! 16. Keys that SQL orders otherwise (doubles, instants with offsets, those of any type) are sorted.
//! 17. An offset into all items, in their order, is found by its rank.
//! 18. A statement that only counts gets one row, where every condition is exactly the seek or residual.
//! 19. An index is read like keys, by rules 3 to 11, and behind its fields those of the key.
//! 20. It has to cost less than what the key offers, the item of each entry included.
//! 21. With an equality it is better than any hash, which would have to be made first.
//! 22. The order of an index counts as what sorting would cost, and with a limit only the first entries count.
//! 23. An index in which long texts were cut has no order.
//! 24. Entries that have all that is needed save the items.
//! 25. Conditions on fields that nothing else makes use of are residual: tested before SQLite sees the item ([`residual`](super::residual)).
//! 26. What a caller sees in part is read by its keys alone: no index, nothing residual.
//! 27. Groups and distinct values in the order of keys need no table of them.
//! 28. Items that are wanted in other groups are gathered by these in memory, where they fit, instead of being sorted.

mod forced;
mod grouping;
mod known;
mod order;
mod residuals;
pub(super) mod ways;

use rusqlite::vtab::{IndexConstraintOp as Op, IndexInfo};
use sop::key::KeyType;

use self::known::Known;
use self::ways::Way;
use super::TableShared;
use super::groups::Grouping;
use super::residual::Residual;
use super::seek::{Given, Pattern, Seek};
use crate::sql::Result;
use crate::sql::columns::Source;
use crate::sql::forced::ForcedPath;
use crate::sql::running::Running;

/// How the items come that a statement asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub path: Path,
    pub reverse: bool,
    /// Whether one row may stand for all items of a range: nothing else is asked of them.
    pub counts: bool,
    /// Behind so many fields, which have one value each, the items are wanted in order.
    pub equal: Option<usize>,
    /// The argument that says how many items are passed over.
    pub skip: Option<usize>,
    /// Conditions that are tested before an item is given to SQLite.
    pub residuals: Vec<Residual>,
    /// How the items are gathered before the first is given to SQLite.
    pub groups: Option<Grouping>,
    /// For people; empty where nobody is shown it.
    pub label: String,
}

/// Where the items come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Path {
    /// All of them, one after the other.
    Scan,
    /// Those in the ranges of leading key fields.
    Seek(Seek),
    /// Those of which a column equals an argument. The first time those of the seek, as a hash that is used once
    /// costs more.
    Hash {
        column: usize,
        argument: usize,
        first: Seek,
    },
    /// Those of the entries of an index, by its number, and whether the entries are enough.
    Index {
        index: usize,
        seek: Seek,
        covering: bool,
    },
    /// The one at a position.
    At { argument: usize },
}

/// A plan with what SQLite wants to know of it.
pub(super) struct Planned {
    pub plan: Plan,
    pub cost: f64,
    pub rows: i64,
    pub ordered: bool,
    pub unique: bool,
}

/// A condition that can be used.
struct Condition {
    /// Its place among all that SQLite gave.
    at: usize,
    column: usize,
    op: Op,
}

/// A store is taken to have at least so many items.
const LEAST_ITEMS: f64 = 1_000.0;
/// Work of finding a place in a tree, in items walked.
const SEEK_COST: f64 = 12.0;
/// Values that a list is taken to have.
const LIST_VALUES: f64 = 10.0;
/// The part of the items that a condition leaves which says "above" or "below".
const HALF: f64 = 0.3;

/// The best plan for what SQLite asks; `None` when it cannot be done that way.
pub(super) fn choose(
    table: &TableShared,
    running: &Running,
    info: &mut IndexInfo,
) -> Result<Option<Planned>> {
    let transaction = running.planning_of(table.database, &table.store)?;
    let own = Way::own(transaction.documents(&table.store)?);
    let indexes = Way::indexes(table, &transaction)?;
    let mut choice = Choice::new(table, &own, info, running.explains.get())?;
    let mut planned = match running.forced.get() {
        None => choice.best(&indexes)?,
        Some(path) => choice.forced(path, &indexes)?,
    };
    choice.offset(&mut planned);
    let forced = running.forced.get();
    if forced.is_none_or(|path| path == ForcedPath::Groups) {
        choice.residuals(&mut planned);
    }
    let permission = choice.count(&mut planned);
    match forced {
        None => choice.group(&mut planned, running.group_bytes.get()),
        Some(ForcedPath::Groups) => choice.group(&mut planned, usize::MAX),
        Some(_) => {}
    }
    let arguments = std::mem::take(&mut choice.arguments);
    for at in std::mem::take(&mut choice.lists) {
        // All values at once: one by one SQLite would compare them by other rules than `IN` has.
        let _ = info.set_in_constraint(at, true);
    }
    for (number, at) in arguments.iter().enumerate() {
        info.constraint_usage(*at).set_argv_index(number as i32 + 1);
    }
    let skip = planned.plan.skip.and_then(|at| arguments.get(at).copied());
    // The rows begin behind the offset already, and leave to count is no condition.
    for at in skip.into_iter().chain(permission) {
        info.constraint_usage(at).set_omit(true);
    }
    Ok(Some(planned))
}

/// `>` and `>=`.
fn is_above(op: &Op) -> bool {
    matches!(
        op,
        Op::SQLITE_INDEX_CONSTRAINT_GT | Op::SQLITE_INDEX_CONSTRAINT_GE
    )
}

/// `<` and `<=`.
fn is_below(op: &Op) -> bool {
    matches!(
        op,
        Op::SQLITE_INDEX_CONSTRAINT_LT | Op::SQLITE_INDEX_CONSTRAINT_LE
    )
}

struct Choice<'a> {
    table: &'a TableShared,
    /// The store itself.
    own: &'a Way<'a>,
    info: &'a IndexInfo,
    /// Whether plans are put into words.
    explains: bool,
    conditions: Vec<Condition>,
    items: f64,
    /// The conditions whose values the cursor gets, by their places.
    arguments: Vec<usize>,
    /// Those of them that are lists.
    lists: Vec<usize>,
    /// The conditions that are residual, by their places.
    tested: Vec<usize>,
}

impl<'a> Choice<'a> {
    fn new(
        table: &'a TableShared,
        own: &'a Way<'a>,
        info: &'a IndexInfo,
        explains: bool,
    ) -> Result<Self> {
        let conditions = info
            .constraints()
            .enumerate()
            .filter(|(_, constraint)| constraint.is_usable())
            .filter_map(|(at, constraint)| {
                Some(Condition {
                    at,
                    column: usize::try_from(constraint.column()).ok()?,
                    op: constraint.operator(),
                })
            })
            .filter(|condition| {
                // Text is compared byte by byte here.
                let collation = info.collation(condition.at);
                matches!(condition.op, Op::SQLITE_INDEX_CONSTRAINT_OFFSET)
                    || collation.is_ok_and(|name| ["BINARY", "DIGITS"].contains(&name))
            })
            .collect();
        Ok(Self {
            table,
            own,
            info,
            explains,
            conditions,
            // A plan is kept, and stores grow: no store is so small that walking it for each item of another is right.
            items: (own.store.len()? as f64).max(LEAST_ITEMS),
            arguments: Vec::new(),
            lists: Vec::new(),
            tested: Vec::new(),
        })
    }

    /// The number of the argument that a condition becomes.
    fn argument(&mut self, at: usize) -> usize {
        let known = self.arguments.iter().position(|there| *there == at);
        known.unwrap_or_else(|| {
            self.arguments.push(at);
            self.arguments.len() - 1
        })
    }

    /// Whether a condition is an `IN`.
    fn is_list(&self, at: usize) -> bool {
        self.info.is_in_constraint(at).unwrap_or_default()
    }

    fn find(&self, source: &Source, wanted: impl Fn(&Op) -> bool) -> Option<usize> {
        self.conditions
            .iter()
            .find(|condition| {
                wanted(&condition.op)
                    && self
                        .table
                        .columns
                        .get(condition.column)
                        .is_some_and(|column| column.source == *source)
            })
            .map(|condition| condition.at)
    }

    fn plan(&mut self) -> Result<Planned> {
        if let Some(at) = self.find(&Source::Position, |op| {
            matches!(op, Op::SQLITE_INDEX_CONSTRAINT_EQ)
        }) {
            let argument = self.argument(at);
            let path = Path::At { argument };
            return Ok(self.planned(self.own, path, " at a place", SEEK_COST, 1.0));
        }
        let own = self.own;
        let seek = self.seek(own);
        if !seek.equal.is_empty() {
            return self.seek_plan(seek);
        }
        let looks_up = self.look_up();
        if !seek.is_empty() && looks_up.is_none() {
            return self.seek_plan(seek);
        }
        if let Some((at, column)) = looks_up {
            return Ok(self.hash_plan(at, column, seek));
        }
        Ok(self.scan())
    }

    fn scan(&self) -> Planned {
        let cost = self.items * self.width();
        self.planned(self.own, Path::Scan, "", cost, self.items)
    }

    /// A condition that another store's item, or whatever changes while the statement runs, gives a value.
    fn look_up(&self) -> Option<(usize, usize)> {
        // A statement that only counts reads one store, once.
        if self.permission().is_some() {
            return None;
        }
        let usable = |condition: &&Condition| {
            // One value for the whole statement is found by one walk, as are those of one list.
            self.equals_field(condition)
                && self.info.rhs_value(condition.at).ok().flatten().is_none()
        };
        let found = self.conditions.iter().find(usable)?;
        Some((found.at, found.column))
    }

    /// Whether a condition wants one value of a field.
    fn equals_field(&self, condition: &Condition) -> bool {
        let column = self.table.columns.get(condition.column);
        let is_field = column.is_some_and(|column| {
            matches!(
                column.source,
                Source::Field(_) | Source::Path(_) | Source::RideOn(_) | Source::Key(_)
            )
        });
        is_field
            && matches!(condition.op, Op::SQLITE_INDEX_CONSTRAINT_EQ)
            && !self.is_list(condition.at)
    }

    fn hash_plan(&mut self, at: usize, column: usize, first: Seek) -> Planned {
        let argument = self.argument(at);
        let name = self
            .table
            .columns
            .get(column)
            .map_or("", |c| c.name.as_str());
        let label = format!("[{name}]");
        // As if one of some tens of values: what is known of its field says no more.
        let rows = (self.items / 40.0).min(self.items.sqrt() * 4.0);
        let cost = SEEK_COST * 2.0 + rows * 4.0;
        let path = Path::Hash {
            column,
            argument,
            first,
        };
        self.planned(self.own, path, &label, cost, rows)
    }

    /// What reading one item costs, in items of which only the key is read.
    fn width(&self) -> f64 {
        let used = self.info.col_used();
        let reads_value = self.table.columns.iter().enumerate().any(|(at, column)| {
            used & (1 << at.min(63)) != 0
                && matches!(
                    column.source,
                    Source::Field(_) | Source::Path(_) | Source::Value
                )
        });
        if reads_value { 2.0 } else { 1.0 }
    }

    /// The conditions that are on leading fields of a way.
    fn seek(&mut self, way: &Way<'_>) -> Seek {
        let spec = &way.store.definition().key;
        let is_equal = |op: &Op| matches!(op, Op::SQLITE_INDEX_CONSTRAINT_EQ);
        let mut seek = Seek::default();
        let fields = spec.fields().len();
        let mut at = 0;
        while let Some(source) = way.sources.get(at) {
            if let Some(found) = self.find(source, is_equal) {
                let argument = self.argument(found);
                let is_list = self.is_list(found);
                if is_list {
                    self.lists.push(found);
                }
                seek.equal.push(Some(Given { argument, is_list }));
            } else if let Some(found) = self.find(source, |op| {
                matches!(op, Op::SQLITE_INDEX_CONSTRAINT_ISNULL)
            }) && spec.is_composite()
            {
                self.argument(found);
                seek.equal.push(None);
            } else {
                break;
            }
            at += 1;
        }
        if spec.cel().is_some() {
            // In the order of an expression only whole keys have a place.
            if seek.equal.len() < fields {
                self.arguments.clear();
                self.lists.clear();
                return Seek::default();
            }
            return seek;
        }
        if at < fields {
            self.seek_range(way, at, &mut seek);
        }
        if way.index.is_none() {
            self.seek_places(&mut seek);
        }
        seek
    }

    fn seek_places(&mut self, seek: &mut Seek) {
        let after = self.find(&Source::Position, is_above);
        let before = self.find(&Source::Position, is_below);
        seek.after = after.map(|at| self.argument(at));
        seek.before = before.map(|at| self.argument(at));
    }

    fn seek_range(&mut self, way: &Way<'_>, at: usize, seek: &mut Seek) {
        let Some(source) = way.sources.get(at) else {
            return;
        };
        let lower = self.find(source, is_above);
        let upper = self.find(source, is_below);
        let inclusive = |at: usize| {
            self.conditions.iter().any(|condition| {
                condition.at == at
                    && matches!(
                        condition.op,
                        Op::SQLITE_INDEX_CONSTRAINT_GE | Op::SQLITE_INDEX_CONSTRAINT_LE
                    )
            })
        };
        let (lower, upper) = (
            lower.map(|at| (at, inclusive(at))),
            upper.map(|at| (at, inclusive(at))),
        );
        seek.lower = lower.map(|(at, inclusive)| (self.argument(at), inclusive));
        seek.upper = upper.map(|(at, inclusive)| (self.argument(at), inclusive));
        if seek.lower.is_some() || seek.upper.is_some() {
            return;
        }
        let field = way.store.definition().key.fields().get(at);
        let may_be_text = field.is_some_and(|field| {
            field.kind == KeyType::Any || (way.index.is_none() && field.kind == KeyType::String)
        });
        let like = self.find(source, |op| matches!(op, Op::SQLITE_INDEX_CONSTRAINT_LIKE));
        let glob = self.find(source, |op| matches!(op, Op::SQLITE_INDEX_CONSTRAINT_GLOB));
        let found = glob
            .map(|at| (at, Pattern::Glob))
            .or(like.map(|at| (at, Pattern::Like)));
        if let Some((at, pattern)) = found.filter(|_| may_be_text) {
            seek.prefix = Some((self.argument(at), pattern));
        }
    }

    fn seek_plan(&mut self, seek: Seek) -> Result<Planned> {
        let definition = self.own.store.definition();
        let fields = definition.key.fields();
        let whole = seek.equal.len() == fields.len();
        let rows = self.seek_rows(&seek)?;
        let label = self.seek_label(&seek, self.own);
        let cost = SEEK_COST + rows * self.width();
        let is_one = |given: &Option<Given>| given.is_some_and(|given| !given.is_list);
        let unique = whole && definition.unique && seek.equal.iter().all(is_one);
        let mut planned = self.planned(self.own, Path::Seek(seek), &label, cost, rows);
        planned.unique = unique;
        Ok(planned)
    }

    /// How many items a seek gives: counted where the values are known, else guessed.
    fn seek_rows(&self, seek: &Seek) -> Result<f64> {
        let store = &self.own.store;
        let fields = store.definition().key.fields().len();
        let lists = seek
            .equal
            .iter()
            .flatten()
            .filter(|given| given.is_list)
            .count();
        let many = LIST_VALUES.powi(lists as i32);
        if seek.equal.len() == fields && store.definition().unique {
            return Ok(many);
        }
        let known = Known {
            info: self.info,
            arguments: &self.arguments,
        };
        if known.knows(seek) {
            let mut rows = 0;
            for range in seek.ranges(store, &known)? {
                rows += store.count(&range)?;
            }
            return Ok((rows as f64).max(1.0));
        }
        // Each leading field takes its share of telling the items apart.
        let part = seek.equal.len() as f64 / fields as f64;
        let rows = self.items.powf(1.0 - part) * many;
        Ok(narrowed(rows, seek).max(1.0))
    }

    fn planned(&self, way: &Way<'_>, path: Path, label: &str, cost: f64, rows: f64) -> Planned {
        let equal = match &path {
            Path::Seek(seek) | Path::Index { seek, .. } => {
                let one = |given: &&Option<Given>| given.is_none_or(|given| !given.is_list);
                seek.equal.iter().take_while(one).count()
            }
            _ => 0,
        };
        let order = match path {
            Path::Scan | Path::Seek(_) | Path::Index { .. } => self.order(way, equal),
            Path::Hash { .. } | Path::At { .. } => None,
        };
        let label = self.label(way, &path, label, order == Some(true));
        Planned {
            plan: Plan {
                path,
                reverse: order == Some(true),
                counts: false,
                equal: (order.is_some() && self.info.num_of_order_by() > 0).then_some(equal),
                skip: None,
                residuals: Vec::new(),
                groups: None,
                label,
            },
            cost,
            rows: (rows.ceil() as i64).max(1),
            ordered: order.is_some() && self.info.num_of_order_by() > 0,
            unique: false,
        }
    }

    /// A way of reading in words.
    fn label(&self, way: &Way<'_>, path: &Path, rest: &str, descends: bool) -> String {
        if !self.explains {
            return String::new();
        }
        let verb = match path {
            Path::Scan => "scan",
            Path::Seek(seek) if seek.prefix.is_some() => "prefix",
            Path::Seek(_) => "seek",
            Path::Hash { .. } => "hash",
            Path::Index { .. } => "index",
            Path::At { .. } => "item",
        };
        let order = if descends { " descending" } else { "" };
        format!("{verb} {}{rest}{order}", way.store.definition().name)
    }

    fn seek_label(&self, seek: &Seek, way: &Way<'_>) -> String {
        if !self.explains || seek.is_empty() {
            return String::new();
        }
        let fields = way.store.definition().key.fields();
        seek_label(seek, fields.iter().map(|field| field.name.as_str()))
    }
}

/// How many of some rows the limits of a seek leave, for values that are not known.
fn narrowed(mut rows: f64, seek: &Seek) -> f64 {
    for limited in [
        seek.lower.is_some(),
        seek.upper.is_some(),
        seek.after.is_some(),
        seek.before.is_some(),
    ] {
        rows *= if limited { HALF } else { 1.0 };
    }
    rows * if seek.prefix.is_some() { 0.05 } else { 1.0 }
}

fn seek_label<'a>(seek: &Seek, names: impl Iterator<Item = &'a str>) -> String {
    let mut parts = Vec::new();
    let mut names = names.fuse();
    for equal in &seek.equal {
        let name = names.next().unwrap_or_default();
        let value = if equal.is_some() { "= ?" } else { "is null" };
        parts.push(format!("{name} {value}"));
    }
    let name = names.next().unwrap_or_default();
    if let Some((_, inclusive)) = seek.lower {
        parts.push(format!("{name} {} ?", if inclusive { ">=" } else { ">" }));
    }
    if let Some((_, inclusive)) = seek.upper {
        parts.push(format!("{name} {} ?", if inclusive { "<=" } else { "<" }));
    }
    if seek.prefix.is_some() {
        parts.push(format!("{name} like ?"));
    }
    for (place, word) in [
        (seek.after, "behind a place"),
        (seek.before, "before a place"),
    ] {
        if place.is_some() {
            parts.push(word.to_owned());
        }
    }
    format!("[{}]", parts.join(", "))
}
