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

#[tokio::test]
async fn a_store_without_a_declared_schema_shows_the_fields_of_its_items() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let items = "/api/v1/databases/d/stores/s/items";
    for (key, value) in [
        (
            1,
            json!({"name": "Ada", "born": "1815-12-10", "tags": ["x"], "address": {"city": "London"}}),
        ),
        (
            2,
            json!({"name": "Grace", "born": "1906-12-09", "note": null}),
        ),
    ] {
        test.post(items, json!({"key": key, "value": value}))
            .await
            .ok();
    }
    let fields = json!([
        {"name": "name", "type": "string", "required": true},
        {"name": "born", "type": "date", "required": true},
        {"name": "tags", "type": "array", "required": false},
        {"name": "address", "type": "object", "required": false},
        {"name": "note", "type": "any", "required": false},
    ]);
    let list = test.get(STORES).await.ok();
    let listed = &list["stores"][0];
    assert_eq!(
        listed["schema"],
        json!({"declared": false, "fields": fields})
    );
    assert!(listed.get("shape").is_none());
    let one = test.get("/api/v1/databases/d/stores/s").await.ok();
    assert_eq!(one["schema"], listed["schema"]);
    let shape = &one["shape"];
    assert_eq!(
        (&shape["exact"], &shape["more"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(shape["values"], json!([{"kind": "object", "count": 2}]));
    let paths: Vec<&str> = shape["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "name",
            "born",
            "tags",
            "tags[]",
            "address",
            "address.city",
            "note"
        ]
    );
    assert_eq!(
        shape["fields"][5],
        json!({
            "path": "address.city", "depth": 2, "type": "string", "required": true, "declared": false, "count": 1,
            "kinds": [{"kind": "string", "count": 1}], "more": false,
        })
    );
    // What is shown can be declared as it is.
    let declared = json!({"schema": {"declared": true, "fields": listed["schema"]["fields"]}});
    let changed = test
        .put_json("PATCH", "/api/v1/databases/d/stores/s", declared)
        .await
        .ok();
    assert_eq!(changed["schema"]["declared"], json!(true));
    test.delete("/api/v1/databases/d/stores/s/item?key=2")
        .await
        .ok();
    let one = test.get("/api/v1/databases/d/stores/s").await.ok();
    let fields = one["shape"]["fields"].as_array().unwrap();
    let note = fields.iter().find(|field| field["path"] == "note").unwrap();
    assert_eq!(
        (&note["count"], &note["declared"]),
        (&json!(0), &json!(true))
    );
}

#[tokio::test]
async fn a_store_shows_its_indexes_and_keeps_them() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let query = "/api/v1/databases/d/query";
    let items = format!("{STORES}/s/items");
    test.post(&items, &json!({"key": 1, "value": {"a": {"b": 5}}}))
        .await
        .ok();
    let sql = json!({"sql": "CREATE UNIQUE INDEX s_b ON s (a.b DESC)"});
    let made = test.post(query, &sql).await;
    assert_eq!(made.status, 200, "{made:?}");
    let store = test.get(&format!("{STORES}/s")).await.ok();
    assert_eq!(
        store["indexes"],
        json!([{
            "name": "s_b", "fields": [{"path": {"value": ["a", "b"]}, "order": "desc"}],
            "unique": true, "state": "ready", "entries": 1,
        }])
    );
    let index = test.get(&format!("{STORES}/s_b")).await.ok();
    assert_eq!(index["index_of"]["store"], "s");
    assert_eq!(index["sample"]["key"], json!({"a.b": 5, "key": 1}));
    test.post(&items, &json!({"key": 2, "value": {"a": {"b": 5}}}))
        .await
        .refused(422, "rule_violation");
    test.post(
        &format!("{STORES}/s_b/items"),
        &json!({"key": {"a.b": 1, "key": 2}, "value": null}),
    )
    .await
    .refused(422, "rule_violation");
    test.delete(&format!("{STORES}/s_b"))
        .await
        .refused(422, "rule_violation");
}
