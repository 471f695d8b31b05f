//! Parquet files, out of stores and queries and into stores.
#![cfg(feature = "parquet")]

use axum::body::Body;
use serde_json::{Value, json};
use sop_httpserver::jobs::JobState;
use sop_systemdb::accounts::{MaskedField, NewUser, Role};
use tower::ServiceExt as _;

use super::roles::user;
use super::support::{Answer, TestApp, escaped, request};

const TYPE: &str = "application/vnd.apache.parquet";

async fn shop() -> TestApp {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.post("/api/v1/databases/d/demo", r#"{"name":"shop"}"#)
        .await
        .ok();
    test
}

#[track_caller]
fn file(answer: &Answer, name: &str) -> Vec<u8> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), TYPE);
    let disposition = format!("attachment; filename=\"{name}.parquet\"");
    assert_eq!(answer.header("content-disposition"), disposition);
    assert!(answer.body.starts_with(b"PAR1") && answer.body.ends_with(b"PAR1"));
    answer.body.clone()
}

async fn import(test: &TestApp, store: &str, query: &str, body: impl Into<Body>) -> Answer {
    let path = format!("/api/v1/databases/d/stores/{store}/import?{query}");
    test.call("POST", &path, &[], body).await
}

async fn lines(test: &TestApp, store: &str) -> Vec<Value> {
    let path = format!("/api/v1/databases/d/stores/{store}/export");
    let text = test.get(&path).await.text();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.collect()
}

#[tokio::test]
async fn all_stores_of_the_shop_come_back_as_they_were() {
    let test = shop().await;
    let stores = test.get("/api/v1/databases/d/stores").await.ok();
    for store in stores["stores"].as_array().unwrap() {
        let name = store["name"].as_str().unwrap();
        if store["count"] == 0 || store.get("index").is_some_and(|index| !index.is_null()) {
            continue;
        }
        let path = format!("/api/v1/databases/d/stores/{name}/export?format=parquet");
        let exported = test.get(&path).await;
        let copy = format!("{name}_copy");
        let definition = json!({"name": copy, "key": store["key"]});
        let made = test.post("/api/v1/databases/d/stores", definition).await;
        assert!(made.status.is_success(), "{}", made.text());
        let done = import(&test, &copy, "", file(&exported, name)).await.ok();
        assert_eq!(
            (&done["inserted"], &done["failed"]),
            (&store["count"], &json!(0)),
            "{name}"
        );
        // Fields come back in the order of the columns; equal values of JSON have no order.
        assert_eq!(
            lines(&test, &copy).await,
            lines(&test, name).await,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_part_of_a_store_and_a_query_come_out() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill((1..=5).map(|n| json!(n))).await;
    let filter = escaped(json!({"of": {"$gte": 4}}));
    let path = format!("/api/v1/databases/d/stores/s/export?format=parquet&filter={filter}");
    let some = file(&test.get(&path).await, "s");
    let done = import(&test, "some", "create=true", some).await.ok();
    assert_eq!(
        (&done["inserted"], &done["created"]),
        (&json!(2), &json!(true))
    );

    let sql = escaped("SELECT of AS n, 'x' || of AS name FROM s WHERE of > :least");
    let params = escaped(json!({"least": 2}));
    let path = format!("/api/v1/databases/d/export?format=parquet&sql={sql}&params={params}");
    let rows = file(&test.get(&path).await, "query");
    // Seen by its media type, and by its name; with another name and type for a field.
    let rules =
        escaped(json!([{"from": "name", "to": "title.text"}, {"from": "n", "type": "text"}]));
    let import_path =
        format!("/api/v1/databases/d/stores/named/import?create=true&key=n&map={rules}");
    let headers = [("content-type", TYPE)];
    let done = test
        .call("POST", &import_path, &headers, rows.clone())
        .await
        .ok();
    assert_eq!(done["inserted"], 3);
    let first = &lines(&test, "named").await[0];
    assert_eq!(first, &json!({"n": "3", "title": {"text": "x3"}}));
    let tried = import(
        &test,
        "tried",
        "format=parquet&create=true&key=n&dry_run=true",
        rows,
    )
    .await;
    assert_eq!(tried.ok()["inserted"], 3);
    test.get("/api/v1/databases/d/stores/tried")
        .await
        .refused(404, "store_not_found");

    let body = json!({"sql": "SELECT 1 AS one"}).to_string();
    let headers = [("accept", TYPE), ("content-type", "application/json")];
    let asked = test
        .call("POST", "/api/v1/databases/d/query", &headers, body)
        .await;
    assert_eq!(asked.header("content-type"), TYPE);
    let write = json!({"sql": "DELETE FROM s"}).to_string();
    let refused = test
        .call("POST", "/api/v1/databases/d/query", &headers, write)
        .await;
    refused.refused(403, "read_only");
    assert_eq!(lines(&test, "s").await.len(), 5);
    let empty = "/api/v1/databases/d/export?format=parquet&sql=SELECT%201%3B%20SELECT%202";
    test.get(empty).await.refused(422, "not_representable");
}

#[tokio::test]
async fn a_store_without_items_gives_a_file_with_its_columns() {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let store = json!({"name": "people", "key": {"type": "composite", "fields": [{"name": "id", "type": "i64"}]},
        "schema": {"declared": true, "fields": [{"name": "name", "type": "string"}, {"name": "pay", "type": "number"}]}});
    test.post("/api/v1/databases/d/stores", store).await.ok();
    let filter = escaped(json!({"name": "Ada"}));
    for more in ["", "&filter="] {
        let more = if more.is_empty() {
            String::new()
        } else {
            format!("{more}{filter}")
        };
        let path = format!("/api/v1/databases/d/stores/people/export?format=parquet{more}");
        let empty = file(&test.get(&path).await, "people");
        for name in ["id", "name", "pay"] {
            let found = empty
                .windows(name.len())
                .any(|part| part == name.as_bytes());
            assert!(found, "{name}{more}");
        }
        let done = import(&test, "people", "", empty).await.ok();
        assert_eq!(done["inserted"], 0);
    }
    let sql = escaped("SELECT id, name FROM people");
    let path = format!("/api/v1/databases/d/export?format=parquet&sql={sql}");
    file(&test.get(&path).await, "query");
    let job = test.state.jobs().list().remove(0);
    assert_eq!(job.state, JobState::Finished);
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_leaves_nothing() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([json!(1)]).await;
    let path = "/api/v1/databases/d/stores/s/export?format=parquet";
    let whole = file(&test.get(path).await, "s");
    for body in [
        &whole[..whole.len() / 2],
        b"PAR1",
        b"PAR1\0\0\0\0\xff\xff\xff\x7fPAR1",
    ] {
        let answer = import(&test, "none", "create=true", body.to_vec()).await;
        answer.refused(400, "malformed_data");
    }
    let text = import(&test, "none", "create=true&format=parquet", "a,b\n1,2\n").await;
    text.refused(400, "malformed_data");
    test.get("/api/v1/databases/d/stores/none")
        .await
        .refused(404, "store_not_found");
    // Nothing lies about in the folder of the data.
    let left = std::fs::read_dir(test.folder().join("data/query-files.tmp")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused() {
    let test = TestApp::with(|config| config.limits.import_file_bytes = 1024);
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let body = [b"PAR1".to_vec(), vec![0; 2000]].concat();
    let problem = import(&test, "s", "create=true", body).await;
    let problem = problem.refused(413, "body_too_large");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("import_file_bytes")
    );
}

#[tokio::test]
async fn what_is_masked_is_in_no_file_and_cannot_be_imported_over() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let item = json!({"key": 1, "value": {"name": "Ada", "pay": "canary7e1f"}});
    test.post("/api/v1/databases/d/stores/s/items", item)
        .await
        .ok();
    let admin = test.user(&user("ada", Role::Admin));
    let clerk = test.user(&NewUser {
        masked: vec![MaskedField {
            database: "d".to_owned(),
            store: "s".to_owned(),
            field: "pay".to_owned(),
        }],
        ..user("clerk", Role::Editor)
    });
    let whole = "/api/v1/databases/d/stores/s/export?format=parquet";
    let seen = |bytes: &[u8]| bytes.windows(10).any(|part| part == b"canary7e1f");
    let all = test.by(&admin, "GET", whole, "").await;
    assert!(seen(&all.body), "an administrator has it");
    let filter = escaped(json!({"name": "Ada"}));
    let sql = escaped("SELECT * FROM s");
    for path in [
        whole.to_owned(),
        format!("{whole}&filter={filter}"),
        format!("/api/v1/databases/d/export?format=parquet&sql={sql}"),
    ] {
        let answer = test.by(&clerk, "GET", &path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!seen(&answer.body), "{path}");
    }
    let path = "/api/v1/databases/d/stores/s/import?mode=upsert";
    let headers = [("authorization", clerk.as_str())];
    let refused = test.call("POST", path, &headers, all.body).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[tokio::test]
async fn the_tools_take_and_give_files_in_base64() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([json!(1), json!(2)]).await;
    let call = async |name: &str, arguments: Value| {
        let path = format!("/api/v1/tools/{name}?database=d");
        test.post(&path, arguments).await
    };
    let arguments = json!({"store": "s", "format": "parquet"});
    let exported = call("export", arguments).await.ok();
    let data = exported
        .pointer("/data/base64")
        .or(exported.pointer("/output/data/base64"));
    let data = data.unwrap_or_else(|| panic!("{exported}")).clone();
    let into = json!({"store": "t", "format": "parquet", "data": data, "create": true});
    let imported = call("import", into).await;
    assert_eq!(imported.status, 200, "{}", imported.text());
    assert_eq!(lines(&test, "t").await.len(), 2);
    let wrong = json!({"store": "t", "format": "parquet", "data": "%%"});
    let refused = call("import", wrong).await;
    assert!(refused.text().contains("base64"), "{}", refused.text());
}

#[tokio::test]
async fn an_export_is_a_job_on_the_list() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([json!(1)]).await;
    for format in ["csv", "parquet"] {
        let path = format!("/api/v1/databases/d/stores/s/export?format={format}");
        assert_eq!(test.get(&path).await.status, 200);
        let job = test.state.jobs().list().remove(0);
        assert_eq!((job.kind, job.state), ("export", JobState::Finished));
        assert!(job.can_cancel && job.done > 0, "{job:?}");
    }
    let wrong = "/api/v1/databases/d/stores/none/export";
    test.get(wrong).await.refused(404, "store_not_found");
    assert_eq!(test.state.jobs().list().len(), 2);
}

#[tokio::test]
async fn an_export_that_runs_is_cancelled_and_cut_off() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let text = "x".repeat(100_000);
    for key in 0..20 {
        let item = json!({"key": key, "value": {"text": text}});
        test.post("/api/v1/databases/d/stores/s/items", item)
            .await
            .ok();
    }
    let path = "/api/v1/databases/d/stores/s/export?format=csv";
    let request = request("GET", path, &[]).body(Body::empty()).unwrap();
    // It waits for its reader, who reads nothing yet.
    let response = test.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let job = test.state.jobs().list().remove(0);
    assert_eq!(job.state, JobState::Running);
    test.delete(&format!("/api/v1/jobs/{}", job.id)).await.ok();
    let read = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    assert!(read.is_err(), "a part must not look like the whole");
    let job = test.state.jobs().get(&job.id).unwrap();
    assert_eq!(job.state, JobState::Cancelled);
}
