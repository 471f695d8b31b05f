//! What providers say and what is made of it, as files: `transcripts/<provider>/<case>.in` is an answer as it comes over
//! the wire, `<case>.out` the events that are read from it; `request.json` is how a talk is written for the provider.
//! `UPDATE_TRANSCRIPTS=1` writes the files anew, to be looked at before they are kept.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sop_httpserver::config::{LlmConfig, ProviderKind, Secret};
use sop_httpserver::llm::{
    FinishReason, Message, ModelEvent, ModelRequest, ModelSettings, Opaque, Part, Pieces, Role,
    ToolCall, ToolDefinition, ToolResult, Wire,
};

fn folder(kind: ProviderKind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(kind.name())
}

fn line(event: &ModelEvent) -> String {
    match event {
        ModelEvent::Text(text) => format!("text {}", json!(text)),
        ModelEvent::Call(call) => {
            let malformed = call
                .malformed
                .as_ref()
                .map(|_| " malformed")
                .unwrap_or_default();
            let signature = call
                .signature
                .as_ref()
                .map(|s| format!(" signed {}", s.value))
                .unwrap_or_default();
            format!(
                "call {} {} id {:?}{malformed}{signature}",
                call.name, call.args, call.wire_id
            )
        }
        ModelEvent::Opaque(opaque) => format!("opaque {}", opaque.value),
        ModelEvent::Usage(usage) => format!(
            "usage in {} cached {} out {}",
            usage.input, usage.cached, usage.output
        ),
        ModelEvent::Finish(FinishReason::Blocked(reason)) => format!("blocked {reason}"),
        ModelEvent::Finish(finish) => format!("finish {finish:?}"),
    }
}

/// The events of an answer that comes in portions of so many bytes; neighbouring texts are one.
fn read(kind: ProviderKind, bytes: &[u8], portion: usize) -> String {
    let wire = Wire(kind);
    let mut pieces = Pieces::new(wire.framing());
    let mut decoder = wire.decoder();
    let (mut texts, mut events) = (Vec::new(), Vec::new());
    let mut failed = None;
    for part in bytes.chunks(portion) {
        pieces.push(part, &mut texts).unwrap();
    }
    pieces.end(&mut texts).unwrap();
    for text in texts {
        if let Err(error) = decoder.piece(&text, &mut events) {
            failed = Some(error);
            break;
        }
    }
    let failed = failed.or_else(|| decoder.end(&mut events).err());
    let mut out: Vec<String> = events.iter().map(line).collect();
    out.extend(failed.map(|error| format!("error {} {error}", error.code())));
    out.join("\n") + "\n"
}

fn check(path: &Path, found: &str) {
    if std::env::var_os("UPDATE_TRANSCRIPTS").is_some() {
        std::fs::write(path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

#[test]
fn answers_are_read_as_they_were_written_down() {
    for kind in ProviderKind::ALL {
        let mut cases = 0;
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder(kind))
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        for path in files
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "in"))
        {
            let bytes = std::fs::read(path).unwrap();
            let whole = read(kind, &bytes, bytes.len());
            for portion in [1, 2, 3, 7, 64] {
                assert_eq!(
                    read(kind, &bytes, portion),
                    whole,
                    "{} by {portion}",
                    path.display()
                );
            }
            check(&path.with_extension("out"), &whole);
            cases += 1;
        }
        assert!(cases >= 4, "{kind:?} has {cases}");
    }
}

fn talk() -> ModelRequest {
    let call = |id: &str, signature: Option<Opaque>| ToolCall {
        id: format!("c1_{id}"),
        wire_id: Some(format!("wire-{id}")),
        name: "query".to_owned(),
        args: json!({"sql": "SELECT 1"}),
        malformed: None,
        signature,
    };
    let opaque = |provider, value| Opaque { provider, value };
    let result = |id: &str, is_error| {
        Part::Result(ToolResult {
            id: format!("c1_{id}"),
            wire_id: Some(format!("wire-{id}")),
            name: "query".to_owned(),
            text: "{\"rows\":[[1]]}".to_owned(),
            is_error,
        })
    };
    let message = |role, parts| Message { role, parts };
    let text = |text: &str| Part::Text(text.to_owned());
    let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "s"});
    ModelRequest {
        system: "Rules.".to_owned(),
        messages: vec![
            message(Role::User, vec![text("Schema.")]),
            message(Role::User, vec![text("Question?")]),
            message(
                Role::Model,
                vec![
                    Part::Opaque(opaque(ProviderKind::Anthropic, thinking)),
                    text("Let me look."),
                    Part::Call(call(
                        "a",
                        Some(opaque(ProviderKind::Gemini, json!("signed"))),
                    )),
                    Part::Call(call("b", None)),
                ],
            ),
            message(Role::User, vec![result("a", false), result("b", true)]),
            message(Role::Model, vec![]),
            message(Role::User, vec![text("And now?")]),
        ],
        tools: vec![ToolDefinition {
            name: "query".to_owned(),
            description: "Runs SQL.".to_owned(),
            parameters: json!({"type": "object", "properties": {"sql": {"type": "string"}}}),
        }],
        output_tokens: 1000,
    }
}

#[test]
fn a_talk_is_written_as_each_provider_asks_for_it() {
    for kind in ProviderKind::ALL {
        let config = LlmConfig {
            provider: Some(kind),
            model: Some("m-1".to_owned()),
            base_url: Some("https://models.example/base/".to_owned()),
            key: Some(Secret::new("sk-secret")),
            ..LlmConfig::default()
        };
        let settings = ModelSettings::of(&config).unwrap().unwrap();
        let wire = Wire(kind);
        let headers: Vec<Value> = wire
            .headers(&settings)
            .iter()
            .map(|(name, ..)| json!(name))
            .collect();
        let written = json!({
            "url": wire.url(&settings), "headers": headers, "body": wire.body(&settings, &talk()),
        });
        let text = serde_json::to_string_pretty(&written).unwrap() + "\n";
        assert!(!text.contains("sk-secret") && !format!("{settings:?}").contains("sk-secret"));
        check(&folder(kind).join("request.json"), &text);
    }
}
