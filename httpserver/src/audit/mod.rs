//! Writing down who changed what, by which way.
//!
//! Every request that may change something, every request that is refused (`refusals`) and every call of a tool that does is one entry of the system
//! database, and so is every run of a script. Entries are written by a thread of their own, many together, so that a change does not wait
//! for a second commit; whoever reads them waits until those before are written. When the system database
//! cannot be written for now, since another server has it, they are kept and written later ([`unwritten`]); when it cannot be
//! written at all, the log says so. The change that was made stays made.

mod refusals;
mod unwritten;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sop::Document;
use sop_systemdb::system::{AuditEntry, RunRecord, System};

use crate::api::BASE;
use crate::error::ApiResult;
use crate::security::Identity;
use crate::state::AppState;
use unwritten::Unwritten;

pub use refusals::{REFUSED, Refusal, refusals};

/// Entries that are written together.
const TOGETHER: usize = 1_000;
/// Entries that may wait; whoever makes more waits with them.
const WAITING: usize = 10_000;

/// Until entries that could not be written are tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// The end of the program tries for so long.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// What opens the system database.
type Opener = Arc<dyn Fn() -> ApiResult<System> + Send + Sync>;

enum Message {
    Entry(Box<AuditEntry>),
    Run(Box<RunRecord>),
    Flush(Sender<()>),
    /// The same, with further tries: no other flush comes.
    End(Sender<()>),
}

/// The way to the thread that writes entries; it begins with the first of them.
pub struct Audit {
    opener: Opener,
    sender: Mutex<Option<SyncSender<Message>>>,
    refusals: refusals::Refusals,
}

impl Audit {
    /// Writes to the system database that `opener` gives.
    pub fn new(opener: Opener) -> Self {
        Self {
            opener,
            sender: Mutex::default(),
            refusals: refusals::Refusals::default(),
        }
    }

    /// Writes down what there is still to write; for the end of the program.
    pub fn close(&self) {
        let rest = self.refusals.over(Instant::now(), true);
        self.send_all(rest);
        self.wait_for(Message::End);
    }

    /// Writes an entry down, soon. Of what was refused only the first few of a minute are entries, the others a number.
    pub fn record(&self, entry: AuditEntry) {
        if entry.outcome == REFUSED {
            self.send_all(self.refusals.take(Instant::now(), entry));
        } else {
            self.send_all([entry]);
        }
    }

    fn send_all(&self, entries: impl IntoIterator<Item = AuditEntry>) {
        for entry in entries {
            self.send(Message::Entry(Box::new(entry)));
        }
    }

    /// Writes down what became of a run, soon.
    pub fn record_run(&self, run: RunRecord) {
        self.send(Message::Run(Box::new(run)));
    }

    /// Waits until everything before this is written, or cannot be for now.
    pub fn flush(&self) {
        let over = self.refusals.over(Instant::now(), false);
        self.send_all(over);
        self.wait_for(Message::Flush);
    }

    fn wait_for(&self, message: impl FnOnce(Sender<()>) -> Message) {
        if self.sender.lock().is_none() {
            return;
        }
        let (done, wait) = channel();
        self.send(message(done));
        // An error means that the thread is gone, and with it what there was to wait for.
        let _ = wait.recv();
    }

    fn send(&self, message: Message) {
        let mut sender = self.sender.lock();
        let there = sender
            .get_or_insert_with(|| begin(Arc::clone(&self.opener)))
            .clone();
        drop(sender);
        if there.send(message).is_err() {
            tracing::error!("an audit entry was lost: the thread that writes them has ended");
        }
    }
}

fn begin(opener: Opener) -> SyncSender<Message> {
    let (sender, receiver) = sync_channel(WAITING);
    let thread = thread::Builder::new().name("audit".to_owned());
    if let Err(error) = thread.spawn(move || write_all(&opener, &receiver)) {
        tracing::error!(%error, "audit entries cannot be written");
    }
    sender
}

fn write_all(opener: &Opener, receiver: &Receiver<Message>) {
    let mut unwritten = Unwritten::default();
    loop {
        let first = match unwritten.is_empty() {
            true => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => receiver.recv_timeout(TRY_AGAIN),
        };
        let mut next = match first {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                return unwritten.write_by(opener, Instant::now());
            }
        };
        let mut waiting = Vec::new();
        let (mut count, mut ends) = (0, false);
        while let Some(message) = next {
            count += 1;
            match message {
                Message::Entry(entry) => unwritten.add(*entry),
                Message::Run(run) => unwritten.add_run(*run),
                Message::Flush(done) => waiting.push(done),
                Message::End(done) => {
                    ends = true;
                    waiting.push(done);
                }
            }
            next = receiver.try_recv().ok().filter(|_| count < TOGETHER);
        }
        match ends {
            true => unwritten.write_by(opener, Instant::now() + LAST_TRIES),
            false => unwritten.write(opener, !waiting.is_empty() || count == 0),
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

/// What a handler says of its change, as an extension of its answer.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// How many items were changed.
    pub count: u64,
    /// Before and after, or the statement.
    pub detail: Value,
}

/// Bytes of a value that an entry keeps; of a larger one only its size is.
const MOST_KEPT: usize = 64 * 1024;

impl Changed {
    /// One item, before and after.
    pub fn item(
        op: &str,
        (store, key): (&str, Value),
        before: Option<&Document>,
        after: Option<&Document>,
        sequence: u64,
    ) -> Self {
        let kept = |value: Option<&Document>| {
            value.map(|value| match value.to_json().len() {
                0..=MOST_KEPT => value.to_value(),
                bytes => json!({"$left_out": format!("{bytes} bytes")}),
            })
        };
        let change = json!({
            "op": op, "store": store, "key": key, "before": kept(before), "after": kept(after),
        });
        Self {
            count: 1,
            detail: json!({"changes": [change], "sequence": sequence}),
        }
    }
}

/// Writes down each request that may change something. Tools, scripts and the copilot write their own
/// entries, one for each call.
pub async fn audit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    if !is_change(request.method(), &route) {
        return next.run(request).await;
    }
    let identity = request.extensions().get::<Identity>();
    let who = identity.map_or("nobody".into(), |identity| Arc::clone(&identity.name));
    let (database, store) = places(request.uri().path());
    let mut entry = AuditEntry {
        who: who.to_string(),
        way: way(request.headers()).to_owned(),
        what: format!(
            "{} {}",
            request.method(),
            route.trim_start_matches("/api/v1")
        ),
        database,
        store,
        ..AuditEntry::default()
    };
    let response = next.run(request).await;
    if response.extensions().get::<Refusal>().is_some() {
        // It is written down with all others that were refused, which are bounded.
        return response;
    }
    let changed = response
        .extensions()
        .get::<Changed>()
        .cloned()
        .unwrap_or_default();
    entry.changed = changed.count;
    // What an address cannot say: the database that was just made.
    let made = changed.detail["database"].as_str();
    entry.database = entry.database.or_else(|| made.map(str::to_owned));
    entry.store = entry.store.or_else(|| only_store(&changed.detail));
    entry.outcome = outcome(&response).to_owned();
    entry.detail = match changed.detail {
        Value::Null => json!({"status": response.status().as_u16()}),
        detail => detail,
    };
    state.audit().record(entry);
    response
}

/// The store of changes that are all in one.
fn only_store(detail: &Value) -> Option<String> {
    let changes = detail["changes"].as_array()?;
    let first = changes.first()?["store"].as_str()?;
    let all = changes.iter().all(|change| change["store"] == first);
    all.then(|| first.to_owned())
}

/// The routes of which the handlers write down themselves what they change, if it is anything that is kept.
const BY_ITSELF: [&str; 20] = [
    "/tools/{tool}",
    "/mcp",
    "/chat",
    "/chat/{session}",
    "/chat/{session}/approve",
    "/chat/{session}/feedback",
    "/session/environment",
    "/databases/{db}/query",
    "/scripts/run",
    "/scripts/{category}/{name}/run",
    "/runs/{run}/continue",
    "/runs/{run}/step",
    "/runs/{run}/stop",
    "/runs/{run}/pause",
    "/runs/{run}/breakpoints",
    "/databases/{db}/backup",
    "/login",
    "/logout",
    "/databases/{db}/stores/{store}/import",
    "/setup",
];

/// Whether a request may change something that is kept.
fn is_change(method: &Method, route: &str) -> bool {
    let changes = matches!(
        *method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    let route = route.strip_prefix(BASE);
    changes && route.is_some_and(|route| !BY_ITSELF.contains(&route))
}

fn outcome(response: &Response) -> &'static str {
    match response.status().as_u16() {
        200..=399 => "done",
        401 | 403 => "refused",
        _ => "failed",
    }
}

/// A session's cookie comes from the page, a token from a program.
pub fn way(headers: &HeaderMap) -> &'static str {
    match headers.contains_key(header::AUTHORIZATION) {
        true => "api",
        false => "page",
    }
}

/// Database and store of an address.
fn places(path: &str) -> (Option<String>, Option<String>) {
    let decoded = |part: &str| {
        let text = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
        text.chars().take(200).collect::<String>()
    };
    let parts: Vec<_> = path.trim_start_matches("/api/v1/").split('/').collect();
    match parts.as_slice() {
        ["databases", database, "stores", store, ..] => {
            (Some(decoded(database)), Some(decoded(store)))
        }
        ["databases", database, ..] => (Some(decoded(database)), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_what_writes_for_itself_are_left_out() {
        let change = |method: Method, route: &str| is_change(&method, &format!("/api/v1{route}"));
        assert!(change(Method::POST, "/databases/{db}/changes"));
        assert!(change(Method::DELETE, "/databases/{db}"));
        assert!(!change(Method::GET, "/databases"));
        assert!(!change(Method::POST, "/tools/{tool}"));
        // Words for a run that pauses: it is a dry run.
        assert!(!change(Method::POST, "/runs/{run}/step"));
        assert!(!change(Method::PUT, "/runs/{run}/breakpoints"));
        assert!(!is_change(&Method::POST, "/"));
        // One whose name only begins alike is written down.
        assert!(change(Method::POST, "/tools/{tool}/more"));
        assert!(change(Method::POST, "/databases/{db}/queryings"));
        for route in BY_ITSELF {
            let known = crate::security::rights::ROUTES;
            assert!(known.iter().any(|(path, _)| *path == route), "{route}");
        }
    }

    #[test]
    fn places_of_addresses() {
        let found = places("/api/v1/databases/a%20b/stores/s/items");
        assert_eq!(found, (Some("a b".to_owned()), Some("s".to_owned())));
        assert_eq!(places("/api/v1/environments/x"), (None, None));
    }
}
