//! The words of the pages that the server renders: each text of the page's catalogue (`strings/en`) as a constant, and a way
//! to put values into them.
//!
//! The catalogue is one for templates and scripts; what a template asks for and is not there does not compile.

#[expect(dead_code, reason = "most texts are shown by the page's scripts")]
mod table {
    include!(concat!(env!("OUT_DIR"), "/strings_table.rs"));
}

pub(crate) use table::*;

/// A text with a value in its place `{name}`.
pub(crate) fn filled(text: &str, name: &str, value: &str) -> String {
    text.replacen(format!("{{{name}}}").as_str(), value, 1)
}

/// What stands before and after the place `{name}` of a text; a text without it is all before.
pub(crate) fn around<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    text.split_once(format!("{{{name}}}").as_str())
        .unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_in_its_place() {
        assert_eq!(filled("{name}: account", "name", "Ada"), "Ada: account");
        assert_eq!(filled("no place", "name", "Ada"), "no place");
        assert_eq!(around("{rows} of {total}", "total"), ("{rows} of ", ""));
    }
}
