//! Sessions of browsers. A session's id is the digest of its secret, so a list of them lets nobody in.

use serde::{Deserialize, Serialize};

use super::keep::{Row, SESSIONS, USERS};
use super::users::key;
use super::{AccountError, Accounts, Principal, Result, digest, encode, secret};

/// Most sessions; the one unused for longest makes room.
const MOST: usize = 10_000;
/// A session ends when it was not used for this long.
const IDLE_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// And after this long in any case.
const LIFE_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
/// When a session was used last is written down this often.
const NOTE_MS: u64 = 10 * 60 * 1_000;
/// Characters of a browser's name for itself.
const AGENT: usize = 200;

/// A session, as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub user: String,
    pub created_ms: u64,
    pub seen_ms: u64,
    pub address: String,
    pub agent: String,
    /// When `seen_ms` was written down.
    #[serde(skip)]
    pub noted_ms: u64,
}

impl Session {
    fn lives(&self, now: u64) -> bool {
        now.saturating_sub(self.seen_ms) < IDLE_MS && now.saturating_sub(self.created_ms) < LIFE_MS
    }
}

/// A session for whoever looks at the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionInfo {
    /// By this it is ended.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// When it began, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was used last.
    pub seen_ms: u64,
    /// From where it was begun.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// A session that was just begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Its id.
    pub id: String,
    /// What the browser proves it with; told once.
    pub secret: String,
}

impl Accounts {
    /// Begins a session of somebody who was recognised.
    ///
    /// # Errors
    /// They are gone meanwhile, or it cannot be written.
    pub fn open_session(&self, user: &str, address: &str, agent: &str) -> Result<SignedIn> {
        let secret = secret()?;
        let id = encode(&digest(&secret));
        let now = self.now_ms();
        let mut state = self.state.lock();
        let mut owner = state.user(user)?.clone();
        let session = Session {
            user: owner.name.clone(),
            created_ms: now,
            seen_ms: now,
            address: address.to_owned(),
            agent: agent.chars().take(AGENT).collect(),
            noted_ms: now,
        };
        let mut rows = vec![Row::Put(&id, &session)];
        let mut over: Vec<String> = state
            .sessions
            .iter()
            .filter(|(_, session)| !session.lives(now))
            .map(|(id, _)| id.clone())
            .collect();
        if state.sessions.len() - over.len() >= MOST {
            let oldest = state.sessions.iter().min_by_key(|(_, there)| there.seen_ms);
            over.extend(oldest.map(|(id, _)| id.clone()));
        }
        rows.extend(over.iter().map(|id| Row::Gone(id)));
        self.keep.write(SESSIONS, &rows)?;
        owner.seen_ms = Some(now);
        let at = key(user);
        self.keep.write(USERS, &[Row::Put(&at, &owner)])?;
        state.users.insert(at, owner);
        for id in &over {
            state.sessions.remove(id);
        }
        state.sessions.insert(id.clone(), session);
        Ok(SignedIn { id, secret })
    }

    /// Whose session this is the secret of, and what they may do now.
    pub fn by_session(&self, secret: &str) -> Option<Principal> {
        // Found by the digest of what was sent: how long that takes tells nothing of the secrets.
        let id = encode(&digest(secret));
        let now = self.now_ms();
        let mut state = self.state.lock();
        let session = state
            .sessions
            .get(&id)
            .filter(|session| session.lives(now))?;
        let user = state.users.get(&key(&session.user))?;
        if user.disabled {
            return None;
        }
        let principal = user.principal(None, Some(id.clone()));
        let session = state.sessions.get_mut(&id)?;
        session.seen_ms = now;
        if now.saturating_sub(session.noted_ms) > NOTE_MS {
            session.noted_ms = now;
            let session = session.clone();
            // Nothing is lost but a time when this fails.
            let _ = self.keep.write(SESSIONS, &[Row::Put(&id, &session)]);
        }
        Some(principal)
    }

    /// The sessions of somebody, or of everybody; the one used last first.
    pub fn sessions(&self, user: Option<&str>) -> Vec<SessionInfo> {
        let now = self.now_ms();
        let state = self.state.lock();
        let live = state.sessions.iter().filter(|(_, session)| {
            let theirs = user.is_none_or(|user| key(user) == key(&session.user));
            session.lives(now) && theirs
        });
        let mut listed: Vec<SessionInfo> = live
            .map(|(id, session)| SessionInfo {
                id: id.clone(),
                user: session.user.clone(),
                created_ms: session.created_ms,
                seen_ms: session.seen_ms,
                address: session.address.clone(),
                agent: session.agent.clone(),
            })
            .collect();
        drop(state);
        listed.sort_by(|a, b| b.seen_ms.cmp(&a.seen_ms).then(a.id.cmp(&b.id)));
        listed
    }

    /// Ends a session, of this user if one is given. It counts at once.
    ///
    /// # Errors
    /// It is not there, or somebody else's, which is the same to them.
    pub fn end_session(&self, id: &str, user: Option<&str>) -> Result<SessionInfo> {
        let listed = self.sessions(user).into_iter();
        let Some(info) = listed.into_iter().find(|session| session.id == id) else {
            return Err(AccountError::not_found("session", id, [""; 0]));
        };
        self.state.lock().sessions.remove(id);
        self.keep.write::<Session>(SESSIONS, &[Row::Gone(id)])?;
        Ok(info)
    }
}
