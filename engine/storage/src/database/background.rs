//! The background thread of an open database: checkpoints when the log has grown, room for the log ahead
//! of need, delayed flushes, the end of prepared transactions whose time is over.

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
const LONGEST_WAIT_FOR_EXPIRY: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Signal {
    checkpoint: bool,
    log: bool,
    look: bool,
    stop: bool,
}

/// Wakes and ends the thread.
#[derive(Default)]
pub(crate) struct Background {
    signal: Arc<(Mutex<Signal>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Background {
    /// Asks for a checkpoint soon.
    pub fn wake(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().checkpoint = true;
        woken.notify_one();
    }

    /// Makes the thread ask again how long it may sleep.
    pub fn look_at_the_time(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().look = true;
        woken.notify_one();
    }

    /// Asks for room for the log soon.
    pub fn wake_for_log(&self) {
        let (signal, woken) = &*self.signal;
        if !std::mem::replace(&mut signal.lock().log, true) {
            woken.notify_one();
        }
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
        *self.thread.lock() = Some(thread);
        Ok(())
    }

    /// Ends the thread and waits for it, unless it is the caller.
    pub fn stop(&self) {
        let (signal, woken) = &*self.signal;
        signal.lock().stop = true;
        woken.notify_one();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic in the thread was already reported by it; closing goes on.
            let _ = thread.join();
        }
    }
}

/// What the thread was woken for.
enum Wake {
    Stop,
    Work { checkpoint: bool, log: bool },
}

fn sleep(signal: &(Mutex<Signal>, Condvar), at_most: Option<Duration>) -> Wake {
    let (signal, woken) = signal;
    let mut signal = signal.lock();
    if !signal.checkpoint && !signal.log && !signal.stop && !signal.look {
        match at_most {
            Some(period) => {
                woken.wait_for(&mut signal, period);
            }
            None => woken.wait(&mut signal),
        }
    }
    signal.look = false;
    if signal.stop {
        return Wake::Stop;
    }
    Wake::Work {
        checkpoint: std::mem::take(&mut signal.checkpoint),
        log: std::mem::take(&mut signal.log),
    }
}

/// How long the thread may sleep.
fn longest_sleep(core: &Core, flush_every: Option<Duration>) -> Option<Duration> {
    // What cannot be written is not tried again and again.
    let expiry = match core.read_only() {
        None => core.next_expiry(),
        Some(_) => None,
    };
    // The clock may be set; a full disk may have room again.
    let expiry = expiry.map(|time| time.clamp(SHORTEST_WAIT_FOR_EXPIRY, LONGEST_WAIT_FOR_EXPIRY));
    flush_every.into_iter().chain(expiry).min()
}

fn run(core: &Weak<Core>, signal: &(Mutex<Signal>, Condvar), flush_every: Option<Duration>) {
    loop {
        let Some(at_most) = core.upgrade().map(|core| longest_sleep(&core, flush_every)) else {
            return;
        };
        let Wake::Work { checkpoint, log } = sleep(signal, at_most) else {
            return;
        };
        let Some(core) = core.upgrade() else { return };
        if flush_every.is_some()
            && let Err(error) = core.log.sync()
        {
            core.poison(&error.to_string());
        }
        if log {
            // A full disk: the log asks for room again when it needs it, and says so then.
            let _ = core.log.make_room_ahead();
        }
        // A failed append says so by itself.
        let _ = core.expire_prepared();
        if checkpoint
            && core.read_only().is_none()
            && let Err(error) = checkpoint::run(&core)
        {
            core.poison(&format!("a checkpoint failed: {error}"));
        }
    }
}
