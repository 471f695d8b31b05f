//! The tools, called by name.

use axum::Json;
use axum::extract::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sop_query::sql::Cancel;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost as _, ToolOutput};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult, Code, Fault, Problem};
use crate::extract::{ApiPath, ApiQuery, State, from_json, read_json};
use crate::queries::CancelOnDrop;
use crate::tools::{Caller, Context, Tools, Way};

/// A tool.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ToolView {
    name: String,
    description: String,
    /// `read`, `write` or `admin`.
    class: String,
    /// JSON Schema of its arguments.
    parameters: Value,
    /// Arguments that a slash command takes without their names; left out when there are none.
    positional: Option<Vec<String>>,
}

/// The tools.
#[derive(Serialize, ToSchema)]
pub(super) struct ToolList {
    #[schema(value_type = Vec<ToolView>)]
    tools: Vec<Value>,
}

/// What a tool answers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ToolAnswer {
    /// One line for people.
    summary: String,
    /// `{"columns": [{"name", "type"}], "rows": [[…]], "truncated"}` of tools that give rows.
    table: Option<Value>,
    data: Option<Value>,
    /// Of a proposal: `{"count", "rows": [{"op", "database", "store", "key", "before", "after"}], "set"}`; `set` are the
    /// changes to give to the tool `change` to do just this.
    changes: Option<Value>,
    /// The statement that was run.
    statement: Option<String>,
    stats: Option<Value>,
    /// What a page should do.
    effect: Option<Value>,
}

/// All tools that the caller may use, with the schemas of their arguments.
#[utoipa::path(
    get, operation_id = "list_tools", path = "/tools", tag = "tools",
    responses((status = 200, body = ToolList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> Json<ToolList> {
    let context = Context::new(state, "", caller());
    let specs = Tools(&context).specs();
    let tools = specs.iter().map(serde_json::to_value);
    Json(ToolList {
        tools: tools.filter_map(Result::ok).collect(),
    })
}

/// The slash commands.
#[derive(Serialize, ToSchema)]
pub(super) struct CommandList {
    /// `{"name", "aliases", "summary", "arguments": [{"name", "kind", "required", "positional", "rest",
    /// "description"}], "usage", "target"}`.
    commands: Vec<Value>,
}

/// All slash commands, with how each is used.
#[utoipa::path(
    get, operation_id = "list_commands", path = "/commands", tag = "tools",
    responses((status = 200, body = CommandList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn commands() -> Json<CommandList> {
    let commands = crate::copilot::grammar().commands().iter().map(|command| {
        let mut json = serde_json::to_value(command).unwrap_or_default();
        json["usage"] = command.usage().into();
        json
    });
    Json(CommandList {
        commands: commands.collect(),
    })
}

/// The tool of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ToolPath {
    /// Name of the tool.
    tool: String,
}

/// How to call a tool.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ToolQuery {
    /// The database that is meant when the arguments name none; the first one when missing.
    database: Option<String>,
    /// Shows what it would change and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

fn caller() -> Caller {
    Caller {
        name: "token".to_owned(),
        way: Way::Api,
        may: ToolClass::Admin,
    }
}

/// Calls a tool with the arguments in the body.
#[utoipa::path(
    post, operation_id = "call_tool", path = "/tools/{tool}", tag = "tools", params(ToolPath, ToolQuery), request_body = Value,
    responses((status = 200, body = ToolAnswer), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn call(
    State(state): State,
    ApiPath(path): ApiPath<ToolPath>,
    ApiQuery(query): ApiQuery<ToolQuery>,
    request: Request,
) -> ApiResult<Json<ToolOutput>> {
    let body = read_json(request, &state, state.limits().json_body_bytes).await?;
    let args: Value = match body.trim_ascii().is_empty() {
        true => Value::Null,
        false => from_json(&body)?,
    };
    let database = query.database.or_else(|| state.registry().first_name());
    let cancel = Cancel::default();
    let _held = CancelOnDrop::new(cancel.clone());
    let shared = state.clone();
    let answer = state.call(move || {
        let mut context = Context::new(shared, database.unwrap_or_default(), caller());
        context.cancel = cancel;
        let tools = Tools(&context);
        let answer = match query.dry_run {
            true => tools.propose(&path.tool, args),
            false => tools.call(&path.tool, args),
        };
        answer.map_err(|fault| match context.is_noted() {
            true => problem(fault).noted(),
            false => problem(fault),
        })
    });
    Ok(Json(answer.await?))
}

/// The fault of a tool as a problem.
pub(crate) fn problem(fault: ToolFault) -> ApiError {
    let known = Code::ALL.iter().find(|code| code.as_str() == fault.code);
    let code = known.copied().unwrap_or(Code::InvalidValue);
    let error = ApiError::new(code, fault.message.clone());
    match (&fault.at, fault.suggestions.is_empty()) {
        (None, true) => error,
        _ => error.fault(Fault {
            pointer: fault.at,
            detail: fault.message,
            suggestions: fault.suggestions,
            ..Fault::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_of_a_tool_is_a_code_of_the_interface() {
        for code in [
            "tool_not_found",
            "not_allowed",
            "missing_field",
            "invalid_value",
            "conflict",
        ] {
            let error = problem(ToolFault::new(code, "x"));
            assert_eq!(error.code().as_str(), code);
        }
    }
}
