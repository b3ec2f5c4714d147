//! The connection between the shipped controller and a simulated host: frames go over it as over ssh, and it breaks when the
//! schedule says so. The far end has no thread: it works when the near end reads.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::resume_unwind;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dpp_modules::lock::Lock;
use dpp_modules::{Module, lock::LOCKED, lock_file::LockFile};
use dpp_protocol::{Failure, Frame, MAGIC, Request, Response, Task, read_frame, write_message};
use dppctl::transport::{Connection, TransportError, Wire};
use rustix::fs::FlockOperation;

use crate::agent::{Agent, words};
use crate::controller::Killed;
use crate::schedule::Fault;
use crate::world::{STATE, World};

/// Turns that an older run waits for a younger one to yield; the shipped lock waits ten seconds.
const PATIENCE: usize = 40;

/// A login of a run on a host.
pub(crate) struct Link {
    world: Arc<World>,
    host: usize,
    run: String,
    who: usize,
}

impl Link {
    /// Connects, if the host answers.
    pub(crate) fn to(world: &Arc<World>, host: usize, run: &str, who: usize) -> Result<Self, TransportError> {
        let mut state = world.state();
        let address = state.hosts[host].name.clone();
        if state.hosts[host].away > 0 {
            state.hosts[host].away -= 1;
            return Err(TransportError::Refused { address });
        }
        drop(state);
        Ok(Self { world: Arc::clone(world), host, run: run.to_owned(), who })
    }
}

impl Connection for Link {
    fn start(&self, _command: &str, _terminal: bool) -> Result<Wire, TransportError> {
        let agent = Agent::start(&self.world, self.host, &self.run);
        let mut outgoing = MAGIC.to_vec();
        write_message(&mut outgoing, &agent.hello()).map_err(|error| TransportError::Broken(error.to_string()))?;
        let (world, outgoing) = (Arc::clone(&self.world), outgoing.into());
        let session = Session { world, who: self.who, agent: Some(agent), incoming: Vec::new(), outgoing };
        let session = Arc::new(Mutex::new(session));
        Ok(Wire { input: Box::new(End(Arc::clone(&session))), output: Box::new(End(session)) })
    }
}

/// Both ends of a channel.
struct Session {
    world: Arc<World>,
    who: usize,
    /// None when it is gone, and the channel with it.
    agent: Option<Agent>,
    incoming: Vec<u8>,
    outgoing: VecDeque<u8>,
}

/// One direction of it.
struct End(Arc<Mutex<Session>>);

impl End {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.session().incoming.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut session = self.session();
        if session.outgoing.is_empty() {
            session.answer()?;
        }
        session.outgoing.read(buffer)
    }
}

impl Session {
    /// Has the agent answer the next request, or something go wrong.
    fn answer(&mut self) -> io::Result<()> {
        let Frame::Message(bytes) = read_frame(&mut self.incoming.as_slice()).map_err(|_| broken())? else {
            return Err(broken());
        };
        self.incoming.clear();
        let request: Request = serde_json::from_slice(&bytes)?;
        if let Some(refusal) = self.refused_lock(&request) {
            return self.send(&[refusal]);
        }
        let agent = self.agent.as_ref().ok_or_else(broken)?;
        let (host, run) = (agent.host, agent.run.clone());
        if self.world.state().hosts[host].boot != agent.boot {
            return Err(self.cut());
        }
        let (number, fault) = self.world.requested(host);
        let told = fault.map(|fault| format!(" -- {fault:?}")).unwrap_or_default();
        self.world.note(&format!("{number:>3} {run} h{}: {}{told}", host + 1, words(&request)));
        self.serve(&request, fault)
    }

    fn serve(&mut self, request: &Request, fault: Option<Fault>) -> io::Result<()> {
        let world = Arc::clone(&self.world);
        let agent = self.agent.as_mut().ok_or_else(broken)?;
        match fault {
            Some(Fault::CutBefore | Fault::Away(_)) => return Err(self.cut()),
            Some(Fault::CutDuring | Fault::KilledDuring) => {
                let orphan = self.agent.take().map(|agent| (agent, request.clone()));
                let host = orphan.as_ref().map_or(0, |(agent, _)| agent.host);
                world.state().hosts[host].orphans.extend(orphan);
                if fault == Some(Fault::KilledDuring) {
                    resume_unwind(Box::new(Killed));
                }
                return Err(broken());
            }
            Some(Fault::KilledBefore) => resume_unwind(Box::new(Killed)),
            Some(Fault::Interrupted) => {
                let cancel = world.state().cancels.get(&agent.run).cloned();
                cancel.inspect(|cancel| cancel.store(1, Ordering::Relaxed));
            }
            _ => {}
        }
        let dies_at = match fault {
            Some(Fault::AgentKilled(call) | Fault::PowerLost(call)) => Some(call),
            _ => None,
        };
        let host = agent.host;
        let responses = agent.serve(&world, request, dies_at);
        match (responses, fault) {
            (_, Some(Fault::PowerLost(_))) => {
                world.lose_power(host);
                Err(self.cut())
            }
            (None, _) | (_, Some(Fault::CutAfter | Fault::AgentKilled(_))) => Err(self.cut()),
            (Some(responses), _) => self.send(&responses),
        }
    }

    fn send(&mut self, responses: &[Response]) -> io::Result<()> {
        let mut bytes = Vec::new();
        responses.iter().try_for_each(|response| write_message(&mut bytes, response)).map_err(io::Error::other)?;
        self.outgoing.extend(bytes);
        Ok(())
    }

    /// The connection is gone, and the agent notices.
    fn cut(&mut self) -> io::Error {
        if let Some(agent) = self.agent.take() {
            self.world.ended(agent);
        }
        broken()
    }

    /// Waits as an older run waits for a younger one, in turns instead of seconds; what it says when that was in vain.
    fn refused_lock(&self, request: &Request) -> Option<Response> {
        let Request::Run(Task { id, module, params, .. }) = request else { return None };
        if module != Lock::NAME {
            return None;
        }
        let host = self.agent.as_ref()?.host;
        let path = self.world.state().hosts[host].root.join(STATE).join("lock");
        for _ in 0..PATIENCE {
            let holder: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).unwrap_or_default()).unwrap_or_default();
            let is_free = !path.exists() || LockFile::of(&path, FlockOperation::NonBlockingLockShared).is_some();
            if is_free || holder["ticket"].as_str() <= params["ticket"].as_str() {
                return None;
            }
            self.world.turn(self.who);
        }
        let failure = Failure::new("another run has the lock of this host, and does not yield").code(LOCKED);
        Some(Response::Failed { id: *id, failure })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.cut());
    }
}

fn broken() -> io::Error {
    ErrorKind::ConnectionReset.into()
}
