//! Cursors and walks against a map: both ways, from the middle, over own changes that come and go
//! meanwhile; and what they note as read.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use proptest::prelude::*;
use sop::{Cursor, Database, Direction, DocumentStore, Error, KeyRange, Mode};

use crate::support::*;

#[derive(Clone, Debug)]
enum Step {
    First,
    Last,
    Seek(i64),
    /// Says what it will seek, and seeks it.
    SeekAll(Vec<i64>),
    Next,
    Prev,
    Put(i64),
    Remove(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0i64..40;
    let step = prop_oneof![
        1 => Just(Step::First),
        1 => Just(Step::Last),
        2 => key.clone().prop_map(Step::Seek),
        2 => proptest::collection::vec(key.clone(), 1..5).prop_map(Step::SeekAll),
        8 => Just(Step::Next),
        8 => Just(Step::Prev),
        2 => key.clone().prop_map(Step::Put),
        2 => key.prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 1..120)
}

/// Where the model's cursor is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Before,
    Item(i64),
    Behind,
}

type Model = BTreeMap<i64, String>;

fn encoded(key: i64) -> Vec<u8> {
    let spec = int_store("s").key;
    spec.encode(&int(key)).unwrap().order
}

/// Small nodes, so that walks cross many.
fn database(keys: impl IntoIterator<Item = i64>) -> Database {
    let db = memory();
    let mut definition = int_store("s");
    definition.slot_length = 4;
    create(&db, definition);
    create(&db, int_store("other"));
    insert(&db, "s", keys);
    db
}

fn model_step(model: &Model, (lo, hi): (i64, i64), at: At, step: &Step) -> At {
    let first = |from: i64| {
        let found = (from <= hi)
            .then(|| model.range(from..=hi).next())
            .flatten();
        found.map_or(At::Behind, |(key, _)| At::Item(*key))
    };
    let last = |to: i64| {
        let found = (lo <= to)
            .then(|| model.range(lo..=to).next_back())
            .flatten();
        found.map_or(At::Before, |(key, _)| At::Item(*key))
    };
    match (step, at) {
        (Step::First, _) | (Step::Next, At::Before) => first(lo),
        (Step::Last, _) | (Step::Prev, At::Behind) => last(hi),
        (Step::Seek(key), _) => first(lo.max(*key)),
        (Step::SeekAll(keys), _) => first(lo.max(*keys.last().unwrap())),
        (Step::Next, At::Item(key)) => first(key + 1),
        (Step::Prev, At::Item(key)) => last(key - 1),
        _ => at,
    }
}

fn real_step(
    store: &DocumentStore<'_>,
    cursor: &mut Cursor<'_>,
    model: &mut Model,
    step: &Step,
) -> bool {
    match step {
        Step::First => cursor.first().unwrap(),
        Step::Last => cursor.last().unwrap(),
        Step::Seek(key) => cursor.seek(&encoded(*key)).unwrap(),
        Step::SeekAll(keys) => {
            let positions: Vec<_> = keys.iter().copied().map(encoded).collect();
            cursor.expect(positions.iter().map(Vec::as_slice));
            let sought = positions.iter().map(|at| cursor.seek(at).unwrap());
            sought.last().unwrap()
        }
        Step::Next => cursor.next().unwrap(),
        Step::Prev => cursor.prev().unwrap(),
        Step::Put(key) => {
            let value = format!("\"own {key}\"");
            store.upsert(&int(*key), &doc(&value)).unwrap();
            model.insert(*key, value);
            true
        }
        Step::Remove(key) => {
            let there = store.remove(&int(*key)).unwrap();
            assert_eq!(there, model.remove(key).is_some());
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_cursor_goes_where_a_map_says(
        committed in proptest::collection::btree_set(0i64..40, 0..40),
        (lo, hi) in (-2i64..42, -2i64..42),
        steps in steps(),
    ) {
        let db = database(committed.iter().copied());
        let mut model: Model = committed.iter().map(|i| (*i, i.to_string())).collect();
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        let mut cursor = s.cursor(&between(lo, hi)).unwrap();
        let (mut at, mut forward) = (At::Before, true);
        for step in &steps {
            forward = match step {
                Step::First | Step::Seek(_) | Step::SeekAll(_) | Step::Next => true,
                Step::Last | Step::Prev => false,
                Step::Put(_) | Step::Remove(_) => forward,
            };
            let found = real_step(&s, &mut cursor, &mut model, step);
            if matches!(step, Step::Put(_) | Step::Remove(_)) {
                continue;
            }
            at = model_step(&model, (lo, hi), at, step);
            prop_assert_eq!(found, matches!(at, At::Item(_)));
            let item = cursor.item().unwrap();
            match at {
                At::Item(key) => {
                    let item = item.unwrap();
                    prop_assert_eq!(as_int(&item.key().unwrap()), key);
                    prop_assert_eq!(item.key_bytes(), encoded(key));
                    prop_assert_eq!(&item.value().unwrap().to_json(), &model[&key]);
                    prop_assert_eq!(&item.document().unwrap().to_json(), &model[&key]);
                    prop_assert_eq!(item.version() == 0, model[&key].starts_with("\"own"));
                    prop_assert_eq!(Some(item.position()), cursor.position());
                    // What is known ahead is where the walk goes on.
                    let ahead: Vec<_> = cursor.positions_ahead(5).map(<[u8]>::to_vec).collect();
                    let on: Vec<_> = match forward {
                        true => model.range(key..=hi).map(|(key, _)| encoded(*key)).collect(),
                        false => model.range(lo..=key).rev().map(|(key, _)| encoded(*key)).collect(),
                    };
                    prop_assert!(on.starts_with(&ahead) && ahead.len() <= 5);
                }
                At::Before | At::Behind => prop_assert!(item.is_none()),
            }
        }
    }

    #[test]
    fn walks_see_what_ranges_see(
        committed in proptest::collection::btree_set(0i64..60, 0..60),
        puts in proptest::collection::btree_set(0i64..60, 0..10),
        removes in proptest::collection::btree_set(0i64..60, 0..10),
        (lo, hi) in (-2i64..62, -2i64..62),
        limit in 0usize..70,
    ) {
        let db = database(committed.iter().copied());
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        let mut model: Model = committed.iter().map(|i| (*i, i.to_string())).collect();
        for key in puts {
            real_step(&s, &mut s.cursor(&KeyRange::all()).unwrap(), &mut model, &Step::Put(key));
        }
        for key in removes {
            s.remove(&int(key)).unwrap();
            model.remove(&key);
        }
        let mut wanted: Vec<_> = model.into_iter().filter(|(key, _)| (lo..=hi).contains(key)).collect();
        for direction in [Direction::Forward, Direction::Backward] {
            let mut seen = Vec::new();
            s.for_each(&between(lo, hi), direction, |item| {
                seen.push((as_int(&item.key()?), item.value()?.to_json()));
                Ok(())
            }).unwrap();
            prop_assert_eq!(&seen, &wanted);
            let items: Vec<_> = s.range(&between(lo, hi), direction).unwrap()
                .map(|item| item.map(|item| (as_int(&item.key), item.value.to_json())).unwrap())
                .collect();
            prop_assert_eq!(&items, &wanted);
            let mut some = Vec::new();
            s.try_for_each::<Error>(&between(lo, hi), direction, |item| {
                if some.len() == limit {
                    return Ok(ControlFlow::Break(()));
                }
                some.push((as_int(&item.key()?), item.value()?.to_json()));
                Ok(ControlFlow::Continue(()))
            }).unwrap();
            prop_assert_eq!(&some, &wanted[..limit.min(wanted.len())]);
            wanted.reverse();
        }
    }
}

#[test]
fn a_walk_sees_changes_that_its_visitor_makes_ahead() {
    let db = database((0..100).step_by(2));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    let mut seen = Vec::new();
    s.for_each(&KeyRange::all(), Direction::Forward, |item| {
        let key = as_int(&item.key()?);
        seen.push(key);
        // A new item right behind, the next one gone, and one put where the walk has been.
        if key % 20 == 0 {
            s.insert(&int(key + 1), &doc("1"))?;
            s.remove(&int(key + 2))?;
            s.upsert(&int(key - 5), &doc("2"))?;
        }
        Ok(())
    })
    .unwrap();
    let wanted: Vec<i64> = (0..100)
        .filter(|key| {
            if key % 20 == 1 {
                true
            } else {
                key % 2 == 0 && key % 20 != 2
            }
        })
        .collect();
    assert_eq!(seen, wanted);
}

/// Whether a walk of one transaction conflicts with `key`, which another inserted meanwhile.
fn conflicts(walk: impl Fn(&DocumentStore<'_>), key: i64) -> bool {
    let db = database((0..100).step_by(10));
    let tx = db.begin(Mode::Write).unwrap();
    walk(&tx.documents("s").unwrap());
    tx.documents("other")
        .unwrap()
        .insert(&int(1), &doc("1"))
        .unwrap();
    insert(&db, "s", [key]);
    match tx.commit() {
        Ok(_) => false,
        Err(error) if error.is_conflict() => true,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_walk_that_stops_notes_what_it_passed_and_no_more() {
    let three = |s: &DocumentStore<'_>, direction| {
        let mut left = 3;
        s.try_for_each::<Error>(&between(15, 85), direction, |_| {
            left -= 1;
            Ok(if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .unwrap();
    };
    // 20, 30, 40 and 80, 70, 60.
    for (key, forward, backward) in [
        (11, false, false),
        (17, true, false),
        (39, true, false),
        (41, false, false),
        (59, false, false),
        (61, false, true),
        (83, false, true),
        (88, false, false),
    ] {
        assert_eq!(
            conflicts(|s| three(s, Direction::Forward), key),
            forward,
            "{key}"
        );
        assert_eq!(
            conflicts(|s| three(s, Direction::Backward), key),
            backward,
            "{key}"
        );
        let ranged = |s: &DocumentStore<'_>, direction| {
            assert_eq!(
                s.range(&between(15, 85), direction)
                    .unwrap()
                    .take(3)
                    .count(),
                3
            );
        };
        assert_eq!(
            conflicts(|s| ranged(s, Direction::Forward), key),
            forward,
            "{key}"
        );
        assert_eq!(
            conflicts(|s| ranged(s, Direction::Backward), key),
            backward,
            "{key}"
        );
    }
}

#[test]
fn a_walk_to_the_end_notes_the_whole_range() {
    for direction in [Direction::Forward, Direction::Backward] {
        let all =
            |s: &DocumentStore<'_>| s.for_each(&between(15, 85), direction, |_| Ok(())).unwrap();
        assert!(conflicts(all, 16));
        assert!(conflicts(all, 84));
        assert!(!conflicts(all, 86));
        assert!(!conflicts(all, 14));
    }
}

#[test]
fn a_cursor_notes_each_stretch_from_where_it_went_to_where_it_left() {
    let walk = |s: &DocumentStore<'_>| {
        let mut cursor = s.cursor(&KeyRange::all()).unwrap();
        // Stands at 30, then 40, then back over 30 to 20; then from 70 to 80.
        assert!(cursor.seek(&encoded(25)).unwrap());
        assert!(cursor.next().unwrap());
        assert!(cursor.prev().unwrap() && cursor.prev().unwrap());
        assert!(cursor.seek(&encoded(70)).unwrap());
        assert!(cursor.next().unwrap());
    };
    for (key, noted) in [
        (19, false),
        (21, true),
        (26, true),
        (39, true),
        (41, false),
        (69, false),
        (71, true),
        (81, false),
    ] {
        assert_eq!(conflicts(walk, key), noted, "{key}");
    }
    let untouched = |s: &DocumentStore<'_>| drop(s.cursor(&KeyRange::all()).unwrap());
    assert!(!conflicts(untouched, 5));
    let off_the_end = |s: &DocumentStore<'_>| {
        assert!(
            !s.cursor(&between(0, 99))
                .unwrap()
                .seek(&encoded(91))
                .unwrap()
        );
    };
    assert!(conflicts(off_the_end, 95));
    assert!(!conflicts(off_the_end, 89));
}

#[test]
fn values_and_presence_are_noted_and_found_like_items() {
    let db = database((0..100).step_by(10));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    assert_eq!(s.get_value(&int(20)).unwrap(), Some(doc("20")));
    assert_eq!(s.get_value(&int(21)).unwrap(), None);
    assert!(s.contains(&int(20)).unwrap() && !s.contains(&int(21)).unwrap());
    s.upsert(&int(21), &doc("\"own\"")).unwrap();
    s.remove(&int(20)).unwrap();
    assert_eq!(s.get_value(&int(21)).unwrap(), Some(doc("\"own\"")));
    assert!(!s.contains(&int(20)).unwrap() && s.contains(&int(21)).unwrap());
    drop(tx);
    assert!(conflicts(|s| assert!(!s.contains(&int(21)).unwrap()), 21));
    assert!(conflicts(
        |s| assert_eq!(s.get_value(&int(21)).unwrap(), None),
        21
    ));
    assert!(!conflicts(|s| assert!(!s.contains(&int(21)).unwrap()), 22));
}

#[test]
fn a_document_outlives_its_transaction_its_item_and_its_store() {
    let db = database(0..100);
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let kept = s.get_value(&int(50)).unwrap().unwrap();
    let position = s.get(&int(51)).unwrap().unwrap().position;
    drop(s);
    drop(tx);
    db.transact(|tx| {
        let s = tx.documents("s")?;
        for key in 0..100 {
            s.update(&int(key), &doc("\"other\""))?;
        }
        Ok(())
    })
    .unwrap();
    db.transact(|tx| tx.drop_store("s")).unwrap();
    assert_eq!(kept, doc("50"));
    assert_eq!(kept.clone().detached(), kept);
    assert_eq!(&*position, encoded(51));
}

#[test]
fn a_cursor_over_duplicates_stands_on_each() {
    let db = memory();
    let mut definition = int_store("s");
    definition.unique = false;
    definition.slot_length = 4;
    create(&db, definition);
    insert(&db, "s", [1, 2, 2, 2, 3]);
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let range = KeyRange {
        lo: Bound::Included(encoded(2)),
        hi: Bound::Unbounded,
    };
    let mut cursor = s.cursor(&range).unwrap();
    let mut seen = Vec::new();
    while cursor.next().unwrap() {
        let item = cursor.item().unwrap().unwrap();
        assert_eq!(item.key_bytes(), encoded(as_int(&item.key().unwrap())));
        let at = s.get_at(item.position()).unwrap().unwrap();
        assert_eq!(at, item.to_item().unwrap());
        assert!(item.id().is_some());
        seen.push(as_int(&item.key().unwrap()));
    }
    assert_eq!(seen, [2, 2, 2, 3]);
    assert!(cursor.seek_key(&int(3)).unwrap() && cursor.prev().unwrap());
    let item = cursor.item().unwrap().unwrap();
    assert_eq!(as_int(&item.key().unwrap()), 2);
    assert!(s.contains(&int(2)).unwrap() && !s.contains(&int(4)).unwrap());
    assert_eq!(s.get_value(&int(2)).unwrap(), Some(doc("2")));
}
