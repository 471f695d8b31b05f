//! The tools through the interface.

use serde_json::{Value, json};

use super::support::{Answer, TestApp};

impl TestApp {
    async fn tool(&self, name: &str, args: Value) -> Answer {
        let path = format!("/api/v1/tools/{name}?database=d");
        self.post(&path, args).await
    }

    async fn propose(&self, name: &str, args: Value) -> Answer {
        let path = format!("/api/v1/tools/{name}?database=d&dry_run=true");
        self.post(&path, args).await
    }
}

/// A store `s` of three users.
async fn users() -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let items = json!([
        {"key": 1, "value": {"name": "Ada", "group": "A"}},
        {"key": 2, "value": {"name": "Bob", "group": "B"}},
        {"key": 5, "value": {"name": "Cyd", "group": "A"}},
    ]);
    let done = test
        .tool("insert", json!({"store": "s", "items": items}))
        .await
        .ok();
    assert_eq!(done["summary"], "3 items changed");
    test
}

#[tokio::test]
async fn all_tools_are_listed_with_schemas() {
    let test = TestApp::new();
    let listed = test.get("/api/v1/tools").await.ok();
    let tools = listed["tools"].as_array().unwrap();
    let find = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    assert_eq!(find("select")["class"], "read");
    assert_eq!(find("delete")["class"], "write");
    assert_eq!(find("create_store")["class"], "admin");
    assert_eq!(find("select")["parameters"]["required"], json!(["store"]));
    assert_eq!(find("select")["positional"], json!(["store"]));
}

#[tokio::test]
async fn select_and_query_give_rows() {
    let test = users().await;
    let answer = test
        .tool("select", json!({"store": "s", "filter": {"group": "A"}, "fields": "key, name AS who", "order_by": "name desc"}))
        .await
        .ok();
    assert_eq!(answer["summary"], "2 rows");
    assert_eq!(answer["table"]["columns"][1]["name"], "who");
    assert_eq!(answer["table"]["rows"], json!([[5, "Cyd"], [1, "Ada"]]));
    let sql = json!({"sql": "SELECT count(*) AS n FROM s WHERE name LIKE ?", "params": ["%d%"]});
    let answer = test.tool("query", sql).await.ok();
    assert_eq!(answer["table"]["rows"], json!([[2]]));
    let limited = test
        .tool("query", json!({"sql": "SELECT name FROM s", "limit": 1}))
        .await
        .ok();
    assert_eq!(limited["table"]["truncated"], true);
    assert_eq!(limited["summary"], "1 row, and more");
}

#[tokio::test]
async fn wrong_names_come_back_with_the_right_ones() {
    let test = users().await;
    let refused = test
        .tool("selct", json!({}))
        .await
        .refused(404, "tool_not_found");
    assert_eq!(refused["errors"][0]["suggestions"][0], "select");
    let refused = test
        .tool("select", json!({"stor": "s"}))
        .await
        .refused(400, "unknown_field");
    assert_eq!(refused["errors"][0]["pointer"], "/stor");
    let refused = test
        .tool("select", json!({"store": "s", "filter": {"nam": "Ada"}}))
        .await
        .refused(400, "field_not_found");
    assert_eq!(refused["errors"][0]["pointer"], "/filter/nam");
    assert_eq!(refused["errors"][0]["suggestions"][0], "name");
    test.tool("describe_store", json!({"store": "t"}))
        .await
        .refused(404, "store_not_found");
    let refused = test
        .tool("query", json!({"sql": "DELETE FROM s"}))
        .await
        .refused(403, "read_only");
    assert_eq!(refused["errors"][0]["suggestions"][0], "execute");
}

#[tokio::test]
async fn a_proposal_changes_nothing_and_can_be_applied_once() {
    let test = users().await;
    let args = json!({"store": "s", "filter": {"group": "A"}, "set": {"group": "C"}});
    let proposed = test.propose("update", args).await.ok();
    assert_eq!(proposed["changes"]["count"], 2);
    assert_eq!(proposed["changes"]["rows"][0]["before"]["group"], "A");
    assert_eq!(proposed["changes"]["rows"][0]["after"]["group"], "C");
    let count = json!({"sql": "SELECT count(*) FROM s WHERE \"group\" = 'C'"});
    assert_eq!(
        test.tool("query", count.clone()).await.ok()["table"]["rows"],
        json!([[0]])
    );
    let set = json!({"changes": proposed["changes"]["set"]});
    let applied = test.tool("change", set.clone()).await.ok();
    assert_eq!(applied["summary"], "2 changes done");
    assert_eq!(
        test.tool("query", count).await.ok()["table"]["rows"],
        json!([[2]])
    );
    test.tool("change", set).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_proposal_is_not_applied_to_what_changed_since() {
    let test = users().await;
    let proposed = test
        .propose("delete", json!({"store": "s", "filter": {}}))
        .await
        .ok();
    assert_eq!(proposed["changes"]["count"], 3);
    let set = json!({"store": "s", "key": 2, "set": {"name": "Bea"}});
    test.tool("update", set).await.ok();
    let set = json!({"changes": proposed["changes"]["set"]});
    test.tool("change", set).await.refused(409, "conflict");
    let left = test
        .tool("query", json!({"sql": "SELECT count(*) FROM s"}))
        .await
        .ok();
    assert_eq!(left["table"]["rows"], json!([[3]]));
}

#[tokio::test]
async fn everything_or_one_item_has_to_be_said() {
    let test = users().await;
    test.tool("delete", json!({"store": "s"}))
        .await
        .refused(400, "missing_field");
    test.tool("delete", json!({"store": "s", "key": 1, "filter": {}}))
        .await
        .refused(400, "invalid_value");
    let done = test
        .tool("delete", json!({"store": "s", "key": 5}))
        .await
        .ok();
    assert_eq!(done["summary"], "1 item changed");
    test.tool("insert", json!({"store": "s", "key": 1, "value": {}}))
        .await
        .refused(409, "key_exists");
    let rows = json!([{"key": 9, "name": "Zed"}, {"key": 10, "name": "Yan", "group": "B"}]);
    test.tool("insert", json!({"store": "s", "rows": rows}))
        .await
        .ok();
}

#[tokio::test]
async fn neighbours_of_a_key_in_a_gap() {
    let test = users().await;
    let near = test
        .tool("find_nearest", json!({"store": "s", "key": 3, "limit": 1}))
        .await
        .ok();
    assert_eq!(near["data"], json!({"found": false, "rank": 2}));
    let keys: Vec<_> = near["table"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(keys, [json!(2), json!(5)]);
    let near = test
        .tool("find_nearest", json!({"store": "s", "key": 2, "limit": 1}))
        .await
        .ok();
    let ranks: Vec<_> = near["table"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(ranks, [json!(0), json!(1), json!(2)]);
}

#[tokio::test]
async fn stores_are_made_changed_related_and_dropped() {
    let test = users().await;
    let key = json!({"type": "composite", "fields": [{"name": "user", "type": "i64"}, {"name": "n", "type": "i64"}]});
    let wanted = json!({"name": "notes", "key": key});
    let shown = test.propose("create_store", wanted.clone()).await.ok();
    assert_eq!(shown["summary"], "would be: store 'notes' created");
    test.tool("describe_store", json!({"store": "notes"}))
        .await
        .refused(404, "store_not_found");
    test.tool("create_store", wanted.clone()).await.ok();
    test.tool("create_store", wanted)
        .await
        .refused(409, "store_exists");
    let relation = json!({"store": "notes", "source_fields": "user", "target_store": "s", "target_fields": ["key"]});
    test.tool("relate", relation.clone()).await.ok();
    test.tool("relate", relation).await.ok();
    let told = test
        .tool("describe_store", json!({"store": "notes"}))
        .await
        .ok();
    assert_eq!(told["data"]["relations"].as_array().unwrap().len(), 1);
    let wrong = json!({"store": "notes", "change": {"descripton": "x"}});
    let refused = test
        .tool("alter_store", wrong)
        .await
        .refused(400, "unknown_field");
    assert_eq!(refused["errors"][0]["pointer"], "/change/descripton");
    let change = json!({"store": "notes", "change": {"description": "what users wrote"}});
    test.tool("alter_store", change).await.ok();
    let listed = test.tool("list_stores", json!({})).await.ok();
    assert_eq!(listed["table"]["rows"][0][4], "what users wrote");
    test.tool("drop_store", json!({"store": "notes"}))
        .await
        .ok();
    let databases = test.tool("list_databases", json!({})).await.ok();
    assert_eq!(databases["table"]["rows"][0][2], 3);
}

#[tokio::test]
async fn text_goes_in_and_out() {
    let test = users().await;
    let text = test
        .tool("export", json!({"store": "s", "format": "csv"}))
        .await
        .ok();
    let csv = text["data"]["text"].as_str().unwrap().to_owned();
    assert!(csv.contains("Cyd"), "{csv}");
    let args = json!({"store": "t", "data": csv, "key": "key", "create": true});
    let shown = test.propose("import", args.clone()).await.ok();
    assert_eq!(shown["summary"], "3 rows would be imported");
    test.tool("import", args).await.ok();
    let count = test
        .tool("query", json!({"sql": "SELECT count(*) FROM t"}))
        .await
        .ok();
    assert_eq!(count["table"]["rows"], json!([[3]]));
}

#[tokio::test]
async fn the_page_is_told_where_to_go_and_what_to_draw() {
    let test = users().await;
    let to = test
        .tool("navigate", json!({"store": "s", "filter": {"group": "A"}}))
        .await
        .ok();
    assert_eq!(
        to["effect"]["navigate"],
        json!({"database": "d", "store": "s", "filter": {"group": "A"}})
    );
    test.tool("switch_database", json!({"database": "e"}))
        .await
        .refused(404, "database_not_found");
    let sql = "SELECT \"group\", count(*) AS n FROM s GROUP BY 1";
    let drawn = test
        .tool("chart", json!({"sql": sql, "y": "n", "kind": "bar"}))
        .await
        .ok();
    assert_eq!(drawn["effect"]["chart"]["y"], json!(["n"]));
    test.tool("chart", json!({"sql": sql, "y": "m"}))
        .await
        .refused(400, "field_not_found");
    test.tool("chart", json!({"sql": sql, "kind": "pie"}))
        .await
        .refused(400, "invalid_value");
}
