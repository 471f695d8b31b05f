//! Environments: made, chosen, careful about writing, removed.

use serde_json::json;

use super::support::{Answer, TestApp};

const ITEMS: &str = "/api/v1/databases/d/stores/s/items";

impl TestApp {
    /// A call in an environment, with what it confirms.
    async fn within(
        &self,
        environment: &str,
        confirm: Option<&str>,
        method: &str,
        path: &str,
        body: serde_json::Value,
    ) -> Answer {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("sop-environment", environment),
        ];
        headers.extend(confirm.map(|name| ("sop-confirm", name)));
        self.call(method, path, &headers, body.to_string()).await
    }
}

/// A database `d` with a store `s`, and an environment `prod` with the same database.
async fn shared(mode: &str) -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let wish = json!({"name": "prod", "from": "dev", "colour": "prod", "mode": mode});
    test.post("/api/v1/environments", wish).await.ok();
    test
}

#[tokio::test]
async fn the_first_environment_is_always_there() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let all = test.get("/api/v1/environments").await.ok();
    assert_eq!(all["current"], "dev");
    assert_eq!(
        all["environments"][0]["databases"],
        json!([{"name": "d", "path": "d", "read_only": false}])
    );
    assert_eq!(all["environments"][0]["mode"], "open");
    test.delete("/api/v1/environments/dev")
        .await
        .refused(422, "rule_violation");
}

#[tokio::test]
async fn an_environment_has_its_own_databases_and_comes_back_after_a_restart() {
    let test = TestApp::new();
    let wish = json!({"name": "staging", "description": "before production", "colour": "test"});
    test.post("/api/v1/environments", wish.clone()).await.ok();
    test.post("/api/v1/environments", wish)
        .await
        .refused(409, "environment_exists");
    let made = test
        .within(
            "staging",
            None,
            "POST",
            "/api/v1/databases",
            json!({"name": "x"}),
        )
        .await;
    assert_eq!(made.status, 201);
    test.get("/api/v1/databases/x")
        .await
        .refused(404, "database_not_found");
    let test = test.restart();
    let shown = test.get("/api/v1/environments/staging").await.ok();
    assert_eq!(shown["databases"][0]["path"], "x");
    assert_eq!(shown["description"], "before production");
    let there = test
        .within("staging", None, "GET", "/api/v1/databases/x", json!(null))
        .await;
    assert_eq!(there.status, 200);
    let missing = test
        .within("stagin", None, "GET", "/api/v1/databases", json!(null))
        .await;
    let problem = missing.refused(404, "environment_not_found");
    assert_eq!(problem["errors"][0]["suggestions"][0], "staging");
}

#[tokio::test]
async fn a_session_chooses_by_its_cookie_alone() {
    let test = shared("open").await;
    let chosen = test
        .post("/api/v1/session/environment", json!({"name": "prod"}))
        .await;
    let cookie = chosen
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let with = [("cookie", cookie.as_str())];
    let all = test
        .call("GET", "/api/v1/environments", &with, "")
        .await
        .ok();
    assert_eq!(all["current"], "prod");
    assert_eq!(
        test.get("/api/v1/environments").await.ok()["current"],
        "dev"
    );
    test.post("/api/v1/session/environment", json!({"name": "nowhere"}))
        .await
        .refused(404, "environment_not_found");
}

#[tokio::test]
async fn two_environments_share_one_open_database() {
    let test = shared("open").await;
    let item = json!({"key": 1, "value": {"a": 1}});
    test.within("prod", None, "POST", ITEMS, item).await.ok();
    let read = test.get(ITEMS).await.ok();
    assert_eq!(read["items"][0]["value"], json!({"a": 1}));
    test.delete("/api/v1/environments/prod").await;
    let item = json!({"key": 2, "value": {}});
    test.post(ITEMS, item).await.ok();
}

/// Every way to write.
fn writes() -> Vec<(&'static str, &'static str, serde_json::Value)> {
    vec![
        ("POST", ITEMS, json!({"key": 1, "value": {}})),
        (
            "PUT",
            "/api/v1/databases/d/stores/s/item?key=1",
            json!({"value": {"a": 1}}),
        ),
        (
            "DELETE",
            "/api/v1/databases/d/stores/s/item?key=1",
            json!(null),
        ),
        (
            "POST",
            "/api/v1/databases/d/changes",
            json!({"changes": [{"op": "insert", "store": "s", "key": 3, "value": {}}]}),
        ),
        (
            "POST",
            "/api/v1/databases/d/query",
            json!({"sql": "INSERT INTO s (key, a) VALUES (4, 1)"}),
        ),
        (
            "POST",
            "/api/v1/databases/d/query",
            json!({"sql": "CREATE STORE t (id BIGINT, PRIMARY KEY (id))"}),
        ),
        (
            "POST",
            "/api/v1/databases/d/stores/s/import?format=json&key=key",
            json!([{"key": 9, "a": 1}]),
        ),
        (
            "PATCH",
            "/api/v1/databases/d/stores/s",
            json!({"description": "x"}),
        ),
        (
            "POST",
            "/api/v1/tools/insert?database=d",
            json!({"store": "s", "key": 5}),
        ),
        (
            "POST",
            "/api/v1/tools/execute?database=d",
            json!({"sql": "DELETE FROM s"}),
        ),
        (
            "POST",
            "/api/v1/tools/create_store?database=d",
            json!({"name": "u"}),
        ),
        (
            "POST",
            "/api/v1/databases/d/stores",
            json!({"name": "v", "key": {"type": "i64"}}),
        ),
    ]
}

#[tokio::test]
async fn in_a_read_only_environment_no_way_in_writes() {
    let test = shared("read_only").await;
    for (method, path, body) in writes() {
        let refused = test.within("prod", None, method, path, body.clone()).await;
        let problem = refused.refused(403, "read_only");
        assert!(
            problem["detail"].as_str().unwrap().contains("prod"),
            "{method} {path} {problem}"
        );
    }
    let read = json!({"sql": "SELECT count(*) FROM s"});
    let read = test
        .within("prod", None, "POST", "/api/v1/databases/d/query", read)
        .await
        .ok();
    assert_eq!(read["rows"], json!([[0]]));
}

#[tokio::test]
async fn with_confirm_each_write_names_its_store() {
    let test = shared("confirm").await;
    for (method, path, body) in writes() {
        for confirm in [None, Some("x")] {
            let refused = test
                .within("prod", confirm, method, path, body.clone())
                .await;
            refused.refused(403, "confirmation_needed");
        }
        let done = test
            .within("prod", Some("s"), method, path, body.clone())
            .await;
        assert!(done.status.is_success(), "{method} {path} {}", done.text());
    }
    let dry = json!({"sql": "DELETE FROM s", "dry_run": true});
    test.within("prod", None, "POST", "/api/v1/databases/d/query", dry)
        .await
        .ok();
}

#[tokio::test]
async fn an_environment_is_carried_elsewhere_as_it_is() {
    let test = shared("confirm").await;
    let mut exported = test.get("/api/v1/environments/prod").await.ok();
    assert_eq!(exported["databases"][0]["name"], "d");
    exported["name"] = json!("copy");
    let path = exported["databases"][0]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(path.ends_with('d'), "{path}");
    test.post("/api/v1/environments", exported).await.ok();
    let copy = test.get("/api/v1/environments/copy").await.ok();
    assert_eq!(copy["mode"], "confirm");
    let outside = json!({"name": "evil", "databases": [{"name": "x", "path": "/etc"}]});
    test.post("/api/v1/environments", outside)
        .await
        .refused(403, "path_outside_roots");
    for name in ["..", "a/b", ""] {
        test.post("/api/v1/environments", json!({"name": name}))
            .await
            .refused(422, "invalid_name");
    }
}

#[tokio::test]
async fn removing_an_environment_touches_only_its_own_folders() {
    let test = shared("open").await;
    let own = json!({"name": "own"});
    test.within("prod", None, "POST", "/api/v1/databases", own)
        .await;
    test.call("DELETE", "/api/v1/environments/prod?data=delete", &[], "")
        .await
        .refused(403, "confirmation_needed");
    let folder = test.folder().join("data/environments/prod/own");
    assert!(folder.exists());
    let gone = test
        .call(
            "DELETE",
            "/api/v1/environments/prod?data=delete&confirm=prod",
            &[],
            "",
        )
        .await;
    assert_eq!(gone.status, 204);
    assert!(!folder.exists());
    assert_eq!(test.get("/api/v1/databases/d").await.ok()["name"], "d");
}
