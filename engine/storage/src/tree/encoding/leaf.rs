//! Stored leaves.

use std::sync::Arc;

use super::column::{Reader, put, width_for};
use super::{Decoded, FORMAT, MAGIC};
use crate::blob::{LOCATION_BYTES, Location};
use crate::tree::config::MAX_KEY_BYTES;
use crate::tree::error::{Result, TreeError};
use crate::tree::page::{ENTRY_HEADER, Page, PageValue};
use crate::tree::value::ValueHandle;

/// Bytes before the prefix.
const HEADER: usize = 24;
/// No page is larger in memory than this; a node that says otherwise is damaged.
const PAGE_LIMIT: usize = 64 << 20;

/// The stored form of a page with items; `places` says where its separate values are, in the order of the items.
pub(crate) fn encode_leaf(page: &Page, places: &[Location]) -> Result<Vec<u8>> {
    let count = page.len();
    let prefix = page.prefix_len();
    let mut longest = [0_u64; 2];
    let mut versions = (u64::MAX, 0);
    for at in 0..count {
        longest[0] = longest[0].max((page.key(at).len() - prefix) as u64);
        if let PageValue::Inline(bytes) = page.value(at) {
            longest[1] = longest[1].max(bytes.len() as u64);
        }
        versions.0 = versions.0.min(page.version(at));
        versions.1 = versions.1.max(page.version(at));
    }
    let base = versions.0.min(versions.1);
    let key_width = width_for(longest[0]);
    let value_width = width_for(longest[1]);
    let version_width = width_for(versions.1 - base);

    let mut out = Vec::with_capacity(HEADER + prefix + page.live());
    out.extend_from_slice(&[MAGIC, FORMAT, 0, key_width, value_width, version_width]);
    put(&mut out, prefix as u64, 2);
    put(&mut out, count as u64, 4);
    put(&mut out, page.separate().count() as u64, 4);
    put(&mut out, base, 8);
    if count > 0 {
        out.extend_from_slice(&page.key(0)[..prefix]);
    }
    for at in 0..count {
        put(&mut out, (page.key(at).len() - prefix) as u64, key_width);
    }
    for at in 0..count {
        let len = match page.value(at) {
            PageValue::Inline(bytes) => bytes.len() as u64,
            PageValue::Separate(_) => 0,
        };
        put(&mut out, len, value_width);
    }
    for at in 0..count {
        put(&mut out, page.version(at) - base, version_width);
    }
    let mut places = places.iter();
    for at in 0..count {
        if let PageValue::Separate(handle) = page.value(at) {
            let location = places.next().ok_or(TreeError::Invariant(
                "separate values are stored before their page",
            ))?;
            put(&mut out, at as u64, 4);
            put(&mut out, handle.len(), 8);
            out.extend_from_slice(&location.encode());
        }
    }
    for at in 0..count {
        out.extend_from_slice(&page.key(at)[prefix..]);
    }
    for at in 0..count {
        if let PageValue::Inline(bytes) = page.value(at) {
            out.extend_from_slice(bytes);
        }
    }
    Ok(out)
}

/// Reads a page back.
pub(crate) fn decode_leaf(bytes: &[u8]) -> Decoded<Page> {
    let mut reader = Reader::new(bytes);
    let &[magic, format, level, key_width, value_width, version_width] =
        reader.take(6, "header")?
    else {
        return Err("header is cut short".into());
    };
    if (magic, format, level) != (MAGIC, FORMAT, 0) {
        return Err(format!(
            "not a leaf: magic {magic:#04x}, format {format}, level {level}"
        ));
    }
    let prefix_len = reader.number(2, "prefix length")? as usize;
    let count = reader.number(4, "item count")? as usize;
    let apart = reader.number(4, "separate count")? as usize;
    let base = reader.number(8, "version base")?;
    if count == 0 {
        return Err("leaf without items".into());
    }
    // Each item but one needs at least one key byte, so the rest limits the count before anything
    // of that size is allocated.
    if count - 1 > bytes.len() {
        return Err(format!("{count} items do not fit in {} bytes", bytes.len()));
    }
    let prefix = reader.take(prefix_len, "prefix")?;
    let key_lens = reader.column(count, key_width, "key lengths")?;
    let value_lens = reader.column(count, value_width, "value lengths")?;
    let versions = reader.column(count, version_width, "versions")?;
    let mut apart = decode_separate(&mut reader, apart, count)?
        .into_iter()
        .peekable();
    let key_bytes = key_lens.sum(count);
    let value_bytes = value_lens.sum(count);
    let mut keys = Reader::new(reader.take(to_len(key_bytes)?, "keys")?);
    let mut values = Reader::new(reader.take(to_len(value_bytes)?, "values")?);
    reader.end()?;

    let size = (prefix_len + ENTRY_HEADER) * count + 4 * apart.len();
    let size = to_len(key_bytes.saturating_add(value_bytes))?.saturating_add(size);
    if size > PAGE_LIMIT {
        return Err(format!("page of {size} bytes is too large"));
    }
    let mut page = Page::with_capacity(count, size);
    let mut key = Vec::with_capacity(prefix_len + 64);
    let mut before: &[u8] = &[];
    for at in 0..count {
        let suffix = keys.take(key_lens.get(at) as usize, "key")?;
        if at > 0 && before >= suffix {
            return Err(format!("keys {} and {at} are not ascending", at - 1));
        }
        before = suffix;
        if prefix_len + suffix.len() > MAX_KEY_BYTES {
            return Err(format!("key {at} is too long"));
        }
        key.clear();
        key.extend_from_slice(prefix);
        key.extend_from_slice(suffix);
        let Some(version) = base.checked_add(versions.get(at)) else {
            return Err(format!("version of item {at} is out of range"));
        };
        let value_len = value_lens.get(at) as usize;
        if let Some((_, handle)) = apart.next_if(|(index, _)| *index == at) {
            if value_len != 0 {
                return Err(format!("item {at} has a value here and apart"));
            }
            page.push(&key, version, &PageValue::Separate(&handle));
        } else {
            let value = values.take(value_len, "value")?;
            page.push(&key, version, &PageValue::Inline(value));
        }
    }
    page.finish();
    Ok(page)
}

fn to_len(bytes: u64) -> Decoded<usize> {
    usize::try_from(bytes).map_err(|_| format!("{bytes} bytes do not fit in memory"))
}

/// The values kept apart: index of the item and handle, ascending.
fn decode_separate(
    reader: &mut Reader<'_>,
    apart: usize,
    count: usize,
) -> Decoded<Vec<(usize, Arc<ValueHandle>)>> {
    if apart > count {
        return Err(format!("{apart} separate values for {count} items"));
    }
    let mut out: Vec<(usize, Arc<ValueHandle>)> = Vec::with_capacity(apart);
    for _ in 0..apart {
        let index = reader.number(4, "separate index")? as usize;
        let len = reader.number(8, "separate length")?;
        let mut raw = [0; LOCATION_BYTES];
        raw.copy_from_slice(reader.take(LOCATION_BYTES, "separate location")?);
        if index >= count || out.last().is_some_and(|(last, _)| *last >= index) {
            return Err(format!("separate value at impossible item {index}"));
        }
        let handle = ValueHandle::stored(Location::decode(&raw), len);
        out.push((index, Arc::new(handle)));
    }
    Ok(out)
}
