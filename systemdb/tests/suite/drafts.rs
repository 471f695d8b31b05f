//! Making scripts by commands.

use serde_json::{Value, json};
use sop_systemdb::draft::{Answer, Desk, Helper, NoHelp};
use sop_systemdb::script::{Programs, Script};
use sop_systemdb::slash::Grammar;
use sop_systemdb::system::System;
use sop_systemdb::tool::ToolFault;

use crate::host::{specs, tools};
use crate::system::system;

struct Chat {
    system: System,
    programs: Programs,
    session: &'static str,
}

impl Chat {
    fn new() -> Self {
        Self {
            system: system(),
            programs: Programs::default(),
            session: "s1",
        }
    }

    fn with(&self, line: &str, helper: &dyn Helper) -> Result<Answer, ToolFault> {
        let grammar = Grammar::new(&specs());
        let tools = tools();
        let desk = Desk {
            system: &self.system,
            programs: &self.programs,
            tools: &tools,
            grammar: &grammar,
            session: self.session,
            owner: "ada",
            author: "ada",
        };
        let call = grammar
            .parse(line)
            .map_err(|fault| ToolFault::new(fault.code, fault.message))?;
        if let sop_systemdb::slash::Target::Tool(tool) = &call.target {
            desk.note_call(tool, &call.args)?;
            return Ok(Answer::Reply(sop_systemdb::draft::Reply::default()));
        }
        desk.run(&call, helper)
    }

    fn say(&self, line: &str) -> (String, Value) {
        match self.with(line, &NoHelp) {
            Ok(Answer::Reply(reply)) => (reply.text, reply.data),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(&self, line: &str) -> ToolFault {
        self.with(line, &NoHelp).unwrap_err()
    }
}

#[test]
fn a_script_is_made_saved_listed_shown_run_and_deleted() {
    let chat = Chat::new();
    assert!(!chat.say("/create demo").0.contains("Warning"));
    assert!(
        chat.say("/step show active users")
            .0
            .contains("kept as a question")
    );
    assert_eq!(chat.refused("/step").code, "no_last_call");
    chat.say("/select users limit=5");
    assert_eq!(
        chat.say("/step").0,
        "2. /select {\"store\":\"users\",\"limit\":5}"
    );
    assert!(chat.say("/steps").0.contains("1. ask: show active users"));
    assert_eq!(chat.say("/save").0, "Saved general.demo as version 1.");
    assert!(chat.say("/list").0.contains("general.demo (version 1)"));
    assert!(chat.say("/show demo").0.contains("2. /select"));
    let Ok(Answer::Run {
        script,
        draft,
        arguments,
    }) = chat.with("/run demo 5 role=admin", &NoHelp)
    else {
        panic!("not run");
    };
    assert_eq!((script.name.as_str(), draft), ("demo", false));
    assert_eq!(
        (arguments.positional, arguments.named["role"].clone()),
        (vec![json!(5)], json!("admin"))
    );
    let (text, data) = chat.say("/create demo");
    assert!(
        text.contains("saving will replace it (its version 1 is kept)"),
        "{text}"
    );
    assert_eq!(data["warning"], "replaces");
    chat.say("/step /select orders");
    assert_eq!(chat.say("/save").0, "Saved general.demo as version 2.");
    assert_eq!(chat.say("/history demo").0.lines().count(), 2);
    assert!(chat.say("/delete demo").0.contains("versions are kept"));
    assert_eq!(chat.refused("/show demo").code, "script_not_found");
    assert_eq!(chat.say("/history demo").0.lines().count(), 3);
}

#[test]
fn steps_are_put_in_changed_moved_and_taken_back() {
    let chat = Chat::new();
    chat.say("/create demo");
    for store in ["a", "b", "c"] {
        chat.say(&format!("/step /select {store}"));
    }
    let stores = |data: &Value| {
        let steps = data["script"]["steps"].as_array().unwrap().iter();
        steps
            .map(|step| step["args"]["store"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(stores(&chat.say("/insert_step 1 /select d").1), "dabc");
    assert_eq!(stores(&chat.say("/update_step 2 /select e").1), "debc");
    assert_eq!(stores(&chat.say("/reorder_steps 1 4").1), "ebcd");
    assert_eq!(stores(&chat.say("/delete_step 2").1), "ecd");
    assert_eq!(stores(&chat.say("/undo").1), "ebcd");
    assert_eq!(stores(&chat.say("/undo").1), "debc");
    assert!(
        chat.refused("/delete_step 9")
            .message
            .contains("from 1 to 4")
    );
    assert_eq!(
        chat.refused("/insert_step 1 /selct d").code,
        "unknown_command"
    );
    assert_eq!(chat.refused("/step /save").code, "invalid_value");
}

#[test]
fn a_value_becomes_a_parameter_and_the_list_shows_what_changed() {
    let chat = Chat::new();
    chat.say("/create demo");
    chat.say(r#"/step /select staff filter={"dept": "Sales", "nested": {"in": ["Sales"]}}"#);
    chat.say("/save");
    let (text, data) = chat.say("/parameterize demo dept Sales");
    assert!(
        text.contains("/steps/0/args/filter/dept: \"Sales\" → \"{{dept}}\""),
        "{text}"
    );
    assert!(text.contains("/steps/0/args/filter/nested/in/0"), "{text}");
    assert_eq!(data["script"]["parameters"][0]["default"], "Sales");
    assert_eq!(
        chat.refused("/parameterize demo dept Nowhere").code,
        "value_not_found"
    );
    assert_eq!(
        chat.refused("/parameterize demo 1x staff").code,
        "invalid_name"
    );
    assert_eq!(chat.say("/save").0, "Saved general.demo as version 2.");
}

#[test]
fn a_script_that_is_wrong_is_not_saved() {
    let chat = Chat::new();
    assert_eq!(chat.refused("/save").code, "no_draft");
    chat.say("/create demo");
    assert_eq!(chat.refused("/save").code, "no_steps");
    chat.say("/step /run nobody");
    let refused = chat.refused("/save");
    assert_eq!(refused.code, "invalid_script");
    assert!(
        refused.message.contains("/steps/0/script"),
        "{}",
        refused.message
    );
    assert!(chat.say("/steps").0.contains("call nobody"));
}

struct Model;
impl Helper for Model {
    fn step(&self, text: &str) -> Option<Value> {
        match text {
            "show users" => {
                Some(json!({"type": "tool", "tool": "select", "args": {"store": "users"}}))
            }
            "nonsense" => Some(json!({"type": "tol"})),
            _ => None,
        }
    }
    fn refine(&self, script: &Script) -> Result<Value, ToolFault> {
        let mut better = script.to_json();
        better["name"] = json!("users");
        better["description"] = json!("All users");
        Ok(better)
    }
}

#[test]
fn what_a_model_proposes_is_shown_and_applied_by_a_person() {
    let chat = Chat::new();
    let with = |line: &str| match chat.with(line, &Model) {
        Ok(Answer::Reply(reply)) => reply.text,
        other => panic!("{line}: {other:?}"),
    };
    with("/create demo");
    assert_eq!(with("/step show users"), "1. /select {\"store\":\"users\"}");
    assert!(with("/step nonsense").contains("kept as a question"));
    with("/delete_step 2");
    assert!(with("/refine").contains("/description: nothing → \"All users\""));
    assert!(with("/steps").starts_with("general.demo"));
    with("/refine cancel");
    assert_eq!(chat.refused("/refine apply").code, "no_proposal");
    with("/refine");
    assert!(with("/refine apply").starts_with("general.users — All users"));
    assert_eq!(with("/save"), "Saved general.users as version 1.");
    assert_eq!(chat.refused("/refine").code, "no_draft");
}

#[test]
fn drafts_survive_a_reload_and_belong_to_their_chat() {
    let mut chat = Chat::new();
    chat.say("/create demo");
    chat.say("/step /select users");
    // Another program over the same system database.
    chat.system = System::open(chat.system.database(sop::Mode::Read).unwrap().clone()).unwrap();
    assert!(chat.say("/steps").0.contains("1. /select"));
    assert!(
        chat.say("/list")
            .0
            .contains("general.demo (draft, steps go here)")
    );
    chat.session = "s2";
    assert_eq!(chat.refused("/steps").code, "no_draft");
    assert!(!chat.say("/list").0.contains("draft"));
}

#[test]
fn a_draft_that_somebody_else_saved_over_is_not_lost() {
    let mut chat = Chat::new();
    chat.say("/create demo");
    chat.say("/step /select users");
    chat.session = "s2";
    chat.say("/create demo");
    chat.say("/step /select orders");
    chat.say("/save");
    chat.session = "s1";
    assert_eq!(chat.refused("/save").code, "version_mismatch");
    assert_eq!(
        chat.say("/save_as \"my demo\"").0,
        "Saved general.my demo as version 1."
    );
}

#[test]
fn help_lists_every_command_and_shows_one() {
    let chat = Chat::new();
    let all = chat.say("/help").0;
    for name in [
        "/create",
        "/step",
        "/select",
        "/delete_step",
        "/parameterize",
        "/insert",
    ] {
        assert!(all.contains(&format!("{name} — ")), "{name}");
    }
    assert!(
        chat.say("/help run")
            .0
            .starts_with("/run name [value…] [name=value…]")
    );
    assert_eq!(chat.refused("/help crate").suggestions, ["/create"]);
}
