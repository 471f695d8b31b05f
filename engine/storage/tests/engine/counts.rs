//! Exact counts, ranks and cursors at the edges.

use std::ops::Bound;

use sop::{
    Direction, Key, KeyField, KeyPrefix, KeyRange, KeySpec, KeyType, KeyValue, Mode, Order,
    StoreDefinition,
};

use crate::support::*;

#[test]
fn positions_go_on_after_an_item_even_when_it_is_gone() {
    let db = with_items(0..100);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    let anchor = s.get(&int(50)).unwrap().unwrap().position;
    assert_eq!(s.rank_of(&anchor).unwrap(), 50);
    s.remove(&int(50)).unwrap();
    let next = |direction| {
        s.range_after(&KeyRange::all(), direction, &anchor)
            .unwrap()
            .take(2)
            .map(|i| as_int(&i.unwrap().key))
            .collect::<Vec<_>>()
    };
    assert_eq!(next(Direction::Forward), [51, 52]);
    assert_eq!(next(Direction::Backward), [49, 48]);
    let within = between(10, 20);
    let mut after = s.range_after(&within, Direction::Forward, &anchor).unwrap();
    assert!(after.next().is_none());
    drop(after);
    let mut before = s
        .range_after(&within, Direction::Backward, &anchor)
        .unwrap();
    assert_eq!(as_int(&before.next().unwrap().unwrap().key), 20);
}

#[test]
fn a_range_between_two_items_is_empty_and_its_neighbours_are_found() {
    let db = with_items([10, 20]);
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    assert!(ints(&s, &between(11, 19), Direction::Forward).is_empty());
    assert_eq!(s.count(&between(19, 11)).unwrap(), 0);
    let spec = KeySpec::single(KeyType::I64);
    let from = spec
        .range(Bound::Included(&int(15)), Bound::Unbounded)
        .unwrap();
    let to = spec
        .range(Bound::Unbounded, Bound::Excluded(&int(15)))
        .unwrap();
    assert_eq!(ints(&s, &from, Direction::Forward), [20]);
    assert_eq!(ints(&s, &to, Direction::Backward), [10]);
}

fn text(s: &str) -> KeyValue {
    KeyValue::String(s.to_owned())
}

#[test]
fn composite_keys_keep_mixed_directions_and_prefixes_count_exactly() {
    let field = |name: &str, kind, order| KeyField {
        name: name.to_owned(),
        kind,
        order,
    };
    let spec = KeySpec::composite(
        vec![
            field("country", KeyType::String, Order::Asc),
            field("year", KeyType::I32, Order::Desc),
            field("id", KeyType::I64, Order::Asc),
        ],
        vec![],
    )
    .unwrap();
    let db = memory();
    create(&db, StoreDefinition::new("s", spec.clone()));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    for (country, year, id) in [
        ("USA", 2024, 1),
        ("USA", 2025, 2),
        ("Austria", 2024, 3),
        ("USA", 2025, 4),
    ] {
        let key = Key::composite([text(country), KeyValue::I32(year), KeyValue::I64(id)]);
        s.insert(&key, &doc("null")).unwrap();
    }
    let missing = Key::composite([text("USA"), KeyValue::Null, KeyValue::I64(9)]);
    s.insert(&missing, &doc("null")).unwrap();
    let ids = |range: &KeyRange| {
        s.range(range, Direction::Forward)
            .unwrap()
            .map(|i| match i.unwrap().key.values[2] {
                KeyValue::I64(id) => id,
                ref other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let all = ids(&KeyRange::all());
    assert_eq!(all.first(), Some(&3));
    let in_2025 = all.iter().position(|id| *id == 2).unwrap();
    assert_eq!(all[in_2025..in_2025 + 3], [2, 4, 1], "newest year first");
    let usa = spec
        .prefix(&KeyPrefix {
            leading: vec![text("USA")],
            partial: None,
        })
        .unwrap();
    assert_eq!(s.count(&usa).unwrap(), 4);
    let u = spec
        .prefix(&KeyPrefix {
            leading: vec![],
            partial: Some("U".into()),
        })
        .unwrap();
    assert_eq!(s.count(&u).unwrap(), 4);
    let y2025 = spec
        .prefix(&KeyPrefix {
            leading: vec![text("USA"), KeyValue::I32(2025)],
            partial: None,
        })
        .unwrap();
    assert_eq!(ids(&y2025), [2, 4]);
}

#[test]
fn ride_on_fields_change_without_touching_order_or_identity() {
    let spec = KeySpec::composite(
        vec![KeyField {
            name: "id".into(),
            kind: KeyType::I64,
            order: Order::Asc,
        }],
        vec![sop::RideOnField {
            name: "etag".into(),
            kind: KeyType::String,
        }],
    )
    .unwrap();
    let db = memory();
    create(&db, StoreDefinition::new("s", spec.clone()));
    let key = |etag: &str| {
        spec.key_from_json(&serde_json::json!({"id": 1, "etag": etag}))
            .unwrap()
    };
    db.transact(|tx| tx.documents("s")?.insert(&key("a"), &doc("1")))
        .unwrap();
    db.transact(|tx| {
        let s = tx.documents("s")?;
        assert!(matches!(
            s.insert(&key("b"), &doc("1")),
            Err(sop::Error::KeyExists { .. })
        ));
        s.update(&key("b"), &doc("2"))
    })
    .unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    let item = s.get(&key("whatever")).unwrap().unwrap();
    assert_eq!((item.key, item.value.to_json().as_str()), (key("b"), "2"));
    assert_eq!(s.len().unwrap(), 1);
}
