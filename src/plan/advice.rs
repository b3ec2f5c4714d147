//! What an operator should know of a play before it runs: words that do nothing where they stand, or something else
//! than they seem to say.

use std::collections::BTreeSet;

use crate::plan::{PlayPlan, Selection, Step, Strategy, TaskStep};
use crate::source::{Problem, Problems, nearest};
use crate::value::Value;
use crate::yaml::Key;

/// Warnings about a play.
pub(super) fn of(play: &PlayPlan) -> Problems {
    let mut problems = Problems::new();
    if play.strategy == Strategy::Free {
        every_host_for_itself(&play.steps, &mut problems);
    }
    decimal_modes(&play.steps, &mut problems);
    unheeded(&play.steps, &mut problems);
    problems
}

/// Keywords of Ansible's that have no effect.
fn unheeded(steps: &[Step], problems: &mut Problems) {
    for step in steps {
        match step {
            Step::Task(step) => problems.extend(
                step.keywords
                    .unheeded
                    .iter()
                    .map(|key| Problem::warning("DPP0105", format!("`{}` has no effect", key.text)).at(&key.place, "")),
            ),
            Step::Flush | Step::RoleEnd(_) => {}
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|steps| unheeded(steps, problems));
            }
        }
    }
}

/// Hosts that do not wait for each other cannot agree on the one that does it.
fn every_host_for_itself(steps: &[Step], problems: &mut Problems) {
    for step in steps {
        match step {
            Step::Task(step) if step.keywords.run_once.is_some() => problems.push(
                Problem::warning("DPP0105", "`run_once` has no effect under strategy `free`: every host runs the task")
                    .at(&step.task.place, "in this task"),
            ),
            Step::Task(_) | Step::Flush | Step::RoleEnd(_) => {}
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always]
                    .into_iter()
                    .for_each(|steps| every_host_for_itself(steps, problems));
            }
        }
    }
}

/// Tags that are asked for and that no task has.
pub(super) fn unknown_tags(selection: &Selection, known: &BTreeSet<String>) -> Problems {
    const SPECIAL: [&str; 5] = ["all", "always", "never", "tagged", "untagged"];
    let asked = selection.tags.iter().chain(&selection.skip);
    let strangers = asked.filter(|tag| !SPECIAL.contains(&tag.as_str()) && !known.contains(*tag));
    let told = |tag: &String| {
        let problem = Problem::warning("DPP0105", format!("no task that is known before the run has the tag `{tag}`"));
        match (nearest(tag, known.iter().map(String::as_str)), known.is_empty()) {
            (Some(near), _) => problem.did_you_mean(Some(near)),
            (None, true) => problem,
            (None, false) => {
                problem.note(format!("there are {}", known.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
            }
        }
    };
    strangers.map(told).collect()
}

/// `mode: 644`: a number that its writer took for octal digits.
fn decimal_modes(steps: &[Step], problems: &mut Problems) {
    for step in steps {
        match step {
            Step::Task(step) => problems.extend(decimal_mode(step)),
            Step::Flush | Step::RoleEnd(_) => {}
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always]
                    .into_iter()
                    .for_each(|steps| decimal_modes(steps, problems));
            }
        }
    }
}

fn decimal_mode(step: &TaskStep) -> Option<Problem> {
    let is_mode = |key: &Key| ["mode", "directory_mode"].contains(&key.text.as_str());
    let (key, number) = step.task.args.iter().find_map(|(key, value)| match value {
        Value::Int(number) if is_mode(key) && looks_octal(key) => Some((key, *number)),
        _ => None,
    })?;
    let name = &key.text;
    let problem =
        Problem::warning("DPP0105", format!("`{name}: {number}` is a decimal number: in octal it is {number:o}"));
    Some(problem.at(&key.place, "").help(format!("write `{name}: \"0{number}\"`")))
}

/// Whether the digits behind this key are those of a mode, without the zero that would make them octal.
fn looks_octal(key: &Key) -> bool {
    let behind = &key.place.source().text()[key.place.range().end..];
    let line = behind.lines().next().unwrap_or_default();
    let value = line.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':').unwrap_or_default().trim_start();
    let digits = value.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    (3..=4).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Source};

    fn key(line: &str) -> Key {
        let source = Source::new("site.yml", line);
        let at = line.find("mode").unwrap();
        Key { text: "mode".to_owned(), place: Place::new(&source, at..at + 4) }
    }

    #[test]
    fn digits_of_a_mode_without_their_zero_are_noticed() {
        for line in ["mode: 644", "copy: {src: a, mode: 755}", "{\"mode\": 1777}", "mode: 600 # private"] {
            assert!(looks_octal(&key(line)), "{line}");
        }
        for line in ["mode: 0644", "mode: \"0644\"", "mode: 493", "mode: u=rw", "mode: preserve", "mode: 0o644"] {
            assert!(!looks_octal(&key(line)), "{line}");
        }
    }

    #[test]
    fn a_tag_that_no_task_has_is_told_with_the_nearest() {
        let known = BTreeSet::from(["install".to_owned(), "config".to_owned()]);
        let asked = |tags: &[&str]| {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            unknown_tags(&Selection { tags, skip: Vec::new() }, &known)
        };
        assert!(asked(&["install", "always", "tagged"]).is_empty());
        let problems = asked(&["instal"]);
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `install`?"));
        assert_eq!(asked(&["nothing-like-it"])[0].notes, ["there are config, install"]);
    }
}
