//! Documents of many megabytes: up to the limit of 100 MiB, and an error beyond.
//!
//! 8 MiB in every run, 100 MiB with `SOP_NIGHTLY`. A document is held in memory as a whole, several times
//! over while it is committed: in the transaction, in its record and in the tree.

use std::sync::Arc;

use sop::document::MAX_DOCUMENT_BYTES;
use sop::vfs::SimVfs;
use sop::{Document, DocumentError, KeyRange, Mode, OpenOptions, Placement, StoreDefinition};

use crate::support::*;

/// A document of so many bytes, unlike others of the same length. A third is text in many fields.
fn large(bytes: usize, seed: u8) -> Document {
    let text = "abcdefghij".repeat(100);
    let fields = (0..bytes / 3_000).map(|at| format!("\"f{at}\":\"{seed}{text}\""));
    let json = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    let fields = Document::from_json(json.as_bytes()).unwrap();
    // The rest, but for the fixed overhead: found by trying.
    let with = |rest: usize| {
        let mut object = json.clone();
        object.truncate(object.len() - 1);
        object.push_str(",\"rest\":\"");
        object.extend(std::iter::repeat_n('r', rest));
        object.push_str("\"}");
        Document::from_json(object.as_bytes())
    };
    let mut rest = bytes.saturating_sub(fields.encoded().len() + 100_000);
    let short = bytes - with(rest).unwrap().encoded().len();
    rest += short;
    let document = with(rest).unwrap();
    assert_eq!(document.encoded().len(), bytes);
    document
}

/// Small files, so that the room of one document is more than is left alone as garbage.
fn small(disk: &Arc<SimVfs>) -> OpenOptions {
    options(disk).segment_bytes(1 << 20)
}

fn lives(bytes: usize, placement: Placement) {
    let disk = disk();
    let db = small(&disk).open(FOLDER).unwrap();
    create(
        &db,
        StoreDefinition {
            placement,
            ..int_store("s")
        },
    );
    let write = |key: i64, document: &Document| {
        let tx = db.begin(Mode::Write).unwrap();
        tx.documents("s")
            .unwrap()
            .upsert(&int(key), document)
            .unwrap();
        tx.commit().unwrap();
    };
    let (first, second) = (large(bytes, 1), large(bytes, 2));
    insert(&db, "s", [0, 2]);
    write(1, &first);
    let expect = |db: &sop::Database, document: &Document| {
        let tx = db.begin(Mode::Read).unwrap();
        let s = tx.documents("s").unwrap();
        assert!(&s.get(&int(1)).unwrap().unwrap().value == document);
        assert_eq!(s.len().unwrap(), 3);
        let field = s.get(&int(1)).unwrap().unwrap().value;
        assert_eq!(
            field
                .get("f7")
                .and_then(sop::DocumentRef::as_str)
                .map(str::len),
            Some(1_001)
        );
    };
    expect(&db, &first);
    db.checkpoint().unwrap();
    expect(&db, &first);
    // Once in the log only, once in a checkpoint.
    write(1, &second);
    let after = Arc::new(disk.after_process_end());
    expect(&small(&after).open(FOLDER).unwrap(), &second);
    db.backup("/copy").unwrap();
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    let copy = small(&disk).open("/copy").unwrap();
    expect(&copy, &second);
    copy.close().unwrap();
    db.transact(|tx| tx.documents("s")?.remove(&int(1)))
        .unwrap();
    db.close().unwrap();
    let db = small(&disk).open(FOLDER).unwrap();
    assert_eq!(all(&db, "s"), [0, 2]);
    // The room comes back.
    for round in 0..6 {
        insert(&db, "s", [10 + round]);
        db.checkpoint().unwrap();
    }
    let data = disk.list().into_iter();
    let data = data.filter(|(path, _)| path.starts_with("/db/data"));
    assert!(data.map(|(_, len)| len).sum::<u64>() < bytes as u64);
}

fn size() -> usize {
    if std::env::var_os("SOP_NIGHTLY").is_some() {
        MAX_DOCUMENT_BYTES
    } else {
        8 << 20
    }
}

#[test]
fn a_document_of_megabytes_lives_in_its_node() {
    lives(size(), Placement::Node);
}

#[test]
fn a_document_of_megabytes_lives_apart_from_its_node() {
    lives(size(), Placement::Segment);
}

#[test]
fn a_document_beyond_the_limit_is_refused_before_anything_is_written() {
    let too_large = |error: DocumentError| {
        assert!(
            matches!(
                error,
                DocumentError::TooLarge {
                    limit: MAX_DOCUMENT_BYTES,
                    ..
                }
            ),
            "{error}"
        );
    };
    let text = "x".repeat(MAX_DOCUMENT_BYTES - 1);
    too_large(Document::from_serialize(&text).unwrap_err());
    too_large(Document::from_bytes(text.as_bytes()).unwrap_err());
    too_large(Document::from_json(format!("\"{text}\"").as_bytes()).unwrap_err());
    // Version and tag take two bytes.
    let longest = Document::from_bytes(&text.as_bytes()[1..]).unwrap();
    assert_eq!(longest.encoded().len(), MAX_DOCUMENT_BYTES);
    drop(longest);
    let db = memory();
    create(&db, StoreDefinition::typed::<i64>("s"));
    let tx = db.begin(Mode::Write).unwrap();
    let store = tx.store::<i64, String>("s").unwrap();
    let error = store.insert(&1, &text).unwrap_err().to_string();
    assert!(
        error.starts_with("store \"s\", key 1: the document takes at least"),
        "{error}"
    );
    assert_eq!(
        tx.documents("s").unwrap().count(&KeyRange::all()).unwrap(),
        0
    );
}
