//! A change that waits for a person: bound to exact arguments and an exact change, once, for a while.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::state::AppState;

/// What a person wishes to decide.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The call that waits.
    pub call: String,
    /// Yes or no.
    pub approve: bool,
    /// In words.
    pub reason: Option<String>,
    /// The hash of what was seen; anything that waits under this call when missing.
    pub hash: Option<String>,
}

/// What a person decided.
#[derive(Debug)]
pub struct Decision {
    /// The server as the person who decides may use it; the change is made with these rights.
    pub state: AppState,
    /// Yes or no.
    pub approve: bool,
    /// In words.
    pub reason: Option<String>,
    /// Where the outcome goes.
    pub reply: oneshot::Sender<Outcome>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Applied(String),
    /// The person did not want it; nothing was done.
    Denied,
    /// It was not done: code and words.
    Failed(String, String),
}

/// Why a decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody decided already.
    Used,
    /// It waited too long.
    Expired,
    /// It is about another change than the one that waits.
    OtherChange,
}

/// See the module.
#[derive(Debug)]
pub struct Approval {
    /// The database that would be changed.
    pub database: String,
    hash: String,
    expires: Instant,
    decide: Option<oneshot::Sender<Decision>>,
}

impl Approval {
    /// One that lapses after `life`, and what hears of the decision.
    pub fn new(
        hash: String,
        database: String,
        life: Duration,
    ) -> (Self, oneshot::Receiver<Decision>) {
        let (decide, decision) = oneshot::channel();
        let approval = Self {
            database,
            hash,
            expires: Instant::now() + life,
            decide: Some(decide),
        };
        (approval, decision)
    }

    /// Takes the one chance to decide. `hash` is what the person saw, when the caller says it.
    ///
    /// # Errors
    /// It was taken before, lapsed, or is about something else.
    pub fn take(&mut self, hash: Option<&str>) -> Result<oneshot::Sender<Decision>, Refusal> {
        if hash.is_some_and(|hash| hash != self.hash) {
            return Err(Refusal::OtherChange);
        }
        if Instant::now() >= self.expires {
            self.decide = None;
            return Err(Refusal::Expired);
        }
        self.decide.take().ok_or(Refusal::Used)
    }

    /// Whether it still waits.
    pub fn waits(&self) -> bool {
        self.decide.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn it_can_be_decided_once_and_in_time() {
        let (mut approval, _decision) = Approval::new("h".to_owned(), "d".to_owned(), LIFE);
        assert_eq!(
            approval.take(Some("other")).unwrap_err(),
            Refusal::OtherChange
        );
        assert!(approval.take(Some("h")).is_ok());
        assert_eq!(approval.take(None).unwrap_err(), Refusal::Used);
        let (mut approval, _decision) = Approval::new("h".to_owned(), "d".to_owned(), LIFE);
        tokio::time::advance(LIFE).await;
        assert_eq!(approval.take(None).unwrap_err(), Refusal::Expired);
        assert!(!approval.waits());
    }
}
