//! What the shell of the page is made from: plain data, taken from the objects that the API answers.

use serde_json::Value;

use crate::cells::grouped;
use crate::strings as s;

/// The colour of an environment; the page always says its name with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Green.
    Dev,
    /// Amber.
    Test,
    /// Red.
    Prod,
}

impl Colour {
    /// The class that the page gives it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Test => "test",
            Self::Prod => "prod",
        }
    }
}

/// The environment of this session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name, like `DEV`.
    pub name: String,
    /// How it is coloured.
    pub colour: Colour,
    /// `open`, `confirm` or `read-only`.
    pub mode: String,
}

/// A database in the explorer and the switcher.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Items in all its stores.
    pub items: u64,
    /// The object that `GET /databases/{db}` answers, for the page's scripts.
    pub api: Value,
}

impl Database {
    /// From the API's object; None when it has no name.
    pub fn from_api(api: Value) -> Option<Self> {
        let name = api.get("name")?.as_str()?.to_owned();
        let items = api.get("items").and_then(Value::as_u64).unwrap_or(0);
        Some(Self { name, items, api })
    }

    /// Its items with separators.
    pub(crate) fn shown_items(&self) -> String {
        grouped(self.items)
    }
}

/// A store in the explorer.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// How many items it has, exactly.
    pub count: u64,
    /// Names and types of the fields of its key, in order.
    pub key: Vec<(String, String)>,
    /// Names and types of its fields, declared or found in its items, in order.
    pub fields: Vec<(String, String)>,
    /// The object that `GET …/stores/{store}` answers, for the page's scripts.
    pub api: Value,
}

impl Store {
    /// From the API's object; None when it has no name or key.
    pub fn from_api(api: Value) -> Option<Self> {
        let name = api.get("name")?.as_str()?.to_owned();
        let count = api.get("count").and_then(Value::as_u64).unwrap_or(0);
        let spec = api.get("key")?;
        let mut key = named(spec.get("fields"));
        if key.is_empty() {
            let kind = spec.get("type").and_then(Value::as_str).unwrap_or_default();
            key.push(("key".into(), kind.into()));
        }
        let fields = named(api.get("schema").and_then(|schema| schema.get("fields")));
        Some(Self {
            name,
            count,
            key,
            fields,
            api,
        })
    }

    /// Whether its keys can begin alike, so that it opens in the explorer.
    pub(crate) fn has_prefixes(&self) -> bool {
        let number = |kind: &str| {
            matches!(kind, "bool" | "f32" | "f64" | "decimal")
                || (kind.starts_with(['i', 'u']) && kind != "uuid")
        };
        self.count > 0
            && (self.key.len() > 1 || !self.key.first().is_some_and(|(_, kind)| number(kind)))
    }

    /// Its items with separators.
    pub(crate) fn shown_count(&self) -> String {
        grouped(self.count)
    }

    /// Whether a field alone points to the items of another store.
    pub(crate) fn is_link(&self, field: &str) -> bool {
        let relations = self.api.get("relations").and_then(Value::as_array);
        relations.into_iter().flatten().any(|relation| {
            let fields = relation.get("source_fields").and_then(Value::as_array);
            fields.is_some_and(|fields| {
                fields.len() == 1 && fields.first().and_then(Value::as_str) == Some(field)
            })
        })
    }

    /// Whether a key is one bare value.
    pub fn is_single(&self) -> bool {
        self.api
            .pointer("/key/fields")
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty)
    }

    /// The values of a key in the order of its fields.
    pub(crate) fn key_values<'a>(&self, key: &'a Value) -> Vec<&'a Value> {
        match key {
            Value::Object(fields) if !self.is_single() => self
                .key
                .iter()
                .map(|(name, _)| fields.get(name).unwrap_or(&Value::Null))
                .collect(),
            Value::Array(values) if !self.is_single() => values.iter().collect(),
            single => vec![single],
        }
    }
}

/// The names and types in a list of fields.
fn named(fields: Option<&Value>) -> Vec<(String, String)> {
    let text = |field: &Value, name: &str| {
        field
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    fields
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .map(|field| (text(field, "name"), text(field, "type")))
                .collect()
        })
        .unwrap_or_default()
}

/// The part of the application that an address opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The rows of a store.
    #[default]
    Browse,
    /// The query workbench.
    Query,
    /// Stores and their relations, and a store by its design.
    Design,
    /// The databases of the server.
    Databases,
    /// The settings of the server: models, sharing, prices.
    Settings,
    /// What people taught the copilot.
    Knowledge,
    /// Who uses the server: users, sessions, tokens.
    Users,
    /// The studio of scripts.
    Scripts,
    /// Who changed what, what runs, how the databases do.
    Activity,
}

impl View {
    /// Its name in the page's scripts and styles; none for rows.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Browse => None,
            Self::Query => Some("query"),
            Self::Design => Some("design"),
            Self::Databases => Some("databases"),
            Self::Settings => Some("settings"),
            Self::Knowledge => Some("knowledge"),
            Self::Users => Some("users"),
            Self::Scripts => Some("scripts"),
            Self::Activity => Some("activity"),
        }
    }

    /// The class that the work area has while it is shown.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Browse => "",
            Self::Query => " querying",
            Self::Design => " designing",
            Self::Databases => " administering",
            Self::Settings | Self::Knowledge | Self::Users => " settling",
            Self::Scripts => " scripting",
            Self::Activity => " watching",
        }
    }
}

/// Who the page is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do at most: `viewer`, `analyst`, `editor` or `admin`.
    pub role: String,
    /// Whether they signed in; otherwise nobody does here.
    pub signed_in: bool,
}

/// Everything that the shell shows before any script has run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AppShell {
    /// The environment, when there is one to show.
    pub environment: Option<Environment>,
    /// Who it is for.
    pub person: Option<Person>,
    /// All databases.
    pub databases: Vec<Database>,
    /// The name of the open one.
    pub database: String,
    /// The stores of the open database.
    pub stores: Vec<Store>,
    /// What is shown of it.
    pub view: View,
    /// The name of the open store.
    pub store: Option<String>,
    /// The prefix that the address asks for: leading key values, the last may be `{"partial": text}`.
    pub prefix: Vec<Value>,
    /// The answer of `GET …/items` for that place: the first rows.
    pub page: Option<Value>,
    /// The names of the formats that files come in and go out in.
    pub formats: Vec<&'static str>,
}

impl AppShell {
    /// The name of who signed in.
    pub(crate) fn signed_in(&self) -> Option<&str> {
        let person = self.person.as_ref().filter(|person| person.signed_in)?;
        Some(&person.name)
    }

    /// The open store.
    pub fn open_store(&self) -> Option<&Store> {
        let name = self.store.as_ref()?;
        self.stores.iter().find(|store| store.name == *name)
    }

    /// The name of the open database as a part of a path.
    pub(crate) fn path_part(&self) -> String {
        path_part(&self.database)
    }

    /// Whether the query workbench is what is shown.
    pub(crate) fn is_query(&self) -> bool {
        self.view == View::Query
    }

    /// Whether the rows of a store are what is shown.
    pub(crate) fn is_browse(&self) -> bool {
        self.view == View::Browse
    }

    /// Whether this part is what is shown.
    pub(crate) fn is_view(&self, name: &str) -> bool {
        self.view.name() == Some(name)
    }

    /// Whether the settings or one of their pages are what is shown.
    pub(crate) fn is_settings(&self) -> bool {
        matches!(self.view, View::Settings | View::Knowledge | View::Users)
    }

    /// What the title says instead of the open store.
    pub(crate) fn view_title(&self) -> Option<&'static str> {
        match self.view {
            View::Browse => None,
            View::Query => Some(s::SHARED_QUERY),
            View::Design => Some(s::SHARED_DESIGN),
            View::Databases => Some(s::SHARED_DATABASES),
            View::Settings => Some(s::SHARED_SETTINGS),
            View::Knowledge => Some(s::SHARED_KNOWLEDGE),
            View::Users => Some(s::SHARED_USERS),
            View::Scripts => Some(s::SHARED_SCRIPTS),
            View::Activity => Some(s::SHELL_ACTIVITY),
        }
    }

    /// Whether a store is the open one.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.store.as_deref() == Some(name)
    }

    /// What the page's scripts start from, as JSON that is safe inside a `script` element.
    pub(crate) fn boot(&self, build: &str) -> String {
        let environment = self.environment.as_ref().map(|one| {
            serde_json::json!({"name": one.name, "colour": one.colour.class(), "mode": one.mode})
        });
        let person = self.person.as_ref().map(|one| {
            serde_json::json!({"name": one.name, "role": one.role, "signed_in": one.signed_in})
        });
        let databases: Vec<&Value> = self.databases.iter().map(|one| &one.api).collect();
        let stores: Vec<&Value> = self.stores.iter().map(|one| &one.api).collect();
        script_safe(&serde_json::json!({
            "build": build,
            "formats": self.formats,
            "environment": environment,
            "me": person,
            "databases": databases,
            "database": self.database,
            "stores": stores,
            "view": self.view.name(),
            "store": self.store,
            "prefix": self.prefix,
            "page": self.page,
        }))
    }
}

/// A part of a path: everything but letters, digits and `-._~` is escaped.
fn path_part(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for half in [byte >> 4, byte & 15] {
                escaped.push(
                    HEX.get(usize::from(half))
                        .map_or('0', |digit| char::from(*digit)),
                );
            }
        }
    }
    escaped
}

/// JSON text that cannot end the element that it stands in, and is one line for every reader of JavaScript.
pub(crate) fn script_safe(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert_eq!(path_part("a-1._~"), "a-1._~");
        assert_eq!(path_part("a/b ü?"), "a%2Fb%20%C3%BC%3F");
    }
}
