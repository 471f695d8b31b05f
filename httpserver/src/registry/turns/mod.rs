//! One database that several processes write to, in turns.
//!
//! The engine lets one process write. So a process opens the database when it needs it, and closes it when another one
//! needs it: who finds it open elsewhere gets in line ([`line`]), who has it looks whether somebody is in line ([`watch`]),
//! finishes what runs, and closes. Nothing is spoken between processes but two locks of files, which end with the process.
//!
//! Always: what is used stays open until the use ends, but for people who look at it for very long; nobody who waits is
//! passed over by new uses of who has it; whoever cannot have it in time hears so, and reads it as of then ([`beside`]). What a
//! caller waits for is bounded, and callers are on threads that may block.

mod bell;
mod beside;
mod line;
mod opening;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use sop::{Database, Mode};
use sop_systemdb::system::{Held, Result, Source, SystemError};

use self::bell::{Bell, Ring};
use self::opening::Outcome;
use super::pool::{Lease, Pool};

pub(super) use line::{CALL_FILE, FILE as LINE_FILE};

/// How long things take at most, or at least.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Waiting for who has it.
    wait: Duration,
    /// The same for a read, when waiting for that long was of no use lately.
    short_wait: Duration,
    /// For how long that is lately.
    lately: Duration,
    /// Keeping it while it is used, so that busy servers do not only pass it on.
    keep: Duration,
    /// Keeping it after a use: more may come at once.
    rest: Duration,
    /// What people look at stays open for so long.
    look: Duration,
}

const TIMES: Times = Times {
    wait: Duration::from_secs(2),
    short_wait: Duration::from_millis(150),
    lately: Duration::from_secs(1),
    keep: Duration::from_millis(50),
    rest: Duration::from_millis(5),
    look: Duration::from_secs(15),
};

/// A use that comes while the database is to be given up waits for that; after so long it may be a part of what the
/// giving waits for, and goes on.
const LONGEST_ORDER: Duration = Duration::from_millis(500);
/// The end of the program waits so long for uses.
const LONGEST_END: Duration = Duration::from_secs(5);

/// What a use is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A transaction of the server itself: short.
    Own,
    /// A request in which people read it like any database: as long as they like.
    Look,
}

/// The database of one folder; cheap to clone.
#[derive(Clone)]
pub(super) struct Turns(Arc<Inner>);

struct Inner {
    path: PathBuf,
    pool: Pool,
    cache_bytes: Option<u64>,
    times: Times,
    state: Mutex<State>,
    /// Something changed for those who wait.
    changed: Condvar,
    /// The newest opening for reading beside another process.
    beside: Mutex<Option<beside::Beside>>,
}

struct State {
    phase: Phase,
    /// Of the newest opening.
    number: u64,
    /// Transactions that run in it.
    uses: usize,
    /// When each request began that looks at it.
    looks: Vec<Instant>,
    /// When the last use ended or a look began.
    used: Instant,
    looked: Instant,
    /// Which uses wait for it to be given up.
    order: Order,
    /// When and for whom it could not be had.
    refused: Option<(Instant, String)>,
    /// Whether its stores and seeds are there.
    prepared: bool,
    /// Whether it was opened in any way.
    known: bool,
}

enum Phase {
    Closed,
    /// Somebody opens or closes it.
    Moving,
    Open {
        lease: Arc<Lease>,
        since: Instant,
        bell: Arc<Bell>,
    },
    /// For good.
    Over,
}

/// Which uses wait for the database to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    None,
    /// New requests of people, while those that look at it come to their ends.
    Looks,
    /// All.
    All,
}

/// A database as somebody got it.
pub(super) struct Got {
    pub database: Database,
    /// What keeps it open; none when it was opened beside another process.
    pub kept: Option<Kept>,
}

/// Keeps an opening open.
pub(super) struct Kept {
    inner: Arc<Inner>,
    number: u64,
    kind: Use,
    began: Instant,
}

impl Turns {
    pub fn new(path: &Path, pool: &Pool, cache_bytes: Option<u64>) -> Self {
        Self::with(path, pool, cache_bytes, TIMES)
    }

    fn with(path: &Path, pool: &Pool, cache_bytes: Option<u64>, times: Times) -> Self {
        let now = Instant::now();
        Self(Arc::new(Inner {
            path: path.to_owned(),
            pool: pool.clone(),
            cache_bytes,
            times,
            state: Mutex::new(State {
                phase: Phase::Closed,
                number: 0,
                uses: 0,
                looks: Vec::new(),
                used: now,
                looked: now,
                order: Order::None,
                refused: None,
                prepared: false,
                known: false,
            }),
            changed: Condvar::new(),
            beside: Mutex::default(),
        }))
    }

    /// Whether it was opened before.
    pub fn is_known(&self) -> bool {
        self.0.state.lock().known
    }

    /// The database when it is open here; waits for nobody.
    pub fn opened(&self) -> Option<Database> {
        match &self.0.state.try_lock()?.phase {
            Phase::Open { lease, .. } => Some(lease.database().clone()),
            _ => None,
        }
    }

    /// Who has it, when it could not be had the last time.
    pub fn holder(&self) -> Option<String> {
        let state = self.0.state.lock();
        state.refused.as_ref().map(|(_, holder)| holder.clone())
    }

    /// Whether this is still the opening that is open.
    pub fn is_current(&self, kept: &Kept) -> bool {
        let state = self.0.state.lock();
        state.number == kept.number && matches!(state.phase, Phase::Open { .. })
    }

    /// The database, open for a use; waits for who has it.
    ///
    /// # Errors
    /// It cannot be opened; for a write, [`SystemError::Busy`] when it cannot be had in time.
    pub fn get(&self, mode: Mode, kind: Use) -> Result<Got> {
        let inner = &self.0;
        let began = Instant::now();
        let deadline = began + inner.times.wait;
        let writes = matches!(mode, Mode::Write);
        let mut state = inner.state.lock();
        loop {
            let order = state.order;
            match &state.phase {
                Phase::Over => return Err(SystemError::Engine(sop::Error::Closed)),
                Phase::Open { lease, .. } => {
                    let passes = order == Order::None
                        || (order == Order::Looks && kind == Use::Own)
                        || began.elapsed() >= LONGEST_ORDER;
                    if passes {
                        let database = lease.database().clone();
                        return Ok(self.keep(state, database, kind));
                    }
                    let until = began + LONGEST_ORDER;
                    inner.changed.wait_until(&mut state, until);
                }
                Phase::Moving => {
                    // What was tried in vain is tried again, and nobody who only reads waits for that.
                    let deadline = match (&state.refused, writes) {
                        (Some(_), false) => began + inner.times.short_wait,
                        _ => deadline,
                    };
                    if inner.changed.wait_until(&mut state, deadline).timed_out() {
                        let holder = state.refused.as_ref().map(|(_, holder)| holder.clone());
                        drop(state);
                        let holder = holder.unwrap_or_else(|| "a process".to_owned());
                        return inner.without(writes, holder, began);
                    }
                }
                Phase::Closed => {
                    let lately = state.refused.as_ref().filter(|(at, _)| {
                        let known = at.elapsed() < inner.times.lately;
                        // One that began to wait before it was known heard of it now.
                        !writes && (known || *at > began)
                    });
                    if let Some((_, holder)) = lately {
                        let holder = holder.clone();
                        drop(state);
                        return inner.without(writes, holder, began);
                    }
                    let until = match (&state.refused, writes) {
                        (Some(_), false) => Instant::now() + inner.times.short_wait,
                        _ => deadline,
                    };
                    state = self.open(state, until, writes, began)?;
                    if let Some((at, holder)) = &state.refused
                        && *at > began
                        && matches!(state.phase, Phase::Closed)
                        && (!writes || Instant::now() >= deadline)
                    {
                        let holder = holder.clone();
                        drop(state);
                        return inner.without(writes, holder, began);
                    }
                }
            }
        }
    }

    /// Counts a use.
    fn keep(&self, mut state: MutexGuard<'_, State>, database: Database, kind: Use) -> Got {
        let began = Instant::now();
        match kind {
            Use::Own => state.uses += 1,
            Use::Look => {
                state.looks.push(began);
                state.looked = began;
            }
        }
        let kept = Kept {
            inner: Arc::clone(&self.0),
            number: state.number,
            kind,
            began,
        };
        Got {
            database,
            kept: Some(kept),
        }
    }

    /// Opens it on this thread while others wait for that; the state afterwards.
    fn open<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        until: Instant,
        writes: bool,
        began: Instant,
    ) -> Result<MutexGuard<'a, State>> {
        let inner = &self.0;
        let is_prepared = state.prepared;
        state.phase = Phase::Moving;
        drop(state);
        let moving = Moving(inner);
        let outcome = inner.take(until, is_prepared);
        std::mem::forget(moving);
        let mut state = inner.state.lock();
        inner.changed.notify_all();
        if matches!(state.phase, Phase::Over) {
            return Err(SystemError::Engine(sop::Error::Closed));
        }
        state.phase = Phase::Closed;
        match outcome? {
            Outcome::Held(holder) => {
                tracing::debug!(%holder, writes, waited = ?began.elapsed(), "the system database is held elsewhere");
                state.refused = Some((Instant::now(), holder));
            }
            Outcome::Taken(taken) => {
                tracing::debug!(waited = ?began.elapsed(), "the system database is open");
                state.number += 1;
                state.uses = 0;
                state.looks.clear();
                state.order = Order::None;
                state.refused = None;
                state.prepared = state.prepared || taken.writes;
                state.known = true;
                let bell = Arc::new(Bell::new());
                if taken.writes {
                    watch::begin(inner, state.number, Arc::clone(&bell), taken.line);
                }
                let now = Instant::now();
                (state.used, state.looked) = (now, now);
                state.phase = Phase::Open {
                    lease: taken.lease,
                    since: now,
                    bell,
                };
            }
        }
        Ok(state)
    }

    /// Closes it for good, when what runs has ended.
    pub fn close(&self) {
        let inner = &self.0;
        let deadline = Instant::now() + LONGEST_END;
        let mut state = inner.state.lock();
        state.order = Order::All;
        while state.uses > 0 || matches!(state.phase, Phase::Moving) {
            if inner.changed.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        let phase = std::mem::replace(&mut state.phase, Phase::Over);
        drop(state);
        inner.changed.notify_all();
        if let Phase::Open { lease, bell, .. } = phase {
            bell.ring(Ring::End);
            drop(lease);
        }
        *inner.beside.lock() = None;
    }
}

impl Inner {
    /// What was being opened or closed is closed.
    fn moved(&self) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Moving) {
            state.phase = Phase::Closed;
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// Puts the phase right when opening ends by a fault of the program.
struct Moving<'a>(&'a Inner);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.moved();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut state = self.inner.state.lock();
        if state.number != self.number {
            return;
        }
        match self.kind {
            Use::Own => {
                state.uses = state.uses.saturating_sub(1);
                state.used = Instant::now();
            }
            Use::Look => {
                let began = self.began;
                if let Some(at) = state.looks.iter().position(|look| *look == began) {
                    state.looks.swap_remove(at);
                }
            }
        }
        if state.order == Order::None || state.uses > 0 {
            return;
        }
        if let Phase::Open { bell, .. } = &state.phase {
            bell.ring(Ring::Look);
        }
        self.inner.changed.notify_all();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Phase::Open { bell, .. } = &self.state.get_mut().phase {
            bell.ring(Ring::End);
        }
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Turns");
        shown.field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl Source for Turns {
    fn database(&self, mode: Mode) -> Result<Held> {
        let got = self.get(mode, Use::Own)?;
        Ok(match got.kept {
            Some(kept) => Held::new(got.database, kept),
            None => Held::beside_a_writer(got.database),
        })
    }
}
