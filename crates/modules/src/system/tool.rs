//! Runs a program of the base system whose success is all that matters.

use dpp_protocol::Failure;

use crate::Host;
use crate::commands::process::Process;

/// Runs it; its own last words are part of the failure.
pub(super) fn run_tool(program: &str, arguments: &[String], host: &Host) -> Result<(), Failure> {
    run_tool_with(program, arguments, None, host)
}

/// As [`run_tool`], with an input: secrets go there, as arguments are seen by every user.
pub(super) fn run_tool_with(
    program: &str,
    arguments: &[String],
    input: Option<String>,
    host: &Host,
) -> Result<(), Failure> {
    let process = Process::new(program, arguments, host);
    let process = match input {
        Some(input) => process.input(input.into_bytes()),
        None => process,
    };
    let finished = process.run(host)?;
    if finished.succeeded() {
        return Ok(());
    }
    let line = format!("{program} {}", arguments.join(" "));
    Err(finished.describe(Failure::new(format!("`{}` {}", line.trim_end(), finished.ending()))))
}
