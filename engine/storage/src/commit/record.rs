//! The payload of a commit record: what one transaction changed, as bytes of the log.
//!
//! All integers are little-endian. The layout is part of the file format (`docs/FORMAT.md`).
//!
//! ```text
//! u8  layout, 1
//! u64 commit time, milliseconds since 1970
//! u64 first item id that no transaction up to this one has used
//! u32 number of changes to the list of stores, each:
//!     u8 tag: 1 create, 2 alter, 3 drop;  u64 store id;  create and alter: u32 length, definition as JSON
//! u32 number of stores with changed items, each:
//!     u64 store id;  u32 number of items, in any order and each key once, each:
//!     as [`item`] describes
//! ```

use std::sync::Arc;

use super::item;
use crate::definition::StoreDefinition;
use crate::transaction::writes::{CATALOG, CatalogChange, StoreId, StoreWrites, Writes};

const LAYOUT: u8 = 1;

/// Bytes before the items in a record that changes items of one store and nothing else.
pub(crate) const ONE_STORE_HEADER: usize = 37;

/// Facts of a commit beside its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommitFacts {
    pub time_ms: u64,
    pub next_item_id: u64,
}

/// The payload of a record.
pub(crate) enum Payload {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What the changed items of this store are kept as.
    Items(StoreId),
}

impl Payload {
    /// The bytes, for the changes that the payload was made of.
    pub fn bytes<'a>(&'a self, writes: &'a Writes) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Items(id) => match writes.stores.get(id) {
                Some(items) => items.record(),
                None => &[],
            },
        }
    }
}

/// Makes the payload. When only items of one store change, these are the payload already.
pub(crate) fn seal(writes: &mut Writes, facts: CommitFacts) -> Payload {
    let mut changed = writes.stores.iter_mut().filter(changes_items);
    let (Some((id, items)), None, true) =
        (changed.next(), changed.next(), writes.catalog.is_empty())
    else {
        return Payload::Bytes(encode(writes, facts));
    };
    let mut header = Vec::with_capacity(ONE_STORE_HEADER);
    put_start(&mut header, facts);
    put_u32(&mut header, 0);
    put_u32(&mut header, 1);
    put_store(&mut header, *id, items.len());
    items.seal(&header);
    Payload::Items(*id)
}

fn changes_items((id, items): &(&StoreId, &mut StoreWrites)) -> bool {
    **id != CATALOG && !items.is_empty()
}

fn put_start(out: &mut Vec<u8>, facts: CommitFacts) {
    out.push(LAYOUT);
    out.extend_from_slice(&facts.time_ms.to_le_bytes());
    out.extend_from_slice(&facts.next_item_id.to_le_bytes());
}

fn put_store(out: &mut Vec<u8>, id: StoreId, items: usize) {
    out.extend_from_slice(&id.0.to_le_bytes());
    put_u32(out, items);
}

/// Writes the payload.
pub(crate) fn encode(writes: &Writes, facts: CommitFacts) -> Vec<u8> {
    let mut out = Vec::with_capacity(writes.bytes() + 64);
    put_start(&mut out, facts);
    put_u32(&mut out, writes.catalog.len());
    for change in &writes.catalog {
        match change {
            CatalogChange::Create(id, definition) => put_definition(&mut out, 1, *id, definition),
            CatalogChange::Alter(id, definition) => put_definition(&mut out, 2, *id, definition),
            CatalogChange::Drop(id) => {
                out.push(3);
                out.extend_from_slice(&id.0.to_le_bytes());
            }
        }
    }
    let changed = |(id, items): &(&StoreId, &StoreWrites)| **id != CATALOG && !items.is_empty();
    put_u32(&mut out, writes.stores.iter().filter(changed).count());
    for (id, items) in writes.stores.iter().filter(changed) {
        put_store(&mut out, *id, items.len());
        items.encode_to(&mut out);
    }
    out
}

/// Appends a number of things.
pub(super) fn put_u32(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u32).to_le_bytes());
}

fn put_definition(out: &mut Vec<u8>, tag: u8, id: StoreId, definition: &StoreDefinition) {
    out.push(tag);
    out.extend_from_slice(&id.0.to_le_bytes());
    // A definition has string keys and finite numbers only, so this cannot fail; an empty text
    // would be refused as damage when it is read.
    let json = serde_json::to_vec(definition).unwrap_or_default();
    put_u32(out, json.len());
    out.extend_from_slice(&json);
}

/// Reads a payload back.
///
/// # Errors
/// What is wrong with it and at which byte; the record's checksum was right, so this is a record
/// of another version or a fault of this program, never a torn write.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Writes, CommitFacts), String> {
    let mut reader = Reader { bytes, at: 0 };
    reader
        .record()
        .map_err(|detail| format!("commit record, byte {}: {detail}", reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(n).filter(|e| *e <= self.bytes.len());
        let end = end.ok_or_else(|| format!("{n} bytes expected, the record ends"))?;
        let slice = &self.bytes[self.at..end];
        self.at = end;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let slice = self.take(N)?;
        slice.try_into().map_err(|_| "short".to_owned())
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<usize, String> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn record(&mut self) -> Result<(Writes, CommitFacts), String> {
        let layout = self.u8()?;
        if layout != LAYOUT {
            return Err(format!("layout {layout} is unknown"));
        }
        let facts = CommitFacts {
            time_ms: self.u64()?,
            next_item_id: self.u64()?,
        };
        let mut writes = Writes::default();
        for _ in 0..self.u32()? {
            let change = self.catalog_change()?;
            writes.catalog.push(change);
        }
        for _ in 0..self.u32()? {
            let id = StoreId(self.u64()?);
            let items = self.items()?;
            if writes.stores.insert(id, items).is_some() {
                return Err(format!("store {} stands twice", id.0));
            }
        }
        if self.at != self.bytes.len() {
            return Err(format!("{} bytes too many", self.bytes.len() - self.at));
        }
        Ok((writes, facts))
    }

    fn catalog_change(&mut self) -> Result<CatalogChange, String> {
        let tag = self.u8()?;
        let id = StoreId(self.u64()?);
        if tag == 3 {
            return Ok(CatalogChange::Drop(id));
        }
        let length = self.u32()?;
        let json = self.take(length)?;
        let definition: StoreDefinition =
            serde_json::from_slice(json).map_err(|e| format!("definition: {e}"))?;
        let definition = Arc::new(definition);
        match tag {
            1 => Ok(CatalogChange::Create(id, definition)),
            2 => Ok(CatalogChange::Alter(id, definition)),
            _ => Err(format!("change {tag} is unknown")),
        }
    }

    fn items(&mut self) -> Result<StoreWrites, String> {
        let mut items = StoreWrites::default();
        for _ in 0..self.u32()? {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let (key, change, length) = item::parse(rest)?;
            let place = items.find(key);
            if items.at(place).is_some() {
                return Err("a key stands twice".to_owned());
            }
            items.set(place, key, change);
            self.at += length;
        }
        Ok(items)
    }
}
