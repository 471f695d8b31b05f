//! Figures for monitoring: a strict reader of the text format, and what must be in it.

#![expect(clippy::float_cmp, reason = "counters are whole numbers")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::support::TestApp;

type Labels = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Family {
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Reads `{a="b",c="d"}` at the start of a text; gives the rest too.
fn labels(text: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    let Some(mut rest) = text.strip_prefix('{') else {
        return (labels, text);
    };
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(name) && !name.starts_with("__"), "{name}");
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c}"),
                }),
                (_, '\n') => panic!("a line ends in a value"),
                (_, c) => value.push(c),
            }
        };
        assert!(
            labels.insert(name.to_owned(), value).is_none(),
            "{name} twice"
        );
        rest = &after[end + 1..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", more) => return (labels, more),
            other => panic!("{other:?}"),
        }
    }
}

/// Reads the text as a strict scraper would.
fn read(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let (mut current, mut helped) = (String::new(), String::new());
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(
                is_name(name) && help.ends_with('.') && !help.contains('\\'),
                "{line}"
            );
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, helped, "HELP, then TYPE");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            let family = Family {
                kind: kind.to_owned(),
                ..Family::default()
            };
            assert!(
                families.insert(name.to_owned(), family).is_none(),
                "{name} twice"
            );
            name.clone_into(&mut current);
        } else {
            let end = line.find(['{', ' ']).unwrap();
            let (name, rest) = line.split_at(end);
            let (labels, rest) = labels(rest);
            let value: f64 = rest.strip_prefix(' ').unwrap().parse().unwrap();
            assert!(value >= 0.0 && value.is_finite(), "{line}");
            assert!(
                seen.insert((name.to_owned(), labels.clone())),
                "{line} twice"
            );
            let family = families.get_mut(&current).unwrap();
            let suffix = name.strip_prefix(&current).unwrap().to_owned();
            assert_eq!(family.kind == "histogram", !suffix.is_empty(), "{line}");
            family.samples.push((suffix, labels, value));
        }
    }
    for (name, family) in &families {
        if family.kind == "histogram" {
            check_histogram(name, family);
        }
    }
    families
}

fn check_histogram(name: &str, family: &Family) {
    type Series = (Vec<(f64, f64)>, Option<f64>, Option<f64>);
    let mut series: BTreeMap<Labels, Series> = BTreeMap::new();
    for (suffix, labels, value) in &family.samples {
        let mut labels = labels.clone();
        let limit = labels.remove("le");
        let one = series.entry(labels).or_default();
        match (suffix.as_str(), limit) {
            ("_bucket", Some(limit)) => one.0.push((limit.parse().unwrap(), *value)),
            ("_sum", None) => one.1 = Some(*value),
            ("_count", None) => one.2 = Some(*value),
            other => panic!("{name}: {other:?}"),
        }
    }
    for (labels, (buckets, sum, count)) in series {
        assert!(
            buckets
                .windows(2)
                .all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1),
            "{name} {labels:?}: {buckets:?}"
        );
        assert_eq!(buckets.last().unwrap().0, f64::INFINITY);
        assert_eq!(Some(buckets.last().unwrap().1), count);
        assert!(sum.is_some() && (count > Some(0.0) || sum == Some(0.0)));
    }
}

fn value(
    families: &BTreeMap<String, Family>,
    name: &str,
    suffix: &str,
    wanted: &[(&str, &str)],
) -> f64 {
    let family = families.get(name).unwrap_or_else(|| panic!("no {name}"));
    let fits = |labels: &Labels| {
        wanted
            .iter()
            .all(|(name, value)| labels.get(*name).is_some_and(|found| found == value))
    };
    let found = family
        .samples
        .iter()
        .filter(|(s, labels, _)| s == suffix && fits(labels));
    let found: Vec<f64> = found.map(|(_, _, value)| *value).collect();
    assert_eq!(found.len(), 1, "{name}{suffix} {wanted:?}: {family:?}");
    found[0]
}

#[tokio::test]
async fn the_figures_are_well_formed_and_right() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.post("/api/v1/databases", r#"{"name":"second"}"#)
        .await
        .ok();
    test.fill([1.into(), 2.into(), 3.into()]).await;
    test.get("/api/v1/databases/d/stores/none")
        .await
        .refused(404, "store_not_found");
    test.get("/nothing/here").await.refused(404, "not_found");
    let answer = test.get("/api/v1/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let found = read(&answer.text());
    let d = [("database", "d")];
    assert_eq!(value(&found, "sop_database_open", "", &d), 1.0);
    assert_eq!(value(&found, "sop_commits_total", "", &d), 4.0);
    assert_eq!(value(&found, "sop_log_records_total", "", &d), 4.0);
    assert_eq!(value(&found, "sop_items", "", &d), 3.0);
    assert_eq!(
        value(&found, "sop_items", "", &[("database", "second")]),
        0.0
    );
    assert_eq!(value(&found, "sop_commit_group_size", "_count", &d), 4.0);
    assert_eq!(
        value(
            &found,
            "sop_commit_group_size",
            "_bucket",
            &[("database", "d"), ("le", "1")]
        ),
        4.0
    );
    assert_eq!(
        value(&found, "sop_log_flush_duration_seconds", "_count", &d),
        4.0
    );
    assert!(value(&found, "sop_log_flush_duration_seconds", "_sum", &d) > 0.0);
    assert!(value(&found, "sop_cache_limit_bytes", "", &d) > 1e6);
    assert!(value(&found, "process_start_time_seconds", "", &[]) > 1.6e9);
    let items = [
        ("method", "POST"),
        ("route", "/api/v1/databases/{db}/stores/{store}/items"),
        ("status", "201"),
    ];
    assert_eq!(value(&found, "sop_http_requests_total", "", &items), 3.0);
    let store = [
        ("method", "GET"),
        ("route", "/api/v1/databases/{db}/stores/{store}"),
    ];
    assert_eq!(
        value(
            &found,
            "sop_http_requests_total",
            "",
            &[store[0], store[1], ("status", "404")]
        ),
        1.0
    );
    assert_eq!(
        value(
            &found,
            "sop_http_request_duration_seconds",
            "_count",
            &store
        ),
        1.0
    );
    assert_eq!(
        value(
            &found,
            "sop_http_requests_total",
            "",
            &[("route", "other"), ("status", "404")]
        ),
        1.0
    );
    assert_eq!(
        value(&found, "sop_http_requests_running", "", &[]),
        1.0,
        "this one"
    );
}

#[tokio::test]
async fn only_who_may_look_sees_figures_and_looking_opens_nothing() {
    let test = TestApp::with_store(json!({"type": "i64"})).await;
    test.call(
        "GET",
        "/api/v1/metrics",
        &[("authorization", "")],
        axum::body::Body::empty(),
    )
    .await
    .refused(401, "unauthorized");
    let test = test.restart();
    let found = read(&test.get("/api/v1/metrics").await.text());
    assert_eq!(
        value(&found, "sop_database_open", "", &[("database", "d")]),
        0.0
    );
    assert!(found["sop_items"].samples.is_empty());
}

#[tokio::test]
async fn requests_with_any_address_and_method_make_no_new_names() {
    let test = TestApp::new();
    for n in 0..50 {
        test.get(&format!("/made/up/{n}")).await;
        test.call(
            &format!("M{n}"),
            "/api/v1/health",
            &[],
            axum::body::Body::empty(),
        )
        .await;
        test.get(&format!("/api/v1/databases/none{n}")).await;
    }
    let found = read(&test.get("/api/v1/metrics").await.text());
    assert!(
        found["sop_http_requests_total"].samples.len() < 10,
        "{:?}",
        found["sop_http_requests_total"]
    );
}
