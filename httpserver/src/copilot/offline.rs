//! The planner over the databases of the server: answers without a model.

use std::time::{SystemTime, UNIX_EPOCH};

use sop_query::sql::Catalog;

use super::seams::{Planned, Planner, PlannerQuestion};
use crate::planner::database::{DatabaseLookup, seen_schema};
use crate::planner::{Circumstances, Day, Memory, NotUnderstood, Understanding, plan};
use crate::security::Capability;

/// Plans questions over the open database.
pub struct Offline;

impl Planner for Offline {
    fn plan(&self, question: &PlannerQuestion<'_>) -> Planned {
        let context = question.context;
        let said = |words: String| Planned {
            said: words,
            ..Planned::default()
        };
        let registry = context.state.registry();
        let visibility = registry.who().visibility();
        let allowed = registry
            .who()
            .check(Capability::Query, Some(&context.database));
        let database = match allowed.and_then(|()| registry.database(&context.database)) {
            Ok(database) => database,
            Err(error) => return said(error.detail().to_owned()),
        };
        let schema = match seen_schema(&database, &context.database, visibility) {
            Ok(schema) => schema,
            Err(error) => return said(format!("The stores cannot be read: {error}.")),
        };
        let catalog = Catalog::new(vec![(context.database.clone(), database)]);
        let lookup = DatabaseLookup::new(context.state.queries().engine(), &catalog, &schema)
            .seen_by(visibility);
        let memory = question.memory.cloned();
        let memory: Option<Memory> = memory.and_then(|memory| serde_json::from_value(memory).ok());
        let circumstances = Circumstances {
            schema: &schema,
            lookup: &lookup,
            today: today(),
            memory: memory.as_ref(),
        };
        match plan(circumstances, question.text) {
            Ok(understood) => planned(understood),
            Err(refused) => Planned {
                // What was understood before is still there for the next question.
                memory: question.memory.cloned(),
                ..not_understood(refused)
            },
        }
    }
}

fn planned(understood: Understanding) -> Planned {
    let alternatives = understood
        .alternatives
        .iter()
        .map(|other| other.said.clone());
    let alternatives = alternatives.collect();
    let memory = understood.memory.as_ref();
    let memory = memory.and_then(|memory| serde_json::to_value(memory).ok());
    let lead = match understood.is_sure() {
        true => "",
        false => "I am not sure that this is what you mean. ",
    };
    Planned {
        said: format!("{lead}{}\n\n", understood.said),
        calls: vec![(understood.call.name, understood.call.args)],
        alternatives,
        memory,
    }
}

fn not_understood(refused: NotUnderstood) -> Planned {
    Planned {
        said: format!(
            "{}\n\nWithout a model I understand plain questions about the stores and fields here.",
            refused.reason
        ),
        alternatives: refused.examples,
        ..Planned::default()
    }
}

/// The day by the system's clock, in UTC.
fn today() -> Day {
    const DAY_SECONDS: u64 = 24 * 60 * 60;
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / DAY_SECONDS);
    Day::EPOCH.plus_days(i64::try_from(days).unwrap_or(0))
}
