//! The way through another host: OpenSSH's own client makes it, so that every configuration of it works.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use crate::transport::{SshTarget, TransportError};

/// How long a client that failed may take to say why.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What OpenSSH's client says after the cause.
const ECHOES: [&str; 3] = ["stdio forwarding failed", "Connection closed by UNKNOWN", "kex_exchange_identification"];

/// How a host that cannot be reached directly is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// `ProxyJump`: user, host and port as OpenSSH writes them, several with commas.
    Jump(String),
    /// `ProxyCommand`, with `%h` and `%p`.
    Command(String),
}

/// A way that was opened: it knows what is said on it.
pub(super) struct Passage {
    address: String,
    way: String,
    command: String,
    said: Receiver<String>,
}

impl Proxy {
    /// Starts the proxy and returns the stream that leads to the host.
    pub(super) fn connect(&self, target: &SshTarget) -> Result<(UnixStream, Passage), TransportError> {
        let words = self.words(target);
        let (tell, said) = mpsc::channel();
        let address = format!("{}:{}", target.address, target.port);
        let command = match self {
            Self::Jump(_) => words.join(" "),
            Self::Command(line) => filled_in(line, target),
        };
        let passage = Passage { address, way: self.to_string(), command, said };
        match open(&words, tell) {
            Ok(stream) => Ok((stream, passage)),
            Err(error) => Err(passage.failed(&format!("cannot start {}: {error}", words[0]))),
        }
    }

    /// The command that makes the way.
    fn words(&self, target: &SshTarget) -> Vec<String> {
        let hops = match self {
            Self::Jump(hops) => hops,
            Self::Command(line) => {
                return vec!["sh".into(), "-c".into(), format!("exec {}", filled_in(line, target))];
            }
        };
        let (last, before) = hops.rsplit_once(',').map_or((hops.as_str(), None), |(b, l)| (l, Some(b)));
        let (to, hop_port) = match last.rsplit_once(':') {
            Some((to, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (to, Some(port)),
            _ => (last, None),
        };
        let end = format!("{}:{}", target.address, target.port);
        let config = target.ssh_config.as_ref().map(|file| file.display().to_string());
        let mut words = vec!["ssh"];
        for (option, value) in [
            ("-F", config.as_deref()),
            ("-o", Some("BatchMode=yes")),
            ("-W", Some(&end)),
            ("-J", before),
            ("-p", hop_port),
        ] {
            words.extend(value.into_iter().flat_map(|value| [option, value]));
        }
        words.push(to);
        words.into_iter().map(str::to_owned).collect()
    }
}

fn filled_in(line: &str, target: &SshTarget) -> String {
    line.replace("%h", &target.address).replace("%p", &target.port.to_string()).replace("%%", "%")
}

fn open(words: &[String], tell: Sender<String>) -> std::io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    let input = OwnedFd::from(theirs.try_clone()?);
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::from(input))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .spawn()?;
    let errors = child.stderr.take();
    thread::spawn(move || {
        // Read to its end, wanted or not: a client must not wait for somebody who reads.
        errors.into_iter().for_each(|errors| pass_on(errors, &tell));
        drop(tell);
        child.wait()
    });
    Ok(ours)
}

fn pass_on(errors: impl Read, tell: &Sender<String>) {
    for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
        let _ = tell.send(String::from_utf8_lossy(&line).trim().to_owned());
    }
}

impl Passage {
    /// Why the way does not lead there: the client's last words, or else these.
    pub(super) fn failed(self, otherwise: &str) -> TransportError {
        let lines = std::iter::from_fn(|| self.said.recv_timeout(LAST_WORDS).ok()).filter(|line| !line.is_empty());
        let (echoes, causes): (Vec<_>, Vec<_>) =
            lines.partition(|line| ECHOES.iter().any(|echo| line.starts_with(echo)));
        let last = causes.last().or(echoes.last()).map_or(otherwise, String::as_str).to_owned();
        TransportError::Passage { cause: last, address: self.address, way: self.way, command: self.command }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::transport::{HostKeyPolicy, Login, SshHost};

    fn target(proxy: Proxy, ssh_config: Option<&Path>) -> SshTarget {
        SshTarget {
            address: "10.0.0.7".into(),
            port: 2200,
            proxy: Some(proxy),
            ssh_config: ssh_config.map(Path::to_owned),
            timeout: Duration::from_secs(1),
            host_keys: HostKeyPolicy::Off,
            known_hosts: Vec::new(),
        }
    }

    fn refusal(target: &SshTarget) -> (String, Option<String>) {
        let error = SshHost::connect(target, &Login::default()).err().unwrap();
        (error.to_string(), error.help())
    }

    #[test]
    fn a_jump_is_made_with_the_configuration_that_was_named() {
        let words = |hops: &str, config| {
            let proxy = Proxy::Jump(hops.into());
            proxy.words(&target(proxy.clone(), config)).join(" ")
        };
        assert_eq!(words("gate", None), "ssh -o BatchMode=yes -W 10.0.0.7:2200 gate");
        let named = words("gate", Some(Path::new("lab.ssh")));
        assert_eq!(named, "ssh -F lab.ssh -o BatchMode=yes -W 10.0.0.7:2200 gate");
        assert_eq!(words("a,ops@b:2222", None), "ssh -o BatchMode=yes -W 10.0.0.7:2200 -J a -p 2222 ops@b");
    }

    #[test]
    fn what_the_client_on_the_way_says_last_is_the_cause() {
        let line = "sh -c 'echo first; echo gate is away; echo stdio forwarding failed' >&2".to_owned();
        let (message, help) = refusal(&target(Proxy::Command(line.clone()), None));
        assert_eq!(message, format!("cannot reach 10.0.0.7:2200 through {line}: gate is away"));
        assert!(help.is_some_and(|help| help.ends_with(&line)));
    }

    #[test]
    fn a_jump_host_is_named_and_looked_up_in_the_file_that_was_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Host gate\n  HostName 127.0.0.1\n  Port 1\n").unwrap();
        let (message, help) = refusal(&target(Proxy::Jump("gate".into()), Some(file.path())));
        assert_eq!(
            message,
            "cannot reach 10.0.0.7:2200 through gate: ssh: connect to host 127.0.0.1 port 1: Connection refused"
        );
        let command = format!("ssh -F {} -o BatchMode=yes -W 10.0.0.7:2200 gate", file.path().display());
        assert!(help.is_some_and(|help| help.ends_with(&command)));
    }

    #[test]
    fn a_silent_way_is_named_too() {
        let (message, _) = refusal(&target(Proxy::Command("true".into()), None));
        assert!(message.starts_with("cannot reach 10.0.0.7:2200 through true: "), "{message}");
    }
}
