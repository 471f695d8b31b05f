//! The description of the interface: `/api/v1/openapi.json`, and a page made from it that works
//! without a network and without scripts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};

use super::BASE;
use crate::error::Code;
use crate::state::AppState;

/// The parts that do not come from handlers.
pub(super) fn base() -> OpenApi {
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("sop_session_<port>")));
    let mut components = Components::new();
    components.add_security_scheme("token", bearer);
    components.add_security_scheme("session", cookie);
    let tags = [
        ("databases", "Databases: folders that hold stores."),
        (
            "environments",
            "Environments: sets of databases with a rule for writing.",
        ),
        ("stores", "Stores: ordered items with one type of key."),
        ("items", "Items: keys with JSON documents."),
        ("queries", "SQL over the stores of all databases."),
        (
            "scripts",
            "Scripts: steps over tools, saved with their versions, run and scheduled.",
        ),
        (
            "knowledge",
            "What people and the product know, for answers.",
        ),
        ("tools", "What people, scripts and models can do, by name."),
        ("accounts", "Who uses the server: users, sessions, tokens."),
        ("server", "The server itself."),
    ];
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("SOP data manager")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .build(),
        )
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("token", Vec::<String>::new()),
            SecurityRequirement::new("session", Vec::<String>::new()),
        ]))
        .tags(Some(tags.map(|(name, about)| {
            TagBuilder::new()
                .name(name)
                .description(Some(about))
                .build()
        })))
        .build()
}

const ABOUT: &str = "Send 'Authorization: Bearer <token>' with the token that the server printed or, where people sign in, with one that \
    a user made. Errors are \
    problem documents (RFC 9457) with a stable 'code'. Each item has a 'version', the sequence of the commit \
    that last changed it. Numbers beyond 2^53 are exact JSON numbers; with 'Accept: application/json;bigint=string' \
    they are strings. Names and parameters that are not known are refused, with the nearest ones.";

/// Serves the document and the page.
pub(super) fn routes(document: &OpenApi) -> Router<AppState> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let page: Arc<str> = page(&document).into();
    let json: Arc<str> = serde_json::to_string(&document).unwrap_or_default().into();
    let serve_json = move || {
        let body = String::from(&*json);
        async move {
            (
                [(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )],
                body,
            )
                .into_response()
        }
    };
    let serve_page = move || {
        let body = String::from(&*page);
        async move { Html(body) }
    };
    Router::new()
        .route(&format!("{BASE}/openapi.json"), get(serve_json))
        .route("/api/docs", get(serve_page))
}

/// The reference page.
fn page(document: &Value) -> String {
    let mut html = String::from(HEAD);
    let _ = write!(
        html,
        "<p>{}</p>",
        escape(text(document, "/info/description"))
    );
    html.push_str("<p>The same as a document for programs: <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>");
    for tag in list(document, "/tags") {
        let name = text(tag, "/name");
        let _ = write!(
            html,
            "<h2>{}</h2><p>{}</p>",
            escape(name),
            escape(text(tag, "/description"))
        );
        for (path, operations) in fields(document, "/paths") {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                if list(operation, "/tags").iter().any(|tag| tag == name) {
                    operation_section(&mut html, path, method, operation);
                }
            }
        }
    }
    html.push_str("<h2>Shapes</h2>");
    for (name, schema) in fields(document, "/components/schemas") {
        if schema.pointer("/properties").is_some() {
            shape(&mut html, name, schema);
        }
    }
    html.push_str("<h2>Errors</h2><table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>");
    for code in Code::ALL {
        let _ = write!(
            html,
            "<tr id=\"{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td></tr>",
            code.as_str(),
            code.status().as_u16(),
            prose(code.meaning())
        );
    }
    html.push_str("</tbody></table></main></body></html>");
    html
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Interface · SOP</title>\
    <link rel=\"stylesheet\" href=\"/assets/reference.css\"></head><body><main class=\"reference\"><h1>The interface</h1>";

fn operation_section(html: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        html,
        "<section><h3><code>{}</code> <code>{}</code></h3><p>{} {}</p>",
        escape(&method.to_uppercase()),
        escape(path),
        prose(text(operation, "/summary")),
        prose(text(operation, "/description"))
    );
    let parameters = list(operation, "/parameters");
    if !parameters.is_empty() {
        html.push_str(
            "<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>",
        );
        for parameter in parameters {
            let _ = write!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(text(parameter, "/name")),
                escape(text(parameter, "/in")),
                prose(text(parameter, "/description"))
            );
        }
        html.push_str("</tbody></table>");
    }
    let body = operation.pointer("/requestBody/content");
    media(html, "Body", body.unwrap_or(&Value::Null));
    for (status, response) in fields(operation, "/responses") {
        if status != "default" {
            let content = response.pointer("/content").unwrap_or(&Value::Null);
            media(html, &format!("Answer {status}"), content);
        }
    }
    html.push_str("</section>");
}

/// What a body is, by media type.
fn media(html: &mut String, what: &str, content: &Value) {
    for (kind, media) in content.as_object().into_iter().flatten() {
        let shape = media.pointer("/schema").map(type_name).unwrap_or_default();
        let _ = write!(
            html,
            "<p><b>{}</b> <code>{}</code> {shape}</p>",
            escape(what),
            escape(kind)
        );
    }
}

/// The fields of a named shape.
fn shape(html: &mut String, name: &str, schema: &Value) {
    let _ = write!(
        html,
        "<section id=\"shape-{0}\"><h3>{0}</h3><p>{1}</p>",
        escape(name),
        prose(text(schema, "/description"))
    );
    html.push_str(
        "<table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>",
    );
    for (name, field) in fields(schema, "/properties") {
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(name),
            type_name(field),
            prose(text(field, "/description"))
        );
    }
    html.push_str("</tbody></table></section>");
}

/// The type of a field as HTML, with a link to its shape when it has one.
fn type_name(schema: &Value) -> String {
    if let Some(reference) = schema.pointer("/$ref").and_then(Value::as_str) {
        let name = escape(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    match schema.pointer("/type") {
        Some(Value::String(kind)) if kind == "array" => {
            let items = schema.pointer("/items").unwrap_or(&Value::Null);
            format!("array of {}", type_name(items))
        }
        Some(Value::String(kind)) => match list(schema, "/enum") {
            [] => escape(kind),
            values => {
                let values = values.iter().filter_map(Value::as_str);
                escape(&values.collect::<Vec<_>>().join(" or "))
            }
        },
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            escape(&kinds.collect::<Vec<_>>().join(" or "))
        }
        _ => {
            let one_of: Vec<_> = list(schema, "/oneOf").iter().map(type_name).collect();
            if one_of.is_empty() {
                "any JSON".to_owned()
            } else {
                one_of.join(" or ")
            }
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn fields<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Words with `code` in them.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    });
    parts.collect()
}
