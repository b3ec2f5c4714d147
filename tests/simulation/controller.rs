//! `dppctl deploy` in the simulation: the shipped plan, engine and report over simulated connections, from the inventory to the
//! last event. What is left out is the command line and the screen.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, RwLock, mpsc};

use dpp_protocol::Failure;
use dppctl::actions::ACTIONS;
use dppctl::artifacts::Store;
use dppctl::engine::{
    BecomeDefault, CONTROLS, Engine, HostEntry, HostState, Joined, Operator, Options, Parts, Roster, Route, RunVars,
    Turns, misfit, who,
};
use dppctl::event::{Events, Stamped};
use dppctl::plan::{Catalogue, Plan, PlanRequest, Selection, build};
use dppctl::report::RunReport;
use dppctl::source::Problem;
use dppctl::template::{Scope, SearchPath, Surroundings, Templates, omit};
use dppctl::transport::{AgentBinary, BecomeMethod, Connection};
use dppctl::value::{Map, Text, Value};
use serde_json::Value as Json;

use crate::invariants;
use crate::mutants::Mutant;
use crate::project::{PLAYBOOK, ProjectFiles, inventory, name};
use crate::wire::Link;
use crate::world::World;

/// What unwinds a controller that is killed.
pub(crate) struct Killed;

/// What came of a run.
pub(crate) struct Came {
    pub(crate) report: RunReport,
    /// Hosts that `deploy --resume` would go on with.
    pub(crate) left: Vec<String>,
}

/// Deploys to these hosts.
pub(crate) fn deploy(world: &Arc<World>, who: usize, hosts: &[String]) -> Came {
    let run = {
        let mut state = world.state();
        state.runs += 1;
        format!("r{:03}", state.runs)
    };
    let cancel = Arc::new(AtomicU8::new(0));
    world.state().cancels.insert(run.clone(), Arc::clone(&cancel));
    world.note(&format!("{run} begins: {}", hosts.join(", ")));
    let (sender, inbox) = mpsc::channel();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let (engine, plan) = made(world, who, &run, hosts, sender, Arc::clone(&cancel));
        engine.run(plan);
    }));
    let events: Vec<Stamped> = inbox.try_iter().collect();
    let mut report = RunReport::default();
    events.iter().for_each(|event| report.absorb(event));
    invariants::of_events(world, &run, &events);
    if let Err(panic) = ended {
        world.note(&format!("{run} was killed"));
        panic.downcast::<Killed>().map_or_else(|panic| resume_unwind(panic), drop);
        return Came { report, left: hosts.to_vec() };
    }
    if cancel.load(Ordering::Relaxed) > 0 {
        report.break_off();
    }
    let names = report.failed_names().into_iter().chain(report.lost_names());
    let mut left: Vec<String> = names.chain(report.left.iter().map(String::as_str)).map(str::to_owned).collect();
    left.sort();
    left.dedup();
    world.note(&format!("{run} is over: {} changes; left: {}", report.changes(), left.join(", ")));
    Came { report, left }
}

fn made(
    world: &Arc<World>,
    who: usize,
    run: &str,
    hosts: &[String],
    sender: mpsc::Sender<Stamped>,
    cancel: Arc<AtomicU8>,
) -> (Engine, Plan) {
    static BINARY: OnceLock<Arc<AgentBinary>> = OnceLock::new();
    let read = || Arc::new(AgentBinary::read(Path::new("Cargo.toml")).unwrap_or_else(|error| panic!("{error}")));
    let files: Arc<ProjectFiles> = Arc::new(ProjectFiles::with(world.schedule.manner));
    let seed = world.schedule.seed;
    let templates = Templates::new(Surroundings { files: files.clone(), seed, ..Surroundings::of_this_process() });
    let (learnt, is_deaf) = (templates.clone(), world.mutant == Some(Mutant::SecretsAreTold));
    let events = Events::new(sender, move || if is_deaf { Vec::new() } else { learnt.secrets() });
    let plan = plan(&files, &templates, hosts);
    let engine = Engine::new(Parts {
        options: options(run),
        events,
        vars: Arc::new(run_vars(world, templates, run)),
        files,
        roles: Vec::new(),
        catalogue: catalogue(),
        selection: Selection::default(),
        binary: Arc::clone(BINARY.get_or_init(read)),
        store: Arc::new(Store::new("/nonexistent")),
        find_route: Box::new(routes(world, who, run)),
        roster: Box::new(Fixed),
        operator: Box::new(Fixed),
        cancel,
        turns: Some(Box::new(Seeded { world: Arc::clone(world), who })),
    });
    (engine, plan)
}

/// As `deploy` makes them.
fn options(run: &str) -> Options {
    Options {
        run: run.into(),
        forks: 5,
        check: false,
        diff: true,
        verbosity: 0,
        force_handlers: false,
        asks_before_tasks: false,
        stop_at_lost_hosts: true,
    }
}

fn plan(files: &ProjectFiles, templates: &Templates, hosts: &[String]) -> Plan {
    let render = |text: &Text, levels: &[&Map]| -> Result<String, Problem> {
        let vars: Map = levels.iter().flat_map(|map| (*map).clone()).collect();
        let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
        let value = templates.text(text, &scope).map_err(|error| error.problem())?;
        Ok(value.as_str().map_or_else(|| Json::from(&value).to_string(), str::to_owned))
    };
    let request = PlanRequest {
        files,
        playbooks: &[PathBuf::from(PLAYBOOK)],
        roles: &[],
        catalogue: &catalogue(),
        selection: &Selection::default(),
        templates,
        seed: 1,
        follows_includes: false,
        extra: &Map::new(),
        select: &|_| Ok(hosts.to_vec()),
        render: &render,
    };
    build(&request).unwrap_or_else(|problems| panic!("refused: {problems:?}"))
}

fn catalogue() -> Catalogue {
    static KNOWN: OnceLock<Vec<(&'static str, Vec<&'static str>)>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let modules = dpp_modules::MODULES.iter().map(|entry| (entry.name, (entry.params)()));
        let actions = ACTIONS.iter().map(|action| (action.name, action.params.to_vec()));
        let controls = CONTROLS.iter().map(|(name, params)| (*name, params.to_vec()));
        controls.chain(actions).chain(modules).collect()
    });
    Catalogue::new(known.clone(), misfit)
}

fn run_vars(world: &World, templates: Templates, run: &str) -> RunVars {
    let state = world.state();
    let entry = |sim: &crate::world::SimHost| {
        let layers = inventory().layers(&sim.name);
        let place = |path: &Path| Value::plain(path.display().to_string().as_str());
        let mut levels = vec![Arc::new(Map::from_iter([("disk".to_owned(), place(&sim.root))]))];
        levels.extend(layers.iter().rev().map(|layer| Arc::new(layer.variables.values().clone())));
        let magic = Arc::new(who(&sim.name, &["all".to_owned()]));
        (sim.name.clone(), HostEntry { state: Arc::new(HostState::new(levels)), magic })
    };
    let hosts: BTreeMap<String, HostEntry> = state.hosts.iter().map(entry).collect();
    RunVars {
        templates,
        extra: Map::from_iter([("ticket".to_owned(), Value::plain(run))]),
        groups: RwLock::new(BTreeMap::from([("all".to_owned(), hosts.keys().cloned().collect())])),
        hosts: RwLock::new(hosts),
        magic: Map::from_iter([("omit".to_owned(), omit())]),
        become_default: BecomeDefault::default(),
    }
}

fn routes(world: &Arc<World>, who: usize, run: &str) -> impl Fn(&str, Option<&str>) -> Result<Route, Failure> + use<> {
    let (world, run) = (Arc::clone(world), run.to_owned());
    move |host, _| {
        let at = (0..world.schedule.hosts).find(|at| name(*at) == host).ok_or_else(|| Failure::new("no such host"))?;
        let (world, run) = (Arc::clone(&world), run.clone());
        Ok(Route {
            machine: format!("root@{host}:22"),
            user: "root".to_owned(),
            connect: Box::new(move |_, _| {
                Link::to(&world, at, &run, who).map(|link| Box::new(link) as Box<dyn Connection>)
            }),
            ssh: None,
            become_password: None,
            becoming: None,
            become_method: BecomeMethod::Sudo,
        })
    }
}

/// The seed says which machine is next, and whether another run goes on first.
struct Seeded {
    world: Arc<World>,
    who: usize,
}

impl Turns for Seeded {
    fn next(&mut self, machines: &[&str]) -> usize {
        self.world.turn(self.who);
        self.world.state().chance.below(machines.len())
    }
}

/// Hosts that stay as they are, and nobody who watches.
struct Fixed;

impl Roster for Fixed {
    fn join(&mut self, host: &str, _groups: &[String], _vars: &Map) -> Result<Joined, Failure> {
        Err(Failure::new(format!("{host} cannot join a simulation")))
    }

    fn nest(&mut self, _group: &str, _parents: &[String]) {}

    fn select(&self, _pattern: &str) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

impl Operator for Fixed {
    fn is_there(&self) -> bool {
        false
    }

    fn answer(&self, _echo: bool) -> String {
        String::new()
    }
}
