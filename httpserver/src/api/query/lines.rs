//! Answers in lines: an id at once, then what the work writes, then a line for its failure.

use std::future::ready;
use std::io::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{once, poll_fn};
use tokio::sync::{mpsc, oneshot};

use crate::api::streams::{PIECES_IN_FLIGHT, Piece, Sink};
use crate::error::{ApiError, ApiResult};
use crate::queries::CancelOnDrop;
use crate::state::join_error;

/// The answer begins after this time at the latest, so that the client knows the id of a query that
/// takes long before its first row.
const BEGIN_AFTER: Duration = Duration::from_secs(1);

/// Runs `work` on a blocking thread and answers with what it writes. `held` cancels the query when
/// the client is gone.
///
/// # Errors
/// What `work` fails with before the answer has begun.
pub(super) async fn stream<F>(id: &str, held: CancelOnDrop, work: F) -> ApiResult<Response>
where
    F: FnOnce(&mut Sink) -> ApiResult<()> + Send + 'static,
{
    let (pieces, mut receiver) = mpsc::channel(PIECES_IN_FLIGHT);
    let (begun, mut has_begun) = oneshot::channel();
    let task = tokio::task::spawn_blocking(move || {
        let mut sink = Sink::new(pieces, begun);
        let result = work(&mut sink);
        if result.is_ok() || sink.has_begun() {
            // A client that is gone hears nothing of it.
            let _ = sink.flush();
        }
        result
    });
    let mut task = Some(task);
    if let Ok(Err(_)) = tokio::time::timeout(BEGIN_AFTER, &mut has_begun).await
        && let Some(task) = task.take()
    {
        // It failed before it wrote anything.
        task.await.unwrap_or_else(|error| Err(join_error(error)))?;
    }
    let first = Bytes::from(format!("{{\"id\":\"{id}\"}}\n"));
    let written = poll_fn(move |context| {
        // The query is cancelled when the body is dropped.
        let _ = &held;
        receiver.poll_recv(context)
    });
    let failure = async move {
        let result = task?.await.unwrap_or_else(|error| Err(join_error(error)));
        result.err().map(|error| Ok(error_line(error)))
    };
    let body = once(ready::<Piece>(Ok(first)))
        .chain(written)
        .chain(once(failure).filter_map(ready));
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

fn error_line(error: ApiError) -> Bytes {
    let problem = serde_json::to_vec(&error.into_problem()).unwrap_or_default();
    Bytes::from([b"{\"error\":".as_slice(), &problem, b"}\n"].concat())
}
