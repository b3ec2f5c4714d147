//! The way through another host: OpenSSH's own client makes it, so that every configuration of it works.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::transport::TransportError;

/// How a host that cannot be reached directly is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// `ProxyJump`: user, host and port as OpenSSH writes them, several with commas.
    Jump(String),
    /// `ProxyCommand`, with `%h` and `%p`.
    Command(String),
}

impl Proxy {
    /// Starts the proxy and returns the stream that leads to the host.
    pub(super) fn connect(&self, host: &str, port: u16) -> Result<UnixStream, TransportError> {
        let broken = |error: std::io::Error| TransportError::Unreachable {
            address: format!("{host}:{port}"),
            cause: format!("cannot start the way through {self}: {error}"),
        };
        let (ours, theirs) = UnixStream::pair().map_err(broken)?;
        let input = OwnedFd::from(theirs.try_clone().map_err(broken)?);
        self.command(host, port)
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .map_err(broken)?;
        Ok(ours)
    }

    fn command(&self, host: &str, port: u16) -> Command {
        match self {
            Self::Jump(hops) => {
                let (last, before) = hops.rsplit_once(',').map_or((hops.as_str(), None), |(b, l)| (l, Some(b)));
                let (to, hop_port) = match last.rsplit_once(':') {
                    Some((to, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (to, Some(port)),
                    _ => (last, None),
                };
                let mut command = Command::new("ssh");
                command.args(["-o", "BatchMode=yes", "-W", &format!("{host}:{port}")]);
                if let Some(before) = before {
                    command.args(["-J", before]);
                }
                if let Some(hop_port) = hop_port {
                    command.args(["-p", hop_port]);
                }
                command.arg(to);
                command
            }
            Self::Command(line) => {
                let mut command = Command::new("sh");
                let line = line.replace("%h", host).replace("%p", &port.to_string()).replace("%%", "%");
                command.args(["-c", &format!("exec {line}")]);
                command
            }
        }
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Jump(hops) => f.write_str(hops),
            Self::Command(line) => f.write_str(line),
        }
    }
}
