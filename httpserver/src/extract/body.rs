//! Bodies of requests: whole with a limit, or as a blocking reader for streams.
//!
//! A body that stays silent for too long is given up, so that a slow client holds nothing for ever.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use crate::error::{ApiError, Code};

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// It is larger, breaks off, or nothing comes for `idle`.
pub async fn read_body(mut body: Body, limit: u64, idle: Duration) -> Result<Bytes, ApiError> {
    let too_large = || {
        let detail = format!(
            "The body is larger than the limit of {limit} bytes. Send it in parts, or import it."
        );
        ApiError::new(Code::BodyTooLarge, detail)
    };
    if http_body::Body::size_hint(&body).lower() > limit {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(data) = next_data(&mut body, idle).await? {
        if (first.len() + rest.len() + data.len()) as u64 > limit {
            return Err(too_large());
        }
        // One frame is the common case and needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

/// The next data of a body, or `None` at its end.
async fn next_data(body: &mut Body, idle: Duration) -> Result<Option<Bytes>, ApiError> {
    loop {
        let frame = tokio::time::timeout(idle, body.frame())
            .await
            .map_err(|_| {
                let detail = format!("No part of the body came for {} ms.", idle.as_millis());
                ApiError::new(Code::BodyTimeout, detail)
            })?;
        match frame {
            None => return Ok(None),
            Some(Err(error)) => {
                let detail = format!("The body broke off: {error}.");
                return Err(ApiError::new(Code::BodyUnreadable, detail));
            }
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && !data.is_empty()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A request body as [`io::Read`] for work on a blocking thread.
///
/// The end of the body and a body that broke off are told apart: the latter is an error, so that a
/// half-sent import is never taken for a whole one.
pub struct BodyReader {
    parts: mpsc::Receiver<Result<Bytes, io::Error>>,
    current: Bytes,
    ended: bool,
}

/// Parts of a body on their way to the reader.
const PARTS_IN_FLIGHT: usize = 8;

impl BodyReader {
    /// A reader and the work that feeds it; the work must run (be spawned or polled) for the
    /// reader to get anything, and dropping it breaks the body off.
    pub fn new(
        mut body: Body,
        idle: Duration,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, parts) = mpsc::channel(PARTS_IN_FLIGHT);
        let feed = async move {
            loop {
                let part = match next_data(&mut body, idle).await {
                    Ok(Some(data)) => Ok(data),
                    Ok(None) => Ok(Bytes::new()),
                    Err(error) => Err(io::Error::other(error.detail().to_owned())),
                };
                let last = part.as_ref().map_or(true, Bytes::is_empty);
                if sender.send(part).await.is_err() || last {
                    return;
                }
            }
        };
        (
            Self {
                parts,
                current: Bytes::new(),
                ended: false,
            },
            feed,
        )
    }
}

impl io::Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.parts.blocking_recv() {
                Some(Ok(data)) if data.is_empty() => self.ended = true,
                Some(Ok(data)) => self.current = data,
                Some(Err(error)) => return Err(error),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current
            .split_to(count)
            .copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const IDLE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        assert_eq!(
            read_body(Body::from("1234"), 4, IDLE).await.unwrap(),
            "1234"
        );
        let error = read_body(Body::from("12345"), 4, IDLE).await.unwrap_err();
        assert_eq!(error.code(), Code::BodyTooLarge);
        let parts = futures_util::stream::iter(["123", "456"].map(Ok::<_, io::Error>));
        let error = read_body(Body::from_stream(parts), 5, IDLE)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_silent_body_is_given_up() {
        let body = Body::from_stream(futures_util::stream::pending::<io::Result<Bytes>>());
        let error = read_body(body, 5, Duration::from_millis(1))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::BodyTimeout);
    }

    #[tokio::test]
    async fn the_reader_gives_the_whole_body_and_tells_a_broken_one() {
        let parts = futures_util::stream::iter(["ab", "", "cdef"].map(Ok::<_, io::Error>));
        let (mut reader, feed) = BodyReader::new(Body::from_stream(parts), IDLE);
        let work = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        feed.await;
        assert_eq!(work.await.unwrap().unwrap(), "abcdef");

        let (mut reader, feed) = BodyReader::new(Body::from("x"), IDLE);
        drop(feed);
        let work = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()));
        assert_eq!(
            work.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
