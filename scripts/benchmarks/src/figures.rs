//! Figures of a run, what the system says of this process, and tables of both.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

/// Figures of one engine by work, in the order they were measured.
#[derive(Default)]
pub struct Figures(Vec<(String, f64)>);

impl Figures {
    pub fn put(&mut self, work: impl Into<String>, figure: f64) {
        self.0.push((work.into(), figure));
    }

    /// One line a figure, as [`Figures::parse`] reads it.
    pub fn print(&self) {
        for (work, figure) in &self.0 {
            println!("{work}\t{figure}");
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(|line| {
            let (work, figure) = line.split_once('\t').context("a line without a figure")?;
            Ok((work.to_owned(), figure.parse()?))
        });
        Ok(Self(lines.collect::<Result<_>>()?))
    }
}

/// Figures of all engines over all passes.
#[derive(Default)]
pub struct Table {
    works: Vec<String>,
    figures: BTreeMap<(String, usize), Vec<f64>>,
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn text(figure: Option<f64>) -> String {
    match figure {
        None => "-".to_owned(),
        Some(figure) if figure >= 1_000.0 => {
            let n = figure.round() as u64;
            format!("{},{:03}", n / 1_000, n % 1_000)
        }
        Some(figure) if figure >= 100.0 => format!("{figure:.0}"),
        Some(figure) if figure >= 1.0 => format!("{figure:.1}"),
        Some(figure) => format!("{figure:.2}"),
    }
}

/// Whether less is better.
fn is_cost(work: &str) -> bool {
    [", ms", ", MB", "per byte"]
        .iter()
        .any(|unit| work.contains(unit))
}

impl Table {
    pub fn add(&mut self, engine: usize, figures: Figures) {
        for (work, figure) in figures.0 {
            if !self.works.contains(&work) {
                self.works.push(work.clone());
            }
            self.figures.entry((work, engine)).or_default().push(figure);
        }
    }

    /// Markdown. The first engine is compared with the best of those that are peers.
    pub fn markdown(&self, engines: &[(&str, bool)]) -> String {
        let mut out = String::from("| thousands a second, unless it says otherwise |");
        for (name, _) in engines {
            let _ = write!(out, " {name} |");
        }
        out += " to the best peer |\n|---|";
        out += &"---|".repeat(engines.len() + 1);
        out.push('\n');
        for work in &self.works {
            let _ = write!(out, "| {work} |");
            let figure = |engine: usize| {
                let values = self.figures.get(&(work.clone(), engine))?;
                median(values)
            };
            for engine in 0..engines.len() {
                let _ = write!(out, " {} |", text(figure(engine)));
            }
            let peers = (1..engines.len())
                .filter(|e| engines[*e].1)
                .filter_map(figure);
            let best = if is_cost(work) {
                peers.min_by(f64::total_cmp)
            } else {
                peers.max_by(f64::total_cmp)
            };
            let ratio = figure(0).zip(best).map(|(own, best)| own / best);
            let _ = writeln!(
                out,
                " {} |",
                ratio.map_or("-".to_owned(), |r| format!("{r:.2}"))
            );
        }
        out
    }
}

/// Bytes that the files of a folder take on the disk.
pub fn allocated_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            allocated_bytes(&entry.path())?
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}

/// A number that the kernel tells of this process.
fn proc_number(file: &str, name: &str) -> Result<u64> {
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find_map(|l| l.strip_prefix(name));
    let number = line.and_then(|l| l.split_whitespace().next());
    Ok(number
        .with_context(|| format!("{name} in {file}"))?
        .parse()?)
}

/// Bytes that this process had written to disks.
pub fn written_bytes() -> Result<u64> {
    proc_number("/proc/self/io", "write_bytes:")
}

/// The most memory this process ever had, and has now, in MB.
pub fn resident_mb() -> Result<(f64, f64)> {
    let mb = |name| proc_number("/proc/self/status", name).map(|kb| kb as f64 * 1_024.0 / 1e6);
    Ok((mb("VmHWM:")?, mb("VmRSS:")?))
}
