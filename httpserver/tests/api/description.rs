//! The description of the interface.

use axum::body::Body;

use super::support::TestApp;

#[tokio::test]
async fn the_document_describes_every_answer_and_parameter() {
    let test = TestApp::new();
    let document = test.get("/api/v1/openapi.json").await.ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 15, "{}", paths.len());
    let mut ids = std::collections::HashSet::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{operation}"
            );
            let what = format!("{method} {path}");
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{what}"
            );
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|answers| !answers.is_empty()),
                "{what}"
            );
            for name in path.split(['{', '}']).skip(1).step_by(2) {
                let listed = operation["parameters"].as_array().into_iter().flatten();
                assert!(
                    listed
                        .into_iter()
                        .any(|one| one["name"] == name && one["in"] == "path"),
                    "{what}: {name}"
                );
            }
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn every_described_route_is_served() {
    let test = TestApp::new();
    let document = test.get("/api/v1/openapi.json").await.ok();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let address = path.replace("{db}", "d").replace("{store}", "s");
        for method in operations.as_object().unwrap().keys() {
            let answer = test
                .call(&method.to_uppercase(), &address, &[], Body::empty())
                .await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.text().contains("\"not_found\""), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_reference_page_needs_nothing_from_elsewhere() {
    let test = TestApp::new();
    let page = test.get("/api/docs").await;
    assert_eq!(page.status, 200);
    let html = page.text();
    for text in [
        "/api/v1/databases/{db}/stores/{store}/items",
        "store_not_found",
        "openapi.json",
        "keys_only",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(
        !html.contains("<script")
            && !html.contains("http://")
            && !html.contains("https://")
            && !html.contains("style=")
    );
    assert_eq!(
        test.get("/assets/reference.css")
            .await
            .header("content-type"),
        "text/css; charset=utf-8"
    );
}

/// A schema that takes no other fields cannot be one part of a whole: what the other parts have would be refused. That was
/// the body of a script that is not saved.
#[tokio::test]
async fn a_closed_schema_is_no_part_of_another() {
    fn look(at: &serde_json::Value, place: &str, found: &mut Vec<String>) {
        if let Some(parts) = at["allOf"].as_array().filter(|parts| parts.len() > 1)
            && parts
                .iter()
                .any(|part| part["additionalProperties"] == false)
        {
            found.push(place.to_owned());
        }
        let named = at.as_object().into_iter().flatten();
        let listed = at.as_array().into_iter().flatten().enumerate();
        let listed = listed.map(|(number, value)| (number.to_string(), value));
        for (name, value) in named
            .map(|(name, value)| (name.clone(), value))
            .chain(listed)
        {
            look(value, &format!("{place}/{name}"), found);
        }
    }
    let test = TestApp::new();
    let document = test.get("/api/v1/openapi.json").await.ok();
    let mut found = Vec::new();
    look(&document, "", &mut found);
    assert!(found.is_empty(), "{found:?}");
}
