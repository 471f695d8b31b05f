//! When commits were made, roughly: what tells how old a snapshot is without asking a clock for each.

use parking_lot::Mutex;

/// The most moments that are remembered.
const MOST: usize = 256;
/// Moments closer than this are one, in milliseconds.
const CLOSE_MS: u64 = 100;

/// Moments with the first commit that was made then or after the moment before, oldest first.
#[derive(Debug, Default)]
pub(super) struct CommitTimes(Mutex<Vec<(u64, u64)>>);

impl CommitTimes {
    /// The commit of this sequence is made now, in milliseconds of the monotonic clock.
    pub fn add(&self, sequence: u64, now_ms: u64) {
        let mut times = self.0.lock();
        if times
            .last()
            .is_some_and(|(_, last)| now_ms < last + CLOSE_MS)
        {
            return;
        }
        if times.len() >= MOST {
            // What is long ago is remembered less closely.
            let half = times.len() / 2;
            let mut at = 0;
            times.retain(|_| {
                at += 1;
                at > half || at % 2 == 1
            });
        }
        times.push((sequence, now_ms));
    }

    /// When the commit after this snapshot's was made. A little early where not every moment is remembered.
    pub fn superseded_ms(&self, snapshot: u64) -> Option<u64> {
        let times = self.0.lock();
        let after = times.partition_point(|(sequence, _)| *sequence <= snapshot + 1);
        times.get(after.saturating_sub(1)).map(|(_, ms)| *ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_found_by_sequence_and_bounded() {
        let times = CommitTimes::default();
        assert_eq!(times.superseded_ms(3), None);
        for n in 0..10_000u64 {
            times.add(n + 1, n * 60);
        }
        assert!(times.0.lock().len() <= MOST);
        // The newest are known to a tenth of a second, the oldest less well, never too late.
        let late = |snapshot: u64| snapshot * 60 - times.superseded_ms(snapshot).unwrap();
        assert!(late(9_999) <= 120, "{}", late(9_999));
        for snapshot in 1..9_999 {
            assert!(times.superseded_ms(snapshot).unwrap() <= snapshot * 60);
        }
    }
}
