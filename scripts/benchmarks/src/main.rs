//! Measures this engine beside its peers, interleaved, and prints tables.
//!
//! `sop-benchmarks FOLDER [--suite NAME]… [--passes N] [--only ENGINE,…] [--write FILE]`: FOLDER lies on the disk that is
//! meant. Each engine runs each suite in a process of its own, so that memory and bytes written are its own.

mod data;
mod figures;
mod peer;
mod peers;
mod raw;
#[cfg(feature = "rocksdb")]
mod rocks;
mod sop_engine;
mod works;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::figures::{Figures, Table, resident_mb};
use crate::peer::{Open, Settings};
use crate::works::Bench;

/// Name, how it is opened, whether it counts as a peer.
const ENGINES: &[(&str, Open, bool)] = &[
    ("sop", sop_engine::open, true),
    ("redb", peers::redb, true),
    ("LMDB", peers::lmdb, true),
    ("fjall", peers::fjall, true),
    ("SQLite", peers::sqlite, true),
    #[cfg(feature = "rocksdb")]
    ("RocksDB", rocks::open, true),
    ("raw growing", raw::growing, false),
    ("raw preallocated", raw::preallocated, false),
];

/// Suites: name, heading, engines that take part (none: all).
const SUITES: &[(&str, &str, &[&str])] = &[
    ("main", "Random u64 keys, 100,000 items", &[]),
    ("large", "Random u64 keys, 100,000 and 1,000,000 items", &[]),
    (
        "keys",
        "Other keys, 100,000 items",
        &["sop", "redb", "LMDB", "fjall", "SQLite", "RocksDB"],
    ),
    (
        "updates",
        "Random updates, 64 MiB of cache",
        &["sop", "redb", "LMDB", "fjall", "SQLite", "RocksDB"],
    ),
    (
        "memory",
        "10,000,000 items, 256 MiB of cache",
        &["sop", "redb", "fjall", "SQLite"],
    ),
    (
        "original",
        "The phases of the original's own benchmark",
        &["sop"],
    ),
];

const USAGE: &str = "usage: sop-benchmarks FOLDER [--suite NAME]... [--passes N] [--only ENGINE,...] [--write FILE]";

struct Arguments {
    folder: PathBuf,
    suites: Vec<String>,
    passes: usize,
    only: Vec<String>,
    write: Option<PathBuf>,
    child: bool,
}

fn arguments() -> Result<Arguments> {
    let mut args = std::env::args().skip(1);
    let mut parsed = Arguments {
        folder: args.next().context(USAGE)?.into(),
        suites: Vec::new(),
        passes: 3,
        only: Vec::new(),
        write: None,
        child: false,
    };
    while let Some(arg) = args.next() {
        if arg == "--child" {
            parsed.child = true;
            continue;
        }
        let value = args.next().context(USAGE)?;
        match arg.as_str() {
            "--suite" => parsed.suites.push(value),
            "--passes" => parsed.passes = value.parse()?,
            "--only" => parsed.only = value.split(',').map(str::to_owned).collect(),
            "--write" => parsed.write = Some(value.into()),
            _ => bail!(USAGE),
        }
    }
    if parsed.suites.is_empty() {
        parsed.suites.push("main".to_owned());
    }
    Ok(parsed)
}

fn run_one(engine: &str, suite: &str, folder: &Path) -> Result<()> {
    let (_, open, _) = ENGINES
        .iter()
        .find(|(name, ..)| *name == engine)
        .context("no such engine")?;
    let mut bench = Bench {
        open: *open,
        folder,
        settings: Settings::default(),
    };
    let mut out = Figures::default();
    match suite {
        "main" => bench.main(false, &mut out)?,
        "large" => bench.main(true, &mut out)?,
        "keys" => bench.keys(&mut out)?,
        "updates" => bench.updates(&mut out)?,
        "memory" => bench.memory(10_000_000, &mut out)?,
        "original" => bench.original(&mut out)?,
        _ => bail!("no such suite"),
    }
    if suite == "memory" {
        let (peak, now) = resident_mb()?;
        out.put("resident at the most, MB", peak);
        out.put("resident at the end, MB", now);
    }
    out.print();
    Ok(())
}

fn run_child(engine: &str, suite: &str, folder: &Path) -> Result<Figures> {
    let run = tempfile::tempdir_in(folder)?;
    let output = Command::new(std::env::current_exe()?)
        .arg(run.path())
        .args(["--child", "--only", engine, "--suite", suite])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(
        output.status.success(),
        "{engine}, {suite}: {}",
        output.status
    );
    Figures::parse(&String::from_utf8(output.stdout)?)
}

fn run_suite(suite: &str, args: &Arguments) -> Result<String> {
    let (_, heading, members) = SUITES
        .iter()
        .find(|(name, ..)| *name == suite)
        .context("no such suite")?;
    let engines: Vec<_> = ENGINES
        .iter()
        .filter(|(name, ..)| members.is_empty() || members.contains(name))
        .filter(|(name, ..)| args.only.is_empty() || args.only.iter().any(|o| o == name))
        .collect();
    let mut table = Table::default();
    // Works of many minutes are done once.
    let passes = match suite {
        "memory" | "updates" => 1,
        _ => args.passes,
    };
    for pass in 0..passes {
        for (column, (name, ..)) in engines.iter().enumerate() {
            eprintln!("{suite}, pass {} of {passes}: {name}", pass + 1);
            table.add(column, run_child(name, suite, &args.folder)?);
        }
    }
    let columns: Vec<_> = engines
        .iter()
        .map(|(name, _, peer)| (*name, *peer))
        .collect();
    Ok(format!("### {heading}\n\n{}\n", table.markdown(&columns)))
}

/// Replaces what stands between the two marks of a file.
fn write_between(file: &Path, text: &str) -> Result<()> {
    const MARKS: (&str, &str) = ("<!-- figures -->", "<!-- end of figures -->");
    let old = std::fs::read_to_string(file)?;
    let (before, rest) = old.split_once(MARKS.0).context("no mark for figures")?;
    let (_, after) = rest.split_once(MARKS.1).context("no mark for their end")?;
    let new = format!("{before}{}\n\n{text}{}{after}", MARKS.0, MARKS.1);
    Ok(std::fs::write(file, new)?)
}

fn main() -> Result<()> {
    let args = arguments()?;
    if let (true, [engine], [suite]) = (args.child, &args.only[..], &args.suites[..]) {
        return run_one(engine, suite, &args.folder);
    }
    let mut text = String::new();
    for suite in &args.suites {
        let table = run_suite(suite, &args)?;
        println!("{table}");
        text += &table;
    }
    match &args.write {
        Some(file) => write_between(file, &text),
        None => Ok(()),
    }
}
