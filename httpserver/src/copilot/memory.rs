//! What a model hears of the turns before: whole turns as long as they fit, a line for each older one.

use super::saved::{SavedSession, SavedTurn};
use crate::llm::{Message, Part, Role};

/// Bytes of a token, about.
const TOKEN_BYTES: usize = 4;
/// Longest text of a turn in the summary, in characters.
const LINE_CHARS: usize = 200;
/// Most turns in the summary.
const MAX_LINES: usize = 40;

/// The messages of the turns before, not larger than about `tokens`. The newest turns are whole, calls with their
/// results; older ones are a summary. `hide` replaces names in the summary, which is made from what people see.
pub fn messages(saved: &SavedSession, tokens: u64, hide: &dyn Fn(&str) -> String) -> Vec<Message> {
    let room = tokens as usize * TOKEN_BYTES;
    let (mut used, mut first) = (0, saved.memory.len());
    for (place, turn) in saved.memory.iter().enumerate().rev() {
        used += turn.messages.iter().map(size).sum::<usize>();
        if used > room {
            break;
        }
        first = place;
    }
    let kept = saved.memory.get(first..).unwrap_or_default();
    let oldest = kept.first().map_or(u64::MAX, |turn| turn.turn);
    // The turn that is asked just now is on the list of turns, too, but has not ended.
    let older = saved
        .turns
        .iter()
        .filter(|turn| turn.ended.is_some() && turn.turn < oldest);
    let older: Vec<&SavedTurn> = older.collect();
    let mut out = Vec::new();
    if !older.is_empty() {
        let skip = older.len().saturating_sub(MAX_LINES);
        let lines: Vec<String> = older.iter().skip(skip).map(|turn| line(turn)).collect();
        let text = format!("Summary of the earlier talk:\n{}", lines.join("\n"));
        out.push(said(Role::User, hide(&text)));
        out.push(said(Role::Model, "I have read the summary.".to_owned()));
    }
    for turn in kept {
        out.extend(turn.messages.iter().cloned());
        if out.last().is_some_and(|last| last.role == Role::User) {
            // It was stopped or failed: without an answer the next question would be part of this one.
            out.push(said(
                Role::Model,
                "(This answer was not finished.)".to_owned(),
            ));
        }
    }
    out
}

fn said(role: Role, text: String) -> Message {
    Message {
        role,
        parts: vec![Part::Text(text)],
    }
}

fn size(message: &Message) -> usize {
    let of = |part: &Part| match part {
        Part::Text(text) => text.len(),
        Part::Call(call) => call.name.len() + call.args.to_string().len() + 40,
        Part::Result(result) => result.text.len() + 40,
        Part::Opaque(opaque) => opaque.value.to_string().len(),
    };
    message.parts.iter().map(of).sum()
}

/// A turn in a line: no rows, only what was asked, called and said.
fn line(turn: &SavedTurn) -> String {
    let short = |text: &str| -> String {
        let text = text.replace('\n', " ");
        text.chars().take(LINE_CHARS).collect()
    };
    let calls: Vec<&str> = turn
        .calls
        .iter()
        .map(|call| call.tool.as_str())
        .take(12)
        .collect();
    format!(
        "{}. The person said: {}. Tools: {}. The answer began: {}",
        turn.turn,
        short(&turn.message),
        if calls.is_empty() {
            "none".to_owned()
        } else {
            calls.join(", ")
        },
        short(&turn.answer)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copilot::saved::TurnMemory;

    fn session(turns: u64, bytes: usize) -> SavedSession {
        SavedSession {
            turns: (1..=turns)
                .map(|turn| SavedTurn {
                    turn,
                    message: format!("question {turn}"),
                    answer: "fine".to_owned(),
                    ended: Some("done".to_owned()),
                    ..SavedTurn::default()
                })
                .collect(),
            memory: (1..=turns)
                .map(|turn| TurnMemory {
                    turn,
                    messages: vec![
                        said(Role::User, format!("question {turn} {}", "x".repeat(bytes))),
                        said(Role::Model, "fine".to_owned()),
                    ],
                })
                .collect(),
            ..SavedSession::default()
        }
    }

    #[test]
    fn old_turns_become_lines_and_new_ones_stay_whole() {
        let same = |text: &str| text.to_owned();
        let all = messages(&session(3, 100), 1_000, &same);
        assert_eq!(all.len(), 6);
        let some = messages(&session(10, 400), 350, &same);
        assert_eq!(some.len(), 2 + 6, "{some:?}");
        let Part::Text(summary) = &some[0].parts[0] else {
            unreachable!()
        };
        assert!(
            summary.contains("question 7") && !summary.contains("question 8"),
            "{summary}"
        );
        assert!(messages(&SavedSession::default(), 10, &same).is_empty());
    }

    #[test]
    fn a_turn_without_an_answer_does_not_run_into_the_next() {
        let mut saved = session(1, 1);
        saved.memory[0].messages.pop();
        let all = messages(&saved, 1_000, &|text| text.to_owned());
        assert_eq!(all.last().unwrap().role, Role::Model);
    }
}
