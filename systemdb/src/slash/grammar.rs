//! The table of commands: those that draft scripts, and one for each tool.

use serde_json::{Map, Value};

use super::line::{Word, words};
use super::{Call, SlashFault};
use crate::draft::COMMANDS;
use crate::tool::ToolSpec;

/// What a command is for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// It calls a tool.
    Tool(String),
    /// It drafts, lists, shows or runs scripts; or it is `help`.
    Script,
}

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type: `string`, `integer`, `json` and so on.
    pub kind: String,
    /// Whether it has to be there.
    pub required: bool,
    /// Whether it comes by its place; otherwise only by name.
    pub positional: bool,
    /// Whether it takes all that is left of the line, as it is written.
    pub rest: bool,
    /// What it means.
    pub description: String,
}

/// A command.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Command {
    /// Its name, without the slash.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What it does, in a sentence.
    pub summary: String,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// Whether it takes names and values beyond its arguments.
    pub open: bool,
    /// What it is for.
    pub target: Target,
}

/// Other names of tools, as people write them.
const TOOL_ALIASES: [(&str, &[&str]); 6] = [
    ("insert", &["add"]),
    ("delete", &["delete_record", "remove"]),
    ("list_stores", &["stores"]),
    ("list_databases", &["databases"]),
    ("describe_store", &["describe"]),
    ("query", &["sql"]),
];

impl Command {
    /// How it is used: `/select store [filter=json] [limit=integer]`.
    pub fn usage(&self) -> String {
        let mut usage = format!("/{}", self.name);
        for argument in &self.arguments {
            let written = match (argument.positional, argument.rest) {
                (_, true) => format!("{}…", argument.name),
                (true, false) => argument.name.clone(),
                (false, false) => format!("{}={}", argument.name, argument.kind),
            };
            usage.push_str(&match argument.required {
                true => format!(" {written}"),
                false => format!(" [{written}]"),
            });
        }
        if self.open {
            usage.push_str(" [value…] [name=value…]");
        }
        usage
    }

    fn of_tool(spec: &ToolSpec, taken: &dyn Fn(&str) -> bool) -> Self {
        let none = Map::new();
        let properties = spec.parameters.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&none);
        let required = spec.parameters.get("required").and_then(Value::as_array);
        let required =
            |name: &str| required.is_some_and(|all| all.iter().any(|there| there == name));
        let argument = |name: &str, positional: bool| {
            let schema = properties.get(name).unwrap_or(&Value::Null);
            Argument {
                name: name.to_owned(),
                kind: kind_of(schema),
                required: required(name),
                positional,
                rest: false,
                description: text(schema, "description"),
            }
        };
        let mut arguments: Vec<Argument> = spec
            .positional
            .iter()
            .map(|name| argument(name, true))
            .collect();
        let others = properties
            .keys()
            .filter(|name| !spec.positional.contains(name));
        arguments.extend(others.map(|name| argument(name, false)));
        // What has to be there comes first.
        arguments.sort_by_key(|argument| {
            (
                !argument.positional,
                !argument.required && !argument.positional,
            )
        });
        // A statement is written as it is: `/query SELECT 1`.
        let only = spec.positional.len() == 1;
        if let Some(first) = arguments
            .first_mut()
            .filter(|first| only && first.name == "sql")
        {
            first.rest = true;
        }
        let aliases = TOOL_ALIASES.iter().find(|(name, _)| *name == spec.name);
        let aliases = aliases.map(|(_, aliases)| *aliases).unwrap_or_default();
        let mut names: Vec<String> = [spec.name.as_str()]
            .iter()
            .chain(aliases)
            .map(|name| (*name).to_owned())
            .collect();
        // A drafting command of the same name is the one that people mean.
        names.retain(|name| !taken(name));
        let name = match names.is_empty() {
            true => format!("tool_{}", spec.name),
            false => names.remove(0),
        };
        let aliases = names;
        Self {
            name,
            aliases,
            summary: first_sentence(&spec.description),
            arguments,
            open: false,
            target: Target::Tool(spec.name.clone()),
        }
    }
}

fn text(schema: &Value, name: &str) -> String {
    schema
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn kind_of(schema: &Value) -> String {
    match schema.get("type") {
        Some(Value::String(name)) => match name.as_str() {
            "object" | "array" => "json".to_owned(),
            name => name.to_owned(),
        },
        Some(Value::Array(names)) => {
            let name = names
                .iter()
                .filter_map(Value::as_str)
                .find(|name| *name != "null");
            match name {
                Some("object" | "array") | None => "json".to_owned(),
                Some(name) => name.to_owned(),
            }
        }
        _ => "json".to_owned(),
    }
}

fn first_sentence(text: &str) -> String {
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text.to_owned(),
    }
}

/// All commands.
#[derive(Clone, Debug, Default)]
pub struct Grammar {
    commands: Vec<Command>,
}

impl Grammar {
    /// The commands that draft scripts, and one for each tool.
    pub fn new(tools: &[ToolSpec]) -> Self {
        let mut commands: Vec<Command> = COMMANDS
            .iter()
            .map(crate::draft::CommandRow::command)
            .collect();
        let drafting = commands.clone();
        let taken = |name: &str| {
            let mut all = drafting.iter();
            all.any(|there| there.name == name || there.aliases.iter().any(|alias| alias == name))
        };
        commands.extend(tools.iter().map(|spec| Command::of_tool(spec, &taken)));
        Self { commands }
    }

    /// All of them, in the order in which they are listed.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// A command by its name or another name of it, with or without the slash.
    pub fn command(&self, name: &str) -> Option<&Command> {
        let name = name.trim_start_matches('/');
        let same = |there: &str| there.eq_ignore_ascii_case(name);
        let exact = self.commands.iter().find(|command| same(&command.name));
        exact.or_else(|| {
            let mut all = self.commands.iter();
            all.find(|command| command.aliases.iter().any(|alias| same(alias)))
        })
    }

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it, with the usage of the command that it begins with.
    pub fn parse(&self, line: &str) -> Result<Call, SlashFault> {
        let line = line.trim();
        let name_end = line.find(char::is_whitespace).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(name_end).unwrap_or((line, ""));
        let Some(command) = self.command(name).filter(|_| name.starts_with('/')) else {
            return Err(self.unknown(name));
        };
        let shift = line.get(..name_end).map_or(0, |name| name.chars().count());
        command.read(rest, shift).map_err(|mut fault| {
            fault.usage = Some(command.usage());
            fault
        })
    }

    fn unknown(&self, name: &str) -> SlashFault {
        let shown: String = name.chars().take(60).collect();
        let all = self.commands.iter();
        let names = all.flat_map(|command| command.aliases.iter().chain([&command.name]));
        let near = sop::nearest(name.trim_start_matches('/'), names);
        let near: Vec<String> = near.into_iter().map(|name| format!("/{name}")).collect();
        let hint = match near.first() {
            Some(near) => format!("; did you mean {near}?"),
            None => "; /help lists all".to_owned(),
        };
        let mut fault = SlashFault::new(
            "unknown_command",
            format!("there is no command {shown}{hint}"),
        );
        fault.suggestions = near;
        fault
    }

    /// What there is, or how one command is used.
    ///
    /// # Errors
    /// There is no such command.
    pub fn help(&self, name: Option<&str>) -> Result<String, SlashFault> {
        let Some(name) = name else {
            let mut text = String::new();
            for command in &self.commands {
                text.push_str(&format!("/{} — {}\n", command.name, command.summary));
            }
            text.push_str("/help name shows how one is used.");
            return Ok(text);
        };
        let Some(command) = self.command(name) else {
            return Err(self.unknown(&format!("/{}", name.trim_start_matches('/'))));
        };
        let mut text = format!("{}\n{}", command.usage(), command.summary);
        for argument in &command.arguments {
            let about = match argument.description.as_str() {
                "" => String::new(),
                about => format!(": {about}"),
            };
            let needed = if argument.required { "" } else { ", optional" };
            text.push_str(&format!(
                "\n  {} ({}{needed}){about}",
                argument.name, argument.kind
            ));
        }
        if !command.aliases.is_empty() {
            text.push_str(&format!("\nAlso /{}", command.aliases.join(", /")));
        }
        Ok(text)
    }
}

impl Command {
    /// Reads what stands behind the name.
    fn read(&self, rest: &str, shift: usize) -> Result<Call, SlashFault> {
        let mut call = Call {
            command: self.name.clone(),
            target: self.target.clone(),
            args: Map::new(),
            rest: Vec::new(),
        };
        let places: Vec<&Argument> = self
            .arguments
            .iter()
            .filter(|argument| argument.positional)
            .collect();
        let as_written = places.last().is_some_and(|last| last.rest);
        let words = match as_written {
            // What is as it is written need not be made of right words; only those before it do.
            true => lenient(rest, places.len()),
            false => words(rest),
        };
        let mut words = words.map_err(|mut fault| {
            fault.at = fault.at.map(|at| at + shift);
            fault
        })?;
        if as_written {
            self.take_rest(&mut call, &mut words, rest, places.len());
        }
        let (named, unnamed): (Vec<Word>, Vec<Word>) =
            words.into_iter().partition(|word| word.name.is_some());
        for word in named {
            let name = word.name.clone().unwrap_or_default();
            let Some(argument) = self.arguments.iter().find(|argument| argument.name == name)
            else {
                if self.open {
                    call.args.insert(name, word.value);
                    continue;
                }
                return Err(self.unknown_argument(&name, word.at + shift));
            };
            if call.args.contains_key(&name) {
                let message = format!("{name:?} is given twice");
                return Err(SlashFault::new("invalid_argument", message).at(word.at + shift));
            }
            let value = argument
                .value(&word)
                .map_err(|fault| fault.at(word.at + shift))?;
            call.args.insert(name, value);
        }
        let mut unnamed = unnamed.into_iter();
        for argument in &places {
            if call.args.contains_key(&argument.name) {
                continue;
            }
            let Some(word) = unnamed.next() else {
                break;
            };
            let value = argument
                .value(&word)
                .map_err(|fault| fault.at(word.at + shift))?;
            call.args.insert(argument.name.clone(), value);
        }
        for word in unnamed {
            if !self.open {
                let message = format!("{:?} is one value too many", shortened(&word.text));
                return Err(SlashFault::new("invalid_argument", message).at(word.at + shift));
            }
            call.rest.push(word.value);
        }
        let missing = self
            .arguments
            .iter()
            .find(|argument| argument.required && !call.args.contains_key(&argument.name));
        match missing {
            Some(argument) => {
                let message = format!("{:?} is missing", argument.name);
                Err(SlashFault::new("missing_argument", message))
            }
            None => {
                // As the table has them, however they were written.
                let mut given = std::mem::take(&mut call.args);
                for argument in &self.arguments {
                    if let Some(entry) = given.shift_remove_entry(&argument.name) {
                        call.args.extend([entry]);
                    }
                }
                call.args.extend(given);
                Ok(call)
            }
        }
    }

    /// Gives what is left of the line to the last argument, after `before` words.
    fn take_rest(&self, call: &mut Call, words: &mut Vec<Word>, rest: &str, places: usize) {
        let Some(last) = self.arguments.iter().rfind(|argument| argument.rest) else {
            return;
        };
        let before = places.saturating_sub(1);
        let Some(first) = words.get(before) else {
            return;
        };
        // By its name, or one text in quotes, it is a word like any other.
        let alone = words.len() == before + 1;
        let by_name = words
            .iter()
            .any(|word| word.name.as_deref() == Some(&last.name));
        if by_name || (alone && first.quoted) {
            return;
        }
        let text = rest.get(first.offset..).unwrap_or_default().trim();
        call.args
            .insert(last.name.clone(), Value::String(text.to_owned()));
        words.truncate(before);
    }

    fn unknown_argument(&self, name: &str, at: usize) -> SlashFault {
        let known = self.arguments.iter().map(|argument| &argument.name);
        let near = sop::nearest(name, known);
        let hint = near
            .first()
            .map(|near| format!("; did you mean {near:?}?"))
            .unwrap_or_default();
        let message = format!("/{} has no argument {name:?}{hint}", self.name);
        let mut fault = SlashFault::new("unknown_argument", message).at(at);
        fault.suggestions = near;
        fault
    }
}

/// The words of a line of which the end is taken as it is written.
fn lenient(rest: &str, places: usize) -> Result<Vec<Word>, SlashFault> {
    match words(rest) {
        Ok(words) => Ok(words),
        Err(fault) => {
            // Words up to where it stops being right; the rest stands as one word.
            let end = rest
                .char_indices()
                .filter(|(_, c)| c.is_whitespace())
                .map(|(at, _)| at)
                .filter_map(|at| {
                    words(rest.get(..at)?)
                        .ok()
                        .filter(|words| words.len() + 1 >= places)
                        .map(|words| (at, words))
                })
                .next();
            let (at, mut before) = match end {
                Some(found) => found,
                None if places == 1 => (0, Vec::new()),
                None => return Err(fault),
            };
            before.truncate(places.saturating_sub(1));
            let offset = before.last().map_or(0, |_| at);
            let start = rest
                .get(offset..)
                .map_or(offset, |text| offset + text.len() - text.trim_start().len());
            before.push(Word {
                name: None,
                value: Value::Null,
                text: String::new(),
                quoted: false,
                at: 0,
                offset: start,
            });
            Ok(before)
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl Argument {
    /// The value of a word as this argument takes it.
    fn value(&self, word: &Word) -> Result<Value, SlashFault> {
        let wrong = |what: &str| {
            let message = format!(
                "{} is {what}, and {:?} is not",
                self.name,
                shortened(&word.text)
            );
            Err(SlashFault::new("invalid_argument", message))
        };
        match (self.kind.as_str(), &word.value) {
            ("string", Value::String(_)) => Ok(word.value.clone()),
            ("string", _) => Ok(Value::String(word.text.clone())),
            ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => {
                Ok(word.value.clone())
            }
            ("integer", _) => wrong("a whole number"),
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => Ok(word.value.clone()),
            ("number", _) => wrong("a number"),
            ("boolean", _) => wrong("true or false"),
            _ => Ok(word.value.clone()),
        }
    }
}
