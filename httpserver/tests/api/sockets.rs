//! A real server on a socket: hosts, slow clients, clients that go away, stopping.

use std::net::SocketAddr;
use std::time::Duration;

use sop_httpserver::environments::Environments;
use sop_httpserver::serve::{Tls, bind, serve};
use sop_httpserver::{AppState, app, config::Config};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::support::{TOKEN, config};

/// A server that runs until it is told to stop.
pub struct Server {
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub ended: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let listener = bind("127.0.0.1", 0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = AppState::new(
            &config,
            address.port(),
            Environments::open(&config).unwrap(),
        );
        let tls = config.tls.as_ref().map(|tls| Tls::open(tls).unwrap());
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            serve(listener, tls, app(state), &config.limits, stopped).await;
        });
        Self {
            address,
            stop,
            ended,
            _folder: folder,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The start of a request with the right host and token.
    pub fn head(&self, line: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n",
            self.address
        )
    }

    /// Sends a text and reads until the server closes.
    async fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }

    /// A whole request on a connection of its own.
    async fn request(&self, line: &str, body: &str) -> String {
        let head = self.head(line);
        let length = body.len();
        self.exchange(&format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")).await
    }
}

pub async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A connection that is cut off may end in an error; what came before counts.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_request_is_answered_and_strange_ones_are_refused() {
    let server = Server::start(|_| {}).await;
    assert!(
        server
            .request("GET /api/v1/databases", "")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let port = server.address.port();
    for (text, status) in [
        (
            "GET /api/v1/health HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET /api/v1/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                .to_owned(),
            403,
        ),
        (
            format!(
                "GET /api/v1/health HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
            ),
            400,
        ),
        (
            format!(
                "GET http://evil.example/api/v1/health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            ),
            400,
        ),
        (
            format!(
                "POST /api/v1/databases HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:1\r\nConnection: close\r\n\r\n"
            ),
            403,
        ),
        (
            format!(
                "GET /api/v1/health HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nConnection: close\r\n\r\n"
            ),
            200,
        ),
        ("nonsense\r\n\r\n".to_owned(), 400),
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
            431,
        ),
        (
            format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
            431,
        ),
    ] {
        let answer = server.exchange(&text).await;
        let shown: String = text.chars().take(80).collect();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{shown:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn slow_headers_and_silent_connections_are_closed() {
    let server = Server::start(|config| config.limits.header_timeout_ms = 200).await;
    // Nothing at all, half a head, and silence after a whole request.
    for text in ["", "GET /api/v1/health HTTP/1.1\r\nHost:"] {
        let answer = server.exchange(text).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let mut stream = server.connect().await;
    let request = server.head("GET /api/v1/health") + "\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn quiet_connections_make_room_and_those_at_work_do_not() {
    let server = Server::start(|config| config.limits.max_connections = 2).await;
    let mut silent = server.connect().await;
    let mut dripping = server.connect().await;
    dripping.write_all(b"GET /api/v1/hea").await.unwrap();
    let health = server.head("GET /api/v1/health") + "Connection: close\r\n\r\n";
    let healthy = async || assert!(server.exchange(&health).await.starts_with("HTTP/1.1 200"));
    healthy().await;
    assert_eq!(read_all(&mut silent).await, "", "it made room");
    let next = server.connect().await;
    healthy().await;
    assert_eq!(read_all(&mut dripping).await, "", "it made room");
    drop(next);
    // A request whose body is still to come keeps its place; the next connections take turns in the other one.
    let mut working = server.connect().await;
    let head = server.head("POST /api/v1/databases");
    let head = format!(
        "{head}Content-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{{"
    );
    working.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..3 {
        let head = server.head("GET /api/v1/health") + "\r\n";
        let mut stream = server.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    working.write_all(b"\"name\":\"a\"}").await.unwrap();
    assert!(read_all(&mut working).await.starts_with("HTTP/1.1 201"));
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let server = Server::start(|config| config.limits.idle_timeout_ms = 50).await;
    let head = server.head("POST /api/v1/databases");
    let answer = server
        .exchange(&format!(
            "{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        ))
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"),
        "{answer}"
    );
}

#[tokio::test]
async fn stopping_lets_a_running_request_end_and_takes_no_new_one() {
    let server = Server::start(|_| {}).await;
    server
        .request("POST /api/v1/databases", r#"{"name":"d"}"#)
        .await;
    let mut running = server.connect().await;
    let head =
        server.head("POST /api/v1/databases/d/stores/s/import?format=ndjson&key=id&create=true");
    let rows = "{\"id\":1}\n{\"id\":2}\n";
    let text = format!("{head}Content-Length: {}\r\n\r\n{}", rows.len(), &rows[..9]);
    running.write_all(text.as_bytes()).await.unwrap();
    // An idle connection must not hold the server up.
    let _idle = server.connect().await;
    server.request("GET /api/v1/health", "").await;
    server.stop.send(()).unwrap();
    running.write_all(&rows.as_bytes()[9..]).await.unwrap();
    let answer = read_all(&mut running).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"inserted\":2"),
        "{answer}"
    );
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off() {
    let server = Server::start(|config| config.limits.shutdown_timeout_ms = 50).await;
    let mut running = server.connect().await;
    let head = server.head("POST /api/v1/databases");
    let text = format!("{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");
    running.write_all(text.as_bytes()).await.unwrap();
    server.request("GET /api/v1/health", "").await;
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_paused_run() {
    let server = Server::start(|_| {}).await;
    let script = r#"{"name":"a","steps":[{"type":"say","message":"x"}]}"#;
    let body = format!(r#"{{"script":{script},"dry_run":true,"pause_at_start":true}}"#);
    let head = server.head("POST /api/v1/scripts/run");
    let length = body.len();
    let text =
        format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut gone = server.connect().await;
    gone.write_all(text.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("\"paused\"") {
        assert!(gone.read_buf(&mut seen).await.unwrap() > 0);
    }
    let list = "GET /api/v1/queries";
    assert!(server.request(list, "").await.contains("run general.a"));
    drop(gone);
    // Its end is noticed soon, not at once.
    while server.request(list, "").await.contains("run general.a") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_frees_its_place() {
    let server = Server::start(|config| config.limits.max_streams = 1).await;
    server
        .request("POST /api/v1/databases", r#"{"name":"d"}"#)
        .await;
    let line = "POST /api/v1/databases/d/stores/s/import?format=ndjson&key=id&create=true";
    let mut gone = server.connect().await;
    let head = server.head(line);
    gone.write_all(format!("{head}Content-Length: 1000000\r\n\r\n{{\"id\":1}}\n").as_bytes())
        .await
        .unwrap();
    drop(gone);
    // Its end is noticed soon, not at once.
    let freed = async {
        loop {
            let answer = server.request(line, "{\"id\":2}\n").await;
            if answer.starts_with("HTTP/1.1 200") {
                break;
            }
            assert!(
                answer.starts_with("HTTP/1.1 429") || answer.starts_with("HTTP/1.1 200"),
                "{answer}"
            );
        }
    };
    tokio::time::timeout(Duration::from_mins(1), freed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_taken_port_says_what_to_do() {
    let server = Server::start(|_| {}).await;
    let error = bind("127.0.0.1", server.address.port()).await.unwrap_err();
    let words = format!("{error:#}");
    assert!(
        words.contains("in use") && words.contains("--port"),
        "{words}"
    );
}

/// The statement of a query's body.
fn counting(to: u64) -> String {
    let sql = format!(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {to}) SELECT n, printf('row %d', n) AS t FROM c"
    );
    serde_json::json!({ "sql": sql, "limit": to }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_result_is_streamed_and_ends_when_its_client_goes_away() {
    const ROWS: u64 = 200_000;
    let server = Server::start(|_| {}).await;
    server
        .request("POST /api/v1/databases", r#"{"name":"d"}"#)
        .await;
    let head = server.head("POST /api/v1/databases/d/query");
    let ask = |body: &str| {
        let length = body.len();
        format!(
            "{head}Accept: application/x-ndjson\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let answer = server.exchange(&ask(&counting(ROWS))).await;
    let rows = answer.lines().filter(|line| line.starts_with('['));
    let mut next = 0;
    for row in rows {
        next += 1;
        assert_eq!(row, format!("[{next},\"row {next}\"]"));
    }
    assert_eq!(next, ROWS);
    assert!(
        answer.contains("\"rows\":200000"),
        "the figures are missing"
    );

    // Others are answered while clients read, and when these go away their queries end.
    let mut gone = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        let text = ask(&counting(u64::MAX >> 1));
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut some = vec![0; 100_000];
        stream.read_exact(&mut some).await.unwrap();
        gone.push(stream);
    }
    let running = async || {
        let answer = server.request("GET /api/v1/queries", "").await;
        answer.matches("\"elapsed_ms\"").count()
    };
    assert_eq!(running().await, 3);
    drop(gone);
    let ended = async { while running().await > 0 {} };
    tokio::time::timeout(Duration::from_mins(1), ended)
        .await
        .unwrap();
}
