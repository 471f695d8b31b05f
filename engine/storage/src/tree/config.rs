//! Options of a tree and the limits that follow from them.

/// Longest key a tree accepts, in bytes: the longest encoded key and the 8 bytes of an item id.
pub const MAX_KEY_BYTES: usize = 32 * 1024 + 8;

/// Values in placement `node` longer than this are kept apart from their page, in bytes.
pub const NODE_SEPARATE_ABOVE: u32 = 32 * 1024;

/// Values in placement `segment` longer than this are kept apart from their page, in bytes.
pub const SEGMENT_SEPARATE_ABOVE: u32 = 4 * 1024;

/// No inline value may be longer than this whatever the options say, so that page offsets fit 32 bits.
const INLINE_LIMIT: u32 = 256 * 1024;

/// Options of a tree. Trees with different options can read each other's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeConfig {
    /// Most items in a stored node, 2 to 20,000. Pages split earlier when `page_items` says so.
    pub slot_length: u32,
    /// Whether a full page first gives items to a neighbour, before it splits.
    pub leaf_load_balancing: bool,
    /// Values longer than this many bytes are stored apart from the page of their key.
    pub separate_above: u32,
    /// Most items in a page whatever `slot_length` allows.
    pub page_items: u32,
    /// Most live bytes in a page that holds more than one item.
    pub page_bytes: u32,
    /// Most children of an inner node.
    pub fan_out: u32,
}

impl TreeConfig {
    /// Options for values kept with their keys (placement `node`).
    pub fn node(slot_length: u32, leaf_load_balancing: bool) -> Self {
        Self {
            slot_length,
            leaf_load_balancing,
            separate_above: NODE_SEPARATE_ABOVE,
            page_items: 128,
            page_bytes: 16 * 1024,
            fan_out: 64,
        }
    }

    /// Options for values kept apart from their keys when they are not small (placement `segment`).
    pub fn segment(slot_length: u32, leaf_load_balancing: bool) -> Self {
        Self {
            separate_above: SEGMENT_SEPARATE_ABOVE,
            ..Self::node(slot_length, leaf_load_balancing)
        }
    }

    /// The limits that the options come to. Senseless options are brought into range.
    pub(crate) fn limits(&self) -> Limits {
        let slots = self.slot_length.clamp(2, 20_000);
        Limits {
            page_items: slots.min(self.page_items.max(2)) as usize,
            page_bytes: self.page_bytes.clamp(256, 1 << 20) as usize,
            fan_out: self.fan_out.min(slots).max(4) as usize,
            separator_bytes: 32 * 1024,
            separate_above: self.separate_above.min(INLINE_LIMIT) as usize,
            balance: self.leaf_load_balancing,
        }
    }
}

impl Default for TreeConfig {
    fn default() -> Self {
        Self::node(2_000, false)
    }
}

/// Size limits of nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most items in a page.
    pub page_items: usize,
    /// Most live bytes in a page of more than one item.
    pub page_bytes: usize,
    /// Most children of an inner node, at least 4.
    pub fan_out: usize,
    /// Most separator bytes in an inner node of four or more children.
    pub separator_bytes: usize,
    /// Longest value kept in a page.
    pub separate_above: usize,
    /// Whether neighbours share items before a split.
    pub balance: bool,
}

impl Limits {
    /// Whether a page of this size has to split.
    pub fn page_over(&self, items: usize, bytes: usize) -> bool {
        items > self.page_items || (items > 1 && bytes > self.page_bytes)
    }

    /// Whether a page of this size should join a neighbour.
    pub fn page_under(&self, items: usize, bytes: usize) -> bool {
        items <= (self.page_items / 4).max(1) && bytes <= self.page_bytes / 4
    }

    /// Whether a page of this size leaves enough room to be the result of joining or balancing.
    pub fn page_roomy(&self, items: usize, bytes: usize) -> bool {
        items <= (self.page_items * 3 / 4).max(2) && bytes <= self.page_bytes * 3 / 4
    }

    /// Whether an inner node of this size has to split.
    pub fn inner_over(&self, children: usize, bytes: usize) -> bool {
        children > self.fan_out || (children >= 4 && bytes > self.separator_bytes)
    }

    /// Whether an inner node with this many children should join a neighbour.
    pub fn inner_under(&self, children: usize) -> bool {
        children < (self.fan_out / 4).max(2)
    }
}
