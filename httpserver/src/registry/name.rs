//! Names of databases.

use crate::error::{ApiError, ApiResult, Code};

/// Longest name.
const MAX_LENGTH: usize = 64;

/// Checks a name: letters, digits, `_` and `-`, at most 64, so that it is a safe folder name
/// everywhere and needs no escaping in an address.
///
/// # Errors
/// `invalid_name`, with what is allowed.
pub fn check_name(name: &str) -> ApiResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.len() <= MAX_LENGTH && name.chars().all(allowed) {
        return Ok(());
    }
    let detail = format!(
        "A database name has 1 to {MAX_LENGTH} letters (A to Z), digits, '_' or '-', such as 'shop' or 'sales-2024'."
    );
    Err(ApiError::new(Code::InvalidName, detail.clone()).at("/name", detail))
}

/// The nearest allowed name to any text.
pub(super) fn from_text(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(MAX_LENGTH - 4)
        .collect();
    if name.is_empty() {
        "database".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_allowed() {
        for name in ["shop", "Sales-2024", "a_b", &"x".repeat(64)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a b",
            "ä",
            "a\0",
            "a.b",
            &"x".repeat(65),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name(&from_text("my data.v2 ü")).is_ok());
        assert!(check_name(&from_text("")).is_ok());
    }
}
