//! Sending requests to a provider.

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use serde_json::Value;

use super::address::{GuardedResolver, Refused};
use super::error::shown;
use super::json::failure;
use super::lines::Pieces;
use super::retry::with_retries;
use super::{EventSink, Model, ModelError, ModelRequest, ModelSettings, Wire};
use crate::config::{ProviderKind, Secret};

/// Most bytes of an answer.
const MAX_ANSWER: usize = 32 << 20;
/// Most bytes of a refusal that are read.
const MAX_REFUSAL: usize = 16 << 10;

/// A model that is asked over the network.
pub struct HttpModel {
    client: Client,
    settings: ModelSettings,
    wire: Wire,
    url: String,
    headers: HeaderMap,
}

impl HttpModel {
    /// Makes the client; nothing is sent.
    ///
    /// # Errors
    /// The key cannot be part of a header, or the machine has no certificates to trust.
    pub fn new(settings: ModelSettings) -> Result<Self, ModelError> {
        let wire = Wire(settings.provider);
        let mut headers = HeaderMap::new();
        for (name, value, is_secret) in wire.headers(&settings) {
            let mut value = HeaderValue::try_from(value).map_err(|_| {
                ModelError::NotConfigured("The key has signs that no key has.".to_owned())
            })?;
            value.set_sensitive(is_secret);
            headers.insert(HeaderName::from_static(name), value);
        }
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Ok(Self {
            client: client(&settings)?,
            wire,
            url: wire.url(&settings),
            headers,
            settings,
        })
    }

    /// What it was made from.
    pub fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    async fn answer(&self, body: Bytes, sink: &mut EventSink<'_>) -> Result<(), ModelError> {
        let limits = &self.settings.limits;
        let mut response = with_retries(limits.retries, limits.longest_wait(), || {
            self.send(body.clone())
        })
        .await?;
        let mut pieces = Pieces::new(self.wire.framing());
        let mut decoder = self.wire.decoder();
        let (mut texts, mut events, mut length) = (Vec::new(), Vec::new(), 0usize);
        loop {
            let chunk = self.chunk(&mut response).await;
            match &chunk {
                Ok(Some(bytes)) => {
                    length += bytes.len();
                    if length > MAX_ANSWER {
                        let words = format!("it has more than {MAX_ANSWER} bytes");
                        return Err(ModelError::Malformed(words));
                    }
                    pieces.push(bytes, &mut texts)?;
                }
                Ok(None) => pieces.end(&mut texts)?,
                Err(_) => {}
            }
            for text in texts.drain(..) {
                let read = decoder.piece(&text, &mut events);
                events.drain(..).for_each(&mut *sink);
                read.map_err(|error| self.without_key(error))?;
            }
            if chunk?.is_none() {
                let read = decoder.end(&mut events);
                events.drain(..).for_each(&mut *sink);
                return read;
            }
        }
    }

    /// Sends the request once and waits for the head of the answer.
    async fn send(&self, body: Bytes) -> Result<Response, ModelError> {
        let limit = self.settings.limits.first_byte();
        let request = self.client.post(&self.url);
        let request = request.headers(self.headers.clone()).body(body);
        let timeout = ModelError::Timeout {
            phase: "to begin its answer",
            limit,
        };
        let sent = tokio::time::timeout(limit, request.send()).await;
        let response = sent
            .map_err(|_| timeout)?
            .map_err(|error| self.failed(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    async fn chunk(&self, response: &mut Response) -> Result<Option<Bytes>, ModelError> {
        let limit = self.settings.limits.between_bytes();
        let timeout = ModelError::Timeout {
            phase: "to go on with its answer",
            limit,
        };
        let chunk = tokio::time::timeout(limit, response.chunk()).await;
        chunk.map_err(|_| timeout)?.map_err(|_| ModelError::Cut)
    }

    /// What a status other than success says.
    async fn refusal(&self, mut response: Response) -> ModelError {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        match status {
            401 | 403 => return ModelError::Key(status),
            429 | 503 | 529 => {
                return ModelError::Busy {
                    status,
                    retry_after,
                };
            }
            300..=399 => {
                return ModelError::Status {
                    status,
                    detail: "it leads elsewhere, and that is not followed.".to_owned(),
                };
            }
            _ => {}
        }
        let mut body = Vec::new();
        while let Ok(Some(bytes)) = self.chunk(&mut response).await {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_REFUSAL {
                break;
            }
        }
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        // Gemini puts the object into an array when it is not asked for events.
        let words = failure(&json).or_else(|| json.get(0).and_then(failure));
        let words = words.unwrap_or_else(|| shown(&String::from_utf8_lossy(&body)));
        self.without_key(ModelError::Status {
            status,
            detail: words,
        })
    }

    fn failed(&self, error: &reqwest::Error) -> ModelError {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        let mut last = String::new();
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Refused>() {
                return ModelError::Address(refused.to_string());
            }
            last = error.to_string();
            cause = error.source();
        }
        if error.is_timeout() {
            return ModelError::Timeout {
                phase: "to take the connection",
                limit: self.settings.limits.connect(),
            };
        }
        self.without_key(ModelError::Unreachable(shown(&last)))
    }

    /// Providers repeat what they got; the key is taken out of their words.
    fn without_key(&self, error: ModelError) -> ModelError {
        let clean = |text: String| match &self.settings.key {
            Some(key) => redacted(text, key),
            None => text,
        };
        match error {
            ModelError::Status { status, detail } => ModelError::Status {
                status,
                detail: clean(detail),
            },
            ModelError::Failed(text) => ModelError::Failed(clean(text)),
            ModelError::Malformed(text) => ModelError::Malformed(clean(text)),
            ModelError::Unreachable(text) => ModelError::Unreachable(clean(text)),
            other => other,
        }
    }
}

/// A text without a secret.
pub fn redacted(text: String, secret: &Secret) -> String {
    let secret = secret.expose();
    if secret.is_empty() || !text.contains(secret) {
        return text;
    }
    text.replace(secret, "[secret]")
}

impl Model for HttpModel {
    fn provider(&self) -> ProviderKind {
        self.settings.provider
    }

    fn name(&self) -> &str {
        &self.settings.model
    }

    fn body(&self, request: &ModelRequest) -> Bytes {
        Bytes::from(self.wire.body(&self.settings, request).to_string())
    }

    fn stream<'a>(
        &'a self,
        body: Bytes,
        sink: &'a mut EventSink<'_>,
    ) -> BoxFuture<'a, Result<(), ModelError>> {
        Box::pin(self.answer(body, sink))
    }
}

/// A client that goes to checked addresses only, follows nothing, and uses no proxy.
fn client(settings: &ModelSettings) -> Result<Client, ModelError> {
    static CRYPTOGRAPHY: Once = Once::new();
    CRYPTOGRAPHY.call_once(|| {
        // It fails when there is one already, and then that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let mut builder = Client::builder()
        .connect_timeout(settings.limits.connect())
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(8)
        .user_agent(concat!("sop-httpserver/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(GuardedResolver::new(settings.allow_private));
    if settings.base_url.scheme() == "http" {
        // Certificates are not needed then, and the machine may have none.
        builder = builder.tls_backend_preconfigured(without_certificates()?);
    }
    builder.build().map_err(|error| {
        let words = format!(
            "Requests to models cannot be made: {}.",
            error.without_url()
        );
        ModelError::NotConfigured(words)
    })
}

fn without_certificates() -> Result<rustls::ClientConfig, ModelError> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ModelError::NotConfigured(error.to_string()))?;
    Ok(builder
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// The seconds of a `Retry-After` header; a date is not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}
