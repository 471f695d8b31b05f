//! Who may call what: the table of routes and the ways to sign in.

use axum::body::Body;
use sop_httpserver::security::Capability;
use sop_httpserver::security::rights::{PAGES, ROUTES};

use super::support::{HOST, TOKEN, TestApp, request};

/// Every route with a method that it serves, and whether it is open to everybody; and some that are not there.
fn routes() -> Vec<(&'static str, String, bool)> {
    let listed = ROUTES.iter().flat_map(|(path, methods)| {
        let open = |needed: &Capability| *needed == Capability::Public;
        let path = path.replace("{db}", "d").replace("{store}", "s");
        methods
            .iter()
            .map(move |(method, needed)| (*method, format!("/api/v1{path}"), open(needed)))
    });
    let pages = PAGES.iter().filter(|(path, _)| !path.contains("{*"));
    let pages = pages.map(|(path, needed)| {
        let path = path.replace("{db}", "d").replace("{store}", "s");
        ("GET", path, *needed == Capability::Public)
    });
    let others = [
        ("GET", "/api/v1/nothing/here".to_owned(), false),
        ("OPTIONS", "/api/v1/databases".to_owned(), false),
        ("POST", "/".to_owned(), false),
    ];
    listed.chain(pages).chain(others).collect()
}

#[tokio::test]
async fn every_route_asks_for_a_token_unless_it_is_open() {
    let test = TestApp::new();
    for (method, path, open) in routes() {
        // What it answers to who gives no password is another test.
        if path == "/api/v1/login" {
            continue;
        }
        for authorization in ["", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer"] {
            let answer = test
                .call(
                    method,
                    &path,
                    &[("authorization", authorization)],
                    Body::empty(),
                )
                .await;
            let refused = answer.status == 401;
            assert_eq!(
                refused, !open,
                "{method} {path} with '{authorization}' gave {}",
                answer.status
            );
            if refused && (method != "GET" || path.starts_with("/api/v1/")) {
                answer.refused(401, "unauthorized");
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
        let answer = test.call(method, &path, &[], Body::empty()).await;
        assert_ne!(answer.status, 401, "{method} {path} with the token");
    }
}

#[tokio::test]
async fn the_table_is_that_of_the_described_routes() {
    let test = TestApp::new();
    let document = test.get("/api/v1/openapi.json").await.ok();
    let mut described = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            described.push((path.clone(), method.to_uppercase()));
        }
    }
    let mut listed = Vec::new();
    for (path, methods) in ROUTES {
        let methods = methods.iter().map(|(method, _)| (*method).to_owned());
        listed.extend(methods.map(|method| (format!("/api/v1{path}"), method)));
    }
    // The description of the interface does not describe itself.
    listed.retain(|(path, _)| path != "/api/v1/openapi.json");
    described.sort();
    listed.sort();
    assert_eq!(described, listed);
}

#[tokio::test]
async fn the_printed_address_makes_a_session_that_is_not_the_token() {
    let test = TestApp::new();
    let open = |path: String| {
        request("GET", &path, &[("authorization", "")])
            .body(Body::empty())
            .unwrap()
    };
    let answer = test.send(open(format!("/d/d?token={TOKEN}&x=1"))).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/d/d?x=1");
    let cookie = answer.header("set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains(TOKEN));
    let pair = cookie.split(';').next().unwrap().to_owned();
    let headers = [("authorization", ""), ("cookie", pair.as_str())];
    assert_eq!(
        test.call("GET", "/api/v1/databases", &headers, Body::empty())
            .await
            .status,
        200
    );
    // A wrong token is refused, also beside a good session.
    let headers = [("authorization", "Bearer wrong"), ("cookie", pair.as_str())];
    test.call("GET", "/api/v1/databases", &headers, Body::empty())
        .await
        .refused(401, "unauthorized");

    let answer = test.send(open("/?token=wrong".to_owned())).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("set-cookie")),
        (401, "")
    );
    assert!(answer.text().contains("listening on"));
    // The token in the address of the interface signs nobody in.
    let answer = test
        .send(open(format!("/api/v1/databases?token={TOKEN}")))
        .await;
    answer.refused(401, "unauthorized");
}

#[tokio::test]
async fn without_a_token_everybody_on_this_machine_may_call() {
    let test = TestApp::with(|config| config.auth = false);
    let headers = [("authorization", "")];
    assert_eq!(
        test.call("GET", "/api/v1/databases", &headers, Body::empty())
            .await
            .status,
        200
    );
    let headers = [("authorization", ""), ("host", "evil.example:8080")];
    test.call("GET", "/api/v1/databases", &headers, Body::empty())
        .await
        .refused(403, "host_not_allowed");
}

#[tokio::test]
async fn only_own_hosts_and_origins_may_call() {
    let test = TestApp::with(|config| config.allowed_hosts = vec!["data.example.test".to_owned()]);
    for host in [HOST, "localhost:8080", "[::1]:8080", "data.example.test"] {
        assert_eq!(
            test.call("GET", "/api/v1/health", &[("host", host)], Body::empty())
                .await
                .status,
            200,
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1:9",
        "127.0.0.1",
        "localhost.evil.example:8080",
    ] {
        let answer = test
            .call("GET", "/api/v1/health", &[("host", host)], Body::empty())
            .await;
        answer.refused(403, "host_not_allowed");
    }
    let origin = format!("http://{HOST}");
    let good = [
        ("origin", origin.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(
        test.call("GET", "/api/v1/databases", &good, Body::empty())
            .await
            .status,
        200
    );
    for bad in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:3000"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = test
                .call(method, "/api/v1/databases", &[bad], Body::empty())
                .await;
            answer.refused(403, "origin_not_allowed");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_safety_headers() {
    let test = TestApp::new();
    for (method, path) in [
        ("GET", "/api/v1/health"),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("DELETE", "/"),
        ("GET", "/api/docs"),
    ] {
        for authorization in ["", "Bearer token-of-the-test-server"] {
            let answer = test
                .call(
                    method,
                    path,
                    &[("authorization", authorization)],
                    Body::empty(),
                )
                .await;
            let policy = answer.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
    assert_eq!(
        test.get("/api/v1/databases").await.header("cache-control"),
        "no-store"
    );
}
