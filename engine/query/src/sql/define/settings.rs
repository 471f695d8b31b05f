//! What `WITH (…)` and `SET (…)` say.

use sop::{Placement, StoreChange, StoreDefinition};

use super::words::{invalid, unsupported};
use super::{Name, Setting, SettingValue};
use crate::sql::Result;
use crate::sql::error::{Code, QueryError};

const NAMES: &[&str] = &[
    "unique",
    "slot_length",
    "placement",
    "leaf_load_balancing",
    "description",
    "declared",
    "cache",
    "ride_on",
    "compare",
    "sort_key",
];

/// Settings that are no plain fields of a definition.
#[derive(Default)]
pub(super) struct Others {
    pub declared: Option<bool>,
    pub ride_on: Vec<Name>,
    pub order: Option<sop::key::CelExpression>,
}

impl Setting {
    fn is(&self, name: &str) -> bool {
        self.name.text.eq_ignore_ascii_case(name)
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T> {
        invalid(self.at, format!("{} is {wanted}", self.name.text))
    }

    fn bool(&self) -> Result<bool> {
        match self.value {
            SettingValue::Bool(value) => Ok(value),
            _ => self.wrong("true or false"),
        }
    }

    fn text(&self) -> Result<String> {
        match &self.value {
            SettingValue::Text(text) => Ok(text.clone()),
            _ => self.wrong("a text in single quotes"),
        }
    }

    fn number(&self) -> Result<u32> {
        match self.value {
            SettingValue::Number(number) => Ok(number),
            _ => self.wrong("a whole number"),
        }
    }

    fn cache(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        match serde_json::from_str(&self.text()?) {
            Ok(map) => Ok(map),
            Err(error) => self.wrong(&format!("the text of a JSON object; {error}")),
        }
    }

    fn unknown<T>(&self) -> Result<T> {
        let message = format!(
            "there is no setting {:?}; the settings are {}",
            self.name.text,
            NAMES.join(", ")
        );
        let near = sop::nearest(&self.name.text, NAMES.iter().copied());
        Err(QueryError::new(Code::InvalidValue, message)
            .suggest(near)
            .at(Some(self.name.at)))
    }
}

/// Takes the settings of a new store over.
pub(super) fn apply(settings: &[Setting], store: &mut StoreDefinition) -> Result<Others> {
    let mut others = Others::default();
    for setting in settings {
        match setting.name.text.to_ascii_lowercase().as_str() {
            "unique" => store.unique = setting.bool()?,
            "slot_length" => store.slot_length = setting.number()?,
            "placement" => {
                store.placement = match setting.text()?.to_ascii_lowercase().as_str() {
                    "node" => Placement::Node,
                    "segment" => Placement::Segment,
                    _ => return setting.wrong("'node' or 'segment'"),
                }
            }
            "leaf_load_balancing" => store.leaf_load_balancing = setting.bool()?,
            "description" => store.description = setting.text()?,
            "declared" => others.declared = Some(setting.bool()?),
            "cache" => store.cache = setting.cache()?,
            "ride_on" => {
                let SettingValue::Names(names) = &setting.value else {
                    return setting.wrong("the names of columns in parentheses");
                };
                others.ride_on.clone_from(names);
            }
            "compare" => others.order = Some(sop::key::CelExpression::Compare(setting.text()?)),
            "sort_key" => others.order = Some(sop::key::CelExpression::SortKey(setting.text()?)),
            _ => return setting.unknown(),
        }
    }
    Ok(others)
}

/// What the settings change on a store that is there.
pub(super) fn change(
    settings: &[Setting],
    store: &StoreDefinition,
    change: &mut StoreChange,
) -> Result<()> {
    for setting in settings {
        if setting.is("description") {
            change.description = Some(setting.text()?);
        } else if setting.is("declared") {
            let schema = change.schema.get_or_insert_with(|| store.schema.clone());
            schema.declared = setting.bool()?;
        } else if setting.is("cache") {
            change.cache = Some(setting.cache()?);
        } else if NAMES.iter().any(|name| setting.is(name)) {
            let message = format!(
                "{} is decided when a store is made; CREATE STORE … AS SELECT makes one with another",
                setting.name.text
            );
            return unsupported(setting.name.at, message);
        } else {
            return setting.unknown();
        }
    }
    Ok(())
}
