//! Tools about databases and stores: what there is, and making and changing it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop::{Mode as Access, Relation, StoreChange, StoreDefinition, StoreInfo, Transaction};
use sop_systemdb::tool::{Table, ToolClass, ToolFault, ToolOutput};

use super::context::Context;
use super::fault::{at, fault};
use super::result::{column, counted};
use super::tool::{Mode, Tool};
use crate::api::{StoreUpdate, store_as_json};
use crate::error::{ApiResult, explain_json};

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::reading(
            "list_databases",
            "Lists the databases with what they hold.",
            &[],
            list_databases,
        ),
        Tool::reading(
            "list_stores",
            "Lists the stores of a database with their keys and exact counts.",
            &["database"],
            list_stores,
        ),
        Tool::reading(
            "describe_store",
            "Describes a store: key, fields with types, relations, exact count, and its first item.",
            &["store"],
            describe_store,
        ),
        Tool::changing(
            "create_store",
            "Makes a store. The key is {\"type\": \"i64\"} or {\"type\": \"composite\", \"fields\": \
             [{\"name\", \"type\", \"order\"}]}.",
            ToolClass::Admin,
            &["name"],
            create_store,
        ),
        Tool::changing(
            "alter_store",
            "Changes a store: description, relations, cache and schema always, its structure while it is \
             empty. What is left out stays.",
            ToolClass::Admin,
            &["store"],
            alter_store,
        ),
        Tool::changing(
            "drop_store",
            "Drops a store with all its items.",
            ToolClass::Admin,
            &["store"],
            drop_store,
        ),
        Tool::changing(
            "relate",
            "Declares that fields of a store name items of another store, so that joins find their way.",
            ToolClass::Admin,
            &["store", "source_fields", "target_store", "target_fields"],
            relate,
        ),
    ]
}

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn table(columns: &[(&str, &str)], rows: Vec<Vec<Value>>) -> Table {
    let columns = columns.iter().map(|(name, kind)| column(name, kind));
    Table {
        columns: columns.collect(),
        rows,
        truncated: false,
    }
}

fn list_databases(context: &Context, _: Nothing) -> Result<ToolOutput, ToolFault> {
    let registry = context.state.registry();
    let mut rows = Vec::new();
    for entry in registry.list() {
        let read = registry.look(&entry).map_err(|(_, detail)| detail);
        let read = read.and_then(|database| {
            let tx = database
                .begin(Access::Read)
                .map_err(|error| error.to_string())?;
            tx.stores().map_err(|error| error.to_string())
        });
        let is_open = entry.name == context.database;
        rows.push(match read {
            Ok(stores) => {
                let items: u64 = stores.iter().map(|store| store.count).sum();
                let read_only = entry.settings.read_only || entry.held().is_some();
                vec![
                    json!(entry.name),
                    json!(stores.len()),
                    json!(items),
                    json!(read_only),
                    json!(is_open),
                    Value::Null,
                ]
            }
            Err(problem) => vec![
                json!(entry.name),
                Value::Null,
                Value::Null,
                json!(true),
                json!(is_open),
                json!(problem),
            ],
        });
    }
    let columns = [
        ("name", "string"),
        ("stores", "integer"),
        ("items", "integer"),
        ("read_only", "bool"),
        ("open", "bool"),
        ("problem", "string"),
    ];
    Ok(ToolOutput {
        summary: counted(rows.len() as u64, "database"),
        table: Some(table(&columns, rows)),
        ..ToolOutput::default()
    })
}

/// Arguments of `list_stores`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListStores {
    /// The database; the open one when missing.
    database: Option<String>,
}

fn list_stores(context: &Context, args: ListStores) -> Result<ToolOutput, ToolFault> {
    let database = context.database(args.database.as_deref())?;
    let engine = |error: sop::Error| fault(error.into());
    let tx = database.begin(Access::Read).map_err(engine)?;
    let rows = tx.stores().map_err(engine)?;
    // Saved selects are no store to people.
    let rows = rows
        .iter()
        .filter(|info| info.definition.name != sop_query::sql::VIEWS_STORE);
    let rows = rows.map(|info| {
        let definition = &info.definition;
        let key = serde_json::to_value(&definition.key).unwrap_or_default();
        vec![
            json!(definition.name),
            key,
            json!(info.count),
            json!(info.bytes),
            json!(definition.description),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let columns = [
        ("name", "string"),
        ("key", "json"),
        ("count", "integer"),
        ("bytes", "integer"),
        ("description", "string"),
    ];
    Ok(ToolOutput {
        summary: counted(rows.len() as u64, "store"),
        table: Some(table(&columns, rows)),
        ..ToolOutput::default()
    })
}

/// Arguments of `describe_store` and `drop_store`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneStore {
    /// The store.
    store: String,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn info(tx: &Transaction, name: &str) -> Result<StoreInfo, ToolFault> {
    let store = tx.documents(name).map_err(|error| at(error, "/store"))?;
    store.info().map_err(|error| fault(error.into()))
}

fn describe_store(context: &Context, args: OneStore) -> Result<ToolOutput, ToolFault> {
    let database = context.database(args.database.as_deref())?;
    let tx = database
        .begin(Access::Read)
        .map_err(|error| fault(error.into()))?;
    let info = info(&tx, &args.store)?;
    let data = store_as_json(&tx, &context.seen(args.database.as_deref()), &info).map_err(fault)?;
    Ok(ToolOutput {
        summary: format!("{}: {}", args.store, counted(info.count, "item")),
        data,
        ..ToolOutput::default()
    })
}

/// Does `work` in a transaction; proposed, what it did is thrown away.
fn define<T>(
    context: &Context,
    database: Option<&str>,
    mode: Mode,
    work: impl FnOnce(&Transaction) -> ApiResult<T>,
) -> Result<T, ToolFault> {
    let database = context.writable(database, mode)?;
    let engine = |error: sop::Error| fault(error.into());
    let tx = database.begin(Access::Write).map_err(engine)?;
    let done = work(&tx).map_err(fault)?;
    if mode == Mode::Call {
        tx.commit().map_err(engine)?;
    }
    Ok(done)
}

fn definition_of(tx: &Transaction, name: &str) -> ApiResult<Value> {
    let info = tx.documents(name)?.info()?;
    Ok(serde_json::to_value(&*info.definition).unwrap_or_default())
}

/// What becomes of a store's definition.
fn defined(
    context: &Context,
    database: Option<&str>,
    store: &str,
    (before, after): (Value, Value),
    summary: String,
) -> ToolOutput {
    let database = context.database_name(database);
    let definition =
        json!({"database": database, "store": store, "before": before, "after": after});
    ToolOutput {
        summary,
        changes: Some(json!({"count": 0, "rows": [], "definitions": [definition]})),
        ..ToolOutput::default()
    }
}

fn words(mode: Mode, what: &str) -> String {
    match mode {
        Mode::Call => what.to_owned(),
        Mode::Propose => format!("would be: {what}"),
    }
}

/// Arguments of `create_store`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateStore {
    /// Its name.
    name: String,
    /// Its key; `{"type": "i64"}` when missing.
    key: Option<Value>,
    /// For people.
    description: Option<String>,
    /// Whether a key occurs at most once; true when missing.
    unique: Option<bool>,
    /// Fields of the values: `{"declared": true, "fields": [{"name", "type", "required"}]}`.
    schema: Option<Value>,
    /// `[{"source_fields", "target_store", "target_fields"}]`.
    relations: Option<Vec<Value>>,
    /// Where values lie: `node` or `segment`.
    placement: Option<String>,
    /// Most items in a stored node.
    slot_length: Option<u32>,
    /// Whether a full leaf gives items to its neighbour before it splits.
    leaf_load_balancing: Option<bool>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn create_store(context: &Context, args: CreateStore, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let mut wanted = Map::new();
    wanted.insert("name".to_owned(), json!(args.name));
    let key = args.key.unwrap_or_else(|| json!({"type": "i64"}));
    wanted.insert("key".to_owned(), key);
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            wanted.insert(name.to_owned(), value);
        }
    };
    put("description", args.description.map(Value::from));
    put("unique", args.unique.map(Value::from));
    put("schema", args.schema);
    put("relations", args.relations.map(Value::from));
    put("placement", args.placement.map(Value::from));
    put("slot_length", args.slot_length.map(Value::from));
    put(
        "leaf_load_balancing",
        args.leaf_load_balancing.map(Value::from),
    );
    let definition: StoreDefinition = typed(Value::Object(wanted))?;
    let database = args.database.as_deref();
    let after = define(context, database, mode, |tx| {
        tx.create_store(definition)?;
        definition_of(tx, &args.name)
    })?;
    let summary = words(mode, &format!("store '{}' created", args.name));
    Ok(defined(
        context,
        database,
        &args.name,
        (Value::Null, after),
        summary,
    ))
}

/// Reads a part of the arguments that is described elsewhere.
fn typed<T: serde::de::DeserializeOwned>(json: Value) -> Result<T, ToolFault> {
    let text = json.to_string();
    let mut source = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut source).map_err(|error| fault(explain_json(&error)))
}

/// Arguments of `alter_store`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AlterStore {
    /// The store.
    store: String,
    /// What changes: `{"description", "relations", "cache", "schema", "key", "unique", "slot_length",
    /// "leaf_load_balancing", "placement"}`.
    change: Map<String, Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn alter_store(context: &Context, args: AlterStore, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let update: StoreUpdate = typed(Value::Object(args.change)).map_err(|mut fault| {
        fault.at = fault.at.map(|at| format!("/change{at}"));
        fault
    })?;
    let database = args.database.as_deref();
    let change = define(context, database, mode, |tx| {
        let before = definition_of(tx, &args.store)?;
        update.apply(tx, &args.store)?;
        Ok((before, definition_of(tx, &args.store)?))
    })?;
    let summary = words(mode, &format!("store '{}' changed", args.store));
    Ok(defined(context, database, &args.store, change, summary))
}

fn drop_store(context: &Context, args: OneStore, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let database = args.database.as_deref();
    let (before, count) = define(context, database, mode, |tx| {
        let before = definition_of(tx, &args.store)?;
        let count = tx.documents(&args.store)?.len()?;
        tx.drop_store(&args.store)?;
        Ok((before, count))
    })?;
    let items = counted(count, "item");
    let summary = words(
        mode,
        &format!("store '{}' dropped with {items}", args.store),
    );
    let mut output = defined(
        context,
        database,
        &args.store,
        (before, Value::Null),
        summary,
    );
    if let Some(changes) = &mut output.changes {
        changes["count"] = count.into();
    }
    Ok(output)
}

/// Arguments of `relate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Relate {
    /// The store whose fields name the others' items.
    store: String,
    /// Those fields.
    source_fields: super::arguments::Names,
    /// The store that they point into.
    target_store: String,
    /// The fields there that they equal.
    target_fields: super::arguments::Names,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn relate(context: &Context, args: Relate, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let relation: Relation = typed(json!({
        "source_fields": args.source_fields.list(),
        "target_store": args.target_store,
        "target_fields": args.target_fields.list(),
    }))?;
    let database = args.database.as_deref();
    let change = define(context, database, mode, |tx| {
        let info = tx.documents(&args.store)?.info()?;
        tx.documents(&args.target_store)?;
        let before = serde_json::to_value(&*info.definition).unwrap_or_default();
        let mut relations = info.definition.relations.clone();
        if !relations.contains(&relation) {
            relations.push(relation);
        }
        let change = StoreChange {
            relations: Some(relations),
            ..StoreChange::default()
        };
        tx.alter_store(&args.store, change)?;
        Ok((before, definition_of(tx, &args.store)?))
    })?;
    let words = words(
        mode,
        &format!("{} is related to {}", args.store, args.target_store),
    );
    Ok(defined(context, database, &args.store, change, words))
}
