//! A task that runs on by itself: begun here, done by a process that outlives the session, asked for by `async_status`.

use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use dpp_modules::commands::async_status::{begun, file, keep};
use dpp_protocol::{Answer, Failure, Frame, Outcome, Request, Task, read_frame, write_message};

use crate::bounded::{self, MYSELF};

/// The word by which this programme knows that it is to do a job.
pub(crate) const WORD: &str = "job";

/// Begins the task as a job and answers under which name it can be asked for.
pub(crate) fn begin(state: &Path, task: &Task) -> Answer {
    let jid = name();
    let cannot = |error: io::Error| Failure::new(format!("cannot begin the job: {error}"));
    keep(state, &jid, &begun(&jid)).map_err(cannot)?;
    start(&jid, task).map_err(cannot)?;
    let mut outcome = Outcome { changed: true, ..Outcome::default() };
    outcome.result = begun(&jid);
    outcome.result.insert("results_file".into(), file(state, &jid).display().to_string().into());
    Ok(outcome)
}

/// `j`, the time and our number, which no other job has; of the form that Ansible's have.
fn name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("j{}.{}", now.as_micros() % 1_000_000_000_000, std::process::id())
}

fn start(jid: &str, task: &Task) -> io::Result<()> {
    let mut command = Command::new(MYSELF);
    command.args([WORD, jid]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    write_message(&mut input, &Request::Run(task.clone())).map_err(io::Error::other)?;
    // A job that ends before us would stay as a zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Does the job that stands on standard input, in a session of its own, and keeps what came of it.
pub(crate) fn run(state: &Path, jid: &str) -> ExitCode {
    let _ = rustix::process::setsid();
    let Ok(Frame::Message(bytes)) = read_frame(&mut io::stdin().lock()) else { return ExitCode::FAILURE };
    let Ok(Request::Run(task)) = serde_json::from_slice(&bytes) else { return ExitCode::FAILURE };
    let answer = bounded::run(task, &|_| ());
    match keep(state, jid, &dpp_modules::commands::async_status::ended(jid, answer)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
