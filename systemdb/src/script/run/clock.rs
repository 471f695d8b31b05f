//! The time that a run takes: it stands still while the run is paused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The clock of a run, shared by its threads.
pub(in crate::script) struct Clock<'a> {
    now: &'a (dyn Fn() -> Instant + Sync),
    began: Instant,
    /// Nanoseconds that it stood still.
    still: AtomicU64,
}

impl<'a> Clock<'a> {
    /// Begins now.
    pub fn new(now: &'a (dyn Fn() -> Instant + Sync)) -> Self {
        Self {
            now,
            began: now(),
            still: AtomicU64::new(0),
        }
    }

    fn still(&self) -> Duration {
        Duration::from_nanos(self.still.load(Ordering::Relaxed))
    }

    /// The time that it went.
    pub fn elapsed(&self) -> Duration {
        let all = (self.now)().saturating_duration_since(self.began);
        all.saturating_sub(self.still())
    }

    /// When it will have gone for so long.
    pub fn after(&self, time: Duration) -> Option<Instant> {
        self.began.checked_add(time)?.checked_add(self.still())
    }

    /// It stands still, until [`Clock::go_on`] is told what this gives.
    pub fn stop(&self) -> Instant {
        (self.now)()
    }

    /// It goes on.
    pub fn go_on(&self, stopped: Instant) {
        let still = (self.now)().saturating_duration_since(stopped).as_nanos();
        let still = u64::try_from(still).unwrap_or(u64::MAX);
        self.still.fetch_add(still, Ordering::Relaxed);
    }
}
