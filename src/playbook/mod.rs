//! What playbooks and roles say, with the place of every word: plays, blocks, tasks and their keywords.
//!
//! Nothing is rendered here and no module is known: a task names an action and carries its arguments as they were
//! written. Files are read only through [`Files`](crate::files::Files).

mod argument_specs;
mod arguments;
mod keywords;
mod play;
mod role;
mod task;

pub use argument_specs::EntryPoint;
pub use keywords::{Keywords, TASK_KEYWORDS};
pub use play::{Play, PlayItem, Playbook, RoleUse};
pub use role::{Role, RoleFiles, vars_file};
pub use task::{Block, Item, Loop, Task, draft_tasks, read_tasks, short};
