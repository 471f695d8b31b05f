//! The connections on which no request runs: when all places are taken, the one that has been quiet for the
//! longest time makes room. So neither thousands of idle clients nor thousands that send their headers byte
//! by byte keep others out.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// All quiet connections of a server.
#[derive(Default)]
pub struct Quiet {
    waiting: Mutex<Waiting>,
    /// Told when a connection becomes quiet.
    grown: Notify,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// What ends each, the longest quiet first.
    list: BTreeMap<u64, Arc<Notify>>,
}

impl Quiet {
    /// A new connection; it is quiet until its first request.
    pub fn enter(self: &Arc<Self>) -> Seat {
        let end = Arc::<Notify>::default();
        Seat(Arc::new(Place {
            number: Mutex::new(Some(self.add(&end))),
            quiet: Arc::clone(self),
            end,
        }))
    }

    /// Ends the connection that has been quiet for the longest time; `false` when none is.
    pub fn end_oldest(&self) -> bool {
        let oldest = self.waiting.lock().list.pop_first();
        if let Some((_, end)) = &oldest {
            end.notify_one();
        }
        oldest.is_some()
    }

    /// Waits until a connection becomes quiet.
    pub async fn grown(&self) {
        self.grown.notified().await;
    }

    fn add(&self, end: &Arc<Notify>) -> u64 {
        let mut waiting = self.waiting.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.list.insert(number, Arc::clone(end));
        drop(waiting);
        self.grown.notify_one();
        number
    }
}

/// One connection.
#[derive(Clone)]
pub struct Seat(Arc<Place>);

struct Place {
    quiet: Arc<Quiet>,
    end: Arc<Notify>,
    /// Its number among the quiet ones.
    number: Mutex<Option<u64>>,
}

impl Seat {
    /// Waits until this connection has to make room.
    pub async fn ended(&self) {
        self.0.end.notified().await;
    }

    /// A request begins, and runs until what comes back is dropped. `None` when the connection has to make
    /// room already: then the request must not begin.
    pub fn begin(&self) -> Option<Running> {
        let number = self.0.number.lock().take()?;
        let there = self.0.quiet.waiting.lock().list.remove(&number);
        there.map(|_| Running(self.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(number) = self.number.get_mut() {
            self.quiet.waiting.lock().list.remove(number);
        }
    }
}

/// A request that runs; the connection is quiet again after it.
pub struct Running(Seat);

impl Drop for Running {
    fn drop(&mut self) {
        let place = &self.0.0;
        *place.number.lock() = Some(place.quiet.add(&place.end));
    }
}

/// The body of an answer, whose request runs until it is sent.
pub struct Answering {
    body: Body,
    _running: Running,
}

impl Answering {
    /// The body of the answer to a request.
    pub fn new(body: Body, running: Running) -> Self {
        Self {
            body,
            _running: running,
        }
    }
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_quiet_one_ends_and_busy_ones_do_not() {
        let quiet = Arc::<Quiet>::default();
        let (first, second, third) = (quiet.enter(), quiet.enter(), quiet.enter());
        let running = first.begin();
        assert!(quiet.end_oldest());
        second.ended().await;
        assert!(second.begin().is_none(), "it has to go");
        drop(third);
        assert!(!quiet.end_oldest(), "only a busy one is left");
        drop(running);
        assert!(quiet.end_oldest());
        first.ended().await;
        assert!(!quiet.end_oldest());
    }
}
