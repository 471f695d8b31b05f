//! A session: its turns, its events, and the one turn that may run.
//!
//! What always holds: at most one turn runs; once it ended nothing more is told of it; what people see and what
//! listeners get is the same.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use sop_query::sql::Cancel;
use tokio::task::AbortHandle;

use super::approval::Approval;
use super::events::ChatEvent;
use super::ring::Ring;
use super::saved::{SavedSession, SavedTurn, TurnMemory};
use crate::llm::Message;

/// Prompts of a session that are kept.
const MAX_SENT: usize = 32;
/// Bytes of the prompts of a session that are kept.
const MAX_SENT_BYTES: usize = 2 << 20;

/// Most turns that the model may hear of again in full.
const MAX_REMEMBERED: usize = 50;

/// A prompt as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number, from 1.
    pub number: u64,
    /// The turn.
    pub turn: u64,
    /// Who got it.
    pub provider: &'static str,
    /// The model.
    pub model: String,
    /// Unix time in milliseconds.
    pub at_ms: u64,
    /// The body.
    pub body: Bytes,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its events.
    pub ring: Ring,
    /// Whether it was forgotten; held while it is kept.
    pub forgotten: Mutex<bool>,
    state: Mutex<State>,
    /// Whether it was ever kept, and whether keeping it failed since.
    kept: AtomicBool,
    unkept: AtomicBool,
}

/// What changes in a session.
#[derive(Debug)]
pub struct State {
    /// What is kept.
    pub saved: SavedSession,
    /// The changes that wait or waited in the newest turn, by call.
    pub approvals: HashMap<String, Approval>,
    /// The newest prompts.
    pub sent: VecDeque<Sent>,
    /// When it was used last.
    pub used: Instant,
    /// What was lost by a restart, until somebody was told.
    pub gone: Vec<String>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    turn: u64,
    cancel: Cancel,
    task: Option<AbortHandle>,
}

impl Session {
    /// A session as it was kept, or a new one.
    pub fn new(mut saved: SavedSession, epoch: String) -> Self {
        let gone = saved.interrupted();
        Self {
            kept: AtomicBool::new(!saved.turns.is_empty()),
            unkept: AtomicBool::new(false),
            id: saved.id.clone(),
            ring: Ring::new(epoch),
            forgotten: Mutex::new(false),
            state: Mutex::new(State {
                saved,
                approvals: HashMap::new(),
                sent: VecDeque::new(),
                used: Instant::now(),
                gone,
                running: None,
            }),
        }
    }

    /// Says whether it could be kept.
    pub fn note_kept(&self, done: bool) {
        self.kept.fetch_or(done, Ordering::Relaxed);
        self.unkept.store(!done, Ordering::Relaxed);
    }

    /// Whether it is kept as it is here.
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed) && !self.unkept.load(Ordering::Relaxed)
    }

    /// Takes over what was kept, when it says more than what is here and no turn runs.
    pub fn renew(&self, mut saved: SavedSession) {
        let mut state = self.state();
        let unfinished = saved.turns.last().is_some_and(|turn| turn.ended.is_none());
        let is_newer = match saved.updated_ms.cmp(&state.saved.updated_ms) {
            std::cmp::Ordering::Greater => true,
            // The end of a turn may be on its way there.
            std::cmp::Ordering::Equal => !unfinished && saved != state.saved,
            std::cmp::Ordering::Less => false,
        };
        if is_newer && state.running.is_none() && self.is_kept() {
            state.gone = saved.interrupted();
            state.approvals.clear();
            state.saved = saved;
        }
    }

    /// What changes in it.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Begins a turn when none runs; `replace` forgets the turns from there on. Gives its number.
    pub fn begin(&self, mut turn: SavedTurn, replace: Option<u64>, cancel: Cancel) -> Option<u64> {
        let mut state = self.state();
        if state.running.is_some() {
            return None;
        }
        if let Some(replace) = replace {
            state.saved.forget_from(replace);
        }
        // Numbers are not used twice, also not those of turns that were replaced.
        let number = self
            .ring
            .newest_turn()
            .max(state.saved.turns.last().map_or(0, |turn| turn.turn))
            + 1;
        turn.turn = number;
        state.saved.begin(turn);
        state.saved.memory.push(TurnMemory {
            turn: number,
            messages: Vec::new(),
        });
        let excess = state.saved.memory.len().saturating_sub(MAX_REMEMBERED);
        state.saved.memory.drain(..excess);
        state.approvals.clear();
        state.used = Instant::now();
        state.running = Some(Running {
            turn: number,
            cancel,
            task: None,
        });
        self.ring.forget_before(number);
        Some(number)
    }

    /// Notes the task that answers, so that it can be stopped.
    pub fn runs(&self, turn: u64, task: AbortHandle) {
        let mut state = self.state();
        match state
            .running
            .as_mut()
            .filter(|running| running.turn == turn)
        {
            Some(running) => running.task = Some(task),
            // It was stopped in between.
            None => task.abort(),
        }
    }

    /// The turn that runs.
    pub fn running(&self) -> Option<u64> {
        self.state().running.as_ref().map(|running| running.turn)
    }

    /// Tells an event of a turn; false when the turn is over, and then nothing is told.
    pub fn emit(&self, turn: u64, event: &ChatEvent) -> bool {
        let mut state = self.state();
        if state
            .running
            .as_ref()
            .is_none_or(|running| running.turn != turn)
        {
            return false;
        }
        state.saved.note(event);
        if matches!(event, ChatEvent::Finish(_)) {
            state.running = None;
        }
        self.ring.push(turn, event);
        true
    }

    /// Ends a turn; false when it is over already.
    pub fn end(&self, turn: u64, reason: &str) -> bool {
        let waiting: Vec<String> = {
            let mut state = self.state();
            let runs = state.running.as_ref().map(|running| running.turn);
            if runs != Some(turn) {
                // The changes that wait now belong to a later turn.
                return false;
            }
            let waiting = state
                .approvals
                .iter_mut()
                .filter(|(_, approval)| approval.waits());
            waiting
                .map(|(call, approval)| {
                    // The chance is taken, so that nobody decides any more.
                    let _ = approval.take(None);
                    call.clone()
                })
                .collect()
        };
        for call in waiting {
            let event = ChatEvent::ApprovalResolved {
                call,
                approved: false,
                applied: false,
                reason: Some(reason.to_owned()),
            };
            self.emit(turn, &event);
        }
        self.emit(turn, &ChatEvent::Finish(reason.to_owned()))
    }

    /// Stops what runs; false when nothing does.
    pub fn stop(&self) -> bool {
        let running = {
            let mut state = self.state();
            let running = state.running.as_mut();
            running.map(|running| (running.turn, running.cancel.clone(), running.task.take()))
        };
        let Some((turn, cancel, task)) = running else {
            return false;
        };
        cancel.cancel();
        if let Some(task) = task {
            task.abort();
        }
        self.end(turn, "stopped")
    }

    /// Adds to what the model heard and said in a turn.
    pub fn remember(&self, turn: u64, messages: &[Message]) {
        let mut state = self.state();
        let memory = state
            .saved
            .memory
            .iter_mut()
            .find(|memory| memory.turn == turn);
        if let Some(memory) = memory {
            memory.messages.extend(messages.iter().cloned());
        }
    }

    /// Keeps a prompt and gives its number.
    pub fn keep_sent(&self, turn: u64, provider: &'static str, model: &str, body: Bytes) -> u64 {
        let mut state = self.state();
        state.saved.sent += 1;
        let number = state.saved.sent;
        state.sent.push_back(Sent {
            number,
            turn,
            provider,
            model: model.to_owned(),
            at_ms: super::saved::now_ms(),
            body,
        });
        let bytes = |sent: &VecDeque<Sent>| sent.iter().map(|sent| sent.body.len()).sum::<usize>();
        while state.sent.len() > 1
            && (state.sent.len() > MAX_SENT || bytes(&state.sent) > MAX_SENT_BYTES)
        {
            state.sent.pop_front();
        }
        number
    }
}
