//! The error of both directions: what is wrong, and at which field.

use std::fmt;

use crate::document::DocumentError;

/// What is wrong with a value or a document, with the path of the field.
///
/// Boxed: the `Result` of each number would otherwise be as large as the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueError {
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    /// From the innermost name or position outwards.
    path: Vec<String>,
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Message(String),
    /// A limit of documents, or damage.
    Document(DocumentError),
}

impl ValueError {
    pub fn new(detail: impl fmt::Display) -> Self {
        Self {
            inner: Box::new(Inner {
                path: Vec::new(),
                cause: Cause::Message(detail.to_string()),
            }),
        }
    }

    /// Of bytes that are no document, which a checksum should have found.
    pub fn damaged() -> Self {
        Self::new("the document is damaged")
    }

    /// The same error, found in the field of this name or position.
    #[must_use]
    pub fn within(mut self, step: impl fmt::Display) -> Self {
        self.inner.path.push(step.to_string());
        self
    }

    /// The path as [`Document::get`](crate::document::Document::get) takes it; empty for the whole value.
    pub fn path(&self) -> String {
        let steps: Vec<&str> = self.inner.path.iter().rev().map(String::as_str).collect();
        steps.join(".")
    }

    pub fn detail(&self) -> String {
        match &self.inner.cause {
            Cause::Message(detail) => detail.clone(),
            Cause::Document(error) => error.to_string(),
        }
    }

    /// As the error of writing a document.
    pub fn into_serialize(self) -> DocumentError {
        let path = self.path();
        match self.inner.cause {
            Cause::Document(error) => error,
            Cause::Message(detail) => DocumentError::Serialize { path, detail },
        }
    }

    /// As the error of reading a document.
    pub fn into_deserialize(self) -> DocumentError {
        DocumentError::Deserialize {
            path: self.path(),
            detail: self.detail(),
        }
    }
}

impl From<DocumentError> for ValueError {
    fn from(error: DocumentError) -> Self {
        Self {
            inner: Box::new(Inner {
                path: Vec::new(),
                cause: Cause::Document(error),
            }),
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.inner.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.detail())
    }
}

impl std::error::Error for ValueError {}

impl serde::ser::Error for ValueError {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::new(detail)
    }
}

impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::new(detail)
    }
}
