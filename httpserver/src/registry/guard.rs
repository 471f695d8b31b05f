//! What an environment says of itself, and what one request may do in it.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sop::{Database, Mode as Access};
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult, Code};
use crate::security::{Capability, Identity};

/// How careful writing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whoever may write writes.
    #[default]
    Open,
    /// Each write has to name its store once more.
    Confirm,
    /// Nobody writes.
    ReadOnly,
}

/// The colour by which people tell environments apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Green.
    #[default]
    Dev,
    /// Amber.
    Test,
    /// Red.
    Prod,
}

/// What is said of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentSettings {
    /// For people.
    pub description: String,
    /// Its colour.
    pub colour: Colour,
    /// How careful writing is.
    pub mode: Mode,
}

/// What one request may do with the databases of its environment.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// The environment's name, for messages.
    pub environment: Arc<str>,
    /// How careful writing is.
    pub mode: Mode,
    /// The store or database that the request names once more.
    pub confirmed: Option<Arc<str>>,
    /// Who it is by.
    pub who: Arc<Identity>,
}

impl Guard {
    /// Whether this request may write to a database.
    ///
    /// # Errors
    /// `not_allowed`, `read_only`, or `confirmation_needed`.
    pub(super) fn check_write(&self, name: &str, database: &Database) -> ApiResult<()> {
        self.who.check(Capability::Edit, Some(name))?;
        self.check_mode(name, || Ok(database))
    }

    /// Whether this request may be shown what a change of a database would do: nothing is written, so nothing has
    /// to be confirmed.
    ///
    /// # Errors
    /// `not_allowed`, or `read_only`.
    pub(super) fn check_proposal(&self, name: &str) -> ApiResult<()> {
        self.who.check(Capability::Edit, Some(name))?;
        match self.mode {
            Mode::ReadOnly => Err(self.read_only()),
            Mode::Open | Mode::Confirm => Ok(()),
        }
    }

    /// Whether the environment lets this request write to a database.
    ///
    /// # Errors
    /// `read_only`, or `confirmation_needed`.
    pub(super) fn check_mode<D: Deref<Target = Database>>(
        &self,
        name: &str,
        database: impl FnOnce() -> ApiResult<D>,
    ) -> ApiResult<()> {
        match self.mode {
            Mode::Open => Ok(()),
            Mode::ReadOnly => Err(self.read_only()),
            Mode::Confirm => self.check_confirmed(name, database),
        }
    }

    fn read_only(&self) -> ApiError {
        let detail = format!("The environment '{}' is read-only.", self.environment);
        ApiError::new(Code::ReadOnly, detail)
    }

    fn check_confirmed<D: Deref<Target = Database>>(
        &self,
        name: &str,
        database: impl FnOnce() -> ApiResult<D>,
    ) -> ApiResult<()> {
        let needed = |detail: String| Err(ApiError::new(Code::ConfirmationNeeded, detail));
        let Some(confirmed) = self.confirmed.as_deref() else {
            return needed(format!(
                "The environment '{}' asks for the name of the store that is written to, or of the \
                 database, in the header 'Sop-Confirm'.",
                self.environment
            ));
        };
        if confirmed == name {
            return Ok(());
        }
        let database = database()?;
        let tx = database.begin(Access::Read)?;
        if tx.documents(confirmed).is_ok() {
            return Ok(());
        }
        let shown: String = confirmed.chars().take(100).collect();
        needed(format!(
            "'{shown}' is neither a store of the database '{name}' nor its name."
        ))
    }
}
