//! Runs of scripts that pause: what they tell, what is said to them, and who may.

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use sop_httpserver::config::Config;
use sop_systemdb::accounts::Role;
use tower::ServiceExt as _;

use super::roles::{PASSWORD, user};
use super::support::{TestApp, request};

const DRAFT: &str = "/api/v1/scripts/run";

/// A run whose answer is read line by line.
struct Watched {
    id: String,
    stream: BodyDataStream,
    text: Vec<u8>,
}

impl Watched {
    async fn line(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let piece = self.stream.next().await?;
            self.text.extend_from_slice(&piece.unwrap());
        }
    }

    /// The next event of a kind; those before it are left out.
    async fn event(&mut self, kind: &str) -> Value {
        while let Some(line) = self.line().await {
            if line["event"] == kind {
                return line;
            }
            assert_ne!(line["event"], "finished", "{line}");
        }
        panic!("it ended without {kind}")
    }

    /// How it ended.
    async fn end(&mut self) -> (String, String) {
        let end = self.event("finished").await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert!(self.line().await.is_none(), "nothing comes after the end");
        (text(&end["outcome"]), text(&end["error"]["code"]))
    }

    fn path(&self, word: &str) -> String {
        format!("/api/v1/runs/{}/{word}", self.id)
    }
}

/// Begins a run and reads its id.
async fn watch(test: &TestApp, headers: &[(&str, &str)], path: &str, body: &Value) -> Watched {
    let json = ("content-type", "application/json");
    let headers: Vec<_> = headers.iter().copied().chain([json]).collect();
    let request = request("POST", path, &headers);
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = test.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut watched = Watched {
        id: String::new(),
        stream: response.into_body().into_data_stream(),
        text: Vec::new(),
    };
    let first = watched.line().await.unwrap();
    first["id"].as_str().unwrap().clone_into(&mut watched.id);
    watched
}

/// Waits until no run may pause any more.
async fn all_ended(test: &TestApp) {
    while test.state.pausing().count() > 0 {
        tokio::task::yield_now().await;
    }
}

/// A store `s` with three items.
async fn app(change: impl FnOnce(&mut Config)) -> TestApp {
    let test = TestApp::with(change);
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.add_store("s", json!({"type": "i64"})).await;
    test.fill([json!(1), json!(2), json!(3)]).await;
    test
}

/// Reads all items, and marks those that are large, in a loop.
fn marks() -> Value {
    json!({"name": "marks", "category": "test", "steps": [
        {"type": "fetch", "store": "s", "output": "all"},
        {"type": "loop", "name": "Each", "list": "all", "item": "one", "steps": [
            {"type": "if", "condition": "one.of > 1", "then": [
                {"type": "tool", "name": "Mark", "tool": "update", "args": {"store": "s", "key": "{{one.key}}", "set": {"of": 100}}},
            ]},
        ]},
        {"type": "say", "message": "done"},
    ]})
}

fn paused_at(pause_at: Value) -> Value {
    json!({"script": marks(), "database": "d", "dry_run": true, "variables": true, "pause_at": pause_at})
}

async fn marked(test: &TestApp) -> u64 {
    let body = json!({"sql": "SELECT count(*) FROM s WHERE of = 100"});
    let answer = test.post("/api/v1/databases/d/query", body).await.ok();
    answer["rows"][0][0].as_u64().unwrap()
}

#[tokio::test]
async fn a_run_pauses_in_a_round_tells_what_it_knows_and_goes_on() {
    let test = app(|_| {}).await;
    let mut run = watch(
        &test,
        &[],
        DRAFT,
        &paused_at(json!([{"step": "/steps/1", "when": "one.of == 3"}])),
    )
    .await;
    let paused = run.event("paused").await;
    assert_eq!(
        (
            &paused["script"],
            &paused["step"],
            &paused["name"],
            &paused["kind"],
            &paused["reason"]
        ),
        (
            &json!("test.marks"),
            &json!("/steps/1"),
            &json!("Each"),
            &json!("loop"),
            &json!("breakpoint")
        )
    );
    assert_eq!(
        paused["rounds"],
        json!([{"script": "test.marks", "step": "/steps/1", "item": "one", "round": 3, "of": 3}])
    );
    assert_eq!(paused["variables"]["one"], json!({"key": 3, "of": 3}));
    assert_eq!(paused["variables"]["all"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&paused["changed"], &paused["rows"]),
        (&json!(1), &json!(3))
    );
    assert!(paused["nodes_read"].as_u64().unwrap() > 0, "{paused}");
    // It is on the list of what runs, and takes no place of queries.
    let listed = test.get("/api/v1/queries").await.ok();
    assert_eq!(listed["queries"][0]["id"], run.id);
    assert_eq!(test.post(&run.path("continue"), "{}").await.status, 204);
    let resumed = run.event("resumed").await;
    assert_eq!(
        (&resumed["step"], &resumed["how"]),
        (&json!("/steps/1"), &json!("continue"))
    );
    test.post(&run.path("step"), "{}").await;
    assert_eq!(run.end().await, ("done".to_owned(), String::new()));
    assert_eq!(marked(&test).await, 0, "nothing was kept");
    all_ended(&test).await;
    let gone = test.post(&run.path("continue"), "{}").await;
    gone.refused(404, "run_not_found");
}

#[tokio::test]
async fn it_goes_step_by_step_into_and_over_what_is_nested() {
    let test = app(|_| {}).await;
    test.post("/api/v1/scripts", marks()).await.ok();
    let body = json!({"database": "d", "dry_run": true, "pause_at_start": true});
    let mut run = watch(&test, &[], "/api/v1/scripts/test/marks/run", &body).await;
    let mut places = Vec::new();
    for (word, body) in [
        ("step", json!({})),
        ("step", json!({})),
        ("step", json!({"over": true})),
        ("step", json!({})),
        ("continue", json!({"pause_at": [{"step": "/steps/2"}]})),
    ] {
        let paused = run.event("paused").await;
        places.push(format!(
            "{} {}",
            paused["step"].as_str().unwrap(),
            paused["rounds"][0]["round"]
        ));
        assert_eq!(test.post(&run.path(word), body).await.status, 204);
    }
    let paused = run.event("paused").await;
    assert_eq!(
        (&paused["step"], &paused["changed"]),
        (&json!("/steps/2"), &json!(2))
    );
    assert_eq!(
        places,
        [
            "/steps/0 null",
            "/steps/1 null",
            "/steps/1/steps/0 1",
            "/steps/1/steps/0 2",
            "/steps/1/steps/0/then/0 2"
        ]
    );
    assert_eq!(test.post(&run.path("stop"), "{}").await.status, 204);
    assert_eq!(
        run.end().await,
        ("cancelled".to_owned(), "cancelled".to_owned())
    );
    assert_eq!(marked(&test).await, 0);
    test.state.audit().flush();
    let runs = test.get("/api/v1/scripts/test/marks/runs").await.ok();
    assert_eq!(runs["runs"][0]["outcome"], "cancelled");
}

#[tokio::test]
async fn a_script_that_is_called_pauses_too() {
    let test = app(|_| {}).await;
    test.post("/api/v1/scripts", marks()).await.ok();
    let caller = json!({"name": "caller", "category": "test", "steps": [{"type": "call", "script": "marks"}]});
    let body = json!({"script": caller, "database": "d", "dry_run": true, "pause_at": [{"script": "marks", "step": "/steps/1/steps/0/then/0"}]});
    let mut run = watch(&test, &[], DRAFT, &body).await;
    let paused = run.event("paused").await;
    assert_eq!(paused["script"], "test.marks");
    assert_eq!(
        paused["calls"],
        json!([{"script": "test.caller", "step": "/steps/0"}])
    );
    assert_eq!(paused["variables"]["one"]["key"], 2);
    drop(run);
    all_ended(&test).await;
}

#[tokio::test]
async fn what_means_nothing_is_refused_before_anything_runs() {
    let test = app(|_| {}).await;
    let refused = async |body: Value, pointer: &str, part: &str| {
        let answer = test.post(DRAFT, &body).await;
        let problem = answer.refused(422, "invalid_breakpoint");
        let fault = &problem["errors"][0];
        assert_eq!(fault["pointer"], pointer, "{problem}");
        let detail = fault["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{detail}");
    };
    refused(
        paused_at(json!([{"step": "/steps/1"}, {"step": "/steps/7"}])),
        "/pause_at/1/step",
        "has no step",
    )
    .await;
    refused(
        paused_at(json!([{"step": "/steps/0", "when": "all >"}])),
        "/pause_at/0/when",
        "Line 1, column",
    )
    .await;
    refused(
        paused_at(json!([{"step": "/steps/0", "script": "test.nothing"}])),
        "/pause_at/0/script",
        "test.nothing",
    )
    .await;
    let many: Vec<Value> = (0..201).map(|_| json!({"step": "/steps/0"})).collect();
    refused(paused_at(json!(many)), "/pause_at", "at most 200").await;
    for with in [json!({"pause_at": []}), json!({"pause_at_start": true})] {
        let mut body = json!({"script": marks(), "database": "d"});
        body.as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        refused(body, "/dry_run", "keeps nothing").await;
    }
    let unknown = paused_at(json!([{"step": "/steps/0", "whn": "true"}]));
    test.post(DRAFT, unknown)
        .await
        .refused(400, "unknown_field");
    assert_eq!(test.state.pausing().count(), 0);
}

#[tokio::test]
async fn breakpoints_are_replaced_while_it_is_paused_and_a_wrong_one_leaves_it_so() {
    let test = app(|_| {}).await;
    let mut run = watch(&test, &[], DRAFT, &paused_at(json!([{"step": "/steps/1"}]))).await;
    run.event("paused").await;
    let wrong = json!({"pause_at": [{"step": "/steps/2", "when": "1 +"}]});
    for word in ["continue", "step", "pause"] {
        let problem = test
            .post(&run.path(word), &wrong)
            .await
            .refused(422, "invalid_breakpoint");
        assert_eq!(problem["errors"][0]["pointer"], "/pause_at/0/when");
    }
    let others = json!({"pause_at": [{"step": "/steps/2"}]});
    let answer = test
        .put_json("PUT", &run.path("breakpoints"), &others)
        .await;
    assert_eq!(answer.status, 204);
    test.post(&run.path("continue"), "{}").await;
    assert_eq!(run.event("paused").await["step"], "/steps/2");
    test.post(&run.path("continue"), json!({"pause_at": []}))
        .await;
    assert_eq!(run.end().await.0, "done");
}

#[tokio::test]
async fn a_run_pauses_when_it_is_asked_to_and_takes_a_word_only_then() {
    let test = app(|_| {}).await;
    // It goes on for ever, until somebody asks.
    let endless = json!({"name": "endless", "category": "test", "steps": [
        {"type": "set", "variable": "list", "value": "[1,2,3,4,5,6,7,8,9,10]"},
        {"type": "loop", "list": "list", "item": "a", "steps": [{"type": "loop", "list": "list", "item": "b", "steps": [
            {"type": "loop", "list": "list", "item": "c", "steps": [{"type": "loop", "list": "list", "item": "d", "steps": [
                {"type": "set", "variable": "x", "value": "1"}, {"type": "set", "variable": "x", "value": "2"}]}]}]}]},
    ]});
    let body = json!({"script": endless, "database": "d", "dry_run": true, "pause_at": []});
    let mut run = watch(&test, &[], DRAFT, &body).await;
    run.event("step_started").await;
    test.post(&run.path("continue"), "{}")
        .await
        .refused(409, "not_paused");
    assert_eq!(test.post(&run.path("pause"), "{}").await.status, 204);
    assert_eq!(run.event("paused").await["reason"], "asked");
    // Cancelling by its id ends a pause, as it ends a query.
    let path = format!("/api/v1/queries/{}", run.id);
    assert_eq!(test.delete(&path).await.status, 204);
    assert_eq!(run.end().await.0, "cancelled");
    // Stopping one that is not paused.
    let mut run = watch(&test, &[], DRAFT, &body).await;
    run.event("step_started").await;
    assert_eq!(test.post(&run.path("stop"), "{}").await.status, 204);
    assert_eq!(run.end().await.0, "cancelled");
}

#[tokio::test]
async fn only_who_began_a_run_in_the_session_it_was_begun_in_says_a_word_to_it() {
    let test = app(|_| {}).await;
    let admin = test.user(&user("ada", Role::Admin));
    let other = test.user(&user("bob", Role::Analyst));
    test.user(&user("cyd", Role::Editor));
    let login = async || {
        let body = json!({"name": "cyd", "password": PASSWORD}).to_string();
        let headers = [("authorization", ""), ("content-type", "application/json")];
        let answer = test.call("POST", "/api/v1/login", &headers, body).await;
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.to_owned()
    };
    let (here, elsewhere) = (login().await, login().await);
    let by = [("authorization", ""), ("cookie", &here)];
    let mut run = watch(&test, &by, DRAFT, &paused_at(json!([{"step": "/steps/0"}]))).await;
    run.event("paused").await;
    for (method, word, body) in [
        ("POST", "continue", "{}"),
        ("POST", "step", "{}"),
        ("POST", "stop", "{}"),
        ("POST", "pause", "{}"),
        ("PUT", "breakpoints", "{\"pause_at\": []}"),
    ] {
        for who in [&admin, &other] {
            let answer = test.by(who, method, &run.path(word), body).await;
            answer.refused(404, "run_not_found");
        }
        let headers = [
            ("authorization", ""),
            ("cookie", elsewhere.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = test.call(method, &run.path(word), &headers, body).await;
        answer.refused(404, "run_not_found");
    }
    let headers = [
        ("authorization", ""),
        ("cookie", here.as_str()),
        ("content-type", "application/json"),
    ];
    let answer = test
        .call("POST", &run.path("continue"), &headers, "{}")
        .await;
    assert_eq!(answer.status, 204);
    assert_eq!(run.end().await.0, "done");
}

#[tokio::test]
async fn a_paused_run_holds_up_nobody_and_sees_what_it_saw() {
    let test = app(|_| {}).await;
    let mut run = watch(&test, &[], DRAFT, &paused_at(json!([{"step": "/steps/2"}]))).await;
    assert_eq!(run.event("paused").await["changed"], 2);
    // Others write the same item, and the log is made short, while it waits.
    let body = json!({"sql": "UPDATE s SET of = 7 WHERE key = 2"});
    test.post("/api/v1/databases/d/query", body).await.ok();
    test.post("/api/v1/databases/d/checkpoint", "").await.ok();
    test.post(&run.path("continue"), "{}").await;
    assert_eq!(run.end().await.0, "done");
    assert_eq!(marked(&test).await, 0);
    // Its database goes away under another one: that ends with an error, and nothing hangs.
    let mut run = watch(&test, &[], DRAFT, &paused_at(json!([{"step": "/steps/1"}]))).await;
    run.event("paused").await;
    let detached = test.delete("/api/v1/databases/d").await;
    assert!(detached.status.is_success(), "{}", detached.text());
    test.post(&run.path("continue"), json!({"pause_at": []}))
        .await;
    let (outcome, _) = run.end().await;
    assert!(["done", "failed"].contains(&outcome.as_str()), "{outcome}");
    all_ended(&test).await;
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_run() {
    let test = app(|_| {}).await;
    let mut run = watch(&test, &[], DRAFT, &paused_at(json!([{"step": "/steps/0"}]))).await;
    run.event("paused").await;
    assert_eq!(test.state.pausing().count(), 1);
    drop(run);
    all_ended(&test).await;
}

#[tokio::test]
async fn there_are_as_many_as_may_be_and_no_more() {
    let test = app(|config| {
        config.limits.max_pausing_runs = 3;
        config.limits.max_pausing_runs_each = 2;
        config.limits.max_queries = 1;
    })
    .await;
    let admin = test.user(&user("ada", Role::Admin));
    let other = test.user(&user("bob", Role::Analyst));
    let body = paused_at(json!([{"step": "/steps/0"}]));
    let mut first = watch(&test, &[("authorization", &admin)], DRAFT, &body).await;
    first.event("paused").await;
    let mut second = watch(&test, &[("authorization", &admin)], DRAFT, &body).await;
    second.event("paused").await;
    let problem = test
        .by(&admin, "POST", DRAFT, &body)
        .await
        .refused(429, "too_many_requests");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("as one person may have")
    );
    let mut third = watch(&test, &[("authorization", &other)], DRAFT, &body).await;
    third.event("paused").await;
    let problem = test
        .by(&other, "POST", DRAFT, &body)
        .await
        .refused(429, "too_many_requests");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("as the server takes")
    );
    // Queries go on as ever.
    let query = json!({"sql": "SELECT count(*) FROM s"});
    test.by(&other, "POST", "/api/v1/databases/d/query", query)
        .await
        .ok();
    test.by(&admin, "POST", &first.path("stop"), "{}").await;
    first.end().await;
    drop(first);
    while test.state.pausing().count() > 2 {
        tokio::task::yield_now().await;
    }
    let mut again = watch(&test, &[("authorization", &other)], DRAFT, &body).await;
    again.event("paused").await;
}

#[tokio::test]
async fn a_pause_without_a_word_ends_the_run() {
    let test = app(|config| config.limits.pause_ms = 10).await;
    let mut run = watch(&test, &[], DRAFT, &paused_at(json!([{"step": "/steps/1"}]))).await;
    let paused = run.event("paused").await;
    assert_eq!(paused["changed"], 0);
    assert_eq!(
        run.end().await,
        ("cancelled".to_owned(), "pause_limit".to_owned())
    );
}

#[tokio::test]
async fn a_server_that_goes_down_ends_paused_runs_and_begins_none() {
    let test = app(|_| {}).await;
    let body = paused_at(json!([{"step": "/steps/0"}]));
    let mut run = watch(&test, &[], DRAFT, &body).await;
    run.event("paused").await;
    test.state.pausing().close();
    assert_eq!(
        run.end().await,
        ("cancelled".to_owned(), "shutting_down".to_owned())
    );
    test.post(DRAFT, &body).await.refused(503, "shutting_down");
}
