//! A task that may not take longer than it is told: a second agent does it, which can be stopped with all it started.

use std::fs;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use dpp_protocol::{
    Answer, Failure, Frame, Progress, Request, Response, Task, read_frame, skip_to_magic, write_message,
};
use rustix::process::{Pid, Signal, kill_process};

/// This programme, also when its file was replaced meanwhile.
pub(crate) const MYSELF: &str = "/proc/self/exe";

/// Has the task done by a second agent, and stops it when its time is over.
pub(crate) fn run(mut task: Task, alive: &dyn Fn(Progress)) -> Answer {
    let Some(bound) = task.bound.take() else { return Err(Failure::new("a task without a bound")) };
    let mut worker = start(task).map_err(|error| Failure::new(format!("cannot start a second agent: {error}")))?;
    let due = Instant::now() + Duration::from_secs(bound.seconds);
    let answer = loop {
        match worker.responses.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(Response::Progress(progress)) => alive(progress),
            Ok(Response::Done { outcome, .. }) => break Ok(outcome),
            Ok(Response::Failed { failure, .. }) => break Err(failure),
            Ok(_) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => {
                stop(&worker.child);
                break Err(too_long(bound.seconds));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break Err(Failure::new("the second agent is gone")),
        }
    };
    let _ = worker.child.wait();
    answer
}

struct Worker {
    child: Child,
    responses: Receiver<Response>,
}

fn start(task: Task) -> io::Result<Worker> {
    let mut child = Command::new(MYSELF).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    write_message(&mut input, &Request::Run(task)).map_err(io::Error::other)?;
    let (sender, responses) = mpsc::channel();
    thread::spawn(move || {
        // The pipe is held open until the task was answered: at its end the second agent goes by itself.
        let _input = input;
        responses_of(output).try_for_each(|response| sender.send(response))
    });
    Ok(Worker { child, responses })
}

fn responses_of(output: ChildStdout) -> impl Iterator<Item = Response> {
    let mut output = BufReader::new(output);
    let _ = skip_to_magic(&mut output);
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let Ok(Frame::Message(bytes)) = read_frame(&mut output) else { return None };
        let response = serde_json::from_slice(&bytes).ok()?;
        is_over = matches!(response, Response::Done { .. } | Response::Failed { .. });
        Some(response)
    })
}

/// Kills the second agent and everything below it.
fn stop(child: &Child) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at) {
        let below = children(*parent);
        found.extend(below);
        at += 1;
    }
    for process in found {
        let _ = kill_process(process, Signal::KILL);
    }
}

fn children(parent: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{}/task", parent.as_raw_pid())).into_iter().flatten().flatten();
    let files = threads.map(|thread| thread.path().join("children"));
    let lists: Vec<String> = files.filter_map(|file: PathBuf| fs::read_to_string(file).ok()).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

fn too_long(seconds: u64) -> Failure {
    Failure::new(format!("it did not end within {seconds} s and was stopped"))
        .code("DPP0110")
        .value("timedout", serde_json::json!({"period": seconds}))
        .help("give it more time with `timeout` or `async`; what it was doing may be half done")
}
