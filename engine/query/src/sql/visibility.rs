//! What a caller may see of the databases: stores and fields that do not exist for it, and fields whose values it
//! does not see.
//!
//! Always true: a hidden store or field is unknown wherever its name is written, and in no list, suggestion or text
//! of JSON. A masked field is there, and null on every way out of a store, before SQL sees it: whatever is computed
//! of it says nothing of the stored value. Writes keep what the caller cannot see.
//!
//! Not hidden: in which order items lie in a store (that of their keys, hidden parts included), how many there are, and that a
//! name is taken when a store of that name is to be made.

mod merge;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use sop::key::{Key, KeySpec};
use sop::{Document, StoreDefinition, StoreSchema};

pub(super) use self::merge::Refused;
use self::merge::joined;

/// How a field is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protection {
    /// It is there, and null.
    Masked,
    /// It is not there.
    Hidden,
}

/// What a caller may see. Everything, unless something is said. Cheap to clone.
///
/// A field is named as filters name it: `salary`, `address.street` (also in the elements of an array), `key.id` and
/// `value.id` for one side, `key` and `value` for the whole; a bare name is the field of that name in the key and in the
/// values. What lies below a protected field is protected like it.
///
/// ```
/// use sop_query::sql::Visibility;
/// let clerk = Visibility::default()
///     .hide_store("shop", "audit")
///     .hide_field("shop", "users", "password")
///     .mask_field("shop", "users", "address.street");
/// assert!(!clerk.shows_store("shop", "audit"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visibility(Option<Arc<BTreeMap<String, DatabaseRules>>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct DatabaseRules {
    /// Whether stores of which nothing is said are hidden.
    others_hidden: bool,
    stores: BTreeMap<String, Arc<StoreRules>>,
}

/// What is protected of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreRules {
    hidden: bool,
    /// Fields of keys by their names; the empty one is the whole key.
    key: BTreeMap<String, Protection>,
    /// Fields of values by their paths; the empty one is the whole value.
    value: BTreeMap<String, Protection>,
}

impl Visibility {
    fn change(mut self, database: &str, change: impl FnOnce(&mut DatabaseRules)) -> Self {
        let all = Arc::make_mut(self.0.get_or_insert_default());
        change(all.entry(database.to_owned()).or_default());
        self
    }

    fn change_store(
        self,
        database: &str,
        store: &str,
        change: impl FnOnce(&mut StoreRules),
    ) -> Self {
        self.change(database, |rules| {
            let store = rules.stores.entry(store.to_owned()).or_default();
            change(Arc::make_mut(store));
        })
    }

    /// Without a store.
    #[must_use]
    pub fn hide_store(self, database: &str, store: &str) -> Self {
        self.change_store(database, store, |rules| rules.hidden = true)
    }

    /// Without all stores of a database of which nothing is said, those included that are made later.
    #[must_use]
    pub fn hide_other_stores(self, database: &str) -> Self {
        self.change(database, |rules| rules.others_hidden = true)
    }

    /// With a store, where the others are hidden.
    #[must_use]
    pub fn show_store(self, database: &str, store: &str) -> Self {
        self.change_store(database, store, |rules| rules.hidden = false)
    }

    /// Without a field.
    #[must_use]
    pub fn hide_field(self, database: &str, store: &str, field: &str) -> Self {
        self.change_store(database, store, |rules| {
            rules.protect(field, Protection::Hidden);
        })
    }

    /// With null in place of a field's values.
    #[must_use]
    pub fn mask_field(self, database: &str, store: &str, field: &str) -> Self {
        self.change_store(database, store, |rules| {
            rules.protect(field, Protection::Masked);
        })
    }

    /// Whether nothing is hidden or masked.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a store is there.
    pub fn shows_store(&self, database: &str, store: &str) -> bool {
        let Some(rules) = self.database(database) else {
            return true;
        };
        match rules.stores.get(store) {
            Some(store) => !store.hidden,
            None => !rules.others_hidden,
        }
    }

    /// Whether a store with this definition is there. An index is where all of its source is, whose values it has.
    pub fn shows(&self, database: &str, definition: &StoreDefinition) -> bool {
        let whole = |source: &str| {
            self.shows_store(database, source) && self.store(database, source).is_none()
        };
        self.shows_store(database, &definition.name)
            && definition
                .index_of
                .as_ref()
                .is_none_or(|of| whole(&of.store))
    }

    /// Whether something of a database is hidden or masked.
    pub fn masks_in(&self, database: &str) -> bool {
        self.database(database).is_some()
    }

    /// What is protected of a store; none where nothing is.
    pub fn store(&self, database: &str, store: &str) -> Option<Arc<StoreRules>> {
        let rules = self.database(database)?.stores.get(store)?;
        (!rules.is_empty()).then(|| Arc::clone(rules))
    }

    /// The rules of all stores of this name, in whatever database.
    pub(super) fn stores_named<'a>(
        &'a self,
        store: &'a str,
    ) -> impl Iterator<Item = &'a StoreRules> {
        let databases = self.0.iter().flat_map(|all| all.values());
        databases.filter_map(move |rules| rules.stores.get(store).map(Arc::as_ref))
    }

    fn database(&self, name: &str) -> Option<&DatabaseRules> {
        self.0.as_ref()?.get(name)
    }
}

impl StoreRules {
    fn protect(&mut self, field: &str, protection: Protection) {
        let mut add = |of_key: bool, name: &str| {
            let side = if of_key {
                &mut self.key
            } else {
                &mut self.value
            };
            let there = side.entry(name.to_owned()).or_insert(protection);
            *there = protection.max(*there);
        };
        // A field may have dots in its own name, so each reading counts.
        add(true, field);
        add(false, field);
        for (of_key, whole) in [(true, "key"), (false, "value")] {
            match field.strip_prefix(whole) {
                Some("") => add(of_key, ""),
                Some(rest) => {
                    if let Some(name) = rest.strip_prefix('.') {
                        add(of_key, name);
                    }
                }
                None => {}
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.key.is_empty() && self.value.is_empty()
    }

    /// How a field of the key is protected.
    pub fn key_field(&self, name: &str) -> Option<Protection> {
        let whole = self.key.get("").copied();
        whole.max(self.key.get(name).copied())
    }

    /// How the field at a path of the value is protected, by itself or by what it lies in.
    pub fn value_field(&self, path: &str) -> Option<Protection> {
        let whole = self.value.get("").copied();
        let above = path.match_indices('.').filter_map(|(at, _)| path.get(..at));
        let all = above.chain([path]);
        all.fold(whole, |most, path| most.max(self.value.get(path).copied()))
    }

    /// Whether something below a path of the value is protected; the empty one is the whole.
    pub(super) fn below_value(&self, path: &str) -> bool {
        let inside = |there: &String| {
            let rest = there.strip_prefix(path);
            path.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.value.keys().any(inside)
    }

    /// Whether a field of keys may be protected.
    pub(super) fn protects_some_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Whether keys are not seen as they are.
    pub fn protects_keys(&self, spec: &KeySpec) -> bool {
        let fields = spec.fields().iter().map(|field| &field.name);
        let mut names = fields.chain(spec.ride_on().iter().map(|field| &field.name));
        names.any(|name| self.key_field(name).is_some())
    }

    /// The masked paths of values, for those who look for them in a statement.
    pub(super) fn masked_paths(&self) -> impl Iterator<Item = &str> {
        let masked = self.value.iter();
        let masked = masked.filter(|(_, protection)| **protection == Protection::Masked);
        masked.map(|(path, _)| path.as_str())
    }

    /// The fields that are there.
    pub fn schema(&self, mut schema: StoreSchema) -> StoreSchema {
        schema.fields.retain(|field| {
            let path = field.path.replace("[]", "");
            self.value_field(&path) != Some(Protection::Hidden)
        });
        schema
    }

    /// Whether a relation or another definition may name a field of the store.
    pub(crate) fn shows_field(&self, name: &str) -> bool {
        let hidden = Some(Protection::Hidden);
        self.key_field(name) != hidden && self.value_field(name) != hidden
    }

    /// A value as the caller sees it.
    pub fn document(&self, document: &Document) -> String {
        self.redacted("", document.to_value()).to_string()
    }

    /// The same for a value of JSON.
    pub fn value(&self, value: Json) -> Json {
        self.redacted("", value)
    }

    /// What is stored when the caller wrote `after` over `before`: what it does not see stays as it is.
    ///
    /// # Errors
    /// The reason, as a sentence: `after` gives something protected a value, or would take it away.
    pub fn written(&self, after: Json, before: Option<&Document>) -> Result<Json, String> {
        self.merged(after, before).map_err(|refused| match refused {
            Refused::Gives(path, Protection::Masked) => {
                format!("The field '{path}' is masked for you and cannot be given a value. Leave it out, or null.")
            }
            // It does not exist for the caller; that the name is taken can be told.
            Refused::Gives(path, Protection::Hidden) => format!("The field '{path}' cannot be written."),
            Refused::TakesAway(path) if path.is_empty() => {
                "This would take away fields that are masked for you. Change single fields of the item.".to_owned()
            }
            Refused::TakesAway(path) => format!(
                "This would take away fields in '{path}' that are masked for you. Change single fields of it, or leave it."
            ),
        })
    }

    /// The value of an item after a merge patch (RFC 7396) to what the caller sees of it.
    ///
    /// # Errors
    /// As [`StoreRules::written`].
    pub fn patched(&self, patch: &Document, before: &Document) -> Result<Json, String> {
        let seen =
            Document::from_value(&self.stripped(before)).map_err(|error| error.to_string())?;
        let after = seen.merge_patch(patch).map_err(|error| error.to_string())?;
        self.written(after.to_value(), Some(before))
    }

    /// A key as the caller sees it, as JSON text.
    pub fn key(&self, spec: &KeySpec, key: &Key) -> String {
        let mut json = spec.key_to_json(key);
        if !spec.is_composite() {
            let name = spec.fields().first().map_or("key", |field| &field.name);
            return match self.key_field(name) {
                Some(_) => "null".to_owned(),
                None => json.to_string(),
            };
        }
        if let Json::Object(fields) = &mut json {
            fields.retain(|name, _| self.key_field(name) != Some(Protection::Hidden));
            for (name, value) in fields.iter_mut() {
                if self.key_field(name).is_some() {
                    *value = Json::Null;
                }
            }
        }
        json.to_string()
    }

    /// The part of a value at a path as the caller sees it.
    pub(super) fn redacted(&self, path: &str, json: Json) -> Json {
        self.without(path, json, true)
    }

    /// A value without what is protected; masked fields as null where `nulls` says so, otherwise not at all.
    fn without(&self, path: &str, mut json: Json, nulls: bool) -> Json {
        if self.value.contains_key("") {
            return Json::Null;
        }
        self.prune(path, &mut json, nulls);
        json
    }

    fn prune(&self, path: &str, json: &mut Json, nulls: bool) {
        match json {
            Json::Object(fields) => {
                fields.retain(|name, _| match self.value.get(&joined(path, name)) {
                    Some(Protection::Hidden) => false,
                    Some(Protection::Masked) => nulls,
                    None => true,
                });
                for (name, value) in fields.iter_mut() {
                    let path = joined(path, name);
                    if self.value.contains_key(&path) {
                        *value = Json::Null;
                    } else if self.below_value(&path) {
                        self.prune(&path, value, nulls);
                    }
                }
            }
            Json::Array(elements) => {
                for element in elements {
                    self.prune(path, element, nulls);
                }
            }
            _ => {}
        }
    }
}

/// The relations of a store that name nothing hidden.
pub(crate) fn visible_relations(
    visibility: &Visibility,
    database: &str,
    definition: &StoreDefinition,
) -> Vec<sop::Relation> {
    let shows = |store: &str, fields: &[String]| {
        let rules = visibility.store(database, store);
        let field = |name: &String| rules.as_ref().is_none_or(|rules| rules.shows_field(name));
        visibility.shows_store(database, store) && fields.iter().all(field)
    };
    let mut relations = definition.relations.clone();
    relations.retain(|relation| {
        shows(&definition.name, &relation.source_fields)
            && shows(&relation.target_store, &relation.target_fields)
    });
    relations
}

#[cfg(test)]
mod tests;
