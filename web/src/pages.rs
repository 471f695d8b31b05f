//! The four pages: the application's shell, the first page, the one to sign in, an error.

use askama::Template;

use crate::assets::{BUILD, modules};
use crate::cells::grouped;
use crate::first_page::FirstPage;
use crate::shell::{AppShell, Store, script_safe};
use crate::strings as s;

/// The style sheets, in the order in which they apply.
const STYLES: &[&str] = &[
    "tokens",
    "base",
    "controls",
    "explorer",
    "grid",
    "grid_tools",
    "widths",
    "inspector",
    "dialogs",
    "states",
    "welcome",
    "query",
    "design",
    "copilot",
    "settings",
    "users",
    "scripts",
    "activity",
    "small",
];

/// What every page's head needs.
struct Head {
    build: &'static str,
    styles: &'static [&'static str],
}

const HEAD: Head = Head {
    build: BUILD,
    styles: STYLES,
};

#[derive(Template)]
#[template(path = "app.html")]
struct AppTemplate<'a> {
    head: Head,
    shell: &'a AppShell,
    store: Option<&'a Store>,
    page: Option<FirstPage>,
    items: String,
    boot: String,
    modules: Vec<&'static str>,
}

/// The application with an open database: the frame, the explorer, and the first rows of the open store.
pub fn render_app(shell: &AppShell) -> String {
    let store = shell.open_store();
    let page = store
        .zip(shell.page.as_ref())
        .and_then(|(store, answer)| FirstPage::new(store, answer, shell.prefix.is_empty()));
    let template = AppTemplate {
        head: HEAD,
        shell,
        store,
        page,
        items: grouped(shell.stores.iter().map(|store| store.count).sum()),
        boot: shell.boot(BUILD),
        modules: modules(shell.is_query()).collect(),
    };
    finish(&template)
}

/// What the first page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// The folder under which a new database is made, as the user would write it.
    pub data_root: String,
    /// The names of the formats that files come in and go out in.
    pub formats: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomeTemplate {
    head: Head,
    boot: String,
    parquet: bool,
}

/// The first page, when there is no database yet.
pub fn render_welcome(welcome: &Welcome) -> String {
    let boot = script_safe(&serde_json::json!({
        "build": BUILD, "data_root": welcome.data_root, "formats": welcome.formats,
    }));
    finish(&WelcomeTemplate {
        head: HEAD,
        boot,
        parquet: welcome.formats.contains(&"parquet"),
    })
}

/// The page that asks for name and password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginPage {
    /// Where it leads: a path of this server.
    pub next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginTemplate<'a> {
    head: Head,
    page: &'a LoginPage,
}

/// The page that asks for name and password.
pub fn render_login(page: &LoginPage) -> String {
    finish(&LoginTemplate { head: HEAD, page })
}

/// A page that says what went wrong and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// Where and why.
    pub detail: String,
    /// What to do about it.
    pub advice: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorTemplate<'a> {
    head: Head,
    error: &'a ErrorPage,
}

/// An error as a page, for people who typed an address.
pub fn render_error(error: &ErrorPage) -> String {
    finish(&ErrorTemplate { head: HEAD, error })
}

/// Rendering fails only when memory does; then the page says so in plain words.
fn finish(template: &impl Template) -> String {
    template
        .render()
        .unwrap_or_else(|_| "The page could not be made.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assets::asset_url;
    use crate::shell::{Colour, Database, Environment, Person, View};
    use serde_json::{Value, json};

    const HOSTILE: &str =
        "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&{{7*7}}";

    fn shell() -> AppShell {
        let store = json!({
            "name": HOSTILE, "count": 1,
            "key": {"type": "composite", "fields": [{"name": HOSTILE, "type": "string"}]},
            "schema": {"declared": true, "fields": [{"name": HOSTILE, "type": "string"}]},
        });
        AppShell {
            formats: vec!["csv", "parquet"],
            environment: Some(Environment {
                name: HOSTILE.into(),
                colour: Colour::Prod,
                mode: HOSTILE.into(),
            }),
            person: Some(Person {
                name: HOSTILE.into(),
                role: HOSTILE.into(),
                signed_in: true,
            }),
            databases: vec![Database::from_api(json!({"name": HOSTILE, "items": 1})).unwrap()],
            database: HOSTILE.into(),
            view: View::Browse,
            stores: vec![Store::from_api(store).unwrap()],
            store: Some(HOSTILE.into()),
            prefix: vec![json!(HOSTILE)],
            page: Some(
                json!({"items": [{"key": {HOSTILE: HOSTILE}, "value": {HOSTILE: HOSTILE}, "version": 1}], "total": 1, "count": 1}),
            ),
        }
    }

    /// No text of the data may open an element or end one, and nothing is inline.
    fn is_harmless(html: &str) {
        assert!(!html.contains("<img"), "an element came out of the data");
        assert!(
            !html.contains("alert(1)</script>"),
            "a script came out of the data"
        );
        for tag in html.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default();
            assert!(!tag.contains(" style="), "inline style: {tag}");
            assert!(
                !tag.split('"').step_by(2).any(|part| part.contains(" on")),
                "inline handler: {tag}"
            );
            if tag.starts_with("script") {
                assert!(
                    tag.contains("src=") || tag.contains("application/json"),
                    "inline script: {tag}"
                );
            }
        }
    }

    #[test]
    fn hostile_names_and_values_stay_text() {
        let html = render_app(&shell());
        is_harmless(&html);
        assert!(html.contains("&#60;img src=x") || html.contains("&lt;img src=x"));
    }

    #[test]
    fn the_first_rows_are_in_the_page_and_in_its_data() {
        let shell = shell();
        let html = render_app(&shell);
        let start = html.find("id=\"boot\">").unwrap() + "id=\"boot\">".len();
        let end = start + html[start..].find("</script>").unwrap();
        let boot: Value = serde_json::from_str(&html[start..end]).unwrap();
        assert_eq!(boot["page"], shell.page.unwrap());
        assert_eq!(boot["database"], HOSTILE);
        assert!(html.contains("role=\"gridcell\""));
    }

    #[test]
    fn exact_numbers_reach_the_page() {
        let mut shell = shell();
        let page = "{\"items\":[{\"key\":{},\"value\":{\"a\":18446744073709551616,\"b\":1.10}}],\"total\":1}";
        shell.page = Some(serde_json::from_str(page).unwrap());
        let html = render_app(&shell);
        assert!(html.contains("18446744073709551616") && html.contains("1.10"));
    }

    #[test]
    fn the_shell_stands_without_stores_and_without_a_page() {
        let mut shell = shell();
        shell.page = None;
        is_harmless(&render_app(&shell));
        shell.stores.clear();
        shell.store = None;
        shell.environment = None;
        is_harmless(&render_app(&shell));
    }

    #[test]
    fn the_workbench_is_marked_and_its_modules_are_loaded_early_only_there() {
        let mut shell = shell();
        let editor = asset_url("vendor/codemirror.js");
        assert!(!render_app(&shell).contains(&editor));
        shell.view = View::Query;
        let html = render_app(&shell);
        assert!(html.contains(&editor));
        assert!(html.contains("\"view\":\"query\""));
        assert!(html.contains("title=\"Query\" data-view=\"query\" aria-current=\"page\""));
        is_harmless(&html);
    }

    #[test]
    fn settings_are_marked_and_nothing_of_the_copilot_is_loaded_early() {
        let mut shell = shell();
        for (view, name) in [
            (View::Settings, "settings"),
            (View::Knowledge, "knowledge"),
            (View::Users, "users"),
        ] {
            shell.view = view;
            let html = render_app(&shell);
            assert!(html.contains(&format!("\"view\":\"{name}\"")));
            assert!(
                html.contains("title=\"Settings\" data-view=\"settings\" aria-current=\"page\"")
            );
            assert!(
                !html.contains("parts/copilot/dock.js") && !html.contains("vendor/markdown.js")
            );
            is_harmless(&html);
        }
    }

    #[test]
    fn the_studio_is_marked_and_nothing_of_it_is_loaded_early() {
        let mut shell = shell();
        shell.view = View::Scripts;
        let html = render_app(&shell);
        assert!(html.contains("\"view\":\"scripts\""));
        assert!(html.contains("title=\"Scripts\" data-view=\"scripts\" aria-current=\"page\""));
        assert!(!html.contains("parts/scripts/studio.js") && !html.contains("model/script/run.js"));
        is_harmless(&html);
    }

    #[test]
    fn welcome_and_errors_are_harmless_too() {
        is_harmless(&render_welcome(&Welcome {
            data_root: HOSTILE.into(),
            ..Welcome::default()
        }));
        is_harmless(&render_login(&LoginPage {
            next: HOSTILE.into(),
        }));
        let error = ErrorPage {
            status: 404,
            title: HOSTILE.into(),
            detail: HOSTILE.into(),
            advice: HOSTILE.into(),
        };
        is_harmless(&render_error(&error));
    }
}
