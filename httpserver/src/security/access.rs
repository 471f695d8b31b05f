//! The token of this run, the sessions made from it, and one-time tickets for opening the page.
//!
//! Nothing that a client sends is kept as it came: only SHA-256 digests are stored and compared, in
//! constant time. Sessions live in memory; a restart ends them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Secret;

/// Most sessions at once; the one unused for longest makes room.
const MAX_SESSIONS: usize = 1024;
/// A session ends when it was not used for this long.
const SESSION_IDLE: Duration = Duration::from_hours(7 * 24);
/// Time to use a ticket.
const TICKET_LIFE: Duration = Duration::from_mins(2);
/// Most unused tickets.
const MAX_TICKETS: usize = 8;

type Hash = [u8; 32];

/// Checks tokens and sessions.
pub struct Access {
    token: Option<Hash>,
    /// Whether browsers send cookies over TLS only.
    secure: bool,
    cookie: String,
    environment_cookie: String,
    sessions: Mutex<HashMap<Hash, Instant>>,
    tickets: Mutex<HashMap<Hash, Instant>>,
}

/// A random token of 256 bits as text that fits an address.
///
/// # Errors
/// The system gives no random numbers.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

impl Access {
    /// Access with this token, or open to all when there is none. The port is in the cookie's name,
    /// since cookies of one host are shared by all its ports.
    pub fn new(token: Option<&Secret>, port: u16) -> Self {
        Self {
            token: token.map(|token| hash(token.expose())),
            secure: false,
            cookie: format!("sop_session_{port}"),
            environment_cookie: format!("sop_environment_{port}"),
            sessions: Mutex::default(),
            tickets: Mutex::default(),
        }
    }

    /// With cookies that browsers send over TLS only.
    #[must_use]
    pub fn secure(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    /// Name of the cookie that says in which environment a browser works. It is a choice, not a right.
    pub fn environment_cookie(&self) -> &str {
        &self.environment_cookie
    }

    /// The `Set-Cookie` value for an environment; `None` takes the cookie away.
    pub fn choose_environment(&self, name: Option<&str>) -> String {
        self.set_cookie(&self.environment_cookie, name)
    }

    /// The `Set-Cookie` value for the secret of a session; `None` takes the cookie away.
    pub fn session_cookie(&self, secret: Option<&str>) -> String {
        self.set_cookie(&self.cookie, secret)
    }

    fn set_cookie(&self, name: &str, value: Option<&str>) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let (value, ends) = match value {
            Some(value) => (value, ""),
            None => ("", "; Max-Age=0"),
        };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}")
    }

    /// The secrets of sessions in a `Cookie` header.
    pub fn secrets<'a>(&self, cookies: &'a str) -> impl Iterator<Item = &'a str> {
        cookies
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie)
            .map(|(_, secret)| secret)
    }

    /// Whether nobody is asked for anything.
    pub fn is_open(&self) -> bool {
        self.token.is_none()
    }

    /// Whether this is the token of this run.
    pub fn is_token(&self, candidate: &str) -> bool {
        self.token
            .is_some_and(|token| bool::from(token.ct_eq(&hash(candidate))))
    }

    /// Makes a ticket: a token that opens one session and is then void.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn ticket(&self) -> Result<String, getrandom::Error> {
        let ticket = random_token()?;
        let mut tickets = self.tickets.lock();
        tickets.retain(|_, made| made.elapsed() < TICKET_LIFE);
        if tickets.len() < MAX_TICKETS {
            tickets.insert(hash(&ticket), Instant::now());
        }
        Ok(ticket)
    }

    /// Opens a session for a right token or ticket: the `Set-Cookie` value, whose secret is random
    /// and not the token. `None` when the token is wrong.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn open_session(&self, candidate: &str) -> Result<Option<String>, getrandom::Error> {
        let spent = self.tickets.lock().remove(&hash(candidate));
        let by_ticket = spent.is_some_and(|made| made.elapsed() < TICKET_LIFE);
        if !by_ticket && !self.is_token(candidate) {
            return Ok(None);
        }
        let secret = random_token()?;
        let mut sessions = self.sessions.lock();
        sessions.retain(|_, used| used.elapsed() < SESSION_IDLE);
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions
                .iter()
                .min_by_key(|(_, used)| **used)
                .map(|(id, _)| *id);
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(hash(&secret), Instant::now());
        Ok(Some(self.session_cookie(Some(&secret))))
    }

    /// Whether a `Cookie` header carries a session that is open.
    pub fn has_session(&self, cookies: &str) -> bool {
        let mut sessions = self.sessions.lock();
        self.secrets(cookies)
            .any(|secret| match sessions.get_mut(&hash(secret)) {
                Some(used) if used.elapsed() < SESSION_IDLE => {
                    *used = Instant::now();
                    true
                }
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access::new(Some(&Secret::new("the-right-token-of-this-run")), 8080)
    }

    #[test]
    fn a_token_opens_a_session_whose_cookie_is_not_the_token() {
        let access = access();
        assert!(access.open_session("wrong").unwrap().is_none());
        let cookie = access
            .open_session("the-right-token-of-this-run")
            .unwrap()
            .unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
        assert!(!cookie.contains("the-right-token"));
        let pair = cookie.split(';').next().unwrap();
        assert!(access.has_session(&format!("other=1; {pair}")));
        assert!(!access.has_session("sop_session_8080=the-right-token-of-this-run"));
        assert!(!access.has_session(&pair.replace("8080", "8081")));
    }

    #[test]
    fn over_tls_all_cookies_say_so() {
        let access = access().secure(true);
        for cookie in [
            access.session_cookie(Some("x")),
            access.session_cookie(None),
            access.choose_environment(Some("test")),
            access.choose_environment(None),
        ] {
            assert!(cookie.contains("; SameSite=Strict; Secure"), "{cookie}");
        }
    }

    #[test]
    fn a_ticket_works_once() {
        let access = access();
        let ticket = access.ticket().unwrap();
        assert!(!access.is_token(&ticket));
        assert!(access.open_session(&ticket).unwrap().is_some());
        assert!(access.open_session(&ticket).unwrap().is_none());
    }

    #[test]
    fn sessions_are_bounded() {
        let access = access();
        for _ in 0..=MAX_SESSIONS {
            access.open_session("the-right-token-of-this-run").unwrap();
        }
        assert_eq!(access.sessions.lock().len(), MAX_SESSIONS);
    }
}
