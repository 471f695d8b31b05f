//! Prints the description of the interface.

use std::process::ExitCode;

use super::say;

/// The same document that the server serves.
pub(super) fn print() -> anyhow::Result<ExitCode> {
    let document = crate::api::router().into_openapi();
    say(&format!("{}\n", document.to_pretty_json()?))?;
    Ok(ExitCode::SUCCESS)
}
