//! The planner as a whole, over a schema made by hand that no other test has.

use serde_json::json;

use super::*;

/// A clinic: doctors, patients, visits, and what was prescribed.
fn clinic() -> Schema {
    let field = |name: &str, kind: FieldKind| Field {
        name: name.to_owned(),
        kind,
        key: false,
        optional: false,
        values: Vec::new(),
    };
    let key = |name: &str| Field {
        key: true,
        ..field(name, FieldKind::Integer)
    };
    let text = |name: &str, values: &[&str]| Field {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        ..field(name, FieldKind::Text)
    };
    let refers = |name: &str, store: usize| Relation {
        fields: vec![name.to_owned()],
        store,
        targets: vec!["id".to_owned()],
    };
    let store = |name: &str, count: u64, fields: Vec<Field>, relations: Vec<Relation>| Store {
        name: name.to_owned(),
        count,
        fields,
        relations,
        next_key: Some(i64::try_from(count).unwrap() + 1),
        ..Store::default()
    };
    let mut phone = text("phone", &[]);
    phone.optional = true;
    Schema {
        database: "clinic".to_owned(),
        stores: vec![
            store(
                "doctors",
                12,
                vec![
                    key("id"),
                    text("name", &[]),
                    text("specialty", &["cardiology", "surgery"]),
                ],
                vec![],
            ),
            store(
                "patients",
                900,
                vec![
                    key("id"),
                    text("name", &[]),
                    phone,
                    field("birth_date", FieldKind::Date),
                    field("insured", FieldKind::Bool),
                    text("address.town", &["Bergen", "Ghent"]),
                ],
                vec![],
            ),
            store(
                "visits",
                5_000,
                vec![
                    key("id"),
                    field("patient_id", FieldKind::Integer),
                    field("doctor_id", FieldKind::Integer),
                    field("visited_at", FieldKind::Date),
                    field("fee", FieldKind::Number),
                    field("minutes", FieldKind::Integer),
                ],
                vec![refers("patient_id", 1), refers("doctor_id", 0)],
            ),
        ],
    }
}

/// Knows two names.
struct Names;

impl Lookup for Names {
    fn find(&self, text: &str) -> Vec<Hit> {
        let of = |store: usize, text: &str, whole: bool| {
            let place = Place { store, field: 1 };
            vec![Hit {
                places: vec![(place, text.to_owned())],
                whole,
            }]
        };
        match text.to_lowercase().as_str() {
            "ida moe" => of(1, "Ida Moe", true),
            "ida" => of(1, "Ida", false),
            "dr. quist" => of(0, "Dr. Quist", true),
            _ => Vec::new(),
        }
    }
}

fn ask(questions: &[&str]) -> Result<Understanding, NotUnderstood> {
    let schema = clinic();
    let mut memory = None;
    let mut last = None;
    for question in questions {
        let found = plan(
            Circumstances {
                schema: &schema,
                lookup: &Names,
                today: Day::new(2024, 5, 15).unwrap(),
                memory: memory.as_ref(),
            },
            question,
        );
        if let Ok(understanding) = &found {
            memory.clone_from(&understanding.memory);
        }
        last = Some(found);
    }
    last.unwrap()
}

#[track_caller]
fn gives(questions: &[&str], sql: &str, params: &serde_json::Value) {
    let understanding = ask(questions).unwrap_or_else(|no| panic!("{questions:?}: {}", no.reason));
    assert_eq!(understanding.call.name, "query", "{questions:?}");
    assert_eq!(understanding.statement, sql, "{questions:?}");
    assert_eq!(&understanding.call.args["params"], params, "{questions:?}");
}

#[test]
fn questions_become_statements_with_parameters() {
    gives(
        &["uninsured patients in Ghent"],
        "SELECT patients.* FROM patients WHERE patients.insured IS NOT TRUE AND patients.\"address.town\" = ?",
        &json!(["Ghent"]),
    );
    gives(
        &["how many visits per doctor"],
        "SELECT visits.doctor_id, doctors.name, count(*) AS visits_count FROM visits \
         JOIN doctors ON doctors.id = visits.doctor_id GROUP BY visits.doctor_id",
        &json!([]),
    );
    gives(
        &["visits of Ida Moe last month longer than 1 hour"],
        "SELECT visits.* FROM visits JOIN patients ON patients.id = visits.patient_id WHERE patients.name = ? \
         AND (visits.visited_at >= ? AND visits.visited_at < ?) AND visits.minutes > ?",
        &json!(["Ida Moe", "2024-04-01", "2024-05-01", 60]),
    );
    gives(
        &["patients without visits"],
        "SELECT patients.* FROM patients WHERE patients.id NOT IN (SELECT visits_2.patient_id FROM visits AS visits_2 \
         WHERE visits_2.patient_id IS NOT NULL)",
        &json!([]),
    );
    gives(
        &["average fee by specialty"],
        "SELECT doctors.specialty, avg(visits.fee) AS avg_fee FROM visits \
         JOIN doctors ON doctors.id = visits.doctor_id GROUP BY doctors.specialty",
        &json!([]),
    );
}

#[test]
fn a_follow_up_changes_the_last_question() {
    gives(
        &["patients in Ghent", "and in Bergen?"],
        "SELECT patients.* FROM patients WHERE patients.\"address.town\" = ?",
        &json!(["Bergen"]),
    );
    gives(
        &["visits in 2023", "sort by fee descending", "the top 3"],
        "SELECT visits.* FROM visits WHERE (visits.visited_at >= ? AND visits.visited_at < ?) \
         ORDER BY visits.fee DESC LIMIT ?",
        &json!(["2023-01-01", "2024-01-01", 3]),
    );
}

/// It answered with a statement that joined the visits, so that a patient stood there once for each.
#[test]
fn a_follow_up_that_sorts_by_what_there_are_several_of_is_refused() {
    for questions in [
        ["how many patients are there", "sort by fee"],
        ["how many patients are there", "sort by name"],
        ["patients in Ghent", "sort by fee"],
        ["patients in Ghent", "sort by minutes descending"],
        ["how many visits per doctor", "sort by fee"],
        ["how many visits per doctor", "sort by town"],
        ["show doctors", "order them by visited at"],
    ] {
        let no = ask(&questions).expect_err(&questions.join(" > "));
        assert!(
            no.reason.contains("sort by"),
            "{questions:?}: {}",
            no.reason
        );
    }
    gives(
        &["how many visits per doctor", "sort by name"],
        "SELECT visits.doctor_id, doctors.name, count(*) AS visits_count FROM visits \
         JOIN doctors ON doctors.id = visits.doctor_id GROUP BY visits.doctor_id ORDER BY doctors.name ASC NULLS LAST",
        &json!([]),
    );
    gives(
        &["visits in 2023", "sort by town"],
        "SELECT visits.* FROM visits LEFT JOIN patients ON patients.id = visits.patient_id \
         WHERE (visits.visited_at >= ? AND visits.visited_at < ?) ORDER BY patients.\"address.town\" ASC NULLS LAST",
        &json!(["2023-01-01", "2024-01-01"]),
    );
}

#[test]
fn changes_become_calls_of_tools_that_write() {
    let call = ask(&["set the fee to 80 for visit 7"]).unwrap().call;
    assert_eq!(call.name, "update");
    let expected = json!({"database": "clinic", "store": "visits", "filter": {"id": {"$eq": 7}}, "set": {"fee": 80}});
    assert_eq!(call.args, expected);
    let call = ask(&["add a patient named Bo Ek with phone 555"])
        .unwrap()
        .call;
    assert_eq!(call.name, "insert");
    assert_eq!(
        call.args["items"],
        json!([{"key": {"id": 901}, "value": {"name": "Bo Ek", "phone": "555"}}])
    );
    let call = ask(&["delete uninsured patients"]).unwrap().call;
    assert_eq!(
        (call.name.as_str(), &call.args["filter"]),
        ("delete", &json!({"insured": {"$eq": false}}))
    );
}

#[test]
fn what_is_not_understood_is_said_with_examples() {
    for question in [
        "",
        "why are patients ill",
        "visits of Nobody Atall",
        "patients with green shoes",
        "delete everything",
        "is Ida insured",
        "set the colour to red for visit 7",
    ] {
        let no = ask(&[question]).expect_err(question);
        assert!(
            !no.reason.is_empty() && !no.examples.is_empty(),
            "{question}"
        );
    }
    let reason = ask(&["patients with green shoes"]).unwrap_err().reason;
    assert!(
        reason.contains("\"green\"") && reason.contains("\"shoes\""),
        "{reason}"
    );
}

#[test]
fn examples_of_a_schema_are_understood() {
    let schema = clinic();
    let examples = examples(&schema);
    assert!(examples.len() > 2);
    for example in &examples {
        ask(&[example]).unwrap_or_else(|no| panic!("{example}: {}", no.reason));
    }
}

#[test]
fn values_of_a_question_never_get_into_the_statement() {
    let hostile = "x'; DROP TABLE patients; --";
    let understanding = ask(&[&format!("patients whose name is \"{hostile}\"")]).unwrap();
    assert!(
        !understanding.statement.contains("DROP"),
        "{}",
        understanding.statement
    );
    assert_eq!(understanding.call.args["params"], json!([hostile]));
}

#[test]
fn what_was_remembered_of_another_schema_is_not_used() {
    let mut schema = clinic();
    let understanding = ask(&["patients in Ghent"]).unwrap();
    schema.stores.remove(0);
    let found = plan(
        Circumstances {
            schema: &schema,
            lookup: &NoLookup,
            today: Day::new(2024, 5, 15).unwrap(),
            memory: understanding.memory.as_ref(),
        },
        "only the uninsured ones",
    );
    let reads_old = found.is_ok_and(|found| found.call.args["params"] == json!(["Ghent"]));
    assert!(!reads_old);
}

/// Questions put together from words of the lexicon and the schema at random: none may panic, and the same one gives
/// the same answer.
#[test]
fn no_question_panics() {
    const WORDS: &str = "show how many number of total average by per each sort by top 5 first last most cheapest longer than cost \
        over under at least between 1 and 2 or not without with in of to on for that who whose is contains starts with missing \
        named different only what about they their since before after until limit revenue units bought the visits patient doctors \
        fee name insured uninsured Ghent cardiology Ida Moe 2023 March yesterday last month descending 's , = > \"x y\" set to delete \
        add mark as update rename all 10k 2024-02-30 O'Brien é 9999999999999999999999 -1 0";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut understood = 0;
    for _ in 0..1_000 {
        let length = 1 + random(9);
        let question: Vec<&str> = (0..length).map(|_| words[random(words.len())]).collect();
        let question = question.join(" ");
        let first = ask(&["visits in 2023", &question]);
        assert_eq!(first, ask(&["visits in 2023", &question]), "{question}");
        understood += usize::from(first.is_ok());
    }
    assert!(understood > 10, "{understood}");
}
