//! When a script is to run by itself.
//!
//! The time is passed in: nothing here asks a clock or waits. A run that was missed while no server ran is made up for
//! once, not once for each time that it was missed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fault::Fault;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// The longest time between two runs, in minutes.
const MAX_MINUTES: u64 = 366 * 24 * 60;

/// How often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// So many minutes after the last run began.
    EveryMinutes(u64),
    /// Each day at `hh:mm`.
    DailyAt(String),
}

/// A script that runs by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// `Category.Name`.
    pub script: String,
    /// How often.
    pub when: When,
    /// The arguments of each run.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Value>,
    /// The database, where the script names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Minutes east of UTC of the clock that `daily_at` means.
    #[serde(default)]
    pub utc_offset_minutes: i16,
    /// Whether it is waiting.
    #[serde(default)]
    pub paused: bool,
    /// Who made it: the runs are this person's.
    #[serde(default)]
    pub author: String,
    /// When the last run began, or the schedule was made, in milliseconds since 1970.
    #[serde(default)]
    pub last_ms: u64,
}

impl Schedule {
    /// What is wrong with it.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        match &self.when {
            When::EveryMinutes(minutes) if !(1..=MAX_MINUTES).contains(minutes) => {
                let message = format!("a script runs every 1 to {MAX_MINUTES} minutes");
                faults.push(Fault::new("/when/every_minutes", "invalid_value", message));
            }
            When::DailyAt(time) if minute_of_day(time).is_none() => {
                let message = format!("{time:?} is not a time of day like \"06:30\"");
                faults.push(Fault::new("/when/daily_at", "invalid_value", message));
            }
            _ => {}
        }
        if !(-1_439..=1_439).contains(&self.utc_offset_minutes) {
            let message = "a clock is less than 24 hours from UTC";
            faults.push(Fault::new("/utc_offset_minutes", "invalid_value", message));
        }
        faults
    }

    /// When it runs next, in milliseconds since 1970; never, when it is paused or wrong.
    pub fn next_ms(&self) -> Option<u64> {
        if self.paused {
            return None;
        }
        match &self.when {
            When::EveryMinutes(minutes) => {
                self.last_ms.checked_add(minutes.checked_mul(MINUTE_MS)?)
            }
            When::DailyAt(time) => {
                let minute = i64::from(minute_of_day(time)?) - i64::from(self.utc_offset_minutes);
                let at = minute.rem_euclid(24 * 60).unsigned_abs() * MINUTE_MS;
                let today = self.last_ms / DAY_MS * DAY_MS + at;
                match today > self.last_ms {
                    true => Some(today),
                    false => today.checked_add(DAY_MS),
                }
            }
        }
    }

    /// Whether it should have run by now.
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.next_ms().is_some_and(|next| next <= now_ms)
    }
}

/// Minutes since midnight of `hh:mm`.
fn minute_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: u32| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let number: u32 = digits.then(|| text.parse().ok()).flatten()?;
        (number <= most).then_some(number)
    };
    Some(number(hours, 23)? * 60 + number(minutes, 59)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(when: When, last_ms: u64, utc_offset_minutes: i16) -> Schedule {
        Schedule {
            script: "general.report".to_owned(),
            when,
            args: Map::new(),
            database: None,
            utc_offset_minutes,
            paused: false,
            author: String::new(),
            last_ms,
        }
    }

    #[test]
    fn a_script_is_due_when_its_time_has_come() {
        let minutes = schedule(When::EveryMinutes(5), 1_000, 0);
        assert!(!minutes.is_due(300_999));
        assert!(minutes.is_due(301_000));
        // 06:30 of a clock two hours east of UTC is 04:30.
        let at = 4 * 60 * MINUTE_MS + 30 * MINUTE_MS;
        let daily = schedule(When::DailyAt("06:30".to_owned()), 10 * DAY_MS, 120);
        assert_eq!(daily.next_ms(), Some(10 * DAY_MS + at));
        let ran = schedule(When::DailyAt("06:30".to_owned()), 10 * DAY_MS + at, 120);
        assert_eq!(ran.next_ms(), Some(11 * DAY_MS + at));
        // Missed for a week: once is enough.
        assert!(ran.is_due(18 * DAY_MS));
        let paused = Schedule {
            paused: true,
            ..ran
        };
        assert!(!paused.is_due(u64::MAX));
    }

    #[test]
    fn wrong_times_are_told() {
        for (when, fine) in [
            (When::DailyAt("6:30".to_owned()), false),
            (When::DailyAt("24:00".to_owned()), false),
            (When::DailyAt("23:59".to_owned()), true),
            (When::EveryMinutes(0), false),
            (When::EveryMinutes(u64::MAX), false),
            (When::EveryMinutes(1), true),
        ] {
            let schedule = schedule(when, 0, 0);
            assert_eq!(schedule.faults().is_empty(), fine, "{schedule:?}");
            let _ = schedule.next_ms();
        }
    }
}
