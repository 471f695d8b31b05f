//! Objects with known fields, read strictly.

use super::error::{Fault, Pointer, SelectError};
use serde_json::{Map, Value as Json};

/// An object of which every field is known.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Json>,
    at: &'a Pointer<'a>,
}

type Result<T> = std::result::Result<T, SelectError>;

impl<'a> Fields<'a> {
    pub fn of(json: &'a Json, known: &[&str], what: &str, at: &'a Pointer<'a>) -> Result<Self> {
        let Some(object) = json.as_object() else {
            let detail = format!("{what} is an object {{{}}}", known.join(", "));
            return Err(SelectError::invalid(at, detail));
        };
        if let Some(name) = object.keys().find(|name| !known.contains(&name.as_str())) {
            let place = at.field(name);
            let what = ("field", format!(" in {what}"));
            let what = (what.0, what.1.as_str());
            return Err(SelectError::unknown(
                Fault::Invalid,
                &place,
                what,
                name,
                known,
            ));
        }
        Ok(Self { object, at })
    }

    /// A field that is there and not null.
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<&'a str> {
        self.optional_text(name)?
            .ok_or_else(|| SelectError::invalid(&self.at.field(name), "is missing"))
    }

    pub fn optional_text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(SelectError::invalid(&self.at.field(name), "must be text")),
            },
        }
    }

    /// A list of texts with their numbers; a single text is one of one, without a number.
    pub fn texts(&self, name: &str) -> Result<Vec<(Option<usize>, &'a str)>> {
        let at = self.at.field(name);
        let list = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Json::String(text)) => return Ok(vec![(None, text)]),
            Some(Json::Array(list)) => list,
            Some(_) => return Err(SelectError::invalid(&at, "must be a list of texts")),
        };
        let texts = list.iter().enumerate().map(|(number, value)| {
            let text = value
                .as_str()
                .ok_or_else(|| SelectError::invalid(&at.index(number), "must be text"))?;
            Ok((Some(number), text))
        });
        texts.collect()
    }

    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| SelectError::invalid(&self.at.field(name), "must be true or false")),
        }
    }

    pub fn number(&self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.as_i64().filter(|number| *number >= 0);
        number.map(Some).ok_or_else(|| {
            SelectError::invalid(&self.at.field(name), "must be a whole number, not negative")
        })
    }
}
