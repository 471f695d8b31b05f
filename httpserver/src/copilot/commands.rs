//! Messages that begin with `/`: tools called by hand, and scripts drafted, listed, shown and run. No model
//! is needed for any of them.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use serde_json::{Value, json};
use sop_systemdb::draft::{Answer, Desk};
use sop_systemdb::script::run::{Event, Place};
use sop_systemdb::script::{Arguments, Script};
use sop_systemdb::slash::{Call, Grammar, SlashFault, Target};
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost as _, ToolOutput};

use super::drafting::Drafting;
use super::events::{ChatEvent, ToolShown};
use super::kept::OWNER;
use super::seams::{Emit, SlashRunner, ToolContext};
use crate::scripts::{Chain, Run, all_tools, done, run_script};
use crate::security::Capability;
use crate::tools::{self, Caller, Context, Tools, Way};

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let specs: Vec<_> = tools::all()
        .iter()
        .map(|tool| tool.spec().clone())
        .collect();
    Grammar::new(&specs)
});

/// All commands, for help and completion.
pub fn grammar() -> &'static Grammar {
    &GRAMMAR
}

/// Runs commands over the registry and the system database.
pub struct Commands;

impl SlashRunner for Commands {
    fn run(&self, context: &ToolContext, line: &str, emit: &Emit<'_>) -> Result<(), ToolFault> {
        let call = GRAMMAR.parse(line).map_err(refused)?;
        match &call.target {
            Target::Tool(tool) => call_tool(context, tool, &call, emit),
            Target::Script => script_command(context, &call, emit),
        }
    }
}

fn refused(fault: SlashFault) -> ToolFault {
    let message = match &fault.usage {
        Some(usage) => format!("{}\n\nUsage: {usage}", fault.message),
        None => fault.message,
    };
    ToolFault::new(fault.code, message).suggest(fault.suggestions)
}

fn caller(context: &ToolContext) -> Caller {
    Caller {
        name: format!("chat/{}/{}", context.session, context.turn),
        way: Way::Command,
        may: ToolClass::Admin,
    }
}

fn call_tool(
    context: &ToolContext,
    tool: &str,
    call: &Call,
    emit: &Emit<'_>,
) -> Result<(), ToolFault> {
    let mut within = Context::new(
        context.state.clone(),
        context.database.clone(),
        caller(context),
    );
    within.store.clone_from(&context.store);
    within.cancel = context.cancel.clone();
    let id = format!("{}-1", context.turn);
    let args = Value::Object(call.args.clone());
    emit(ChatEvent::ToolStart {
        call: id.clone(),
        tool: tool.to_owned(),
        args: args.clone(),
    });
    match Tools(&within).call(tool, args) {
        Ok(output) => {
            context
                .state
                .copilot()
                .note_call(&context.session, tool, &call.args);
            show(id, output, emit);
            Ok(())
        }
        Err(fault) => {
            let shown = ToolShown {
                call: id,
                summary: fault.message.clone(),
                error: Some(fault.clone()),
                ..ToolShown::default()
            };
            emit(ChatEvent::ToolOutput(Box::new(shown)));
            Err(fault)
        }
    }
}

fn with_desk<T>(
    context: &ToolContext,
    work: impl FnOnce(&Desk<'_>) -> Result<T, ToolFault>,
) -> Result<T, ToolFault> {
    let system = context.state.system().map_err(tools::fault)?;
    let desk = Desk {
        system: &system,
        programs: context.state.programs(),
        tools: all_tools(),
        grammar: &GRAMMAR,
        session: &context.session,
        owner: OWNER,
        author: context.state.who().author(),
    };
    work(&desk)
}

/// Shows what a tool answered, and moves the page when it asks for it.
fn show(call: String, output: ToolOutput, emit: &Emit<'_>) {
    let effect = output.effect.clone().unwrap_or_default();
    let shown = ToolShown {
        call,
        summary: output.summary,
        table: output.table,
        data: output.data,
        changes: output.changes,
        statement: output.statement,
        stats: output.stats,
        chart: effect.get("chart").cloned(),
        error: None,
    };
    emit(ChatEvent::ToolOutput(Box::new(shown)));
    if let Some(target) = effect.get("navigate") {
        emit(ChatEvent::Navigate(target.clone()));
    }
}

/// Commands of scripts that change nothing but one's own draft, or are checked where they run. All others need the right
/// to change what others run.
const FOR_ONESELF: [&str; 16] = [
    "help",
    "create",
    "edit",
    "step",
    "steps",
    "undo",
    "insert_step",
    "update_step",
    "delete_step",
    "reorder_steps",
    "parameterize",
    "discard",
    "history",
    "list",
    "show",
    "run",
];

fn script_command(context: &ToolContext, call: &Call, emit: &Emit<'_>) -> Result<(), ToolFault> {
    if call.command == "help" {
        let name = call.args.get("command").and_then(Value::as_str);
        emit(ChatEvent::Text(GRAMMAR.help(name).map_err(refused)?));
        return Ok(());
    }
    if !FOR_ONESELF.contains(&call.command.as_str()) {
        let allowed = context.state.who().check(Capability::Edit, None);
        allowed.map_err(tools::fault)?;
    }
    let answer = with_desk(context, |desk| {
        if let Some((tool, args)) = context.state.copilot().take_call(&context.session) {
            desk.note_call(&tool, &args)?;
        }
        desk.run(call, &Drafting::new(context))
    });
    match answer? {
        Answer::Reply(reply) => {
            emit(ChatEvent::Text(reply.text));
            Ok(())
        }
        Answer::Run {
            script, arguments, ..
        } => run(context, &script, arguments, emit),
    }
}

fn run(
    context: &ToolContext,
    script: &Script,
    arguments: Arguments,
    emit: &Emit<'_>,
) -> Result<(), ToolFault> {
    let system = context.state.system().map_err(tools::fault)?;
    let compiled = context.state.programs().of(script, all_tools());
    let program = compiled.map_err(|faults| {
        let first = faults.into_iter().next();
        let words = first.map_or_else(String::new, |fault| {
            format!("{}: {}", fault.at, fault.message)
        });
        ToolFault::new(
            "invalid_script",
            format!("The script cannot be run. {words}"),
        )
    })?;
    let database = Some(context.database.as_str());
    let copilot = context.state.copilot();
    let asker = copilot.asker(&context.state, database, &context.cancel);
    let wanted = Run {
        program,
        arguments,
        database: Some(context.database.clone()),
        dry_run: false,
        until: None,
        variables: false,
        pauses: None,
        caller: Caller {
            way: Way::Script,
            ..caller(context)
        },
        way: "command",
        cancel: context.cancel.clone(),
        asker: &asker,
        chain: Chain::default(),
    };
    let mut told = Told::new(context.turn);
    let report = run_script(&context.state, &system, &wanted, &mut |event| {
        told.tell(event, emit);
        match context.cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    done(report).map(drop)
}

/// Turns what a script tells into what a chat shows: each step is a call. Steps are within others, and beside others.
struct Told {
    turn: u64,
    calls: u64,
    /// The steps that have begun, with what they gave.
    open: Vec<(Place, ToolShown)>,
}

impl Told {
    fn new(turn: u64) -> Self {
        Self {
            turn,
            calls: 0,
            open: Vec::new(),
        }
    }

    fn begin(&mut self, place: Place) -> String {
        self.calls += 1;
        let call = format!("{}-{}", self.turn, self.calls);
        let shown = ToolShown {
            call: call.clone(),
            ..ToolShown::default()
        };
        self.open.push((place, shown));
        call
    }

    fn shown(&mut self, place: &Place) -> Option<&mut ToolShown> {
        let found = self.open.iter_mut().rev().find(|(there, _)| there == place);
        found.map(|(_, shown)| shown)
    }

    fn end(&mut self, place: &Place) -> Option<Box<ToolShown>> {
        let at = self.open.iter().rposition(|(there, _)| there == place)?;
        Some(Box::new(self.open.remove(at).1))
    }

    fn tell(&mut self, event: Event, emit: &Emit<'_>) {
        match event {
            Event::StepStarted {
                place, kind, name, ..
            } => {
                let args = json!({"script": &*place.script, "step": &*place.step});
                emit(ChatEvent::ToolStart {
                    call: self.begin(place),
                    tool: name.map_or_else(|| kind.to_owned(), |name| name.to_string()),
                    args,
                });
            }
            Event::Table { place, table } => {
                if let Some(shown) = self.shown(&place) {
                    shown.table = Some((*table).clone());
                }
            }
            Event::Output {
                place,
                summary,
                data,
                changes,
                statement,
                stats,
                effect,
            } => {
                let effect = effect.unwrap_or_default();
                if let Some(target) = effect.get("navigate") {
                    emit(ChatEvent::Navigate(target.clone()));
                }
                if let Some(shown) = self.shown(&place) {
                    shown.chart = effect.get("chart").cloned();
                    shown.summary = summary;
                    shown.data = data;
                    shown.changes = changes;
                    shown.statement = statement;
                    shown.stats = stats;
                }
            }
            Event::Said { text, .. } => emit(ChatEvent::Text(format!("{text}\n\n"))),
            Event::StepFinished { place, .. } => {
                if let Some(shown) = self.end(&place) {
                    emit(ChatEvent::ToolOutput(shown));
                }
            }
            Event::StepFailed { failure, .. } => {
                let ended = failure.place.as_ref().and_then(|place| self.end(place));
                if let Some(mut shown) = ended {
                    shown.summary.clone_from(&failure.message);
                    shown.error = Some(ToolFault::new(failure.code, failure.message));
                    emit(ChatEvent::ToolOutput(shown));
                }
            }
            // What it runs never pauses.
            Event::Started { .. } | Event::Paused { .. } | Event::Resumed { .. } => {}
            Event::Finished { .. } => {
                // What a failure ended on its way out.
                for (_, shown) in self.open.drain(..).rev() {
                    emit(ChatEvent::ToolOutput(Box::new(shown)));
                }
            }
        }
    }
}
