//! Filters of the templates.

use std::fmt::Write as _;

use askama::Values;

use crate::cells;

/// A count with separators: `15,607`.
#[askama::filter_fn]
pub fn grouped(number: &u64, _: &dyn Values) -> askama::Result<String> {
    Ok(cells::grouped(*number))
}

/// A part of a path: everything but letters, digits and `-._~` is escaped.
#[askama::filter_fn]
pub fn urlencode_strict(text: &str, _: &dyn Values) -> askama::Result<String> {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").map_err(|_| askama::Error::Fmt)?;
        }
    }
    Ok(escaped)
}
