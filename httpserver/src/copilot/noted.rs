//! The last call of each session, for `/step` without words.
//!
//! It is kept in memory until a command about drafts wants it: a command that only looks must not wait for a commit. A restart
//! forgets it.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::Copilot;

/// Sessions whose last calls are kept.
const MOST: usize = 1_000;

/// A tool and its arguments.
pub type LastCall = (String, Map<String, Value>);

/// See the module.
#[derive(Default)]
pub struct Noted(Mutex<HashMap<String, LastCall>>);

impl Noted {
    fn put(&self, session: &str, call: LastCall) {
        let mut calls = self.0.lock();
        if calls.len() >= MOST && !calls.contains_key(session) {
            // Any of them: whoever drafts a step does it soon after the call.
            let other = calls.keys().next().cloned();
            other.and_then(|other| calls.remove(&other));
        }
        calls.insert(session.to_owned(), call);
    }

    fn take(&self, session: &str) -> Option<LastCall> {
        self.0.lock().remove(session)
    }
}

impl Copilot {
    /// Remembers the last call of a session.
    pub(super) fn note_call(&self, session: &str, tool: &str, args: &Map<String, Value>) {
        self.0.noted.put(session, (tool.to_owned(), args.clone()));
    }

    /// The last call of a session since it was asked for last.
    pub(super) fn take_call(&self, session: &str) -> Option<LastCall> {
        self.0.noted.take(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_counts_and_memory_is_bounded() {
        let noted = Noted::default();
        let call = |tool: &str| (tool.to_owned(), Map::new());
        noted.put("a", call("one"));
        noted.put("a", call("two"));
        assert_eq!(noted.take("a"), Some(call("two")));
        assert_eq!(noted.take("a"), None);
        for n in 0..2 * MOST {
            noted.put(&n.to_string(), call("x"));
        }
        assert_eq!(noted.0.lock().len(), MOST);
    }
}
