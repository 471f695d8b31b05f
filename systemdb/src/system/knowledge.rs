//! Knowledge: short texts by category and name that a person approved, found by the names in a question.
//!
//! Always: what is looked up for an answer is approved, and the same question finds the same entries in the same order.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EntryKey, KNOWLEDGE, Result, System, SystemError};
use crate::script::name_fault;

/// Longest text of an entry.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// Whether an entry may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnowledgeStatus {
    /// Somebody or something thinks so.
    #[default]
    Proposed,
    /// A person said that it is so.
    Approved,
}

/// What is known about something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What is known.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// Whether it may be used.
    pub status: KnowledgeStatus,
    /// When it was written.
    #[serde(default)]
    pub updated: String,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Other names under which it is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Why it was proposed, and from which turn of which session.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub source: Value,
    /// The hash of the product's own text, as long as nobody changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// Whether a person took the product's own entry away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Knowledge {
    /// Its category: `product`, a store, a subject.
    pub category: String,
    /// Its name in the category.
    pub name: String,
    /// What is known.
    #[serde(flatten)]
    pub entry: Entry,
}

fn key(category: &str, name: &str) -> EntryKey {
    EntryKey {
        category: category.to_owned(),
        name: name.to_owned(),
    }
}

impl System {
    /// Writes an entry; `updated` is set here.
    ///
    /// # Errors
    /// A name or a text that cannot be one.
    pub fn put_knowledge(&self, category: &str, name: &str, entry: &Entry) -> Result<Entry> {
        for (at, text) in [("/category", category), ("/name", name)] {
            if let Some(fault) = name_fault(text) {
                return Err(SystemError::invalid(at, fault));
            }
        }
        if entry.text.trim().is_empty() || entry.text.len() > MAX_TEXT_BYTES {
            let message = format!("the text has 1 to {MAX_TEXT_BYTES} bytes");
            return Err(SystemError::invalid("/text", message));
        }
        let entry = Entry {
            updated: self.now(),
            seed: None,
            removed: false,
            ..entry.clone()
        };
        self.write(|tx| {
            let store = tx.store::<EntryKey, Entry>(KNOWLEDGE)?;
            store.upsert(&key(category, name), &entry)?;
            Ok(())
        })?;
        Ok(entry)
    }

    /// Writes an entry that a person is to approve; false when there is one that a person approved, which stays.
    ///
    /// # Errors
    /// As [`System::put_knowledge`].
    pub fn propose_knowledge(&self, category: &str, name: &str, entry: &Entry) -> Result<bool> {
        if let Ok(there) = self.knowledge(category, name)
            && there.status == KnowledgeStatus::Approved
        {
            return Ok(false);
        }
        let proposed = Entry {
            status: KnowledgeStatus::Proposed,
            approved_by: None,
            ..entry.clone()
        };
        self.put_knowledge(category, name, &proposed)?;
        Ok(true)
    }

    /// An entry.
    ///
    /// # Errors
    /// Not found.
    pub fn knowledge(&self, category: &str, name: &str) -> Result<Entry> {
        let all = self.all_knowledge(None)?;
        let found = all
            .iter()
            .find(|there| there.category == category && there.name == name);
        match found {
            Some(found) => Ok(found.entry.clone()),
            None => {
                let known = all
                    .iter()
                    .map(|there| format!("{}/{}", there.category, there.name));
                Err(SystemError::not_found(
                    "knowledge",
                    &format!("{category}/{name}"),
                    known,
                ))
            }
        }
    }

    /// All entries, of one category if it is given, in the order of their names.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn all_knowledge(&self, category: Option<&str>) -> Result<Vec<Knowledge>> {
        self.read(|tx| {
            let store = tx.store::<EntryKey, Entry>(KNOWLEDGE)?;
            let items = match category {
                Some(category) => store.prefix(&(category,))?,
                None => store.iter(),
            };
            let mut all = Vec::new();
            for item in items {
                let (EntryKey { category, name }, entry) = item?;
                if !entry.removed {
                    all.push(Knowledge {
                        category,
                        name,
                        entry,
                    });
                }
            }
            Ok(all)
        })
    }

    /// Says that an entry is right.
    ///
    /// # Errors
    /// Not found.
    pub fn approve_knowledge(&self, category: &str, name: &str, by: &str) -> Result<Entry> {
        let mut entry = self.knowledge(category, name)?;
        entry.status = KnowledgeStatus::Approved;
        entry.approved_by = Some(by.to_owned());
        self.put_knowledge(category, name, &entry)
    }

    /// Deletes an entry.
    ///
    /// # Errors
    /// Not found.
    pub fn delete_knowledge(&self, category: &str, name: &str) -> Result<()> {
        let entry = self.knowledge(category, name)?;
        let seeded = super::seeds::is_knowledge(category, name);
        self.write(|tx| {
            let store = tx.store::<EntryKey, Entry>(KNOWLEDGE)?;
            if seeded {
                // Otherwise it would be there again at the next start.
                let removed = Entry {
                    removed: true,
                    seed: None,
                    ..entry.clone()
                };
                store.upsert(&key(category, name), &removed)?;
            } else {
                store.remove(&key(category, name))?;
            }
            Ok(())
        })
    }

    /// The approved entries that a question is about, those with the longest names in it first: an entry is when its
    /// name, one of its other names or its category stands in the question as whole words, in the singular or plural.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn knowledge_for(&self, question: &str, limit: usize) -> Result<Vec<Knowledge>> {
        let words = words(question);
        let mut found: Vec<(usize, Knowledge)> = Vec::new();
        for known in self.all_knowledge(None)? {
            if known.entry.status != KnowledgeStatus::Approved {
                continue;
            }
            let names = known.entry.names.iter().map(String::as_str);
            let longest = names
                .chain([known.name.as_str()])
                .filter_map(|name| matched(&words, name))
                .max();
            // The category alone says less than any name.
            let score = longest
                .map(|length| length + 1)
                .or_else(|| matched(&words, &known.category).map(|_| 1));
            found.extend(score.map(|score| (score, known)));
        }
        found.sort_by(|(a, x), (b, y)| {
            let names = (&x.category, &x.name).cmp(&(&y.category, &y.name));
            b.cmp(a).then(names)
        });
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, known)| known).collect())
    }
}

/// The words of a text, in small letters and without the endings of plurals.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| stem(&word.to_lowercase()))
        .collect()
}

fn stem(word: &str) -> String {
    let shorter = match word {
        _ if word.len() < 4 => None,
        _ => word
            .strip_suffix("ies")
            .map(|stem| format!("{stem}y"))
            .or_else(|| {
                let stem = word.strip_suffix('s')?;
                (!stem.ends_with('s')).then(|| stem.to_owned())
            }),
    };
    shorter.unwrap_or_else(|| word.to_owned())
}

/// How many characters of a name stand in a text, when all its words do, one after the other.
fn matched(text: &[String], name: &str) -> Option<usize> {
    let name = words(name);
    let found = !name.is_empty()
        && text
            .windows(name.len())
            .any(|window| window == name.as_slice());
    found.then(|| name.iter().map(String::len).sum())
}
