//! How many items statements look at: no more than their answers need, and never every item for every other.

use crate::data::{self, chinook};
use sop_query::sql::{Catalog, EngineOptions, Params, QueryEngine};

/// A statement, and how many items it may look at.
type Work = (&'static str, u64);

const SEEKS: &[Work] = &[
    ("SELECT Name FROM Track WHERE TrackId = 77", 1),
    ("SELECT Name FROM Track WHERE TrackId IN (1, 50, 9999)", 3),
    (
        "SELECT Name FROM Track WHERE TrackId BETWEEN 100 AND 199",
        100,
    ),
    ("SELECT Name FROM Track ORDER BY TrackId DESC LIMIT 5", 6),
    ("SELECT * FROM PlaylistTrack WHERE PlaylistId = 17", 26),
    (
        "SELECT * FROM PlaylistTrack WHERE PlaylistId = 17 AND TrackId > 2000",
        26,
    ),
    (
        "SELECT * FROM PlaylistTrack ORDER BY PlaylistId, TrackId LIMIT 10",
        11,
    ),
    ("SELECT max(TrackId) FROM Track", 2),
];

const COUNTS: &[Work] = &[
    ("SELECT count(*) FROM Track", 0),
    ("SELECT count(*) FROM Track WHERE TrackId > 1000", 0),
    ("SELECT count(*) FROM PlaylistTrack WHERE PlaylistId = 1", 0),
];

/// Each store a few times: to build a hash of it, and what is found in it.
const JOINS: &[Work] = &[
    (
        "SELECT b.Title, a.Name FROM Album b JOIN Artist a ON a.ArtistId = b.ArtistId",
        347 + 347,
    ),
    (
        "SELECT a.Name, b.Title FROM Artist a LEFT JOIN Album b ON b.ArtistId = a.ArtistId",
        275 + 4 * 347,
    ),
    (
        "SELECT count(*) FROM Customer c JOIN Invoice i ON i.BillingCountry = c.Country",
        59 + 412 + 7_000,
    ),
    (
        "SELECT count(*) FROM Track t WHERE t.Milliseconds >
            2 * (SELECT avg(Milliseconds) FROM Track x WHERE x.AlbumId = t.AlbumId)",
        70_000,
    ),
    (
        "SELECT count(*) FROM Artist a
            WHERE NOT EXISTS (SELECT 1 FROM Album b WHERE b.ArtistId = a.ArtistId)",
        275 + 4 * 347,
    ),
    (
        "SELECT count(*) FROM Track
            WHERE AlbumId IN (SELECT AlbumId FROM Album WHERE ArtistId = 50)",
        3 * 3_503,
    ),
    (
        "SELECT c.LastName, count(*) FROM Artist a JOIN Album b ON b.ArtistId = a.ArtistId
            JOIN Track t ON t.AlbumId = b.AlbumId JOIN InvoiceLine l ON l.TrackId = t.TrackId
            JOIN Invoice i ON i.InvoiceId = l.InvoiceId
            JOIN Customer c ON c.CustomerId = i.CustomerId
            WHERE a.Name = 'Metallica' GROUP BY c.CustomerId",
        20_000,
    ),
    (
        "SELECT e.LastName, b.LastName FROM Employee e
            LEFT JOIN Employee b ON e.ReportsTo = b.EmployeeId",
        16,
    ),
];

fn check(work: &[Work]) {
    if chinook::file().is_none() {
        return;
    }
    let database = data::dataset("chinook").unwrap().database();
    let catalog = Catalog::new(vec![("chinook".to_owned(), database)]);
    let engine = QueryEngine::new(EngineOptions::default());
    let mut faults = Vec::new();
    for &(sql, most) in work {
        let table = engine.table(&catalog, sql, Params::None).unwrap();
        let scanned = table.summary.scanned;
        if scanned > most {
            faults.push(format!("{scanned} items, not at most {most}: {sql}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn seeks_look_at_what_they_give() {
    check(SEEKS);
}

#[test]
fn counts_come_from_the_nodes() {
    check(COUNTS);
}

#[test]
fn joins_look_at_each_store_a_few_times() {
    check(JOINS);
}

/// 13,573 pairs, and twice as many before the second condition.
#[test]
fn an_equality_is_better_than_half_a_key_range() {
    let sql = "SELECT count(*) FROM Track a
        JOIN Track b ON a.Composer = b.Composer AND a.TrackId < b.TrackId";
    check(&[(sql, 50_000)]);
}

/// SQLite asks for the least value behind those that are missing, which stand first.
#[test]
fn the_greatest_key_is_that_of_the_last_item() {
    check(&[("SELECT max(TrackId) FROM Track", 2)]);
}
