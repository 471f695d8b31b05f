//! What the product brings along: knowledge about itself and scripts for the demo shop.
//!
//! Always: a seed is written where nothing is, and again only where it is still as an older program wrote it.

use serde_json::Value;
use sop::Transaction;

use super::knowledge::{Entry, KnowledgeStatus};
use super::scripts::{Row, Save};
use super::{EntryKey, KNOWLEDGE, Result, SCRIPTS, ScriptKey, System};
use crate::script::{Script, content_hash};

/// Who wrote them.
const AUTHOR: &str = "SOP";
/// The category of the knowledge about the product.
const CATEGORY: &str = "product";

const KNOWLEDGE_TEXTS: [(&str, &[&str], &str); 4] = [
    (
        "sql",
        &["query", "statement", "dialect"],
        include_str!("../../seeds/knowledge/sql.md"),
    ),
    (
        "filter documents",
        &["filter", "operator"],
        include_str!("../../seeds/knowledge/filters.md"),
    ),
    (
        "scripts",
        &["script", "step", "parameter", "template"],
        include_str!("../../seeds/knowledge/scripts.md"),
    ),
    (
        "stores and keys",
        &["store", "key", "relation", "prefix"],
        include_str!("../../seeds/knowledge/stores.md"),
    ),
];

/// The scripts that are brought along, as JSON text.
pub(crate) const SCRIPT_TEXTS: [&str; 3] = [
    include_str!("../../seeds/scripts/best_customers.json"),
    include_str!("../../seeds/scripts/order_report.json"),
    include_str!("../../seeds/scripts/deactivate_user.json"),
];

/// Whether an entry is one of those brought along.
pub(super) fn is_knowledge(category: &str, name: &str) -> bool {
    category == CATEGORY && KNOWLEDGE_TEXTS.iter().any(|(there, ..)| *there == name)
}

impl System {
    /// Writes the seeds that are missing or still as they were.
    pub(super) fn plant(&self) -> Result<()> {
        self.write(|tx| {
            for (name, names, text) in KNOWLEDGE_TEXTS {
                self.plant_knowledge(tx, name, names, text)?;
            }
            for text in SCRIPT_TEXTS {
                // They are tested: one that cannot be read is left out rather than keeping a server from starting.
                let json: Value = serde_json::from_str(text).unwrap_or_default();
                if let Ok(script) = Script::from_json(&json) {
                    self.plant_script(tx, &script)?;
                }
            }
            Ok(())
        })
    }

    fn plant_knowledge(
        &self,
        tx: &Transaction,
        name: &str,
        names: &[&str],
        text: &str,
    ) -> Result<()> {
        let store = tx.store::<EntryKey, Entry>(KNOWLEDGE)?;
        let key = EntryKey {
            category: CATEGORY.to_owned(),
            name: name.to_owned(),
        };
        let seed = fingerprint(text);
        match store.get(&key)? {
            Some(there) if there.seed.is_none() || there.seed.as_ref() == Some(&seed) => {
                return Ok(());
            }
            _ => {}
        }
        let entry = Entry {
            text: text.to_owned(),
            author: AUTHOR.to_owned(),
            status: KnowledgeStatus::Approved,
            updated: self.now(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            seed: Some(seed),
            ..Entry::default()
        };
        store.upsert(&key, &entry)?;
        Ok(())
    }

    fn plant_script(&self, tx: &Transaction, script: &Script) -> Result<()> {
        let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
        let prefix = (script.category.as_str(), script.name.as_str());
        if let Some((_, newest)) = store.prefix(&prefix)?.next_back().transpose()?
            && (!newest.built_in || newest.hash == content_hash(script))
        {
            return Ok(());
        }
        let save = Save {
            author: AUTHOR.to_owned(),
            ..Save::default()
        };
        self.save_in(tx, script, &save, true)?;
        Ok(())
    }
}

/// Tells texts apart.
fn fingerprint(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
