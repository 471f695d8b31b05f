//! What the keys of a store look like.

use serde::{Deserialize, Serialize};

use super::cel::CelOrder;
use super::{CelExpression, KeyError, KeyType, MAX_KEY_FIELDS};
use crate::names::nearest;

/// Name that errors and [`KeySpec::fields`] give to the only field of a single key.
const SINGLE_FIELD: &str = "key";
/// The longest field name, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Direction of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Smallest first; missing values before all others.
    #[default]
    Asc,
    /// Largest first; missing values after all others.
    Desc,
}

/// An ordered field of a composite key.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyField {
    /// Its name, unique in the key.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: KeyType,
    /// Its direction.
    #[serde(default)]
    pub order: Order,
}

impl KeyField {
    /// An ascending field.
    pub fn new(name: impl Into<String>, kind: KeyType) -> Self {
        Self {
            name: name.into(),
            kind,
            order: Order::Asc,
        }
    }

    /// The same field, descending.
    #[must_use]
    pub fn descending(self) -> Self {
        Self {
            order: Order::Desc,
            ..self
        }
    }
}

/// A field that travels with a composite key without taking part in its order or identity.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RideOnField {
    /// Its name, unique in the key.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: KeyType,
}

impl RideOnField {
    /// A ride-on field.
    pub fn new(name: impl Into<String>, kind: KeyType) -> Self {
        Self {
            name: name.into(),
            kind,
        }
    }
}

/// What the keys of a store look like.
///
/// In JSON `{"type": "i64"}`, or `{"type": "composite", "fields": [{"name", "type", "order"}],
/// "ride_on": [{"name", "type"}], "cel": {"compare"} or {"sort_key"}}`. A specification that exists is
/// valid, and its CEL expression compiled.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(try_from = "SpecForm", into = "SpecForm")]
pub struct KeySpec {
    composite: bool,
    fields: Vec<KeyField>,
    ride_on: Vec<RideOnField>,
    cel: Option<CelOrder>,
}

impl KeySpec {
    /// Keys of one ascending value.
    pub fn single(kind: KeyType) -> Self {
        Self {
            composite: false,
            fields: vec![KeyField::new(SINGLE_FIELD, kind)],
            ride_on: Vec::new(),
            cel: None,
        }
    }

    /// Keys of named fields, in the order in which they are compared.
    ///
    /// Errors with [`KeyError::InvalidSpec`] when there is no ordered field, when there are more than
    /// [`MAX_KEY_FIELDS`] fields, or when a name is empty, longer than 255 bytes or there twice.
    pub fn composite(fields: Vec<KeyField>, ride_on: Vec<RideOnField>) -> Result<Self, KeyError> {
        let spec = Self {
            composite: true,
            fields,
            ride_on,
            cel: None,
        };
        spec.validate()?;
        Ok(spec)
    }

    /// The same keys in the order of a CEL expression; the fields, in their directions, order those
    /// that the expression leaves equal.
    ///
    /// Errors with [`KeyError::Expression`], which has CEL's message and the place, for an expression
    /// that cannot be compiled, names something that is not there, or fails for every key; and with
    /// [`KeyError::InvalidSpec`] for a key that is not composite.
    pub fn ordered_by(mut self, expression: CelExpression) -> Result<Self, KeyError> {
        self.cel = None;
        self.cel = Some(CelOrder::new(&self, expression)?);
        Ok(self)
    }

    /// The CEL expression that orders the keys, if one does.
    pub fn cel(&self) -> Option<&CelExpression> {
        self.cel.as_ref().map(|order| &order.expression)
    }

    /// The compiled order.
    pub(super) fn cel_order(&self) -> Option<&CelOrder> {
        self.cel.as_ref()
    }

    /// Whether a store has to compare keys to find their places.
    pub fn is_compared(&self) -> bool {
        matches!(self.cel(), Some(CelExpression::Compare(_)))
    }

    /// As [`KeySpec::composite`] for fields of a Rust type, which have names of their own. That they are too
    /// many is found when a store is made.
    #[doc(hidden)]
    pub fn of_fields(fields: Vec<KeyField>, ride_on: Vec<RideOnField>) -> Self {
        Self {
            composite: true,
            fields,
            ride_on,
            cel: None,
        }
    }

    /// The same key with other names for its ordered fields, unless an expression orders them by the old ones.
    /// That they are not good names is found when a store is made.
    pub(crate) fn with_field_names<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        if self.composite && self.cel.is_none() {
            for (field, name) in self.fields.iter_mut().zip(names) {
                name.clone_into(&mut field.name);
            }
        }
        self
    }

    /// Checks the rules of [`KeySpec::composite`]; each constructor has done so already.
    pub fn validate(&self) -> Result<(), KeyError> {
        let invalid = |detail: String| Err(KeyError::InvalidSpec { detail });
        if self.fields.is_empty() {
            return invalid("a composite key needs at least one ordered field".to_owned());
        }
        let count = self.fields.len() + self.ride_on.len();
        if count > MAX_KEY_FIELDS {
            return invalid(format!(
                "it has {count} fields; the limit is {MAX_KEY_FIELDS}"
            ));
        }
        let names: Vec<&str> = self.names().collect();
        for (at, name) in names.iter().enumerate() {
            if name.is_empty() {
                return invalid(format!("field {} has an empty name", at + 1));
            }
            if name.len() > MAX_NAME_BYTES {
                return invalid(format!(
                    "the name of field {} is longer than {MAX_NAME_BYTES} bytes",
                    at + 1
                ));
            }
            if names.iter().take(at).any(|earlier| earlier == name) {
                return invalid(format!("there are two fields named \"{name}\""));
            }
        }
        if let Some(order) = &self.cel {
            // The fields may have other names than when it was compiled.
            CelOrder::new(self, order.expression.clone())?;
        }
        Ok(())
    }

    /// Whether keys are composed of named fields.
    pub fn is_composite(&self) -> bool {
        self.composite
    }

    /// The ordered fields; for a single key one field named `key`.
    pub fn fields(&self) -> &[KeyField] {
        &self.fields
    }

    /// The ride-on fields; none for a single key.
    pub fn ride_on(&self) -> &[RideOnField] {
        &self.ride_on
    }

    /// The type of a single key, `None` for a composite one.
    pub fn kind(&self) -> Option<KeyType> {
        self.fields
            .first()
            .filter(|_| !self.composite)
            .map(|field| field.kind)
    }

    /// Names of all fields, ordered ones first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let ordered = self.fields.iter().map(|field| field.name.as_str());
        ordered.chain(self.ride_on.iter().map(|field| field.name.as_str()))
    }

    pub(super) fn unknown_field(&self, name: &str) -> KeyError {
        KeyError::UnknownField {
            field: super::error::shortened(name),
            suggestions: nearest(name, self.names()),
        }
    }
}

/// The JSON form of a [`KeySpec`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecForm {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<KeyField>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ride_on: Vec<RideOnField>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cel: Option<CelExpression>,
}

/// The `type` of a composite key.
const COMPOSITE: &str = "composite";

impl From<KeySpec> for SpecForm {
    fn from(spec: KeySpec) -> Self {
        match spec.kind() {
            Some(kind) => Self {
                kind: kind.name().to_owned(),
                fields: Vec::new(),
                ride_on: Vec::new(),
                cel: None,
            },
            None => Self {
                kind: COMPOSITE.to_owned(),
                fields: spec.fields,
                ride_on: spec.ride_on,
                cel: spec.cel.map(|order| order.expression),
            },
        }
    }
}

impl TryFrom<SpecForm> for KeySpec {
    type Error = KeyError;

    fn try_from(form: SpecForm) -> Result<Self, KeyError> {
        if form.kind == COMPOSITE {
            let spec = Self::composite(form.fields, form.ride_on)?;
            return match form.cel {
                Some(expression) => spec.ordered_by(expression),
                None => Ok(spec),
            };
        }
        let kind = KeyType::ALL.iter().find(|kind| kind.name() == form.kind);
        let Some(&kind) = kind else {
            let names = KeyType::ALL.iter().map(|kind| kind.name());
            let near = nearest(&form.kind, names.chain([COMPOSITE]));
            let hint = if near.is_empty() {
                let all: Vec<&str> = KeyType::ALL.iter().map(|kind| kind.name()).collect();
                format!("the types are {} and {COMPOSITE}", all.join(", "))
            } else {
                format!("did you mean \"{}\"?", near.join("\" or \""))
            };
            let detail = format!("there is no key type \"{}\"; {hint}", form.kind);
            return Err(KeyError::InvalidSpec { detail });
        };
        if form.fields.is_empty() && form.ride_on.is_empty() && form.cel.is_none() {
            Ok(Self::single(kind))
        } else {
            Err(KeyError::InvalidSpec {
                detail: format!(
                    "a {kind} key has no fields and no CEL order; use the type \"{COMPOSITE}\""
                ),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> Result<KeySpec, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn json_form() {
        for json in [
            r#"{"type":"i64"}"#,
            r#"{"type":"datetime"}"#,
            concat!(
                r#"{"type":"composite","fields":[{"name":"a","type":"string","order":"asc"},"#,
                r#"{"name":"b","type":"u8","order":"desc"}],"ride_on":[{"name":"c","type":"uuid"}]}"#
            ),
            concat!(
                r#"{"type":"composite","fields":[{"name":"a","type":"string","order":"asc"}],"#,
                r#""cel":{"sort_key":"key.a.lowerAscii()"}}"#
            ),
        ] {
            let read = spec(json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        let short = r#"{"type":"composite","fields":[{"name":"a","type":"string"}]}"#;
        assert_eq!(
            spec(short).unwrap().fields(),
            [KeyField::new("a", KeyType::String)]
        );
    }

    #[test]
    fn refuses_what_cannot_be() {
        let many: Vec<KeyField> = (0..33)
            .map(|at| KeyField::new(format!("f{at}"), KeyType::Bool))
            .collect();
        assert!(KeySpec::composite(many.clone(), Vec::new()).is_err());
        assert!(KeySpec::composite(many.into_iter().take(32).collect(), Vec::new()).is_ok());
        for (json, part) in [
            (r#"{"type":"i63"}"#, "did you mean \"i64\""),
            (r#"{"type":"whatever"}"#, "the types are bool"),
            (
                r#"{"type":"i64","fields":[{"name":"a","type":"u8"}]}"#,
                "has no fields",
            ),
            (r#"{"type":"composite"}"#, "at least one ordered field"),
            (
                r#"{"type":"composite","fields":[{"name":"","type":"u8"}]}"#,
                "empty name",
            ),
            (
                r#"{"type":"composite","fields":[{"name":"a","type":"u8"}],"ride_on":[{"name":"a","type":"u8"}]}"#,
                "two fields named \"a\"",
            ),
            (r#"{"type":"i64","cell":{}}"#, "unknown field `cell`"),
            (
                r#"{"type":"i64","cel":{"sort_key":"key.key"}}"#,
                "no CEL order",
            ),
            (
                r#"{"type":"composite","fields":[{"name":"a","type":"u8"}],"cel":{}}"#,
                "takes one of \"compare\" and \"sort_key\"",
            ),
            (
                r#"{"type":"composite","fields":[{"name":"a","type":"u8"}],"cel":{"sortkey":"key.a"}}"#,
                "unknown field `sortkey`, expected `compare` or `sort_key`",
            ),
        ] {
            let error = spec(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
