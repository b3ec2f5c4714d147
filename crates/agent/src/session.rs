//! One session: the greeting, then request by request, strictly in order. No request can end it but `Bye`.

use std::fs;
use std::io::{BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dpp_modules::{Host, Tenure};
use dpp_protocol::{
    Answer, Failure, Frame, FrameError, Hello, Mode, Outcome, PROTOCOL, Progress, Request, Response, Task, put_message,
    read_frame, write_message,
};

use crate::blobs::Blobs;
use crate::bounded;
use crate::job;
use crate::pulse::Pulse;

/// Bytes of answers that go out together: sshd encrypts and sends each write by itself.
const TOGETHER: usize = 30 << 10;

/// The two ends of the wire and what is kept between requests.
pub(crate) struct Session<R, W: Write> {
    input: R,
    output: Arc<Mutex<BufWriter<W>>>,
    pulse: Pulse,
    state: PathBuf,
    blobs: Blobs,
    tenure: Arc<Tenure>,
}

impl<R: Read, W: Write + Send + 'static> Session<R, W> {
    /// A session whose state lies under `state`.
    pub(crate) fn new(input: R, output: W, state: PathBuf) -> Self {
        let output = Arc::new(Mutex::new(BufWriter::with_capacity(TOGETHER, output)));
        let pulse = Pulse::on(Arc::clone(&output));
        Self { input, output, pulse, blobs: Blobs::new(state.join("blobs")), state, tenure: Arc::default() }
    }

    /// Greets and answers until the asker says goodbye or is gone.
    pub(crate) fn serve(mut self) -> Result<(), FrameError> {
        self.close_state();
        self.send(&Response::Hello(self.hello()))?;
        loop {
            let request = match read_frame(&mut self.input) {
                Ok(Frame::Message(bytes)) => serde_json::from_slice(&bytes)?,
                Ok(Frame::Blob(_)) => continue,
                Err(FrameError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            };
            match request {
                Request::Run(task) => self.send(&self.run(&task))?,
                Request::LookAhead { tasks } => self.look_ahead(tasks)?,
                Request::Blob { sha256, size } => self.receive(&sha256, size)?,
                Request::Bye => {
                    self.blobs.forget_used();
                    return Ok(());
                }
            }
        }
    }

    /// What is kept here names files and holds their old bytes: it is for this user alone.
    fn close_state(&self) {
        let host = Host::new(&self.state, std::collections::BTreeMap::new(), &|_, _| ());
        // A folder that cannot be closed is no reason to do nothing for the host.
        let _ = host.keep_private();
    }

    fn hello(&self) -> Hello {
        let silent = |_: &str, _: Option<(u64, u64)>| ();
        let host = Host::new(&self.state, std::collections::BTreeMap::new(), &silent);
        Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").into(),
            uid: rustix::process::geteuid().as_raw(),
            machine: fs::read_to_string("/etc/machine-id").unwrap_or_default().trim().into(),
            debts: host.debts().unwrap_or_default(),
        }
    }

    fn look_ahead(&self, tasks: Vec<Task>) -> Result<(), FrameError> {
        for mut task in tasks {
            task.mode = Mode::Survey;
            let response = self.run(&task);
            let goes_on = matches!(&response, Response::Done { outcome, .. } if settled(outcome));
            put_message(&mut *self.output(), &response)?;
            if !goes_on {
                break;
            }
        }
        self.send(&Response::LookedAhead)
    }

    fn run(&self, task: &Task) -> Response {
        let id = task.id;
        let Some(module) = dpp_modules::find(&task.module) else {
            let failure = Failure::new(format!("this agent has no module `{}`", task.module)).code("DPP0103");
            return Response::Failed { id, failure };
        };
        let life = |text: &str, count: Option<(u64, u64)>| {
            let _ = self.send(&Response::Progress(Progress { id, text: text.into(), count }));
        };
        let host = Host::new(&self.state, task.environment.clone(), &life).in_run(&task.run).through(&self.tenure);
        let _beating = self.pulse.beat();
        let answer = match task.bound.filter(|_| task.mode == Mode::Apply) {
            Some(bound) if bound.detached => self.detached(task, &host),
            Some(_) => bounded::run(task.clone(), &|progress| life(&progress.text, progress.count)),
            None => catch_unwind(AssertUnwindSafe(|| (module.run)(task, &host)))
                .unwrap_or_else(|panic| Err(bug(&task.module, &*panic))),
        };
        match answer {
            Ok(outcome) => Response::Done { id, outcome },
            Err(failure) => Response::Failed { id, failure },
        }
    }

    /// Begins a job. What a change of it would owe is written down now: nobody can tell when it happens.
    fn detached(&self, task: &Task, host: &Host) -> Answer {
        let _ = host.keep_debts(&task.owes)?;
        job::begin(&self.state, task)
    }

    fn receive(&mut self, sha256: &str, size: u64) -> Result<(), FrameError> {
        let response = match self.blobs.open(sha256, size) {
            Ok(have) => {
                self.send(&Response::Blob { sha256: sha256.into(), have })?;
                if have == size {
                    return Ok(());
                }
                self.fill(sha256, size - have)?
            }
            Err(failure) => Response::BlobRefused { sha256: sha256.into(), failure },
        };
        self.send(&response)
    }

    /// Takes the missing bytes; they are read to their end even when they cannot be kept, or the stream would be lost.
    fn fill(&mut self, sha256: &str, mut missing: u64) -> Result<Response, FrameError> {
        let mut refused = None;
        while missing > 0 {
            let Frame::Blob(piece) = read_frame(&mut self.input)? else {
                let failure = Failure::new("a message came where bytes of a blob were due");
                return Ok(Response::BlobRefused { sha256: sha256.into(), failure });
            };
            missing = missing.saturating_sub(piece.len() as u64);
            if refused.is_none() {
                refused = self.blobs.append(&piece).err();
            }
        }
        let kept = refused.map_or_else(|| self.blobs.finish(sha256), Err);
        Ok(match kept {
            Ok(()) => Response::BlobKept { sha256: sha256.into() },
            Err(failure) => Response::BlobRefused { sha256: sha256.into(), failure },
        })
    }

    fn send(&self, response: &Response) -> Result<(), FrameError> {
        write_message(&mut *self.output(), response)
    }

    fn output(&self) -> MutexGuard<'_, BufWriter<W>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a survey's outcome can stand as the task's outcome, so that the next one may be looked at.
fn settled(outcome: &Outcome) -> bool {
    !outcome.changed && !outcome.unpredicted
}

fn bug(module: &str, panic: &(dyn std::any::Any + Send)) -> Failure {
    let words = panic.downcast_ref::<&str>().map(ToString::to_string);
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Failure::new(format!("module `{module}` broke down: {words}")).help("this is a bug of dppctl; please report it")
}

#[cfg(test)]
mod tests {
    use dpp_protocol::write_blob;
    use serde_json::json;

    use super::*;

    fn task(id: u64, module: &str, params: serde_json::Value) -> Task {
        let environment = std::collections::BTreeMap::new();
        Task {
            id,
            module: module.into(),
            params,
            mode: Mode::Apply,
            diff: false,
            environment,
            owes: vec![],
            settles: vec![],
            run: String::new(),
            bound: None,
        }
    }

    fn answers(input: &[u8], state: &std::path::Path) -> Vec<Response> {
        let session = Session::new(input, Vec::new(), state.to_owned());
        let output = Arc::clone(&session.output);
        session.serve().unwrap();
        let output = output.lock().unwrap().get_ref().clone();
        let mut wire = output.as_slice();
        let mut answers = Vec::new();
        while let Ok(Frame::Message(bytes)) = read_frame(&mut wire) {
            answers.push(serde_json::from_slice(&bytes).unwrap());
        }
        answers
    }

    #[test]
    fn it_greets_runs_and_says_what_it_does_not_know() {
        let state = tempfile::tempdir().unwrap();
        let mut wire = Vec::new();
        write_message(&mut wire, &Request::Run(task(7, "stat", json!({"path": "/nowhere"})))).unwrap();
        write_message(&mut wire, &Request::Run(task(8, "sttat", json!({})))).unwrap();
        let answers = answers(&wire, state.path());
        assert!(matches!(&answers[0], Response::Hello(hello) if hello.protocol == PROTOCOL));
        assert!(matches!(&answers[1], Response::Done { id: 7, outcome } if outcome.result["stat"]["exists"] == false));
        assert!(matches!(&answers[2], Response::Failed { id: 8, .. }));
    }

    #[test]
    fn a_look_ahead_ends_at_the_first_task_that_is_not_settled() {
        let state = tempfile::tempdir().unwrap();
        let tasks = vec![
            task(1, "stat", json!({"path": "/nowhere"})),
            task(2, "stat", json!({"pth": "/"})),
            task(3, "stat", json!({"path": "/"})),
        ];
        let mut wire = Vec::new();
        write_message(&mut wire, &Request::LookAhead { tasks }).unwrap();
        let answers = answers(&wire, state.path());
        assert!(matches!(
            answers[1..],
            [Response::Done { id: 1, .. }, Response::Failed { id: 2, .. }, Response::LookedAhead]
        ));
    }

    #[test]
    fn a_blob_is_kept_when_its_hash_is_right_and_not_asked_for_twice() {
        let state = tempfile::tempdir().unwrap();
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".to_owned();
        let mut wire = Vec::new();
        let ask = Request::Blob { sha256: sha256.clone(), size: 5 };
        write_message(&mut wire, &ask).unwrap();
        write_blob(&mut wire, b"hel").unwrap();
        write_blob(&mut wire, b"lo").unwrap();
        write_message(&mut wire, &ask).unwrap();
        let answers = answers(&wire, state.path());
        assert_eq!(answers[1], Response::Blob { sha256: sha256.clone(), have: 0 });
        assert_eq!(answers[2], Response::BlobKept { sha256: sha256.clone() });
        assert_eq!(answers[3], Response::Blob { sha256: sha256.clone(), have: 5 });
        assert_eq!(fs::read(state.path().join("blobs").join(sha256)).unwrap(), b"hello");
    }

    #[test]
    fn a_blob_that_was_damaged_since_an_earlier_session_is_received_again() {
        let state = tempfile::tempdir().unwrap();
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".to_owned();
        let mut wire = Vec::new();
        write_message(&mut wire, &Request::Blob { sha256: sha256.clone(), size: 5 }).unwrap();
        for (lies_there, have) in [("hello", 5), ("hel\0\0", 0)] {
            fs::create_dir_all(state.path().join("blobs")).unwrap();
            fs::write(state.path().join("blobs").join(&sha256), lies_there).unwrap();
            let mut wire = wire.clone();
            write_blob(&mut wire, b"hello").unwrap();
            assert_eq!(
                answers(&wire, state.path())[1],
                Response::Blob { sha256: sha256.clone(), have },
                "{lies_there}"
            );
        }
    }

    #[test]
    fn a_blob_with_a_wrong_hash_is_refused_and_the_session_goes_on() {
        let state = tempfile::tempdir().unwrap();
        let mut wire = Vec::new();
        write_message(&mut wire, &Request::Blob { sha256: "00".into(), size: 2 }).unwrap();
        write_blob(&mut wire, b"hi").unwrap();
        write_message(&mut wire, &Request::Run(task(1, "stat", json!({"path": "/"})))).unwrap();
        let answers = answers(&wire, state.path());
        assert!(matches!(&answers[2], Response::BlobRefused { .. }));
        assert!(matches!(&answers[3], Response::Done { id: 1, .. }));
    }
}
