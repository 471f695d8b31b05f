//! The program itself: its commands, its one line, its end, and what is left when it is killed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails says so by a panic"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sop-httpserver");

/// A command in a folder, without the settings of whoever runs the tests.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments);
    for name in [
        "SOP_CONFIG",
        "SOP_DATA",
        "SOP_PORT",
        "SOP_HOST",
        "SOP_LOG",
        "SOP_OPEN",
        "SOP_TOKEN",
    ] {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn good(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[track_caller]
fn bad(output: &Output) -> String {
    assert!(!output.status.success(), "{}", text(&output.stdout));
    text(&output.stderr)
}

/// A running server; killed when it is dropped.
struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["--port", "0", "--open=false", "--log", "warn"], arguments].concat();
        let mut child = command(folder, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let rest = line
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("{line:?}"));
        let (address, token) = rest
            .trim_end()
            .split_once("/?token=")
            .unwrap_or_else(|| panic!("{line:?}"));
        Self {
            child,
            address: address.to_owned(),
            token: token.to_owned(),
        }
    }

    fn request(&self, line: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--demo"]);
    let store = r#"{"name":"s","key":{"type":"i64"}}"#;
    assert!(
        server
            .request("POST /api/v1/databases/shop/stores", store)
            .starts_with("HTTP/1.1 201")
    );
    for key in 0..20 {
        let body = format!("{{\"key\":{key},\"value\":{key}}}");
        assert!(
            server
                .request("POST /api/v1/databases/shop/stores/s/items", &body)
                .starts_with("HTTP/1.1 201")
        );
    }
    // Dropping kills it at once, without a chance to close anything.
    drop(server);
    let server = Server::start(folder.path(), &["--demo"]);
    let items = server.request("GET /api/v1/databases/shop/stores/s/items", "");
    assert!(items.contains("\"count\":20"), "{items}");
    let check = server.request("GET /api/v1/databases/shop/check", "");
    assert!(check.contains("\"clean\":true"), "{check}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_in_order_and_a_second_server_is_told_who_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["--demo"]);
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let words = bad(&run(folder.path(), &["--port", &port, "--open=false"]));
    assert!(
        words.contains("in use") && words.contains("--port"),
        "{words}"
    );
    let id = server.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(server.child.wait().unwrap().success());
    let mut said = String::new();
    server
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(!said.contains(&server.token), "the token is in the log");
    // The lock is given up and the database is whole.
    let report = good(&run(folder.path(), &["check", "sop-data/shop"]));
    assert!(report.contains("\"clean\": true"), "{report}");
}

#[test]
fn rows_go_in_and_out_by_commands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, "id,name\n1,Ada\n2,Grace\n").unwrap();
    let summary = good(&run(
        folder.path(),
        &[
            "import", "db", "people", "rows.csv", "--key", "id", "--create",
        ],
    ));
    assert!(summary.contains("\"inserted\": 2"), "{summary}");
    let rows = good(&run(folder.path(), &["export", "db", "people"]));
    assert_eq!(
        rows,
        "{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\"Grace\"}\n"
    );
    good(&run(folder.path(), &["export", "db", "people", "out.csv"]));
    let csv = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(csv, "id,name\r\n1,Ada\r\n2,Grace\r\n");
    good(&run(folder.path(), &["backup", "db", "copy"]));
    assert_eq!(
        good(&run(folder.path(), &["export", "copy", "people"])),
        rows
    );
    // The same rows again are refused, one by one, and the exit status says so.
    let again = run(folder.path(), &["import", "db", "people", "rows.csv"]);
    assert!(!again.status.success() && text(&again.stdout).contains("\"failed\": 2"));
    let words = bad(&run(folder.path(), &["export", "db", "poeple", "x.csv"]));
    assert!(words.contains("people"), "{words}");
    assert!(!folder.path().join("x.csv").exists());
    assert!(bad(&run(folder.path(), &["check", "nothing"])).contains("nothing"));
    assert!(!folder.path().join("nothing").exists());
}

#[test]
fn sql_runs_on_a_folder_and_changes_it_only_with_leave() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\"Bob\"}\n";
    std::fs::write(folder.path().join("rows.ndjson"), rows).unwrap();
    let query = |arguments: &[&str]| {
        let all: Vec<&str> = ["query", "d"].iter().chain(arguments).copied().collect();
        run(folder.path(), &all)
    };
    assert!(bad(&query(&["SELECT 1"])).contains("cannot be opened"));
    good(&run(
        folder.path(),
        &["import", "d", "s", "rows.ndjson", "--key", "id", "--create"],
    ));
    let select = "SELECT id, name FROM s WHERE id >= :least ORDER BY id";
    let table = good(&query(&[select, "--param", "least=1"]));
    assert_eq!(table, "id  name\n--  ----\n1   Ada\n2   Bob\n");
    let csv = good(&query(&[select, "--param", "least=2", "--format", "csv"]));
    assert_eq!(csv, "id,name\r\n2,Bob\r\n");
    let lines = good(&query(&["SELECT name FROM s", "--format", "ndjson"]));
    assert_eq!(lines, "{\"name\":\"Ada\"}\n{\"name\":\"Bob\"}\n");
    let change = "UPDATE s SET name = ? WHERE id = 2";
    assert!(bad(&query(&[change, "--param", "Eve"])).contains("only reading is allowed"));
    good(&query(&[change, "--param", "Eve", "--write"]));
    let json = good(&query(&[
        "SELECT name FROM s WHERE id = 2",
        "--format",
        "json",
    ]));
    assert_eq!(json, "[\n{\"name\":\"Eve\"}\n]\n");
    let wrong = bad(&query(&["SELECT *\nFROM t"]));
    assert!(wrong.contains("  FROM t\n       ^"), "{wrong}");
    assert!(bad(&query(&["SELECT 1", "--format", "xml"])).contains("ndjson"));
    // Also while a server has it open.
    let server = Server::start(folder.path(), &["--database", "d"]);
    assert_eq!(
        good(&query(&[select, "--param", "least=2", "--format", "csv"])),
        "id,name\r\n2,Eve\r\n"
    );
    drop(server);
}

/// A command with a line of standard input.
fn run_with(folder: &Path, arguments: &[&str], line: &str) -> Output {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

#[test]
fn users_are_made_in_a_terminal_and_others_connect_only_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ada", "--role", "admin"];
    let remote = [
        "--host",
        "0.0.0.0",
        "--behind-tls-proxy",
        "--port",
        "0",
        "--open=false",
    ];
    let words = bad(&run(folder.path(), &remote));
    assert!(words.contains("user add NAME"), "{words}");
    assert!(bad(&run_with(folder.path(), &add, "short\n")).contains("10 characters"));
    let viewer = ["user", "add", "vera"];
    let password = "correct horse battery\n";
    assert!(bad(&run_with(folder.path(), &viewer, password)).contains("administrator"));
    assert!(good(&run_with(folder.path(), &add, password)).contains("ada was made"));
    good(&run_with(folder.path(), &viewer, password));
    assert!(bad(&run_with(folder.path(), &viewer, password)).contains("already"));
    assert_eq!(
        good(&run(folder.path(), &["user", "list"])),
        "ada\tadmin\nvera\tviewer\n"
    );
    assert!(
        bad(&run(
            folder.path(),
            &["--no-auth", "--port", "0", "--open=false"]
        ))
        .contains("--no-auth")
    );
    // With users the address has no token, and other machines may come.
    let mut child = command(folder.path(), &remote)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.as_mut().unwrap());
    out.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("listening on http://127.0.0.1:") && !line.contains("token"),
        "{line}"
    );
    // A server has the accounts.
    assert!(
        bad(&run_with(
            folder.path(),
            &["user", "password", "vera"],
            password
        ))
        .contains("in use")
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(good(&run(folder.path(), &["user", "remove", "vera"])).contains("removed"));
    assert!(bad(&run(folder.path(), &["user", "remove", "ada"])).contains("only administrator"));
}

#[test]
fn settings_are_checked_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, r#"{"prot": 1}"#).unwrap();
    for (arguments, part) in [
        (vec!["--config", "config.json"], "'port'"),
        (vec!["--config", "missing.json"], "missing.json"),
        (vec!["--host", "0.0.0.0"], "--allow-remote"),
        (vec!["--log", "lud=x=y"], "log level"),
        (vec!["--token", "short"], "16 characters"),
    ] {
        let words = bad(&run(
            folder.path(),
            &[&arguments[..], &["--open=false", "--port", "0"]].concat(),
        ));
        assert!(words.contains(part), "{arguments:?}: {words}");
    }
    assert!(!folder.path().join("sop-data").exists());
}

#[test]
fn the_doctor_looks_and_the_description_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let said = good(&run(folder.path(), &["doctor", "--port", "0"]));
    for what in [
        "data folder",
        "file system",
        "free space",
        "sectors",
        "flush of a prepared file",
        "flush of a growing file",
        "locks",
        "memory",
        "open files",
        "port",
        "prepared transactions",
    ] {
        let line = said
            .lines()
            .find(|line| line.contains(&format!(" {what}: ")));
        let line = line.unwrap_or_else(|| panic!("{what}: {said}"));
        let word = line.split(' ').next().unwrap();
        assert!(["ok", "warning", "unknown"].contains(&word), "{line}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path().join("sop-data"))
            .unwrap()
            .count(),
        0
    );
    let description = good(&run(folder.path(), &["openapi"]));
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    assert!(description["paths"]["/api/v1/databases"]["post"].is_object());
}

#[test]
fn a_prepared_transaction_is_listed_by_check_and_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sop-data/bank");
    std::fs::create_dir(folder.path().join("sop-data")).unwrap();
    let db = sop::Database::open(&path).unwrap();
    let tx = db.begin(sop::Mode::Write).unwrap();
    let key = sop::KeySpec::single(sop::KeyType::I64);
    tx.create_store(sop::StoreDefinition::new("accounts", key))
        .unwrap();
    let one = sop::Document::from_json(b"1").unwrap();
    tx.documents("accounts")
        .unwrap()
        .insert(&sop::Key::from(1i64), &one)
        .unwrap();
    tx.prepare("payment-17").unwrap();
    // Also while it is open.
    let report = good(&run(folder.path(), &["check", "sop-data/bank"]));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["prepared"][0]["id"], "payment-17");
    assert_eq!(report["prepared"][0]["stores"][0], "accounts");
    db.close().unwrap();
    let said = good(&run(folder.path(), &["doctor", "--port", "0"]));
    let line = said.lines().find(|line| line.contains("payment-17"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(line.starts_with("warning"), "{line}");
    assert!(
        line.contains("1 items of accounts, rolled back in 15 min"),
        "{line}"
    );
}
