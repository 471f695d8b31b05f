//! The figures of the databases that are open.

use std::time::Duration;

use sop::{Distribution, Metrics};

use super::exposition::{Exposition, Kind};
use crate::registry::Registry;

/// A family with one number for each database.
type Single = (&'static str, &'static str, fn(&Metrics) -> u64);

const COUNTERS: &[Single] = &[
    (
        "sop_commits_total",
        "Commits since the database was opened.",
        |m| m.commits,
    ),
    (
        "sop_conflicts_total",
        "Commits refused because of a change by another transaction.",
        |m| m.conflicts,
    ),
    (
        "sop_log_records_total",
        "Records appended to the commit log.",
        |m| m.records,
    ),
    (
        "sop_log_record_bytes_total",
        "Bytes of the records appended to the commit log.",
        |m| m.record_bytes,
    ),
    (
        "sop_checkpoint_failures_total",
        "Checkpoints that failed.",
        |m| m.checkpoint_failures,
    ),
    (
        "sop_segment_written_bytes_total",
        "Bytes of nodes and values written to segment files.",
        |m| m.segment_bytes_written,
    ),
    (
        "sop_segment_reclaimed_bytes_total",
        "Bytes of segment files that were removed because nothing in them was in use.",
        |m| m.segment_bytes_reclaimed,
    ),
    (
        "sop_cache_hits_total",
        "Look-ups that the node cache answered.",
        |m| m.cache_hits,
    ),
    (
        "sop_cache_misses_total",
        "Look-ups that went to the disk.",
        |m| m.cache_misses,
    ),
    (
        "sop_cache_evictions_total",
        "Nodes and values dropped from the cache to stay within its limit.",
        |m| m.cache_evictions,
    ),
];

const GAUGES: &[Single] = &[
    (
        "sop_read_only",
        "1 when the database takes no writes.",
        |m| m.read_only.into(),
    ),
    ("sop_sequence", "Sequence of the newest commit.", |m| {
        m.sequence
    }),
    ("sop_stores", "Number of stores.", |m| m.stores),
    ("sop_items", "Items of all stores.", |m| m.items),
    (
        "sop_live_bytes",
        "Bytes of keys and values of all stores.",
        |m| m.live_bytes,
    ),
    (
        "sop_disk_bytes",
        "Bytes of all files of the database.",
        |m| m.bytes_on_disk,
    ),
    (
        "sop_log_disk_bytes",
        "Bytes that the commit log takes on the disk.",
        |m| m.log_bytes_on_disk,
    ),
    (
        "sop_checkpoint_failing",
        "1 when the last checkpoint failed.",
        |m| m.checkpoint_failure.is_some().into(),
    ),
    ("sop_cache_bytes", "Bytes in the node cache.", |m| {
        m.cache_bytes
    }),
    (
        "sop_cache_limit_bytes",
        "The most bytes that the node cache keeps.",
        |m| m.cache_limit_bytes,
    ),
    (
        "sop_prepared_transactions",
        "Prepared transactions that wait for their decision.",
        |m| m.prepared_transactions,
    ),
];

/// Writes the families of databases.
pub(super) fn write(registry: &Registry, out: &mut Exposition) {
    let entries = registry.list();
    let open: Vec<(&str, Metrics)> = entries
        .iter()
        .filter_map(|entry| Some((entry.name.as_str(), entry.opened()?.metrics())))
        .collect();
    out.family(
        "sop_database_open",
        Kind::Gauge,
        "1 when the database is open; the other figures are only there then.",
    );
    for entry in &entries {
        let is_open = open.iter().any(|(name, _)| *name == entry.name);
        out.sample("", &[("database", &entry.name)], u64::from(is_open));
    }
    for (families, kind) in [(COUNTERS, Kind::Counter), (GAUGES, Kind::Gauge)] {
        for (name, help, figure) in families {
            out.family(name, kind, help);
            for (database, metrics) in &open {
                out.sample("", &[("database", database)], figure(metrics));
            }
        }
    }
    out.family(
        "sop_transactions_running",
        Kind::Gauge,
        "Running transactions, by what they may do.",
    );
    for (database, metrics) in &open {
        for (mode, count) in [
            ("read", metrics.active_readers),
            ("write", metrics.active_writers),
        ] {
            out.sample("", &[("database", database), ("mode", mode)], count);
        }
    }
    out.family(
        "sop_oldest_snapshot_age_seconds",
        Kind::Gauge,
        "How long ago the oldest snapshot in use ceased to be the newest; while it is used, its room cannot be given back.",
    );
    for (database, metrics) in &open {
        let age = metrics.oldest_snapshot_age.as_secs_f64();
        out.sample("", &[("database", database)], age);
    }
    out.family(
        "sop_commit_group_size",
        Kind::Histogram,
        "Records that were appended to the log together.",
    );
    for (database, metrics) in &open {
        let sizes = &metrics.group_sizes;
        let limits = sizes.limits.iter().map(|limit| *limit as f64);
        out.histogram(
            &[("database", database)],
            limits,
            &sizes.counts,
            sizes.sum as f64,
        );
    }
    out.family(
        "sop_log_flush_duration_seconds",
        Kind::Histogram,
        "Time to append to the log and make it durable.",
    );
    times(out, &open, |metrics| &metrics.flush_ns);
    out.family(
        "sop_checkpoint_duration_seconds",
        Kind::Histogram,
        "Time that checkpoints took.",
    );
    times(out, &open, |metrics| &metrics.checkpoint_ns);
}

fn times(out: &mut Exposition, open: &[(&str, Metrics)], of: impl Fn(&Metrics) -> &Distribution) {
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
    for (database, metrics) in open {
        let times = of(metrics);
        let limits = times.limits.iter().map(|limit| seconds(*limit));
        out.histogram(
            &[("database", database)],
            limits,
            &times.counts,
            seconds(times.sum),
        );
    }
}
