//! Select and write documents as text, and what they give.

use super::*;

fn orders() -> Fixture {
    let fixture = Fixture::new();
    let key = composite(&[("no", KeyType::I64)]);
    let items = [
        (1, "de", 10.0, json!(["x"])),
        (2, "de", 5.0, json!([])),
        (3, "fr", 2.5, json!(["x", "y"])),
        (4, "fr", 2.5, json!(null)),
        (5, "it", 40.0, json!(["z"])),
    ];
    let items = items.map(|(no, country, total, tags)| {
        (
            json!({"no": no}),
            json!({"country": country, "total": total, "tags": tags, "at": {"city": country}}),
        )
    });
    fixture.create(store("orders", key, &[]), &items);
    fixture
}

#[test]
fn statements_as_text() {
    let orders = orders();
    for (document, sql, params, expected) in [
        (
            json!({"store": "orders", "group_by": ["country"], "aggregates": ["count(*) AS n", "SUM(total) as sum"],
                   "having": {"n": {"$gt": 1}, "country": {"$ne": "x"}}, "order_by": ["sum desc", "country"]}),
            r#"SELECT "country", count(*) AS "n", sum("total") AS "sum" FROM "orders" GROUP BY "country" HAVING count(*) > ? AND ("country" = ?) IS NOT TRUE ORDER BY "sum" DESC, "country""#,
            r#"1 "x""#,
            json!([["de", 2, 15.0], ["fr", 2, 5.0]]),
        ),
        (
            json!({"store": "orders", "aggregates": ["count(distinct country)", "min(total) AS low", "avg(total)"]}),
            r#"SELECT count(DISTINCT "country") AS "count(distinct country)", min("total") AS "low", avg("total") AS "avg(total)" FROM "orders""#,
            "",
            json!([[3, 2.5, 12.0]]),
        ),
        (
            json!({"store": "orders", "fields": ["upper(country) AS \"the country\""], "distinct": true, "order_by": ["the country"], "offset": 1}),
            r#"SELECT DISTINCT upper("country") AS "the country" FROM "orders" ORDER BY "the country" LIMIT -1 OFFSET ?"#,
            "1",
            json!([["FR"], ["IT"]]),
        ),
        (
            json!({"store": "orders", "fields": ["upper(country) as c", "count(*)"], "group_by": ["c"], "order_by": ["count(*) desc", "c DESC"]}),
            r#"SELECT upper("country") AS "c", count(*) AS "count(*)" FROM "orders" GROUP BY upper("country") ORDER BY count(*) DESC, "c" DESC"#,
            "",
            json!([["FR", 2], ["DE", 2], ["IT", 1]]),
        ),
        (
            json!({"store": "orders", "fields": ["no", "_version"], "filter": {"country": "it"}}),
            r#"SELECT "no", "_version" FROM "orders" WHERE "country" = ?"#,
            r#""it""#,
            json!([[5, 1]]),
        ),
        (
            json!({"store": "orders", "fields": ["no", "at.city AS city"], "filter": {"at.city": "it"}}),
            r#"SELECT "no", "at.city" AS "city" FROM "orders" WHERE "at.city" = ?"#,
            r#""it""#,
            json!([[5, "it"]]),
        ),
        (
            json!({"store": "orders", "fields": ["no"], "filter": {"tags": "x"}, "order_by": "no desc nulls last"}),
            r#"SELECT "no" FROM "orders" WHERE EXISTS (SELECT 1 FROM json_each("orders"."tags", ?) AS "element 1" WHERE "element 1"."value" = ?) ORDER BY "no" DESC NULLS LAST"#,
            r#""$" "x""#,
            json!([[3], [1]]),
        ),
    ] {
        let compiled = orders.compile(&document).unwrap();
        assert_eq!(compiled.sql, sql);
        assert_eq!(shown(&compiled.params), params);
        assert!(!compiled.writes);
        assert_eq!(json!(orders.run(&compiled).1), expected, "{sql}");
    }
}

#[test]
fn writes_as_text() {
    let orders = orders();
    let connection = orders.sqlite();
    for (document, sql, params) in [
        (
            json!({"insert": "orders", "items": [{"key": {"no": 9}, "value": {"country": "es"}}, {"key": [10]}]}),
            r#"INSERT INTO "orders" ("key", "value") VALUES (?, ?), (?, ?)"#,
            r#"json {"no":9} json {"country":"es"} json [10] null"#,
        ),
        (
            json!({"update": "orders", "filter": {"no": 1}, "set": {"country": "at", "tags": ["q"], "at.city": null}}),
            r#"UPDATE "orders" SET "country" = ?, "tags" = ?, "at.city" = ? WHERE "no" = ?"#,
            r#""at" json ["q"] null 1"#,
        ),
        (
            json!({"update": "orders", "filter": {}, "set": {"value": {"country": "at"}}}),
            r#"UPDATE "orders" SET "value" = ?"#,
            r#"json {"country":"at"}"#,
        ),
        (
            json!({"delete": "orders", "filter": {"no": {"$in": [1, 2]}}}),
            r#"DELETE FROM "orders" WHERE "no" IN (?, ?)"#,
            "1 2",
        ),
        (
            json!({"delete": "orders", "filter": {}}),
            r#"DELETE FROM "orders""#,
            "",
        ),
    ] {
        let compiled = orders.compile(&document).unwrap();
        assert_eq!(compiled.sql, sql);
        assert_eq!(shown(&compiled.params), params);
        assert!(compiled.writes);
        connection.prepare(sql).unwrap();
    }
    let both = json!({"update": "orders", "filter": {}, "set": {"at": {}, "at.city": 1}});
    assert!(
        orders
            .compile(&both)
            .unwrap_err()
            .detail
            .contains("one holds the other")
    );
}

#[test]
fn stores_of_other_databases() {
    let (one, two) = (orders(), orders());
    let databases = [&one, &two].map(|fixture| fixture.database.db.begin(Mode::Read).unwrap());
    let [first, second] = &databases;
    let document = json!({
        "store": "orders", "alias": "a", "fields": ["a.no"],
        "join": [{"store": "other.orders", "alias": "b", "on": {"no": "no"}}],
    });
    let schema = Schema::for_document(&[("main", first), ("other", second)], &document).unwrap();
    let compiled = compile(&document, &schema).unwrap();
    assert_eq!(
        compiled.sql,
        r#"SELECT "a"."no" AS "no" FROM "orders" AS "a" JOIN "other"."orders" AS "b" ON "a"."no" = "b"."no""#
    );
    let main = compile(&json!({"store": "main.orders"}), &schema).unwrap();
    assert_eq!(main.sql, r#"SELECT * FROM "orders""#);
    let error = compile(&json!({"store": "other.order"}), &schema).unwrap_err();
    assert_eq!(error.suggestions, ["other.orders"]);
}

#[test]
fn columns_of_the_same_name_are_told_apart() {
    let orders = orders();
    let compiled = orders
        .compile(&json!({
            "store": "orders", "alias": "a", "fields": ["a.no", "b.no", "b.*", "b.total"],
            "join": [{"store": "orders", "alias": "b", "type": "LEFT", "on": {"no": "no"}}],
        }))
        .unwrap();
    assert_eq!(
        compiled.sql,
        concat!(
            r#"SELECT "a"."no" AS "a.no", "b"."no" AS "b.no", "b".*, "b"."total" AS "total" "#,
            r#"FROM "orders" AS "a" LEFT JOIN "orders" AS "b" ON "a"."no" = "b"."no""#
        )
    );
    let (names, _) = orders.stores().rows(&compiled.sql, &compiled.params);
    let expected = [
        "a.no", "b.no", "no", "country", "total", "tags", "at", "total",
    ];
    assert_eq!(names, expected);
}

#[test]
fn ranges_and_lists_of_keys_reach_the_table_as_constraints() {
    let users = users();
    let connection = users.sqlite();
    connection
        .execute("CREATE INDEX by_key ON users (id)", ())
        .and_then(|_| connection.execute("CREATE INDEX by_group ON users (\"group\")", ()))
        .unwrap();
    for (filter, plan) in [
        (json!({"id": 1}), "id=?"),
        (json!({"id": {"$in": [1, 2]}}), "id=?"),
        (json!({"id": {"$between": [1, 2]}}), "id>? AND id<?"),
        (json!({"id": {"$gt": 1, "$lt": 5}}), "id>? AND id<?"),
        (json!({"group": {"$prefix": "A"}}), "group>? AND group<?"),
        (json!({"$and": [{"id": 1}, {"name": {"$ne": "x"}}]}), "id=?"),
        (json!({"key": [1, "A", "admin"]}), "=?"),
        (
            json!({"$or": [{"id": 1}, {"group": "A"}]}),
            "MULTI-INDEX OR",
        ),
    ] {
        let compiled = users.filter("users", &filter).unwrap();
        let sql = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM \"users\" WHERE {}",
            compiled.sql
        );
        let plans = rows(&connection, &sql, &compiled.params).1;
        let first = plans[0][3].as_str().unwrap();
        assert!(first.contains(plan), "{filter}: {first}");
    }
}
