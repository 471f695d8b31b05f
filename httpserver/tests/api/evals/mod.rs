//! The planner against the questions in `tests/evals`, with the rows that a statement written by hand gives.
//!
//! `scripts/eval` runs this and prints the score. `SOP_EVAL` is a part of a file's name, a kind or a question to run only
//! those and see what each was understood as.

mod data;
mod judge;
mod provider;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use data::Subject;
use judge::Verdict;
use serde::Deserialize;

/// A question, or several of one conversation, of which the last one counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eval {
    /// list, filter, count, aggregate, group, top, dates, join, follow-up, write, unanswerable.
    pub kind: String,
    /// What is asked.
    pub ask: Vec<String>,
    /// The statement whose rows, or changes, are right; several where a question can be read in several ways. None where
    /// the question can't be answered.
    #[serde(default)]
    pub sql: Expected,
}

/// One statement, or several of which any is right.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    One(String),
    Any(Vec<String>),
    #[default]
    None,
}

impl Expected {
    pub fn statements(&self) -> Vec<&str> {
        match self {
            Self::One(sql) => vec![sql],
            Self::Any(all) => all.iter().map(String::as_str).collect(),
            Self::None => Vec::new(),
        }
    }
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    counts: [usize; 4],
}

impl Score {
    fn add(&mut self, verdict: Verdict) {
        self.counts[verdict as usize] += 1;
    }

    fn all(self) -> usize {
        self.counts.iter().sum()
    }

    fn right(self) -> f64 {
        100.0 * self.counts[0] as f64 / self.all().max(1) as f64
    }

    fn row(self, name: &str) -> String {
        let [right, unsure, wrong, refused] = self.counts;
        format!(
            "| {name} | {} | {right} | {unsure} | {wrong} | {refused} | {:.0} % |\n",
            self.all(),
            self.right()
        )
    }
}

fn folder() -> std::path::PathBuf {
    let workspace = std::env::var_os("SOP_EVALS");
    workspace.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/evals"),
        Into::into,
    )
}

fn evals(file: &Path) -> Vec<Eval> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), at + 1))
    };
    lines.map(read).collect()
}

/// The questions about a database in the file whose name ends so; those that `SOP_EVAL` names, when it names some.
fn chosen(name: &str, ending: &str) -> Vec<Eval> {
    let only = std::env::var("SOP_EVAL").ok();
    let mut all = evals(&folder().join(format!("{name}.{ending}.jsonl")));
    all.retain(|eval| {
        let text = format!("{name} {} {}", eval.kind, eval.ask.join(" > "));
        only.as_ref()
            .is_none_or(|only| text.contains(only.as_str()))
    });
    all
}

/// Scores by kind, and what was not right.
#[derive(Default)]
struct Scores {
    all: Score,
    kinds: BTreeMap<String, Score>,
    told: String,
}

impl Scores {
    fn add(&mut self, name: &str, eval: &Eval, verdict: Verdict, why: &str) {
        self.all.add(verdict);
        self.kinds
            .entry(eval.kind.clone())
            .or_default()
            .add(verdict);
        if verdict != Verdict::Right || std::env::var_os("SOP_EVAL").is_some() {
            let question = eval.ask.join(" > ");
            let kind = &eval.kind;
            let _ = write!(
                self.told,
                "{verdict:?}: {name}: {question} ({kind})\n{why}\n"
            );
        }
    }

    fn report(&self, ending: &str) -> String {
        let mut table = format!(
            "\n{ending}\n| kind | questions | right | wrong, said unsure | wrong | refused | right |\n|---|---|---|---|---|---|---|\n"
        );
        for (kind, score) in &self.kinds {
            table += &score.row(kind);
        }
        table += &self.all.row("all");
        format!("{}{table}", self.told)
    }
}

/// The score of the files whose names end so, when all data was there.
fn score(ending: &str) -> Option<Score> {
    let mut scores = Scores::default();
    for name in ["chinook", "shop"] {
        let subject = Subject::open(name)?;
        for eval in chosen(name, ending) {
            let (verdict, why) = judge::judge(&subject, &eval);
            scores.add(name, &eval, verdict, &why);
        }
    }
    println!("{}", scores.report(ending));
    Some(scores.all)
}

/// What was reached and must not be lost: right in percent, and how many are wrong without a word.
fn floor(ending: &str, least: f64, most_wrong: usize) {
    let Some(score) = score(ending) else {
        return;
    };
    if std::env::var_os("SOP_EVAL").is_some() {
        return;
    }
    let [right, _, wrong, _] = score.counts;
    assert!(
        score.right() >= least,
        "{:.1} % are right ({right}), {least} % have to be",
        score.right()
    );
    assert!(wrong <= most_wrong, "{wrong} are wrong without a word");
}

#[test]
fn the_planner_answers_most_questions_and_says_so_when_it_does_not() {
    floor("open", 99.0, 0);
}

#[test]
fn questions_that_were_held_out_are_answered_too() {
    floor("held_out", 98.0, 1);
}
