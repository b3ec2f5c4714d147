//! Carries frames to an agent on a host and back: over ssh, or to a child process here.
//!
//! It knows no playbook, no task's meaning and no template. It asks nobody anything: passwords are handed in.

mod agent;
mod bootstrap;
mod error;
mod known_hosts;
mod local;
mod login;
mod openssh;
mod patience;
mod private_key;
mod proxy;
mod silence;
mod ssh;
mod unknown_key;

pub use agent::{Agent, Pushed};
pub use bootstrap::{AgentBinary, Become, BecomeMethod, start};
pub use error::{LinkError, TransportError};
pub use known_hosts::KnownHosts;
pub use local::LocalHost;
pub use login::agent_keys;
pub use openssh::OpenSsh;
pub use private_key::PrivateKey;
pub use proxy::Proxy;
pub use ssh::{HostKeyPolicy, Login, SshHost, SshTarget};
pub use unknown_key::UnknownKey;

use std::io::{Read, Write};

/// The two directions of a stream to a process on a host.
pub struct Wire {
    /// What the process writes.
    pub input: Box<dyn Read + Send>,
    /// What the process reads.
    pub output: Box<dyn Write + Send>,
}

/// A way to start processes on a host: one ssh session, or this machine.
pub trait Connection: Send {
    /// Starts a shell command line and returns its standard streams, standard error merged into the output.
    ///
    /// With `terminal` it gets a raw terminal: for a `sudo` with `requiretty`.
    fn start(&self, command: &str, terminal: bool) -> Result<Wire, TransportError>;
}
