//! Passwords: Argon2id with the parameters that OWASP recommends, and what one must be like.

use std::sync::OnceLock;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{AccountError, Result};

/// Fewest characters.
pub(super) const MIN_LENGTH: usize = 10;
/// Most bytes: hashing time grows with them.
const MAX_BYTES: usize = 1024;
/// Memory of one hash in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;

/// Hashes and checks passwords. Each takes some 20 MiB for its time: callers bound how many run at once.
#[derive(Default)]
pub(super) struct Passwords {
    /// The hash of a password that nobody has, so that names without a user take the same time.
    nobody: OnceLock<String>,
}

impl Passwords {
    fn hasher() -> Result<Argon2<'static>> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None)
            .map_err(|error| AccountError::Hash(error.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// A password as it is kept (a PHC string).
    pub fn hash(&self, password: &str) -> Result<String> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| AccountError::Random)?;
        let failed = |error: argon2::password_hash::Error| AccountError::Hash(error.to_string());
        let salt = SaltString::encode_b64(&salt).map_err(failed)?;
        let hash = Self::hasher()?
            .hash_password(password.as_bytes(), &salt)
            .map_err(failed)?;
        Ok(hash.to_string())
    }

    /// Whether this is the password; without a hash it never is, and takes as long.
    pub fn verify(&self, password: &str, kept: Option<&str>) -> Result<bool> {
        let known = kept.is_some();
        let kept = match kept {
            Some(kept) => kept,
            None => match self.nobody.get() {
                Some(nobody) => nobody,
                None => {
                    let hash = self.hash("a password that nobody has")?;
                    self.nobody.get_or_init(|| hash)
                }
            },
        };
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let parsed =
            PasswordHash::new(kept).map_err(|error| AccountError::Hash(error.to_string()))?;
        // The comparison takes the same time wherever the hashes differ.
        let right = Self::hasher()?.verify_password(password.as_bytes(), &parsed);
        Ok(right.is_ok() && known)
    }
}

/// What a new password must be like.
pub(super) fn check(name: &str, password: &str) -> Result<()> {
    let wrong = |detail: String| Err(AccountError::invalid("/password", detail));
    if password.chars().count() < MIN_LENGTH {
        return wrong(format!(
            "A password has at least {MIN_LENGTH} characters. A few words in a row are good ones."
        ));
    }
    if password.len() > MAX_BYTES {
        return wrong(format!("A password has at most {MAX_BYTES} bytes."));
    }
    let first = password.chars().next();
    if password.chars().all(|char| Some(char) == first)
        || password.to_lowercase().contains(&name.to_lowercase()) && name.len() > 3
    {
        return wrong(
            "This password is too easy to guess: it repeats itself or has the name in it."
                .to_owned(),
        );
    }
    Ok(())
}
