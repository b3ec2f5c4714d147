//! Where things are and how a run is set: `dppctl.toml`, `ansible.cfg`, the environment, `~/.ssh/config`.
//!
//! It reads no environment by itself: variables are handed in. It knows no command-line parser.

mod ansible_cfg;
#[cfg(test)]
mod ansible_keys;
mod discovery;
mod dppctl_toml;
mod duration;
mod settings;
mod ssh_config;

pub use discovery::{Project, Surroundings};
pub use dppctl_toml::{Canary, Output, Pipeline, Snapshot, Timestamps, Upgrade};
pub use duration::parse_duration;
pub use settings::{Origin, Setting, Settings, SshArgs};
pub use ssh_config::{SshConfig, SshHost};
