//! SQL through the interface.

use axum::body::Body;
use serde_json::{Value, json};
use sop_query::transfer::Format;

use super::support::{Answer, TestApp};

const QUERY: &str = "/api/v1/databases/d/query";
const LINES: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("accept", "application/x-ndjson"),
];
const STRINGS: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("accept", "application/json;bigint=string"),
];
/// Counts for ever.
const ENDLESS: &str =
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c";

/// A store `s` of users with whole numbers as keys.
async fn users() -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let rows: String = [
        json!({"key": 1, "value": {"name": "Ada", "active": true, "tags": ["a", "b"], "big": 9_007_199_254_740_993_i64}}),
        json!({"key": 2, "value": {"name": "Bob", "active": false, "tags": [], "score": 1.5}}),
        json!({"key": 3, "value": {"name": "Cyd", "active": true, "home": {"city": "Köln"}}}),
    ]
    .map(|row| format!("{row}\n"))
    .concat();
    test.call(
        "POST",
        "/api/v1/databases/d/stores/s/import?format=ndjson",
        &[],
        rows,
    )
    .await
    .ok();
    test
}

impl TestApp {
    async fn query(&self, body: Value) -> Answer {
        self.post(QUERY, body).await
    }

    async fn rows(&self, sql: &str) -> Value {
        self.query(json!({"sql": sql})).await.ok()["rows"].clone()
    }

    /// An answer in lines.
    async fn lines(&self, body: Value) -> Vec<Value> {
        let answer = self.call("POST", QUERY, LINES, body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let text = answer.text();
        assert!(text.ends_with('\n'), "{text}");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_select_gives_columns_rows_and_figures() {
    let test = users().await;
    let answer = test
        .query(json!({"sql": "SELECT key, name, active, tags, home FROM s WHERE key <> ? ORDER BY key", "params": [2]}))
        .await
        .ok();
    assert_eq!(
        answer["columns"],
        json!([
            {"name": "key", "type": "integer"},
            {"name": "name", "type": "string"},
            {"name": "active", "type": "bool"},
            {"name": "tags", "type": "json"},
            {"name": "home", "type": "json"},
        ])
    );
    assert_eq!(
        answer["rows"],
        json!([
            [1, "Ada", true, ["a", "b"], null],
            [3, "Cyd", true, null, {"city": "Köln"}],
        ])
    );
    let stats = &answer["stats"];
    assert_eq!((&stats["rows"], &stats["changed"]), (&json!(2), &json!(0)));
    assert!(stats["elapsed_ms"].as_f64().is_some_and(|time| time > 0.0));
    assert!(
        stats["scanned"]
            .as_u64()
            .is_some_and(|count| (2..=3).contains(&count))
    );
    assert!(stats["nodes_read"].as_u64().is_some());
    assert_eq!(answer["truncated"], false);
    assert!(
        answer["sequence"]
            .as_u64()
            .is_some_and(|sequence| sequence > 0)
    );
    assert_eq!(answer["id"].as_str().unwrap().len(), 32);
    assert!(answer.get("changes").is_none());
}

#[tokio::test]
async fn parameters_come_by_number_and_by_name() {
    let test = users().await;
    for (sql, params) in [
        (
            "SELECT name FROM s WHERE key = ?1 AND active = ?2",
            json!([1, true]),
        ),
        (
            "SELECT name FROM s WHERE key = :id AND active = @on",
            json!({"id": 1, "on": true}),
        ),
        ("SELECT name FROM s WHERE key = $id", json!({"$id": 1})),
        ("SELECT name FROM s WHERE tags = ?", json!([["a", "b"]])),
    ] {
        let answer = test.query(json!({"sql": sql, "params": params})).await.ok();
        assert_eq!(answer["rows"], json!([["Ada"]]), "{sql}");
    }
}

#[tokio::test]
async fn large_numbers_are_exact_and_strings_where_asked_for() {
    let test = users().await;
    let body = json!({"sql": "SELECT big, value ->> 'big' AS x, json_array(big) AS y, value FROM s WHERE key = 1"});
    let text = test.query(body.clone()).await.text();
    assert!(
        text.contains("[[9007199254740993,9007199254740993,"),
        "{text}"
    );
    let answer = test
        .call("POST", QUERY, STRINGS, body.to_string())
        .await
        .ok();
    assert_eq!(answer["rows"][0][0], "9007199254740993");
    assert_eq!(answer["rows"][0][3]["big"], "9007199254740993");
}

#[tokio::test]
async fn an_answer_that_is_cut_says_so() {
    let test = TestApp::with(|config| {
        config.limits.query_rows = 5;
        config.limits.query_bytes = 1024;
    });
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 7) SELECT n FROM c";
    let count = |answer: &Value| answer["rows"].as_array().unwrap().len();
    let answer = test.query(json!({"sql": sql})).await.ok();
    assert_eq!((count(&answer), &answer["truncated"]), (5, &json!(true)));
    assert_eq!(answer["stats"]["rows"], 5);
    let answer = test.query(json!({"sql": sql, "limit": 2})).await.ok();
    assert_eq!((count(&answer), &answer["truncated"]), (2, &json!(true)));
    let long = sql.replace("SELECT n FROM", "SELECT printf('%0600d', n) FROM");
    let answer = test.query(json!({"sql": long})).await.ok();
    assert_eq!((count(&answer), &answer["truncated"]), (2, &json!(true)));
    // Lines have no such limit, but may be given one.
    assert_eq!(test.lines(json!({"sql": sql})).await.len(), 10);
    let cut = test.lines(json!({"sql": sql, "limit": 2})).await;
    assert_eq!(cut[4]["truncated"], true);
    test.query(json!({"sql": sql, "limit": 6}))
        .await
        .refused(400, "invalid_value");
}

#[tokio::test]
async fn lines_are_the_id_the_columns_the_rows_and_the_figures() {
    let test = users().await;
    let lines = test
        .lines(json!({"sql": "SELECT key, name FROM s; SELECT count(*) AS n FROM s"}))
        .await;
    assert_eq!(lines[0]["id"].as_str().unwrap().len(), 32);
    assert_eq!(
        lines[1],
        json!({"columns": [{"name": "key", "type": "integer"}, {"name": "name", "type": "string"}]})
    );
    assert_eq!(
        lines[2..5],
        [json!([1, "Ada"]), json!([2, "Bob"]), json!([3, "Cyd"])]
    );
    assert_eq!(lines[5], json!({"columns": [{"name": "n", "type": "any"}]}));
    assert_eq!(lines[6], json!([3]));
    assert_eq!(lines[7]["stats"]["rows"], 4);
    assert_eq!(lines[7]["truncated"], false);
    assert!(lines[7]["sequence"].is_u64());
    assert_eq!(lines.len(), 8);
    // As one object, the last result.
    let answer = test
        .query(json!({"sql": "SELECT key, name FROM s; SELECT count(*) AS n FROM s"}))
        .await
        .ok();
    assert_eq!(
        (&answer["rows"], &answer["stats"]["rows"]),
        (&json!([[3]]), &json!(1))
    );
}

#[tokio::test]
async fn a_failure_after_the_first_row_is_the_last_line_and_one_before_is_a_problem() {
    let test = users().await;
    let lines = test
        .lines(json!({"sql": "SELECT iif(key < 3, key, json_extract('{', '$')) AS k FROM s ORDER BY key"}))
        .await;
    assert_eq!(lines[2..4], [json!([1]), json!([2])]);
    let error = &lines.last().unwrap()["error"];
    assert_eq!(
        (&error["code"], &error["status"]),
        (&json!("invalid_value"), &json!(400))
    );
    assert_eq!(error["errors"][0]["pointer"], "/sql");
    let body = json!({"sql": "SELECT * FORM s"}).to_string();
    let answer = test.call("POST", QUERY, LINES, body).await;
    let problem = answer.refused(400, "syntax_error");
    assert_eq!(problem["errors"][0]["at"], 9);
}

#[tokio::test]
async fn unknown_names_come_with_their_place_and_the_nearest() {
    let test = users().await;
    let problem = test
        .query(json!({"sql": "SELECT nam FROM s"}))
        .await
        .refused(400, "field_not_found");
    assert_eq!(problem["errors"][0]["pointer"], "/sql");
    assert_eq!(problem["errors"][0]["at"], 7);
    assert_eq!(problem["errors"][0]["suggestions"], json!(["name"]));
    test.add_store("orders", json!({"type": "i64"})).await;
    let problem = test
        .query(json!({"sql": "SELECT * FROM order1"}))
        .await
        .refused(404, "store_not_found");
    assert_eq!(problem["errors"][0]["at"], 14);
    assert_eq!(problem["errors"][0]["suggestions"], json!(["orders"]));
}

#[tokio::test]
async fn changes_are_made_shown_and_refused() {
    let test = users().await;
    let dry = json!({"sql": "UPDATE s SET name = upper(name) WHERE active; DELETE FROM s WHERE key = 2", "dry_run": true});
    let answer = test.query(dry.clone()).await.ok();
    let changes = &answer["changes"];
    assert_eq!(changes["count"], 3);
    assert_eq!(
        changes["rows"][2],
        json!({"op": "delete", "database": "d", "store": "s", "key": 2,
            "before": {"name": "Bob", "active": false, "tags": [], "score": 1.5}, "after": null})
    );
    assert_eq!(changes["rows"][1]["after"]["name"], "CYD");
    assert_eq!(answer["stats"]["changed"], 3);
    let lines = test.lines(dry).await;
    assert_eq!(lines.last().unwrap()["changes"]["count"], 3);
    assert_eq!(
        test.rows("SELECT count(*), max(name) FROM s").await,
        json!([[3, "Cyd"]])
    );

    let before = test.query(json!({"sql": "SELECT 1 FROM s"})).await.ok()["sequence"].as_u64();
    let answer = test
        .query(json!({"sql": "UPDATE s SET name = upper(name) WHERE active"}))
        .await
        .ok();
    assert_eq!(answer["stats"]["changed"], 2);
    assert!(answer["sequence"].as_u64() > before);
    assert_eq!(
        test.rows("SELECT name FROM s ORDER BY key").await,
        json!([["ADA"], ["Bob"], ["CYD"]])
    );
    test.query(json!({"sql": "INSERT INTO s (key, name) VALUES (1, 'x')"}))
        .await
        .refused(409, "key_exists");
}

#[tokio::test]
async fn a_database_for_reading_takes_no_change_and_says_so() {
    let test = users().await;
    test.put_json("PATCH", "/api/v1/databases/d", r#"{"read_only":true}"#)
        .await
        .ok();
    assert_eq!(test.rows("SELECT count(*) FROM s").await, json!([[3]]));
    for body in [
        json!({"sql": "DELETE FROM s"}),
        json!({"sql": "DELETE FROM s", "dry_run": true}),
    ] {
        let problem = test.query(body).await.refused(403, "read_only");
        assert!(
            problem["detail"].as_str().unwrap().contains("read-only"),
            "{problem}"
        );
    }
    // It can still be read into another.
    test.post("/api/v1/databases", r#"{"name":"e"}"#).await.ok();
    let store = json!({"name": "t", "key": {"type": "i64"}});
    test.post("/api/v1/databases/e/stores", store).await.ok();
    let sql = json!({"sql": "INSERT INTO t (key, value) SELECT key, value FROM d.s"});
    test.post("/api/v1/databases/e/query", sql).await.ok();
    assert_eq!(test.rows("SELECT count(*) FROM e.t").await, json!([[3]]));
}

#[tokio::test]
async fn other_databases_are_there_by_their_names() {
    let test = users().await;
    test.post("/api/v1/databases", r#"{"name":"other"}"#)
        .await
        .ok();
    let store = json!({"name": "t", "key": {"type": "i64"}});
    test.post("/api/v1/databases/other/stores", store)
        .await
        .ok();
    let sql = "INSERT INTO other.t (key, value) SELECT key, value FROM s WHERE key < 3";
    test.query(json!({"sql": sql})).await.ok();
    // The same after a restart, when neither is open.
    let test = test.restart();
    let sql = "SELECT a.name FROM s AS a JOIN other.t AS b ON a.key = b.key ORDER BY 1";
    assert_eq!(test.rows(sql).await, json!([["Ada"], ["Bob"]]));
    let body = json!({"sql": "SELECT * FROM othe.t"});
    test.query(body).await.refused(404, "store_not_found");
}

#[tokio::test]
async fn time_and_cancelling_end_a_query() {
    let test = users().await;
    let problem = test.query(json!({"sql": ENDLESS.replace("SELECT n FROM", "SELECT max(n) FROM"), "timeout_ms": 20})).await;
    problem.refused(503, "time_limit");
    assert_eq!(problem.header("retry-after"), "2");

    let running =
        test.query(json!({"sql": ENDLESS.replace("SELECT n FROM", "SELECT max(n) FROM")}));
    let cancelling = async {
        let listed = loop {
            let listed = test.get("/api/v1/queries").await.ok();
            if let Some(one) = listed["queries"].as_array().unwrap().first() {
                break one.clone();
            }
        };
        assert_eq!(listed["database"], "d");
        assert!(
            listed["sql"]
                .as_str()
                .unwrap()
                .starts_with("WITH RECURSIVE")
        );
        assert!(listed["elapsed_ms"].is_u64());
        let path = format!("/api/v1/queries/{}", listed["id"].as_str().unwrap());
        assert_eq!(test.delete(&path).await.status, 204);
        path
    };
    let (answer, path) = tokio::join!(running, cancelling);
    answer.refused(409, "cancelled");
    test.delete(&path).await.refused(404, "query_not_found");
    assert_eq!(
        test.get("/api/v1/queries").await.ok(),
        json!({"queries": []})
    );
}

#[tokio::test]
async fn a_query_whose_answer_is_dropped_ends() {
    let test = users().await;
    let request = super::support::request("POST", QUERY, LINES)
        .body(Body::from(json!({"sql": ENDLESS}).to_string()))
        .unwrap();
    let response = tower::ServiceExt::oneshot(test.app.clone(), request)
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(test.state.queries().list(test.state.who()).len(), 1);
    drop(response);
    until_no_query_runs(&test).await;
}

async fn until_no_query_runs(test: &TestApp) {
    let ended = async {
        while !test.state.queries().list(test.state.who()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), ended)
        .await
        .unwrap();
}

#[tokio::test]
async fn queries_run_side_by_side_in_a_bounded_number() {
    let test = TestApp::with(|config| config.limits.max_queries = 1);
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.add_store("s", json!({"type": "i64"})).await;
    test.fill((0..50).map(Value::from)).await;
    // All wait for the one place, and all are answered.
    let queries = (0..20).map(|least| {
        test.query(json!({"sql": "SELECT count(*) FROM s WHERE key >= ?", "params": [least]}))
    });
    let answers = futures_util::future::join_all(queries).await;
    for (least, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.ok()["rows"], json!([[50 - least]]));
    }
    // One that cannot get it in its time is told so.
    let request = super::support::request("POST", QUERY, LINES)
        .body(Body::from(json!({"sql": ENDLESS}).to_string()))
        .unwrap();
    let held = tower::ServiceExt::oneshot(test.app.clone(), request)
        .await
        .unwrap();
    test.query(json!({"sql": "SELECT 1", "timeout_ms": 10}))
        .await
        .refused(429, "too_many_requests");
    drop(held);
    assert_eq!(test.rows("SELECT 1").await, json!([[1]]));
}

#[tokio::test]
async fn results_are_exported_as_files() {
    let test = users().await;
    let sql = super::support::escaped(
        "SELECT key, name, active, tags FROM s WHERE key < :most ORDER BY key",
    );
    let path = format!("/api/v1/databases/d/export?sql={sql}&params=%7B%22most%22%3A3%7D");
    let csv = test.get(&format!("{path}&format=csv")).await;
    assert_eq!(
        csv.text(),
        "key,name,active,tags\r\n1,Ada,true,\"[\"\"a\"\",\"\"b\"\"]\"\r\n2,Bob,false,[]\r\n"
    );
    assert_eq!(csv.header("content-type"), Format::Csv.content_type());
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"query.csv\""
    );
    let lines = test.get(&path).await.text();
    assert_eq!(
        lines,
        "{\"key\":1,\"name\":\"Ada\",\"active\":true,\"tags\":[\"a\",\"b\"]}\n{\"key\":2,\"name\":\"Bob\",\"active\":false,\"tags\":[]}\n"
    );
    let array = test.get(&format!("{path}&format=json")).await.ok();
    assert_eq!(array[1]["name"], "Bob");
    // The same by a body.
    let accept = [("content-type", "application/json"), ("accept", "text/csv")];
    let body = json!({"sql": "SELECT name FROM s WHERE key = ?", "params": [1]});
    let csv = test.call("POST", QUERY, &accept, body.to_string()).await;
    assert_eq!(csv.text(), "name\r\nAda\r\n");
    // What was exported comes in again.
    let csv = test
        .get("/api/v1/databases/d/export?format=csv&sql=SELECT%20*%20FROM%20s")
        .await;
    let into = "/api/v1/databases/d/stores/again/import?format=csv&key=key&create=true";
    let summary = test.call("POST", into, &[], csv.body).await.ok();
    assert_eq!(
        (&summary["inserted"], &summary["failed"]),
        (&json!(3), &json!(0))
    );
}

#[tokio::test]
async fn an_export_changes_nothing_and_is_refused_before_it_begins() {
    let test = users().await;
    let export = async |sql: &str| {
        let sql = super::support::escaped(sql);
        test.get(&format!("/api/v1/databases/d/export?sql={sql}"))
            .await
    };
    export("DELETE FROM s").await.refused(403, "read_only");
    export("SELECT nme FROM s")
        .await
        .refused(400, "field_not_found");
    export("SELECT 1; SELECT 2")
        .await
        .refused(422, "not_representable");
    assert_eq!(test.rows("SELECT count(*) FROM s").await, json!([[3]]));
}

#[tokio::test]
async fn a_select_document_gives_what_its_statement_gives() {
    let test = users().await;
    let select = json!({"store": "s", "filter": {"active": true, "key": {"$gte": 2}}, "fields": ["key", "name AS n"], "order_by": ["name desc"]});
    let answer = test.query(json!({"select": select})).await.ok();
    assert_eq!(answer["rows"], json!([[3, "Cyd"]]));
    assert_eq!(answer["columns"][1]["name"], "n");
    let dry = json!({"select": {"update": "s", "filter": {"key": 1}, "set": {"name": "Eve"}}, "dry_run": true});
    assert_eq!(
        test.query(dry).await.ok()["changes"]["rows"][0]["after"]["name"],
        "Eve"
    );
    // Stores of other databases, also right after a start.
    test.post("/api/v1/databases", r#"{"name":"e"}"#).await.ok();
    let test = test.restart();
    let select = json!({"select": {"store": "d.s", "filter": {"name": "Bob"}, "fields": ["key"]}});
    let answer = test.post("/api/v1/databases/e/query", select).await.ok();
    assert_eq!(answer["rows"], json!([[2]]));
}

#[tokio::test]
async fn a_plan_tells_how_and_analyzing_what_it_took() {
    let test = users().await;
    let plan = test
        .query(json!({"sql": "SELECT name FROM s WHERE key = ?", "params": [1], "explain": "plan"}))
        .await
        .ok();
    let node = &plan["plan"]["nodes"][0];
    assert_eq!(node["operator"], "seek");
    assert!(
        node["access"].as_str().unwrap().starts_with("seek s"),
        "{plan}"
    );
    assert_eq!(node["rows"], Value::Null);
    let select = json!({"store": "s", "filter": {"active": true}});
    let answer = test
        .query(json!({"select": select, "explain": "analyze"}))
        .await
        .ok();
    assert!(
        answer["sql"].as_str().unwrap().contains("SELECT"),
        "{answer}"
    );
    assert!(
        answer["plan"]["nodes"][0]["rows"]
            .as_u64()
            .is_some_and(|rows| rows >= 2),
        "{answer}"
    );
    assert!(answer["plan"]["elapsed_ms"].is_number());
    assert_eq!(answer["params"], json!([true]));
    test.query(json!({"sql": "SELECT nme FROM s", "explain": "plan"}))
        .await
        .refused(400, "field_not_found");
}

#[tokio::test]
async fn the_order_of_places_is_the_stores_own() {
    let test = users().await;
    for (order, access) in [("", "scan s"), (" DESC", "scan s descending")] {
        let sql = format!("SELECT _position FROM s WHERE active ORDER BY _position{order}");
        let plan = test
            .query(json!({"sql": sql, "explain": "plan"}))
            .await
            .ok();
        let nodes = plan["plan"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1, "nothing is sorted: {plan}");
        assert_eq!(nodes[0]["access"], access);
    }
}

#[tokio::test]
async fn views_are_listed_and_are_no_stores() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([json!(1), json!(2)]).await;
    let run = async |sql: &str| {
        test.post("/api/v1/databases/d/query", json!({"sql": sql}))
            .await
    };
    run("CREATE VIEW big AS SELECT key, \"of\" FROM s WHERE \"of\" > 1")
        .await
        .ok();
    assert_eq!(
        run("SELECT * FROM view.big").await.ok()["rows"],
        json!([[2, 2]])
    );
    let views = test.get("/api/v1/databases/d/views").await.ok();
    assert_eq!(views["views"][0]["name"], "big");
    assert!(
        views["views"][0]["sql"]
            .as_str()
            .unwrap()
            .starts_with("SELECT key")
    );
    let stores = test.get("/api/v1/databases/d/stores").await.text();
    assert!(!stores.contains("_views"), "{stores}");
    run("SELECT hex(zeroblob(500000000))")
        .await
        .refused(422, "memory_limit");
    run("SELECT * FROM view.bigg")
        .await
        .refused(404, "store_not_found");
    assert!(!test.folder().join("data").join("query-files.tmp").is_file());
}
