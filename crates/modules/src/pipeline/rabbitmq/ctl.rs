//! `rabbitmqctl`, for what must be done before anybody can log in. Passwords go over stdin, never into arguments.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use dpp_protocol::Failure;
use serde_json::Value;

use crate::Host;
use crate::pipeline::product::UNREACHABLE;

/// The command, for one node.
pub(super) struct Ctl<'a> {
    node: Option<&'a str>,
    host: &'a Host<'a>,
}

impl<'a> Ctl<'a> {
    /// The command, if it is installed.
    pub(super) fn find(node: Option<&'a str>, host: &'a Host<'a>) -> Option<Self> {
        let folders = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/lib/rabbitmq/bin"];
        let installed = folders.iter().any(|folder| std::path::Path::new(folder).join("rabbitmqctl").exists());
        installed.then_some(Self { node, host })
    }

    /// The command; where it is not installed yet, RabbitMQ cannot be up either.
    pub(super) fn installed(node: Option<&'a str>, host: &'a Host<'a>) -> Result<Self, Failure> {
        Self::find(node, host).ok_or_else(|| {
            Failure::new("there is no rabbitmqctl on this host").code(UNREACHABLE).help("install rabbitmq-server first")
        })
    }

    /// Reads a list.
    pub(super) fn list(&self, arguments: &[&str]) -> Result<Vec<Value>, Failure> {
        let output = self.run(&[&["--formatter", "json"], arguments].concat(), None)?;
        let listed = output.find('[').and_then(|start| serde_json::from_str(&output[start..]).ok());
        listed.ok_or_else(|| {
            Failure::new(format!("unreadable list of rabbitmqctl {}", arguments[0])).note("stdout", output)
        })
    }

    /// Runs a command that takes a secret from stdin, or none.
    pub(super) fn run(&self, arguments: &[&str], secret: Option<&str>) -> Result<String, Failure> {
        let command = arguments.iter().find(|argument| argument.contains('_')).copied().unwrap_or_default();
        let (succeeded, stdout, stderr) = self
            .execute(arguments, secret)
            .map_err(|error| Failure::new(format!("cannot run rabbitmqctl {command}: {error}")).code("DPP0802"))?;
        if succeeded {
            return Ok(stdout);
        }
        let words = if stderr.trim().is_empty() { stdout } else { stderr };
        let last = words.lines().map(str::trim).find(|line| line.starts_with("Error")).unwrap_or(words.trim());
        let failure = Failure::new(format!("cannot do rabbitmqctl {command}: {last}"))
            .note("rabbitmqctl", words.split("DIAGNOSTICS").next().unwrap_or_default().trim());
        Err(if is_down(&words) {
            failure.code(UNREACHABLE).help("systemctl status rabbitmq-server; journalctl -u rabbitmq-server -n 50")
        } else {
            failure.code("DPP0802")
        })
    }

    /// Adds definitions; they go over stdin, since addresses in them may hold passwords.
    pub(super) fn import(&self, definitions: &Value) -> Result<(), Failure> {
        self.run(&["import_definitions"], Some(&definitions.to_string())).map(drop)
    }

    /// Whether a user has this password.
    pub(super) fn authenticates(&self, user: &str, password: &str) -> Result<bool, Failure> {
        match self.run(&["authenticate_user", user], Some(password)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.code == UNREACHABLE => Err(failure),
            Err(_) => Ok(false),
        }
    }

    fn execute(&self, arguments: &[&str], secret: Option<&str>) -> io::Result<(bool, String, String)> {
        let mut command = Command::new("rabbitmqctl");
        command.arg("-q").args(self.node.map(|node| ["-n", node]).into_iter().flatten()).args(arguments);
        command.envs(self.host.environment()).env("LC_ALL", "C.UTF-8");
        let stdin = if secret.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let (Some(mut stdin), Some(secret)) = (child.stdin.take(), secret) {
            stdin.write_all(secret.as_bytes())?;
            stdin.write_all(b"\n")?;
        }
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.success(), text(&output.stdout), text(&output.stderr)))
    }
}

fn is_down(words: &str) -> bool {
    [
        "unable to perform an operation on node",
        "unable to connect to node",
        "nodedown",
        "this command requires the 'rabbit' app",
    ]
    .iter()
    .any(|mark| words.to_ascii_lowercase().contains(mark))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_node_that_is_down_is_told_from_a_refusal() {
        assert!(super::is_down("Error: unable to perform an operation on node 'rabbit@k6'. Please see diagnostics"));
        assert!(!super::is_down("Error:\nuser 'logger' does not exist"));
    }
}
