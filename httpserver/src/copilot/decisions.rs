//! What people decide on: changes that wait, and what they think of an answer.

use std::sync::Arc;

use sop_query::sql::Cancel;
use tokio::sync::oneshot;

use super::approval::{Decision, Refusal};
use super::saved::{Feedback, Rating};
use super::seams::{KnowledgeEntry, ToolContext};
use super::{Copilot, Outcome, Wish};
use crate::error::{ApiError, ApiResult, Code};
use crate::state::AppState;

impl Copilot {
    /// Decides on a change, and waits for what becomes of it.
    ///
    /// # Errors
    /// Nothing waits under this name; it was decided on, lapsed, or is about something else.
    pub async fn decide(&self, state: &AppState, id: &str, wish: Wish) -> ApiResult<Outcome> {
        let session = self.session(state.who(), id).await?;
        let database = session
            .state()
            .approvals
            .get(&wish.call)
            .map(|approval| approval.database.clone());
        if let Some(database) = database.filter(|_| wish.approve) {
            // What this person may not do is said before the decision counts: it still waits after that.
            let registry = Arc::clone(state.registry());
            let allowed = tokio::task::spawn_blocking(move || registry.check_write(&database));
            allowed.await.map_err(ApiError::internal)??;
        }
        let taken = session
            .state()
            .approvals
            .get_mut(&wish.call)
            .map(|approval| approval.take(wish.hash.as_deref()));
        let refused = |code, detail: &'static str| Err(ApiError::new(code, detail));
        let decide = match taken {
            Some(Ok(decide)) => decide,
            Some(Err(Refusal::Used)) => {
                return refused(
                    Code::ApprovalOver,
                    "This change was decided on already; it is not done twice.",
                );
            }
            Some(Err(Refusal::Expired)) => {
                return refused(
                    Code::ApprovalOver,
                    "This change waited too long and lapsed. Ask for it again.",
                );
            }
            Some(Err(Refusal::OtherChange)) => {
                return refused(
                    Code::Conflict,
                    "Another change waits than the one that you saw. Look at it again.",
                );
            }
            None => {
                return refused(
                    Code::ApprovalNotFound,
                    "No change waits under this name in this session.",
                );
            }
        };
        let (reply, outcome) = oneshot::channel();
        let decision = Decision {
            state: state.clone(),
            approve: wish.approve,
            reason: wish.reason,
            reply,
        };
        let over = || {
            ApiError::new(
                Code::ApprovalOver,
                "The answer was stopped. Look whether the change was made before you repeat it.",
            )
        };
        decide.send(decision).map_err(|_| over())?;
        outcome.await.map_err(|_| over())
    }

    /// Keeps what a person thinks of a turn; a bad one with words proposes knowledge.
    ///
    /// # Errors
    /// There is no such session or turn, or it could not be kept.
    pub async fn feedback(
        &self,
        state: &AppState,
        id: &str,
        turn: u64,
        feedback: Feedback,
    ) -> ApiResult<()> {
        let session = self.session(state.who(), id).await?;
        let entry = {
            let mut state = session.state();
            let found = state
                .saved
                .turns
                .iter_mut()
                .find(|saved| saved.turn == turn);
            let saved = found.ok_or_else(|| {
                ApiError::new(
                    Code::SessionNotFound,
                    "This session has no turn with this number.",
                )
            })?;
            saved.feedback = Some(feedback.clone());
            let words = feedback.comment.as_deref().unwrap_or_default().trim();
            (feedback.rating == Rating::Down && !words.is_empty()).then(|| KnowledgeEntry {
                category: "feedback".to_owned(),
                name: format!("{}-{turn}", id.get(..8).unwrap_or(id)),
                text: words.to_owned(),
                why: format!(
                    "A person was not content with the answer to: {}",
                    saved.message
                ),
                database: saved.database.clone(),
                source: format!("{id}/{turn}"),
            })
        };
        let parts = self.0.parts.clone();
        let id = id.to_owned();
        let context = ToolContext {
            state: state.clone(),
            session: id.clone(),
            turn,
            database: entry
                .as_ref()
                .map(|entry| entry.database.clone())
                .unwrap_or_default(),
            store: None,
            cancel: Cancel::default(),
        };
        let kept = tokio::task::spawn_blocking(move || {
            if let Some(entry) = entry {
                parts.knowledge.propose(&context, &entry)?;
            }
            parts.store.feedback(&id, turn, &feedback)
        });
        let kept = kept.await.map_err(ApiError::internal)?;
        self.0.keep(&session).await;
        kept
    }
}
