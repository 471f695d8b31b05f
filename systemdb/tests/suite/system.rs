//! The system database.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sop::vfs::SimVfs;
use sop::{Database, ManualClock, OpenOptions};
use sop_systemdb::script::{
    NoScripts, Programs, Schedule, Script, ScriptSource, When, check, refused,
};
use sop_systemdb::system::{
    AuditEntry, Entry, Feedback, KnowledgeStatus, Library, Save, System, SystemError,
};

use crate::host::{script, tools};

pub fn database() -> Database {
    let options = OpenOptions::new()
        .vfs(Arc::new(SimVfs::new()))
        .background(false);
    options.open("/system").unwrap()
}

pub fn system() -> System {
    System::open(database()).unwrap()
}

fn saying(name: &str, text: &str) -> Script {
    script(&json!({"name": name, "category": "c", "steps": [{"type": "say", "message": text}]}))
}

fn by(author: &str) -> Save {
    Save {
        author: author.to_owned(),
        ..Save::default()
    }
}

#[test]
fn each_saving_is_a_version_that_can_be_compared_and_brought_back() {
    let system = system();
    let (first, second) = (saying("demo", "one"), saying("demo", "two"));
    assert_eq!(system.save_script(&first, &by("ada")).unwrap().version, 1);
    assert_eq!(system.save_script(&second, &by("bob")).unwrap().version, 2);
    let again = system.save_script(&second, &by("bob")).unwrap();
    assert_eq!((again.version, again.changed), (2, false));
    let versions = system.script_versions("c", "demo").unwrap();
    assert_eq!(
        versions
            .iter()
            .map(|v| v.author.as_str())
            .collect::<Vec<_>>(),
        ["bob", "ada"]
    );
    let changes = system.script_difference("c", "demo", 1, 2).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].at, "/steps/0/message");
    assert_eq!(
        system.restore_script("c", "demo", 1, "cy").unwrap().version,
        3
    );
    assert_eq!(system.script("c", "demo", None).unwrap().script, first);
    assert_eq!(system.script("c", "demo", Some(2)).unwrap().script, second);
    let error = system.script("c", "demo", Some(9)).unwrap_err();
    assert_eq!(error.code(), "version_not_found");
}

#[test]
fn a_version_that_somebody_else_saved_is_not_written_over() {
    let system = system();
    let first = Save {
        expected: Some(0),
        ..by("ada")
    };
    system.save_script(&saying("demo", "one"), &first).unwrap();
    let error = system
        .save_script(&saying("demo", "two"), &first)
        .unwrap_err();
    assert!(
        matches!(error, SystemError::Changed { found: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_deleted_script_is_gone_and_its_versions_are_kept_if_wanted() {
    let system = system();
    system
        .save_script(&saying("kept", "one"), &by("ada"))
        .unwrap();
    system
        .save_script(&saying("gone", "one"), &by("ada"))
        .unwrap();
    system.delete_script("c", "kept", true, "bob").unwrap();
    system.delete_script("c", "gone", false, "bob").unwrap();
    assert_eq!(system.scripts(Some("c")).unwrap(), []);
    system.script("c", "kept", None).unwrap_err();
    assert_eq!(system.script_versions("c", "kept").unwrap().len(), 2);
    system.script_versions("c", "gone").unwrap_err();
    system.delete_script("c", "kept", true, "bob").unwrap_err();
    assert_eq!(
        system
            .restore_script("c", "kept", 1, "bob")
            .unwrap()
            .version,
        3
    );
    assert_eq!(system.scripts(Some("c")).unwrap().len(), 1);
}

#[test]
fn a_script_is_found_without_its_category_where_only_one_has_the_name() {
    let system = system();
    system
        .save_script(&saying("demo", "x"), &by("ada"))
        .unwrap();
    let found = |name: &str| system.resolve_script(name, None);
    assert_eq!(found("demo").unwrap(), ("c".to_owned(), "demo".to_owned()));
    assert_eq!(found("C.Demo").unwrap().0, "c");
    let mut other = saying("demo", "x");
    other.category = "d".to_owned();
    system.save_script(&other, &by("ada")).unwrap();
    let error = found("demo").unwrap_err();
    assert!(error.to_string().contains("c.demo, d.demo"), "{error}");
    let SystemError::NotFound { suggestions, .. } = found("best custommers").unwrap_err() else {
        panic!("found");
    };
    assert_eq!(suggestions, ["shop.best customers"]);
}

#[test]
fn what_the_product_brings_along_is_right_and_never_replaces_what_people_wrote() {
    let db = database();
    let system = System::open(db.clone()).unwrap();
    let seeds = system.scripts(Some("shop")).unwrap();
    assert_eq!(seeds.len(), 3);
    for info in &seeds {
        let stored = system.script("shop", &info.name, None).unwrap();
        let mut tools: Vec<_> = crate::host::specs();
        tools.push(sop_systemdb::tool::ToolSpec {
            name: "update".to_owned(),
            description: "Updates.".to_owned(),
            class: sop_systemdb::tool::ToolClass::Write,
            parameters: json!({"type": "object", "properties": {"store": {}, "key": {}, "set": {}}}),
            positional: Vec::new(),
        });
        let tools = sop_systemdb::script::Tools::new(tools);
        let faults = check(&stored.script, &tools, &NoScripts);
        assert!(!refused(&faults), "{}: {faults:?}", info.name);
        assert!(info.built_in);
    }
    // A person changes one, deletes another; knowledge too.
    let mut changed = system.script("shop", "order report", None).unwrap().script;
    changed.description = "Mine".to_owned();
    system.save_script(&changed, &by("ada")).unwrap();
    system
        .delete_script("shop", "best customers", false, "ada")
        .unwrap();
    system.delete_knowledge("product", "sql").unwrap();
    let mine = Entry {
        text: "My words".to_owned(),
        ..Entry::default()
    };
    system.put_knowledge("product", "scripts", &mine).unwrap();
    drop(system);
    let system = System::open(db).unwrap();
    assert_eq!(
        system
            .script("shop", "order report", None)
            .unwrap()
            .script
            .description,
        "Mine"
    );
    system.script("shop", "best customers", None).unwrap_err();
    assert_eq!(
        system
            .script_versions("shop", "deactivate user")
            .unwrap()
            .len(),
        1
    );
    system.knowledge("product", "sql").unwrap_err();
    assert_eq!(
        system.knowledge("product", "scripts").unwrap().text,
        "My words"
    );
}

#[test]
fn approved_knowledge_is_found_by_the_names_in_a_question() {
    let system = system();
    let put = |category: &str, name: &str, names: &[&str], status| {
        let entry = Entry {
            text: format!("about {name}"),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            status,
            ..Entry::default()
        };
        system.put_knowledge(category, name, &entry).unwrap();
    };
    let approved = KnowledgeStatus::Approved;
    put("orders", "status", &["order state"], approved);
    put("orders", "status code", &[], approved);
    put("users", "active", &[], approved);
    put("users", "secret", &[], KnowledgeStatus::Proposed);
    let asked = |question: &str| {
        let found = system.knowledge_for(question, 10).unwrap();
        found
            .into_iter()
            .map(|k| format!("{}/{}", k.category, k.name))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        asked("Which status codes do Orders have?"),
        ["orders/status code", "orders/status"]
    );
    assert_eq!(
        asked("the order states"),
        ["orders/status", "orders/status code"]
    );
    assert_eq!(asked("secrets of active people"), ["users/active"]);
    assert_eq!(asked("weather"), [""; 0]);
    assert_eq!(asked("how do I write sql?"), ["product/sql"]);
    system.approve_knowledge("users", "secret", "ada").unwrap();
    assert_eq!(asked("a secret"), ["users/secret"]);
}

#[test]
fn the_audit_counts_up_also_when_many_write() {
    let system = system();
    std::thread::scope(|scope| {
        for who in 0..4 {
            let system = &system;
            scope.spawn(move || {
                for _ in 0..25 {
                    let entry = AuditEntry {
                        who: who.to_string(),
                        outcome: "done".to_owned(),
                        ..AuditEntry::default()
                    };
                    system.audit(&[entry]).unwrap();
                }
            });
        }
    });
    let all = system.audited_after(0, 1_000).unwrap();
    assert_eq!(
        all.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        (1..=100).collect::<Vec<_>>()
    );
    assert!(all.iter().all(|(_, entry)| entry.at.ends_with('Z')));
    let newest = system.audited(Some(51), 2).unwrap();
    assert_eq!(
        newest.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
        [50, 49]
    );
}

#[test]
fn nobody_sees_the_chat_of_somebody_else() {
    let system = system();
    let turn = |text: &str| json!({"role": "user", "text": text});
    system
        .update_session("s1", "ada", |session| session.turns.push(turn("hello")))
        .unwrap();
    assert_eq!(system.session("s1", "ada").unwrap().turns.len(), 1);
    system.session("s1", "bob").unwrap_err();
    system
        .update_session("s1", "bob", |session| session.turns.clear())
        .unwrap_err();
    let thought = |session: &str| Feedback {
        who: "ada".to_owned(),
        session: session.to_owned(),
        ..Feedback::default()
    };
    system.add_feedback(&thought("s1")).unwrap();
    system.add_feedback(&thought("s2")).unwrap();
    system.forget_session("s1", "bob").unwrap_err();
    assert_eq!(system.sessions("bob").unwrap(), []);
    assert_eq!(system.sessions("ada").unwrap()[0].0, "s1");
    system.forget_session("s1", "ada").unwrap();
    let held = system.database(sop::Mode::Read).unwrap();
    let tx = held.begin(sop::Mode::Read).unwrap();
    let thoughts = tx.store::<u64, serde_json::Value>("feedback").unwrap();
    let left = thoughts.iter().count();
    assert_eq!(left, 1, "what was thought of another session stays");
}

#[test]
fn a_schedule_is_due_once_each_time() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let system = System::open_with(database(), clock.clone()).unwrap();
    let schedule = Schedule {
        script: "c.demo".to_owned(),
        when: When::EveryMinutes(10),
        args: Map::new(),
        database: None,
        utc_offset_minutes: 0,
        paused: false,
        author: "ada".to_owned(),
        last_ms: 0,
    };
    system.put_schedule("hourly", &schedule).unwrap();
    let now = system.now_ms();
    assert_eq!(system.due(now + 599_999).unwrap(), []);
    assert_eq!(system.due(now + 600_000).unwrap().len(), 1);
    assert!(system.begin_scheduled("hourly", now + 600_000).unwrap());
    assert!(!system.begin_scheduled("hourly", now + 600_000).unwrap());
    // Other arguments do not begin the waiting anew; another time does.
    system.put_schedule("hourly", &schedule).unwrap();
    assert_eq!(
        system.schedules().unwrap()[0].next_ms,
        Some(now + 1_200_000)
    );
    let wrong = Schedule {
        when: When::DailyAt("25:00".to_owned()),
        ..schedule
    };
    system.put_schedule("hourly", &wrong).unwrap_err();
    system.delete_schedule("hourli").unwrap_err();
    system.delete_schedule("hourly").unwrap();
}

#[test]
fn a_script_is_compiled_once_for_each_content() {
    let system = system();
    let (programs, tools) = (Programs::default(), tools());
    system
        .save_script(&saying("demo", "one"), &by("ada"))
        .unwrap();
    let library = Library {
        system: &system,
        programs: &programs,
        tools: &tools,
    };
    let first = library.program("c.demo").unwrap();
    assert!(Arc::ptr_eq(&first, &library.program("c.demo").unwrap()));
    system
        .save_script(&saying("demo", "two"), &by("ada"))
        .unwrap();
    assert!(!Arc::ptr_eq(&first, &library.program("c.demo").unwrap()));
    system.restore_script("c", "demo", 1, "ada").unwrap();
    assert!(Arc::ptr_eq(&first, &library.program("c.demo").unwrap()));
    assert_eq!(
        library.program("c.dem").unwrap_err().suggestions,
        ["c.demo"]
    );
}

#[test]
fn values_of_any_size_come_back_as_they_were() {
    let system = system();
    let big: Value = serde_json::from_str(r#"{"n": 12345678901234567890123, "d": 0.1}"#).unwrap();
    system
        .update_session("s", "ada", |session| session.memory = big.clone())
        .unwrap();
    assert_eq!(system.session("s", "ada").unwrap().memory, big);
}
