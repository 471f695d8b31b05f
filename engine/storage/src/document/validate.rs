//! Checks encoded bytes from end to end.
//!
//! Accepts exactly what the builder writes, so that documents that passed are equal as JSON only when
//! their bytes are equal.

use super::MAX_DEPTH;
use super::MAX_DOCUMENT_BYTES;
use super::builder::{bytes_of, int_length};
use super::error::DocumentError;
use super::layout::{
    ARRAY, ARRAY_LAST, BYTES, Container, FALSE, FLOAT, FORMAT_VERSION, INT, MAX_SCANNED_FIELDS,
    NULL, NUMBER, OBJECT, OBJECT_LAST, STRING, TRUE, UINT, split_entry, width_class,
};
use super::number::{Number, number_length};
use super::reference::DocumentRef;

/// Checks a whole document.
pub(super) fn check(encoded: &[u8]) -> Result<(), DocumentError> {
    if encoded.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge {
            bytes: encoded.len(),
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    match encoded.split_first() {
        Some((&FORMAT_VERSION, value)) => {
            Checker { depth: 0 }
                .value(value)
                .map_err(|fault| DocumentError::Corrupt {
                    detail: fault.detail,
                    // The faulty value is a part of the document that ends so many bytes before its end.
                    at: encoded.len().saturating_sub(fault.left),
                })
        }
        _ => Err(DocumentError::Corrupt {
            detail: "an unknown version of the format",
            at: 0,
        }),
    }
}

/// What is wrong, and how many bytes there are from the faulty value to the end of the document.
struct Fault {
    detail: &'static str,
    left: usize,
}

struct Checker {
    depth: usize,
}

impl Checker {
    fn value(&mut self, value: &[u8]) -> Result<(), Fault> {
        let fault = |detail| {
            Err(Fault {
                detail,
                left: value.len(),
            })
        };
        let Some((&tag, payload)) = value.split_first() else {
            return fault("an empty value");
        };
        let reference = DocumentRef::new(value);
        let right = match tag {
            NULL | FALSE | TRUE => payload.is_empty(),
            INT => reference
                .as_i64()
                .is_some_and(|value| int_length(value) == payload.len()),
            UINT => reference
                .as_u64()
                .is_some_and(|value| i64::try_from(value).is_err()),
            FLOAT => is_plain_float(reference),
            NUMBER => is_number_text(payload),
            STRING => std::str::from_utf8(payload).is_ok(),
            BYTES => true,
            ARRAY..=ARRAY_LAST | OBJECT..=OBJECT_LAST => return self.container(tag, value),
            _ => return fault("an unknown tag"),
        };
        if right {
            Ok(())
        } else {
            fault("a payload that does not fit its tag")
        }
    }

    fn container(&mut self, tag: u8, value: &[u8]) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault {
                detail: "nested too deeply",
                left: value.len(),
            });
        }
        self.depth += 1;
        let object = tag >= OBJECT;
        let checked = Container::of(value)
            .filter(|container| has_right_form(tag, value, container))
            .ok_or(Fault {
                detail: "a table that does not fit",
                left: value.len(),
            })
            .and_then(|container| self.entries(object, value, &container));
        self.depth -= 1;
        checked
    }

    fn entries(
        &mut self,
        object: bool,
        value: &[u8],
        container: &Container<'_>,
    ) -> Result<(), Fault> {
        let fault = |detail| Fault {
            detail,
            left: value.len(),
        };
        let mut names: Vec<&[u8]> = Vec::new();
        for at in 0..container.count {
            let entry = container
                .entry(at)
                .ok_or_else(|| fault("a table that does not ascend"))?;
            // From the end of this entry to the end of the container.
            let after = value.len() - 1 - container.end(at).unwrap_or(0);
            let inner = if object {
                let (name, inner) =
                    split_entry(entry).ok_or_else(|| fault("a name that does not fit"))?;
                if std::str::from_utf8(name).is_err() {
                    return Err(fault("a name that is not UTF-8"));
                }
                names.push(name);
                inner
            } else {
                entry
            };
            self.value(inner).map_err(|inner| Fault {
                left: inner.left + after,
                ..inner
            })?;
        }
        if has_right_names(&names, container) {
            Ok(())
        } else {
            Err(fault("names that are not in order or are there twice"))
        }
    }
}

/// Whether the table is of the width that the builder chooses and covers the whole body.
fn has_right_form(tag: u8, value: &[u8], container: &Container<'_>) -> bool {
    let narrowest = if tag >= OBJECT { OBJECT } else { ARRAY };
    if value.len() == 1 {
        return tag == narrowest;
    }
    let last = container.count.checked_sub(1);
    tag == narrowest + width_class(container.body.len())
        && last.and_then(|last| container.end(last)) == Some(container.body.len())
        && (tag < OBJECT || bytes_of(container.body, container.count).is_none())
}

fn has_right_names(names: &[&[u8]], container: &Container<'_>) -> bool {
    if names.len() <= MAX_SCANNED_FIELDS {
        return names
            .iter()
            .enumerate()
            .all(|(at, name)| !names.iter().take(at).any(|earlier| earlier == name));
    }
    let by_rank = |rank| container.by_rank(rank).and_then(|at| names.get(at));
    // Strictly ascending names at all ranks can only be a permutation of the entries.
    by_rank(0).is_some()
        && (1..names.len()).all(|rank| match (by_rank(rank - 1), by_rank(rank)) {
            (Some(before), Some(name)) => before < name,
            _ => false,
        })
}

fn is_plain_float(value: DocumentRef<'_>) -> bool {
    let Some(float) = value.as_f64().filter(|float| float.is_finite()) else {
        return false;
    };
    let mut buffer = zmij::Buffer::new();
    matches!(Number::of(buffer.format_finite(float)), Number::Float(_))
}

fn is_number_text(payload: &[u8]) -> bool {
    number_length(payload) == Some(payload.len())
        && std::str::from_utf8(payload)
            .is_ok_and(|text| matches!(Number::of(text), Number::Text(_)))
}
