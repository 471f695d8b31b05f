//! Pages of the items that a filter document lets through.
//!
//! The filter becomes a condition of SQL, which finds the places of the items; the items themselves
//! are read from a snapshot of the same sequence, so that their JSON is as exact as on other pages.
//! Where others write without a pause that is tried a few times only: then an item of the page may
//! have been changed since it was found.
//!
//! Cursors are places as on other pages, and those of one are good on the other. What there is
//! beside a page is looked up. Not done: a count that would need a walk, unless it is asked for.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sop::{Database, Direction, DocumentStore, KeyRange, Mode, Transaction};
use sop_query::select::{Compiled, Schema, compile_filter, parse};
use sop_query::sql::{
    Cancel, Catalog, Column, Limits, Output as Rows, Params, QueryEngine, Request, Summary, Value,
    ValueRef,
};

use sop_query::transfer::{ExportOptions, Exported, Exporter};

use super::listing::{
    Beyond, Listing, Plan, Start, Walked, before, links, plan, scope, write_rows,
};
use super::output::Output;
use super::versions::Stats;
use crate::cursor::Cursor;
use crate::error::{ApiError, ApiResult, Code};
use crate::extract::JsonNumbers;
use crate::security::Seen;

/// How often a page is read again because somebody wrote meanwhile.
const TRIES: usize = 5;

/// A filter, and what runs it.
pub(super) struct Filtering<'a> {
    /// The filter document as JSON.
    pub filter: &'a str,
    /// Whether all items are counted.
    pub count: bool,
    pub engine: &'a QueryEngine,
    pub time: Duration,
    pub cancel: Cancel,
    /// What who asks sees of the database.
    pub seen: &'a Seen,
}

/// Reads one page and writes its answer.
pub(super) fn read_filtered(
    db: &Database,
    name: &str,
    listing: &Listing<'_>,
    filtering: &Filtering<'_>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let started = Instant::now();
    for _ in 1..TRIES {
        let tx = db.begin(Mode::Read)?;
        let mut finder = Finder::new(db, name, &tx, filtering)?;
        let page = page(db, &tx, listing, &mut finder, numbers, started)?;
        if finder.sequences.iter().all(|found| *found == tx.sequence()) {
            return Ok(page);
        }
    }
    let tx = db.begin(Mode::Read)?;
    let mut finder = Finder::new(db, name, &tx, filtering)?;
    page(db, &tx, listing, &mut finder, numbers, started)
}

/// Exports the items that a filter lets through, in key order, as of one moment.
///
/// # Errors
/// What is wrong with the filter, or with the store; `conflict` where others write so often that two snapshots of one
/// moment could not be taken.
pub(super) fn export_filtered(
    db: &Database,
    name: &str,
    prefix: Option<&str>,
    filtering: &Filtering<'_>,
    options: &ExportOptions,
    out: &mut dyn Write,
) -> ApiResult<()> {
    for _ in 0..TRIES {
        let tx = db.begin(Mode::Read)?;
        let mut finder = Finder::new(db, name, &tx, filtering)?;
        let store = tx.documents(name)?;
        let range = super::keys::prefix(&store.definition().key, prefix)?;
        let whole = stretch(&store, &range, prefix.is_some())?;
        let mut progress = |_: &Exported| {};
        let mut rows = Exporting {
            db,
            tx: &tx,
            store: &store,
            seen: filtering.seen,
            exporter: Exporter::new(&store, options, out, &mut progress)?,
            begun: false,
            elsewhere: false,
            failed: None,
        };
        if let Some(whole) = whole {
            let (sql, params) = finder.statement("_position", &whole);
            finder.run(format!("{sql} ORDER BY _position"), params, &mut rows)?;
        }
        if let Some(error) = rows.failed {
            return Err(error);
        }
        let empty = !rows.begun && finder.sequences.iter().any(|at| *at != tx.sequence());
        if !rows.elsewhere && !empty {
            rows.exporter.finish()?;
            return Ok(());
        }
    }
    let detail = "Others write so often that no moment could be held for the export. Try again.";
    Err(ApiError::new(Code::Conflict, detail))
}

/// Exports the items at the places that a statement finds.
struct Exporting<'a> {
    db: &'a Database,
    tx: &'a Transaction,
    store: &'a DocumentStore<'a>,
    seen: &'a Seen,
    exporter: Exporter<'a>,
    begun: bool,
    /// Whether the statement may look at another moment than the transaction.
    elsewhere: bool,
    failed: Option<ApiError>,
}

impl Exporting<'_> {
    fn add(&mut self, place: &[u8]) -> ApiResult<()> {
        let Some(item) = self.store.get_at(place)? else {
            return Err(ApiError::internal("an item of the snapshot is not there"));
        };
        let value = self
            .seen
            .document(&self.store.definition().name, &item.value)?;
        Ok(self.exporter.add(&item.key, value.root())?)
    }
}

impl Rows for Exporting<'_> {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        if !self.begun {
            // The statement has its snapshot by now: when nothing was committed since the transaction began, it is the same.
            self.elsewhere = self.db.sequence() != self.tx.sequence();
            self.begun = true;
        }
        let [ValueRef::Blob(place)] = row else {
            return ControlFlow::Continue(());
        };
        if self.elsewhere {
            return ControlFlow::Break(());
        }
        match self.add(place) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

/// Finds the places of items.
struct Finder<'a> {
    catalog: Catalog,
    store: String,
    condition: Compiled,
    filtering: &'a Filtering<'a>,
    /// Sequences of the snapshots in which was looked.
    sequences: Vec<u64>,
    scanned: u64,
    nodes_read: u64,
}

/// The end of a stretch of places, and whether it is in.
type Edge = Option<(Vec<u8>, bool)>;

/// Where to look.
#[derive(Clone, Default)]
struct Stretch {
    low: Edge,
    high: Edge,
}

/// Takes the first places.
struct Places {
    found: Vec<Vec<u8>>,
    most: u64,
}

impl Rows for Places {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        if let [ValueRef::Blob(place)] = row {
            self.found.push(place.to_vec());
        }
        match (self.found.len() as u64) < self.most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }
}

impl<'a> Finder<'a> {
    fn new(
        db: &Database,
        name: &str,
        tx: &Transaction,
        filtering: &'a Filtering<'a>,
    ) -> ApiResult<Self> {
        // The engine's own error is the one for a store that is not there.
        let seen = filtering.seen;
        seen.check(tx.documents(name)?.definition())?;
        let filter = parse(filtering.filter.as_bytes()).map_err(ApiError::in_filter)?;
        let schema = Schema::seen_by(seen.visibility(), &[(seen.database(), tx)], &[name])?;
        let condition = compile_filter(&filter, &schema, name).map_err(ApiError::in_filter)?;
        Ok(Self {
            catalog: Catalog::new(vec![(seen.database().to_owned(), db.clone())]),
            store: name.to_owned(),
            condition,
            filtering,
            sequences: Vec::new(),
            scanned: 0,
            nodes_read: 0,
        })
    }

    /// The first places of a stretch in a direction.
    fn find(&mut self, stretch: &Stretch, walk: Direction, most: u64) -> ApiResult<Vec<Vec<u8>>> {
        let order = match walk {
            Direction::Forward => "",
            Direction::Backward => " DESC",
        };
        let (sql, params) = self.statement("_position", stretch);
        let sql = format!("{sql} ORDER BY _position{order}");
        let mut places = Places {
            found: Vec::new(),
            most,
        };
        self.run(sql, params, &mut places)?;
        Ok(places.found)
    }

    /// Whether a stretch has any, looked for from one end.
    fn any(&mut self, stretch: &Stretch, walk: Direction) -> ApiResult<bool> {
        Ok(!self.find(stretch, walk, 1)?.is_empty())
    }

    /// How many there are in a stretch.
    fn count(&mut self, stretch: &Stretch) -> ApiResult<u64> {
        struct Count(u64);
        impl Rows for Count {
            fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
                ControlFlow::Continue(())
            }
            fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
                if let [ValueRef::Integer(count)] = row {
                    self.0 = u64::try_from(*count).unwrap_or(0);
                }
                ControlFlow::Continue(())
            }
        }
        let (sql, params) = self.statement("count(*)", stretch);
        let mut count = Count(0);
        self.run(sql, params, &mut count)?;
        Ok(count.0)
    }

    fn statement(&self, what: &str, stretch: &Stretch) -> (String, Vec<Value>) {
        let store = self.store.replace('"', "\"\"");
        let condition = &self.condition.sql;
        let mut sql = format!("SELECT {what} FROM \"{store}\" WHERE ({condition})");
        let mut params = self.condition.params.clone();
        for (edge, sign) in [(&stretch.low, ">"), (&stretch.high, "<")] {
            if let Some((place, inclusive)) = edge {
                let equal = if *inclusive { "=" } else { "" };
                sql += [" AND _position ", sign, equal, " ?"].concat().as_str();
                params.push(Value::Blob(place.clone()));
            }
        }
        (sql, params)
    }

    fn run(&mut self, sql: String, params: Vec<Value>, rows: &mut dyn Rows) -> ApiResult<()> {
        let request = Request {
            limits: Limits {
                rows: None,
                time: Some(self.filtering.time),
            },
            cancel: self.filtering.cancel.clone(),
            visibility: self.filtering.seen.visibility().clone(),
            ..Request::new(sql, Params::Positional(params))
        };
        let run = self.filtering.engine.run(&self.catalog, &request, rows);
        let summary: Summary =
            run.map_err(|error| ApiError::from(error).only_parameter("filter"))?;
        self.sequences.extend(summary.sequence);
        self.scanned += summary.scanned;
        self.nodes_read += summary.nodes_read;
        Ok(())
    }
}

fn page(
    db: &Database,
    tx: &Transaction,
    listing: &Listing<'_>,
    finder: &mut Finder<'_>,
    numbers: JsonNumbers,
    started: Instant,
) -> ApiResult<Output> {
    let store = tx.documents(&finder.store)?;
    let spec = &store.definition().key;
    let scope = scope(db, &store);
    let range = super::keys::prefix(spec, listing.prefix)?;
    let plan = plan(&store, &range, listing, &scope)?;
    let whole = stretch(&store, &range, listing.prefix.is_some())?;
    let (walked, more) = match (&whole, start(&store, &plan, listing)?) {
        (Some(whole), Some(start)) => {
            let from = narrowed(whole, &start, &plan);
            let places = finder.find(&from, plan.walk, listing.limit + 1)?;
            walk(&store, finder.filtering.seen, &places, listing, numbers)?
        }
        _ => (Walked::empty(), false),
    };
    let whole = whole.unwrap_or_else(Stretch::nothing);
    let beyond = beyond(finder, &whole, &walked, &plan, listing, more)?;
    let rows = walked.ends.len() as u64;
    let links = links(&walked, &plan, listing.reverse, &beyond);
    let count = match finder.filtering.count {
        true => Some(finder.count(&whole)?),
        false => (!beyond.below && !beyond.above && (rows > 0 || beyond.empty)).then_some(rows),
    };
    let base = before(&store, &range)?;
    let backwards = plan.walk == Direction::Backward;
    let lowest = match &walked.edges {
        Some((first, last)) => store.rank_of(if backwards { last } else { first })?,
        None => base,
    };

    let mut out = Output::new(numbers);
    out.open(b'{');
    out.name("items");
    out.open(b'[');
    write_rows(&mut out, &walked, backwards != listing.reverse);
    out.close(b']');
    let text = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.encode(&scope));
    let has_more = match listing.start {
        Start::Before(_) => links.prev.is_some(),
        _ => links.next.is_some(),
    };
    out.field("next", &text(links.next));
    out.field("prev", &text(links.prev));
    out.field("has_more", &has_more);
    out.field("count", &count);
    out.field("total", &store.len()?);
    out.field("rank", &lowest);
    out.field("base", &base);
    let stats = Stats {
        elapsed_ms: (started.elapsed().as_secs_f64() * 1e6).round() / 1e3,
        rows,
        scanned: finder.scanned.max(rows),
        nodes_read: finder.nodes_read + tx.stats().nodes_read,
    };
    out.field("stats", &stats);
    out.field("sequence", &tx.sequence());
    out.close(b'}');
    Ok(out)
}

impl Stretch {
    /// One that has no place.
    fn nothing() -> Self {
        Self {
            low: None,
            high: Some((Vec::new(), false)),
        }
    }
}

/// The stretch of a range; `None` when nothing is in it.
fn stretch(
    store: &DocumentStore<'_>,
    range: &KeyRange,
    limited: bool,
) -> ApiResult<Option<Stretch>> {
    if !limited {
        return Ok(Some(Stretch::default()));
    }
    let mut ends = Vec::new();
    for direction in [Direction::Forward, Direction::Backward] {
        let Some(item) = store.keys(range, direction)?.next() else {
            return Ok(None);
        };
        ends.push(Some((Vec::from(item?.position), true)));
    }
    let high = ends.pop().flatten();
    let low = ends.pop().flatten();
    Ok(Some(Stretch { low, high }))
}

/// Where the page starts: a place, or nowhere in particular; `None` when nothing is there.
fn start(store: &DocumentStore<'_>, plan: &Plan, listing: &Listing<'_>) -> ApiResult<Option<Edge>> {
    if let Some(after) = &plan.after {
        return Ok(Some(Some((after.clone(), plan.inclusive))));
    }
    match listing.start {
        Start::From(_) | Start::At(_) => {
            let mut keys = store.keys(&plan.range, plan.walk)?;
            let first = keys.next().transpose()?;
            Ok(first.map(|item| Some((Vec::from(item.position), true))))
        }
        _ => Ok(Some(None)),
    }
}

/// The part of a stretch from a start on.
fn narrowed(whole: &Stretch, start: &Edge, plan: &Plan) -> Stretch {
    let mut part = whole.clone();
    let Some((place, _)) = start else {
        return part;
    };
    let (edge, is_narrower) = match plan.walk {
        Direction::Forward => {
            let low = part.low.as_ref();
            let narrower = low.is_none_or(|(low, _)| place >= low);
            (&mut part.low, narrower)
        }
        Direction::Backward => {
            let high = part.high.as_ref();
            let narrower = high.is_none_or(|(high, _)| place <= high);
            (&mut part.high, narrower)
        }
    };
    if is_narrower {
        edge.clone_from(start);
    }
    part
}

/// Reads the items at places, and says whether places are left.
fn walk(
    store: &DocumentStore<'_>,
    seen: &Seen,
    places: &[Vec<u8>],
    listing: &Listing<'_>,
    numbers: JsonNumbers,
) -> ApiResult<(Walked, bool)> {
    let spec = &store.definition().key;
    let mut out = Output::new(numbers);
    let mut walked = Walked::empty();
    let mut taken = 0;
    for place in places {
        let full = walked.ends.len() as u64 >= listing.limit;
        if full || out.len() as u64 >= listing.page_bytes {
            break;
        }
        taken += 1;
        // It may have been deleted since it was found; then the page is read again.
        let Some(item) = store.get_at(place)? else {
            continue;
        };
        let value = match listing.keys_only {
            true => None,
            false => Some(seen.document(&store.definition().name, &item.value)?),
        };
        out.row(spec, &item.key, value.as_ref(), item.version, item.id);
        walked.ends.push(out.len());
        match &mut walked.edges {
            None => walked.edges = Some((place.clone(), place.clone())),
            Some((_, last)) => last.clone_from(place),
        }
    }
    walked.json = out.into_bytes();
    Ok((walked, taken < places.len()))
}

/// What there is beside the page. What lies ahead is known from the walk; what lies behind is looked
/// for from its far end, where the first is soon found.
fn beyond(
    finder: &mut Finder<'_>,
    whole: &Stretch,
    walked: &Walked,
    plan: &Plan,
    listing: &Listing<'_>,
    more: bool,
) -> ApiResult<Beyond> {
    let begun_inside = !matches!(listing.start, Start::Beginning);
    let Some((first, _)) = &walked.edges else {
        let empty = !begun_inside || !finder.any(whole, plan.walk)?;
        return Ok(Beyond {
            below: false,
            above: false,
            empty,
        });
    };
    let mut behind = whole.clone();
    let edge = Some((first.clone(), false));
    match plan.walk {
        Direction::Forward => behind.high = edge,
        Direction::Backward => behind.low = edge,
    }
    let behind = begun_inside && finder.any(&behind, plan.walk)?;
    let (below, above) = match plan.walk {
        Direction::Forward => (behind, more),
        Direction::Backward => (more, behind),
    };
    Ok(Beyond {
        below,
        above,
        empty: false,
    })
}
