//! The variables of one task on one host, in Ansible's order of precedence.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::reached::reached;
use crate::engine::HostState;
use crate::engine::run::absolute;
use crate::plan::{PlayPlan, RoleNames, RoleScope, TaskStep};
use crate::template::{Lookup, Templates, Variables};
use crate::transport::BecomeMethod;
use crate::value::{Map, Value};

/// What all tasks of a run see alike.
pub struct RunVars {
    /// What renders.
    pub templates: Templates,
    /// `-e`.
    pub extra: Map,
    /// Every host of the inventory; `add_host` brings more.
    pub hosts: RwLock<BTreeMap<String, HostEntry>>,
    /// Hosts by group.
    pub groups: RwLock<BTreeMap<String, Vec<String>>>,
    /// Names that are the same for all: `ansible_version`, `ansible_check_mode`, `omit` …
    pub magic: Map,
    /// Whether another user is become when nobody says otherwise.
    pub become_default: BecomeDefault,
}

/// What the command line and the settings say of becoming another user.
#[derive(Debug, Clone, Default)]
pub struct BecomeDefault {
    /// Whether.
    pub enabled: bool,
    /// Which; `root` when nobody says.
    pub user: Option<String>,
    /// By which programme.
    pub method: BecomeMethod,
}

/// A host as all tasks of a run see it.
#[derive(Debug, Clone)]
pub struct HostEntry {
    /// What is known of it.
    pub state: Arc<HostState>,
    /// Names that say who it is: `inventory_hostname`, `group_names` …
    pub magic: Arc<Map>,
}

impl RunVars {
    /// The hosts.
    pub fn hosts(&self) -> RwLockReadGuard<'_, BTreeMap<String, HostEntry>> {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// These hosts in the order of the inventory.
    pub(super) fn in_order(&self, mut hosts: Vec<String>) -> Vec<String> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let all: HashMap<&str, usize> =
            groups.get("all").into_iter().flatten().enumerate().map(|(at, host)| (host.as_str(), at)).collect();
        hosts.sort_by_key(|host| all.get(host.as_str()).copied().unwrap_or(usize::MAX));
        hosts
    }

    /// Puts a host into a group.
    pub(super) fn add_to_group(&self, group: &str, host: &str) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let hosts = groups.entry(group.to_owned()).or_default();
        if !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }

    /// A host stands among those without a group no more.
    pub(super) fn leave_ungrouped(&self, host: &str) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(hosts) = groups.get_mut("ungrouped") {
            hosts.retain(|known| known != host);
        }
    }

    fn groups_value(&self) -> Value {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let names = |hosts: &Vec<String>| Value::list(hosts.iter().map(|host| Value::plain(host.as_str())));
        Value::map(groups.iter().map(|(group, hosts)| (group.clone(), names(hosts))))
    }
}

impl std::fmt::Debug for RunVars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunVars").field("hosts", &self.hosts().keys()).finish_non_exhaustive()
    }
}

/// What all tasks of a play see alike.
#[derive(Debug)]
pub struct PlayVars {
    /// The play.
    pub play: Arc<PlayPlan>,
    /// `ansible_play_hosts`, `ansible_play_batch` …
    pub magic: Map,
    /// Hosts that failed, were lost or came to their end.
    pub gone: RwLock<HashSet<String>>,
    /// How many hosts the batch was cut for, those among them that were gone before.
    pub size: usize,
    /// Names of its roles, to which includes add.
    pub role_names: RwLock<RoleNames>,
}

/// Lists of hosts in which those that are gone do not stand any more.
const LEFT: &[&str] = &["ansible_play_hosts", "ansible_play_batch", "play_hosts"];

impl PlayVars {
    /// Those of a play that nobody runs.
    pub fn looked_at(play: Arc<PlayPlan>) -> Self {
        let role_names = RwLock::new(play.role_names.clone());
        Self { play, magic: Map::new(), gone: RwLock::default(), size: 1, role_names }
    }

    /// A host does not count any more.
    pub(super) fn leave(&self, host: &str) {
        self.gone.write().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
    }

    /// Roles that were included belong to the play.
    pub(super) fn names_roles(&self, more: RoleNames) {
        let mut names = self.role_names.write().unwrap_or_else(PoisonError::into_inner);
        names.named.extend(more.named);
        names.dependencies.extend(more.dependencies);
    }

    fn role_names(&self, name: &str) -> Option<Value> {
        let names = self.role_names.read().unwrap_or_else(PoisonError::into_inner);
        let all = || names.named.iter().chain(&names.dependencies).collect::<BTreeSet<_>>();
        let list: Vec<&String> = match name {
            "ansible_play_role_names" | "role_names" => names.named.iter().collect(),
            "ansible_dependent_role_names" => names.dependencies.iter().collect(),
            "ansible_role_names" => all().into_iter().collect(),
            _ => return None,
        };
        Some(Value::list(list.into_iter().map(|name| Value::plain(name.as_str()))))
    }

    fn left(&self, name: &str) -> Option<Value> {
        let hosts = self.magic.get(name)?.as_list()?;
        let gone = self.gone.read().unwrap_or_else(PoisonError::into_inner);
        Some(Value::list(hosts.iter().filter(|host| host.as_str().is_none_or(|host| !gone.contains(host))).cloned()))
    }
}

/// The variables of one task on one host.
#[derive(Debug, Clone)]
pub struct TaskVars {
    /// The run's.
    pub run: Arc<RunVars>,
    /// The play's.
    pub play: Arc<PlayVars>,
    /// The host's name.
    pub host: String,
    /// What is known of the host.
    pub state: Arc<HostState>,
    /// The task, when it is a task that looks.
    pub step: Option<Arc<TaskStep>>,
    /// `item`, `ansible_loop`, and the result that `until`, `changed_when` and `failed_when` look at.
    pub front: Map,
    /// `inventory_hostname`, `group_names` … of this host.
    pub magic: Arc<Map>,
}

impl TaskVars {
    /// The same variables with more in front.
    #[must_use]
    pub fn with(&self, front: Map) -> Self {
        let mut this = self.clone();
        this.front.extend(front);
        this
    }

    /// The same variables as another task of this host sees them.
    #[must_use]
    pub fn of(&self, step: &Arc<TaskStep>) -> Self {
        Self { step: Some(Arc::clone(step)), front: Map::new(), ..self.clone() }
    }

    pub(super) fn find(&self, name: &str) -> Option<Value> {
        let known = self.state.read();
        let found = |map: &Map| map.get(name).cloned();
        found(&self.front)
            .or_else(|| found(&self.magic))
            .or_else(|| found(&self.play.magic))
            .or_else(|| self.play.role_names(name))
            .or_else(|| self.of_role(name))
            .or_else(|| found(&self.run.magic))
            .or_else(|| found(&self.run.extra))
            .or_else(|| self.step.as_ref().and_then(|step| step.params.iter().rev().find_map(|params| found(params))))
            .or_else(|| self.role_params(name))
            .or_else(|| found(&known.set))
            .or_else(|| found(&known.included))
            .or_else(|| self.step.as_ref().and_then(|step| step.keywords.vars.iter().rev().find_map(found)))
            .or_else(|| self.role().and_then(|role| chain(role).find_map(|role| found(&role.role.vars))))
            .or_else(|| found(&known.exposed_vars))
            .or_else(|| found(&self.play.play.role_vars))
            .or_else(|| known.play_files.iter().find_map(|file| found(file)))
            .or_else(|| found(&self.play.play.prompted))
            .or_else(|| found(&self.play.play.play.vars))
            .or_else(|| found(&known.facts))
            .or_else(|| known.inventory.iter().find_map(|level| found(level)))
            .or_else(|| self.role().and_then(|role| chain(role).find_map(|role| found(&role.role.defaults))))
            .or_else(|| found(&known.exposed_defaults))
            .or_else(|| found(&self.play.play.role_defaults))
            .or_else(|| reached(self, name))
    }

    fn role(&self) -> Option<&Arc<RoleScope>> {
        self.step.as_ref()?.role.as_ref()
    }

    fn role_params(&self, name: &str) -> Option<Value> {
        chain(self.role()?).find_map(|role| role.params.get(name).cloned())
    }

    fn of_role(&self, name: &str) -> Option<Value> {
        let role = self.role()?;
        match name {
            "role_path" => Some(Value::plain(absolute(&role.role.folder))),
            "role_name" | "ansible_role_name" => Some(Value::plain(role.role.name.as_str())),
            "ansible_parent_role_names" | "ansible_parent_role_paths" => {
                let includers = role.includers();
                let of = |scope: &&Arc<RoleScope>| match name {
                    "ansible_parent_role_names" => Value::plain(scope.role.name.as_str()),
                    _ => Value::plain(absolute(&scope.role.folder)),
                };
                (!includers.is_empty()).then(|| Value::list(includers.iter().map(of)))
            }
            _ => None,
        }
    }
}

/// A role and those around it, the inner first.
fn chain(role: &Arc<RoleScope>) -> impl Iterator<Item = &Arc<RoleScope>> {
    std::iter::successors(Some(role), |role| role.parent.as_ref())
}

impl Variables for TaskVars {
    fn lookup(&self, name: &str) -> Lookup {
        if self.front.get(name).is_none() && self.state.read().pending.iter().any(|pending| covers(pending, name)) {
            return Lookup::Pending;
        }
        match name {
            "hostvars" => Lookup::Object(minijinja::Value::from_object(super::hostvars::HostVars::new(self))),
            "vars" => Lookup::Object(minijinja::Value::from_object(super::hostvars::OwnVars::new(self))),
            _ if LEFT.contains(&name) => self.play.left(name).map_or(Lookup::Missing, Lookup::Found),
            "groups" => Lookup::Found(self.run.groups_value()),
            "ansible_facts" => Lookup::Found(self.state.read().ansible_facts()),
            _ => self.find(name).map_or(Lookup::Missing, Lookup::Found),
        }
    }

    fn names(&self) -> Vec<String> {
        let known = self.state.read();
        let mut names: Vec<String> = known.names().cloned().collect();
        let mut add = |map: &Map| names.extend(map.keys().cloned());
        [&self.front, &self.magic, &self.play.magic, &self.run.magic, &self.run.extra].into_iter().for_each(&mut add);
        [&self.play.play.play.vars, &*self.play.play.role_vars, &*self.play.play.role_defaults]
            .into_iter()
            .for_each(&mut add);
        known.play_files.iter().for_each(|file| add(file));
        [&known.exposed_vars, &known.exposed_defaults].into_iter().for_each(&mut add);
        if let Some(step) = &self.step {
            step.params.iter().for_each(|params| add(params));
            step.keywords.vars.iter().for_each(&mut add);
            step.role.iter().flat_map(chain).for_each(|role| {
                add(&role.params);
                add(&role.role.vars);
                add(&role.role.defaults);
            });
        }
        names.sort();
        names.dedup();
        names
    }
}

/// Facts that are pending cover all names that facts have.
fn covers(pending: &str, name: &str) -> bool {
    pending == name || (pending == FACTS && (name == "ansible_facts" || name.starts_with("ansible_")))
}

/// The pending name that stands for all facts.
pub(super) const FACTS: &str = "ansible_*";
