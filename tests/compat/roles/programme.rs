//! Applies a role twice with a programme, on a host as it was made.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::Instant;

use regex::Regex;
use serde_json::Value as Json;

use super::answer::{Answer, Run};
use super::left::Left;
use super::role::Role;
use crate::host::Host;
use crate::oracle::{self, Oracle};
use crate::ours;
use crate::record::TaskRecord;

/// No role needs longer, unless it waits for what never comes.
const PATIENCE: &str = "1200";

/// By ansible-core, which needs Python on the host.
pub(crate) fn ansible(oracle: &Oracle, role: &Role, host: &Host) -> Answer {
    host.reset_for(true);
    let project = role.project(host, true);
    let run = || {
        let events = project.path().join("events.jsonl");
        let mut command = patient(&oracle.playbook(project.path(), &events));
        let (output, seconds) = timed(command.args(["-i", "hosts", "site.yml"]));
        let lines = fs::read_to_string(&events).unwrap_or_default();
        let lines = lines.lines().map(|line| serde_json::from_str(&without_long_numbers(line)).unwrap());
        let tasks = lines.map(|line| oracle::task(&line, project.path())).collect();
        told(output, seconds, tasks, [project.path(), &role.among])
    };
    applied(host, run)
}

/// By dppctl, which needs nothing.
pub(crate) fn dppctl(role: &Role, host: &Host) -> Answer {
    host.reset_for(false);
    // As Ansible's has them since Python was installed.
    host.on("apt-get update -qq");
    let project = role.project(host, false);
    let mut number = 0;
    let run = || {
        number += 1;
        let mut command = patient(&ours::command(project.path()));
        let (output, seconds) = timed(command.args(["run", "-i", "hosts", "site.yml"]));
        let log = project.path().join(format!(".dppctl/runs/{number}/log.jsonl"));
        let log = fs::read_to_string(log).unwrap_or_default();
        let events = log.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let events = events.filter(|event| event["type"] == "step_finished");
        let tasks = events.map(|event| ours::task(&event, project.path())).collect();
        told(output, seconds, tasks, [project.path(), &role.among])
    };
    applied(host, run)
}

fn applied(host: &Host, mut run: impl FnMut() -> Run) -> Answer {
    let before = Left::on(host, None);
    let runs = vec![run(), run()];
    let after = Left::on(host, Some(&before));
    Answer { runs, before, after }
}

/// The same command, ended when it takes too long.
fn patient(command: &Command) -> Command {
    let mut patient = Command::new("timeout");
    patient.arg(PATIENCE).arg(command.get_program()).args(command.get_args()).env_clear();
    patient.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    patient.current_dir(command.get_current_dir().unwrap());
    patient
}

fn timed(command: &mut Command) -> (Output, f64) {
    let begin = Instant::now();
    let output = command.output().unwrap();
    (output, begin.elapsed().as_secs_f64())
}

fn told(output: Output, seconds: f64, tasks: Vec<TaskRecord>, folders: [&Path; 2]) -> Run {
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let said = lines[lines.len().saturating_sub(40)..].join("\n");
    // Facts are gathered by a task that Ansible counts with the play, dppctl beside it.
    let tasks = tasks.into_iter().filter(|task| task.action != "gather_facts" && !task.at.starts_with("(facts)"));
    let tasks = tasks.map(|task| without_folders(task, folders)).collect();
    Run { exit: output.status.code().unwrap_or(-1), seconds, tasks, said }
}

/// The modulus of a key is a number that is longer than any that serde reads; nobody looks at it here.
fn without_long_numbers(line: &str) -> Cow<'_, str> {
    static LONG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d{30,}\b").unwrap());
    LONG.replace_all(line, "0")
}

/// Ansible follows the link to the roles; of the result only its message is of use here.
fn without_folders(task: TaskRecord, folders: [&Path; 2]) -> TaskRecord {
    let [project, among] = folders.map(|folder| format!("{}/", folder.display()));
    let at = task.at.replace(&project, "").replace(&among, "").replace("roles/", "");
    let result = serde_json::json!({ "msg": message(&task.result) });
    TaskRecord { at, result, ..task }
}

fn message(result: &Json) -> String {
    let items = result["results"].as_array().into_iter().flatten();
    let all = items.chain([result]).filter_map(|result| result["msg"].as_str().or(result["stderr"].as_str()));
    let mut text = all.collect::<Vec<_>>().join(" | ");
    text.truncate(text.floor_char_boundary(600));
    text
}
