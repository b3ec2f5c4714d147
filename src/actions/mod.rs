//! Task kinds that begin here, on the controller: it has the project's files, the variables and the templates.
//!
//! An action either does its work here or says what a module on the host is to do. It opens no connection.

mod action;
mod argument_spec;
mod artifact;
mod artifact_archive;
mod artifact_fits;
mod artifact_package;
#[cfg(test)]
mod artifact_tests;
mod assemble;
mod assert;
mod copy;
mod copy_tree;
mod debug;
mod fail;
mod fetch;
mod form;
mod gather_facts;
mod include_vars;
mod patch;
mod reboot;
mod receipt;
mod script;
mod set_fact;
mod set_stats;
mod supply;
mod synchronize;
mod template;
mod unarchive;
mod validate_argument_spec;
mod vars_folder;
mod wait_for_connection;

pub(crate) use action::failure;
pub use action::{Action, ActionContext, Aside, Blob, Deed, Done, Remote};
pub use reboot::Reboot;
pub use receipt::{Arrival, Receipt};
pub use supply::{Supplied, Supply, supply};
pub use synchronize::{CHANGED, SshWishes, Synchronize};
pub(crate) use template::options as template_options;
pub use wait_for_connection::Reconnect;

/// Every action, by the name a task gives it.
pub const ACTIONS: &[Action] = &[
    artifact_archive::ACTION,
    artifact_fits::ACTION,
    artifact_package::ACTION,
    assemble::ACTION,
    assert::ACTION,
    copy::ACTION,
    debug::ACTION,
    fail::ACTION,
    fetch::ACTION,
    gather_facts::ACTION,
    include_vars::ACTION,
    patch::ACTION,
    reboot::ACTION,
    script::ACTION,
    set_fact::ACTION,
    set_stats::ACTION,
    synchronize::ACTION,
    template::ACTION,
    unarchive::ACTION,
    validate_argument_spec::ACTION,
    wait_for_connection::ACTION,
];

/// Finds an action by its short name.
pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}
