//! How stores reach each other through references.

use std::collections::BTreeMap;

use super::lexicon::alike;
use super::schema::{FieldKind, Place, Relation, Schema};
use super::words;

/// A step from one store to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The store that refers.
    pub owner: usize,
    /// The reference, by its place there.
    pub relation: usize,
    /// From the one that refers to the one item that is referred to; otherwise to the many that refer.
    pub forward: bool,
    /// The store that the step leads to.
    pub to: usize,
}

/// The most steps between two stores.
const MAX_STEPS: usize = 6;

impl Edge {
    /// The reference itself.
    pub fn relation(self, schema: &Schema) -> Option<&Relation> {
        schema.store(self.owner)?.relations.get(self.relation)
    }

    /// The columns on the side that it comes from, and those on the side that it leads to.
    pub fn columns(self, schema: &Schema) -> Option<(&[String], &[String])> {
        let relation = self.relation(schema)?;
        let (here, there) = (&relation.fields[..], &relation.targets[..]);
        Some(if self.forward {
            (here, there)
        } else {
            (there, here)
        })
    }
}

fn edges(schema: &Schema, from: usize) -> Vec<Edge> {
    let mut found = Vec::new();
    for (owner, store) in schema.stores.iter().enumerate() {
        for (relation, there) in store.relations.iter().enumerate() {
            let edge = |forward, to| Edge {
                owner,
                relation,
                forward,
                to,
            };
            if owner == from {
                found.push(edge(true, there.store));
            }
            if there.store == from {
                found.push(edge(false, owner));
            }
        }
    }
    found
}

/// The shortest way between two stores; steps to many cost more than those to one, and those into `through` little.
pub fn path(schema: &Schema, from: usize, to: usize, through: &[usize]) -> Option<Vec<Edge>> {
    if from == to {
        return Some(Vec::new());
    }
    let mut best: BTreeMap<usize, (u32, Vec<Edge>)> = BTreeMap::from([(from, (0, Vec::new()))]);
    let mut done = Vec::new();
    loop {
        let next = best
            .iter()
            .filter(|(store, _)| !done.contains(*store))
            .min_by_key(|(_, (cost, way))| (*cost, way.len()));
        let (store, cost, way) = next.map(|(store, (cost, way))| (*store, *cost, way.clone()))?;
        if store == to {
            return Some(way);
        }
        done.push(store);
        if way.len() == MAX_STEPS {
            continue;
        }
        for edge in edges(schema, store) {
            let step = match (through.contains(&edge.to), edge.forward) {
                (true, _) => 3,
                (false, true) => 10,
                (false, false) => 12,
            };
            let known = best
                .get(&edge.to)
                .is_some_and(|(there, _)| *there <= cost + step);
            if !known {
                let mut longer = way.clone();
                longer.push(edge);
                best.insert(edge.to, (cost + step, longer));
            }
        }
    }
}

/// The way to a store by a reference that is named, otherwise the shortest one.
pub fn path_by(
    schema: &Schema,
    from: usize,
    to: usize,
    via: Option<(usize, usize)>,
    through: &[usize],
) -> Option<Vec<Edge>> {
    let Some((owner, relation)) = via else {
        return path(schema, from, to, through);
    };
    let mut way = path(schema, from, owner, through)?;
    way.push(Edge {
        owner,
        relation,
        forward: true,
        to,
    });
    Some(way)
}

/// The fields by which people tell a store's items apart: a name or title, or the first and last name.
pub fn labels(schema: &Schema, store: usize) -> Vec<Place> {
    let words = |place: &Place| words::of_name(schema.field_name(*place));
    let text = |place: &Place| {
        schema
            .field(*place)
            .is_some_and(|f| f.kind == FieldKind::Text)
            && !schema.is_reference(*place)
    };
    let places: Vec<Place> = schema.places_of(store).filter(text).collect();
    let own = schema
        .store(store)
        .map_or_else(Vec::new, |store| words::of_name(&store.name));
    for name in ["name", "title", "label", "subject"] {
        let exact = places.iter().find(|place| {
            let words = words(place);
            words == [name]
                || words == ["full", name]
                || words == ["display", name]
                || words.strip_prefix(&own[..]) == Some(&[name.to_owned()])
        });
        if let Some(place) = exact {
            let rival = name == "title" && places.iter().any(|p| words(p) == ["last", "name"]);
            if !rival {
                return vec![*place];
            }
        }
    }
    let parts = [
        ["first", "name"],
        ["given", "name"],
        ["last", "name"],
        ["family", "name"],
    ];
    let of_person: Vec<Place> = parts
        .iter()
        .filter_map(|part| places.iter().find(|place| words(place) == *part).copied())
        .collect();
    if !of_person.is_empty() {
        return of_person;
    }
    let ends = |place: &&Place| {
        words(place)
            .last()
            .is_some_and(|last| ["name", "title", "email"].contains(&last.as_str()))
    };
    places
        .iter()
        .find(ends)
        .map(|place| vec![*place])
        .unwrap_or_default()
}

/// Whether the items of a store look like people.
pub fn is_person(schema: &Schema, store: usize) -> bool {
    let people = ["person", "customer", "employee", "artist"];
    let own = schema
        .store(store)
        .map(|store| words::of_name(&store.name))
        .unwrap_or_default();
    own.iter().any(|word| {
        people
            .iter()
            .any(|person| word == person || alike(word, person))
    }) || schema.places_of(store).any(|place| {
        let words = words::of_name(schema.field_name(place));
        words == ["first", "name"] || words == ["last", "name"]
    })
}
