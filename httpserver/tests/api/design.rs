//! Stores as a whole (names, copies, orders), expressions that are tried, and jobs.

use serde_json::{Value, json};

use super::support::TestApp;

const DB: &str = "/api/v1/databases/d";
const STORES: &str = "/api/v1/databases/d/stores";

/// Waits until a job has ended, and gives it.
async fn ended(test: &TestApp, job: &Value) -> Value {
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    loop {
        let job = test.get(&path).await.ok();
        if !["running", "stopping"].contains(&job["state"].as_str().unwrap()) {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

async fn with_pairs(items: impl Iterator<Item = (i64, i64)>) -> TestApp {
    let fields = json!([{"name": "a", "type": "i64"}, {"name": "b", "type": "i64"}]);
    let test = TestApp::with_store(json!({"type": "composite", "fields": fields})).await;
    let rows: Vec<String> = items
        .map(|(a, b)| format!("{{\"a\":{a},\"b\":{b},\"v\":{}}}", a * b))
        .collect();
    test.call(
        "POST",
        &format!("{STORES}/s/import?format=ndjson&key=a,b"),
        &[],
        rows.join("\n"),
    )
    .await
    .ok();
    test
}

async fn keys(test: &TestApp, store: &str) -> Vec<Value> {
    let page = test
        .get(&format!("{STORES}/{store}/items?limit=5"))
        .await
        .ok();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["key"].clone()).collect()
}

#[tokio::test]
async fn a_renamed_store_keeps_its_items_and_relations_follow_it() {
    let test = with_pairs([(1, 2)].into_iter()).await;
    let relations = json!([{"source_fields": ["a"], "target_store": "s", "target_fields": ["a"]}]);
    let other = json!({"name": "t", "key": {"type": "i64"}, "relations": relations});
    test.post(STORES, other).await.ok();
    let renamed = test
        .post(&format!("{STORES}/s/rename"), json!({"name": "u"}))
        .await
        .ok();
    assert_eq!(
        (&renamed["name"], &renamed["count"]),
        (&json!("u"), &json!(1))
    );
    let other = test.get(&format!("{STORES}/t")).await.ok();
    assert_eq!(other["relations"][0]["target_store"], "u");
    test.get(&format!("{STORES}/s"))
        .await
        .refused(404, "store_not_found");
    for (name, status, code) in [
        ("t", 409, "store_exists"),
        ("a/b", 422, "invalid_definition"),
    ] {
        let refused = test
            .post(&format!("{STORES}/u/rename"), json!({"name": name}))
            .await;
        let found = refused.json()["code"].clone();
        assert!(
            refused.status.as_u16() == status && (found == code || found == "store_mismatch"),
            "{}",
            refused.text()
        );
    }
}

#[tokio::test]
async fn emptying_keeps_what_the_store_is() {
    let test = with_pairs((0..10).map(|n| (n, n))).await;
    let before = test.get(&format!("{STORES}/s")).await.ok();
    let emptied = test.post(&format!("{STORES}/s/empty"), "").await.ok();
    assert_eq!(emptied["items"], 10);
    let after = test.get(&format!("{STORES}/s")).await.ok();
    assert_eq!(after["count"], 0);
    assert_eq!(before["key"], after["key"]);
}

#[tokio::test]
async fn a_small_store_is_copied_at_once_and_a_large_one_as_a_job() {
    let test = with_pairs((0..100).map(|n| (n, n))).await;
    let copy = format!("{STORES}/s/duplicate");
    let small = test.post(&copy, json!({"name": "small"})).await;
    assert_eq!(small.status, 201);
    assert_eq!(small.ok()["count"], 100);
    let bare = test
        .post(&copy, json!({"name": "bare", "items": false}))
        .await
        .ok();
    assert_eq!(bare["count"], 0);
    let taken = test.post(&copy, json!({"name": "bare"})).await;
    assert_eq!(taken.status, 409, "{}", taken.text());

    let test = with_pairs((0..12_000).map(|n| (n, n))).await;
    let job = test.post(&copy, json!({"name": "big"})).await;
    assert_eq!(job.status, 202);
    let job = ended(&test, &job.ok()).await;
    assert_eq!(job["state"], "finished", "{job}");
    assert_eq!(
        (&job["done"], &job["total"]),
        (&json!(12_000), &json!(12_000))
    );
    assert_eq!(
        test.get(&format!("{STORES}/big")).await.ok()["count"],
        12_000
    );
    let listed = test.get("/api/v1/jobs").await.ok();
    assert_eq!(listed["jobs"][0]["kind"], "duplicate");
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    test.delete(&path).await.ok();
    test.get(&path).await.refused(404, "job_not_found");
}

#[tokio::test]
async fn a_new_order_is_a_job_that_needs_the_name_and_refuses_what_does_not_fit() {
    let test = with_pairs((0..300).map(|n| (n % 3, n))).await;
    let path = format!("{STORES}/s/reorder");
    let key = |order: Value| json!({"type": "composite", "fields": order});
    let fields =
        json!([{"name": "b", "type": "i64", "order": "desc"}, {"name": "a", "type": "i64"}]);
    let unconfirmed = test.post(&path, json!({"key": key(fields.clone())})).await;
    unconfirmed.refused(422, "confirmation_required");
    let lost = json!([{"name": "b", "type": "i64"}]);
    let refused = test
        .post(&path, json!({"key": key(lost), "confirm": "s"}))
        .await;
    refused.refused(422, "rule_violation");

    let narrow = json!([{"name": "a", "type": "i64"}, {"name": "b", "type": "u8"}]);
    let job = test
        .post(&path, json!({"key": key(narrow), "confirm": "s"}))
        .await
        .ok();
    let job = ended(&test, &job).await;
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["error"]["errors"].as_array().unwrap().len(), 20);
    assert_eq!(keys(&test, "s").await[0], json!({"a": 0, "b": 0}));

    let job = test
        .post(&path, json!({"key": key(fields), "confirm": "s"}))
        .await
        .ok();
    let job = ended(&test, &job).await;
    assert_eq!(
        (&job["state"], &job["outcome"]["items"]),
        (&json!("finished"), &json!(300))
    );
    assert_eq!(keys(&test, "s").await[0], json!({"b": 299, "a": 2}));
    let stores = test.get(STORES).await.ok();
    assert_eq!(stores["stores"].as_array().unwrap().len(), 1);
    let check = test.post(&format!("{DB}/check"), "").await.ok();
    assert_eq!(ended(&test, &check).await["outcome"]["clean"], true);
}

#[tokio::test]
async fn an_expression_is_tried_on_the_keys_of_a_store_and_on_pairs() {
    let test = with_pairs((0..500).map(|n| (n, 500 - n))).await;
    let key = test.get(&format!("{STORES}/s")).await.ok()["key"].clone();
    let path = format!("{DB}/cel/check");
    let trial = json!({"key": key, "cel": {"sort_key": "key.b"}, "store": "s", "pairs": [
        [{"a": 1, "b": 9}, {"a": 2, "b": 3}], [{"a": 1, "b": 3}, {"a": 1, "b": 3}], [{"a": 1}, {"a": "x", "b": 1}],
    ]});
    let sequence = test.get(STORES).await.ok()["sequence"].clone();
    let found = test.post(&path, trial).await.ok();
    assert_eq!(found["valid"], true, "{found}");
    assert_eq!(found["sample"]["tried"], 100);
    assert_eq!(found["sample"]["same_order"], false);
    assert_eq!(found["sample"]["keys"].as_array().unwrap().len(), 12);
    assert_eq!(found["sample"]["keys"][0], json!({"a": 495, "b": 5}));
    let results: Vec<&Value> = (0..3).map(|n| &found["comparisons"][n]["result"]).collect();
    assert_eq!(results, [&json!("after"), &json!("same"), &json!("none")]);
    assert_eq!(
        test.get(STORES).await.ok()["sequence"],
        sequence,
        "nothing was changed"
    );

    for (cel, part, column) in [
        (json!({"sort_key": "key.a +"}), "line 1", json!(8)),
        (
            json!({"compare": "mapX.aa - mapY.a"}),
            "no field",
            Value::Null,
        ),
        (json!({"order": "key.a"}), "unknown field", Value::Null),
    ] {
        let found = test.post(&path, json!({"key": key, "cel": cel})).await.ok();
        assert_eq!(found["valid"], false);
        let detail = found["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{detail}");
        if column != Value::Null {
            assert_eq!(found["error"]["column"], column, "{detail}");
        }
    }
    let clash = json!({"key": key, "cel": {"compare": "1"}, "store": "s"});
    let found = test.post(&path, clash).await.ok();
    let error = found["sample"]["error"].as_str().unwrap();
    assert!(error.contains("not an order"), "{error}");
}

#[tokio::test]
async fn a_backup_in_the_background_is_a_job_and_a_checkpoint_leaves_nothing_unsaved() {
    let test = with_pairs((0..1_000).map(|n| (n, n))).await;
    let state = test.post(&format!("{DB}/checkpoint"), "").await.ok();
    assert_eq!(
        (&state["items"], &state["unsaved_bytes"]),
        (&json!(1_000), &json!(0))
    );
    let wish = json!({"path": "backups/one", "background": true});
    let job = test.post(&format!("{DB}/backup"), wish.clone()).await;
    assert_eq!(job.status, 202);
    let job = ended(&test, &job.ok()).await;
    assert_eq!(job["state"], "finished", "{job}");
    assert!(
        job["done"] == job["total"] && job["done"].as_u64() > Some(0),
        "{job}"
    );
    test.post(&format!("{DB}/backup"), wish)
        .await
        .refused(409, "target_exists");
    let copy = json!({"name": "copy", "path": "backups/one", "read_only": true});
    assert_eq!(
        test.post("/api/v1/databases", copy).await.ok()["items"],
        1_000
    );
}
