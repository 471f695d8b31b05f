//! The same questions to the model that is configured, through the whole server: `scripts/eval --provider`.
//!
//! The model is named by `SOP_LLM_PROVIDER`, `SOP_LLM_MODEL`, `SOP_LLM_BASE_URL` and `SOP_LLM_API_KEY`, as for the program. An
//! answer is the rows of the last tool that gave some, a change the one that was proposed; none is made. A model that
//! answers in words alone has refused.

use std::sync::Arc;

use serde_json::{Value, json};
use sop_httpserver::config::{ProviderKind, Secret, Share};
use sop_httpserver::copilot::Parts;
use sop_query::sql::{Column, Table};

use super::data::{Subject, fill};
use super::judge::{self, Verdict};
use super::{Eval, Score};
use crate::api::chatting::{Chat, Event, of};
use crate::api::fake_model::FakeModel;
use crate::api::support::TestApp;

/// What an answer was.
enum Given {
    Rows(Table),
    Change(String, Value),
    Nothing,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// A server with the model of the environment.
async fn server() -> Chat {
    let kind: ProviderKind = variable("SOP_LLM_PROVIDER")
        .expect("SOP_LLM_PROVIDER says whose model is asked")
        .parse()
        .unwrap();
    // Nobody asks this one; it is a part of what a talk in tests has.
    let unused = FakeModel::start(kind).await;
    let test = TestApp::with_parts(
        |config| {
            config.llm.provider = Some(kind);
            config.llm.model = variable("SOP_LLM_MODEL");
            config.llm.base_url = variable("SOP_LLM_BASE_URL");
            config.llm.key = variable("SOP_LLM_API_KEY").map(Secret::new);
            config.llm.allow_private = true;
            config.llm.share = Share::Rows;
        },
        Parts::default(),
    );
    Chat {
        test: Arc::new(test),
        model: unused,
        tools: Arc::default(),
        knowledge: Arc::default(),
        sessions: Arc::default(),
    }
}

/// Asks all questions of one conversation; what came of the last.
async fn ask(chat: &Chat, database: &str, eval: &Eval) -> (Given, String) {
    let mut session: Option<String> = None;
    let mut events = Vec::new();
    for question in &eval.ask {
        let mut body = json!({"message": question, "database": database});
        if let Some(session) = &session {
            body["session"] = session.as_str().into();
        }
        let mut stream = chat.ask(body).await;
        events = Vec::new();
        while let Some(event) = stream.next().await {
            if event.name == "session" {
                session = event.data["session"].as_str().map(str::to_owned);
            }
            if event.name == "approval-requested" {
                let no = json!({"call": event.data["call"], "approve": false, "reason": "This is a test: say that it would be done and end."});
                let _ = chat
                    .decide(session.as_deref().unwrap_or_default(), no)
                    .await;
            }
            events.push(event);
        }
    }
    let said: Vec<&str> = of(&events, "text-delta")
        .iter()
        .filter_map(|data| data["text"].as_str())
        .collect();
    (given(&events), format!("    {}", said.concat()))
}

fn given(events: &[Event]) -> Given {
    if let Some(wished) = of(events, "approval-requested").first() {
        let starts = of(events, "tool-start");
        let start = starts.iter().find(|start| start["call"] == wished["call"]);
        let (tool, args) = start.map_or_else(Default::default, |start| {
            let tool = start["tool"].as_str().unwrap_or_default().to_owned();
            (tool, start["args"].clone())
        });
        return Given::Change(tool, args);
    }
    let outputs = of(events, "tool-output");
    let mut outputs = outputs.iter().rev();
    let last = outputs.find(|data| data["rows"].is_array() && data["columns"].is_array());
    match last {
        Some(data) => Given::Rows(table(data)),
        None => Given::Nothing,
    }
}

fn table(data: &Value) -> Table {
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let columns = array(&data["columns"]).into_iter().map(|column| Column {
        name: column["name"].as_str().unwrap_or_default().to_owned(),
        kind: "any".to_owned(),
    });
    let rows = array(&data["rows"]).into_iter().map(|row| {
        let row = array(&row);
        row.iter().map(sop_query::sql::Value::from_json).collect()
    });
    Table {
        columns: columns.collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn verdict(subject: &Subject, eval: &Eval, given: &Given) -> (Verdict, String) {
    let expected = eval.sql.statements();
    let fault = |sql: &str| match given {
        Given::Rows(found) => judge::differs_from(subject, found, sql),
        Given::Change(tool, args) => judge::changes_otherwise(subject, tool, args, sql),
        Given::Nothing => Some("it was not answered".to_owned()),
    };
    match (given, expected.as_slice()) {
        (Given::Nothing, []) => (Verdict::Right, String::new()),
        (Given::Nothing, _) => (Verdict::Refused, String::new()),
        (_, []) => (Verdict::Wrong, "it can't be answered".to_owned()),
        (_, all) => {
            let faults: Vec<String> = all.iter().filter_map(|sql| fault(sql)).collect();
            match faults.len() < all.len() {
                true => (Verdict::Right, String::new()),
                false => (
                    Verdict::Wrong,
                    faults.into_iter().next().unwrap_or_default(),
                ),
            }
        }
    }
}

/// Asked for by its name: it costs money.
#[tokio::test]
#[ignore = "asks the model that is configured"]
async fn the_configured_model_is_scored() {
    let chat = server().await;
    let mut total = Score::default();
    for ending in ["open", "held_out"] {
        let mut scores = super::Scores::default();
        for name in ["chinook", "shop"] {
            let Some(subject) = Subject::open(name) else {
                return;
            };
            if ending == "open" {
                let body = json!({ "name": name });
                chat.test.post("/api/v1/databases", body).await.ok();
                let database = chat.test.state.registry().database(name).unwrap();
                fill(name, &database).unwrap();
            }
            for eval in super::chosen(name, ending) {
                let (given, said) = ask(&chat, name, &eval).await;
                let (verdict, why) = verdict(&subject, &eval, &given);
                total.add(verdict);
                scores.add(name, &eval, verdict, &format!("{said}\n    {why}"));
            }
        }
        println!("{}", scores.report(ending));
    }
    println!("{}", total.row("everything"));
}
