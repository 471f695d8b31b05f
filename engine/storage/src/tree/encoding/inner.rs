//! Stored inner nodes.

use super::column::{Reader, put, width_for};
use super::{Decoded, FORMAT, MAGIC};
use crate::blob::{LOCATION_BYTES, Location};
use crate::tree::config::MAX_KEY_BYTES;
use crate::tree::error::{Result, TreeError};
use crate::tree::inner::{Child, Inner};
use crate::tree::separators::Separators;

/// The stored form of a node; `places` says where its children are.
pub(crate) fn encode_inner(node: &Inner, places: &[Location]) -> Result<Vec<u8>> {
    if places.len() != node.children.len() {
        return Err(TreeError::Invariant(
            "children are stored before their parent",
        ));
    }
    let keys = &node.separators;
    let prefix = keys.prefix_len();
    let longest = (0..keys.len())
        .map(|at| keys.key(at).len() - prefix)
        .max()
        .unwrap_or(0);
    let key_width = width_for(longest as u64);
    let count_width = width_for(node.counts.iter().copied().max().unwrap_or(0));
    let mut out = Vec::with_capacity(32 + prefix + keys.live() + node.children.len() * 24);
    out.extend_from_slice(&[MAGIC, FORMAT, node.level, key_width, count_width, 0]);
    put(&mut out, prefix as u64, 2);
    put(&mut out, node.children.len() as u64, 4);
    if keys.len() > 0 {
        out.extend_from_slice(&keys.key(0)[..prefix]);
    }
    for at in 0..keys.len() {
        put(&mut out, (keys.key(at).len() - prefix) as u64, key_width);
    }
    for count in &node.counts {
        put(&mut out, *count, count_width);
    }
    for location in places {
        out.extend_from_slice(&location.encode());
    }
    for at in 0..keys.len() {
        out.extend_from_slice(&keys.key(at)[prefix..]);
    }
    Ok(out)
}

/// Reads a node of `level` back; its children are not loaded.
pub(crate) fn decode_inner(bytes: &[u8], level: u8) -> Decoded<Inner> {
    let mut reader = Reader::new(bytes);
    let &[magic, format, found, key_width, count_width, reserved] = reader.take(6, "header")?
    else {
        return Err("header is cut short".into());
    };
    if (magic, format, found, reserved) != (MAGIC, FORMAT, level, 0) || level == 0 {
        return Err(format!(
            "not an inner node of level {level}: magic {magic:#04x}, format {format}, level {found}"
        ));
    }
    let prefix_len = reader.number(2, "prefix length")? as usize;
    let count = reader.number(4, "child count")? as usize;
    if count == 0 || count > bytes.len() / LOCATION_BYTES {
        return Err(format!("impossible number of children {count}"));
    }
    let prefix = reader.take(prefix_len, "prefix")?;
    let key_lens = reader.column(count - 1, key_width, "separator lengths")?;
    let counts = reader.column(count, count_width, "item counts")?;
    let locations = reader.take(count * LOCATION_BYTES, "child locations")?;
    let mut node = Inner {
        level,
        separators: Separators::default(),
        counts: (0..count).map(|at| counts.get(at)).collect(),
        children: Vec::with_capacity(count),
    };
    let mut total = 0_u64;
    for (at, below) in node.counts.iter().enumerate() {
        match total.checked_add(*below) {
            Some(sum) if *below > 0 => total = sum,
            _ => return Err(format!("impossible item count {below} of child {at}")),
        }
    }
    for raw in locations.as_chunks::<LOCATION_BYTES>().0 {
        let child = Child::stored(level - 1, Location::decode(raw));
        node.children.push(child);
    }
    let mut key = Vec::new();
    let mut before: &[u8] = &[];
    for at in 0..count - 1 {
        let suffix = reader.take(key_lens.get(at) as usize, "separator")?;
        if at > 0 && before >= suffix {
            return Err(format!("separators {} and {at} are not ascending", at - 1));
        }
        before = suffix;
        if prefix_len + suffix.len() > MAX_KEY_BYTES {
            return Err(format!("separator {at} is too long"));
        }
        key.clear();
        key.extend_from_slice(prefix);
        key.extend_from_slice(suffix);
        node.separators.push(&key);
    }
    reader.end()?;
    node.separators.finish();
    Ok(node)
}
