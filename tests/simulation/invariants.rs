//! What must hold, whatever goes wrong: looked at while it happens, whenever a host is left alone, and in the end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dpp_modules::Module;
use dpp_modules::lock::Lock;
use dpp_modules::lock_file::LockFile;
use dpp_modules::settle::Settle;
use dpp_protocol::{Debt, Mode, Task};
use dppctl::event::Stamped;
use rustix::fs::FlockOperation;
use serde_json::Value as Json;

use crate::agent::Agent;
use crate::disk::{Tree, tree};
use crate::products::{CRONTAB, read_by};
use crate::project::{JOB, SECRET, SERVICES};
use crate::world::{STATE, SimHost, State, World};

impl State {
    /// What must not be, was seen; the first time counts.
    pub(crate) fn breaks(&mut self, what: impl Into<String>) {
        self.broken.get_or_insert(what.into());
    }
}

/// Before an agent changes something: its run has the lock of the host, and no other run's agent is at work there.
pub(crate) fn before_a_change(world: &World, agent: &Agent, task: &Task) {
    if task.mode == Mode::Survey || [Lock::NAME, Settle::NAME].contains(&task.module.as_str()) {
        return;
    }
    let mut state = world.state();
    let path = state.hosts[agent.host].root.join(STATE).join("lock");
    let holder: Json = serde_json::from_slice(&fs::read(&path).unwrap_or_default()).unwrap_or_default();
    let is_free = !path.exists() || LockFile::of(&path, FlockOperation::NonBlockingLockShared).is_some();
    if is_free || holder["ticket"].as_str() != Some(&agent.run) {
        let text =
            format!("{} of h{} is done by {} without the lock, {holder}", task.module, agent.host + 1, agent.run);
        state.breaks(text);
    }
}

/// When no agent is at work on a host: what is not as it was is written down, and what runs with old files is owed a restart.
pub(crate) fn at_rest(state: &mut State, host: usize) {
    let sim = &state.hosts[host];
    if !sim.agents.is_empty() || !sim.orphans.is_empty() {
        return;
    }
    let found = unpaid(sim).or_else(|| unwritten(sim));
    if let Some(found) = found {
        let text = format!("{}: {found}", sim.name);
        state.breaks(text);
    }
}

fn unpaid(sim: &SimHost) -> Option<String> {
    let debts: Vec<Debt> = match fs::read(sim.root.join(STATE).join("debts.json")) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(debts) => debts,
            Err(error) => return Some(format!("debts.json cannot be read, so nobody owes it a restart: {error}")),
        },
        Err(_) => Vec::new(),
    };
    let is_owed = |service: &str| debts.iter().any(|debt| debt.handler == format!("restart {service}"));
    let stale = SERVICES.iter().find(|(service, _)| !is_fresh(sim, service) && !is_owed(service));
    stale.map(|(service, _)| format!("{service} runs with old files, and nobody owes it a restart"))
}

fn is_fresh(sim: &SimHost, service: &str) -> bool {
    fs::read(sim.memory.join(service)).unwrap_or_default() == read_by(service, &sim.root)
}

/// A path that is not as it was, without a line in the journal that tells how it was.
fn unwritten(sim: &SimHost) -> Option<String> {
    let journal = fs::read_to_string(sim.root.join(STATE).join("journal.jsonl")).unwrap_or_default();
    let lines = journal.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let known: Vec<Json> = lines.flat_map(|line| line["was"].as_array().cloned().unwrap_or_default()).collect();
    let now = products(&tree(&sim.root));
    let paths: BTreeSet<&PathBuf> = now.keys().chain(sim.before.keys()).collect();
    let lost = paths.into_iter().find(|path| {
        let differs = now.get(*path) != sim.before.get(*path);
        differs
            && !is_restorable(sim, path, known.iter().find(|was| was["path"] == *sim.root.join(path).to_string_lossy()))
    });
    lost.map(|path| format!("{} was changed, and what it was is not written down", path.display()))
}

fn is_restorable(sim: &SimHost, path: &Path, known: Option<&Json>) -> bool {
    let Some(state) = known.map(|known| &known["state"]) else { return false };
    match sim.before.get(path) {
        None => state == "absent",
        Some((_, None)) => state.get("folder").is_some(),
        Some((_, Some(bytes))) => {
            let kept = state["file"]["kept"].as_str().unwrap_or_default();
            fs::read(sim.root.join(STATE).join("kept").join(kept)).is_ok_and(|kept| kept == *bytes)
        }
    }
}

/// What is not the agent's own: neither its books nor what it had begun to write beside a file.
fn products(tree: &Tree) -> Tree {
    let is_own = |path: &Path| path.starts_with(STATE) || is_beginning(path);
    tree.iter().filter(|(path, _)| !is_own(path)).map(|(path, found)| (path.clone(), found.clone())).collect()
}

fn is_beginning(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(".dppctl-"))
}

/// No event holds a secret.
pub(crate) fn of_events(world: &World, run: &str, events: &[Stamped]) {
    for event in events {
        let json = serde_json::to_string(event).unwrap_or_default();
        if json.contains(SECRET) {
            world.state().breaks(format!("an event tells a secret: {json}"));
        }
        if world.is_traced {
            world.note(&format!("    {run} {}", line(event)));
        }
    }
}

/// An event without what the clock says, which differs between two runs of the same seed.
fn line(event: &Stamped) -> String {
    let mut json = serde_json::to_value(&event.event).unwrap_or_default();
    stop_clock(&mut json);
    json.to_string()
}

fn stop_clock(json: &mut Json) {
    match json {
        Json::Object(object) => {
            object.retain(|name, _| !["ms", "result"].contains(&name.as_str()));
            object.values_mut().for_each(stop_clock);
        }
        Json::Array(list) => list.iter_mut().for_each(stop_clock),
        _ => {}
    }
}

/// What every host has come to, once all is done.
pub(crate) fn in_the_end(state: &mut State, wanted: &[Tree]) {
    let found =
        state.hosts.iter().zip(wanted).find_map(|(sim, wanted)| Some(format!("{}: {}", sim.name, wrong(sim, wanted)?)));
    if let Some(found) = found {
        state.breaks(found);
    }
}

fn wrong(sim: &SimHost, wanted: &Tree) -> Option<String> {
    let table = fs::read_to_string(sim.root.join(CRONTAB)).unwrap_or_default();
    if table.lines().filter(|line| *line == JOB).count() > 1 {
        return Some("a change was made twice".to_owned());
    }
    let books = ["debts.json", "journal.jsonl"].map(|book| fs::read_to_string(sim.root.join(STATE).join(book)));
    let [debts, journal] = books.map(Result::unwrap_or_default);
    if debts.contains(SECRET) || journal.contains(SECRET) {
        return Some("the books of the host hold a secret".to_owned());
    }
    if !debts.is_empty() && debts.trim() != "[]" {
        return Some(format!("it is still owed {debts}"));
    }
    if let Some((service, _)) = SERVICES.iter().find(|(service, _)| !is_fresh(sim, service)) {
        return Some(format!("{service} runs with old files"));
    }
    let found = finished(sim);
    let paths: BTreeSet<&PathBuf> = found.keys().chain(wanted.keys()).collect();
    let differs = paths.into_iter().find(|path| found.get(*path) != wanted.get(*path));
    differs.map(|path| format!("{} is not as after an undisturbed run", path.display()))
}

/// What a run leaves on a host, but for the agent's books.
pub(crate) fn finished(sim: &SimHost) -> Tree {
    tree(&sim.root).into_iter().filter(|(path, _)| !path.starts_with(STATE)).collect()
}
