//! The cases about queries that a user would try first.

use super::*;

fn names(fixture: &Fixture, filter: &Json) -> Vec<Json> {
    let rows = fixture.rows(&json!({
        "store": "users", "filter": filter, "fields": ["name"], "order_by": ["key"],
    }));
    rows.into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn filters_on_fields_of_the_key() {
    let fixture = users();
    for (filter, expected) in [
        (json!({"group": "A"}), json!(["Alice", "Bob", "Eve"])),
        (json!({"role": "admin"}), json!(["Alice", "Charlie"])),
        (json!({"group": "A", "role": "admin"}), json!(["Alice"])),
        (json!({"group": "C"}), json!([])),
        (
            json!({"key": {"id": 4, "group": "B", "role": "user"}}),
            json!(["Dave"]),
        ),
        (json!({"key": [4, "B", "user"]}), json!(["Dave"])),
        (json!({"key": {"id": 4}}), json!([])),
        (
            json!({"key": {"$in": [[1, "A", "admin"], {"id": 2, "group": "A", "role": "user"}]}}),
            json!(["Alice", "Bob"]),
        ),
    ] {
        assert_eq!(json!(names(&fixture, &filter)), expected, "{filter}");
    }
}

#[test]
fn fields_have_the_names_and_the_order_that_they_are_given() {
    let fixture = users();
    let compiled = fixture
        .compile(&json!({
            "store": "users", "fields": ["id AS employee_id", "name as full_name", "dept"],
            "order_by": ["full_name desc"], "limit": 2, "offset": 1,
        }))
        .unwrap();
    assert_eq!(
        compiled.sql,
        r#"SELECT "id" AS "employee_id", "name" AS "full_name", "dept" FROM "users" ORDER BY "full_name" DESC LIMIT ? OFFSET ?"#
    );
    let (names, rows) = fixture.run(&compiled);
    assert_eq!(names, ["employee_id", "full_name", "dept"]);
    assert_eq!(
        rows,
        [
            json!([4, "Dave", "dept B"]),
            json!([3, "Charlie", "dept B"])
        ]
    );
}

#[test]
fn the_order_of_the_key_both_ways() {
    let fixture = Fixture::new();
    let fields = vec![
        KeyField::new("a", KeyType::String),
        KeyField::new("b", KeyType::I64).descending(),
    ];
    assert_eq!(fields[1].order, Order::Desc);
    let key = KeySpec::composite(fields, Vec::new()).unwrap();
    let items = [("x", 1), ("x", 2), ("y", 1)];
    let items = items.map(|(a, b)| (json!({"a": a, "b": b}), json!({})));
    fixture.create(store("s", key, &[]), &items);
    let select = |order: &str| json!({"store": "s", "fields": ["a", "b"], "order_by": order});
    let rows = fixture.rows(&select("key"));
    assert_eq!(json!(rows), json!([["x", 2], ["x", 1], ["y", 1]]));
    let rows = fixture.rows(&select("key desc"));
    assert_eq!(json!(rows), json!([["y", 1], ["x", 1], ["x", 2]]));
}

/// Departments, employees and what links them to projects.
fn company() -> Fixture {
    let fixture = Fixture::new();
    let single = || KeySpec::single(KeyType::I64);
    let departments = [
        (json!(1), json!({"title": "Sales", "site": "Rome"})),
        (json!(2), json!({"title": "Support", "site": "Oslo"})),
        (json!(3), json!({"title": "Empty", "site": "Oslo"})),
    ];
    fixture.create(store("departments", single(), &[]), &departments);
    let employees = [
        (
            json!({"id": 1}),
            json!({"name": "Ann", "dept": 1, "city": "Rome"}),
        ),
        (
            json!({"id": 2}),
            json!({"name": "Ben", "dept": 1, "city": "Oslo", "boss": 1}),
        ),
        (
            json!({"id": 3}),
            json!({"name": "Cy", "dept": 2, "city": "Oslo", "boss": 1}),
        ),
        (
            json!({"id": 4}),
            json!({"name": "Di", "dept": 9, "city": "Rome", "boss": 2}),
        ),
    ];
    let relations = [
        relation(&["dept"], "departments", &["key"]),
        relation(&["boss"], "employees", &["id"]),
    ];
    let key = composite(&[("id", KeyType::I64)]);
    fixture.create(store("employees", key, &relations), &employees);
    fixture.create(
        store("projects", single(), &[]),
        &[
            (json!(7), json!({"label": "Atlas"})),
            (json!(8), json!({"label": "Bora"})),
        ],
    );
    let key = composite(&[("employee", KeyType::I64), ("project", KeyType::I64)]);
    let relations = [
        relation(&["employee"], "employees", &["id"]),
        relation(&["project"], "projects", &["key"]),
    ];
    let links = [(1, 7), (2, 7), (2, 8)];
    let links = links
        .map(|(employee, project)| (json!({"employee": employee, "project": project}), json!({})));
    fixture.create(store("assignments", key, &relations), &links);
    fixture
}

#[test]
fn joins_on_fields_of_all_types() {
    let fixture = company();
    for (kind, expected) in [
        (
            "inner",
            json!([["Ann", "Sales"], ["Ben", "Sales"], ["Cy", "Support"]]),
        ),
        (
            "left",
            json!([
                ["Ann", "Sales"],
                ["Ben", "Sales"],
                ["Cy", "Support"],
                ["Di", null]
            ]),
        ),
        (
            "right",
            json!([
                [null, "Empty"],
                ["Ann", "Sales"],
                ["Ben", "Sales"],
                ["Cy", "Support"]
            ]),
        ),
        (
            "full",
            json!([
                [null, "Empty"],
                ["Ann", "Sales"],
                ["Ben", "Sales"],
                ["Cy", "Support"],
                ["Di", null]
            ]),
        ),
    ] {
        let rows = fixture.rows(&json!({
            "store": "employees", "fields": ["name", "title"],
            "join": [{"store": "departments", "on": {"dept": "key"}, "type": kind}],
            "order_by": ["name"],
        }));
        assert_eq!(json!(rows), expected, "{kind}");
    }
}

#[test]
fn joins_on_two_fields() {
    let fixture = company();
    let compiled = fixture
        .compile(&json!({
            "store": "employees", "fields": ["name", "d.title"],
            "join": [{"store": "departments", "alias": "d", "on": {"dept": "key", "employees.city": "site"}}],
            "order_by": "name",
        }))
        .unwrap();
    assert_eq!(
        compiled.sql,
        concat!(
            r#"SELECT "employees"."name" AS "name", "d"."title" AS "title" FROM "employees" "#,
            r#"JOIN "departments" AS "d" ON "employees"."dept" = "d"."key" AND "employees"."city" = "d"."site" "#,
            r#"ORDER BY "employees"."name""#
        )
    );
    assert_eq!(
        json!(fixture.run(&compiled).1),
        json!([["Ann", "Sales"], ["Cy", "Support"]])
    );
}

#[test]
fn a_relation_joins_in_both_directions() {
    let fixture = company();
    for (from, to) in [("employees", "departments"), ("departments", "employees")] {
        let document = json!({
            "store": from, "fields": ["name", "title"], "join": [{"store": to}], "order_by": ["name"],
        });
        let compiled = fixture.compile(&document).unwrap();
        let note = format!("joined {to} by the relation departments.key = employees.dept");
        assert_eq!(compiled.notes, [note]);
        let rows = fixture.run(&compiled).1;
        assert_eq!(
            json!(rows),
            json!([["Ann", "Sales"], ["Ben", "Sales"], ["Cy", "Support"]])
        );
    }
}

#[test]
fn a_chain_through_a_link_store() {
    let fixture = company();
    let rows = fixture.rows(&json!({
        "store": "departments", "fields": ["title", "name", "label"],
        "join": [{"store": "employees"}, {"store": "assignments"}, {"store": "projects"}],
        "order_by": ["name", "label desc"],
    }));
    let expected = json!([
        ["Sales", "Ann", "Atlas"],
        ["Sales", "Ben", "Bora"],
        ["Sales", "Ben", "Atlas"],
    ]);
    assert_eq!(json!(rows), expected);
}

#[test]
fn a_store_joined_with_itself() {
    let fixture = company();
    let select = |on: Json| {
        json!({
            "store": "employees", "alias": "e", "fields": ["e.name AS name", "b.name AS boss"],
            "join": [{"store": "employees", "alias": "b", "type": "left", "on": on}],
            "order_by": ["e.id"],
        })
    };
    let rows = fixture.rows(&select(json!({"e.boss": "id"})));
    let expected = json!([["Ann", null], ["Ben", "Ann"], ["Cy", "Ann"], ["Di", "Ben"]]);
    assert_eq!(json!(rows), expected);
    let error = fixture.compile(&select(Json::Null)).unwrap_err();
    assert_eq!(error.fault, Fault::AmbiguousRelation);
    assert_eq!(error.suggestions, ["b.id = e.boss", "b.boss = e.id"]);
}

#[test]
fn stores_without_one_relation_are_refused_with_what_would_do() {
    let fixture = company();
    let error = fixture
        .compile(&json!({"store": "departments", "join": [{"store": "projects"}]}))
        .unwrap_err();
    assert_eq!(error.fault, Fault::NoRelation);
    assert_eq!(error.pointer, "/join/0");
    // Rows that only one of the two steps would keep.
    let join = json!([{"store": "projects", "type": "full"}]);
    let error = fixture
        .compile(&json!({"store": "employees", "join": join}))
        .unwrap_err();
    assert_eq!(error.fault, Fault::NoRelation);
    assert!(error.detail.contains("join assignments first"), "{error}");
    // Two stores that link: both ways are named.
    let relations = [
        relation(&["employee"], "employees", &["id"]),
        relation(&["project"], "projects", &["key"]),
    ];
    let key = composite(&[("employee", KeyType::I64), ("project", KeyType::I64)]);
    fixture.create(store("reviews", key, &relations), &[]);
    let error = fixture
        .compile(&json!({"store": "employees", "join": [{"store": "projects"}]}))
        .unwrap_err();
    assert_eq!(error.fault, Fault::AmbiguousRelation);
    assert_eq!(error.suggestions.len(), 2);
    for link in ["assignments.", "reviews."] {
        assert!(error.detail.contains(link), "{error}");
    }
}

#[test]
fn the_one_store_between_two_joins_them() {
    let fixture = company();
    let select = |first: &str, second: &str, kind: &str| {
        json!({
            "store": first, "join": [{"store": second, "type": kind}],
            "fields": ["name", "label"], "order_by": ["name", "label desc"],
        })
    };
    let linked = json!([["Ann", "Atlas"], ["Ben", "Bora"], ["Ben", "Atlas"]]);
    for (first, second) in [("employees", "projects"), ("projects", "employees")] {
        let rows = fixture.rows(&select(first, second, "inner"));
        assert_eq!(json!(rows), linked, "{first} {second}");
    }
    let rows = fixture.rows(&select("employees", "projects", "left"));
    assert_eq!(json!(rows[3..]), json!([["Cy", null], ["Di", null]]));
    let whole = json!({"store": "employees", "join": [{"store": "projects"}]});
    let compiled = fixture.compile(&whole).unwrap();
    assert!(
        compiled.notes[0].contains("through assignments"),
        "{:?}",
        compiled.notes
    );
    // What only links is not in the result.
    let start = "SELECT \"employees\".*, \"projects\".* FROM ";
    assert!(compiled.sql.starts_with(start), "{}", compiled.sql);
    // Only the two are named: what lies between is found.
    let tx = fixture.database.db.begin(Mode::Read).unwrap();
    let schema = Schema::for_document(&[("main", &tx)], &whole).unwrap();
    assert_eq!(compile(&whole, &schema).unwrap().sql, compiled.sql);
}

#[test]
fn six_stores_in_a_chain() {
    let fixture = Fixture::new();
    for number in 1..=6 {
        let relations: Vec<Relation> = (number > 1)
            .then(|| relation(&["up"], &format!("s{}", number - 1), &["key"]))
            .into_iter()
            .collect();
        let items: Vec<(Json, Json)> = (0..3)
            .map(|item| {
                (
                    json!(item),
                    json!({"up": item, format!("f{number}"): number * 10 + item}),
                )
            })
            .collect();
        let key = KeySpec::single(KeyType::I64);
        fixture.create(store(&format!("s{number}"), key, &relations), &items);
    }
    let join: Vec<Json> = (2..=6)
        .map(|number| json!({"store": format!("s{number}")}))
        .collect();
    let rows = fixture.rows(&json!({
        "store": "s1", "join": join, "filter": {"s6.key": {"$gte": 1}},
        "fields": ["f1", "f3", "f6"], "order_by": "f6",
    }));
    assert_eq!(json!(rows), json!([[11, 31, 61], [12, 32, 62]]));
}
