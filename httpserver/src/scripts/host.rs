//! Tools for a script that runs: over one session of the query engine where the script is a transaction.
//!
//! The session begins with the first statement, on the database that this one is for. Statements for another database
//! only read, outside of the transaction. Tools that do not work by statements (making stores, imports) have no part in a
//! transaction and are refused in one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sop::Database;
use sop_query::changes::{ChangeSet, Outcome};
use sop_query::sql::{
    Access, Cancel, Catalog, Output, Plan, QueryEngine, Request, Session, SessionOptions, Summary,
    Visibility,
};
use sop_systemdb::script::run::{Begin, Fork, ScriptHost};
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};

use super::{Chain, with_scripts};
use crate::api::catalog;
use crate::error::{ApiError, ApiResult, Code};
use crate::state::AppState;
use crate::tools::{self, Caller, Context, Direct, RUN_SCRIPT, Statements, Tap, Tools, fault};

/// Tools that change something by statements alone.
const BY_STATEMENTS: [&str; 5] = ["insert", "update", "delete", "change", "execute"];
/// Rows of a step.
const ROWS: u64 = 100_000;
/// Rows of a step whose rows go on as they come.
const NO_LIMIT: u64 = 1 << 52;
/// Bytes of the rows of a step.
const BYTES: usize = 64 << 20;

/// A transaction that was begun.
struct Open {
    begin: Begin,
    session: Option<(Session, String)>,
}

type Slot = Rc<RefCell<Option<Open>>>;

/// What a run is on.
#[derive(Clone)]
pub struct Place {
    /// What the server shares.
    pub state: AppState,
    /// The database, where a step names none.
    pub database: String,
    /// Who runs it.
    pub caller: Caller,
    /// The scripts whose steps or rows these are, this one included.
    pub chain: Chain,
    /// The script's text: it may name further databases.
    pub text: String,
}

/// Where statements of a script run.
struct InSession {
    engine: QueryEngine,
    state: AppState,
    slot: Slot,
    chain: Chain,
    /// The script's text: it may name further databases.
    text: String,
}

/// The tools for one run, on one thread.
pub struct RunHost {
    context: RefCell<Context>,
    slot: Slot,
    deadline: RefCell<Option<Instant>>,
    place: Place,
    /// Who takes the rows of the step that is streamed.
    tap: Tap,
    streams: Cell<bool>,
}

impl RunHost {
    pub fn new(place: Place, cancel: Cancel) -> Self {
        let slot = Slot::default();
        let state = &place.state;
        let statements = InSession {
            engine: state.queries().engine().clone(),
            state: state.clone(),
            slot: Rc::clone(&slot),
            chain: place.chain.clone(),
            text: place.text.clone(),
        };
        let mut context = Context::new(state.clone(), place.database.clone(), place.caller.clone());
        context.cancel = cancel;
        context.rows = ROWS;
        context.bytes = BYTES;
        context.statements = Some(Box::new(statements));
        context.chain = place.chain.clone();
        Self {
            context: RefCell::new(context),
            slot,
            deadline: RefCell::default(),
            place,
            tap: Tap::default(),
            streams: Cell::default(),
        }
    }

    /// Gives the rows of the call after [`RunHost::stream_next`] to `output` as they come.
    pub fn tap(&self, output: Box<dyn Output + Send>) {
        self.tap.replace(Some(output));
    }

    /// The next call is the one whose rows go to the tap, without limit.
    pub fn stream_next(&self) {
        self.streams.set(true);
    }

    /// The tap, when no call has taken it.
    pub fn untap(&self) -> Option<Box<dyn Output + Send>> {
        self.tap.take()
    }

    /// Why a tool cannot be called in the transaction.
    fn refuse_outside(&self, name: &str) -> Result<(), ToolFault> {
        let is_open = self.slot.borrow().is_some();
        let class = tools::get(name)?.spec().class;
        if !is_open || class == ToolClass::Read || BY_STATEMENTS.contains(&name) {
            return Ok(());
        }
        let message = format!(
            "'{name}' cannot be a part of a transaction. Set \"transaction\" to \"none\", or make the change by SQL with execute."
        );
        Err(ToolFault::new("not_in_transaction", message).suggest(vec!["execute".to_owned()]))
    }

    fn is_dry(&self) -> bool {
        let slot = self.slot.borrow();
        slot.as_ref().is_some_and(|open| open.begin.dry_run)
    }

    /// Gives a call what is left of the time.
    fn limit_time(&self) {
        let mut context = self.context.borrow_mut();
        let most = context.state.limits().query_longest();
        context.time = match *self.deadline.borrow() {
            None => most,
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1)),
        };
    }
}

impl ToolHost for RunHost {
    fn specs(&self) -> Vec<ToolSpec> {
        Tools(&self.context.borrow()).specs()
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        refuse_scripts(name)?;
        let is_dry = self.is_dry();
        if !is_dry {
            self.refuse_outside(name)?;
        }
        self.limit_time();
        let streams = self.streams.take();
        if streams {
            let mut context = self.context.borrow_mut();
            context.tap.replace(self.tap.take());
            context.rows = NO_LIMIT;
        }
        let context = self.context.borrow();
        let called = match is_dry {
            true => Tools(&context).propose(name, args),
            false => Tools(&context).call(name, args),
        };
        if streams {
            self.tap.replace(context.tap.take());
        }
        called
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        refuse_scripts(name)?;
        self.limit_time();
        Tools(&self.context.borrow()).propose(name, args)
    }
}

impl ScriptHost for RunHost {
    fn begin(&self, begin: Begin) -> Result<(), ToolFault> {
        let mut slot = self.slot.borrow_mut();
        if slot.is_some() {
            let message = "a transaction has begun already";
            return Err(ToolFault::new("invalid_value", message));
        }
        *slot = Some(Open {
            begin,
            session: None,
        });
        Ok(())
    }

    fn commit(&self) -> Result<Option<u64>, ToolFault> {
        match self.slot.take().and_then(|open| open.session) {
            Some((session, _)) => session.commit().map_err(|error| fault(error.into())),
            None => Ok(None),
        }
    }

    fn rollback(&self) {
        if let Some((session, _)) = self.slot.take().and_then(|open| open.session) {
            session.rollback();
        }
    }

    fn spoiled(&self) -> Option<String> {
        let slot = self.slot.borrow();
        let session = slot.as_ref()?.session.as_ref();
        session?.0.spoiled().map(str::to_owned)
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.borrow_mut() = deadline;
    }

    fn fork(&self) -> Fork {
        let cancel = self.context.borrow().cancel.part();
        let place = self.place.clone();
        let ending = cancel.clone();
        Fork {
            make: Box::new(move || Box::new(RunHost::new(place, cancel))),
            stop: std::sync::Arc::new(move || ending.cancel()),
        }
    }
}

/// Scripts are run by steps "call", where circles and depth are seen.
fn refuse_scripts(name: &str) -> Result<(), ToolFault> {
    if name != RUN_SCRIPT {
        return Ok(());
    }
    let message = "A script runs another one by a step \"call\", not by a tool.";
    Err(ToolFault::new("not_allowed", message))
}

/// The name and the id of a catalog's first database.
fn first(catalog: &Catalog) -> (String, String) {
    let first = catalog.iter().next();
    first.map_or_else(Default::default, |(name, db)| (name.to_owned(), db.id()))
}

impl InSession {
    /// Lets `work` run in the session; `None` when there is no transaction, or it is on another database.
    fn in_session<T>(
        &self,
        name: &str,
        id: &str,
        visibility: &Visibility,
        work: impl FnOnce(&Session) -> ApiResult<T>,
    ) -> ApiResult<Option<T>> {
        let mut slot = self.slot.borrow_mut();
        let Some(open) = slot.as_mut() else {
            return Ok(None);
        };
        if open.session.is_none() {
            let catalog = catalog(self.state.registry(), name, &self.text)?;
            let catalog = with_scripts(catalog, &self.state, name, &self.text, &self.chain);
            let access = match open.begin.writes {
                true => Access::ReadWrite,
                false => Access::ReadOnly,
            };
            let options = SessionOptions {
                access,
                dry_run: open.begin.dry_run,
                visibility: visibility.clone(),
            };
            open.session = Some((self.engine.session(&catalog, options)?, id.to_owned()));
        }
        match &open.session {
            Some((session, own)) if own == id => work(session).map(Some),
            _ => Ok(None),
        }
    }

    /// What runs beside the transaction.
    fn direct(&self) -> Direct {
        Direct::new(self.engine.clone())
    }

    /// Refuses a change beside the transaction.
    fn refuse_beside(&self, name: &str) -> ApiResult<()> {
        if self.slot.borrow().is_none() {
            return Ok(());
        }
        let detail = format!(
            "A transaction changes one database, and '{name}' is another one. Set \"transaction\" to \"none\", or make two scripts of it."
        );
        Err(ApiError::new(Code::UnsupportedStatement, detail))
    }
}

impl Statements for InSession {
    fn run(
        &self,
        catalog: &Catalog,
        request: &Request,
        rows: &mut dyn Output,
    ) -> ApiResult<Summary> {
        let (name, id) = first(catalog);
        let ran = self.in_session(&name, &id, &request.visibility, |session| {
            Ok(session.run(request, rows)?)
        })?;
        if let Some(summary) = ran {
            return Ok(summary);
        }
        if request.access == Access::ReadWrite {
            self.refuse_beside(&name)?;
        }
        self.direct().run(catalog, request, rows)
    }

    fn explain(&self, catalog: &Catalog, request: &Request, analyze: bool) -> ApiResult<Plan> {
        self.direct().explain(catalog, request, analyze)
    }

    fn change(&self, database: &Database, set: &ChangeSet, dry_run: bool) -> ApiResult<Outcome> {
        let id = database.id();
        let entries = self.state.registry().list();
        let named = entries.iter().find(|entry| {
            let open = entry.opened();
            open.is_some_and(|open| open.id() == id)
        });
        let name = named.map(|entry| entry.name.clone()).unwrap_or_default();
        let seen = self.state.who().visibility();
        let masks = set
            .changes
            .iter()
            .any(|change| seen.store(&name, &change.store).is_some());
        if masks && self.slot.borrow().is_some() {
            let detail = "Fields of this store are masked for you, and in a transaction a change set cannot keep them. Change it by SQL with execute, or set \"transaction\" to \"none\".";
            return Err(ApiError::new(Code::UnsupportedStatement, detail));
        }
        let done = self.in_session(&name, &id, seen, |session| Ok(session.changes(&name, set)?))?;
        if let Some(outcome) = done {
            return Ok(outcome);
        }
        self.refuse_beside(&name)?;
        self.direct().change(database, set, dry_run)
    }
}
