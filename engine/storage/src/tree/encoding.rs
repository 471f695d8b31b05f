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
