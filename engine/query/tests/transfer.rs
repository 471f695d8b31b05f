//! Whole imports and exports of real tables: own small ones always, those of the Chinook sample when they are there
//! (in the folder that `SOP_SHARED_DATA` names, or in `../shared/data` beside the workspace).

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers, too"
)]

use sop::vfs::SimVfs;
use sop::{Database, Direction, Document, KeyRange, Mode, OpenOptions};
use sop_query::prefixes::{PrefixOptions, parse_prefix, prefixes};
use sop_query::transfer::{
    ChunkReader, CsvOptions, ExportOptions, Format, ImportOptions, Summary, export, import, reader,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn database() -> Database {
    OpenOptions::new()
        .vfs(Arc::new(SimVfs::new()))
        .background(false)
        .open("/db")
        .unwrap()
}

/// Imports text that arrives in chunks of `chunk_bytes`.
fn load(
    db: &Database,
    store: &str,
    key: &str,
    format: Format,
    text: &[u8],
    chunk_bytes: usize,
) -> Summary {
    let chunks = text
        .chunks(chunk_bytes)
        .map(Ok::<_, std::io::Error>)
        .collect::<Vec<_>>()
        .into_iter();
    let mut rows = reader(format, ChunkReader::new(chunks), CsvOptions::default()).unwrap();
    let options = ImportOptions {
        key: key.split(',').map(str::to_owned).collect(),
        create: true,
        ..ImportOptions::new(store)
    };
    import(db, &mut *rows, &options, &mut |_| {}).unwrap()
}

fn dump(db: &Database, store: &str, format: Format) -> String {
    let tx = db.begin(Mode::Read).unwrap();
    let mut text = Vec::new();
    export(
        &tx,
        store,
        &ExportOptions::new(format),
        &mut text,
        &mut |_| {},
    )
    .unwrap();
    String::from_utf8(text).unwrap()
}

fn items(db: &Database, store: &str) -> Vec<(sop::Key, Document)> {
    let tx = db.begin(Mode::Read).unwrap();
    let store = tx.documents(store).unwrap();
    let range = store.range(&KeyRange::all(), Direction::Forward).unwrap();
    range
        .map(|item| item.map(|item| (item.key, item.value)).unwrap())
        .collect()
}

fn groups(db: &Database, store: &str, of: &serde_json::Value) -> Vec<(String, u64)> {
    let tx = db.begin(Mode::Read).unwrap();
    let store = tx.documents(store).unwrap();
    let prefix = parse_prefix(&store.definition().key, of).unwrap();
    let found = prefixes(&store, &prefix, &PrefixOptions::default()).unwrap();
    found
        .groups
        .into_iter()
        .map(|group| (group.label, group.count))
        .collect()
}

fn compact_sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| Document::from_json(line.as_bytes()).unwrap().to_json())
        .collect();
    lines.sort();
    lines
}

/// Imports NDJSON, exports it in every format and imports that again: nothing may change.
fn round_trip(store: &str, key: &str, text: &str) {
    let db = database();
    let summary = load(&db, store, key, Format::Ndjson, text.as_bytes(), 1000);
    assert_eq!(
        (summary.failed, summary.inserted),
        (0, text.lines().count() as u64),
        "{store}"
    );
    assert_eq!(
        compact_sorted(&dump(&db, store, Format::Ndjson)),
        compact_sorted(text),
        "{store}"
    );
    for format in [Format::Ndjson, Format::Json, Format::Csv] {
        let again = database();
        let exported = dump(&db, store, format);
        load(&again, store, key, format, exported.as_bytes(), 333);
        assert_eq!(
            items(&again, store),
            items(&db, store),
            "{store} as {}",
            format.name()
        );
    }
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_compound_key_leaves_empty_values() {
    let text = fixture("playlist_track.ndjson");
    round_trip("PlaylistTrack", "PlaylistId,TrackId", &text);
    let db = database();
    load(
        &db,
        "PlaylistTrack",
        "PlaylistId,TrackId",
        Format::Ndjson,
        text.as_bytes(),
        7,
    );
    assert!(
        items(&db, "PlaylistTrack")
            .iter()
            .all(|(_, value)| value.to_json() == "{}")
    );
    assert_eq!(
        groups(&db, "PlaylistTrack", &serde_json::json!([])),
        [("1".into(), 2), ("8".into(), 2), ("17".into(), 1)]
    );
}

#[test]
fn csv_keeps_codes_and_exact_numbers() {
    let db = database();
    let text = fixture("invoice.csv");
    let summary = load(
        &db,
        "Invoice",
        "BillingCountry,InvoiceDate,InvoiceId",
        Format::Csv,
        text.as_bytes(),
        11,
    );
    assert_eq!(
        (summary.inserted, summary.failed, summary.warnings),
        (7, 0, 0)
    );
    let lines = dump(&db, "Invoice", Format::Ndjson);
    assert_eq!(
        lines.lines().last().unwrap(),
        r#"{"BillingCountry":"USA","InvoiceDate":"2021-01-11T00:00:00","InvoiceId":5,"CustomerId":23,"BillingAddress":"69 Salem Street","BillingPostalCode":"02113","Total":13.86}"#
    );
    let germany = [
        ("2021-01-01T00:00:00", 1),
        ("2021-02-19T00:00:00", 1),
        ("2022-02-01T00:00:00", 1),
    ];
    assert_eq!(
        groups(&db, "Invoice", &serde_json::json!(["Germany"])),
        germany.map(|(label, count)| (label.to_owned(), count))
    );
}

/// The folder of the Chinook tables.
fn chinook() -> Option<PathBuf> {
    let shared = std::env::var_os("SOP_SHARED_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = shared.join("chinook");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: {} is not there; set SOP_SHARED_DATA to the folder with chinook/",
        folder.display()
    );
    None
}

#[test]
fn chinook_comes_back_as_it_was() {
    let Some(folder) = chinook() else { return };
    let tables = [
        "Album",
        "Artist",
        "Customer",
        "Employee",
        "Genre",
        "Invoice",
        "InvoiceLine",
        "MediaType",
        "Playlist",
        "Track",
    ];
    for table in tables {
        let text = std::fs::read_to_string(folder.join(format!("{table}.ndjson"))).unwrap();
        round_trip(table, &format!("{table}Id"), &text);
    }
    let text = std::fs::read_to_string(folder.join("PlaylistTrack.ndjson")).unwrap();
    round_trip("PlaylistTrack", "PlaylistId,TrackId", &text);
}

#[test]
fn chinook_invoices_by_country_and_year() {
    let Some(folder) = chinook() else { return };
    let db = database();
    let text = std::fs::read(folder.join("Invoice.ndjson")).unwrap();
    load(
        &db,
        "Invoice",
        "BillingCountry,InvoiceDate,InvoiceId",
        Format::Ndjson,
        &text,
        4096,
    );
    let countries = groups(&db, "Invoice", &serde_json::json!([]));
    assert_eq!(countries.len(), 24);
    assert_eq!(countries.iter().map(|(_, count)| count).sum::<u64>(), 412);
    assert_eq!(
        countries.last().unwrap(),
        &("United Kingdom".to_owned(), 21)
    );
    let years = [
        ("2021-", 17),
        ("2022-", 18),
        ("2023-", 19),
        ("2024-", 21),
        ("2025-", 16),
    ];
    assert_eq!(
        groups(&db, "Invoice", &serde_json::json!(["USA"])),
        years.map(|(label, count)| (label.to_owned(), count))
    );
}
