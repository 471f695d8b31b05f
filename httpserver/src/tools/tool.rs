//! A tool: its description made from the types of its arguments, and the function behind it.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolOutput, ToolSpec};

use super::Context;
use super::arguments::parse;

/// Whether it is done or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is done.
    Call,
    /// What it would do is shown.
    Propose,
}

type Run = Box<dyn Fn(&Context, Value, Mode) -> Result<ToolOutput, ToolFault> + Send + Sync>;

/// A tool of the registry.
pub struct Tool {
    spec: ToolSpec,
    run: Run,
}

impl Tool {
    /// A tool that only reads: proposing it is calling it.
    pub(super) fn reading<A: DeserializeOwned + JsonSchema + 'static>(
        name: &str,
        description: &str,
        positional: &[&str],
        run: fn(&Context, A) -> Result<ToolOutput, ToolFault>,
    ) -> Self {
        let spec = spec::<A>(name, description, ToolClass::Read, positional);
        let run: Run = Box::new(move |context, args, _| run(context, parse(args)?));
        Self { spec, run }
    }

    /// A tool that changes something, or shows what it would change.
    pub(super) fn changing<A: DeserializeOwned + JsonSchema + 'static>(
        name: &str,
        description: &str,
        class: ToolClass,
        positional: &[&str],
        run: fn(&Context, A, Mode) -> Result<ToolOutput, ToolFault>,
    ) -> Self {
        let spec = spec::<A>(name, description, class, positional);
        let run: Run = Box::new(move |context, args, mode| run(context, parse(args)?, mode));
        Self { spec, run }
    }

    /// What others see of it.
    pub fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// Runs it. Whether the caller may is asked before.
    ///
    /// # Errors
    /// Wrong arguments, or what went wrong.
    pub(super) fn run(
        &self,
        context: &Context,
        args: Value,
        mode: Mode,
    ) -> Result<ToolOutput, ToolFault> {
        (self.run)(context, args, mode)
    }
}

fn spec<A: JsonSchema>(
    name: &str,
    description: &str,
    class: ToolClass,
    positional: &[&str],
) -> ToolSpec {
    // Some models do not follow references in a schema.
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<A>();
    let mut parameters = schema.to_value();
    if let Some(object) = parameters.as_object_mut() {
        object.shift_remove("title");
        object.shift_remove("description");
        object
            .entry("properties")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        class,
        parameters,
        positional: positional.iter().map(|&name| name.to_owned()).collect(),
    }
}
