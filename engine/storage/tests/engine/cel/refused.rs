//! Expressions and keys that are refused, and that nothing is lost by it.

use sop::{Error, KeyError, Mode};

use super::*;

fn number(n: i64) -> Key {
    Key::composite([n])
}

#[test]
fn an_expression_that_is_no_order_is_refused_with_the_keys_at_fault() {
    for (compare, part) in [
        ("1", "it tells {\"n\":1} from itself"),
        ("mapX.n <= mapY.n ? -1 : 1", "from itself"),
        (
            // Not equal, and each before the other.
            "mapX.n / 10 == mapY.n / 10 ? (mapX.n == mapY.n ? 0 : -1) : compare(mapX.n, mapY.n)",
            "it says both that {\"n\":1} comes before {\"n\":2} and that it comes after it",
        ),
    ] {
        let db = memory();
        create(&db, store("s", numbers(compare)));
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        let errors: Vec<String> = [number(1), number(2)]
            .iter()
            .filter_map(|key| s.insert(key, &doc("1")).err())
            .inspect(|error| {
                assert!(
                    matches!(
                        error,
                        Error::InvalidKey {
                            source: KeyError::NotAnOrder { .. },
                            ..
                        }
                    ),
                    "{error}"
                );
            })
            .map(|error| error.to_string())
            .collect();
        assert!(
            errors.iter().any(|e| e.contains(part)),
            "{compare}: {errors:?}"
        );
        assert_eq!(s.len().unwrap(), 2 - errors.len() as u64);
    }
}

#[test]
fn a_check_reports_neighbours_that_the_comparer_orders_otherwise() {
    // Each number comes before the next one, and the third before the first.
    let circle = "(mapX.n - mapY.n + 3) % 3 == 0 ? 0 : (mapX.n - mapY.n + 3) % 3 == 1 ? 1 : -1";
    let db = memory();
    create(&db, store("s", numbers(circle)));
    for n in 0..3 {
        put(&db, "s", &number(n), "1");
    }
    check_clean(&db);
    db.transact(|tx| tx.documents("s")?.remove(&number(1)).map(drop))
        .unwrap();
    let report = db.check().unwrap();
    assert_eq!(report.problem_count, 1, "{:?}", report.problems);
    let detail = &report.problems[0].detail;
    assert!(
        detail.contains("{\"n\":0} stands before {\"n\":2}"),
        "{detail}"
    );
    assert_eq!(all(&db, "s"), [0, 2]);
}

#[test]
fn a_key_for_which_the_expression_fails_is_refused_and_nothing_is_lost() {
    let db = memory();
    create(
        &db,
        store("s", numbers("compare(100 / mapX.n, 100 / mapY.n)")),
    );
    insert(&db, "s", [1, 2, 4]);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&number(5), &doc("5")).unwrap();
    for error in [
        s.insert(&number(0), &doc("0")).map(drop).unwrap_err(),
        s.get(&number(0)).map(drop).unwrap_err(),
        s.remove(&number(0)).map(drop).unwrap_err(),
        s.rank(&number(0)).map(drop).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("Division by zero") && text.contains("{\"n\":0}"),
            "{text}"
        );
    }
    s.insert(&number(10), &doc("10")).unwrap();
    drop(s);
    tx.commit().unwrap();
    assert_eq!(all(&db, "s"), [10, 5, 4, 2, 1]);
    check_clean(&db);
}

#[test]
fn a_damaged_expression_in_a_definition_is_an_error() {
    let json = r#"{"name":"s","key":{"type":"composite","fields":[{"name":"n","type":"i64"}],
        "cel":{"compare":"mapX.n - mapY.m"}}}"#;
    let error = serde_json::from_str::<sop::StoreDefinition>(json)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 1, column") && error.contains("no field \"m\""),
        "{error}"
    );
}
