//! Ollama's `/api/chat`: a line of JSON for each piece.

use serde_json::{Value, json};

use super::json::{as_object, count, failure, items, parse, text};
use super::message::{chat_messages, with_functions};
use super::wire::Decoder;
use super::{
    FinishReason, Message, ModelError, ModelEvent, ModelRequest, ModelSettings, Part, Role,
    ToolCall, Usage,
};

/// The body of a request.
pub fn body(settings: &ModelSettings, request: &ModelRequest) -> Value {
    let messages = chat_messages(request, write);
    let body = json!({
        "model": settings.model,
        "messages": messages,
        "stream": true,
        "options": {"num_predict": request.output_tokens},
    });
    with_functions(body, &request.tools)
}

fn write(message: &Message, out: &mut Vec<Value>) {
    let mut words: Vec<&str> = Vec::new();
    let mut calls = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => words.push(text),
            Part::Call(call) => {
                calls.push(json!({"function": {"name": call.name, "arguments": call.args}}));
            }
            Part::Result(result) => out.push(json!({
                "role": "tool", "tool_name": result.name, "content": result.text,
            })),
            Part::Opaque(_) => {}
        }
    }
    let words = words.join("\n\n");
    match message.role {
        Role::User if words.is_empty() => {}
        Role::User => out.push(json!({"role": "user", "content": words})),
        Role::Model if calls.is_empty() => {
            out.push(json!({"role": "assistant", "content": words}));
        }
        Role::Model => {
            out.push(json!({"role": "assistant", "content": words, "tool_calls": calls}));
        }
    }
}

/// An answer that is being read.
#[derive(Debug, Default)]
pub struct Answer {
    done: bool,
}

impl Decoder for Answer {
    fn piece(&mut self, piece: &str, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let value = parse(piece)?;
        if let Some(words) = failure(&value) {
            return Err(ModelError::Failed(words));
        }
        if let Some(words) = text(&value, "/message/content").filter(|words| !words.is_empty()) {
            out.push(ModelEvent::Text(words.to_owned()));
        }
        for call in items(&value, "/message/tool_calls") {
            let arguments = call.pointer("/function/arguments").cloned();
            let (args, malformed) = as_object(arguments.unwrap_or_default());
            out.push(ModelEvent::Call(ToolCall {
                id: String::new(),
                wire_id: None,
                name: text(call, "/function/name").unwrap_or_default().to_owned(),
                args,
                malformed,
                signature: None,
            }));
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            self.done = true;
            out.push(ModelEvent::Usage(Usage {
                input: count(&value, "/prompt_eval_count"),
                cached: 0,
                output: count(&value, "/eval_count"),
            }));
            out.push(ModelEvent::Finish(match text(&value, "/done_reason") {
                None | Some("stop") => FinishReason::Stop,
                Some("length") => FinishReason::Length,
                Some(other) => FinishReason::Other(other.to_owned()),
            }));
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if self.done {
            Ok(())
        } else {
            Err(ModelError::Cut)
        }
    }
}
