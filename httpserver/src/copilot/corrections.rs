//! What is learned without being asked: a person who corrects, and a call that worked after one that did not.
//!
//! Everything found here only waits for a person's approval.

use serde_json::Value;
use sop_systemdb::tool::ToolFault;

use super::seams::KnowledgeEntry;

/// Longest text that is learned, in characters.
const LONGEST: usize = 400;
/// Words between the two sides of a correction.
const MEANS: &[&str] = &[
    " means ",
    " stands for ",
    " is short for ",
    " is the same as ",
    " refers to ",
    " is called ",
    " is actually ",
    " are actually ",
    " should be ",
    " bedeutet ",
    " heißt ",
];
/// Beginnings that say it outright.
const OUTRIGHT: &[&str] = &[
    "remember that ",
    "remember: ",
    "note that ",
    "please remember ",
    "keep in mind that ",
    "from now on ",
    "always ",
    "never ",
    "by default ",
];
/// Beginnings that are no part of what is said.
const FILLERS: &[&str] = &[
    "no, ",
    "no ",
    "actually, ",
    "actually ",
    "sorry, ",
    "wrong, ",
    "but ",
];

/// What a person's message teaches, when it does.
pub fn taught(message: &str, database: &str, source: &str) -> Option<KnowledgeEntry> {
    let message = message.trim();
    if message.ends_with('?') || message.chars().nth(LONGEST).is_some() {
        return None;
    }
    message
        .split(['\n', ';'])
        .flat_map(|line| line.split(". "))
        .find_map(|sentence| {
            let sentence = sentence.trim().trim_end_matches('.');
            let (category, name) = learned(without_fillers(sentence))?;
            Some(KnowledgeEntry {
                category: category.to_owned(),
                name,
                text: without_fillers(sentence).to_owned(),
                why: "A person said so.".to_owned(),
                database: database.to_owned(),
                source: source.to_owned(),
            })
        })
}

fn without_fillers(sentence: &str) -> &str {
    let mut rest = sentence;
    while let Some(shorter) = FILLERS.iter().find_map(|filler| after(rest, filler)) {
        rest = shorter.trim_start();
    }
    rest
}

/// The rest of a text that begins like this, whatever the case.
fn after<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    let head = text.get(..beginning.len())?;
    head.eq_ignore_ascii_case(beginning)
        .then(|| text.get(beginning.len()..))?
}

fn learned(sentence: &str) -> Option<(&'static str, String)> {
    if is_wish(sentence) {
        return None;
    }
    if let Some(rest) = OUTRIGHT
        .iter()
        .find_map(|beginning| after(sentence, beginning))
    {
        return Some(("note", name_of(rest)?));
    }
    let lower = sentence.to_ascii_lowercase();
    let (subject, words) = MEANS.iter().find_map(|means| {
        let at = lower.find(means)?;
        Some((sentence.get(..at)?, sentence.get(at + means.len()..)?))
    })?;
    let subject = after(subject, "by ").unwrap_or(subject);
    let few = subject.split_whitespace().count() <= 6;
    (few && !words.trim().is_empty())
        .then(|| name_of(subject))?
        .map(|name| ("term", name))
}

fn is_wish(sentence: &str) -> bool {
    let first = sentence.split_whitespace().next().unwrap_or_default();
    let asks = [
        "what", "which", "who", "how", "where", "when", "why", "show", "list", "find", "is", "are",
        "does", "delete", "remove", "drop", "update", "set", "change", "insert", "add", "create",
        "make", "give", "get", "count",
    ];
    asks.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// The first words as a name: lower case with hyphens.
fn name_of(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_lowercase)
        .collect();
    (!words.is_empty()).then(|| words.join("-"))
}

/// What a call that worked teaches after one that failed: the name that was suggested and then used.
pub fn got_over(
    tool: &str,
    failed: (&Value, &ToolFault),
    worked: &Value,
    database: &str,
    source: &str,
) -> Option<KnowledgeEntry> {
    let (before, fault) = failed;
    let (before, now) = (before.to_string(), worked.to_string());
    let right = fault
        .suggestions
        .iter()
        .find(|name| now.contains(*name) && !before.contains(*name))?;
    let message: String = fault.message.chars().take(LONGEST).collect();
    Some(KnowledgeEntry {
        category: "schema".to_owned(),
        name: name_of(right)?,
        text: format!("Use '{right}'. {message}"),
        why: format!(
            "A call of {tool} failed with {} and worked with this name.",
            fault.code
        ),
        database: database.to_owned(),
        source: source.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_who_corrects_is_understood() {
        for (message, category, name) in [
            ("status 1 means active", "term", "status-1"),
            (
                "No, actually GMV stands for gross merchandise value.",
                "term",
                "gmv",
            ),
            (
                "by big customers I should be clear",
                "term",
                "big-customers-i",
            ),
            (
                "Remember that totals are in cents",
                "note",
                "totals-are-in-cents",
            ),
            ("Thanks. Status 1 means active", "term", "status-1"),
        ] {
            let entry = taught(message, "d", "s/1").unwrap_or_else(|| panic!("{message}"));
            assert_eq!(
                (entry.category.as_str(), entry.name.as_str()),
                (category, name),
                "{message}"
            );
        }
        for message in [
            "what does status 1 mean?",
            "show users",
            "which status means active",
            "",
            ". .",
            "how many orders should be shipped",
            "delete the order that means nothing to the world of ours means x y",
        ] {
            assert!(taught(message, "d", "s/1").is_none(), "{message}");
        }
    }

    #[test]
    fn a_name_that_was_suggested_and_then_worked_is_learned() {
        let fault = ToolFault::new("field_not_found", "There is no field 'nam'.")
            .suggest(vec!["name".to_owned()]);
        let entry = got_over(
            "query",
            (&json!({"sql": "nam"}), &fault),
            &json!({"sql": "name"}),
            "d",
            "s/1",
        );
        // 'nam' is no part of what was learned before, 'name' is.
        assert_eq!(entry.unwrap().name, "name");
        let same = json!({"sql": "name x"});
        assert!(got_over("query", (&same, &fault), &json!({"sql": "name"}), "d", "s").is_none());
    }
}
