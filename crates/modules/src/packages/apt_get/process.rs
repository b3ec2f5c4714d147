//! Runs apt-get and dpkg: they never ask, they show signs of life, and they outlive an agent that is cut off.
//!
//! Their output goes to a file and not to a pipe, in a process group of their own: when the connection breaks half way
//! through an installation, dpkg finishes it, and the next run finds it done.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dpp_protocol::Failure;

use crate::Host;

const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Lines of output that a failure quotes.
const LAST_WORDS: usize = 12;

/// A run of apt-get or dpkg that is to be made.
pub struct Process {
    program: String,
    arguments: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Finished {
    /// Whether it exited with 0.
    pub success: bool,
    /// Its exit code; -1 for one that a signal ended.
    pub code: i32,
    /// Everything it printed, on both streams, in order.
    pub output: String,
}

impl Finished {
    /// The last lines, where dpkg and apt say what went wrong.
    pub fn last_words(&self) -> String {
        let lines: Vec<_> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    }
}

impl Process {
    /// A run of `program`.
    pub fn new(program: &str) -> Self {
        Self { program: program.to_owned(), arguments: Vec::new() }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs it to its end, with a sign of life whenever it says something new.
    pub fn run(&self, host: &Host) -> Result<Finished, Failure> {
        let log = host.state().join(format!("{}.log", self.program));
        let failed = |error: io::Error| {
            let failure = Failure::new(format!("cannot run {}: {error}", self.program));
            match error.kind() {
                io::ErrorKind::PermissionDenied => failure.code("DPP0501").help("say `become: true`"),
                _ => failure.code("DPP0601"),
            }
        };
        let child = self.start(&log, host).map_err(failed)?;
        let status = self.follow(child, &log, host).map_err(failed)?;
        let output = fs::read(&log).map_err(failed)?;
        Ok(Finished {
            success: status.success(),
            code: status.code().unwrap_or(-1),
            output: String::from_utf8_lossy(&output).into_owned(),
        })
    }

    fn start(&self, log: &Path, host: &Host) -> io::Result<Child> {
        let output = fresh(log)?;
        Command::new(&self.program)
            .args(&self.arguments)
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("DEBIAN_PRIORITY", "critical")
            .env("APT_LISTCHANGES_FRONTEND", "none")
            .envs(host.environment())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
    }

    /// Waits in a thread of its own, so that the end is noticed at once and the output is read meanwhile.
    fn follow(&self, mut child: Child, log: &Path, host: &Host) -> io::Result<ExitStatus> {
        let mut output = File::open(log)?;
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(child.wait()));
        loop {
            match end.recv_timeout(LOOK_EVERY) {
                Ok(status) => return status,
                Err(RecvTimeoutError::Timeout) => self.speak(&mut output, host),
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the wait for it was lost")),
            }
        }
    }

    fn speak(&self, output: &mut File, host: &Host) {
        let mut new = Vec::new();
        if output.read_to_end(&mut new).is_ok()
            && let Some(stage) = String::from_utf8_lossy(&new).lines().rev().find_map(stage)
        {
            host.life(&format!("{}: {stage}", self.program), None);
        }
    }
}

fn fresh(log: &Path) -> io::Result<File> {
    if let Some(folder) = log.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match fs::remove_file(log) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::options().create_new(true).append(true).mode(0o600).open(log)
}

/// What a line of apt's or dpkg's output says about how far it is: `unpacking kibana (5.1.1)`.
fn stage(line: &str) -> Option<String> {
    const STAGES: &[&str] =
        &["Unpacking ", "Setting up ", "Removing ", "Purging ", "Processing triggers for ", "Preparing to unpack "];
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("Get:") {
        return Some(format!("fetching {}", rest.splitn(3, ' ').nth(2)?));
    }
    STAGES.iter().find(|stage| line.starts_with(**stage))?;
    let words = line.trim_end_matches('.').trim();
    Some(words[..1].to_lowercase() + &words[1..])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn stages_are_read_off_the_output() {
        let cases = [
            ("Unpacking es (6.2.1) over (5.6.2) ...", Some("unpacking es (6.2.1) over (5.6.2)")),
            ("Setting up kibana (5.1.1) ...", Some("setting up kibana (5.1.1)")),
            ("Get:3 http://mirror/debian bookworm/main amd64 jq", Some("fetching bookworm/main amd64 jq")),
            ("Reading package lists...", None),
        ];
        for (line, expected) in cases {
            assert_eq!(stage(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn output_exit_code_and_signs_of_life_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let said = Mutex::new(Vec::new());
        let life = |text: &str, _: Option<(u64, u64)>| said.lock().unwrap().push(text.to_owned());
        let host = Host::new(folder.path(), BTreeMap::from([("ADDED".into(), "yes".into())]), &life);
        let script = "echo \"Setting up $ADDED ...\"; echo oops >&2; read x; sleep 0.7; exit 3";
        let finished = Process::new("sh").args(["-c", script]).run(&host).unwrap();
        assert_eq!((finished.success, finished.code), (false, 3));
        assert_eq!(finished.last_words(), "Setting up yes ...\noops");
        assert_eq!(*said.lock().unwrap(), ["sh: setting up yes"]);
    }
}
