//! A role as its tasks see it, and when two uses of one are the same.

use std::path::PathBuf;
use std::sync::Arc;

use crate::playbook::{Role, RoleFiles};
use crate::value::{Map, Text};

/// One use of a role.
#[derive(Debug)]
pub struct RoleScope {
    /// The role.
    pub role: Arc<Role>,
    /// Its parameters.
    pub params: Arc<Map>,
    /// The role that depends on it or includes it.
    pub parent: Option<Arc<RoleScope>>,
    /// How it came about.
    pub call: RoleCall,
    /// What tells it from other uses.
    pub(super) identity: RoleIdentity,
}

/// How the use of a role came about.
#[derive(Debug, Clone, PartialEq)]
pub enum RoleCall {
    /// It is one of `roles:`.
    Listed,
    /// The role inside of it depends on it.
    Dependency,
    /// A task includes or imports it.
    Task {
        /// The variables of that task.
        vars: Map,
        /// Whether it is to run also where it did already.
        allows_duplicates: bool,
    },
}

/// What a use of a role consists of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RoleIdentity {
    pub(super) folder: PathBuf,
    pub(super) files: RoleFiles,
    pub(super) params: Map,
    pub(super) when: Vec<Text>,
    pub(super) tags: Vec<String>,
    pub(super) vars: Vec<Map>,
}

impl RoleScope {
    /// Whether a host that went through another use went through this one, too, as Ansible takes it: the same role with
    /// the same parameters, variables, conditions and tags. What a task brings is none of what `roles:` and dependencies do.
    pub fn is_same_use(&self, other: &Self) -> bool {
        let is_task = |scope: &Self| matches!(scope.call, RoleCall::Task { .. });
        self.identity == other.identity && is_task(self) == is_task(other)
    }

    /// Whether it runs also where it did already.
    pub fn allows_duplicates(&self) -> bool {
        match self.call {
            RoleCall::Task { allows_duplicates, .. } => allows_duplicates,
            RoleCall::Listed | RoleCall::Dependency => self.role.allow_duplicates,
        }
    }

    /// The roles whose tasks include it, and those around it, the nearest first; what depends on it does not include it.
    pub fn includers(&self) -> Vec<&Arc<RoleScope>> {
        let mut found = Vec::new();
        let mut scope = self;
        while let Some(parent) = &scope.parent {
            if matches!(scope.call, RoleCall::Task { .. }) {
                found.push(parent);
            }
            scope = parent;
        }
        found
    }
}
