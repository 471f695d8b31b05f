//! A provider of models that says what a test tells it to, in any of the four wire formats.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sop_httpserver::config::ProviderKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// A step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Text.
    Say(String),
    /// A call of a tool.
    Call(String, Value),
    /// A call whose arguments are this text.
    Broken(String, String),
    /// Nothing more is sent until the test says so.
    Gate,
    /// The rest never comes; the connection stays open.
    Stall,
    /// The connection is closed here.
    Cut,
    /// The provider blocks the answer.
    Block,
    /// These bytes, as they are.
    Raw(String),
}

/// What comes in answer to a request.
#[derive(Clone)]
pub enum Reply {
    /// Steps, sent in portions of so many bytes.
    Steps(Vec<Step>, usize),
    /// A status with headers and a body.
    Status(u16, Vec<(String, String)>, String),
    /// Steps made from the request's body.
    By(Maker),
}

/// Makes steps from the body of a request.
pub type Maker = Arc<dyn Fn(&Value) -> Vec<Step> + Send + Sync>;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub head: String,
    pub body: Value,
    pub text: String,
}

/// See the module.
#[derive(Clone)]
pub struct FakeModel {
    pub kind: ProviderKind,
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    always: Mutex<Option<Reply>>,
    asked: Mutex<Vec<Asked>>,
    gate: Semaphore,
    closed: Semaphore,
}

pub fn say(text: &str) -> Step {
    Step::Say(text.to_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "shorter where it is called")]
pub fn call(tool: &str, args: Value) -> Step {
    Step::Call(tool.to_owned(), args)
}

impl FakeModel {
    pub async fn start(kind: ProviderKind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let model = Self {
            kind,
            port: listener.local_addr().unwrap().port(),
            shared: Arc::new(Shared {
                replies: Mutex::default(),
                always: Mutex::default(),
                asked: Mutex::default(),
                gate: Semaphore::new(0),
                closed: Semaphore::new(0),
            }),
        };
        let serving = model.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let model = serving.clone();
                tokio::spawn(async move { model.serve(stream).await });
            }
        });
        model
    }

    /// Adds the answer to the next request that has none yet.
    pub fn then(&self, steps: impl Into<Vec<Step>>) -> &Self {
        self.reply(Reply::Steps(steps.into(), 7))
    }

    pub fn reply(&self, reply: Reply) -> &Self {
        self.shared.replies.lock().push_back(reply);
        self
    }

    /// The answer to all requests that have none of their own.
    pub fn always(&self, reply: Reply) {
        *self.shared.always.lock() = Some(reply);
    }

    /// Lets an answer pass one gate.
    pub fn open_gate(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Waits until the other side has closed a connection that stalls.
    pub async fn closed(&self) {
        self.shared.closed.acquire().await.unwrap().forget();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().clone()
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(asked) = read_request(&mut stream).await {
            let body = asked.body.clone();
            self.shared.asked.lock().push(asked);
            let next = self.shared.replies.lock().pop_front();
            let next = next.or_else(|| self.shared.always.lock().clone());
            let next = next.unwrap_or_else(|| {
                Reply::Status(500, Vec::new(), "no answer is scripted".to_owned())
            });
            if !self.answer(&mut stream, next, &body).await {
                return;
            }
        }
    }

    async fn answer(&self, stream: &mut TcpStream, reply: Reply, body: &Value) -> bool {
        let (steps, portion) = match reply {
            Reply::Status(status, headers, body) => {
                let headers: String = headers
                    .iter()
                    .map(|(n, v)| format!("{n}: {v}\r\n"))
                    .collect();
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
                );
                return stream.write_all(text.as_bytes()).await.is_ok();
            }
            Reply::Steps(steps, portion) => (steps, portion),
            Reply::By(make) => (make(body), usize::MAX),
        };
        let kind = if self.kind == ProviderKind::Ollama {
            "application/x-ndjson"
        } else {
            "text/event-stream"
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        if stream.write_all(head.as_bytes()).await.is_err() {
            return false;
        }
        for piece in pieces(self.kind, &steps) {
            match piece {
                Piece::Bytes(bytes) => {
                    for part in bytes.as_bytes().chunks(portion.clamp(1, 1 << 20)) {
                        let mut chunk = format!("{:x}\r\n", part.len()).into_bytes();
                        chunk.extend_from_slice(part);
                        chunk.extend_from_slice(b"\r\n");
                        if stream.write_all(&chunk).await.is_err() {
                            return false;
                        }
                    }
                }
                Piece::Gate => self.shared.gate.acquire().await.unwrap().forget(),
                Piece::Cut => return false,
                Piece::Stall => {
                    let mut rest = [0; 64];
                    while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
                    self.shared.closed.add_permits(1);
                    return false;
                }
            }
        }
        stream.write_all(b"0\r\n\r\n").await.is_ok()
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&more[..read]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.to_ascii_lowercase();
    let length: usize = length
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .map_or(0, |text| text.parse().unwrap());
    let mut body = bytes.split_off(end);
    while body.len() < length {
        let mut more = vec![0; length - body.len()];
        let read = stream.read(&mut more).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&more[..read]);
    }
    Some(Asked {
        head,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        text: String::from_utf8_lossy(&body).into_owned(),
    })
}

enum Piece {
    Bytes(String),
    Gate,
    Stall,
    Cut,
}

/// Steps as a provider would write them.
fn pieces(kind: ProviderKind, steps: &[Step]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut has_calls = false;
    let mut blocked = false;
    let mut whole = true;
    let bytes = |values: Vec<Value>| {
        let event = |value: Value| match kind {
            ProviderKind::Ollama => format!("{value}\n"),
            ProviderKind::Anthropic => {
                format!(
                    "event: {}\ndata: {value}\n\n",
                    value["type"].as_str().unwrap_or_default()
                )
            }
            _ => format!("data: {value}\n\n"),
        };
        Piece::Bytes(values.into_iter().map(event).collect())
    };
    out.push(bytes(begin(kind)));
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Say(text) => out.push(bytes(text_events(kind, place, text))),
            Step::Call(name, args) => {
                has_calls = true;
                out.push(bytes(call_events(kind, place, name, &args.to_string())));
            }
            Step::Broken(name, args) => {
                has_calls = true;
                out.push(bytes(call_events(kind, place, name, args)));
            }
            Step::Gate => out.push(Piece::Gate),
            Step::Block => blocked = true,
            Step::Raw(text) => out.push(Piece::Bytes(text.clone())),
            Step::Stall | Step::Cut => {
                out.push(if matches!(step, Step::Cut) {
                    Piece::Cut
                } else {
                    Piece::Stall
                });
                whole = false;
                break;
            }
        }
    }
    if whole {
        out.push(bytes(end(kind, has_calls, blocked)));
        if kind == ProviderKind::Openai {
            out.push(Piece::Bytes("data: [DONE]\n\n".to_owned()));
        }
    }
    out
}

fn begin(kind: ProviderKind) -> Vec<Value> {
    match kind {
        ProviderKind::Anthropic => vec![
            json!({"type": "message_start", "message": {"usage": {"input_tokens": 100, "output_tokens": 1}}}),
            json!({"type": "ping"}),
        ],
        ProviderKind::Openai => {
            vec![json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]})]
        }
        _ => Vec::new(),
    }
}

fn text_events(kind: ProviderKind, place: usize, text: &str) -> Vec<Value> {
    match kind {
        ProviderKind::Gemini => {
            vec![json!({"candidates": [{"content": {"parts": [{"text": text}]}}]})]
        }
        ProviderKind::Openai => {
            vec![json!({"choices": [{"index": 0, "delta": {"content": text}}]})]
        }
        ProviderKind::Ollama => {
            vec![json!({"message": {"role": "assistant", "content": text}, "done": false})]
        }
        ProviderKind::Anthropic => vec![
            json!({"type": "content_block_start", "index": place, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": place, "delta": {"type": "text_delta", "text": text}}),
            json!({"type": "content_block_stop", "index": place}),
        ],
    }
}

fn call_events(kind: ProviderKind, place: usize, name: &str, args: &str) -> Vec<Value> {
    let parsed: Value = serde_json::from_str(args).unwrap_or_else(|_| json!(args));
    match kind {
        ProviderKind::Gemini => vec![json!({"candidates": [{"content": {"parts": [
            {"functionCall": {"name": name, "args": parsed}, "thoughtSignature": format!("signed-{name}")},
        ]}}]})],
        ProviderKind::Ollama => vec![
            json!({"message": {"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": name, "arguments": parsed}},
        ]}, "done": false}),
        ],
        ProviderKind::Openai => {
            let (one, two) = halves(args);
            let id = format!("call-{place}");
            vec![
                json!({"choices": [{"delta": {"tool_calls": [{"index": place, "id": id, "type": "function",
                    "function": {"name": name, "arguments": ""}}]}}]}),
                json!({"choices": [{"delta": {"tool_calls": [{"index": place, "function": {"arguments": one}}]}}]}),
                json!({"choices": [{"delta": {"tool_calls": [{"index": place, "function": {"arguments": two}}]}}]}),
            ]
        }
        ProviderKind::Anthropic => {
            let (one, two) = halves(args);
            let id = format!("toolu-{place}");
            vec![
                json!({"type": "content_block_start", "index": place,
                    "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}),
                json!({"type": "content_block_delta", "index": place,
                    "delta": {"type": "input_json_delta", "partial_json": one}}),
                json!({"type": "content_block_delta", "index": place,
                    "delta": {"type": "input_json_delta", "partial_json": two}}),
                json!({"type": "content_block_stop", "index": place}),
            ]
        }
    }
}

fn halves(text: &str) -> (&str, &str) {
    let middle = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at));
    text.split_at(middle.unwrap_or(text.len()))
}

fn end(kind: ProviderKind, has_calls: bool, blocked: bool) -> Vec<Value> {
    let word = |stop: &'static str, calls: &'static str, block: &'static str| {
        if blocked {
            block
        } else if has_calls {
            calls
        } else {
            stop
        }
    };
    match kind {
        ProviderKind::Gemini => vec![json!({
            "candidates": [{"finishReason": word("STOP", "STOP", "SAFETY")}],
            "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 20},
        })],
        ProviderKind::Openai => vec![
            json!({"choices": [{"delta": {}, "finish_reason": word("stop", "tool_calls", "content_filter")}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 40}}}),
        ],
        ProviderKind::Anthropic => vec![
            json!({"type": "message_delta", "delta": {"stop_reason": word("end_turn", "tool_use", "refusal")},
                "usage": {"output_tokens": 20}}),
            json!({"type": "message_stop"}),
        ],
        ProviderKind::Ollama => vec![
            json!({"message": {"role": "assistant", "content": ""}, "done": true,
            "done_reason": word("stop", "stop", "blocked"), "prompt_eval_count": 100, "eval_count": 20}),
        ],
    }
}
