//! People: made, changed, removed, recognised by their passwords.

use serde::{Deserialize, Serialize};

use super::keep::{Row, SESSIONS, TOKENS, USERS};
use super::role::check_masked;
use super::sessions::Session;
use super::tokens::Token;
use super::{
    AccountError, Accounts, Grants, MaskedField, Principal, Result, Role, State, password,
};

/// Most users.
const MOST: usize = 10_000;

/// Somebody, as kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct User {
    /// As they write it.
    pub name: String,
    pub role: Role,
    /// A PHC string.
    pub password: String,
    #[serde(default)]
    pub disabled: bool,
    #[serde(default)]
    pub grants: Grants,
    #[serde(default)]
    pub masked: Vec<MaskedField>,
    pub created_ms: u64,
    #[serde(default)]
    pub seen_ms: Option<u64>,
}

/// Somebody, without what proves who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may not come in at the moment.
    pub disabled: bool,
    /// In which databases.
    pub grants: Grants,
    /// What they do not see.
    pub masked: Vec<MaskedField>,
    /// When they were made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When they signed in last.
    pub seen_ms: Option<u64>,
}

/// Somebody new.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// Their name.
    pub name: String,
    /// Their password.
    pub password: String,
    /// What they may do.
    pub role: Role,
    /// In which databases.
    pub grants: Grants,
    /// What they do not see.
    pub masked: Vec<MaskedField>,
}

/// What of somebody is changed; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What they may do.
    pub role: Option<Role>,
    /// Whether they may not come in.
    pub disabled: Option<bool>,
    /// In which databases.
    pub grants: Option<Grants>,
    /// What they do not see.
    pub masked: Option<Vec<MaskedField>>,
    /// Another password. It ends their sessions but `keep_session`.
    pub password: Option<String>,
    /// The session that goes on.
    pub keep_session: Option<String>,
}

impl User {
    fn info(&self) -> UserInfo {
        UserInfo {
            name: self.name.clone(),
            role: self.role,
            disabled: self.disabled,
            grants: self.grants.clone(),
            masked: self.masked.clone(),
            created_ms: self.created_ms,
            seen_ms: self.seen_ms,
        }
    }

    pub(super) fn principal(&self, cap: Option<Role>, session: Option<String>) -> Principal {
        Principal {
            user: self.name.clone(),
            role: cap.map_or(self.role, |cap| cap.min(self.role)),
            grants: self.grants.clone(),
            masked: self.masked.clone(),
            session,
        }
    }

    fn manages(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }
}

pub(super) fn key(name: &str) -> String {
    name.to_lowercase()
}

impl State {
    pub(super) fn user(&self, name: &str) -> Result<&User> {
        self.users.get(&key(name)).ok_or_else(|| {
            AccountError::not_found("user", name, self.users.values().map(|user| &user.name))
        })
    }

    /// Fails when nobody but this one could manage the server.
    fn keep_admin(&self, name: &str) -> Result<()> {
        let others = self
            .users
            .values()
            .filter(|user| key(&user.name) != key(name));
        if others.into_iter().any(User::manages) {
            return Ok(());
        }
        let name = name.to_owned();
        Err(AccountError::LastAdmin { name })
    }
}

impl Accounts {
    /// Everybody, by name.
    pub fn users(&self) -> Vec<UserInfo> {
        let state = self.state.lock();
        state.users.values().map(User::info).collect()
    }

    /// Somebody.
    ///
    /// # Errors
    /// There is nobody of this name.
    pub fn user(&self, name: &str) -> Result<UserInfo> {
        self.state.lock().user(name).map(User::info)
    }

    /// What somebody may do now; for what runs without them.
    ///
    /// # Errors
    /// They are gone or disabled.
    pub fn principal(&self, name: &str) -> Result<Principal> {
        let state = self.state.lock();
        let user = state.user(name)?;
        if user.disabled {
            return Err(AccountError::not_found("active user", name, [""; 0]));
        }
        Ok(user.principal(None, None))
    }

    /// Makes somebody. The first has to be an administrator. Takes the time of a hash.
    ///
    /// # Errors
    /// The name is taken, or something cannot be so.
    pub fn add_user(&self, new: &NewUser) -> Result<UserInfo> {
        check_name(&new.name)?;
        password::check(&new.name, &new.password)?;
        new.grants.check(new.role)?;
        check_masked(new.role, &new.masked)?;
        let password = self.passwords.hash(&new.password)?;
        let mut state = self.state.lock();
        let at = key(&new.name);
        if let Some(there) = state.users.get(&at) {
            let name = there.name.clone();
            return Err(AccountError::Exists { name });
        }
        if state.users.len() >= MOST {
            return Err(AccountError::invalid("", "There are 10,000 users already."));
        }
        if state.users.is_empty() && new.role != Role::Admin {
            let detail =
                "The first user has to be an administrator, or nobody could manage the others.";
            return Err(AccountError::invalid("/role", detail));
        }
        let user = User {
            name: new.name.clone(),
            role: new.role,
            password,
            disabled: false,
            grants: new.grants.clone(),
            masked: new.masked.clone(),
            created_ms: self.now_ms(),
            seen_ms: None,
        };
        self.keep.write(USERS, &[Row::Put(&at, &user)])?;
        let info = user.info();
        state.users.insert(at, user);
        Ok(info)
    }

    /// Changes somebody. What they may do counts from their next request on.
    ///
    /// # Errors
    /// They are not there, something cannot be so, or nobody could manage the server any more.
    pub fn change_user(&self, name: &str, change: &UserChange) -> Result<UserInfo> {
        let password = match &change.password {
            Some(text) => {
                self.user(name)?;
                password::check(name, text)?;
                Some(self.passwords.hash(text)?)
            }
            None => None,
        };
        let mut state = self.state.lock();
        let mut user = state.user(name)?.clone();
        let managed = user.manages();
        user.role = change.role.unwrap_or(user.role);
        user.disabled = change.disabled.unwrap_or(user.disabled);
        if let Some(grants) = &change.grants {
            user.grants.clone_from(grants);
        }
        if let Some(masked) = &change.masked {
            user.masked.clone_from(masked);
        }
        user.grants.check(user.role)?;
        check_masked(user.role, &user.masked)?;
        if managed && !user.manages() {
            state.keep_admin(&user.name)?;
        }
        let ends = password.is_some() || user.disabled;
        if let Some(password) = password {
            user.password = password;
        }
        let at = key(name);
        self.keep.write(USERS, &[Row::Put(&at, &user)])?;
        let info = user.info();
        state.users.insert(at, user);
        if ends {
            let kept = change.keep_session.as_deref().filter(|_| !info.disabled);
            self.end_sessions_of(&mut state, &info.name, kept)?;
        }
        Ok(info)
    }

    /// Removes somebody, their sessions and their tokens.
    ///
    /// # Errors
    /// They are not there, or nobody could manage the server any more.
    pub fn remove_user(&self, name: &str) -> Result<UserInfo> {
        let mut state = self.state.lock();
        let user = state.user(name)?.clone();
        if user.manages() {
            state.keep_admin(&user.name)?;
        }
        let at = key(name);
        self.keep.write::<User>(USERS, &[Row::Gone(&at)])?;
        state.users.remove(&at);
        self.end_sessions_of(&mut state, &user.name, None)?;
        let tokens: Vec<String> = state
            .tokens
            .iter()
            .filter(|(_, token)| key(&token.user) == at)
            .map(|(id, _)| id.clone())
            .collect();
        let rows: Vec<Row<'_, Token>> = tokens.iter().map(|id| Row::Gone(id)).collect();
        self.keep.write(TOKENS, &rows)?;
        for id in &tokens {
            state.forget_token(id);
        }
        Ok(user.info())
    }

    /// Somebody by name and password; `None` for whatever is wrong. Takes the time of a hash, also for a name that
    /// nobody has.
    ///
    /// # Errors
    /// The hash cannot be computed.
    pub fn recognise(&self, name: &str, password: &str) -> Result<Option<UserInfo>> {
        let kept = {
            let state = self.state.lock();
            state
                .users
                .get(&key(name))
                .map(|user| user.password.clone())
        };
        if !self.passwords.verify(password, kept.as_deref())? {
            return Ok(None);
        }
        let state = self.state.lock();
        let user = state.users.get(&key(name));
        // The password may have been changed while it was looked at.
        let user = user.filter(|user| !user.disabled && Some(&user.password) == kept.as_ref());
        Ok(user.map(User::info))
    }

    /// Ends all sessions of somebody but one.
    fn end_sessions_of(&self, state: &mut State, name: &str, kept: Option<&str>) -> Result<()> {
        let ended: Vec<String> = state
            .sessions
            .iter()
            .filter(|(id, session)| key(&session.user) == key(name) && Some(id.as_str()) != kept)
            .map(|(id, _)| id.clone())
            .collect();
        // In memory first: what cannot be written must not let anybody go on.
        for id in &ended {
            state.sessions.remove(id);
        }
        let rows: Vec<Row<'_, Session>> = ended.iter().map(|id| Row::Gone(id)).collect();
        self.keep.write(SESSIONS, &rows)
    }
}

fn check_name(name: &str) -> Result<()> {
    let allowed = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '@');
    let good = (1..=64).contains(&name.chars().count()) && name.chars().all(allowed);
    // The name that the audit has where nobody signs in.
    if good && !name.eq_ignore_ascii_case("token") {
        return Ok(());
    }
    let detail = "A user name has 1 to 64 letters, digits, '_', '-', '.' or '@', such as 'ada' or 'ada@example.org', and is not 'token'.";
    Err(AccountError::invalid("/name", detail))
}
