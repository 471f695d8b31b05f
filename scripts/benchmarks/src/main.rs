//! Measures this engine beside its peers, interleaved, and prints a table in thousands a second.
//!
//! `sop-benchmarks FOLDER [--passes N] [--large]`: FOLDER lies on the disk that is meant.

mod peer;
mod peers;
mod sop_engine;
mod works;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::peer::Open;
use crate::works::Data;

const ENGINES: [(&str, Open); 5] = [
    ("sop", sop_engine::open),
    ("redb", peers::redb),
    ("LMDB", peers::lmdb),
    ("fjall", peers::fjall),
    ("SQLite", peers::sqlite),
];

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(
        args.first()
            .context("usage: sop-benchmarks FOLDER [--passes N] [--large]")?,
    );
    let large = args.iter().any(|a| a == "--large");
    let passes = match args.iter().position(|a| a == "--passes") {
        Some(at) => args
            .get(at + 1)
            .context("--passes needs a number")?
            .parse()?,
        None => 3,
    };
    let data = Data::new(if large { 1_000_000 } else { 100_000 });
    let mut results: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    let mut names = Vec::new();
    for pass in 0..passes {
        for (column, (name, open)) in ENGINES.iter().enumerate() {
            eprintln!("pass {} of {passes}: {name}", pass + 1);
            let run = tempfile::tempdir_in(&folder)?;
            let rates = works::run(*open, run.path(), &data, large)?;
            names = rates.iter().map(|(name, _)| *name).collect();
            for (row, (_, rate)) in rates.iter().enumerate() {
                results.entry((row, column)).or_default().push(*rate);
            }
        }
    }
    println!(
        "| work, thousands a second | {} | sop to the best peer |",
        ENGINES.map(|e| e.0).join(" | ")
    );
    println!("|---|{}", "---|".repeat(ENGINES.len() + 1));
    for (row, name) in names.iter().enumerate() {
        let mut rates = Vec::new();
        for column in 0..ENGINES.len() {
            rates.push(results.get_mut(&(row, column)).map_or(0.0, |r| median(r)));
        }
        let best = rates[1..].iter().copied().fold(0.0, f64::max);
        let cells: Vec<String> = rates
            .iter()
            .map(|r| {
                if *r < 100.0 {
                    format!("{r:.1}")
                } else {
                    format!("{r:.0}")
                }
            })
            .collect();
        println!(
            "| {name} | {} | {:.2} |",
            cells.join(" | "),
            rates[0] / best
        );
    }
    Ok(())
}
