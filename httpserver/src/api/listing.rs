//! Pages of items: keyset, both directions, with exact places.
//!
//! A page never skips or repeats an item because of its size: where it ends, its cursors go on.
//! Counts and ranks come from the node counts of the same snapshot as the items, so they agree.

use std::ops::Bound;
use std::time::Instant;

use sop::{Database, Direction, Document, DocumentStore, Key, KeyRange, Mode};

use super::output::Output;
use crate::cursor::{Cursor, CursorScope};
use crate::error::{ApiError, ApiResult};
use crate::extract::JsonNumbers;
use crate::security::Seen;

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// JSON of the prefix; all items when missing.
    pub prefix: Option<&'a str>,
    /// Where it starts.
    pub start: Start<'a>,
    /// Descending.
    pub reverse: bool,
    /// Without values.
    pub keys_only: bool,
    /// Most items.
    pub limit: u64,
    /// Bytes after which the page ends early.
    pub page_bytes: u64,
}

/// Where a page starts.
#[derive(Debug)]
pub(crate) enum Start<'a> {
    /// At the first item in listing order.
    Beginning,
    /// After the item of a cursor.
    After(&'a str),
    /// So that it ends before the item of a cursor.
    Before(&'a str),
    /// At a key (JSON), or the next one in listing order.
    From(&'a str),
    /// At the item with this many items of the store before it.
    At(u64),
}

/// What was read of one item.
struct Row {
    key: Key,
    value: Option<Document>,
    version: u64,
    id: Option<u64>,
    position: Vec<u8>,
}

/// The rows of a page as JSON, in the order they were walked, with the places of both ends.
pub(super) struct Walked {
    pub json: Vec<u8>,
    /// End of each row in `json`.
    pub ends: Vec<usize>,
    /// Positions of the first and the last walked row.
    pub edges: Option<(Vec<u8>, Vec<u8>)>,
}

impl Walked {
    /// No rows.
    pub fn empty() -> Self {
        Self {
            json: Vec::new(),
            ends: Vec::new(),
            edges: None,
        }
    }
}

/// Reads one page and writes its answer.
pub(crate) fn read_page(
    db: &Database,
    seen: &Seen,
    name: &str,
    listing: &Listing<'_>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let started = Instant::now();
    let tx = db.begin(Mode::Read)?;
    let store = tx.documents(name)?;
    seen.check(store.definition())?;
    let spec = &store.definition().key;
    let scope = scope(db, &store);
    let range = super::keys::prefix(spec, listing.prefix)?;
    let plan = plan(&store, &range, listing, &scope)?;
    let walked = walk(&store, seen, &plan, listing, numbers)?;

    let total = store.len()?;
    let count = if listing.prefix.is_some() {
        store.count(&range)?
    } else {
        total
    };
    let base = before(&store, &range)?;
    let rows = walked.ends.len() as u64;
    let backwards = plan.walk == Direction::Backward;
    let lowest = match &walked.edges {
        Some((first, last)) => store.rank_of(if backwards { last } else { first })?,
        None if backwards => base,
        None => base + count,
    };
    let beyond = Beyond {
        below: lowest > base,
        above: lowest + rows < base + count,
        empty: count == 0,
    };
    let links = links(&walked, &plan, listing.reverse, &beyond);

    let mut out = Output::new(numbers);
    out.open(b'{');
    out.name("items");
    out.open(b'[');
    write_rows(&mut out, &walked, backwards != listing.reverse);
    out.close(b']');
    let text = |cursor: Option<Cursor>| cursor.map(|cursor| cursor.encode(&scope));
    let has_more = if matches!(listing.start, Start::Before(_)) {
        links.prev.is_some()
    } else {
        links.next.is_some()
    };
    out.field("next", &text(links.next));
    out.field("prev", &text(links.prev));
    out.field("has_more", &has_more);
    out.field("count", &count);
    out.field("total", &total);
    out.field("rank", &lowest);
    out.field("base", &base);
    super::versions::stats(&mut out, started, rows, &tx);
    out.close(b'}');
    Ok(out)
}

/// The identity that cursors of a store are bound to.
pub(super) fn scope(db: &Database, store: &DocumentStore<'_>) -> CursorScope {
    let definition = store.definition();
    let key = serde_json::to_string(&definition.key).unwrap_or_default();
    CursorScope::new(&db.id(), &definition.name, &key)
}

/// How the tree is walked.
pub(super) struct Plan {
    pub range: KeyRange,
    pub walk: Direction,
    /// Go on after this position.
    pub after: Option<Vec<u8>>,
    /// And take its own item first, if it is there.
    pub inclusive: bool,
}

/// How the page that is asked for is walked.
pub(super) fn plan(
    store: &DocumentStore<'_>,
    range: &KeyRange,
    listing: &Listing<'_>,
    scope: &CursorScope,
) -> ApiResult<Plan> {
    let forward = !listing.reverse;
    let direction = |up: bool| {
        if up {
            Direction::Forward
        } else {
            Direction::Backward
        }
    };
    let mut plan = Plan {
        range: range.clone(),
        walk: direction(forward),
        after: None,
        inclusive: false,
    };
    match listing.start {
        Start::Beginning => {}
        Start::After(text) => {
            let cursor = Cursor::decode(text, scope, "after")?;
            (plan.after, plan.inclusive) = (Some(cursor.position), cursor.inclusive);
        }
        Start::Before(text) => {
            let cursor = Cursor::decode(text, scope, "before")?;
            plan.walk = direction(!forward);
            (plan.after, plan.inclusive) = (Some(cursor.position), cursor.inclusive);
        }
        Start::From(text) => {
            let spec = &store.definition().key;
            let key = super::keys::key(spec, "from", text)?;
            let (lo, hi) = if forward {
                (Bound::Included(&key), Bound::Unbounded)
            } else {
                (Bound::Unbounded, Bound::Included(&key))
            };
            plan.range = range.intersect(&store.key_range(lo, hi)?);
        }
        Start::At(rank) => match store.nth(rank)? {
            Some(item) => (plan.after, plan.inclusive) = (Some(item.position.into()), true),
            None => plan.range = KeyRange::empty(),
        },
    }
    Ok(plan)
}

/// Number of items of the store before a range.
pub(super) fn before(store: &DocumentStore<'_>, range: &KeyRange) -> ApiResult<u64> {
    let hi = match &range.lo {
        Bound::Unbounded => return Ok(0),
        Bound::Included(lo) => Bound::Excluded(lo.clone()),
        Bound::Excluded(lo) => Bound::Included(lo.clone()),
    };
    Ok(store.count(&KeyRange {
        lo: Bound::Unbounded,
        hi,
    })?)
}

fn walk(
    store: &DocumentStore<'_>,
    seen: &Seen,
    plan: &Plan,
    listing: &Listing<'_>,
    numbers: JsonNumbers,
) -> ApiResult<Walked> {
    let spec = &store.definition().key;
    let mut out = Output::new(numbers);
    let mut ends = Vec::new();
    let mut edges: Option<(Vec<u8>, Vec<u8>)> = None;
    for row in rows(store, plan, listing.keys_only)? {
        let row = row?;
        let value = row.value.as_ref();
        let value = value.map(|value| seen.document(&store.definition().name, value));
        out.row(
            spec,
            &row.key,
            value.transpose()?.as_ref(),
            row.version,
            row.id,
        );
        ends.push(out.len());
        match &mut edges {
            None => edges = Some((row.position.clone(), row.position)),
            Some((_, last)) => *last = row.position,
        }
        if ends.len() as u64 >= listing.limit || out.len() as u64 >= listing.page_bytes {
            break;
        }
    }
    Ok(Walked {
        json: out.into_bytes(),
        ends,
        edges,
    })
}

/// The rows from the start on, in walking order.
fn rows<'s>(
    store: &'s DocumentStore<'_>,
    plan: &Plan,
    keys_only: bool,
) -> ApiResult<Box<dyn Iterator<Item = ApiResult<Row>> + 's>> {
    let own = match &plan.after {
        Some(position) if plan.inclusive => store.get_at(position)?,
        _ => None,
    };
    // An anchor outside of the prefix (the cursor came from another one) is not part of the page.
    let own = match own {
        Some(item) if store.lies_in(&item.position, &plan.range)? => Some(item),
        _ => None,
    };
    let own = own.into_iter().map(move |item| {
        Ok(Row {
            key: item.key,
            value: (!keys_only).then_some(item.value),
            version: item.version,
            id: item.id,
            position: item.position.into(),
        })
    });
    if keys_only {
        let keys = match &plan.after {
            Some(position) => store.keys_after(&plan.range, plan.walk, position)?,
            None => store.keys(&plan.range, plan.walk)?,
        };
        let keys = keys.map(|item| {
            let item = item.map_err(ApiError::from)?;
            Ok(Row {
                key: item.key,
                value: None,
                version: item.version,
                id: item.id,
                position: item.position.into(),
            })
        });
        return Ok(Box::new(own.chain(keys)));
    }
    let items = match &plan.after {
        Some(position) => store.range_after(&plan.range, plan.walk, position)?,
        None => store.range(&plan.range, plan.walk)?,
    };
    let items = items.map(|item| {
        let item = item.map_err(ApiError::from)?;
        Ok(Row {
            key: item.key,
            value: Some(item.value),
            version: item.version,
            id: item.id,
            position: item.position.into(),
        })
    });
    Ok(Box::new(own.chain(items)))
}

/// The cursors of a page.
pub(super) struct Links {
    pub next: Option<Cursor>,
    pub prev: Option<Cursor>,
}

/// What there is beside the page.
pub(super) struct Beyond {
    /// Items with lower keys.
    pub below: bool,
    /// Items with higher keys.
    pub above: bool,
    /// No items at all, the page included.
    pub empty: bool,
}

/// The cursors at both ends of a page, where there is something beyond.
pub(super) fn links(walked: &Walked, plan: &Plan, reverse: bool, beyond: &Beyond) -> Links {
    let backwards = plan.walk == Direction::Backward;
    let (low, high) = if let Some((first, last)) = &walked.edges {
        let (low, high) = if backwards {
            (last, first)
        } else {
            (first, last)
        };
        let cursor = |position: &Vec<u8>| Cursor {
            inclusive: false,
            position: position.clone(),
        };
        (
            beyond.below.then(|| cursor(low)),
            beyond.above.then(|| cursor(high)),
        )
    } else {
        // Nothing there: the way back leads to the anchor, its own item included.
        let anchor = plan.after.clone().filter(|_| !beyond.empty);
        let anchor = anchor.map(|position| Cursor {
            inclusive: true,
            position,
        });
        if backwards {
            (None, anchor)
        } else {
            (anchor, None)
        }
    };
    if reverse {
        Links {
            next: low,
            prev: high,
        }
    } else {
        Links {
            next: high,
            prev: low,
        }
    }
}

/// The rows in listing order; `turned` when they were walked the other way.
pub(super) fn write_rows(out: &mut Output, walked: &Walked, turned: bool) {
    let starts = std::iter::once(0).chain(walked.ends.iter().copied());
    let rows = starts
        .zip(walked.ends.iter().copied())
        .filter_map(|(start, end)| walked.json.get(start..end));
    // Rows were written one after the other, so each but the first begins with the comma.
    let mut rows: Vec<&[u8]> = rows
        .map(|row| row.strip_prefix(b",").unwrap_or(row))
        .collect();
    if turned {
        rows.reverse();
    }
    for row in rows {
        out.raw(row);
    }
}
