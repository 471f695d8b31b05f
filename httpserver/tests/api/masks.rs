//! Masked fields: a value that is planted in them is in no answer, whatever is asked, and stays when others are written.

use serde_json::{Value, json};
use sop_httpserver::security::rights::{PAGES, ROUTES};
use sop_systemdb::accounts::{MaskedField, NewUser, Role};

use super::roles::user;
use super::support::{TestApp, escaped};

const CANARY: &str = "canary7e1f";

fn field(field: &str) -> MaskedField {
    MaskedField {
        database: "d".to_owned(),
        store: "people".to_owned(),
        field: field.to_owned(),
    }
}

fn person(id: i64) -> Value {
    json!({"name": format!("Person {id}"), "pay": format!("{CANARY}-{id}"),
        "address": {"city": "Bern", "door": format!("{CANARY}-door")},
        "notes": [{"day": 1, "text": format!("{CANARY}-note")}]})
}

/// A server with the canary in three masked fields, an index over one of them, and the tokens of who manages it and of a
/// clerk who does not see them.
async fn planted() -> (TestApp, String, String) {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.add_store(
        "people",
        json!({"type": "composite", "fields": [{"name": "id", "type": "i64"}]}),
    )
    .await;
    for id in 1..=5 {
        let body = json!({"key": {"id": id}, "value": person(id)});
        test.post("/api/v1/databases/d/stores/people/items", body)
            .await
            .ok();
    }
    let index = json!({"sql": "CREATE INDEX people_by_pay ON people (pay)"});
    test.post("/api/v1/databases/d/query", index).await.ok();
    let view = json!({"sql": "CREATE VIEW rich AS SELECT name, pay FROM people"});
    test.post("/api/v1/databases/d/query", view).await.ok();
    let admin = test.user(&user("ada", Role::Admin));
    let clerk = test.user(&NewUser {
        masked: vec![field("pay"), field("address.door"), field("notes.text")],
        ..user("clerk", Role::Editor)
    });
    (test, admin, clerk)
}

#[tokio::test]
async fn the_canary_is_in_no_answer_to_a_get() {
    let (test, _, clerk) = planted().await;
    let parameters = |path: &str| -> Vec<String> {
        let filter = |document: Value| escaped(document.to_string());
        let key = escaped(json!({"id": 1}).to_string());
        let all = [
            String::new(),
            "?reverse=true".into(),
            "?keys_only=true".into(),
            "?at=2".into(),
            format!("?key={key}"),
            "?i=1".into(),
            "?format=csv".into(),
            "?format=json".into(),
            format!("?filter={}", filter(json!({"name": "Person 1"}))),
            format!(
                "?filter={}&count=true",
                filter(json!({"address.city": "Bern"}))
            ),
            format!("?filter={}", filter(json!({"pay": {"$gt": "canary"}}))),
            format!("?filter={}", filter(json!({"value": {"$exists": true}}))),
            format!("?format=csv&filter={}", filter(json!({"name": "Person 1"}))),
            format!("?sql={}", escaped("SELECT * FROM people")),
            "?prefix=%5B1%5D".into(),
            "?depth=1".into(),
        ];
        match path.contains("/stores/") || path.ends_with("/export") {
            true => all.into(),
            false => vec![String::new()],
        }
    };
    let interface = ROUTES
        .iter()
        .filter(|(_, methods)| methods.iter().any(|(method, _)| *method == "GET"));
    let paths = interface.map(|(path, _)| format!("/api/v1{path}"));
    let pages = PAGES.iter().map(|(path, _)| (*path).to_owned());
    let mut good = 0;
    for path in paths.chain(pages) {
        for store in ["people", "people_by_pay"] {
            let at = path.replace("{db}", "d").replace("{store}", store);
            for query in parameters(&path) {
                let answer = test.by(&clerk, "GET", &format!("{at}{query}"), "").await;
                assert!(
                    !answer.text().contains(CANARY),
                    "{at}{query}: {}",
                    answer.text()
                );
                good += u32::from(answer.status == 200);
            }
        }
    }
    assert!(good > 40, "only {good} of them answered");
    let page = test
        .by(&clerk, "GET", "/api/v1/databases/d/stores/people/items", "")
        .await
        .ok();
    let value = &page["items"][0]["value"];
    assert_eq!(
        value,
        &json!({"name": "Person 1", "pay": null,
        "address": {"city": "Bern", "door": null}, "notes": [{"day": 1, "text": null}]})
    );
    let index = test
        .by(
            &clerk,
            "GET",
            "/api/v1/databases/d/stores/people_by_pay/items",
            "",
        )
        .await;
    index.refused(403, "not_allowed");
}

#[tokio::test]
async fn the_canary_is_in_no_answer_to_a_query_or_tool() {
    let (test, admin, clerk) = planted().await;
    let statements = [
        "SELECT * FROM people",
        "SELECT value FROM people",
        "SELECT pay FROM people",
        "SELECT json_extract(value, '$.pay') FROM people",
        "SELECT \"address.door\" FROM people",
        "SELECT max(pay) FROM people",
        "SELECT name FROM people WHERE pay > 'canary'",
        "SELECT name FROM people ORDER BY pay",
        "SELECT pay, count(*) FROM people GROUP BY pay",
        "SELECT substr(pay, 1, 3) FROM people",
        "SELECT * FROM people_by_pay",
        "SELECT * FROM view.rich",
        "SELECT a.name FROM people a JOIN people b ON a.pay = b.pay",
        "SELECT name, notes FROM people",
        "SELECT * FROM json_each((SELECT value FROM people LIMIT 1))",
        "WITH x AS (SELECT pay AS p FROM people) SELECT * FROM x",
        "INSERT INTO people (id, name) SELECT 100, pay FROM people LIMIT 1 RETURNING *",
        "UPDATE people SET name = pay WHERE id = 1",
        "UPDATE people SET name = 'x' WHERE id = 1 RETURNING *",
        "DELETE FROM people WHERE id = 2 RETURNING *",
        "SELECT * FROM system.audit",
    ];
    for sql in statements {
        for extra in [
            json!({}),
            json!({"explain": true}),
            json!({"dry_run": true}),
        ] {
            let mut body = json!({"sql": sql});
            body.as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            for accept in ["application/json", "application/x-ndjson", "text/csv"] {
                let headers = [
                    ("authorization", clerk.as_str()),
                    ("content-type", "application/json"),
                    ("accept", accept),
                ];
                let answer = test
                    .call(
                        "POST",
                        "/api/v1/databases/d/query",
                        &headers,
                        body.to_string(),
                    )
                    .await;
                assert!(!answer.text().contains(CANARY), "{sql}: {}", answer.text());
            }
        }
    }
    let refused = test
        .by(
            &clerk,
            "POST",
            "/api/v1/databases/d/query",
            json!({"sql": statements[6]}),
        )
        .await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    let select = json!({"select": {"store": "people", "filter": {"name": {"$prefix": "Person"}}}});
    let answer = test
        .by(&clerk, "POST", "/api/v1/databases/d/query", select)
        .await;
    assert!(
        answer.status == 200 && !answer.text().contains(CANARY),
        "{}",
        answer.text()
    );
    for (tool, args) in [
        ("select", json!({"store": "people"})),
        ("select", json!({"store": "people", "filter": {"pay": "x"}})),
        ("query", json!({"sql": "SELECT * FROM people"})),
        (
            "explain",
            json!({"sql": "SELECT * FROM people", "analyze": true}),
        ),
        ("find_nearest", json!({"store": "people", "key": {"id": 3}})),
        ("describe_store", json!({"store": "people"})),
        ("describe_store", json!({"store": "people_by_pay"})),
        ("find_nearest", json!({"store": "people_by_pay", "key": {}})),
        ("export", json!({"store": "people", "format": "json"})),
        ("export", json!({"store": "people_by_pay"})),
        ("list_stores", json!({})),
        (
            "update",
            json!({"store": "people", "filter": {"id": 1}, "set": {"name": "y"}}),
        ),
        ("delete", json!({"store": "people", "filter": {"id": 3}})),
        (
            "change",
            json!({"changes": [{"op": "patch", "store": "people", "key": {"id": 4}, "patch": {"name": "z"}}]}),
        ),
        (
            "execute",
            json!({"sql": "UPDATE people SET name = 'q' WHERE id = 5"}),
        ),
    ] {
        for dry_run in [true, false] {
            let path = format!("/api/v1/tools/{tool}?database=d&dry_run={dry_run}");
            let answer = test.by(&clerk, "POST", &path, &args).await;
            assert!(
                !answer.text().contains(CANARY),
                "{tool} {args}: {}",
                answer.text()
            );
        }
    }
    let script = json!({"name": "all", "category": "t", "database": "d", "steps": [
        {"type": "fetch", "store": "people", "output": "all"}, {"type": "say", "message": "{{all}}"}]});
    let ran = test
        .by(
            &clerk,
            "POST",
            "/api/v1/scripts/run",
            json!({"script": script, "database": "d"}),
        )
        .await;
    assert!(!ran.text().contains(CANARY), "{}", ran.text());
    for message in [
        "show people",
        "/select people",
        "how many people",
        "/find people 3",
        "people with pay canary7e1f-4",
        "/describe people",
    ] {
        let ask = json!({"message": message, "database": "d", "provider": "offline"});
        let answer = test.by(&clerk, "POST", "/api/v1/chat", ask).await;
        let shown = answer.text().replace("canary7e1f-4", "");
        assert!(!shown.contains(CANARY), "{message}: {shown}");
    }
    // What the clerk changed is in the audit whole, which only who manages the server reads.
    let audit = test.by(&admin, "GET", "/api/v1/audit", "").await;
    assert!(audit.status == 200);
    test.by(&clerk, "GET", "/api/v1/audit", "")
        .await
        .refused(403, "not_allowed");
}

#[tokio::test]
async fn what_is_masked_stays_when_the_rest_is_written() {
    let (test, admin, clerk) = planted().await;
    let item = |id: i64| {
        format!(
            "/api/v1/databases/d/stores/people/item?key={}",
            escaped(json!({"id": id}).to_string())
        )
    };
    let stored = async |id: i64| test.by(&admin, "GET", &item(id), "").await.ok()["value"].clone();
    let expected = |id: i64, name: &str| {
        let mut value = person(id);
        value["name"] = name.into();
        value
    };
    // As it came, with another name.
    let whole = |name: &str| json!({"name": name, "pay": null, "address": {"city": "Bern"}, "notes": [{"day": 1}]});
    test.by(&clerk, "PUT", &item(1), json!({"value": whole("one")}))
        .await
        .ok();
    assert_eq!(stored(1).await, expected(1, "one"));
    let changes = |changes: Value| json!({"changes": changes});
    let to = "/api/v1/databases/d/changes";
    for (op, id) in [("update", 2), ("upsert", 3)] {
        let set =
            changes(json!([{"op": op, "store": "people", "key": {"id": id}, "value": whole(op)}]));
        let mut dry = set.clone();
        dry["dry_run"] = true.into();
        for body in [dry, set] {
            let answer = test.by(&clerk, "POST", to, &body).await;
            assert!(!answer.text().contains(CANARY));
            assert_eq!(answer.ok()["preview"][0]["after"]["name"], op);
        }
        assert_eq!(stored(id).await, expected(id, op));
    }
    let set = changes(
        json!([{"op": "patch", "store": "people", "key": {"id": 4}, "patch": {"name": "four"}}]),
    );
    test.by(&clerk, "POST", to, &set).await.ok();
    assert_eq!(stored(4).await, expected(4, "four"));
    // A conflict shows the item as it is now, without what is masked.
    let set = changes(
        json!([{"op": "patch", "store": "people", "key": {"id": 4}, "patch": {"name": "x"}, "if_version": 1}]),
    );
    let answer = test.by(&clerk, "POST", to, &set).await;
    answer.refused(409, "conflict");
    assert!(answer.text().contains("four") && !answer.text().contains(CANARY));
    // Nobody gives what they do not see, nor finds out by trying.
    for patch in [
        json!({"pay": "x"}),
        json!({"pay": format!("{CANARY}-4")}),
        json!({"address": 5}),
    ] {
        let set =
            changes(json!([{"op": "patch", "store": "people", "key": {"id": 4}, "patch": patch}]));
        test.by(&clerk, "POST", to, &set)
            .await
            .refused(403, "not_allowed");
    }
    let new = json!({"key": {"id": 50}, "value": {"name": "new", "pay": 1}});
    test.by(
        &clerk,
        "POST",
        "/api/v1/databases/d/stores/people/items",
        new,
    )
    .await
    .refused(403, "not_allowed");
    let import = "/api/v1/databases/d/stores/people/import?mode=upsert";
    let headers = [
        ("authorization", clerk.as_str()),
        ("content-type", "application/x-ndjson"),
    ];
    let answer = test
        .call("POST", import, &headers, r#"{"id":1,"name":"gone"}"#)
        .await;
    answer.refused(403, "not_allowed");
    assert_eq!(stored(1).await, expected(1, "one"));
}

#[tokio::test]
async fn fields_of_keys_are_not_masked_and_the_reason_is_said() {
    let (test, admin, _) = planted().await;
    let change = json!({"masked": [{"database": "d", "store": "people", "field": "id"}]});
    let problem = test
        .by(&admin, "PATCH", "/api/v1/users/clerk", &change)
        .await
        .refused(422, "invalid_account");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("part of the key")
    );
    assert_eq!(problem["errors"][0]["pointer"], "/masked/0/field");
    let own = json!({"masked": [{"database": "d", "store": "people", "field": "pay"}]});
    test.by(&admin, "PATCH", "/api/v1/users/ada", &own)
        .await
        .refused(422, "invalid_account");
}
