//! Tools about knowledge: what people taught and approved, and proposals to it.
//!
//! Always: a proposal never takes the place of what a person approved, and only people approve.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sop_systemdb::system::{Entry, Knowledge, KnowledgeStatus, SystemError};
use sop_systemdb::tool::{Table, ToolClass, ToolFault, ToolOutput};

use super::arguments::Names;
use super::context::Context;
use super::result::{column, counted};
use super::system::{SystemChange, system, writable};
use super::tool::{Mode, Tool};

/// The store that these tools change.
const STORE: &str = "knowledge";
/// Entries of a list.
const MOST: usize = 1_000;
/// Entries about a question when nothing is said.
const ABOUT: usize = 20;

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::reading(
            "knowledge_list",
            "Lists what people taught: all of it, a category, or the approved entries that a question is about.",
            &["category"],
            list,
        ),
        Tool::reading(
            "knowledge_get",
            "Shows one entry of the knowledge.",
            &["category", "name"],
            get,
        ),
        Tool::changing(
            "knowledge_propose",
            "Proposes an entry of the knowledge: what a word means here, how something is computed. It counts \
             only when a person has approved it.",
            ToolClass::Write,
            &["category", "name", "text"],
            propose,
        )
        .of_system(STORE),
        Tool::changing(
            "knowledge_approve",
            "Approves a proposed entry of the knowledge, so that answers use it.",
            ToolClass::Write,
            &["category", "name"],
            approve,
        )
        .of_system(STORE)
        .for_people(),
    ]
}

/// Arguments of `knowledge_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    /// Only entries of this category.
    category: Option<String>,
    /// Only approved entries that this question is about, the nearest first.
    question: Option<String>,
    /// `proposed` or `approved`: only those.
    status: Option<String>,
    /// Most entries.
    limit: Option<usize>,
}

fn list(context: &Context, args: List) -> Result<ToolOutput, ToolFault> {
    let system = system(context)?;
    let most = args.limit.unwrap_or(MOST).min(MOST);
    let mut found = match &args.question {
        Some(question) => system.knowledge_for(question, args.limit.unwrap_or(ABOUT).min(MOST))?,
        None => system.all_knowledge(args.category.as_deref())?,
    };
    if let Some(category) = &args.category {
        found.retain(|known| known.category == *category);
    }
    if let Some(status) = &args.status {
        let wanted = status_named(status)?;
        found.retain(|known| known.entry.status == wanted);
    }
    let truncated = found.len() > most;
    found.truncate(most);
    let rows = found.iter().map(|known| {
        let status = serde_json::to_value(known.entry.status).unwrap_or_default();
        vec![
            json!(known.category),
            json!(known.name),
            json!(known.entry.text),
            status,
            json!(known.entry.author),
            json!(known.entry.updated),
        ]
    });
    let names = ["category", "name", "text", "status", "author", "updated"];
    let table = Table {
        columns: names.iter().map(|name| column(name, "string")).collect(),
        rows: rows.collect(),
        truncated,
    };
    Ok(ToolOutput {
        summary: counted(table.rows.len() as u64, "known thing"),
        table: Some(table),
        ..ToolOutput::default()
    })
}

fn status_named(name: &str) -> Result<KnowledgeStatus, ToolFault> {
    match name {
        "proposed" => Ok(KnowledgeStatus::Proposed),
        "approved" => Ok(KnowledgeStatus::Approved),
        other => {
            let known = ["proposed", "approved"];
            let fault = super::fault::unknown("invalid_value", "status", other, known.into_iter());
            Err(fault.at("/status"))
        }
    }
}

/// Arguments that name an entry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    /// Its category.
    category: String,
    /// Its name in the category.
    name: String,
}

fn get(context: &Context, args: Named) -> Result<ToolOutput, ToolFault> {
    let entry = system(context)?.knowledge(&args.category, &args.name)?;
    let (category, name) = (args.category, args.name);
    let summary = format!("{category}/{name}: {}", entry.text);
    let known = Knowledge {
        category,
        name,
        entry,
    };
    Ok(ToolOutput {
        summary,
        data: shown(&known),
        ..ToolOutput::default()
    })
}

/// An entry for people and programs.
fn shown(known: &Knowledge) -> Value {
    let mut json = serde_json::to_value(known).unwrap_or_default();
    if let Value::Object(fields) = &mut json {
        fields.shift_remove("seed");
    }
    json
}

/// Arguments of `knowledge_propose`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Propose {
    /// Its category: a store, a subject.
    category: String,
    /// Its name in the category: the word that it is about.
    name: String,
    /// What is known, in plain words.
    text: String,
    /// Other names under which it is found.
    names: Option<Names>,
    /// Why it is proposed.
    why: Option<String>,
}

fn propose(context: &Context, args: Propose, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let system = writable(context, mode)?;
    let before = there(system.knowledge(&args.category, &args.name))?;
    if before
        .as_ref()
        .is_some_and(|entry| entry.status == KnowledgeStatus::Approved)
    {
        let message = format!(
            "A person approved '{}/{}' already, and that stays: propose it under another name, or change it in the page.",
            args.category, args.name
        );
        return Err(ToolFault::new("conflict", message).at("/name"));
    }
    let entry = Entry {
        text: args.text,
        author: context.state.who().author().to_owned(),
        names: args.names.map(|names| names.list()).unwrap_or_default(),
        source: json!({"why": args.why, "database": context.database}),
        ..Entry::default()
    };
    if mode == Mode::Call {
        system.propose_knowledge(&args.category, &args.name, &entry)?;
    }
    let what = format!("knowledge '{}/{}' as a proposal", args.category, args.name);
    Ok(changed(&args.category, &args.name, before.as_ref(), &entry, &what).output(context, mode))
}

fn approve(context: &Context, args: Named, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let system = writable(context, mode)?;
    let before = system.knowledge(&args.category, &args.name)?;
    let by = context.caller.name.as_str();
    let after = match mode {
        Mode::Call => system.approve_knowledge(&args.category, &args.name, by)?,
        Mode::Propose => Entry {
            status: KnowledgeStatus::Approved,
            ..before.clone()
        },
    };
    let what = format!("knowledge '{}/{}' approved", args.category, args.name);
    Ok(changed(&args.category, &args.name, Some(&before), &after, &what).output(context, mode))
}

fn changed<'a>(
    category: &str,
    name: &str,
    before: Option<&Entry>,
    after: &Entry,
    what: &'a str,
) -> SystemChange<'a> {
    // Names and times of a proposal are those of its approval: only what it says counts.
    let told =
        |entry: &Entry| json!({"text": entry.text, "names": entry.names, "status": entry.status});
    SystemChange {
        store: STORE,
        key: json!([category, name]),
        before: before.map(told).unwrap_or_default(),
        after: told(after),
        what,
    }
}

/// What is there, if anything is.
pub(super) fn there<T>(found: Result<T, SystemError>) -> Result<Option<T>, ToolFault> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(SystemError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
