//! A server with a scripted model and scripted tools, and talks with it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sop_httpserver::config::{Config, ProviderKind, Secret, Share};
use sop_httpserver::copilot::{
    Commands, Host, MemoryKnowledge, MemorySessions, Parts, ToolAccess, ToolContext,
};
use sop_systemdb::tool::{Column, Table, ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};
use tower::ServiceExt as _;

use super::fake_model::FakeModel;
use super::support::{Answer, TestApp, request};

/// The key of the scripted provider.
pub const KEY: &str = "sk-the-secret-key-of-the-provider";
/// Nothing in these tests takes so long; a test that hangs ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tools over a list of numbers, for tests that need to look behind them.
#[derive(Default)]
pub struct FakeTools {
    /// The data: the tool `delete` takes those that are smaller than `below`.
    pub numbers: Mutex<Vec<i64>>,
    /// Every call that ran, not those that were proposed.
    pub ran: Mutex<Vec<(String, Value)>>,
    /// What the tool `read` gives as rows.
    pub rows: Mutex<Vec<Vec<Value>>>,
}

pub struct FakeAccess(pub Arc<FakeTools>);

struct FakeHost(Arc<FakeTools>);

impl ToolAccess for FakeAccess {
    fn host(&self, _: &ToolContext) -> Host {
        Arc::new(FakeHost(Arc::clone(&self.0)))
    }
}

fn spec(name: &str, class: ToolClass) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("The tool {name}."),
        class,
        parameters: json!({"type": "object", "properties": {}}),
        positional: Vec::new(),
    }
}

impl ToolHost for FakeHost {
    fn specs(&self) -> Vec<ToolSpec> {
        vec![
            spec("read", ToolClass::Read),
            spec("delete", ToolClass::Write),
            spec("drop", ToolClass::Admin),
        ]
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        self.0.ran.lock().push((name.to_owned(), args.clone()));
        match name {
            "read" => self.read(&args),
            "delete" => {
                let done = self.propose(name, args.clone())?;
                let below = args["below"].as_i64().unwrap_or(0);
                self.0.numbers.lock().retain(|number| *number >= below);
                Ok(done)
            }
            _ => Err(ToolFault::new("not_allowed", "This is not allowed here.")),
        }
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        if name != "delete" {
            return Err(ToolFault::new("not_allowed", "This is not allowed here."));
        }
        let below = args["below"].as_i64().unwrap_or(0);
        let numbers = self.0.numbers.lock();
        let rows = numbers.iter().filter(|number| **number < below);
        let rows: Vec<Value> = rows
            .map(|n| json!({"op": "delete", "key": n, "before": n}))
            .collect();
        Ok(ToolOutput {
            summary: format!("{} items", rows.len()),
            changes: Some(json!({"count": rows.len(), "rows": rows})),
            statement: Some(format!("DELETE FROM numbers WHERE n < {below}")),
            ..ToolOutput::default()
        })
    }
}

impl FakeHost {
    fn read(&self, args: &Value) -> Result<ToolOutput, ToolFault> {
        if args["field"] == json!("nam") {
            let fault = ToolFault::new("field_not_found", "There is no field 'nam'.");
            return Err(fault.suggest(vec!["name".to_owned()]));
        }
        Ok(ToolOutput {
            summary: "rows".to_owned(),
            table: Some(Table {
                columns: vec![Column {
                    name: "name".to_owned(),
                    kind: "string".to_owned(),
                }],
                rows: self.0.rows.lock().clone(),
                truncated: false,
            }),
            stats: json!({"rows": 1}),
            ..ToolOutput::default()
        })
    }
}

/// See the module.
pub struct Chat {
    pub test: Arc<TestApp>,
    pub model: FakeModel,
    pub tools: Arc<FakeTools>,
    pub knowledge: Arc<MemoryKnowledge>,
    pub sessions: Arc<MemorySessions>,
}

/// An event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

/// The events of a response.
pub struct Events {
    body: Body,
    text: String,
}

/// Settings that ask this model, with a key.
pub fn asks(config: &mut Config, model: &FakeModel) {
    config.llm.provider = Some(model.kind);
    config.llm.model = Some("scripted-1".to_owned());
    config.llm.base_url = Some(format!("http://127.0.0.1:{}", model.port));
    config.llm.key = Some(Secret::new(KEY));
    config.llm.allow_private = true;
    config.llm.share = Share::Rows;
}

impl Chat {
    /// With scripted tools, and Gemini's format.
    pub async fn new() -> Self {
        Self::with(ProviderKind::Gemini, |_| {}).await
    }

    pub async fn with(kind: ProviderKind, change: impl FnOnce(&mut Config)) -> Self {
        Self::make(kind, change, true).await
    }

    /// With the tools of the server.
    pub async fn real(change: impl FnOnce(&mut Config)) -> Self {
        Self::make(ProviderKind::Gemini, change, false).await
    }

    /// With the tools of the server, and any format.
    pub async fn with_real_tools(kind: ProviderKind) -> Self {
        Self::make(kind, |_| {}, false).await
    }

    async fn make(kind: ProviderKind, change: impl FnOnce(&mut Config), fake: bool) -> Self {
        let model = FakeModel::start(kind).await;
        let tools = Arc::new(FakeTools::default());
        let knowledge = Arc::new(MemoryKnowledge::default());
        let sessions = Arc::new(MemorySessions::default());
        let parts = Parts {
            knowledge: Arc::clone(&knowledge) as _,
            store: Arc::clone(&sessions) as _,
            ..Parts::default()
        };
        let parts = match fake {
            true => Parts {
                tools: Arc::new(FakeAccess(Arc::clone(&tools))),
                ..parts
            },
            false => Parts {
                slash: Arc::new(Commands),
                ..parts
            },
        };
        let test = TestApp::with_parts(
            |config| {
                asks(config, &model);
                change(config);
            },
            parts,
        );
        test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
        Self {
            test: Arc::new(test),
            model,
            tools,
            knowledge,
            sessions,
        }
    }

    /// A database with users 1 to 5 in store `users`.
    pub async fn with_users(&self) {
        let body = json!({"name": "users", "key": {"type": "i64"}});
        self.test
            .post("/api/v1/databases/d/stores", body)
            .await
            .ok();
        for (key, name) in ["Alice", "Bob", "Charlie", "Dave", "Eve"]
            .iter()
            .enumerate()
        {
            let body = json!({"key": key + 1, "value": {"name": name, "active": key < 3}});
            self.test
                .post("/api/v1/databases/d/stores/users/items", body)
                .await
                .ok();
        }
    }

    pub async fn sql(&self, sql: &str) -> Value {
        let body = json!({"sql": sql});
        self.test.post("/api/v1/databases/d/query", body).await.ok()
    }

    /// Asks, and gives the events as they come.
    pub async fn ask(&self, body: Value) -> Events {
        let mut whole = json!({"database": "d"});
        whole
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let headers = [("content-type", "application/json")];
        self.stream("POST", "/api/v1/chat", &headers, whole.to_string())
            .await
    }

    pub async fn stream(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Events {
        let request = request(method, path, headers)
            .body(Body::from(body))
            .unwrap();
        let response = self.test.app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let mut events = Events {
            body: response.into_body(),
            text: String::new(),
        };
        if status != 200 {
            let mut text = String::new();
            while let Some(more) = events.more().await {
                text.push_str(&more);
            }
            panic!("{status}: {text}");
        }
        events
    }

    /// Asks, and gives all events.
    pub async fn talk(&self, message: &str) -> Vec<Event> {
        self.ask(json!({"message": message})).await.rest().await
    }

    /// Goes on in a session.
    pub async fn go_on(&self, session: &str, message: &str) -> Vec<Event> {
        self.ask(json!({"session": session, "message": message}))
            .await
            .rest()
            .await
    }

    pub async fn decide(&self, session: &str, body: Value) -> Answer {
        self.test
            .post(&format!("/api/v1/chat/{session}/approve"), body)
            .await
    }
}

impl Events {
    async fn more(&mut self) -> Option<String> {
        let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await;
        let frame = frame.expect("the stream hangs")?;
        let bytes = frame.unwrap().into_data().unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().to_owned()
                };
                if field("event: ").is_empty() {
                    continue;
                }
                return Some(Event {
                    id: field("id: "),
                    name: field("event: "),
                    data: serde_json::from_str(&field("data: ")).unwrap(),
                });
            }
            let more = self.more().await?;
            self.text.push_str(&more);
        }
    }

    /// The session, from the first event.
    pub async fn session(&mut self) -> String {
        let first = self.next().await.unwrap();
        first.data["session"].as_str().unwrap().to_owned()
    }

    /// The session, and the first change that waits for a person.
    pub async fn proposal(&mut self) -> (String, Value) {
        let session = self.session().await;
        (session, self.until("approval-requested").await.data)
    }

    /// The next event of this name; those before it are passed over.
    pub async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("no {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// All that is left.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

/// The names of events, those of text once for each run.
pub fn names(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    names
}

/// The events of one name.
pub fn of<'a>(events: &'a [Event], name: &str) -> Vec<&'a Value> {
    let found = events.iter().filter(|event| event.name == name);
    found.map(|event| &event.data).collect()
}

/// All text of an answer.
pub fn text(events: &[Event]) -> String {
    of(events, "text-delta")
        .iter()
        .map(|data| data["text"].as_str().unwrap())
        .collect()
}

/// The id of the session.
pub fn session(events: &[Event]) -> String {
    of(events, "session")[0]["session"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Why it ended.
pub fn finish(events: &[Event]) -> &str {
    of(events, "finish").last().unwrap()["reason"]
        .as_str()
        .unwrap()
}
