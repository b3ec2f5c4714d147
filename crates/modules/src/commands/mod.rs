//! Modules that start what a task names, and the one way in which all modules start processes.

pub mod async_status;
pub mod command;
pub(crate) mod process;
pub mod raw;
mod run;
pub mod script;
pub mod shell;
