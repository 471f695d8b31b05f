//! Schedules: which scripts run by themselves, and which are due.

use serde::Serialize;

use super::{Result, SCHEDULES, System, SystemError};
use crate::script::{Schedule, name_fault};

/// A schedule with its name and when it runs next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedSchedule {
    /// Its name.
    pub name: String,
    /// It.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// When it runs next, in milliseconds since 1970.
    pub next_ms: Option<u64>,
}

impl System {
    /// Writes a schedule. It counts from now on, unless it is there already and only its arguments change.
    ///
    /// # Errors
    /// A name or a time that cannot be one.
    pub fn put_schedule(&self, name: &str, schedule: &Schedule) -> Result<()> {
        if let Some(fault) = name_fault(name) {
            return Err(SystemError::invalid("/name", fault));
        }
        let faults = schedule.faults();
        if !faults.is_empty() {
            return Err(SystemError::Invalid(faults));
        }
        let now = self.now_ms();
        self.write(|tx| {
            let store = tx.store::<String, Schedule>(SCHEDULES)?;
            let before = store
                .get(name)?
                .filter(|before| before.when == schedule.when);
            let schedule = Schedule {
                last_ms: before.map_or(now, |before| before.last_ms),
                ..schedule.clone()
            };
            store.upsert(name, &schedule)?;
            Ok(())
        })
    }

    /// All schedules by their names.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn schedules(&self) -> Result<Vec<NamedSchedule>> {
        self.read(|tx| {
            let store = tx.store::<String, Schedule>(SCHEDULES)?;
            let mut all = Vec::new();
            for item in &store {
                let (name, schedule) = item?;
                let next_ms = schedule.next_ms();
                all.push(NamedSchedule {
                    name,
                    schedule,
                    next_ms,
                });
            }
            Ok(all)
        })
    }

    /// Deletes a schedule.
    ///
    /// # Errors
    /// Not found.
    pub fn delete_schedule(&self, name: &str) -> Result<()> {
        let known = self.schedules()?;
        self.write(|tx| {
            let store = tx.store::<String, Schedule>(SCHEDULES)?;
            match store.remove(name)? {
                true => Ok(()),
                false => Err(SystemError::not_found(
                    "schedule",
                    name,
                    known.iter().map(|there| &there.name),
                )),
            }
        })
    }

    /// Those that should have run by now.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn due(&self, now_ms: u64) -> Result<Vec<NamedSchedule>> {
        let mut all = self.schedules()?;
        all.retain(|there| there.schedule.is_due(now_ms));
        Ok(all)
    }

    /// Says that a run of a schedule begins. False when it was not due any more: another server was first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn begin_scheduled(&self, name: &str, now_ms: u64) -> Result<bool> {
        self.write(|tx| {
            let store = tx.store::<String, Schedule>(SCHEDULES)?;
            let Some(mut schedule) = store.get(name)?.filter(|schedule| schedule.is_due(now_ms))
            else {
                return Ok(false);
            };
            schedule.last_ms = now_ms;
            store.upsert(name, &schedule)?;
            Ok(true)
        })
    }
}
