//! Signing in: passwords, waits, sessions, tokens, other sites.

use std::sync::Arc;

use axum::body::Body;
use serde_json::{Value, json};
use sop::ManualClock;
use sop_systemdb::accounts::{Role, UserChange};

use super::roles::{PASSWORD, user};
use super::support::{Answer, HOST, TestApp};

const NO_TOKEN: (&str, &str) = ("authorization", "");
const JSON: (&str, &str) = ("content-type", "application/json");

fn add(test: &TestApp, name: &str, role: Role) {
    test.state.accounts().add_user(&user(name, role)).unwrap();
}

async fn login(test: &TestApp, name: &str, password: &str) -> Answer {
    let body = json!({"name": name, "password": password}).to_string();
    test.call("POST", "/api/v1/login", &[NO_TOKEN, JSON], body)
        .await
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn with(test: &TestApp, cookie: &str, method: &str, path: &str, body: Value) -> Answer {
    let headers = [NO_TOKEN, JSON, ("cookie", cookie)];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    test.call(method, path, &headers, body).await
}

fn clocked() -> (TestApp, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_000_000));
    (TestApp::with_clock(Arc::clone(&clock)), clock)
}

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let test = TestApp::new();
    login(&test, "ada", PASSWORD)
        .await
        .refused(401, "unauthorized");
    add(&test, "ada", Role::Admin);
    add(&test, "bob", Role::Viewer);
    for (name, password) in [("ada", "wrong wrong wrong"), ("nobody", PASSWORD), ("", "")] {
        let problem = login(&test, name, password)
            .await
            .refused(401, "unauthorized");
        assert_eq!(problem["detail"], "The name or the password is wrong.");
    }
    let answer = login(&test, "ADA", PASSWORD).await;
    let ada = cookie(&answer);
    assert!(!answer.text().contains(ada.split('=').nth(1).unwrap()));
    let bob = cookie(&login(&test, "bob", PASSWORD).await);
    let me = with(&test, &ada, "GET", "/api/v1/me", Value::Null)
        .await
        .ok();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("ada"), Some("admin"))
    );
    // Everybody sees their own sessions; who manages the server, all.
    let sessions = |answer: Value| answer["sessions"].as_array().unwrap().clone();
    let of_ada = sessions(
        with(&test, &ada, "GET", "/api/v1/sessions", Value::Null)
            .await
            .ok(),
    );
    let of_bob = sessions(
        with(&test, &bob, "GET", "/api/v1/sessions", Value::Null)
            .await
            .ok(),
    );
    assert_eq!((of_ada.len(), of_bob.len()), (2, 1));
    let current = of_ada
        .iter()
        .find(|session| session["current"] == true)
        .unwrap();
    let id = current["id"].as_str().unwrap();
    let path = format!("/api/v1/sessions/{id}");
    with(&test, &bob, "DELETE", &path, Value::Null)
        .await
        .refused(404, "session_not_found");
    let out = with(&test, &ada, "POST", "/api/v1/logout", Value::Null).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    with(&test, &ada, "GET", "/api/v1/me", Value::Null)
        .await
        .refused(401, "unauthorized");
    // What happened is written down, without a secret.
    let ada = cookie(&login(&test, "ada", PASSWORD).await);
    let audit = with(&test, &ada, "GET", "/api/v1/audit", Value::Null)
        .await
        .text();
    assert!(audit.contains("\"what\":\"login\"") && audit.contains("\"what\":\"logout\""));
    assert!(audit.contains("\"outcome\":\"refused\""));
    assert!(
        !audit.contains(PASSWORD) && !audit.contains("wrong wrong") && !audit.contains("argon2")
    );
}

#[tokio::test]
async fn a_thousand_guesses_lock_one_name_and_nobody_else() {
    let (test, clock) = clocked();
    add(&test, "ada", Role::Admin);
    add(&test, "bob", Role::Viewer);
    let mut answers = [0, 0];
    for number in 0..1_000 {
        let answer = login(&test, "ada", &format!("a wrong guess {number}")).await;
        match answer.status.as_u16() {
            401 => answers[0] += 1,
            429 => {
                assert_eq!(answer.header("retry-after"), "1");
                answers[1] += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(answers, [5, 995]);
    login(&test, "ada", PASSWORD)
        .await
        .refused(429, "too_many_requests");
    cookie(&login(&test, "bob", PASSWORD).await);
    clock.advance_ms(1_000);
    login(&test, "ada", "still wrong")
        .await
        .refused(401, "unauthorized");
    let answer = login(&test, "ada", PASSWORD).await;
    answer.refused(429, "too_many_requests");
    assert_eq!(answer.header("retry-after"), "2");
    clock.advance_ms(2_000);
    cookie(&login(&test, "ada", PASSWORD).await);
    login(&test, "ada", "wrong again")
        .await
        .refused(401, "unauthorized");
    cookie(&login(&test, "ada", PASSWORD).await);
}

#[tokio::test]
async fn sessions_end_by_time_by_a_new_password_and_when_the_user_is_disabled() {
    let (test, clock) = clocked();
    let accounts = test.state.accounts();
    accounts.add_user(&user("ada", Role::Admin)).unwrap();
    accounts.add_user(&user("bob", Role::Editor)).unwrap();
    let alive = async |cookie: &str| {
        let answer = with(&test, cookie, "GET", "/api/v1/me", Value::Null).await;
        answer.status == 200
    };
    let one = cookie(&login(&test, "bob", PASSWORD).await);
    let two = cookie(&login(&test, "bob", PASSWORD).await);
    let wrong = json!({"current": "not this one", "password": "another long one"});
    let refused = with(&test, &one, "POST", "/api/v1/me/password", wrong).await;
    assert_eq!(
        refused.refused(422, "invalid_account")["errors"][0]["pointer"],
        "/current"
    );
    let right = json!({"current": PASSWORD, "password": "another long one"});
    assert_eq!(
        with(&test, &one, "POST", "/api/v1/me/password", right)
            .await
            .status,
        204
    );
    assert!(alive(&one).await && !alive(&two).await);
    login(&test, "bob", PASSWORD)
        .await
        .refused(401, "unauthorized");
    let disabled = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    accounts.change_user("bob", &disabled).unwrap();
    assert!(!alive(&one).await);
    login(&test, "bob", "another long one")
        .await
        .refused(401, "unauthorized");
    let three = cookie(&login(&test, "ada", PASSWORD).await);
    clock.advance_ms(7 * 24 * 3_600_000);
    assert!(!alive(&three).await);
}

#[tokio::test]
async fn a_token_is_told_once_and_ends_at_once() {
    let (test, clock) = clocked();
    add(&test, "ada", Role::Admin);
    let ada = cookie(&login(&test, "ada", PASSWORD).await);
    let make = async |body: Value| with(&test, &ada, "POST", "/api/v1/tokens", body).await;
    make(json!({"name": " "}))
        .await
        .refused(422, "invalid_account");
    let made = make(json!({"name": "nightly", "role": "viewer", "days": 1}))
        .await
        .ok();
    let (id, secret) = (
        made["id"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let token = format!("Bearer {secret}");
    assert_eq!(
        test.by(&token, "GET", "/api/v1/me", "").await.ok()["role"],
        "viewer"
    );
    test.by(&token, "GET", "/api/v1/users", "")
        .await
        .refused(403, "not_allowed");
    // A token makes no others.
    test.by(&token, "POST", "/api/v1/tokens", r#"{"name":"x"}"#)
        .await
        .refused(403, "not_allowed");
    let listed = with(&test, &ada, "GET", "/api/v1/tokens", Value::Null)
        .await
        .text();
    assert!(listed.contains("nightly") && !listed.contains(secret));
    let path = format!("/api/v1/tokens/{id}");
    assert_eq!(
        with(&test, &ada, "DELETE", &path, Value::Null).await.status,
        204
    );
    test.by(&token, "GET", "/api/v1/me", "")
        .await
        .refused(401, "unauthorized");
    let made = make(json!({"name": "short", "days": 1})).await.ok();
    let token = format!("Bearer {}", made["secret"].as_str().unwrap());
    test.by(&token, "GET", "/api/v1/me", "").await.ok();
    clock.advance_ms(24 * 3_600_000);
    test.by(&token, "GET", "/api/v1/me", "")
        .await
        .refused(401, "unauthorized");
}

#[tokio::test]
async fn a_cookie_is_of_no_use_to_another_site() {
    let test = TestApp::new();
    add(&test, "ada", Role::Admin);
    let ada = cookie(&login(&test, "ada", PASSWORD).await);
    for other in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for (method, path) in [
            ("POST", "/api/v1/users"),
            ("POST", "/api/v1/logout"),
            ("GET", "/api/v1/me"),
        ] {
            let headers = [NO_TOKEN, JSON, ("cookie", ada.as_str()), other];
            let answer = test.call(method, path, &headers, "{}").await;
            answer.refused(403, "origin_not_allowed");
        }
        let body = json!({"name": "ada", "password": PASSWORD}).to_string();
        let headers = [NO_TOKEN, JSON, other];
        test.call("POST", "/api/v1/login", &headers, body)
            .await
            .refused(403, "origin_not_allowed");
    }
    // A form of another site cannot send JSON.
    let form = [
        NO_TOKEN,
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = test
        .call("POST", "/api/v1/login", &form, "name=ada&password=x")
        .await;
    answer.refused(415, "unsupported_media_type");
    let own = format!("http://{HOST}");
    let headers = [NO_TOKEN, ("cookie", ada.as_str()), ("origin", own.as_str())];
    assert_eq!(
        test.call("GET", "/api/v1/me", &headers, Body::empty())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn users_are_managed_and_the_last_administrator_stays() {
    let test = TestApp::new();
    add(&test, "ada", Role::Admin);
    let ada = cookie(&login(&test, "ada", PASSWORD).await);
    let make =
        json!({"name": "bob", "password": PASSWORD, "role": "editor", "grants": {"d": "viewer"}});
    let made = with(&test, &ada, "POST", "/api/v1/users", make.clone()).await;
    assert!(!made.text().contains("argon2") && !made.text().contains(PASSWORD));
    assert_eq!(made.ok()["grants"]["d"], "viewer");
    with(&test, &ada, "POST", "/api/v1/users", make)
        .await
        .refused(409, "user_exists");
    let change = json!({"role": "editor"});
    with(&test, &ada, "PATCH", "/api/v1/users/ada", change)
        .await
        .refused(409, "last_admin");
    with(&test, &ada, "DELETE", "/api/v1/users/ada", Value::Null)
        .await
        .refused(409, "last_admin");
    let problem = with(&test, &ada, "GET", "/api/v1/users/bop", Value::Null).await;
    assert_eq!(
        problem.refused(404, "user_not_found")["errors"][0]["suggestions"][0],
        "bob"
    );
    assert_eq!(
        with(&test, &ada, "DELETE", "/api/v1/users/bob", Value::Null)
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn the_page_asks_who_one_is_and_leads_back() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    let page = async |path: &str, cookie: &str| {
        test.call("GET", path, &[NO_TOKEN, ("cookie", cookie)], Body::empty())
            .await
    };
    // Where nobody signs in, it leads on.
    assert_eq!(page("/login", "").await.header("location"), "/");
    add(&test, "ada", Role::Admin);
    let answer = page("/d/d/s/s?prefix=[1]", "").await;
    let to = answer.header("location").to_owned();
    assert_eq!(
        (answer.status.as_u16(), to.as_str()),
        (303, "/login?next=%2Fd%2Fd%2Fs%2Fs%3Fprefix%3D%255B1%255D")
    );
    let asks = page(&to, "").await;
    assert!(asks.text().contains("autocomplete=\"current-password\""));
    for elsewhere in [
        "//evil.example",
        "/%5Cevil.example",
        "https://evil.example",
        "javascript:alert(1)",
    ] {
        let text = page(&format!("/login?next={elsewhere}"), "").await.text();
        assert!(text.contains("data-next=\"/\""), "{elsewhere}");
    }
    let ada = cookie(&login(&test, "ada", PASSWORD).await);
    assert_eq!(page(&to, &ada).await.status, 303);
    assert_eq!(page("/d/d/s/s", &ada).await.status, 200);
}
