//! Which addresses may be asked: against a server that is talked into calling its own network.
//!
//! Always true: a name is resolved here, once for each connection, and the connection goes to one of the
//! addresses that were checked; so a name that answers differently the second time gains nothing. An
//! address inside the URL is checked when the URL is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::ModelError;

/// Most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 16;

/// Why an address is refused; found again inside the errors of the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{host}' is an address of this machine or of a private network. An admin can allow that: llm.allow_private in the settings file."
)]
pub struct Refused {
    host: String,
}

/// Checks an address: http or https, a host, no user, no query; unencrypted only where private ones are allowed.
///
/// # Errors
/// It is refused; the words say why.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, ModelError> {
    let refuse = |words: &str| Err(ModelError::Address(words.to_owned()));
    let Ok(url) = Url::parse(text.trim()) else {
        return refuse("it is no URL such as https://models.example/v1.");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it has a user or password in it. A key belongs in SOP_LLM_API_KEY.");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it has a '?' or '#'.");
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return refuse("it has no host.");
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        "http" => {
            return refuse(
                "it is not encrypted. Use https, or let an admin allow private addresses: \
                 llm.allow_private in the settings file.",
            );
        }
        _ => return refuse("only http and https are spoken."),
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let is_private = match literal.parse::<IpAddr>() {
        Ok(address) => !is_public(address),
        Err(_) => is_local_name(host),
    };
    if is_private && !allow_private {
        let host = host.to_owned();
        return Err(ModelError::Address(Refused { host }.to_string()));
    }
    Ok(url)
}

/// Names that never lie elsewhere.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || [".localhost", ".local", ".internal"]
            .iter()
            .any(|end| host.ends_with(end))
}

/// Whether an address is one of the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Shared by providers, protocol assignments, benchmarks, and the old way to 6to4.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 88 && c == 99);
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4() {
        // Mapped and compatible ones stand for the other kind.
        return is_public_v4(inner);
    }
    let [s0, s1, s2, ..] = address.segments();
    // Only 2000::/3 is given out, without documentation, tunnels and what holds another address.
    let given_out = (0x2000..0x4000).contains(&s0);
    let documentation = s0 == 0x2001 && s1 == 0x0db8 || s0 == 0x3fff && s1 < 0x1000;
    let special = s0 == 0x2001 && s1 < 0x0200;
    let holds_another = s0 == 0x2002 || (s0 == 0x0064 && s1 == 0xff9b && s2 == 0);
    given_out && !documentation && !special && !holds_another
}

/// Resolves names to addresses that may be asked.
#[derive(Debug)]
pub struct GuardedResolver {
    allow_private: bool,
}

impl GuardedResolver {
    /// One that lets private addresses pass, or not.
    pub fn new(allow_private: bool) -> Self {
        Self { allow_private }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
            allowed(&host, &found, allow_private)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// All or nothing: a name with one private address is not one of a provider.
fn allowed(host: &str, found: &[SocketAddr], allow_private: bool) -> Result<(), Refused> {
    if allow_private || found.iter().all(|address| is_public(address.ip())) {
        return Ok(());
    }
    Err(Refused {
        host: host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for text in ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "203.0.113.7",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001:0:1::1",
            "5f00::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn an_address_that_leads_inside_is_refused_in_every_spelling() {
        for text in [
            "http://127.0.0.1:11434",
            "https://127.0.0.1",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://localhost",
            "https://LOCALHOST.",
            "https://a.localhost",
            "https://metadata.google.internal",
            "https://printer.local",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest",
            "https://10.1.2.3",
            "http://models.example",
            "file:///etc/passwd",
            "gopher://models.example",
            "https://user:pass@models.example",
            "https://models.example/?x=1",
            "not a url",
            "",
        ] {
            let error = check_url(text, false).unwrap_err();
            assert_eq!(error.code(), "model_address_refused", "{text}");
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
        assert!(check_url("https://models.example/v1", false).is_ok());
    }

    #[test]
    fn an_admin_may_allow_private_ones_and_nothing_else() {
        for text in [
            "http://127.0.0.1:11434",
            "http://gpu.local:8000/v1",
            "https://10.1.2.3",
        ] {
            assert!(check_url(text, true).is_ok(), "{text}");
        }
        for text in [
            "file:///etc/passwd",
            "http://user@models.example",
            "ftp://10.0.0.1",
        ] {
            assert!(check_url(text, true).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_with_one_private_address_is_refused() {
        let outside: SocketAddr = "1.1.1.1:0".parse().unwrap();
        let inside: SocketAddr = "127.0.0.1:0".parse().unwrap();
        assert!(allowed("a", &[outside], false).is_ok());
        assert!(allowed("a", &[outside, inside], false).is_err());
        assert!(allowed("a", &[outside, inside], true).is_ok());
    }

    #[tokio::test]
    async fn resolving_a_name_of_this_machine_is_refused() {
        let resolver = GuardedResolver::new(false);
        let error = resolver.resolve("localhost".parse().unwrap()).await;
        let error = error.err().unwrap();
        assert!(error.downcast_ref::<Refused>().is_some(), "{error}");
        let resolver = GuardedResolver::new(true);
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
