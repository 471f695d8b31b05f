//! An application over a folder of its own, and requests to it.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use sop::ManualClock;
use sop_httpserver::config::{Config, Secret};
use sop_httpserver::copilot::Parts;
use sop_httpserver::environments::Environments;
use sop_httpserver::{AppState, app};
use sop_systemdb::accounts::{NewToken, NewUser};
use sop_systemdb::script::Schedule;
use sop_systemdb::system::System;
use tower::ServiceExt as _;

/// The token of every test server.
pub const TOKEN: &str = "token-of-the-test-server";
/// The host that test requests name.
pub const HOST: &str = "127.0.0.1:8080";

/// An application and its folder.
pub struct TestApp {
    pub app: axum::Router,
    pub state: AppState,
    folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body of an answer that must be good.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Checks that the answer is this problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), problem["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text()
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {problem}"
            );
        }
        problem
    }
}

/// Settings over a folder.
pub fn config(folder: &Path) -> Config {
    Config {
        data: folder.join("data"),
        token: Some(Secret::new(TOKEN)),
        ..Config::default()
    }
}

/// Makes the only schedule there is due, as if its last run were long ago.
pub fn make_due(system: &System, name: &str) {
    let mut schedule = system.schedules().unwrap().remove(0).schedule;
    schedule.last_ms = 0;
    let change = |tx: &sop::Transaction| {
        let store = tx.store::<String, Schedule>("schedules")?;
        store.upsert(name, &schedule)
    };
    let held = system.database(sop::Mode::Write).unwrap();
    held.transact(change).unwrap();
}

impl TestApp {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With changed settings.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::over(tempfile::tempdir().unwrap(), change)
    }

    fn over(folder: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        Self::over_parts(folder, change, Parts::default())
    }

    /// With changed settings and other parts for the copilot.
    pub fn with_parts(change: impl FnOnce(&mut Config), parts: Parts) -> Self {
        Self::over_parts(tempfile::tempdir().unwrap(), change, parts)
    }

    fn over_parts(
        folder: tempfile::TempDir,
        change: impl FnOnce(&mut Config),
        parts: Parts,
    ) -> Self {
        let mut config = config(folder.path());
        change(&mut config);
        config.check().unwrap();
        let environments = Environments::open(&config).unwrap();
        let state = AppState::with_parts(&config, 8080, environments, parts);
        Self {
            app: app(state.clone()),
            state,
            folder,
        }
    }

    /// With a clock that stands still until it is moved.
    pub fn with_clock(clock: Arc<ManualClock>) -> Self {
        Self::whole(|config| Environments::open_with(config, clock).unwrap())
    }

    /// With all that a server has, and a system database that others use, too.
    pub fn sharing(system: &Path) -> Self {
        let open = |config: &Config| Environments::open(config).unwrap();
        Self::whole_with(
            |config| config.system_database = Some(system.to_owned()),
            open,
        )
    }

    /// With all that a server has: the copilot keeps its talks in the system database.
    pub fn whole(environments: impl FnOnce(&Config) -> Environments) -> Self {
        Self::whole_with(|_| {}, environments)
    }

    fn whole_with(
        change: impl FnOnce(&mut Config),
        environments: impl FnOnce(&Config) -> Environments,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let environments = environments(&config);
        let state = AppState::new(&config, 8080, environments);
        Self {
            app: app(state.clone()),
            state,
            folder,
        }
    }

    /// Makes a user, and gives a token of theirs as a header.
    pub fn user(&self, new: &NewUser) -> String {
        let accounts = self.state.accounts();
        accounts.add_user(new).unwrap();
        let wish = NewToken {
            user: new.name.clone(),
            name: "test".to_owned(),
            ..NewToken::default()
        };
        format!("Bearer {}", accounts.make_token(&wish).unwrap().1)
    }

    /// A request of somebody with a JSON body.
    pub async fn by(&self, who: &str, method: &str, path: &str, body: impl ToString) -> Answer {
        let headers = [("authorization", who), ("content-type", "application/json")];
        self.call(method, path, &headers, body.to_string()).await
    }

    /// Ends the application and starts another over the same folder.
    pub fn restart(self) -> Self {
        self.state.environments().close_all();
        Self::over(self.folder, |_| {})
    }

    /// The folder that holds the data root.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap()
            .to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// A signed-in request with a body and headers.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.send(request(method, path, headers).body(body.into()).unwrap())
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], Body::empty()).await
    }

    /// A JSON body.
    pub async fn put_json(&self, method: &str, path: &str, body: impl ToString) -> Answer {
        self.call(
            method,
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    pub async fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.put_json("POST", path, body).await
    }

    /// Makes a database `d` with an empty store `s` of this key type.
    pub async fn with_store(key: Value) -> Self {
        let test = Self::new();
        test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
        test.add_store("s", key).await;
        test
    }

    pub async fn add_store(&self, name: &str, key: Value) {
        let body = serde_json::json!({"name": name, "key": key});
        self.post("/api/v1/databases/d/stores", body).await.ok();
    }

    /// Inserts items into store `s`.
    pub async fn fill(&self, keys: impl IntoIterator<Item = Value>) {
        for key in keys {
            let body = serde_json::json!({"key": key, "value": {"of": key}});
            self.post("/api/v1/databases/d/stores/s/items", body)
                .await
                .ok();
        }
    }
}

/// The start of a signed-in request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> axum::http::request::Builder {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path);
    let given = |name: &str| {
        headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    if !given("host") {
        request = request.header(header::HOST, HOST);
    }
    if !given("authorization") {
        request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    request
}

/// A text as part of an address.
#[allow(clippy::needless_pass_by_value, reason = "shorter where it is called")]
pub fn escaped(text: impl ToString) -> String {
    percent_encoding::utf8_percent_encode(&text.to_string(), percent_encoding::NON_ALPHANUMERIC)
        .to_string()
}
