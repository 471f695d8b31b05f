//! Commands that look after a database: verify it, copy it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use sop::{Database, OpenOptions};

use super::{note, say};
use crate::api::CheckView;

/// Verifies a database; its exit status says whether all is well.
pub(super) fn check(folder: &Path) -> anyhow::Result<ExitCode> {
    let db = open_to_read(folder)?;
    let report =
        db.check_with(&mut |store, items| note(&format!("reading '{store}', {items} items\n")))?;
    let view = CheckView::from(report);
    let clean = view.clean;
    say(&format!("{}\n", serde_json::to_string_pretty(&view)?))?;
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Copies a database.
pub(super) fn backup(folder: &Path, to: &Path) -> anyhow::Result<ExitCode> {
    let db = open_to_read(folder)?;
    db.backup(to)
        .with_context(|| format!("The copy to {} failed", to.display()))?;
    say(&format!(
        "copied to {} as of sequence {}
",
        to.display(),
        db.sequence()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Opens a database without writing a byte, also when another process has it open.
pub(super) fn open_to_read(folder: &Path) -> anyhow::Result<Database> {
    OpenOptions::new()
        .create(false)
        .read_only(true)
        .open(folder)
        .with_context(|| format!("The database {} cannot be opened", folder.display()))
}
