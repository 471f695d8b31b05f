//! Where trees get their nodes from: the blob store, with the store's identity checked at each read.

use std::sync::Arc;

use crate::blob::{BlobError, BlobKind, BlobStore};
use crate::transaction::writes::StoreId;
use crate::tree::{Location, NodeCache, NodeSource, TreeContext, TreeError};

/// Makes the context of each store's tree; all share one cache.
#[derive(Clone)]
pub(crate) struct Trees {
    blobs: Arc<dyn BlobStore>,
    cache: Arc<NodeCache>,
}

impl Trees {
    pub fn new(blobs: Arc<dyn BlobStore>, cache_bytes: u64) -> Self {
        Self {
            blobs,
            cache: NodeCache::new(cache_bytes),
        }
    }

    pub fn cache(&self) -> &Arc<NodeCache> {
        &self.cache
    }

    pub fn context(&self, store: StoreId) -> Arc<TreeContext> {
        let source = StoreSource {
            blobs: Arc::clone(&self.blobs),
            store_id: store.0,
        };
        TreeContext::new(Arc::new(source), Arc::clone(&self.cache))
    }
}

struct StoreSource {
    blobs: Arc<dyn BlobStore>,
    store_id: u64,
}

impl StoreSource {
    fn read(&self, location: &Location, kind: BlobKind) -> Result<Arc<[u8]>, TreeError> {
        self.blobs
            .get(location, kind, self.store_id)
            .map(Arc::from)
            .map_err(|error| tree_error(*location, &error))
    }
}

fn tree_error(location: Location, error: &BlobError) -> TreeError {
    match error {
        BlobError::Damaged { .. }
        | BlobError::MissingSegment { .. }
        | BlobError::WrongDatabase { .. }
        | BlobError::UnknownFormat { .. } => TreeError::Corrupt {
            location,
            detail: error.to_string(),
        },
        _ => TreeError::Source(error.to_string()),
    }
}

impl NodeSource for StoreSource {
    fn read_node(&self, location: &Location) -> Result<Arc<[u8]>, TreeError> {
        self.read(location, BlobKind::Node)
    }

    fn read_value(&self, location: &Location) -> Result<Arc<[u8]>, TreeError> {
        self.read(location, BlobKind::Value)
    }
}
