//! Time as the engine sees it: [`Clock`], the real one and one that tests move by hand.
//!
//! Nothing else in the crate asks the operating system for the time. Order of commits never depends on
//! a clock; time serves limits, statistics and names for people.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync + Debug + 'static {
    /// Milliseconds since 1970-01-01 UTC. May jump in either direction.
    fn now_unix_ms(&self) -> u64;
    /// Nanoseconds since some fixed moment. Never goes back.
    fn monotonic_ns(&self) -> u64;
    /// Milliseconds since some fixed moment. Never goes back.
    fn monotonic_ms(&self) -> u64 {
        self.monotonic_ns() / 1_000_000
    }
    /// Waits for this long.
    fn sleep(&self, time: Duration);
}

/// The operating system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the real clock")]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the real clock")]
    fn now_unix_ms(&self) -> u64 {
        // A clock set before 1970 reads as 1970: no caller can do better with a negative time.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64)
    }

    #[expect(clippy::disallowed_methods, reason = "the real clock")]
    fn monotonic_ns(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    #[expect(clippy::disallowed_methods, reason = "the real clock")]
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A clock that stands still until it is moved; sleeping moves it, at once.
#[derive(Debug, Default)]
pub struct ManualClock {
    unix_ms: AtomicU64,
    monotonic_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that shows the given time; its monotonic time starts at zero.
    pub fn new(unix_ms: u64) -> Self {
        Self {
            unix_ms: AtomicU64::new(unix_ms),
            monotonic_ns: AtomicU64::new(0),
        }
    }

    /// Moves both times forward.
    pub fn advance_ms(&self, ms: u64) {
        self.advance_ns(ms.saturating_mul(1_000_000));
    }

    fn advance_ns(&self, ns: u64) {
        let before = self.monotonic_ns.fetch_add(ns, Ordering::Relaxed);
        let ms = before.saturating_add(ns) / 1_000_000 - before / 1_000_000;
        self.unix_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the time of day alone, as people and machines do; the monotonic time goes on.
    pub fn set_unix_ms(&self, unix_ms: u64) {
        self.unix_ms.store(unix_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now_unix_ms(&self) -> u64 {
        self.unix_ms.load(Ordering::Relaxed)
    }

    fn monotonic_ns(&self) -> u64 {
        self.monotonic_ns.load(Ordering::Relaxed)
    }

    fn sleep(&self, time: Duration) {
        self.advance_ns(time.as_nanos() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_clock_moves_only_by_hand() {
        let clock = ManualClock::new(1_000);
        clock.advance_ms(5);
        assert_eq!((clock.now_unix_ms(), clock.monotonic_ms()), (1_005, 5));
        assert_eq!(clock.monotonic_ns(), 5_000_000);
        clock.sleep(Duration::from_micros(2_700));
        assert_eq!((clock.now_unix_ms(), clock.monotonic_ms()), (1_007, 7));
        clock.sleep(Duration::from_micros(300));
        assert_eq!((clock.now_unix_ms(), clock.monotonic_ms()), (1_008, 8));
        clock.set_unix_ms(3);
        assert_eq!((clock.now_unix_ms(), clock.monotonic_ms()), (3, 8));
    }

    #[test]
    fn the_system_clock_is_after_2020_and_never_goes_back() {
        let clock = SystemClock::new();
        assert!(clock.now_unix_ms() > 1_577_836_800_000);
        let first = clock.monotonic_ns();
        assert!(clock.monotonic_ns() >= first);
    }
}
