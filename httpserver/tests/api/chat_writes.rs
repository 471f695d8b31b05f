//! Changes that a model wants: shown, decided on by a person, done once, and only to the data that was shown.

use serde_json::json;

use super::chatting::{Chat, finish, of};
use super::fake_model::{Reply, call, say};

async fn with_numbers() -> Chat {
    let chat = Chat::new().await;
    *chat.tools.numbers.lock() = vec![1, 2, 3, 10];
    chat
}

#[tokio::test]
async fn a_delete_waits_with_its_count_and_is_done_once() {
    let chat = with_numbers().await;
    chat.model
        .then([call("delete", json!({"below": 5}))])
        .then([say("Deleted.")]);
    let mut events = chat.ask(json!({"message": "delete the small ones"})).await;
    let (session, asked) = events.proposal().await;
    assert_eq!(asked["affected"], 3);
    assert_eq!(asked["class"], "write");
    assert_eq!(asked["changeset"]["rows"].as_array().unwrap().len(), 3);
    assert!(asked["statement"].as_str().unwrap().starts_with("DELETE"));
    assert!(chat.tools.ran.lock().is_empty());
    // While it waits nothing else begins in this session.
    let busy = chat.test.post(
        "/api/v1/chat",
        json!({"session": session, "message": "x", "database": "d"}),
    );
    busy.await.refused(409, "turn_running");
    let call = &asked["call"];
    let other = json!({"call": call, "approve": true, "hash": "0123"});
    chat.decide(&session, other).await.refused(409, "conflict");
    let unknown = json!({"call": "c9_9", "approve": true});
    chat.decide(&session, unknown)
        .await
        .refused(404, "approval_not_found");
    let yes = json!({"call": call, "approve": true, "hash": asked["hash"]});
    let (first, second) = tokio::join!(
        chat.decide(&session, yes.clone()),
        chat.decide(&session, yes.clone())
    );
    let answers = [first, second];
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1
    );
    let late = answers.iter().find(|answer| answer.status != 200).unwrap();
    late.refused(409, "approval_over");
    let events = events.rest().await;
    assert_eq!(of(&events, "approval-resolved")[0]["applied"], true);
    assert_eq!(finish(&events), "done");
    assert_eq!(*chat.tools.numbers.lock(), [10]);
    assert_eq!(chat.tools.ran.lock().len(), 1);
    chat.decide(&session, yes)
        .await
        .refused(409, "approval_over");
    assert_eq!(chat.tools.ran.lock().len(), 1);
}

#[tokio::test]
async fn a_reason_for_no_reaches_the_model() {
    let chat = with_numbers().await;
    chat.model
        .then([call("delete", json!({"below": 5}))])
        // It tries again with the very same change: nobody is asked twice.
        .then([call("delete", json!({"below": 5}))])
        .then([say("Fine.")]);
    let mut events = chat.ask(json!({"message": "delete"})).await;
    let (session, asked) = events.proposal().await;
    let no = json!({"call": asked["call"], "approve": false, "reason": "Those are the auditor's numbers."});
    assert_eq!(chat.decide(&session, no).await.ok()["outcome"], "denied");
    let events = events.rest().await;
    assert!(of(&events, "approval-requested").is_empty());
    assert_eq!(finish(&events), "done");
    let requests = chat.model.asked();
    assert!(
        requests[1]
            .text
            .contains("Those are the auditor's numbers.")
    );
    assert!(requests[2].text.contains("repeated_failure"));
    assert_eq!(chat.tools.numbers.lock().len(), 4);
    assert!(chat.tools.ran.lock().is_empty());
}

#[tokio::test]
async fn a_change_of_other_data_than_was_shown_is_a_conflict() {
    let chat = with_numbers().await;
    chat.model
        .then([call("delete", json!({"below": 5}))])
        .then([say("It changed.")]);
    let mut events = chat.ask(json!({"message": "delete"})).await;
    let (session, asked) = events.proposal().await;
    chat.tools.numbers.lock().push(4);
    let yes = json!({"call": asked["call"], "approve": true});
    chat.decide(&session, yes).await.refused(409, "conflict");
    let events = events.rest().await;
    let resolved = of(&events, "approval-resolved")[0];
    assert_eq!(
        (&resolved["approved"], &resolved["applied"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(*chat.tools.numbers.lock(), [1, 2, 3, 10, 4]);
    assert!(chat.model.asked()[1].text.contains("conflict"));
}

#[tokio::test]
async fn one_that_nobody_decides_on_lapses() {
    let chat = Chat::with(sop_httpserver::config::ProviderKind::Gemini, |config| {
        config.llm.limits.approval_ms = 100;
    })
    .await;
    *chat.tools.numbers.lock() = vec![1];
    chat.model
        .then([call("delete", json!({"below": 5}))])
        .then([say("Fine.")]);
    let events = chat.talk("delete").await;
    assert_eq!(of(&events, "approval-resolved")[0]["applied"], false);
    assert_eq!(finish(&events), "done");
    assert!(chat.model.asked()[1].text.contains("Nobody decided"));
    assert_eq!(*chat.tools.numbers.lock(), [1]);
}

#[tokio::test]
async fn real_data_is_changed_as_shown_or_not_at_all() {
    let chat = Chat::real(|_| {}).await;
    chat.with_users().await;
    let delete = || {
        call(
            "delete",
            json!({"store": "users", "filter": {"active": false}}),
        )
    };
    chat.model
        .then([delete()])
        .then([say("Done.")])
        .then([delete()])
        .then([say("Oh.")]);
    let count = async || chat.sql("SELECT count(*) FROM users").await["rows"][0][0].clone();

    // Another item changes meanwhile: still exactly what was shown.
    let mut events = chat.ask(json!({"message": "delete the inactive"})).await;
    let (session, asked) = events.proposal().await;
    assert_eq!(asked["affected"], 2);
    assert_eq!(asked["changeset"]["rows"][0]["before"]["name"], "Dave");
    assert_eq!(count().await, 5);
    chat.sql("UPDATE users SET name = 'Bobby' WHERE key = 2")
        .await;
    let yes = json!({"call": asked["call"], "approve": true, "hash": asked["hash"]});
    assert_eq!(chat.decide(&session, yes).await.ok()["outcome"], "applied");
    assert_eq!(finish(&events.rest().await), "done");
    assert_eq!(count().await, 3);

    // One of the shown items changes: nothing is done.
    chat.sql("UPDATE users SET active = false WHERE key = 1")
        .await;
    let mut events = chat
        .ask(json!({"session": session, "message": "again"}))
        .await;
    let asked = events.until("approval-requested").await.data;
    chat.sql("UPDATE users SET name = 'Alicia' WHERE key = 1")
        .await;
    let yes = json!({"call": asked["call"], "approve": true});
    chat.decide(&session, yes).await.refused(409, "conflict");
    events.rest().await;
    assert_eq!(count().await, 3);
}

#[tokio::test]
async fn admin_tools_wait_too() {
    let chat = Chat::real(|_| {}).await;
    chat.with_users().await;
    chat.model
        .then([call("drop_store", json!({"store": "users"}))]);
    chat.model.always(Reply::Steps(vec![say("Fine.")], 100));
    let mut events = chat.ask(json!({"message": "drop it"})).await;
    let session = events.session().await;
    loop {
        let event = events.next().await.expect("it ended without asking");
        if event.name == "approval-requested" {
            assert_eq!(event.data["class"], "admin");
            let no = json!({"call": event.data["call"], "approve": false});
            chat.decide(&session, no).await.ok();
            break;
        }
        assert_ne!(event.name, "tool-output", "{:?}", event.data);
    }
    events.rest().await;
    assert_eq!(
        chat.sql("SELECT count(*) FROM users").await["rows"][0][0],
        5
    );
}
