//! The program: see [`sop_httpserver::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sop_httpserver::cli::main()
}
