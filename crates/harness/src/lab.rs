//! The lab's command: hosts that boot in a second, and commands on them. Which products run there, the stage knows.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What went wrong, in words.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lab/lab");

/// Runs a verb of the lab in this process's own run, which ends with the process.
pub fn lab(arguments: &[&str]) -> Result<String, Error> {
    said(command(arguments), arguments)
}

/// Runs a shell line on a host as root.
pub fn on(host: &str, line: &str) -> Result<String, Error> {
    lab(&["exec", host, line])
}

/// Writes a file on a host.
pub fn write(host: &str, path: &str, text: &str) -> Result<(), Error> {
    fill(host, path, text.as_bytes())
}

/// Lays a file of this machine on a host.
pub fn lay(host: &str, from: &Path, to: &str) -> Result<(), Error> {
    fill(host, to, &fs::read(from)?)
}

fn fill(host: &str, path: &str, bytes: &[u8]) -> Result<(), Error> {
    let line = format!("cat >{path}");
    let mut child = command(&["exec", host, &line]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no way into the host")?.write_all(bytes)?;
    if child.wait()?.success() { Ok(()) } else { Err(format!("cannot write {path} on {host}").into()) }
}

fn command(arguments: &[&str]) -> Command {
    let me = std::process::id().to_string();
    let mut command = Command::new(LAB);
    command.args(arguments).env("DPP_LAB_RUN", format!("harness-{me}")).env("DPP_LAB_OWNER", &me);
    command
}

fn said(mut command: Command, arguments: &[&str]) -> Result<String, Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{LAB}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!("lab {}: {text}{why}", arguments.join(" ")).into())
}
