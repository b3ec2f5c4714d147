//! This machine as a host: the agent is a child process.

use std::process::{Command, Stdio};

use crate::transport::{Connection, TransportError, Wire};

/// This machine.
#[derive(Debug, Default)]
pub struct LocalHost;

impl Connection for LocalHost {
    fn start(&self, command: &str, _terminal: bool) -> Result<Wire, TransportError> {
        let broken = |error: std::io::Error| TransportError::Broken(format!("cannot start a shell here: {error}"));
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(broken)?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(input), Some(output)) => Ok(Wire { input: Box::new(input), output: Box::new(output) }),
            _ => Err(TransportError::Broken("the shell has no streams".into())),
        }
    }
}
