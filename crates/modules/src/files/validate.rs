//! Has a new file checked by its owner's own command before it replaces the old one: `visudo -cf %s`.

use std::path::Path;

use dpp_protocol::Failure;

use crate::Host;
use crate::commands::process::{Finished, Process};

/// What `copy` registers of it in Ansible; modules that edit texts say less.
fn registered(failure: Failure, finished: &Finished) -> Failure {
    let failure = failure.value("msg", "failed to validate").value("exit_status", finished.code());
    [("stdout", &finished.stdout), ("stderr", &finished.stderr)].into_iter().fold(failure, |failure, (name, text)| {
        let lines = text.lines().collect::<Vec<_>>();
        failure.value(name, text.as_str()).value(&format!("{name}_lines"), lines)
    })
}

/// Runs `command` with `%s` replaced by the new file's path; whatever it refuses never reaches `wanted`.
pub(crate) fn validate(command: &str, new: &Path, wanted: &Path, host: &Host) -> Result<(), Failure> {
    if !command.contains("%s") {
        return Err(Failure::new(format!("validate `{command}` has no %s for the path of the new file"))
            .code("DPP0104")
            .help("a command with %s; or yaml, json or properties where content is made on the controller"));
    }
    let line = command.replace("%s", &new.to_string_lossy());
    let words: Vec<String> = shlex::Shlex::new(&line).collect();
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::new("validate is an empty command"));
    };
    let finished = Process::new(program, arguments, host).run(host)?;
    if finished.succeeded() {
        return Ok(());
    }
    let failure = Failure::new(format!("new content of {} was refused by `{command}`", wanted.display()))
        .help(format!("{} is as it was; correct what the task writes", wanted.display()));
    Err(registered(finished.describe(failure), &finished))
}
