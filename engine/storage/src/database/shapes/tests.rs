//! The counts against a slow count of all documents, and their limits.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::names::ROOT;
use super::*;
use crate::document::Document;

fn encoded(json: &str) -> Vec<u8> {
    Document::from_json(json.as_bytes())
        .unwrap()
        .encoded()
        .to_vec()
}

/// The counts by path, without fields that no item has.
fn counted(shapes: &Shapes) -> BTreeMap<String, Counts> {
    let totals = shapes.totals();
    let fields = shapes.names.iter().zip(totals);
    fields
        .filter(|(_, counts)| *counts != [0; COLUMNS])
        .map(|((number, _), counts)| (shapes.names.path(number), counts))
        .collect()
}

fn fresh<'a>(documents: impl IntoIterator<Item = &'a Vec<u8>>) -> Shapes {
    let mut shapes = Shapes::default();
    for document in documents {
        shapes.add(document);
    }
    shapes
}

fn check_recount<'a>(shapes: &Shapes, documents: impl IntoIterator<Item = &'a Vec<u8>>) {
    let mut recount = Recount::new(shapes);
    for document in documents {
        recount.add(DocumentRef::from_trusted(document).unwrap());
    }
    assert_eq!(recount.differences(), Vec::<String>::new());
    assert!(shapes.is_exact());
}

/// Values with few names and kinds, so that shapes come again.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("7".to_owned()),
        Just("0.5".to_owned()),
        Just("\"x\"".to_owned()),
        Just("\"2021-02-03\"".to_owned()),
    ];
    scalar.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(","))),
            proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(|all| {
                let fields: Vec<String> = all
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn counting_along_equals_counting_again(
        first in proptest::collection::vec(json(), 1..40),
        steps in proptest::collection::vec((0usize..40, 0usize..40, any::<bool>()), 0..60),
    ) {
        let pool: Vec<Vec<u8>> = first.iter().map(|json| encoded(json)).collect();
        let mut there: Vec<Vec<u8>> = pool.clone();
        let mut shapes = fresh(&there);
        for (which, other, write) in steps {
            if !there.is_empty() {
                let gone = there.swap_remove(which % there.len());
                shapes.remove(&gone);
            }
            if other % 3 > 0 {
                let new = pool[other % pool.len()].clone();
                shapes.add(&new);
                there.push(new);
            }
            if write {
                shapes = Shapes::decode(&shapes.encode()).unwrap();
            }
        }
        prop_assert_eq!(counted(&shapes), counted(&fresh(&there)));
        check_recount(&shapes, &there);
        for gone in &there {
            shapes.remove(gone);
        }
        prop_assert!(counted(&shapes).is_empty());
        prop_assert_eq!(shapes.renewed().names.len(), 1);
    }

    #[test]
    fn damaged_bytes_are_no_counts(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Shapes::decode(&bytes);
        let mut shapes = Shapes::default();
        shapes.add(&bytes);
        shapes.remove(&bytes);
        prop_assert!(counted(&shapes).is_empty());
    }

    #[test]
    fn cut_and_changed_encodings_are_refused_or_whole(at in 0usize..200, to in any::<u8>()) {
        let whole = fresh(&[encoded(r#"{"a":1,"b":{"c":[1,{"d":null}]}}"#)]).encode();
        let cut = &whole[..at.min(whole.len() - 1)];
        prop_assert!(Shapes::decode(cut).is_none());
        let mut changed = whole.clone();
        let at = at % changed.len();
        changed[at] = to;
        if let Some(shapes) = Shapes::decode(&changed) {
            let _ = shapes.schema(&crate::definition::Schema::default());
        }
    }
}

/// Names as in a map from ids: all different.
fn map_of(ids: std::ops::Range<usize>) -> Vec<u8> {
    let fields: Vec<String> = ids.map(|id| format!("\"id{id}\":{id}")).collect();
    encoded(&format!(
        "{{\"name\":\"x\",\"by\":{{{}}}}}",
        fields.join(",")
    ))
}

#[test]
fn names_beyond_the_limit_are_marked_and_the_others_exact() {
    let documents: Vec<Vec<u8>> = (0..400).map(|n| map_of(n * 5..n * 5 + 5)).collect();
    let mut shapes = fresh(&documents);
    assert!(shapes.names.len() <= 3 + MAX_NESTED_IN_ONE);
    let schema = shapes.schema(&crate::definition::Schema::default());
    let by = schema.fields.iter().find(|f| f.path == "by").unwrap();
    assert!(by.more && by.count == 400 && by.required && !schema.more);
    check_recount(&shapes, &documents);
    // They were refused while others were there, and are not counted when they come back.
    for document in &documents[40..] {
        shapes.remove(document);
    }
    check_recount(&shapes, &documents[..40]);
    let by = |shapes: &Shapes| {
        let schema = shapes.schema(&crate::definition::Schema::default());
        schema.fields.into_iter().find(|f| f.path == "by").unwrap()
    };
    assert!(!by(&shapes).more);
    assert!(Shapes::decode(&shapes.encode()).is_some());
}

#[test]
fn room_of_fields_that_are_gone_is_used_again() {
    let mut shapes = Shapes::default();
    let mut rounds_with_new_names = 0;
    for round in 0..40 {
        let ids = |n: usize| (round * 100 + n) * 2..(round * 100 + n) * 2 + 2;
        let documents: Vec<Vec<u8>> = (0..100).map(|n| map_of(ids(n))).collect();
        for document in &documents {
            shapes.add(document);
        }
        check_recount(&shapes, &documents);
        let newest = format!("by.id{}", ids(99).start);
        rounds_with_new_names += usize::from(counted(&shapes).contains_key(&newest));
        for document in &documents {
            shapes.remove(document);
        }
        assert!(shapes.names.len() <= 3 + MAX_NESTED_IN_ONE);
    }
    // The first round fills all the room; without a renewal none after it would have new names.
    assert!(rounds_with_new_names > 2, "{rounds_with_new_names}");
}

#[test]
fn very_large_documents_are_looked_at_from_their_beginning() {
    let wide: Vec<String> = (0..1_500).map(|n| format!("\"f{n}\":[{n},{n}]")).collect();
    let wide = encoded(&format!("{{{}}}", wide.join(",")));
    let deep = encoded(&format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100)));
    let long = encoded(&format!("{{\"{}\":1}}", "n".repeat(300)));
    let matrix = encoded(&format!("[{}]", vec!["[[[[1]]]]"; 100].join(",")));
    let counts = counted(&fresh(std::slice::from_ref(&deep)));
    assert!(counts.contains_key("a.a.a.a.a") && !counts.contains_key("a.a.a.a.a.a"));
    let documents = [wide, deep, long, matrix];
    let mut shapes = fresh(&documents);
    let counts = counted(&shapes);
    assert_eq!(counts[""][column::Column::Unseen.at()], 2);
    assert!(counts.contains_key("f999") && !counts.contains_key("f1000"));
    check_recount(&shapes, &documents);
    for document in &documents {
        shapes.remove(document);
    }
    assert!(counted(&shapes).is_empty());
    assert_eq!(shapes.names.path(ROOT), "");
}

#[test]
fn more_shapes_than_are_remembered_are_counted_all_the_same() {
    // All subsets of eight fields, three times over.
    let documents: Vec<Vec<u8>> = (0..768u32)
        .map(|n| {
            let n = n.wrapping_mul(2_654_435_761) >> 8;
            let fields: Vec<String> = (0..8)
                .filter(|bit| n & (1 << bit) != 0)
                .map(|bit| format!("\"f{bit}\":{bit}"))
                .collect();
            encoded(&format!("{{{}}}", fields.join(",")))
        })
        .collect();
    let shapes = fresh(&documents);
    check_recount(&shapes, &documents);
}

#[test]
fn a_value_that_went_unseen_makes_the_counts_inexact_and_counting_again_mends_them() {
    let documents = [encoded(r#"{"a":1}"#), encoded(r#"{"a":2,"b":3}"#)];
    let mut shapes = fresh(&documents);
    shapes.lose();
    assert!(!shapes.is_exact());
    assert!(!Shapes::decode(&shapes.encode()).unwrap().is_exact());
    let mut recount = Recount::new(&shapes);
    recount.add(DocumentRef::from_trusted(&documents[0]).unwrap());
    assert_eq!(recount.differences().len(), 3);
    let mended = recount.into_shapes();
    assert!(mended.is_exact());
    check_recount(&mended, &documents[..1]);
}
