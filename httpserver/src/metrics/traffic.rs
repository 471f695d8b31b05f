//! Requests: how many, with what answers, how long they took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use super::exposition::{Exposition, Kind};
use crate::state::AppState;

/// Limits of the times that are told apart, in microseconds.
const LIMITS_US: [u64; 12] = [
    250, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];
/// Stands for addresses without a route, and for methods that are not usual.
const OTHER: &str = "other";

/// What is counted of one route.
#[derive(Debug, Default)]
struct Route {
    statuses: BTreeMap<u16, u64>,
    counts: [u64; LIMITS_US.len() + 1],
    sum: Duration,
}

/// Counts requests by route and method. There are only as many as the program has routes.
#[derive(Debug, Default)]
pub struct Traffic {
    routes: Mutex<BTreeMap<(String, &'static str), Route>>,
    running: AtomicU64,
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

/// One request that runs; ended also when its client goes away.
struct Running<'a>(&'a AtomicU64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Counts each request and the time to the head of its answer.
pub async fn measure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(OTHER, MatchedPath::as_str)
        .to_owned();
    let method = known(request.method());
    let traffic = state.traffic();
    traffic.running.fetch_add(1, Relaxed);
    let running = Running(&traffic.running);
    let started = Instant::now();
    let response = next.run(request).await;
    drop(running);
    traffic.add(
        (path, method),
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

impl Traffic {
    fn add(&self, route: (String, &'static str), status: u16, taken: Duration) {
        let at = LIMITS_US.partition_point(|limit| Duration::from_micros(*limit) < taken);
        let mut routes = self.routes.lock();
        let route = routes.entry(route).or_default();
        *route.statuses.entry(status).or_default() += 1;
        if let Some(count) = route.counts.get_mut(at) {
            *count += 1;
        }
        route.sum += taken;
    }

    /// Writes the families of requests.
    pub(super) fn write(&self, out: &mut Exposition) {
        out.family(
            "sop_http_requests_running",
            Kind::Gauge,
            "Requests that are being answered.",
        );
        out.sample("", &[], self.running.load(Relaxed));
        let routes = self.routes.lock();
        out.family(
            "sop_http_requests_total",
            Kind::Counter,
            "Requests that were answered, by route and status.",
        );
        for ((path, method), route) in &*routes {
            for (status, count) in &route.statuses {
                let status = status.to_string();
                let labels = [("method", *method), ("route", path), ("status", &status)];
                out.sample("", &labels, *count);
            }
        }
        out.family(
            "sop_http_request_duration_seconds",
            Kind::Histogram,
            "Time from a request to the head of its answer.",
        );
        for ((path, method), route) in &*routes {
            let limits = LIMITS_US.map(|limit| Duration::from_micros(limit).as_secs_f64());
            out.histogram(
                &[("method", method), ("route", path)],
                limits,
                &route.counts,
                route.sum.as_secs_f64(),
            );
        }
    }
}
