//! `synchronize`: rsync is run here, or on the host a task is delegated to, over a connection of its own to the host.

use std::process::Command;

use dpp_protocol::{Answer, Change, Failure, Mode, Outcome, ResultMap, Task, Verb};
use serde_json::{Value as Json, json};

use crate::actions::{CHANGED, Synchronize};
use crate::engine::machine::{Hands, Job, What, Work};
use crate::transport::{BecomeMethod, OpenSsh};

/// What came of a run of rsync.
struct Ran {
    words: Vec<String>,
    code: i64,
    stdout: String,
    stderr: String,
}

impl Hands {
    /// Has rsync look, and then copy; what a change would owe is written down before it.
    pub(super) fn synchronize(&mut self, job: &Job, task: &Task, wish: &Synchronize) -> Result<What, Failure> {
        let answer = match self.synchronized(job, task, wish) {
            Err(Stop::Lost(failure)) => return Err(failure),
            Err(Stop::Failed(failure)) => Err(failure),
            Ok(outcome) => Ok(outcome),
        };
        Ok(What::Done { on: job.on.clone(), answer: Box::new(answer) })
    }

    fn synchronized(&mut self, job: &Job, task: &Task, wish: &Synchronize) -> Result<Outcome, Stop> {
        let is_check = task.mode == Mode::Survey;
        let owes = !is_check && !task.owes.is_empty();
        if is_check || owes {
            let ran = self.rsync(job, task, wish, true)?;
            let outcome = if is_check && ran.is_too_early() {
                Ok(expected(wish, &ran.words.join(" ")))
            } else {
                ran.outcome(wish, task)
            };
            let outcome = outcome.map_err(Stop::Failed)?;
            if is_check || !outcome.changed {
                return Ok(outcome);
            }
            self.done(job, &Task { owes: task.owes.clone(), ..nothing(task) })?.map_err(Stop::Failed)?;
        }
        let outcome = self.rsync(job, task, wish, false)?.outcome(wish, task).map_err(Stop::Failed)?;
        if !task.settles.is_empty() {
            self.done(job, &Task { settles: task.settles.clone(), ..nothing(task) })?.map_err(Stop::Failed)?;
        }
        Ok(outcome)
    }

    fn rsync(&mut self, job: &Job, task: &Task, wish: &Synchronize, dry: bool) -> Result<Ran, Stop> {
        let dry = dry.then(|| "--dry-run".to_owned());
        let mut words: Vec<String> = [wish.rsync.clone()].into_iter().chain(dry).chain(wish.options.clone()).collect();
        match (&wish.on, self.is_local()) {
            (None, true) => words.extend([wish.src.clone(), wish.dest.clone()]),
            (None, false) => {
                let way = self.way().ok_or_else(|| Stop::Failed(Failure::new("no way to the host is known")))?.clone();
                words.extend(over(&way, job, wish, true).map_err(Stop::Failed)?);
                return here(words, way.password.as_ref().map(|password| password.reveal().to_owned()));
            }
            (Some(on), _) if *on == job.host => {
                words.extend([wish.src.clone(), wish.dest.clone()]);
                return self.there(job, task, words);
            }
            (Some(_), _) => {
                words.extend(over(&peer(wish), job, wish, false).map_err(Stop::Failed)?);
                // Who is become is become on the other side.
                let login = Job { host: job.host.clone(), on: job.on.clone(), becoming: None, work: Work::Connect };
                return self.there(&login, task, words);
            }
        }
        here(words, None)
    }

    /// Runs it on the machine of this job.
    fn there(&mut self, job: &Job, task: &Task, words: Vec<String>) -> Result<Ran, Stop> {
        let asked =
            Task { module: "command".into(), params: json!({"argv": words}), mode: Mode::Apply, ..nothing(task) };
        let result = match self.done(job, &asked)? {
            Ok(outcome) => outcome.result,
            Err(failure) if failure.result.contains_key("start") => failure.result,
            Err(failure) if failure.message.starts_with("cannot start") => {
                return Ok(Ran {
                    words,
                    code: 127,
                    stdout: String::new(),
                    stderr: format!("{}: command not found", failure.message),
                });
            }
            Err(failure) => return Err(Stop::Failed(failure)),
        };
        let text = |name: &str| result.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let code = result.get("rc").and_then(Json::as_i64).unwrap_or(1);
        Ok(Ran { words, code, stdout: text("stdout"), stderr: text("stderr") })
    }

    /// Has the machine's agent do something beside.
    fn done(&mut self, job: &Job, task: &Task) -> Result<Answer, Stop> {
        self.ready(job, None).map_err(Stop::Lost)?;
        match self.agent(job.becoming.as_ref()).map_err(Stop::Lost)?.run(task.clone(), &mut |_| ()) {
            Ok(answer) => Ok(answer),
            Err(error) => Err(Stop::Lost(self.lost(&error))),
        }
    }
}

/// Why it did not come to an end.
enum Stop {
    Failed(Failure),
    Lost(Failure),
}

fn nothing(task: &Task) -> Task {
    let (owes, settles) = (Vec::new(), Vec::new());
    Task { module: "raw".into(), params: json!({"_raw_params": ":"}), owes, settles, bound: None, ..task.clone() }
}

/// How a host a task is delegated to reaches the task's host.
fn peer(wish: &Synchronize) -> OpenSsh {
    let (address, user) = wish.peer.clone();
    let options = ["-o", "BatchMode=yes"].map(str::to_owned).to_vec();
    let unchecked = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"].map(str::to_owned);
    let options = if wish.ssh.verifies { options } else { [options, unchecked.to_vec()].concat() };
    OpenSsh { user: user.unwrap_or_default(), address, port: 22, options, password: None }
}

/// What rsync is told of the other side: how it is reached, who writes there, and both paths.
fn over(way: &OpenSsh, job: &Job, wish: &Synchronize, is_ours: bool) -> Result<Vec<String>, Failure> {
    let remote = if wish.pulls { &wish.src } else { &wish.dest };
    let is_daemon = remote.starts_with("rsync://");
    let mut words = Vec::new();
    if !is_daemon && !wish.ssh.is_told {
        words.push(format!("--rsh={}", shell(way, wish, is_ours)));
    }
    let program = match (&wish.rsync_path, &job.becoming) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(becoming)) if becoming.method == BecomeMethod::Sudo => {
            Some(format!("sudo -n -u {} rsync", becoming.user))
        }
        (None, Some(_)) => {
            return Err(Failure::new("`synchronize` becomes another user by sudo alone")
                .code("DPP0503")
                .help("`rsync_path` names what is run on the host instead"));
        }
        (None, None) => None,
    };
    words.extend(program.map(|program| format!("--rsync-path={program}")));
    let address = if way.address.contains(':') { format!("[{}]", way.address) } else { way.address.clone() };
    let has_user = !wish.ssh.omits_user && !way.user.is_empty();
    let user = if has_user { format!("{}@", way.user) } else { String::new() };
    let far = if is_daemon { remote.clone() } else { format!("{user}{address}:{remote}") };
    words.extend(if wish.pulls { [far, wish.dest.clone()] } else { [wish.src.clone(), far] });
    Ok(words)
}

/// The line by which rsync starts ssh.
fn shell(way: &OpenSsh, wish: &Synchronize, is_ours: bool) -> String {
    let mut words = vec!["ssh".to_owned()];
    words.extend((!wish.ssh.shares).then(|| ["-S".to_owned(), "none".to_owned()]).into_iter().flatten());
    words.extend(wish.ssh.key.iter().flat_map(|key| ["-i".to_owned(), key.clone()]));
    words.extend((wish.ssh.verifies && is_ours).then(|| "-oStrictHostKeyChecking=yes".to_owned()));
    let port = wish.ssh.port.unwrap_or(i64::from(way.port));
    words.extend(["-o".to_owned(), format!("Port={port}")]);
    words.extend(way.options.iter().chain(&wish.ssh.more).cloned());
    // rsync splits this line itself, and knows quotes.
    let quoted = words.iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.clone() });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Runs it on this machine.
fn here(words: Vec<String>, password: Option<String>) -> Result<Ran, Stop> {
    let mut command = match &password {
        Some(password) => {
            let mut command = Command::new("sshpass");
            command.arg("-e").env("SSHPASS", password).args(&words);
            command
        }
        None => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            command
        }
    };
    let output = command.stdin(std::process::Stdio::null()).output();
    let output = output.map_err(|error| Stop::Failed(not_started(&words[0], password.is_some(), &error)))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().map_or(-1, i64::from);
    Ok(Ran { words, code, stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

fn not_started(rsync: &str, by_password: bool, error: &std::io::Error) -> Failure {
    let (program, help) = if by_password {
        ("sshpass", "rsync's ssh takes a password from `sshpass` alone: install it here, or log in with a key")
    } else {
        (rsync, "`apt-get install rsync` on this machine; the host needs it, too")
    };
    Failure::new(format!("cannot start `{program}` on this machine: {error}")).help(help)
}

/// What is to be expected when rsync, or what it copies, may still come.
fn expected(wish: &Synchronize, cmd: &str) -> Outcome {
    let change = Change::new(Verb::Change, wish.dest.clone()).detail("what it needs is not there yet");
    let result = registered("", cmd);
    Outcome { changed: true, unpredicted: true, changes: vec![change], result, ..Outcome::default() }
}

fn registered(said: &str, cmd: &str) -> ResultMap {
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    let result = json!({"msg": said, "rc": 0, "cmd": cmd, "stdout_lines": lines});
    result.as_object().cloned().unwrap_or_default()
}

impl Ran {
    fn lacks_rsync(&self) -> bool {
        self.code != 0 && (self.stderr.contains("command not found") || self.stderr.contains("rsync: not found"))
    }

    /// Whether a task before it may bring what it misses.
    fn is_too_early(&self) -> bool {
        self.lacks_rsync() || (self.code != 0 && self.stderr.contains("No such file or directory"))
    }

    fn outcome(self, wish: &Synchronize, task: &Task) -> Answer {
        let cmd = self.words.join(" ");
        if self.code != 0 {
            return Err(self.failure(wish, &cmd));
        }
        let links = wish.options.iter().any(|option| option.starts_with("--link-dest="));
        let mark = format!("{CHANGED}.");
        let changed = if links { !self.stdout.contains(&mark) } else { self.stdout.contains(CHANGED) };
        let clean = self.stdout.replace(CHANGED, "");
        let mut outcome = Outcome { changed, result: registered(&clean, &cmd), ..Outcome::default() };
        if changed {
            let paths = self.stdout.matches(CHANGED).count();
            let detail = format!("{paths} path{}", if paths == 1 { "" } else { "s" });
            let change = Change::new(Verb::Change, wish.dest.clone()).detail(detail);
            outcome.changes.push(if task.diff { change.texts(None, Some(clean.clone())) } else { change });
        }
        Ok(outcome)
    }

    fn failure(&self, wish: &Synchronize, cmd: &str) -> Failure {
        let failure =
            Failure::new(format!("rsync cannot bring {} to {}: exit code {}", wish.src, wish.dest, self.code))
                .value("msg", self.stderr.clone())
                .value("rc", self.code)
                .value("cmd", cmd);
        let lines: Vec<&str> = self.stderr.trim_end().lines().collect();
        let failure = failure.note("rsync", lines[lines.len().saturating_sub(8)..].join("\n"));
        match &self.stderr {
            _ if self.lacks_rsync() => failure.help("`apt: {name: rsync}` before this task brings it to the host"),
            text if text.contains("a password is required") => failure
                .help("rsync cannot hand sudo a password: let the user become root without one, or log in as root"),
            text if text.contains("Permission denied (publickey") => {
                failure.help("rsync's own ssh asks nobody: load the key into ssh-agent, or name it with `private_key`")
            }
            _ => failure,
        }
    }
}
