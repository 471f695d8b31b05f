//! Walking the groups of a range: read the first key, find its group, seek past the group.
//!
//! Always true: every step moves forward in the store's order, so the walk ends.

use super::split::{Split, common_length, is_calendar, text_of};
use super::{Group, Level, More, PrefixError, PrefixOptions, prefix_to_json};
use serde_json::Value;
use sop::key::{KeyPrefix, KeyRange, KeyType, KeyValue};
use sop::{Direction, DocumentStore};
use std::ops::Bound;

/// Keys that are looked at to find a separator.
const SAMPLED_KEYS: u64 = 32;

/// The range whose keys are grouped.
pub(super) struct Scan<'a, 'tx> {
    store: &'a DocumentStore<'tx>,
    of: &'a KeyPrefix,
    range: KeyRange,
    level: Level,
    options: PrefixOptions,
}

/// A group as it is found.
struct Found {
    prefix: KeyPrefix,
    value: KeyValue,
    range: KeyRange,
}

impl<'a, 'tx> Scan<'a, 'tx> {
    pub const fn new(
        store: &'a DocumentStore<'tx>,
        of: &'a KeyPrefix,
        range: KeyRange,
        level: Level,
        options: PrefixOptions,
    ) -> Self {
        Self {
            store,
            of,
            range,
            level,
            options,
        }
    }

    /// Whether the field has at most `limit` different values in the range.
    pub fn has_at_most(&self, limit: u64) -> Result<bool, PrefixError> {
        let mut rest = Some(self.range.clone());
        for _ in 0..=limit {
            let Some(range) = rest else { return Ok(true) };
            let Some(found) = self.next_group(&range, &Split::Values)? else {
                return Ok(true);
            };
            rest = after(range, &found.range);
        }
        Ok(rest.is_none_or(|range| self.store.count(&range).is_ok_and(|count| count == 0)))
    }

    /// How the texts in the range are cut.
    pub fn choose_split(&self, kind: KeyType, count: u64) -> Result<Split, PrefixError> {
        let texts = self.text_range()?;
        let first = self.text_at(&texts, Direction::Forward)?;
        let last = self.text_at(&texts, Direction::Backward)?;
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Split::Values);
        };
        if first == last {
            return Ok(Split::Values);
        }
        let base = common_length(&first, &last);
        if is_calendar(kind) {
            return Ok(Split::Calendar { base, kind });
        }
        let sample = self.sample(&texts)?;
        Ok(Split::for_text(
            base,
            &sample,
            count > self.options.limit as u64,
        ))
    }

    /// The part of the range whose keys have a value in the field.
    fn text_range(&self) -> Result<KeyRange, PrefixError> {
        let partial = Some(self.of.partial.clone().unwrap_or_default());
        let spec = &self.store.definition().key;
        Ok(spec.prefix(&KeyPrefix {
            leading: self.of.leading.clone(),
            partial,
        })?)
    }

    fn text_at(
        &self,
        range: &KeyRange,
        direction: Direction,
    ) -> Result<Option<String>, PrefixError> {
        let key = self.store.keys(range, direction)?.next().transpose()?;
        Ok(key.and_then(|key| key.key.values.get(self.level.index).and_then(text_of)))
    }

    /// Texts at even distances over the range.
    fn sample(&self, range: &KeyRange) -> Result<Vec<String>, PrefixError> {
        let before = KeyRange {
            lo: Bound::Unbounded,
            hi: match &range.lo {
                Bound::Included(lo) => Bound::Excluded(lo.clone()),
                Bound::Excluded(lo) => Bound::Included(lo.clone()),
                Bound::Unbounded => return self.sample_ranks(0, range),
            },
        };
        self.sample_ranks(self.store.count(&before)?, range)
    }

    fn sample_ranks(&self, first: u64, range: &KeyRange) -> Result<Vec<String>, PrefixError> {
        let count = self.store.count(range)?;
        let wanted = count.min(SAMPLED_KEYS);
        let mut texts = Vec::new();
        for at in 0..wanted {
            let rank = first + (u128::from(count) * u128::from(at) / u128::from(wanted)) as u64;
            let item = self.store.nth(rank)?;
            texts.extend(
                item.and_then(|item| item.key.values.get(self.level.index).and_then(text_of)),
            );
        }
        Ok(texts)
    }

    /// The groups up to the limit, and what is left of `total` items.
    pub fn groups(
        &self,
        split: &Split,
        total: u64,
    ) -> Result<(Vec<Group>, Option<More>), PrefixError> {
        let mut groups = Vec::new();
        let mut counted = 0;
        let mut rest = Some(self.range.clone());
        while groups.len() < self.options.limit {
            let Some(range) = rest else { break };
            let Some(found) = self.next_group(&range, split)? else {
                rest = None;
                break;
            };
            rest = after(range, &found.range);
            let group = self.group(found)?;
            counted += group.count;
            groups.push(group);
        }
        let count = total.saturating_sub(counted);
        if count == 0 {
            return Ok((groups, None));
        }
        Ok((
            groups,
            Some(More {
                groups: self.count_groups(rest, split)?,
                count,
            }),
        ))
    }

    /// Number of the groups in a range; `None` when there are too many.
    fn count_groups(
        &self,
        mut rest: Option<KeyRange>,
        split: &Split,
    ) -> Result<Option<u64>, PrefixError> {
        let mut groups = 0;
        while let Some(range) = rest {
            let Some(found) = self.next_group(&range, split)? else {
                break;
            };
            groups += 1;
            if groups > self.options.max_counted_groups {
                return Ok(None);
            }
            rest = after(range, &found.range);
        }
        Ok(Some(groups))
    }

    /// The group of the first key in a range.
    fn next_group(&self, range: &KeyRange, split: &Split) -> Result<Option<Found>, PrefixError> {
        let Some(key) = self
            .store
            .keys(range, Direction::Forward)?
            .next()
            .transpose()?
        else {
            return Ok(None);
        };
        let Some(value) = key.key.values.get(self.level.index).cloned() else {
            return Ok(None);
        };
        let text = text_of(&value);
        let prefix = match text.as_deref().and_then(|text| split.cut(text)) {
            Some(start) => KeyPrefix {
                leading: self.of.leading.clone(),
                partial: Some(start.to_owned()),
            },
            None => self.value_prefix(&value),
        };
        let range = self.store.definition().key.prefix(&prefix)?;
        Ok(Some(Found {
            prefix,
            value,
            range,
        }))
    }

    fn value_prefix(&self, value: &KeyValue) -> KeyPrefix {
        let mut leading = self.of.leading.clone();
        leading.push(value.clone());
        KeyPrefix {
            leading,
            partial: None,
        }
    }

    fn group(&self, found: Found) -> Result<Group, PrefixError> {
        let Found {
            prefix,
            value,
            range,
        } = found;
        let count = self.store.count(&range)?;
        if prefix.partial.is_some() && (count == 1 || self.ends_with(&range, &value)?) {
            // All keys of the group have the one value, which says more than the beginning of its text.
            return Ok(self.value_group(&value, count));
        }
        match prefix.partial.clone() {
            None => Ok(self.value_group(&value, count)),
            Some(label) => {
                let leaf = self.level.is_leaf(self.store, count, &self.options);
                Ok(Group {
                    label,
                    prefix: prefix_to_json(&prefix),
                    count,
                    leaf,
                })
            }
        }
    }

    fn value_group(&self, value: &KeyValue, count: u64) -> Group {
        let label = match value.to_json() {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let leaf = self
            .level
            .next(self.store)
            .is_leaf(self.store, count, &self.options);
        Group {
            label,
            prefix: prefix_to_json(&self.value_prefix(value)),
            count,
            leaf,
        }
    }

    /// Whether the last key of a range has the value, too.
    fn ends_with(&self, range: &KeyRange, value: &KeyValue) -> Result<bool, PrefixError> {
        let last = self
            .store
            .keys(range, Direction::Backward)?
            .next()
            .transpose()?;
        Ok(last.is_some_and(|last| last.key.values.get(self.level.index) == Some(value)))
    }
}

/// What of `range` lies behind `group`; `None` when nothing does, or when the group would not move the walk forward.
fn after(range: KeyRange, group: &KeyRange) -> Option<KeyRange> {
    let lo = match &group.hi {
        Bound::Unbounded => return None,
        Bound::Excluded(hi) => Bound::Included(hi.clone()),
        Bound::Included(hi) => Bound::Excluded(hi.clone()),
    };
    let moves = match (&range.lo, &lo) {
        (Bound::Unbounded, _) => true,
        (
            Bound::Included(old) | Bound::Excluded(old),
            Bound::Included(new) | Bound::Excluded(new),
        ) => new > old,
        (_, Bound::Unbounded) => false,
    };
    let rest = KeyRange { lo, hi: range.hi };
    (moves && !rest.is_empty()).then_some(rest)
}
