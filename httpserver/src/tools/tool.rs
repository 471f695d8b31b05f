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
/// The class of a call, of a tool where that depends on its arguments.
type ClassOf = fn(&Context, &Value) -> Result<ToolClass, ToolFault>;

/// A tool of the registry.
pub struct Tool {
    spec: ToolSpec,
    run: Run,
    class_of: Option<ClassOf>,
    people_only: bool,
    system_store: Option<&'static str>,
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
        Self::with(spec, run)
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
        Self::with(spec, run)
    }

    fn with(spec: ToolSpec, run: Run) -> Self {
        Self {
            spec,
            run,
            class_of: None,
            people_only: false,
            system_store: None,
        }
    }

    /// The class of a call depends on its arguments; that of the description is what it mostly is.
    pub(super) fn with_class(mut self, class_of: ClassOf) -> Self {
        self.class_of = Some(class_of);
        self
    }

    /// A model never calls it, and neither does a script, which a model may have written.
    pub(super) fn for_people(mut self) -> Self {
        self.people_only = true;
        self
    }

    /// It changes this store of the system database.
    pub(super) fn of_system(mut self, store: &'static str) -> Self {
        self.system_store = Some(store);
        self
    }

    /// Whether only people call it.
    pub fn is_for_people(&self) -> bool {
        self.people_only
    }

    /// Whether it depends on the arguments what a call may do.
    pub(super) fn has_class_of_call(&self) -> bool {
        self.class_of.is_some()
    }

    /// The store of the system database that it changes.
    pub(super) fn system_store(&self) -> Option<&'static str> {
        self.system_store
    }

    /// What a call may do.
    ///
    /// # Errors
    /// Arguments that nothing can be told of.
    pub(super) fn class(&self, context: &Context, args: &Value) -> Result<ToolClass, ToolFault> {
        match self.class_of {
            Some(class_of) => class_of(context, args),
            None => Ok(self.spec.class),
        }
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
