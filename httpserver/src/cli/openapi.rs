//! Prints the description of the interface.

use std::process::ExitCode;

/// The same document that the server serves.
pub(super) fn print() -> anyhow::Result<ExitCode> {
    let document = crate::api::router().into_openapi();
    println!("{}", document.to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}
