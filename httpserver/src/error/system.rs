//! What errors of the system database mean to a client.

use sop_systemdb::script;
use sop_systemdb::system::SystemError;

use super::{ApiError, Code, Fault, sentence};

/// Most faults that are listed.
const MAX_FAULTS: usize = 100;

impl From<SystemError> for ApiError {
    fn from(error: SystemError) -> Self {
        let words = sentence(&error.to_string());
        let code = match error.code() {
            "script_not_found" => Code::ScriptNotFound,
            "version_not_found" => Code::VersionNotFound,
            "knowledge_not_found" => Code::KnowledgeNotFound,
            "not_found" => Code::ScheduleNotFound,
            "ambiguous_name" => Code::AmbiguousName,
            "version_mismatch" => Code::VersionMismatch,
            "invalid_script" => Code::InvalidScript,
            _ => Code::InvalidValue,
        };
        match error {
            SystemError::Engine(error) => error.into(),
            SystemError::Busy { .. } => Self::new(Code::DatabaseLocked, words),
            SystemError::Unusable { detail, source } => {
                let code = match *source {
                    sop::Error::File(_) => Code::StorageError,
                    other => Self::from(other).code(),
                };
                Self::new(code, detail)
            }
            SystemError::NotFound { suggestions, .. } => {
                Self::new(code, words).suggest(suggestions)
            }
            SystemError::Ambiguous { candidates, .. } => Self::new(code, words).suggest(candidates),
            SystemError::Refused(faults) => {
                let words =
                    "The script was not saved; 'errors' has each fault with its place.".to_owned();
                Self::of_faults(code, words, faults, "")
            }
            SystemError::Invalid(faults) => Self::of_faults(code, words, faults, ""),
            _ => Self::new(code, words),
        }
    }
}

impl ApiError {
    /// Everything that is wrong with a script or its arguments, which stand at `pointer` in the body.
    pub fn of_faults(code: Code, words: String, faults: Vec<script::Fault>, pointer: &str) -> Self {
        let faults = faults.into_iter().take(MAX_FAULTS);
        faults.fold(Self::new(code, words), |error, fault| {
            error.fault(Fault {
                pointer: Some(format!("{pointer}{}", fault.at)),
                detail: sentence(&fault.message),
                suggestions: fault.suggestions,
                ..Fault::default()
            })
        })
    }
}
