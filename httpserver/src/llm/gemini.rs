//! Google's Gemini: `streamGenerateContent` over Server-Sent Events.
//!
//! Signatures of thoughts go back at the place where they came from; the API refuses calls whose signature
//! is missing.

use serde_json::{Map, Value, json};

use super::json::{as_object, count, failure, items, parse, text};
use super::message::alternating;
use super::wire::Decoder;
use super::{
    FinishReason, Message, ModelError, ModelEvent, ModelRequest, ModelSettings, Opaque, Part, Role,
    ToolCall, ToolDefinition, Usage,
};
use crate::config::ProviderKind;

const GEMINI: ProviderKind = ProviderKind::Gemini;

/// Where requests go; the key is in a header, never in the address.
pub fn url(settings: &ModelSettings) -> String {
    let path = format!(
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        settings.model
    );
    settings.below(&path)
}

/// The body of a request.
pub fn body(request: &ModelRequest) -> Value {
    let contents: Vec<Value> = alternating(&request.messages).iter().map(content).collect();
    let mut body = json!({
        "contents": contents,
        "generationConfig": {"maxOutputTokens": request.output_tokens},
    });
    if !request.system.is_empty() {
        body["systemInstruction"] = json!({"parts": [{"text": request.system}]});
    }
    if !request.tools.is_empty() {
        let tools: Vec<Value> = request.tools.iter().map(declaration).collect();
        body["tools"] = json!([{"functionDeclarations": tools}]);
    }
    body
}

fn declaration(tool: &ToolDefinition) -> Value {
    json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters})
}

fn content(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Model => "model",
    };
    let parts: Vec<Value> = message.parts.iter().filter_map(part).collect();
    json!({"role": role, "parts": parts})
}

fn part(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({"text": text})),
        Part::Call(call) => Some(call_part(call)),
        Part::Result(result) => {
            let field = if result.is_error { "error" } else { "output" };
            let mut response = json!({"name": result.name, "response": {field: result.text}});
            if let Some(id) = &result.wire_id {
                response["id"] = json!(id);
            }
            Some(json!({"functionResponse": response}))
        }
        Part::Opaque(opaque) => (opaque.provider == GEMINI).then(|| opaque.value.clone()),
    }
}

fn call_part(call: &ToolCall) -> Value {
    let mut function = json!({"name": call.name, "args": call.args});
    if let Some(id) = &call.wire_id {
        function["id"] = json!(id);
    }
    let mut part = json!({"functionCall": function});
    if let Some(signature) = call.signature.as_ref().filter(|s| s.provider == GEMINI) {
        part["thoughtSignature"] = signature.value.clone();
    }
    part
}

/// An answer that is being read.
#[derive(Debug, Default)]
pub struct Answer {
    finished: bool,
}

impl Decoder for Answer {
    fn piece(&mut self, piece: &str, out: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        let value = parse(piece)?;
        if let Some(words) = failure(&value) {
            return Err(ModelError::Failed(words));
        }
        if value.get("usageMetadata").is_some() {
            out.push(ModelEvent::Usage(usage(&value)));
        }
        if let Some(reason) = text(&value, "/promptFeedback/blockReason") {
            self.finished = true;
            out.push(ModelEvent::Finish(FinishReason::Blocked(reason.to_owned())));
            return Ok(());
        }
        for part in items(&value, "/candidates/0/content/parts") {
            read_part(part, out);
        }
        if let Some(reason) = text(&value, "/candidates/0/finishReason") {
            self.finished = true;
            out.push(ModelEvent::Finish(finish(reason)));
        }
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<ModelEvent>) -> Result<(), ModelError> {
        if self.finished {
            Ok(())
        } else {
            Err(ModelError::Cut)
        }
    }
}

fn read_part(part: &Value, out: &mut Vec<ModelEvent>) {
    let signature = part.get("thoughtSignature");
    if let Some(function) = part.get("functionCall") {
        let (args, malformed) = as_object(function.get("args").cloned().unwrap_or_default());
        out.push(ModelEvent::Call(ToolCall {
            id: String::new(),
            wire_id: text(function, "/id").map(str::to_owned),
            name: text(function, "/name").unwrap_or_default().to_owned(),
            args,
            malformed,
            signature: signature.map(|value| opaque(value.clone())),
        }));
        return;
    }
    // Summaries of thoughts are not for the person; nothing of them has to go back.
    let is_thought = part.get("thought").and_then(Value::as_bool) == Some(true);
    if let Some(words) = text(part, "/text").filter(|words| !words.is_empty() && !is_thought) {
        out.push(ModelEvent::Text(words.to_owned()));
    }
    if let Some(signature) = signature {
        let mut value = Map::new();
        value.insert("text".to_owned(), json!(""));
        value.insert("thoughtSignature".to_owned(), signature.clone());
        out.push(ModelEvent::Opaque(opaque(Value::Object(value))));
    }
}

fn opaque(value: Value) -> Opaque {
    Opaque {
        provider: GEMINI,
        value,
    }
}

fn usage(value: &Value) -> Usage {
    let of = |name: &str| count(value, &format!("/usageMetadata/{name}"));
    Usage {
        input: of("promptTokenCount") + of("toolUsePromptTokenCount"),
        cached: of("cachedContentTokenCount"),
        output: of("candidatesTokenCount") + of("thoughtsTokenCount"),
    }
}

fn finish(reason: &str) -> FinishReason {
    match reason {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => FinishReason::MalformedCall,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE"
        | "IMAGE_SAFETY" => FinishReason::Blocked(reason.to_owned()),
        other => FinishReason::Other(other.to_owned()),
    }
}
