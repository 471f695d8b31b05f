//! Stores in the order of a CEL expression, through every address that reads or writes items.

use serde_json::{Value, json};

use super::support::{TestApp, escaped};

const STORES: &str = "/api/v1/databases/d/stores";
const STORE: &str = "/api/v1/databases/d/stores/s";

/// Larger numbers first, then names without regard to case.
const COMPARE: &str = "mapX.n != mapY.n ? (mapX.n > mapY.n ? -1 : 1) : compare(mapX.name.lowerAscii(), mapY.name.lowerAscii())";
const SORT_KEY: &str = "[-key.n, key.name.lowerAscii()]";

/// Keys in the order that both expressions give them.
const ORDER: [(&str, i64); 7] = [
    ("b", 3),
    ("A", 2),
    ("a", 2),
    ("B", 2),
    ("c", 2),
    ("A", 1),
    ("z", -5),
];

fn key_spec(cel: &Value) -> Value {
    let fields = json!([{"name": "name", "type": "string", "order": "asc"}, {"name": "n", "type": "i64", "order": "asc"}]);
    json!({"type": "composite", "fields": fields, "cel": cel})
}

fn keys() -> Vec<Value> {
    ORDER
        .iter()
        .map(|(name, n)| json!({"name": name, "n": n}))
        .collect()
}

/// All keys, page by page, two rows each.
async fn paged(test: &TestApp, mut query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{STORE}/items?limit=2{query}{cursor}");
        let page = test.get(&path).await.ok();
        let rows = page["items"].as_array().unwrap();
        found.extend(rows.iter().map(|row| row["key"].clone()));
        let Some(next) = page["next"].as_str() else {
            return found;
        };
        // A page has one start.
        query = query.split("&from=").next().unwrap_or_default();
        cursor = format!("&after={next}");
    }
}

async fn filled(cel: &Value) -> TestApp {
    let test = TestApp::with_store(key_spec(cel)).await;
    let mut mixed = keys();
    mixed.rotate_left(3);
    mixed.swap(0, 5);
    for key in mixed {
        let item = json!({"key": key, "value": {"is": key}});
        test.post(&format!("{STORE}/items"), item).await.ok();
    }
    test
}

#[tokio::test]
async fn every_address_has_the_order_of_the_expression() {
    for cel in [json!({"compare": COMPARE}), json!({"sort_key": SORT_KEY})] {
        let test = filled(&cel).await;
        assert_eq!(test.get(STORE).await.ok()["key"], key_spec(&cel));
        let keys = keys();
        assert_eq!(paged(&test, "").await, keys);
        assert_eq!(paged(&test, "&keys_only=true").await, keys);
        let reversed: Vec<Value> = keys.iter().rev().cloned().collect();
        assert_eq!(paged(&test, "&reverse=true").await, reversed);
        // From a key that is there, and from one that is not.
        for (from, rank) in [(keys[3].clone(), 3), (json!({"name": "bb", "n": 2}), 4)] {
            let text = escaped(from.to_string());
            assert_eq!(paged(&test, &format!("&from={text}")).await, keys[rank..]);
            let found = test.get(&format!("{STORE}/rank?key={text}")).await.ok();
            assert_eq!(
                (&found["rank"], &found["exists"]),
                (&json!(rank), &json!(rank == 3))
            );
            let count = test.get(&format!("{STORE}/count?from={text}")).await.ok();
            assert_eq!(count["count"], 7 - rank);
            let item = test.get(&format!("{STORE}/item?key={text}")).await;
            assert_eq!(item.status == 200, rank == 3);
        }
        assert_eq!(
            test.get(&format!("{STORE}/nth?i=1")).await.ok()["item"]["key"],
            keys[1]
        );

        let prefix = escaped(r#"["A"]"#);
        let refused = test.get(&format!("{STORE}/items?prefix={prefix}")).await;
        let problem = refused.refused(422, "invalid_key");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("\"from\" and \"to\"")
        );
        let groups = test.get(&format!("{STORE}/prefixes")).await.ok();
        assert_eq!(
            (&groups["groups"], &groups["count"]),
            (&json!([]), &json!(7))
        );
    }
}

#[tokio::test]
async fn change_sets_imports_and_exports_keep_the_order() {
    for cel in [json!({"compare": COMPARE}), json!({"sort_key": SORT_KEY})] {
        let test = filled(&cel).await;
        let mut keys = keys();
        let changes = json!([
            {"op": "insert", "store": "s", "key": {"name": "bb", "n": 2}, "value": 1},
            {"op": "insert", "store": "s", "key": {"name": "BA", "n": 2}, "value": 1},
            {"op": "delete", "store": "s", "key": keys[0]},
            {"op": "patch", "store": "s", "key": keys[1], "patch": {"more": true}},
            {"op": "upsert", "store": "s", "key": keys[2], "value": 2},
        ]);
        let path = "/api/v1/databases/d/changes";
        let dry = test
            .post(path, json!({"changes": changes, "dry_run": true}))
            .await
            .ok();
        assert_eq!(dry["conflicts"], json!([]));
        assert_eq!(paged(&test, "").await, keys);
        test.post(path, json!({"changes": changes})).await.ok();
        keys.insert(4, json!({"name": "bb", "n": 2}));
        keys.insert(4, json!({"name": "BA", "n": 2}));
        keys.remove(0);
        assert_eq!(paged(&test, "").await, keys);

        let exported = test
            .get(&format!("{STORE}/export?format=ndjson"))
            .await
            .text();
        let lines: Vec<Value> = exported
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), keys.len());
        let rows = "{\"name\":\"Q\",\"n\":2}\n{\"name\":\"q\",\"n\":9}\n";
        let read = test
            .call(
                "POST",
                &format!("{STORE}/import?format=ndjson&key=name,n"),
                &[],
                rows,
            )
            .await
            .ok();
        assert_eq!(read["inserted"], 2, "{read}");
        keys.insert(6, json!({"name": "Q", "n": 2}));
        keys.insert(0, json!({"name": "q", "n": 9}));
        assert_eq!(paged(&test, "").await, keys);
        let checked = test.post("/api/v1/databases/d/check", "").await;
        assert!(!checked.text().contains("stands before"));
    }
}

#[tokio::test]
async fn a_bad_expression_is_refused_with_what_is_wrong_and_where() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    for (cel, part) in [
        (json!({"compare": "mapX.n - "}), "line 1, column 10"),
        (json!({"compare": "mapX.m - mapY.n"}), "no field"),
        (json!({"sort_key": "kye.n"}), "did you mean"),
        (json!({"sort_key": "[key.n].map(x, x)"}), "no loops"),
        (json!({"sort_key": "key.n", "compare": "1"}), "takes one of"),
        (json!({"order": "key.n"}), "unknown field `order`"),
    ] {
        let store = json!({"name": "t", "key": key_spec(&cel)});
        let refused = test.post(STORES, store).await;
        refused.refused(400, "invalid_value");
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    }
    let bad = json!({"name": "t", "key": key_spec(&json!({"compare": "1"}))});
    test.post(STORES, bad).await.ok();
    let item = json!({"key": {"name": "a", "n": 1}, "value": 1});
    let refused = test.post(&format!("{STORES}/t/items"), item).await;
    refused.refused(422, "invalid_key");
    assert!(
        refused.text().contains("not an order"),
        "{}",
        refused.text()
    );
}
