//! Answers that are written while the work goes on, from a thread that may block.
//!
//! A client that goes away closes the channel; the next write then fails and the work ends. Work
//! that fails before its first byte answers with a proper problem; after that the body is cut off,
//! so that a part is never taken for the whole.

use std::io;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::error::{ApiError, ApiResult};
use crate::state::{AppState, join_error};

/// Pieces of an answer on their way to the socket.
pub(super) const PIECES_IN_FLIGHT: usize = 8;
/// Bytes that are gathered before they are sent.
const PIECE_BYTES: usize = 64 * 1024;

pub(super) type Piece = Result<Bytes, io::Error>;

/// Where the work writes its answer.
pub(super) struct Sink {
    pieces: mpsc::Sender<Piece>,
    begun: Option<oneshot::Sender<()>>,
    buffer: Vec<u8>,
}

impl Sink {
    /// A sink into a channel; `begun` hears of the first piece.
    pub fn new(pieces: mpsc::Sender<Piece>, begun: oneshot::Sender<()>) -> Self {
        Self {
            pieces,
            begun: Some(begun),
            buffer: Vec::new(),
        }
    }

    /// The text that was not sent yet, to write into; [`Sink::send_beyond`] has to follow.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Sends what was gathered when it is at least so many bytes. False when the client is gone.
    pub fn send_beyond(&mut self, bytes: usize) -> bool {
        self.buffer.len() < bytes || self.send().is_ok()
    }

    /// Sends what was gathered.
    fn send(&mut self) -> io::Result<()> {
        if let Some(begun) = self.begun.take() {
            // Nobody waits any more when the client is gone, which the channel tells below.
            let _ = begun.send(());
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.pieces
            .blocking_send(Ok(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sends a line at once, unless earlier ones still wait: for progress, which may be skipped but
    /// must never hold the work up.
    pub fn try_line(&mut self, mut line: Vec<u8>) {
        line.push(b'\n');
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(());
        }
        // The last place is kept for the line that ends the answer.
        if self.pieces.capacity() > 1 {
            let _ = self.pieces.try_send(Ok(Bytes::from(line)));
        }
    }

    /// Whether anything was sent, so that the answer can no longer be a problem.
    pub fn has_begun(&self) -> bool {
        self.begun.is_none()
    }

    /// Tells whether the client is gone, also while something else writes here.
    pub fn is_gone(&self) -> impl Fn() -> bool + use<> {
        let pieces = self.pieces.clone();
        move || pieces.is_closed()
    }

    /// Whether the client is gone.
    pub fn is_closed(&self) -> bool {
        self.pieces.is_closed()
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Runs `work` on a blocking thread in a place for long work, and answers with what it writes.
///
/// # Errors
/// What `work` fails with before it wrote anything; `too_many_requests`.
pub(super) async fn stream<F>(
    state: &AppState,
    content_type: &'static str,
    work: F,
) -> ApiResult<Response>
where
    F: FnOnce(&mut Sink) -> ApiResult<()> + Send + 'static,
{
    let place = state.stream_place()?;
    let (pieces, mut receiver) = mpsc::channel(PIECES_IN_FLIGHT);
    let (begun, has_begun) = oneshot::channel();
    let task = tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut sink = Sink::new(pieces, begun);
        let result = work(&mut sink);
        match result {
            Ok(()) => sink
                .send()
                .map_err(|_| ApiError::internal("the client is gone")),
            Err(error) if sink.begun.is_some() => Err(error),
            Err(error) => {
                if !sink.is_closed() {
                    tracing::warn!(%error, "a stream was cut off");
                }
                let _ = sink
                    .pieces
                    .blocking_send(Err(io::Error::other(error.to_string())));
                Ok(())
            }
        }
    });
    // The sender is dropped without a word when the work failed before it began to write.
    if has_begun.await.is_err() {
        task.await.unwrap_or_else(|error| Err(join_error(error)))?;
    }
    let body = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
    Ok((
        [(axum::http::header::CONTENT_TYPE, content_type)],
        Body::from_stream(body),
    )
        .into_response())
}

/// Runs `work` on a blocking thread in a place for long work, without a time limit.
///
/// # Errors
/// What `work` fails with; `too_many_requests`.
pub(super) async fn long_call<T, F>(state: &AppState, work: F) -> ApiResult<T>
where
    T: Send + 'static,
    F: FnOnce() -> ApiResult<T> + Send + 'static,
{
    let place = state.stream_place()?;
    let task = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    task.await.unwrap_or_else(|error| Err(join_error(error)))
}
