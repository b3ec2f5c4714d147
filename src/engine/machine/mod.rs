//! One machine: whoever holds its connection and its agents, and does one job after the other.
//!
//! Hosts that are one machine share it, so that no two package steps meet there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use dpp_modules::Module;
use dpp_modules::lock::{Lock, OWED};
use dpp_protocol::{Answer, Debt, Failure, Outcome, Task};

use crate::actions::{Aside, Blob, Supply};
use crate::artifacts::Store;
use crate::engine::delivery;
use crate::engine::provisions::{Need, Provisions, Shortage};
use crate::engine::receive::receive;
use crate::engine::refusal::{Refusal, refusal_of};
use crate::secret::Secret;
use crate::transport::{
    Agent, AgentBinary, Become, BecomeMethod, Connection, LinkError, OpenSsh, TransportError, start,
};

mod turns;
mod worker;

pub use turns::Turns;
pub(super) use worker::Machine;

/// How a machine is connected to: made by the caller, used by the machine's thread.
///
/// It is handed how long it may take, if not as long as usual, and a listener for what it has to wait for.
pub type Connect =
    Box<dyn Fn(Option<Duration>, &mut dyn FnMut(&str)) -> Result<Box<dyn Connection>, TransportError> + Send>;

/// The way to a machine.
pub struct Route {
    /// What distinguishes it from other machines: `user@address:port`, or `local`.
    pub machine: String,
    /// The login user.
    pub user: String,
    /// Connects.
    pub connect: Connect,
    /// The same way for programs that bring OpenSSH's client with them.
    pub ssh: Option<OpenSsh>,
    /// What sudo or su asks for.
    pub become_password: Option<Secret>,
    /// As whom the inventory and the command line want work done that says nothing of it.
    pub becoming: Option<Become>,
    /// By which programme another user is become.
    pub become_method: BecomeMethod,
}

/// Something to be done there.
pub(super) struct Job {
    /// The host it is for.
    pub(super) host: String,
    /// The host it is done on.
    pub(super) on: String,
    /// As whom.
    pub(super) becoming: Option<Become>,
    /// What.
    pub(super) work: Work,
}

pub(super) enum Work {
    /// One task, for which these files must lie there, or which is supplied right before.
    Run { task: Box<Task>, blobs: Vec<Blob>, supply: Option<Box<Supply>>, aside: Option<Box<Aside>> },
    /// Surveys, and files that must be to be had where they turn out to be lacking.
    LookAhead(Ahead),
    /// Debts to be struck; nobody waits for it.
    Strike(Box<Task>),
    /// Nothing but to connect, while the job for it is still made ready; nobody waits for it.
    Connect,
    /// Nothing but to connect anew at the next job; nobody waits for it.
    HangUp,
}

/// Surveys that are sent ahead.
#[derive(Default)]
pub(super) struct Ahead {
    /// In the order of the tasks.
    pub(super) tasks: Vec<Task>,
    /// Files that some of them may find lacking.
    pub(super) needs: Vec<Need>,
}

/// What a machine has to say.
pub(super) struct Happening {
    /// The host the job was for.
    pub(super) host: String,
    /// What.
    pub(super) what: What,
}

pub(super) enum What {
    /// The first agent greeted.
    Connected { ms: u64 },
    /// An agent that may know debts greeted.
    Debts(Vec<Debt>, Option<Become>),
    /// A sign of life.
    Alive { text: String, count: Option<(u64, u64)> },
    /// The task was answered by the machine of this host.
    Done { on: String, answer: Box<Answer> },
    /// Debts were struck.
    Struck,
    /// The surveys were answered, as far as they went; a file that one of them lacks may not be had.
    LookedAhead(Vec<(u64, Answer)>, Option<Shortage>),
    /// The machine is out of reach.
    Lost(Box<Failure>),
    /// The machine of another host is, to which the task was delegated.
    LostElsewhere { on: String, failure: Box<Failure> },
}

pub(super) struct Hands {
    route: Route,
    binary: Arc<AgentBinary>,
    provisions: Provisions,
    connection: Option<Box<dyn Connection>>,
    /// What connecting took that no agent was started over yet.
    took: Option<Duration>,
    refusal: Option<Refusal>,
    /// The task that locked this machine, and by whom: an agent that is started anew has to lock it again.
    lock: Option<(Option<Become>, Task)>,
    agents: BTreeMap<Option<Become>, Agent>,
    happenings: Sender<Happening>,
}

impl Hands {
    /// Before the first connection.
    fn new(route: Route, binary: Arc<AgentBinary>, store: Arc<Store>, happenings: Sender<Happening>) -> Self {
        let provisions = Provisions::new(store);
        let (agents, refusal, took) = (BTreeMap::new(), None, None);
        let (connection, lock) = (None, None);
        Self { route, binary, provisions, connection, took, refusal, lock, agents, happenings }
    }

    fn serve(&mut self, job: Job) {
        match job.work {
            Work::Connect => self.connect(&job.host),
            Work::HangUp => self.hang_up(),
            _ => self.work(job),
        }
    }

    fn bye(self) {
        self.agents.into_values().for_each(Agent::bye);
    }

    fn work(&mut self, job: Job) {
        let (host, on) = (job.host.clone(), job.on.clone());
        let what = match self.try_work(job) {
            Ok(what) => what,
            Err(failure) if on == host => What::Lost(Box::new(failure)),
            Err(failure) => What::LostElsewhere { on, failure: Box::new(failure) },
        };
        self.tell(&host, what);
    }

    fn try_work(&mut self, job: Job) -> Result<What, Failure> {
        if let Work::Run { task, aside: Some(aside), .. } = &job.work {
            match aside.as_ref() {
                Aside::Reconnect(reconnect) => return Ok(self.reconnect(&job, task, reconnect)),
                Aside::Reboot(reboot) => return self.reboot(&job, task, reboot),
                Aside::Synchronize(wish) => return self.synchronize(&job, task, wish),
                Aside::Receive(_) => {}
            }
        }
        self.ready(&job, None)?;
        let (host, on) = (job.host, job.on);
        let happenings = self.happenings.clone();
        let alive = |text: &str, count| {
            let what = What::Alive { text: text.to_owned(), count };
            let _ = happenings.send(Happening { host: host.clone(), what });
        };
        let agent = self.agents.get_mut(&job.becoming).ok_or_else(|| Failure::new("the agent is gone"))?;
        let outcome = match job.work {
            Work::Connect | Work::HangUp => Ok(What::Struck),
            Work::Strike(task) => agent.run(*task, &mut |_| ()).map(|_| What::Struck),
            Work::LookAhead(Ahead { tasks, needs }) => agent.look_ahead(tasks).and_then(|answers| {
                let shortage = self.provisions.gather(needs, &answers, agent, &alive)?;
                Ok(What::LookedAhead(answers, shortage))
            }),
            Work::Run { task, blobs, supply, aside } => {
                let is_lock = task.module == Lock::NAME;
                if is_lock {
                    self.lock = Some((job.becoming.clone(), (*task).clone()));
                }
                let answer = match aside.as_deref() {
                    Some(Aside::Receive(receipt)) => receive(agent, *task, receipt, &alive),
                    _ => delivery::run(agent, *task, blobs, supply.as_deref(), self.provisions.store(), &alive),
                };
                let known = agent.hello().debts.clone();
                if let Ok(Ok(outcome)) = answer.as_ref().map(Result::as_ref)
                    && is_lock
                {
                    self.tell_owed_since(&on, job.becoming, &known, outcome);
                }
                answer.map(|answer| What::Done { on, answer: Box::new(answer) })
            }
        };
        outcome.map_err(|error| self.lost(&error))
    }

    /// Connects before there is something to do. That it cannot be done is told when there is.
    fn connect(&mut self, host: &str) {
        if self.connection.is_some() {
            return;
        }
        let begun = Instant::now();
        match self.dial(host, None) {
            Ok(connection) => (self.connection, self.took) = (Some(connection), Some(begun.elapsed())),
            Err(error) => self.refusal = Some(Refusal::new(refusal_of(&error), Vec::new())),
        }
    }

    /// Lets the connection and its agents go, and what was said of one that could not be made.
    pub(super) fn hang_up(&mut self) {
        std::mem::take(&mut self.agents).into_values().for_each(Agent::bye);
        (self.connection, self.refusal, self.took) = (None, None, None);
    }

    /// Connects and starts the agent, unless both are there.
    pub(super) fn ready(&mut self, job: &Job, within: Option<Duration>) -> Result<(), Failure> {
        let (host, becoming) = (&job.host, job.becoming.as_ref());
        if self.agents.contains_key(&becoming.cloned()) {
            return Ok(());
        }
        if let Some(verdict) = self.refusal.as_mut().and_then(|refusal| refusal.verdict_for(&job.on)) {
            return Err(verdict);
        }
        let begun = Instant::now();
        let took = self.took.take();
        let first = self.connection.is_none() || took.is_some();
        let started = match self.start(host, becoming, within) {
            // A session that broke before its first agent is worth a second one.
            Err(TransportError::Broken(_)) if first => {
                self.connection = None;
                self.start(host, becoming, within)
            }
            started => started,
        };
        let agent = started.map_err(|error| self.refused(&job.on, &error))?;
        self.refusal = None;
        if first {
            let ms = u64::try_from((took.unwrap_or_default() + begun.elapsed()).as_millis()).unwrap_or(u64::MAX);
            self.tell(&job.on, What::Connected { ms });
        }
        self.tell(&job.on, What::Debts(agent.hello().debts.clone(), becoming.cloned()));
        self.agents.insert(becoming.cloned(), agent);
        self.lock_again(becoming)
    }

    /// What another run took while no agent of ours was there, is its own.
    fn lock_again(&mut self, becoming: Option<&Become>) -> Result<(), Failure> {
        let Some((_, task)) = self.lock.clone().filter(|(by, _)| by.as_ref() == becoming) else { return Ok(()) };
        self.agent(becoming)?.run(task, &mut |_| ()).unwrap_or_else(|error| Err(self.lost(&error))).map(drop)
    }

    /// A run whose lock was waited for may have left debts that were none yet when the agent greeted.
    fn tell_owed_since(&self, on: &str, becoming: Option<Become>, known: &[Debt], outcome: &Outcome) {
        let owed = outcome.result.get(OWED).cloned().unwrap_or_default();
        let mut owed: Vec<Debt> = serde_json::from_value(owed).unwrap_or_default();
        owed.retain(|debt| !known.contains(debt));
        if !owed.is_empty() {
            self.tell(on, What::Debts(owed, becoming));
        }
    }

    fn start(
        &mut self,
        host: &str,
        becoming: Option<&Become>,
        within: Option<Duration>,
    ) -> Result<Agent, TransportError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.dial(host, within)?,
        };
        let connection = self.connection.insert(connection);
        start(connection.as_ref(), &self.binary, &self.route.user, becoming, self.route.become_password.as_ref())
    }

    fn dial(&self, host: &str, within: Option<Duration>) -> Result<Box<dyn Connection>, TransportError> {
        (self.route.connect)(within, &mut |text| self.tell(host, What::Alive { text: text.to_owned(), count: None }))
    }

    /// The agent of a user, once it is ready.
    pub(super) fn agent(&mut self, becoming: Option<&Become>) -> Result<&mut Agent, Failure> {
        self.agents.get_mut(&becoming.cloned()).ok_or_else(|| Failure::new("the agent is gone"))
    }

    /// Whether it is this machine.
    pub(super) fn is_local(&self) -> bool {
        self.route.machine == "local"
    }

    /// How programs with a client of their own reach it.
    pub(super) fn way(&self) -> Option<&OpenSsh> {
        self.route.ssh.as_ref()
    }

    /// A sign of life of a job.
    pub(super) fn says(&self, job: &Job, text: &str) {
        self.tell(&job.host, What::Alive { text: text.to_owned(), count: None });
    }

    fn tell(&self, host: &str, what: What) {
        let _ = self.happenings.send(Happening { host: host.to_owned(), what });
    }

    /// An agent that did not start over a connection that stands is no verdict: it may start for another user.
    fn refused(&mut self, name: &str, error: &TransportError) -> Failure {
        let failure = refusal_of(error);
        if self.connection.is_none() {
            self.refusal = Some(Refusal::new(failure.clone(), vec![name.to_owned()]));
        }
        failure
    }

    /// A lost connection takes its agents with it; the next job connects anew.
    pub(super) fn lost(&mut self, error: &LinkError) -> Failure {
        self.agents.clear();
        self.connection = None;
        Failure::new(error.to_string())
            .code("DPP0408")
            .help("what was being done may be half done; the next run looks and repairs")
    }
}

#[cfg(test)]
mod tests;
