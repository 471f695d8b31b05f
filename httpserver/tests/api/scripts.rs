//! Scripts, knowledge, schedules and the system database.

use axum::body::Body;
use serde_json::{Value, json};

use super::support::{Answer, TOKEN, TestApp, escaped, make_due};

impl TestApp {
    async fn run_script(&self, name: &str, body: Value) -> Vec<Value> {
        let path = format!("/api/v1/scripts/test/{}/run", escaped(name));
        lines(&self.post(&path, body).await)
    }

    async fn save(&self, script: &Value) -> Value {
        self.post("/api/v1/scripts", script).await.ok()
    }

    async fn rows_of(&self, sql: &str) -> Value {
        let answer = self
            .post("/api/v1/databases/d/query", json!({"sql": sql}))
            .await
            .ok();
        answer["rows"].clone()
    }
}

/// The lines of an answer.
#[track_caller]
fn lines(answer: &Answer) -> Vec<Value> {
    assert!(answer.status.is_success(), "{}", answer.text());
    let text = answer.text();
    let all = text.lines().map(|line| serde_json::from_str(line).unwrap());
    all.collect()
}

/// What a run was told to have come to.
#[track_caller]
fn end(lines: &[Value]) -> (&str, &str) {
    let last = lines.last().unwrap();
    assert_eq!(last["event"], "finished", "{lines:?}");
    (
        last["outcome"].as_str().unwrap(),
        last["error"]["code"].as_str().unwrap_or_default(),
    )
}

/// A store `s` of three users.
async fn users() -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let rows = json!([
        {"key": 1, "value": {"name": "Ada", "active": true}},
        {"key": 2, "value": {"name": "Bob", "active": false}},
        {"key": 5, "value": {"name": "Cyd", "active": true}},
    ]);
    let args = json!({"store": "s", "items": rows});
    test.post("/api/v1/tools/insert?database=d", args)
        .await
        .ok();
    test
}

fn script(name: &str, steps: &Value) -> Value {
    json!({"name": name, "category": "test", "steps": steps})
}

#[tokio::test]
async fn a_script_is_saved_shown_compared_brought_back_and_deleted() {
    let test = users().await;
    let first = script("demo", &json!([{"type": "fetch", "store": "s"}]));
    assert_eq!(test.save(&first).await["version"], 1);
    test.post("/api/v1/scripts", &first)
        .await
        .refused(409, "script_exists");
    let second = script(
        "demo",
        &json!([{"type": "fetch", "store": "s", "limit": 1}]),
    );
    let path = "/api/v1/scripts/test/demo";
    assert_eq!(test.put_json("PUT", path, &second).await.ok()["version"], 2);
    let stale = [("if-match", "\"1\""), ("content-type", "application/json")];
    let answer = test.call("PUT", path, &stale, first.to_string()).await;
    answer.refused(412, "version_mismatch");
    let shown = test.get(path).await;
    assert_eq!(shown.header("etag"), "\"2\"");
    assert_eq!(shown.json()["script"], second);
    assert_eq!(
        test.get(&format!("{path}?version=1")).await.ok()["script"],
        first
    );
    test.get(&format!("{path}?version=7"))
        .await
        .refused(404, "version_not_found");
    let versions = test.get(&format!("{path}/versions?from=1")).await.ok();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    assert_eq!(
        versions["changes"],
        json!([{"at": "/steps/0/limit", "after": 1}])
    );
    let back = test
        .post(&format!("{path}/restore"), json!({"version": 1}))
        .await
        .ok();
    assert_eq!(back["version"], 3);
    let listed = test.get("/api/v1/scripts?category=test").await.ok();
    assert_eq!(listed["scripts"][0]["version"], 3);
    assert_eq!(test.delete(path).await.status, 204);
    let gone = test
        .get("/api/v1/scripts/test/demos")
        .await
        .refused(404, "script_not_found");
    assert_eq!(gone["errors"].as_array().map(Vec::len), None);
    assert_eq!(test.get(&format!("{path}/versions")).await.status, 200);
}

#[tokio::test]
async fn a_wrong_script_is_refused_with_the_place_of_each_fault() {
    let test = users().await;
    let wrong = script(
        "demo",
        &json!([
            {"type": "tool", "tool": "selct", "args": {}},
            {"type": "tool", "tool": "select", "args": {"store": "s", "limt": 1}},
            {"type": "say", "message": "{{nobody}}"},
        ]),
    );
    let problem = test
        .post("/api/v1/scripts", &wrong)
        .await
        .refused(422, "invalid_script");
    let places: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        ["/steps/0/tool", "/steps/1/args/limt", "/steps/2/message"]
    );
    assert_eq!(problem["errors"][0]["suggestions"][0], "select");
    let checked = test.post("/api/v1/scripts?check=true", &wrong).await.ok();
    assert_eq!(checked["faults"].as_array().unwrap().len(), 3);
    let form = test
        .post(
            "/api/v1/scripts?check=true",
            json!({"name": "a", "steps": [{"type": "x"}]}),
        )
        .await
        .ok();
    assert_eq!(form["faults"][0]["at"], "/steps/0/type");
    test.get("/api/v1/scripts/test/demo")
        .await
        .refused(404, "script_not_found");
}

#[tokio::test]
async fn a_run_streams_what_happens_and_is_written_down() {
    let test = users().await;
    let steps = json!([
        {"type": "fetch", "store": "s", "filter": {"active": true}, "output": "active"},
        {"type": "say", "message": "{{who}}: {{active[0].name}}"},
    ]);
    let mut demo = script("demo", &steps);
    demo["parameters"] =
        json!([{"name": "who", "type": "string"}, {"name": "n", "type": "integer", "default": 1}]);
    test.save(&demo).await;
    let refused = test
        .post(
            "/api/v1/scripts/test/demo/run",
            json!({"args": {"n": "x"}, "database": "d"}),
        )
        .await;
    let problem = refused.refused(422, "invalid_arguments");
    assert_eq!(problem["errors"][0]["pointer"], "/args/who");
    let all = test
        .run_script("demo", json!({"positional": ["me"], "database": "d"}))
        .await;
    let kinds: Vec<&str> = all
        .iter()
        .filter_map(|line| line["event"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "started",
            "step_started",
            "columns",
            "rows",
            "output",
            "step_finished",
            "step_started",
            "said",
            "step_finished",
            "finished"
        ]
    );
    assert!(all[0]["id"].is_string());
    assert_eq!(all[4]["rows"], json!([[1, "Ada", true], [5, "Cyd", true]]));
    assert_eq!(all[8]["text"], "me: Ada");
    let runs = test.get("/api/v1/scripts/test/demo/runs").await.ok();
    assert_eq!(runs["runs"][0]["outcome"], "done");
    assert_eq!(runs["runs"][0]["args"], json!({"who": "me", "n": 1}));
    let headers = [
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
    ];
    let body = json!({"args": {"who": "me"}, "database": "d"}).to_string();
    let events = test
        .call("POST", "/api/v1/scripts/test/demo/run", &headers, body)
        .await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    let text = events.text();
    assert!(text.starts_with("event: id\ndata: {\"id\":"), "{text}");
    assert!(
        text.contains("\n\nevent: said\ndata: {\"event\":\"said\""),
        "{text}"
    );
    assert!(text.ends_with("}\n\n"));
}

#[tokio::test]
async fn a_run_is_written_down_with_the_way_that_it_came_by() {
    let test = users().await;
    let steps = json!([{"type": "say", "message": "hello"}]);
    test.save(&script("demo", &steps)).await;
    let token = format!("Bearer {TOKEN}");
    let kind = ("content-type", "application/json");
    for headers in [
        [("authorization", token.as_str()), kind],
        [("authorization", ""), kind],
    ] {
        let open = [("authorization", "")];
        let address = format!("/?token={TOKEN}");
        let page = test.call("GET", &address, &open, Body::empty()).await;
        let cookie = page.header("set-cookie").to_owned();
        let pair = cookie.split(';').next().unwrap().to_owned();
        let headers = [headers[0], headers[1], ("cookie", pair.as_str())];
        let path = "/api/v1/scripts/test/demo/run";
        let answer = test
            .call("POST", path, &headers, r#"{"database": "d"}"#)
            .await;
        assert_eq!(end(&lines(&answer)), ("done", ""));
    }
    let runs = test.get("/api/v1/scripts/test/demo/runs").await.ok();
    let ways: Vec<_> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["way"].as_str())
        .collect();
    assert_eq!(ways, [Some("page"), Some("api")]);
}

#[tokio::test]
async fn a_run_for_good_says_how_many_items_of_which_stores_it_changed() {
    let test = users().await;
    let steps = json!([
        {"type": "tool", "tool": "update", "args": {"store": "s", "filter": {"active": true}, "set": {"name": "X"}}},
        {"type": "tool", "tool": "execute", "args": {"sql": "DELETE FROM s WHERE key = 2; INSERT INTO s (key, name) VALUES (9, 'Y')"}},
    ]);
    test.save(&script("demo", &steps)).await;
    let all = test.run_script("demo", json!({"database": "d"})).await;
    assert_eq!(end(&all), ("done", ""));
    let outputs: Vec<_> = all
        .iter()
        .filter(|line| line["event"] == "output")
        .map(|line| &line["stats"]["stores"])
        .collect();
    let counts = |inserted: u64, updated: u64, deleted: u64| json!([{"database": "d", "store": "s", "inserted": inserted, "updated": updated, "deleted": deleted}]);
    assert_eq!(outputs, [&counts(0, 2, 0), &counts(1, 0, 1)]);
}

#[tokio::test]
async fn a_run_that_failed_counts_only_what_stays() {
    let test = users().await;
    for (mode, stays) in [("single", 0), ("per_step", 1), ("none", 1)] {
        let key = 100 + stays + i32::from(mode == "none");
        let steps = json!([
            {"type": "tool", "tool": "insert", "args": {"store": "s", "key": key}},
            {"type": "tool", "tool": "insert", "args": {"store": "s", "key": 1}},
        ]);
        let mut demo = script(mode, &steps);
        demo["transaction"] = mode.into();
        test.save(&demo).await;
        let all = test.run_script(mode, json!({"database": "d"})).await;
        assert_eq!(end(&all), ("failed", "key_exists"), "{mode}");
        assert_eq!(all.last().unwrap()["changed"], stays, "{mode}");
        let runs = test
            .get(&format!("/api/v1/scripts/test/{mode}/runs"))
            .await
            .ok();
        assert_eq!(runs["runs"][0]["changed"], stays, "{mode}");
    }
}

#[tokio::test]
async fn one_transaction_over_several_tools_is_whole_or_nothing() {
    let test = users().await;
    let steps = |last: Value| {
        json!([
            {"type": "tool", "tool": "insert", "args": {"store": "s", "key": 7, "value": {"name": "Di"}}},
            {"type": "tool", "tool": "change", "args": {"changes": [{"op": "patch", "store": "s", "key": 1, "patch": {"seen": true}}]}},
            {"type": "tool", "tool": "execute", "args": {"sql": "UPDATE s SET active = :on WHERE key = 2", "params": {"on": true}}},
            {"type": "tool", "tool": "query", "args": {"sql": "SELECT key FROM s WHERE active OR seen ORDER BY key"}, "output": "rows"},
            {"type": "assert", "condition": "rows.map(r, r.key) == [1, 2, 5]"},
            last,
        ])
    };
    let failing = script(
        "failing",
        &steps(json!({"type": "tool", "tool": "insert", "args": {"store": "s", "key": 7}})),
    );
    test.save(&failing).await;
    let all = test.run_script("failing", json!({"database": "d"})).await;
    assert_eq!(end(&all).0, "failed", "{all:?}");
    assert_eq!(all.last().unwrap()["error"]["step"], "/steps/5");
    assert_eq!(test.rows_of("SELECT count(*) FROM s").await, json!([[3]]));
    test.save(&script(
        "fine",
        &steps(json!({"type": "say", "message": "done"})),
    ))
    .await;
    let dry = test
        .run_script("fine", json!({"database": "d", "dry_run": true}))
        .await;
    assert_eq!(end(&dry), ("done", ""), "{dry:?}");
    assert_eq!(dry.last().unwrap()["changed"], 3);
    let shown = dry.iter().find(|line| line["event"] == "output").unwrap();
    assert_eq!(shown["changes"]["rows"][0]["after"], json!({"name": "Di"}));
    assert_eq!(test.rows_of("SELECT count(*) FROM s").await, json!([[3]]));
    let all = test.run_script("fine", json!({"database": "d"})).await;
    assert_eq!(end(&all), ("done", ""), "{all:?}");
    assert_eq!(
        test.rows_of("SELECT key FROM s WHERE active ORDER BY key")
            .await,
        json!([[1], [2], [5]])
    );
}

#[tokio::test]
async fn what_is_no_statement_has_no_part_in_a_transaction() {
    let test = users().await;
    let make = json!([{"type": "tool", "tool": "create_store", "args": {"name": "t", "key": {"type": "i64"}}}]);
    let mut demo = script("demo", &make);
    let saved = test.post("/api/v1/scripts", &demo).await;
    assert!(saved.status.is_success(), "{}", saved.text());
    let all = test.run_script("demo", json!({"database": "d"})).await;
    assert_eq!(end(&all), ("failed", "not_in_transaction"));
    demo["transaction"] = json!("none");
    test.put_json("PUT", "/api/v1/scripts/test/demo", &demo)
        .await
        .ok();
    let all = test.run_script("demo", json!({"database": "d"})).await;
    assert_eq!(end(&all), ("done", ""), "{all:?}");
}

#[tokio::test]
async fn a_script_reads_beside_and_calls_another() {
    let test = users().await;
    let count = |output: &str| json!({"type": "tool", "tool": "query", "args": {"sql": "SELECT count(*) AS n FROM s"}, "async": true, "output": output});
    test.save(&script("inner", &json!([count("a"), count("b"), {"type": "set", "variable": "sum", "value": "a[0].n + b[0].n"}, {"type": "say", "message": "{{sum}}"}]))).await;
    test.save(&script(
        "outer",
        &json!([{"type": "call", "script": "inner"}]),
    ))
    .await;
    let all = test.run_script("outer", json!({"database": "d"})).await;
    assert_eq!(end(&all), ("done", ""), "{all:?}");
    let said = all.iter().find(|line| line["event"] == "said").unwrap();
    assert_eq!(
        (said["text"].as_str(), said["script"].as_str()),
        (Some("6"), Some("test.inner"))
    );
    let cycle = script("inner", &json!([{"type": "call", "script": "outer"}]));
    let refused = test
        .put_json("PUT", "/api/v1/scripts/test/inner", cycle)
        .await;
    let problem = refused.refused(422, "invalid_script");
    assert!(
        problem["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("in a circle")
    );
}

#[tokio::test]
async fn a_script_that_was_not_saved_can_be_run_to_a_step() {
    let test = users().await;
    let body = json!({"script": script("draft", &json!([
        {"type": "set", "variable": "x", "value": "1 + 1"},
        {"type": "assert", "condition": "false"},
    ])), "until": "/steps/0", "variables": true});
    let all = lines(&test.post("/api/v1/scripts/run", body).await);
    assert_eq!(end(&all), ("done", ""));
    let finished = all
        .iter()
        .find(|line| line["event"] == "step_finished")
        .unwrap();
    assert_eq!(finished["variables"], json!({"x": 2}));
    let wrong = json!({"script": {"name": "x", "steps": [{"type": "say"}]}});
    test.post("/api/v1/scripts/run", wrong)
        .await
        .refused(422, "invalid_script");
}

#[tokio::test]
async fn the_system_database_is_seen_and_only_read() {
    let test = users().await;
    test.get("/api/v1/scripts").await.ok();
    let all = test.get("/api/v1/databases").await.ok();
    let own = all["databases"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (own["name"].as_str(), &own["is_system"], &own["read_only"]),
        (Some("system"), &json!(true), &json!(true))
    );
    let items = test
        .get("/api/v1/databases/system/stores/scripts/items")
        .await
        .ok();
    assert_eq!(items["items"][0]["key"]["category"], "shop");
    let insert = json!({"key": "x", "value": {}});
    test.post("/api/v1/databases/system/stores/users/items", insert)
        .await
        .refused(403, "read_only");
    for (database, sql) in [
        ("system", "DELETE FROM scripts"),
        ("d", "DELETE FROM system.scripts"),
        ("d", "CREATE STORE system.x (id BIGINT, PRIMARY KEY (id))"),
    ] {
        let path = format!("/api/v1/databases/{database}/query");
        let answer = test.post(&path, json!({"sql": sql, "write": true})).await;
        assert!(!answer.status.is_success(), "{sql}: {}", answer.text());
    }
    let read = json!({"sql": "SELECT count(*) FROM system.knowledge"});
    test.post("/api/v1/databases/d/query", read).await.ok();
    test.delete("/api/v1/databases/system")
        .await
        .refused(403, "read_only");
    let path = "/api/v1/databases/system";
    test.put_json("PATCH", path, json!({"read_only": true}))
        .await
        .refused(403, "read_only");
    test.post("/api/v1/databases", json!({"name": "system"}))
        .await
        .refused(409, "database_exists");
    // It is there after a restart, and is still the server's own.
    let test = test.restart();
    let again = test.get("/api/v1/databases").await.ok();
    assert_eq!(again["databases"].as_array().unwrap().len(), 2);
    assert_eq!(again["databases"][1]["is_system"], true);
}

#[tokio::test]
async fn a_system_folder_that_cannot_be_used_is_an_error_of_its_use() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("system");
    let test = TestApp::with(|config| config.system_database = Some(path));
    test.get("/api/v1/health").await.ok();
    test.get("/api/v1/databases").await.ok();
    let problem = test.get("/api/v1/scripts").await.json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("system_database"), "{detail}");
}

#[tokio::test]
async fn knowledge_is_written_found_and_deleted() {
    let test = TestApp::new();
    let path = format!("/api/v1/knowledge/users/{}", escaped("status 1"));
    let entry = test
        .put_json(
            "PUT",
            &path,
            json!({"text": "1 means active", "names": ["active"]}),
        )
        .await
        .ok();
    assert_eq!(
        (entry["status"].as_str(), entry["author"].as_str()),
        (Some("approved"), Some("local"))
    );
    assert_eq!(test.get(&path).await.ok()["text"], "1 means active");
    let found = test
        .get("/api/v1/knowledge?question=which%20users%20are%20active")
        .await
        .ok();
    assert_eq!(found["knowledge"][0]["name"], "status 1");
    let built_in = test.get("/api/v1/knowledge?category=product").await.ok();
    assert_eq!(built_in["knowledge"][0]["built_in"], true);
    test.put_json("PUT", &path, json!({"text": " "}))
        .await
        .refused(400, "invalid_value");
    assert_eq!(test.delete(&path).await.status, 204);
    test.get(&path).await.refused(404, "knowledge_not_found");
}

#[tokio::test]
async fn schedules_are_kept_and_due() {
    let test = users().await;
    test.save(&script("demo", &json!([{"type": "say", "message": "x"}])))
        .await;
    let body = json!({"script": "demo", "when": {"every_minutes": 5}});
    let path = "/api/v1/schedules/often";
    assert_eq!(test.put_json("PUT", path, body).await.status, 204);
    let listed = test.get("/api/v1/schedules").await.ok();
    assert_eq!(listed["schedules"][0]["script"], "test.demo");
    let wrong = json!({"script": "demo", "when": {"daily_at": "25:00"}});
    test.put_json("PUT", path, wrong)
        .await
        .refused(400, "invalid_value");
    let unknown = json!({"script": "dema", "when": {"every_minutes": 5}});
    test.put_json("PUT", path, unknown)
        .await
        .refused(404, "script_not_found");
    let answer = test.call("DELETE", path, &[], Body::empty()).await;
    assert_eq!(answer.status, 204);
    test.delete(path).await.refused(404, "schedule_not_found");
}

#[tokio::test]
async fn a_schedule_that_is_due_runs_once() {
    let test = users().await;
    let steps =
        json!([{"type": "tool", "tool": "insert", "args": {"store": "s", "key": "{{key}}"}}]);
    let mut demo = script("demo", &steps);
    demo["parameters"] = json!([{"name": "key", "type": "integer"}]);
    test.save(&demo).await;
    let body = json!({"script": "test.demo", "when": {"every_minutes": 5}, "args": {"key": 9}, "database": "d"});
    test.put_json("PUT", "/api/v1/schedules/often", body).await;
    let state = test.state.clone();
    let begun = tokio::task::spawn_blocking(move || {
        assert_eq!(sop_httpserver::scripts::run_due(&state).unwrap(), 0);
        let system = state.system().unwrap();
        make_due(&system, "often");
        let first = sop_httpserver::scripts::run_due(&state).unwrap();
        (first, sop_httpserver::scripts::run_due(&state).unwrap())
    });
    assert_eq!(begun.await.unwrap(), (1, 0));
    assert_eq!(
        test.rows_of("SELECT count(*) FROM s WHERE key = 9").await,
        json!([[1]])
    );
    let runs = test.get("/api/v1/scripts/test/demo/runs").await.ok();
    assert_eq!(
        (
            runs["runs"][0]["way"].as_str(),
            runs["runs"][0]["who"].as_str()
        ),
        (Some("schedule"), Some("token"))
    );
}
