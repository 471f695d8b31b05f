//! Wakes a thread that sleeps between looks.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// What was rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    /// Nothing: the time is over.
    Nothing,
    /// To look now.
    Look,
    /// To end.
    End,
}

/// One for each opening.
pub(super) struct Bell {
    rung: Mutex<Ring>,
    woken: Condvar,
}

impl Bell {
    pub fn new() -> Self {
        Self {
            rung: Mutex::new(Ring::Nothing),
            woken: Condvar::new(),
        }
    }

    /// Wakes who waits, or who will.
    pub fn ring(&self, ring: Ring) {
        let mut rung = self.rung.lock();
        if *rung != Ring::End {
            *rung = ring;
        }
        drop(rung);
        self.woken.notify_all();
    }

    /// Waits for a ring, at most so long.
    pub fn wait(&self, most: Duration) -> Ring {
        let mut rung = self.rung.lock();
        let quiet = |rung: &mut Ring| *rung == Ring::Nothing;
        self.woken.wait_while_for(&mut rung, quiet, most);
        match *rung {
            Ring::End => Ring::End,
            other => {
                *rung = Ring::Nothing;
                other
            }
        }
    }
}
