//! Who waits for a commit, and who leads the next group.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::prepared::PreparedTransaction;
use super::prepared_record::Decision;
use super::record::Payload;
use crate::error::Result;
use crate::transaction::reads::Reads;
use crate::transaction::writes::Writes;

/// The most transactions in one group, so that none waits for an endless one.
const MAX_GROUP: usize = 1_024;
/// The most bytes of records in a group of more than one.
const MAX_GROUP_BYTES: usize = 16 << 20;

/// What a record that waits to be appended is about.
pub(crate) enum Kind {
    /// The changes of a transaction.
    Changes,
    /// A transaction that will be decided later; it takes the place of the request's reads and writes.
    Prepare(Arc<PreparedTransaction>),
    /// The end of a prepared transaction.
    Decide(Decision, Arc<str>),
}

/// What a transaction hands over to be committed. It no longer holds its snapshot, so that nodes
/// which nobody else reads are changed in place.
pub(crate) struct Request {
    /// Sequence of the snapshot that it read.
    pub base: u64,
    pub reads: Reads,
    pub writes: Arc<Writes>,
    pub kind: Kind,
    /// The encoded record; `None` when there is nothing to write and only the reads are validated.
    pub payload: Option<Payload>,
}

impl Request {
    /// The encoded record.
    pub fn record(&self) -> Option<&[u8]> {
        let payload = self.payload.as_ref()?;
        Some(payload.bytes(&self.writes))
    }

    /// Items that change when it is committed.
    pub fn changes(&self) -> u64 {
        match self.kind {
            Kind::Changes => self.writes.items() as u64,
            Kind::Prepare(_) | Kind::Decide(..) => 0,
        }
    }
}

enum State {
    Waiting,
    Leading,
    Done(Result<u64>),
    Taken,
}

/// One waiting transaction.
pub(crate) struct Ticket {
    pub request: Request,
    state: Mutex<State>,
    woken: Condvar,
}

impl Ticket {
    /// Gives the answer: the sequence of the commit, or why there is none.
    pub fn answer(&self, result: Result<u64>) {
        *self.state.lock() = State::Done(result);
        self.woken.notify_one();
    }

    fn lead(&self) {
        *self.state.lock() = State::Leading;
        self.woken.notify_one();
    }
}

#[derive(Default)]
struct Waiting {
    tickets: Vec<Arc<Ticket>>,
    led: bool,
}

/// The queue of waiting transactions.
#[derive(Default)]
pub(crate) struct CommitQueue {
    waiting: Mutex<Waiting>,
}

impl CommitQueue {
    /// Waits until the request is answered. `commit_group` is called when this thread leads; it
    /// must answer every ticket that it is given.
    pub fn submit(&self, request: Request, commit_group: impl Fn(&[Arc<Ticket>])) -> Result<u64> {
        let ticket = Arc::new(Ticket {
            request,
            state: Mutex::new(State::Waiting),
            woken: Condvar::new(),
        });
        {
            let mut waiting = self.waiting.lock();
            waiting.tickets.push(Arc::clone(&ticket));
            if !waiting.led {
                waiting.led = true;
                *ticket.state.lock() = State::Leading;
            }
        }
        loop {
            let mut state = ticket.state.lock();
            match std::mem::replace(&mut *state, State::Taken) {
                State::Done(result) => return result,
                State::Leading => {
                    *state = State::Waiting;
                    drop(state);
                    self.lead_one_group(&commit_group);
                }
                other => {
                    *state = other;
                    ticket.woken.wait(&mut state);
                }
            }
        }
    }

    fn lead_one_group(&self, commit_group: &impl Fn(&[Arc<Ticket>])) {
        let group = {
            let mut waiting = self.waiting.lock();
            let mut bytes = 0;
            let n = waiting
                .tickets
                .iter()
                .take(MAX_GROUP)
                .take_while(|ticket| {
                    let first = bytes == 0;
                    bytes += 1 + ticket.request.record().map_or(0, <[u8]>::len);
                    first || bytes <= MAX_GROUP_BYTES
                })
                .count();
            waiting.tickets.drain(..n).collect::<Vec<_>>()
        };
        commit_group(&group);
        let mut waiting = self.waiting.lock();
        match waiting.tickets.first() {
            Some(next) => next.lead(),
            None => waiting.led = false,
        }
    }
}
