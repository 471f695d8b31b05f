//! The background thread of an open database: checkpoints when the log has grown, room for the log ahead
//! of need, delayed flushes.

use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::checkpoint;
use super::core::Core;
use super::options::Durability;

#[derive(Default)]
struct Signal {
    checkpoint: bool,
    log: bool,
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

fn run(core: &Weak<Core>, signal: &(Mutex<Signal>, Condvar), flush_every: Option<Duration>) {
    loop {
        let (checkpoint, log) = {
            let (signal, woken) = signal;
            let mut signal = signal.lock();
            if !signal.checkpoint && !signal.log && !signal.stop {
                match flush_every {
                    Some(period) => {
                        woken.wait_for(&mut signal, period);
                    }
                    None => woken.wait(&mut signal),
                }
            }
            if signal.stop {
                return;
            }
            (
                std::mem::take(&mut signal.checkpoint),
                std::mem::take(&mut signal.log),
            )
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
        if checkpoint
            && core.read_only().is_none()
            && let Err(error) = checkpoint::run(&core)
        {
            core.poison(&format!("a checkpoint failed: {error}"));
        }
    }
}
