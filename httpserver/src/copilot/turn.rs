//! One turn: what a person said, answered by a command, the planner or a model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sop_systemdb::tool::{ToolFault, ToolSpec};
use tokio::time::Instant;

use super::Inner;
use super::corrections;
use super::events::ChatEvent;
use super::masking::Mask;
use super::seams::{Host, KnowledgeEntry, PlannerQuestion, ToolContext};
use super::session::Session;
use crate::config::{LlmLimits, Share};
use crate::llm::{Model, ModelError, ToolCall};

/// What a turn is about.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the person said.
    pub message: String,
    /// What may be shared with a model.
    pub share: Share,
    /// Things of the page that the person points at, such as selected rows.
    pub selection: Option<Value>,
}

/// How a turn ends. The text is the reason of `finish`.
pub(super) type Ending = &'static str;

/// See the module.
pub(super) struct Turn {
    pub inner: Arc<Inner>,
    pub session: Arc<Session>,
    pub number: u64,
    pub question: Question,
    pub context: ToolContext,
    pub host: Host,
    pub tools: Vec<ToolSpec>,
    pub mask: Mask,
    pub limits: LlmLimits,
    /// When the answer has to be there; moves on while a person decides.
    pub deadline: Instant,
    /// Calls of this turn so far.
    pub calls: u64,
    /// How often exactly this call failed.
    pub failures: HashMap<String, u32>,
    /// The last failed call of each tool.
    pub failed: HashMap<String, (Value, ToolFault)>,
}

impl Turn {
    /// Answers; gives the reason of the end.
    pub async fn run(mut self, model: Option<Arc<dyn Model>>) -> Ending {
        let message = self.question.message.trim().to_owned();
        if message.starts_with('/') {
            self.begin("command", None, Vec::new());
            return self.command(message).await;
        }
        let specs = {
            let host = Arc::clone(&self.host);
            self.blocking(move || host.specs()).await
        };
        self.tools = match specs {
            Ok(specs) => specs,
            Err(fault) => return self.failed_with(&fault),
        };
        if let Some(model) = model.filter(|_| self.question.share > Share::Off) {
            return self.converse(model).await;
        }
        self.begin("offline", None, Vec::new());
        self.plan().await
    }

    /// Answers when the model cannot be asked: commands do without one, questions are told why.
    pub async fn without_model(self, error: &ModelError) -> Ending {
        if self.question.message.trim_start().starts_with('/') || self.question.share == Share::Off
        {
            return self.run(None).await;
        }
        self.begin("offline", None, Vec::new());
        self.error(error.code(), &error.to_string());
        "error"
    }

    /// Tells that the turn began.
    pub fn begin(&self, provider: &str, model: Option<&str>, knowledge: Vec<String>) {
        let gone = std::mem::take(&mut self.session.state().gone);
        self.emit(ChatEvent::Session {
            session: self.session.id.clone(),
            turn: self.number,
            share: self.question.share,
            provider: provider.to_owned(),
            model: model.map(str::to_owned),
            knowledge,
            gone,
        });
    }

    /// Tells something.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "events are made where they are told"
    )]
    pub fn emit(&self, event: ChatEvent) -> bool {
        self.session.emit(self.number, &event)
    }

    /// Tells what failed, and ends.
    pub fn failed_with(&self, fault: &ToolFault) -> Ending {
        self.error(&fault.code, &with_suggestions(fault));
        "error"
    }

    pub fn error(&self, code: &str, detail: &str) {
        self.emit(ChatEvent::Error {
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
    }

    /// Runs work that blocks, as long as there is time.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, ToolFault>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let places = Arc::clone(&self.inner.places);
        let run = async move {
            let place = places.acquire_owned().await.ok();
            let work = tokio::task::spawn_blocking(move || {
                let _place = place;
                work()
            });
            work.await
        };
        match tokio::time::timeout_at(self.deadline, run).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "a tool ended by a fault");
                Err(ToolFault::new(
                    "internal",
                    "The tool failed by a fault of the server. Its log says more.",
                ))
            }
            Err(_) => {
                self.context.cancel.cancel();
                let words = format!(
                    "It took longer than the {} ms that an answer may take.",
                    self.limits.answer_ms
                );
                Err(ToolFault::new("time_limit", words))
            }
        }
    }

    async fn command(&self, line: String) -> Ending {
        let slash = Arc::clone(&self.inner.parts.slash);
        let context = self.context.clone();
        let (session, turn) = (Arc::clone(&self.session), self.number);
        let ran = self
            .blocking(move || {
                slash.run(&context, &line, &|event| {
                    session.emit(turn, &event);
                })
            })
            .await;
        match ran.and_then(|ran| ran) {
            Ok(()) => "done",
            Err(fault) => self.failed_with(&fault),
        }
    }

    async fn plan(&mut self) -> Ending {
        self.learn().await;
        let planner = Arc::clone(&self.inner.parts.planner);
        let (context, message) = (self.context.clone(), self.question.message.clone());
        let (earlier, memory) = {
            let state = self.session.state();
            let turns = state
                .saved
                .turns
                .iter()
                .filter(|turn| turn.turn != self.number);
            (
                turns.cloned().collect::<Vec<_>>(),
                state.saved.planner.clone(),
            )
        };
        let tools = self.tools.clone();
        let planned = self
            .blocking(move || {
                planner.plan(&PlannerQuestion {
                    context: &context,
                    text: &message,
                    earlier: &earlier,
                    tools: &tools,
                    memory: memory.as_ref(),
                })
            })
            .await;
        let planned = match planned {
            Ok(planned) => planned,
            Err(fault) => return self.failed_with(&fault),
        };
        self.session
            .state()
            .saved
            .planner
            .clone_from(&planned.memory);
        if !planned.said.is_empty() {
            self.emit(ChatEvent::Text(planned.said));
        }
        let mut ending = "done";
        for (name, args) in planned.calls {
            let call = ToolCall {
                id: self.next_call(),
                wire_id: None,
                name,
                args,
                malformed: None,
                signature: None,
            };
            if self.run_call(&call).await.is_error {
                ending = "error";
                break;
            }
        }
        if !planned.alternatives.is_empty() {
            self.emit(ChatEvent::Alternatives(planned.alternatives));
        }
        ending
    }

    /// Proposes what the person taught with this message.
    pub async fn learn(&self) {
        let source = format!("{}/{}", self.session.id, self.number);
        if let Some(entry) =
            corrections::taught(&self.question.message, &self.context.database, &source)
        {
            self.propose_knowledge(entry).await;
        }
    }

    /// Keeps an entry for approval and tells so. A failure is only logged: the answer does not depend on it.
    pub async fn propose_knowledge(&self, entry: KnowledgeEntry) {
        let knowledge = Arc::clone(&self.inner.parts.knowledge);
        let (kept, context) = (entry.clone(), self.context.clone());
        let proposed = self
            .blocking(move || knowledge.propose(&context, &kept))
            .await;
        match proposed {
            Ok(Ok(())) => {
                self.emit(ChatEvent::KnowledgeProposed {
                    category: entry.category,
                    name: entry.name,
                    text: entry.text,
                    why: entry.why,
                });
            }
            Ok(Err(error)) => tracing::warn!(%error, "knowledge could not be proposed"),
            Err(fault) => tracing::warn!(%fault, "knowledge could not be proposed"),
        }
    }

    /// The id of the next call.
    pub fn next_call(&mut self) -> String {
        self.calls += 1;
        format!("c{}_{}", self.number, self.calls)
    }

    /// Gives the time back that a person took to decide, and at least so much to do it.
    pub fn waited(&mut self, since: Instant, least: Duration) {
        let now = Instant::now();
        self.deadline = (self.deadline + (now - since)).max(now + least);
    }
}

/// A fault's words with the names that may have been meant.
pub(super) fn with_suggestions(fault: &ToolFault) -> String {
    let said = fault.message.to_lowercase().contains("did you mean");
    if fault.suggestions.is_empty() || said {
        return fault.message.clone();
    }
    format!(
        "{} Did you mean {}?",
        fault.message,
        fault.suggestions.join(", ")
    )
}
