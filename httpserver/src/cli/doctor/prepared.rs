//! Prepared transactions that wait for the decision of their coordinator.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sop::PreparedInfo;
use sop::options_file::OPTIONS_FILE;

use super::super::maintain::open_to_read;
use super::Finding;
use crate::config::Config;

/// What holds keys until its coordinator decides, in every database that would be served.
pub(super) fn prepared(config: &Config) -> Finding {
    let mut waiting = Vec::new();
    let mut closed = Vec::new();
    for folder in databases(config) {
        match open_to_read(&folder) {
            Ok(db) => {
                let found = db.prepared();
                waiting.extend(found.iter().map(|one| describe(one, &folder)));
            }
            Err(error) => closed.push(format!("{error:#}")),
        }
    }
    if !closed.is_empty() {
        return Finding::Warning(format!("cannot be listed: {}", closed.join("; ")));
    }
    if waiting.is_empty() {
        return Finding::Good("none waits for a decision".to_owned());
    }
    Finding::Warning(format!(
        "{} for a decision and keep others from what they hold: {}",
        if waiting.len() == 1 {
            "one waits".to_owned()
        } else {
            format!("{} wait", waiting.len())
        },
        waiting.join("; ")
    ))
}

fn databases(config: &Config) -> Vec<PathBuf> {
    let inside = fs::read_dir(&config.data).into_iter().flatten();
    let mut folders: Vec<PathBuf> = inside
        .filter_map(|entry| Some(entry.ok()?.path()))
        .chain(config.databases.iter().cloned())
        .filter(|folder| folder.join(OPTIONS_FILE).exists())
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

fn describe(one: &PreparedInfo, folder: &Path) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = now.map_or(0, |since| since.as_millis() as u64);
    let left = match one.expires_at_ms.saturating_sub(now_ms) {
        0 => "its time is over".to_owned(),
        ms => format!("rolled back in {} min", ms.div_ceil(60_000)),
    };
    format!(
        "'{}' in {} ({} items of {}, {left})",
        one.id,
        folder.display(),
        one.items,
        one.stores.join(", ")
    )
}
