//! The same questions to the model that is configured, through the whole server: `scripts/eval --provider`.
//!
//! The model is named by `SOP_LLM_PROVIDER`, `SOP_LLM_MODEL`, `SOP_LLM_BASE_URL` and `SOP_LLM_API_KEY`, as for the program. An
//! answer is the rows of the last tool that gave some, a change the one that was proposed; none is made. A model that
//! answers in words alone has refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sop_httpserver::config::{ProviderKind, Secret, Share};
use sop_httpserver::copilot::Parts;
use sop_query::sql::{Column, Table};

use super::data::{Subject, fill};
use super::judge::{self, Verdict};
use super::{Eval, Score};
use crate::api::chatting::{Chat, Event, of};
use crate::api::fake_model::{FakeModel, Reply, Step, call, say};
use crate::api::support::TestApp;

/// What an answer was.
enum Given {
    /// What people are shown of them, and the call that gave them.
    Rows(Table, String, Value),
    Change(String, Value),
    Nothing,
    /// The provider did not answer, or the loop was ended: that is no refusal of the model's.
    Failed(String),
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

/// The tool and the arguments of a call.
fn called(events: &[Event], call: &Value) -> (String, Value) {
    let starts = of(events, "tool-start");
    let start = starts.iter().find(|start| start["call"] == *call);
    start.map_or_else(Default::default, |start| {
        let tool = start["tool"].as_str().unwrap_or_default().to_owned();
        (tool, start["args"].clone())
    })
}

fn given(events: &[Event]) -> Given {
    if let Some(wished) = of(events, "approval-requested").first() {
        let (tool, args) = called(events, &wished["call"]);
        return Given::Change(tool, args);
    }
    let outputs = of(events, "tool-output");
    let mut outputs = outputs.iter().rev();
    let last = outputs.find(|data| data["rows"].is_array() && data["columns"].is_array());
    match last {
        Some(data) => {
            let (tool, args) = called(events, &data["call"]);
            Given::Rows(table(data), tool, args)
        }
        None => match of(events, "error").first() {
            Some(error) => Given::Failed(error.to_string()),
            None => Given::Nothing,
        },
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
    let is_change = eval.kind == "write";
    let fault = |sql: &str| match given {
        Given::Rows(..) if is_change => Some("rows were given, and nothing was changed".to_owned()),
        Given::Change(..) if !is_change => Some("a change was proposed, not rows".to_owned()),
        Given::Rows(shown, tool, args) => {
            let whole = judge::read(subject, tool, args);
            judge::differs_from(subject, whole.as_ref().unwrap_or(shown), sql)
        }
        Given::Change(tool, args) => judge::changes_otherwise(subject, tool, args, sql),
        Given::Nothing | Given::Failed(_) => Some("it was not answered".to_owned()),
    };
    match (given, expected.as_slice()) {
        (Given::Failed(error), _) => (Verdict::Refused, error.clone()),
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

/// The score of a server's model on the questions of these databases that are wanted; none when data is missing.
async fn score(chat: &Chat, names: &[&str], wanted: impl Fn(&Eval) -> bool) -> Option<Score> {
    let mut total = Score::default();
    let mut subjects = Vec::new();
    for name in names {
        subjects.push((*name, Subject::open(name)?));
        let body = json!({ "name": name });
        let made = chat.test.post("/api/v1/databases", body).await.status == 201;
        let database = chat.test.state.registry().database(name).unwrap();
        if made {
            fill(name, &database)?;
        }
    }
    for ending in ["open", "held_out"] {
        let mut scores = super::Scores::default();
        for (name, subject) in &subjects {
            for eval in super::chosen(name, ending).iter().filter(|one| wanted(one)) {
                let (given, said) = ask(chat, name, eval).await;
                let (verdict, why) = verdict(subject, eval, &given);
                total.add(verdict);
                scores.add(name, eval, verdict, &format!("{said}\n    {why}"));
            }
        }
        println!("{}", scores.report(ending));
    }
    println!("{}", total.row("everything"));
    Some(total)
}

/// Asked for by its name: it costs money.
#[tokio::test]
#[ignore = "asks the model that is configured"]
async fn the_configured_model_is_scored() {
    score(&server().await, &["chinook", "shop"], |_| true).await;
}

/// What the scripted model does with a question: the first of each kind is answered well, the second badly.
fn scripted(all: &[Eval]) -> BTreeMap<String, Step> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let steps = all.iter().map(|eval| {
        let number = seen.entry(&eval.kind).or_default();
        *number += 1;
        let step = match (eval.sql.statements().first(), *number) {
            (None, 1) => say("Nothing here says so."),
            (None, _) => call("query", json!({"sql": "SELECT 1"})),
            (Some(sql), 1) if eval.kind == "write" => call("execute", json!({ "sql": sql })),
            (Some(sql), 1) => call("query", json!({ "sql": sql })),
            (Some(_), 2) => call("query", json!({"sql": "SELECT 'nonsense'"})),
            (Some(_), _) => say("I do not know."),
        };
        (eval.ask.concat(), step)
    });
    steps.collect()
}

/// The whole way that `scripts/eval --provider` takes, in each wire format, with a model of which is known how well it does.
#[tokio::test]
async fn a_scripted_model_gets_the_score_that_it_deserves() {
    if std::env::var_os("SOP_EVAL").is_some() {
        return;
    }
    let kinds = ["list", "count", "write", "unanswerable"];
    let mut all = super::chosen("shop", "open");
    all.retain(|eval| kinds.contains(&eval.kind.as_str()));
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    all.retain(|eval| {
        let number = taken.entry(eval.kind.clone()).or_default();
        *number += 1;
        *number <= 3
    });
    for kind in [
        ProviderKind::Openai,
        ProviderKind::Anthropic,
        ProviderKind::Gemini,
        ProviderKind::Ollama,
    ] {
        let chat = Chat::with_real_tools(kind).await;
        let steps = scripted(&all);
        let answered = Mutex::new(BTreeSet::new());
        let answer = move |body: &Value| {
            let body = body.to_string();
            let asked = steps
                .iter()
                .filter(|(question, _)| body.contains(*question));
            let Some((question, step)) = asked.max_by_key(|(question, _)| question.len()) else {
                return vec![say("Which question?")];
            };
            match answered.lock().insert(question.clone()) {
                true => vec![step.clone()],
                false => vec![say("That is all.")],
            }
        };
        chat.model.always(Reply::By(Arc::new(answer)));
        let wanted = |eval: &Eval| all.iter().any(|one| one.ask == eval.ask);
        let score = score(&chat, &["shop"], wanted).await.unwrap();
        // Of each kind one is right, one wrong and one not answered; what can't be answered is right if it is not.
        let [right, unsure, wrong, refused] = score.counts;
        assert_eq!((right, unsure, wrong, refused), (4, 0, 5, 3), "{kind:?}");
        let broken = Reply::Status(400, Vec::new(), "{}".to_owned());
        chat.model.always(broken);
        let unanswerable = |eval: &Eval| eval.sql.statements().is_empty() && wanted(eval);
        let failed = self::score(&chat, &["shop"], unanswerable).await.unwrap();
        assert_eq!(
            failed.counts[0], 0,
            "no answer of the provider is none of the model"
        );
    }
}
