//! The handle of a leaf: its page when in memory, its location when stored.
//!
//! Always: a leaf without a location has its page in memory and is unknown to the cache. A leaf with a
//! location may lose its page at any time; readers keep the page they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use prefetch_index::prefetch_index;

use super::Location;
use super::cache::{Charge, Evictable, NodeCache};
use super::context::TreeContext;
use super::encoding;
use super::error::{Result, TreeError};
use super::page::Page;
use super::place::LocationCell;

/// A leaf of the tree.
pub(crate) struct LeafHandle {
    pub location: LocationCell,
    hot: AtomicBool,
    slot: RwLock<Resident>,
}

/// A page in memory, which stays there while this is held.
pub(crate) type LoadedPage<'a> = MappedRwLockReadGuard<'a, Page>;

#[derive(Default)]
struct Resident {
    page: Option<Page>,
    charge: Option<Charge>,
}

impl LeafHandle {
    /// A leaf that is not stored yet.
    pub fn new(page: Page, context: &TreeContext) -> Self {
        let charge = context.cache().charge_dirty(page.memory() as u64);
        Self {
            location: LocationCell::new(),
            hot: AtomicBool::new(false),
            slot: RwLock::new(Resident {
                page: Some(page),
                charge: Some(charge),
            }),
        }
    }

    /// A stored leaf, not loaded.
    pub fn stored(location: Location) -> Self {
        Self {
            location: LocationCell::stored(location),
            hot: AtomicBool::new(false),
            slot: RwLock::default(),
        }
    }

    /// The page, loaded if need be.
    #[inline]
    pub fn page(self: &Arc<Self>, context: &TreeContext) -> Result<Page> {
        self.with(context, Page::clone)
    }

    /// Looks into the page, loaded if need be. Cheaper than [`page`](Self::page); `look` must not wait for
    /// anything, as the leaf is locked meanwhile.
    #[inline]
    pub fn with<T>(
        self: &Arc<Self>,
        context: &TreeContext,
        look: impl FnOnce(&Page) -> T,
    ) -> Result<T> {
        if let Some(page) = &self.slot.read().page {
            self.used(context);
            return Ok(look(page));
        }
        Ok(look(&self.load(context)?))
    }

    /// The page if it is in memory, to be looked into as by [`with`](Self::with). Several may be held together, the same
    /// one too.
    #[inline]
    pub fn loaded_page(&self, context: &TreeContext) -> Option<LoadedPage<'_>> {
        let slot = self.slot.read_recursive();
        let page = RwLockReadGuard::try_map(slot, |slot| slot.page.as_ref()).ok()?;
        self.used(context);
        Some(page)
    }

    #[inline]
    fn used(&self, context: &TreeContext) {
        if !self.hot.load(Relaxed) {
            self.hot.store(true, Relaxed);
        }
        context.cache().hit(std::ptr::from_ref(self) as usize >> 6);
    }

    /// Asks for the memory of the handle.
    #[inline]
    pub fn fetch(&self) {
        prefetch_index(std::slice::from_ref(&self.slot), 0);
    }

    /// Looks into the page if it is in memory, as if nobody had.
    #[inline]
    pub fn peek<T>(&self, look: impl FnOnce(&Page) -> T) -> Option<T> {
        self.slot.read().page.as_ref().map(look)
    }

    #[cold]
    fn load(self: &Arc<Self>, context: &TreeContext) -> Result<Page> {
        let page = self.read(context)?;
        let mut slot = self.slot.write();
        if let Some(there) = &slot.page {
            return Ok(there.clone());
        }
        *slot = Resident {
            page: Some(page.clone()),
            charge: Some(context.cache().charge(page.memory() as u64)),
        };
        drop(slot);
        context.cache().missed();
        context.cache().admit(Evictable::Leaf(Arc::downgrade(self)));
        Ok(page)
    }

    /// Reads the stored page, whatever is in memory.
    pub fn read(&self, context: &TreeContext) -> Result<Page> {
        let location = self.location.get().ok_or(TreeError::Invariant(
            "a leaf that is not stored must be in memory",
        ))?;
        let bytes = context.read_node(&location)?;
        encoding::decode_leaf(&bytes).map_err(|detail| TreeError::corrupt(location, detail))
    }

    /// The page if it is in memory.
    pub fn loaded(&self) -> Option<Page> {
        self.peek(Page::clone)
    }

    /// Leaves the page of this stored leaf to the cache.
    pub fn release(self: &Arc<Self>, cache: &Arc<NodeCache>) {
        let mut slot = self.slot.write();
        if let Some(page) = &slot.page
            && slot.charge.as_ref().is_none_or(Charge::is_dirty)
        {
            slot.charge = Some(cache.charge(page.memory() as u64));
            drop(slot);
            cache.admit(Evictable::Leaf(Arc::downgrade(self)));
        }
    }

    /// Whether it was used since this was asked last.
    pub fn cool(&self) -> bool {
        self.hot.swap(false, Relaxed)
    }

    /// Drops the page from memory if it can be loaded again. False when someone is busy with it.
    pub fn evict(&self) -> bool {
        let Some(mut slot) = self.slot.try_write() else {
            return false;
        };
        if self.location.get().is_some() {
            *slot = Resident::default();
        }
        true
    }

    /// The page of `leaf` for changing: in place when nobody else holds the leaf, else of a copy that
    /// takes the place of `leaf`. The leaf is new afterwards.
    pub fn own<'a>(leaf: &'a mut Arc<Self>, context: &TreeContext) -> Result<&'a mut Page> {
        // The cache knows only stored leaves, so a new one has no weak references.
        let ready = Arc::get_mut(leaf).is_some_and(|own| own.location.get().is_none());
        if !ready {
            let page = leaf.page(context)?;
            *leaf = Arc::new(Self::new(page, context));
        }
        let page = Arc::get_mut(leaf).and_then(|own| {
            own.location.renew();
            let slot = own.slot.get_mut();
            if let (Some(page), Some(charge)) = (&slot.page, &mut slot.charge) {
                charge.resize(page.memory() as u64);
            }
            slot.page.as_mut()
        });
        let Some(page) = page else {
            return Err(TreeError::Invariant("an owned leaf has a page"));
        };
        if page.is_shared() {
            context.counters.page_copied();
        }
        Ok(page)
    }
}
