//! Single modules on single hosts, outside of any plan: what probes and status screens are made of.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use dpp_protocol::{Answer, Debt, Failure, Mode, Task};
use serde_json::Value as Json;

use crate::artifacts::Store;
use crate::engine::FindRoute;
use crate::engine::machine::{Happening, Job, Machine, What, Work};
use crate::transport::{AgentBinary, Become, BecomeMethod};

/// One module to be run on one host.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The host, as the inventory names it.
    pub host: String,
    /// Errands of one lane share a session and follow each other; those of several lanes run beside each other.
    pub lane: &'static str,
    /// The module.
    pub module: &'static str,
    /// Its parameters.
    pub params: Json,
    /// Whether it may only look.
    pub look_only: bool,
    /// Who does it.
    pub by: By,
}

/// By whom an errand is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whoever logs in.
    Login,
    /// Root.
    Root,
    /// Whom the inventory and the command line want tasks to be run by.
    Asked,
}

impl Errand {
    /// A module run by root in a lane of the host's own.
    pub fn new(host: &str, module: &'static str, params: Json) -> Self {
        Self { host: host.to_owned(), lane: "", module, params, look_only: false, by: By::Root }
    }

    /// In this lane.
    #[must_use]
    pub fn lane(mut self, lane: &'static str) -> Self {
        self.lane = lane;
        self
    }
}

/// A sign of life of an errand: what it does, and how far it is.
pub type Alive<'a> = &'a mut dyn FnMut(&Errand, &str, Option<(u64, u64)>);

/// Runs errands over machines that stay connected from one round to the next.
pub struct Errands {
    find_route: FindRoute,
    binary: Arc<AgentBinary>,
    store: Arc<Store>,
    /// By what distinguishes a machine, and by lane: hosts that are one machine share its sessions.
    machines: HashMap<(String, &'static str), Known>,
    machine_of: HashMap<String, String>,
    happenings: (Sender<Happening>, Receiver<Happening>),
    debts: BTreeMap<String, Vec<Debt>>,
}

struct Known {
    machine: Machine,
    user: String,
    asked: Option<Become>,
    method: BecomeMethod,
}

impl Known {
    fn becoming(&self, by: By) -> Option<Become> {
        let other = match by {
            By::Login => None,
            By::Root => Some(Become { user: "root".to_owned(), method: self.method }),
            By::Asked => self.asked.clone(),
        };
        other.filter(|other| other.user != self.user)
    }
}

impl Errands {
    /// Nothing is connected yet.
    pub fn new(find_route: FindRoute, binary: Arc<AgentBinary>, store: Arc<Store>) -> Self {
        Self {
            find_route,
            binary,
            store,
            machines: HashMap::new(),
            machine_of: HashMap::new(),
            happenings: mpsc::channel(),
            debts: BTreeMap::new(),
        }
    }

    /// Runs these errands beside each other and returns their answers in the same order. A host out of reach answers
    /// with a failure of the transport.
    pub fn run(&mut self, errands: &[Errand], alive: Alive) -> Vec<Answer> {
        self.run_unless(errands, alive, &|_, _| false)
    }

    /// The same, but nothing more is waited for once an answer makes the others useless. Who gave up so asks nothing
    /// more of these hosts: what still goes on there would answer for it.
    pub fn run_unless(
        &mut self,
        errands: &[Errand],
        alive: Alive,
        is_in_vain: &dyn Fn(&Errand, &Answer) -> bool,
    ) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = errands.iter().map(|_| None).collect();
        let mut open = 0;
        for (number, errand) in errands.iter().enumerate() {
            match self.give(number, errand) {
                Ok(()) => open += 1,
                Err(failure) => answers[number] = Some(Err(failure)),
            }
        }
        let in_vain = |answers: &[Option<Answer>]| {
            let mut told = errands.iter().zip(answers);
            told.any(|(errand, answer)| answer.as_ref().is_some_and(|answer| is_in_vain(errand, answer)))
        };
        while open > 0 && !in_vain(&answers) {
            let Ok(Happening { host, what }) = self.happenings.1.recv() else { break };
            let Some(number) = host.parse::<usize>().ok().filter(|number| *number < errands.len()) else { continue };
            match what {
                What::Alive { text, count } => alive(&errands[number], &text, count),
                What::Debts(debts, _) => drop(self.debts.insert(errands[number].host.clone(), debts)),
                What::Connected { .. } | What::LookedAhead(..) | What::Struck => {}
                What::Done { answer, .. } => {
                    answers[number] = Some(*answer);
                    open -= 1;
                }
                What::Lost(failure) | What::LostElsewhere { failure, .. } => {
                    answers[number] = Some(Err(*failure));
                    open -= 1;
                }
            }
        }
        let silent = || Err(Failure::new("the errand was never answered"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(silent)).collect()
    }

    /// What runs still owe the hosts that were spoken to.
    pub fn debts(&self) -> &BTreeMap<String, Vec<Debt>> {
        &self.debts
    }

    /// What distinguishes the machine of a host that was spoken to; names of one machine have it in common.
    pub fn machine_of(&self, host: &str) -> Option<&str> {
        self.machine_of.get(host).map(String::as_str)
    }

    fn give(&mut self, number: usize, errand: &Errand) -> Result<(), Failure> {
        let known = self.machine(errand)?;
        let becoming = known.becoming(errand.by);
        let task = Box::new(Task {
            id: number as u64 + 1,
            module: errand.module.to_owned(),
            params: errand.params.clone(),
            mode: if errand.look_only { Mode::Survey } else { Mode::Apply },
            diff: false,
            environment: BTreeMap::new(),
            owes: Vec::new(),
            settles: Vec::new(),
            run: String::new(),
            bound: None,
        });
        let work = Work::Run { task, blobs: Vec::new(), supply: None, aside: None };
        let host = number.to_string();
        known.machine.give(Job { on: host.clone(), host, becoming, work });
        Ok(())
    }

    /// The machine of an errand's host and lane; it is started when it is asked for the first time.
    fn machine(&mut self, errand: &Errand) -> Result<&Known, Failure> {
        let known = self.machine_of.get(&errand.host).map(|machine| (machine.clone(), errand.lane));
        if let Some(key) = known.filter(|key| self.machines.contains_key(key)) {
            return self.machines.get(&key).ok_or_else(|| Failure::new("no machine"));
        }
        let route = (self.find_route)(&errand.host, None)?;
        self.machine_of.insert(errand.host.clone(), route.machine.clone());
        let (binary, store) = (Arc::clone(&self.binary), Arc::clone(&self.store));
        let happenings = self.happenings.0.clone();
        Ok(self.machines.entry((route.machine.clone(), errand.lane)).or_insert_with(|| {
            let (user, asked, method) = (route.user.clone(), route.becoming.clone(), route.become_method);
            Known { machine: Machine::start(route, binary, store, happenings), user, asked, method }
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Route;
    use crate::transport::TransportError;

    fn unreachable() -> Errands {
        let find_route: FindRoute = Box::new(|host, _| match host {
            "unknown" => Err(Failure::new("no such host")),
            host => Ok(Route {
                machine: host.to_owned(),
                user: "root".into(),
                connect: Box::new(|_, _| {
                    Err(TransportError::Unreachable { address: "down:22".into(), cause: "no route".into() })
                }),
                ssh: None,
                become_password: None,
                becoming: None,
                become_method: BecomeMethod::Sudo,
            }),
        });
        Errands::new(
            find_route,
            Arc::new(AgentBinary::read(std::path::Path::new("Cargo.toml")).unwrap()),
            Arc::new(Store::new("/nonexistent")),
        )
    }

    #[test]
    fn answers_come_in_the_order_of_the_errands_and_lost_hosts_are_failures() {
        let errands = ["unknown", "down", "down"].map(|host| Errand::new(host, "ping", json!({})).lane("probe"));
        let answers = unreachable().run(&errands, &mut |_, _, _| {});
        let messages: Vec<String> = answers.into_iter().map(|answer| answer.unwrap_err().message).collect();
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[0], "no such host");
        assert_eq!(messages[1], messages[2]);
    }

    #[test]
    fn nothing_is_waited_for_that_an_answer_made_useless() {
        let errands = ["unknown", "down"].map(|host| Errand::new(host, "ping", json!({})));
        let answers = unreachable()
            .run_unless(&errands, &mut |_, _, _| {}, &|errand, answer| errand.host == "unknown" && answer.is_err());
        assert_eq!(answers[1].as_ref().unwrap_err().message, "the errand was never answered");
    }
}
