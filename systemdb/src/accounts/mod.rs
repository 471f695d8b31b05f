//! People who use a server: what they may do, how they prove who they are, their sessions and their tokens.
//!
//! They lie in a database of their own, in a folder that is no database by its name, so that no query, export or backup
//! reaches it. All of it is also in memory, and each change is on disk before it counts.
//!
//! What always holds: of passwords there is only an Argon2id hash, of sessions and tokens only a SHA-256 digest; what a
//! person may do is looked up at each request, so that a change of it counts at once; there is an administrator who can
//! sign in for as long as there is anybody.
//!
//! Not here: HTTP, and what a role may do (that is the server's).

mod error;
mod keep;
mod lockout;
mod password;
mod role;
mod sessions;
mod tokens;
mod users;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use sop::{Clock, SystemClock};

use self::keep::Keep;
use self::password::Passwords;

pub use error::AccountError;
pub use lockout::{Lockout, Refused};
pub use role::{Grant, Grants, MaskedField, Role};
pub use sessions::{SessionInfo, SignedIn};
pub use tokens::{NewToken, TokenInfo};
pub use users::{NewUser, UserChange, UserInfo};

/// The result of a call.
pub type Result<T, E = AccountError> = std::result::Result<T, E>;

/// Digest of a secret.
type Digest32 = [u8; 32];

/// Who somebody turned out to be, and what they may do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Their name.
    pub user: String,
    /// What they may do; of a token at most what it may.
    pub role: Role,
    /// In which databases.
    pub grants: Grants,
    /// What they do not see.
    pub masked: Vec<MaskedField>,
    /// Their session, when they came with one.
    pub session: Option<String>,
}

/// All accounts of a server. Share it by `Arc`.
pub struct Accounts {
    keep: Keep,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    state: Mutex<State>,
}

/// What is known; the same as on disk but for when something was used last.
#[derive(Default)]
struct State {
    /// By their names in lower case.
    users: BTreeMap<String, users::User>,
    tokens: BTreeMap<String, tokens::Token>,
    token_ids: HashMap<Digest32, String>,
    sessions: HashMap<String, sessions::Session>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

impl Accounts {
    /// The accounts in a folder. Nothing is made there before there is somebody.
    ///
    /// # Errors
    /// It cannot be read, or another process has it.
    pub fn open(folder: PathBuf) -> Result<Self> {
        Self::open_with(folder, Arc::new(SystemClock::new()))
    }

    /// The same with a clock of one's own.
    ///
    /// # Errors
    /// As [`Accounts::open`].
    pub fn open_with(folder: PathBuf, clock: Arc<dyn Clock>) -> Result<Self> {
        let keep = Keep::new(folder)?;
        let mut state = State::default();
        for (name, user) in keep.all::<users::User>(keep::USERS)? {
            state.users.insert(name, user);
        }
        for (id, token) in keep.all::<tokens::Token>(keep::TOKENS)? {
            if let Some(digest) = token.digest() {
                state.token_ids.insert(digest, id.clone());
            }
            state.tokens.insert(id, token);
        }
        state.sessions = keep.all(keep::SESSIONS)?.into_iter().collect();
        Ok(Self {
            keep,
            clock,
            passwords: Passwords::default(),
            state: Mutex::new(state),
        })
    }

    /// Whether there is anybody; if not, nobody is asked who they are.
    pub fn is_on(&self) -> bool {
        !self.state.lock().users.is_empty()
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_unix_ms()
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Lets the folder go; for the end of the program.
    pub fn close(&self) {
        self.keep.close();
    }
}

/// A random secret of 256 bits as text.
fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a secret.
fn digest(secret: &str) -> Digest32 {
    Sha256::digest(secret.as_bytes()).into()
}

fn encode(digest: &Digest32) -> String {
    URL_SAFE_NO_PAD.encode(digest)
}

#[cfg(test)]
mod tests;
