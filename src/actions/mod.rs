//! Task kinds that begin here, on the controller: it has the project's files, the variables and the templates.
//!
//! An action either does its work here or says what a module on the host is to do. It opens no connection.

mod action;
mod artifact;
mod artifact_archive;
mod artifact_fits;
mod artifact_package;
#[cfg(test)]
mod artifact_tests;
mod assert;
mod copy;
mod copy_tree;
mod debug;
mod fail;
mod form;
mod gather_facts;
mod include_vars;
mod script;
mod set_fact;
mod supply;
mod template;
mod unarchive;

pub(crate) use action::failure;
pub use action::{Action, ActionContext, Blob, Deed, Done, Remote};
pub use supply::{Supplied, Supply, supply};
pub(crate) use template::options as template_options;

/// Every action, by the name a task gives it.
pub const ACTIONS: &[Action] = &[
    artifact_archive::ACTION,
    artifact_fits::ACTION,
    artifact_package::ACTION,
    assert::ACTION,
    copy::ACTION,
    debug::ACTION,
    fail::ACTION,
    gather_facts::ACTION,
    include_vars::ACTION,
    script::ACTION,
    set_fact::ACTION,
    template::ACTION,
    unarchive::ACTION,
];

/// Finds an action by its short name.
pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}
