//! Models of language, whoever provides them: one neutral form of messages, and how each provider writes it.
//!
//! [`Model`] is what the copilot asks. [`HttpModel`] is the one that goes over the network; a `wire` module
//! for each provider turns a [`ModelRequest`] into a body and the pieces of an answer into [`ModelEvent`]s,
//! without any I/O, so that transcripts test it.
//!
//! What always holds: the time of a request is bounded in each of its phases; dropping it closes its
//! connection; it goes only to the configured host, at an address that was checked when it was resolved
//! ([`address`]); no key is in an error, a log or a `Debug` text.
//!
//! What it does not do: it runs no tool and knows nothing of data, sessions or people.

pub mod address;
mod anthropic;
mod client;
mod error;
mod gemini;
mod json;
mod lines;
mod message;
mod ollama;
mod openai;
mod price;
mod retry;
mod settings;
mod wire;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use client::HttpModel;
pub use error::ModelError;
pub use lines::{Framing, Pieces};
pub use message::{
    FinishReason, Message, ModelEvent, ModelRequest, Opaque, Part, Role, ToolCall, ToolDefinition,
    ToolResult, Usage,
};
pub use price::cost;
pub use settings::ModelSettings;
pub use wire::{Decoder, Wire};

use crate::config::ProviderKind;

/// Takes the events of an answer as they come.
pub type EventSink<'a> = dyn FnMut(ModelEvent) + Send + 'a;

/// Something that answers requests.
pub trait Model: Send + Sync {
    /// Whose interface is spoken.
    fn provider(&self) -> ProviderKind;

    /// Its name.
    fn name(&self) -> &str;

    /// The body that a request is sent as: exactly what leaves this machine, apart from headers.
    fn body(&self, request: &ModelRequest) -> Bytes;

    /// Sends a body and gives the events of its answer as they come. Dropping the future ends it.
    fn stream<'a>(
        &'a self,
        body: Bytes,
        sink: &'a mut EventSink<'_>,
    ) -> BoxFuture<'a, Result<(), ModelError>>;
}
