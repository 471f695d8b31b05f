//! What a script is made of.

use serde::Serialize;
use serde_json::{Map, Value};

/// The category of scripts that name none.
pub const DEFAULT_CATEGORY: &str = "general";
/// Most steps of a script, nested ones included.
pub const MAX_STEPS: usize = 1_000;
/// How deep steps may be nested.
pub const MAX_NESTING: usize = 16;

/// A script. Read from JSON by [`Script::from_json`], which says exactly what is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Script {
    /// Its name within the category.
    pub name: String,
    /// Its category.
    pub category: String,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What a run takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The database of its steps, where they name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// What is done whole or not at all.
    #[serde(skip_serializing_if = "TransactionMode::is_single")]
    pub transaction: TransactionMode,
    /// How much a run may take.
    #[serde(skip_serializing_if = "ScriptLimits::is_none")]
    pub limits: ScriptLimits,
    /// In the order in which they run.
    pub steps: Vec<Step>,
}

/// What of a script is done whole or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionMode {
    /// All of it.
    #[default]
    Single,
    /// Each step of the script's own list, with what is nested in it.
    PerStep,
    /// Each call of a tool.
    None,
}

impl TransactionMode {
    /// The names that scripts write.
    pub const NAMES: [&str; 3] = ["single", "per_step", "none"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "single" => Some(Self::Single),
            "per_step" => Some(Self::PerStep),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_single(&self) -> bool {
        *self == Self::Single
    }
}

/// How much a run of a script may take; what is not set is the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScriptLimits {
    /// Milliseconds of the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// Rows of one step that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Steps that are run, each iteration of a loop counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

impl ScriptLimits {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A parameter of a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name: the variable that has its value.
    pub name: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is when a run gives none; without one a run has to give it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it means.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day, `2024-05-31`.
    Date,
    /// An instant, `2024-05-31T10:00:00Z`.
    Timestamp,
    /// A list.
    Array,
    /// A document.
    Object,
    /// Anything.
    Any,
}

/// A step of a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its database, where that is not the script's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Whether it runs side by side with the steps next to it that are so too.
    #[serde(rename = "async", skip_serializing_if = "std::ops::Not::not")]
    pub is_async: bool,
    /// Whether it is left out of runs and of the check of what names mean.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Whether the script goes on when it fails.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub continue_on_error: bool,
    /// The variable that takes its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Calls a tool. Never a model.
    Tool {
        /// The tool's name.
        tool: String,
        /// Its arguments; texts in them may be templates.
        args: Map<String, Value>,
    },
    /// Asks the model.
    Ask {
        /// A template.
        prompt: String,
    },
    /// Gives a variable a value.
    Set {
        /// The variable.
        variable: String,
        /// A text is an expression; anything else is itself, with templates in its texts.
        value: Value,
    },
    /// Runs one of two lists.
    If {
        /// An expression.
        condition: String,
        /// Steps where it is true.
        then: Vec<Step>,
        /// Steps where it is not.
        #[serde(rename = "else", skip_serializing_if = "Vec::is_empty")]
        otherwise: Vec<Step>,
    },
    /// Runs its steps for each element of a list.
    Loop {
        /// An expression that gives a list, or the list itself.
        list: Value,
        /// The variable that is the element.
        item: String,
        /// The steps.
        steps: Vec<Step>,
    },
    /// Reads items of a store.
    Fetch {
        /// A template.
        store: String,
        /// A filter document.
        #[serde(skip_serializing_if = "Option::is_none")]
        filter: Option<Value>,
        /// The fields of the rows; without them all.
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<Value>,
        /// Most rows.
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<Value>,
    },
    /// Tells the person something.
    Say {
        /// A template.
        message: String,
    },
    /// Runs another script.
    Call {
        /// `Name` of the same category, or `Category.Name`.
        script: String,
        /// Its arguments; texts in them may be templates.
        #[serde(skip_serializing_if = "Map::is_empty")]
        args: Map<String, Value>,
    },
    /// Keeps steps together.
    Block {
        /// The steps.
        steps: Vec<Step>,
    },
    /// Fails unless a condition holds.
    Assert {
        /// An expression.
        condition: String,
        /// A template, said when it does not hold.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

impl Action {
    /// The kinds of steps.
    pub const KINDS: [&str; 10] = [
        "tool", "ask", "set", "if", "loop", "fetch", "say", "call", "block", "assert",
    ];

    /// Its kind, as scripts write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tool { .. } => "tool",
            Self::Ask { .. } => "ask",
            Self::Set { .. } => "set",
            Self::If { .. } => "if",
            Self::Loop { .. } => "loop",
            Self::Fetch { .. } => "fetch",
            Self::Say { .. } => "say",
            Self::Call { .. } => "call",
            Self::Block { .. } => "block",
            Self::Assert { .. } => "assert",
        }
    }
}

impl Step {
    /// A step of which nothing but the action is set.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            name: None,
            description: None,
            database: None,
            is_async: false,
            disabled: false,
            continue_on_error: false,
            output: None,
        }
    }
}

impl Script {
    /// A script without steps.
    pub fn new(category: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            category: category.into(),
            description: String::new(),
            parameters: Vec::new(),
            database: None,
            transaction: TransactionMode::default(),
            limits: ScriptLimits::default(),
            steps: Vec::new(),
        }
    }

    /// The script as JSON; what is as by default is left out.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// `Category.Name`.
    pub fn reference(&self) -> String {
        format!("{}.{}", self.category, self.name)
    }
}

/// The category and the name of a reference; the category is that of the script which refers when none is written.
pub fn split_reference(reference: &str, category: &str) -> (String, String) {
    match reference.split_once('.') {
        Some((category, name)) => (category.trim().to_owned(), name.trim().to_owned()),
        None => (category.to_owned(), reference.trim().to_owned()),
    }
}
