//! What the server counts of itself and of its databases, in the text format of Prometheus.
//!
//! Always true: names, kinds and labels are fixed by the code, never by what a client sends, so that their number
//! is bounded; values are in base units (seconds, bytes). It looks only at databases that are open already.

mod databases;
mod exposition;
mod traffic;

pub use traffic::{Traffic, measure};

use std::time::{SystemTime, UNIX_EPOCH};

use exposition::{Exposition, Kind};

use crate::state::AppState;

/// The media type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// When the server began, for rates after a restart.
#[derive(Clone, Copy, Debug)]
pub struct Started(SystemTime);

impl Started {
    /// Now.
    pub fn now() -> Self {
        Self(SystemTime::now())
    }

    fn unix_seconds(self) -> f64 {
        let since = self.0.duration_since(UNIX_EPOCH);
        since.map_or(0.0, |since| since.as_secs_f64())
    }
}

/// All figures as text.
pub fn text(state: &AppState) -> String {
    let mut out = Exposition::default();
    out.family(
        "sop_build_info",
        Kind::Gauge,
        "The version of the program; always 1.",
    );
    out.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1u64);
    out.family(
        "process_start_time_seconds",
        Kind::Gauge,
        "When the server was started, in seconds since 1970 UTC.",
    );
    out.sample("", &[], state.started().unix_seconds());
    state.traffic().write(&mut out);
    databases::write(state.registry(), &mut out);
    out.into_text()
}
