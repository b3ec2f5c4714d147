//! Tasks with a bound, done by the real agent: stopped when their time is over, or running on by themselves.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall say so and stop")]

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use dpp_protocol::{
    Answer, Bound, Frame, Mode, Outcome, Request, Response, Task, read_frame, skip_to_magic, write_message,
};
use serde_json::{Value, json};

struct Agent {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _home: tempfile::TempDir,
    numbers: u64,
}

impl Agent {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_dppctl-agent"));
        command.env("HOME", home.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut this = Self { child, input, output, _home: home, numbers: 0 };
        skip_to_magic(&mut this.output).unwrap();
        assert!(matches!(this.response(), Response::Hello(_)));
        this
    }

    fn response(&mut self) -> Response {
        let Frame::Message(bytes) = read_frame(&mut self.output).unwrap() else { panic!("no message") };
        serde_json::from_slice(&bytes).unwrap()
    }

    fn run(&mut self, module: &str, params: Value, bound: Option<Bound>) -> Answer {
        self.numbers += 1;
        let task = Task {
            id: self.numbers,
            module: module.into(),
            params,
            mode: Mode::Apply,
            diff: false,
            environment: std::collections::BTreeMap::new(),
            owes: Vec::new(),
            settles: Vec::new(),
            run: String::new(),
            bound,
        };
        write_message(&mut self.input, &Request::Run(task)).unwrap();
        loop {
            match self.response() {
                Response::Done { outcome, .. } => return Ok(outcome),
                Response::Failed { failure, .. } => return Err(failure),
                _ => {}
            }
        }
    }

    fn status(&mut self, jid: &str) -> Outcome {
        self.run("async_status", json!({"jid": jid}), None).unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bound(seconds: u64, detached: bool) -> Option<Bound> {
    Some(Bound { seconds, detached })
}

fn is_running(mark: &str) -> bool {
    let words = |pid: &str| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| entry.file_name().into_string().ok())
        .any(|pid| words(&pid).split(|byte| *byte == 0).any(|word| word == mark.as_bytes()))
}

#[test]
fn a_task_that_outlives_its_bound_is_stopped_with_all_it_started_and_the_agent_goes_on() {
    let mut agent = Agent::start();
    let begun = Instant::now();
    let failure = agent.run("shell", json!({"_raw_params": "sleep 97.125 | cat"}), bound(1, false)).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!((failure.code.as_str(), &failure.result["timedout"]["period"]), ("DPP0110", &json!(1)));
    assert!(!is_running("97.125"), "what it started is gone, too");
    let outcome = agent.run("shell", json!({"_raw_params": "echo on"}), bound(20, false)).unwrap();
    assert_eq!(outcome.result["stdout"], "on");
}

#[test]
fn a_job_runs_on_by_itself_and_can_be_asked_for() {
    let mut agent = Agent::start();
    let begun = agent.run("shell", json!({"_raw_params": "sleep 1; echo over; exit 3"}), bound(20, true)).unwrap();
    let jid = begun.result["ansible_job_id"].as_str().unwrap().to_owned();
    assert_eq!((begun.changed, &begun.result["finished"]), (true, &json!(0)));
    assert_eq!(agent.status(&jid).result["finished"], 0, "it is still at it");
    let due = Instant::now() + Duration::from_secs(15);
    let failure = loop {
        match agent.run("async_status", json!({"jid": jid}), None) {
            Err(failure) => break failure,
            Ok(_) => assert!(Instant::now() < due, "it never ends"),
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!((&failure.result["stdout"], &failure.result["rc"]), (&json!("over"), &json!(3)));
    assert_eq!(failure.result["finished"], 1);
}
