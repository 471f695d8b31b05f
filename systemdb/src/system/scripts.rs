//! Scripts with their versions.
//!
//! Always: a version, once saved, is never changed; saving what is there already makes no version; a deleted script has a
//! last version that says so, unless its versions went too.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sop::Transaction;

use super::{Result, SCRIPTS, ScriptKey, System, SystemError};
use crate::script::{
    DEFAULT_CATEGORY, Difference, Fault, Parameter, Script, content_hash, difference, name_fault,
    split_reference,
};

/// A version as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub script: Value,
    pub hash: String,
    pub author: String,
    pub saved: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Whether the product brought it along.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub built_in: bool,
}

/// The part of a row that tells which program it is.
#[derive(Deserialize)]
struct Head {
    hash: String,
    #[serde(default)]
    deleted: bool,
}

/// How a script is saved.
#[derive(Clone, Debug, Default)]
pub struct Save {
    /// Who does.
    pub author: String,
    /// What is new in it.
    pub note: String,
    /// The version that the author began from; 0 says that there must be none.
    pub expected: Option<u64>,
}

/// A saved version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// Its number.
    pub version: u64,
    /// Whether it differs from the one before.
    pub changed: bool,
}

/// A script in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScriptInfo {
    /// Its category.
    pub category: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What a run takes.
    pub parameters: Vec<Parameter>,
    /// How many steps it has, nested ones apart.
    pub steps: usize,
    /// Its newest version.
    pub version: u64,
    /// Who saved that.
    pub author: String,
    /// When.
    pub saved: String,
    /// Whether the product brought it along and nobody changed it.
    pub built_in: bool,
}

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionInfo {
    /// Its number.
    pub version: u64,
    /// Who saved it.
    pub author: String,
    /// When.
    pub saved: String,
    /// What was new in it.
    pub note: String,
    /// Whether it says that the script was deleted.
    pub deleted: bool,
}

/// A script with what is known of its version.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredScript {
    /// About it.
    pub info: ScriptInfo,
    /// It.
    pub script: Script,
    /// The hash of its content.
    pub hash: String,
}

fn key(category: &str, name: &str, version: u64) -> ScriptKey {
    ScriptKey {
        category: category.to_owned(),
        name: name.to_owned(),
        version,
    }
}

/// The newest version of a script, deleted or not.
fn newest<V: serde::de::DeserializeOwned>(
    tx: &Transaction,
    category: &str,
    name: &str,
) -> Result<Option<(u64, V)>> {
    let store = tx.store::<ScriptKey, V>(SCRIPTS)?;
    let newest = store.prefix(&(category, name))?.next_back().transpose()?;
    Ok(newest.map(|(key, row)| (key.version, row)))
}

fn stored(version: u64, row: Row) -> Result<StoredScript> {
    let script = Script::from_json(&row.script).map_err(SystemError::Invalid)?;
    let info = ScriptInfo {
        category: script.category.clone(),
        name: script.name.clone(),
        description: script.description.clone(),
        parameters: script.parameters.clone(),
        steps: script.steps.len(),
        version,
        author: row.author,
        saved: row.saved,
        built_in: row.built_in,
    };
    Ok(StoredScript {
        info,
        script,
        hash: row.hash,
    })
}

impl System {
    /// Saves a script as a new version. Whether it is right is [`check`](crate::script::check)'s to say.
    ///
    /// # Errors
    /// [`SystemError::Changed`] when the newest version is not the expected one.
    pub fn save_script(&self, script: &Script, save: &Save) -> Result<Saved> {
        let faults: Vec<Fault> = [("/name", &script.name), ("/category", &script.category)]
            .into_iter()
            .filter_map(|(at, name)| Some(Fault::new(at, "invalid_name", name_fault(name)?)))
            .collect();
        if !faults.is_empty() {
            return Err(SystemError::Invalid(faults));
        }
        self.write(|tx| self.save_in(tx, script, save, false))
    }

    pub(super) fn save_in(
        &self,
        tx: &Transaction,
        script: &Script,
        save: &Save,
        built_in: bool,
    ) -> Result<Saved> {
        let (category, name) = (&script.category, &script.name);
        let there = newest::<Head>(tx, category, name)?;
        let live = there.as_ref().filter(|(_, head)| !head.deleted);
        let found = live.map_or(0, |(version, _)| *version);
        if let Some(expected) = save.expected.filter(|expected| *expected != found) {
            return Err(SystemError::Changed {
                what: "script",
                name: script.reference(),
                expected,
                found,
            });
        }
        let hash = content_hash(script);
        if let Some((version, _)) = live.filter(|(_, head)| head.hash == hash) {
            let version = *version;
            return Ok(Saved {
                version,
                changed: false,
            });
        }
        let version = there.map_or(1, |(version, _)| version + 1);
        let row = Row {
            script: script.to_json(),
            hash,
            author: save.author.clone(),
            saved: self.now(),
            note: save.note.clone(),
            deleted: false,
            built_in,
        };
        let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
        store.insert(&key(category, name, version), &row)?;
        Ok(Saved {
            version,
            changed: true,
        })
    }

    /// The newest versions of all scripts that are not deleted, of one category if it is given.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn scripts(&self, category: Option<&str>) -> Result<Vec<ScriptInfo>> {
        self.read(|tx| {
            let mut infos = Vec::new();
            for (version, row) in newest_rows(tx, category)? {
                // One that an older program saved and this one cannot read is still listed by its name.
                if let Ok(stored) = stored(version, row) {
                    infos.push(stored.info);
                }
            }
            Ok(infos)
        })
    }

    /// A script by category and name, as its newest or another version.
    ///
    /// # Errors
    /// `script` or `version` not found.
    pub fn script(&self, category: &str, name: &str, version: Option<u64>) -> Result<StoredScript> {
        self.read(|tx| {
            let found = match version {
                None => newest::<Row>(tx, category, name)?.filter(|(_, row)| !row.deleted),
                Some(version) => {
                    let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
                    let row = store.get(&key(category, name, version))?;
                    match row {
                        Some(row) => Some((version, row)),
                        None if newest::<Head>(tx, category, name)?.is_some() => {
                            let name = format!("{category}.{name} {version}");
                            return Err(SystemError::not_found("version", &name, [""; 0]));
                        }
                        None => None,
                    }
                }
            };
            match found {
                Some((version, row)) => stored(version, row),
                None => Err(unknown(tx, &format!("{category}.{name}"))?),
            }
        })
    }

    /// The category and name that a reference means: `Category.Name`, or a name that is in the given category or in
    /// only one.
    ///
    /// # Errors
    /// Not found, or the name is in several categories.
    pub fn resolve_script(
        &self,
        reference: &str,
        category: Option<&str>,
    ) -> Result<(String, String)> {
        let default = category.unwrap_or(DEFAULT_CATEGORY);
        self.read(|tx| {
            let (wanted, name) = split_reference(reference, default);
            let exact = newest::<Head>(tx, &wanted, &name)?;
            if exact.is_some_and(|(_, head)| !head.deleted) {
                return Ok((wanted, name));
            }
            let explicit = reference.contains('.');
            let mut candidates: Vec<(String, String)> = names(tx)?
                .into_iter()
                .filter(|(there, this)| {
                    let same = this.eq_ignore_ascii_case(&name);
                    same && (!explicit || there.eq_ignore_ascii_case(&wanted))
                })
                .collect();
            match (candidates.len(), candidates.pop()) {
                (1, Some(found)) => Ok(found),
                (_, Some(last)) => {
                    candidates.push(last);
                    let candidates = candidates.iter().map(|(c, n)| format!("{c}.{n}"));
                    Err(SystemError::Ambiguous {
                        name,
                        candidates: candidates.collect(),
                    })
                }
                (_, None) => Err(unknown(tx, reference)?),
            }
        })
    }

    /// The hash of the newest version's content: what tells whether a compiled one is still right.
    ///
    /// # Errors
    /// Not found.
    pub fn script_hash(&self, category: &str, name: &str) -> Result<String> {
        self.read(|tx| match newest::<Head>(tx, category, name)? {
            Some((_, head)) if !head.deleted => Ok(head.hash),
            _ => Err(unknown(tx, &format!("{category}.{name}"))?),
        })
    }

    /// The versions of a script, the newest first; those of a deleted one too.
    ///
    /// # Errors
    /// Not found.
    pub fn script_versions(&self, category: &str, name: &str) -> Result<Vec<VersionInfo>> {
        self.read(|tx| {
            let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
            let mut versions = Vec::new();
            for item in store.prefix(&(category, name))?.rev() {
                let (key, row) = item?;
                versions.push(VersionInfo {
                    version: key.version,
                    author: row.author,
                    saved: row.saved,
                    note: row.note,
                    deleted: row.deleted,
                });
            }
            match versions.is_empty() {
                true => Err(unknown(tx, &format!("{category}.{name}"))?),
                false => Ok(versions),
            }
        })
    }

    /// What differs between two versions.
    ///
    /// # Errors
    /// Not found.
    pub fn script_difference(
        &self,
        category: &str,
        name: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<Difference>> {
        let before = self.script(category, name, Some(from))?;
        let after = self.script(category, name, Some(to))?;
        Ok(difference(
            &before.script.to_json(),
            &after.script.to_json(),
        ))
    }

    /// Saves an old version as the newest.
    ///
    /// # Errors
    /// Not found.
    pub fn restore_script(
        &self,
        category: &str,
        name: &str,
        version: u64,
        author: &str,
    ) -> Result<Saved> {
        let old = self.script(category, name, Some(version))?;
        let save = Save {
            author: author.to_owned(),
            note: format!("version {version} again"),
            expected: None,
        };
        self.save_script(&old.script, &save)
    }

    /// Deletes a script; its versions are kept for [`System::restore_script`] unless they are to go too.
    ///
    /// # Errors
    /// Not found.
    pub fn delete_script(
        &self,
        category: &str,
        name: &str,
        keep_versions: bool,
        author: &str,
    ) -> Result<()> {
        self.write(|tx| {
            let Some((version, mut row)) = newest::<Row>(tx, category, name)? else {
                return Err(unknown(tx, &format!("{category}.{name}"))?);
            };
            let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
            if !keep_versions && !row.built_in {
                let keys: Vec<ScriptKey> = store
                    .prefix(&(category, name))?
                    .map(|item| item.map(|(key, _)| key))
                    .collect::<sop::Result<_>>()?;
                for key in &keys {
                    store.remove(key)?;
                }
                return Ok(());
            }
            if row.deleted {
                return Err(unknown(tx, &format!("{category}.{name}"))?);
            }
            // What the product brought along would come back without a trace of the deletion.
            author.clone_into(&mut row.author);
            row.saved = self.now();
            row.note = "deleted".to_owned();
            row.deleted = true;
            row.built_in = false;
            store.insert(&key(category, name, version + 1), &row)?;
            Ok(())
        })
    }
}

/// Newest rows of scripts that are not deleted, in the order of their names.
fn newest_rows(tx: &Transaction, category: Option<&str>) -> Result<Vec<(u64, Row)>> {
    let store = tx.store::<ScriptKey, Row>(SCRIPTS)?;
    let items = match category {
        Some(category) => store.prefix(&(category,))?,
        None => store.iter(),
    };
    let mut rows: Vec<(ScriptKey, Row)> = Vec::new();
    for item in items {
        let (key, row) = item?;
        match rows.last_mut() {
            Some((last, newest)) if last.category == key.category && last.name == key.name => {
                last.version = key.version;
                *newest = row;
            }
            _ => rows.push((key, row)),
        }
    }
    rows.retain(|(_, row)| !row.deleted);
    Ok(rows
        .into_iter()
        .map(|(key, row)| (key.version, row))
        .collect())
}

/// Categories and names of the scripts that are not deleted.
fn names(tx: &Transaction) -> Result<Vec<(String, String)>> {
    let store = tx.store::<ScriptKey, Head>(SCRIPTS)?;
    let mut names: Vec<(ScriptKey, bool)> = Vec::new();
    for item in &store {
        let (key, head) = item?;
        match names.last_mut() {
            Some((last, deleted)) if last.category == key.category && last.name == key.name => {
                *deleted = head.deleted;
            }
            _ => names.push((key, head.deleted)),
        }
    }
    let live = names.into_iter().filter(|(_, deleted)| !deleted);
    Ok(live.map(|(key, _)| (key.category, key.name)).collect())
}

fn unknown(tx: &Transaction, reference: &str) -> Result<SystemError> {
    let known = names(tx)?;
    let whole = known
        .iter()
        .map(|(category, name)| format!("{category}.{name}"));
    let mut error = SystemError::not_found("script", reference, whole);
    if let SystemError::NotFound { suggestions, .. } = &mut error
        && suggestions.is_empty()
    {
        let name = reference.rsplit('.').next().unwrap_or(reference);
        let near = sop::nearest(name, known.iter().map(|(_, name)| name));
        let mut known = known.iter();
        suggestions.extend(near.iter().filter_map(|near| {
            let (category, name) = known.find(|(_, name)| name == near)?;
            Some(format!("{category}.{name}"))
        }));
    }
    Ok(error)
}
