//! One question, one answer, without tools: for steps "ask" of scripts, and for drafts of them.
//!
//! Always: what is asked is bounded in time, tokens and money as an answer in a talk is; values of variables are fenced as
//! data; values that may come from items go out only where rows are shared, and nothing where names are kept back; each
//! question is in the audit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use sop_query::sql::Cancel;
use sop_systemdb::script::run::{Asker, NoModel, Prompt, PromptPart};
use sop_systemdb::system::AuditEntry;
use sop_systemdb::tool::ToolFault;
use tokio::runtime::Handle;

use super::{Copilot, Inner, prompt, random_text};
use crate::config::Share;
use crate::llm::{
    FinishReason, Message, Model, ModelError, ModelEvent, ModelRequest, Part, Role, Usage, cost,
};
use crate::state::AppState;

/// Time between two looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of an answer.
const MAX_TEXT: usize = 1 << 20;

/// What a step's model is told before its question.
const RULES: &str = "You are a step of a script in a data manager. Answer what is asked in plain text, without an introduction \
and without Markdown unless it is asked for.";

/// Asks the configured model; cheap to make.
pub struct ModelAsker {
    inner: Arc<Inner>,
    state: AppState,
    database: Option<String>,
    cancel: Cancel,
    runtime: Option<Handle>,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    model: String,
    requests: u64,
    tokens: u64,
    dollars: f64,
}

impl Copilot {
    /// What asks the configured model for one run, on a thread that may block.
    pub fn asker(&self, state: &AppState, database: Option<&str>, cancel: &Cancel) -> ModelAsker {
        ModelAsker {
            inner: Arc::clone(&self.0),
            state: state.clone(),
            database: database.map(str::to_owned),
            cancel: cancel.clone(),
            runtime: Handle::try_current().ok(),
            spent: Mutex::default(),
        }
    }
}

impl ModelAsker {
    /// The model, when there is one that may be asked.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub fn model(&self) -> Result<Option<Arc<dyn Model>>, ToolFault> {
        let settings = self.inner.settings.read();
        if settings.share() == Share::Off {
            return Ok(None);
        }
        settings.model().map_err(|error| fault(&error))
    }

    /// Asks with these rules and this question; the words of the answer.
    ///
    /// # Errors
    /// It took too long or too much, it was stopped, or what the provider says.
    pub fn answer(
        &self,
        model: &Arc<dyn Model>,
        system: String,
        question: String,
        until: Option<Instant>,
    ) -> Result<String, ToolFault> {
        let limits = self.inner.settings.read().limits();
        self.within_budget(limits.answer_tokens, limits.answer_microdollars)?;
        let request = ModelRequest {
            system,
            messages: vec![Message {
                role: Role::User,
                parts: vec![Part::Text(question)],
            }],
            output_tokens: limits.output_tokens,
            ..ModelRequest::default()
        };
        let body = self.inner.without_secrets(model.body(&request));
        let bytes = body.len();
        let Some(runtime) = &self.runtime else {
            let message = "a model can only be asked while the server runs";
            return Err(ToolFault::new("no_model", message));
        };
        let limit = match until {
            Some(until) => limits
                .answer()
                .min(until.saturating_duration_since(Instant::now())),
            None => limits.answer(),
        };
        let mut heard = Heard::default();
        let result = runtime.block_on(self.listen(model, body, limit, &mut heard));
        self.count(model, heard.usage, bytes, result.as_ref().err());
        result.map_err(|error| fault(&error))?;
        match heard.finish {
            Some(FinishReason::Blocked(reason)) => Err(fault(&ModelError::Blocked(reason))),
            Some(FinishReason::Length) => Err(ToolFault::new(
                "model_length",
                format!(
                    "the model's answer reached its {} tokens and is cut off",
                    limits.output_tokens
                ),
            )),
            _ if heard.text.trim().is_empty() => Err(ToolFault::new(
                "model_empty",
                "the model ended without a word",
            )),
            _ => Ok(heard.text.trim().to_owned()),
        }
    }

    async fn listen(
        &self,
        model: &Arc<dyn Model>,
        body: bytes::Bytes,
        limit: Duration,
        heard: &mut Heard,
    ) -> Result<(), ModelError> {
        let mut sink = |event| heard.hear(event);
        let streamed = model.stream(body, &mut sink);
        let stopped = async {
            while !self.cancel.is_cancelled() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            result = streamed => result,
            () = tokio::time::sleep(limit) => Err(ModelError::Timeout {
                phase: "for the whole answer",
                limit,
            }),
            () = stopped => Err(ModelError::Cut),
        }
    }

    fn within_budget(&self, tokens: u64, microdollars: u64) -> Result<(), ToolFault> {
        let spent = self.spent.lock();
        let dollars = microdollars as f64 / 1e6;
        let words = if spent.tokens >= tokens {
            format!("the run used its {tokens} tokens for questions to the model")
        } else if spent.dollars >= dollars {
            format!("the run used its {dollars} dollars for questions to the model")
        } else {
            return Ok(());
        };
        Err(ToolFault::new("budget", words))
    }

    fn count(
        &self,
        model: &Arc<dyn Model>,
        usage: Usage,
        bytes: usize,
        error: Option<&ModelError>,
    ) {
        let cost = cost(&self.inner.prices(), model.name(), usage);
        {
            let mut spent = self.spent.lock();
            model.name().clone_into(&mut spent.model);
            spent.requests += 1;
            spent.tokens = spent.tokens.saturating_add(usage.total());
            spent.dollars += cost.unwrap_or(0.0);
        }
        self.state.audit().record(AuditEntry {
            who: "script".to_owned(),
            way: "script".to_owned(),
            what: "ask".to_owned(),
            database: self.database.clone(),
            outcome: if error.is_some() { "failed" } else { "done" }.to_owned(),
            detail: json!({
                "provider": model.provider().name(), "model": model.name(), "prompt_bytes": bytes,
                "tokens": usage.total(), "cost": cost, "error": error.map(ModelError::code),
            }),
            ..AuditEntry::default()
        });
    }

    /// Whether names of stores and fields of the database are kept from models.
    pub fn keeps_names(&self) -> bool {
        let database = self.database.as_deref();
        database.is_some_and(|name| self.inner.masks(name))
    }

    /// Why the values of a prompt stay here.
    fn refuse_unshared(&self, prompt: &Prompt) -> Result<(), ToolFault> {
        let masked = self.keeps_names();
        let settings = self.inner.settings.read();
        let mut data = prompt.parts.iter().filter_map(|part| match part {
            PromptPart::Data {
                name, given: false, ..
            } => Some(name),
            _ => None,
        });
        let Some(name) = data.next() else {
            return Ok(());
        };
        let words = match masked {
            true => "names of this database are kept from models",
            false if settings.share() < Share::Rows => "rows are not shared with models here",
            false => return Ok(()),
        };
        let message = format!(
            "{{{{{name}}}}} may have values of items, and {words}: leave it out of the question, or change what is shared in the settings"
        );
        Err(ToolFault::new("not_shared", message))
    }
}

impl Asker for ModelAsker {
    fn ask(&self, prompt: &Prompt) -> Result<Value, ToolFault> {
        let Some(model) = self.model()? else {
            return NoModel.ask(prompt);
        };
        self.refuse_unshared(prompt)?;
        let marker =
            random_text(8).map_err(|error| ToolFault::new("internal", error.to_string()))?;
        let parts = prompt.parts.iter().map(|part| match part {
            PromptPart::Text(text) => text.clone(),
            PromptPart::Data { name, text, .. } => prompt::fenced(&marker, name, text),
        });
        let question: String = parts.collect();
        let system = format!("{RULES}\n{}", prompt::fence_rule(&marker));
        self.answer(&model, system, question, prompt.until)
            .map(Value::String)
    }

    fn usage(&self) -> Value {
        let spent = self.spent.lock();
        match spent.requests {
            0 => Value::Null,
            requests => json!({
                "model": spent.model, "requests": requests, "tokens": spent.tokens, "cost": spent.dollars,
            }),
        }
    }
}

/// What an answer said.
#[derive(Default)]
struct Heard {
    text: String,
    usage: Usage,
    finish: Option<FinishReason>,
}

impl Heard {
    fn hear(&mut self, event: ModelEvent) {
        match event {
            ModelEvent::Text(text) if self.text.len() < MAX_TEXT => self.text.push_str(&text),
            ModelEvent::Usage(usage) => self.usage = usage,
            ModelEvent::Finish(finish) => self.finish = Some(finish),
            _ => {}
        }
    }
}

fn fault(error: &ModelError) -> ToolFault {
    ToolFault::new(error.code(), error.to_string())
}
