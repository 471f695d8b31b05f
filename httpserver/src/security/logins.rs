//! Looking at passwords: slowly on purpose, so only a few at a time and only for who has not guessed too often.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use sop_systemdb::accounts::{Accounts, Lockout, UserInfo};
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult, Code};
use crate::state::join_error;

/// Hashes at the same time; each takes some 20 MiB.
const AT_ONCE: usize = 2;
/// Requests that may wait for a place.
const WAITING: usize = 64;
/// The longest wait for a place.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a request came from, as the connection says; a proxy in front is where all come from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Bounds what signing in may take.
pub struct Logins {
    lockout: Lockout,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Logins {
    /// By the clock of the accounts.
    pub fn new(accounts: &Accounts) -> Self {
        Self {
            lockout: Lockout::new(Arc::clone(accounts.clock())),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Recognises somebody by name and password, from this address.
    ///
    /// # Errors
    /// `too_many_requests` with the seconds to wait; `unauthorized`, whatever of both is wrong.
    pub async fn recognise(
        &self,
        accounts: &Arc<Accounts>,
        name: String,
        password: String,
        address: &str,
    ) -> ApiResult<UserInfo> {
        self.lockout
            .begin(&name, address)
            .map_err(|refused| locked(refused.wait_ms))?;
        let known = Arc::clone(accounts);
        let asked = name.clone();
        let work = move || Ok(known.recognise(&asked, &password)?);
        let Some(user) = self.hashing(work).await? else {
            let detail = "The name or the password is wrong.";
            return Err(ApiError::new(Code::Unauthorized, detail));
        };
        self.lockout.succeeded(&name, address);
        Ok(user)
    }

    /// Runs what hashes a password, in one of few places.
    ///
    /// # Errors
    /// What `work` answers; `too_many_requests`.
    pub async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let busy = || {
            let detail = "Too many passwords are looked at just now. Try again.";
            ApiError::new(Code::TooManyRequests, detail)
        };
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| busy())?;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = tokio::time::timeout(PATIENCE, place).await;
        let place = place.map_err(|_| busy())?.map_err(ApiError::internal)?;
        drop(waiting);
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        work.await.unwrap_or_else(|error| Err(join_error(error)))
    }
}

fn locked(wait_ms: u64) -> ApiError {
    let seconds = wait_ms.div_ceil(1_000).max(1);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let detail = format!(
        "Too many attempts for this name. Try again in {seconds} {unit}; until then not even the right password is looked at."
    );
    let error = ApiError::new(Code::TooManyRequests, detail);
    error.header(header::RETRY_AFTER, HeaderValue::from(seconds))
}
