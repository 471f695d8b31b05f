//! From conditions to the ranges of an index's entries.

use std::ops::Bound;

use rusqlite::types::ValueRef;
use sop::DocumentStore;
use sop::key::{Key, KeyField, KeyRange, KeyType, KeyValue};

use super::any::{self, Affinity, Span};
use super::edge::{self, Edge, End, Equal};
use super::seek::{Arguments, Given, Seek, all_below, between, starts};
use crate::sql::Result;

/// The ranges in which the entries lie.
#[derive(Debug, Default)]
pub(super) struct EntryRanges {
    /// All entries of these satisfy the conditions.
    pub sure: Vec<KeyRange>,
    /// Some of these do.
    pub doubtful: Vec<KeyRange>,
}

/// The most ranges of one search; with more values than that in lists, what is before them decides.
const MAX_RANGES: usize = 16_384;

impl EntryRanges {
    /// All ranges in the order of the index; no entry is in two of them.
    pub fn merged(self) -> Vec<KeyRange> {
        let mut ranges: Vec<KeyRange> = self
            .sure
            .into_iter()
            .chain(self.doubtful)
            .filter(|range| !range.is_empty())
            .collect();
        ranges.sort_by(|a, b| lower(a).cmp(&lower(b)));
        let mut merged: Vec<KeyRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if meets(&last.hi, &range.lo) => {
                    if is_further(&range.hi, &last.hi) {
                        last.hi = range.hi;
                    }
                }
                _ => merged.push(range),
            }
        }
        merged
    }

    fn push(&mut self, range: KeyRange, sure: bool) {
        if sure {
            self.sure.push(range);
        } else {
            self.doubtful.push(range);
        }
    }
}

/// A lower bound in order: the bytes, and whether they are left out.
fn lower(range: &KeyRange) -> (&[u8], bool) {
    match &range.lo {
        Bound::Unbounded => (&[], false),
        Bound::Included(bytes) => (bytes, false),
        Bound::Excluded(bytes) => (bytes, true),
    }
}

/// Whether a range that ends at `hi` holds what one that begins at `lo` holds, the latter being no lower.
fn meets(hi: &Bound<Vec<u8>>, lo: &Bound<Vec<u8>>) -> bool {
    match (hi, lo) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Included(hi), Bound::Included(lo)) => lo <= hi,
        (Bound::Included(hi) | Bound::Excluded(hi), Bound::Included(lo) | Bound::Excluded(lo)) => {
            lo < hi
        }
    }
}

fn is_further(a: &Bound<Vec<u8>>, b: &Bound<Vec<u8>>) -> bool {
    match (a, b) {
        (_, Bound::Unbounded) => false,
        (Bound::Unbounded, _) => true,
        (Bound::Included(a), Bound::Excluded(b)) => a >= b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a > b,
    }
}

/// A search of an index.
pub(super) struct Search<'a, A> {
    pub seek: &'a Seek,
    pub index: &'a DocumentStore<'a>,
    /// Of the columns that the fields of the index are.
    pub affinities: &'a [Affinity],
    pub arguments: &'a A,
    /// Whether the first field may be a text that SQLite might take for a number.
    pub texts: bool,
}

/// Whether the first field of an index, which has values of any type, is a text that SQLite might take for a number in some
/// of the entries.
pub(super) fn has_numeric_texts(index: &DocumentStore<'_>) -> Result<bool> {
    let Some(field) = index.definition().key.fields().first() else {
        return Ok(true);
    };
    let texts = any::numeric_texts();
    let range = between(index, &[], field.order, (texts.lower, texts.upper))?;
    Ok(index.count(&range)? > 0)
}

impl<A: Arguments> Search<'_, A> {
    /// The ranges of the entries that may satisfy the conditions.
    pub fn ranges(&self) -> Result<EntryRanges> {
        let mut out = EntryRanges::default();
        self.collect(&mut Vec::new(), true, &mut out)?;
        Ok(out)
    }

    fn field(&self, at: usize) -> Option<(&KeyField, Affinity)> {
        let field = self.index.definition().key.fields().get(at)?;
        let affinity = self.affinities.get(at).copied();
        Some((field, affinity.unwrap_or(Affinity::None)))
    }

    /// The spans of a field that equals a value; `texts` as in [`any::equal`].
    fn equal(
        field: &KeyField,
        affinity: Affinity,
        value: ValueRef<'_>,
        texts: bool,
    ) -> Option<Vec<Span>> {
        if field.kind == KeyType::Any {
            return Some(any::equal(affinity, value, texts));
        }
        let span = |lower, upper, sure| Span {
            lower: Bound::Included(lower),
            upper: Bound::Included(upper),
            sure,
        };
        match edge::equal(field.kind, value) {
            Equal::Is(value) => Some(vec![span(value.clone(), value, true)]),
            Equal::Within(low, high) => Some(vec![span(low, high, false)]),
            Equal::Nothing => Some(Vec::new()),
            Equal::Unknown => None,
        }
    }

    /// Adds the ranges of entries that begin with `leading`; `sure`: these satisfy their conditions.
    fn collect(
        &self,
        leading: &mut Vec<KeyValue>,
        sure: bool,
        out: &mut EntryRanges,
    ) -> Result<()> {
        let given = self.seek.equal.get(leading.len());
        let (Some((field, affinity)), Some(given)) = (self.field(leading.len()), given) else {
            return self.last(leading, sure, out);
        };
        let texts = self.texts || !leading.is_empty();
        let spans = |value: ValueRef<'_>| Self::equal(field, affinity, value, texts);
        let found = match given {
            None => {
                leading.push(KeyValue::Null);
                self.collect(leading, sure, out)?;
                leading.pop();
                return Ok(());
            }
            Some(Given {
                argument,
                is_list: true,
            }) => self.arguments.list(*argument).and_then(|list| {
                let each = list.iter().map(|value| spans(ValueRef::from(value)));
                each.collect::<Option<Vec<_>>>().map(|all| all.concat())
            }),
            Some(given) => self.arguments.value(given.argument).and_then(spans),
        };
        let room = MAX_RANGES.saturating_sub(out.sure.len() + out.doubtful.len());
        let Some(mut found) = found.filter(|found| found.len() <= room) else {
            out.push(all_below(self.index, leading)?, false);
            return Ok(());
        };
        // Each value of a list brings the spans that any value brings.
        let mut seen: Vec<Span> = Vec::new();
        found.retain(|span| {
            let is_point = span.sure || span.lower == span.upper;
            is_point
                || (!seen.contains(span) && {
                    seen.push(span.clone());
                    true
                })
        });
        for span in found {
            match (span.lower, span.upper) {
                (Bound::Included(value), Bound::Included(upper)) if value == upper => {
                    leading.push(value);
                    self.collect(leading, sure && span.sure, out)?;
                    leading.pop();
                }
                bounds => out.push(between(self.index, leading, field.order, bounds)?, false),
            }
        }
        Ok(())
    }

    /// Adds the ranges that the conditions on the field behind those of `leading` make.
    fn last(&self, leading: &[KeyValue], sure: bool, out: &mut EntryRanges) -> Result<()> {
        let field = self.field(leading.len()).filter(|_| !self.seek.is_open());
        let Some((field, affinity)) = field else {
            out.push(all_below(self.index, leading)?, sure);
            return Ok(());
        };
        if let Some((number, pattern)) = self.seek.prefix {
            let text = match self.arguments.value(number) {
                Some(ValueRef::Text(text)) => std::str::from_utf8(text).ok(),
                _ => None,
            };
            let Some(starts) = text.and_then(|text| starts(pattern, text)) else {
                out.push(all_below(self.index, leading)?, false);
                return Ok(());
            };
            for start in starts {
                out.push(self.beginning(leading, &start)?, false);
            }
            for span in any::not_texts() {
                let bounds = (span.lower, span.upper);
                out.push(between(self.index, leading, field.order, bounds)?, false);
            }
            return Ok(());
        }
        let lower = self.limit(field, affinity, self.seek.lower, End::Lower);
        let upper = self.limit(field, affinity, self.seek.upper, End::Upper);
        let range = |span: &Span| {
            let bounds = (span.lower.clone(), span.upper.clone());
            between(self.index, leading, field.order, bounds)
        };
        for low in &lower {
            for high in &upper {
                let both = range(low)?.intersect(&range(high)?);
                if !both.is_empty() {
                    out.push(both, sure && low.sure && high.sure);
                }
            }
        }
        Ok(())
    }

    /// The spans that a limit leaves.
    fn limit(
        &self,
        field: &KeyField,
        affinity: Affinity,
        limit: Option<(usize, bool)>,
        end: End,
    ) -> Vec<Span> {
        // Missing values are below all others, and nothing is true of them.
        let all = |sure| {
            vec![Span {
                lower: Bound::Excluded(KeyValue::Null),
                upper: Bound::Unbounded,
                sure,
            }]
        };
        let Some((argument, inclusive)) = limit else {
            return all(true);
        };
        let Some(value) = self.arguments.value(argument) else {
            return all(false);
        };
        if field.kind == KeyType::Any {
            return match end {
                End::Lower => any::above(affinity, value, inclusive),
                End::Upper => any::below(affinity, value, inclusive),
            };
        }
        let is_float = matches!(field.kind, KeyType::F32 | KeyType::F64 | KeyType::Decimal);
        match edge::edge(field.kind, value, end, inclusive) {
            Edge::At(bound) => {
                let (lower, upper) = match end {
                    End::Lower => (bound, Bound::Unbounded),
                    End::Upper => (Bound::Excluded(KeyValue::Null), bound),
                };
                vec![Span {
                    lower,
                    upper,
                    sure: !is_float,
                }]
            }
            Edge::All => all(false),
            Edge::Nothing => Vec::new(),
        }
    }

    /// Entries whose text in the field behind `leading` begins like this.
    fn beginning(&self, leading: &[KeyValue], start: &str) -> Result<KeyRange> {
        let whole = leading.iter().cloned().chain([any::beginning(start)]);
        let key = Key::composite(whole);
        let range = self
            .index
            .key_range(Bound::Included(&key), Bound::Included(&key))?;
        let Bound::Included(mut bytes) = range.lo else {
            return all_below(self.index, leading);
        };
        // Without its two bytes of end mark.
        bytes.truncate(bytes.len().saturating_sub(2));
        Ok(KeyRange::starting_with(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_ranges_hold_the_same_and_nothing_twice() {
        let bytes = |n: u8| vec![n];
        let mut ranges = EntryRanges::default();
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(5)),
                hi: Bound::Included(bytes(7)),
            },
            true,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Excluded(bytes(7)),
                hi: Bound::Excluded(bytes(9)),
            },
            false,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(6)),
                hi: Bound::Excluded(bytes(7)),
            },
            true,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(9)),
                hi: Bound::Included(bytes(9)),
            },
            true,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(2)),
                hi: Bound::Excluded(bytes(2)),
            },
            true,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(1)),
                hi: Bound::Included(bytes(2)),
            },
            true,
        );
        ranges.push(
            KeyRange {
                lo: Bound::Included(bytes(2)),
                hi: Bound::Excluded(bytes(3)),
            },
            true,
        );
        let merged = ranges.merged();
        let count = |n: u8| merged.iter().filter(|range| range.contains(&[n])).count();
        let counts: Vec<usize> = (0..11).map(count).collect();
        assert_eq!(counts, [0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0]);
        assert!(
            merged
                .windows(2)
                .all(|pair| lower(&pair[0]) < lower(&pair[1]))
        );
    }
}
