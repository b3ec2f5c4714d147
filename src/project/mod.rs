//! Where things are and how a run is set: `dppctl.toml`, `ansible.cfg`, the environment, `~/.ssh/config`.
//!
//! It reads no environment by itself: variables are handed in. It knows no command-line parser.

mod ssh_config;

pub use ssh_config::{SshConfig, SshHost};
