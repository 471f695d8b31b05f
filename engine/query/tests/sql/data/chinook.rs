//! The Chinook sample, read from its SQLite file: stores with the same rows, to be asked the same questions.
//!
//! The rows come from the file and not from the NDJSON beside it, since that has empty text where the tables have
//! NULL. A NULL becomes a null in one row and a missing field in the next: both are NULL again in a query.

use super::{Dataset, StoreData, item, key, relation};
use crate::harness::plain::Plain;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};
use sop::{KeyType, Relation};
use std::path::{Path, PathBuf};

/// A table, the fields of its key, and its references: field, table (to whose key).
pub type TableShape = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

pub const TABLES: [TableShape; 11] = [
    ("Artist", &["ArtistId"], &[]),
    ("Album", &["AlbumId"], &[("ArtistId", "Artist")]),
    ("Genre", &["GenreId"], &[]),
    ("MediaType", &["MediaTypeId"], &[]),
    (
        "Track",
        &["TrackId"],
        &[
            ("AlbumId", "Album"),
            ("GenreId", "Genre"),
            ("MediaTypeId", "MediaType"),
        ],
    ),
    ("Playlist", &["PlaylistId"], &[]),
    (
        "PlaylistTrack",
        &["PlaylistId", "TrackId"],
        &[("PlaylistId", "Playlist"), ("TrackId", "Track")],
    ),
    ("Employee", &["EmployeeId"], &[("ReportsTo", "Employee")]),
    ("Customer", &["CustomerId"], &[("SupportRepId", "Employee")]),
    ("Invoice", &["InvoiceId"], &[("CustomerId", "Customer")]),
    (
        "InvoiceLine",
        &["InvoiceLineId"],
        &[("InvoiceId", "Invoice"), ("TrackId", "Track")],
    ),
];

/// The file, in the folder that `SOP_SHARED_DATA` names, or in `shared/data` beside the workspace.
pub fn file() -> Option<PathBuf> {
    let in_folder = |shared: PathBuf| shared.join("chinook/chinook.sqlite");
    // The crate whose test this is lies somewhere in the workspace.
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = || {
        let mut files = crate_folder
            .ancestors()
            .map(|folder| in_folder(folder.join("shared/data")));
        files.find(|file| file.is_file())
    };
    let file = std::env::var_os("SOP_SHARED_DATA").map_or_else(
        || beside().unwrap_or_else(|| in_folder("../shared/data".into())),
        |shared| in_folder(shared.into()),
    );
    if file.is_file() {
        return Some(file);
    }
    eprintln!(
        "skipped: {} is not there; set SOP_SHARED_DATA to the folder with chinook/",
        file.display()
    );
    None
}

/// The tables as stores.
pub fn dataset() -> Option<Dataset> {
    let plain = Plain::file(&file()?);
    let stores = TABLES.iter().map(|(name, fields, references)| {
        let fields: Vec<(&str, KeyType)> =
            fields.iter().map(|name| (*name, KeyType::I64)).collect();
        let spec = key(&fields);
        let to = |(field, table): &(&str, &str)| relation(field, table, &format!("{table}Id"));
        let relations: Vec<Relation> = references.iter().map(to).collect();
        let items = rows(&plain, name)
            .into_iter()
            .map(|row| item(&spec, row))
            .collect();
        StoreData::new(name, spec, relations, items)
    });
    Some(Dataset {
        stores: stores.collect(),
    })
}

fn rows(plain: &Plain, table: &str) -> Vec<Value> {
    let mut select = plain
        .0
        .prepare(&format!("SELECT * FROM \"{table}\""))
        .unwrap();
    let names: Vec<String> = select.column_names().map(str::to_owned).collect();
    let mut rows = select.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let mut fields = Map::new();
        for (at, name) in names.iter().enumerate() {
            let value = match row.get_ref(at).unwrap() {
                ValueRef::Null if found.len() % 2 == 1 => continue,
                ValueRef::Null => Value::Null,
                ValueRef::Integer(i) => i.into(),
                ValueRef::Real(r) => r.into(),
                ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap().into(),
                ValueRef::Blob(_) => panic!("{table}.{name} has bytes"),
            };
            fields.insert(name.clone(), value);
        }
        found.push(Value::Object(fields));
    }
    found
}
