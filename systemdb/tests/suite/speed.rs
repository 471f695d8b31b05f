//! Figures, printed by `cargo test --release -p sop-systemdb -- --ignored --nocapture speed`.

use std::ops::ControlFlow;
use std::time::Instant;

use serde_json::json;
use sop_systemdb::script::run::{RunOptions, run};
use sop_systemdb::script::{Arguments, Programs, ScriptSource as _};
use sop_systemdb::system::{Library, Save};

use crate::host::{Host, script, tools};
use crate::system::system;

#[test]
#[ignore = "prints figures"]
fn a_two_step_script_by_key() {
    let system = system();
    let (programs, tools) = (Programs::default(), tools());
    let steps = json!([
        {"type": "fetch", "store": "users", "filter": {"key": "{{id}}"}, "output": "found"},
        {"type": "say", "message": "{{found[0].name}}"},
    ]);
    let parameters = json!([{"name": "id", "type": "integer"}]);
    let demo = script(&json!({"name": "demo", "parameters": parameters, "steps": steps}));
    system.save_script(&demo, &Save::default()).unwrap();
    let library = Library {
        system: &system,
        programs: &programs,
        tools: &tools,
    };
    let host = Host::with(&json!({"users": {"1": {"name": "Ada"}}}));
    let arguments = Arguments::from(json!({"id": 1}).as_object().unwrap().clone());
    let runs = 20_000_u32;
    let began = Instant::now();
    for _ in 0..runs {
        let program = library.program("general.demo").unwrap();
        let mut told = 0;
        let mut sink = |event| {
            told += serde_json::to_string(&event).unwrap().len();
            ControlFlow::Continue(())
        };
        let report = run(
            &program,
            &host,
            &arguments,
            &RunOptions::default(),
            &mut sink,
        );
        assert_eq!(report.steps, 2);
    }
    let each = began.elapsed() / runs;
    println!("a run of two steps, its events as text: {each:?}");
}
