//! The case files of the query layer (`engine/query/tests/sql/cases`) through the interface: one real server, the same
//! statements, answers in lines and as one object, the same expected rows.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sop::OpenOptions;
use sop_httpserver::environments::Environments;
use sop_httpserver::serve::{bind, serve};
use sop_httpserver::{AppState, app};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::support::{TOKEN, config};
use crate::data::{self, chinook};
use crate::harness::plain::Plain;
use crate::harness::{
    Answer, Case, Cell, Expect, Failure, Params, Setup, Statement, Subject, TestFile, run,
};

/// Databases of the case files.
const DATABASES: [&str; 3] = ["chinook", "people", "shop"];

/// Why a case says nothing here; `None` for those that run.
fn skipped(case: &Case) -> Option<&'static str> {
    if let Expect::Fails(failure) = &case.expect
        && failure.code == "read_only"
    {
        return Some("a request may always write; what is read-only is the database");
    }
    let has_bytes = match &case.expect {
        Expect::Rows(rows) => rows
            .iter()
            .flatten()
            .any(|cell| matches!(cell, Cell::Blob(_))),
        Expect::FromSqlite => case.sql.contains(" x'") || case.sql.contains(" unhex("),
        _ => false,
    };
    if has_bytes {
        return Some(
            "bytes are base64 in JSON, and a computed column does not say that it has bytes",
        );
    }
    None
}

fn files() -> Vec<TestFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/query/tests/sql/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "sqltest"))
        .collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        TestFile::parse(name, &text).unwrap_or_else(|fault| panic!("{fault}"))
    };
    paths.iter().map(read).collect()
}

/// A server on a socket, asked from a thread outside of its runtime.
struct Server {
    runtime: Runtime,
    client: reqwest::Client,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// With a database for each name, filled from the dataset that is said with it.
    fn start(databases: &BTreeSet<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.limits.query_rows = 1_000_000;
        std::fs::create_dir_all(&config.data).unwrap();
        for (name, dataset) in databases {
            let db = OpenOptions::new().open(config.data.join(name)).unwrap();
            data::dataset(dataset).unwrap().fill(&db);
            db.close().unwrap();
        }
        // The client wants cryptography to be there, also where it needs none; another test may have named it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let address = runtime.block_on(async {
            let listener = bind("127.0.0.1", 0).await.unwrap();
            let address = listener.local_addr().unwrap();
            let environments = Environments::open(&config).unwrap();
            let state = AppState::new(&config, address.port(), environments);
            tokio::spawn(async move {
                let stopped = async { stopped.await.unwrap_or_default() };
                serve(listener, None, app(state), &config.limits, stopped).await;
            });
            address
        });
        Self {
            runtime,
            client: reqwest::Client::new(),
            address,
            stop,
            _folder: folder,
        }
    }

    /// The status and text of an answer.
    fn ask(&self, database: &str, body: &Value, accept: &str) -> (u16, String) {
        let address = self.address;
        let url = format!("http://{address}/api/v1/databases/{database}/query");
        let request = self
            .client
            .post(url)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .header("accept", accept)
            .body(body.to_string());
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, response.text().await.unwrap())
        })
    }
}

/// A database of the server.
struct Database {
    server: Rc<Server>,
    name: String,
    /// Whether answers are lines.
    lines: bool,
}

impl Subject for Database {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure> {
        let body = json!({
            "sql": statement.sql,
            "params": params(statement.params),
            "dry_run": statement.dry_run,
        });
        let accept = match self.lines {
            true => "application/x-ndjson",
            false => "application/json",
        };
        let (status, text) = self.server.ask(&self.name, &body, accept);
        if status != 200 {
            return Err(failure(&parsed(&text)));
        }
        match self.lines {
            true => from_lines(&text),
            false => Ok(from_object(&parsed(&text))),
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn params(params: &Params) -> Value {
    let json = |cell: &Cell| serde_json::from_str::<Value>(&cell.to_string()).unwrap();
    match params {
        Params::None => Value::Null,
        Params::Positional(values) => values.iter().map(json).collect(),
        Params::Named(values) => values
            .iter()
            .map(|(name, value)| (name.clone(), json(value)))
            .collect(),
    }
}

/// The last result of an answer in lines.
fn from_lines(text: &str) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    let mut columns = Value::Null;
    let mut ended = false;
    for line in text.lines().map(parsed) {
        assert!(!ended, "a line behind the last: {line}");
        if let Some(error) = line.get("error") {
            return Err(failure(error));
        }
        if let Some(cells) = line.as_array() {
            answer.rows.push(row(&columns, cells));
        } else if let Some(found) = line.get("columns") {
            columns = found.clone();
            answer.columns = names(&columns);
            answer.rows.clear();
        } else if let Some(stats) = line.get("stats") {
            answer.changes = stats["changed"].as_u64();
            ended = true;
        }
    }
    assert!(ended, "no last line: {text}");
    Ok(answer)
}

fn from_object(body: &Value) -> Answer {
    assert_eq!(body["truncated"], false);
    let columns = &body["columns"];
    let rows = body["rows"].as_array().map_or(&[][..], Vec::as_slice);
    Answer {
        columns: names(columns),
        rows: rows
            .iter()
            .map(|cells| row(columns, cells.as_array().unwrap()))
            .collect(),
        changes: body["stats"]["changed"].as_u64(),
    }
}

fn names(columns: &Value) -> Vec<String> {
    let columns = columns.as_array().map_or(&[][..], Vec::as_slice);
    let name = |column: &Value| column["name"].as_str().unwrap().to_owned();
    columns.iter().map(name).collect()
}

fn row(columns: &Value, cells: &[Value]) -> Vec<Cell> {
    let cell = |(at, cell): (usize, &Value)| match (columns[at]["type"].as_str(), cell.as_str()) {
        (Some("bytes"), Some(text)) => Cell::Blob(STANDARD.decode(text).unwrap()),
        _ => Cell::from_json(cell.clone()),
    };
    cells.iter().enumerate().map(cell).collect()
}

/// A problem as the library says it.
fn failure(problem: &Value) -> Failure {
    let code = match problem["code"].as_str().unwrap() {
        "time_limit" => "timeout",
        "statement_too_large" => "too_large",
        "storage_error" => "engine_error",
        // The interface says which.
        "key_exists" | "rule_violation" => "constraint",
        code => code,
    };
    let detail = problem["detail"].as_str().unwrap();
    // Sentences begin with a capital letter here.
    let mut letters = detail.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let lower: String = first.into_iter().chain(letters).collect();
    let fault = &problem["errors"][0];
    let suggestions = fault["suggestions"].as_array();
    Failure {
        code: code.to_owned(),
        message: format!("{detail}\n{lower}"),
        at: fault["at"].as_u64().and_then(|at| usize::try_from(at).ok()),
        suggestions: suggestions
            .into_iter()
            .flatten()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect(),
    }
}

/// What expected rows come from.
fn sqlite(database: &str) -> Box<dyn Subject> {
    Box::new(match database {
        "chinook" => Plain::file(&chinook::file().unwrap()),
        _ => data::dataset(database).unwrap().plain(),
    })
}

/// The database that a file asks: one of its own where it changes it.
fn database(file: &TestFile, dataset: &str, lines: bool) -> String {
    let writes = file
        .cases
        .iter()
        .any(|case| case.database == dataset && (case.write || case.dry_run));
    match writes {
        true => format!("{dataset}_{}_{lines}", file.name),
        false => dataset.to_owned(),
    }
}

#[test]
fn the_case_files_hold_over_http() {
    let mut files = files();
    let has_chinook = chinook::file().is_some();
    let mut skips = Vec::new();
    for file in &mut files {
        file.cases.retain(|case| {
            let reason = skipped(case);
            if let Some(reason) = reason {
                skips.push(format!(
                    "{}:{} {}: {reason}",
                    file.name, case.line, case.name
                ));
            }
            reason.is_none() && (has_chinook || case.database != "chinook")
        });
    }
    let mut wanted = BTreeSet::new();
    for file in &files {
        for dataset in DATABASES {
            if file.cases.iter().any(|case| case.database == dataset) {
                for lines in [true, false] {
                    wanted.insert((database(file, dataset, lines), dataset.to_owned()));
                }
            }
        }
    }
    let server = Rc::new(Server::start(&wanted));
    let (mut ran, mut reports) = (0, Vec::new());
    for file in &files {
        for lines in [true, false] {
            let subject = |dataset: &str| -> Box<dyn Subject> {
                Box::new(Database {
                    server: Rc::clone(&server),
                    name: database(file, dataset, lines),
                    lines,
                })
            };
            let setup = Setup {
                subject: &subject,
                sqlite: &sqlite,
                plain: false,
            };
            match run(file, &setup, None) {
                Ok(count) => ran += count,
                Err(report) => reports.push(format!("in lines: {lines}\n{report}")),
            }
        }
    }
    for skip in &skips {
        eprintln!("skipped: {skip}");
    }
    eprintln!("{ran} cases, {} skipped", skips.len());
    assert!(reports.is_empty(), "{}", reports.join("\n"));
    assert!(!has_chinook || ran >= 800, "{ran} cases");
    assert!(skips.len() <= 40, "{} skipped", skips.len());
    let server = Rc::into_inner(server).unwrap();
    server.stop.send(()).unwrap();
}
