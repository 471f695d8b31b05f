//! The program: see [`sop_httpserver::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Streams of many threads leave no memory behind: a heap for each thread, as the usual allocator has them, kept
/// more than 100 MiB after a million rows.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    sop_httpserver::cli::main()
}
