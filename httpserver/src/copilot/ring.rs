//! The newest events of a session, for whoever listens now or comes back later.
//!
//! What always holds: a listener that is not further behind than the ring is long gets every event once and
//! in order; one that is further behind is told so. Pushing never waits for listeners.

use std::collections::VecDeque;
use std::fmt::Write as _;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::events::ChatEvent;

/// Most events that are kept.
const MAX_EVENTS: usize = 32_768;
/// Most bytes that are kept.
const MAX_BYTES: usize = 4 << 20;

/// An event as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// The turn it belongs to.
    pub turn: u64,
    /// Whether its turn is over with it.
    pub ends_turn: bool,
    /// Its text, with its id.
    pub text: Bytes,
}

/// See the module.
#[derive(Debug)]
pub struct Ring {
    epoch: String,
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Stored>,
    bytes: usize,
    newest: u64,
}

/// What there is after some event.
#[derive(Debug)]
pub struct Since {
    /// The events, oldest first.
    pub events: Vec<Stored>,
    /// Whether some before them are not kept any more.
    pub lost: bool,
}

impl Ring {
    /// An empty one; `epoch` is part of all ids, so that those of another process are not mistaken for its own.
    pub fn new(epoch: String) -> Self {
        Self {
            epoch,
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Adds an event and wakes the listeners.
    pub fn push(&self, turn: u64, event: &ChatEvent) {
        let mut kept = self.kept.lock();
        kept.newest += 1;
        let number = kept.newest;
        let text = Bytes::from(self.text(number, event));
        kept.bytes += text.len();
        kept.events.push_back(Stored {
            number,
            turn,
            ends_turn: matches!(event, ChatEvent::Finish(_)),
            text,
        });
        while kept.events.len() > MAX_EVENTS || kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.events.pop_front() else {
                break;
            };
            kept.bytes -= oldest.text.len();
        }
        drop(kept);
        self.newest.send_replace(number);
    }

    fn text(&self, number: u64, event: &ChatEvent) -> String {
        // JSON text has no line ends of its own.
        let data = event.data();
        let mut text = String::with_capacity(64);
        let _ = write!(
            text,
            "id: {}-{number}\nevent: {}\ndata: {data}\n\n",
            self.epoch,
            event.name()
        );
        text
    }

    /// What came after event `number`.
    pub fn since(&self, number: u64) -> Since {
        let kept = self.kept.lock();
        let oldest = kept
            .events
            .front()
            .map_or(kept.newest + 1, |first| first.number);
        let skip = (number + 1).saturating_sub(oldest) as usize;
        Since {
            events: kept.events.iter().skip(skip).cloned().collect(),
            lost: number + 1 < oldest,
        }
    }

    /// The number of the newest event.
    pub fn newest(&self) -> u64 {
        self.kept.lock().newest
    }

    /// The turn of the newest event; 0 before the first.
    pub fn newest_turn(&self) -> u64 {
        self.kept.lock().events.back().map_or(0, |event| event.turn)
    }

    /// The event before the first one of `turn` that is kept.
    pub fn before_turn(&self, turn: u64) -> u64 {
        let kept = self.kept.lock();
        let first = kept.events.iter().find(|event| event.turn >= turn);
        first.map_or(kept.newest, |first| first.number - 1)
    }

    /// The number in an id of this ring; `None` when it is not one.
    pub fn number_of(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.trim().rsplit_once('-')?;
        let number = number.parse().ok()?;
        (epoch == self.epoch && number <= self.newest()).then_some(number)
    }

    /// Wakes at the next event.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Forgets the events of turns before `turn`.
    pub fn forget_before(&self, turn: u64) {
        let mut kept = self.kept.lock();
        while kept.events.front().is_some_and(|event| event.turn < turn) {
            if let Some(oldest) = kept.events.pop_front() {
                kept.bytes -= oldest.text.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> ChatEvent {
        ChatEvent::Text(words.to_owned())
    }

    #[test]
    fn a_listener_goes_on_where_it_was() {
        let ring = Ring::new("e".to_owned());
        for n in 0..5 {
            ring.push(1, &text(&n.to_string()));
        }
        ring.push(1, &ChatEvent::Finish("done".to_owned()));
        let all = ring.since(0);
        assert_eq!((all.events.len(), all.lost), (6, false));
        assert!(all.events[5].ends_turn);
        assert_eq!(
            all.events[0].text,
            "id: e-1\nevent: text-delta\ndata: {\"text\":\"0\"}\n\n"
        );
        let number = ring.number_of("e-4").unwrap();
        assert_eq!(ring.since(number).events[0].number, 5);
        assert!(ring.since(6).events.is_empty());
        for id in ["f-4", "e-7", "4", "e-x", ""] {
            assert!(ring.number_of(id).is_none(), "{id}");
        }
    }

    #[test]
    fn it_is_bounded_and_says_what_is_lost() {
        let ring = Ring::new("e".to_owned());
        let long = "x".repeat(MAX_BYTES / 4);
        for _ in 0..6 {
            ring.push(1, &text(&long));
        }
        assert!(ring.since(0).lost);
        assert_eq!(ring.since(0).events.first().unwrap().number, 4);
        assert!(!ring.since(3).lost);
        ring.push(2, &text("y"));
        ring.forget_before(2);
        assert_eq!((ring.before_turn(2), ring.since(6).events.len()), (6, 1));
    }
}
