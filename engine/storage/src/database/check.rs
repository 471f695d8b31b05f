//! Full verification: every checksum, order, count and pointer of the trees, every key and document, that each
//! index has what its source has, and that every prepared transaction can still be committed.

use std::cmp::Ordering;

use super::backup::Pin;
use super::catalog_payload::CatalogPayload;
use super::core::Core;
use super::prepared::{PreparedInfo, check_prepared, list};
use super::shapes::Recount;
use super::snapshot::{StoreState, tree_config};
use super::usage::Usage;
use crate::definition::StoreDefinition;
use crate::error::{Error, Result};
use crate::index::{Entry, IndexOf, IndexState, entry};
use crate::key::label::Label;
use crate::transaction::item::Shape;
use crate::transaction::physical::{has_ride_on, physical_key, split, split_payload};
use crate::transaction::writes::StoreId;
use crate::tree::{Cursor, PagePart, Tree, TreeReport};

/// The most problems that are listed; the number of all is counted.
pub const MAX_LISTED_PROBLEMS: usize = 1_000;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Store, node or item.
    pub place: String,
    /// What was found.
    pub detail: String,
}

/// What a store holds, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreCheck {
    /// Name of the store.
    pub name: String,
    /// Items by the counts in the nodes.
    pub items: u64,
    /// Items that could be read and decoded.
    pub readable: u64,
    /// Nodes of the tree.
    pub nodes: u64,
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Sequence of the snapshot that was checked.
    pub sequence: u64,
    /// The stores in the order of their names.
    pub stores: Vec<StoreCheck>,
    /// Prepared transactions that wait for their decision.
    pub prepared: Vec<PreparedInfo>,
    /// At most [`MAX_LISTED_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// All problems, listed or not.
    pub problem_count: u64,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, place: String, detail: String) {
        self.problem_count += 1;
        if self.problems.len() < MAX_LISTED_PROBLEMS {
            self.problems.push(Problem { place, detail });
        }
    }
}

/// Checks the newest snapshot; `progress` is told the name and items of each store before it.
pub(crate) fn run(core: &Core, progress: &mut dyn FnMut(&str, u64)) -> Result<CheckReport> {
    core.check_usable(false)?;
    let (snapshot, pass) = core.enter(false)?;
    let mut report = CheckReport {
        sequence: snapshot.sequence,
        prepared: list(&snapshot),
        ..CheckReport::default()
    };
    check_prepared(&snapshot, |place, detail| report.problem(place, detail));
    for (name, id) in &snapshot.names {
        if let Some(store) = snapshot.stores.get(id) {
            progress(name, store.tree.len());
            check_store(&mut report, name, store);
        }
    }
    for (source, indexes) in &snapshot.indexes {
        for index in indexes {
            if let (Some(source), Some(index)) =
                (snapshot.stores.get(source), snapshot.stores.get(index))
            {
                check_index(&mut report, source, index);
            }
        }
    }
    core.leave(pass);
    check_checkpoint(&mut report, core);
    Ok(report)
}

/// Checks both files of the newest checkpoint, and that what it says to be in use of each segment is what a walk over
/// its trees finds.
fn check_checkpoint(report: &mut CheckReport, core: &Core) {
    let (_pin, newest) = match Pin::new(core) {
        Ok(pinned) => pinned,
        // Opened for reading beside a process that has made a newer one since.
        Err(Error::File(error)) if error.is_not_found() && core.lock.lock().is_none() => return,
        Err(error) => return report.problem("checkpoint".to_owned(), error.to_string()),
    };
    for damage in core.checkpoint.lock().catalog.damage(newest.sequence) {
        report.problem("checkpoint".to_owned(), damage.to_string());
    }
    let payload = match CatalogPayload::decode(&newest.payload) {
        Ok(payload) => payload,
        Err(error) => return report.problem("checkpoint".to_owned(), error.to_string()),
    };
    // An estimate is replaced by the next checkpoint.
    for store in payload.stores.iter().filter(|_| payload.exact) {
        let context = core.trees.context(StoreId(store.id));
        let tree = Tree::open(tree_config(&store.definition), context, &store.root);
        // What cannot be read was found above.
        if let Ok(found) = Usage::of(&tree)
            && found != store.usage
        {
            report.problem(
                format!("checkpoint, store {:?}", store.definition.name),
                format!(
                    "it says that {:?} is in use, {:?} is",
                    store.usage.segments(),
                    found.segments()
                ),
            );
        }
    }
}

fn check_store(report: &mut CheckReport, name: &str, store: &StoreState) {
    let mut tree = TreeReport::default();
    store.tree.check(&mut tree);
    if let Some(damage) = store.tree.damage() {
        report.problem(
            format!("store {name:?}"),
            format!("commits in the log change items that cannot be read: {damage}"),
        );
    }
    for finding in &tree.findings {
        report.problem(
            format!("store {name:?}, {}", finding.place),
            finding.detail.clone(),
        );
    }
    let readable = if tree.findings.is_empty() {
        check_items(report, name, store)
    } else {
        0
    };
    if tree.findings.is_empty() && readable != store.tree.len() {
        report.problem(
            format!("store {name:?}"),
            format!(
                "{readable} items can be read, the nodes count {}",
                store.tree.len()
            ),
        );
    }
    report.stores.push(StoreCheck {
        name: name.to_owned(),
        items: store.tree.len(),
        readable,
        nodes: tree.nodes,
    });
}

/// Compares an index with its source: each item has its entry, and there are no others.
fn check_index(report: &mut CheckReport, source: &StoreState, index: &StoreState) {
    let name = &index.definition.name;
    let Some(of) = &index.definition.index_of else {
        return;
    };
    let ready = of.state == IndexState::Ready;
    let (mut item, mut found) = (0_u64, 0_u64);
    let mut cursor = source.tree.cursor();
    let mut more = cursor.first();
    while matches!(more, Ok(true)) {
        match entry_of(&cursor, &source.definition, of) {
            // What cannot be read was found in its own store.
            None => {}
            Some(entry) => match index.tree.get(&entry.key) {
                Ok(Some(there)) => {
                    found += 1;
                    let payload = there.value.bytes();
                    if payload.is_ok_and(|payload| *payload != *entry.payload()) {
                        let detail = format!("the entry of item {item} says something else of it");
                        report.problem(format!("index {name:?}"), detail);
                    }
                }
                Ok(None) if ready => report.problem(
                    format!("index {name:?}"),
                    format!("item {item} of {:?} has no entry", of.store),
                ),
                Ok(None) => {}
                Err(error) => report.problem(format!("index {name:?}"), error.to_string()),
            },
        }
        item += 1;
        more = cursor.next();
    }
    if more.is_ok() && found != index.tree.len() {
        report.problem(
            format!("index {name:?}"),
            format!(
                "{} of its {} entries belong to no item of {:?}",
                index.tree.len().saturating_sub(found),
                index.tree.len(),
                of.store
            ),
        );
    }
}

/// The entry that the item under a cursor has in an index.
fn entry_of(cursor: &Cursor<'_>, source: &StoreDefinition, of: &IndexOf) -> Option<Entry> {
    let (key, value) = (cursor.key()?, cursor.value().ok()??);
    let (_, document) = split_payload(&value, has_ride_on(&source.key)).ok()?;
    entry(source, of, key, document).ok()
}

/// Decodes the item a cursor stands on and counts its fields; its key has to give the bytes it lies at.
fn check_item(
    cursor: &Cursor<'_>,
    definition: &StoreDefinition,
    recount: &mut Recount,
) -> Result<(), String> {
    let value = cursor.value().map_err(|e| e.to_string())?;
    let (Some(key), Some(value)) = (cursor.key(), value) else {
        return Err("the cursor stands on no item".to_owned());
    };
    let item = Shape::of(definition)
        .item(key, 0, PagePart::plain(&value), None)
        .to_item()
        .map_err(|e| e.to_string())?;
    recount.add(item.value.root());
    let spec = &definition.key;
    let encoded = if spec.is_compared() {
        Label::of(key).and_then(|label| spec.encode_at(&label, &item.key))
    } else {
        spec.encode(&item.key)
    };
    let encoded = encoded.map_err(|e| e.to_string())?;
    if physical_key(&encoded.order, item.id) == key {
        Ok(())
    } else {
        Err("its key does not lie where its encoding says".to_owned())
    }
}

/// Asks the comparer of the store about two neighbours.
fn check_neighbours(
    before: &[u8],
    after: &[u8],
    definition: &StoreDefinition,
) -> Result<(), String> {
    let spec = &definition.key;
    let words = |error: crate::key::KeyError| error.to_string();
    let order = |physical| {
        let (order, _) = split(physical, definition.unique).map_err(|e| e.to_string())?;
        Ok::<_, String>((order, spec.decode(order, &[]).map_err(words)?))
    };
    let ((before, x), (after, y)) = (order(before)?, order(after)?);
    let (x_fields, y_fields) = (
        spec.fields_bytes(before).map_err(words)?,
        spec.fields_bytes(after).map_err(words)?,
    );
    let said = spec
        .compare((&x.values, x_fields), (&y.values, y_fields))
        .map_err(words)?;
    let same = before == after && !definition.unique;
    if said == Ordering::Less || (said == Ordering::Equal && same) {
        return Ok(());
    }
    Err(format!(
        "{} stands before {}, but the CEL expression of the store orders them otherwise",
        spec.key_to_json(&x),
        spec.key_to_json(&y)
    ))
}

fn check_items(report: &mut CheckReport, name: &str, store: &StoreState) -> u64 {
    let mut readable = 0;
    let mut recount = Recount::new(&store.shapes);
    let mut cursor = store.tree.cursor();
    let mut more = cursor.first();
    let mut before: Option<Vec<u8>> = None;
    while matches!(more, Ok(true)) {
        match check_item(&cursor, &store.definition, &mut recount) {
            Ok(()) => readable += 1,
            Err(detail) => report.problem(format!("store {name:?}, item {readable}"), detail),
        }
        if store.definition.key.is_compared() {
            let here = cursor.key().unwrap_or_default().to_vec();
            let ordered = before
                .as_deref()
                .map(|before| check_neighbours(before, &here, &store.definition));
            if let Some(Err(detail)) = ordered {
                report.problem(format!("store {name:?}, item {readable}"), detail);
            }
            before = Some(here);
        }
        more = cursor.next();
    }
    if let Err(error) = more {
        report.problem(format!("store {name:?}"), error.to_string());
    }
    // Of items that cannot be read nothing can be compared, and there is a problem already.
    if readable == store.tree.len() && store.shapes.is_exact() {
        for difference in recount.differences() {
            report.problem(format!("store {name:?}, fields"), difference);
        }
    }
    readable
}
