//! Events of a session as a response that ends with its turn.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use tokio::sync::watch;

use crate::copilot::Session;

/// A comment is sent after this silence, so that nothing in between thinks the connection dead.
const SILENCE: Duration = Duration::from_secs(15);
/// Most bytes that are put together into one piece.
const PIECE: usize = 64 << 10;

/// What a listener is at.
struct Listener {
    session: Arc<Session>,
    newest: watch::Receiver<u64>,
    at: u64,
    done: bool,
}

/// The events after `from`, until a turn ends or none runs.
pub(super) fn answer(session: Arc<Session>, from: u64) -> Response {
    let listener = Listener {
        newest: session.ring.listen(),
        session,
        at: from,
        done: false,
    };
    let pieces = unfold(listener, |mut listener| async move {
        let piece = listener.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), listener))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

impl Listener {
    /// The next events; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.done {
                return None;
            }
            // Noted before looking: what comes in between wakes at once.
            self.newest.mark_unchanged();
            let runs = self.session.running().is_some();
            if let Some(piece) = self.take() {
                return Some(piece);
            }
            if !runs {
                return None;
            }
            match tokio::time::timeout(SILENCE, self.newest.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    /// What there is now.
    fn take(&mut self) -> Option<Bytes> {
        let since = self.session.ring.since(self.at);
        let mut piece = BytesMut::new();
        if since.lost {
            let words = "event: error\ndata: {\"code\":\"events_lost\",\"detail\":\"Some events are not kept any more. \
                         Load the session to see its turns.\"}\n\n";
            piece.extend_from_slice(words.as_bytes());
        }
        for event in since.events {
            self.at = event.number;
            piece.extend_from_slice(&event.text);
            self.done = event.ends_turn;
            if self.done || piece.len() >= PIECE {
                break;
            }
        }
        (!piece.is_empty()).then(|| piece.freeze())
    }
}
