//! What the inventory says about a host, in the order in which one saying covers another.

use crate::inventory::roster::{Inventory, LOCALHOST};
use crate::inventory::variables::Variables;
use crate::inventory::vars_folder::Beside;

/// Where variables of a host come from; a later kind wins over an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// Of `all`, in the inventory itself.
    AllInline,
    /// Of another group, in the inventory itself.
    GroupInline,
    /// `group_vars/all` beside the inventory.
    AllFile,
    /// `group_vars/all` beside the playbook.
    AllFileOfPlaybook,
    /// `group_vars/GROUP` beside the inventory.
    GroupFile,
    /// `group_vars/GROUP` beside the playbook.
    GroupFileOfPlaybook,
    /// Beside the host's name in the inventory.
    HostInline,
    /// `host_vars/HOST` beside the inventory.
    HostFile,
    /// `host_vars/HOST` beside the playbook.
    HostFileOfPlaybook,
}

/// Variables of one origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer<'a> {
    /// What kind of origin.
    pub kind: LayerKind,
    /// The group or the host they were said of.
    pub name: &'a str,
    /// The variables.
    pub variables: &'a Variables,
}

impl Inventory {
    /// Everything said about a host, the weakest first. A host that is not in the inventory is the implicit localhost.
    pub fn layers<'a>(&'a self, host: &'a str) -> Vec<Layer<'a>> {
        let mut layers = Layers::default();
        let groups = self.by_weight(host);
        layers.add(LayerKind::AllInline, "all", [&self.groups["all"].variables]);
        for group in &groups {
            layers.add(LayerKind::GroupInline, group, [&self.groups[*group].variables]);
        }
        layers.add(LayerKind::AllFile, "all", self.group_files("all", Beside::Inventory));
        layers.add(LayerKind::AllFileOfPlaybook, "all", self.group_files("all", Beside::Playbook));
        for group in &groups {
            layers.add(LayerKind::GroupFile, group, self.group_files(group, Beside::Inventory));
        }
        for group in &groups {
            layers.add(LayerKind::GroupFileOfPlaybook, group, self.group_files(group, Beside::Playbook));
        }
        match self.hosts.get(host) {
            Some(known) => layers.add(LayerKind::HostInline, host, [&known.variables]),
            None if LOCALHOST.contains(&host) => layers.add(LayerKind::HostInline, host, [&self.implicit]),
            None => {}
        }
        layers.add(LayerKind::HostFile, host, self.host_files(host, Beside::Inventory));
        layers.add(LayerKind::HostFileOfPlaybook, host, self.host_files(host, Beside::Playbook));
        layers.0
    }

    /// Groups of a host without `all`: shallow before deep, then by `ansible_group_priority`, then by name.
    fn by_weight(&self, host: &str) -> Vec<&str> {
        let mut groups = self.groups_of(host);
        groups.sort_by_cached_key(|name| (self.groups[*name].depth, self.groups[*name].priority(), *name));
        groups
    }

    fn group_files<'a>(&'a self, name: &'a str, beside: Beside) -> impl Iterator<Item = &'a Variables> {
        let folders = self.folders.iter().filter(move |folder| folder.beside == beside);
        folders.flat_map(|folder| folder.of_group(name))
    }

    fn host_files<'a>(&'a self, name: &'a str, beside: Beside) -> impl Iterator<Item = &'a Variables> {
        let folders = self.folders.iter().filter(move |folder| folder.beside == beside);
        folders.flat_map(|folder| folder.of_host(name))
    }
}

#[derive(Default)]
struct Layers<'a>(Vec<Layer<'a>>);

impl<'a> Layers<'a> {
    fn add(&mut self, kind: LayerKind, name: &'a str, sources: impl IntoIterator<Item = &'a Variables>) {
        let filled = sources.into_iter().filter(|variables| !variables.is_empty());
        self.0.extend(filled.map(|variables| Layer { kind, name, variables }));
    }
}
