//! A small shop of documents as people write them: nested objects and arrays, fields that are missing or null, one
//! field of several types, and keys of every kind. Always the same.

use super::{Dataset, StoreData, item, key, relation};
use serde_json::{Map, Value, json};
use sop::{KeyField, KeySpec, KeyType, Relation};

const COUNTRIES: [&str; 6] = ["DE", "FR", "US", "BR", "JP", "NO"];
const STATUS: [&str; 4] = ["open", "paid", "sent", "returned"];

pub fn dataset() -> Dataset {
    let orders = KeySpec::composite(
        vec![
            KeyField::new("customer", KeyType::I64),
            KeyField::new("placed", KeyType::Date).descending(),
            KeyField::new("no", KeyType::I32),
        ],
        Vec::new(),
    )
    .unwrap();
    Dataset {
        stores: vec![
            store(
                "customers",
                key(&[("id", KeyType::I64)]),
                vec![],
                customers(),
            ),
            store(
                "orders",
                orders,
                vec![relation("customer", "customers", "id")],
                order_rows(),
            ),
            store(
                "lines",
                key(&[("order_no", KeyType::I32), ("line", KeyType::U8)]),
                vec![],
                lines(),
            ),
            store(
                "products",
                key(&[("sku", KeyType::String)]),
                vec![],
                products(),
            ),
            store(
                "payments",
                key(&[("id", KeyType::Uuid)]),
                vec![],
                payments(),
            ),
            store(
                "prices",
                key(&[("sku", KeyType::String), ("from", KeyType::DateTime)]),
                vec![],
                prices(),
            ),
            StoreData::new(
                "counters",
                KeySpec::single(KeyType::U64),
                vec![],
                counters(),
            ),
            StoreData::new(
                "readings",
                KeySpec::single(KeyType::Decimal),
                vec![],
                readings(),
            ),
            StoreData::new("flags", KeySpec::single(KeyType::Bool), vec![], flags()),
            StoreData::new("opening", KeySpec::single(KeyType::Time), vec![], opening()),
            StoreData::new("notes", KeySpec::single(KeyType::I64), vec![], notes()),
            StoreData::new("labels", KeySpec::single(KeyType::String), vec![], labels()),
            StoreData::new(
                "moments",
                KeySpec::single(KeyType::Timestamp),
                vec![],
                moments(),
            ),
            StoreData::new("bytes", KeySpec::single(KeyType::Bytes), vec![], bytes()),
            StoreData::new("floats", KeySpec::single(KeyType::F64), vec![], floats()),
            StoreData::new("small", KeySpec::single(KeyType::F32), vec![], small()),
            StoreData::new(
                "twins",
                KeySpec::single(KeyType::I64),
                vec![],
                vec![(json!(1), json!({"v": 1, "V": 2}))],
            ),
            StoreData::new("mixed", KeySpec::single(KeyType::I64), vec![], mixed()),
        ],
    }
}

fn store(name: &str, key: KeySpec, relations: Vec<Relation>, rows: Vec<Value>) -> StoreData {
    let items = rows.into_iter().map(|row| item(&key, row)).collect();
    StoreData::new(name, key, relations, items)
}

fn pick<'a>(of: &[&'a str], at: usize) -> &'a str {
    of[at % of.len()]
}

/// 40 customers: some without an address, without an email, with a score that is a number, text or missing.
fn customers() -> Vec<Value> {
    let customer = |id: usize| {
        let mut fields = Map::new();
        fields.insert("id".into(), id.into());
        fields.insert("name".into(), format!("Customer {id:02}").into());
        fields.insert("vip".into(), id.is_multiple_of(5).into());
        if !id.is_multiple_of(7) {
            fields.insert(
                "address".into(),
                json!({"city": format!("City {}", id % 9), "country": pick(&COUNTRIES, id), "geo": {"lat": id as f64 + 0.5, "lon": -(id as f64) - 0.25}}),
            );
        }
        match id % 4 {
            0 => {}
            1 => drop(fields.insert("email".into(), Value::Null)),
            _ => drop(fields.insert("email".into(), format!("c{id}@example.com").into())),
        }
        match id % 6 {
            0 => {}
            1 => drop(fields.insert("score".into(), format!("{id}").into())),
            2 => drop(fields.insert("score".into(), (id as f64 / 4.0 + 0.1).into())),
            3 => drop(fields.insert("score".into(), (id % 10 == 3).into())),
            _ => drop(fields.insert("score".into(), id.into())),
        }
        let tags: Vec<&str> = (0..id % 4)
            .map(|at| pick(&["new", "loyal", "news", "trade"], id + at))
            .collect();
        fields.insert("tags".into(), tags.into());
        Value::Object(fields)
    };
    (1..=40).map(customer).collect()
}

/// 200 orders, an own number each, on 60 days; the lines lie in them, too.
fn order_rows() -> Vec<Value> {
    let order = |no: usize| {
        let (month, day) = (no * 7 % 6 + 1, no * 11 % 28 + 1);
        let items: Vec<Value> = (0..=no % 4)
            .map(|at| json!({"sku": format!("sku-{:02}", (no * 3 + at * 5) % 25), "qty": at + 1, "gift": at == 2}))
            .collect();
        let mut order = json!({
            "customer": no * 13 % 44 + 1,
            "placed": format!("2024-{month:02}-{day:02}"),
            "no": no,
            "status": pick(&STATUS, no * 5 / 3),
            "total": ((no * 37) % 500) as f64 / 4.0 + 0.5,
            "items": items,
            "ship": {"express": no.is_multiple_of(3), "cost": no % 5, "to": pick(&COUNTRIES, no / 2)},
        });
        if no.is_multiple_of(8) {
            order["note"] = if no.is_multiple_of(16) {
                Value::Null
            } else {
                format!("Note 50% of {no}").into()
            };
        }
        order
    };
    (1..=200).map(order).collect()
}

fn lines() -> Vec<Value> {
    let line = |no: usize, at: usize| json!({"order_no": no, "line": at + 1, "sku": format!("sku-{:02}", (no * 3 + at * 5) % 25), "qty": at + 1, "price": ((no + at) % 20) as f64 + 0.25});
    (1..=200)
        .flat_map(|no| (0..=no % 4).map(move |at| line(no, at)))
        .collect()
}

fn products() -> Vec<Value> {
    let product = |at: usize| json!({"sku": format!("sku-{at:02}"), "name": format!("Product {at}"), "group": pick(&["tools", "toys", "food"], at), "stock": (at * 17) % 90, "dims": [at, at + 1], "meta": {"color": pick(&["red", "green", "blue", "Red"], at), "weight": at as f64 + 0.125}});
    (0..30).map(product).collect()
}

fn payments() -> Vec<Value> {
    let payment = |at: usize| json!({"id": format!("{:08x}-0000-4000-8000-{:012x}", at * 7919 % 256, at), "order_no": at * 3, "amount": at as f64 * 1.5 + 0.25, "ok": !at.is_multiple_of(4), "at": format!("2024-02-{:02}T{:02}:30:00", at % 28 + 1, at % 24)});
    (1..=30).map(payment).collect()
}

fn prices() -> Vec<Value> {
    let price = |sku: usize, at: usize| json!({"sku": format!("sku-{sku:02}"), "from": format!("2024-{:02}-01T00:00:00", at * 3 + 1), "price": (sku + at) as f64 + 0.5});
    (0..10)
        .flat_map(|sku| (0..4).map(move |at| price(sku, at)))
        .collect()
}

/// Integers up to the ends of their types.
fn counters() -> Vec<(Value, Value)> {
    [
        0,
        1,
        9_007_199_254_740_993,
        i64::MAX as u64,
        i64::MAX as u64 + 1,
        u64::MAX - 1,
        u64::MAX,
    ]
    .iter()
    .enumerate()
    .map(|(at, key)| {
        (
            json!(key),
            json!({"at": at, "big": u64::MAX - at as u64, "low": i64::MIN + at as i64}),
        )
    })
    .collect()
}

fn readings() -> Vec<(Value, Value)> {
    ["-12.50", "-0.25", "0.125", "0.5", "3.75", "1000.5"]
        .iter()
        .enumerate()
        .map(|(at, key)| (serde_json::from_str(key).unwrap(), json!({"n": at})))
        .collect()
}

fn flags() -> Vec<(Value, Value)> {
    vec![
        (json!(false), json!({"means": "off"})),
        (json!(true), json!({"means": "on"})),
    ]
}

fn opening() -> Vec<(Value, Value)> {
    [
        ("08:00:00", "open"),
        ("12:30:00", "lunch"),
        ("18:45:30", "close"),
    ]
    .map(|(key, value)| (json!(key), json!({"what": value})))
    .to_vec()
}

/// Text keys that look like numbers, and others.
fn labels() -> Vec<(Value, Value)> {
    ["7", "10", "4", "x", "07", "1.0"]
        .map(|key| (json!(key), json!({})))
        .to_vec()
}

/// Instants whose text is not in their order.
fn moments() -> Vec<(Value, Value)> {
    [
        "2024-03-01T12:00:00Z",
        "2024-03-01T12:30:00+02:00",
        "2024-02-29T23:59:59-05:00",
        "2024-03-01T00:00:00Z",
    ]
    .iter()
    .enumerate()
    .map(|(at, key)| (json!(key), json!({"n": at})))
    .collect()
}

/// `00ff`, `01`, `0102` and nothing.
fn bytes() -> Vec<(Value, Value)> {
    ["AP8=", "AQ==", "AQI=", ""]
        .iter()
        .enumerate()
        .map(|(at, key)| (json!(key), json!({"n": at})))
        .collect()
}

/// Two zeros, and a double that has no short neighbour.
fn floats() -> Vec<(Value, Value)> {
    [-1e300, -0.0, 0.0, 0.1, 0.1 + 0.2, 3.0]
        .iter()
        .enumerate()
        .map(|(at, key)| (json!(key), json!({"n": at})))
        .collect()
}

fn small() -> Vec<(Value, Value)> {
    [-2.5, 0.1, 0.5, 7.0]
        .iter()
        .enumerate()
        .map(|(at, key)| (json!(key), json!({"n": at})))
        .collect()
}

/// Text that looks like JSON.
fn notes() -> Vec<(Value, Value)> {
    ["[1,2]", "{\"a\":1}", "null"]
        .iter()
        .enumerate()
        .map(|(at, text)| (json!(at), json!({"means": text})))
        .collect()
}

/// One field of every type, another nested.
fn mixed() -> Vec<(Value, Value)> {
    [
        json!({"v": null, "n": {"a": 1}}),
        json!({"n": {"a": {"b": 2}}}),
        json!({"v": true, "n": {"a": [1, 2, {"b": 3}]}}),
        json!({"v": false, "n": {"a": "text"}}),
        json!({"v": -3, "n": {"a": null}}),
        json!({"v": 2.5, "n": {}}),
        json!({"v": 3.0, "n": "flat"}),
        json!({"v": "", "n": null}),
        json!({"v": "abc", "n": 5}),
        json!({"v": "10", "odd name": 1, "a.b": "dotted", "Ünï": "ü"}),
        json!({"v": [1, "x", null, true], "select": "keyword"}),
        json!({"v": {"x": 1, "y": [2]}}),
        json!({"v": u64::MAX, "n": {"a": true}}),
        json!({"v": i64::MIN}),
    ]
    .into_iter()
    .enumerate()
    .map(|(at, value)| (json!(at + 1), value))
    .collect()
}
