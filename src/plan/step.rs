//! What a plan consists of.

use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::order::ordered;
use crate::plan::{Manner, RoleNames, RoleScope, batches};
use crate::playbook::{Keywords, Play, Task};
use crate::source::{Place, Problem, Problems};
use crate::value::{Map, Text};

/// Everything that a run will do, as far as it is known beforehand.
#[derive(Debug)]
pub struct Plan {
    /// Plays in order.
    pub plays: Vec<PlayPlan>,
    /// What the operator should know.
    pub warnings: Problems,
}

/// One play with its hosts.
#[derive(Debug)]
pub struct PlayPlan {
    /// Its name, or its pattern of hosts.
    pub name: String,
    /// The play as it was written.
    pub play: Arc<Play>,
    /// Folder of its playbook.
    pub folder: PathBuf,
    /// The pattern of its hosts.
    pub pattern: String,
    /// Whether tasks before it may bring hosts that the pattern means, too.
    pub may_grow: bool,
    /// What decides about a shuffled order of hosts.
    pub seed: u64,
    /// Its hosts, in order.
    pub hosts: Vec<String>,
    /// What of it holds for all its hosts at once.
    pub manner: Manner,
    /// Sizes of its batches, in order; they sum up to the number of hosts.
    pub batches: Vec<usize>,
    /// Its steps, with a flush of handlers after each of its three parts.
    pub steps: Arc<[Step]>,
    /// Its handlers, in the order in which they run.
    pub handlers: Arc<[Handler]>,
    /// Defaults of its roles, seen by all its tasks.
    pub role_defaults: Arc<Map>,
    /// Variables of its roles, seen by all its tasks.
    pub role_vars: Arc<Map>,
    /// Names of its roles.
    pub role_names: RoleNames,
    /// How hosts go through the steps.
    pub strategy: Strategy,
    /// Whether facts are gathered at its start.
    pub gathers_facts: bool,
    /// What was answered to its `vars_prompt`.
    pub prompted: Map,
}

/// How hosts go through a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Step by step: none begins a step before all ended the one before.
    Linear,
    /// Each on its own.
    Free,
}

/// One step of a host's way.
#[derive(Debug, Clone)]
pub enum Step {
    /// A task.
    Task(Arc<TaskStep>),
    /// Tasks that share a fate.
    Block(Arc<BlockStep>),
    /// Handlers that were notified run now.
    Flush,
    /// The last task of a role is done.
    RoleEnd(Arc<RoleScope>),
}

/// A task with everything that holds around it.
#[derive(Debug)]
pub struct TaskStep {
    /// The task as it was written.
    pub task: Arc<Task>,
    /// Its keywords and those around it.
    pub keywords: Keywords,
    /// Those around it alone, when it is an include: they hold for what it brings, its own do not.
    pub outside: Option<Box<Keywords>>,
    /// Its role.
    pub role: Option<Arc<RoleScope>>,
    /// Folder of the file it stands in.
    pub folder: PathBuf,
    /// Parameters of the includes around it, the outer ones first.
    pub params: Vec<Arc<Map>>,
}

/// A block with everything that holds around it.
#[derive(Debug)]
pub struct BlockStep {
    /// Its name.
    pub name: Option<Text>,
    /// What is tried.
    pub body: Arc<[Step]>,
    /// What is done when it failed.
    pub rescue: Arc<[Step]>,
    /// What is done in any case.
    pub always: Arc<[Step]>,
    /// Where it stands.
    pub place: Place,
}

/// A handler: a task, and the names under which it is woken.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Its task.
    pub step: Arc<TaskStep>,
    /// Topics it listens to.
    pub listen: Vec<String>,
}

impl Handler {
    /// Whether another one stands in the same list of handlers: that of the play, or of one use of a role.
    pub fn is_beside(&self, other: &Self) -> bool {
        match (&self.step.role, &other.step.role) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl TaskStep {
    /// The task's name as it is written, or its action's.
    pub fn title(&self) -> &str {
        self.task.name.as_ref().map_or(&self.task.action, Text::as_str)
    }

    /// Whether another one is the same task of the same file, with the same parameters of includes and roles around it.
    pub fn is_same_use(&self, other: &Self) -> bool {
        let roles = |step: &Self| {
            std::iter::successors(step.role.clone(), |role| role.parent.clone())
                .map(|role| Arc::clone(&role.params))
                .collect::<Vec<_>>()
        };
        self.task.place == other.task.place && self.params == other.params && roles(self) == roles(other)
    }

    /// Whether an end that is no good one is not its last.
    pub fn may_be_tried_again(&self) -> bool {
        !self.task.until.is_empty() || self.task.retries.is_some()
    }

    /// Name of its role, empty outside of roles.
    pub fn role_name(&self) -> &str {
        self.role.as_ref().map_or("", |role| &role.role.name)
    }
}

impl PlayPlan {
    /// Takes hosts, in the order and in the batches that the play wants.
    ///
    /// # Errors
    /// An order or a size of batches that there is not.
    pub fn take_hosts(&mut self, hosts: Vec<String>) -> Result<(), Problem> {
        self.hosts = ordered(&self.play, hosts, self.seed)?;
        let sizes = batches(&self.manner.serial, self.hosts.len());
        self.batches = sizes.map_err(|problem| problem.at(&self.play.place, "in this play"))?;
        Ok(())
    }
}

impl Handler {
    /// The name under which the operator knows it.
    pub fn name(&self) -> &str {
        self.step.title()
    }
}
