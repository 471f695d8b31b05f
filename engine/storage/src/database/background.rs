//! The background threads of an open database. One makes checkpoints when the log has grown, room for the
//! log ahead of need, and ends prepared transactions whose time is over. When commits are to be durable
//! after some time, another one flushes the log: a long checkpoint must not make that late.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::checkpoint;
use super::core::Core;
use super::options::Durability;

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
}

/// Wakes and ends the threads.
#[derive(Default)]
pub(crate) struct Background {
    signal: Arc<(Mutex<Signal>, Condvar)>,
    /// Whether the thread that flushes has to end.
    flush_ends: Arc<(Mutex<bool>, Condvar)>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Background {
    /// Asks for a checkpoint soon.
    pub fn wake(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().wanted.checkpoint = true;
        woken.notify_one();
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
        if let Durability::EveryMs(ms) = core.durability {
            let period = Duration::from_millis(u64::from(ms.max(1)));
            let (weak, ends) = (Arc::downgrade(core), Arc::clone(&self.flush_ends));
            let flusher = named("sop-flush").spawn(move || flush(&weak, &ends, period))?;
            self.threads.lock().push(flusher);
        }
        Ok(())
    }

    /// Ends the threads and waits for them, unless one is the caller.
    pub fn stop(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().stop = true;
        woken.notify_one();
        let (ends, woken) = &*self.flush_ends;
        *ends.lock() = true;
        woken.notify_one();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            if thread.thread().id() != std::thread::current().id() {
                // A panic in the thread was already reported by it; closing goes on.
                let _ = thread.join();
            }
        }
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

/// Waits for something to do; `None`: the thread has to end.
fn sleep(signal: &(Mutex<Signal>, Condvar), at_most: Option<Duration>) -> Option<Wanted> {
    let (signal, woken) = signal;
    let mut signal = signal.lock();
    let Wanted {
        checkpoint,
        log,
        look,
    } = signal.wanted;
    if !(checkpoint || log || look || signal.stop) {
        match at_most {
            Some(period) => {
                woken.wait_for(&mut signal, period);
            }
            None => woken.wait(&mut signal),
        }
    }
    let wanted = std::mem::take(&mut signal.wanted);
    (!signal.stop).then_some(wanted)
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
        let Some(at_most) = core.upgrade().map(|core| longest_sleep(&core)) else {
            return;
        };
        let Some(wanted) = sleep(signal, at_most) else {
            return;
        };
        let Some(core) = core.upgrade() else { return };
        if wanted.log {
            // A full disk: the log asks for room again when it needs it, and says so then.
            let _ = core.log.make_room_ahead();
        }
        // A failed append says so by itself.
        let _ = core.expire_prepared();
        if wanted.checkpoint
            && core.read_only().is_none()
            && let Err(error) = checkpoint::run(&core)
        {
            core.poison(&format!("a checkpoint failed: {error}"));
        }
    }
}
