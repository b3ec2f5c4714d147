//! The inventory as a run changes it: hosts that `add_host` brings, groups that `group_by` makes, and what patterns mean
//! from then on.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::{Joined, Roster};
use crate::inventory::Inventory;
use crate::secret::Vault;
use crate::source::Problems;
use crate::value::Map;

/// A copy of the inventory, which grows.
pub(super) struct Growing {
    inventory: Inventory,
    keys: Vault,
    limit: Option<Vec<String>>,
}

impl Growing {
    /// Grows from this inventory; of its own hosts only those of the limit count.
    pub(super) fn of(inventory: &Inventory, keys: &Vault, limit: Option<Vec<String>>) -> Self {
        Self { inventory: inventory.clone(), keys: keys.clone(), limit }
    }
}

impl Roster for Growing {
    fn join(&mut self, host: &str, groups: &[String], vars: &Map) -> Result<Joined, Failure> {
        let is_new = !self.inventory.hosts().contains(&host);
        let before = self.inventory.groups_of(host).len();
        self.inventory.add_host(host, groups, vars, &self.keys).map_err(failure)?;
        if let Some(limit) = self.limit.as_mut().filter(|_| is_new) {
            limit.push(host.to_owned());
        }
        let layers = self.inventory.layers(host);
        let groups: Vec<String> = self.inventory.groups_of(host).into_iter().map(str::to_owned).collect();
        Ok(Joined {
            changed: is_new || groups.len() > before,
            levels: layers.iter().rev().map(|layer| Arc::new(layer.variables.values().clone())).collect(),
            groups,
        })
    }

    fn nest(&mut self, group: &str, parents: &[String]) {
        parents.iter().for_each(|parent| self.inventory.adopt(parent, group));
    }

    fn select(&self, pattern: &str) -> Result<Vec<String>, Failure> {
        let hosts = self.inventory.matching(pattern).map_err(|problem| failure(vec![problem]))?;
        let is_meant = |host: &String| self.limit.as_ref().is_none_or(|limit| limit.contains(host));
        Ok(hosts.into_iter().filter(is_meant).collect())
    }
}

fn failure(problems: Problems) -> Failure {
    let Some(problem) = problems.into_iter().next() else { return Failure::new("the inventory cannot grow so") };
    let mut failure = Failure::new(problem.to_string()).code(problem.code);
    failure.help = problem.help;
    failure
}
