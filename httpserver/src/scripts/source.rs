//! Scripts as tables: `select … from script.active_users`, with parameters `script.of_role('admin')`.
//!
//! Always: only a script that changes nothing is a table; what it may do is to read, whoever asks; a script that reads
//! itself, directly or through others, is refused. Rows of a last step that selects go on as they come and are kept
//! nowhere; those of any other script are its last table.
//!
//! Its columns are known when the statement is prepared: the steps before the last run for that, and the last one as far as
//! the names of its columns. A script with parameters that have no default is given empty values then.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use sop_query::sql::{
    Cancel, Catalog, Code, Column, Output, QueryError, RowSource, RowSources, SourceCall, Value,
    ValueRef,
};
use sop_systemdb::script::run::{Event, NoModel, RunReport};
use sop_systemdb::script::{Arguments, DEFAULT_CATEGORY, Parameter, ParameterKind, Program};
use sop_systemdb::system::{ScriptInfo, System, SystemError};
use sop_systemdb::tool::{Table, ToolClass, ToolFault};

use super::{Chain, Run, done, library, run_on};
use crate::state::AppState;
use crate::tools::{Caller, Way};

/// The schema under which scripts are tables.
pub const SCHEMA: &str = "script";

/// What a statement reads a script by, behind `script.`; none when it changes something.
pub fn readable_name(state: &AppState, system: &System, info: &ScriptInfo) -> Option<String> {
    let library = library(state, system);
    let program = library.newest(&info.category, &info.name).ok()?;
    let reads = library.class(&program) == ToolClass::Read;
    reads.then(|| table_name(&info.category, &info.name))
}

fn table_name(category: &str, name: &str) -> String {
    match category == DEFAULT_CATEGORY {
        true => name.to_owned(),
        false => format!("{category}.{name}"),
    }
}

/// A catalog whose statements may read scripts, where the text names one at all. A database of that name goes first.
pub fn with_scripts(
    catalog: Catalog,
    state: &AppState,
    database: &str,
    text: &str,
    chain: &Chain,
) -> Catalog {
    let named = text.to_ascii_lowercase().contains(SCHEMA);
    let is_taken = catalog
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(SCHEMA));
    if !named || is_taken {
        return catalog;
    }
    let scripts = Scripts {
        state: state.clone(),
        database: database.to_owned(),
        chain: chain.clone(),
        known: Mutex::default(),
    };
    catalog.with_sources(SCHEMA, Arc::new(scripts))
}

/// The scripts for the statements of one request.
struct Scripts {
    state: AppState,
    database: String,
    chain: Chain,
    known: Mutex<HashMap<String, Arc<ScriptRows>>>,
}

/// A script as a table.
struct ScriptRows {
    state: AppState,
    program: Arc<Program>,
    database: String,
    chain: Chain,
    columns: Mutex<Option<Arc<[String]>>>,
}

fn refused(code: Code, message: impl Into<String>) -> QueryError {
    QueryError::new(code, message)
}

fn unreadable(error: &dyn std::fmt::Display) -> QueryError {
    refused(Code::Engine, format!("the scripts cannot be read: {error}"))
}

impl RowSources for Scripts {
    fn names(&self) -> Vec<String> {
        let Ok(system) = self.state.system() else {
            return Vec::new();
        };
        let scripts = system.scripts(None).unwrap_or_default();
        let names = scripts.iter();
        let names = names.filter_map(|info| readable_name(&self.state, &system, info));
        names.collect()
    }

    fn source(&self, name: &str) -> Result<Option<Arc<dyn RowSource>>, QueryError> {
        if let Some(there) = self.known.lock().get(name) {
            return Ok(Some(Arc::clone(there) as Arc<dyn RowSource>));
        }
        let Some(program) = self.program(name)? else {
            return Ok(None);
        };
        if let Some(message) = self.chain.refusal(&program.script.reference()) {
            return Err(refused(Code::Forbidden, message));
        }
        let rows = Arc::new(ScriptRows {
            state: self.state.clone(),
            program,
            database: self.database.clone(),
            chain: self.chain.clone(),
            columns: Mutex::default(),
        });
        self.known.lock().insert(name.to_owned(), Arc::clone(&rows));
        Ok(Some(rows))
    }
}

impl Scripts {
    /// The script of a name, when it only reads.
    fn program(&self, name: &str) -> Result<Option<Arc<Program>>, QueryError> {
        let system = self
            .state
            .system()
            .map_err(|error| unreadable(&error.detail()))?;
        let (category, own) = match system.resolve_script(name, None) {
            Ok(found) => found,
            Err(SystemError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(refused(Code::StoreNotFound, error.to_string())),
        };
        let library = library(&self.state, &system);
        let program = library.newest(&category, &own);
        let program = program.map_err(|error| refused(Code::Unsupported, error.to_string()))?;
        if library.class(&program) != ToolClass::Read {
            let message = format!(
                "the script {name} changes something, so it is no table; run it with /run {name} or the tool run_script"
            );
            return Err(refused(Code::Forbidden, message));
        }
        Ok(Some(program))
    }
}

impl ScriptRows {
    /// Runs the script; rows of its last step go to `output` where they can.
    fn run(
        &self,
        arguments: Arguments,
        cancel: Cancel,
        output: Box<dyn Output + Send>,
    ) -> Result<(RunReport, Option<Box<dyn Output + Send>>), QueryError> {
        let system = self
            .state
            .system()
            .map_err(|error| unreadable(&error.detail()))?;
        let wanted = Run {
            program: Arc::clone(&self.program),
            arguments,
            database: Some(self.database.clone()),
            dry_run: false,
            until: None,
            variables: false,
            pauses: None,
            caller: Caller {
                name: SCHEMA.to_owned(),
                way: Way::Script,
                may: ToolClass::Read,
            },
            way: SCHEMA,
            cancel,
            asker: &NoModel,
            chain: self.chain.clone(),
        };
        let host = wanted.host(&self.state);
        host.tap(output);
        let own = self.program.script.reference();
        let last = self.program.last_rows();
        let report = run_on(&host, &self.state, &system, &wanted, &mut |event| {
            if let Event::StepStarted { place, .. } = &event
                && *place.script == *own
                && Some(&*place.step) == last
            {
                host.stream_next();
            }
            ControlFlow::Continue(())
        });
        let report = done(report).map_err(failure)?;
        Ok((report, host.untap()))
    }

    fn known_columns(&self) -> Result<Arc<[String]>, QueryError> {
        if let Some(known) = &*self.columns.lock() {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(Mutex::new(None));
        let head = Head(Arc::clone(&found));
        let arguments = Arguments::from(placeholders(&self.program.script.parameters));
        let cancel = Cancel::default();
        // A thread of its own: on this one a statement is being prepared.
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| self.run(arguments, cancel, Box::new(head)));
            run.join().unwrap_or_else(|_| {
                let message = "the script ended without a word";
                Err(refused(Code::Engine, message))
            })
        });
        let (report, _) = ran.map_err(|error| {
            let message = format!(
                "the columns of {SCHEMA}.{} cannot be told: {}",
                self.program.script.name, error.message
            );
            QueryError { message, ..error }
        })?;
        let names = match (found.lock().take(), &report.table) {
            (Some(names), _) => names,
            (None, Some(table)) => table.columns.iter().map(|c| c.name.clone()).collect(),
            (None, None) => {
                let message = format!(
                    "the script {} gives no rows, so it is no table; let its last step be a tool such as select or query",
                    self.program.script.reference()
                );
                return Err(refused(Code::Unsupported, message));
            }
        };
        let names: Arc<[String]> = told_apart(names).into();
        *self.columns.lock() = Some(Arc::clone(&names));
        Ok(names)
    }
}

impl RowSource for ScriptRows {
    fn columns(&self) -> Result<Vec<String>, QueryError> {
        Ok(self.known_columns()?.to_vec())
    }

    fn parameters(&self) -> Vec<String> {
        let columns = self.known_columns();
        let columns = columns.as_deref().unwrap_or_default();
        let is_column = |name: &str| columns.iter().any(|there| there.eq_ignore_ascii_case(name));
        let parameters = self.program.script.parameters.iter();
        let names = parameters.map(|parameter| match is_column(&parameter.name) {
            // A condition on that name means the column; by its place it can still be given.
            true => format!("{} argument", parameter.name),
            false => parameter.name.clone(),
        });
        names.collect()
    }

    fn rows(&self, call: &SourceCall, output: Box<dyn Output + Send>) -> Result<(), QueryError> {
        let parameters = self.program.script.parameters.iter();
        let given = parameters.zip(&call.arguments);
        let named: Map<String, Json> = given
            .filter_map(|(parameter, value)| {
                Some((
                    parameter.name.clone(),
                    as_json(parameter.kind, value.as_ref()?),
                ))
            })
            .collect();
        let named_columns = Named {
            declared: self.known_columns()?,
            places: None,
            output,
        };
        let cancel = call.cancel.clone();
        let (report, left) = self.run(Arguments::from(named), cancel, Box::new(named_columns))?;
        match (left, report.table) {
            // The last step has given them.
            (None, _) => Ok(()),
            (Some(mut output), Some(table)) => give(&table, &mut *output),
            (Some(_), None) => Ok(()),
        }
    }
}

/// Gives the rows of a table.
fn give(table: &Table, output: &mut dyn Output) -> Result<(), QueryError> {
    let columns = table.columns.iter().map(|column| Column {
        name: column.name.clone(),
        kind: column.kind.clone(),
    });
    if output.columns(&columns.collect::<Vec<_>>()).is_break() {
        return Ok(());
    }
    for row in &table.rows {
        let row: Vec<Value> = row.iter().map(Value::from_json).collect();
        let lent: Vec<ValueRef<'_>> = row.iter().map(Value::as_ref).collect();
        if output.row(&lent).is_break() {
            return Ok(());
        }
    }
    match table.truncated {
        true => {
            let message = format!("it gives more than {} rows", table.rows.len());
            Err(refused(Code::TooLarge, message))
        }
        false => Ok(()),
    }
}

/// Takes the names of columns and no rows.
struct Head(Arc<Mutex<Option<Vec<String>>>>);

impl Output for Head {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        let names = columns.iter().map(|column| column.name.clone());
        *self.0.lock() = Some(names.collect());
        ControlFlow::Break(())
    }

    fn row(&mut self, _: &[ValueRef<'_>]) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

/// Puts the values of rows under the columns that were declared: a run may give them in another order, or fewer.
struct Named {
    declared: Arc<[String]>,
    /// Where the value of each declared column is in a row; none when they are the same.
    places: Option<Vec<Option<usize>>>,
    output: Box<dyn Output + Send>,
}

impl Output for Named {
    fn columns(&mut self, columns: &[Column]) -> ControlFlow<()> {
        let given = told_apart(columns.iter().map(|column| column.name.clone()).collect());
        self.places = (given != *self.declared).then(|| {
            let declared = self.declared.iter();
            let place = |name: &String| given.iter().position(|there| there == name);
            declared.map(place).collect()
        });
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        let Some(places) = &self.places else {
            return self.output.row(row);
        };
        let value = |place: &Option<usize>| place.and_then(|at| row.get(at)).copied();
        let row = places
            .iter()
            .map(|place| value(place).unwrap_or(ValueRef::Null));
        let row: Vec<ValueRef<'_>> = row.collect();
        self.output.row(&row)
    }
}

/// The names, each once: a second `id` is `id_2`.
fn told_apart(names: Vec<String>) -> Vec<String> {
    let mut apart: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let taken = |wanted: &str| apart.iter().any(|there| there.eq_ignore_ascii_case(wanted));
        let mut wanted = name.clone();
        let mut number = 2;
        while taken(&wanted) {
            wanted = format!("{name}_{number}");
            number += 1;
        }
        apart.push(wanted);
    }
    apart
}

/// Values for parameters that have none: those with a default keep it.
fn placeholders(parameters: &[Parameter]) -> Map<String, Json> {
    let missing = parameters
        .iter()
        .filter(|parameter| parameter.default.is_none());
    let values = missing.map(|parameter| {
        let value = match parameter.kind {
            ParameterKind::String | ParameterKind::Any => Json::String(String::new()),
            ParameterKind::Integer | ParameterKind::Number => Json::from(0),
            ParameterKind::Boolean => Json::Bool(false),
            ParameterKind::Date => Json::from("2000-01-01"),
            ParameterKind::Timestamp => Json::from("2000-01-01T00:00:00Z"),
            ParameterKind::Array => Json::Array(Vec::new()),
            ParameterKind::Object => Json::Object(Map::new()),
        };
        (parameter.name.clone(), value)
    });
    values.collect()
}

/// An argument of a statement as one of a script.
fn as_json(kind: ParameterKind, value: &Value) -> Json {
    match (kind, value) {
        // SQL has no truth of its own.
        (ParameterKind::Boolean, Value::Integer(0)) => Json::Bool(false),
        (ParameterKind::Boolean, Value::Integer(1)) => Json::Bool(true),
        (ParameterKind::Array | ParameterKind::Object | ParameterKind::Any, Value::Text(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()))
        }
        _ => crate::tools::json_of(value.as_ref()),
    }
}

/// A script's failure as one of the statement that reads it.
fn failure(fault: ToolFault) -> QueryError {
    let code = match fault.code.as_str() {
        "cancelled" => Code::Cancelled,
        "timeout" | "time_limit" => Code::Timeout,
        "invalid_arguments" => Code::Parameter,
        "conflict" => Code::Conflict,
        _ => Code::InvalidValue,
    };
    let mut error = refused(code, fault.message);
    error.suggestions = fault.suggestions;
    error
}
