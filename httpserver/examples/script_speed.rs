//! How fast commands, scripts and talks are; `scripts/bench --scripts` runs it and prints a table.
//!
//! Figures are medians over many calls of one item by its key, in one process: the query alone (the engine's own call), the
//! same by a tool, a slash command and a script; then scripts a second, and talks against a provider on this machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot be made says so by a panic"
)]

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sop_httpserver::config::{Config, ProviderKind, Secret, Share};
use sop_httpserver::copilot::{Commands, SlashRunner as _, ToolContext};
use sop_httpserver::environments::Environments;
use sop_httpserver::registry::{Attach, Settings};
use sop_httpserver::scripts::{Chain, Run, library, run_script};
use sop_httpserver::tools::{Caller, Context, Tools, Way};
use sop_httpserver::{AppState, app, serve};
use sop_query::sql::{Cancel, Catalog, Params, QueryEngine, Request, Value as SqlValue};
use sop_systemdb::script::run::NoModel;
use sop_systemdb::script::{Arguments, ScriptSource as _};
use sop_systemdb::tool::{ToolClass, ToolHost as _};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const ITEMS: i64 = 10_000;
const CALLS: usize = 2_000;
const SESSIONS: usize = 200;
const PIECES: usize = 100;
const TOKEN: &str = "a-token-of-the-measurement";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let provider = runtime.block_on(provider());
    let mut config = Config {
        data: folder.path().join("data"),
        token: Some(Secret::new(TOKEN)),
        ..Config::default()
    };
    config.llm.provider = Some(ProviderKind::Openai);
    config.llm.model = Some("scripted".to_owned());
    config.llm.base_url = Some(format!("http://127.0.0.1:{}", provider.port));
    config.llm.key = Some(Secret::new("a-key-of-the-measurement"));
    config.llm.allow_private = true;
    config.llm.share = Share::Rows;
    let environments = Environments::open(&config).unwrap();
    let listener = runtime.block_on(serve::bind("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let state = AppState::new(&config, port, environments);
    let _entered = runtime.enter();
    fill(&state);
    println!("| what | figure | goal |\n|---|---|---|");
    let alone = calls(&state);
    scripts(&state, alone);
    let shared = state.clone();
    runtime.spawn(async move {
        serve::serve(
            listener,
            None,
            app(shared),
            &config.limits,
            std::future::pending(),
        )
        .await;
    });
    runtime.block_on(talks(port, &provider));
}

fn context(state: &AppState) -> Context {
    let caller = Caller {
        name: "bench".to_owned(),
        way: Way::Command,
        may: ToolClass::Admin,
    };
    Context::new(state.clone(), "d", caller)
}

fn fill(state: &AppState) {
    let context = context(state);
    let tools = Tools(&context);
    let wish = Attach {
        name: "d".to_owned(),
        path: None,
        settings: Settings::default(),
    };
    state.registry().attach(&wish).unwrap();
    let store = json!({"name": "users", "key": {"type": "i64"}});
    tools.call("create_store", store).unwrap();
    let items: Vec<Value> = (0..ITEMS)
        .map(|key| json!({"key": key, "value": {"name": format!("user {key}"), "group": key % 7}}))
        .collect();
    let insert = json!({"store": "users", "items": items});
    tools.call("insert", insert).unwrap();
    let step = |output: &str| {
        json!({"type": "tool", "tool": "query", "output": output,
            "args": {"sql": "SELECT * FROM users WHERE key = ?", "params": ["{{key}}"]}})
    };
    for (name, steps) in [
        ("one", vec![step("a")]),
        ("two", vec![step("a"), step("b")]),
    ] {
        let parameters = json!([{"name": "key", "type": "integer"}]);
        let script = json!({"name": name, "parameters": parameters, "steps": steps});
        tools
            .call("save_script", json!({"script": script}))
            .unwrap();
    }
}

/// The median of what `work` takes.
fn median(mut work: impl FnMut(i64)) -> Duration {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|n| {
            let key = n as i64 * 7_919 % ITEMS;
            let began = Instant::now();
            work(key);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn row(what: &str, figure: &str, goal: &str) {
    println!("| {what} | {figure} | {goal} |");
}

const SQL: &str = "SELECT * FROM users WHERE key = ?";

fn calls(state: &AppState) -> Duration {
    let database = state.registry().database("d").unwrap();
    let catalog = Catalog::new(vec![("d".to_owned(), database)]);
    let engine = QueryEngine::default();
    let alone = median(|key| {
        let request = Request::new(SQL, Params::Positional(vec![SqlValue::Integer(key)]));
        assert_eq!(engine.collect(&catalog, &request).unwrap().rows.len(), 1);
    });
    row("the query alone", &ms(alone), "");
    let context = context(state);
    let tool = median(|key| {
        let args = json!({"sql": SQL, "params": [key]});
        let output = Tools(&context).call("query", args).unwrap();
        assert_eq!(output.table.unwrap().rows.len(), 1);
    });
    row(
        "the same by a tool, added",
        &ms(tool.saturating_sub(alone)),
        "",
    );
    let place = ToolContext {
        state: state.clone(),
        session: "bench".to_owned(),
        turn: 1,
        database: "d".to_owned(),
        store: None,
        cancel: Cancel::default(),
    };
    let slash = median(|key| {
        let line = format!("/query SELECT * FROM users WHERE key = {key}");
        Commands.run(&place, &line, &|_| {}).unwrap();
    });
    // Its text differs from call to call, so it is compared with a query whose text does.
    let written = median(|key| {
        let sql = format!("SELECT * FROM users WHERE key = {key}");
        engine.table(&catalog, &sql, Params::None).unwrap();
    });
    let added = slash.saturating_sub(written);
    row("by a slash command, added", &ms(added), "at most 0.2 ms");
    alone
}

fn run(state: &AppState, name: &str, key: i64) {
    let system = state.system().unwrap();
    let program = library(state, &system).program(name).unwrap();
    let wanted = Run {
        program,
        arguments: Arguments::from(json!({"key": key}).as_object().unwrap().clone()),
        database: Some("d".to_owned()),
        dry_run: false,
        until: None,
        variables: false,
        pauses: None,
        caller: Caller {
            name: "bench".to_owned(),
            way: Way::Script,
            may: ToolClass::Admin,
        },
        way: "api",
        cancel: Cancel::default(),
        asker: &NoModel,
        chain: Chain::default(),
    };
    let report = run_script(state, &system, &wanted, &mut |_| ControlFlow::Continue(()));
    assert_eq!(report.failure, None);
}

fn scripts(state: &AppState, alone: Duration) {
    let one = median(|key| run(state, "general.one", key));
    let two = median(|key| run(state, "general.two", key));
    let step = two.saturating_sub(one).saturating_sub(alone);
    row(
        "by a tool step of a script, added",
        &ms(step),
        "at most 0.2 ms",
    );
    row("a whole run of one step", &ms(one), "");
    for threads in [1_u64, 2] {
        let runs = 4_000;
        let done = AtomicU64::new(0);
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while done.fetch_add(1, Ordering::Relaxed) < runs {
                        run(state, "general.two", 42);
                    }
                });
            }
        });
        let second = runs as f64 / began.elapsed().as_secs_f64();
        let what = format!("runs a second of a two-step script by key, {threads} threads");
        row(&what, &format!("{second:.0}"), "1,000");
    }
    let began = Instant::now();
    state.audit().flush();
    row(
        "until the last run is written down",
        &ms(began.elapsed()),
        "",
    );
}

/// A provider on this machine that answers at once, and notes when.
struct Provider {
    port: u16,
    began: Instant,
    /// Microseconds after `began` at which the first byte of the newest answer went out.
    first: Arc<AtomicU64>,
}

async fn provider() -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = Provider {
        port: listener.local_addr().unwrap().port(),
        began: Instant::now(),
        first: Arc::default(),
    };
    let (began, first) = (provider.began, Arc::clone(&provider.first));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let first = Arc::clone(&first);
            tokio::spawn(answer_all(stream, began, first));
        }
    });
    provider
}

async fn answer_all(stream: TcpStream, began: Instant, first: Arc<AtomicU64>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while read_request(&mut stream).await.is_some() {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        first.store(began.elapsed().as_micros() as u64, Ordering::SeqCst);
        stream.write_all(head.as_bytes()).await.unwrap();
        for piece in 0..PIECES {
            let event = json!({"choices": [{"delta": {"content": format!("[{piece}]")}}]});
            if chunk(&mut stream, &format!("data: {event}\n\n"))
                .await
                .is_err()
            {
                return;
            }
            tokio::task::yield_now().await;
        }
        let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
        let _ = chunk(&mut stream, &format!("data: {end}\n\ndata: [DONE]\n\n")).await;
        let _ = stream.write_all(b"0\r\n\r\n").await;
    }
}

async fn chunk(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    let whole = format!("{:x}\r\n{text}\r\n", text.len());
    stream.write_all(whole.as_bytes()).await
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(())
}

/// Asks and reads events to their end: when the first text came, how many pieces, and the last number of an event.
async fn talk(port: u16, began: Instant) -> (u64, String, Vec<u64>) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    let body = json!({"message": "say something", "database": "d"}).to_string();
    let request = format!(
        "POST /api/v1/chat HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut first, mut text, mut numbers) = (0, String::new(), Vec::new());
    let mut line = String::new();
    let mut is_text = false;
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        if let Some(id) = line.strip_prefix("id:") {
            let number = id.trim().rsplit('-').next().unwrap_or_default();
            numbers.extend(number.parse::<u64>().ok());
        }
        if let Some(name) = line.strip_prefix("event:") {
            is_text = name.trim() == "text-delta";
        }
        if let Some(data) = line.strip_prefix("data:").filter(|_| is_text) {
            if first == 0 {
                first = began.elapsed().as_micros() as u64;
            }
            let data: Value = serde_json::from_str(data).unwrap();
            text += data["text"].as_str().unwrap();
        }
        line.clear();
    }
    (first, text, numbers)
}

async fn talks(port: u16, provider: &Provider) {
    let expected: String = (0..PIECES).map(|piece| format!("[{piece}]")).collect();
    let mut waits = Vec::new();
    for _ in 0..50 {
        let (first, text, _) = talk(port, provider.began).await;
        assert_eq!(text, expected);
        waits.push(first.saturating_sub(provider.first.load(Ordering::SeqCst)));
    }
    waits.sort_unstable();
    let at = |part: usize| format!("{:.2} ms", waits[part] as f64 / 1e3);
    row(
        "the first text after the provider's first byte, median",
        &at(25),
        "5 ms",
    );
    row("the same, of 50 the slowest but two", &at(47), "5 ms");
    let began = Instant::now();
    let all = (0..SESSIONS).map(|_| tokio::spawn(talk(port, provider.began)));
    let all: Vec<_> = all.collect();
    let mut events = 0;
    for one in all {
        let (_, text, numbers) = within(one).await.unwrap();
        assert_eq!(text, expected, "a piece is missing");
        let whole: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, whole, "an event is missing");
        events += numbers.len();
    }
    let took = began.elapsed().as_secs_f64();
    let what = format!("{SESSIONS} talks at once of {PIECES} pieces: events, all there");
    row(&what, &format!("{events} in {took:.2} s"), "none lost");
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    let limit = Duration::from_mins(2);
    tokio::time::timeout(limit, work).await.unwrap()
}
