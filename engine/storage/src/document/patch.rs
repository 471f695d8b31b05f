//! JSON Merge Patch (RFC 7396).

use serde_json::Value;

use super::Document;
use super::builder::Builder;
use super::error::DocumentError;
use super::reference::{DocumentRef, Kind};

/// The document that `patch` makes of `target`.
///
/// A patch that is no object takes the place of the target. The fields of an object replace the
/// target's fields of the same names, where they stay in their places; new ones follow in the order
/// of the patch; `null` removes a field.
pub fn merge_patch(target: &Document, patch: &Value) -> Result<Document, DocumentError> {
    target.merge_patch(&Document::from_value(patch)?)
}

impl Document {
    /// The document that a merge patch makes of this one; see [`merge_patch`].
    pub fn merge_patch(&self, patch: &Self) -> Result<Self, DocumentError> {
        let mut builder = Builder::with_capacity(self.encoded().len() + patch.encoded().len());
        merge(Some(self.root()), patch.root(), &mut builder)?;
        Ok(Self::from_built(builder.finish()))
    }
}

/// Recursion ends at the depth limit of the patch.
fn merge(
    target: Option<DocumentRef<'_>>,
    patch: DocumentRef<'_>,
    builder: &mut Builder,
) -> Result<(), DocumentError> {
    if patch.kind() != Kind::Object {
        return builder.encoded(patch.encoded_value());
    }
    let target = target.filter(|target| target.kind() == Kind::Object);
    builder.begin_object()?;
    for (name, old) in target.iter().flat_map(|target| target.fields()) {
        match patch.get(name) {
            Some(new) if new.is_null() => {}
            Some(new) => {
                builder.name(name, 0)?;
                merge(Some(old), new, builder)?;
            }
            None => {
                builder.name(name, 0)?;
                builder.encoded(old.encoded_value())?;
            }
        }
    }
    for (name, new) in patch.fields() {
        let known = target.is_some_and(|target| target.get(name).is_some());
        if !known && !new.is_null() {
            builder.name(name, 0)?;
            merge(None, new, builder)?;
        }
    }
    builder.end().map_err(|(error, _)| error)
}
