//! Databases: made, attached, listed, removed; damaged and locked ones.

use axum::body::Body;
use serde_json::{Value, json};

use super::support::TestApp;

const DBS: &str = "/api/v1/databases";

async fn names(test: &TestApp) -> Vec<String> {
    let list = test.get(DBS).await.ok();
    list["databases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|db| db["is_system"] == false)
        .map(|db| db["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn databases_are_made_listed_and_kept_over_a_restart() {
    let test = TestApp::new();
    assert!(names(&test).await.is_empty());
    let made = test.post(DBS, r#"{"name":"shop"}"#).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    for (field, value) in [
        ("mode", json!("standalone")),
        ("read_only", json!(false)),
        ("is_system", json!(false)),
        ("stores", json!(0)),
        ("items", json!(0)),
        ("reason", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["path"].as_str().unwrap().ends_with("shop") && made["bytes"].as_u64() > Some(0));
    test.post(DBS, r#"{"name":"other","path":"deep/er/folder"}"#)
        .await
        .ok();
    test.post("/api/v1/databases/shop/demo", r#"{"name":"shop"}"#)
        .await
        .ok();
    let items = test.get("/api/v1/databases/shop").await.ok()["items"].clone();
    let test = test.restart();
    assert_eq!(names(&test).await, ["other", "shop"]);
    assert_eq!(
        test.get("/api/v1/databases/shop").await.ok()["items"],
        items
    );
}

#[tokio::test]
async fn removing_keeps_the_data_unless_the_name_confirms() {
    let test = TestApp::new();
    test.post(DBS, r#"{"name":"shop"}"#).await.ok();
    test.post("/api/v1/databases/shop/demo", "{}").await.ok();
    let folder = test.folder().join("data/shop");
    assert_eq!(test.delete("/api/v1/databases/shop").await.status, 204);
    assert!(folder.join("dboptions.json").exists());
    test.get("/api/v1/databases/shop")
        .await
        .refused(404, "database_not_found");
    let test = test.restart();
    assert!(
        names(&test).await.is_empty(),
        "a removed database must not come back by itself"
    );
    // Attached again, under another name, with all its data.
    let again = test
        .post(DBS, r#"{"name":"again","path":"shop"}"#)
        .await
        .ok();
    assert_eq!(again["stores"], 5);
    assert_eq!(
        test.delete("/api/v1/databases/again?data=delete&confirm=again")
            .await
            .status,
        204
    );
    assert!(!test.folder().join("data/shop").exists());
}

#[tokio::test]
async fn the_demo_is_a_shop_with_relations() {
    let test = TestApp::new();
    test.post(DBS, r#"{"name":"d"}"#).await.ok();
    let filled = test
        .post("/api/v1/databases/d/demo", r#"{"name":"shop"}"#)
        .await;
    assert_eq!(filled.status, 201);
    let items = filled.ok()["items"].as_u64().unwrap();
    assert!(items > 3000);
    assert_eq!(test.get("/api/v1/databases/d").await.ok()["items"], items);
    let orders = test.get("/api/v1/databases/d/stores/orders").await.ok();
    assert_eq!(orders["relations"][0]["target_store"], "users");
    assert!(orders["sample"]["value"]["total"].is_number());
    // Once more would mix two: it is refused and changes nothing.
    test.post("/api/v1/databases/d/demo", "{}")
        .await
        .refused(409, "store_exists");
    assert_eq!(test.get("/api/v1/databases/d").await.ok()["items"], items);
}

#[tokio::test]
async fn a_backup_can_be_attached() {
    let test = TestApp::new();
    test.post(DBS, r#"{"name":"d"}"#).await.ok();
    test.post("/api/v1/databases/d/demo", "{}").await.ok();
    test.post("/api/v1/databases/d/backup", r#"{"path":"copies/one"}"#)
        .await
        .ok();
    test.post("/api/v1/databases/d/backup", r#"{"path":"copies/one"}"#)
        .await
        .refused(409, "target_exists");
    let copy = test
        .post(DBS, r#"{"name":"copy","path":"copies/one"}"#)
        .await
        .ok();
    assert_eq!(
        copy["items"],
        test.get("/api/v1/databases/d").await.ok()["items"]
    );
}

#[tokio::test]
async fn a_check_says_what_it_reads_and_finds() {
    let test = TestApp::new();
    test.post(DBS, r#"{"name":"d"}"#).await.ok();
    test.post("/api/v1/databases/d/demo", "{}").await.ok();
    let path = "/api/v1/databases/d/check";
    let report = test
        .call(
            "GET",
            path,
            &[("accept", "application/json")],
            Body::empty(),
        )
        .await
        .ok();
    assert_eq!(
        (&report["clean"], &report["problems"]),
        (&json!(true), &json!([]))
    );
    let streamed = test.get(path).await;
    assert_eq!(streamed.header("content-type"), "application/x-ndjson");
    let text = streamed.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["event"], &lines[0]["store"]),
        (&json!("store"), &json!("order_lines"))
    );
    assert_eq!(
        (
            &lines.last().unwrap()["event"],
            &lines.last().unwrap()["clean"]
        ),
        (&json!("finished"), &json!(true))
    );
}

#[tokio::test]
async fn a_read_only_database_refuses_every_write() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([1.into()]).await;
    let changed = test
        .put_json("PATCH", "/api/v1/databases/d", r#"{"read_only":true}"#)
        .await
        .ok();
    assert_eq!(changed["read_only"], true);
    assert!(changed["reason"].is_string());
    let store = "/api/v1/databases/d/stores/s";
    for (method, path, body) in [
        ("POST", format!("{store}/items"), r#"{"key":2,"value":1}"#),
        ("PUT", format!("{store}/item?key=1"), r#"{"value":1}"#),
        ("DELETE", format!("{store}/item?key=1"), ""),
        ("PATCH", store.to_owned(), r#"{"description":"x"}"#),
        ("DELETE", store.to_owned(), ""),
        (
            "POST",
            "/api/v1/databases/d/stores".to_owned(),
            r#"{"name":"x","key":{"type":"i64"}}"#,
        ),
        ("POST", "/api/v1/databases/d/demo".to_owned(), "{}"),
        (
            "POST",
            "/api/v1/databases/d/changes".to_owned(),
            r#"{"changes":[{"op":"delete","store":"s","key":1}]}"#,
        ),
        (
            "POST",
            format!("{store}/import?format=ndjson"),
            "{\"key\":5}\n",
        ),
    ] {
        test.put_json(method, &path, body)
            .await
            .refused(403, "read_only");
    }
    assert_eq!(test.get(&format!("{store}/items")).await.ok()["count"], 1);
    let test = test.restart();
    assert_eq!(
        test.get("/api/v1/databases/d").await.ok()["read_only"],
        true
    );
    test.put_json("PATCH", "/api/v1/databases/d", r#"{"read_only":false}"#)
        .await
        .ok();
    test.post(&format!("{store}/items"), r#"{"key":2,"value":1}"#)
        .await
        .ok();
}

#[tokio::test]
async fn a_damaged_database_is_listed_with_the_reason_and_never_emptied() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([1.into()]).await;
    test.state.environments().close_all();
    let mark = test.folder().join("data/d/dboptions.json");
    std::fs::write(&mark, "{ this is not").unwrap();
    let test = test.restart();
    let list = test.get(DBS).await.ok();
    let view = &list["databases"][0];
    assert_eq!(view["name"], "d");
    assert!(
        view["error"].is_string() && view["reason"].is_string(),
        "{view}"
    );
    let answer = test.get("/api/v1/databases/d/stores").await;
    assert!(answer.status.is_server_error() || answer.status.is_client_error());
    assert_eq!(
        std::fs::read_to_string(test.folder().join("data/d/dboptions.json")).unwrap(),
        "{ this is not"
    );
    let page = test.get("/d/d").await;
    assert_eq!(page.status, 200, "{}", page.text());
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_listed_and_says_why() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([1.into()]).await;
    // Closing writes a checkpoint, so that the items lie in the data folder.
    test.state.environments().close_all();
    std::fs::remove_dir_all(test.folder().join("data/d/data")).unwrap();
    let test = test.restart();
    let stores = test.get("/api/v1/databases/d/stores").await.ok();
    assert_eq!(
        (
            &stores["stores"][0]["count"],
            &stores["stores"][0]["sample"]
        ),
        (&json!(1), &Value::Null)
    );
    test.get("/api/v1/databases/d/stores/s/items")
        .await
        .refused(500, "database_damaged");
    for path in ["/", "/d/d", "/d/d/s/s"] {
        assert_eq!(test.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_database_that_another_process_holds_can_be_read_and_says_who_holds_it() {
    let test = TestApp::new();
    let folder = test.folder().join("data/held");
    let holder = sop::Database::open(&folder).unwrap();
    let store = |name: &str| {
        let definition = sop::StoreDefinition::new(name, sop::KeySpec::single(sop::KeyType::I64));
        holder
            .transact(|transaction| transaction.create_store(definition.clone()))
            .unwrap();
    };
    store("a");
    let test = test.restart();
    let list = test.get(DBS).await.ok();
    let held = &list["databases"][0];
    assert_eq!(
        (&held["name"], &held["error"], &held["read_only"]),
        (&json!("held"), &Value::Null, &json!(true))
    );
    let reason = held["reason"].as_str().unwrap();
    assert!(reason.contains(&std::process::id().to_string()), "{reason}");
    let stores = test.get("/api/v1/databases/held/stores").await.ok();
    assert_eq!(stores["stores"][0]["name"], "a");
    let insert = r#"{"key":1,"value":{}}"#;
    let items = "/api/v1/databases/held/stores/a/items";
    test.post(items, insert).await.refused(403, "read_only");
    test.delete("/api/v1/databases/held?data=delete&confirm=held")
        .await
        .refused(503, "database_locked");
    // Looking again shows what was written meanwhile.
    store("b");
    let list = test.get(DBS).await.ok();
    assert_eq!(list["databases"][0]["stores"], 2);
    holder.close().unwrap();
    // The cause is gone: the next write goes through.
    assert_eq!(test.post(items, insert).await.status, 201);
    let list = test.get(DBS).await.ok();
    assert_eq!(list["databases"][0]["read_only"], json!(false));
}

#[tokio::test]
async fn a_folder_of_other_files_is_not_taken() {
    let test = TestApp::new();
    let folder = test.folder().join("data/letters");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("letter.txt"), "mine").unwrap();
    test.post(DBS, r#"{"name":"letters"}"#)
        .await
        .refused(422, "not_a_database");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test]
async fn folders_are_looked_into_below_the_roots_and_nowhere_else() {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"shop"}"#)
        .await
        .ok();
    std::fs::create_dir_all(test.folder().join("data/team/deep")).unwrap();
    std::fs::create_dir_all(test.folder().join("beside")).unwrap();
    let look = async |path: &str| {
        let path = super::support::escaped(path);
        test.get(&format!("/api/v1/folders?path={path}")).await
    };
    let roots = test.get("/api/v1/folders").await.ok();
    let data = roots["folders"][0]["path"].as_str().unwrap().to_owned();
    assert_eq!(
        (&roots["path"], &roots["parent"]),
        (&Value::Null, &Value::Null)
    );
    let inside = look(&data).await.ok();
    let found = inside["folders"].as_array().unwrap().iter();
    let found = found.map(|one| (one["name"].as_str().unwrap(), one["is_database"] == true));
    let found = found
        .filter(|(name, _)| *name != "system")
        .collect::<Vec<_>>();
    assert_eq!(found, [("shop", true), ("team", false)], "{inside}");
    let team = look("team").await.ok();
    assert_eq!(
        (&team["parent"], &team["folders"][0]["name"]),
        (&json!(data), &json!("deep"))
    );
    assert_eq!(look("shop").await.ok()["folders"], json!([]));
    for wrong in [
        "..",
        "../beside",
        "team/../../beside",
        "/",
        "/etc",
        "accounts.private",
    ] {
        let refused = look(wrong).await.refused(403, "path_outside_roots");
        assert_eq!(refused["errors"][0]["parameter"], "path");
    }
    for wrong in ["missing", "databases.json", "a%00b"] {
        assert!(look(wrong).await.status.is_client_error(), "{wrong}");
    }
}
