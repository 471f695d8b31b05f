//! Import and export.

use axum::body::Body;
use serde_json::{Value, json};

use super::support::{TestApp, escaped};

const STORE: &str = "/api/v1/databases/d/stores/s";

async fn database() -> TestApp {
    let test = TestApp::new();
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test
}

const ROWS: &str = "{\"Country\":\"DE\",\"Id\":1,\"Total\":1.50,\"b\":1,\"a\":2}\n{\"Country\":\"US\",\"Id\":9007199254740993,\"Total\":2}\n";

#[tokio::test]
async fn rows_come_in_and_go_out_the_same() {
    let test = database().await;
    let summary = test
        .call(
            "POST",
            &format!("{STORE}/import?format=ndjson&key=Country,Id&create=true"),
            &[],
            ROWS,
        )
        .await
        .ok();
    assert_eq!(
        (
            &summary["read"],
            &summary["inserted"],
            &summary["failed"],
            &summary["created"]
        ),
        (&json!(2), &json!(2), &json!(0), &json!(true))
    );
    let exported = test.get(&format!("{STORE}/export")).await;
    assert!(
        exported
            .header("content-type")
            .starts_with("application/x-ndjson")
    );
    assert_eq!(
        exported.header("content-disposition"),
        "attachment; filename=\"s.ndjson\""
    );
    assert_eq!(exported.text(), ROWS);
    let array: Value = test.get(&format!("{STORE}/export?format=json")).await.ok();
    assert_eq!(array.as_array().unwrap().len(), 2);
    let csv = test.get(&format!("{STORE}/export?format=csv")).await.text();
    assert!(csv.starts_with("Country,Id,"), "{csv}");
    let part = test
        .get(&format!("{STORE}/export?prefix={}", escaped(json!(["US"]))))
        .await
        .text();
    assert_eq!(part.lines().count(), 1);
    let filter = |filter: Value| format!("{STORE}/export?filter={}", escaped(filter));
    let some = test.get(&filter(json!({"Total": {"$lt": 2}}))).await;
    assert_eq!(some.text().lines().next(), ROWS.lines().next());
    assert_eq!(some.text().lines().count(), 1);
    assert_eq!(test.get(&filter(json!({}))).await.text(), ROWS);
    assert_eq!(test.get(&filter(json!({"b": 7}))).await.text(), "");
    let both = format!(
        "{}&format=json&prefix={}",
        filter(json!({"b": 1})),
        escaped(json!(["US"]))
    );
    assert_eq!(test.get(&both).await.text(), "[]\n");
    let refused = test.get(&filter(json!({"Totl": 1}))).await;
    let problem = refused.refused(400, "field_not_found");
    assert_eq!(problem["errors"][0]["suggestions"][0], "Total");
    // What went out comes in again, whatever the format, which is seen from the data.
    for (name, body) in [
        ("csv", csv),
        ("json", array.to_string()),
        ("ndjson", ROWS.to_owned()),
    ] {
        let path = format!("/api/v1/databases/d/stores/{name}/import?key=Country,Id&create=true");
        assert_eq!(
            test.call("POST", &path, &[], body).await.ok()["inserted"],
            2,
            "{name}"
        );
        assert_eq!(
            test.get(&format!("/api/v1/databases/d/stores/{name}/items"))
                .await
                .ok()["items"][1]["key"]["Id"],
            json!(9_007_199_254_740_993_u64)
        );
    }
}

#[tokio::test]
async fn bad_rows_are_reported_by_line_and_cost_only_themselves() {
    let test = database().await;
    let rows = "{\"id\":1}\nnot json\n{\"id\":2}\n{\"no\":1}\n{\"id\":1}\n";
    let summary = test
        .call(
            "POST",
            &format!("{STORE}/import?format=ndjson&key=id&create=true"),
            &[],
            rows,
        )
        .await
        .ok();
    assert_eq!(
        (&summary["read"], &summary["inserted"], &summary["failed"]),
        (&json!(5), &json!(2), &json!(3))
    );
    let lines: Vec<_> = summary["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        [2, 4, 5].iter().all(|line| lines.contains(line)),
        "{summary}"
    );
    let answer = test
        .call(
            "POST",
            &format!("{STORE}/import?format=ndjson&max_errors=1"),
            &[],
            "x\ny\n{\"id\":3}\n",
        )
        .await;
    let problem = answer.refused(400, "malformed_data");
    assert_eq!(problem["summary"]["inserted"], 0);
    assert_eq!(test.get(&format!("{STORE}/count")).await.ok()["count"], 2);
}

#[tokio::test]
async fn modes_insert_upsert_and_replace() {
    let test = database().await;
    let import = async |query: &str, rows: &'static str| {
        test.call(
            "POST",
            &format!("{STORE}/import?format=ndjson&key=id&{query}"),
            &[],
            rows,
        )
        .await
        .ok()
    };
    import("create=true", "{\"id\":1,\"v\":1}\n{\"id\":2,\"v\":1}\n").await;
    assert_eq!(
        import("mode=insert", "{\"id\":1,\"v\":2}\n").await["failed"],
        1
    );
    assert_eq!(
        import("mode=upsert", "{\"id\":1,\"v\":2}\n{\"id\":3,\"v\":2}\n").await["updated"],
        1
    );
    assert_eq!(
        import("mode=replace&dry_run=true", "{\"id\":9}\n").await["dry_run"],
        true
    );
    assert_eq!(test.get(&format!("{STORE}/count")).await.ok()["count"], 3);
    import("mode=replace", "{\"id\":9}\n").await;
    assert_eq!(test.get(&format!("{STORE}/count")).await.ok()["count"], 1);
    test.call("POST", &format!("{STORE}/import?mode=merge"), &[], "{}")
        .await
        .refused(400, "invalid_parameter");
}

#[tokio::test]
async fn progress_comes_line_by_line_and_the_summary_last() {
    let test = database().await;
    let rows: String = (0..5000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    let headers = [("accept", "application/x-ndjson")];
    let answer = test
        .call(
            "POST",
            &format!("{STORE}/import?format=ndjson&key=id&create=true"),
            &headers,
            rows,
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "application/x-ndjson")
    );
    let text = answer.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["event"], "progress");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["event"], &last["inserted"]),
        (&json!("summary"), &json!(5000))
    );
    // What fails before it begins is an ordinary problem.
    let answer = test
        .call(
            "POST",
            "/api/v1/databases/d/stores/none/import?format=ndjson",
            &headers,
            "{\"id\":1}\n",
        )
        .await;
    answer.refused(404, "store_not_found");
}

#[tokio::test]
async fn without_a_key_the_import_says_what_could_be_one() {
    let test = database().await;
    let answer = test
        .call(
            "POST",
            &format!("{STORE}/import?format=ndjson&create=true"),
            &[],
            "{\"id\":1,\"x\":0}\n{\"id\":2,\"x\":0}\n",
        )
        .await;
    let problem = answer.refused(400, "key_needed");
    assert!(
        problem["errors"][0]["suggestions"]
            .to_string()
            .contains("id"),
        "{problem}"
    );
    // What is no text is named.
    let answer = test
        .call(
            "POST",
            &format!("{STORE}/import?create=true"),
            &[],
            Body::from(vec![0x1f, 0x8b, 8, 0]),
        )
        .await;
    assert!(
        answer.refused(400, "malformed_data")["detail"]
            .as_str()
            .unwrap()
            .contains("gzip")
    );
}

#[tokio::test]
async fn groups_of_keys_have_exact_counts() {
    let test = database().await;
    let rows: String = (0..60)
        .map(|n| format!("{{\"c\":\"{}\",\"n\":{n}}}\n", ["DE", "FR", "US"][n % 3]))
        .collect();
    test.call(
        "POST",
        &format!("{STORE}/import?format=ndjson&key=c,n&create=true"),
        &[],
        rows,
    )
    .await
    .ok();
    let groups = test.get(&format!("{STORE}/prefixes")).await.ok();
    let seen: Vec<_> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            (
                group["label"].as_str().unwrap(),
                group["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, [("DE", 20), ("FR", 20), ("US", 20)]);
    assert_eq!(
        (&groups["count"], &groups["more"]),
        (&json!(60), &Value::Null)
    );
    let prefix = escaped(&groups["groups"][1]["prefix"]);
    assert_eq!(
        test.get(&format!("{STORE}/count?prefix={prefix}"))
            .await
            .ok()["count"],
        20
    );
    let limited = test
        .get(&format!("{STORE}/prefixes?limit=1&depth=2"))
        .await
        .ok();
    assert_eq!(limited["more"], json!({"groups": 2, "count": 40}));
    for (query, code) in [
        ("depth=0", "invalid_parameter"),
        ("depth=9", "invalid_parameter"),
        ("limit=0", "invalid_parameter"),
        ("of=x", "invalid_key"),
        ("off=1", "unknown_parameter"),
    ] {
        test.get(&format!("{STORE}/prefixes?{query}"))
            .await
            .refused(400, code);
    }
}

#[tokio::test]
async fn an_import_maps_fields_and_takes_other_quotes() {
    let test = database().await;
    let map = json!([
        {"from": "no", "to": "id", "type": "integer"},
        {"from": "city", "to": "place.city"},
        {"from": "zip", "to": "place.zip", "type": "text"},
        {"from": "junk", "skip": true},
    ]);
    let csv = "no;city;zip;junk\n1;'a;b';02113;x\nx;c;1;y\n2;'it''s';7;z\n";
    let at = |more: &str| {
        format!(
            "{STORE}/import?format=csv&key=id&create=true&quote='&map={}{more}",
            escaped(&map)
        )
    };
    let tried = test.call("POST", &at("&dry_run=true"), &[], csv).await.ok();
    assert_eq!(
        (&tried["inserted"], &tried["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(tried["errors"][0]["line"], 3);
    assert_eq!(
        tried["errors"][0]["detail"],
        "no is \"x\", which is not a whole number"
    );
    test.call("POST", &at(""), &[], csv).await.ok();
    let item = test.get(&format!("{STORE}/item?key=1")).await.ok();
    assert_eq!(
        item["value"],
        json!({"place": {"city": "a;b", "zip": "02113"}})
    );
    let item = test.get(&format!("{STORE}/item?key=2")).await.ok();
    assert_eq!(item["value"]["place"], json!({"city": "it's", "zip": "7"}));
    for wrong in [
        "{}".to_owned(),
        json!([{"from": "a"}, {"from": "a"}]).to_string(),
        json!([{"from": "a", "type": "date"}]).to_string(),
    ] {
        let path = format!("{STORE}/import?format=csv&map={}", escaped(&wrong));
        let answer = test.call("POST", &path, &[], csv).await;
        assert!((400..=422).contains(&answer.status.as_u16()), "{wrong}");
    }
    let jobs = test.get("/api/v1/jobs").await.ok();
    assert_eq!(jobs["jobs"][0]["what"], "Import into s");
    assert_eq!(jobs["jobs"][0]["outcome"]["inserted"], 2);
}
