//! The copilot: sessions of turns, each answered by a command, the planner or a model with tools.
//!
//! What always holds:
//! - A tool that changes something never runs because a model said so: it is proposed, and runs once, when a
//!   person approved exactly this change and the data still is as it was.
//! - Data, schemas and knowledge reach a model only as fenced data ([`prompt`]), and only as far as they are
//!   shared ([`sharing`]). What was sent can be looked up, byte for byte.
//! - Sessions share nothing. A turn ends: in steps, time, tokens and money, or when it is stopped.
//!
//! What it does not do: it makes no request besides those to the configured provider, and has no tools of its
//! own; what it needs of the server is in [`seams`].

mod absent;
mod approval;
mod calls;
mod commands;
mod converse;
mod corrections;
mod events;
mod kept;
mod masking;
mod memory;
mod offline;
mod prompt;
mod ring;
mod saved;
mod seams;
mod session;
mod settings;
mod sharing;
mod sketch;
mod tools;
mod turn;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use sop_query::sql::Cancel;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

pub use absent::{MemoryKnowledge, MemorySessions, NoCommands, NoPlanner, NoTools};
pub use approval::{Outcome, Wish};
pub use commands::Commands;
pub(crate) use commands::grammar;
pub use events::{ChatEvent, ToolShown};
pub use ring::{Ring, Stored};
pub use saved::{Feedback, Rating, SavedCall, SavedSession, SavedTurn, SessionSummary};
pub use seams::{
    Emit, Host, KnowledgeEntry, KnowledgeSource, Parts, Planned, Planner, PlannerQuestion,
    SchemaSource, SessionStore, SlashRunner, ToolAccess, ToolContext,
};
pub use session::{Sent, Session};
pub use settings::{LlmStatus, LlmUpdate, Tested};
pub use sketch::{FieldSketch, RegistrySchema, StoreSketch};
pub use tools::RegistryTools;

use approval::{Decision, Refusal};
use masking::Mask;
use settings::Settings;
use turn::{Question, Turn};

use crate::config::{LlmConfig, LlmLimits, Price, Secret, Share};
use crate::error::{ApiError, ApiResult, Code, nearest};
use crate::security::Identity;
use crate::state::AppState;

/// Tools that run at the same time.
const MAX_TOOLS: usize = 32;
/// Sessions that a list has at most.
const MAX_LISTED: usize = 200;
/// Shortest secret that is looked for in prompts; shorter ones would be found everywhere.
const SECRET_BYTES: usize = 8;

/// What a person asks.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The session to go on with.
    pub session: Option<String>,
    /// What the person says.
    pub message: String,
    /// The database that is open.
    pub database: String,
    /// The store that is open.
    pub store: Option<String>,
    /// `offline` to ask no model.
    pub provider: Option<String>,
    /// What may be shared; what the settings say when missing, and never more.
    pub share: Option<Share>,
    /// Things of the page that the person points at.
    pub selection: Option<Value>,
    /// The turn that this one takes the place of, with all after it.
    pub replace: Option<u64>,
}

/// The copilot of a server; cheap to clone.
#[derive(Clone)]
pub struct Copilot(Arc<Inner>);

pub(crate) struct Inner {
    parts: Parts,
    settings: RwLock<Settings>,
    secrets: Vec<Secret>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    places: Arc<Semaphore>,
}

impl Parts {
    /// What a server has: commands, the planner, and what is kept in its system database.
    pub(crate) fn with_system(opener: kept::Opener) -> Self {
        Self {
            knowledge: Arc::new(kept::KeptKnowledge),
            store: Arc::new(kept::KeptSessions(opener)),
            slash: Arc::new(commands::Commands),
            planner: Arc::new(offline::Offline),
            ..Self::default()
        }
    }
}

impl Default for Parts {
    /// What a server has that only knows its databases and its tools.
    fn default() -> Self {
        Self {
            tools: Arc::new(RegistryTools),
            schema: Arc::new(RegistrySchema),
            knowledge: Arc::new(MemoryKnowledge::default()),
            store: Arc::new(MemorySessions::default()),
            slash: Arc::new(NoCommands),
            planner: Arc::new(NoPlanner),
        }
    }
}

impl Copilot {
    /// A copilot; `secrets` never are part of a prompt.
    pub fn new(config: &LlmConfig, secrets: Vec<Secret>, parts: Parts) -> Self {
        let secrets = secrets.into_iter().chain(config.key.clone());
        Self(Arc::new(Inner {
            parts,
            settings: RwLock::new(Settings::new(config)),
            secrets: secrets
                .filter(|s| s.expose().len() >= SECRET_BYTES)
                .collect(),
            sessions: Mutex::default(),
            places: Arc::new(Semaphore::new(MAX_TOOLS)),
        }))
    }

    /// Begins a turn. Gives its session and the event after which its own begin.
    ///
    /// # Errors
    /// The message is empty or too long, the session is unknown or busy, more is to be shared than allowed.
    pub async fn ask(&self, state: &AppState, ask: Ask) -> ApiResult<(Arc<Session>, u64)> {
        let limits = self.limits();
        check_message(&ask.message, &limits)?;
        let share = self.share(ask.share)?;
        let offline = self.check_provider(ask.provider.as_deref())?;
        let session = match &ask.session {
            Some(id) => self.session(state.who(), id).await?,
            None => self.new_session(state.who())?,
        };
        let cancel = Cancel::default();
        let saved = SavedTurn {
            message: ask.message.clone(),
            database: ask.database.clone(),
            store: ask.store.clone(),
            began_ms: saved::now_ms(),
            ..SavedTurn::default()
        };
        let from = session.ring.newest();
        let Some(number) = session.begin(saved, ask.replace, cancel.clone()) else {
            let detail = "This session is answering already. Wait for it, decide on what it proposes, or stop it.";
            return Err(ApiError::new(Code::TurnRunning, detail));
        };
        let context = ToolContext {
            state: state.clone(),
            session: session.id.clone(),
            turn: number,
            database: ask.database,
            store: ask.store,
            cancel,
        };
        let question = Question {
            message: ask.message,
            share: if offline { Share::Off } else { share },
            selection: ask.selection,
        };
        self.spawn(&session, context, question, limits);
        Ok((session, from))
    }

    /// Answers in a task of its own, so that a client that goes away does not end it.
    fn spawn(
        &self,
        session: &Arc<Session>,
        context: ToolContext,
        question: Question,
        limits: LlmLimits,
    ) {
        let number = context.turn;
        let inner = Arc::clone(&self.0);
        let guard = EndGuard {
            session: Arc::clone(session),
            turn: number,
        };
        let turn = Turn {
            host: inner.parts.tools.host(&context),
            inner: Arc::clone(&inner),
            session: Arc::clone(session),
            number,
            question,
            context,
            tools: Vec::new(),
            mask: Mask::default(),
            deadline: Instant::now() + limits.answer(),
            limits,
            calls: 0,
            failures: HashMap::new(),
            failed: HashMap::new(),
        };
        let task = tokio::spawn(async move {
            let guard = guard;
            // So that a restart in the middle finds that something was begun.
            inner.keep(&guard.session).await;
            let model = inner.settings.read().model();
            let ending = match model {
                Ok(model) => turn.run(model).await,
                Err(error) => turn.without_model(&error).await,
            };
            // Kept before it is told: whoever hears of the end may end the server.
            inner.keep_as(&guard.session, Some(ending)).await;
            guard.session.end(number, ending);
        });
        session.runs(number, task.abort_handle());
    }

    /// A session, from memory or from where it is kept.
    ///
    /// # Errors
    /// There is none with this id.
    pub async fn session(&self, who: &Identity, id: &str) -> ApiResult<Arc<Session>> {
        let session = self.find(id).await?;
        // Somebody else's is as good as none.
        let own = session.state().saved.owner == owner(who);
        own.then_some(session).ok_or_else(no_session)
    }

    async fn find(&self, id: &str) -> ApiResult<Arc<Session>> {
        if let Some(session) = self.0.sessions.lock().get(id) {
            return Ok(Arc::clone(session));
        }
        let (store, wanted) = (Arc::clone(&self.0.parts.store), id.to_owned());
        let loaded = tokio::task::spawn_blocking(move || store.load(&wanted)).await;
        let loaded = loaded
            .map_err(ApiError::internal)?
            .map_err(ApiError::internal)?;
        self.admit(loaded.ok_or_else(no_session)?)
    }

    fn new_session(&self, who: &Identity) -> ApiResult<Arc<Session>> {
        let id = random_text(16).map_err(ApiError::internal)?;
        self.admit(SavedSession {
            id,
            owner: owner(who),
            ..SavedSession::default()
        })
    }

    /// Takes a session into memory; the one unused for longest goes when there are too many.
    fn admit(&self, saved: SavedSession) -> ApiResult<Arc<Session>> {
        let epoch = random_text(4).map_err(ApiError::internal)?;
        let most = self.limits().sessions as usize;
        let mut sessions = self.0.sessions.lock();
        if let Some(session) = sessions.get(&saved.id) {
            return Ok(Arc::clone(session));
        }
        if sessions.len() >= most {
            let idle = sessions
                .values()
                .filter(|session| session.running().is_none());
            let oldest = idle.min_by_key(|session| session.state().used);
            let Some(oldest) = oldest.map(|session| session.id.clone()) else {
                let detail =
                    format!("{most} sessions are being answered already. Try again later.");
                return Err(ApiError::new(Code::TooManyRequests, detail));
            };
            sessions.remove(&oldest);
        }
        let session = Arc::new(Session::new(saved, epoch));
        sessions.insert(session.id.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// The newest sessions, those that are not kept yet included.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, who: &Identity) -> ApiResult<Vec<SessionSummary>> {
        let owner = owner(who);
        // Those of others are among the newest.
        let most = if who.is_user { usize::MAX } else { MAX_LISTED };
        let store = Arc::clone(&self.0.parts.store);
        let kept = tokio::task::spawn_blocking(move || store.list(most)).await;
        let kept = kept.map_err(ApiError::internal)?;
        let kept = kept.map_err(ApiError::internal)?.into_iter();
        let mut all: BTreeMap<String, SessionSummary> =
            kept.map(|one| (one.id.clone(), one)).collect();
        for session in self.0.sessions.lock().values() {
            let summary = session.state().saved.summary();
            all.insert(summary.id.clone(), summary);
        }
        let mut all: Vec<_> = all.into_values().collect();
        all.retain(|one| one.turns > 0 && one.owner == owner);
        all.sort_by_key(|one| std::cmp::Reverse(one.updated_ms));
        all.truncate(MAX_LISTED);
        Ok(all)
    }

    /// Stops what a session answers; false when it answers nothing.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn stop(&self, who: &Identity, id: &str) -> ApiResult<bool> {
        let session = self.session(who, id).await?;
        let stopped = session.stop();
        if stopped {
            self.0.keep(&session).await;
        }
        Ok(stopped)
    }

    /// Decides on a change, and waits for what becomes of it.
    ///
    /// # Errors
    /// Nothing waits under this name; it was decided on, lapsed, or is about something else.
    pub async fn decide(&self, state: &AppState, id: &str, wish: Wish) -> ApiResult<Outcome> {
        let session = self.session(state.who(), id).await?;
        let database = session
            .state()
            .approvals
            .get(&wish.call)
            .map(|approval| approval.database.clone());
        if let Some(database) = database.filter(|_| wish.approve) {
            // What this person may not do is said before the decision counts: it still waits after that.
            let registry = Arc::clone(state.registry());
            let allowed = tokio::task::spawn_blocking(move || registry.check_write(&database));
            allowed.await.map_err(ApiError::internal)??;
        }
        let taken = session
            .state()
            .approvals
            .get_mut(&wish.call)
            .map(|approval| approval.take(wish.hash.as_deref()));
        let refused = |code, detail: &'static str| Err(ApiError::new(code, detail));
        let decide = match taken {
            Some(Ok(decide)) => decide,
            Some(Err(Refusal::Used)) => {
                return refused(
                    Code::ApprovalOver,
                    "This change was decided on already; it is not done twice.",
                );
            }
            Some(Err(Refusal::Expired)) => {
                return refused(
                    Code::ApprovalOver,
                    "This change waited too long and lapsed. Ask for it again.",
                );
            }
            Some(Err(Refusal::OtherChange)) => {
                return refused(
                    Code::Conflict,
                    "Another change waits than the one that you saw. Look at it again.",
                );
            }
            None => {
                return refused(
                    Code::ApprovalNotFound,
                    "No change waits under this name in this session.",
                );
            }
        };
        let (reply, outcome) = oneshot::channel();
        let decision = Decision {
            state: state.clone(),
            approve: wish.approve,
            reason: wish.reason,
            reply,
        };
        let over = || {
            ApiError::new(
                Code::ApprovalOver,
                "The answer was stopped. Look whether the change was made before you repeat it.",
            )
        };
        decide.send(decision).map_err(|_| over())?;
        outcome.await.map_err(|_| over())
    }

    /// Keeps what a person thinks of a turn; a bad one with words proposes knowledge.
    ///
    /// # Errors
    /// There is no such session or turn, or it could not be kept.
    pub async fn feedback(
        &self,
        state: &AppState,
        id: &str,
        turn: u64,
        feedback: Feedback,
    ) -> ApiResult<()> {
        let session = self.session(state.who(), id).await?;
        let entry = {
            let mut state = session.state();
            let found = state
                .saved
                .turns
                .iter_mut()
                .find(|saved| saved.turn == turn);
            let saved = found.ok_or_else(|| {
                ApiError::new(
                    Code::SessionNotFound,
                    "This session has no turn with this number.",
                )
            })?;
            saved.feedback = Some(feedback.clone());
            let words = feedback.comment.as_deref().unwrap_or_default().trim();
            (feedback.rating == Rating::Down && !words.is_empty()).then(|| KnowledgeEntry {
                category: "feedback".to_owned(),
                name: format!("{}-{turn}", id.get(..8).unwrap_or(id)),
                text: words.to_owned(),
                why: format!(
                    "A person was not content with the answer to: {}",
                    saved.message
                ),
                database: saved.database.clone(),
                source: format!("{id}/{turn}"),
            })
        };
        let parts = self.0.parts.clone();
        let id = id.to_owned();
        let context = ToolContext {
            state: state.clone(),
            session: id.clone(),
            turn,
            database: entry
                .as_ref()
                .map(|entry| entry.database.clone())
                .unwrap_or_default(),
            store: None,
            cancel: Cancel::default(),
        };
        let kept = tokio::task::spawn_blocking(move || {
            if let Some(entry) = entry {
                parts.knowledge.propose(&context, &entry)?;
            }
            parts.store.feedback(&id, turn, &feedback)
        });
        let kept = kept.await.map_err(ApiError::internal)?;
        self.0.keep(&session).await;
        kept.map_err(ApiError::internal)
    }

    fn limits(&self) -> LlmLimits {
        self.0.settings.read().limits()
    }

    /// What may be shared when `wish` is asked for.
    fn share(&self, wish: Option<Share>) -> ApiResult<Share> {
        let most = self.0.settings.read().share();
        match wish {
            None => Ok(most),
            Some(wish) if wish <= most => Ok(wish),
            Some(_) => {
                let detail =
                    "More is to be shared with a model than the settings of the server allow.";
                Err(ApiError::new(Code::InvalidValue, detail).at("/share", detail))
            }
        }
    }

    /// Whether no model is to be asked.
    fn check_provider(&self, wish: Option<&str>) -> ApiResult<bool> {
        let configured = self
            .0
            .settings
            .read()
            .provider()
            .map(crate::config::ProviderKind::name);
        match wish {
            None => Ok(false),
            Some("offline") => Ok(true),
            Some(wish) if Some(wish) == configured => Ok(false),
            Some(wish) => {
                let known = configured.into_iter().chain(["offline"]);
                let detail = format!("The provider '{wish}' is not configured here.");
                let error = ApiError::new(Code::InvalidValue, detail.clone());
                Err(error.at("/provider", detail).suggest(nearest(wish, known)))
            }
        }
    }

    /// How the model is configured, without its key.
    pub fn status(&self) -> LlmStatus {
        self.0.settings.read().status()
    }

    /// Changes how the model is configured, until the server is started anew.
    ///
    /// # Errors
    /// What is asked for is not possible; then nothing changes.
    pub fn update(&self, update: &LlmUpdate) -> ApiResult<LlmStatus> {
        self.0.settings.write().update(update)
    }

    /// Asks the model for a word.
    pub async fn test(&self) -> Tested {
        let (model, time) = {
            let settings = self.0.settings.read();
            (settings.model(), settings.limits().answer())
        };
        settings::test(model, time).await
    }
}

impl Inner {
    /// Keeps a session; a failure is logged, the session goes on.
    async fn keep(&self, session: &Session) {
        self.keep_as(session, None).await;
    }

    /// The same as if its newest turn had ended like this.
    async fn keep_as(&self, session: &Session, ending: Option<&str>) {
        let store = Arc::clone(&self.parts.store);
        let mut saved = session.state().saved.clone();
        if let (Some(ending), Some(turn)) = (ending, saved.turns.last_mut()) {
            turn.ended.get_or_insert_with(|| ending.to_owned());
        }
        let kept = tokio::task::spawn_blocking(move || store.save(&saved)).await;
        match kept {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error, "a session could not be kept"),
            Err(error) => tracing::error!(%error, "keeping a session ended by a fault"),
        }
    }

    fn prices(&self) -> BTreeMap<String, Price> {
        self.settings.read().prices()
    }

    fn masks(&self, database: &str) -> bool {
        self.settings.read().masks(database)
    }

    /// A prompt without the secrets of the server, should one have got into the data.
    fn without_secrets(&self, body: Bytes) -> Bytes {
        let Ok(text) = std::str::from_utf8(&body) else {
            return body;
        };
        let found = |secret: &&Secret| text.contains(secret.expose());
        if !self.secrets.iter().any(|secret| found(&secret)) {
            return body;
        }
        let clean = self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), "[secret]")
        });
        Bytes::from(clean)
    }
}

/// Ends its turn should the task end by a fault.
struct EndGuard {
    session: Arc<Session>,
    turn: u64,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.session.end(self.turn, "error");
    }
}

/// Whose sessions somebody's are.
fn owner(who: &Identity) -> String {
    match who.is_user {
        true => who.name.to_string(),
        false => String::new(),
    }
}

fn no_session() -> ApiError {
    let detail = "There is no session with this id. It may have been forgotten; begin another one.";
    ApiError::new(Code::SessionNotFound, detail)
}

fn check_message(message: &str, limits: &LlmLimits) -> ApiResult<()> {
    let detail = if message.trim().is_empty() {
        "The message is empty.".to_owned()
    } else if message.len() as u64 > limits.message_bytes {
        let (length, most) = (message.len(), limits.message_bytes);
        format!("The message has {length} bytes, the limit is {most}.")
    } else {
        return Ok(());
    };
    Err(ApiError::new(Code::InvalidValue, detail.clone()).at("/message", detail))
}

/// Random bytes as text.
fn random_text(bytes: usize) -> Result<String, getrandom::Error> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
