//! A stage for runs: files in a folder, hosts that are threads of this process with real modules, and a record of what
//! happened.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::time::Duration;

use dpp_protocol::{Bound, Debt, Failure, Task};
use serde_json::Value as Json;

use crate::actions::ACTIONS;
use crate::artifacts::Store;
use crate::engine::{
    BecomeDefault, CONTROLS, Engine, HostEntry, HostState, Joined, Options, Parts, Roster, Route, RunEnd, RunVars,
    misfit, who,
};
use crate::event::{Event, Events, Stamped, Status};
use crate::files::{Disk, FileKind, Files};
use crate::inventory::{Inventory, InventorySource};
use crate::plan::{Catalogue, Plan, PlanRequest, Selection, build};
use crate::secret::{Decrypt, Secret, Vault};
use crate::source::{Problem, Problems};
use crate::template::{Scope, SearchPath, Surroundings, Templates, omit};
use crate::transport::{AgentBinary, BecomeMethod, Connection, TransportError};
use crate::value::{Map, Text, Value};

use super::threaded::{Record, Threaded, way};
use super::watcher::Watcher;

/// A project in a folder of its own.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    extra: Map,
    check: bool,
    owing: Vec<(String, Debt)>,
    answers: Vec<String>,
    asks: bool,
}

/// What came of a run.
pub(super) struct Run {
    pub(super) events: Vec<Event>,
    pub(super) end: RunEnd,
    advice: Problems,
    record: Record,
}

fn keys() -> Vault {
    Vault::new().with(None, Secret::new("open sesame"))
}

/// The disk, with keys and a home.
struct Keyed(Vault, PathBuf);

impl Files for Keyed {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Disk.read(path)
    }

    fn kind(&self, path: &Path) -> FileKind {
        Disk.kind(path)
    }

    fn home(&self) -> Option<PathBuf> {
        Some(self.1.clone())
    }

    fn keys(&self) -> &dyn Decrypt {
        &self.0
    }
}

impl Stage {
    /// With this inventory.
    pub(super) fn new(inventory: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let this =
            Self { folder, extra: Map::new(), check: false, owing: Vec::new(), answers: Vec::new(), asks: false };
        this.file("hosts", inventory)
    }

    /// With one more file.
    pub(super) fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Where a file of the project lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// With one more variable of the command line.
    pub(super) fn extra(mut self, name: &str, value: &str) -> Self {
        self.extra.insert(name.to_owned(), Value::template(value));
        self
    }

    /// In a check.
    pub(super) fn checking(mut self) -> Self {
        self.check = true;
        self
    }

    /// With somebody who answers questions so, one after the other.
    pub(super) fn answering<const N: usize>(mut self, answers: [&str; N]) -> Self {
        self.answers = answers.map(str::to_owned).into();
        self
    }

    /// Asking before each task.
    pub(super) fn asking(mut self) -> Self {
        self.asks = true;
        self
    }

    /// With a host that is owed this handler.
    pub(super) fn owing(mut self, host: &str, handler: &str) -> Self {
        self.owing.push((host.to_owned(), Debt { handler: handler.to_owned(), reason: String::new() }));
        self
    }

    /// A text as a vault that the stage's keys open.
    pub(super) fn sealed(&self, text: &str) -> String {
        let _ = &self.folder;
        keys().encrypt(text, None).unwrap()
    }

    /// Runs `site.yml`.
    pub(super) fn run(&self) -> Run {
        let templates = self.templates();
        let inventory = self.inventory();
        let plan = self.plan(&templates, &inventory).unwrap_or_else(|problems| panic!("refused: {problems:?}"));
        let advice = plan.warnings.clone();
        let record = Record::default();
        let (sender, inbox) = mpsc::channel();
        let learnt = templates.clone();
        let events = Events::new(sender, move || learnt.secrets());
        let engine = self.engine(templates, &inventory, events, &record);
        let end = engine.run(plan);
        let events = inbox.into_iter().map(|Stamped { event, .. }| event).collect();
        Run { events, end, advice, record }
    }

    /// Why `site.yml` is refused.
    pub(super) fn refused(&self) -> Problems {
        self.plan(&self.templates(), &self.inventory()).err().unwrap_or_default()
    }

    fn files(&self) -> Keyed {
        Keyed(keys(), self.folder.path().join("home"))
    }

    fn templates(&self) -> Templates {
        Templates::new(Surroundings { files: Arc::new(self.files()), ..Surroundings::of_this_process() })
    }

    fn inventory(&self) -> Inventory {
        let source = InventorySource::Path(self.folder.path().join("hosts"));
        let mut inventory = Inventory::load(&[source], &keys()).unwrap();
        inventory.read_beside_playbook(self.folder.path(), &keys()).unwrap();
        inventory
    }

    fn roles(&self) -> Vec<PathBuf> {
        vec![self.folder.path().join("roles")]
    }

    fn plan(&self, templates: &Templates, inventory: &Inventory) -> Result<Plan, Problems> {
        let render = |text: &Text, levels: &[&Map]| -> Result<String, Problem> {
            let vars: Map = levels.iter().flat_map(|map| (*map).clone()).collect();
            let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
            let value = templates.text(text, &scope).map_err(|error| error.problem())?;
            Ok(value.as_str().map_or_else(|| Json::from(&value).to_string(), str::to_owned))
        };
        build(&PlanRequest {
            files: &self.files(),
            playbooks: &[self.folder.path().join("site.yml")],
            roles: &self.roles(),
            catalogue: &catalogue(),
            selection: &Selection::default(),
            templates,
            seed: 1,
            follows_includes: false,
            extra: &self.extra,
            select: &|pattern| inventory.matching(pattern),
            render: &render,
        })
    }

    fn engine(&self, templates: Templates, inventory: &Inventory, events: Events, record: &Record) -> Engine {
        let (logins, owing) = (record.clone(), self.owing.clone());
        Engine::new(Parts {
            options: Options {
                run: "".into(),
                forks: 10,
                check: self.check,
                diff: false,
                verbosity: 0,
                force_handlers: false,
                asks_before_tasks: self.asks,
                stop_at_lost_hosts: true,
            },
            events,
            vars: Arc::new(run_vars(templates, inventory, self.extra.clone())),
            files: Arc::new(self.files()),
            roles: self.roles(),
            catalogue: catalogue(),
            selection: Selection::default(),
            binary: Arc::new(AgentBinary::read(Path::new("Cargo.toml")).unwrap()),
            store: Arc::new(Store::new("/nonexistent")),
            operator: Box::new(Watcher::answering(&self.answers)),
            find_route: Box::new(move |host, login| {
                let user = login.unwrap_or("ops").to_owned();
                logins.logins.lock().unwrap().push(user.clone());
                let (machine, far, record) = (format!("{user}@{host}:22"), way(&user, host), logins.clone());
                let owed = owing.iter().filter(|(owing, _)| owing == host).map(|(_, debt)| debt.clone());
                let (host, owed): (String, Vec<Debt>) = (host.to_owned(), owed.collect());
                let connect =
                    Box::new(move |_: Option<Duration>, _: &mut dyn FnMut(&str)| match host.strip_prefix("down") {
                        Some(_) => Err(TransportError::Unreachable { address: host.clone(), cause: "no route".into() }),
                        None => Ok(Box::new(Threaded(record.clone(), owed.clone())) as Box<dyn Connection>),
                    });
                Ok(Route {
                    machine,
                    user,
                    connect,
                    ssh: Some(far),
                    become_password: None,
                    becoming: None,
                    become_method: BecomeMethod::Sudo,
                })
            }),
            roster: Box::new(Growing(inventory.clone())),
            cancel: Arc::new(AtomicU8::new(0)),
            turns: None,
        })
    }
}

impl Run {
    /// Every end of a task: `HOST TASK STATUS`, with the words of a `debug`; hosts of one step in the order of names.
    pub(super) fn told(&self) -> Vec<String> {
        let mut steps: Vec<(String, Vec<String>)> = Vec::new();
        for event in &self.events {
            let Event::StepFinished { host, step, result } = event else { continue };
            let status = match result.status {
                Status::Ok => "ok",
                Status::Changed => "changed",
                Status::Failed => "FAILED",
                Status::Skipped => "skipped",
                Status::Unreachable => "unreachable",
            };
            let words = if step.action == "debug" && result.status == Status::Ok {
                format!(": {}", result.message.trim())
            } else {
                String::new()
            };
            let line = format!("{host} {} {status}{words}", step.task);
            match steps.iter_mut().find(|(at, _)| *at == step.at) {
                Some((_, lines)) => lines.push(line),
                None => steps.push((step.at.clone(), vec![line])),
            }
        }
        steps.iter_mut().for_each(|(_, lines)| lines.sort());
        steps.into_iter().flat_map(|(_, lines)| lines).collect()
    }

    /// Hosts in the order in which they began a task.
    pub(super) fn begun(&self) -> Vec<String> {
        let begun = |event: &Event| match event {
            Event::StepStarted { host, .. } => Some(host.clone()),
            _ => None,
        };
        self.events.iter().filter_map(begun).collect()
    }

    /// Tasks in the order in which they were begun.
    pub(super) fn begun_tasks(&self) -> Vec<String> {
        let begun = |event: &Event| match event {
            Event::StepStarted { step, .. } => Some(step.task.clone()),
            _ => None,
        };
        self.events.iter().filter_map(begun).collect()
    }

    /// Hosts that failed.
    pub(super) fn failed(&self) -> Vec<String> {
        let mut failed = self.end.failed.clone();
        failed.sort();
        failed
    }

    /// Warnings of the run.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warning = |event: &Event| match event {
            Event::Warning { text } => Some(text.clone()),
            _ => None,
        };
        self.events.iter().filter_map(warning).collect()
    }

    /// Warnings of the plan.
    pub(super) fn advice(&self) -> Vec<String> {
        self.advice.iter().map(ToString::to_string).collect()
    }

    /// How many hosts were at a task at the same time.
    pub(super) fn most_at_once(&self, task: &str) -> usize {
        let (mut now, mut most) = (0usize, 0);
        for event in &self.events {
            match event {
                Event::StepStarted { step, .. } if step.task == task => now += 1,
                Event::StepFinished { step, .. } if step.task == task => now -= 1,
                _ => {}
            }
            most = most.max(now);
        }
        most
    }

    /// Who logged in, in this order.
    pub(super) fn logins(&self) -> Vec<String> {
        self.record.logins.lock().unwrap().clone()
    }

    /// The bounds of the tasks that machines were given to do.
    pub(super) fn bounds(&self) -> Vec<Option<Bound>> {
        self.tasks().iter().map(|task| task.bound).collect()
    }

    /// The parameters that a module was given last.
    pub(super) fn params_of(&self, module: &str) -> Json {
        self.tasks().iter().rev().find(|task| task.module == module).map(|task| task.params.clone()).unwrap_or_default()
    }

    /// How often a module was run or looked at.
    pub(super) fn count_of(&self, module: &str) -> usize {
        self.tasks().iter().filter(|task| task.module == module).count()
    }

    pub(super) fn tasks(&self) -> Vec<Task> {
        self.record.tasks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn catalogue() -> Catalogue {
    let modules = dpp_modules::MODULES.iter().map(|entry| (entry.name, (entry.params)()));
    let actions = ACTIONS.iter().map(|action| (action.name, action.params.to_vec()));
    Catalogue::new(
        CONTROLS.iter().map(|(name, params)| (*name, params.to_vec())).chain(actions).chain(modules).collect(),
        misfit,
    )
}

fn run_vars(templates: Templates, inventory: &Inventory, extra: Map) -> RunVars {
    let entry = |name: &str| {
        let mut levels: Vec<Arc<Map>> =
            inventory.layers(name).iter().map(|layer| Arc::new(layer.variables.values().clone())).collect();
        levels.reverse();
        let groups: Vec<String> = inventory.groups_of(name).into_iter().map(str::to_owned).collect();
        HostEntry { state: Arc::new(HostState::new(levels)), magic: Arc::new(who(name, &groups)) }
    };
    let hosts: BTreeMap<String, HostEntry> =
        inventory.hosts().into_iter().map(|name| (name.to_owned(), entry(name))).collect();
    RunVars {
        templates,
        extra,
        hosts: RwLock::new(hosts),
        groups: RwLock::new(BTreeMap::new()),
        magic: Map::from_iter([("omit".to_owned(), omit())]),
        become_default: BecomeDefault::default(),
    }
}

/// The inventory, which grows.
struct Growing(Inventory);

impl Roster for Growing {
    fn join(&mut self, host: &str, groups: &[String], vars: &Map) -> Result<Joined, Failure> {
        let changed =
            !self.0.hosts().contains(&host) || !groups.iter().all(|group| self.0.hosts_of(group).contains(&host));
        self.0.add_host(host, groups, vars, &keys()).unwrap();
        let layers = self.0.layers(host);
        let levels = layers.iter().rev().map(|layer| Arc::new(layer.variables.values().clone())).collect();
        Ok(Joined { changed, levels, groups: self.0.groups_of(host).into_iter().map(str::to_owned).collect() })
    }

    fn nest(&mut self, _group: &str, _parents: &[String]) {}

    fn select(&self, pattern: &str) -> Result<Vec<String>, Failure> {
        self.0.matching(pattern).map_err(|problem| Failure::new(problem.message))
    }
}
