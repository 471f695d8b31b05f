//! The change set that takes an applied one back.

use super::{Change, ChangeSet, Outcome, Preview};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What the set did to one item altogether.
struct Net<'a> {
    first: &'a Preview,
    last: &'a Preview,
}

/// The set that gives every item the value it had before, if nobody changed it since. `None` when the outcome was not
/// applied. A deleted item of a store with duplicates comes back with another id.
pub fn inverse(outcome: &Outcome) -> Option<ChangeSet> {
    if !outcome.applied {
        return None;
    }
    let mut nets: Vec<Net<'_>> = Vec::new();
    let mut places: HashMap<(&str, &[u8], Option<u64>), usize> = HashMap::new();
    for preview in &outcome.preview {
        match places.entry((&preview.store, &preview.order, preview.id)) {
            Entry::Occupied(entry) => {
                if let Some(net) = nets.get_mut(*entry.get()) {
                    net.last = preview;
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(nets.len());
                nets.push(Net {
                    first: preview,
                    last: preview,
                });
            }
        }
    }
    Some(ChangeSet::new(
        nets.iter()
            .rev()
            .filter_map(|net| undo(net, outcome.sequence)),
    ))
}

fn undo(net: &Net<'_>, sequence: u64) -> Option<Change> {
    let store = net.last.store.clone();
    match (&net.first.before, &net.last.after) {
        (None, None) => None,
        (None, Some(_)) => Some(
            Change::delete(store, net.last.key.clone())
                .if_version(sequence)
                .with_id(net.last.id),
        ),
        (Some(before), after) => {
            let key = net
                .first
                .key_before
                .clone()
                .unwrap_or_else(|| net.first.key.clone());
            Some(match after {
                None => Change::insert(store, key, before.clone()),
                Some(_) => Change::update(store, key, before.clone())
                    .if_version(sequence)
                    .with_id(net.last.id),
            })
        }
    }
}
