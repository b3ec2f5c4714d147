//! Roles that a host went through: one runs once with the same parameters, unless it allows more. And their names.

use std::sync::Arc;

use crate::engine::batch::Batch;
use crate::engine::doing::Doing;
use crate::plan::{RoleNames, RoleScope, TaskStep};

/// The roles of one host in one play.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct RolesDone {
    /// Those of which a task ran.
    begun: Vec<Arc<RoleScope>>,
    /// Those among them of which nothing is left.
    ended: Vec<Arc<RoleScope>>,
}

impl RolesDone {
    /// A task of a role ran: it was not skipped.
    pub(in crate::engine) fn ran(&mut self, step: &TaskStep) {
        if let Some(role) = step.role.as_ref().filter(|role| !holds(&self.begun, role)) {
            self.begun.push(Arc::clone(role));
        }
    }

    /// A host is behind the last task of a role.
    pub(in crate::engine) fn end(&mut self, role: &Arc<RoleScope>) {
        if holds(&self.begun, role) && !holds(&self.ended, role) {
            self.ended.push(Arc::clone(role));
        }
    }

    /// Whether a task is one of a role that is not to run again.
    pub(in crate::engine) fn pass_over(&self, step: &TaskStep) -> bool {
        step.role.as_ref().is_some_and(|role| !role.allows_duplicates() && holds(&self.ended, role))
    }
}

impl Batch<'_> {
    /// Roles that were included have their names in the play from now on, once for all hosts that include them here.
    pub(in crate::engine) fn name_roles(&mut self, index: usize, names: RoleNames) {
        let item = self.members[index].doing.as_ref().map_or(0, Doing::item_number);
        let Some(here) = self.occurrence(index) else { return };
        if self.named.insert((here, item)) {
            self.play.names_roles(names);
        }
    }
}

fn holds(roles: &[Arc<RoleScope>], role: &Arc<RoleScope>) -> bool {
    roles.iter().any(|known| Arc::ptr_eq(known, role) || known.is_same_use(role))
}
