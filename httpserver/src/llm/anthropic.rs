//! Anthropic's messages, streamed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{arguments, count, failure, parse, text};
use super::message::alternating;
use super::wire::Decoder;
use super::{
    FinishReason, Message, ModelError, ModelEvent, ModelRequest, ModelSettings, Opaque, Part, Role,
    ToolCall, ToolDefinition, Usage,
};
use crate::config::ProviderKind;

const ANTHROPIC: ProviderKind = ProviderKind::Anthropic;
/// Most blocks of one answer at the same time.
const MAX_OPEN: usize = 64;

/// The body of a request.
pub fn body(settings: &ModelSettings, request: &ModelRequest) -> Value {
    let messages: Vec<Value> = alternating(&request.messages).iter().map(message).collect();
    let mut body = json!({
        "model": settings.model,
        "max_tokens": request.output_tokens,
        "messages": messages,
        "stream": true,
    });
    if !request.system.is_empty() {
        body["system"] = json!(request.system);
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body
}

fn tool(tool: &ToolDefinition) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
}

fn message(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Model => "assistant",
    };
    // Results have to come before everything else.
    let is_result = |part: &&Part| matches!(part, Part::Result(_));
    let results = message.parts.iter().filter(is_result);
    let others = message.parts.iter().filter(|part| !is_result(part));
    let content: Vec<Value> = results.chain(others).filter_map(block).collect();
    json!({"role": role, "content": content})
}

fn block(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Call(call) => Some(
            json!({"type": "tool_use", "id": call.wire_id(), "name": call.name, "input": call.args}),
        ),
        Part::Result(result) => {
            let mut block = json!({
                "type": "tool_result", "tool_use_id": result.wire_id(), "content": result.text,
            });
            if result.is_error {
                block["is_error"] = json!(true);
            }
            Some(block)
        }
        Part::Opaque(opaque) => (opaque.provider == ANTHROPIC).then(|| opaque.value.clone()),
    }
}

/// A block that is being read.
#[derive(Debug)]
enum Building {
    Text,
    Call {
        id: Option<String>,
        name: String,
        input: String,
    },
    Thinking(Value),
}

/// An answer that is being read.
#[derive(Debug, Default)]
pub struct Answer {
    open: BTreeMap<u64, Building>,
    usage: Usage,
    finish: Option<FinishReason>,
    stopped: bool,
}

impl Decoder for Answer {
    fn piece(&mut self, piece: &str, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let value = parse(piece)?;
        match text(&value, "/type").unwrap_or_default() {
            "message_start" => {
                self.count(&value, "/message/usage");
                out.push(ModelEvent::Usage(self.usage));
            }
            "content_block_start" => self.start(&value, out)?,
            "content_block_delta" => self.delta(&value, out),
            "content_block_stop" => self.close(count(&value, "/index"), out),
            "message_delta" => {
                self.count(&value, "/usage");
                out.push(ModelEvent::Usage(self.usage));
                if let Some(reason) = text(&value, "/delta/stop_reason") {
                    self.finish = Some(finish(reason));
                }
            }
            "message_stop" => self.stopped = true,
            "error" => {
                let words = failure(&value).unwrap_or_else(|| "it did not say why".to_owned());
                return Err(ModelError::Failed(words));
            }
            // `ping`, and events that are new: the interface asks readers to pass over them.
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let finish = self.finish.take().filter(|_| self.stopped);
        out.push(ModelEvent::Finish(finish.ok_or(ModelError::Cut)?));
        Ok(())
    }
}

impl Answer {
    fn count(&mut self, value: &Value, at: &str) {
        let of = |name: &str| count(value, &format!("{at}/{name}"));
        let cached = of("cache_read_input_tokens");
        let input = of("input_tokens") + cached + of("cache_creation_input_tokens");
        // The numbers are totals so far; a later event may leave some out.
        self.usage.input = self.usage.input.max(input);
        self.usage.cached = self.usage.cached.max(cached);
        self.usage.output = self.usage.output.max(of("output_tokens"));
    }

    fn start(&mut self, value: &Value, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if self.open.len() >= MAX_OPEN {
            let words = format!("it has more than {MAX_OPEN} open blocks");
            return Err(ModelError::Malformed(words));
        }
        let block = value.get("content_block").cloned().unwrap_or_default();
        let building = match text(&block, "/type").unwrap_or_default() {
            "tool_use" => Building::Call {
                id: text(&block, "/id").map(str::to_owned),
                name: text(&block, "/name").unwrap_or_default().to_owned(),
                input: String::new(),
            },
            "thinking" | "redacted_thinking" => Building::Thinking(block),
            _ => {
                if let Some(words) = text(&block, "/text").filter(|words| !words.is_empty()) {
                    out.push(ModelEvent::Text(words.to_owned()));
                }
                Building::Text
            }
        };
        self.open.insert(count(value, "/index"), building);
        Ok(())
    }

    fn delta(&mut self, value: &Value, out: &mut Vec<ModelEvent>) {
        let building = self.open.get_mut(&count(value, "/index"));
        let more = |name: &str| text(value, &format!("/delta/{name}")).unwrap_or_default();
        match (text(value, "/delta/type").unwrap_or_default(), building) {
            ("text_delta", _) => out.push(ModelEvent::Text(more("text").to_owned())),
            ("input_json_delta", Some(Building::Call { input, .. })) => {
                input.push_str(more("partial_json"));
            }
            ("thinking_delta", Some(Building::Thinking(block))) => {
                append(block, "thinking", more("thinking"));
            }
            ("signature_delta", Some(Building::Thinking(block))) => {
                append(block, "signature", more("signature"));
            }
            _ => {}
        }
    }

    fn close(&mut self, index: u64, out: &mut Vec<ModelEvent>) {
        match self.open.remove(&index) {
            Some(Building::Call { id, name, input }) => {
                let (args, malformed) = arguments(&input);
                out.push(ModelEvent::Call(ToolCall {
                    id: String::new(),
                    wire_id: id,
                    name,
                    args,
                    malformed,
                    signature: None,
                }));
            }
            Some(Building::Thinking(value)) => out.push(ModelEvent::Opaque(Opaque {
                provider: ANTHROPIC,
                value,
            })),
            Some(Building::Text) | None => {}
        }
    }
}

fn append(block: &mut Value, field: &str, more: &str) {
    let so_far = block.get(field).and_then(Value::as_str).unwrap_or_default();
    block[field] = json!(format!("{so_far}{more}"));
}

fn finish(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "tool_use" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "refusal" => FinishReason::Blocked(reason.to_owned()),
        other => FinishReason::Other(other.to_owned()),
    }
}
