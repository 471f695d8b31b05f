//! Host allow-list and Origin check, against pages of other sites that call a server on this
//! machine (cross-site requests and DNS rebinding).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{ApiError, Code};
use crate::state::AppState;

/// The host names that are served.
#[derive(Clone, Debug)]
pub struct HostRules {
    /// Lower-case `name:port`.
    exact: Vec<String>,
    /// Lower-case names that are served on any port.
    any_port: Vec<String>,
    /// The port of addresses that name none.
    usual_port: u16,
}

impl HostRules {
    /// The loopback names with `port`, the address that is listened on, and the configured names,
    /// which without a port of their own stand for every port (a proxy in front has its own).
    pub fn new(port: u16, host: &str, allowed: &[String]) -> Self {
        let mut exact: Vec<String> = ["127.0.0.1", "localhost", "[::1]"]
            .map(|name| format!("{name}:{port}"))
            .into();
        let bound = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        match bound.parse() {
            Ok(std::net::IpAddr::V6(_)) => exact.push(format!("[{bound}]:{port}")),
            _ => exact.push(format!("{bound}:{port}")),
        }
        let mut any_port = Vec::new();
        for name in allowed.iter().map(|name| name.to_ascii_lowercase()) {
            if split_port(&name).1.is_some() {
                &mut exact
            } else {
                &mut any_port
            }
            .push(name);
        }
        Self {
            exact,
            any_port,
            usual_port: 80,
        }
    }

    /// For a server that speaks TLS itself, when `is` says so.
    #[must_use]
    pub fn over_tls(self, is: bool) -> Self {
        let usual_port = if is { 443 } else { 80 };
        Self { usual_port, ..self }
    }

    /// Whether a `Host` header names this server. Without a port it stands for the usual one, 80 or 443.
    pub fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let (name, port) = split_port(&host);
        let full = if port.is_some() {
            host.clone()
        } else {
            format!("{host}:{}", self.usual_port)
        };
        self.exact.contains(&full) || self.any_port.iter().any(|allowed| allowed == name)
    }
}

/// Name and port of an authority; a colon inside brackets belongs to the name.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    }
}

/// Refuses requests to other hosts, from other origins, and with bodies that would have to be unpacked.
pub async fn guard(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let host = host_of(request.uri(), request.headers())?;
    if !state.hosts().allows(host) {
        let detail = format!(
            "The host '{}' is not served here. Use 127.0.0.1 or localhost with the port of the server, \
             or add the name to 'allowed_hosts' in the settings.",
            shown(host)
        );
        return Err(ApiError::new(Code::HostNotAllowed, detail));
    }
    check_origin(host, request.headers())?;
    check_coding(request.headers())?;
    Ok(next.run(request).await)
}

/// A body is taken as it is: one that is packed may be a thousand times as large as it looks.
fn check_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    if codings.iter().all(|coding| coding == "identity") {
        return Ok(());
    }
    let detail = "Send the body as it is, without Content-Encoding: nothing is unpacked here.";
    Err(ApiError::new(Code::UnsupportedMediaType, detail))
}

fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, ApiError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    let host = host.filter(|host| !host.is_empty()).ok_or_else(|| {
        ApiError::new(
            Code::InvalidHeader,
            "The request needs exactly one Host header.",
        )
    })?;
    // An absolute request target overrides Host for other software; here both must agree.
    if uri
        .authority()
        .is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host))
    {
        return Err(ApiError::new(
            Code::InvalidHeader,
            "The address and the Host header name different hosts.",
        ));
    }
    Ok(host)
}

fn check_origin(host: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let authority = origin.to_str().ok().and_then(|origin| {
            origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"))
        });
        if !authority.is_some_and(|authority| same_authority(authority, host)) {
            let detail = "The request comes from a page of another origin. Only the page of this server may call.";
            return Err(ApiError::new(Code::OriginNotAllowed, detail));
        }
    }
    let site = headers
        .get("sec-fetch-site")
        .map(axum::http::HeaderValue::as_bytes);
    match site {
        // A page on another port of this machine is "same-site" and gets the cookie sent along.
        Some(b"cross-site" | b"same-site") => {
            let detail = "The request was started by a page of another site. Open the address of the server itself.";
            Err(ApiError::new(Code::OriginNotAllowed, detail))
        }
        _ => Ok(()),
    }
}

/// Whether both name the same host and port; an origin leaves out the default port.
fn same_authority(origin: &str, host: &str) -> bool {
    let without = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.strip_suffix(":80")
            .or_else(|| text.strip_suffix(":443"))
            .map_or(text.clone(), str::to_owned)
    };
    without(origin) == without(host)
}

/// A text of a client, shortened for an answer.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_with_the_own_port_are_served() {
        let rules = HostRules::new(
            8080,
            "127.0.0.1",
            &["data.example".to_owned(), "x.example:444".to_owned()],
        );
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST:8080",
            "[::1]:8080",
            "data.example",
            "data.example:9",
            "x.example:444",
        ] {
            assert!(rules.allows(host), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:8081",
            "evil.example:8080",
            "localhost.evil.example:8080",
            "x.example",
            "[::1]",
            "",
            "::1:8080",
        ] {
            assert!(!rules.allows(host), "{host}");
        }
        assert!(HostRules::new(80, "::1", &[]).allows("[::1]"));
        let over_tls = |port| HostRules::new(port, "::1", &[]).over_tls(true);
        assert!(over_tls(443).allows("localhost") && !over_tls(80).allows("localhost"));
        assert!(HostRules::new(8080, "192.0.2.7", &[]).allows("192.0.2.7:8080"));
    }

    #[test]
    fn origins_must_be_the_host() {
        let check = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            check_origin("localhost:8080", &headers).is_ok()
        };
        assert!(check("origin", "http://localhost:8080"));
        assert!(check("origin", "https://localhost:8080"));
        for origin in [
            "null",
            "http://localhost:3000",
            "http://evil.example",
            "http://localhost",
            "file://localhost:8080",
        ] {
            assert!(!check("origin", origin), "{origin}");
        }
        assert!(check("sec-fetch-site", "same-origin") && check("sec-fetch-site", "none"));
        assert!(!check("sec-fetch-site", "cross-site") && !check("sec-fetch-site", "same-site"));
    }
}
