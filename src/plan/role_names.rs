//! Names of the roles of a play, as `ansible_role_names` and its like have them.

use std::collections::BTreeSet;

use crate::plan::RoleCall;

/// The names, by how the roles came about.
#[derive(Debug, Clone, Default)]
pub struct RoleNames {
    /// Those that `roles:` names, and behind them those that tasks name, as often as they do.
    pub named: Vec<String>,
    /// Those that others depend on, each once.
    pub dependencies: BTreeSet<String>,
    /// How many of the first `roles:` names.
    listed: usize,
}

impl RoleNames {
    /// One more. What a role's tasks import is named before the role itself.
    pub(super) fn add(&mut self, name: String, call: &RoleCall) {
        match call {
            RoleCall::Listed => {
                self.named.insert(self.listed, name);
                self.listed += 1;
            }
            RoleCall::Task { .. } => self.named.push(name),
            RoleCall::Dependency => drop(self.dependencies.insert(name)),
        }
    }
}
