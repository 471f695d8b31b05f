//! A log of events by composite keys: groups by prefix, ranges of time, exact counts without a scan.
//!
//! `cargo run -p sop --example event_log`

use serde::{Deserialize, Serialize};
use sop::key::Timestamp;
use sop::{Database, Mode, StoreDefinition};

/// Which event: by device, and within a device the newest first. The unit travels with the key, so that
/// it is there when keys are read without their values, but takes no part in the order.
#[derive(Debug)]
struct EventKey {
    device: String,
    at: Timestamp,
    unit: Option<String>,
}
sop::typed_key!(EventKey { device: String, at: Timestamp [desc]; ride_on unit: Option<String> });

#[derive(Serialize, Deserialize, Debug)]
struct Event {
    celsius: f64,
    note: Option<String>,
}

/// So many minutes after midnight of a day.
fn at(minute: u32) -> Result<Timestamp, String> {
    let text = format!("2026-03-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let db = Database::open(folder.path())?;
    let tx = db.begin(Mode::Write)?;
    tx.create_store(StoreDefinition::typed::<EventKey>("events"))?;
    let events = tx.store::<EventKey, Event>("events")?;
    for minute in 0..24 * 60 {
        for device in ["cellar", "kitchen", "roof"] {
            let key = EventKey {
                device: device.to_owned(),
                at: at(minute)?,
                unit: Some("°C".to_owned()),
            };
            let event = Event {
                celsius: 10.0 + f64::from(minute % 97) / 10.0,
                note: (minute == 720).then(|| "noon".to_owned()),
            };
            events.insert(&key, &event)?;
        }
    }
    tx.commit()?;

    let tx = db.begin(Mode::Read)?;
    let events = tx.store::<EventKey, Event>("events")?;

    // Counts follow one path of the tree, however many items there are.
    println!(
        "{} events, {} of the roof",
        events.len()?,
        events.count_prefix(&("roof",))?
    );

    // A key is asked for by the tuple of its ordered fields. Later times come first here, so the range
    // begins with the later one.
    let (morning, noon) = (at(9 * 60)?, at(12 * 60)?);
    let hours = ("kitchen", noon)..("kitchen", morning);
    println!(
        "{} in the kitchen in these three hours",
        events.count(hours.clone())?
    );
    for item in events.range(hours)?.take(3) {
        let (key, event) = item?;
        let unit = key.unit.unwrap_or_default();
        println!(
            "  {} {:.1} {unit} {}",
            key.at,
            event.celsius,
            event.note.unwrap_or_default()
        );
    }

    // The oldest of a group is its last one: ranges are walked from either end.
    if let Some(oldest) = events.prefix(&("cellar",))?.next_back() {
        println!("the oldest of the cellar is of {}", oldest?.0.at);
    }

    // A place in the whole order, without a scan: what a scroll bar asks.
    if let Some((key, _)) = events.nth(events.len()? / 2)? {
        println!("in the middle: {} {}", key.device, key.at);
    }
    Ok(())
}
