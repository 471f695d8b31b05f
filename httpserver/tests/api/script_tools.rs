//! Scripts and knowledge by tools, and scripts as tables of SQL.

use serde_json::{Value, json};

use super::support::{Answer, TestApp};

impl TestApp {
    async fn call_tool(&self, name: &str, args: Value) -> Answer {
        let path = format!("/api/v1/tools/{name}?database=d");
        self.post(&path, args).await
    }

    async fn asked(&self, sql: &str) -> Answer {
        let path = "/api/v1/databases/d/query";
        self.post(path, json!({"sql": sql})).await
    }

    async fn save_steps(&self, name: &str, parameters: Value, steps: Value) {
        let script = json!({"name": name, "parameters": parameters, "steps": steps});
        let saved = self
            .call_tool("save_script", json!({"script": script}))
            .await;
        saved.ok();
    }
}

/// A store `s` of three users.
async fn users() -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let items = json!([
        {"key": 1, "value": {"name": "Ada", "role": "admin"}},
        {"key": 2, "value": {"name": "Bob", "role": "user"}},
        {"key": 5, "value": {"name": "Cyd", "role": "admin"}},
    ]);
    let done = test.call_tool("insert", json!({"store": "s", "items": items}));
    done.await.ok();
    test
}

fn select(sql: &str, params: Value) -> Value {
    json!({"type": "tool", "tool": "query", "args": {"sql": sql, "params": params}})
}

#[tokio::test]
async fn scripts_are_saved_listed_shown_run_and_deleted_by_tools() {
    let test = users().await;
    let steps = json!([
        {"type": "say", "message": "Those who are {{role}}:"},
        select("SELECT name FROM s WHERE role = :role ORDER BY name", json!({"role": "{{role}}"})),
    ]);
    let script = json!({"name": "of_role", "parameters": [{"name": "role"}], "steps": steps});
    // Proposed first: nothing is kept of that.
    let path = "/api/v1/tools/save_script?database=d&dry_run=true";
    let proposed = test.post(path, json!({"script": script})).await.ok();
    assert_eq!(proposed["changes"]["rows"][0]["op"], "insert");
    let gone = test
        .call_tool("show_script", json!({"name": "of_role"}))
        .await;
    gone.refused(404, "script_not_found");
    let saved = test
        .call_tool("save_script", json!({"script": script}))
        .await
        .ok();
    assert_eq!(saved["changes"]["count"], 1);
    let listed = test
        .call_tool("list_scripts", json!({"category": "general"}))
        .await
        .ok();
    assert_eq!(listed["table"]["rows"][0][1], "of_role");
    assert_eq!(listed["table"]["rows"][0][3], json!(["role"]));
    let shown = test
        .call_tool("show_script", json!({"name": "of_role"}))
        .await
        .ok();
    assert_eq!(shown["data"]["script"]["steps"], steps);
    let args = json!({"name": "general.of_role", "args": {"role": "admin"}});
    let ran = test.call_tool("run_script", args).await.ok();
    assert_eq!(ran["data"]["said"], "Those who are admin:");
    assert_eq!(ran["table"]["rows"], json!([["Ada"], ["Cyd"]]));
    let missing = test
        .call_tool("run_script", json!({"name": "of_role"}))
        .await;
    let missing = missing.refused(422, "invalid_arguments");
    assert!(missing["detail"].as_str().unwrap().contains("role"));
    let wrong = test
        .call_tool("run_script", json!({"name": "of_rol"}))
        .await;
    let wrong = wrong.refused(404, "script_not_found");
    assert!(wrong.to_string().contains("general.of_role"), "{wrong}");
    // A wrong script says each fault where it is.
    let bad = json!({"script": {"name": "bad", "steps": [{"type": "tool", "tool": "selec", "args": {}}]}});
    let bad = test
        .call_tool("save_script", bad)
        .await
        .refused(422, "invalid_script");
    assert_eq!(bad["errors"][0]["pointer"], "/script/steps/0/tool");
    let deleted = test
        .call_tool("delete_script", json!({"name": "of_role"}))
        .await
        .ok();
    assert_eq!(deleted["changes"]["rows"][0]["op"], "delete");
    let versions = test
        .get("/api/v1/scripts/general/of_role/versions")
        .await
        .ok();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_shows_what_it_would_change_and_changes_it() {
    let test = users().await;
    let step = json!({"type": "tool", "tool": "update", "args": {"store": "s", "filter": {"role": "user"}, "set": {"role": "guest"}}});
    test.save_steps("demote", json!([]), json!([step])).await;
    let args = json!({"name": "demote"});
    let path = "/api/v1/tools/run_script?database=d&dry_run=true";
    let proposed = test.post(path, args.clone()).await.ok();
    assert_eq!(proposed["changes"]["count"], 1, "{proposed}");
    assert_eq!(proposed["changes"]["rows"][0]["after"]["role"], "guest");
    let count = "SELECT count(*) FROM s WHERE role = 'guest'";
    assert_eq!(test.asked(count).await.ok()["rows"], json!([[0]]));
    let ran = test.call_tool("run_script", args).await.ok();
    assert_eq!(ran["stats"]["changed"], 1, "{ran}");
    assert_eq!(test.asked(count).await.ok()["rows"], json!([[1]]));
    // A script never runs another by a tool: circles would not be seen.
    let step = json!({"type": "tool", "tool": "run_script", "args": {"name": "demote"}});
    let script = json!({"name": "again", "steps": [step]});
    let refused = test
        .call_tool("save_script", json!({"script": script}))
        .await;
    refused.refused(422, "invalid_script");
}

#[tokio::test]
async fn a_read_only_environment_lets_no_tool_change_scripts() {
    let test = TestApp::new();
    let body = json!({"name": "prod", "mode": "read_only"});
    test.post("/api/v1/environments", body).await.ok();
    let headers = [
        ("sop-environment", "prod"),
        ("content-type", "application/json"),
    ];
    let script = json!({"script": {"name": "x", "steps": [{"type": "say", "message": "x"}]}});
    let path = "/api/v1/tools/save_script";
    let answer = test.call("POST", path, &headers, script.to_string()).await;
    answer.refused(403, "read_only");
}

#[tokio::test]
async fn knowledge_is_proposed_and_approved_by_tools() {
    let test = users().await;
    let entry = json!({"category": "s", "name": "boss", "text": "A boss has the role admin.", "names": "chief, head"});
    test.call_tool("knowledge_propose", entry.clone())
        .await
        .ok();
    let found = json!({"question": "who is the boss?"});
    let before = test.call_tool("knowledge_list", found.clone()).await.ok();
    assert_eq!(before["table"]["rows"], json!([]));
    let waiting = test
        .call_tool("knowledge_list", json!({"status": "proposed"}))
        .await
        .ok();
    assert_eq!(waiting["table"]["rows"][0][1], "boss");
    let named = json!({"category": "s", "name": "boss"});
    test.call_tool("knowledge_approve", named.clone())
        .await
        .ok();
    let after = test.call_tool("knowledge_list", found).await.ok();
    assert_eq!(after["table"]["rows"][0][3], "approved");
    let got = test.call_tool("knowledge_get", named).await.ok();
    assert_eq!(got["data"]["names"], json!(["chief", "head"]));
    // What a person approved stays.
    let again = test.call_tool("knowledge_propose", entry).await;
    again.refused(409, "conflict");
}

#[tokio::test]
async fn models_and_scripts_never_approve_knowledge() {
    let test = users().await;
    let entry = json!({"category": "s", "name": "boss", "text": "Everybody."});
    test.call_tool("knowledge_propose", entry).await.ok();
    let step = json!({"type": "tool", "tool": "knowledge_approve", "args": {"category": "s", "name": "boss"}});
    let script = json!({"name": "sly", "transaction": "none", "steps": [step]});
    test.call_tool("save_script", json!({"script": script}))
        .await
        .ok();
    let ran = test.call_tool("run_script", json!({"name": "sly"})).await;
    ran.refused(403, "not_allowed");
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "knowledge_approve", "arguments": {"category": "s", "name": "boss"}},
    });
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    let answer = test
        .call("POST", "/api/v1/mcp", &headers, call.to_string())
        .await
        .ok();
    assert!(answer["result"]["isError"] == true, "{answer}");
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let listed = test
        .call("POST", "/api/v1/mcp", &headers, list.to_string())
        .await;
    assert!(!listed.text().contains("knowledge_approve"));
    let known = test.get("/api/v1/knowledge/s/boss").await.ok();
    assert_eq!(known["status"], "proposed");
}

#[tokio::test]
async fn a_script_is_a_table() {
    let test = users().await;
    let steps = json!([select(
        "SELECT key AS id, name FROM s WHERE role = 'admin' ORDER BY key",
        json!([])
    )]);
    test.save_steps("admins", json!([]), steps).await;
    let all = test.asked("SELECT * FROM script.admins").await.ok();
    assert_eq!(all["columns"][1]["name"], "name");
    assert_eq!(all["rows"], json!([[1, "Ada"], [5, "Cyd"]]));
    let joined = "SELECT s.name FROM s JOIN script.admins AS a ON a.id = s.key WHERE a.id > 1";
    assert_eq!(test.asked(joined).await.ok()["rows"], json!([["Cyd"]]));
    let wrong = test
        .asked("SELECT * FROM script.admin")
        .await
        .refused(404, "store_not_found");
    assert!(wrong.to_string().contains("script.admins"), "{wrong}");
    let listed = test.get("/api/v1/scripts?category=general").await.ok();
    assert_eq!(listed["scripts"][0]["table"], "admins");
    // More rows than a step keeps go on as they come.
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000) SELECT i FROM n";
    test.save_steps("many", json!([]), json!([select(many, json!([]))]))
        .await;
    let counted = test
        .asked("SELECT count(*), sum(i) FROM script.many")
        .await
        .ok();
    assert_eq!(counted["rows"], json!([[150_000, 11_250_075_000_i64]]));
    let first = test.asked("SELECT i FROM script.many LIMIT 2").await.ok();
    assert_eq!(first["rows"], json!([[1], [2]]));
    // The last step need not be one that streams.
    let steps = json!([{"type": "fetch", "store": "s", "limit": 1, "output": "one"}, {"type": "say", "message": "done"}]);
    test.save_steps("fetched", json!([]), steps).await;
    let found = test.asked("SELECT name FROM script.fetched").await.ok();
    assert_eq!(found["rows"], json!([["Ada"]]));
}

#[tokio::test]
async fn parameters_of_a_script_are_arguments_of_its_table() {
    let test = users().await;
    let sql = "SELECT name, role FROM s WHERE role = :role AND key > :above ORDER BY name";
    let params = json!({"role": "{{role}}", "above": "{{above}}"});
    let parameters = json!([
        {"name": "role"}, {"name": "above", "type": "integer", "default": 0},
    ]);
    test.save_steps("of_role", parameters, json!([select(sql, params)]))
        .await;
    let rows = async |sql: &str| test.asked(sql).await.ok()["rows"].clone();
    let admins = "SELECT name FROM script.of_role('admin')";
    assert_eq!(rows(admins).await, json!([["Ada"], ["Cyd"]]));
    assert_eq!(
        rows("SELECT name FROM script.of_role('admin', 1)").await,
        json!([["Cyd"]])
    );
    let named = "SELECT name FROM script.of_role('admin') WHERE above = 4";
    assert_eq!(rows(named).await, json!([["Cyd"]]));
    let each = "SELECT r.role, count(*) FROM (SELECT DISTINCT role FROM s) AS r, script.of_role(r.role) GROUP BY 1 ORDER BY 1";
    assert_eq!(rows(each).await, json!([["admin", 2], ["user", 1]]));
    let missing = test.asked("SELECT * FROM script.of_role").await;
    let missing = missing.refused(400, "invalid_parameter");
    assert!(
        missing["detail"].as_str().unwrap().contains("role"),
        "{missing}"
    );
}

#[tokio::test]
async fn scripts_that_change_something_or_read_themselves_are_no_tables() {
    let test = users().await;
    let step = json!({"type": "tool", "tool": "delete", "args": {"store": "s", "filter": {}}});
    test.save_steps("clear", json!([]), json!([step])).await;
    let refused = test.asked("SELECT * FROM script.clear").await;
    assert!(
        refused.text().contains("changes something"),
        "{}",
        refused.text()
    );
    assert_eq!(
        test.asked("SELECT count(*) FROM s").await.ok()["rows"],
        json!([[3]])
    );
    let own = json!([select("SELECT * FROM script.own", json!([]))]);
    test.save_steps("own", json!([]), own).await;
    let refused = test.asked("SELECT * FROM script.own").await;
    assert!(
        refused.text().contains("in a circle: general.own"),
        "{}",
        refused.text()
    );
    let ran = test.call_tool("run_script", json!({"name": "own"})).await;
    assert!(ran.text().contains("in a circle"), "{}", ran.text());
    // Through another one, too.
    let a = json!([select("SELECT * FROM script.b", json!([]))]);
    let b = json!([select("SELECT * FROM script.a", json!([]))]);
    test.save_steps("a", json!([]), a).await;
    test.save_steps("b", json!([]), b).await;
    let refused = test.asked("SELECT * FROM script.a").await;
    assert!(
        refused.text().contains("general.a → general.b → general.a"),
        "{}",
        refused.text()
    );
    test.save_steps(
        "silent",
        json!([]),
        json!([{"type": "say", "message": "x"}]),
    )
    .await;
    let refused = test.asked("SELECT * FROM script.silent").await;
    assert!(
        refused.text().contains("gives no rows"),
        "{}",
        refused.text()
    );
}
