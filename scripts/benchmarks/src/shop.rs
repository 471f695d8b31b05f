//! A shop: orders of about 300 bytes and their users, the same for every number.

use anyhow::Result;
use sop::key::Key;
use sop::{Database, Document};

const COUNTRIES: &[&str] = &["NO", "SE", "DE", "FR", "IT", "US", "BR", "IN", "JP", "AU"];
const STATES: &[&str] = &["new", "paid", "sent", "done", "lost"];

pub fn mix(n: i64) -> u64 {
    // splitmix64, Steele and others 2014
    let mut z = (n as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick<'a>(all: &[&'a str], n: u64) -> &'a str {
    all[n as usize % all.len()]
}

pub struct Order {
    pub user: i64,
    pub total: f64,
    pub state: &'static str,
    pub quantity: i64,
    pub note: String,
}

pub fn order(n: i64, users: i64) -> Order {
    let r = mix(n);
    Order {
        user: (r % users as u64) as i64,
        total: (r >> 20 & 0xFFFF) as f64 / 8.0,
        state: pick(STATES, r >> 40),
        quantity: (r >> 50 & 15) as i64,
        note: format!("{r:016x}").repeat(10),
    }
}

pub fn order_json(o: &Order) -> String {
    format!(
        "{{\"user_id\":{},\"total\":{},\"status\":\"{}\",\"quantity\":{},\"note\":\"{}\",\"shipping\":{{\"city\":\"Oslo\",\"zip\":\"0150\"}},\"paid\":true}}",
        o.user, o.total, o.state, o.quantity, o.note
    )
}

pub fn user_json(n: i64) -> String {
    let r = mix(-n - 1);
    format!(
        "{{\"name\":\"user {n}\",\"country\":\"{}\",\"age\":{},\"about\":\"{}\"}}",
        pick(COUNTRIES, r),
        r >> 30 & 63,
        format!("{r:016x}").repeat(8)
    )
}

/// Puts orders into a store, 50,000 at a time.
pub fn insert_orders(db: &Database, store: &str, orders: i64, users: i64) -> Result<()> {
    for from in (0..orders).step_by(50_000) {
        db.transact(|tx| {
            let store = tx.documents(store)?;
            for n in from..(from + 50_000).min(orders) {
                let order = order(n, users);
                store.insert(
                    &Key::from(n),
                    &Document::from_json(order_json(&order).as_bytes())?,
                )?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
