//! The background threads of an open database. One makes checkpoints when the log or memory has grown, room for
//! the log ahead of need, and ends prepared transactions whose time is over. When commits are to be durable
//! after some time, another one flushes the log: a long checkpoint must not make that late.
//! A third builds indexes.
//!
//! A checkpoint that failed is tried again after a pause that doubles each time, up to a minute.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::checkpoint::{self, Effort};
use super::core::Core;
use super::indexes;
use super::options::Durability;

/// Pause after the first failed checkpoint, in milliseconds.
const FIRST_PAUSE_MS: u64 = 250;
/// The longest pause between two tries, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 60_000;
/// The shortest and the longest time after which it is looked again whether a prepared transaction's time
/// is over.
const SHORTEST_WAIT_FOR_EXPIRY: Duration = Duration::from_millis(10);
/// See [`SHORTEST_WAIT_FOR_EXPIRY`].
const LONGEST_WAIT_FOR_EXPIRY: Duration = Duration::from_mins(1);

/// What the thread is asked for.
#[derive(Default)]
struct Wanted {
    checkpoint: bool,
    log: bool,
    /// How long it may sleep has to be looked at again.
    look: bool,
}

#[derive(Default)]
struct Signal {
    wanted: Wanted,
    stop: bool,
    /// Whether the thread runs.
    running: bool,
    /// Checkpoints that were made or failed.
    ended: u64,
    /// Failures in a row, and when to try again, in milliseconds of the monotonic clock.
    failures: u32,
    not_before_ms: u64,
    /// What went wrong last; none since a checkpoint succeeded.
    failure: Option<String>,
}

/// What the thread that builds indexes is to do.
#[derive(Clone, Copy, Default)]
struct Indexing {
    wanted: bool,
    stop: bool,
}

/// Wakes and ends the threads, and knows how the last checkpoint went.
#[derive(Default)]
pub(crate) struct Background {
    signal: Arc<(Mutex<Signal>, Condvar)>,
    /// Told when a checkpoint has ended.
    ended: Condvar,
    /// Whether the thread that flushes has to end.
    flush_ends: Arc<(Mutex<bool>, Condvar)>,
    /// What the thread that builds indexes is told.
    indexes: Arc<(Mutex<Indexing>, Condvar)>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Background {
    /// Asks for a checkpoint soon.
    pub fn wake(&self) {
        let (signal, woken) = &*self.signal;
        let mut signal = signal.lock();
        if !signal.wanted.checkpoint {
            signal.wanted.checkpoint = true;
            woken.notify_one();
        }
    }

    /// Asks for a checkpoint and waits until one has ended. Does not wait when the last one failed, nor without
    /// a thread.
    pub fn wake_and_wait(&self) {
        let (signal, woken) = &*self.signal;
        let mut signal = signal.lock();
        signal.wanted.checkpoint = true;
        woken.notify_one();
        let before = signal.ended;
        while signal.ended == before && signal.running && !signal.stop && signal.failures == 0 {
            self.ended.wait(&mut signal);
        }
    }

    /// A checkpoint was made.
    pub fn succeeded(&self) {
        self.end(|signal| {
            signal.failures = 0;
            signal.not_before_ms = 0;
            signal.failure = None;
        });
    }

    /// A checkpoint failed.
    pub fn failed(&self, now_ms: u64, error: &str) {
        self.end(|signal| {
            signal.not_before_ms = now_ms + pause_ms(signal.failures);
            signal.failures = signal.failures.saturating_add(1);
            signal.failure = Some(error.to_owned());
        });
    }

    /// A checkpoint that was asked for is not to be made.
    pub fn skipped(&self) {
        self.end(|_| ());
    }

    fn end(&self, change: impl FnOnce(&mut Signal)) {
        let mut signal = self.signal.0.lock();
        change(&mut signal);
        signal.ended += 1;
        self.ended.notify_all();
    }

    /// Something went wrong that needs no second try of the checkpoint.
    pub fn note(&self, failure: &str) {
        self.signal.0.lock().failure = Some(failure.to_owned());
    }

    /// What went wrong with the last checkpoint.
    pub fn last_failure(&self) -> Option<String> {
        self.signal.0.lock().failure.clone()
    }

    /// Makes the thread ask again how long it may sleep.
    pub fn look_at_the_time(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().wanted.look = true;
        woken.notify_one();
    }

    /// Asks for room for the log soon.
    pub fn wake_for_log(&self) {
        let (signal, woken) = &*self.signal;
        if !std::mem::replace(&mut signal.lock().wanted.log, true) {
            woken.notify_one();
        }
    }

    /// Starts the threads. They hold no handle of the database, so that dropping the last one closes it.
    pub fn start(&self, core: &Arc<Core>) -> std::io::Result<()> {
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (weak, signal) = (Arc::downgrade(core), Arc::clone(&self.signal));
        let worker = named("sop-background").spawn(move || run(&weak, &signal))?;
        self.threads.lock().push(worker);
        self.signal.0.lock().running = true;
        let (weak, signal) = (Arc::downgrade(core), Arc::clone(&self.indexes));
        let builder = named("sop-indexes").spawn(move || build_indexes(&weak, &signal))?;
        self.threads.lock().push(builder);
        self.wake_for_indexes();
        if let Durability::EveryMs(ms) = core.durability {
            let period = Duration::from_millis(u64::from(ms.max(1)));
            let (weak, ends) = (Arc::downgrade(core), Arc::clone(&self.flush_ends));
            let flusher = named("sop-flush").spawn(move || flush(&weak, &ends, period))?;
            self.threads.lock().push(flusher);
        }
        Ok(())
    }

    /// Says that an index may have to be built.
    pub fn wake_for_indexes(&self) {
        let (indexing, woken) = &*self.indexes;
        indexing.lock().wanted = true;
        woken.notify_one();
    }

    /// Ends the threads and waits for them, unless one is the caller.
    pub fn stop(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().stop = true;
        woken.notify_one();
        self.ended.notify_all();
        let (ends, woken) = &*self.flush_ends;
        *ends.lock() = true;
        woken.notify_one();
        let (indexing, woken) = &*self.indexes;
        indexing.lock().stop = true;
        woken.notify_one();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            if thread.thread().id() != std::thread::current().id() {
                // A panic in the thread was already reported by it; closing goes on.
                let _ = thread.join();
            }
        }
    }
}

/// Builds indexes whenever there are some to be built.
fn build_indexes(core: &Weak<Core>, signal: &(Mutex<Indexing>, Condvar)) {
    let (indexing, woken) = signal;
    loop {
        let mut now = indexing.lock();
        while !now.wanted && !now.stop {
            woken.wait(&mut now);
        }
        if now.stop {
            return;
        }
        now.wanted = false;
        drop(now);
        let Some(core) = core.upgrade() else { return };
        // What cannot be written now is tried again at the next open; an index that cannot be is noted.
        let _ = indexes::build_all(&core, &|| indexing.lock().stop);
    }
}

/// Flushes the log again and again.
fn flush(core: &Weak<Core>, ends: &(Mutex<bool>, Condvar), period: Duration) {
    let (ends, woken) = ends;
    loop {
        let mut end = ends.lock();
        if !*end {
            woken.wait_for(&mut end, period);
        }
        if *end {
            return;
        }
        drop(end);
        let Some(core) = core.upgrade() else { return };
        if let Err(error) = core.log.sync() {
            core.poison(&error.to_string());
        }
    }
}

/// Waits for something to do; `None`: the thread has to end. A checkpoint that was asked for too early after a failure
/// is put off, not forgotten.
fn sleep(
    signal: &(Mutex<Signal>, Condvar),
    now_ms: u64,
    at_most: Option<Duration>,
) -> Option<Wanted> {
    let (signal, woken) = signal;
    let mut signal = signal.lock();
    let pause = signal.not_before_ms.saturating_sub(now_ms);
    let Wanted {
        checkpoint,
        log,
        look,
    } = signal.wanted;
    if !(checkpoint && pause == 0 || log || look || signal.stop) {
        let retry = checkpoint.then(|| Duration::from_millis(pause));
        match at_most.into_iter().chain(retry).min() {
            Some(period) => {
                woken.wait_for(&mut signal, period);
            }
            None => woken.wait(&mut signal),
        }
    }
    let mut wanted = std::mem::take(&mut signal.wanted);
    if pause > 0 {
        signal.wanted.checkpoint = std::mem::take(&mut wanted.checkpoint);
    }
    (!signal.stop).then_some(wanted)
}

/// The pause after this many failures before the last one, in milliseconds.
fn pause_ms(failures: u32) -> u64 {
    LONGEST_PAUSE_MS.min(FIRST_PAUSE_MS << failures.min(16))
}

/// How long the thread may sleep.
fn longest_sleep(core: &Core) -> Option<Duration> {
    // What cannot be written is not tried again and again.
    let expiry = match core.read_only() {
        None => core.next_expiry(),
        Some(_) => None,
    };
    // The clock may be set; a full disk may have room again.
    expiry.map(|time| time.clamp(SHORTEST_WAIT_FOR_EXPIRY, LONGEST_WAIT_FOR_EXPIRY))
}

fn run(core: &Weak<Core>, signal: &(Mutex<Signal>, Condvar)) {
    loop {
        let now = core.upgrade().map(|core| {
            let now_ms = core.clock.monotonic_ms();
            (now_ms, longest_sleep(&core))
        });
        let Some((now_ms, at_most)) = now else {
            return;
        };
        let Some(wanted) = sleep(signal, now_ms, at_most) else {
            return;
        };
        let Some(core) = core.upgrade() else { return };
        if wanted.log {
            // A full disk: the log asks for room again when it needs it, and says so then.
            let _ = core.log.make_room_ahead();
        }
        // A failed append says so by itself.
        let _ = core.expire_prepared();
        if wanted.checkpoint && core.read_only().is_none() {
            // A failure is noted, and it is tried again.
            let _ = checkpoint::run(&core, Effort::Usual);
        } else if wanted.checkpoint {
            core.background.skipped();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let pauses: Vec<u64> = (0..10).map(pause_ms).collect();
        assert_eq!(pauses[..4], [250, 500, 1_000, 2_000]);
        assert_eq!(pauses[9], LONGEST_PAUSE_MS);
        assert_eq!(pause_ms(u32::MAX), LONGEST_PAUSE_MS);
    }

    #[test]
    fn a_checkpoint_asked_for_after_a_failure_waits_for_its_time() {
        let background = Background::default();
        background.failed(1_000, "no room");
        assert_eq!(background.last_failure().as_deref(), Some("no room"));
        background.wake();
        background.wake_for_log();
        let asked = |now_ms| {
            let wanted = sleep(&background.signal, now_ms, Some(Duration::ZERO)).unwrap();
            (wanted.checkpoint, wanted.log)
        };
        assert_eq!(asked(1_100), (false, true));
        assert_eq!(asked(1_249), (false, false));
        assert_eq!(asked(1_250), (true, false));
        assert_eq!(asked(1_250), (false, false));
        background.succeeded();
        assert_eq!(background.last_failure(), None);
    }
}
