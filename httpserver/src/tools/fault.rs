//! Problems as tools tell them.

use sop_systemdb::tool::ToolFault;

use crate::error::{ApiError, nearest};

/// A problem of the interface as the fault of a tool: the same code, words, place and suggestions.
pub fn fault(error: ApiError) -> ToolFault {
    let problem = error.into_problem();
    let mut fault = ToolFault::new(problem.code, problem.detail);
    let first = problem.errors.into_iter().next();
    if let Some(place) = first {
        fault.at = place
            .pointer
            .or(place.parameter.map(|name| format!("/{name}")));
        fault.suggestions = place.suggestions;
    }
    fault
}

/// A fault that lies in an argument.
pub fn at(error: impl Into<ApiError>, pointer: &str) -> ToolFault {
    fault(error.into()).at(pointer)
}

/// A name that is not known, with the nearest ones.
pub fn unknown<'a>(
    code: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> ToolFault {
    let suggestions = nearest(name, known);
    let shown: String = name.chars().take(100).collect();
    let hint = suggestions
        .first()
        .map_or(String::new(), |best| format!(" Did you mean '{best}'?"));
    ToolFault::new(code, format!("There is no {what} '{shown}'.{hint}")).suggest(suggestions)
}
