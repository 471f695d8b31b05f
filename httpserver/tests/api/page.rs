//! The page: the shell with the first rows in it, and its files.

use axum::body::Body;
use serde_json::json;
use std::io::Read as _;

use super::support::{TestApp, escaped};

#[tokio::test]
async fn files_of_the_page_are_sent_short_to_who_takes_that() {
    let test = TestApp::new();
    let path = sop_web::asset_url("app.js");
    let asked =
        async |headers: &[(&str, &str)]| test.call("GET", &path, headers, Body::empty()).await;
    let whole = asked(&[]).await;
    assert_eq!(whole.status, 200);
    for accepted in ["gzip", "br, GZIP;q=0.5", "gzip, deflate, br"] {
        let short = asked(&[("accept-encoding", accepted)]).await;
        assert_eq!(short.header("content-encoding"), "gzip");
        assert_eq!(short.header("vary"), "accept-encoding");
        assert!(short.body.len() < whole.body.len() / 2);
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&short.body[..])
            .read_to_end(&mut text)
            .unwrap();
        assert!(text == whole.body);
        assert_ne!(short.header("etag"), whole.header("etag"));
        let tag = short.header("etag").to_owned();
        let headers = [("accept-encoding", accepted), ("if-none-match", &*tag)];
        let same = asked(&headers).await;
        assert_eq!(same.status, 304);
    }
    for accepted in ["identity", "gzip;q=0", "br"] {
        let plain = asked(&[("accept-encoding", accepted)]).await;
        assert!(plain.body == whole.body, "{accepted}");
    }
}

#[tokio::test]
async fn without_a_database_the_page_welcomes() {
    let test = TestApp::new();
    let page = test.get("/").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_first_rows_are_in_the_page() {
    let test = TestApp::with_store(json!({"type": "string"})).await;
    test.fill([json!("first-key"), json!("second-key")]).await;
    for path in ["/", "/d/d", "/d/d/s/s"] {
        let page = test.get(path).await;
        assert_eq!(page.status, 200);
        assert!(
            page.text().contains("first-key") && page.text().contains("second-key"),
            "{path}"
        );
    }
    let prefix = escaped(json!([{"partial": "sec"}]));
    let page = test.get(&format!("/d/d/s/s?prefix={prefix}")).await.text();
    assert!(page.contains("second-key") && page.contains("\"count\":1"));
    // A prefix that makes no sense shows the whole store.
    for prefix in ["x", "[1,2,3]", "{}"] {
        let page = test
            .get(&format!("/d/d/s/s?prefix={}", escaped(prefix)))
            .await;
        assert_eq!(page.status, 200, "{prefix}");
        assert!(page.text().contains("first-key"), "{prefix}");
    }
}

#[tokio::test]
async fn rows_that_are_filtered_or_sorted_are_left_to_the_scripts() {
    let test = TestApp::with_store(json!({"type": "string"})).await;
    test.fill([json!("first-key")]).await;
    for query in ["filter=%7B%7D", "sort=-key"] {
        let page = test.get(&format!("/d/d/s/s?{query}")).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(text.contains("\"page\":null") && !text.contains("class=\"grid-body\""));
        let missing = test.get(&format!("/d/d/s/nothing?{query}")).await;
        assert_eq!(missing.status, 404, "{query}");
    }
}

#[tokio::test]
async fn the_query_workbench_has_a_page_of_its_own() {
    let test = TestApp::with_store(json!({"type": "string"})).await;
    test.fill([json!("first-key")]).await;
    let page = test.get("/d/d/q").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("\"view\":\"query\"") && text.contains("\"name\":\"s\""));
    assert!(text.contains("\"page\":null"), "it reads no rows: {text}");
    assert_eq!(test.get("/d/nothing/q").await.status, 404);
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    for path in ["/d/nothing", "/d/d/s/nothing"] {
        let page = test.get(path).await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (404, "text/html; charset=utf-8"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_of_the_page_are_cached_by_their_build() {
    let test = TestApp::new();
    let html = test.get("/").await.text();
    let mut seen = 0;
    for piece in html.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", piece.split('"').next().unwrap());
        let file = test
            .call("GET", &path, &[("authorization", "")], Body::empty())
            .await;
        assert_eq!(file.status, 200, "{path}");
        assert!(file.header("cache-control").contains("immutable"));
        let tag = file.header("etag").to_owned();
        let again = test
            .call("GET", &path, &[("if-none-match", &tag)], Body::empty())
            .await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        seen += 1;
    }
    assert!(seen > 3);
    for path in [
        "/assets/x/app.js",
        "/assets/x/..%2F..%2FCargo.toml",
        "/assets/",
        "/assets/x",
    ] {
        test.get(path).await.refused(404, "not_found");
    }
}
