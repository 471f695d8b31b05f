//! The databases that the questions are about, in memory.

use std::sync::Arc;

use serde_json::{Map, Value};
use sop::vfs::SimVfs;
use sop::{Database, Document, KeyField, KeySpec, KeyType, OpenOptions, Relation, StoreDefinition};
use sop_httpserver::planner::{Day, Schema, database};
use sop_query::sql::{Catalog, EngineOptions, QueryEngine};

use crate::data::chinook;

/// A database and what is known of it.
pub struct Subject {
    pub catalog: Catalog,
    pub engine: QueryEngine,
    pub schema: Schema,
    pub db: Database,
    pub today: Day,
}

impl Subject {
    /// The database of a name; `None` with a message when its data is not there.
    pub fn open(name: &str) -> Option<Self> {
        let options = OpenOptions::new()
            .vfs(Arc::new(SimVfs::new()))
            .background(false);
        let db = options.open("/db").unwrap();
        fill(name, &db)?;
        let today = match name {
            "chinook" => "2025-12-10",
            _ => "2024-12-15",
        };
        Some(Self {
            catalog: Catalog::new(vec![(name.to_owned(), db.clone())]),
            engine: QueryEngine::new(EngineOptions::default()),
            schema: database::schema(&db, name).unwrap(),
            db,
            today: Day::parse(today).unwrap(),
        })
    }
}

/// Fills a database with what its name says; `None` with a message when that is not there.
pub fn fill(name: &str, db: &Database) -> Option<()> {
    match name {
        "chinook" => fill_chinook(db),
        _ => {
            sop_httpserver::demo::fill(db).unwrap();
            Some(())
        }
    }
}

fn fill_chinook(db: &Database) -> Option<()> {
    let file = chinook::file()?;
    let folder = file.parent()?;
    for (name, key, references) in chinook::TABLES {
        let fields = key
            .iter()
            .map(|field| KeyField::new(*field, KeyType::I64))
            .collect();
        let spec = KeySpec::composite(fields, Vec::new()).unwrap();
        let relations = references.iter().map(|(field, target)| Relation {
            source_fields: vec![(*field).to_owned()],
            target_store: (*target).to_owned(),
            target_fields: vec![format!("{target}Id")],
        });
        let definition = StoreDefinition {
            relations: relations.collect(),
            ..StoreDefinition::new(name, spec.clone())
        };
        let text = std::fs::read_to_string(folder.join(format!("{name}.ndjson"))).unwrap();
        db.transact(|tx| {
            tx.create_store(definition.clone())?;
            let store = tx.documents(name)?;
            for line in text.lines() {
                let row: Map<String, Value> = serde_json::from_str(line).unwrap();
                // What was NULL is empty text in these files.
                let row = row.into_iter().filter(|(_, value)| value != "");
                let (of_key, rest): (Map<_, _>, Map<_, _>) =
                    row.partition(|(field, _)| key.contains(&field.as_str()));
                let item = spec.key_from_json(&Value::Object(of_key)).unwrap();
                store.insert(&item, &Document::from_value(&Value::Object(rest)).unwrap())?;
            }
            Ok(())
        })
        .unwrap();
    }
    Some(())
}
