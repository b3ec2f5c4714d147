//! Two records of one playbook, side by side.

use serde_json::Value as Json;

use crate::differences::Differences;
use crate::record::{Record, TaskRecord};

/// What a comparison came to.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) tasks: usize,
    pub(crate) equal: usize,
    pub(crate) explained: usize,
    pub(crate) different: usize,
    /// Of what differs without an explanation.
    pub(crate) told: Vec<String>,
}

impl Verdict {
    /// Counts another one in.
    pub(crate) fn add(&mut self, other: Self) {
        self.tasks += other.tasks;
        self.equal += other.equal;
        self.explained += other.explained;
        self.different += other.different;
    }

    fn judge(&mut self, place: &str, found: Vec<String>, explained: &Differences) {
        self.tasks += 1;
        if found.is_empty() {
            self.equal += 1;
            return;
        }
        let strange: Vec<String> = found.into_iter().filter(|line| !explained.explains(place, line)).collect();
        if strange.is_empty() {
            self.explained += 1;
        } else {
            self.different += 1;
            self.told.push(format!("{place}\n    {}", strange.join("\n    ")));
        }
    }
}

/// Task by task, then the files they left.
pub(crate) fn compare(theirs: &Record, ours: &Record, explained: &Differences, name: &str) -> Verdict {
    let mut verdict = Verdict::default();
    let mut ours_left: Vec<&TaskRecord> = ours.tasks.iter().collect();
    for task in &theirs.tasks {
        let twin = ours_left.iter().position(|other| other.at == task.at && other.host == task.host);
        let found = match twin.map(|at| ours_left.remove(at)) {
            Some(twin) => of_task(task, twin),
            None => vec![format!("Ansible came to it ({}), dppctl did not", task.status)],
        };
        verdict.judge(&format!("{} {} {}", task.at, task.host, task.action), found, explained);
    }
    for task in ours_left {
        let found = vec![format!("dppctl came to it ({}), Ansible did not", task.status)];
        verdict.judge(&format!("{} {} {}", task.at, task.host, task.action), found, explained);
    }
    verdict.judge(&format!("{name}.yml: files"), of_state(&theirs.state, &ours.state), explained);
    let end = (theirs.exit != ours.exit).then(|| format!("exit code: Ansible {}, dppctl {}", theirs.exit, ours.exit));
    verdict.judge(&format!("{name}.yml: end"), end.into_iter().collect(), explained);
    verdict
}

fn of_task(theirs: &TaskRecord, ours: &TaskRecord) -> Vec<String> {
    let mut found = Vec::new();
    if (&theirs.status, theirs.ignored) != (&ours.status, ours.ignored) {
        let words = |task: &TaskRecord| format!("{}{}", task.status, if task.ignored { ", ignored" } else { "" });
        let why = ours.result["msg"].as_str().filter(|_| ours.status == "failed").unwrap_or_default();
        found.push(format!("status: Ansible {}, dppctl {} {why}", words(theirs), words(ours)));
    }
    // What a task that failed says can be explained apart from what one that did its work says.
    let both_failed = theirs.status == "failed" && ours.status == "failed";
    of_values(if both_failed { "failure" } else { "result" }, &theirs.result, &ours.result, &mut found);
    found
}

/// Every place where two values differ, with both.
fn of_values(at: &str, theirs: &Json, ours: &Json, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Json::Object(theirs), Json::Object(ours)) => {
            for (key, value) in theirs {
                match ours.get(key) {
                    Some(own) => of_values(&format!("{at}.{key}"), value, own, found),
                    None => found.push(format!("{at}.{key}: missing, Ansible has {}", short(value))),
                }
            }
            let more = ours.iter().filter(|(key, _)| !theirs.contains_key(*key));
            found.extend(more.map(|(key, value)| format!("{at}.{key}: more than Ansible, {}", short(value))));
        }
        (Json::Array(theirs), Json::Array(ours)) if theirs.len() == ours.len() => {
            for (number, (value, own)) in theirs.iter().zip(ours).enumerate() {
                of_values(&format!("{at}[{number}]"), value, own, found);
            }
        }
        _ if theirs == ours => {}
        _ => found.push(format!("{at}: Ansible {}, dppctl {}", short(theirs), short(ours))),
    }
}

fn of_state(theirs: &[String], ours: &[String]) -> Vec<String> {
    let missing = theirs.iter().filter(|line| !ours.contains(line)).map(|line| format!("Ansible left: {line}"));
    let more = ours.iter().filter(|line| !theirs.contains(line)).map(|line| format!("dppctl left: {line}"));
    missing.chain(more).collect()
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
