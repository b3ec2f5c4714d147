//! What came of an order to a connector: lines for people, an entry of a document for programmes.

use std::fmt::Write as _;

use dpp_protocol::{Answer, Outcome, Verb};
use serde_json::{Value as Json, json};

/// What came of a connector, for programmes.
pub(super) fn entry(answer: &Answer) -> Json {
    match answer {
        Ok(outcome) => json!({
            "changed": outcome.changed,
            "changes": outcome.changes,
            "status": outcome.result.get("status"),
        }),
        Err(failure) => json!({"failure": failure}),
    }
}

/// What came of a connector, as lines.
pub(super) fn told(name: &str, answer: &Answer) -> String {
    match answer {
        Ok(outcome) if outcome.changes.is_empty() => format!("  ok  connector {name}{}", running(outcome)),
        Ok(outcome) => {
            let lines = outcome.changes.iter().map(|change| {
                let mark = match change.verb {
                    Verb::Create => '+',
                    Verb::Delete => '-',
                    Verb::Restart => '>',
                    Verb::Change | Verb::Run => '~',
                };
                format!("  {mark}   {}  {}", change.what, change.detail).trim_end().to_owned()
            });
            lines.collect::<Vec<_>>().join("\n") + &running(outcome)
        }
        Err(failure) => {
            let mut text = format!("  FAILED  connector {name}: {}", failure.message);
            for note in &failure.notes {
                let _ = write!(text, "\n     = {:8} {}", note.label, note.text.replace('\n', "\n                "));
            }
            text + &failure.help.as_ref().map(|help| format!("\n     help: {help}")).unwrap_or_default()
        }
    }
}

fn running(outcome: &Outcome) -> String {
    let status = outcome.result.get("status");
    // Tasks go on for a moment after their connector was told to pause.
    if status.is_some_and(|status| status["state"] == "PAUSED") {
        return "  (paused)".to_owned();
    }
    let tasks = status.and_then(|status| status["tasks"].as_array());
    let running = |tasks: &Vec<Json>| tasks.iter().filter(|task| task["state"] == "RUNNING").count();
    tasks.map(|tasks| format!("  ({}/{} tasks run)", running(tasks), tasks.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Change, Failure};

    use super::*;

    #[test]
    fn what_came_of_a_connector_is_told() {
        let status = json!({"tasks": [{"state": "RUNNING"}, {"state": "FAILED"}]});
        let result = json!({"status": status}).as_object().unwrap().clone();
        let quiet = Outcome { result: result.clone(), ..Outcome::default() };
        let changes = vec![Change::new(Verb::Create, "connector sink").detail("logs_data")];
        let made = Outcome { changed: true, changes, result, ..Outcome::default() };
        let wrong = Failure::new("Connect refuses the configuration").note("tasks.max", "not a number").help("fix it");
        for (answer, expected) in [
            (Ok(quiet), "  ok  connector sink  (1/2 tasks run)"),
            (Ok(made), "  +   connector sink  logs_data  (1/2 tasks run)"),
            (
                Err(wrong),
                "  FAILED  connector sink: Connect refuses the configuration\n     = tasks.max not a number\n     help: fix it",
            ),
        ] {
            assert_eq!(told("sink", &answer), expected);
        }
    }

    #[test]
    fn a_programme_is_told_what_changed_or_why_not() {
        let change = Change::new(Verb::Create, "connector sink");
        let result = json!({"status": {"state": "RUNNING"}}).as_object().unwrap().clone();
        let made = entry(&Ok(Outcome { changed: true, changes: vec![change], result, ..Outcome::default() }));
        assert_eq!((&made["changed"], &made["status"]["state"]), (&json!(true), &json!("RUNNING")));
        assert_eq!(made["changes"][0]["what"], "connector sink");
        let wrong = entry(&Err(Failure::new("Connect refuses it").help("fix it")));
        assert_eq!(wrong["failure"]["message"], "Connect refuses it");
    }
}
