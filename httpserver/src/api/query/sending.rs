//! Answers that are sent while a query runs.

use std::future::ready;
use std::io::{self, Write as _};
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{iter, once, poll_fn};
use tokio::sync::{mpsc, oneshot};

use crate::api::streams::{PIECES_IN_FLIGHT, Piece, Sink};
use crate::error::{ApiError, ApiResult};
use crate::queries::CancelOnDrop;
use crate::state::join_error;

/// Lines begin after this time at the latest, so that the client knows the id of a query that takes
/// long before its first row.
const BEGIN_AFTER: Duration = Duration::from_secs(1);

/// What is sent besides that which the work writes.
pub(in crate::api) enum Form {
    /// A line with this id first, and one with the problem of work that fails.
    Lines { id: String },
    /// The same as events of the server (`text/event-stream`).
    Events { id: String },
    /// Nothing: a file. It is cut off when the work fails, so that a part is never taken for the whole.
    File { content_type: &'static str },
}

/// Runs `work` on a blocking thread and answers with what it writes. `held` cancels the query when
/// the client is gone.
///
/// # Errors
/// What `work` fails with before the answer has begun.
pub(in crate::api) async fn send<F>(form: Form, held: CancelOnDrop, work: F) -> ApiResult<Response>
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
    let failed = match &form {
        Form::File { .. } => has_begun.await.is_err(),
        Form::Lines { .. } | Form::Events { .. } => {
            let begun = tokio::time::timeout(BEGIN_AFTER, &mut has_begun).await;
            begun.is_ok_and(|begun| begun.is_err())
        }
    };
    let mut task = Some(task);
    if failed && let Some(task) = task.take() {
        // It failed before it wrote anything.
        task.await.unwrap_or_else(|error| Err(join_error(error)))?;
    }
    let (content_type, first) = match &form {
        Form::Lines { id } => {
            let first = Bytes::from(format!("{{\"id\":\"{id}\"}}\n"));
            ("application/x-ndjson", Some(Ok(first)))
        }
        Form::Events { id } => {
            let first = Bytes::from(format!("event: id\ndata: {{\"id\":\"{id}\"}}\n\n"));
            ("text/event-stream", Some(Ok(first)))
        }
        Form::File { content_type } => (*content_type, None),
    };
    let written = poll_fn(move |context| {
        // The query is cancelled when the body is dropped.
        let _ = &held;
        receiver.poll_recv(context)
    });
    let failure = async move {
        let result = task?.await.unwrap_or_else(|error| Err(join_error(error)));
        result.err().map(|error| ending(&form, error))
    };
    let body = iter::<Option<Piece>>(first)
        .chain(written)
        .chain(once(failure).filter_map(ready));
    let content_type = [(header::CONTENT_TYPE, content_type)];
    Ok((content_type, Body::from_stream(body)).into_response())
}

fn ending(form: &Form, error: ApiError) -> Piece {
    if let Form::File { .. } = form {
        tracing::warn!(%error, "an export was cut off");
        return Err(io::Error::other(error.to_string()));
    }
    let problem = serde_json::to_vec(&error.into_problem()).unwrap_or_default();
    let (before, after): (&[u8], &[u8]) = match form {
        Form::Events { .. } => (b"event: error\ndata: {\"error\":", b"}\n\n"),
        _ => (b"{\"error\":", b"}\n"),
    };
    Ok(Bytes::from([before, &problem, after].concat()))
}
