//! The tables of the shop.

use serde_json::{Value, json};
use sop::{Key, KeyField, KeySpec, KeyType, KeyValue, Relation, StoreDefinition};

use super::Table;
use super::random::Random;
use super::words::{ADJECTIVES, CITIES, FAMILY, GIVEN, KINDS, OPINIONS, TAGS};
use crate::error::ApiResult;

const SEED: u64 = 20_240_501;
const USERS: u64 = 400;
const PRODUCTS: u64 = 180;
const ORDERS: u64 = 1_200;
const REVIEWS: u64 = 700;
/// The first day that orders are placed on, and how many days there are.
const FIRST_DAY: (u64, u64, u64) = (2023, 1, 1);
const DAYS: u64 = 730;

struct Product {
    number: String,
    price_cents: u64,
}

/// All tables, in the order in which they refer to each other.
pub(super) fn tables() -> ApiResult<Vec<Table>> {
    let mut random = Random::new(SEED);
    let (products, product_rows) = products(&mut random);
    let (orders, lines) = orders(&mut random, &products);
    Ok(vec![
        Table {
            definition: described(
                "users",
                "Customers and staff",
                KeySpec::single(KeyType::I64),
                &[],
            ),
            rows: users(&mut random),
        },
        Table {
            definition: described(
                "products",
                "Articles by article number",
                KeySpec::single(KeyType::String),
                &[],
            ),
            rows: product_rows,
        },
        Table {
            definition: described(
                "orders",
                "Orders by number",
                KeySpec::single(KeyType::I64),
                &[(&["user_id"], "users", &["key"])],
            ),
            rows: orders,
        },
        Table {
            definition: described(
                "order_lines",
                "What was ordered, by order and line",
                composite(&[("order_id", KeyType::I64), ("line", KeyType::I32)])?,
                &[
                    (&["order_id"], "orders", &["key"]),
                    (&["product"], "products", &["key"]),
                ],
            ),
            rows: lines,
        },
        Table {
            definition: described(
                "reviews",
                "Opinions by product and user",
                composite(&[("product", KeyType::String), ("user_id", KeyType::I64)])?,
                &[
                    (&["product"], "products", &["key"]),
                    (&["user_id"], "users", &["key"]),
                ],
            ),
            rows: reviews(&mut random, &products),
        },
    ])
}

fn composite(fields: &[(&str, KeyType)]) -> ApiResult<KeySpec> {
    let fields = fields
        .iter()
        .map(|(name, kind)| KeyField::new(*name, *kind))
        .collect();
    Ok(KeySpec::composite(fields, Vec::new())?)
}

fn described(
    name: &str,
    description: &str,
    key: KeySpec,
    relations: &[(&[&str], &str, &[&str])],
) -> StoreDefinition {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    let mut definition = StoreDefinition::new(name, key);
    description.clone_into(&mut definition.description);
    definition.relations = relations
        .iter()
        .map(|(source, target, fields)| Relation {
            source_fields: names(source),
            target_store: (*target).to_owned(),
            target_fields: names(fields),
        })
        .collect();
    definition
}

fn number(value: u64) -> KeyValue {
    KeyValue::I64(value as i64)
}

/// An amount of money as a number with two decimals.
fn money(cents: u64) -> Value {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn users(random: &mut Random) -> Vec<(Key, Value)> {
    (1..=USERS)
        .map(|id| {
            let (given, family) = (random.pick(&GIVEN), random.pick(&FAMILY));
            let (city, country) = random.pick(&CITIES);
            let role = if id <= 3 {
                "admin"
            } else if random.percent(4) {
                "staff"
            } else {
                "customer"
            };
            let mut user = json!({
                "name": format!("{given} {family}"),
                "email": format!("{}.{}{id}@example.com", ascii(given), ascii(family)),
                "role": role,
                "active": !random.percent(7),
                "address": {"city": city, "country": country},
                "joined": day(random.below(DAYS)),
            });
            if random.percent(30) {
                user["phone"] = json!(format!(
                    "+{} 555 0{:03}",
                    random.between(1, 98),
                    random.below(1000)
                ));
            }
            (Key::from(id as i64), user)
        })
        .collect()
}

fn products(random: &mut Random) -> (Vec<Product>, Vec<(Key, Value)>) {
    let (mut products, mut rows) = (Vec::new(), Vec::new());
    for index in 0..PRODUCTS {
        let (category, letters, things, (low, high)) = random.pick(&KINDS);
        let number = format!("{letters}-{:04}", 1000 + index * 7);
        // Prices that end in 9 look like prices.
        let price_cents = random.between(*low, *high) / 10 * 10 + 9;
        let tags: Vec<&str> = (0..random.below(4)).map(|_| *random.pick(&TAGS)).collect();
        let name = format!("{} {}", random.pick(&ADJECTIVES), random.pick(things));
        let product = json!({
            "name": name,
            "category": category,
            "price": money(price_cents),
            "stock": random.below(250),
            "tags": tags,
            "weight_kg": money(random.between(5, 900)),
            "discontinued": random.percent(6),
        });
        rows.push((Key::from(number.as_str()), product));
        products.push(Product {
            number,
            price_cents,
        });
    }
    (products, rows)
}

type Rows = Vec<(Key, Value)>;

fn orders(random: &mut Random, products: &[Product]) -> (Rows, Rows) {
    let (mut orders, mut lines) = (Vec::new(), Vec::new());
    for index in 0..ORDERS {
        let id = 10_001 + index;
        let count = random.between(1, 5);
        let mut total = 0;
        for line in 1..=count {
            let product = random.pick(products);
            let quantity = random.between(1, 3);
            total += product.price_cents * quantity;
            let key = Key::composite([number(id), KeyValue::I32(line as i32)]);
            let value = json!({"product": product.number, "quantity": quantity, "price": money(product.price_cents)});
            lines.push((key, value));
        }
        // Orders come in the order of their numbers, spread over the days.
        let placed = index * DAYS / ORDERS;
        let age = DAYS - placed;
        let status = match random.below(100) {
            0..5 => "cancelled",
            5..8 => "returned",
            _ if age < 4 => "paid",
            _ if age < 12 => "shipped",
            _ => "delivered",
        };
        let (city, country) = random.pick(&CITIES);
        let order = json!({
            "user_id": random.between(1, USERS),
            "placed": format!("{}T{:02}:{:02}:{:02}Z", day(placed), random.below(24), random.below(60), random.below(60)),
            "status": status,
            "lines": count,
            "total": money(total),
            "ship_to": {"city": city, "country": country},
            "note": if random.percent(12) { json!("Please leave it with the neighbours.") } else { Value::Null },
        });
        orders.push((Key::from(id as i64), order));
    }
    (orders, lines)
}

fn reviews(random: &mut Random, products: &[Product]) -> Rows {
    let mut seen = std::collections::HashSet::new();
    let mut rows = Vec::new();
    while (rows.len() as u64) < REVIEWS {
        let (product, user) = (random.pick(products), random.between(1, USERS));
        if !seen.insert((product.number.clone(), user)) {
            continue;
        }
        // Most people who write are pleased.
        let stars = 5 - random.below(5) * random.below(5) / 4;
        let opinion = OPINIONS
            .get(stars as usize - 1)
            .map_or("", |opinions| *random.pick(opinions));
        let key = Key::composite([KeyValue::String(product.number.clone()), number(user)]);
        let value = json!({"stars": stars, "text": opinion, "written": day(random.below(DAYS)), "helpful": random.below(40)});
        rows.push((key, value));
    }
    rows
}

/// A name as part of a mail address.
fn ascii(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c {
            'é' | 'ë' => Some('e'),
            'í' => Some('i'),
            'á' => Some('a'),
            'ü' => Some('u'),
            c if c.is_ascii_alphabetic() => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// The date so many days after the first one.
fn day(offset: u64) -> String {
    let (mut year, mut month, mut day) = FIRST_DAY;
    for _ in 0..offset {
        day += 1;
        if day > days_of(year, month) {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_is_the_same_every_time_and_has_no_loose_ends() {
        let (first, second) = (tables().unwrap(), tables().unwrap());
        let names: Vec<_> = first
            .iter()
            .map(|table| table.definition.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["users", "products", "orders", "order_lines", "reviews"]
        );
        for (a, b) in first.iter().zip(&second) {
            assert_eq!(a.rows, b.rows);
            a.definition.validate().unwrap();
            for relation in &a.definition.relations {
                assert!(names.contains(&relation.target_store.as_str()));
            }
        }
        let items: usize = first.iter().map(|table| table.rows.len()).sum();
        assert!((4_000..10_000).contains(&items), "{items}");
    }

    #[test]
    fn days_follow_the_calendar() {
        assert_eq!(day(0), "2023-01-01");
        assert_eq!(day(58), "2023-02-28");
        assert_eq!(day(365 + 59), "2024-02-29");
        assert_eq!(day(730), "2024-12-31");
    }
}
