//! Who may do what: each route as each role and as nobody, grants, and the ways around.

use std::collections::BTreeMap;

use axum::body::Body;
use serde_json::json;
use sop_httpserver::security::Capability;
use sop_httpserver::security::rights::{PAGES, ROUTES};
use sop_systemdb::accounts::{Grant, Grants, MaskedField, NewUser, Role, UserChange};

use super::support::{TestApp, make_due};

pub const PASSWORD: &str = "correct horse battery";

pub fn user(name: &str, role: Role) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        role,
        ..NewUser::default()
    }
}

/// A server with a database `d`, a store `s` in it, and somebody of each role.
async fn with_roles() -> (TestApp, Vec<(Role, String)>) {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill([json!(1), json!(2)]).await;
    // The administrator first: without one there is nobody.
    let roles = [Role::Admin, Role::Viewer, Role::Analyst, Role::Editor];
    let users = roles.map(|role| (role, test.user(&user(&format!("{role}-person"), role))));
    (test, users.into())
}

#[tokio::test]
async fn each_route_is_served_to_the_roles_that_the_table_says_and_to_no_other() {
    let (test, users) = with_roles().await;
    let mut wrong = Vec::new();
    let interface = ROUTES.iter().flat_map(|(path, methods)| {
        let methods = methods.iter();
        methods.map(move |(method, needed)| (*method, format!("/api/v1{path}"), *needed))
    });
    let pages = PAGES.iter().filter(|(path, _)| !path.contains("{*"));
    let pages = pages.map(|(path, needed)| ("GET", (*path).to_owned(), *needed));
    for (method, path, needed) in interface.chain(pages) {
        let at = |db: &str| {
            path.replace("{db}", db)
                .replace("{store}", "s")
                .replace("{name}", "x")
        };
        let nobody = [("authorization", "")];
        let answer = test.call(method, &at("d"), &nobody, Body::empty()).await;
        let is_page = method == "GET" && !path.starts_with("/api/v1/");
        let refused = match is_page {
            true => answer.status == 303 && answer.header("location").starts_with("/login"),
            false => answer.status == 401,
        };
        if refused != (needed != Capability::Public) {
            wrong.push(format!("nobody {method} {path}: {}", answer.status));
        }
        for (role, token) in &users {
            // What manages is called on what is not there: it would not be there for the next.
            let db = if *role == Role::Admin { "gone" } else { "d" };
            let headers = [("authorization", token.as_str())];
            let answer = test.call(method, &at(db), &headers, Body::empty()).await;
            let may = needed.role().is_none_or(|needed| *role >= needed);
            let refused = answer.status == 401 || answer.status == 403;
            if refused == may {
                wrong.push(format!(
                    "{role} {method} {path}: {} {}",
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_job_is_seen_and_ended_by_who_started_it_and_by_who_may_change_its_database() {
    let (test, users) = with_roles().await;
    let of = |role: Role| {
        let found = users.iter().find(|(there, _)| *there == role);
        found.unwrap().1.as_str()
    };
    let (viewer, analyst, editor) = (of(Role::Viewer), of(Role::Analyst), of(Role::Editor));
    let other = test.user(&user("other-analyst", Role::Analyst));
    // Who sees less of a database hears of the jobs of others there nothing, and of their own all.
    let masked = test.user(&NewUser {
        masked: vec![MaskedField {
            database: "d".to_owned(),
            store: "s".to_owned(),
            field: "of".to_owned(),
        }],
        ..user("masked-analyst", Role::Analyst)
    });
    let export = async |who: &str| {
        let path = "/api/v1/databases/d/stores/s/export?format=csv";
        assert_eq!(test.by(who, "GET", path, "").await.status, 200);
        let id = test.state.jobs().list().remove(0).id;
        format!("/api/v1/jobs/{id}")
    };
    let own = export(analyst).await;
    for who in [viewer, &other] {
        let refused = test.by(who, "DELETE", &own, "").await;
        refused.refused(403, "not_allowed");
        let seen = test.by(who, "GET", &own, "").await.ok();
        assert!(seen.get("by").is_none(), "who it was is not told");
    }
    for method in ["GET", "DELETE"] {
        let hidden = test.by(&masked, method, &own, "").await;
        hidden.refused(404, "job_not_found");
    }
    test.by(analyst, "GET", &own, "").await.ok();
    test.by(analyst, "DELETE", &own, "").await.ok();
    test.by(analyst, "GET", &own, "")
        .await
        .refused(404, "job_not_found");
    let of_analyst = export(analyst).await;
    test.by(editor, "DELETE", &of_analyst, "").await.ok();
    let of_masked = export(&masked).await;
    let listed = test.by(&masked, "GET", "/api/v1/jobs", "").await.ok();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 1);
    test.by(&masked, "DELETE", &of_masked, "").await.ok();
    // Without the database there is nothing of it any more.
    let gone = export(&other).await;
    let none = Grants(BTreeMap::from([("d".to_owned(), Grant::None)]));
    let change = UserChange {
        grants: Some(none),
        ..UserChange::default()
    };
    test.state
        .accounts()
        .change_user("other-analyst", &change)
        .unwrap();
    for method in ["GET", "DELETE"] {
        let hidden = test.by(&other, method, &gone, "").await;
        hidden.refused(404, "job_not_found");
    }
}

#[tokio::test]
async fn what_is_no_route_is_for_nobody() {
    let (test, users) = with_roles().await;
    for (role, token) in &users {
        for (method, path) in [
            ("OPTIONS", "/api/v1/databases"),
            ("POST", "/"),
            ("DELETE", "/api/v1/me"),
        ] {
            let status = test.by(token, method, path, "").await.status.as_u16();
            assert_eq!(
                status,
                if *role == Role::Admin { 405 } else { 403 },
                "{role} {method} {path}"
            );
        }
        assert_eq!(
            test.by(token, "GET", "/api/v1/nothing", "").await.status,
            404
        );
    }
}

#[tokio::test]
async fn the_token_of_the_run_opens_nothing_once_there_are_users() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let first = json!({"name": "ada", "password": PASSWORD, "role": "editor"});
    test.post("/api/v1/users", &first)
        .await
        .refused(422, "invalid_account");
    let first = json!({"name": "ada", "password": PASSWORD, "role": "admin"});
    test.post("/api/v1/users", &first).await.ok();
    test.get("/api/v1/databases")
        .await
        .refused(401, "unauthorized");
    let page = test
        .get(&format!("/?token={}", super::support::TOKEN))
        .await;
    assert_eq!((page.status.as_u16(), page.header("set-cookie")), (303, ""));
}

#[tokio::test]
async fn roles_hold_for_statements_tools_scripts_and_the_protocol() {
    let (test, users) = with_roles().await;
    let token = |role: Role| {
        users
            .iter()
            .find(|(there, _)| *there == role)
            .unwrap()
            .1
            .clone()
    };
    let (viewer, analyst, editor) = (
        token(Role::Viewer),
        token(Role::Analyst),
        token(Role::Editor),
    );
    let query = |sql: &str| json!({"sql": sql});
    let to = "/api/v1/databases/d/query";
    test.by(&viewer, "POST", to, query("SELECT 1"))
        .await
        .refused(403, "not_allowed");
    test.by(&analyst, "POST", to, query("SELECT * FROM s"))
        .await
        .ok();
    let write = query("UPDATE s SET of = 7 WHERE key = 1");
    test.by(&analyst, "POST", to, &write)
        .await
        .refused(403, "not_allowed");
    test.by(&editor, "POST", to, &write).await.ok();
    for sql in [
        "CREATE STORE t (id BIGINT, PRIMARY KEY (id))",
        "DROP STORE s",
        " /* x */ drop table s",
    ] {
        test.by(&editor, "POST", to, query(sql))
            .await
            .refused(403, "not_allowed");
    }
    test.by(
        &editor,
        "POST",
        to,
        query("SELECT 'create store x' AS drop_it FROM s"),
    )
    .await
    .ok();
    // Tools.
    let tool = |name: &str| format!("/api/v1/tools/{name}?database=d");
    let insert = json!({"store": "s", "key": 9, "value": {}});
    test.by(&analyst, "POST", &tool("insert"), &insert)
        .await
        .refused(403, "not_allowed");
    test.by(&editor, "POST", &tool("insert"), &insert)
        .await
        .ok();
    let drop = json!({"store": "s"});
    test.by(&editor, "POST", &tool("drop_store"), &drop)
        .await
        .refused(403, "not_allowed");
    let listed = test.by(&analyst, "GET", "/api/v1/tools", "").await.ok();
    assert!(
        listed["tools"]
            .as_array()
            .unwrap()
            .iter()
            // What running a script needs is what its steps need.
            .all(|tool| tool["class"] == "read" || tool["name"] == "run_script")
    );
    // Scripts: who runs one may do no more by it.
    let script = json!({"name": "grow", "category": "test", "database": "d",
        "steps": [{"type": "tool", "tool": "insert", "args": {"store": "s", "key": 20, "value": {}}}]});
    test.by(&analyst, "POST", "/api/v1/scripts", &script)
        .await
        .refused(403, "not_allowed");
    test.by(&editor, "POST", "/api/v1/scripts", &script)
        .await
        .ok();
    let run = "/api/v1/scripts/test/grow/run";
    let ran = test
        .by(&analyst, "POST", run, json!({"database": "d"}))
        .await
        .text();
    assert!(ran.contains("not_allowed"), "{ran}");
    let ran = test
        .by(&editor, "POST", run, json!({"database": "d"}))
        .await
        .text();
    assert!(!ran.contains("not_allowed"), "{ran}");
    // The protocol.
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "insert", "arguments": {"store": "s", "key": 30, "value": {}}}});
    let headers = [
        ("authorization", analyst.as_str()),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    let answer = test
        .call("POST", "/api/v1/mcp?database=d", &headers, call.to_string())
        .await;
    assert!(answer.text().contains("not_allowed"), "{}", answer.text());
    let count = test
        .by(&viewer, "GET", "/api/v1/databases/d/stores/s/count", "")
        .await
        .ok();
    assert_eq!(count["count"], 4);
    // The audit knows who it was.
    let audit = test
        .by(&token(Role::Admin), "GET", "/api/v1/audit", "")
        .await
        .text();
    assert!(audit.contains("\"who\":\"editor-person\""), "{audit}");
}

#[tokio::test]
async fn a_database_without_a_grant_is_not_there() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.post("/api/v1/databases", r#"{"name":"secret"}"#)
        .await
        .ok();
    let store = json!({"name": "s", "key": {"type": "i64"}});
    test.post("/api/v1/databases/secret/stores", &store)
        .await
        .ok();
    test.post("/api/v1/databases", r#"{"name":"shown"}"#)
        .await
        .ok();
    test.post("/api/v1/databases/shown/stores", &store)
        .await
        .ok();
    test.user(&user("ada", Role::Admin));
    let grants = [("d", Grant::Editor), ("sh*", Grant::Viewer)];
    let grants = grants.map(|(name, grant)| (name.to_owned(), grant));
    let eve = test.user(&NewUser {
        grants: Grants(BTreeMap::from(grants)),
        ..user("eve", Role::Editor)
    });
    let listed = test.by(&eve, "GET", "/api/v1/databases", "").await.text();
    assert!(
        listed.contains("\"shown\"")
            && !listed.contains("secret")
            && !listed.contains("\"system\"")
    );
    let missing = |path: &str| path.replace("DB", "secret");
    for path in [
        "/api/v1/databases/DB",
        "/api/v1/databases/DB/stores",
        "/api/v1/databases/DB/stores/s/items",
    ] {
        let answer = test.by(&eve, "GET", &missing(path), "").await;
        let problem = answer.refused(404, "database_not_found");
        assert!(!problem.to_string().contains("Did you mean 'secret'"));
    }
    assert_eq!(test.by(&eve, "GET", "/d/secret/s/s", "").await.status, 404);
    assert_eq!(test.by(&eve, "GET", "/d/shown/s/s", "").await.status, 200);
    for name in ["secret", "system", "shown"] {
        let sql = json!({"sql": format!("SELECT * FROM {name}.s")});
        let status = test
            .by(&eve, "POST", "/api/v1/databases/d/query", sql)
            .await
            .status;
        assert!(status.is_client_error(), "{name}: {status}");
    }
    let change = json!({"changes": [{"op": "upsert", "store": "s", "key": 5, "value": {}}]});
    test.by(&eve, "POST", "/api/v1/databases/d/changes", &change)
        .await
        .ok();
    test.by(&eve, "POST", "/api/v1/databases/shown/changes", &change)
        .await
        .refused(403, "not_allowed");
    let tool = json!({"store": "s", "key": 6, "value": {}, "database": "shown"});
    let answer = test
        .by(&eve, "POST", "/api/v1/tools/insert?database=d", &tool)
        .await;
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[tokio::test]
async fn nobody_reaches_the_accounts_as_data() {
    let (test, users) = with_roles().await;
    let admin = &users[0].1;
    for path in [
        "accounts.private",
        "./accounts.private",
        "d/../accounts.private",
    ] {
        let body = json!({"name": "mine", "path": path});
        let answer = test.by(admin, "POST", "/api/v1/databases", body).await;
        answer.refused(403, "path_outside_roots");
    }
    let listed = test.by(admin, "GET", "/api/v1/databases", "").await.text();
    assert!(!listed.contains("accounts"));
    for sql in ["SELECT * FROM accounts.users", "SELECT * FROM system.users"] {
        let answer = test
            .by(
                admin,
                "POST",
                "/api/v1/databases/d/query",
                json!({"sql": sql}),
            )
            .await;
        assert!(answer.status.is_client_error());
    }
}

#[tokio::test]
async fn a_schedule_runs_as_who_made_it_and_not_when_they_lost_the_right() {
    use sop_httpserver::scripts::run_due;
    let (test, users) = with_roles().await;
    let (admin, editor) = (&users[0].1, &users[3].1);
    let script = json!({"name": "grow", "category": "test", "database": "d",
        "steps": [{"type": "tool", "tool": "insert", "args": {"store": "s", "key": 20, "value": {}}}]});
    test.by(editor, "POST", "/api/v1/scripts", &script)
        .await
        .ok();
    let schedule = json!({"script": "test.grow", "when": {"every_minutes": 5}, "database": "d"});
    let put = "/api/v1/schedules/often";
    let answer = test.by(editor, "PUT", put, &schedule).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let demoted = UserChange {
        role: Some(Role::Analyst),
        ..UserChange::default()
    };
    test.state
        .accounts()
        .change_user("editor-person", &demoted)
        .unwrap();
    let state = test.state.clone();
    let system = test.state.system().unwrap();
    let begun = tokio::task::spawn_blocking(move || {
        make_due(&system, "often");
        run_due(&state).unwrap()
    });
    assert_eq!(begun.await.unwrap(), 1);
    let audit = test.by(admin, "GET", "/api/v1/audit", "").await.text();
    assert!(
        audit.contains("\"schedule\":\"often\"") && audit.contains("refused"),
        "{audit}"
    );
    let count = test
        .by(admin, "GET", "/api/v1/databases/d/stores/s/count", "")
        .await
        .ok();
    assert_eq!(count["count"], 2);
}
