//! Plain English questions become calls of tools, without any model.
//!
//! [`plan`] takes a question apart ([`token`]), finds the names of the schema in it ([`names`]) and the phrases of the
//! language ([`lexicon`], [`dates`]), parses it ([`parse`]) into a query or a change ([`model`]), sees whether that has one answer ([`check`]) and writes it as SQL with
//! parameters ([`sql`]) or as a document for a tool that writes ([`document`]), and in words ([`say`]).
//!
//! Always: the same question over the same schema and data gives the same answer. Every word of a question is explained by
//! what was understood; if one is not, the planner says so instead of guessing. Every value is a parameter. Nothing is run
//! here and nothing is changed: a change is a call that a person approves.
//!
//! It does no input and output of its own and has no clock: today is given, names of people and things are looked up through
//! [`Lookup`]. [`database`] makes both from an open database.

mod check;
pub mod database;
mod dates;
mod document;
mod lexicon;
mod model;
mod names;
mod parse;
mod paths;
mod say;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod token;
mod words;

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub use dates::Day;
use model::{Query, Write};
use parse::{Answer, Choice, Draft, Parser};
pub use schema::{Field, FieldKind, Place, Relation, Schema, Store};

/// Looks up names that are in the data and not in the schema.
pub trait Lookup {
    /// Where a text is the value of a field that tells items apart, letters of either case. Bounded in time.
    fn find(&self, text: &str) -> Vec<Hit>;
}

/// Something of a name that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The fields with their values as they are stored: one, or a first and a last name.
    pub places: Vec<(Place, String)>,
    /// Whether these are the whole values; otherwise their first words.
    pub whole: bool,
}

/// Finds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLookup;

impl Lookup for NoLookup {
    fn find(&self, _text: &str) -> Vec<Hit> {
        Vec::new()
    }
}

/// A tool and its arguments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub args: Json,
}

/// What is kept of a question for the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    query: Query,
    through: Vec<usize>,
    /// Tells the schema that it was understood in from others.
    schema: u64,
}

/// A question that was understood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Understanding {
    /// What to do.
    pub call: ToolCall,
    /// The query in words.
    pub said: String,
    /// The statement, to show to people.
    pub statement: String,
    /// How sure it is, up to 1; [`Understanding::is_sure`].
    pub confidence: f32,
    /// Other ways to understand the question.
    pub alternatives: Vec<Understanding>,
    /// To be given with the next question; none after a change.
    pub memory: Option<Memory>,
}

impl Understanding {
    /// Whether it needs no question back.
    pub fn is_sure(&self) -> bool {
        self.confidence >= SURE
    }
}

/// A question that was not understood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NotUnderstood {
    /// What of it, in a sentence.
    pub reason: String,
    /// Questions that would be.
    pub examples: Vec<String>,
}

/// Below this a question is answered with "did you mean".
const SURE: f32 = 0.75;
/// Below this it is not answered.
const ENOUGH: f32 = 0.5;
/// The longest question, in bytes.
const MAX_BYTES: usize = 2_000;
/// The most alternatives that are offered.
const MAX_ALTERNATIVES: usize = 3;

/// What is known when a question is asked.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// The stores.
    pub schema: &'a Schema,
    /// What is in them.
    pub lookup: &'a dyn Lookup,
    /// The day that "yesterday" is before.
    pub today: Day,
    /// What was understood last.
    pub memory: Option<&'a Memory>,
}

/// Understands a question, or says why not.
///
/// # Errors
/// [`NotUnderstood`], with examples of this schema.
pub fn plan(
    circumstances: Circumstances<'_>,
    question: &str,
) -> Result<Understanding, NotUnderstood> {
    let schema = circumstances.schema;
    let refuse = |reason: String| NotUnderstood {
        reason,
        examples: examples(schema),
    };
    if question.len() > MAX_BYTES {
        return Err(refuse(
            "The question is too long to be understood without a model.".to_owned(),
        ));
    }
    if schema.stores.is_empty() {
        return Err(refuse("The database has no stores yet.".to_owned()));
    }
    let (mut best, choices) = attempt(circumstances, question, &[]).map_err(refuse)?;
    let mut others: Vec<Understanding> = Vec::new();
    for (at, choice) in choices.iter().enumerate().take(MAX_ALTERNATIVES) {
        for way in 1..choice.ways {
            let mut ways = vec![0; at];
            ways.push(way);
            let other = attempt(circumstances, question, &ways)
                .ok()
                .map(|(other, _)| other);
            let new = |other: &Understanding| {
                other.call != best.call && others.iter().all(|there| there.call != other.call)
            };
            if let Some(other) = other
                .filter(new)
                .filter(|_| others.len() < MAX_ALTERNATIVES)
            {
                others.push(other);
            }
        }
    }
    best.alternatives = others;
    Ok(best)
}

/// One way to understand the question, and the choices on it.
fn attempt(
    circumstances: Circumstances<'_>,
    question: &str,
    ways: &[usize],
) -> Result<(Understanding, Vec<Choice>), String> {
    let Circumstances {
        schema,
        lookup,
        today,
        memory,
    } = circumstances;
    let tokens = token::tokens(question);
    if tokens.is_empty() {
        return Err("There is no question.".to_owned());
    }
    if tokens.len() > token::MAX_TOKENS {
        return Err("The question is too long to be understood without a model.".to_owned());
    }
    if yes_or_no(&tokens) {
        return Err(
            "Questions for yes or no are not understood; ask for the items or their number."
                .to_owned(),
        );
    }
    let memory = memory.filter(|memory| memory.schema == fingerprint(schema));
    let parser = Parser::new(
        schema,
        lookup,
        &tokens,
        today,
        memory.map(|memory| &memory.query),
        ways,
    );
    let (draft, choices) = parser.parse();
    if let Some(reason) = fault(&draft) {
        return Err(reason);
    }
    let previous = memory.map(|memory| &memory.query);
    let answer = draft.answer(schema, previous).ok_or_else(|| {
        let words = match draft.follows() {
            true => "This does not go together with the last question. Ask it as a whole one.",
            false => "No store of this database fits the question.",
        };
        words.to_owned()
    })?;
    let understanding = match answer {
        Answer::Query(query) => read(schema, &draft, query, memory)?,
        Answer::Write(write) => change(schema, &draft, &write)?,
    };
    if understanding.confidence < ENOUGH {
        return Err(format!(
            "It could mean \"{}\", but that is not sure enough.",
            understanding.said
        ));
    }
    Ok((understanding, choices))
}

/// Whether a question is for yes or no.
fn yes_or_no(tokens: &[token::Token]) -> bool {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let verbs = [
        "is", "are", "was", "were", "do", "does", "did", "will", "should", "would", "has", "have",
    ];
    let lists = ["there", "we", "you", "any"];
    verbs.contains(&word(0)) && !lists.contains(&word(1))
}

/// Why a draft is not to be answered.
fn fault(draft: &Draft) -> Option<String> {
    let unknown: Vec<String> = draft
        .unknown
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect();
    if !unknown.is_empty() {
        return Some(format!("Nothing here is known by {}.", unknown.join(", ")));
    }
    draft
        .missing
        .as_ref()
        .map(|missing| format!("It is not clear {missing}."))
}

fn read(
    schema: &Schema,
    draft: &Draft,
    query: Query,
    memory: Option<&Memory>,
) -> Result<Understanding, String> {
    let mut through = draft.through().to_vec();
    through.extend(
        memory
            .iter()
            .flat_map(|memory| memory.through.iter().copied()),
    );
    if let Some(reason) = check::fault(schema, &query, &through) {
        return Err(reason);
    }
    let statement = sql::select(schema, &query, &through).ok_or_else(|| {
        "The stores that it is about don't reach each other in a way that gives such figures."
            .to_owned()
    })?;
    let params: Vec<Json> = statement.params.iter().map(model::Value::to_json).collect();
    let said = say::query(schema, &query);
    Ok(Understanding {
        call: ToolCall {
            name: "query".to_owned(),
            args: json!({"database": schema.database, "sql": statement.sql, "params": params}),
        },
        said,
        statement: statement.sql,
        confidence: draft.confidence,
        alternatives: Vec::new(),
        memory: Some(Memory {
            query,
            through,
            schema: fingerprint(schema),
        }),
    })
}

fn change(schema: &Schema, draft: &Draft, write: &Write) -> Result<Understanding, String> {
    let call = document::call(schema, write).ok_or_else(|| {
        "Such a condition can't be said of items that are to be changed.".to_owned()
    })?;
    Ok(Understanding {
        statement: document::statement(schema, write).unwrap_or_else(|| call.args.to_string()),
        said: say::write(schema, write),
        call,
        confidence: draft.confidence,
        alternatives: Vec::new(),
        memory: None,
    })
}

/// Tells schemas apart by their names, since what is remembered refers to their places.
fn fingerprint(schema: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    schema.database.hash(&mut hasher);
    for store in &schema.stores {
        store.name.hash(&mut hasher);
        store
            .fields
            .iter()
            .for_each(|field| field.name.hash(&mut hasher));
        store.relations.len().hash(&mut hasher);
    }
    hasher.finish()
}

/// Questions that are understood, made from the names of a schema.
pub fn examples(schema: &Schema) -> Vec<String> {
    let mut stores: Vec<&Store> = schema
        .stores
        .iter()
        .filter(|store| store.count > 0)
        .collect();
    stores.sort_by_key(|store| std::cmp::Reverse(store.fields.len()));
    let mut found = Vec::new();
    let spoken = |name: &str| words::of_name(name).join(" ");
    for store in stores.into_iter().take(3) {
        let name = say::plural(&spoken(&store.name));
        let few = store
            .fields
            .iter()
            .find(|field| (2..=20).contains(&field.values.len()) && !field.key);
        let number = store
            .fields
            .iter()
            .find(|field| field.kind == FieldKind::Number);
        if let Some((field, value)) = few.and_then(|field| Some((field, field.values.first()?))) {
            found.push(format!("{name} with {} {value}", spoken(&field.name)));
            found.push(format!("how many {name} per {}", spoken(&field.name)));
        }
        match number {
            Some(field) => found.push(format!("top 5 {name} by {}", spoken(&field.name))),
            None => found.push(format!("how many {name} are there?")),
        }
    }
    found.truncate(5);
    found
}
