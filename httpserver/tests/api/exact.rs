//! Numbers and texts come back as they went in.

use axum::body::Body;
use serde_json::json;

use super::support::{TestApp, escaped};

const ITEMS: &str = "/api/v1/databases/d/stores/s/items";

#[tokio::test]
async fn numbers_and_field_order_survive() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let value = r#"{"z":9007199254740993,"a":[-9223372036854775808,18446744073709551615],"m":1.10,"e":123456789012345678901234567890,"t":"\u0000 \"ä\" </script>"}"#;
    test.post(
        ITEMS,
        format!(r#"{{"key":9223372036854775807,"value":{value}}}"#),
    )
    .await
    .ok();
    for path in [
        ITEMS.to_owned(),
        "/api/v1/databases/d/stores/s/item?key=9223372036854775807".to_owned(),
    ] {
        let text = test.get(&path).await.text();
        assert!(text.contains(value), "{text}");
        assert!(text.contains(r#""key":9223372036854775807"#), "{text}");
    }
    let headers = [("accept", "application/json;bigint=string")];
    for path in [
        ITEMS,
        "/api/v1/databases/d/stores/s/nth?i=0",
        "/api/v1/databases/d/stores",
    ] {
        let text = test.call("GET", path, &headers, Body::empty()).await.text();
        assert!(text.contains(r#""key":"9223372036854775807""#), "{text}");
        assert!(text.contains(r#""z":"9007199254740993","a":["-9223372036854775808","18446744073709551615"],"m":1.10"#), "{text}");
    }
}

#[tokio::test]
async fn any_text_can_be_a_key() {
    let test = TestApp::with_store(json!({"type": "string"})).await;
    let hostile = [
        "",
        " ",
        "\0",
        "a/b?c#d&e=f",
        "%2F",
        "<img src=x onerror=alert(1)>",
        "\u{202e}txt",
        "😀",
        "'; DROP STORE s; --",
    ];
    for key in hostile {
        test.post(ITEMS, json!({"key": key, "value": key}))
            .await
            .ok();
        let path = format!(
            "/api/v1/databases/d/stores/s/item?key={}",
            escaped(json!(key))
        );
        let item = test.get(&path).await.ok();
        assert_eq!((&item["key"], &item["value"]), (&json!(key), &json!(key)));
    }
    assert_eq!(test.get(ITEMS).await.ok()["count"], hostile.len());
}
