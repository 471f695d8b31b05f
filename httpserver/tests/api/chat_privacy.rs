//! What leaves for a model: no more than is shared, under other names where asked for, and all of it to be seen.

use serde_json::{Value, json};
use sop_httpserver::config::Share;

use super::chatting::{Chat, KEY, of, session, text};
use super::fake_model::{call, say};
use super::support::TOKEN;

async fn shared(share: Share) -> (Chat, Vec<super::chatting::Event>) {
    let chat = Chat::real(|config| config.llm.share = share).await;
    chat.with_users().await;
    chat.model
        .then([
            call("query", json!({"sql": "SELECT * FROM users"})),
            call("describe_store", json!({"store": "users"})),
            call("list_stores", json!({})),
            call("find_nearest", json!({"store": "users", "key": 3})),
            call("export", json!({"store": "users", "format": "csv"})),
            call(
                "query",
                json!({"sql": "SELECT name FROM users WHERE nam = 'x'"}),
            ),
        ])
        .then([say("Five.")]);
    let events = chat.talk("how many users?").await;
    (chat, events)
}

#[tokio::test]
async fn at_each_level_no_more_leaves_than_is_shared() {
    for share in [Share::Schema, Share::Samples, Share::Rows] {
        let (chat, events) = shared(share).await;
        // The person sees all of it, whatever the model does.
        let rows = of(&events, "tool-output")[0]["rows"].to_string();
        assert!(rows.contains("Alice") && rows.contains("Eve"), "{rows}");
        let asked = chat.model.asked();
        assert_eq!(asked.len(), 2);
        let sent: String = asked.iter().map(|asked| asked.text.as_str()).collect();
        let seen: Vec<&str> = ["Alice", "Bob", "Charlie", "Dave", "Eve"]
            .into_iter()
            .filter(|name| sent.contains(name))
            .collect();
        match share {
            Share::Schema => assert!(seen.is_empty(), "{seen:?}: {sent}"),
            Share::Samples => assert!(
                seen.contains(&"Alice") && !seen.contains(&"Eve"),
                "{seen:?}"
            ),
            _ => assert_eq!(seen.len(), 5),
        }
        // Names, types and counts are there at each level, and words about names.
        for word in ["users", "active", "5 items", "row_count", "suggestions"] {
            assert!(sent.contains(word), "{share:?} has no {word}: {sent}");
        }
    }
}

#[tokio::test]
async fn nothing_is_shared_when_it_is_off_or_asked_so() {
    let chat = Chat::real(|config| config.llm.share = Share::Off).await;
    chat.talk("how many users?").await;
    assert!(chat.model.asked().is_empty());

    let chat = Chat::real(|config| config.llm.share = Share::Samples).await;
    chat.model.then([say("ok")]);
    chat.ask(json!({"message": "x", "provider": "offline"}))
        .await
        .rest()
        .await;
    chat.ask(json!({"message": "x", "share": "off"}))
        .await
        .rest()
        .await;
    assert!(chat.model.asked().is_empty());
    let more = json!({"message": "x", "database": "d", "share": "rows"});
    chat.test
        .post("/api/v1/chat", more)
        .await
        .refused(400, "invalid_value");
    let events = chat
        .ask(json!({"message": "x", "share": "schema"}))
        .await
        .rest()
        .await;
    assert_eq!(of(&events, "session")[0]["share"], "schema");
}

#[tokio::test]
async fn names_are_tokens_for_the_model_and_names_for_the_person() {
    let chat = Chat::real(|config| {
        config.llm.share = Share::Rows;
        config.llm.mask = vec!["d".to_owned()];
    })
    .await;
    let body = json!({"name": "payroll_secret", "key": {"type": "i64"}});
    chat.test
        .post("/api/v1/databases/d/stores", body)
        .await
        .ok();
    let body = json!({"key": 1, "value": {"salary_secret": 5}});
    chat.test
        .post("/api/v1/databases/d/stores/payroll_secret/items", body)
        .await
        .ok();
    chat.model
        .reply(super::fake_model::Reply::By(std::sync::Arc::new(
            |body: &Value| {
                // It uses the tokens that it was told.
                let told = body["contents"].to_string();
                let token = |after: &str| {
                    let rest = told.split(after).nth(1).unwrap();
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap()
                        .to_owned()
                };
                let (store, field) = (token("\\nstore "), token(") fields ("));
                vec![
                    say(&format!("I look into {store}.")),
                    call(
                        "query",
                        json!({"sql": format!("SELECT {field} FROM {store}")}),
                    ),
                ]
            },
        )));
    chat.model.then([say("done")]).then([say("later")]);
    let events = chat
        .talk("the sum of salary_secret in payroll_secret")
        .await;
    assert_eq!(text(&events), "I look into payroll_secret.done");
    let start = of(&events, "tool-start")[0];
    assert_eq!(
        start["args"]["sql"],
        "SELECT salary_secret FROM payroll_secret"
    );
    let output = of(&events, "tool-output")[0];
    assert_eq!(output["rows"], json!([[5]]), "{output}");
    assert_eq!(output["columns"][0]["name"], "salary_secret");
    chat.go_on(&session(&events), "and now?").await;
    for asked in chat.model.asked() {
        assert!(!asked.text.contains("_secret"), "{}", asked.text);
    }
}

#[tokio::test]
async fn what_was_sent_can_be_seen_byte_for_byte() {
    let chat = Chat::new().await;
    chat.model.then([call("read", json!({}))]).then([say("ok")]);
    let events = chat.talk("x").await;
    let numbers: Vec<u64> = of(&events, "usage")
        .iter()
        .map(|usage| usage["sent"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2]);
    for (n, asked) in numbers.iter().zip(chat.model.asked()) {
        let path = format!("/api/v1/chat/{}/sent/{n}", session(&events));
        let sent = chat.test.get(&path).await.ok();
        assert_eq!(sent["body"], asked.body);
        assert_eq!(sent["bytes"], asked.text.len());
        assert_eq!(
            (&sent["provider"], &sent["turn"]),
            (&json!("gemini"), &json!(1))
        );
    }
    let path = format!("/api/v1/chat/{}/sent/9", session(&events));
    chat.test.get(&path).await.refused(404, "session_not_found");
}

#[tokio::test]
async fn secrets_that_are_in_the_data_do_not_leave() {
    let chat = Chat::new().await;
    chat.tools
        .rows
        .lock()
        .push(vec![json!(format!("{KEY} and {TOKEN}"))]);
    chat.model.then([call("read", json!({}))]).then([say("ok")]);
    let events = chat
        .ask(json!({"message": format!("my token is {TOKEN}")}))
        .await
        .rest()
        .await;
    for asked in chat.model.asked() {
        assert!(
            !asked.text.contains(KEY) && !asked.text.contains(TOKEN),
            "{}",
            asked.text
        );
    }
    assert!(chat.model.asked()[1].text.contains("[secret]"));
    assert_eq!(of(&events, "tool-output").len(), 1);
}
