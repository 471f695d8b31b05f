//! Why a document can't be compiled: what is wrong, where, and what would be right.

use thiserror::Error;

/// The kind of a fault, with a name that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A part is missing, superfluous, of the wrong type or without sense.
    Invalid,
    /// A store that is not there.
    UnknownStore,
    /// A field that the stores of the document don't have.
    UnknownField,
    /// A name that means several fields.
    AmbiguousField,
    /// An operator that does not exist.
    UnknownOperator,
    /// A function that does not exist.
    UnknownFunction,
    /// A join without `on` between stores that no relation connects.
    NoRelation,
    /// A join without `on` between stores that several relations connect.
    AmbiguousRelation,
    /// More or deeper than what is taken.
    TooLarge,
}

impl Fault {
    /// The name, as an API says it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid_document",
            Self::UnknownStore => "store_not_found",
            Self::UnknownField => "unknown_field",
            Self::AmbiguousField => "ambiguous_field",
            Self::UnknownOperator => "unknown_operator",
            Self::UnknownFunction => "unknown_function",
            Self::NoRelation => "no_relation",
            Self::AmbiguousRelation => "ambiguous_relation",
            Self::TooLarge => "document_too_large",
        }
    }
}

/// Why a document can't be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{detail}", place(pointer))]
pub struct SelectError {
    /// The kind.
    pub fault: Fault,
    /// JSON pointer (RFC 6901) of the part at fault; empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
    /// The nearest right names.
    pub suggestions: Vec<String>,
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        String::new()
    } else {
        format!("{pointer}: ")
    }
}

/// The most names that a message lists.
const MAX_LISTED: usize = 20;

impl SelectError {
    pub(super) fn new(fault: Fault, pointer: &Pointer<'_>, detail: impl Into<String>) -> Self {
        Self {
            fault,
            pointer: pointer.to_string(),
            detail: detail.into(),
            suggestions: Vec::new(),
        }
    }

    pub(super) fn invalid(pointer: &Pointer<'_>, detail: impl Into<String>) -> Self {
        Self::new(Fault::Invalid, pointer, detail)
    }

    pub(super) fn with(mut self, suggestions: Vec<String>) -> Self {
        self.suggestions = suggestions;
        self
    }

    /// An unknown name with the nearest known ones; `within` is said after the name.
    pub(super) fn unknown<N: AsRef<str>>(
        fault: Fault,
        pointer: &Pointer<'_>,
        (what, within): (&str, &str),
        name: &str,
        known: &[N],
    ) -> Self {
        let suggestions = sop::nearest(name, known);
        let name = shortened(name);
        let detail = if let Some(near) = suggestions.first() {
            format!("there is no {what} {name:?}{within}; did you mean {near:?}?")
        } else if known.is_empty() {
            format!("there is no {what} {name:?}{within}")
        } else {
            let listed: Vec<&str> = known.iter().take(MAX_LISTED).map(AsRef::as_ref).collect();
            let more = if known.len() > MAX_LISTED {
                ", …"
            } else {
                ""
            };
            format!(
                "there is no {what} {name:?}{within}; there are {}{more}",
                listed.join(", ")
            )
        };
        Self::new(fault, pointer, detail).with(suggestions)
    }
}

/// A name as a message says it.
fn shortened(name: &str) -> String {
    const MAX_CHARS: usize = 80;
    match name.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// A place in a document, made as it is walked and written out only for an error.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pointer<'a> {
    Root,
    Field(&'a Pointer<'a>, &'a str),
    Index(&'a Pointer<'a>, usize),
}

impl Pointer<'_> {
    pub fn field<'a>(&'a self, name: &'a str) -> Pointer<'a> {
        Pointer::Field(self, name)
    }

    pub fn index(&self, index: usize) -> Pointer<'_> {
        Pointer::Index(self, index)
    }

    /// The element of a list, or this when it is no list but the one element itself.
    pub fn element(&self, index: Option<usize>) -> Pointer<'_> {
        index.map_or(*self, |index| self.index(index))
    }
}

impl std::fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(parent, name) => {
                write!(f, "{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Self::Index(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}
