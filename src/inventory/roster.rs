//! Hosts and groups, and who belongs to whom.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use indexmap::{IndexMap, IndexSet};

use crate::inventory::variables::Variables;
use crate::inventory::vars_folder::{Beside, VarsFolder};
use crate::secret::Decrypt;
use crate::source::{Place, Problem, Problems, nearest};
use crate::value::{Map, Value};

/// One host by the name it has in the inventory.
#[derive(Debug, Clone, Default)]
pub struct Host {
    pub(crate) groups: IndexSet<String>,
    pub(crate) variables: Variables,
    pub(crate) place: Option<Place>,
}

/// One group of hosts and of other groups.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub(crate) hosts: IndexSet<String>,
    pub(crate) children: IndexSet<String>,
    pub(crate) parents: IndexSet<String>,
    pub(crate) variables: Variables,
    pub(crate) depth: usize,
    pub(crate) place: Option<Place>,
}

/// Everything the inventory sources say.
#[derive(Debug, Clone)]
pub struct Inventory {
    pub(crate) hosts: IndexMap<String, Host>,
    pub(crate) groups: IndexMap<String, Group>,
    pub(crate) folders: Vec<VarsFolder>,
    pub(crate) warnings: Problems,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) folder: Option<PathBuf>,
    /// What holds for the controller when it is asked for without standing in the inventory: it needs no ssh.
    pub(crate) implicit: Variables,
}

/// The names by which the controller itself may be asked for without standing in the inventory.
pub(crate) const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl Host {
    /// What was written beside its name.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Where it was first named.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

impl Group {
    /// The hosts named in it, without those of its children.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// The groups named as its children.
    pub fn children(&self) -> impl Iterator<Item = &str> {
        self.children.iter().map(String::as_str)
    }

    /// What was written in its own section.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Where it was first named.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What `ansible_group_priority` says; among groups of one depth the higher wins.
    pub fn priority(&self) -> i64 {
        match self.variables.get("ansible_group_priority") {
            Some(Value::Int(priority)) => *priority,
            Some(Value::Text(text)) => text.as_str().trim().parse().unwrap_or(1),
            _ => 1,
        }
    }
}

impl Inventory {
    pub(crate) fn empty() -> Self {
        let groups = ["all", "ungrouped"].map(|name| (name.to_owned(), Group::default()));
        let mut implicit = Variables::default();
        implicit.set("ansible_connection", Value::plain("local"), None);
        let mut inventory = Self {
            implicit,
            hosts: IndexMap::new(),
            groups: groups.into_iter().collect(),
            folders: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
            folder: None,
        };
        inventory.adopt("all", "ungrouped");
        inventory
    }

    /// Names of all hosts in the order in which a play for `all` takes them.
    pub fn hosts(&self) -> Vec<&str> {
        self.hosts_of("all")
    }

    /// Names of all groups, `all` and `ungrouped` first.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name)
    }

    /// A group by its name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Hosts of a group and of all below it, in Ansible's order: level by level.
    pub fn hosts_of(&self, group: &str) -> Vec<&str> {
        let mut hosts = IndexSet::new();
        let mut seen = HashSet::from([group]);
        let mut waiting = VecDeque::from([group]);
        while let Some(group) = waiting.pop_front().and_then(|name| self.groups.get(name)) {
            hosts.extend(group.hosts());
            waiting.extend(group.children().filter(|child| seen.insert(child)));
        }
        hosts.into_iter().collect()
    }

    /// Groups a host is in, directly or through another group, sorted by name and without `all`: Ansible's `group_names`.
    pub fn groups_of(&self, host: &str) -> Vec<&str> {
        let mut groups: Vec<&str> = self.ancestors(host).into_iter().filter(|name| *name != "all").collect();
        groups.sort_unstable();
        groups
    }

    /// The group whose name is nearest to one that is not there.
    pub fn nearest_group(&self, wrong: &str) -> Option<&str> {
        nearest(wrong, self.groups.keys().map(String::as_str))
    }

    /// The host whose name is nearest to one that is not there.
    pub fn nearest_host(&self, wrong: &str) -> Option<&str> {
        nearest(wrong, self.hosts.keys().map(String::as_str))
    }

    /// What is worth knowing and stops nothing.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The files that were read, `group_vars` and `host_vars` not among them.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The folder of the first source: Ansible's `inventory_dir`.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Reads `group_vars` and `host_vars` in a playbook's folder; they win over those beside the inventory.
    pub fn read_beside_playbook(&mut self, folder: &Path, vault: &dyn Decrypt) -> Result<(), Problems> {
        self.read_folder(folder, Beside::Playbook, vault)
    }

    /// Adds a host while a run goes on, as `add_host` does; groups that are not there are made.
    pub fn add_host(
        &mut self,
        name: &str,
        groups: &[String],
        variables: &Map,
        vault: &dyn Decrypt,
    ) -> Result<(), Problems> {
        let host = self.hosts.entry(name.to_owned()).or_default();
        for (name, value) in variables {
            host.variables.set(name.clone(), value.clone(), None);
        }
        for group in groups {
            self.join(name, group);
        }
        self.settle()?;
        self.read_folders_again(vault)
    }

    /// Gives a group these hosts and no others; it is made where there is none.
    pub fn assign(&mut self, group: &str, hosts: &[String], vault: &dyn Decrypt) -> Result<(), Problems> {
        let known = self.declare_group(group, None);
        let gone: Vec<String> = known.hosts.drain(..).collect();
        let children: Vec<String> = known.children.drain(..).collect();
        for name in gone.iter().filter(|name| !hosts.contains(name)) {
            if let Some(host) = self.hosts.get_mut(name) {
                host.groups.shift_remove(group);
            }
        }
        for child in &children {
            if let Some(child) = self.groups.get_mut(child) {
                child.parents.shift_remove(group);
            }
        }
        hosts.iter().for_each(|host| self.join(host, group));
        self.settle()?;
        self.read_folders_again(vault)
    }

    pub(crate) fn declare_group(&mut self, name: &str, place: Option<&Place>) -> &mut Group {
        let group = self.groups.entry(name.to_owned()).or_default();
        if group.place.is_none() {
            group.place = place.cloned();
        }
        group
    }

    pub(crate) fn declare_host(&mut self, name: &str, place: Option<&Place>) -> &mut Host {
        let host = self.hosts.entry(name.to_owned()).or_default();
        if host.place.is_none() {
            host.place = place.cloned();
        }
        host
    }

    /// Takes all other hosts out; groups stay, empty or not.
    pub(crate) fn keep_only(&mut self, names: &[String]) {
        self.hosts.retain(|name, _| names.contains(name));
        for group in self.groups.values_mut() {
            group.hosts.retain(|name| names.contains(name));
        }
    }

    pub(crate) fn join(&mut self, host: &str, group: &str) {
        self.declare_group(group, None).hosts.insert(host.to_owned());
        self.declare_host(host, None).groups.insert(group.to_owned());
    }

    pub(crate) fn adopt(&mut self, parent: &str, child: &str) {
        self.declare_group(parent, None).children.insert(child.to_owned());
        self.declare_group(child, None).parents.insert(parent.to_owned());
    }

    /// Every group that holds a host, `all` among them.
    pub(crate) fn ancestors(&self, host: &str) -> HashSet<&str> {
        let mut seen = HashSet::from(["all"]);
        let mut waiting: Vec<&str> = match self.hosts.get(host) {
            Some(host) => host.groups.iter().map(String::as_str).collect(),
            None => Vec::new(),
        };
        while let Some(name) = waiting.pop() {
            if seen.insert(name) {
                let parents = self.groups.get(name).into_iter().flat_map(|group| &group.parents);
                waiting.extend(parents.map(String::as_str));
            }
        }
        seen
    }
}
