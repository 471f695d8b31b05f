//! The loop with a model: it calls tools, hears what they answer, and goes on until it has answered.
//!
//! Bounded in steps, time, tokens and money. What a model hears of data is fenced with a marker of this turn.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use sop_systemdb::tool::ToolFault;

use super::events::ChatEvent;
use super::masking::Mask;
use super::prompt;
use super::seams::KnowledgeEntry;
use super::sketch::StoreSketch;
use super::turn::{Ending, Turn};
use super::{memory, random_text};
use crate::config::Share;
use crate::llm::{
    FinishReason, Message, Model, ModelError, ModelEvent, ModelRequest, Part, Role, ToolCall,
    ToolDefinition, ToolResult, Usage, cost,
};

/// Longest text of one answer in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Most calls of one answer.
const MAX_CALLS: usize = 32;
/// How often a call that the provider could not read is asked for again.
const MALFORMED_CALLS: u32 = 2;

/// An answer of the model so far.
#[derive(Default)]
struct Answer {
    parts: Vec<Part>,
    usage: Usage,
    finish: Option<FinishReason>,
    text_bytes: usize,
    calls: usize,
}

/// What a turn spent.
#[derive(Default)]
struct Spent {
    tokens: u64,
    dollars: f64,
}

impl Turn {
    /// Asks the model until it has answered.
    pub async fn converse(&mut self, model: Arc<dyn Model>) -> Ending {
        let prepared = self.prepare(&model).await;
        let (marker, mut request) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.failed_with(&fault),
        };
        let mut spent = Spent::default();
        let mut malformed = 0;
        for _ in 0..self.limits.steps {
            if let Some(ending) = self.out_of_budget(&spent) {
                return ending;
            }
            let (answer, result) = self.ask(&model, &request, &mut spent).await;
            if let Err(error) = result {
                self.keep_partial(&answer);
                self.error(error.code(), &error.to_string());
                return "error";
            }
            let ended = self.after(answer, &mut request, &mut malformed, &marker);
            if let Some(ending) = ended.await {
                return ending;
            }
        }
        let words = format!("The answer was ended after {} steps.", self.limits.steps);
        self.error("step_limit", &words);
        "limit"
    }

    /// What the model is told at the beginning.
    async fn prepare(
        &mut self,
        model: &Arc<dyn Model>,
    ) -> Result<(String, ModelRequest), ToolFault> {
        let internal = |error: getrandom::Error| ToolFault::new("internal", error.to_string());
        let marker = random_text(8).map_err(internal)?;
        let (stores, knowledge) = self.look_up().await?;
        let names: Vec<String> = knowledge
            .iter()
            .map(|entry| format!("{}/{}", entry.category, entry.name))
            .collect();
        self.begin(model.provider().name(), Some(model.name()), names);
        self.learn().await;
        self.mask = self.masked(&stores);
        let context = self.told(&marker, &stores, &knowledge);
        let asked = Message {
            role: Role::User,
            parts: vec![Part::Text(self.mask.hide(&self.question.message))],
        };
        let mut messages = {
            let hide = |text: &str| self.mask.hide(text);
            memory::messages(
                &self.session.state().saved,
                self.limits.memory_tokens,
                &hide,
            )
        };
        messages.push(Message {
            role: Role::User,
            parts: vec![Part::Text(context)],
        });
        messages.push(asked.clone());
        self.session.remember(self.number, &[asked]);
        let tools = self.tools.iter().map(|spec| ToolDefinition {
            name: spec.name.clone(),
            description: spec.description.clone(),
            parameters: spec.parameters.clone(),
        });
        let request = ModelRequest {
            system: prompt::system(&marker, self.question.share),
            messages,
            tools: tools.collect(),
            output_tokens: self.limits.output_tokens,
        };
        Ok((marker, request))
    }

    /// The stores of the database and what people taught about them.
    async fn look_up(&self) -> Result<(Vec<StoreSketch>, Vec<KnowledgeEntry>), ToolFault> {
        let parts = self.inner.parts.clone();
        let context = self.context.clone();
        let samples = self.question.share >= Share::Samples;
        let message = self.question.message.clone();
        self.blocking(move || {
            let stores = parts.schema.stores(&context, samples);
            let mut words = prompt::words(&message);
            words.extend(context.store.clone());
            let knowledge = parts.knowledge.approved(&context, &message, &words);
            (stores, knowledge)
        })
        .await
    }

    /// Tokens for names, where this database is one whose names stay here.
    fn masked(&self, stores: &[StoreSketch]) -> Mask {
        let database = &self.context.database;
        if !self.inner.masks(database) {
            return Mask::default();
        }
        let mut names = vec![database.clone()];
        for store in stores {
            names.push(store.name.clone());
            let fields = store.key.iter().chain(&store.fields);
            let steps = fields.flat_map(|field| field.name.split(['.', '[', ']']));
            names.extend(steps.filter(|step| !step.is_empty()).map(str::to_owned));
        }
        let mut state = self.session.state();
        let known = &mut state.saved.masked;
        if known.tag.is_empty() {
            let mut random = [0; 8];
            // Without random numbers the tag is a fixed one; it hides names, it is no secret.
            let _ = getrandom::fill(&mut random);
            known.tag = Mask::tag(&random);
        }
        Mask::new(known, names)
    }

    /// The data that goes along with the question, fenced.
    fn told(&self, marker: &str, stores: &[StoreSketch], knowledge: &[KnowledgeEntry]) -> String {
        let open = self.context.store.as_deref();
        let bytes = self.limits.schema_bytes as usize;
        let schema = prompt::schema(
            &self.context.database,
            stores,
            &self.question.message,
            open,
            bytes,
        );
        let mut parts = vec![prompt::fenced(marker, "schema", &self.mask.hide(&schema))];
        if !knowledge.is_empty() {
            let text = super::sharing::cut(prompt::knowledge(knowledge), bytes);
            parts.push(prompt::fenced(
                marker,
                "what people taught",
                &self.mask.hide(&text),
            ));
        }
        if let Some(selection) = &self.question.selection
            && self.question.share >= Share::Rows
        {
            let text =
                super::sharing::cut(selection.to_string(), self.limits.result_bytes as usize);
            parts.push(prompt::fenced(
                marker,
                "selected in the page",
                &self.mask.hide(&text),
            ));
        }
        parts.join("\n")
    }

    fn out_of_budget(&self, spent: &Spent) -> Option<Ending> {
        let limits = &self.limits;
        let session = self.session.state().saved.cost;
        let dollars = |micro: u64| micro as f64 / 1e6;
        let words = if tokio::time::Instant::now() >= self.deadline {
            format!("The answer took longer than {} ms.", limits.answer_ms)
        } else if spent.tokens >= limits.answer_tokens {
            format!("The answer used its {} tokens.", limits.answer_tokens)
        } else if spent.dollars >= dollars(limits.answer_microdollars) {
            format!(
                "The answer used its {} dollars.",
                dollars(limits.answer_microdollars)
            )
        } else if session >= dollars(limits.session_microdollars) {
            let most = dollars(limits.session_microdollars);
            format!("This talk used its {most} dollars. Begin another one.")
        } else {
            return None;
        };
        self.error("budget", &words);
        Some("limit")
    }

    /// Sends a request; text is told as it comes.
    async fn ask(
        &mut self,
        model: &Arc<dyn Model>,
        request: &ModelRequest,
        spent: &mut Spent,
    ) -> (Answer, Result<(), ModelError>) {
        let body = self.inner.without_secrets(model.body(request));
        let sent = {
            let provider = model.provider().name();
            self.session
                .keep_sent(self.number, provider, model.name(), body.clone())
        };
        let mut answer = Answer::default();
        let result = self.listen(model, body, &mut answer).await;
        let cost = cost(&self.inner.prices(), model.name(), answer.usage);
        spent.tokens = spent.tokens.saturating_add(answer.usage.total());
        spent.dollars += cost.unwrap_or(0.0);
        self.emit(ChatEvent::Usage {
            tokens: answer.usage,
            cost,
            model: model.name().to_owned(),
            sent,
        });
        let result = match (result, &answer.finish) {
            (Ok(()), Some(FinishReason::Blocked(reason))) => {
                Err(ModelError::Blocked(reason.clone()))
            }
            (result, _) => result,
        };
        (answer, result)
    }

    async fn listen(
        &mut self,
        model: &Arc<dyn Model>,
        body: Bytes,
        answer: &mut Answer,
    ) -> Result<(), ModelError> {
        let (session, number) = (Arc::clone(&self.session), self.number);
        let mut mask = self.mask.clone();
        let mut too_long = false;
        let deadline = self.deadline;
        let mut sink = |event: ModelEvent| {
            too_long |= answer.text_bytes > MAX_TEXT || answer.calls > MAX_CALLS;
            if too_long {
                return;
            }
            if let ModelEvent::Text(text) = &event {
                let shown = mask.show_more(text);
                if !shown.is_empty() {
                    session.emit(number, &ChatEvent::Text(shown));
                }
            }
            answer.take(event);
        };
        let streamed = tokio::time::timeout_at(deadline, model.stream(body, &mut sink)).await;
        let rest = mask.show_rest();
        if !rest.is_empty() {
            self.emit(ChatEvent::Text(rest));
        }
        if too_long {
            return Err(ModelError::Malformed("it is too long".to_owned()));
        }
        let limit = self.limits.answer();
        streamed.unwrap_or(Err(ModelError::Timeout {
            phase: "for the whole answer",
            limit,
        }))
    }

    /// Text of an answer that broke off stays in the talk; its calls do not, since nobody answered them.
    fn keep_partial(&self, answer: &Answer) {
        let texts = answer
            .parts
            .iter()
            .filter(|part| matches!(part, Part::Text(_)));
        let parts: Vec<Part> = texts.cloned().collect();
        if !parts.is_empty() {
            self.session.remember(
                self.number,
                &[Message {
                    role: Role::Model,
                    parts,
                }],
            );
        }
    }

    /// Runs the calls of an answer; the end when there are none.
    async fn after(
        &mut self,
        mut answer: Answer,
        request: &mut ModelRequest,
        malformed: &mut u32,
        marker: &str,
    ) -> Option<Ending> {
        for part in &mut answer.parts {
            if let Part::Call(call) = part {
                call.id = self.next_call();
            }
        }
        let calls: Vec<ToolCall> = answer
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::Call(call) => Some(call.clone()),
                _ => None,
            })
            .collect();
        let finish = answer.finish.take().unwrap_or(FinishReason::Stop);
        if finish == FinishReason::MalformedCall && calls.is_empty() {
            *malformed += 1;
            self.keep_partial(&answer);
            if *malformed > MALFORMED_CALLS {
                self.error(
                    "model_malformed_call",
                    "The model wrote calls that cannot be read. Ask again, or in other words.",
                );
                return Some("error");
            }
            request.messages.push(Message {
                role: Role::User,
                parts: vec![Part::Text(
                    "Your call of a tool could not be read. Write it again as a function call."
                        .to_owned(),
                )],
            });
            return None;
        }
        let said = Message {
            role: Role::Model,
            parts: answer.parts,
        };
        if calls.is_empty() {
            let empty = said.parts.is_empty();
            self.session.remember(self.number, &[said]);
            return Some(self.ended(&finish, empty));
        }
        let (results, hopeless) = self.run_calls(&calls, marker).await;
        let heard = Message {
            role: Role::User,
            parts: results,
        };
        self.session
            .remember(self.number, &[said.clone(), heard.clone()]);
        request.messages.extend([said, heard]);
        if hopeless {
            self.error(
                "repeated_failure",
                "The model repeats a call that fails. The answer was ended.",
            );
            return Some("error");
        }
        None
    }

    async fn run_calls(&mut self, calls: &[ToolCall], marker: &str) -> (Vec<Part>, bool) {
        let mut results = Vec::new();
        let mut hopeless = false;
        for call in calls {
            let result = self.run_call(call).await;
            hopeless |= result.hopeless;
            let text = self.mask.hide(&result.text);
            results.push(Part::Result(ToolResult {
                id: call.id.clone(),
                wire_id: call.wire_id.clone(),
                name: call.name.clone(),
                text: prompt::fenced(marker, "result", &text),
                is_error: result.is_error,
            }));
        }
        (results, hopeless)
    }

    fn ended(&self, finish: &FinishReason, empty: bool) -> Ending {
        match finish {
            FinishReason::Length => {
                let words = format!(
                    "The answer reached its {} tokens and is cut off.",
                    self.limits.output_tokens
                );
                self.error("model_length", &words);
                "limit"
            }
            FinishReason::Other(reason) => {
                let words = format!(
                    "The model ended for a reason of its own: {}.",
                    json!(reason)
                );
                self.error("model_ended", &words);
                "error"
            }
            _ if empty => {
                self.error(
                    "model_empty",
                    "The model ended without a word. Ask again, or in other words.",
                );
                "error"
            }
            _ => "done",
        }
    }
}

impl Answer {
    /// Takes an event over; text goes on where text was.
    fn take(&mut self, event: ModelEvent) {
        match event {
            ModelEvent::Text(more) => {
                self.text_bytes += more.len();
                match self.parts.last_mut() {
                    Some(Part::Text(text)) => text.push_str(&more),
                    _ => self.parts.push(Part::Text(more)),
                }
            }
            ModelEvent::Call(call) => {
                self.calls += 1;
                self.parts.push(Part::Call(call));
            }
            ModelEvent::Opaque(opaque) => self.parts.push(Part::Opaque(opaque)),
            ModelEvent::Usage(usage) => self.usage = usage,
            ModelEvent::Finish(finish) => self.finish = Some(finish),
        }
    }
}
