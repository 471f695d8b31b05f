//! Stores: created, listed, changed, dropped.

use serde_json::{Value, json};

use super::support::TestApp;

const STORES: &str = "/api/v1/databases/d/stores";

#[tokio::test]
async fn a_store_shows_its_definition_and_figures() {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let definition = json!({
        "name": "people", "description": "All of them",
        "key": {"type": "composite", "fields": [{"name": "group", "type": "string", "order": "desc"}, {"name": "id", "type": "i64"}]},
        "slot_length": 64, "placement": "segment",
        "schema": {"declared": true, "fields": [{"name": "name", "type": "string", "required": true}]},
        "relations": [{"source_fields": ["group"], "target_store": "groups", "target_fields": ["key"]}],
    });
    let made = test.post(STORES, &definition).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    for field in [
        "name",
        "description",
        "slot_length",
        "placement",
        "schema",
        "relations",
    ] {
        assert_eq!(made[field], definition[field], "{field}");
    }
    assert_eq!(
        (&made["unique"], &made["count"], &made["sample"]),
        (&json!(true), &json!(0), &Value::Null)
    );
    let item = json!({"key": {"group": "a", "id": 1}, "value": {"name": "Ada"}});
    test.post(&format!("{STORES}/people/items"), &item)
        .await
        .ok();
    let list = test.get(STORES).await.ok();
    assert_eq!(list["stores"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&list["stores"][0]["count"], &list["stores"][0]["sample"]),
        (&json!(1), &item)
    );
    let bad = json!({"key": {"group": "a", "id": 2}, "value": {"name": 5}});
    let problem = test
        .post(&format!("{STORES}/people/items"), bad)
        .await
        .refused(422, "schema_violation");
    assert_eq!(problem["errors"][0]["pointer"], "/value/name");
}

#[tokio::test]
async fn an_update_leaves_out_what_it_does_not_name() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.put_json(
        "PATCH",
        "/api/v1/databases/d/stores/s",
        r#"{"description":"first"}"#,
    )
    .await
    .ok();
    let relation = json!([{"source_fields": ["a"], "target_store": "t", "target_fields": ["key"]}]);
    let changed = test
        .put_json(
            "PATCH",
            "/api/v1/databases/d/stores/s",
            json!({"relations": relation}),
        )
        .await
        .ok();
    assert_eq!(
        (&changed["description"], &changed["relations"]),
        (&json!("first"), &relation)
    );
    // Structure changes while it is empty, and not after.
    let changed = test
        .put_json(
            "PATCH",
            "/api/v1/databases/d/stores/s",
            r#"{"unique":false,"slot_length":50}"#,
        )
        .await
        .ok();
    assert_eq!(
        (
            &changed["unique"],
            &changed["slot_length"],
            &changed["description"]
        ),
        (&json!(false), &json!(50), &json!("first"))
    );
    test.fill([1.into()]).await;
    test.put_json(
        "PATCH",
        "/api/v1/databases/d/stores/s",
        r#"{"slot_length":60}"#,
    )
    .await
    .refused(422, "rule_violation");
    test.put_json(
        "PATCH",
        "/api/v1/databases/d/stores/s",
        r#"{"description":"still"}"#,
    )
    .await
    .ok();
}

#[tokio::test]
async fn a_dropped_store_is_gone() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([1.into(), 2.into()]).await;
    assert_eq!(
        test.delete("/api/v1/databases/d/stores/s").await.ok()["items"],
        2
    );
    test.get("/api/v1/databases/d/stores/s")
        .await
        .refused(404, "store_not_found");
    test.add_store("s", json!({"type": "string"})).await;
    assert_eq!(
        test.get("/api/v1/databases/d/stores/s").await.ok()["count"],
        0
    );
}
