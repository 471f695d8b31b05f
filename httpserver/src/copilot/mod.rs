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
mod asker;
mod calls;
mod commands;
mod converse;
mod corrections;
mod decisions;
mod drafting;
mod events;
mod kept;
mod masking;
mod memory;
mod noted;
mod offline;
mod prompt;
mod ring;
mod saved;
mod seams;
mod session;
mod sessions;
mod settings;
mod settings_file;
mod sharing;
mod sketch;
mod tools;
mod turn;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use sop_query::sql::Cancel;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use absent::{MemoryKnowledge, MemorySessions, NoCommands, NoPlanner, NoTools};
pub use approval::{Outcome, Wish};
pub use asker::ModelAsker;
pub use commands::Commands;
pub(crate) use commands::grammar;
pub use events::{ChatEvent, ToolShown};
pub(crate) use prompt::{fence_rule, fenced};
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

use masking::Mask;
use noted::Noted;
use settings::Settings;
use turn::{Question, Turn};

use crate::config::{LlmConfig, LlmLimits, Price, Secret, Share};
use crate::error::{ApiError, ApiResult, Code, nearest};
use crate::state::AppState;

/// Tools that run at the same time.
const MAX_TOOLS: usize = 32;
/// Sessions that a list has at most.
const MAX_LISTED: usize = 200;
/// Shortest secret that is looked for in prompts; shorter ones would be found everywhere.
const SECRET_BYTES: usize = 8;

/// Whether a secret is long enough to be looked for.
fn is_findable(secret: &Secret) -> bool {
    secret.expose().len() >= SECRET_BYTES
}

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
    secrets: RwLock<Vec<Secret>>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    places: Arc<Semaphore>,
    noted: Noted,
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
    /// A copilot; `secrets` never are part of a prompt. What people change in the settings is kept in `folder`.
    pub fn new(
        config: &LlmConfig,
        secrets: Vec<Secret>,
        parts: Parts,
        folder: Option<&Path>,
    ) -> Self {
        let settings = Settings::new(config, folder);
        let secrets = secrets.into_iter().chain(config.key.clone());
        let secrets = secrets.chain(settings.key());
        Self(Arc::new(Inner {
            parts,
            settings: RwLock::new(settings),
            secrets: RwLock::new(secrets.filter(is_findable).collect()),
            sessions: Mutex::default(),
            places: Arc::new(Semaphore::new(MAX_TOOLS)),
            noted: Noted::default(),
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
            let model = inner.settings.read().model();
            let answer = async {
                match model {
                    Ok(model) => turn.run(model).await,
                    Err(error) => turn.without_model(&error).await,
                }
            };
            // It is kept at once, so that a restart in the middle finds that something was begun; nobody waits for that.
            let (ending, ()) = tokio::join!(answer, inner.keep(&guard.session));
            // Kept before it is told: whoever hears of the end may end the server.
            inner.keep_as(&guard.session, Some(ending)).await;
            guard.session.end(number, ending);
        });
        session.runs(number, task.abort_handle());
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

    /// Changes how the model is configured, and keeps it for the next start. It may block.
    ///
    /// # Errors
    /// What is asked for is not possible, or cannot be kept; then nothing changes.
    pub fn update(&self, update: &LlmUpdate) -> ApiResult<LlmStatus> {
        let mut settings = self.0.settings.write();
        let status = settings.update(update)?;
        let new = settings.key().filter(is_findable);
        self.0.secrets.write().extend(new);
        Ok(status)
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
        let secrets = self.secrets.read();
        if !secrets.iter().any(|secret| text.contains(secret.expose())) {
            return body;
        }
        let clean = secrets.iter().fold(text.to_owned(), |text, secret| {
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
pub(crate) fn random_text(bytes: usize) -> Result<String, getrandom::Error> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)?;
    Ok(random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
