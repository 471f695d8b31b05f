//! Sessions: apart from each other, resumed, remembered, and kept over a restart.

use std::sync::Arc;

use axum::body::Body;
use serde_json::{Value, json};
use sop_httpserver::copilot::{MemorySessions, Parts, SavedSession, SavedTurn, SessionStore as _};
use sop_httpserver::environments::Environments;
use sop_systemdb::accounts::Role;

use super::chatting::{Chat, Event, finish, of, session, text};
use super::fake_model::{Reply, Step, call, say};
use super::roles::user;
use super::support::TestApp;

/// Answers with what the person asked last, in so many pieces.
fn echo(pieces: usize) -> Reply {
    Reply::By(Arc::new(move |body: &Value| {
        let last = body["contents"].as_array().unwrap().last().unwrap();
        let parts = last["parts"].as_array().unwrap();
        let asked = parts.last().unwrap()["text"].as_str().unwrap().to_owned();
        (0..pieces)
            .map(|n| say(&format!("[{asked} {n}]")))
            .collect()
    }))
}

#[tokio::test]
async fn two_sessions_never_see_each_other() {
    let chat = Chat::new().await;
    chat.model.always(echo(1));
    let (one, two) = tokio::join!(chat.talk("alpha-question"), chat.talk("beta-question"));
    assert_ne!(session(&one), session(&two));
    let (first, second) = (session(&one), session(&two));
    let (one_more, two_more) = tokio::join!(
        chat.go_on(&first, "alpha-more"),
        chat.go_on(&second, "beta-more")
    );
    for (first, second, own, other) in [
        (&one, &one_more, "alpha", "beta"),
        (&two, &two_more, "beta", "alpha"),
    ] {
        for events in [first, second] {
            assert!(text(events).contains(own) && !text(events).contains(other));
        }
    }
    for asked in chat.model.asked() {
        assert!(
            !(asked.text.contains("alpha") && asked.text.contains("beta")),
            "{}",
            asked.text
        );
    }
    let shown = chat
        .test
        .get(&format!("/api/v1/chat/{}", session(&one)))
        .await
        .ok();
    assert_eq!(shown["turns"].as_array().unwrap().len(), 2);
    assert!(!shown.to_string().contains("beta"));
    let listed = chat.test.get("/api/v1/chat").await.ok();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
    // A change that waits in one is not there for the other.
    chat.tools.numbers.lock().push(1);
    chat.model.then([call("delete", json!({"below": 5}))]);
    let mut events = chat
        .ask(json!({"session": session(&one), "message": "delete"}))
        .await;
    let asked = events.until("approval-requested").await.data;
    let yes = json!({"call": asked["call"], "approve": true});
    chat.decide(&session(&two), yes)
        .await
        .refused(404, "approval_not_found");
    chat.test
        .delete(&format!("/api/v1/chat/{}", session(&one)))
        .await
        .ok();
}

#[tokio::test]
async fn two_hundred_sessions_at_once_lose_no_event() {
    const SESSIONS: usize = 200;
    const PIECES: usize = 50;
    let chat = Arc::new(Chat::new().await);
    chat.model.always(echo(PIECES));
    let talks = (0..SESSIONS).map(|n| {
        let chat = Arc::clone(&chat);
        tokio::spawn(async move { chat.talk(&format!("question-{n}-end")).await })
    });
    let talks: Vec<_> = talks.collect();
    for (n, talk) in talks.into_iter().enumerate() {
        let events = talk.await.unwrap();
        let expected: String = (0..PIECES)
            .map(|piece| format!("[question-{n}-end {piece}]"))
            .collect();
        assert_eq!(text(&events), expected);
        assert_eq!(finish(&events), "done");
        let ids: Vec<u64> = events.iter().map(number).collect();
        let whole: Vec<u64> = (1..=events.len() as u64).collect();
        assert_eq!(ids, whole, "events are missing or double");
    }
}

fn number(event: &Event) -> u64 {
    event.id.rsplit_once('-').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_listener_that_comes_back_goes_on_where_it_was() {
    let chat = Chat::new().await;
    chat.model.then([
        say("one "),
        say("two "),
        Step::Gate,
        say("three "),
        say("four"),
    ]);
    let mut events = chat.ask(json!({"message": "count"})).await;
    let id = events.session().await;
    let last = events.until("text-delta").await;
    assert_eq!(last.data["text"], "one ");
    // The client goes away; the answer goes on.
    drop(events);
    let path = format!("/api/v1/chat/{id}/events");
    let headers = [("last-event-id", last.id.as_str())];
    let mut resumed = chat.stream("GET", &path, &headers, String::new()).await;
    assert_eq!(resumed.next().await.unwrap().data["text"], "two ");
    chat.model.open_gate();
    let rest = resumed.rest().await;
    assert_eq!(
        (text(&rest).as_str(), finish(&rest)),
        ("three four", "done")
    );
    // The same by POST, after the end, and without an id: the whole turn.
    let body = json!({"session": id}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("last-event-id", last.id.as_str()),
    ];
    let again = chat
        .stream("POST", "/api/v1/chat", &headers, body)
        .await
        .rest()
        .await;
    assert_eq!(text(&again), "two three four");
    let all = chat
        .stream("GET", &path, &[], String::new())
        .await
        .rest()
        .await;
    assert_eq!(text(&all), "one two three four");
    let headers = [("last-event-id", "another-7")];
    let unknown = chat
        .stream("GET", &path, &headers, String::new())
        .await
        .rest()
        .await;
    assert_eq!(text(&unknown), "one two three four");
}

#[tokio::test]
async fn what_was_said_is_remembered_and_old_turns_become_a_summary() {
    let chat = Chat::with(sop_httpserver::config::ProviderKind::Gemini, |config| {
        config.llm.limits.memory_tokens = 200;
    })
    .await;
    chat.model
        .always(Reply::Steps(vec![say(&"word ".repeat(60))], 1 << 16));
    let id = session(&chat.talk("the first question about apples").await);
    for n in 2..=5 {
        chat.go_on(&id, &format!("question {n}")).await;
    }
    let last = chat.model.asked().pop().unwrap();
    let texts: Vec<String> = last.body["contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|content| content["parts"].to_string())
        .collect();
    assert!(
        texts[0].contains("Summary of the earlier talk") && texts[0].contains("apples"),
        "{texts:?}"
    );
    assert!(
        last.text.contains("question 4") && texts.len() <= 7,
        "{}",
        texts.len()
    );
}

#[tokio::test]
async fn a_question_can_be_asked_again_in_other_words() {
    let chat = Chat::new().await;
    chat.model.always(echo(1));
    let id = session(&chat.talk("first-words").await);
    chat.go_on(&id, "second-words").await;
    let body = json!({"session": id, "message": "other-words", "replace": 2});
    let events = chat.ask(body).await.rest().await;
    assert!(text(&events).contains("other-words"));
    let last = chat.model.asked().pop().unwrap();
    assert!(last.text.contains("first-words") && !last.text.contains("second-words"));
    let shown = chat.test.get(&format!("/api/v1/chat/{id}")).await.ok();
    let messages: Vec<&Value> = shown["turns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| &turn["message"])
        .collect();
    assert_eq!(messages, ["first-words", "other-words"]);
}

#[tokio::test]
async fn a_restart_keeps_sessions_and_says_what_is_gone() {
    let store = Arc::new(MemorySessions::default());
    let chat = Chat::new().await;
    chat.model.then([say("kept")]);
    let id = session(&chat.talk("before").await);
    // As it was when the server ended in the middle of the second turn.
    let mut saved: SavedSession = chat.sessions.load(&id).unwrap().unwrap();
    assert_eq!(saved.turns[0].ended.as_deref(), Some("done"));
    saved.turns.push(SavedTurn {
        turn: 2,
        message: "cut off".to_owned(),
        ..SavedTurn::default()
    });
    saved.turns[1]
        .calls
        .push(sop_httpserver::copilot::SavedCall {
            tool: "delete".to_owned(),
            approval: Some("waiting".to_owned()),
            ..sop_httpserver::copilot::SavedCall::default()
        });
    let text = serde_json::to_string(&saved).unwrap();
    store.save(&serde_json::from_str(&text).unwrap()).unwrap();
    let test = TestApp::with_parts(
        |_| {},
        Parts {
            store: Arc::clone(&store) as _,
            ..Parts::default()
        },
    );
    let shown = test.get(&format!("/api/v1/chat/{id}")).await.ok();
    assert_eq!(shown["turns"][0]["answer"], "kept");
    assert_eq!(shown["turns"][1]["ended"], "interrupted");
    assert_eq!(shown["turns"][1]["calls"][0]["approval"], "lapsed");
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let body = json!({"session": id, "message": "hello", "database": "d"});
    let answer = test.post("/api/v1/chat", body).await.text();
    assert!(
        answer.contains("turn 2") && answer.contains("lapsed"),
        "{answer}"
    );
    let again = json!({"session": id, "message": "hello", "database": "d"});
    assert!(
        !test
            .post("/api/v1/chat", again)
            .await
            .text()
            .contains("lapsed")
    );
}

#[tokio::test]
async fn thumbs_are_kept_and_a_bad_one_proposes_knowledge() {
    let chat = Chat::new().await;
    chat.model.then([say("42")]);
    let id = session(&chat.talk("what is revenue?").await);
    let path = format!("/api/v1/chat/{id}/feedback");
    let down = json!({"turn": 1, "rating": "down", "comment": "Revenue is without tax."});
    assert_eq!(chat.test.post(&path, down).await.status, 204);
    let shown = chat.test.get(&format!("/api/v1/chat/{id}")).await.ok();
    assert_eq!(shown["turns"][0]["feedback"]["rating"], "down");
    let proposed = chat.knowledge.proposed();
    assert_eq!(proposed[0].text, "Revenue is without tax.");
    assert!(proposed[0].why.contains("what is revenue?"));
    let wrong = json!({"turn": 9, "rating": "up"});
    chat.test
        .post(&path, wrong)
        .await
        .refused(404, "session_not_found");
    let wrong = json!({"turn": 1, "rating": "sideways"});
    chat.test
        .post(&path, wrong)
        .await
        .refused(400, "invalid_value");
}

#[tokio::test]
async fn sessions_are_bounded() {
    let chat = Chat::with(sop_httpserver::config::ProviderKind::Gemini, |config| {
        config.llm.limits.sessions = 2;
    })
    .await;
    chat.model.always(Reply::Steps(vec![say("ok")], 100));
    let first = session(&chat.talk("first").await);
    for _ in 0..3 {
        chat.talk("x").await;
    }
    // It is not in memory any more, and comes back from where it is kept.
    let events = chat.go_on(&first, "still there?").await;
    assert_eq!(finish(&events), "done");
    let gone = chat
        .test
        .call("GET", "/api/v1/chat", &[], Body::empty())
        .await
        .ok();
    assert_eq!(gone["sessions"].as_array().unwrap().len(), 4);
    assert!(of(&events, "error").is_empty());
}

#[tokio::test]
async fn thumbs_and_saved_scripts_are_by_the_person_who_gave_them() {
    let test = TestApp::whole(|config| Environments::open(config).unwrap());
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let store = json!({"name": "s", "key": {"type": "i64"}});
    test.post("/api/v1/databases/d/stores", store).await.ok();
    let admin = test.user(&user("root", Role::Admin));
    let ann = test.user(&user("ann", Role::Editor));
    let mut id = String::new();
    for message in ["/create mine", "/step /select s limit=1", "/save"] {
        let mut body = json!({"message": message, "database": "d"});
        if !id.is_empty() {
            body["session"] = id.as_str().into();
        }
        let answer = test.by(&ann, "POST", "/api/v1/chat", body).await;
        let text = answer.text();
        let (_, rest) = text.split_once("\"session\":\"").unwrap();
        id = rest.split('"').next().unwrap().to_owned();
    }
    let path = format!("/api/v1/chat/{id}/feedback");
    let up = json!({"turn": 1, "rating": "up"});
    assert_eq!(test.by(&ann, "POST", &path, up).await.status, 204);
    let path = "/api/v1/databases/system/stores/feedback/items";
    let kept = test.by(&admin, "GET", path, "").await.ok();
    assert_eq!(kept["items"][0]["value"]["who"], "ann", "{kept}");
    let script = test
        .by(&admin, "GET", "/api/v1/scripts/general/mine", "")
        .await
        .ok();
    assert_eq!(script["author"], "ann");
}
