//! The commands of the program. Without one it serves.
//!
//! What a command says goes to standard output, faults and the log go to standard error, and the
//! exit status is 0 only when the command did what it was asked.

mod args;
mod doctor;
mod maintain;
mod openapi;
mod query;
mod script;
mod serve;
mod transfer;
mod user;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

pub use args::{Cli, Command, ServeArgs, UserArgs, UserCommand};

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // One line a cause: what was tried, then why it failed.
            note(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Check { database }) => maintain::check(&database),
        Some(Command::Backup { database, to }) => maintain::backup(&database, &to),
        Some(Command::Import(args)) => transfer::import(&args),
        Some(Command::Export(args)) => transfer::export(&args),
        Some(Command::Query(args)) => query::run(&args),
        Some(Command::User(args)) => user::run(&args),
        Some(Command::Script(args)) => script::run(&args),
        Some(Command::Openapi) => openapi::print(),
        Some(Command::Doctor(args)) => doctor::run(&args),
    }
}

/// Writes to standard output; a reader that has gone away is no fault.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes to standard error; when nobody reads it, nothing can be done about that.
fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Starts the log on standard error. A fault anywhere becomes a line of it.
fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        anyhow::anyhow!(
            "The log level '{filter}' is not one: {error}. Use error, warn, info, debug or trace."
        )
    })?;
    // Fails only when a log was started before, as in tests.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let words = crate::watch::panic_text(info.payload());
        tracing::error!(place, "a fault in the program: {words}");
    }));
    Ok(())
}
