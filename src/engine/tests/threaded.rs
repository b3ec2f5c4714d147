//! Hosts that are threads of this process: they speak the agent's language, run the real modules and keep a record.

use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use dpp_protocol::{
    Debt, Failure, Frame, Hello, MAGIC, Mode, PROTOCOL, Request, Response, Task, read_frame, write_message,
};

use crate::transport::{Connection, OpenSsh, TransportError, Wire};

/// What the machines were asked.
#[derive(Clone, Default)]
pub(super) struct Record {
    pub(super) tasks: Arc<Mutex<Vec<Task>>>,
    pub(super) logins: Arc<Mutex<Vec<String>>>,
}

/// A host that is a thread, and what it is owed: it speaks the agent's language and runs the real modules.
pub(super) struct Threaded(pub(super) Record, pub(super) Vec<Debt>);

/// How programs with a client of their own would reach a host.
pub(super) fn way(user: &str, address: &str) -> OpenSsh {
    let options = vec!["-i".to_owned(), "/k/id".to_owned()];
    OpenSsh { user: user.to_owned(), address: address.to_owned(), port: 22, options, password: None }
}

impl Connection for Threaded {
    fn start(&self, _command: &str, _terminal: bool) -> Result<Wire, TransportError> {
        let broken = |error: io::Error| TransportError::Broken(error.to_string());
        let (their_input, our_output) = io::pipe().map_err(broken)?;
        let (our_input, their_output) = io::pipe().map_err(broken)?;
        let (record, debts) = (self.0.clone(), self.1.clone());
        thread::spawn(move || serve(BufReader::new(their_input), their_output, &record, debts));
        Ok(Wire { input: Box::new(our_input), output: Box::new(our_output) })
    }
}

fn serve(mut input: impl io::Read, mut output: impl io::Write, record: &Record, debts: Vec<Debt>) -> Option<()> {
    let state = tempfile::tempdir().ok()?;
    output.write_all(MAGIC).ok()?;
    let hello = Hello { protocol: PROTOCOL, version: String::new(), uid: 1, machine: String::new(), debts };
    write_message(&mut output, &Response::Hello(hello)).ok()?;
    loop {
        let Ok(Frame::Message(bytes)) = read_frame(&mut input) else { return None };
        match serde_json::from_slice(&bytes).ok()? {
            Request::Run(task) => write_message(&mut output, &done(&task, state.path(), record)).ok()?,
            Request::LookAhead { tasks } => {
                for task in tasks {
                    let response = done(&Task { mode: Mode::Survey, ..task }, state.path(), record);
                    let goes_on =
                        matches!(&response, Response::Done { outcome, .. } if !outcome.changed && !outcome.unpredicted);
                    write_message(&mut output, &response).ok()?;
                    if !goes_on {
                        break;
                    }
                }
                write_message(&mut output, &Response::LookedAhead).ok()?;
            }
            Request::Blob { .. } | Request::Bye => return None,
        }
    }
}

fn done(task: &Task, state: &Path, record: &Record) -> Response {
    record.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task.clone());
    let host = dpp_modules::Host::new(state, task.environment.clone(), &|_, _| ());
    let id = task.id;
    match dpp_modules::find(&task.module).map(|module| (module.run)(task, &host)) {
        Some(Ok(outcome)) => Response::Done { id, outcome },
        Some(Err(failure)) => Response::Failed { id, failure },
        None => Response::Failed { id, failure: Failure::new("no such module") },
    }
}
