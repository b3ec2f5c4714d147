//! The world below the shipped code: hosts with a disk, services and agents, the requests that reach them, and what goes wrong
//! on the way. One thing happens at a time, and the seed says which.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dpp_modules::Tenure;
use dpp_protocol::Request;

use crate::agent::Agent;
use crate::baton::Baton;
use crate::chance::Chance;
use crate::disk::{Disk, Tree, tree};
use crate::invariants;
use crate::mutants::Mutant;
use crate::products::{MEMORY, read_by};
use crate::project::{BEFORE, SERVICES, name};
use crate::schedule::{Fault, Schedule};

/// Where agents keep their books, below a host's disk.
pub(crate) const STATE: &str = "var/lib/dppctl";

/// All there is.
pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) baton: Baton,
    /// Whether all that happens is written down.
    pub(crate) is_traced: bool,
    folder: tempfile::TempDir,
    state: Mutex<State>,
}

/// What changes.
pub(crate) struct State {
    pub(crate) chance: Chance,
    pub(crate) hosts: Vec<SimHost>,
    pub(crate) trace: Vec<String>,
    /// What must not be, and was seen.
    pub(crate) broken: Option<String>,
    pub(crate) runs: u32,
    pub(crate) requests: u32,
    pub(crate) power_was_lost: bool,
    pub(crate) cancels: BTreeMap<String, Arc<AtomicU8>>,
    faults: Vec<(u32, Fault)>,
    pids: u32,
    /// Locks that outlive their holder: a mutant.
    leaked: Vec<Arc<Tenure>>,
}

/// A host.
pub(crate) struct SimHost {
    pub(crate) name: String,
    pub(crate) disk: Arc<Mutex<Disk>>,
    pub(crate) root: PathBuf,
    pub(crate) memory: PathBuf,
    pub(crate) before: Tree,
    /// How often it was started.
    pub(crate) boot: u32,
    /// Attempts to connect that it will not answer.
    pub(crate) away: u32,
    /// Agents by their number, with the run that each works for.
    pub(crate) agents: BTreeMap<u32, String>,
    /// Agents that still do what they were asked over a connection that is gone.
    pub(crate) orphans: Vec<(Agent, Request)>,
    full_for: u32,
}

impl World {
    /// Before anything happened.
    pub(crate) fn of(schedule: &Schedule, mutant: Option<Mutant>, is_traced: bool) -> Arc<Self> {
        let memory = Path::new("/dev/shm");
        let builder = tempfile::Builder::new();
        let folder = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        let folder = folder.expect("a folder can be made");
        let state = State {
            chance: Chance::of(schedule.seed),
            hosts: (0..schedule.hosts).map(|host| SimHost::at(&folder.path().join(name(host)), host)).collect(),
            trace: Vec::new(),
            broken: None,
            runs: 0,
            requests: 0,
            power_was_lost: false,
            cancels: BTreeMap::new(),
            faults: schedule.faults.clone(),
            // No process of this machine has such a number.
            pids: 1 << 30,
            leaked: Vec::new(),
        };
        let (schedule, state, baton) = (schedule.clone(), Mutex::new(state), Baton::default());
        Arc::new(Self { schedule, mutant, baton, is_traced, folder, state })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what happened; folders of this simulation alone are left out.
    pub(crate) fn note(&self, line: &str) {
        if !self.is_traced {
            return;
        }
        let line = line.replace(&self.folder.path().display().to_string(), "");
        self.state().trace.push(line);
    }

    /// Between two things that happen: an agent whose connection is gone may come to its end, another run may go on.
    pub(crate) fn turn(&self, who: usize) {
        if self.state().chance.one_in(3) {
            self.end_an_orphan();
        }
        let next = {
            let mut state = self.state();
            let second = self.schedule.second.filter(|at| state.requests < *at).map(|_| 1);
            let there: Vec<usize> = self.baton.there().into_iter().filter(|who| Some(*who) != second).collect();
            let chosen = state.chance.below(there.len());
            there.get(chosen).copied().unwrap_or(who)
        };
        self.baton.hand_over(who, next);
    }

    /// Lets one agent whose connection is gone do what it was asked, and end; false when there is none.
    pub(crate) fn end_an_orphan(&self) -> bool {
        let mut state = self.state();
        let Some(host) = state.hosts.iter().position(|host| !host.orphans.is_empty()) else { return false };
        let (mut agent, request) = state.hosts[host].orphans.remove(0);
        drop(state);
        self.note(&format!("{} {}: what was cut off comes to its end", agent.run, name(host)));
        agent.serve(self, &request, None);
        self.ended(agent);
        true
    }

    /// Nothing goes wrong any more, and what went on comes to its end.
    pub(crate) fn calm_down(&self) {
        while self.end_an_orphan() {}
        let mut state = self.state();
        state.faults.clear();
        for host in &mut state.hosts {
            (host.away, host.full_for) = (0, 0);
            host.disk().room = None;
        }
    }

    /// Whether something is still to go wrong.
    pub(crate) fn is_calm(&self) -> bool {
        self.state().faults.is_empty()
    }

    /// A request reached a host, or would have: its number, and what goes wrong with it.
    pub(crate) fn requested(&self, host: usize) -> (u32, Option<Fault>) {
        let mut state = self.state();
        let number = state.requests;
        state.requests += 1;
        let sim = &mut state.hosts[host];
        if sim.full_for > 0 {
            sim.full_for -= 1;
            if sim.full_for == 0 {
                sim.disk().room = None;
            }
        }
        let due = state.faults.iter().position(|(at, _)| *at <= number);
        let fault = due.map(|due| state.faults.remove(due).1);
        match fault {
            Some(Fault::DiskFull(room, requests)) => {
                state.hosts[host].full_for = requests;
                state.hosts[host].disk().room = Some(room);
            }
            Some(Fault::Away(attempts)) => state.hosts[host].away = attempts,
            _ => {}
        }
        (number, fault)
    }

    /// An agent is started; its number.
    pub(crate) fn begun(&self, host: usize, run: &str) -> (u32, u32) {
        let mut state = self.state();
        state.pids += 1;
        let pid = state.pids;
        state.hosts[host].agents.insert(pid, run.to_owned());
        (pid, state.hosts[host].boot)
    }

    /// An agent is gone, and its lock with it.
    pub(crate) fn ended(&self, agent: Agent) {
        let mut state = self.state();
        let (host, tenure) = (agent.host, Arc::clone(&agent.tenure));
        if self.mutant == Some(Mutant::LockOutlivesItsHolder) {
            state.leaked.push(tenure);
        }
        let is_gone_already = state.hosts[host].agents.remove(&agent.pid).is_none();
        drop(agent);
        if !is_gone_already {
            invariants::at_rest(&mut state, host);
        }
    }

    /// A host loses its power and is started again, with all its services.
    pub(crate) fn lose_power(&self, host: usize) {
        self.note(&format!("{}: the power fails", name(host)));
        let mut state = self.state();
        let State { hosts, chance, power_was_lost, .. } = &mut *state;
        *power_was_lost = true;
        let sim = &mut hosts[host];
        sim.orphans.clear();
        sim.agents.clear();
        sim.boot += 1;
        sim.disk().lose_power(chance);
        sim.start_services();
        invariants::at_rest(&mut state, host);
    }
}

impl SimHost {
    fn at(folder: &Path, host: usize) -> Self {
        let (root, memory) = (folder.join("disk"), folder.join(MEMORY));
        for (path, text) in BEFORE {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        fs::create_dir_all(&memory).expect("a folder can be made");
        let (disk, before) = (Arc::new(Mutex::new(Disk::at(&root))), tree(&root));
        let (agents, orphans) = (BTreeMap::new(), Vec::new());
        let name = name(host);
        let this = Self { name, disk, root, memory, before, boot: 0, away: 0, agents, orphans, full_for: 0 };
        this.start_services();
        this
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_services(&self) {
        for (service, _) in SERVICES {
            fs::write(self.memory.join(service), read_by(service, &self.root)).expect("a service can be started");
        }
    }
}
