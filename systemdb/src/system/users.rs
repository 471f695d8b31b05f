//! People and what they may do. How they prove who they are is the server's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Result, System, SystemError, USERS};
use crate::script::name_fault;
use crate::tool::ToolClass;

/// Somebody who uses the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The most that they may do.
    pub may: ToolClass,
    /// What the server knows to recognise them by; never a password as it is.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub proof: Value,
    /// Whether they may not come in at the moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
}

impl System {
    /// Writes a user.
    ///
    /// # Errors
    /// A name that cannot be one.
    pub fn put_user(&self, name: &str, user: &User) -> Result<()> {
        if let Some(fault) = name_fault(name) {
            return Err(SystemError::invalid("/name", fault));
        }
        self.write(|tx| {
            tx.store::<String, User>(USERS)?.upsert(name, user)?;
            Ok(())
        })
    }

    /// A user by name.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn user(&self, name: &str) -> Result<Option<User>> {
        self.read(|tx| Ok(tx.store::<String, User>(USERS)?.get(name)?))
    }

    /// All users by their names.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn users(&self) -> Result<Vec<(String, User)>> {
        self.read(|tx| {
            let store = tx.store::<String, User>(USERS)?;
            Ok(store.iter().collect::<sop::Result<_>>()?)
        })
    }

    /// Deletes a user; whether there was one.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn delete_user(&self, name: &str) -> Result<bool> {
        self.write(|tx| Ok(tx.store::<String, User>(USERS)?.remove(name)?))
    }
}
