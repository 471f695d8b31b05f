//! Counting values by how large they are.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of values up to each of some limits, and of larger ones.
#[derive(Debug)]
pub(super) struct Histogram {
    limits: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Counts nothing yet. `limits` ascend.
    pub fn new(limits: &'static [u64]) -> Self {
        Self {
            limits,
            counts: (0..=limits.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    pub fn add(&self, value: u64) {
        let at = self.limits.partition_point(|limit| *limit < value);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Relaxed);
        }
        self.sum.fetch_add(value, Relaxed);
    }

    pub fn read(&self) -> Distribution {
        Distribution {
            limits: self.limits,
            counts: self
                .counts
                .iter()
                .map(|count| count.load(Relaxed))
                .collect(),
            sum: self.sum.load(Relaxed),
        }
    }
}

/// How many values of what size there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Limits, ascending.
    pub limits: &'static [u64],
    /// For each limit, the values up to it and above the limit before; last those above all limits.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

impl Distribution {
    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_at_the_first_limit_that_holds_it() {
        let histogram = Histogram::new(&[1, 10, 100]);
        for value in [0, 1, 2, 10, 11, 100, 101, 5_000] {
            histogram.add(value);
        }
        let read = histogram.read();
        assert_eq!(read.counts, [2, 2, 2, 2]);
        assert_eq!((read.sum, read.count()), (5_225, 8));
    }
}
