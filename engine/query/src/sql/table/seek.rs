//! From the conditions on key fields to the ranges of keys that satisfy them.

use std::ops::Bound;

use rusqlite::types::{Value, ValueRef};
use sop::DocumentStore;
use sop::key::{Key, KeyPrefix, KeyRange, KeyType, KeyValue, Order};

use super::edge::{self, Edge, End, Equal};
use crate::sql::Result;

/// How an argument of `LIKE` or `GLOB` gives the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `%` and `_`, and letters of either case.
    Like,
    /// `*`, `?` and `[`.
    Glob,
}

/// An argument, or the values of a list that is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub argument: usize,
    pub is_list: bool,
}

/// Gives the values of arguments.
pub(super) trait Arguments {
    /// The value of an argument; none while it is not known.
    fn value(&self, argument: usize) -> Option<ValueRef<'_>>;
    /// The values of an argument that is a list; none while they are not known.
    fn list(&self, argument: usize) -> Option<Vec<Value>>;
}

/// Conditions on the leading fields of a key, by the numbers of the arguments that they get.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seek {
    /// For each leading field what it equals; `None`: it is null.
    pub equal: Vec<Option<Given>>,
    /// On the field behind these: above, and whether the value itself is in.
    pub lower: Option<(usize, bool)>,
    /// Below it.
    pub upper: Option<(usize, bool)>,
    /// Begins with it.
    pub prefix: Option<(usize, Pattern)>,
    /// Behind, and before, these places in the store.
    pub after: Option<usize>,
    pub before: Option<usize>,
}

/// Where a whole key leads that each field has one value for.
pub(super) enum Point {
    /// To this place, or nowhere.
    At(Vec<u8>),
    /// No key has that value.
    Nowhere,
}

/// Bytes behind the key in the place of an item of a store with duplicates.
pub(super) const ITEM_ID_BYTES: usize = 8;
/// The most ranges of one seek; with more lists than that makes, what is before them decides.
const MAX_RANGES: usize = 65_536;
/// The most letters of a prefix that are tried in both cases.
const MAX_LETTERS: u32 = 3;

impl Seek {
    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.equal.is_empty() && self.is_open() && !self.has_places()
    }

    fn has_places(&self) -> bool {
        self.after.is_some() || self.before.is_some()
    }

    /// Whether nothing is said of the field behind those that equal something.
    pub fn is_open(&self) -> bool {
        self.lower.is_none() && self.upper.is_none() && self.prefix.is_none()
    }

    /// As [`Seek::ranges`], where these are exactly the items that satisfy the conditions; `None` where that is not sure.
    pub fn exact_ranges(
        &self,
        store: &DocumentStore<'_>,
        arguments: &impl Arguments,
    ) -> Result<Option<Vec<KeyRange>>> {
        let spec = &store.definition().key;
        for (given, field) in self.equal.iter().zip(spec.fields()) {
            let Some(given) = given.filter(|given| !given.is_list) else {
                return Ok(None);
            };
            let equal = arguments.value(given.argument);
            let equal = equal.map_or(Equal::Unknown, |value| edge::equal(field.kind, value));
            if matches!(equal, Equal::Within(..) | Equal::Unknown) {
                return Ok(None);
            }
        }
        if self.prefix.is_some() || self.has_places() {
            return Ok(None);
        }
        let limits = [(self.lower, End::Lower), (self.upper, End::Upper)];
        for (limit, end) in limits {
            let Some((number, inclusive)) = limit else {
                continue;
            };
            let field = spec.fields().get(self.equal.len());
            let (Some(value), Some(field)) = (arguments.value(number), field) else {
                return Ok(None);
            };
            let is_float = matches!(field.kind, KeyType::F32 | KeyType::F64 | KeyType::Decimal);
            if is_float || edge::edge(field.kind, value, end, inclusive) == Edge::All {
                return Ok(None);
            }
        }
        self.ranges(store, arguments).map(Some)
    }

    /// The place that a whole key says, in a store without duplicates; `None` where the conditions are not one such key.
    pub fn point(
        &self,
        store: &DocumentStore<'_>,
        arguments: &impl Arguments,
    ) -> Result<Option<Point>> {
        let definition = store.definition();
        let fields = definition.key.fields();
        let is_whole = self.equal.len() == fields.len() && self.is_open() && !self.has_places();
        if !is_whole || !definition.unique || definition.key.cel().is_some() {
            return Ok(None);
        }
        let mut values = Vec::with_capacity(fields.len());
        for (given, field) in self.equal.iter().zip(fields) {
            let Some(given) = given.filter(|given| !given.is_list) else {
                return Ok(None);
            };
            let equal = arguments.value(given.argument);
            match equal.map_or(Equal::Unknown, |value| edge::equal(field.kind, value)) {
                Equal::Is(value) => values.push(value),
                Equal::Nothing => return Ok(Some(Point::Nowhere)),
                Equal::Within(..) | Equal::Unknown => return Ok(None),
            }
        }
        let position = store.position_of(&Key::composite(values))?;
        Ok(Some(Point::At(position)))
    }

    /// The ranges in which all items lie that satisfy the conditions, in the store's order and none twice.
    pub fn ranges(
        &self,
        store: &DocumentStore<'_>,
        arguments: &impl Arguments,
    ) -> Result<Vec<KeyRange>> {
        let mut ranges = Vec::new();
        self.collect(store, arguments, &mut Vec::new(), &mut ranges)?;
        if self.has_places() {
            let places = self.places(store, arguments);
            for range in &mut ranges {
                *range = range.intersect(&places);
            }
        }
        if ranges.len() > 1 {
            ranges.sort_by(|a, b| lower(a).cmp(lower(b)));
            ranges.dedup();
        }
        Ok(ranges)
    }

    /// The keys between two places. The places themselves are in, as other items with the same key may be.
    fn places(&self, store: &DocumentStore<'_>, arguments: &impl Arguments) -> KeyRange {
        let id = if store.definition().unique {
            0
        } else {
            ITEM_ID_BYTES
        };
        let bound = |place: Option<usize>| match place.and_then(|at| arguments.value(at)) {
            Some(ValueRef::Blob(place)) => {
                let order = place.get(..place.len().saturating_sub(id));
                Bound::Included(order.unwrap_or_default().to_vec())
            }
            _ => Bound::Unbounded,
        };
        KeyRange {
            lo: bound(self.after),
            hi: bound(self.before),
        }
    }

    /// Adds the ranges of all keys that begin with `leading`.
    fn collect(
        &self,
        store: &DocumentStore<'_>,
        arguments: &impl Arguments,
        leading: &mut Vec<KeyValue>,
        out: &mut Vec<KeyRange>,
    ) -> Result<()> {
        let field = store.definition().key.fields().get(leading.len());
        let (Some(field), Some(given)) = (field, self.equal.get(leading.len())) else {
            return self.last(store, arguments, leading, out);
        };
        let values = match given {
            None => Some(vec![Equal::Is(KeyValue::Null)]),
            Some(given) if given.is_list => arguments.list(given.argument).map(|values| {
                let equals = values
                    .iter()
                    .map(|value| edge::equal(field.kind, ValueRef::from(value)));
                equals.collect()
            }),
            Some(given) => arguments
                .value(given.argument)
                .map(|value| vec![edge::equal(field.kind, value)]),
        };
        let unknown = |values: &Vec<Equal>| {
            values.contains(&Equal::Unknown) || out.len() + values.len() > MAX_RANGES
        };
        let Some(values) = values.filter(|values| !unknown(values)) else {
            out.push(all_below(store, leading)?);
            return Ok(());
        };
        for value in values {
            match value {
                Equal::Is(value) => {
                    leading.push(value);
                    self.collect(store, arguments, leading, out)?;
                    leading.pop();
                }
                Equal::Within(low, high) => {
                    let span = (Bound::Included(low), Bound::Included(high));
                    out.push(between(store, leading, field.order, span)?);
                }
                Equal::Nothing | Equal::Unknown => {}
            }
        }
        Ok(())
    }

    /// Adds the ranges that the conditions on the field behind those of `leading` make.
    fn last(
        &self,
        store: &DocumentStore<'_>,
        arguments: &impl Arguments,
        leading: &[KeyValue],
        out: &mut Vec<KeyRange>,
    ) -> Result<()> {
        let fields = store.definition().key.fields();
        let Some(field) = fields.get(leading.len()).filter(|_| !self.is_open()) else {
            out.push(all_below(store, leading)?);
            return Ok(());
        };
        if let Some((number, pattern)) = self.prefix {
            let text = match arguments.value(number) {
                Some(ValueRef::Text(text)) => std::str::from_utf8(text).ok(),
                _ => None,
            };
            let starts = text.and_then(|text| starts(pattern, text));
            match starts.filter(|_| field.kind == KeyType::String) {
                Some(starts) => prefixes(store, leading, starts, out)?,
                None => out.push(all_below(store, leading)?),
            }
            return Ok(());
        }
        let end = |limit: Option<(usize, bool)>, end| {
            let Some((number, inclusive)) = limit else {
                return Some(Bound::Unbounded);
            };
            let value = arguments.value(number);
            match value.map_or(Edge::All, |value| {
                edge::edge(field.kind, value, end, inclusive)
            }) {
                Edge::At(bound) => Some(bound),
                Edge::All => Some(Bound::Unbounded),
                Edge::Nothing => None,
            }
        };
        // Missing values are below all others, and nothing is true of them.
        let not_missing = |lower: Bound<KeyValue>| match lower {
            Bound::Unbounded if store.definition().key.is_composite() => {
                Bound::Excluded(KeyValue::Null)
            }
            lower => lower,
        };
        if let (Some(lower), Some(upper)) =
            (end(self.lower, End::Lower), end(self.upper, End::Upper))
        {
            out.push(between(
                store,
                leading,
                field.order,
                (not_missing(lower), upper),
            )?);
        }
        Ok(())
    }
}

/// Everything whose key begins with these values.
pub(super) fn all_below(store: &DocumentStore<'_>, leading: &[KeyValue]) -> Result<KeyRange> {
    if leading.is_empty() {
        return Ok(KeyRange::all());
    }
    let key = Key::composite(leading.iter().cloned());
    Ok(store.key_range(Bound::Included(&key), Bound::Included(&key))?)
}

/// What begins with `leading` and has the next field within a span of values.
pub(super) fn between(
    store: &DocumentStore<'_>,
    leading: &[KeyValue],
    order: Order,
    (lower, upper): (Bound<KeyValue>, Bound<KeyValue>),
) -> Result<KeyRange> {
    let with = |bound: Bound<KeyValue>| {
        let longer = |value| Key::composite(leading.iter().cloned().chain([value]));
        match bound {
            Bound::Unbounded if leading.is_empty() => Bound::Unbounded,
            Bound::Unbounded => Bound::Included(Key::composite(leading.iter().cloned())),
            Bound::Included(value) => Bound::Included(longer(value)),
            Bound::Excluded(value) => Bound::Excluded(longer(value)),
        }
    };
    let (from, to) = match order {
        Order::Asc => (with(lower), with(upper)),
        Order::Desc => (with(upper), with(lower)),
    };
    Ok(store.key_range(from.as_ref(), to.as_ref())?)
}

fn prefixes(
    store: &DocumentStore<'_>,
    leading: &[KeyValue],
    starts: Vec<String>,
    out: &mut Vec<KeyRange>,
) -> Result<()> {
    let spec = &store.definition().key;
    for start in starts {
        let prefix = KeyPrefix {
            leading: leading.to_vec(),
            partial: Some(start),
        };
        let range = spec.prefix(&prefix);
        out.push(range.map_err(|source| sop::Error::InvalidKey {
            store: store.definition().name.clone(),
            source,
        })?);
    }
    Ok(())
}

fn lower(range: &KeyRange) -> &[u8] {
    match &range.lo {
        Bound::Included(bytes) | Bound::Excluded(bytes) => bytes,
        Bound::Unbounded => &[],
    }
}

/// With what a text begins that fits a pattern, all its ways of writing; `None` when that may be anything.
pub(super) fn starts(pattern: Pattern, text: &str) -> Option<Vec<String>> {
    let special: &[char] = match pattern {
        Pattern::Like => &['%', '_'],
        Pattern::Glob => &['*', '?', '['],
    };
    let start = text.split(special).next().unwrap_or_default();
    if start.is_empty() {
        return None;
    }
    if pattern == Pattern::Glob {
        return Some(vec![start.to_owned()]);
    }
    // Only the first letters are tried in both cases; what begins like that is a little more than what fits.
    let mut ways = vec![String::new()];
    let mut letters = 0;
    for character in start.chars() {
        let both = character.is_ascii_alphabetic();
        letters += u32::from(both);
        if letters > MAX_LETTERS {
            break;
        }
        if both {
            let upper = character.to_ascii_uppercase();
            let lower = character.to_ascii_lowercase();
            ways = ways
                .iter()
                .flat_map(|way| [format!("{way}{upper}"), format!("{way}{lower}")])
                .collect();
        } else {
            for way in &mut ways {
                way.push(character);
            }
        }
    }
    Some(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_patterns() {
        let like = |text| starts(Pattern::Like, text);
        assert_eq!(like("a1%"), Some(vec!["A1".to_owned(), "a1".to_owned()]));
        assert_eq!(like("%a"), None);
        assert_eq!(like(""), None);
        assert_eq!(like("abcdef").map(|ways| ways.len()), Some(8));
        assert_eq!(starts(Pattern::Glob, "aB*"), Some(vec!["aB".to_owned()]));
    }
}
