//! Who a request is by, what they may do in which database, and what they see there.
//!
//! What always holds: every request has one, made by the gate anew; the registry, the tools and the query engine are
//! given it with the databases, so no way in has rights of its own.

use std::sync::Arc;

use sop::{Document, Key, KeySpec, StoreDefinition};
use sop_query::sql::{StoreRules, Visibility};
use sop_systemdb::accounts::{Grant, Grants, MaskedField, Principal, Role};
use sop_systemdb::tool::ToolClass;

use super::rights::Capability;
use crate::error::{ApiError, ApiResult, Code};

/// The name that the audit has where nobody signs in.
pub const NOBODY_IN_PARTICULAR: &str = "token";

/// The author of scripts and knowledge where nobody signs in.
pub const LOCAL: &str = "local";

/// Who somebody is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Their name.
    pub name: Arc<str>,
    /// What they may do at most.
    pub role: Role,
    /// In which databases.
    grants: Arc<Grants>,
    /// What they do not see.
    visibility: Visibility,
    /// Their session, when they came with one.
    pub session: Option<Arc<str>>,
    /// Whether this is a user; otherwise there are none, and whoever has the token may do everything.
    pub is_user: bool,
}

impl Default for Identity {
    /// Whoever has the token of this run, or the server itself.
    fn default() -> Self {
        Self {
            name: NOBODY_IN_PARTICULAR.into(),
            role: Role::Admin,
            grants: Arc::default(),
            visibility: Visibility::default(),
            session: None,
            is_user: false,
        }
    }
}

impl From<Principal> for Identity {
    fn from(principal: Principal) -> Self {
        Self {
            name: principal.user.into(),
            role: principal.role,
            grants: Arc::new(principal.grants),
            visibility: visibility(&principal.masked),
            session: principal.session.map(Into::into),
            is_user: true,
        }
    }
}

/// What somebody sees for whom these fields are masked.
fn visibility(masked: &[MaskedField]) -> Visibility {
    masked.iter().fold(Visibility::default(), |seen, field| {
        seen.mask_field(&field.database, &field.store, &field.field)
    })
}

impl Identity {
    /// Nobody: whoever asks for what is public.
    pub fn nobody() -> Self {
        let none = [("*".to_owned(), Grant::None)];
        Self {
            name: "nobody".into(),
            role: Role::Viewer,
            grants: Arc::new(Grants(none.into())),
            is_user: true,
            ..Self::default()
        }
    }

    /// Whose what they write is: their name, or [`LOCAL`] where nobody signs in.
    pub fn author(&self) -> &str {
        match self.is_user {
            true => &self.name,
            false => LOCAL,
        }
    }

    /// What they may do in a database; `None`: it does not exist for them.
    pub fn role_in(&self, database: &str) -> Option<Role> {
        self.grants.role_in(self.role, database)
    }

    /// Whether a database exists for them.
    pub fn sees(&self, database: &str) -> bool {
        self.role_in(database).is_some()
    }

    /// Whether a database exists for them, and nothing in it is masked.
    pub fn sees_all_of(&self, database: &str) -> bool {
        self.sees(database) && !self.visibility.masks_in(database)
    }

    /// Whether they manage the server.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Fails when they may not do this anywhere, or in this database.
    ///
    /// # Errors
    /// `not_allowed` with the role that is needed.
    pub fn check(&self, needed: Capability, database: Option<&str>) -> ApiResult<()> {
        let Some(role) = needed.role() else {
            return Ok(());
        };
        let (own, place) = match database {
            Some(name) => (self.role_in(name), format!(" in '{name}'")),
            None => (Some(self.role), String::new()),
        };
        if own.is_some_and(|own| own >= role) {
            return Ok(());
        }
        let own = own.map_or("nobody", Role::name);
        let detail = format!(
            "This needs the role '{role}', and you are '{own}'{place}. An administrator can change that."
        );
        Err(ApiError::new(Code::NotAllowed, detail))
    }

    /// The most that tools do for them; none for who only looks at stores.
    pub fn tools(&self) -> Option<ToolClass> {
        match self.role {
            Role::Viewer => None,
            Role::Analyst => Some(ToolClass::Read),
            Role::Editor => Some(ToolClass::Write),
            Role::Admin => Some(ToolClass::Admin),
        }
    }

    /// What they see of the databases, for requests to the query engine.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    /// What they see of one database, for what reads and writes items without a query.
    pub fn seen(&self, database: &str) -> Seen {
        Seen {
            database: database.into(),
            visibility: self.visibility.clone(),
        }
    }
}

/// What somebody sees of one database.
#[derive(Clone, Debug)]
pub struct Seen {
    database: Arc<str>,
    visibility: Visibility,
}

impl Seen {
    /// Everything.
    pub fn all() -> Self {
        Self {
            database: "".into(),
            visibility: Visibility::default(),
        }
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// What it is made of.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    /// What is masked of a store; none where nothing is.
    pub fn rules(&self, store: &str) -> Option<Arc<StoreRules>> {
        self.visibility.store(&self.database, store)
    }

    /// Whether the items of a store can be shown: an index has values of its source, and a key is shown whole.
    pub fn shows(&self, definition: &StoreDefinition) -> bool {
        let keys = |rules: Arc<StoreRules>| rules.protects_keys(&definition.key);
        self.visibility.shows(&self.database, definition)
            && !self.rules(&definition.name).is_some_and(keys)
    }

    /// Fails for a store whose items cannot be shown.
    ///
    /// # Errors
    /// `not_allowed` with the reason.
    pub fn check(&self, definition: &StoreDefinition) -> ApiResult<()> {
        if self.visibility.is_all() || self.shows(definition) {
            return Ok(());
        }
        let detail = format!(
            "The keys of '{}' have values of fields that are masked for you, so its items cannot be shown.",
            definition.name
        );
        Err(ApiError::new(Code::NotAllowed, detail))
    }

    /// A value as it is seen.
    ///
    /// # Errors
    /// It cannot be written anew, which is a fault of the program.
    pub fn document(&self, store: &str, value: &Document) -> ApiResult<Document> {
        match self.rules(store) {
            None => Ok(value.clone()),
            Some(rules) => Ok(Document::from_value(&rules.value(value.to_value()))?),
        }
    }

    /// A value of JSON as it is seen.
    pub fn json(&self, store: &str, value: serde_json::Value) -> serde_json::Value {
        match self.rules(store) {
            None => value,
            Some(rules) => rules.value(value),
        }
    }

    /// A key as it is seen. Where keys are protected nothing of the store is shown, so this is for messages.
    pub fn key(&self, store: &str, spec: &KeySpec, key: &Key) -> String {
        match self.rules(store) {
            None => spec.key_to_json(key).to_string(),
            Some(rules) => rules.key(spec, key),
        }
    }

    /// What is stored when somebody who sees this writes `after` over `before`: what they do not see stays.
    ///
    /// # Errors
    /// `not_allowed`: it gives a masked field a value, or would take one away.
    pub fn written(
        &self,
        store: &str,
        after: Document,
        before: Option<&Document>,
    ) -> ApiResult<Document> {
        let Some(rules) = self.rules(store) else {
            return Ok(after);
        };
        let merged = rules.written(after.to_value(), before);
        let merged = merged.map_err(|reason| ApiError::new(Code::NotAllowed, reason))?;
        Ok(Document::from_value(&merged)?)
    }

    /// Fails where rows would be written whole: they would take away what is masked.
    ///
    /// # Errors
    /// `not_allowed`.
    pub fn check_whole_rows(&self, store: &str) -> ApiResult<()> {
        if self.rules(store).is_none() {
            return Ok(());
        }
        let detail = format!(
            "Fields of '{store}' are masked for you, and an import writes whole items. Somebody who sees all of it has to do that."
        );
        Err(ApiError::new(Code::NotAllowed, detail))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn clerk() -> Identity {
        let grants = [("shop", Grant::Editor), ("sales-*", Grant::Viewer)];
        let grants = grants.map(|(name, grant)| (name.to_owned(), grant));
        Identity::from(Principal {
            user: "clerk".to_owned(),
            role: Role::Editor,
            grants: Grants(BTreeMap::from(grants)),
            masked: vec![MaskedField {
                database: "shop".to_owned(),
                store: "people".to_owned(),
                field: "pay".to_owned(),
            }],
            session: None,
        })
    }

    #[test]
    fn a_role_counts_where_it_was_granted() {
        let clerk = clerk();
        assert!(clerk.check(Capability::Edit, Some("shop")).is_ok());
        let refused = clerk.check(Capability::Edit, Some("sales-1")).unwrap_err();
        assert!(
            refused
                .detail()
                .contains("'editor', and you are 'viewer' in 'sales-1'")
        );
        assert!(clerk.check(Capability::View, Some("other")).is_err());
        assert!(clerk.check(Capability::Admin, None).is_err());
        assert!(!clerk.sees("other") && clerk.sees("sales-1"));
        assert!(!clerk.sees_all_of("shop") && clerk.sees_all_of("sales-1"));
        assert!(
            Identity::default()
                .check(Capability::Admin, Some("x"))
                .is_ok()
        );
    }

    #[test]
    fn what_is_masked_is_null_and_stays_when_others_are_written() {
        let seen = clerk().seen("shop");
        let stored = Document::from_value(&json!({"name": "Ada", "pay": 9})).unwrap();
        let shown = seen.document("people", &stored).unwrap();
        assert_eq!(shown.to_value(), json!({"name": "Ada", "pay": null}));
        let after = Document::from_value(&json!({"name": "Bea", "pay": null})).unwrap();
        let written = seen.written("people", after, Some(&stored)).unwrap();
        assert_eq!(written.to_value(), json!({"name": "Bea", "pay": 9}));
        let gives = Document::from_value(&json!({"name": "Bea", "pay": 9})).unwrap();
        let refused = seen.written("people", gives, Some(&stored)).unwrap_err();
        assert_eq!(refused.code(), Code::NotAllowed);
        assert!(refused.detail().contains("'pay'"));
        assert!(seen.check_whole_rows("people").is_err() && seen.check_whole_rows("x").is_ok());
    }
}
