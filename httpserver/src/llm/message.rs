//! Messages, calls and results as no provider in particular writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::ProviderKind;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person, or the results of tools.
    User,
    /// The model.
    Model,
}

/// A message of a talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// The model wants a tool.
    Call(ToolCall),
    /// What the tool answered.
    Result(ToolResult),
    /// What a provider wants to have back as it was.
    Opaque(Opaque),
}

/// Something that only its provider understands, such as a signed thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// Who gets it back; nobody else does.
    pub provider: ProviderKind,
    /// As it was.
    pub value: Value,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Our name for it, unique in its session.
    pub id: String,
    /// The provider's name for it, where it gives one.
    pub wire_id: Option<String>,
    /// The tool.
    pub name: String,
    /// Its arguments: an object.
    pub args: Value,
    /// Why the arguments could not be read, when they could not.
    pub malformed: Option<String>,
    /// What came along with it for the provider alone.
    pub signature: Option<Opaque>,
}

impl ToolCall {
    /// The name that a provider hears: its own where it gave one.
    pub fn wire_id(&self) -> &str {
        self.wire_id.as_deref().unwrap_or(&self.id)
    }
}

/// What a tool answered, as text for the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// [`ToolCall::id`].
    pub id: String,
    /// [`ToolCall::wire_id`].
    pub wire_id: Option<String>,
    /// The tool.
    pub name: String,
    /// Its words.
    pub text: String,
    /// Whether it failed.
    pub is_error: bool,
}

impl ToolResult {
    /// The name that a provider hears.
    pub fn wire_id(&self) -> &str {
        self.wire_id.as_deref().unwrap_or(&self.id)
    }
}

/// A tool as a model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelRequest {
    /// What it is told before everything else.
    pub system: String,
    /// The talk; the last message is the user's.
    pub messages: Vec<Message>,
    /// The tools that it may call.
    pub tools: Vec<ToolDefinition>,
    /// Most tokens of the answer.
    pub output_tokens: u64,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// More text.
    Text(String),
    /// A call, whole. Its `id` is empty: the receiver names it.
    Call(ToolCall),
    /// Something to be given back as it is, at this place of the message.
    Opaque(Opaque),
    /// Tokens so far; a later one replaces it.
    Usage(Usage),
    /// The end.
    Finish(FinishReason),
}

/// Tokens of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt, the kept ones included.
    pub input: u64,
    /// Those of the prompt that the provider had kept.
    pub cached: u64,
    /// Of the answer, its thoughts included.
    pub output: u64,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
        }
    }

    /// In and out.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It is whole; also when it ends with calls.
    Stop,
    /// It reached its limit of tokens.
    Length,
    /// The provider refused it; its word for the reason.
    Blocked(String),
    /// The model wrote a call that the provider could not read.
    MalformedCall,
    /// Anything else; the provider's word.
    Other(String),
}

/// The same talk with neighbouring messages of one speaker put together and empty ones left out, as
/// providers ask for it.
pub fn alternating(messages: &[Message]) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages.iter().filter(|message| !message.parts.is_empty()) {
        match out.last_mut().filter(|last| last.role == message.role) {
            Some(last) => last.parts.extend(message.parts.iter().cloned()),
            None => out.push(message.clone()),
        }
    }
    out
}

/// The messages of a request with the rules first, for interfaces that have them in one list; `write` adds what a message is there.
pub fn chat_messages(request: &ModelRequest, write: fn(&Message, &mut Vec<Value>)) -> Vec<Value> {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    for message in alternating(&request.messages) {
        write(&message, &mut messages);
    }
    messages
}

/// A body with tools, for interfaces that call them functions.
pub fn with_functions(mut body: Value, tools: &[ToolDefinition]) -> Value {
    if !tools.is_empty() {
        let functions = tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }})
        });
        body["tools"] = functions.collect();
    }
    body
}
