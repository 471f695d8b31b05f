//! Pages of items and single items.

use axum::body::Body;
use serde_json::{Value, json};

use super::support::{TestApp, escaped};

const ITEMS: &str = "/api/v1/databases/d/stores/s/items";

fn keys(page: &Value) -> Vec<Value> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].clone())
        .collect()
}

fn ints(page: &Value) -> Vec<i64> {
    keys(page).iter().map(|key| key.as_i64().unwrap()).collect()
}

async fn page(test: &TestApp, query: &str) -> Value {
    test.get(&format!("{ITEMS}?{query}")).await.ok()
}

async fn numbers(count: i64) -> TestApp {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill((0..count).map(|n| json!(n * 10))).await;
    test
}

#[tokio::test]
async fn pages_go_forth_and_back_without_a_gap() {
    let test = numbers(10).await;
    let first = page(&test, "limit=4").await;
    assert_eq!(ints(&first), [0, 10, 20, 30]);
    assert_eq!(
        (&first["count"], &first["total"], &first["rank"]),
        (&json!(10), &json!(10), &json!(0))
    );
    assert_eq!(
        (&first["prev"], &first["has_more"]),
        (&Value::Null, &json!(true))
    );
    assert!(
        first["stats"]["elapsed_ms"].is_number() && first["stats"]["nodes_read"].as_u64() > Some(0)
    );
    let second = page(
        &test,
        &format!("limit=4&after={}", first["next"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (ints(&second), &second["rank"]),
        (vec![40, 50, 60, 70], &json!(4))
    );
    let third = page(
        &test,
        &format!("limit=4&after={}", second["next"].as_str().unwrap()),
    )
    .await;
    assert_eq!(ints(&third), [80, 90]);
    assert_eq!(
        (&third["next"], &third["has_more"], &third["rank"]),
        (&Value::Null, &json!(false), &json!(8))
    );
    let back = page(
        &test,
        &format!("limit=3&before={}", third["prev"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (ints(&back), &back["rank"], &back["has_more"]),
        (vec![50, 60, 70], &json!(5), &json!(true))
    );
    let back = page(
        &test,
        &format!("limit=99&before={}", back["prev"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (ints(&back), &back["prev"], &back["has_more"]),
        (vec![0, 10, 20, 30, 40], &Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn descending_pages_mirror_ascending_ones() {
    let test = numbers(7).await;
    let first = page(&test, "limit=3&reverse=true").await;
    assert_eq!(
        (ints(&first), &first["rank"]),
        (vec![60, 50, 40], &json!(4))
    );
    let second = page(
        &test,
        &format!(
            "limit=3&reverse=true&after={}",
            first["next"].as_str().unwrap()
        ),
    )
    .await;
    assert_eq!(ints(&second), [30, 20, 10]);
    let back = page(
        &test,
        &format!(
            "limit=2&reverse=true&before={}",
            second["prev"].as_str().unwrap()
        ),
    )
    .await;
    assert_eq!(ints(&back), [50, 40]);
    assert_eq!(
        ints(&page(&test, "reverse=true&from=45&limit=2").await),
        [40, 30]
    );
    assert_eq!(
        ints(&page(&test, "reverse=true&at=2&limit=2").await),
        [20, 10]
    );
}

#[tokio::test]
async fn a_page_can_start_at_a_key_or_a_rank() {
    let test = numbers(10).await;
    for (from, expected) in [("30", 30), ("31", 40), ("-5", 0)] {
        let page = page(&test, &format!("from={from}&limit=1")).await;
        assert_eq!(ints(&page), [expected]);
        assert_eq!(page["count"], 10);
    }
    let end = page(&test, "from=91").await;
    assert_eq!(
        (ints(&end), &end["rank"], &end["next"]),
        (vec![], &json!(10), &Value::Null)
    );
    let at = page(&test, "at=4&limit=2").await;
    assert_eq!((ints(&at), &at["rank"]), (vec![40, 50], &json!(4)));
    assert_eq!(
        ints(
            &page(
                &test,
                &format!("limit=1&before={}", at["prev"].as_str().unwrap())
            )
            .await
        ),
        [30]
    );
    assert_eq!(ints(&page(&test, "at=10").await), Vec::<i64>::new());
}

#[tokio::test]
async fn a_cursor_outlives_its_item_and_an_empty_page_leads_back() {
    let test = numbers(5).await;
    let first = page(&test, "limit=3").await;
    let next = first["next"].as_str().unwrap();
    test.delete("/api/v1/databases/d/stores/s/item?key=20")
        .await
        .ok();
    assert_eq!(ints(&page(&test, &format!("after={next}")).await), [30, 40]);
    for key in [30, 40] {
        test.delete(&format!("/api/v1/databases/d/stores/s/item?key={key}"))
            .await
            .ok();
    }
    let empty = page(&test, &format!("after={next}")).await;
    assert_eq!((ints(&empty), &empty["next"]), (vec![], &Value::Null));
    let back = page(
        &test,
        &format!("before={}", empty["prev"].as_str().unwrap()),
    )
    .await;
    assert_eq!(ints(&back), [0, 10]);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_store() {
    let test = numbers(5).await;
    let next = page(&test, "limit=1").await["next"]
        .as_str()
        .unwrap()
        .to_owned();
    test.add_store("other", json!({"type": "i64"})).await;
    let answer = test
        .get(&format!(
            "/api/v1/databases/d/stores/other/items?after={next}"
        ))
        .await;
    answer.refused(400, "invalid_cursor");
}

#[tokio::test]
async fn composite_keys_have_prefixes_with_exact_counts() {
    let key = json!({"type": "composite", "fields": [
        {"name": "country", "type": "string"}, {"name": "day", "type": "date", "order": "desc"}, {"name": "n", "type": "i64"}]});
    let test = TestApp::with_store(key).await;
    for (n, (country, day)) in [
        ("DE", "2024-01-02"),
        ("DE", "2024-01-03"),
        ("US", "2023-12-31"),
        ("US", "2024-01-01"),
        ("US", "2024-02-01"),
    ]
    .iter()
    .enumerate()
    {
        test.fill([json!({"country": country, "day": day, "n": n})])
            .await;
    }
    let us = page(&test, &format!("prefix={}", escaped(json!(["US"])))).await;
    assert_eq!(
        (&us["count"], &us["total"], &us["rank"], &us["base"]),
        (&json!(3), &json!(5), &json!(2), &json!(2))
    );
    assert_eq!(
        us["items"][0]["key"],
        json!({"country": "US", "day": "2024-02-01", "n": 4})
    );
    assert_eq!((&us["prev"], &us["next"]), (&Value::Null, &Value::Null));
    for (prefix, count) in [
        (json!(["US", {"partial": "2024-"}]), 2),
        (json!([{"partial": "D"}]), 2),
        (json!(["FR"]), 0),
        (json!([]), 5),
    ] {
        let path = format!(
            "/api/v1/databases/d/stores/s/count?prefix={}",
            escaped(&prefix)
        );
        assert_eq!(test.get(&path).await.ok()["count"], count, "{prefix}");
        assert_eq!(
            page(&test, &format!("prefix={}", escaped(&prefix))).await["count"],
            count,
            "{prefix}"
        );
    }
    // Pages inside of a prefix stay inside of it.
    let prefix = escaped(json!(["US"]));
    let first = page(&test, &format!("prefix={prefix}&limit=2")).await;
    let rest = page(
        &test,
        &format!(
            "prefix={prefix}&limit=2&after={}",
            first["next"].as_str().unwrap()
        ),
    )
    .await;
    assert_eq!(
        (
            rest["items"].as_array().unwrap().len(),
            &rest["next"],
            &rest["rank"]
        ),
        (1, &Value::Null, &json!(4))
    );
    let de = page(
        &test,
        &format!("prefix={}&reverse=true", escaped(json!(["DE"]))),
    )
    .await;
    assert_eq!(
        (de["items"][0]["key"]["day"].as_str(), &de["next"]),
        (Some("2024-01-02"), &Value::Null)
    );
}

#[tokio::test]
async fn duplicates_are_paged_and_addressed_by_id() {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let store = json!({"name": "s", "key": {"type": "i64"}, "unique": false});
    test.post("/api/v1/databases/d/stores", store).await.ok();
    for key in [1, 1, 1, 2] {
        let written = test
            .post(ITEMS, json!({"key": key, "value": key}))
            .await
            .ok();
        assert!(written["id"].is_u64());
    }
    let mut seen = Vec::new();
    let mut query = "limit=1".to_owned();
    loop {
        let page = page(&test, &query).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (item["key"].clone(), item["id"].clone())),
        );
        assert_eq!(page["rank"], seen.len() - 1);
        match page["next"].as_str() {
            Some(next) => query = format!("limit=1&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 4);
    let path = format!("/api/v1/databases/d/stores/s/item?key=1&id={}", seen[1].1);
    test.put_json("PUT", &path, json!({"value": "second"}))
        .await
        .ok();
    assert_eq!(test.get(&path).await.ok()["value"], "second");
    test.delete(&path).await.ok();
    test.get(&path).await.refused(404, "item_not_found");
    assert_eq!(page(&test, "").await["count"], 3);
}

#[tokio::test]
async fn keys_only_and_large_values() {
    let test = TestApp::with(|config| config.limits.page_bytes = 4096);
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.add_store("s", json!({"type": "i64"})).await;
    for key in 0..5 {
        test.post(ITEMS, json!({"key": key, "value": "v".repeat(3000)}))
            .await
            .ok();
    }
    let keys = page(&test, "keys_only=true").await;
    assert_eq!(
        keys["items"][4],
        json!({"key": 4, "version": keys["items"][4]["version"]})
    );
    // A page of large values ends early and says so.
    let first = page(&test, "").await;
    assert_eq!(
        (ints(&first), &first["has_more"]),
        (vec![0, 1], &json!(true))
    );
    let second = page(&test, &format!("after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(ints(&second), [2, 3]);
}

#[tokio::test]
async fn items_are_written_with_versions() {
    let test = numbers(0).await;
    let path = "/api/v1/databases/d/stores/s/item?key=7";
    let made = test
        .put_json("PUT", path, r#"{"value":{"b":1,"a":2}}"#)
        .await;
    assert_eq!(made.status, 201);
    let version = made.ok()["version"].as_u64().unwrap();
    let found = test.get(path).await;
    assert_eq!(found.header("etag"), format!("\"{version}\""));
    assert!(
        found.text().contains(r#""value":{"b":1,"a":2}"#),
        "{}",
        found.text()
    );
    let headers = |tag: &'static str| [("content-type", "application/json"), ("if-match", tag)];
    test.call("PUT", path, &headers("0"), r#"{"value":1}"#)
        .await
        .refused(412, "version_mismatch");
    let tag: &'static str = format!("\"{version}\"").leak();
    let changed = test
        .call("PUT", path, &headers(tag), r#"{"value":1}"#)
        .await;
    assert_eq!(
        (
            changed.status.as_u16(),
            changed.json()["inserted"].as_bool()
        ),
        (200, Some(false))
    );
    test.call("PUT", path, &headers(tag), r#"{"value":2}"#)
        .await
        .refused(412, "version_mismatch");
    test.call("DELETE", path, &[("if-match", tag)], Body::empty())
        .await
        .refused(412, "version_mismatch");
    test.call("DELETE", path, &[("if-match", "*")], Body::empty())
        .await
        .ok();
    test.get(path).await.refused(404, "item_not_found");
}

#[tokio::test]
async fn ranks_and_places_are_exact() {
    let test = numbers(10).await;
    let base = "/api/v1/databases/d/stores/s";
    let rank = test.get(&format!("{base}/rank?key=35")).await.ok();
    assert_eq!((&rank["rank"], &rank["exists"]), (&json!(4), &json!(false)));
    assert_eq!(
        test.get(&format!("{base}/rank?key=30")).await.ok()["exists"],
        true
    );
    assert_eq!(
        test.get(&format!("{base}/nth?i=3")).await.ok()["item"]["key"],
        30
    );
    let beyond = test.get(&format!("{base}/nth?i=10")).await.ok();
    assert_eq!(
        (&beyond["item"], &beyond["count"]),
        (&Value::Null, &json!(10))
    );
    for (query, count) in [
        ("from=10&to=30", 3),
        ("from=11", 8),
        ("to=0", 1),
        ("from=30&to=10", 0),
        ("", 10),
    ] {
        assert_eq!(
            test.get(&format!("{base}/count?{query}")).await.ok()["count"],
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn changes_are_previewed_and_applied_as_one() {
    let test = numbers(3).await;
    let version = page(&test, "").await["items"][1]["version"].clone();
    let changes = json!([
        {"op": "insert", "store": "s", "key": 5, "value": {"new": true}},
        {"op": "update", "store": "s", "key": 10, "value": {"of": "changed"}, "if_version": version},
        {"op": "delete", "store": "s", "key": 0},
    ]);
    let path = "/api/v1/databases/d/changes";
    let preview = test
        .post(path, json!({"changes": changes, "dry_run": true}))
        .await
        .ok();
    assert_eq!(preview["applied"], false);
    assert_eq!(preview["preview"][1]["before"], json!({"of": 10}));
    assert_eq!(ints(&page(&test, "").await), [0, 10, 20]);
    let done = test.post(path, json!({"changes": changes})).await.ok();
    assert_eq!(
        (&done["applied"], &done["conflicts"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(done["sequence"], page(&test, "").await["sequence"]);
    assert_eq!(ints(&page(&test, "").await), [5, 10, 20]);
    // The same again: nothing fits any more, and nothing is changed.
    let again = test.post(path, json!({"changes": changes})).await;
    again.refused(409, "conflict");
    assert!(
        again.json()["conflicts"]
            .as_array()
            .is_some_and(|conflicts| conflicts.len() == 3),
        "{}",
        again.text()
    );
    assert_eq!(ints(&page(&test, "").await), [5, 10, 20]);
}

/// Follows the pages of a filtered listing to its end; keys and whether each page was right in itself.
async fn walked(test: &TestApp, first: &str, link: &str) -> Vec<Value> {
    let mut keys = Vec::new();
    let mut path = first.to_owned();
    loop {
        let page = test.get(&path).await.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 7);
        let part = items.iter().map(|item| item["key"].clone());
        if link == "next" {
            keys.extend(part);
        } else {
            keys.splice(0..0, part);
        }
        let Some(cursor) = page[link].as_str() else {
            assert_eq!(page["has_more"], false);
            return keys;
        };
        assert_eq!(page["has_more"], true);
        let name = if link == "next" { "after" } else { "before" };
        path = format!("{first}&{name}={cursor}");
    }
}

#[tokio::test]
async fn a_filtered_listing_has_every_item_once_in_both_directions() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.fill((0..60).map(Value::from)).await;
    // The value is {"of": key}.
    let filter = escaped(json!({"of": {"$gte": 10, "$nin": [20, 21, 22, 23, 24, 25, 26, 27]}}));
    let expected: Vec<Value> = (10..60)
        .filter(|key| !(20..28).contains(key))
        .map(Value::from)
        .collect();
    let turned: Vec<Value> = expected.iter().rev().cloned().collect();
    let first = format!("/api/v1/databases/d/stores/s/items?limit=7&filter={filter}");
    assert_eq!(walked(&test, &first, "next").await, expected);
    assert_eq!(
        walked(&test, &format!("{first}&reverse=true"), "next").await,
        turned
    );
    assert_eq!(
        walked(&test, &format!("{first}&keys_only=true"), "next").await,
        expected
    );

    // Backwards from the last page, also when the anchor is gone.
    let mut page = test.get(&first).await.ok();
    let begun = page.clone();
    assert_eq!(
        (&page["prev"], &page["count"], &page["total"]),
        (&json!(null), &json!(null), &json!(60))
    );
    assert_eq!((&page["rank"], &page["base"]), (&json!(10), &json!(0)));
    while let Some(next) = page["next"].as_str() {
        page = test.get(&format!("{first}&after={next}")).await.ok();
        assert!(page["prev"].is_string());
    }
    let before = page["prev"].as_str().unwrap().to_owned();
    let last = page["items"][0]["key"].clone();
    test.delete(&format!("/api/v1/databases/d/stores/s/item?key={last}"))
        .await;
    let mut keys = Vec::new();
    let mut cursor = Some(before);
    while let Some(before) = cursor {
        let page = test.get(&format!("{first}&before={before}")).await.ok();
        let part: Vec<Value> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["key"].clone())
            .collect();
        keys.splice(0..0, part);
        cursor = page["prev"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"], cursor.is_some());
    }
    assert_eq!(keys, expected[..35]);

    // A cursor of one listing is good in another, with a filter and without.
    let after = begun["next"].as_str().unwrap();
    let plain = test
        .get(&format!(
            "/api/v1/databases/d/stores/s/items?limit=1&after={after}"
        ))
        .await
        .ok();
    assert_eq!(plain["items"][0]["key"], 17);
    let counted = test.get(&format!("{first}&count=true")).await.ok();
    assert_eq!(counted["count"], 41);
}

#[tokio::test]
async fn a_filtered_page_keeps_to_prefix_start_and_duplicates() {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    let key = json!({"type": "composite", "fields": [{"name": "country", "type": "string"}, {"name": "id", "type": "i64", "order": "desc"}]});
    test.post(
        "/api/v1/databases/d/stores",
        json!({"name": "c", "key": key}),
    )
    .await
    .ok();
    test.post(
        "/api/v1/databases/d/stores",
        json!({"name": "m", "key": {"type": "string"}, "unique": false}),
    )
    .await
    .ok();
    for at in 0..30 {
        let country = ["DE", "FR", "US"][at % 3];
        let body = json!({"key": {"country": country, "id": at}, "value": {"even": at % 2 == 0, "exact": 1}});
        test.post("/api/v1/databases/d/stores/c/items", body)
            .await
            .ok();
        let body = json!({"key": country, "value": {"at": at}});
        test.post("/api/v1/databases/d/stores/m/items", body)
            .await
            .ok();
    }
    let get = async |store: &str, rest: &str, filter: Value| {
        let filter = escaped(filter);
        test.get(&format!(
            "/api/v1/databases/d/stores/{store}/items?filter={filter}{rest}"
        ))
        .await
        .ok()
    };
    let ids = |page: &Value| -> Vec<i64> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["key"]["id"].as_i64().unwrap())
            .collect()
    };
    let french = escaped(json!(["FR"]));
    let page = get("c", &format!("&prefix={french}"), json!({"even": true})).await;
    assert_eq!(ids(&page), [28, 22, 16, 10, 4]);
    assert_eq!(
        (&page["count"], &page["prev"], &page["next"], &page["base"]),
        (&json!(5), &json!(null), &json!(null), &json!(10))
    );
    let from = escaped(json!({"country": "FR", "id": 22}));
    let page = get(
        "c",
        &format!("&prefix={french}&from={from}&limit=2"),
        json!({"even": true}),
    )
    .await;
    assert_eq!(ids(&page), [22, 16]);
    assert!(page["prev"].is_string() && page["next"].is_string());
    let page = get(
        "c",
        "&at=15",
        json!({"even": true, "country": {"$ne": "US"}}),
    )
    .await;
    assert_eq!(ids(&page), [10, 4]);
    let none = get("c", &format!("&prefix={french}"), json!({"id": 999})).await;
    assert_eq!(
        (&none["items"], &none["count"], &none["has_more"]),
        (&json!([]), &json!(0), &json!(false))
    );
    let nowhere = get(
        "c",
        &format!("&prefix={}", escaped(json!(["ZZ"]))),
        json!({}),
    )
    .await;
    assert_eq!(
        (&nowhere["items"], &nowhere["count"]),
        (&json!([]), &json!(0))
    );

    // Items with one key are apart, too.
    let first = format!(
        "/api/v1/databases/d/stores/m/items?limit=4&filter={}",
        escaped(json!({"at": {"$gte": 6}}))
    );
    let keys = walked(&test, &first, "next").await;
    assert_eq!(keys.len(), 24);
    let page = test.get(&first).await.ok();
    assert!(page["items"][0]["id"].is_u64());
}

#[tokio::test]
async fn filtered_items_are_as_exact_as_others() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let body = r#"{"key": 1, "value": {"n": 1.50, "big": 123456789012345678901234567890, "z": 1, "a": 2}}"#;
    test.post("/api/v1/databases/d/stores/s/items", body)
        .await
        .ok();
    let path = format!(
        "/api/v1/databases/d/stores/s/items?filter={}",
        escaped(json!({"n": 1.5}))
    );
    let text = test.get(&path).await.text();
    assert!(
        text.contains(r#""value":{"n":1.50,"big":123456789012345678901234567890,"z":1,"a":2}"#),
        "{text}"
    );
    assert!(
        text.contains(r#""count":1,"total":1,"rank":0,"base":0,"stats":"#),
        "{text}"
    );
}
