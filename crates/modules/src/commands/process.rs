//! A process that a task starts: its environment, its two outputs read to the end at once, its death with the agent's.
//!
//! It cannot hang on a full pipe nor on a daemon that keeps a pipe open after the process itself has ended.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use dpp_protocol::Failure;
use jiff::Zoned;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use crate::Host;

/// Bytes of one output that are handed back; what comes after is read and counted only.
const OUTPUT_LIMIT: usize = 10 << 20;

/// How often a running process is reported, in seconds.
const LIFE_EVERY: i64 = 2;

/// A process to be started.
pub(crate) struct Process {
    command: Command,
    shown: String,
    input: Option<Vec<u8>>,
}

/// A process that ended.
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// Bytes of its outputs that were beyond the limit and are not handed back.
    pub(crate) dropped: usize,
    /// When it was started.
    pub(crate) start: Zoned,
    /// When it had ended.
    pub(crate) end: Zoned,
}

impl Process {
    /// A program and its arguments, with the task's environment.
    pub(crate) fn new(program: &str, arguments: &[String], host: &Host) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).envs(host.environment());
        let shown = program.to_owned();
        Self { command, shown, input: None }
    }

    /// Sets the folder it starts in.
    pub(crate) fn chdir(&mut self, folder: &Path) {
        self.command.current_dir(folder);
    }

    /// Has it speak English, for outputs that are read by us.
    pub(crate) fn untranslated(mut self) -> Self {
        self.command.env("LC_ALL", "C");
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it these bytes as standard input; without, it reads nothing.
    pub(crate) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Starts it and waits until it has ended.
    pub(crate) fn run(self, host: &Host) -> Result<Finished, Failure> {
        let (finished, stdout) = self.run_for_bytes(host)?;
        Ok(Finished { stdout: text(stdout), ..finished })
    }

    /// The same for a program whose standard output is no text: its bytes stand beside the rest.
    pub(crate) fn run_for_bytes(mut self, host: &Host) -> Result<(Finished, Vec<u8>), Failure> {
        let start = Zoned::now();
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        die_with_the_agent(&mut self.command);
        let mut child = self.command.spawn().map_err(|error| not_started(&self.shown, &error))?;
        if let (Some(bytes), Some(mut pipe)) = (self.input.take(), child.stdin.take()) {
            // A process that does not read its input is no failure of ours: the broken pipe is let go.
            thread::spawn(move || pipe.write_all(&bytes));
        }
        let [stdout, stderr] = read_both(&mut child, &self.shown, host)
            .map_err(|error| Failure::new(format!("cannot read what `{}` writes: {error}", self.shown)))?;
        let status =
            child.wait().map_err(|error| Failure::new(format!("cannot wait for `{}`: {error}", self.shown)))?;
        let dropped = stdout.dropped + stderr.dropped;
        let stderr = text(stderr.bytes);
        Ok((Finished { status, stdout: String::new(), stderr, dropped, start, end: Zoned::now() }, stdout.bytes))
    }
}

impl Finished {
    /// Whether it ended with 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// The exit code; for a process that a signal ended, the signal's number below zero, as Python has it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().or_else(|| self.status.signal().map(|signal| -signal)).unwrap_or(-1)
    }

    /// How it ended, in words.
    pub(crate) fn ending(&self) -> String {
        match self.status.signal() {
            Some(signal) => format!("was ended by signal {signal}"),
            None => format!("ended with exit code {}", self.code()),
        }
    }

    /// What is to be said of an output that was too long to be handed back whole.
    pub(crate) fn cut(&self) -> Option<String> {
        let limit = OUTPUT_LIMIT >> 20;
        (self.dropped > 0).then(|| {
            format!("it printed more than {limit} MiB: the last {} bytes are left out of the result", self.dropped)
        })
    }

    /// The same with a secret in its outputs replaced, for a program that repeats what it was told.
    pub(crate) fn without(self, secret: &str, shown: &str) -> Self {
        let (stdout, stderr) = (self.stdout.replace(secret, shown), self.stderr.replace(secret, shown));
        Self { stdout, stderr, ..self }
    }

    /// Adds the last words of the process to a failure.
    pub(crate) fn describe(&self, failure: Failure) -> Failure {
        [("stderr", &self.stderr), ("stdout", &self.stdout)]
            .into_iter()
            .filter(|(_, text)| !text.trim().is_empty())
            .fold(failure, |failure, (label, text)| failure.note(label, last_lines(text)))
    }
}

/// The last eight lines of an output.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

#[expect(unsafe_code, reason = "std has no other way to run a call between fork and exec; prctl is safe to call there")]
fn die_with_the_agent(command: &mut Command) {
    // SAFETY: the closure makes one system call, allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| rustix::process::set_parent_process_death_signal(Some(Signal::TERM)).map_err(Into::into));
    }
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    let cause = error.to_string();
    let cause = cause.split(" (os error").next().unwrap_or(&cause);
    let rc = error.raw_os_error().unwrap_or(1);
    Failure::new(format!("cannot start `{program}`: {cause}")).value("rc", rc).value("msg", cause).value("cmd", program)
}

/// Reads both outputs until the process ends, then what is still in the pipes, and waits for no one else's copy of them.
fn read_both(child: &mut Child, shown: &str, host: &Host) -> std::io::Result<[Output; 2]> {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Ok([Output::default(), Output::default()]);
    };
    rustix::io::ioctl_fionbio(&stdout, true)?;
    rustix::io::ioctl_fionbio(&stderr, true)?;
    let pid = Pid::from_child(child);
    let ended = pidfd_open(pid, PidfdFlags::empty())?;
    let (mut stdout, mut stderr) = (Stream::new(stdout), Stream::new(stderr));
    loop {
        let mut watched = vec![PollFd::new(&ended, PollFlags::IN)];
        watched.extend(stdout.open().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        watched.extend(stderr.open().map(|pipe| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
        let ready = poll(&mut watched, Some(&Timespec { tv_sec: LIFE_EVERY, tv_nsec: 0 }))?;
        let over = !watched[0].revents().is_empty();
        drop(watched);
        stdout.read()?;
        stderr.read()?;
        if over {
            return Ok([stdout.output, stderr.output]);
        }
        if ready == 0 {
            host.life(&format!("{shown}: {}", stdout.last_line()), None);
        }
    }
}

/// What was written, as far as it is kept.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    dropped: usize,
}

/// One output while it is read.
struct Stream<R> {
    pipe: Option<R>,
    output: Output,
    piece: Vec<u8>,
}

impl<R: Read> Stream<R> {
    fn new(pipe: R) -> Self {
        Self { pipe: Some(pipe), output: Output::default(), piece: vec![0; 64 << 10] }
    }

    fn open(&self) -> Option<&R> {
        self.pipe.as_ref()
    }

    /// Reads all that is there without waiting.
    fn read(&mut self) -> std::io::Result<()> {
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut self.piece) {
                Ok(0) => self.pipe = None,
                Ok(length) => {
                    let kept = length.min(OUTPUT_LIMIT.saturating_sub(self.output.bytes.len()));
                    self.output.bytes.extend_from_slice(&self.piece[..kept]);
                    self.output.dropped += length - kept;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn last_line(&self) -> String {
        let bytes = &self.output.bytes;
        let tail = &bytes[bytes.len().saturating_sub(200)..];
        String::from_utf8_lossy(tail).trim_end().lines().last().unwrap_or("running").to_owned()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};

    use super::*;

    fn sh(script: &str, input: Option<&[u8]>) -> Finished {
        let host = Host::new("/nonexistent", BTreeMap::new(), &|_, _| ());
        let process = Process::new("/bin/sh", &["-c".into(), script.into()], &host);
        match input {
            Some(bytes) => process.input(bytes.to_vec()).run(&host).unwrap(),
            None => process.run(&host).unwrap(),
        }
    }

    #[test]
    fn ten_megabytes_on_both_outputs_do_not_hang() {
        let finished = sh("head -c 10000000 /dev/zero | tr '\\0' a; head -c 10000000 /dev/zero | tr '\\0' b >&2", None);
        assert_eq!((finished.stdout.len(), finished.stderr.len()), (10_000_000, 10_000_000));
    }

    #[test]
    fn what_is_beyond_ten_mebibytes_is_counted_and_told() {
        let finished = sh("head -c 10485763 /dev/zero | tr '\\0' a", None);
        assert_eq!((finished.stdout.len(), finished.dropped), (10 << 20, 3));
        assert!(finished.cut().is_some_and(|words| words.contains("10 MiB") && words.contains("3 bytes")));
        assert_eq!(sh("echo short", None).cut(), None);
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_is_not_waited_for() {
        let before = Instant::now();
        assert_eq!(sh("sleep 30 & echo started", None).stdout, "started\n");
        assert!(before.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn input_reaches_it_and_a_reader_that_stops_early_is_no_error() {
        assert_eq!(sh("cat", Some(b"hello")).stdout, "hello");
        assert_eq!(sh("true", Some(&vec![b'x'; 1 << 20])).code(), 0);
    }

    #[test]
    fn endings_are_told_as_python_does() {
        assert_eq!(sh("exit 3", None).ending(), "ended with exit code 3");
        assert_eq!(sh("kill -9 $$", None).code(), -9);
        assert_eq!(sh("printf 'a\\377b'", None).stdout, "a\u{fffd}b");
    }
}
