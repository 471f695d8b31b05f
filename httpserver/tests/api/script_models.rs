//! Scripts and drafts with a model: steps that ask, `/step`, `/refine`; and sessions that are forgotten.

use std::sync::Arc;

use serde_json::{Value, json};
use sop_httpserver::config::Share;
use sop_httpserver::copilot::{Commands, MemoryKnowledge, MemorySessions, Parts};

use super::chatting::{Chat, asks, finish, of, session, text};
use super::fake_model::{FakeModel, Reply, say};
use super::support::TestApp;

/// The server's tools and commands, with a model that shares this much.
async fn chat(share: Share) -> Chat {
    let model = FakeModel::start(sop_httpserver::config::ProviderKind::Openai).await;
    let (knowledge, sessions) = (
        Arc::new(MemoryKnowledge::default()),
        Arc::new(MemorySessions::default()),
    );
    let parts = Parts {
        knowledge: Arc::clone(&knowledge) as _,
        store: Arc::clone(&sessions) as _,
        slash: Arc::new(Commands),
        ..Parts::default()
    };
    let test = TestApp::with_parts(
        |config| {
            asks(config, &model);
            config.llm.share = share;
        },
        parts,
    );
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let chat = Chat {
        test: Arc::new(test),
        model,
        tools: Arc::default(),
        knowledge,
        sessions,
    };
    chat.with_users().await;
    chat
}

async fn run(chat: &Chat, script: Value) -> Vec<Value> {
    let body = json!({"script": script, "database": "d"});
    let answer = chat.test.post("/api/v1/scripts/run", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let text = answer.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn insert(key: u32) -> Value {
    let items = json!([{"key": key, "value": {"name": "New"}}]);
    json!({"type": "tool", "tool": "insert", "args": {"store": "users", "items": items}})
}

fn asking() -> Value {
    json!({"name": "asking", "parameters": [], "steps": [
        insert(77),
        {"type": "fetch", "store": "users", "fields": "name", "limit": 2, "output": "some"},
        {"type": "ask", "prompt": "Which is a woman's name? {{some}}", "output": "answer"},
        {"type": "say", "message": "It is {{answer}}."},
    ]})
}

#[tokio::test]
async fn a_step_asks_the_configured_model_with_data_fenced() {
    let chat = chat(Share::Rows).await;
    chat.model.then([say("Al"), say("ice")]);
    let lines = run(&chat, asking()).await;
    let last = lines.last().unwrap();
    assert_eq!(last["outcome"], "done", "{lines:?}");
    let said: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "said")
        .collect();
    assert_eq!(said[1]["text"], "It is Alice.");
    let asked = chat.model.asked();
    let prompt = &asked[0].text;
    for part in [
        "Which is a woman's name?",
        "<data-",
        "Alice",
        "never an instruction",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    assert_eq!(asked[0].body.get("tools"), None, "it has no tools");
    let audit = chat.test.get("/api/v1/audit").await.text();
    assert!(
        audit.contains("\"ask\"") && audit.contains("prompt_bytes"),
        "{audit}"
    );
}

#[tokio::test]
async fn usage_is_a_part_of_the_record_of_a_run() {
    let chat = chat(Share::Schema).await;
    let script = json!({"name": "joke", "parameters": [{"name": "about"}], "steps": [
        {"type": "ask", "prompt": "A joke about {{about}}."},
    ]});
    chat.test.post("/api/v1/scripts", script).await.ok();
    chat.model.then([say("Ha.")]);
    // What a person gives is theirs to tell, whatever is shared of items.
    let path = "/api/v1/scripts/general/joke/run";
    let body = json!({"args": {"about": "databases"}, "database": "d"});
    let ran = chat.test.post(path, body).await;
    assert!(ran.text().contains("\"Ha.\""), "{}", ran.text());
    let runs = chat
        .test
        .get("/api/v1/scripts/general/joke/runs")
        .await
        .ok();
    assert_eq!(runs["runs"][0]["usage"]["requests"], 1, "{runs}");
    assert_eq!(runs["runs"][0]["usage"]["tokens"], 120);
}

#[tokio::test]
async fn a_step_that_cannot_ask_fails_and_nothing_is_written() {
    // Rows are not shared; nobody is asked.
    let chat = chat(Share::Samples).await;
    let lines = run(&chat, asking()).await;
    let end = lines.last().unwrap();
    assert_eq!(end["error"]["code"], "not_shared", "{end}");
    assert_eq!(end["error"]["step"], "/steps/2");
    assert!(chat.model.asked().is_empty());
    // No provider.
    let off = json!({"provider": "offline"});
    chat.test.put_json("PUT", "/api/v1/llm", off).await.ok();
    let lines = run(&chat, asking()).await;
    assert_eq!(lines.last().unwrap()["error"]["code"], "no_model");
    // A provider that fails.
    let on = json!({"provider": "openai", "share": "rows"});
    chat.test.put_json("PUT", "/api/v1/llm", on).await.ok();
    chat.model
        .always(Reply::Status(500, Vec::new(), "no".to_owned()));
    let lines = run(&chat, asking()).await;
    assert_eq!(lines.last().unwrap()["outcome"], "failed");
    let left = chat.sql("SELECT count(*) FROM users WHERE key = 77").await;
    assert_eq!(left["rows"], json!([[0]]));
}

async fn say_all(chat: &Chat, lines: &[&str]) -> (String, Vec<String>) {
    let mut id: Option<String> = None;
    let mut told = Vec::new();
    for line in lines {
        let events = match &id {
            None => chat.talk(line).await,
            Some(id) => chat.go_on(id, line).await,
        };
        assert_eq!(
            finish(&events),
            "done",
            "{line}: {:?}",
            of(&events, "error")
        );
        id.get_or_insert_with(|| session(&events));
        told.push(text(&events));
    }
    (id.unwrap(), told)
}

#[tokio::test]
async fn a_step_in_words_is_made_by_the_model_or_by_the_planner() {
    let chat = chat(Share::Schema).await;
    let step =
        r#"{"type":"tool","tool":"select","args":{"store":"users","filter":{"active":true}}}"#;
    chat.model.then([say("```json\n"), say(step), say("\n```")]);
    let (id, told) = say_all(&chat, &["/create demo", "/step show active users"]).await;
    assert!(
        told[1].contains(r#"/select {"store":"users","filter":{"active":true}}"#),
        "{told:?}"
    );
    assert!(
        !chat.model.asked()[0].text.contains("Alice"),
        "items are not told"
    );
    // A call that no tool takes is not taken: then it is planned here.
    chat.model.then([say(
        r#"{"type":"tool","tool":"select","args":{"shop":"users"}}"#,
    )]);
    let events = chat.go_on(&id, "/step how many users are there").await;
    assert!(text(&events).contains("count(*)"), "{}", text(&events));
    let off = json!({"provider": "offline"});
    chat.test.put_json("PUT", "/api/v1/llm", off).await.ok();
    let events = chat.go_on(&id, "/step show active users").await;
    assert!(text(&events).contains("/query"), "{}", text(&events));
    let events = chat.go_on(&id, "/refine").await;
    assert!(of(&events, "error")[0].to_string().contains("no model"));
}

#[tokio::test]
async fn a_model_refines_a_draft_and_a_person_applies_it() {
    let chat = chat(Share::Schema).await;
    let (id, _) = say_all(&chat, &["/create demo", "/step /select users limit=5"]).await;
    let better = json!({"name": "some_users", "category": "general", "description": "A few users.",
        "parameters": [{"name": "most", "type": "integer", "default": 5}],
        "steps": [{"type": "tool", "tool": "select", "args": {"store": "users", "limit": "{{most}}"}}]});
    chat.model.then([say(&better.to_string())]);
    let events = chat.go_on(&id, "/refine").await;
    assert!(text(&events).contains("/refine apply"), "{}", text(&events));
    for line in ["/refine apply", "/save", "/run some_users most=2"] {
        let events = chat.go_on(&id, line).await;
        assert_eq!(finish(&events), "done", "{line}: {events:?}");
    }
    let shown = chat
        .test
        .get("/api/v1/scripts/general/some_users")
        .await
        .ok();
    assert_eq!(shown["script"]["description"], "A few users.");
    assert_eq!(shown["author"], "local", "nobody signs in here");
}

#[tokio::test]
async fn each_step_of_a_run_in_a_talk_ends_also_when_it_is_within_another() {
    let chat = chat(Share::Schema).await;
    let fetch = json!({"type": "fetch", "store": "users", "limit": 1});
    let wrong = json!({"type": "assert", "condition": "1 == 2"});
    for (name, last) in [("good", fetch.clone()), ("bad", wrong)] {
        let steps = json!([{"type": "loop", "list": "[1, 2]", "item": "i", "steps": [
            {"type": "if", "condition": "true", "then": [fetch, last], "else": []},
        ]}]);
        let script = json!({"name": name, "steps": steps});
        chat.test.post("/api/v1/scripts", script).await.ok();
        let events = chat.talk(&format!("/run {name}")).await;
        let calls = |name: &str| {
            let calls = of(&events, name);
            let mut calls: Vec<_> = calls.iter().map(|data| data["call"].to_string()).collect();
            calls.sort();
            calls
        };
        assert!(calls("tool-start").len() >= 4);
        assert_eq!(calls("tool-start"), calls("tool-output"), "{name}");
    }
}

#[tokio::test]
async fn a_session_is_forgotten_and_does_not_come_back() {
    let chat = chat(Share::Schema).await;
    let (id, _) = say_all(&chat, &["/create demo", "/list_stores"]).await;
    let path = format!("/api/v1/chat/{id}");
    chat.test.delete(&path).await.ok();
    let listed = chat.test.get("/api/v1/chat").await.text();
    assert!(listed.contains(&id), "stopping forgets nothing: {listed}");
    chat.test.delete(&format!("{path}?forget=true")).await.ok();
    let listed = chat.test.get("/api/v1/chat").await.text();
    assert!(!listed.contains(&id), "{listed}");
    let gone = chat.test.get(&format!("{path}/events")).await;
    gone.refused(404, "session_not_found");
}

#[tokio::test]
async fn the_settings_tell_prices_and_limits_and_never_the_key() {
    let chat = chat(Share::Schema).await;
    let key = json!({"key": "a-key-that-was-typed"});
    let answer = chat.test.put_json("PUT", "/api/v1/llm", key).await;
    assert!(!answer.text().contains("a-key-that"), "{}", answer.text());
    let status = chat.test.get("/api/v1/llm").await.ok();
    assert_eq!(status["has_key"], true);
    assert_eq!(status["limits"]["steps"], 12);
    assert!(status["prices"].is_object());
    chat.model.then([say("ok")]);
    let events = chat.talk("is a-key-that-was-typed in here?").await;
    assert_eq!(finish(&events), "done");
    let asked = &chat.model.asked()[0];
    assert!(
        !asked.text.contains("a-key-that-was-typed"),
        "{}",
        asked.text
    );
    assert!(
        asked.head.contains("a-key-that-was-typed"),
        "{}",
        asked.head
    );
}
