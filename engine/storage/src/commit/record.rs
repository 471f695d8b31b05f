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
//!     u64 store id;  u32 number of items, in key order, each:
//!     u8 tag: 1 insert, 2 upsert, 3 update, 4 remove;  u16 key length;  key;  not for remove: u32 length, payload
//! ```

use std::sync::Arc;

use crate::definition::StoreDefinition;
use crate::transaction::writes::{
    CATALOG, CatalogChange, Change, Intent, StoreId, StoreWrites, Writes,
};

const LAYOUT: u8 = 1;
/// The most bytes of an item beside its key and payload.
const ITEM_BYTES: usize = 7;

/// Facts of a commit beside its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommitFacts {
    pub time_ms: u64,
    pub next_item_id: u64,
}

/// Writes the payload.
pub(crate) fn encode(writes: &Writes, facts: CommitFacts) -> Vec<u8> {
    let mut out = Vec::with_capacity(writes.bytes() + writes.items() * ITEM_BYTES + 64);
    out.push(LAYOUT);
    out.extend_from_slice(&facts.time_ms.to_le_bytes());
    out.extend_from_slice(&facts.next_item_id.to_le_bytes());
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
    let stores = || {
        writes
            .stores
            .iter()
            .filter(|(id, items)| **id != CATALOG && !items.is_empty())
    };
    put_u32(&mut out, stores().count());
    for (id, items) in stores() {
        out.extend_from_slice(&id.0.to_le_bytes());
        put_u32(&mut out, items.len());
        for (key, change) in items.iter() {
            put_item(&mut out, key, change);
        }
    }
    out
}

fn put_u32(out: &mut Vec<u8>, n: usize) {
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

fn put_item(out: &mut Vec<u8>, key: &[u8], change: Change<'_>) {
    let (tag, payload) = match change {
        Change::Put {
            intent, payload, ..
        } => (intent_tag(intent), Some(payload)),
        Change::Remove => (4, None),
    };
    out.push(tag);
    out.extend_from_slice(&(key.len() as u16).to_le_bytes());
    out.extend_from_slice(key);
    if let Some(payload) = payload {
        put_u32(out, payload.len());
        out.extend_from_slice(payload);
    }
}

fn intent_tag(intent: Intent) -> u8 {
    match intent {
        Intent::Insert => 1,
        Intent::Upsert => 2,
        Intent::Update => 3,
    }
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
        let mut last: Option<&[u8]> = None;
        for _ in 0..self.u32()? {
            let tag = self.u8()?;
            let key_length = u16::from_le_bytes(self.array()?) as usize;
            let key = self.take(key_length)?;
            let intent = match tag {
                1 => Some(Intent::Insert),
                2 => Some(Intent::Upsert),
                3 => Some(Intent::Update),
                4 => None,
                _ => return Err(format!("item change {tag} is unknown")),
            };
            let change = match intent {
                None => Change::Remove,
                Some(intent) => {
                    let length = self.u32()?;
                    Change::Put {
                        intent,
                        payload: self.take(length)?,
                        replaces: intent == Intent::Update,
                    }
                }
            };
            if last.is_some_and(|last| last >= key) {
                return Err("keys are out of order".to_owned());
            }
            last = Some(key);
            items.insert(key, change);
        }
        Ok(items)
    }
}
