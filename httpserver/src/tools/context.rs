//! Who calls tools, from where, on what, and how much they may take.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::{Value, json};
use sop::Database;
use sop_query::sql::{Cancel, Catalog, Output, Visibility};
use sop_systemdb::system::AuditEntry;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolOutput};

use super::fault::fault;
use super::statements::{Direct, Statements};
use super::tool::{Mode, Tool};
use crate::api::catalog;
use crate::audit::REFUSED;
use crate::scripts::{Chain, with_scripts};
use crate::security::{Capability, Seen};
use crate::state::AppState;

/// By which way a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The page.
    Page,
    /// The HTTP interface.
    Api,
    /// A slash command.
    Command,
    /// A step of a script.
    Script,
    /// A model's call.
    Copilot,
    /// The Model Context Protocol.
    Mcp,
}

impl Way {
    /// Its name in the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::Page => "page",
            Way::Api => "api",
            Way::Command => "command",
            Way::Script => "script",
            Way::Copilot => "copilot",
            Way::Mcp => "mcp",
        }
    }

    /// Whether a person called it, and neither a model nor a script.
    pub fn is_person(self) -> bool {
        matches!(self, Way::Page | Way::Api | Way::Command)
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// A name for the audit.
    pub name: String,
    /// By which way.
    pub way: Way,
    /// The most that they may do.
    pub may: ToolClass,
}

/// All that a tool needs to know beside its arguments. It stays on the thread that it was made on.
pub struct Context {
    /// What the server shares.
    pub state: AppState,
    /// The database that is meant when none is named.
    pub database: String,
    /// The store that is open in the page.
    pub store: Option<String>,
    /// Who calls.
    pub caller: Caller,
    /// Most rows of a result.
    pub rows: u64,
    /// Most bytes of a result's rows.
    pub bytes: usize,
    /// Longest time of a statement.
    pub time: Duration,
    /// Ends what runs.
    pub cancel: Cancel,
    /// Where statements run, when not each in a transaction of its own.
    pub statements: Option<Box<dyn Statements>>,
    /// The scripts whose steps or rows this call is a part of.
    pub chain: Chain,
    /// Who takes the rows of the next query instead of a table in the answer.
    pub tap: Tap,
    /// Whether the last call is in the audit.
    noted: Cell<bool>,
}

/// Takes the rows of one query as they come.
pub type Tap = RefCell<Option<Box<dyn Output + Send>>>;

/// Rows of a result when nothing else is said.
const ROWS: u64 = 1_000;
/// Bytes of a result's rows when nothing else is said.
const BYTES: usize = 4 << 20;

impl Context {
    /// With the ordinary limits.
    pub fn new(state: AppState, database: impl Into<String>, mut caller: Caller) -> Self {
        let who = state.who();
        // Whatever the way: nobody does more by it than they may.
        caller.may = caller.may.min(who.tools().unwrap_or(ToolClass::Read));
        if who.is_user {
            caller.name = who.name.to_string();
        }
        let time = state.limits().query_timeout();
        Self {
            state,
            database: database.into(),
            store: None,
            caller,
            rows: ROWS,
            bytes: BYTES,
            time,
            cancel: Cancel::default(),
            statements: None,
            chain: Chain::default(),
            tap: Tap::default(),
            noted: Cell::new(false),
        }
    }

    /// Whether the caller may use tools of this class.
    pub fn allows(&self, class: ToolClass) -> bool {
        self.state.who().tools().is_some() && class <= self.caller.may
    }

    /// Whether the caller is shown a tool.
    pub(super) fn offers(&self, tool: &Tool) -> bool {
        let for_caller = !tool.is_for_people() || self.caller.way.is_person();
        for_caller && (tool.has_class_of_call() || self.allows(tool.spec().class))
    }

    /// The one place where it is decided whether a caller may use a tool; what the call may do.
    ///
    /// # Errors
    /// `not_allowed`; arguments of which it cannot be told.
    pub(super) fn may_call(&self, tool: &Tool, args: &Value) -> Result<ToolClass, ToolFault> {
        let name = &tool.spec().name;
        if tool.is_for_people() && !self.caller.way.is_person() {
            let message = format!("'{name}' is for people: no model and no script calls it.");
            return Err(ToolFault::new("not_allowed", message));
        }
        let class = tool.class(self, args)?;
        self.allow_class(class, name)?;
        Ok(class)
    }

    /// Whether the caller may do something of this class.
    ///
    /// # Errors
    /// `not_allowed`.
    pub fn allow_class(&self, class: ToolClass, what: &str) -> Result<(), ToolFault> {
        if self.allows(class) {
            return Ok(());
        }
        let needed = match class {
            ToolClass::Read => "read",
            ToolClass::Write => "change items",
            ToolClass::Admin => "change stores and databases",
        };
        let message = format!("'{what}' is not allowed here: it needs the right to {needed}.");
        Err(ToolFault::new("not_allowed", message))
    }

    /// Writes down what a tool changed, or why it did not.
    pub(super) fn audit(
        &self,
        tool: &str,
        (database, store): (Option<String>, Option<String>),
        done: &Result<ToolOutput, ToolFault>,
    ) {
        let mut entry = AuditEntry {
            who: self.caller.name.clone(),
            way: self.caller.way.as_str().to_owned(),
            what: tool.to_owned(),
            database: database.or_else(|| Some(self.database.clone())),
            store,
            ..AuditEntry::default()
        };
        match done {
            Ok(output) => {
                entry.outcome = "done".to_owned();
                entry.changed = output.stats["changed"].as_u64().unwrap_or(0);
                entry.detail = json!({
                    "summary": output.summary, "statement": output.statement,
                    "changes": output.changes,
                });
            }
            Err(fault) => {
                let refused = ["not_allowed", "read_only", "confirmation_needed"];
                let refused = refused.contains(&fault.code.as_str());
                entry.outcome = if refused { REFUSED } else { "failed" }.to_owned();
                entry.detail = json!({"code": fault.code, "message": fault.message});
            }
        }
        self.state.audit().record(entry);
        self.noted.set(true);
    }

    /// Whether a call of a tool was written down.
    pub fn is_noted(&self) -> bool {
        self.noted.get()
    }

    /// What the caller sees of that database.
    pub fn seen(&self, named: Option<&str>) -> Seen {
        self.state.registry().seen(self.database_name(named))
    }

    /// What the caller sees of all databases.
    pub fn visibility(&self) -> Visibility {
        self.state.who().visibility().clone()
    }

    /// The name of the system database.
    pub(super) fn system_name(&self) -> String {
        self.state.registry().system_entry().name.clone()
    }

    /// The database that arguments name, or the one of the call.
    pub fn database_name<'a>(&'a self, named: Option<&'a str>) -> &'a str {
        named.unwrap_or(&self.database)
    }

    /// That database, open.
    ///
    /// # Errors
    /// It is not there or cannot be opened.
    pub fn database(&self, named: Option<&str>) -> Result<Database, ToolFault> {
        let name = self.database_name(named);
        let registry = self.state.registry();
        let entry = registry.get(name).map_err(fault)?;
        registry
            .who()
            .check(Capability::Query, Some(&entry.name))
            .map_err(fault)?;
        registry.database(name).map_err(fault)
    }

    /// That database, open for writing.
    ///
    /// # Errors
    /// As [`Context::database`], and it is read-only, or a change of it has to be confirmed.
    pub fn writable(&self, named: Option<&str>, mode: Mode) -> Result<Database, ToolFault> {
        let (registry, name) = (self.state.registry(), self.database_name(named));
        let database = match mode {
            Mode::Call => registry.writable(name),
            Mode::Propose => registry.proposable(name),
        };
        database.map_err(fault)
    }

    /// That database first and the others that the text may name.
    ///
    /// # Errors
    /// It is not there or cannot be opened.
    pub fn catalog(&self, named: Option<&str>, text: &str) -> Result<Catalog, ToolFault> {
        let name = self.database_name(named);
        let catalog = catalog(self.state.registry(), name, text).map_err(fault)?;
        let (state, chain) = (&self.state, &self.chain);
        Ok(with_scripts(catalog, state, name, text, chain))
    }

    /// What runs statements on a catalog.
    pub(super) fn with_statements<T>(
        &self,
        work: impl FnOnce(&dyn Statements) -> Result<T, ToolFault>,
    ) -> Result<T, ToolFault> {
        match &self.statements {
            Some(statements) => work(statements.as_ref()),
            None => work(&Direct::new(self.state.queries().engine().clone())),
        }
    }
}
