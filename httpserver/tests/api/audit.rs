//! Who changed what is written down.

use serde_json::{Value, json};
use sop_systemdb::accounts::Role;

use super::roles::user;
use super::support::TestApp;

async fn entries(test: &TestApp) -> Vec<Value> {
    let listed = test.get("/api/v1/audit").await.ok();
    listed["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_way_to_change_something_is_written_down() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let change = json!({"changes": [{"op": "insert", "store": "s", "key": 1, "value": {"a": 1}}]});
    test.post("/api/v1/databases/d/changes", change).await.ok();
    let sql = json!({"sql": "UPDATE s SET a = 2 WHERE key = 1"});
    test.post("/api/v1/databases/d/query", sql).await.ok();
    test.post(
        "/api/v1/tools/delete?database=d",
        json!({"store": "s", "key": 1}),
    )
    .await
    .ok();
    let all = entries(&test).await;
    let found: Vec<_> = all
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        found,
        [
            "delete",
            "query",
            "POST /databases/{db}/changes",
            "POST /databases/{db}/stores",
            "POST /databases"
        ]
    );
    assert_eq!(all[2]["detail"]["changes"][0]["after"], json!({"a": 1}));
    assert_eq!(all[1]["changed"], 1);
    assert_eq!(all[0]["way"], "api");
    assert_eq!(all[0]["database"], "d");
}

#[tokio::test]
async fn refusals_are_written_down_and_reads_are_not() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let before = entries(&test).await.len();
    test.post(
        "/api/v1/databases/d/query",
        json!({"sql": "SELECT * FROM s"}),
    )
    .await
    .ok();
    test.post("/api/v1/tools/select?database=d", json!({"store": "s"}))
        .await
        .ok();
    assert_eq!(entries(&test).await.len(), before);
    test.post(
        "/api/v1/tools/delete?database=d",
        json!({"store": "x", "key": 1}),
    )
    .await;
    let newest = entries(&test).await.remove(0);
    assert_eq!(newest["outcome"], "failed");
    assert_eq!(newest["detail"]["code"], "store_not_found");
}

#[tokio::test]
async fn the_audit_is_paged_both_ways_and_survives_a_restart() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    for key in 0..5 {
        test.post(
            "/api/v1/databases/d/stores/s/items",
            json!({"key": key, "value": {}}),
        )
        .await
        .ok();
    }
    let first = test.get("/api/v1/audit?limit=3").await.ok();
    assert_eq!(first["has_more"], true);
    let last = first["entries"][2]["number"].as_u64().unwrap();
    let older = test
        .get(&format!("/api/v1/audit?before={last}&limit=100"))
        .await
        .ok();
    assert_eq!(older["entries"].as_array().unwrap().len(), 4);
    let test = test.restart();
    let newer = test.get(&format!("/api/v1/audit?after={last}")).await.ok();
    assert_eq!(newer["entries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn items_are_written_down_before_and_after_and_imports_with_their_counts() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let at = "/api/v1/databases/d/stores/s";
    test.post(&format!("{at}/items"), json!({"key": 1, "value": {"a": 1}}))
        .await
        .ok();
    let two = json!({"value": {"a": 2}});
    test.put_json("PUT", &format!("{at}/item?key=1"), two)
        .await
        .ok();
    test.delete(&format!("{at}/item?key=1")).await.ok();
    let rows = "{\"key\":5,\"value\":{}}\n{\"key\":\"x\",\"value\":{}}\n";
    test.call("POST", &format!("{at}/import?format=ndjson"), &[], rows)
        .await
        .ok();
    let all = entries(&test).await;
    assert_eq!(all[0]["way"], "import");
    assert_eq!(all[0]["detail"]["import"]["inserted"], 1);
    assert_eq!(all[0]["detail"]["import"]["failed"], 1);
    let change = |at: usize| &all[at]["detail"]["changes"][0];
    assert_eq!(change(1)["op"], "delete");
    assert_eq!(change(1)["before"], json!({"a": 2}));
    assert_eq!(change(2)["before"], json!({"a": 1}));
    assert_eq!(change(2)["after"], json!({"a": 2}));
    assert_eq!(change(3)["after"], json!({"a": 1}));
    assert_eq!(all[1]["store"], "s");
}

#[tokio::test]
async fn the_audit_is_filtered_and_counted() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    for key in 0..3 {
        let change = json!({"changes": [{"op": "insert", "store": "s", "key": key, "value": {"word": format!("Wort{key}")}}]});
        test.post("/api/v1/databases/d/changes", change).await.ok();
    }
    test.post(
        "/api/v1/tools/delete?database=d",
        json!({"store": "x", "key": 1}),
    )
    .await;
    let numbers = async |query: &str| -> Vec<u64> {
        let listed = test.get(&format!("/api/v1/audit?{query}")).await.ok();
        let entries = listed["entries"].as_array().unwrap().clone();
        entries
            .iter()
            .map(|one| one["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers("store=s&limit=2").await.len(), 2);
    assert_eq!(numbers("outcome=failed").await.len(), 1);
    assert_eq!(numbers("text=wORT1").await.len(), 1);
    assert_eq!(numbers("way=import").await.len(), 0);
    assert_eq!(numbers("to=2001-01-01T00:00:00Z").await.len(), 0);
    assert!(numbers("from=2001-01-01T00:00:00Z").await.len() > 4);
    let page = test.get("/api/v1/audit?store=s&limit=2").await.ok();
    assert_eq!(page["has_more"], true);
    let rest = format!("store=s&before={}", page["before"]);
    let first = numbers("store=s&limit=100").await;
    assert_eq!(numbers(&rest).await, first[2..]);
    test.get("/api/v1/audit?from=yesterday")
        .await
        .refused(400, "invalid_parameter");
    let counts = test
        .get("/api/v1/audit/counts?since=2001-01-01T00:00:00Z,2999-01-01T00:00:00Z")
        .await
        .ok();
    assert_eq!(counts["outcome"]["failed"], 1);
    assert_eq!(counts["store"]["s"], 3);
    assert_eq!(counts["since"][0], counts["entries"]);
    assert_eq!(counts["since"][1], 0);
    assert_eq!(counts["complete"], true);
}

#[tokio::test]
async fn what_is_refused_is_written_down_with_who_and_why_and_not_without_end() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let admin = test.user(&user("ada", Role::Admin));
    let viewer = test.user(&user("vera", Role::Viewer));
    let items = "/api/v1/databases/d/stores/s/items";
    for key in 0..30 {
        let body = json!({"key": key, "value": {}});
        let refused = test.by(&viewer, "POST", items, body).await;
        refused.refused(403, "not_allowed");
    }
    let nobody = [("authorization", "Bearer wrong")];
    for _ in 0..30 {
        let refused = test.call("GET", "/api/v1/databases", &nobody, "").await;
        refused.refused(401, "unauthorized");
    }
    let other_site = [
        ("origin", "https://evil.example"),
        ("authorization", &*viewer),
    ];
    let refused = test.call("GET", "/api/v1/databases", &other_site, "").await;
    refused.refused(403, "origin_not_allowed");

    let listed = test
        .by(&admin, "GET", "/api/v1/audit?limit=100", "")
        .await
        .ok();
    let entries = listed["entries"].as_array().unwrap();
    let of = |who: &str, code: &str| -> Vec<&Value> {
        let mut found = entries
            .iter()
            .filter(|one| one["who"] == who)
            .collect::<Vec<_>>();
        found.retain(|one| one["outcome"] == "refused" && one["detail"]["code"] == code);
        found
    };
    let of_vera = of("vera", "not_allowed");
    assert_eq!(of_vera.len(), 10, "{listed}");
    let first = of_vera[0];
    assert_eq!(first["what"], "POST /databases/{db}/stores/{store}/items");
    assert_eq!(
        (&first["database"], &first["store"]),
        (&json!("d"), &json!("s"))
    );
    let why = first["detail"]["message"].as_str().unwrap();
    assert!(why.contains("editor") || why.contains("viewer"), "{why}");
    assert_eq!(of("nobody", "unauthorized").len(), 3);
    assert_eq!(of("nobody", "origin_not_allowed").len(), 1);
    // The rest is a number, at the latest when the program ends.
    test.state.audit().close();
    let listed = test
        .by(&admin, "GET", "/api/v1/audit?limit=100", "")
        .await
        .ok();
    let entries = listed["entries"].as_array().unwrap();
    let more = |who: &str| {
        let rest = entries
            .iter()
            .find(|one| one["what"] == "more refused requests" && one["who"] == who);
        rest.map(|one| one["detail"]["more"].clone())
    };
    assert_eq!(
        (more("vera"), more("nobody")),
        (Some(json!(20)), Some(json!(27)))
    );
}

#[tokio::test]
async fn what_tools_and_the_protocol_refuse_is_written_down_once_and_bounded_too() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let admin = test.user(&user("ada", Role::Admin));
    let analyst = test.user(&user("ann", Role::Analyst));
    let insert = json!({"store": "s", "key": 1, "value": {}});
    for _ in 0..8 {
        let path = "/api/v1/tools/insert?database=d";
        let refused = test.by(&analyst, "POST", path, &insert).await;
        refused.refused(403, "not_allowed");
    }
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "insert", "arguments": insert}});
    let headers = [
        ("authorization", analyst.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    for _ in 0..8 {
        let path = "/api/v1/mcp?database=d";
        let answer = test.call("POST", path, &headers, call.to_string()).await;
        assert!(answer.text().contains("not_allowed"), "{}", answer.text());
    }
    test.state.audit().close();
    let listed = test
        .by(&admin, "GET", "/api/v1/audit?limit=100", "")
        .await
        .ok();
    let entries = listed["entries"].as_array().unwrap().iter();
    let mut of_ann = entries
        .filter(|one| one["who"] == "ann")
        .collect::<Vec<_>>();
    let more = of_ann.remove(0);
    assert_eq!(
        (&more["what"], &more["detail"]["more"], &more["way"]),
        (&json!("more refused requests"), &json!(6), &json!("mcp"))
    );
    let of_ways = |way: &str| of_ann.iter().filter(|one| one["way"] == way).count();
    // Each once, by the tool, and the first ten of both ways together.
    assert_eq!(
        (of_ann.len(), of_ways("api"), of_ways("mcp")),
        (10, 8, 2),
        "{listed}"
    );
    assert!(
        of_ann
            .iter()
            .all(|one| one["what"] == "insert" && one["outcome"] == "refused")
    );
}

#[tokio::test]
async fn what_a_handler_refuses_without_an_entry_of_its_own_is_written_down_whatever_its_route() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let admin = test.user(&user("ada", Role::Admin));
    let analyst = test.user(&user("ann", Role::Analyst));
    // Only shown, so that the tool itself writes nothing.
    let insert = json!({"store": "s", "key": 1, "value": {}});
    let path = "/api/v1/tools/insert?database=d&dry_run=true";
    let refused = test.by(&analyst, "POST", path, insert).await;
    refused.refused(403, "not_allowed");
    let wrong = json!({"name": "ada", "password": "wrong password"});
    let refused = test
        .call(
            "POST",
            "/api/v1/login",
            &[("authorization", ""), ("content-type", "application/json")],
            wrong.to_string(),
        )
        .await;
    refused.refused(401, "unauthorized");
    let listed = test
        .by(&admin, "GET", "/api/v1/audit?outcome=refused", "")
        .await
        .ok();
    let entries = listed["entries"].as_array().unwrap();
    let found = entries
        .iter()
        .map(|one| (one["who"].as_str().unwrap(), one["what"].as_str().unwrap()));
    let found = found.collect::<Vec<_>>();
    assert_eq!(
        found,
        [("ada", "login"), ("ann", "POST /tools/{tool}")],
        "{listed}"
    );
}
