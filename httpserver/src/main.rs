//! The program: see [`sop_httpserver::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// The usual allocator keeps a heap for each thread, and what one thread put into the cache and another replaced stays
/// with the first: after some streams on different threads the process had taken the cache's size twice.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // A huge page stays whole while anything of it is in use: streams of a million rows took twice the memory. Where the
    // system does not know the wish, that is all that happens.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    sop_httpserver::cli::main()
}
