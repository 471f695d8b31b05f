//! What a checkpoint file says: the stores, where their trees begin, and the next free numbers.
//!
//! ```text
//! u8  layout, 1
//! u64 next store id;  u64 next item id;  u32 next segment number;  u8 1 when the bytes in use are exact
//! u32 number of stores, each:
//!     u64 store id;  u32 length, definition as JSON
//!     u8 1 with a root, 0 for an empty store;  root: 16 bytes location, u64 items, u8 height, u64 bytes
//!     u32 number of segments it uses, ascending, each: u32 number, u64 bytes of nodes, u64 bytes of values
//!     u32 length, the fields that its items show (`shapes/encoding.rs`)
//! prepared transactions and outcomes, see `commit::prepared_record`
//! ```

use super::shapes::Shapes;
use super::usage::{Usage, Used};
use crate::commit::prepared::PreparedState;
use crate::commit::prepared_record::{decode_state, encode_state};
use crate::definition::StoreDefinition;
use crate::error::{Error, Result};
use crate::tree::{Location, RootRef};

const LAYOUT: u8 = 1;

/// A store in a checkpoint.
#[derive(Debug)]
pub(crate) struct CatalogStore {
    pub id: u64,
    pub definition: StoreDefinition,
    pub root: RootRef,
    pub usage: Usage,
    pub shapes: Shapes,
}

/// The payload of a checkpoint file.
#[derive(Debug, Default)]
pub(crate) struct CatalogPayload {
    pub next_store_id: u64,
    pub next_item_id: u64,
    /// Number of the next segment file, so that none comes back.
    pub next_segment: u32,
    /// Whether the usage of the stores is exact. If not, less may be in use than it says.
    pub exact: bool,
    pub stores: Vec<CatalogStore>,
    pub prepared: PreparedState,
}

impl CatalogPayload {
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = vec![LAYOUT];
        out.extend_from_slice(&self.next_store_id.to_le_bytes());
        out.extend_from_slice(&self.next_item_id.to_le_bytes());
        out.extend_from_slice(&self.next_segment.to_le_bytes());
        out.push(u8::from(self.exact));
        out.extend_from_slice(&(self.stores.len() as u32).to_le_bytes());
        for store in &self.stores {
            let json = serde_json::to_vec(&store.definition).map_err(|e| {
                Error::corrupt(
                    format!("definition of {:?}", store.definition.name),
                    e.to_string(),
                )
            })?;
            out.extend_from_slice(&store.id.to_le_bytes());
            out.extend_from_slice(&(json.len() as u32).to_le_bytes());
            out.extend_from_slice(&json);
            out.push(u8::from(store.root.location.is_some()));
            if let Some(location) = &store.root.location {
                out.extend_from_slice(&location.encode());
                out.extend_from_slice(&store.root.count.to_le_bytes());
                out.push(store.root.height);
                out.extend_from_slice(&store.root.bytes.to_le_bytes());
            }
            let segments = store.usage.segments();
            out.extend_from_slice(&(segments.len() as u32).to_le_bytes());
            for (segment, used) in segments {
                out.extend_from_slice(&segment.to_le_bytes());
                out.extend_from_slice(&used.nodes.to_le_bytes());
                out.extend_from_slice(&used.values.to_le_bytes());
            }
            let shapes = store.shapes.encode();
            out.extend_from_slice(&(shapes.len() as u32).to_le_bytes());
            out.extend_from_slice(&shapes);
        }
        encode_state(&self.prepared, &mut out);
        Ok(out)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        Self::read(&mut rest).ok_or_else(|| {
            let at = bytes.len() - rest.len();
            Error::corrupt(
                "checkpoint file",
                format!("its list of stores cannot be read at byte {at}"),
            )
        })
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        if take::<1>(rest)? != [LAYOUT] {
            return None;
        }
        let mut payload = Self {
            next_store_id: u64::from_le_bytes(take(rest)?),
            next_item_id: u64::from_le_bytes(take(rest)?),
            next_segment: u32::from_le_bytes(take(rest)?),
            exact: match take::<1>(rest)? {
                [0] => false,
                [1] => true,
                _ => return None,
            },
            stores: Vec::new(),
            prepared: PreparedState::default(),
        };
        for _ in 0..u32::from_le_bytes(take(rest)?) {
            payload.stores.push(read_store(rest)?);
        }
        payload.prepared = decode_state(rest)?;
        rest.is_empty().then_some(payload)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn read_store(rest: &mut &[u8]) -> Option<CatalogStore> {
    let id = u64::from_le_bytes(take(rest)?);
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (json, tail) = rest.split_at_checked(length)?;
    let definition = serde_json::from_slice(json).ok()?;
    *rest = tail;
    let root = match take::<1>(rest)? {
        [0] => RootRef::default(),
        [1] => RootRef {
            location: Some(Location::decode(&take(rest)?)),
            count: u64::from_le_bytes(take(rest)?),
            height: u8::from_le_bytes(take(rest)?),
            bytes: u64::from_le_bytes(take(rest)?),
        },
        _ => return None,
    };
    let mut usage = Usage::default();
    for _ in 0..u32::from_le_bytes(take(rest)?) {
        let segment = u32::from_le_bytes(take(rest)?);
        let used = Used {
            nodes: u64::from_le_bytes(take(rest)?),
            values: u64::from_le_bytes(take(rest)?),
        };
        usage.set(segment, used);
    }
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (shapes, tail) = rest.split_at_checked(length)?;
    let shapes = Shapes::decode(shapes)?;
    *rest = tail;
    Some(CatalogStore {
        id,
        definition,
        root,
        usage,
        shapes,
    })
}
