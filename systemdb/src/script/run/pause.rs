//! Where a run pauses, and what tells it to go on.
//!
//! Always: whoever waits here ends by a word, by the limit of a pause, or because the run was cancelled; a run that
//! nobody can pause asks nothing. A breakpoint is a step by its place, of the script that runs or of one that it calls;
//! at a loop it stops before each round, when the element is there, at any other step before that.
//!
//! Not here: who may say such a word (the server asks that), and what a paused run has changed (its events tell it).

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use serde::{Deserialize, Serialize};

use super::event::Place;
use crate::script::expression::Expression;
use crate::script::fault::Fault;
use crate::script::model::{Action, Script, Step};
use crate::script::variables::Variables;

/// Most breakpoints of a run.
pub const MAX_BREAKPOINTS: usize = 200;
/// How long a pause may take where nothing else is said.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// How often a paused run asks whether it was cancelled: whoever cancels knows nothing of pauses.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A step at which a run stops.
#[derive(Clone, Debug)]
pub struct Breakpoint {
    script: String,
    step: String,
    when: Option<Expression>,
}

/// Why a run is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// It was to pause before its first step.
    Start,
    /// There is a breakpoint here.
    Breakpoint,
    /// It was to go one step on.
    Step,
    /// Somebody asked for it while it ran.
    Asked,
}

/// How a paused run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// To the next breakpoint, or to its end.
    Continue,
    /// To the next step, wherever that is.
    Step,
    /// To the next step that is not inside of this one.
    Over,
    /// Not at all: it ends, and nothing of it is kept.
    Stop,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Told(Resume),
    /// Nobody said anything for as long as a pause may take.
    Lapsed(Duration),
    /// The run was cancelled meanwhile.
    Cancelled,
    /// The server goes down.
    Closed,
}

/// Which round of a loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Round {
    /// The loop.
    #[serde(flatten)]
    pub place: Place,
    /// The variable that is the element.
    pub item: String,
    /// Counted from 1.
    pub round: u64,
    /// How many there are.
    pub of: u64,
}

/// What a run is about to do.
pub(super) struct Point<'a> {
    pub script: &'a str,
    pub step: &'a str,
    /// How many steps are around it, those of callers too.
    pub level: usize,
    pub is_loop: bool,
    /// It is a round of the loop, and not the loop.
    pub is_round: bool,
    pub variables: &'a Variables,
}

/// Why a run pauses at a point.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub reason: PauseReason,
    /// The condition of the breakpoint could not be tested.
    pub doubt: Option<String>,
}

/// The breakpoints of a run, and the words for it; shared by the run and whoever watches it.
#[derive(Debug)]
pub struct Pauses {
    state: Mutex<State>,
    said: Condvar,
    longest: Duration,
}

#[derive(Debug)]
struct State {
    breakpoints: Vec<Breakpoint>,
    mode: Mode,
    /// The level of the point where it is paused, and whether that is a round.
    paused: Option<(usize, bool)>,
    word: Option<Resume>,
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    Run,
    /// Pauses before the next step, for this reason.
    Next(PauseReason),
    /// Pauses before the next step of this level at most, or the next such round.
    Over {
        level: usize,
        is_round: bool,
    },
}

/// There is nothing that waits for a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run is not paused")]
pub struct NotPaused;

impl Breakpoint {
    /// Stops at a step of `script`, always or where a condition holds.
    ///
    /// # Errors
    /// The script has no such step (at `/step`); the condition cannot be read (at `/when`).
    pub fn new(script: &Script, step: &str, when: Option<&str>) -> Result<Self, Fault> {
        let mut places = Vec::new();
        each_place(&script.steps, "/steps", &mut places);
        if !places.iter().any(|there| there == step) {
            let shown: String = step.chars().take(100).collect();
            let message = format!(
                "{} has no step {shown:?}; a step is named by its place, like \"/steps/0\"",
                script.reference()
            );
            return Err(Fault::new("/step", "unknown_step", message).suggest(step, &places));
        }
        let when = when.map(Expression::compile).transpose();
        Ok(Self {
            script: script.reference(),
            step: step.to_owned(),
            when: when.map_err(|message| Fault::new("/when", "invalid_expression", message))?,
        })
    }
}

/// The places of all steps, of those too that are left out of runs.
fn each_place(steps: &[Step], at: &str, places: &mut Vec<String>) {
    for (index, step) in steps.iter().enumerate() {
        let own = format!("{at}/{index}");
        let lists: &[(&str, &[Step])] = match &step.action {
            Action::If {
                then, otherwise, ..
            } => &[("then", then), ("else", otherwise)],
            Action::Loop { steps, .. } | Action::Block { steps } => &[("steps", steps)],
            _ => &[],
        };
        let mut below = own.clone();
        places.push(own);
        let length = below.len();
        for (field, list) in lists {
            below.truncate(length);
            // Writing to a text cannot fail.
            let _ = write!(below, "/{field}");
            each_place(list, &below, places);
        }
    }
}

impl Pauses {
    /// With these breakpoints; `at_start` pauses before the first step, `longest` is how long a pause may take.
    pub fn new(breakpoints: Vec<Breakpoint>, at_start: bool, longest: Duration) -> Self {
        let mode = match at_start {
            true => Mode::Next(PauseReason::Start),
            false => Mode::Run,
        };
        let state = State {
            breakpoints,
            mode,
            paused: None,
            word: None,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            said: Condvar::new(),
            longest,
        }
    }

    /// Other breakpoints from now on, also while it runs.
    pub fn replace(&self, breakpoints: Vec<Breakpoint>) {
        self.state.lock().breakpoints = breakpoints;
    }

    /// Whether the run is paused.
    pub fn is_paused(&self) -> bool {
        self.state.lock().paused.is_some()
    }

    /// Tells a paused run to go on, or to end.
    ///
    /// # Errors
    /// It is not paused, or was told already.
    pub fn resume(&self, word: Resume) -> Result<(), NotPaused> {
        let mut state = self.state.lock();
        if state.paused.is_none() || state.word.is_some() {
            return Err(NotPaused);
        }
        state.word = Some(word);
        self.said.notify_all();
        Ok(())
    }

    /// Pauses a run before its next step, whatever that is.
    pub fn ask(&self) {
        let mut state = self.state.lock();
        if state.paused.is_none() {
            state.mode = Mode::Next(PauseReason::Asked);
        }
    }

    /// Ends a pause, and every later one, because nobody can say a word any more.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.said.notify_all();
    }

    /// Whether the run pauses at a point.
    pub(super) fn hit(&self, point: &Point<'_>) -> Option<Hit> {
        let (mode, when) = {
            let state = self.state.lock();
            let found = state
                .breakpoints
                .iter()
                .find(|there| there.step == point.step && there.script == point.script);
            // Before a loop its element is not there yet.
            let found = found.filter(|_| point.is_round == point.is_loop);
            (state.mode, found.map(|there| there.when.clone()))
        };
        let stops = |doubt| {
            Some(Hit {
                reason: PauseReason::Breakpoint,
                doubt,
            })
        };
        match when {
            Some(None) => return stops(None),
            Some(Some(when)) => match when.holds(point.variables) {
                Ok(true) => return stops(None),
                Ok(false) => {}
                // A condition that never holds for a slip of the pen would never be noticed.
                Err(message) => return stops(Some(message)),
            },
            None => {}
        }
        let reason = match mode {
            Mode::Run => return None,
            // The first step in the loop is next, and tells the round.
            Mode::Next(_) if point.is_round => return None,
            Mode::Next(reason) => reason,
            Mode::Over { level, is_round } => {
                if point.level > level || (point.is_round && !is_round) {
                    return None;
                }
                PauseReason::Step
            }
        };
        Some(Hit {
            reason,
            doubt: None,
        })
    }

    /// From now on a word is waited for; before anybody hears of the pause, so that no word comes too early.
    pub(super) fn begin(&self, point: &Point<'_>) {
        let mut state = self.state.lock();
        state.paused = Some((point.level, point.is_round));
        state.word = None;
    }

    /// Nobody heard of the pause.
    pub(super) fn give_up(&self) {
        self.state.lock().paused = None;
    }

    /// Waits for a word.
    pub(super) fn wait(&self, cancelled: &dyn Fn() -> bool) -> Waited {
        let until = Instant::now().checked_add(self.longest);
        let mut state = self.state.lock();
        let waited = loop {
            if let Some(word) = state.word.take() {
                break Waited::Told(word);
            }
            if state.closed {
                break Waited::Closed;
            }
            if cancelled() {
                break Waited::Cancelled;
            }
            let left = until.map_or(ASK_AGAIN, |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                break Waited::Lapsed(self.longest);
            }
            self.said.wait_for(&mut state, left.min(ASK_AGAIN));
        };
        let from = state.paused.take();
        state.mode = match (waited, from) {
            (Waited::Told(Resume::Step), _) => Mode::Next(PauseReason::Step),
            (Waited::Told(Resume::Over), Some((level, is_round))) => Mode::Over { level, is_round },
            _ => Mode::Run,
        };
        waited
    }
}
