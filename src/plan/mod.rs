//! Playbook × inventory × selection → plan: which steps, in which order, for which hosts, in which batches.
//!
//! It opens no connection and writes no file: the same inputs give the same plan. Steps stay unrendered, because a
//! plan rendered beforehand would go stale with the first registered result. What can be refused, is refused here.

mod advice;
mod batches;
mod becoming;
mod build;
mod catalogue;
mod compile;
mod included;
mod manner;
mod notified;
mod order;
mod role_names;
mod role_scope;
mod selection;
mod start_at;
mod step;
mod tags;
mod templates;
mod vars_files;

pub use batches::batches;
pub use build::{PlanRequest, build, draft};
pub use catalogue::{Catalogue, Misfit};
pub use compile::{Compiler, Ground, Surrounding};
pub(crate) use included::{role_use, tasks_file};
pub use manner::Manner;
pub(crate) use notified::unknown_handler;
pub use role_names::RoleNames;
pub use role_scope::{RoleCall, RoleScope};
pub use selection::Selection;
pub use start_at::start_at;
pub use step::{BlockStep, Handler, Plan, PlayPlan, Step, Strategy, TaskStep};
pub use templates::TemplateFile;
