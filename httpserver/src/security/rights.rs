//! The table of routes: what each needs. A route that is not in it is refused.

use axum::http::Method;
use sop_systemdb::accounts::Role;

use crate::api::BASE;

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Nothing: it is the same for everybody and says nothing of the data.
    Public,
    /// To be somebody.
    SignedIn,
    /// To look at stores.
    View,
    /// To query, export, ask the copilot and run scripts; what a script or tool does is checked again.
    Query,
    /// To change items, and what others run.
    Edit,
    /// To manage the server.
    Admin,
}

impl Capability {
    /// The least role that has it; `None`: each has.
    pub fn role(self) -> Option<Role> {
        match self {
            Capability::Public | Capability::SignedIn => None,
            Capability::View => Some(Role::Viewer),
            Capability::Query => Some(Role::Analyst),
            Capability::Edit => Some(Role::Editor),
            Capability::Admin => Some(Role::Admin),
        }
    }
}

use Capability::{Admin, Edit, Public, Query, SignedIn, View};

/// Every route of the interface, below its base, with what each method needs.
pub const ROUTES: &[(&str, &[(&str, Capability)])] = &[
    ("/health", &[("GET", Public)]),
    ("/login", &[("POST", Public)]),
    ("/logout", &[("POST", SignedIn)]),
    ("/me", &[("GET", SignedIn)]),
    ("/me/password", &[("POST", SignedIn)]),
    ("/openapi.json", &[("GET", SignedIn)]),
    // Whose they are is checked by the handlers: everybody has their own, an administrator all.
    ("/sessions", &[("GET", SignedIn)]),
    ("/sessions/{id}", &[("DELETE", SignedIn)]),
    ("/tokens", &[("GET", SignedIn), ("POST", SignedIn)]),
    ("/tokens/{id}", &[("DELETE", SignedIn)]),
    ("/users", &[("GET", Admin), ("POST", Admin)]),
    (
        "/users/{name}",
        &[("GET", Admin), ("PATCH", Admin), ("DELETE", Admin)],
    ),
    ("/metrics", &[("GET", Admin)]),
    ("/audit", &[("GET", Admin)]),
    ("/audit/counts", &[("GET", Admin)]),
    ("/setup", &[("GET", Admin), ("POST", Admin)]),
    // Names of folders of the machine, below the roots alone.
    ("/folders", &[("GET", Admin)]),
    ("/session/environment", &[("POST", SignedIn)]),
    ("/environments", &[("GET", SignedIn), ("POST", Admin)]),
    (
        "/environments/{env}",
        &[("GET", SignedIn), ("PATCH", Admin), ("DELETE", Admin)],
    ),
    ("/databases", &[("GET", View), ("POST", Admin)]),
    (
        "/databases/{db}",
        &[("GET", View), ("PATCH", Admin), ("DELETE", Admin)],
    ),
    ("/databases/{db}/demo", &[("POST", Admin)]),
    ("/databases/{db}/backup", &[("POST", Admin)]),
    ("/databases/{db}/check", &[("GET", Admin), ("POST", Admin)]),
    ("/databases/{db}/state", &[("GET", View)]),
    ("/databases/{db}/checkpoint", &[("POST", Admin)]),
    // It shows keys in another order, before anything is masked.
    ("/databases/{db}/cel/check", &[("POST", Admin)]),
    ("/databases/{db}/stores", &[("GET", View), ("POST", Admin)]),
    (
        "/databases/{db}/stores/{store}",
        &[("GET", View), ("PATCH", Admin), ("DELETE", Admin)],
    ),
    ("/databases/{db}/stores/{store}/rename", &[("POST", Admin)]),
    ("/databases/{db}/stores/{store}/empty", &[("POST", Admin)]),
    (
        "/databases/{db}/stores/{store}/duplicate",
        &[("POST", Admin)],
    ),
    ("/databases/{db}/stores/{store}/reorder", &[("POST", Admin)]),
    (
        "/databases/{db}/stores/{store}/items",
        &[("GET", View), ("POST", Edit)],
    ),
    (
        "/databases/{db}/stores/{store}/item",
        &[("GET", View), ("PUT", Edit), ("DELETE", Edit)],
    ),
    ("/databases/{db}/stores/{store}/count", &[("GET", View)]),
    ("/databases/{db}/stores/{store}/rank", &[("GET", View)]),
    ("/databases/{db}/stores/{store}/nth", &[("GET", View)]),
    ("/databases/{db}/stores/{store}/prefixes", &[("GET", View)]),
    ("/databases/{db}/stores/{store}/import", &[("POST", Edit)]),
    ("/databases/{db}/stores/{store}/export", &[("GET", Query)]),
    ("/databases/{db}/changes", &[("POST", Edit)]),
    ("/databases/{db}/views", &[("GET", View)]),
    ("/databases/{db}/query", &[("POST", Query)]),
    ("/databases/{db}/export", &[("GET", Query)]),
    // One's own; an administrator sees and ends all.
    ("/queries", &[("GET", Query)]),
    ("/queries/{id}", &[("DELETE", Query)]),
    // Who started one ends it; the handler asks others for the right to change its database.
    ("/jobs", &[("GET", View)]),
    ("/jobs/{id}", &[("GET", View), ("DELETE", View)]),
    ("/chat", &[("GET", Query), ("POST", Query)]),
    ("/chat/{session}", &[("GET", Query), ("DELETE", Query)]),
    ("/chat/{session}/events", &[("GET", Query)]),
    ("/chat/{session}/approve", &[("POST", Query)]),
    ("/chat/{session}/sent/{n}", &[("GET", Query)]),
    ("/chat/{session}/feedback", &[("POST", Query)]),
    ("/llm", &[("GET", Query), ("PUT", Admin)]),
    ("/llm/test", &[("POST", Admin)]),
    ("/tools", &[("GET", Query)]),
    ("/commands", &[("GET", Query)]),
    ("/tools/{tool}", &[("POST", Query)]),
    ("/mcp", &[("POST", Query)]),
    ("/scripts", &[("GET", Query), ("POST", Edit)]),
    ("/scripts/run", &[("POST", Query)]),
    (
        "/scripts/{category}/{name}",
        &[("GET", Query), ("PUT", Edit), ("DELETE", Edit)],
    ),
    ("/scripts/{category}/{name}/versions", &[("GET", Query)]),
    ("/scripts/{category}/{name}/restore", &[("POST", Edit)]),
    ("/scripts/{category}/{name}/run", &[("POST", Query)]),
    ("/scripts/{category}/{name}/runs", &[("GET", Query)]),
    // One's own, of one's own session.
    ("/runs/{run}/continue", &[("POST", Query)]),
    ("/runs/{run}/step", &[("POST", Query)]),
    ("/runs/{run}/stop", &[("POST", Query)]),
    ("/runs/{run}/pause", &[("POST", Query)]),
    ("/runs/{run}/breakpoints", &[("PUT", Query)]),
    ("/schedules", &[("GET", Query)]),
    ("/schedules/{schedule}", &[("PUT", Edit), ("DELETE", Edit)]),
    ("/knowledge", &[("GET", Query)]),
    (
        "/knowledge/{category}/{name}",
        &[("GET", Query), ("PUT", Edit), ("DELETE", Edit)],
    ),
];

/// The pages and their files, which are only read.
pub const PAGES: &[(&str, Capability)] = &[
    ("/assets/{build}/{*path}", Public),
    ("/assets/reference.css", Public),
    ("/favicon.ico", Public),
    ("/login", Public),
    ("/api/docs", SignedIn),
    ("/", SignedIn),
    ("/settings", SignedIn),
    ("/knowledge", Query),
    ("/welcome", SignedIn),
    ("/activity", Admin),
    ("/users", SignedIn),
    ("/scripts", Query),
    ("/scripts/{category}/{name}", Query),
    ("/d/{db}", View),
    ("/d/{db}/q", View),
    ("/d/{db}/design", View),
    ("/d/{db}/databases", View),
    ("/d/{db}/s/{store}", View),
    ("/d/{db}/s/{store}/design", View),
];

/// What a request needs, by its method and the route that it met; where it met none, or the route has no such method,
/// only somebody who manages the server hears so from the router.
pub fn needed(method: &Method, route: Option<&str>) -> Capability {
    let Some(route) = route else {
        // The answer is that nothing is there.
        return SignedIn;
    };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if let Some(below) = route.strip_prefix(BASE) {
        let method = if reads { "GET" } else { method.as_str() };
        let listed = ROUTES.iter().find(|(path, _)| *path == below);
        let listed = listed.and_then(|(_, methods)| {
            let mut methods = methods.iter();
            methods.find(|(listed, _)| *listed == method)
        });
        return listed.map_or(Admin, |(_, needed)| *needed);
    }
    let page = PAGES.iter().find(|(path, _)| *path == route);
    page.filter(|_| reads).map_or(Admin, |(_, needed)| *needed)
}

/// The part of an address that a name in its route stands for, as text.
pub fn part(route: &str, path: &str, name: &str) -> Option<String> {
    let at = route.split('/').position(|part| {
        part.strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
            == Some(name)
    })?;
    let text = path.split('/').nth(at)?;
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_for_nobody_but_who_manages() {
        let needs = |method: Method, route: &str| needed(&method, Some(route));
        assert_eq!(needs(Method::GET, "/api/v1/health"), Public);
        assert_eq!(needs(Method::POST, "/api/v1/health"), Admin);
        assert_eq!(needs(Method::HEAD, "/api/v1/databases"), View);
        assert_eq!(needs(Method::GET, "/api/v1/not/listed"), Admin);
        assert_eq!(needs(Method::GET, "/not/listed"), Admin);
        assert_eq!(needs(Method::POST, "/"), Admin);
        assert_eq!(needed(&Method::GET, None), SignedIn);
    }

    #[test]
    fn names_of_an_address() {
        let route = "/api/v1/databases/{db}/stores/{store}/items";
        let path = "/api/v1/databases/a%20b/stores/s%2Ft/items";
        assert_eq!(part(route, path, "db").as_deref(), Some("a b"));
        assert_eq!(part(route, path, "store").as_deref(), Some("s/t"));
        assert_eq!(part("/", "/", "db"), None);
    }
}
