//! Small stores whose answers one can tell by looking: users with a key of three fields, departments and employees,
//! and projects with a store that links employees to them.

use super::{Dataset, StoreData, item, key, relation};
use serde_json::{Value, json};
use sop::{FieldType, KeyField, KeySpec, KeyType, Relation, Schema, SchemaField};

pub fn dataset() -> Dataset {
    let id = |name: &str| key(&[(name, KeyType::I64)]);
    let users = key(&[
        ("id", KeyType::I64),
        ("group", KeyType::String),
        ("role", KeyType::String),
    ]);
    let levels = KeySpec::composite(
        vec![
            KeyField::new("dept", KeyType::String),
            KeyField::new("level", KeyType::I64).descending(),
        ],
        Vec::new(),
    )
    .unwrap();
    let works = key(&[("emp_id", KeyType::I64), ("project", KeyType::String)]);
    Dataset {
        stores: vec![
            store("users", users, vec![], user_rows()),
            store("departments", id("id"), vec![], department_rows()),
            store(
                "employees",
                id("id"),
                vec![
                    relation("dept_id", "departments", "id"),
                    relation("boss", "employees", "id"),
                ],
                employee_rows(),
            ),
            store("grades", levels, vec![], grade_rows()),
            store(
                "projects",
                key(&[("code", KeyType::String)]),
                vec![],
                project_rows(),
            ),
            store(
                "works_on",
                works,
                vec![
                    relation("emp_id", "employees", "id"),
                    relation("project", "projects", "code"),
                ],
                works_rows(),
            ),
            StoreData::new("words", KeySpec::single(KeyType::String), vec![], words()),
            store("empty", id("id"), vec![], vec![]),
            accounts(id("id")),
        ],
    }
}

fn store(name: &str, key: KeySpec, relations: Vec<Relation>, rows: Vec<Value>) -> StoreData {
    let items = rows.into_iter().map(|row| item(&key, row)).collect();
    StoreData::new(name, key, relations, items)
}

/// Without items, with fields that are declared.
fn accounts(key: KeySpec) -> StoreData {
    let field = |name: &str, kind, required| SchemaField {
        name: name.to_owned(),
        kind,
        required,
    };
    let mut store = store("accounts", key, vec![], vec![]);
    store.definition.schema = Schema {
        declared: true,
        fields: vec![
            field("name", FieldType::String, true),
            field("age", FieldType::Integer, false),
        ],
    };
    store
}

fn user_rows() -> Vec<Value> {
    let user = |id: i64, name: &str, role: &str, group: &str| json!({"id": id, "group": group, "role": role, "name": name});
    vec![
        user(1, "Alice", "admin", "A"),
        user(2, "Bob", "user", "A"),
        user(3, "Charlie", "admin", "B"),
        user(4, "Dave", "user", "B"),
        user(5, "Eve", "guest", "A"),
    ]
}

fn department_rows() -> Vec<Value> {
    vec![
        json!({"id": 1, "name": "Sales", "region": "north", "budget": 1000}),
        json!({"id": 2, "name": "Engineering", "region": "south", "budget": 5000.5}),
        json!({"id": 3, "name": "Support", "region": "north"}),
        json!({"id": 4, "name": "Legal", "region": null, "budget": null}),
    ]
}

fn employee_rows() -> Vec<Value> {
    vec![
        json!({"id": 1, "name": "Ann", "dept": "Engineering", "dept_id": 2, "region": "south", "level": 3, "salary": 120, "hired": "2019-03-01", "active": true}),
        json!({"id": 2, "name": "Ben", "dept": "Engineering", "dept_id": 2, "region": "north", "level": 2, "salary": 100, "boss": 1, "hired": "2020-07-15", "active": true}),
        json!({"id": 3, "name": "Cid", "dept": "Sales", "dept_id": 1, "region": "north", "level": 2, "salary": 80, "boss": 1, "hired": "2020-01-31", "active": false}),
        json!({"id": 4, "name": "Dot", "dept": "Sales", "dept_id": 1, "region": "south", "level": 1, "salary": 60.5, "boss": 3, "hired": "2021-11-11", "active": true}),
        json!({"id": 5, "name": "Eli", "dept": "Support", "dept_id": 3, "region": "north", "level": 1, "salary": null, "boss": 3, "hired": "2022-02-28"}),
        json!({"id": 6, "name": "Fay", "dept": "Temp", "dept_id": 9, "level": 1, "boss": 2, "hired": "2022-02-28", "active": null}),
        json!({"id": 7, "name": "Gus", "level": 1, "salary": 40, "active": false}),
    ]
}

fn grade_rows() -> Vec<Value> {
    vec![
        json!({"dept": "Engineering", "level": 3, "title": "Principal"}),
        json!({"dept": "Engineering", "level": 2, "title": "Engineer"}),
        json!({"dept": "Sales", "level": 2, "title": "Account Manager"}),
        json!({"dept": "Sales", "level": 1, "title": "Associate"}),
        json!({"dept": "Legal", "level": 1, "title": "Clerk"}),
    ]
}

fn project_rows() -> Vec<Value> {
    vec![
        json!({"code": "apollo", "title": "Apollo", "budget": 300}),
        json!({"code": "borealis", "title": "Borealis", "budget": 200}),
        json!({"code": "comet", "title": "Comet"}),
    ]
}

fn works_rows() -> Vec<Value> {
    vec![
        json!({"emp_id": 1, "project": "apollo", "hours": 10}),
        json!({"emp_id": 1, "project": "borealis", "hours": 5}),
        json!({"emp_id": 2, "project": "apollo", "hours": 20}),
        json!({"emp_id": 4, "project": "borealis", "hours": 1}),
        json!({"emp_id": 8, "project": "apollo", "hours": 2}),
    ]
}

/// Values that are no objects.
fn words() -> Vec<(Value, Value)> {
    vec![
        (json!("apple"), json!(1)),
        (json!("banana"), json!("two")),
        (json!("cherry"), json!(3.5)),
        (json!("date"), json!(null)),
        (json!("elder"), json!([1, 2])),
        (json!("fig"), json!(true)),
    ]
}
