//! What is wrong with a script, with its place.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that is wrong with a script or with the arguments of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where, as a JSON pointer into the script (or into the arguments).
    pub at: String,
    /// Stable, like `unknown_tool`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Names that may have been meant, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// Whether the script may be saved all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
}

impl Fault {
    /// A fault at a place.
    pub fn new(at: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            code: code.to_owned(),
            message: message.into(),
            suggestions: Vec::new(),
            warning: false,
        }
    }

    /// The same with the names that may have been meant.
    #[must_use]
    pub fn suggest<I>(mut self, name: &str, known: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.suggestions = sop::nearest(name, known);
        if let [nearest, ..] = self.suggestions.as_slice() {
            self.message = format!("{}; did you mean {nearest:?}?", self.message);
        }
        self
    }

    /// The same as something that does not keep the script from being saved.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_str() {
            "" => f.write_str(&self.message),
            at => write!(f, "{at}: {}", self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether the faults keep a script from being saved.
pub fn refused(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| !fault.warning)
}

/// A name as a step of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
