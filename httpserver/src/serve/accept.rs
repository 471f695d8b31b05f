//! Accepts connections and serves HTTP/1 on each, until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::files;
use super::quiet::{Answering, Quiet, Running, Seat};
use super::stall::StallGuard;
use super::tls::Tls;
use crate::config::Limits;
use crate::security::Peer;

/// Most headers of a request.
const MAX_HEADERS: usize = 100;
/// Room for the request line and all headers, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Pause after a failed accept, for example when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on `host:port`.
///
/// # Errors
/// The port is taken or not allowed, the address is not one of this machine; each says what to do.
pub async fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpListener::bind((host, port))
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "Port {port} on {host} is in use, perhaps by this program in another window. \
             Stop that one, or choose another port: --port {} (or --port 0 for any free one).",
                port.checked_add(1).unwrap_or(crate::config::DEFAULT_PORT)
            ),
            io::ErrorKind::PermissionDenied => anyhow::anyhow!(
                "Port {port} may not be used by this user. Choose one above 1023: --port 8080."
            ),
            io::ErrorKind::AddrNotAvailable => {
                anyhow::anyhow!("{host} is not an address of this machine. Use --host 127.0.0.1.")
            }
            _ => anyhow::Error::new(error),
        })
        .with_context(|| format!("Cannot listen on {host}:{port}"))
}

/// Serves `app` until `stop` says so, over TLS when that is given; then running requests get the limits' time to end.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    app: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) {
    let (stopping, _) = watch::channel(false);
    let most = files::make_room(limits.max_connections);
    let places = Arc::new(Semaphore::new(most as usize));
    let quiet = Arc::<Quiet>::default();
    let mut connections = JoinSet::new();
    // The connection that waits for a place; no other is accepted meanwhile.
    let mut held: Option<(TcpStream, SocketAddr)> = None;
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept(), if held.is_none() => match accepted {
                Ok(accepted) => held = Some(accepted),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    quiet.end_oldest();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            place = place(&places, &quiet), if held.is_some() => {
                if let Some(accepted) = held.take() {
                    let ends = (stopping.subscribe(), quiet.enter());
                    let task = connection(accepted, (app.clone(), tls.clone()), limits, ends);
                    connections.spawn(async move {
                        task.await;
                        drop(place);
                    });
                }
            }
            Some(ended) = connections.join_next() => log_panic(ended),
        }
    }
    drop(listener);
    stopping.send_replace(true);
    let drained = tokio::time::timeout(limits.shutdown_timeout(), async {
        while let Some(ended) = connections.join_next().await {
            log_panic(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "requests that did not end in time are cut off"
        );
        connections.shutdown().await;
    }
}

/// A place for a connection; one that is quiet makes room when there is none.
async fn place(places: &Arc<Semaphore>, quiet: &Quiet) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        let free = Arc::clone(places).acquire_owned();
        if quiet.end_oldest() {
            return free.await.ok();
        }
        tokio::select! {
            place = free => return place.ok(),
            () = quiet.grown() => {}
        }
    }
}

/// Ends when stopping was announced; the value behind the channel's lock is let go at once.
async fn stop_of(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection ended by a fault");
    }
}

/// Serves one connection; the future owns all it needs.
fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    (app, tls): (Router, Option<Tls>),
    limits: &Limits,
    (mut stopping, seat): (watch::Receiver<bool>, Seat),
) -> impl Future<Output = ()> + Send + 'static {
    // Answers are written whole: waiting for more would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout())
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES);
    let stream = StallGuard::new(stream, limits.idle_timeout());
    let greeting = limits.header_timeout();
    let requests = seat.clone();
    // Handlers hear where it came from: who guesses passwords is slowed down by that.
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        answer(app.clone(), requests.begin(), request)
    });
    async move {
        let ends = (&mut stopping, &seat);
        let ended = match tls {
            None => exchange(&http, stream, service, ends).await,
            Some(tls) => {
                let greeted = tokio::select! {
                    greeted = tls.greet(stream, greeting) => greeted,
                    () = seat.ended() => return,
                    () = stop_of(&mut stopping) => return,
                };
                match greeted {
                    // It is large, and not needed before the greeting.
                    Ok(stream) => {
                        let ends = (&mut stopping, &seat);
                        Box::pin(exchange(&http, stream, service, ends)).await
                    }
                    Err(error) => {
                        tracing::debug!(%peer, %error, "no TLS");
                        return;
                    }
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "connection ended");
        }
    }
}

/// Answers the requests of a stream until it ends, makes room or the server stops.
async fn exchange<I, S>(
    http: &http1::Builder,
    stream: I,
    service: S,
    (stopping, seat): (&mut watch::Receiver<bool>, &Seat),
) -> hyper::Result<()>
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, ResBody = Body>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let served = http.serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    tokio::select! {
        ended = served.as_mut() => ended,
        () = seat.ended() => Ok(()),
        () = stop_of(stopping) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    }
}

/// Answers a request; it runs until all of its answer is sent.
async fn answer(
    app: Router,
    running: Option<Running>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let Some(running) = running else {
        // This connection makes room for another and is closed at once.
        return std::future::pending().await;
    };
    let response = app.oneshot(request.map(Body::new)).await?;
    Ok(response.map(|body| Body::new(Answering::new(body, running))))
}
