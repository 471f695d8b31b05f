//! Providers that fail, and people who stop: a clear event, and the session goes on.

use serde_json::json;
use sop_httpserver::config::ProviderKind;

use super::chatting::{Chat, KEY, finish, of, session, text};
use super::fake_model::{Reply, Step, call, say};
use super::support::TestApp;

const ALL: [ProviderKind; 4] = ProviderKind::ALL;

fn status(code: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Reply::Status(code, headers.collect(), body.to_owned())
}

#[tokio::test]
async fn every_failure_is_an_event_and_the_session_goes_on() {
    let echo = format!("{{\"error\": {{\"message\": \"bad key {KEY} in request\"}}}}");
    for kind in ALL {
        let chat = Chat::with(kind, |config| config.llm.limits.retries = 0).await;
        let cases = [
            (
                status(500, &[], "{\"error\": {\"message\": \"overheated\"}}"),
                "model_refused",
                "overheated",
            ),
            (status(400, &[], &echo), "model_refused", "[secret]"),
            (
                status(401, &[], &echo),
                "model_key_refused",
                "SOP_LLM_API_KEY",
            ),
            (
                status(429, &[("retry-after", "7")], ""),
                "model_busy",
                "7 s",
            ),
            (status(503, &[], "busy"), "model_busy", "503"),
            (
                status(302, &[("location", "http://127.0.0.1:1/")], ""),
                "model_refused",
                "leads elsewhere",
            ),
            (
                Reply::Steps(vec![say("half of"), Step::Cut], 5),
                "model_cut_off",
                "broke off",
            ),
            (
                Reply::Steps(vec![Step::Raw("data: {not json\n\n".to_owned())], 1),
                "model_malformed",
                "JSON",
            ),
        ];
        let mut id: Option<String> = None;
        for (reply, code, words) in cases {
            chat.model.reply(reply).then([say("I am back.")]);
            let events = match &id {
                None => chat.talk("one").await,
                Some(id) => chat.go_on(id, "one").await,
            };
            let error = of(&events, "error")[0];
            assert_eq!(error["code"], code, "{kind:?}: {error}");
            assert!(error["detail"].as_str().unwrap().contains(words), "{error}");
            assert!(!error.to_string().contains(KEY), "{error}");
            assert_eq!(finish(&events), "error");
            let id = id.get_or_insert_with(|| session(&events));
            let events = chat.go_on(id, "two").await;
            assert_eq!(
                (text(&events).as_str(), finish(&events)),
                ("I am back.", "done"),
                "{kind:?} {code}"
            );
        }
    }
}

#[tokio::test]
async fn a_blocked_answer_says_so() {
    for kind in [
        ProviderKind::Gemini,
        ProviderKind::Openai,
        ProviderKind::Anthropic,
    ] {
        let chat = Chat::with(kind, |_| {}).await;
        chat.model.then([Step::Block]);
        let events = chat.talk("x").await;
        assert_eq!(of(&events, "error")[0]["code"], "model_blocked", "{kind:?}");
    }
    let chat = Chat::new().await;
    let feedback = "data: {\"promptFeedback\": {\"blockReason\": \"PROHIBITED_CONTENT\"}}\n\n";
    chat.model.then([Step::Raw(feedback.to_owned()), Step::Cut]);
    let events = chat.talk("x").await;
    // The connection broke off after the refusal: the refusal may be lost with it, the failure is not.
    let code = of(&events, "error")[0]["code"].as_str().unwrap().to_owned();
    assert!(
        ["model_blocked", "model_cut_off"].contains(&code.as_str()),
        "{code}"
    );
}

#[tokio::test]
async fn a_busy_provider_is_asked_again() {
    let chat = Chat::new().await;
    chat.model
        .reply(status(429, &[("retry-after", "0")], ""))
        .reply(status(503, &[("retry-after", "0")], ""));
    chat.model.then([say("at last")]);
    let events = chat.talk("x").await;
    assert_eq!(
        (text(&events).as_str(), chat.model.asked().len()),
        ("at last", 3)
    );
}

#[tokio::test]
async fn a_provider_that_is_not_there_says_so() {
    let chat = Chat::with(ProviderKind::Openai, |config| {
        // Nobody listens there: the port is a privileged one without a server.
        config.llm.base_url = Some("http://127.0.0.1:1".to_owned());
    })
    .await;
    let events = chat.talk("x").await;
    assert_eq!(of(&events, "error")[0]["code"], "model_unreachable");
    let tested = chat.test.post("/api/v1/llm/test", json!({})).await.ok();
    assert_eq!(
        (&tested["ok"], &tested["code"]),
        (&json!(false), &json!("model_unreachable"))
    );
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_given_up() {
    for (steps, phase) in [
        (vec![Step::Stall], "go on"),
        (vec![say("half"), Step::Stall], "go on"),
    ] {
        let chat = Chat::with(ProviderKind::Gemini, |config| {
            config.llm.limits.between_bytes_ms = 50;
        })
        .await;
        chat.model.then(steps);
        let events = chat.talk("x").await;
        let error = of(&events, "error")[0];
        assert_eq!(error["code"], "model_timeout");
        assert!(error["detail"].as_str().unwrap().contains(phase), "{error}");
        chat.model.closed().await;
    }
}

#[tokio::test]
async fn stop_closes_the_connection_to_the_model_and_the_session_goes_on() {
    let chat = Chat::new().await;
    chat.model
        .then([say("half "), Step::Stall])
        .then([say("I am back.")]);
    let mut events = chat.ask(json!({"message": "go"})).await;
    let id = events.session().await;
    events.until("text-delta").await;
    let stopped = chat.test.delete(&format!("/api/v1/chat/{id}")).await.ok();
    assert_eq!(stopped["stopped"], true);
    chat.model.closed().await;
    let rest = events.rest().await;
    assert_eq!(finish(&rest), "stopped");
    assert_eq!(
        chat.test.delete(&format!("/api/v1/chat/{id}")).await.ok()["stopped"],
        false
    );
    assert_eq!(text(&chat.go_on(&id, "again").await), "I am back.");
}

#[tokio::test]
async fn stop_takes_a_change_that_waits_with_it() {
    let chat = Chat::new().await;
    *chat.tools.numbers.lock() = vec![1];
    chat.model.then([call("delete", json!({"below": 5}))]);
    let mut events = chat.ask(json!({"message": "go"})).await;
    let id = events.session().await;
    let asked = events.until("approval-requested").await.data;
    chat.test.delete(&format!("/api/v1/chat/{id}")).await.ok();
    let rest = events.rest().await;
    assert_eq!(of(&rest, "approval-resolved")[0]["approved"], false);
    assert_eq!(finish(&rest), "stopped");
    let yes = json!({"call": asked["call"], "approve": true});
    chat.decide(&id, yes).await.refused(409, "approval_over");
    assert_eq!(*chat.tools.numbers.lock(), [1]);
}

#[tokio::test]
async fn a_private_address_is_refused_unless_an_admin_allows_it() {
    for url in [
        "http://127.0.0.1:9",
        "https://localhost",
        "https://10.0.0.1",
        "https://169.254.169.254",
    ] {
        let test = TestApp::with(|config| {
            config.llm.provider = Some(ProviderKind::Openai);
            config.llm.model = Some("m".to_owned());
            config.llm.base_url = Some(url.to_owned());
        });
        let status = test.get("/api/v1/llm").await.ok();
        assert_eq!(status["ready"], false);
        assert!(
            status["problem"]
                .as_str()
                .unwrap()
                .contains("llm.allow_private"),
            "{status}"
        );
        let tested = test.post("/api/v1/llm/test", json!({})).await.ok();
        assert_eq!(tested["code"], "model_address_refused");
        let change = json!({"base_url": "https://192.168.0.1/v1"});
        test.put_json("PUT", "/api/v1/llm", change)
            .await
            .refused(400, "invalid_value");
        let allow = json!({"allow_private": true});
        test.put_json("PUT", "/api/v1/llm", allow)
            .await
            .refused(400, "unknown_field");
    }
}

#[tokio::test]
async fn the_connection_can_be_tested_and_the_settings_never_show_the_key() {
    let chat = Chat::new().await;
    chat.model.then([say("OK")]);
    let tested = chat.test.post("/api/v1/llm/test", json!({})).await.ok();
    assert_eq!(
        (&tested["ok"], &tested["text"]),
        (&json!(true), &json!("OK")),
        "{tested}"
    );
    let shown = chat.test.get("/api/v1/llm").await;
    assert!(!shown.text().contains(KEY));
    let shown = shown.ok();
    assert_eq!(
        (&shown["provider"], &shown["has_key"]),
        (&json!("gemini"), &json!(true))
    );
    let changed = chat
        .test
        .put_json("PUT", "/api/v1/llm", json!({"provider": "offline"}))
        .await
        .ok();
    assert_eq!(changed["ready"], false);
    assert!(text(&chat.talk("x").await).contains("No model"));
    chat.test
        .put_json("PUT", "/api/v1/llm", json!({"provider": "nobody"}))
        .await
        .refused(400, "invalid_value");
}
