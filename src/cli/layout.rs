//! Which hosts are which stage, and how their products are spoken to: read from the playbook that deploys them, so
//! that a command looks where `deploy` has put things.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, agent, plan, store};
use crate::cli::groups;
use crate::cli::invocation::{Invocation, Manner};
use crate::cli::options::{HowArgs, SelectionArgs};
use crate::cli::ways::Ways;
use crate::content;
use crate::engine::{Errands, PlayVars, RunVars, TaskVars};
use crate::exit::Exit;
use crate::pipeline::{Stage, Wiring, no_password};
use crate::plan::{PlayPlan, RoleScope, Step, TaskStep};
use crate::source::Problem;
use crate::template::{Lookup, Scope, SearchPath, Variables};
use crate::ui::{Shows, Ui};
use crate::value::{Map, Value};

/// The pipeline as the playbook lays it out.
pub(super) struct Layout {
    /// Hosts by stage; a stage without hosts is not there.
    pub(super) hosts: BTreeMap<Stage, Vec<String>>,
    /// The hosts of stages of which the limit leaves none.
    left_out: BTreeMap<Stage, Vec<String>>,
    /// Names, addresses and logins.
    pub(super) wiring: Wiring,
    /// The way to the hosts.
    pub(super) errands: Errands,
}

impl Layout {
    /// Reads the layout from the playbook, the settings and the inventory.
    pub(super) fn read(
        invocation: &mut Invocation,
        playbook: PathBuf,
        limit: Option<&str>,
        how: &HowArgs,
        ui: Ui,
    ) -> Result<Self, Stop> {
        let Sketch { hosts, left_out, wiring, vars } = Sketch::draw(invocation, playbook, limit, how)?;
        let all: BTreeSet<String> = hosts.values().flatten().cloned().collect();
        let ways = Ways::to(invocation, &vars, &Vec::from_iter(all), ui)?;
        let errands = Errands::new(ways.into_routes(), Arc::new(agent()?), Arc::new(store(invocation)?));
        Ok(Self { hosts, left_out, wiring, errands })
    }

    /// The hosts of a stage.
    pub(super) fn of(&self, stage: Stage) -> &[String] {
        self.hosts.get(&stage).map_or(&[], Vec::as_slice)
    }

    /// The first host of a stage, or a word about how a host becomes one.
    pub(super) fn first(&self, stage: Stage) -> Result<&str, Problem> {
        self.of(stage).first().map(String::as_str).ok_or_else(|| match self.left_out.get(&stage) {
            Some(hosts) => excluded(stage, hosts),
            None => nobody(stage),
        })
    }
}

fn nobody(stage: Stage) -> Problem {
    Problem::error("DPP0203", format!("no host of the inventory is of the stage {}", stage.name())).help(format!(
        "put one into the group {}, or name another group in dppctl.toml: [pipeline] {} = \"…\"",
        stage.groups().join(" or "),
        stage.name()
    ))
}

fn excluded(stage: Stage, hosts: &[String]) -> Problem {
    Problem::error("DPP0203", format!("--limit leaves no host of the stage {}", stage.name()))
        .help(format!("its hosts: -l {}", hosts.join(",")))
}

/// A layout without any way to its hosts: all that can be said before the first connection.
pub(super) struct Sketch {
    hosts: BTreeMap<Stage, Vec<String>>,
    left_out: BTreeMap<Stage, Vec<String>>,
    wiring: Wiring,
    vars: Arc<RunVars>,
}

impl Sketch {
    /// Reads who is which stage, and the names and logins that they share. A limit says who is worked on, and changes
    /// nothing about how the stages find each other.
    pub(super) fn draw(
        invocation: &mut Invocation,
        playbook: PathBuf,
        limit: Option<&str>,
        how: &HowArgs,
    ) -> Result<Self, Stop> {
        let is_shipped = playbook.starts_with(content::path(""));
        let plays = plays(invocation, playbook, how)?;
        let all = hosts(invocation, &plays, is_shipped)?;
        if all.is_empty() {
            return Err(groups::nobody(&invocation.inventory).into());
        }
        let hosts = within(invocation, &all, limit)?;
        if hosts.is_empty() {
            let limit = limit.unwrap_or_default();
            let problem = Problem::error("DPP0203", format!("`{limit}` leaves no host of any stage of the pipeline"));
            return Err(problem.help("`dppctl inventory graph` shows groups and hosts").into());
        }
        let vars = invocation.run_vars(&Manner::default());
        let wiring = wiring(&plays, &vars, &all, &hosts)?;
        let left_out = all.into_iter().filter(|(stage, _)| !hosts.contains_key(stage)).collect();
        Ok(Self { hosts, left_out, wiring, vars })
    }

    /// Refuses what would be missed only after the first changes: the one variable that has no default.
    pub(super) fn require_password(&self) -> Result<(), Problem> {
        let is_used = [Stage::Rabbitmq, Stage::Relay].iter().any(|stage| self.hosts.contains_key(stage));
        if is_used { self.wiring.password().map(drop) } else { Ok(()) }
    }
}

/// Why nobody is chosen of a stage, if so: nothing would be done, and called well done.
pub(super) fn without_host(
    invocation: &mut Invocation,
    playbook: PathBuf,
    stage: Stage,
    limit: Option<&str>,
    how: &HowArgs,
) -> Result<Option<Problem>, Stop> {
    let is_shipped = playbook.starts_with(content::path(""));
    let plays = plays(invocation, playbook, how)?;
    let all = hosts(invocation, &plays, is_shipped)?;
    let Some(known) = all.get(&stage) else { return Ok(Some(nobody(stage))) };
    let is_chosen = within(invocation, &all, limit)?.contains_key(&stage);
    Ok((!is_chosen).then(|| excluded(stage, known)))
}

/// The plays with all their hosts.
fn plays(invocation: &mut Invocation, playbook: PathBuf, how: &HowArgs) -> Result<Vec<Arc<PlayPlan>>, Stop> {
    let folder = playbook.parent().map(PathBuf::from).unwrap_or_default();
    invocation.inventory.read_beside_playbook(&folder, &invocation.vault)?;
    if playbook.starts_with(content::path("")) {
        groups::lay_out(invocation)?;
    }
    let selection = SelectionArgs::default();
    let conduct = Conduct {
        command: "look",
        playbooks: vec![playbook],
        selection: &selection,
        how,
        limit: None,
        review: &|_plan| Ok(()),
        lock: None,
        beside: None,
        shows: Shows::Story,
        with_changes: Exit::Ok,
        heed: None,
    };
    Ok(plan(invocation, &conduct)?.plays.into_iter().map(Arc::new).collect())
}

/// Hosts by stage: as the settings say, as the documents name their groups, as a playbook of one's own has it. The shipped
/// one asks for the groups, too, in conditions of its tasks.
fn hosts(
    invocation: &Invocation,
    plays: &[Arc<PlayPlan>],
    is_shipped: bool,
) -> Result<BTreeMap<Stage, Vec<String>>, Stop> {
    let settings = &invocation.project.settings.pipeline;
    let mut by_stage = BTreeMap::new();
    for stage in Stage::ALL {
        let set = settings.stages().into_iter().find(|(name, _)| Stage::of_role(name) == Some(stage));
        let mut found = match set {
            Some((_, group)) => invocation.inventory.matching(group)?,
            None => grouped(invocation, stage),
        };
        if found.is_empty() && set.is_none() && !is_shipped {
            found = planned(plays, stage);
        }
        if !found.is_empty() {
            by_stage.insert(stage, found);
        }
    }
    Ok(by_stage)
}

/// The hosts that the limit leaves; a stage without any is not there.
fn within(
    invocation: &Invocation,
    all: &BTreeMap<Stage, Vec<String>>,
    limit: Option<&str>,
) -> Result<BTreeMap<Stage, Vec<String>>, Stop> {
    let Some(limit) = limit else { return Ok(all.clone()) };
    let limit = invocation.inventory.select(limit)?;
    let left = |hosts: &Vec<String>| hosts.iter().filter(|host| limit.contains(host)).cloned().collect::<Vec<_>>();
    Ok(all.iter().map(|(stage, hosts)| (*stage, left(hosts))).filter(|(_, hosts)| !hosts.is_empty()).collect())
}

fn grouped(invocation: &Invocation, stage: Stage) -> Vec<String> {
    let of = |group: &&str| invocation.inventory.hosts_of(group).into_iter().map(str::to_owned).collect::<Vec<_>>();
    stage.groups().iter().map(of).find(|hosts| !hosts.is_empty()).unwrap_or_default()
}

fn planned(plays: &[Arc<PlayPlan>], stage: Stage) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for play in plays.iter().filter(|play| !steps_of(&play.steps, stage).is_empty()) {
        for host in &play.hosts {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
    }
    hosts
}

/// The stage a role belongs to, by its own name or by the role that brought it.
pub(super) fn stage_of(role: Option<&Arc<RoleScope>>) -> Option<Stage> {
    std::iter::successors(role, |role| role.parent.as_ref()).find_map(|role| Stage::of_role(&role.role.name))
}

/// The tasks of a stage's roles.
pub(super) fn steps_of(steps: &[Step], stage: Stage) -> Vec<&Arc<TaskStep>> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Task(task) if stage_of(task.role.as_ref()) == Some(stage) => found.push(task),
            Step::Task(_) | Step::Flush | Step::RoleEnd(_) => {}
            Step::Block(block) => {
                found.extend([&block.body, &block.always].into_iter().flat_map(|part| steps_of(part, stage)));
            }
        }
    }
    found
}

/// The wiring, from the variables that a task of each stage's role sees. What is wrong with a stage that is not worked on
/// stops nobody.
fn wiring(
    plays: &[Arc<PlayPlan>],
    vars: &Arc<RunVars>,
    hosts: &BTreeMap<Stage, Vec<String>>,
    chosen: &BTreeMap<Stage, Vec<String>>,
) -> Result<Wiring, Stop> {
    let views: BTreeMap<Stage, Vec<TaskVars>> =
        hosts.iter().filter_map(|(stage, hosts)| Some((*stage, views(plays, vars, *stage, hosts.first()?)))).collect();
    let wrong = std::cell::RefCell::new(Vec::new());
    let find = |stage: Stage, names: &[&str]| -> Option<Json> {
        let set = |view: &'_ TaskVars, name: &&str| match view.lookup(name) {
            Lookup::Found(value) => Some(value),
            _ => None,
        };
        let mut found =
            names.iter().filter_map(|name| views.get(&stage)?.iter().find_map(|view| Some((view, set(view, name)?))));
        let (view, value) = found.next()?;
        match rendered(view, &value) {
            Ok(value) => Some(Json::from(&value)),
            Err(problem) => {
                if chosen.contains_key(&stage) {
                    wrong.borrow_mut().push(problem);
                }
                None
            }
        }
    };
    let wiring = Wiring::read(&find);
    let wrong = wrong.into_inner();
    let is_unset = views.iter().any(|(stage, views)| {
        matches!(stage, Stage::Rabbitmq | Stage::Relay)
            && !views.iter().any(|view| matches!(view.lookup("RABBITMQ_PASS"), Lookup::Found(_)))
    });
    if wrong.is_empty() {
        return Ok(wiring);
    }
    // What could not be read is made of it.
    Err(if is_unset { no_password(&wiring.user).into() } else { wrong.into() })
}

fn rendered(view: &TaskVars, value: &Value) -> Result<Value, Problem> {
    let mut folders: Vec<PathBuf> = view.step.iter().map(|step| step.folder.clone()).collect();
    folders.push(view.play.play.folder.clone());
    let scope = Scope::new(Arc::new(view.clone()), Arc::new(SearchPath { folders }));
    view.run.templates.value(value, &scope).map_err(|error| error.problem())
}

/// What the tasks of each of the stage's roles would see on this host; what those of other stages see comes last.
fn views(plays: &[Arc<PlayPlan>], vars: &Arc<RunVars>, stage: Stage, host: &str) -> Vec<TaskVars> {
    let here = || plays.iter().filter(|play| play.hosts.iter().any(|known| known == host));
    let mut roles: Vec<&str> = Vec::new();
    let mut views = Vec::new();
    for play in here() {
        for step in steps_of(&play.steps, stage) {
            if !roles.contains(&step.role_name()) {
                roles.push(step.role_name());
                views.extend(view(play, vars, host, Some(step)));
            }
        }
    }
    views.extend(here().filter_map(|play| view(play, vars, host, None)));
    views
}

fn view(play: &Arc<PlayPlan>, vars: &Arc<RunVars>, host: &str, step: Option<&Arc<TaskStep>>) -> Option<TaskVars> {
    let entry = vars.hosts().get(host).cloned()?;
    Some(TaskVars {
        run: Arc::clone(vars),
        play: Arc::new(PlayVars::looked_at(Arc::clone(play))),
        host: host.to_owned(),
        state: entry.state,
        step: step.cloned(),
        front: Map::new(),
        magic: entry.magic,
    })
}
