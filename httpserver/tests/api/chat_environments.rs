//! The copilot in environments: it may do there what the person who asks, and who decides, may do there.

use serde_json::{Value, json};

use super::chatting::{Chat, Events, of};
use super::fake_model::{call, say};
use super::support::Answer;

const JSON: (&str, &str) = ("content-type", "application/json");
const PROD: (&str, &str) = ("sop-environment", "prod");

/// Five users, and an environment `prod` with the same database.
async fn with_prod(mode: &str) -> Chat {
    let chat = Chat::real(|_| {}).await;
    chat.with_users().await;
    let wish = json!({"name": "prod", "from": "dev", "colour": "prod", "mode": mode});
    chat.test.post("/api/v1/environments", wish).await.ok();
    chat
}

impl Chat {
    async fn ask_in_prod(&self, message: &str) -> Events {
        let body = json!({"database": "d", "message": message}).to_string();
        self.stream("POST", "/api/v1/chat", &[JSON, PROD], body)
            .await
    }

    async fn decide_with(&self, session: &str, headers: &[(&str, &str)], asked: &Value) -> Answer {
        let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
        let body = json!({"call": asked["call"], "approve": true}).to_string();
        let path = format!("/api/v1/chat/{session}/approve");
        self.test.call("POST", &path, &headers, body).await
    }

    async fn users(&self) -> Value {
        self.sql("SELECT count(*) FROM users").await["rows"][0][0].clone()
    }
}

#[tokio::test]
async fn commands_are_held_to_the_environment_of_the_session() {
    for (mode, code) in [
        ("read_only", "read_only"),
        ("confirm", "confirmation_needed"),
    ] {
        let chat = with_prod(mode).await;
        for command in [
            "/delete_record users 1",
            "/execute \"DELETE FROM users\"",
            "/drop_store users",
        ] {
            let events = chat.ask_in_prod(command).await.rest().await;
            let outputs = of(&events, "tool-output");
            assert_eq!(outputs.len(), 1, "{command}: {events:?}");
            let output = outputs[0];
            assert_eq!(output["error"]["code"], code, "{command}: {output}");
        }
        assert_eq!(chat.users().await, 5);
    }
}

#[tokio::test]
async fn a_model_proposes_nothing_in_a_read_only_environment() {
    let chat = with_prod("read_only").await;
    chat.model
        .then([call("delete", json!({"store": "users", "key": 1}))])
        .then([say("I may not.")]);
    let events = chat.ask_in_prod("delete the first").await.rest().await;
    assert!(of(&events, "approval-requested").is_empty());
    assert_eq!(of(&events, "tool-output")[0]["error"]["code"], "read_only");
}

#[tokio::test]
async fn with_confirm_the_decision_names_the_store_and_waits_until_it_does() {
    let chat = with_prod("confirm").await;
    chat.model
        .then([call("delete", json!({"store": "users", "key": 1}))])
        .then([say("Done.")]);
    let mut events = chat.ask_in_prod("delete the first").await;
    let (session, asked) = events.proposal().await;
    for confirm in [None, Some(("sop-confirm", "orders"))] {
        let headers: Vec<_> = [PROD].into_iter().chain(confirm).collect();
        chat.decide_with(&session, &headers, &asked)
            .await
            .refused(403, "confirmation_needed");
    }
    assert_eq!(chat.users().await, 5);
    let headers = [PROD, ("sop-confirm", "users")];
    let done = chat.decide_with(&session, &headers, &asked).await.ok();
    assert_eq!(done["outcome"], "applied");
    events.rest().await;
    assert_eq!(chat.users().await, 4);
}

#[tokio::test]
async fn a_change_is_not_approved_from_another_environment() {
    let chat = with_prod("open").await;
    chat.model
        .then([call("delete", json!({"store": "users", "key": 1}))])
        .then([say("Oh.")]);
    let mut events = chat.ask_in_prod("delete the first").await;
    let (session, asked) = events.proposal().await;
    chat.decide_with(&session, &[], &asked)
        .await
        .refused(409, "conflict");
    events.rest().await;
    assert_eq!(chat.users().await, 5);
}
