//! Looks whether another process is in line while the database is open here, and gives it up then.
//!
//! A thread for each opening, which ends with it. It looks twenty times a second, oftener while servers really take turns.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::bell::{Bell, Ring};
use super::line::Line;
use super::opening::InLine;
use super::{Inner, Order, Phase};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The same while somebody was in line lately, or is.
const LOOK_OFTEN: Duration = Duration::from_millis(4);
/// How long lately is.
const LATELY: Duration = Duration::from_secs(3);
/// Every so many turns what turns leave behind is cleared up before the database is closed.
const TIDY_EVERY: u64 = 128;

/// Whether the database is still open here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    Open,
    Closed,
}

/// Watches over an opening until it ends.
pub(super) fn begin(inner: &Arc<Inner>, number: u64, bell: Arc<Bell>, in_line: InLine) {
    let line = Line::before(&inner.path);
    let weak = Arc::downgrade(inner);
    let thread = thread::Builder::new().name("system-turns".to_owned());
    let begun = thread.spawn(move || watch(&weak, number, &bell, line, in_line));
    if let Err(error) = begun {
        tracing::warn!(%error, "the system database cannot be given to other servers");
    }
}

fn watch(inner: &Weak<Inner>, number: u64, bell: &Bell, mut line: Line, in_line: InLine) {
    let mut seen = in_line.waited.then(Instant::now);
    // Who is next did not take it when it could: until somebody calls, nobody is there who would.
    let mut ignores = in_line.passed_by;
    line.is_called();
    loop {
        let often = seen.is_some_and(|at| at.elapsed() < LATELY);
        if bell.wait(if often { LOOK_OFTEN } else { LOOK_EVERY }) == Ring::End {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        if !line.is_waited_in() {
            ignores = false;
            inner.go_on(number);
            continue;
        }
        if ignores && !line.is_called() {
            continue;
        }
        ignores = false;
        seen = Some(Instant::now());
        if inner.give(number) == Now::Closed {
            return;
        }
    }
}

impl Inner {
    /// Nobody is in line any more.
    fn go_on(&self, number: u64) {
        let mut state = self.state.lock();
        if state.number == number && state.order != Order::None {
            state.order = Order::None;
            self.changed.notify_all();
        }
    }

    /// Closes the database as soon as nothing is in the way; new uses wait meanwhile.
    fn give(&self, number: u64) -> Now {
        let mut state = self.state.lock();
        if state.number != number {
            return Now::Closed;
        }
        let Phase::Open { lease, since, .. } = &state.phase else {
            return Now::Closed;
        };
        let (database, since) = (lease.database().clone(), *since);
        let is_resting = state.uses == 0 && state.used.elapsed() >= self.times.rest;
        if since.elapsed() < self.times.keep && !is_resting {
            return Now::Open;
        }
        let longest = self.times.look;
        let looks = state.looks.iter().any(|began| began.elapsed() < longest);
        if looks {
            state.order = Order::Looks;
            return Now::Open;
        }
        state.order = Order::All;
        if state.uses > 0 {
            // The last of them rings.
            return Now::Open;
        }
        // What was looked at may be read on after its request is answered.
        let is_read = state.looked.elapsed() < longest && database.metrics().active_readers > 0;
        if is_read {
            state.order = Order::Looks;
            self.changed.notify_all();
            return Now::Open;
        }
        let Phase::Open { lease, .. } = std::mem::replace(&mut state.phase, Phase::Moving) else {
            return Now::Closed;
        };
        drop(state);
        let began = Instant::now();
        if number.is_multiple_of(TIDY_EVERY)
            && let Err(error) = database.checkpoint()
        {
            tracing::debug!(%error, "room could not be given back");
        }
        drop(lease);
        tracing::debug!(kept = ?since.elapsed(), took = ?began.elapsed(), "the system database is given to another process");
        self.moved();
        Now::Closed
    }
}
