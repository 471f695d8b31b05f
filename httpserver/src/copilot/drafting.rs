//! What helps with drafts of scripts: the configured model where there is one, the planner otherwise.
//!
//! Always: what comes of it is a step or a script as text that the draft checks like any other, shown to the person; nothing is
//! run here. A model is told the stores and the tools, and no items.

use serde_json::{Map, Value, json};
use sop_systemdb::draft::{Helper, NoHelp};
use sop_systemdb::script::{Script, check_arguments};
use sop_systemdb::tool::ToolFault;

use super::asker::ModelAsker;
use super::offline::Offline;
use super::seams::{Planner as _, PlannerQuestion, SchemaSource as _, ToolContext};
use super::sketch::RegistrySchema;
use super::{prompt, random_text};
use crate::scripts::all_tools;
use crate::tools;

/// Bytes of the stores in a prompt.
const SCHEMA_BYTES: usize = 8 << 10;

const STEP_RULES: &str = "You turn a sentence into one step of a script: a call of a tool. Answer with JSON alone, without \
Markdown: {\"type\": \"tool\", \"tool\": name, \"args\": {…}}, with arguments as the tool's schema says. Names of stores and \
fields are those of the schema. When no tool does what the sentence says, answer {\"type\": \"ask\"}.";

const REFINE_RULES: &str = "You improve a script: a clear name, a description of what it is for, names and descriptions of its \
steps, and parameters (with type, default and description) for values that people will want to change; {{parameter}} stands for \
its value in the arguments of steps, :name with params in SQL. What the script does stays the same. Answer with the whole \
script as JSON alone, without Markdown, in the form in which it is given.";

/// Helps in one turn of a talk.
pub struct Drafting<'a> {
    context: &'a ToolContext,
    asker: ModelAsker,
}

impl<'a> Drafting<'a> {
    /// For a turn.
    pub fn new(context: &'a ToolContext) -> Self {
        let copilot = context.state.copilot();
        let asker = copilot.asker(&context.state, Some(&context.database), &context.cancel);
        Self { context, asker }
    }

    /// What a model answers to rules and data, as JSON. None when there is no model.
    fn ask(
        &self,
        rules: &str,
        data: &[(&str, &str)],
        wish: &str,
    ) -> Result<Option<Value>, ToolFault> {
        let Some(model) = self.asker.model()? else {
            return Ok(None);
        };
        let marker =
            random_text(8).map_err(|error| ToolFault::new("internal", error.to_string()))?;
        let system = format!("{rules}\n{}", prompt::fence_rule(&marker));
        let fenced = data
            .iter()
            .map(|(what, text)| prompt::fenced(&marker, what, text));
        let parts: Vec<String> = fenced.chain([wish.to_owned()]).collect();
        let answer = self.asker.answer(&model, system, parts.join("\n"), None)?;
        let inside = answer.find('{').zip(answer.rfind('}'));
        let json = inside.and_then(|(from, to)| answer.get(from..=to));
        let json = json.and_then(|json| serde_json::from_str(json).ok());
        let json = json.ok_or_else(|| {
            ToolFault::new(
                "invalid_proposal",
                "the model answered something else than JSON",
            )
        });
        json.map(Some)
    }

    /// The stores that a sentence may mean.
    fn schema(&self, words: &str) -> String {
        let stores = RegistrySchema.stores(self.context, false);
        let open = self.context.store.as_deref();
        prompt::schema(&self.context.database, &stores, words, open, SCHEMA_BYTES)
    }

    fn by_model(&self, words: &str) -> Option<Value> {
        if self.asker.keeps_names() {
            return None;
        }
        let tools: Vec<Value> = tools::all()
            .iter()
            .map(|tool| {
                let spec = tool.spec();
                json!({"tool": spec.name, "does": spec.description, "args": spec.parameters["properties"]})
            })
            .collect();
        let tools = Value::Array(tools).to_string();
        let data = [("tools", tools.as_str()), ("schema", &self.schema(words))];
        let asked = self.ask(STEP_RULES, &data, &format!("The sentence: {words}"));
        let step = match asked {
            Ok(step) => step?,
            Err(error) => {
                tracing::info!(%error, "a step is planned without the model");
                return None;
            }
        };
        let tool = step.get("tool").and_then(Value::as_str)?;
        let spec = all_tools().get(tool)?;
        let args = step.get("args").and_then(Value::as_object)?;
        let fits = check_arguments(tool, &spec.parameters, args).is_empty();
        fits.then(|| json!({"type": "tool", "tool": tool, "args": args}))
    }

    fn by_planner(&self, words: &str) -> Option<Value> {
        let planned = Offline.plan(&PlannerQuestion {
            context: self.context,
            text: words,
            earlier: &[],
            tools: &[],
            memory: None,
        });
        let mut calls = planned.calls.into_iter();
        let (tool, args) = calls.next().filter(|_| calls.len() == 0)?;
        let mut args = match args {
            Value::Object(args) => args,
            _ => Map::new(),
        };
        // The script is for whatever database it is run on.
        if args.get("database").and_then(Value::as_str) == Some(&self.context.database) {
            args.shift_remove("database");
        }
        Some(json!({"type": "tool", "tool": tool, "args": args}))
    }
}

impl Helper for Drafting<'_> {
    fn step(&self, text: &str) -> Option<Value> {
        self.by_model(text).or_else(|| self.by_planner(text))
    }

    fn refine(&self, script: &Script) -> Result<Value, ToolFault> {
        if self.asker.keeps_names() {
            let message =
                "names of this database are kept from models, and a script is full of them";
            return Err(ToolFault::new("not_shared", message));
        }
        let json = script.to_json().to_string();
        let asked = self.ask(REFINE_RULES, &[("script", &json)], "Improve this script.")?;
        match asked {
            Some(proposal) => Ok(proposal),
            None => NoHelp.refine(script),
        }
    }
}
