//! The commands that draft scripts, as rows of the grammar.

use crate::slash::{Argument, Command, Target};

/// A command of this module.
pub(crate) struct CommandRow {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub summary: &'static str,
    /// Name, type, whether it has to be there, what it means. A name that ends with `…` takes the rest of the line.
    pub arguments: &'static [(&'static str, &'static str, bool, &'static str)],
    pub open: bool,
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    arguments: &'static [(&'static str, &'static str, bool, &'static str)],
    summary: &'static str,
) -> CommandRow {
    CommandRow {
        name,
        aliases,
        summary,
        arguments,
        open: false,
    }
}

const NAME: (&str, &str, bool, &str) = (
    "name",
    "string",
    true,
    "name of the script, or Category.Name",
);
const POSITION: (&str, &str, bool, &str) = (
    "position",
    "integer",
    true,
    "number of the step, counted from 1",
);
const TEXT: (&str, &str, bool, &str) = (
    "text…",
    "string",
    true,
    "what the step does: a command, or words that become one",
);

pub(crate) const COMMANDS: [CommandRow; 20] = [
    row(
        "create",
        &["new"],
        &[NAME, ("description", "string", false, "what it is for")],
        "Begins a draft of a script.",
    ),
    row("edit", &[], &[NAME], "Opens a saved script as a draft."),
    row(
        "step",
        &[],
        &[(
            "text…",
            "string",
            false,
            "what the step does; without it, the last tool call",
        )],
        "Adds a step to the draft: a command, words that become one, or the last tool call.",
    ),
    row("steps", &[], &[], "Lists the steps of the draft."),
    row("undo", &[], &[], "Takes the last change of the draft back."),
    row(
        "insert_step",
        &[],
        &[POSITION, TEXT],
        "Puts a step in front of another one.",
    ),
    row(
        "update_step",
        &[],
        &[POSITION, TEXT],
        "Puts a step in the place of another one.",
    ),
    row(
        "delete_step",
        &["remove_step"],
        &[POSITION],
        "Takes a step out.",
    ),
    row(
        "reorder_steps",
        &["move_step"],
        &[
            ("from", "integer", true, "number of the step"),
            ("to", "integer", true, "number that it is to have"),
        ],
        "Moves a step to another place.",
    ),
    row(
        "parameterize",
        &[],
        &[
            NAME,
            ("parameter", "string", true, "name of the parameter"),
            (
                "value",
                "json",
                true,
                "the value that becomes the parameter",
            ),
        ],
        "Makes a value a parameter, everywhere in the script.",
    ),
    row(
        "refine",
        &[],
        &[(
            "action",
            "string",
            false,
            "apply or cancel; without it a model proposes",
        )],
        "Lets a model propose names, parameters and descriptions; then /refine apply or /refine cancel.",
    ),
    row(
        "save",
        &[],
        &[],
        "Checks the draft and saves it as a new version.",
    ),
    row(
        "save_as",
        &[],
        &[NAME],
        "Saves the draft under another name.",
    ),
    row("discard", &[], &[], "Throws the draft away."),
    row(
        "list",
        &["scripts"],
        &[("category", "string", false, "only scripts of this category")],
        "Lists drafts and saved scripts.",
    ),
    row("show", &[], &[NAME], "Shows a draft or a saved script."),
    CommandRow {
        open: true,
        ..row(
            "run",
            &[],
            &[NAME],
            "Runs a script; arguments by name and by position.",
        )
    },
    row(
        "delete",
        &[],
        &[
            NAME,
            (
                "versions",
                "boolean",
                false,
                "true deletes its old versions too",
            ),
        ],
        "Deletes a saved script; its versions are kept.",
    ),
    row(
        "history",
        &["versions"],
        &[NAME],
        "Lists the versions of a script.",
    ),
    row(
        "help",
        &["?"],
        &[("command", "string", false, "name of a command")],
        "Lists the commands, or shows how one is used.",
    ),
];

impl CommandRow {
    /// The row as a command of the grammar.
    pub fn command(&self) -> Command {
        let arguments = self.arguments.iter().map(|(name, kind, required, about)| {
            let rest = name.ends_with('…');
            Argument {
                name: name.trim_end_matches('…').to_owned(),
                kind: (*kind).to_owned(),
                required: *required,
                positional: true,
                rest,
                description: (*about).to_owned(),
            }
        });
        Command {
            name: self.name.to_owned(),
            aliases: self
                .aliases
                .iter()
                .map(|alias| (*alias).to_owned())
                .collect(),
            summary: self.summary.to_owned(),
            arguments: arguments.collect(),
            open: self.open,
            target: Target::Script,
        }
    }
}
