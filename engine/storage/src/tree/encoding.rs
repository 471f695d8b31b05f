//! Stored nodes: pages and inner nodes to bytes and back.
//!
//! The exact layout is described in `docs/FORMAT.md`. Decoding checks magic, level, every length
//! and the order of keys, and answers what is wrong; it never panics, whatever the bytes. It does not
//! verify checksums: the store of nodes does.

mod column;
mod inner;
mod leaf;
#[cfg(test)]
mod tests;

pub(crate) use inner::{decode_inner, encode_inner};
pub(crate) use leaf::{decode_leaf, encode_leaf};

/// First byte of every stored node.
const MAGIC: u8 = 0xB7;
/// Version of the layout.
const FORMAT: u8 = 1;

/// What is wrong with the bytes of a node.
type Decoded<T> = std::result::Result<T, String>;

/// The stored form of a page whose values are where their handles say.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn encode_stored_leaf(page: &super::page::Page) -> super::Result<Vec<u8>> {
    let values = super::relocate::separate(page).filter_map(|(_, value)| value.location.get());
    encode_leaf(page, &values.collect::<Vec<_>>())
}

/// The stored form of a node whose children are where their handles say.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn encode_stored_inner(node: &super::inner::Inner) -> super::Result<Vec<u8>> {
    let children = node.children.iter().filter_map(|c| c.location().get());
    encode_inner(node, &children.collect::<Vec<_>>())
}
