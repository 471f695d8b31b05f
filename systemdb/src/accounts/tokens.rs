//! Tokens of programs: random, shown once, bound to a user, with an end if one is wished.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::keep::{Row, TOKENS};
use super::users::key;
use super::{
    AccountError, Accounts, Digest32, Principal, Result, Role, State, digest, encode, secret,
};

/// Most tokens.
const MOST: usize = 10_000;
/// What a token begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "sop_";
/// When a token was used last is written down this often.
const NOTE_MS: u64 = 10 * 60 * 1_000;

/// A token, as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub user: String,
    pub name: String,
    pub digest: String,
    pub role: Role,
    pub created_ms: u64,
    #[serde(default)]
    pub expires_ms: Option<u64>,
    #[serde(default)]
    pub used_ms: Option<u64>,
    /// When `used_ms` was written down.
    #[serde(skip)]
    pub noted_ms: u64,
}

impl Token {
    pub fn digest(&self) -> Option<Digest32> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.digest).ok()?;
        bytes.try_into().ok()
    }
}

/// A token for whoever looks at the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// By this it is removed.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// The most that it may do.
    pub role: Role,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it ends.
    pub expires_ms: Option<u64>,
    /// When it was used last.
    pub used_ms: Option<u64>,
}

/// A token to make.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// Whose it is.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// The most that it may do; its user's role when missing.
    pub role: Option<Role>,
    /// How long it lives.
    pub life_ms: Option<u64>,
}

fn info(id: &str, token: &Token) -> TokenInfo {
    TokenInfo {
        id: id.to_owned(),
        user: token.user.clone(),
        name: token.name.clone(),
        role: token.role,
        created_ms: token.created_ms,
        expires_ms: token.expires_ms,
        used_ms: token.used_ms,
    }
}

impl State {
    pub(super) fn forget_token(&mut self, id: &str) -> Option<Token> {
        let token = self.tokens.remove(id)?;
        if let Some(digest) = token.digest() {
            self.token_ids.remove(&digest);
        }
        Some(token)
    }
}

impl Accounts {
    /// Makes a token: what is known of it, and the token, which is told once.
    ///
    /// # Errors
    /// There is no such user, or something cannot be so.
    pub fn make_token(&self, new: &NewToken) -> Result<(TokenInfo, String)> {
        let length = new.name.trim().chars().count();
        if !(1..=100).contains(&length) {
            let detail = "Say what the token is for, in 1 to 100 characters.";
            return Err(AccountError::invalid("/name", detail));
        }
        let text = format!("{PREFIX}{}", secret()?);
        let hash = digest(&text);
        let id: String = encode(&digest(&encode(&hash))).chars().take(12).collect();
        let now = self.now_ms();
        let mut state = self.state.lock();
        if state.tokens.len() >= MOST {
            return Err(AccountError::invalid(
                "",
                "There are 10,000 tokens already.",
            ));
        }
        let user = state.user(&new.user)?;
        let token = Token {
            user: user.name.clone(),
            name: new.name.trim().to_owned(),
            digest: encode(&hash),
            role: new.role.map_or(user.role, |role| role.min(user.role)),
            created_ms: now,
            expires_ms: new.life_ms.map(|life| now.saturating_add(life)),
            used_ms: None,
            noted_ms: now,
        };
        self.keep.write(TOKENS, &[Row::Put(&id, &token)])?;
        let info = info(&id, &token);
        state.token_ids.insert(hash, id.clone());
        state.tokens.insert(id, token);
        Ok((info, text))
    }

    /// Whose token this is, and what it may do now.
    pub fn by_token(&self, text: &str) -> Option<Principal> {
        if !text.starts_with(PREFIX) {
            return None;
        }
        let now = self.now_ms();
        let mut state = self.state.lock();
        let id = state.token_ids.get(&digest(text))?.clone();
        let token = state.tokens.get(&id)?;
        if token.expires_ms.is_some_and(|end| end <= now) {
            return None;
        }
        let user = state.users.get(&key(&token.user))?;
        if user.disabled {
            return None;
        }
        let principal = user.principal(Some(token.role), None);
        let token = state.tokens.get_mut(&id)?;
        token.used_ms = Some(now);
        if now.saturating_sub(token.noted_ms) > NOTE_MS {
            token.noted_ms = now;
            let token = token.clone();
            // Nothing is lost but a time when this fails.
            let _ = self.keep.write(TOKENS, &[Row::Put(&id, &token)]);
        }
        Some(principal)
    }

    /// The tokens of somebody, or of everybody; the newest first.
    pub fn tokens(&self, user: Option<&str>) -> Vec<TokenInfo> {
        let state = self.state.lock();
        let theirs = state
            .tokens
            .iter()
            .filter(|(_, token)| user.is_none_or(|user| key(user) == key(&token.user)));
        let mut listed: Vec<TokenInfo> = theirs.map(|(id, token)| info(id, token)).collect();
        drop(state);
        listed.sort_by(|a, b| b.created_ms.cmp(&a.created_ms).then(a.id.cmp(&b.id)));
        listed
    }

    /// Removes a token, of this user if one is given. It counts at once.
    ///
    /// # Errors
    /// It is not there, or somebody else's, which is the same to them.
    pub fn remove_token(&self, id: &str, user: Option<&str>) -> Result<TokenInfo> {
        let mut state = self.state.lock();
        let found = state.tokens.get(id);
        let found = found.filter(|token| user.is_none_or(|user| key(user) == key(&token.user)));
        let Some(found) = found.map(|token| info(id, token)) else {
            return Err(AccountError::not_found("token", id, [""; 0]));
        };
        state.forget_token(id);
        self.keep.write::<Token>(TOKENS, &[Row::Gone(id)])?;
        Ok(found)
    }
}
