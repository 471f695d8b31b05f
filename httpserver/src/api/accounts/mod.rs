//! Who uses the server: signing in and out, users, their sessions and tokens.
//!
//! What a handler here is called for was allowed by the table of routes; whose session or token it is, is checked here.
//! No answer has a secret but the one that tells a new token or session, once.

mod login;
mod sessions;
mod tokens;
mod users;

pub(super) use login::*;
pub(super) use sessions::*;
pub(super) use tokens::*;
pub(super) use users::*;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sop_systemdb::accounts::{self, Grants};
use utoipa::ToSchema;

/// What somebody may do; each may do what those before may.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Looks at stores.
    Viewer,
    /// Also queries, exports, asks the copilot and runs scripts that read.
    Analyst,
    /// Also changes items, imports, and writes scripts.
    Editor,
    /// Everything.
    Admin,
}

impl From<Role> for accounts::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Analyst => Self::Analyst,
            Role::Editor => Self::Editor,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<accounts::Role> for Role {
    fn from(role: accounts::Role) -> Self {
        match role {
            accounts::Role::Viewer => Self::Viewer,
            accounts::Role::Analyst => Self::Analyst,
            accounts::Role::Editor => Self::Editor,
            accounts::Role::Admin => Self::Admin,
        }
    }
}

/// What somebody may do in the databases of a pattern, at most their role.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grant {
    /// They do not see it.
    None,
    /// As a viewer.
    Viewer,
    /// As an analyst.
    Analyst,
    /// As an editor.
    Editor,
}

/// Grants by names of databases; `*` stands for any characters.
pub(crate) type GrantMap = BTreeMap<String, Grant>;

fn grants(map: GrantMap) -> Grants {
    let grant = |grant| match grant {
        Grant::None => accounts::Grant::None,
        Grant::Viewer => accounts::Grant::Viewer,
        Grant::Analyst => accounts::Grant::Analyst,
        Grant::Editor => accounts::Grant::Editor,
    };
    let grants = map.into_iter().map(|(name, given)| (name, grant(given)));
    Grants(grants.collect())
}

fn grant_map(grants: Grants) -> GrantMap {
    let grant = |grant| match grant {
        accounts::Grant::None => Grant::None,
        accounts::Grant::Viewer => Grant::Viewer,
        accounts::Grant::Analyst => Grant::Analyst,
        accounts::Grant::Editor => Grant::Editor,
    };
    let grants = grants.0.into_iter();
    grants.map(|(name, given)| (name, grant(given))).collect()
}

/// A field that somebody does not see the values of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaskedField {
    /// Name of the database.
    database: String,
    /// Name of the store.
    store: String,
    /// Path of the field, with dots; also in the elements of arrays.
    field: String,
}

impl From<MaskedField> for accounts::MaskedField {
    fn from(field: MaskedField) -> Self {
        Self {
            database: field.database,
            store: field.store,
            field: field.field,
        }
    }
}

impl From<accounts::MaskedField> for MaskedField {
    fn from(field: accounts::MaskedField) -> Self {
        Self {
            database: field.database,
            store: field.store,
            field: field.field,
        }
    }
}
