//! Roles, and in which databases they count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AccountError, Result};

/// Most grants of a user.
const MAX_GRANTS: usize = 200;
/// Most masked fields of a user.
const MAX_MASKED: usize = 1_000;

/// What somebody may do; each may do what those before may.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at stores.
    #[default]
    Viewer,
    /// Also queries, exports, asks the copilot and runs scripts that read.
    Analyst,
    /// Also changes items, imports, and writes scripts.
    Editor,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Analyst, Role::Editor, Role::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Analyst => "analyst",
            Role::Editor => "editor",
            Role::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| "a role is viewer, analyst, editor or admin".to_owned())
    }
}

/// What a user may do in the databases of a pattern, at most their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// They do not see it.
    None,
    /// As a viewer.
    Viewer,
    /// As an analyst.
    Analyst,
    /// As an editor.
    Editor,
}

impl Grant {
    fn role(self) -> Option<Role> {
        match self {
            Grant::None => None,
            Grant::Viewer => Some(Role::Viewer),
            Grant::Analyst => Some(Role::Analyst),
            Grant::Editor => Some(Role::Editor),
        }
    }
}

/// Grants by patterns of names of databases, where `*` stands for any characters. The longest pattern that fits counts,
/// one without `*` before all. Without grants a role counts in each database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(pub BTreeMap<String, Grant>);

impl Grants {
    /// What somebody of this role may do in a database; `None`: it does not exist for them.
    pub fn role_in(&self, role: Role, database: &str) -> Option<Role> {
        if self.0.is_empty() || role == Role::Admin {
            return Some(role);
        }
        let fitting = self.0.iter().filter(|(pattern, _)| fits(pattern, database));
        let best = fitting.max_by_key(|(pattern, _)| (!pattern.contains('*'), pattern.len()));
        let granted = best.and_then(|(_, grant)| grant.role())?;
        Some(granted.min(role))
    }

    pub(super) fn check(&self, role: Role) -> Result<()> {
        let wrong = |detail: &str| Err(AccountError::invalid("/grants", detail));
        if role == Role::Admin && !self.0.is_empty() {
            return wrong(
                "An administrator can change every grant, so grants would not narrow the role. Leave them empty, or choose another role.",
            );
        }
        if self.0.len() > MAX_GRANTS {
            return wrong("A user has at most 200 grants. Use patterns such as 'sales-*'.");
        }
        let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '*');
        let good =
            |pattern: &String| (1..=64).contains(&pattern.len()) && pattern.chars().all(allowed);
        if !self.0.keys().all(good) {
            return wrong("A grant is for the name of a database, or a pattern such as 'sales-*'.");
        }
        Ok(())
    }
}

/// Whether a name fits a pattern; the time is that of the lengths, multiplied.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A field that somebody does not see the values of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedField {
    /// Name of the database.
    pub database: String,
    /// Name of the store.
    pub store: String,
    /// Path of the field, with dots; also in the elements of arrays.
    pub field: String,
}

pub(super) fn check_masked(role: Role, masked: &[MaskedField]) -> Result<()> {
    let wrong = |detail: &str| Err(AccountError::invalid("/masked", detail));
    if role == Role::Admin && !masked.is_empty() {
        return wrong(
            "An administrator can change what is masked, so masking would hide nothing. Leave it empty, or choose another role.",
        );
    }
    if masked.len() > MAX_MASKED {
        return wrong("A user has at most 1,000 masked fields. Mask a field to mask all below it.");
    }
    let good = |text: &String| !text.is_empty() && text.len() <= 1_000;
    let good =
        |field: &MaskedField| good(&field.database) && good(&field.store) && good(&field.field);
    if !masked.iter().all(good) {
        return wrong("A masked field has a database, a store and the path of a field.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_they_look() {
        for (pattern, name, expected) in [
            ("shop", "shop", true),
            ("shop", "shops", false),
            ("*", "anything", true),
            ("sales-*", "sales-2024", true),
            ("sales-*", "sale-2024", false),
            ("*-2024", "sales-2024", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_closest_grant_counts_and_never_widens_the_role() {
        let grants = Grants(BTreeMap::from([
            ("*".to_owned(), Grant::Viewer),
            ("sales-*".to_owned(), Grant::Editor),
            ("sales-2024".to_owned(), Grant::None),
        ]));
        let role = |name| grants.role_in(Role::Analyst, name);
        assert_eq!(role("shop"), Some(Role::Viewer));
        assert_eq!(role("sales-2023"), Some(Role::Analyst));
        assert_eq!(role("sales-2024"), None);
        let none = Grants::default();
        assert_eq!(none.role_in(Role::Viewer, "x"), Some(Role::Viewer));
        let one = Grants(BTreeMap::from([("a".to_owned(), Grant::Editor)]));
        assert_eq!(one.role_in(Role::Editor, "b"), None);
    }
}
