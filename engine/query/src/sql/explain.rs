//! How a statement is run, for people and programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::table::Step;
use super::tokens::quote_name;

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanNode {
    /// Identifies it in its plan.
    pub id: i32,
    /// The step that it is a part of; none at the top.
    pub parent: Option<i32>,
    /// What is done: `seek`, `prefix`, `index`, `scan`, `hash` and `item` read a store; others are `sort`, `group`, `distinct`, `subquery`,
    /// `compound`, `step`.
    pub operator: &'static str,
    /// In a few words.
    pub detail: String,
    /// How a store is read, like `seek users[key = ?]`.
    pub access: Option<String>,
    /// Rows that were expected of each run of the step.
    pub estimated_rows: Option<f64>,
    /// Rows that all runs of it gave together, once it was run.
    pub rows: Option<i64>,
    /// How many times it was run.
    pub loops: Option<i64>,
    /// Its part of the time, in milliseconds, without that of the steps inside it.
    pub time_ms: Option<f64>,
}

/// How a statement is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Its steps, each before those inside it.
    pub nodes: Vec<PlanNode>,
    /// What would make it faster.
    pub advice: Vec<String>,
    /// Time of the whole, in milliseconds, once it was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<f64>,
}

/// With these words SQLite announces the plan of a virtual table.
const ACCESS: &str = "VIRTUAL TABLE INDEX ";
/// With these it ends when rows without a partner are kept.
const OUTER: &str = " LEFT-JOIN";

impl PlanNode {
    fn new(step: &Step) -> Self {
        let access = step.text.split_once(ACCESS).and_then(|(_, rest)| {
            let (_, label) = rest.split_once(':')?;
            Some(label.trim_end_matches(OUTER).to_owned())
        });
        let operator = access.as_deref().map_or_else(|| operator(&step.text), verb);
        let detail = match (&access, step.text.split_once(ACCESS)) {
            (Some(label), Some((before, rest))) => detail(before, label, rest),
            _ => step.text.clone(),
        };
        Self {
            id: step.id,
            parent: (step.parent != 0).then_some(step.parent),
            operator,
            detail,
            estimated_rows: access.is_some().then_some(step.estimated_rows),
            access,
            rows: None,
            loops: None,
            time_ms: None,
        }
    }
}

/// The way in which a store is read, with the name that the statement gives it.
fn detail(before: &str, label: &str, rest: &str) -> String {
    let name = before
        .trim()
        .trim_start_matches("SCAN ")
        .trim_start_matches("SEARCH ");
    let join = if rest.ends_with(OUTER) {
        ", left join"
    } else {
        ""
    };
    let store = label.split([' ', '[']).nth(1).unwrap_or_default();
    if label.starts_with("index ") && !name.is_empty() {
        format!("{label} of {name}{join}")
    } else if name == store || name.is_empty() {
        format!("{label}{join}")
    } else {
        format!("{label} as {name}{join}")
    }
}

fn verb(label: &str) -> &'static str {
    match label.split(' ').next() {
        Some("seek") => "seek",
        Some("prefix") => "prefix",
        Some("hash") => "hash",
        Some("item") => "item",
        Some("index") => "index",
        Some("count") => "count",
        _ => "scan",
    }
}

fn operator(text: &str) -> &'static str {
    let has = |part: &str| text.contains(part);
    if has("FOR ORDER BY") || has("FOR LAST") || has("FOR RIGHT PART OF ORDER BY") {
        "sort"
    } else if has("FOR GROUP BY") {
        "group"
    } else if has("FOR DISTINCT") || has("(DISTINCT)") {
        "distinct"
    } else if has("SUBQUERY") || has("CO-ROUTINE") || has("MATERIALIZE") {
        "subquery"
    } else if has("COMPOUND") || has("UNION") || has("EXCEPT") || has("INTERSECT") || has("MERGE") {
        "compound"
    } else {
        "step"
    }
}

impl Plan {
    /// The plan of counted steps; `elapsed` when the statement was run.
    pub(super) fn new((steps, cycles): (Vec<Step>, i64), elapsed: Option<Duration>) -> Self {
        let mut nodes = Vec::with_capacity(steps.len());
        for step in &steps {
            // A sub-program without words is no step of its own.
            if step.text.is_empty() {
                continue;
            }
            let mut node = PlanNode::new(step);
            if let Some(elapsed) = elapsed {
                let part = step.cycles.max(0) as f64 / cycles.max(1) as f64;
                node.time_ms = Some(part * elapsed.as_secs_f64() * 1_000.0);
                if step.loops >= 0 && node.access.is_some() {
                    node.rows = Some(step.rows.max(0));
                    node.loops = Some(step.loops);
                }
            }
            nodes.push(node);
        }
        let advice = advice(&nodes);
        Self {
            nodes,
            advice,
            elapsed_ms: elapsed.map(|elapsed| elapsed.as_secs_f64() * 1_000.0),
        }
    }

    fn depth(&self, node: &PlanNode) -> usize {
        let mut depth = 0;
        let mut parent = node.parent;
        while let Some(id) = parent.filter(|_| depth < self.nodes.len()) {
            depth += 1;
            let above = self.nodes.iter().find(|node| node.id == id);
            parent = above.and_then(|node| node.parent);
        }
        depth
    }
}

/// A name as statements write it.
fn name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        quote_name(name)
    }
}

/// What would make a plan faster: places that look items up without a key.
fn advice(nodes: &[PlanNode]) -> Vec<String> {
    let mut advice = Vec::new();
    for label in nodes.iter().filter_map(|node| node.access.as_deref()) {
        let Some((store, field)) = label
            .strip_prefix("hash ")
            .and_then(|rest| rest.split_once('['))
        else {
            continue;
        };
        let field = field.trim_end_matches(']');
        let text = format!(
            "{store} has no order by {field}: all of it is read to find items by that field. CREATE INDEX {} ON {} ({}) makes it a seek.",
            name(&format!("{store}_by_{}", field.replace('.', "_"))),
            name(store),
            name(field),
        );
        if !advice.contains(&text) {
            advice.push(text);
        }
    }
    advice
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            let indent = "  ".repeat(self.depth(node));
            write!(f, "{indent}{}", node.detail)?;
            if let Some(rows) = node.estimated_rows {
                write!(f, " (about {rows:.0} rows)")?;
            }
            if let (Some(rows), Some(loops)) = (node.rows, node.loops) {
                write!(f, " (real: {rows} rows in {loops} loops)")?;
            }
            writeln!(f)?;
        }
        self.advice
            .iter()
            .try_for_each(|text| writeln!(f, "advice: {text}"))
    }
}
