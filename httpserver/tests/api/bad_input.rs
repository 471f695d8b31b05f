//! One table of what can be wrong with a request, and the status and code that each gets.

use super::support::TestApp;

struct Case {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    code: &'static str,
    /// Text that the answer has to have: a place or a suggestion.
    says: &'static str,
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const NONE: &[(&str, &str)] = &[];

const fn case(
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    code: &'static str,
    says: &'static str,
) -> Case {
    Case {
        method,
        path,
        headers,
        body,
        status,
        code,
        says,
    }
}

const DBS: &str = "/api/v1/databases";
const STORES: &str = "/api/v1/databases/d/stores";
const ITEMS: &str = "/api/v1/databases/d/stores/s/items";
const CHANGES: &str = "/api/v1/databases/d/changes";
const QUERY: &str = "/api/v1/databases/d/query";

#[rustfmt::skip]
const TABLE: &[Case] = &[
    // Routes and methods.
    case("GET", "/nothing", NONE, "", 404, "not_found", "/nothing"),
    case("GET", "/api/v1/database", NONE, "", 404, "not_found", "databases"),
    case("GET", "/api/v2/databases", NONE, "", 404, "not_found", ""),
    case("PUT", DBS, NONE, "", 405, "method_not_allowed", "PUT"),
    case("POST", "/api/v1/health", NONE, "", 405, "method_not_allowed", ""),
    case("OPTIONS", DBS, NONE, "", 405, "method_not_allowed", ""),
    // Bodies: media type, syntax, fields.
    case("POST", DBS, NONE, "{\"name\":\"x\"}", 415, "unsupported_media_type", "application/json"),
    case("POST", DBS, &[("content-type", "text/plain")], "{\"name\":\"x\"}", 415, "unsupported_media_type", ""),
    case("POST", DBS, &[("content-type", "application/json"), ("content-encoding", "gzip")], "{\"name\":\"x\"}", 415, "unsupported_media_type", "Content-Encoding"),
    case("POST", "/api/v1/databases/d/stores/s/import?format=ndjson", &[("content-encoding", "br")], "{}", 415, "unsupported_media_type", "Content-Encoding"),
    case("POST", DBS, JSON, "", 400, "malformed_json", ""),
    case("POST", DBS, JSON, "{", 400, "malformed_json", "line 1"),
    case("POST", DBS, JSON, "{\"name\":\"x\"} x", 400, "malformed_json", ""),
    case("POST", DBS, JSON, "\u{0}", 400, "malformed_json", ""),
    case("POST", DBS, JSON, "[]", 400, "invalid_value", "object"),
    case("POST", DBS, JSON, "5", 400, "invalid_value", ""),
    case("POST", DBS, JSON, "{}", 400, "missing_field", "/name"),
    case("POST", DBS, JSON, "{\"name\":5}", 400, "invalid_value", "/name"),
    case("POST", DBS, JSON, "{\"nmae\":\"x\"}", 400, "unknown_field", "\"suggestions\":[\"name\"]"),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"mode\":\"cluster\"}", 400, "invalid_value", "standalone"),
    // Names and paths of databases.
    case("POST", DBS, JSON, "{\"name\":\"\"}", 422, "invalid_name", "/name"),
    case("POST", DBS, JSON, "{\"name\":\"../x\"}", 422, "invalid_name", ""),
    case("POST", DBS, JSON, "{\"name\":\"a/b\"}", 422, "invalid_name", ""),
    case("POST", DBS, JSON, "{\"name\":\"d\"}", 409, "database_exists", "d"),
    case("POST", DBS, JSON, "{\"name\":\"D\"}", 409, "database_exists", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"d\"}", 409, "database_exists", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"d/inner\"}", 422, "invalid_path", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"/etc\"}", 403, "path_outside_roots", "/path"),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"../x\"}", 403, "path_outside_roots", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"a/../../x\"}", 403, "path_outside_roots", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"\"}", 422, "invalid_path", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\"a\\u0000b\"}", 422, "invalid_path", ""),
    case("POST", DBS, JSON, "{\"name\":\"x\",\"path\":\".\"}", 422, "invalid_path", ""),
    case("POST", "/api/v1/databases/d/backup", JSON, "{\"path\":\"/etc/x\"}", 403, "path_outside_roots", ""),
    case("POST", "/api/v1/databases/d/backup", JSON, "{\"path\":\"d/copy\"}", 422, "invalid_path", ""),
    case("POST", "/api/v1/databases/d/backup", JSON, "{\"to\":\"x\"}", 400, "unknown_field", "path"),
    // Unknown databases and stores.
    case("GET", "/api/v1/databases/x", NONE, "", 404, "database_not_found", ""),
    case("GET", "/api/v1/databases/dd", NONE, "", 404, "database_not_found", "\"suggestions\":[\"d\"]"),
    case("GET", "/api/v1/databases/..%2F..%2Fetc", NONE, "", 404, "database_not_found", ""),
    case("GET", "/api/v1/databases/%FF", NONE, "", 400, "invalid_parameter", ""),
    case("DELETE", "/api/v1/databases/x", NONE, "", 404, "database_not_found", ""),
    case("DELETE", "/api/v1/databases/d?data=delete", NONE, "", 422, "confirmation_required", "confirm=d"),
    case("DELETE", "/api/v1/databases/d?data=delete&confirm=e", NONE, "", 422, "confirmation_required", ""),
    case("DELETE", "/api/v1/databases/d?data=maybe", NONE, "", 400, "invalid_parameter", "data"),
    case("PATCH", "/api/v1/databases/d", JSON, "{\"readonly\":true}", 400, "unknown_field", "read_only"),
    case("POST", "/api/v1/databases/d/demo", JSON, "{\"name\":\"bank\"}", 400, "invalid_value", "shop"),
    case("GET", "/api/v1/databases/d/stores/users", NONE, "", 404, "store_not_found", ""),
    case("GET", "/api/v1/databases/d/stores/S/items", NONE, "", 404, "store_not_found", "\"suggestions\":[\"s\"]"),
    case("DELETE", "/api/v1/databases/d/stores/x", NONE, "", 404, "store_not_found", ""),
    // Definitions of stores.
    case("POST", STORES, JSON, "{\"name\":\"x\"}", 400, "missing_field", "/key"),
    case("POST", STORES, JSON, "{\"name\":\"x\",\"key\":{\"type\":\"i65\"}}", 400, "invalid_value", "/key"),
    case("POST", STORES, JSON, "{\"name\":\"\",\"key\":{\"type\":\"i64\"}}", 422, "invalid_definition", "/name"),
    case("POST", STORES, JSON, "{\"name\":\"a/b\",\"key\":{\"type\":\"i64\"}}", 422, "invalid_definition", "/name"),
    case("POST", STORES, JSON, "{\"name\":\"x\",\"key\":{\"type\":\"i64\"},\"slot_length\":1}", 422, "invalid_definition", "/slot_length"),
    case("POST", STORES, JSON, "{\"name\":\"x\",\"key\":{\"type\":\"i64\"},\"slotlength\":5}", 400, "unknown_field", "slot_length"),
    case("POST", STORES, JSON, "{\"name\":\"x\",\"key\":{\"type\":\"i64\"},\"placement\":\"moon\"}", 400, "invalid_value", "/placement"),
    case("POST", STORES, JSON, "{\"name\":\"s\",\"key\":{\"type\":\"i64\"}}", 409, "store_exists", "s"),
    case("POST", STORES, JSON, "{\"name\":\"s\",\"key\":{\"type\":\"string\"}}", 409, "store_mismatch", "s"),
    case("PATCH", "/api/v1/databases/d/stores/s", JSON, "{\"unique\":false}", 422, "rule_violation", "empty"),
    case("PATCH", "/api/v1/databases/d/stores/s", JSON, "{\"desciption\":\"\"}", 400, "unknown_field", "description"),
    // Pages.
    case("GET", "/api/v1/databases/d/stores/s/items?limit=0", NONE, "", 400, "invalid_parameter", "limit"),
    case("GET", "/api/v1/databases/d/stores/s/items?limit=1001", NONE, "", 400, "invalid_parameter", "1000"),
    case("GET", "/api/v1/databases/d/stores/s/items?limit=-1", NONE, "", 400, "invalid_parameter", "limit"),
    case("GET", "/api/v1/databases/d/stores/s/items?limit=1&limit=2", NONE, "", 400, "invalid_parameter", "twice"),
    case("GET", "/api/v1/databases/d/stores/s/items?limt=1", NONE, "", 400, "unknown_parameter", "limit"),
    case("GET", "/api/v1/databases/d/stores/s/items?after=", NONE, "", 400, "invalid_cursor", "after"),
    case("GET", "/api/v1/databases/d/stores/s/items?after=abc", NONE, "", 400, "invalid_cursor", ""),
    case("GET", "/api/v1/databases/d/stores/s/items?before=%F0%9F%98%80", NONE, "", 400, "invalid_cursor", "before"),
    case("GET", "/api/v1/databases/d/stores/s/items?from=abc", NONE, "", 400, "invalid_key", "from"),
    case("GET", "/api/v1/databases/d/stores/s/items?from=%22abc%22", NONE, "", 400, "invalid_key", ""),
    case("GET", "/api/v1/databases/d/stores/s/items?from=1&at=1", NONE, "", 400, "invalid_parameter", "only one"),
    case("GET", "/api/v1/databases/d/stores/s/items?prefix=x", NONE, "", 400, "invalid_key", "prefix"),
    case("GET", "/api/v1/databases/d/stores/s/items?prefix=%5B1%2C2%5D", NONE, "", 400, "invalid_key", "prefix"),
    case("GET", "/api/v1/databases/d/stores/s/items?filter=x", NONE, "", 400, "invalid_value", "filter"),
    case("GET", "/api/v1/databases/d/stores/s/items?filter=%7B%22off%22%3A1%7D", NONE, "", 400, "field_not_found", "\"suggestions\":[\"of\"]"),
    case("GET", "/api/v1/databases/d/stores/s/items?filter=%7B%22of%22%3A%7B%22%24gtt%22%3A1%7D%7D", NONE, "", 400, "unknown_operator", "\"pointer\":\"/of/$gtt\""),
    case("GET", "/api/v1/databases/d/stores/x/items?filter=%7B%7D", NONE, "", 404, "store_not_found", ""),
    case("GET", "/api/v1/databases/d/stores/s/items?filter=%7B%7D&after=abc", NONE, "", 400, "invalid_cursor", "after"),
    case("GET", "/api/v1/databases/d/stores/s/items?reverse=yes", NONE, "", 400, "invalid_parameter", "reverse"),
    case("GET", "/api/v1/databases/d/stores/s/count?from=x", NONE, "", 400, "invalid_key", "from"),
    case("GET", "/api/v1/databases/d/stores/s/rank", NONE, "", 400, "invalid_parameter", "key"),
    case("GET", "/api/v1/databases/d/stores/s/nth?i=-1", NONE, "", 400, "invalid_parameter", "i"),
    case("GET", "/api/v1/databases/d/stores/s/nth?i=99999999999999999999", NONE, "", 400, "invalid_parameter", ""),
    // Items.
    case("GET", "/api/v1/databases/d/stores/s/item", NONE, "", 400, "invalid_parameter", "key"),
    case("GET", "/api/v1/databases/d/stores/s/item?key=99", NONE, "", 404, "item_not_found", "99"),
    case("GET", "/api/v1/databases/d/stores/s/item?key=abc", NONE, "", 400, "invalid_key", "quotes"),
    case("GET", "/api/v1/databases/d/stores/s/item?key=1.5", NONE, "", 400, "invalid_key", ""),
    case("GET", "/api/v1/databases/d/stores/s/item?key=9223372036854775808", NONE, "", 400, "invalid_key", ""),
    case("GET", "/api/v1/databases/d/stores/s/item?key=null", NONE, "", 400, "invalid_key", ""),
    case("GET", "/api/v1/databases/d/stores/s/item?key=%7B%22a%22%3A1%7D", NONE, "", 400, "invalid_key", ""),
    case("DELETE", "/api/v1/databases/d/stores/s/item?key=99", NONE, "", 404, "item_not_found", ""),
    case("DELETE", "/api/v1/databases/d/stores/s/item?key=1", &[("if-match", "999")], "", 412, "version_mismatch", "version is"),
    case("DELETE", "/api/v1/databases/d/stores/s/item?key=1", &[("if-match", "abc")], "", 400, "invalid_header", "If-Match"),
    case("PUT", "/api/v1/databases/d/stores/s/item?key=99", &[("content-type", "application/json"), ("if-match", "1")], "{\"value\":1}", 412, "version_mismatch", "not there"),
    case("PUT", "/api/v1/databases/d/stores/s/item?key=1", &[("content-type", "application/json"), ("if-none-match", "*")], "{\"value\":1}", 412, "version_mismatch", ""),
    case("PUT", "/api/v1/databases/d/stores/s/item?key=1", JSON, "{\"valeu\":1}", 400, "unknown_field", "value"),
    case("PUT", "/api/v1/databases/d/stores/s/item?key=1", JSON, "{}", 400, "missing_field", "/value"),
    case("POST", ITEMS, JSON, "{\"key\":1,\"value\":{}}", 409, "key_exists", "s"),
    case("POST", ITEMS, JSON, "{\"key\":\"a\",\"value\":{}}", 400, "invalid_key", "/key"),
    case("POST", ITEMS, JSON, "{\"key\":5}", 400, "missing_field", "/value"),
    case("POST", ITEMS, JSON, "{\"key\":5,\"value\":{\"a\":1,\"a\":2}}", 400, "malformed_json", "twice"),
    case("POST", ITEMS, JSON, "{\"key\":5,\"value\":1,\"version\":1}", 400, "unknown_field", "version"),
    // Change sets.
    case("POST", CHANGES, JSON, "{}", 400, "missing_field", "/changes"),
    case("POST", CHANGES, JSON, "{\"changes\":5}", 400, "invalid_value", "/changes"),
    case("POST", CHANGES, JSON, "{\"changes\":[],\"dryrun\":true}", 400, "unknown_field", "dry_run"),
    // Queries.
    case("GET", QUERY, NONE, "", 405, "method_not_allowed", ""),
    case("POST", QUERY, NONE, "SELECT 1", 415, "unsupported_media_type", ""),
    case("POST", QUERY, JSON, "{}", 400, "missing_field", "/sql"),
    case("POST", QUERY, JSON, "{\"sql\":5}", 400, "invalid_value", "/sql"),
    case("POST", QUERY, JSON, "{\"slq\":\"SELECT 1\"}", 400, "unknown_field", "\"suggestions\":[\"sql\"]"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"select\":{}}", 400, "invalid_value", "/select"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"params\":5}", 400, "invalid_value", "/params"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT ?\"}", 400, "invalid_parameter", "/params"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT ?\",\"params\":[1,2]}", 400, "invalid_parameter", "/params"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"limit\":-1}", 400, "invalid_value", "/limit"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"limit\":10001}", 400, "invalid_value", "x-ndjson"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"timeout_ms\":0}", 400, "invalid_value", "/timeout_ms"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"timeout_ms\":3600001}", 400, "invalid_value", "3600000"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1\",\"explain\":\"maybe\"}", 400, "invalid_value", "/explain"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1; SELECT 2\",\"explain\":\"plan\"}", 422, "unsupported_statement", "one statement"),
    case("POST", QUERY, JSON, "{\"select\":5}", 400, "invalid_value", "/select"),
    case("POST", QUERY, JSON, "{\"select\":{\"store\":\"s\"},\"params\":[]}", 400, "invalid_value", "/params"),
    case("POST", QUERY, JSON, "{\"select\":{\"store\":\"x\"}}", 404, "store_not_found", "/select/store"),
    case("POST", QUERY, JSON, "{\"select\":{\"store\":\"s\",\"filter\":{\"off\":1}}}", 400, "field_not_found", "\"suggestions\":[\"of\"]"),
    case("POST", QUERY, JSON, "{\"select\":{\"store\":\"s\",\"filter\":{\"of\":{\"$gtt\":1}}}}", 400, "unknown_operator", "$gt"),
    case("POST", QUERY, JSON, "{\"select\":{\"store\":\"s\",\"filtr\":{}}}", 400, "invalid_value", "filter"),
    case("POST", QUERY, JSON, "{\"sql\":\"\"}", 400, "syntax_error", "/sql"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELEC 1\"}", 400, "syntax_error", "\"at\":0"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT 1; SELECT FROM s\"}", 400, "syntax_error", "\"at\":17"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT '\\u0000'\"}", 400, "syntax_error", "NUL"),
    case("POST", QUERY, JSON, "{\"sql\":\"BEGIN; SELECT 1\"}", 400, "syntax_error", "COMMIT"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT * FROM x\"}", 404, "store_not_found", "/sql"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT * FROM dd.s\"}", 404, "store_not_found", "dd.s"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT ok FROM s\"}", 400, "field_not_found", "\"at\":7"),
    case("POST", QUERY, JSON, "{\"sql\":\"ATTACH 'x' AS y\"}", 403, "forbidden_statement", ""),
    case("POST", QUERY, JSON, "{\"sql\":\"PRAGMA user_version\"}", 403, "forbidden_statement", ""),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT * FROM sqlite_master\"}", 403, "forbidden_statement", ""),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT load_extension('x')\"}", 400, "syntax_error", ""),
    case("POST", QUERY, JSON, "{\"sql\":\"INSERT INTO s (key) VALUES (1)\"}", 409, "key_exists", "/sql"),
    case("POST", QUERY, JSON, "{\"sql\":\"INSERT INTO s (key) VALUES ('a')\"}", 400, "invalid_value", "i64"),
    case("POST", QUERY, JSON, "{\"sql\":\"SELECT json('{')\"}", 400, "invalid_value", "/sql"),
    case("POST", "/api/v1/databases/dd/query", JSON, "{\"sql\":\"SELECT 1\"}", 404, "database_not_found", "\"suggestions\":[\"d\"]"),
    case("DELETE", "/api/v1/queries/0", NONE, "", 404, "query_not_found", "ended"),
    // Import.
    case("POST", "/api/v1/databases/d/stores/s/import?format=xml", NONE, "", 400, "invalid_parameter", "format"),
    case("POST", "/api/v1/databases/d/stores/x/import?format=ndjson", NONE, "{}\n", 404, "store_not_found", ""),
    case("GET", "/api/v1/databases/d/stores/x/export", NONE, "", 404, "store_not_found", ""),
    case("GET", "/api/v1/databases/d/stores/s/export?format=xml", NONE, "", 400, "invalid_parameter", "format"),
];

#[tokio::test]
async fn every_bad_request_gets_its_status_and_code() {
    let test = TestApp::with_store(serde_json::json!({"type": "i64"})).await;
    test.fill([1.into(), 2.into()]).await;
    let mut wrong = Vec::new();
    for case in TABLE {
        let answer = test
            .call(case.method, case.path, case.headers, case.body)
            .await;
        let code = answer.json()["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let right = (answer.status.as_u16(), code.as_str()) == (case.status, case.code);
        if right && answer.text().contains(case.says) {
            answer.refused(case.status, case.code);
        } else {
            let what = format!("{} {} {}", case.method, case.path, case.body);
            wrong.push(format!(
                "{what}\n  wanted {} {} {}\n  got {}",
                case.status,
                case.code,
                case.says,
                answer.text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing of all this changed anything.
    let items = test.get("/api/v1/databases/d/stores/s/items").await.ok();
    assert_eq!(items["items"][1]["value"], serde_json::json!({"of": 2}));
    assert_eq!(items["count"], 2);
}

#[tokio::test]
async fn large_bodies_values_and_keys_are_refused_with_the_limit() {
    let test = TestApp::with(|config| {
        config.limits.json_body_bytes = 10_000;
        config.limits.value_bytes = 20_000;
    });
    test.post("/api/v1/databases", r#"{"name":"d"}"#).await.ok();
    test.add_store("s", serde_json::json!({"type": "string"}))
        .await;
    let long = "x".repeat(30_000);
    let answer = test
        .post("/api/v1/databases", serde_json::json!({"name": long}))
        .await;
    assert!(
        answer.refused(413, "body_too_large")["detail"]
            .as_str()
            .unwrap()
            .contains("10000")
    );
    let path = "/api/v1/databases/d/stores/s/items";
    let answer = test
        .post(path, serde_json::json!({"key": "a", "value": long}))
        .await;
    assert!(
        answer.refused(413, "value_too_large")["detail"]
            .as_str()
            .unwrap()
            .contains("20000")
    );
    test.post(
        path,
        serde_json::json!({"key": "a", "value": "x".repeat(15_000)}),
    )
    .await
    .ok();
    let key = "k".repeat(64 * 1024);
    test.post(path, serde_json::json!({"key": key, "value": 1}))
        .await
        .refused(413, "key_too_large");
}

#[tokio::test]
async fn deep_and_strange_json_is_an_error_and_no_panic() {
    let test = TestApp::with_store(serde_json::json!({"type": "i64"})).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let path = "/api/v1/databases/d/stores/s/items";
    for body in [
        format!("{{\"key\":1,\"value\":{deep}}}"),
        format!("{{\"key\":{deep},\"value\":1}}"),
        deep,
        "{\"key\":1,\"value\":\"\\ud800\"}".to_owned(),
        "{\"key\":1,\"value\":01}".to_owned(),
        "{\"key\":1,\"value\":NaN}".to_owned(),
    ] {
        let answer = test.post(path, &body).await;
        assert!(
            answer.status.is_client_error(),
            "{}: {}",
            answer.status,
            answer.text()
        );
    }
}
