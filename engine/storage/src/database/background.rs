//! The background thread of an open database: checkpoints when the log or memory has grown, delayed flushes.
//!
//! A checkpoint that failed is tried again after a pause that doubles each time, up to a minute.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::checkpoint;
use super::core::Core;
use super::options::Durability;

/// Pause after the first failed checkpoint, in milliseconds.
const FIRST_PAUSE_MS: u64 = 250;
/// The longest pause between two tries, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 60_000;

#[derive(Default)]
struct Signal {
    wake: bool,
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

/// Wakes and ends the thread, and knows how the last checkpoint went.
#[derive(Default)]
pub(crate) struct Background {
    signal: Arc<(Mutex<Signal>, Condvar)>,
    /// Told when a checkpoint has ended.
    ended: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Background {
    /// Asks for a checkpoint soon.
    pub fn wake(&self) {
        let (signal, woken) = &*self.signal;
        let mut signal = signal.lock();
        if !signal.wake {
            signal.wake = true;
            woken.notify_one();
        }
    }

    /// Asks for a checkpoint and waits until one has ended. Does not wait when the last one failed, nor without
    /// a thread.
    pub fn wake_and_wait(&self) {
        let (signal, woken) = &*self.signal;
        let mut signal = signal.lock();
        signal.wake = true;
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

    /// Starts the thread. It holds no handle of the database, so that dropping the last one closes it.
    pub fn start(&self, core: &Arc<Core>) -> std::io::Result<()> {
        let weak = Arc::downgrade(core);
        let signal = Arc::clone(&self.signal);
        let flush_every = match core.durability {
            Durability::EveryMs(ms) => Some(Duration::from_millis(u64::from(ms.max(1)))),
            _ => None,
        };
        let thread = std::thread::Builder::new()
            .name("sop-background".to_owned())
            .spawn(move || run(&weak, &signal, flush_every))?;
        self.signal.0.lock().running = true;
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    /// Ends the thread and waits for it, unless it is the caller.
    pub fn stop(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().stop = true;
        woken.notify_one();
        self.ended.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic in the thread was already reported by it; closing goes on.
            let _ = thread.join();
        }
    }
}

/// The pause after this many failures before the last one, in milliseconds.
fn pause_ms(failures: u32) -> u64 {
    LONGEST_PAUSE_MS.min(FIRST_PAUSE_MS << failures.min(16))
}

/// What the thread is to do.
enum Task {
    Stop,
    Flush,
    Checkpoint,
}

/// Waits for something to do. A checkpoint that was asked for too early is put off, not forgotten.
fn next_task(
    signal: &(Mutex<Signal>, Condvar),
    now_ms: impl Fn() -> Option<u64>,
    flush_every: Option<Duration>,
) -> Task {
    let (signal, woken) = signal;
    let mut signal = signal.lock();
    loop {
        let Some(now) = now_ms() else {
            return Task::Stop;
        };
        if signal.stop {
            return Task::Stop;
        }
        let pause = signal.not_before_ms.saturating_sub(now);
        if signal.wake && pause == 0 {
            signal.wake = false;
            return Task::Checkpoint;
        }
        let retry = signal.wake.then(|| Duration::from_millis(pause));
        let late = match (retry, flush_every) {
            (Some(retry), Some(period)) => Some(retry.min(period)),
            (retry, period) => retry.or(period),
        };
        match late {
            None => woken.wait(&mut signal),
            Some(time) => {
                let late = woken.wait_for(&mut signal, time).timed_out();
                if late && flush_every.is_some() {
                    return Task::Flush;
                }
            }
        }
    }
}

fn run(core: &Weak<Core>, signal: &(Mutex<Signal>, Condvar), flush_every: Option<Duration>) {
    loop {
        let now_ms = || Some(core.upgrade()?.clock.monotonic_ms());
        let task = next_task(signal, now_ms, flush_every);
        let Some(core) = core.upgrade() else { return };
        match task {
            Task::Stop => return,
            Task::Flush => {}
            Task::Checkpoint => {
                if core.read_only().is_none() {
                    // It is noted, and tried again.
                    let _ = checkpoint::run(&core);
                } else {
                    core.background.skipped();
                }
            }
        }
        if flush_every.is_some()
            && let Err(error) = core.log.sync()
        {
            core.poison(&error.to_string());
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
        let mut now = 1_000;
        let clock = std::cell::RefCell::new(|| {
            now += 100;
            Some(now)
        });
        let task = next_task(&background.signal, || (clock.borrow_mut())(), None);
        assert!(matches!(task, Task::Checkpoint));
        drop(clock);
        assert!(now >= 1_250, "{now}");
        background.succeeded();
        assert_eq!(background.last_failure(), None);
    }
}
