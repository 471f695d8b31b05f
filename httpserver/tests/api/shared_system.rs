//! Two servers over one system database: each sees what the other saved, and nothing is lost.

use serde_json::{Value, json};
use sop_httpserver::scripts::run_due;

use super::support::{TestApp, make_due};

/// Two servers with data of their own, and a folder that both keep their scripts in.
struct Two {
    a: TestApp,
    b: TestApp,
    _folder: tempfile::TempDir,
}

impl Two {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let system = folder.path().join("system");
        let two = Self {
            a: TestApp::sharing(&system),
            b: TestApp::sharing(&system),
            _folder: folder,
        };
        for server in [&two.a, &two.b] {
            let database = json!({"name": "d"});
            server.post("/api/v1/databases", database).await.ok();
            server.add_store("s", json!({"type": "i64"})).await;
        }
        two
    }
}

fn said(message: &str) -> Value {
    let steps = json!([{"type": "say", "message": message}]);
    json!({"name": "demo", "category": "test", "steps": steps})
}

async fn save(server: &TestApp, message: &str) -> u64 {
    let path = "/api/v1/scripts/test/demo";
    let saved = server.put_json("PUT", path, said(message)).await.ok();
    saved["version"].as_u64().unwrap()
}

/// What a session answered last to a line.
async fn say(server: &TestApp, session: Option<&str>, line: &str) -> (String, String) {
    let body = json!({"message": line, "database": "d", "session": session});
    let answer = server.post("/api/v1/chat", body).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let text = answer.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = events
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect();
    let mut ids = events.iter().filter_map(|event| event["session"].as_str());
    let id = ids.next_back().or(session).unwrap().to_owned();
    (id, text)
}

#[tokio::test]
async fn a_script_saved_on_one_is_there_on_the_other_at_once() {
    let two = Two::new().await;
    for round in 0..10 {
        assert_eq!(save(&two.a, &format!("a {round}")).await, round * 2 + 1);
        assert_eq!(save(&two.b, &format!("b {round}")).await, round * 2 + 2);
        let shown = two.a.get("/api/v1/scripts/test/demo").await.ok();
        assert_eq!(shown["script"]["steps"][0]["message"], format!("b {round}"));
    }
    // What was begun from an older version is refused wherever that was.
    let path = "/api/v1/scripts/test/demo";
    let headers = [("if-match", "\"19\""), ("content-type", "application/json")];
    let late = two
        .a
        .call("PUT", path, &headers, said("late").to_string())
        .await;
    late.refused(412, "version_mismatch");
    assert_eq!(two.b.delete(path).await.status, 204);
    two.a.get(path).await.refused(404, "script_not_found");
}

#[tokio::test]
async fn runs_and_audit_of_both_are_in_one_place() {
    let two = Two::new().await;
    save(&two.a, "hello").await;
    for server in [&two.a, &two.b, &two.a] {
        let run = server
            .post("/api/v1/scripts/test/demo/run", json!({}))
            .await;
        assert!(run.text().contains("hello"), "{}", run.text());
    }
    for key in 0..10 {
        for server in [&two.a, &two.b] {
            server.fill([json!(key)]).await;
        }
    }
    for server in [&two.a, &two.b] {
        // Whose entries come last is not said: each server writes its own when it comes to it.
        two.a.state.audit().flush();
        two.b.state.audit().flush();
        let runs = server.get("/api/v1/scripts/test/demo/runs").await.ok();
        assert_eq!(runs["runs"].as_array().unwrap().len(), 3);
        let audit = server.get("/api/v1/audit?store=s&limit=1000").await.ok();
        let inserted = audit["entries"].as_array().unwrap().iter();
        let inserted = inserted.filter(|entry| entry["what"].as_str().unwrap().ends_with("/items"));
        assert_eq!(inserted.count(), 20, "{audit}");
    }
}

#[tokio::test]
async fn knowledge_approved_on_one_is_used_by_the_other() {
    let two = Two::new().await;
    let path = "/api/v1/knowledge/users/status";
    let entry = json!({"text": "1 means active", "names": ["active"]});
    two.a.put_json("PUT", path, entry).await.ok();
    let asked = "/api/v1/knowledge?question=which%20users%20are%20active";
    let found = two.b.get(asked).await.ok();
    assert_eq!(found["knowledge"][0]["text"], "1 means active");
}

#[tokio::test]
async fn a_chat_and_its_draft_go_on_at_the_other() {
    let two = Two::new().await;
    let (session, _) = say(&two.a, None, "/create demo").await;
    let id = Some(&*session);
    say(&two.b, id, "/step /select s").await;
    let (_, steps) = say(&two.a, id, "/steps").await;
    assert!(steps.contains("1. /select"), "{steps}");
    let path = format!("/api/v1/chat/{session}");
    for server in [&two.b, &two.a] {
        let shown = server.get(&path).await.ok();
        let turns = shown["turns"].as_array().unwrap();
        let lines: Vec<_> = turns
            .iter()
            .map(|turn| turn["message"].as_str().unwrap())
            .collect();
        assert_eq!(lines, ["/create demo", "/step /select s", "/steps"]);
        assert!(turns.iter().all(|turn| turn["ended"] == "done"), "{shown}");
    }
    let forgotten = two.b.delete(&format!("{path}?forget=true")).await;
    assert!(forgotten.status.is_success());
    two.a.get(&path).await.refused(404, "session_not_found");
    let listed = two.a.get("/api/v1/chat").await.ok();
    assert_eq!(listed["sessions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_due_runs_on_one_of_them() {
    let two = Two::new().await;
    let insert = json!({"type": "tool", "tool": "insert", "args": {"store": "s", "key": 9}});
    let script = json!({"name": "demo", "category": "test", "steps": [insert]});
    two.a.post("/api/v1/scripts", script).await.ok();
    let body = json!({"script": "test.demo", "when": {"every_minutes": 5}, "database": "d"});
    let path = "/api/v1/schedules/often";
    assert_eq!(two.a.put_json("PUT", path, body).await.status, 204);
    let states = [two.a.state.clone(), two.b.state.clone()];
    let begun = tokio::task::spawn_blocking(move || {
        (0..5)
            .map(|_| {
                make_due(&states[0].system().unwrap(), "often");
                std::thread::scope(|scope| {
                    let runs = states
                        .each_ref()
                        .map(|state| scope.spawn(|| run_due(state).unwrap()));
                    runs.map(|run| run.join().unwrap()).iter().sum::<usize>()
                })
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(begun.await.unwrap(), [1; 5]);
}

#[tokio::test]
async fn a_schedule_is_left_to_a_server_that_has_its_database() {
    let two = Two::new().await;
    save(&two.a, "hello").await;
    two.a
        .post("/api/v1/databases", json!({"name": "only-a"}))
        .await
        .ok();
    let body = json!({"script": "test.demo", "when": {"every_minutes": 1}, "database": "only-a"});
    let path = "/api/v1/schedules/often";
    assert_eq!(two.a.put_json("PUT", path, body).await.status, 204);
    let states = [two.b.state.clone(), two.a.state.clone()];
    let begun = tokio::task::spawn_blocking(move || {
        let system = states[0].system().unwrap();
        // A second late.
        let mut schedule = system.schedules().unwrap().remove(0).schedule;
        schedule.last_ms = system.now_ms() - 61_000;
        let change = |tx: &sop::Transaction| {
            let store = tx.store::<String, sop_systemdb::script::Schedule>("schedules")?;
            store.upsert("often", &schedule)
        };
        system
            .database(sop::Mode::Write)
            .unwrap()
            .transact(change)
            .unwrap();
        let first = states.each_ref().map(|state| run_due(state).unwrap());
        // Nobody has come for it in years.
        make_due(&system, "often");
        (first, run_due(&states[0]).unwrap())
    });
    assert_eq!(begun.await.unwrap(), ([0, 1], 1));
}

#[tokio::test]
async fn people_look_at_it_on_both_while_both_write() {
    let two = Two::new().await;
    for round in 0..10 {
        save(&two.a, &format!("a {round}")).await;
        save(&two.b, &format!("b {round}")).await;
        for server in [&two.a, &two.b] {
            let sql = "SELECT count(*) FROM scripts WHERE category = 'test'";
            let path = "/api/v1/databases/system/query";
            let counted = server.post(path, json!({"sql": sql})).await.ok();
            assert_eq!(counted["rows"], json!([[(round + 1) * 2]]));
            let beside = json!({"sql": "SELECT count(*) FROM system.scripts"});
            server.post("/api/v1/databases/d/query", beside).await.ok();
            let items = "/api/v1/databases/system/stores/scripts/items?limit=5";
            assert_eq!(
                server.get(items).await.ok()["items"]
                    .as_array()
                    .unwrap()
                    .len(),
                5
            );
            let all = server.get("/api/v1/databases").await.ok();
            assert_eq!(all["databases"][1]["is_system"], true);
            assert_eq!(all["databases"][1]["error"], Value::Null);
        }
    }
}

#[tokio::test]
async fn who_cannot_have_it_reads_it_and_is_refused_writes_for_now() {
    let folder = tempfile::tempdir().unwrap();
    let system = folder.path().join("system");
    let a = TestApp::sharing(&system);
    save(&a, "hello").await;
    // Another program that knows nothing of turns.
    a.state.environments().close_all();
    let other = sop::OpenOptions::new().open(&system).unwrap();
    let b = TestApp::sharing(&system);
    let listed = b.get("/api/v1/scripts?category=test").await.ok();
    assert_eq!(listed["scripts"].as_array().unwrap().len(), 1);
    let refused = b
        .put_json("PUT", "/api/v1/scripts/test/demo", said("x"))
        .await;
    assert_eq!(refused.header("retry-after"), "2");
    let problem = refused.refused(503, "database_locked");
    let holder = format!("process {}", std::process::id());
    assert!(
        problem["detail"].as_str().unwrap().contains(&holder),
        "{problem}"
    );
    let call = b
        .post("/api/v1/tools/save_script", json!({"script": said("x")}))
        .await;
    call.refused(503, "database_locked");
    let items = b.get("/api/v1/databases/system/stores/scripts/items").await;
    assert!(!items.ok()["items"].as_array().unwrap().is_empty());
    drop(other);
    assert_eq!(save(&b, "again").await, 2);
    // What it could not write down then is written now.
    let audit = b.get("/api/v1/audit?limit=100").await.ok();
    let failed = audit["entries"].as_array().unwrap().iter();
    let failed = failed.filter(|entry| entry["outcome"] == "failed");
    assert_eq!(failed.count(), 2, "{audit}");
}
