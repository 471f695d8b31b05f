//! Chat completions as `OpenAI` defined them, streamed; many servers speak them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{arguments, count, failure, items, parse, text};
use super::message::{chat_messages, with_functions};
use super::wire::Decoder;
use super::{
    FinishReason, Message, ModelError, ModelEvent, ModelRequest, ModelSettings, Part, Role,
    ToolCall, Usage,
};

/// Most calls of one answer.
const MAX_CALLS: u64 = 64;

/// The body of a request.
pub fn body(settings: &ModelSettings, request: &ModelRequest) -> Value {
    let messages = chat_messages(request, write);
    // Servers that only speak like it know the older name.
    let is_openai = settings.base_url.host_str() == Some("api.openai.com");
    let limit = if is_openai {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    let body = json!({
        "model": settings.model,
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
        limit: request.output_tokens,
    });
    with_functions(body, &request.tools)
}

fn write(message: &Message, out: &mut Vec<Value>) {
    let mut words = String::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => {
                if !words.is_empty() {
                    words.push_str("\n\n");
                }
                words.push_str(text);
            }
            Part::Call(call) => calls.push(
                json!({"id": call.wire_id(), "type": "function", "function": {
                    "name": call.name, "arguments": call.args.to_string(),
                }}),
            ),
            // Each result is a message of its own, and comes before what the person says.
            Part::Result(result) => out.push(json!({
                "role": "tool", "tool_call_id": result.wire_id(), "content": result.text,
            })),
            Part::Opaque(_) => {}
        }
    }
    match message.role {
        Role::User if words.is_empty() => {}
        Role::User => out.push(json!({"role": "user", "content": words})),
        Role::Model if calls.is_empty() => {
            out.push(json!({"role": "assistant", "content": words}));
        }
        Role::Model => {
            let content = if words.is_empty() {
                Value::Null
            } else {
                json!(words)
            };
            out.push(json!({"role": "assistant", "content": content, "tool_calls": calls}));
        }
    }
}

#[derive(Debug, Default)]
struct Building {
    id: Option<String>,
    name: String,
    arguments: String,
}

/// An answer that is being read.
#[derive(Debug, Default)]
pub struct Answer {
    calls: BTreeMap<u64, Building>,
    finish: Option<FinishReason>,
    done: bool,
}

impl Decoder for Answer {
    fn piece(&mut self, piece: &str, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if piece.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let value = parse(piece)?;
        if let Some(words) = failure(&value) {
            return Err(ModelError::Failed(words));
        }
        if value.get("usage").is_some_and(Value::is_object) {
            out.push(ModelEvent::Usage(usage(&value)));
        }
        for words in ["/choices/0/delta/content", "/choices/0/delta/refusal"] {
            if let Some(words) = text(&value, words).filter(|words| !words.is_empty()) {
                out.push(ModelEvent::Text(words.to_owned()));
            }
        }
        for call in items(&value, "/choices/0/delta/tool_calls") {
            self.add(call)?;
        }
        if let Some(reason) = text(&value, "/choices/0/finish_reason") {
            self.finish = Some(match reason {
                "stop" | "tool_calls" | "function_call" => FinishReason::Stop,
                "length" => FinishReason::Length,
                "content_filter" => FinishReason::Blocked(reason.to_owned()),
                other => FinishReason::Other(other.to_owned()),
            });
            self.give_calls(out);
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        // Some servers leave out the reason, some the last line; one of them has to be there.
        let finish = match self.finish.take() {
            Some(finish) => finish,
            None if self.done => FinishReason::Stop,
            None => return Err(ModelError::Cut),
        };
        self.give_calls(out);
        out.push(ModelEvent::Finish(finish));
        Ok(())
    }
}

impl Answer {
    fn add(&mut self, call: &Value) -> Result<(), ModelError> {
        let id = text(call, "/id").filter(|id| !id.is_empty());
        let place = match call.get("index").and_then(Value::as_u64) {
            Some(index) => index,
            // Servers without places name each call whole, or go on with the last one.
            None if id.is_some() => self.calls.len() as u64,
            None => (self.calls.len() as u64).saturating_sub(1),
        };
        if place >= MAX_CALLS {
            let words = format!("it has more than {MAX_CALLS} calls");
            return Err(ModelError::Malformed(words));
        }
        let building = self.calls.entry(place).or_default();
        building.id = id.map(str::to_owned).or(building.id.take());
        building
            .name
            .push_str(text(call, "/function/name").unwrap_or_default());
        match call.pointer("/function/arguments") {
            Some(Value::String(more)) => building.arguments.push_str(more),
            Some(whole @ Value::Object(_)) => building.arguments = whole.to_string(),
            _ => {}
        }
        Ok(())
    }

    fn give_calls(&mut self, out: &mut Vec<ModelEvent>) {
        for (_, call) in std::mem::take(&mut self.calls) {
            let (args, malformed) = arguments(&call.arguments);
            out.push(ModelEvent::Call(ToolCall {
                id: String::new(),
                wire_id: call.id,
                name: call.name,
                args,
                malformed,
                signature: None,
            }));
        }
    }
}

fn usage(value: &Value) -> Usage {
    Usage {
        input: count(value, "/usage/prompt_tokens"),
        cached: count(value, "/usage/prompt_tokens_details/cached_tokens"),
        output: count(value, "/usage/completion_tokens"),
    }
}
