//! Which hosts there are, which groups they are in, what was said about them, and how they are reached.
//!
//! It reads INI and YAML inventories with their `group_vars` and `host_vars` as Ansible does, and asks inventory scripts and
//! Vagrant. It renders no template and opens no connection.

mod connection;
mod ini;
mod layers;
mod listing;
mod literal;
mod load;
mod pattern;
mod range;
mod roster;
mod sayings;
mod script;
mod sections;
mod settle;
mod ssh_arguments;
#[cfg(test)]
mod tests;
mod vagrant;
mod variables;
mod vars_folder;
mod words;
mod yaml_form;

pub use connection::{AskSshConfig, Become, Connection, ConnectionKind, Defaults, Endpoint};
pub use layers::{Layer, LayerKind};
pub use load::{InventorySource, OPEN_SSH, VAGRANT};
pub(crate) use pattern::Matcher;
pub use roster::{Group, Host, Inventory};
pub use sayings::Saying;
pub use vagrant::Vagrant;
pub use variables::Variables;
