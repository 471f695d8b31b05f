//! A change that waits for a person: bound to exact arguments and an exact change, once, for a while.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a person decided.
#[derive(Debug)]
pub struct Decision {
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
    hash: String,
    expires: Instant,
    decide: Option<oneshot::Sender<Decision>>,
}

impl Approval {
    /// One that lapses after `life`, and what hears of the decision.
    pub fn new(hash: String, life: Duration) -> (Self, oneshot::Receiver<Decision>) {
        let (decide, decision) = oneshot::channel();
        let approval = Self {
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
        let (mut approval, _decision) = Approval::new("h".to_owned(), LIFE);
        assert_eq!(
            approval.take(Some("other")).unwrap_err(),
            Refusal::OtherChange
        );
        assert!(approval.take(Some("h")).is_ok());
        assert_eq!(approval.take(None).unwrap_err(), Refusal::Used);
        let (mut approval, _decision) = Approval::new("h".to_owned(), LIFE);
        tokio::time::advance(LIFE).await;
        assert_eq!(approval.take(None).unwrap_err(), Refusal::Expired);
        assert!(!approval.waits());
    }
}
