//! What dppctl makes of a playbook: its own log of the run.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::corpus::Piece;
use crate::host::{self, Host};
use crate::normal::normal;
use crate::record::{Record, TaskRecord};
use crate::state;

/// Runs it on the host.
pub(crate) fn run(piece: &Piece, host: Option<&Host>) -> Record {
    let (inventory, host) = host::ready(piece, host);
    let project = Piece::project(&inventory);
    let mut command = command(project.path());
    command.args(["run", "-i", "hosts", &format!("{}.yml", piece.name)]).args(&piece.options);
    let output = command.output().unwrap();
    let log = project.path().join(".dppctl/runs/1/log.jsonl");
    let log = fs::read_to_string(log).unwrap_or_default();
    let events = log.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let tasks: Vec<_> =
        events.filter(|event| event["type"] == "step_finished").map(|event| task(&event, project.path())).collect();
    if tasks.is_empty() {
        println!("{}: dppctl came to no task:\n{}", piece.name, String::from_utf8_lossy(&output.stderr));
    }
    Record { tasks, state: state::of(host, &piece.state), exit: output.status.code().unwrap_or(-1) }
}

/// The programme, in a folder that is its home too.
pub(crate) fn command(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dppctl"));
    command.current_dir(project).env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    command.env("HOME", project).env("LANG", "C.UTF-8");
    command
}

/// What its log tells of a task.
pub(crate) fn task(event: &Json, project: &Path) -> TaskRecord {
    let at = event["step"]["at"].as_str().unwrap();
    TaskRecord {
        // Ansible knows no columns.
        at: match at.rsplit_once(':') {
            // Ansible says where the play is.
            Some(_) if at.contains("/meta/argument_specs.yml:") => "argument_specs".to_owned(),
            Some((line, _)) => line.to_owned(),
            None => at.to_owned(),
        },
        host: event["host"].as_str().unwrap().to_owned(),
        action: event["step"]["action"].as_str().unwrap().to_owned(),
        status: event["status"].as_str().unwrap().to_owned(),
        ignored: event["ignored"].as_bool().unwrap_or(false),
        result: normal(&event["result"], &project.display().to_string()),
    }
}
