//! `dppctl_lock`: this host is one run's alone for as long as the run's agent lives. It is no module for playbooks: `dppctl` puts
//! it before the first task of what it deploys, and asks it for `dppctl lock`.
//!
//! The lock is the kernel's, on a file of the agent's state, and ends with the agent, however that ends. What the file says is
//! only who has it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::{PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::arguments::Number;
use crate::lock_file::LockFile;
use crate::{Host, Module, Survey};

/// The code of a host that is another run's.
pub const LOCKED: &str = "DPP1101";

/// The result that says what the host is owed by then: a run before may have gone on since the agent greeted.
pub const OWED: &str = "owed";

/// How long an older run waits for a younger one that holds a lock: should the two meet on another host as well, the younger one
/// gives up there at once.
const YIELDS_IN: Duration = Duration::from_secs(10);

/// How long a run that was given a lock may take to write down whose it is.
const SIGNS_IN: Duration = Duration::from_secs(2);

/// How long a run whose agent was told to end may take to.
const ENDS_IN: Duration = Duration::from_secs(10);

/// Parameters of `dppctl_lock`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    #[serde(default)]
    state: State,
    /// What tells runs apart and which of two is older: texts that are ordered by the time of the run's beginning.
    #[serde(default)]
    ticket: String,
    /// Who runs it: `mohsen@laptop`.
    #[serde(default)]
    by: String,
    /// What is run: `deploy`.
    #[serde(default)]
    command: String,
    /// Seconds that another holder is waited for.
    #[serde(default = "none")]
    wait: Number,
}

fn none() -> Number {
    Number(0.0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// The lock is this run's.
    #[default]
    Held,
    /// Whose it is, is told.
    Told,
    /// It is nobody's: the agent that has it is ended.
    Free,
}

/// Who has the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    ticket: String,
    by: String,
    command: String,
    /// Seconds since 1970, by this host's clock.
    since: u64,
    /// The agent, as this host numbers it.
    pid: u32,
}

impl Holder {
    /// `mohsen@laptop, deploy, for 2m 10s`
    fn words(&self) -> String {
        let plain = |text: &str| text.chars().filter(|character| !character.is_control()).take(60).collect::<String>();
        let seconds = now().saturating_sub(self.since);
        let age = if seconds < 60 { format!("{seconds}s") } else { format!("{}m {}s", seconds / 60, seconds % 60) };
        format!("{}, {}, for {age}", plain(&self.by), plain(&self.command))
    }

    /// Whether the agent is there that signed. One that ends gives its memory back first and its lock only then.
    fn is_alive(&self) -> bool {
        fs::read_link(format!("/proc/{}/exe", self.pid)).is_ok()
    }

    fn read(file: &mut File) -> io::Result<Self> {
        let mut text = String::new();
        file.rewind()?;
        file.take(4096).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    }
}

impl Module for Lock {
    const NAME: &'static str = "dppctl_lock";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let holder = holder(&path(host));
        let told = Survey::unchanged().value("held", holder.is_some()).value("by", holder.as_ref().map(Holder::words));
        let change = |holder: &Holder| Change::new(Verb::Delete, "lock").detail(holder.words());
        Ok(match self.state {
            State::Held => Survey::unchanged().unpredicted(),
            State::Told => told,
            State::Free => Survey { steps: holder.iter().map(change).collect(), ..told },
        })
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        end_holder(&path(host))
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if self.state == State::Held {
            self.take(host)?;
            result.insert(OWED.into(), json!(host.debts().unwrap_or_default()));
        }
        Ok(())
    }
}

impl Lock {
    fn take(&self, host: &Host) -> Result<(), Failure> {
        let mut held = host.tenure().lock.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|(ticket, _)| *ticket == self.ticket) {
            return Ok(());
        }
        let path = path(host);
        let failed =
            |error: io::Error| Failure::new(format!("cannot lock {}: {error}", path.display())).code("DPP1103");
        host.private_folder().map_err(failed)?;
        let mut file = LockFile::open(&path).map_err(failed)?;
        if let Had::By(other) = lock_or_read(&mut file).map_err(failed)? {
            if other.as_ref().is_some_and(|other| other.ticket == self.ticket) {
                return Ok(());
            }
            let words = other.as_ref().map_or_else(|| "another run".to_owned(), Holder::words);
            host.life(&format!("waiting for the lock of {words}"), None);
            file = self.awaited(file, other.as_ref()).ok_or_else(|| taken(&words))?;
        }
        self.sign(&mut file).map_err(failed)?;
        *held = Some((self.ticket.clone(), file));
        Ok(())
    }

    /// The file once it is locked for us.
    fn awaited(&self, file: LockFile, other: Option<&Holder>) -> Option<LockFile> {
        let is_younger = other.is_some_and(|other| other.ticket > self.ticket);
        let patience = Duration::try_from_secs_f64(self.wait.0).unwrap_or_default();
        let patience = if is_younger { patience.max(YIELDS_IN) } else { patience };
        if patience.is_zero() {
            return None;
        }
        // Who is given the lock after nobody waits for it any more, drops it at once.
        let (got, given) = mpsc::channel();
        thread::spawn(move || {
            if file.lock(FlockOperation::LockExclusive).is_ok() {
                let _ = got.send(file);
            }
        });
        given.recv_timeout(patience).ok()
    }

    fn sign(&self, file: &mut File) -> io::Result<()> {
        let holder = Holder {
            ticket: self.ticket.clone(),
            by: self.by.clone(),
            command: self.command.clone(),
            since: now(),
            pid: std::process::id(),
        };
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&serde_json::to_vec(&holder)?)
    }
}

fn taken(words: &str) -> Failure {
    Failure::new(format!("another run has the lock of this host: {words}")).code(LOCKED).help(
        "wait for it with --lock-wait 15m; `dppctl lock status` shows who has it, and `dppctl lock release` ends a run that is lost",
    )
}

fn path(host: &Host) -> std::path::PathBuf {
    host.state().join("lock")
}

/// Whose the lock is.
#[derive(Debug, PartialEq, Eq)]
enum Had {
    /// It was free, and is had through our file now.
    ByUs,
    /// It is another one's; none where that one does not sign.
    By(Option<Holder>),
}

/// Locks the file, or tells who has it.
///
/// Between having the lock and having signed there is a moment in which the file is empty or names a run that ended. Who took that
/// for the holder's word would give way to nobody, and of several that meet none might go on.
fn lock_or_read(file: &mut LockFile) -> io::Result<Had> {
    let due = Instant::now() + SIGNS_IN;
    while !is_locked(file)? {
        let signed = Holder::read(file).ok().filter(Holder::is_alive);
        if signed.is_some() || Instant::now() >= due {
            return Ok(Had::By(signed));
        }
        thread::sleep(SIGNS_IN / 200);
    }
    Ok(Had::ByUs)
}

/// Whether the lock was free, and is now had through this file.
fn is_locked(file: &LockFile) -> io::Result<bool> {
    match file.lock(FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Who has the lock now; nobody when what is written there is of a run that ended.
fn holder(path: &Path) -> Option<Holder> {
    let mut file = path.exists().then(|| LockFile::open(path).ok())??;
    match file.lock(FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => Holder::read(&mut file).ok(),
    }
}

/// Ends the agent that has the lock, and waits until it is free.
fn end_holder(path: &Path) -> Result<(), Failure> {
    let Some(holder) = holder(path) else { return Ok(()) };
    let failed = |why: String| {
        Failure::new(format!("cannot end the run of {}: {why}", holder.words()))
            .code("DPP1103")
            .help(format!("process {} on the host has the lock; the lock ends with it", holder.pid))
    };
    let programme = fs::read_link(format!("/proc/{}/exe", holder.pid)).map_err(|error| failed(error.to_string()))?;
    if !is_agent(&programme) {
        return Err(failed(format!("process {} is {}", holder.pid, programme.display())));
    }
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw).ok_or_else(|| failed("no process".into()))?;
    kill_process(pid, Signal::TERM).map_err(|error| failed(error.to_string()))?;
    let (got, given) = mpsc::channel();
    let file = LockFile::open(path).map_err(|error| failed(error.to_string()))?;
    thread::spawn(move || got.send(file.lock(FlockOperation::LockShared)));
    match given.recv_timeout(ENDS_IN) {
        Ok(Ok(())) => Ok(()),
        _ => Err(failed(format!("it did not end within {}s", ENDS_IN.as_secs()))),
    }
}

/// The number may be another process's by now. An agent's file is named after its hash: `agent-…`.
fn is_agent(programme: &Path) -> bool {
    programme.file_name().is_some_and(|name| name.to_string_lossy().contains("agent"))
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use dpp_protocol::{Mode, Outcome, Task};

    use super::*;
    use crate::Tenure;

    fn run(state: &Path, params: serde_json::Value) -> Result<Outcome, Failure> {
        run_by(&Arc::default(), state, params)
    }

    fn run_by(agent: &Arc<Tenure>, state: &Path, params: serde_json::Value) -> Result<Outcome, Failure> {
        let task = Task {
            id: 1,
            module: "dppctl_lock".into(),
            params,
            mode: Mode::Apply,
            diff: false,
            environment: BTreeMap::new(),
            owes: Vec::new(),
            settles: Vec::new(),
            run: String::new(),
            bound: None,
        };
        let host = Host::new(state, BTreeMap::new(), &|_, _| ()).through(agent);
        (crate::find("dppctl_lock").unwrap().run)(&task, &host)
    }

    fn lock(ticket: &str, wait: f64) -> Lock {
        let (by, command) = ("ci@runner".into(), "upgrade".into());
        Lock { state: State::Held, ticket: ticket.into(), by, command, wait: Number(wait) }
    }

    /// What another run's agent does to the lock.
    fn other(state: &Path, ticket: &str) -> LockFile {
        let mut file = LockFile::open(&state.join("lock")).unwrap();
        assert!(is_locked(&file).unwrap());
        lock(ticket, 0.0).sign(&mut file).unwrap();
        file
    }

    #[test]
    fn a_host_is_one_runs_alone_and_nobodys_once_that_run_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let (state, mine) = (state.path(), json!({"ticket": "5-a", "by": "ops@laptop", "command": "deploy"}));
        let theirs = other(state, "1-b");
        let failure = run(state, mine.clone()).unwrap_err();
        assert_eq!(failure.code, LOCKED);
        assert!(failure.message.contains("ci@runner, upgrade, for "), "{}", failure.message);
        let told = run(state, json!({"state": "told"})).unwrap();
        assert_eq!((&told.result["held"], told.changed), (&json!(true), false));
        drop(theirs);
        assert_eq!(run(state, json!({"state": "told"})).unwrap().result["held"], false);
        let agent = Arc::default();
        std::fs::write(state.join("debts.json"), r#"[{"handler": "restart it", "reason": "new"}]"#).unwrap();
        for _ in 0..2 {
            let outcome = run_by(&agent, state, mine.clone()).unwrap();
            assert!(!outcome.changed, "to lock a host changes nothing there");
            assert_eq!(outcome.result[OWED][0]["handler"], "restart it");
        }
        let told = run(state, json!({"state": "told"})).unwrap();
        assert!(told.result["by"].as_str().unwrap().starts_with("ops@laptop, deploy, for "), "{:?}", told.result);
        drop(agent);
        assert_eq!(run(state, json!({"state": "told"})).unwrap().result["held"], false, "it ends with its agent");
    }

    #[test]
    fn the_older_run_waits_for_the_younger_to_yield_and_another_agent_of_the_same_run_is_no_other() {
        let state = tempfile::tempdir().unwrap();
        let holder = |file: &File| Holder::read(&mut file.try_clone().unwrap()).unwrap();
        for (ticket, wait, gets_it) in [("1-old", 0.0, true), ("9-young", 0.0, false), ("9-young", 5.0, true)] {
            let theirs = other(state.path(), "5-b");
            let held_by = holder(&theirs);
            let file = LockFile::open(&state.path().join("lock")).unwrap();
            let ends = thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                drop(theirs);
            });
            assert_eq!(lock(ticket, wait).awaited(file, Some(&held_by)).is_some(), gets_it, "{ticket} {wait}");
            ends.join().unwrap();
        }
        let _theirs = other(state.path(), "5-b");
        run(state.path(), json!({"ticket": "5-b"})).unwrap();
    }

    #[test]
    fn who_has_the_lock_but_has_not_signed_yet_is_not_taken_for_the_one_who_had_it_before() {
        for left_behind in ["", r#"{"ticket": "0-gone", "by": "b", "command": "c", "since": 0, "pid": 4194305}"#] {
            let state = tempfile::tempdir().unwrap();
            std::fs::write(state.path().join("lock"), left_behind).unwrap();
            let mut theirs = LockFile::open(&state.path().join("lock")).unwrap();
            assert!(is_locked(&theirs).unwrap());
            let signs = thread::spawn(move || {
                thread::sleep(Duration::from_millis(100));
                lock("9-young", 0.0).sign(&mut theirs).unwrap();
                theirs
            });
            let mut file = LockFile::open(&state.path().join("lock")).unwrap();
            let Had::By(Some(holder)) = lock_or_read(&mut file).unwrap() else { panic!("it is locked and signed") };
            assert_eq!(holder.ticket, "9-young", "after {left_behind:?}");
            drop(signs.join().unwrap());
        }
    }

    #[test]
    fn what_is_no_agent_is_not_ended() {
        let state = tempfile::tempdir().unwrap();
        let mut theirs = other(state.path(), "1-b");
        let mut holder = Holder::read(&mut theirs).unwrap();
        holder.pid = 1;
        theirs.set_len(0).unwrap();
        theirs.rewind().unwrap();
        theirs.write_all(&serde_json::to_vec(&holder).unwrap()).unwrap();
        let failure = run(state.path(), json!({"state": "free"})).unwrap_err();
        assert!(failure.message.starts_with("cannot end the run of ci@runner, upgrade"), "{}", failure.message);
        drop(theirs);
        assert!(!run(state.path(), json!({"state": "free"})).unwrap().changed);
    }
}
