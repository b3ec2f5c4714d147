//! Playbook × inventory × selection → plan: which steps, in which order, for which hosts, in which batches.
//!
//! It opens no connection and writes no file: the same inputs give the same plan. Steps stay unrendered, because a
//! plan rendered beforehand would go stale with the first registered result. What can be refused, is refused here.

mod batches;
mod becoming;
mod build;
mod catalogue;
mod compile;
mod selection;
mod step;

pub use batches::batches;
pub use build::{PlanRequest, build, gathers_facts};
pub use catalogue::Catalogue;
pub use compile::{Compiler, Surrounding};
pub(crate) use compile::{role_use, tasks_file};
pub use selection::Selection;
pub use step::{BlockStep, Handler, Plan, PlayPlan, RoleScope, Step, Strategy, TaskStep};
