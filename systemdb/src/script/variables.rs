//! The variables of a run.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use serde_json::Value;

use super::cel_value;
use super::path::Path;

/// Variables by name. Clones share the values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    all: HashMap<String, Variable>,
}

#[derive(Clone, Debug)]
struct Variable {
    value: Arc<Value>,
    /// The same for expressions, made when one asks for it.
    cel: OnceLock<Arc<dyn Val>>,
}

impl Variables {
    /// Gives a variable a value.
    pub fn set(&mut self, name: &str, value: Value) {
        let variable = Variable {
            value: Arc::new(value),
            cel: OnceLock::new(),
        };
        match self.all.get_mut(name) {
            Some(there) => *there = variable,
            None => {
                self.all.insert(name.to_owned(), variable);
            }
        }
    }

    /// Forgets a variable.
    pub fn remove(&mut self, name: &str) {
        self.all.remove(name);
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name).map(|variable| &*variable.value)
    }

    /// What lies at a path; null where the variable has no such part.
    pub fn find(&self, path: &Path) -> Result<&Value, String> {
        static NULL: Value = Value::Null;
        match self.get(&path.variable) {
            Some(value) => Ok(path.find(value).unwrap_or(&NULL)),
            None => Err(self.missing(&path.variable)),
        }
    }

    /// What to say of a variable that is not there.
    pub fn missing(&self, name: &str) -> String {
        let near = sop::nearest(name, self.all.keys());
        match near.first() {
            Some(near) => format!("the variable {name:?} has no value; did you mean {near:?}?"),
            None => format!("the variable {name:?} has no value here"),
        }
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let mut names: Vec<&String> = self.all.keys().collect();
        names.sort();
        names
            .into_iter()
            .filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }
}

impl VariableResolver for Variables {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let variable = self.all.get(variable)?;
        let value = variable
            .cel
            .get_or_init(|| cel_value::from_json(&variable.value).into());
        Some(CowVal::Borrowed(&**value))
    }
}
