//! A stand-in for the server: a few tools over maps in memory, with transactions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sop_systemdb::script::run::{Begin, Event, Fork, RunOptions, RunReport, ScriptHost, run};
use sop_systemdb::script::{Arguments, Program, Script, Tools};
use sop_systemdb::tool::{Column, Table, ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};

pub type Stores = BTreeMap<String, BTreeMap<i64, Value>>;

/// What all forks of a host share.
#[derive(Default)]
pub struct World {
    pub stores: Mutex<Stores>,
    pub calls: Mutex<Vec<String>>,
    pub commits: AtomicU64,
    stop: AtomicBool,
    waiting: AtomicU64,
}

pub struct Host {
    pub world: Arc<World>,
    transaction: RefCell<Option<(Stores, Begin)>>,
    spoiled: Cell<bool>,
}

pub fn specs() -> Vec<ToolSpec> {
    let spec = |name: &str, class, positional: &[&str], parameters: Value| ToolSpec {
        name: name.to_owned(),
        description: format!("Does {name}."),
        class,
        parameters,
        positional: positional.iter().map(|&name| name.to_owned()).collect(),
    };
    let store = json!({"type": "string"});
    vec![
        spec(
            "select",
            ToolClass::Read,
            &["store"],
            json!({"type": "object", "properties": {"store": store, "filter": {"type": "object"}, "fields": {}, "limit": {"type": "integer"}, "database": {"type": "string"}}, "required": ["store"]}),
        ),
        spec(
            "query",
            ToolClass::Read,
            &["sql"],
            json!({"type": "object", "properties": {"sql": {"type": "string"}, "params": {}}, "required": ["sql"]}),
        ),
        spec(
            "insert",
            ToolClass::Write,
            &["store", "key", "value"],
            json!({"type": "object", "properties": {"store": store, "key": {"type": "integer"}, "value": {}}, "required": ["store", "key"]}),
        ),
        spec(
            "half",
            ToolClass::Write,
            &[],
            json!({"type": "object", "properties": {}}),
        ),
        spec(
            "fail",
            ToolClass::Read,
            &[],
            json!({"type": "object", "properties": {}}),
        ),
        spec(
            "wait",
            ToolClass::Read,
            &[],
            json!({"type": "object", "properties": {}}),
        ),
        spec(
            "meet",
            ToolClass::Read,
            &[],
            json!({"type": "object", "properties": {"others": {"type": "integer"}}}),
        ),
    ]
}

pub fn tools() -> Tools {
    Tools::new(specs())
}

fn wrong() -> ToolFault {
    ToolFault::new("invalid_value", "an argument is wrong")
}

impl Host {
    pub fn new() -> Self {
        Self::of(Arc::default())
    }

    fn of(world: Arc<World>) -> Self {
        Self {
            world,
            transaction: RefCell::default(),
            spoiled: Cell::new(false),
        }
    }

    pub fn with(stores: &Value) -> Self {
        let host = Self::new();
        for (name, items) in stores.as_object().unwrap() {
            let items = items.as_object().unwrap().iter();
            let items = items.map(|(key, value)| (key.parse().unwrap(), value.clone()));
            host.world
                .stores
                .lock()
                .unwrap()
                .insert(name.clone(), items.collect());
        }
        host
    }

    pub fn store(&self, name: &str) -> Vec<i64> {
        let stores = self.world.stores.lock().unwrap();
        stores
            .get(name)
            .into_iter()
            .flat_map(|items| items.keys().copied())
            .collect()
    }

    pub fn calls(&self) -> Vec<String> {
        self.world.calls.lock().unwrap().clone()
    }

    fn change<T>(&self, work: impl FnOnce(&mut Stores) -> T) -> T {
        match &mut *self.transaction.borrow_mut() {
            Some((stores, _)) => work(stores),
            None => work(&mut self.world.stores.lock().unwrap()),
        }
    }

    fn select(&self, args: &Value) -> Result<ToolOutput, ToolFault> {
        let name = args["store"].as_str().ok_or_else(wrong)?;
        let filter = args["filter"].as_object().cloned().unwrap_or_default();
        let limit = args["limit"].as_u64().unwrap_or(u64::MAX);
        let rows = self.change(|stores| {
            let items = stores.get(name).cloned().unwrap_or_default().into_iter();
            let fits = items.filter(|(key, value)| {
                filter.iter().all(|(field, wanted)| match field.as_str() {
                    "key" => json!(key) == *wanted,
                    field => value[field] == *wanted,
                })
            });
            let rows = fits.map(|(key, value)| {
                vec![json!(key), value["name"].clone(), value["active"].clone()]
            });
            rows.take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect::<Vec<_>>()
        });
        let columns = ["key", "name", "active"].map(|name| Column {
            name: name.to_owned(),
            kind: "any".to_owned(),
        });
        Ok(ToolOutput {
            summary: format!("{} rows", rows.len()),
            table: Some(Table {
                columns: columns.to_vec(),
                rows,
                truncated: false,
            }),
            statement: Some(format!("SELECT {name}")),
            ..ToolOutput::default()
        })
    }

    fn insert(&self, args: &Value) -> Result<ToolOutput, ToolFault> {
        let name = args["store"].as_str().ok_or_else(wrong)?;
        let key = args["key"].as_i64().ok_or_else(wrong)?;
        let there = self.change(|stores| {
            stores
                .entry(name.to_owned())
                .or_default()
                .contains_key(&key)
        });
        if there {
            return Err(ToolFault::new("key_exists", format!("{name} has {key}")));
        }
        self.change(|stores| {
            let store = stores.entry(name.to_owned()).or_default();
            store.insert(key, args["value"].clone());
        });
        Ok(ToolOutput {
            summary: format!("1 item inserted into {name}"),
            changes: Some(
                json!({"count": 1, "rows": [{"op": "insert", "store": name, "key": key}]}),
            ),
            ..ToolOutput::default()
        })
    }
}

impl ToolHost for Host {
    fn specs(&self) -> Vec<ToolSpec> {
        specs()
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        self.world
            .calls
            .lock()
            .unwrap()
            .push(format!("{name} {args}"));
        match name {
            "select" => self.select(&args),
            "query" => Ok(ToolOutput {
                summary: "asked".to_owned(),
                data: args,
                ..ToolOutput::default()
            }),
            "insert" => self.insert(&args),
            "half" => {
                self.change(|stores| {
                    stores
                        .entry("half".to_owned())
                        .or_default()
                        .insert(1, Value::Null)
                });
                self.spoiled.set(true);
                Err(ToolFault::new("constraint", "it failed in the middle"))
            }
            "fail" => {
                Err(ToolFault::new("broken", "it is broken").suggest(vec!["mend".to_owned()]))
            }
            // Ends when somebody stops it, and never by itself.
            "wait" => {
                self.world.waiting.fetch_add(1, Ordering::SeqCst);
                while !self.world.stop.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                Err(ToolFault::new("cancelled", "it was stopped"))
            }
            // Ends when so many others are in it at once.
            "meet" => {
                let others = args["others"].as_u64().ok_or_else(wrong)?;
                self.world.waiting.fetch_add(1, Ordering::SeqCst);
                while self.world.waiting.load(Ordering::SeqCst) < others {
                    std::thread::yield_now();
                }
                Ok(ToolOutput {
                    data: json!(others),
                    ..ToolOutput::default()
                })
            }
            other => Err(ToolFault::new(
                "tool_not_found",
                format!("there is no tool {other}"),
            )),
        }
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        self.call(name, args)
    }
}

impl ScriptHost for Host {
    fn begin(&self, begin: Begin) -> Result<(), ToolFault> {
        let stores = self.world.stores.lock().unwrap().clone();
        assert!(
            self.transaction.replace(Some((stores, begin))).is_none(),
            "two at once"
        );
        self.spoiled.set(false);
        Ok(())
    }

    fn commit(&self) -> Result<Option<u64>, ToolFault> {
        let (stores, begin) = self.transaction.take().unwrap();
        assert!(!begin.dry_run && !self.spoiled.get());
        *self.world.stores.lock().unwrap() = stores;
        Ok(Some(self.world.commits.fetch_add(1, Ordering::SeqCst) + 1))
    }

    fn rollback(&self) {
        assert!(self.transaction.take().is_some(), "no transaction");
    }

    fn spoiled(&self) -> Option<String> {
        self.spoiled
            .get()
            .then(|| "a part of it cannot be taken back".to_owned())
    }

    fn fork(&self) -> Fork {
        let world = Arc::clone(&self.world);
        let stopped = Arc::clone(&self.world);
        Fork {
            make: Box::new(move || Box::new(Host::of(world))),
            stop: Arc::new(move || stopped.stop.store(true, Ordering::SeqCst)),
        }
    }
}

pub fn script(json: &Value) -> Script {
    let mut json = json.clone();
    let fields = json.as_object_mut().unwrap();
    fields.entry("name").or_insert(json!("demo"));
    Script::from_json(&json).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub fn program(json: &Value) -> Arc<Program> {
    Arc::new(
        Program::compile(&script(json), &tools()).unwrap_or_else(|faults| panic!("{faults:?}")),
    )
}

/// Runs a script and tells what happened, a line for each event.
pub fn play(
    host: &Host,
    json: &Value,
    args: &Value,
    options: &RunOptions<'_>,
) -> (RunReport, Vec<String>) {
    let mut lines = Vec::new();
    let mut sink = |event: Event| {
        lines.push(line(&event));
        ControlFlow::Continue(())
    };
    let given = Arguments::from(args.as_object().unwrap().clone());
    let report = run(&program(json), host, &given, options, &mut sink);
    (report, lines)
}

fn line(event: &Event) -> String {
    let json = serde_json::to_value(event).unwrap();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    match event {
        Event::Started { .. } => format!("started {}", json["args"]),
        Event::StepStarted { .. } => format!("{} {}", text("step"), text("kind")),
        Event::Table { .. } => format!("rows {}", json["rows"]),
        Event::Output { .. } => format!("output {}", text("summary")),
        Event::Said { .. } => format!("said {}", text("text")),
        Event::Paused { .. } => format!("paused {} {}", text("step"), text("reason")),
        Event::Resumed { .. } => format!("resumed {}", text("how")),
        Event::StepFinished { .. } => format!("{} done {}", text("step"), json["rows"]),
        Event::StepFailed { .. } => {
            format!(
                "{} failed {} continues={}",
                text("step"),
                text("code"),
                json["continues"]
            )
        }
        Event::Finished { .. } => format!("finished {}", text("outcome")),
    }
}
