//! The counts of a store as bytes of a checkpoint. The layout is part of the file format (`docs/FORMAT.md`).
//!
//! ```text
//! u8  layout, 1;  u8 1 when the counts are exact, otherwise 0
//! u32 number of fields, parents before what is below them, each:
//!     u32 number of the parent;  u8 0 named, 1 the elements of the parent;  u16 length, name
//!     u16 set of columns that are not 0, the lowest bit the first column;  u64 count for each of them
//! ```
//!
//! The first field is the whole value; it has no name and is its own parent.

use std::sync::Arc;

use super::Shapes;
use super::column::{COLUMNS, Counts};
use super::names::{Names, ROOT};
use super::{MAX_DEPTH, MAX_NAME_BYTES};

const LAYOUT: u8 = 1;

impl Shapes {
    /// The bytes. Fields that no item has are left out.
    pub fn encode(&self) -> Vec<u8> {
        let shapes = self.renewed();
        let mut out = vec![LAYOUT, u8::from(shapes.exact)];
        out.extend_from_slice(&(shapes.names.len() as u32).to_le_bytes());
        for ((_, field), counts) in shapes.names.iter().zip(shapes.counts.iter()) {
            out.extend_from_slice(&field.parent.to_le_bytes());
            out.push(u8::from(field.is_elements));
            out.extend_from_slice(&(field.name.len() as u16).to_le_bytes());
            out.extend_from_slice(&field.name);
            let set = (0..COLUMNS).filter(|at| counts[*at] != 0);
            let columns = set.clone().fold(0u16, |columns, at| columns | 1 << at);
            out.extend_from_slice(&columns.to_le_bytes());
            for at in set {
                out.extend_from_slice(&counts[at].to_le_bytes());
            }
        }
        out
    }

    /// Reads the bytes back; `None` when they are not what [`Shapes::encode`] gives.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [layout, exact] = take(&mut rest)?;
        if layout != LAYOUT || exact > 1 {
            return None;
        }
        let mut names = Names::default();
        let mut counts = Vec::new();
        for number in 0..u32::from_le_bytes(take(&mut rest)?) {
            read_field(&mut rest, number, &mut names)?;
            counts.push(read_counts(&mut rest)?);
        }
        (rest.is_empty() && !counts.is_empty()).then(|| Self {
            names: Arc::new(names),
            counts: Arc::new(counts),
            exact: exact == 1,
            ..Self::default()
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn read_field(rest: &mut &[u8], number: u32, names: &mut Names) -> Option<()> {
    let parent = u32::from_le_bytes(take(rest)?);
    let [elements] = take(rest)?;
    let length = usize::from(u16::from_le_bytes(take(rest)?));
    let (name, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    if number == ROOT {
        return (parent == ROOT && elements == 0 && name.is_empty()).then_some(());
    }
    let depth = usize::from(names.get(parent).filter(|_| parent < number)?.depth);
    if depth >= MAX_DEPTH || length > MAX_NAME_BYTES {
        return None;
    }
    match elements {
        0 if names.child(parent, name, &mut 0).is_none() => {
            names.add(parent, name);
            Some(())
        }
        1 if name.is_empty() && names.elements(parent).is_none() => {
            names.add_elements(parent);
            Some(())
        }
        _ => None,
    }
}

fn read_counts(rest: &mut &[u8]) -> Option<Counts> {
    let columns = u16::from_le_bytes(take(rest)?);
    let mut counts = [0; COLUMNS];
    if columns >> COLUMNS != 0 {
        return None;
    }
    for (at, count) in counts.iter_mut().enumerate() {
        if columns & (1 << at) != 0 {
            *count = i64::from_le_bytes(take(rest)?);
        }
    }
    Some(counts)
}
