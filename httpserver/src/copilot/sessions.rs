//! The sessions of a copilot: found, listed, stopped, kept and forgotten.
//!
//! Always: one that was forgotten does not come back, also not by a turn that was still ending. Several servers may keep
//! theirs in one place: what is in memory here gives way to what another one kept since, unless a turn runs here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::saved::{SavedSession, SessionSummary};
use super::{Copilot, Inner, MAX_LISTED, Session, random_text};
use crate::error::{ApiError, ApiResult, Code};
use crate::security::Identity;

impl Copilot {
    /// A session, from memory or from where it is kept.
    ///
    /// # Errors
    /// There is none with this id.
    pub async fn session(&self, who: &Identity, id: &str) -> ApiResult<Arc<Session>> {
        let session = self.find(id).await?;
        // Somebody else's is as good as none.
        let own = session.state().saved.owner == owner(who);
        own.then_some(session).ok_or_else(no_session)
    }

    async fn find(&self, id: &str) -> ApiResult<Arc<Session>> {
        let known = self.0.sessions.lock().get(id).cloned();
        let known = match known {
            Some(session) if session.running().is_some() => return Ok(session),
            known => known,
        };
        let (store, wanted) = (Arc::clone(&self.0.parts.store), id.to_owned());
        let loaded = tokio::task::spawn_blocking(move || store.load(&wanted)).await;
        let loaded = loaded.map_err(ApiError::internal)?;
        if let Some(session) = known {
            return self.renewed(session, loaded);
        }
        self.admit(loaded?.ok_or_else(no_session)?)
    }

    /// One from memory, as it was kept last.
    fn renewed(
        &self,
        session: Arc<Session>,
        loaded: ApiResult<Option<SavedSession>>,
    ) -> ApiResult<Arc<Session>> {
        match loaded {
            Ok(Some(saved)) => session.renew(saved),
            Ok(None) if session.is_kept() && session.running().is_none() => {
                // Another server forgot it.
                self.0.sessions.lock().remove(&session.id);
                return Err(no_session());
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a session is as it is in memory"),
        }
        Ok(session)
    }

    pub(super) fn new_session(&self, who: &Identity) -> ApiResult<Arc<Session>> {
        let id = random_text(16).map_err(ApiError::internal)?;
        self.admit(SavedSession {
            id,
            owner: owner(who),
            ..SavedSession::default()
        })
    }

    /// Takes a session into memory; the one unused for longest goes when there are too many.
    fn admit(&self, saved: SavedSession) -> ApiResult<Arc<Session>> {
        let epoch = random_text(4).map_err(ApiError::internal)?;
        let most = self.limits().sessions as usize;
        let mut sessions = self.0.sessions.lock();
        if let Some(session) = sessions.get(&saved.id) {
            return Ok(Arc::clone(session));
        }
        if sessions.len() >= most {
            let idle = sessions
                .values()
                .filter(|session| session.running().is_none());
            let oldest = idle.min_by_key(|session| session.state().used);
            let Some(oldest) = oldest.map(|session| session.id.clone()) else {
                let detail =
                    format!("{most} sessions are being answered already. Try again later.");
                return Err(ApiError::new(Code::TooManyRequests, detail));
            };
            sessions.remove(&oldest);
        }
        let session = Arc::new(Session::new(saved, epoch));
        sessions.insert(session.id.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// The newest sessions, those that are not kept yet included.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, who: &Identity) -> ApiResult<Vec<SessionSummary>> {
        let owner = owner(who);
        // Those of others are among the newest.
        let most = if who.is_user { usize::MAX } else { MAX_LISTED };
        let store = Arc::clone(&self.0.parts.store);
        let kept = tokio::task::spawn_blocking(move || store.list(most)).await;
        let kept = kept.map_err(ApiError::internal)?;
        let kept = kept?.into_iter();
        let mut all: BTreeMap<String, SessionSummary> =
            kept.map(|one| (one.id.clone(), one)).collect();
        for session in self.0.sessions.lock().values() {
            let summary = session.state().saved.summary();
            let kept = all.get(&summary.id);
            // Another server may know more of it, or have forgotten it.
            let is_old = kept.is_some_and(|kept| kept.updated_ms > summary.updated_ms);
            let is_gone = kept.is_none() && session.is_kept();
            if session.running().is_some() || !(is_old || is_gone) {
                all.insert(summary.id.clone(), summary);
            }
        }
        let mut all: Vec<_> = all.into_values().collect();
        all.retain(|one| one.turns > 0 && one.owner == owner);
        all.sort_by_key(|one| std::cmp::Reverse(one.updated_ms));
        all.truncate(MAX_LISTED);
        Ok(all)
    }

    /// Stops what a session answers; false when it answers nothing.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn stop(&self, who: &Identity, id: &str) -> ApiResult<bool> {
        let session = self.session(who, id).await?;
        let stopped = session.stop();
        if stopped {
            self.0.keep(&session).await;
        }
        Ok(stopped)
    }

    /// Stops what a session answers and forgets it: its turns, its drafts of scripts, what people thought of its answers.
    /// The audit keeps what it changed.
    ///
    /// # Errors
    /// There is no such session, or it cannot be deleted.
    pub async fn forget(&self, who: &Identity, id: &str) -> ApiResult<bool> {
        let session = self.session(who, id).await?;
        let stopped = session.stop();
        let (store, id) = (Arc::clone(&self.0.parts.store), id.to_owned());
        let forgotten = Arc::clone(&session);
        let forget = move || {
            let mut flag = forgotten.forgotten.lock();
            store.forget(&id)?;
            *flag = true;
            Ok::<_, ApiError>(())
        };
        let done = tokio::task::spawn_blocking(forget).await;
        done.map_err(ApiError::internal)??;
        self.0.sessions.lock().remove(&session.id);
        Ok(stopped)
    }
}

/// Whose sessions somebody's are.
fn owner(who: &Identity) -> String {
    match who.is_user {
        true => who.name.to_string(),
        false => String::new(),
    }
}

fn no_session() -> ApiError {
    let detail = "There is no session with this id. It may have been forgotten; begin another one.";
    ApiError::new(Code::SessionNotFound, detail)
}

impl Inner {
    /// Keeps a session; a failure is logged, the session goes on.
    pub(super) async fn keep(&self, session: &Arc<Session>) {
        self.keep_as(session, None).await;
    }

    /// The same as if its newest turn had ended like this.
    pub(super) async fn keep_as(&self, session: &Arc<Session>, ending: Option<&str>) {
        let store = Arc::clone(&self.parts.store);
        let mut saved = session.state().saved.clone();
        if let (Some(ending), Some(turn)) = (ending, saved.turns.last_mut()) {
            turn.ended.get_or_insert_with(|| ending.to_owned());
        }
        let session = Arc::clone(session);
        let keep = move || {
            // One that is being forgotten must not come back by a turn that ends.
            let forgotten = session.forgotten.lock();
            if *forgotten {
                return Ok(());
            }
            let kept = store.save(&saved);
            session.note_kept(kept.is_ok());
            kept
        };
        let kept = tokio::task::spawn_blocking(keep).await;
        match kept {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a session could not be kept"),
            Err(error) => tracing::error!(%error, "keeping a session ended by a fault"),
        }
    }
}
