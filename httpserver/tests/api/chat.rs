//! Questions to a model: its calls, its words, and what the page hears, in each of the four wire formats.

use serde_json::{Value, json};
use sop_httpserver::config::{Price, ProviderKind};

use super::chatting::{Chat, KEY, finish, names, of, session, text};
use super::fake_model::{Reply, Step, call, say};

/// One answer with words, two calls at once, and an answer to their results.
async fn a_talk_with(kind: ProviderKind) {
    let chat = Chat::with(kind, |_| {}).await;
    chat.tools.rows.lock().push(vec![json!("Alice")]);
    chat.model.then([
        say("Let me look. "),
        call("read", json!({"field": "name"})),
        call("read", json!({"field": "other"})),
    ]);
    chat.model.then([say("It is "), say("Alice: äöü 😀.")]);
    let events = chat.talk("Who is there?").await;
    assert_eq!(
        names(&events),
        [
            "session",
            "text-delta",
            "usage",
            "tool-start",
            "tool-output",
            "tool-start",
            "tool-output",
            "text-delta",
            "usage",
            "finish",
        ],
        "{kind:?}"
    );
    assert_eq!(text(&events), "Let me look. It is Alice: äöü 😀.");
    assert_eq!(finish(&events), "done");
    let output = of(&events, "tool-output")[0];
    assert_eq!(output["rows"], json!([["Alice"]]));
    assert_eq!(output["columns"][0]["name"], "name");
    assert_eq!(output["call"], of(&events, "tool-start")[0]["call"]);
    let usage = of(&events, "usage")[0];
    assert_eq!(
        (&usage["in"], &usage["out"]),
        (&json!(100), &json!(20)),
        "{kind:?}"
    );
    assert_eq!(chat.tools.ran.lock().len(), 2);
    // The model hears the results, and its own words again.
    let asked = chat.model.asked();
    assert_eq!(asked.len(), 2);
    let second = &asked[1].text;
    for heard in [
        "Alice",
        "Let me look.",
        "Who is there?",
        "\\\"columns\\\"",
        "</data-",
    ] {
        assert!(second.contains(heard), "{kind:?} has no {heard}: {second}");
    }
    // The key is in a header, where the provider has it, and nowhere else.
    for asked in &asked {
        assert!(
            asked.head.contains(KEY) && !asked.text.contains(KEY),
            "{kind:?}: {}",
            asked.head
        );
        assert!(!asked.head.lines().next().unwrap().contains(KEY));
    }
}

#[tokio::test]
async fn a_talk_with_gemini() {
    a_talk_with(ProviderKind::Gemini).await;
}

#[tokio::test]
async fn a_talk_with_an_openai_server() {
    a_talk_with(ProviderKind::Openai).await;
}

#[tokio::test]
async fn a_talk_with_anthropic() {
    a_talk_with(ProviderKind::Anthropic).await;
}

#[tokio::test]
async fn a_talk_with_ollama() {
    a_talk_with(ProviderKind::Ollama).await;
}

#[tokio::test]
async fn signatures_of_thoughts_go_back_where_they_came_from() {
    let chat = Chat::new().await;
    chat.model
        .then([call("read", json!({}))])
        .then([say("ok")])
        .then([say("again")]);
    let first = chat.talk("one").await;
    chat.go_on(&session(&first), "two").await;
    for asked in &chat.model.asked()[1..] {
        let contents = asked.body["contents"].as_array().unwrap();
        let calls: Vec<&Value> = contents
            .iter()
            .flat_map(|content| content["parts"].as_array().unwrap())
            .filter(|part| part.get("functionCall").is_some())
            .collect();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0]["thoughtSignature"], "signed-read");
    }
}

#[tokio::test]
async fn the_first_words_come_while_the_model_still_speaks() {
    let chat = Chat::new().await;
    chat.model.then([say("first"), Step::Gate, say("second")]);
    let mut events = chat.ask(json!({"message": "go"})).await;
    // The model has not said more, and does not before this test lets it.
    assert_eq!(events.until("text-delta").await.data["text"], "first");
    chat.model.open_gate();
    assert_eq!(events.until("text-delta").await.data["text"], "second");
    assert_eq!(events.until("finish").await.data["reason"], "done");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn an_error_comes_back_with_the_right_name_and_what_was_got_over_is_proposed() {
    let chat = Chat::new().await;
    chat.model
        .then([call("read", json!({"field": "nam"}))])
        .then([call("read", json!({"field": "name"}))])
        .then([say("done")]);
    let events = chat.talk("names").await;
    let outputs = of(&events, "tool-output");
    assert_eq!(outputs[0]["error"]["code"], "field_not_found");
    assert_eq!(outputs[0]["error"]["suggestions"], json!(["name"]));
    assert!(outputs[1].get("error").is_none());
    let second = &chat.model.asked()[1].text;
    assert!(
        second.contains("suggestions") && second.contains("There is no field"),
        "{second}"
    );
    let proposed = of(&events, "knowledge-proposed");
    assert_eq!(proposed.len(), 1, "{events:?}");
    assert_eq!(chat.knowledge.proposed()[0].name, "name");
    assert_eq!(
        chat.knowledge.proposed()[0].source,
        format!("{}/1", session(&events))
    );
}

#[tokio::test]
async fn a_wrong_column_in_sql_is_corrected_with_the_tools_of_the_server() {
    let chat = Chat::real(|_| {}).await;
    chat.with_users().await;
    chat.model
        .then([call("query", json!({"sql": "SELECT nam FROM users"}))])
        .then([call(
            "query",
            json!({"sql": "SELECT name FROM users WHERE active"}),
        )])
        .then([say("Three.")]);
    let events = chat.talk("who is active?").await;
    let outputs = of(&events, "tool-output");
    assert_eq!(outputs[0]["error"]["code"], "field_not_found", "{events:?}");
    assert_eq!(outputs[0]["error"]["suggestions"][0], "name");
    assert_eq!(outputs[1]["rows"], json!([["Alice"], ["Bob"], ["Charlie"]]));
    let asked = chat.model.asked();
    assert!(
        asked[0].text.contains("store users (5 items)"),
        "{}",
        asked[0].text
    );
    let tools = asked[0].body["tools"][0]["functionDeclarations"]
        .as_array()
        .unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "describe_store"));
    assert!(asked[2].text.contains("Charlie") && asked[1].text.contains("suggestions"));
}

#[tokio::test]
async fn calls_that_cannot_be_read_or_are_unknown_come_back_as_errors() {
    let chat = Chat::with(ProviderKind::Openai, |_| {}).await;
    chat.model
        .then([
            Step::Broken("read".to_owned(), "{\"field\": ".to_owned()),
            call("reed", json!({})),
        ])
        .then([say("sorry")]);
    let events = chat.talk("x").await;
    let outputs = of(&events, "tool-output");
    assert_eq!(outputs[0]["error"]["code"], "malformed_arguments");
    assert_eq!(outputs[1]["error"]["code"], "tool_not_found");
    assert_eq!(outputs[1]["error"]["suggestions"], json!(["read"]));
    assert_eq!(finish(&events), "done");
    assert!(chat.tools.ran.lock().is_empty());
}

#[tokio::test]
async fn a_call_that_fails_again_and_again_is_stopped() {
    let chat = Chat::new().await;
    chat.model.always(Reply::Steps(
        vec![call("read", json!({"field": "nam"}))],
        100,
    ));
    let events = chat.talk("x").await;
    assert_eq!(finish(&events), "error");
    assert_eq!(of(&events, "error")[0]["code"], "repeated_failure");
    // The same call ran twice; then it was refused without running.
    assert_eq!(chat.tools.ran.lock().len(), 2);
    assert!(chat.model.asked().len() <= 5);
}

#[tokio::test]
async fn an_answer_is_bounded_in_steps_tokens_and_money() {
    let endless = |chat: &Chat| {
        let count = std::sync::atomic::AtomicU64::new(0);
        chat.model
            .always(Reply::By(std::sync::Arc::new(move |_: &Value| {
                let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                vec![call("read", json!({"n": n}))]
            })));
    };
    let chat = Chat::new().await;
    endless(&chat);
    let events = chat.talk("x").await;
    assert_eq!((finish(&events), chat.model.asked().len()), ("limit", 12));
    assert_eq!(of(&events, "error")[0]["code"], "step_limit");

    let chat = Chat::with(ProviderKind::Gemini, |config| {
        config.llm.limits.answer_tokens = 300;
    })
    .await;
    endless(&chat);
    let events = chat.talk("x").await;
    assert_eq!((finish(&events), chat.model.asked().len()), ("limit", 3));

    let chat = Chat::with(ProviderKind::Gemini, |config| {
        let price = Price {
            input: 1_000.0,
            cached: Some(500.0),
            output: 2_000.0,
        };
        config.llm.prices.insert("scripted".to_owned(), price);
        config.llm.limits.answer_microdollars = 200_000;
    })
    .await;
    endless(&chat);
    let events = chat.talk("x").await;
    // 60 fresh, 40 kept, 20 out: 0.06 + 0.02 + 0.04 dollars each.
    assert!((of(&events, "usage")[0]["cost"].as_f64().unwrap() - 0.12).abs() < 1e-9);
    assert_eq!(of(&events, "usage")[0]["cached"], 40);
    assert_eq!((finish(&events), chat.model.asked().len()), ("limit", 2));
}

#[tokio::test]
async fn without_a_model_it_says_so_and_commands_go_on() {
    let chat = Chat::with(ProviderKind::Gemini, |config| {
        config.llm.provider = None;
        config.llm.key = None;
    })
    .await;
    let events = chat.talk("how many users?").await;
    assert!(text(&events).contains("No model is configured"));
    assert_eq!(of(&events, "session")[0]["provider"], "offline");
    let events = chat.talk("/nonsense x").await;
    assert_eq!(of(&events, "error")[0]["code"], "command_not_found");
    assert_eq!(of(&events, "session")[0]["provider"], "command");
    assert!(chat.model.asked().is_empty());
}

#[tokio::test]
async fn a_correction_is_proposed_and_once_approved_the_model_has_it() {
    let chat = Chat::new().await;
    chat.model.always(Reply::Steps(vec![say("ok")], 100));
    let events = chat.talk("status 1 means active").await;
    assert_eq!(of(&events, "knowledge-proposed")[0]["name"], "status-1");
    assert!(!chat.model.asked()[0].text.contains("what people taught"));
    let entry = chat.knowledge.proposed().remove(0);
    assert_eq!(
        (entry.text.as_str(), entry.database.as_str()),
        ("status 1 means active", "d")
    );
    chat.knowledge.approve(entry);
    let events = chat.talk("count those with status 1").await;
    assert_eq!(
        of(&events, "session")[0]["knowledge"],
        json!(["term/status-1"])
    );
    assert!(chat.model.asked()[1].text.contains("status 1 means active"));
}

#[tokio::test]
async fn what_is_asked_is_checked_first() {
    let chat = Chat::new().await;
    let post = async |body: Value| chat.test.post("/api/v1/chat", body).await;
    post(json!({})).await.refused(400, "missing_field");
    post(json!({"message": "x"}))
        .await
        .refused(400, "missing_field");
    post(json!({"message": " ", "database": "d"}))
        .await
        .refused(400, "invalid_value");
    post(json!({"message": "x".repeat(70_000), "database": "d"}))
        .await
        .refused(400, "invalid_value");
    post(json!({"message": "x", "database": "none"}))
        .await
        .refused(404, "database_not_found");
    post(json!({"message": "x", "database": "d", "session": "none"}))
        .await
        .refused(404, "session_not_found");
    post(json!({"message": "x", "database": "d", "provider": "gemeni"}))
        .await
        .refused(400, "invalid_value");
    post(json!({"mesage": "x"}))
        .await
        .refused(400, "unknown_field");
    post(json!({"message": "x", "database": "d", "share": "all"}))
        .await
        .refused(400, "invalid_value");
    chat.test
        .get("/api/v1/chat/none")
        .await
        .refused(404, "session_not_found");
    chat.test
        .delete("/api/v1/chat/none")
        .await
        .refused(404, "session_not_found");
}
