//! Slowing down who guesses passwords: after a few failures each further try has to wait, twice as long each time.
//!
//! What always holds: a try is counted before it is looked at, so that many at once count like many in a row; while one
//! waits nothing is looked at, the right password included; memory is bounded.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sop::Clock;

/// Failures without a wait.
const FREE: u32 = 5;
/// The first wait in milliseconds.
const FIRST_WAIT_MS: u64 = 1_000;
/// The longest.
const LONGEST_WAIT_MS: u64 = 15 * 60 * 1_000;
/// After this long without a try all is forgotten.
const FORGET_MS: u64 = 60 * 60 * 1_000;
/// Most that are remembered.
const MOST: usize = 10_000;

/// Counts failures by name and address.
pub struct Lockout {
    clock: Arc<dyn Clock>,
    tried: Mutex<HashMap<(String, String), Tried>>,
}

#[derive(Clone, Copy)]
struct Tried {
    failures: u32,
    /// Nothing is looked at before.
    until_ms: u64,
    last_ms: u64,
}

/// A try came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Milliseconds to wait.
    pub wait_ms: u64,
}

impl Lockout {
    /// Counts by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            tried: Mutex::default(),
        }
    }

    /// Counts a try as failed, until [`Lockout::succeeded`] says otherwise.
    ///
    /// # Errors
    /// It has to wait.
    pub fn begin(&self, name: &str, address: &str) -> Result<(), Refused> {
        let now = self.clock.monotonic_ms();
        let key = key(name, address);
        let mut tried = self.tried.lock();
        let mut there = tried.get(&key).copied().unwrap_or(Tried {
            failures: 0,
            until_ms: 0,
            last_ms: now,
        });
        if now.saturating_sub(there.last_ms) > FORGET_MS {
            there.failures = 0;
        }
        if now < there.until_ms {
            let wait_ms = there.until_ms - now;
            return Err(Refused { wait_ms });
        }
        there.failures = there.failures.saturating_add(1);
        there.last_ms = now;
        if there.failures >= FREE {
            let doubled = FIRST_WAIT_MS.checked_shl(there.failures - FREE);
            let wait = doubled.unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS);
            // Shifting may have lost the bits.
            let wait = if there.failures - FREE > 20 {
                LONGEST_WAIT_MS
            } else {
                wait
            };
            there.until_ms = now + wait;
        }
        make_room(&mut tried, &key, now);
        tried.insert(key, there);
        Ok(())
    }

    /// The try was right: what failed before is forgotten.
    pub fn succeeded(&self, name: &str, address: &str) {
        self.tried.lock().remove(&key(name, address));
    }
}

fn key(name: &str, address: &str) -> (String, String) {
    let name = name.to_lowercase().chars().take(100).collect();
    (name, address.to_owned())
}

/// Forgets what is over, and then whoever has failed least.
fn make_room(tried: &mut HashMap<(String, String), Tried>, key: &(String, String), now: u64) {
    if tried.len() < MOST || tried.contains_key(key) {
        return;
    }
    tried.retain(|_, there| now.saturating_sub(there.last_ms) <= FORGET_MS);
    if tried.len() >= MOST {
        let least = tried
            .iter()
            .min_by_key(|(_, there)| (there.failures, there.last_ms))
            .map(|(key, _)| key.clone());
        least.and_then(|key| tried.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use sop::ManualClock;

    use super::*;

    #[test]
    fn a_thousand_guesses_are_a_handful_of_tries() {
        let clock = Arc::new(ManualClock::new(0));
        let lockout = Lockout::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let looked_at = (0..1_000)
            .filter(|_| lockout.begin("ada", "10.0.0.1").is_ok())
            .count();
        assert_eq!(looked_at, 5);
        assert!(lockout.begin("ADA", "10.0.0.1").is_err());
        assert!(lockout.begin("ada", "10.0.0.2").is_ok());
        assert!(lockout.begin("bob", "10.0.0.1").is_ok());
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = lockout.begin("ada", "10.0.0.1").unwrap_err().wait_ms;
            waits.push(wait / 1_000);
            clock.advance_ms(wait);
            assert!(lockout.begin("ada", "10.0.0.1").is_ok());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        lockout.succeeded("Ada", "10.0.0.1");
        assert!(lockout.begin("ada", "10.0.0.1").is_ok());
    }

    #[test]
    fn memory_is_bounded_and_those_who_failed_most_are_kept() {
        let clock = Arc::new(ManualClock::new(0));
        let lockout = Lockout::new(Arc::clone(&clock) as Arc<dyn Clock>);
        for _ in 0..5 {
            lockout.begin("ada", "a").unwrap();
        }
        for number in 0..MOST + 10 {
            lockout.begin(&number.to_string(), "a").unwrap();
        }
        assert_eq!(lockout.tried.lock().len(), MOST);
        assert!(lockout.begin("ada", "a").is_err());
    }
}
