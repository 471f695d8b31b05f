//! The stable error codes of the interface: one table of code, status, title and what to do.
//!
//! A client may match on the code; the words around it may change. The reference page and the
//! interface description list this table, so a new code is documented by being added here.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, as a client may match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The text of the code in an answer.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status,)+ }
            }

            /// A short line for people, the same for every case of this code.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)+ }
            }

            /// What the code means, for the reference page.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON; the detail has the line and column.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not valid JSON";
    /// The body has a field that is not known there; the nearest names are suggested.
    UnknownField = "unknown_field", BAD_REQUEST, "Unknown field";
    /// An operator of a filter document that is not known; the nearest ones are suggested.
    UnknownOperator = "unknown_operator", BAD_REQUEST, "Unknown operator";
    /// A field that is needed is not there.
    MissingField = "missing_field", BAD_REQUEST, "A field is missing";
    /// A field has the wrong type or a value out of its range.
    InvalidValue = "invalid_value", BAD_REQUEST, "A field has a wrong value";
    /// A parameter of the address is not known there; the nearest names are suggested.
    UnknownParameter = "unknown_parameter", BAD_REQUEST, "Unknown parameter";
    /// A parameter of the address or of a statement is missing, given twice or has a wrong value.
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter has a wrong value";
    /// A page cursor that this store did not give out.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not one of this store";
    /// The key is not JSON or does not fit the key type of the store.
    InvalidKey = "invalid_key", BAD_REQUEST, "The key does not fit the store";
    /// A header is malformed or missing.
    InvalidHeader = "invalid_header", BAD_REQUEST, "A header is wrong or missing";
    /// The body could not be read to its end.
    BodyUnreadable = "body_unreadable", BAD_REQUEST, "The body broke off";
    /// A statement is not SQL; `errors` has the byte at which it stops being so.
    SyntaxError = "syntax_error", BAD_REQUEST, "The statement is not valid SQL";
    /// A statement or document names a field that its stores do not have; the nearest ones are suggested.
    FieldNotFound = "field_not_found", BAD_REQUEST, "No such field";
    /// No token and no session, or a wrong one.
    Unauthorized = "unauthorized", UNAUTHORIZED, "Sign in first";
    /// The Host header is not in the allow-list.
    HostNotAllowed = "host_not_allowed", FORBIDDEN, "This host name is not served";
    /// The request comes from a page of another origin.
    OriginNotAllowed = "origin_not_allowed", FORBIDDEN, "This origin may not call";
    /// The path does not lie under a configured root.
    PathOutsideRoots = "path_outside_roots", FORBIDDEN, "The path is outside the allowed folders";
    /// The data of an import cannot be read any further; the detail has the line.
    MalformedData = "malformed_data", BAD_REQUEST, "The data cannot be read";
    /// It is not known which fields of the data form the key; say `key=A,B`.
    KeyNeeded = "key_needed", BAD_REQUEST, "Which fields form the key?";
    /// The database takes no writes; the detail says why.
    ReadOnly = "read_only", FORBIDDEN, "The database is read-only";
    /// A statement wants what no statement may do here: files, settings, schemas of SQLite.
    ForbiddenStatement = "forbidden_statement", FORBIDDEN, "The statement is not allowed";
    /// No such address.
    NotFound = "not_found", NOT_FOUND, "Nothing is here";
    /// No database has this name.
    DatabaseNotFound = "database_not_found", NOT_FOUND, "No such database";
    /// No store has this name.
    StoreNotFound = "store_not_found", NOT_FOUND, "No such store";
    /// No item has this key.
    ItemNotFound = "item_not_found", NOT_FOUND, "No such item";
    /// The environment asks for the name of the store or database that is written to, in the header
    /// `Sop-Confirm`.
    ConfirmationNeeded = "confirmation_needed", FORBIDDEN, "Name what is written to";
    /// No environment has this name.
    EnvironmentNotFound = "environment_not_found", NOT_FOUND, "No such environment";
    /// An environment has this name already.
    EnvironmentExists = "environment_exists", CONFLICT, "The environment exists already";
    /// No tool has this name.
    ToolNotFound = "tool_not_found", NOT_FOUND, "No such tool";
    /// The caller has no right to do this.
    NotAllowed = "not_allowed", FORBIDDEN, "This is not allowed";
    /// No user has this name.
    UserNotFound = "user_not_found", NOT_FOUND, "No such user";
    /// No token has this id.
    TokenNotFound = "token_not_found", NOT_FOUND, "No such token";
    /// A user has this name already.
    UserExists = "user_exists", CONFLICT, "The user exists already";
    /// Without this administrator nobody could manage the server.
    LastAdmin = "last_admin", CONFLICT, "This is the last administrator";
    /// A user or token cannot be like this; the detail says what is wrong.
    InvalidAccount = "invalid_account", UNPROCESSABLE_ENTITY, "This is not possible";
    /// No script has this name.
    ScriptNotFound = "script_not_found", NOT_FOUND, "No such script";
    /// The script has no such version.
    VersionNotFound = "version_not_found", NOT_FOUND, "No such version";
    /// No entry of the knowledge has this category and name.
    KnowledgeNotFound = "knowledge_not_found", NOT_FOUND, "No such entry";
    /// No schedule has this name.
    ScheduleNotFound = "schedule_not_found", NOT_FOUND, "No such schedule";
    /// A script has this category and name already.
    ScriptExists = "script_exists", CONFLICT, "The script exists already";
    /// A name without its category means several scripts; write Category.Name.
    AmbiguousName = "ambiguous_name", CONFLICT, "The name means several things";
    /// The script is wrong; `errors` has each fault with its place.
    InvalidScript = "invalid_script", UNPROCESSABLE_ENTITY, "The script is wrong";
    /// The arguments do not fit the parameters of the script.
    InvalidArguments = "invalid_arguments", UNPROCESSABLE_ENTITY, "The arguments do not fit";
    /// A place where a run is to pause means nothing, or the run is none that may pause; `errors` has each fault.
    InvalidBreakpoint = "invalid_breakpoint", UNPROCESSABLE_ENTITY, "The run cannot pause there";
    /// No run of a script that may pause has this id, or it is somebody else's; it may have ended.
    RunNotFound = "run_not_found", NOT_FOUND, "No such run may pause";
    /// The run is not paused, or was told to go on already.
    NotPaused = "not_paused", CONFLICT, "The run is not paused";
    /// No query with this id runs; it may have ended.
    QueryNotFound = "query_not_found", NOT_FOUND, "No such query is running";
    /// No session of the copilot, or no turn or prompt of it, has this name.
    SessionNotFound = "session_not_found", NOT_FOUND, "No such session";
    /// No change waits for approval under this name.
    ApprovalNotFound = "approval_not_found", NOT_FOUND, "No change waits for approval";
    /// No job has this id; the oldest that have ended are forgotten.
    JobNotFound = "job_not_found", NOT_FOUND, "No such job";
    /// The address is there, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This method is not served here";
    /// The body came too slowly.
    BodyTimeout = "body_timeout", REQUEST_TIMEOUT, "The body came too slowly";
    /// Another transaction changed what this one read or writes; read again and repeat.
    Conflict = "conflict", CONFLICT, "Somebody else changed this in between";
    /// The key is in the unique store already.
    KeyExists = "key_exists", CONFLICT, "The key exists already";
    /// A statement would leave two items with one key, or an item without a required part.
    Constraint = "constraint", CONFLICT, "The store does not allow this item";
    /// The query was ended by a request to do so. What it had changed by then was not kept.
    Cancelled = "cancelled", CONFLICT, "The query was cancelled";
    /// The change was decided on before, or lapsed; it is not done again.
    ApprovalOver = "approval_over", CONFLICT, "This was decided on already";
    /// The session of the copilot is answering already.
    TurnRunning = "turn_running", CONFLICT, "The session is busy";
    /// A database has this name or this folder already.
    DatabaseExists = "database_exists", CONFLICT, "The database exists already";
    /// A store has this name already.
    StoreExists = "store_exists", CONFLICT, "The store exists already";
    /// The store exists with another structure.
    StoreMismatch = "store_mismatch", CONFLICT, "The store has another structure";
    /// The file or folder to be written is there already.
    TargetExists = "target_exists", CONFLICT, "The target exists already";
    /// The item has another version than `If-Match` or `if_version` names.
    VersionMismatch = "version_mismatch", PRECONDITION_FAILED, "The item has another version";
    /// The body is larger than the limit; the detail names it.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The value is larger than the limit; the detail names it.
    ValueTooLarge = "value_too_large", PAYLOAD_TOO_LARGE, "The value is too large";
    /// The statement is larger or deeper than the limit; the detail names it.
    StatementTooLarge = "statement_too_large", PAYLOAD_TOO_LARGE, "The statement is too large";
    /// The encoded key is larger than the limit; the detail names it.
    KeyTooLarge = "key_too_large", PAYLOAD_TOO_LARGE, "The key is too large";
    /// The body must be sent as another media type; the detail names it.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Wrong media type";
    /// The client does not take what this address answers with.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "Nothing that the client takes";
    /// The declared schema of the store refuses the value.
    SchemaViolation = "schema_violation", UNPROCESSABLE_ENTITY, "The schema refuses the value";
    /// A name of a database or store that is not allowed.
    InvalidName = "invalid_name", UNPROCESSABLE_ENTITY, "The name is not allowed";
    /// A store definition that contradicts itself or is out of bounds.
    InvalidDefinition = "invalid_definition", UNPROCESSABLE_ENTITY, "The definition is not possible";
    /// A path that cannot be used as a folder.
    InvalidPath = "invalid_path", UNPROCESSABLE_ENTITY, "The path cannot be used";
    /// The folder is not a database.
    NotADatabase = "not_a_database", UNPROCESSABLE_ENTITY, "The folder is not a database";
    /// A rule of the store refuses the operation.
    RuleViolation = "rule_violation", UNPROCESSABLE_ENTITY, "A rule refuses this";
    /// The format cannot hold what the store holds.
    NotRepresentable = "not_representable", UNPROCESSABLE_ENTITY, "The format cannot hold this";
    /// Deleting data needs the name typed once more.
    ConfirmationRequired = "confirmation_required", UNPROCESSABLE_ENTITY, "Type the name to confirm";
    /// Something in a statement that stores cannot do; the detail says what to write instead.
    UnsupportedStatement = "unsupported_statement", UNPROCESSABLE_ENTITY, "Stores cannot do that";
    /// A statement needs more memory than statements may take, or makes a value larger than one may be.
    MemoryLimit = "memory_limit", UNPROCESSABLE_ENTITY, "The statement needs too much memory";
    /// Part of the interface that this version does not serve yet.
    NotSupportedYet = "not_supported_yet", UNPROCESSABLE_ENTITY, "This version does not do that yet";
    /// Too much of this kind runs already; try again later.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too much is running at once";
    /// A fault of the program; the log has the details.
    Internal = "internal", INTERNAL_SERVER_ERROR, "The server made a mistake";
    /// The disk or the file system failed; the detail has its words.
    StorageError = "storage_error", INTERNAL_SERVER_ERROR, "The storage failed";
    /// A file of the database is damaged; the detail names the place.
    DatabaseDamaged = "database_damaged", INTERNAL_SERVER_ERROR, "The database is damaged";
    /// Another process holds the database.
    DatabaseLocked = "database_locked", SERVICE_UNAVAILABLE, "The database is in use elsewhere";
    /// The work took longer than its time limit.
    TimeLimit = "time_limit", SERVICE_UNAVAILABLE, "The time limit was reached";
    /// The server is going down.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The server is stopping";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_snake_case_and_have_a_status_of_an_error() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} is there twice");
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(!code.title().is_empty() && !code.meaning().is_empty());
        }
    }
}
