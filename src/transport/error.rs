//! Why a host could not be reached or its agent not be used, in the operator's terms.

use dpp_protocol::FrameError;

/// A connection that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No address, no route, refused, timed out.
    #[error("cannot connect to {address}: {cause}")]
    Unreachable {
        /// `address:port`.
        address: String,
        /// The system's words.
        cause: String,
    },
    /// Nobody listens there, or not yet.
    #[error("cannot connect to {address}: connection refused")]
    Refused {
        /// `address:port`.
        address: String,
    },
    /// The ssh handshake failed.
    #[error("ssh handshake with {address} failed: {cause}")]
    Handshake {
        /// `address:port`.
        address: String,
        /// libssh2's words.
        cause: String,
    },
    /// The host cannot be reached by way of another one.
    #[error("cannot reach {address} through {way}: {cause}")]
    Passage {
        /// `address:port`.
        address: String,
        /// The jump hosts, or the command.
        way: String,
        /// What the client on the way said last, or libssh2's words.
        cause: String,
        /// The command that makes the way.
        command: String,
    },
    /// The host's key is in no known_hosts file.
    #[error("the host key of {address} is not known: {fingerprint}")]
    HostKeyUnknown {
        /// `address:port`.
        address: String,
        /// `ssh-ed25519 SHA256:…`.
        fingerprint: String,
    },
    /// The host's key is another one than known_hosts has.
    #[error("the host key of {address} changed: it is now {fingerprint}, {file}:{line} says otherwise")]
    HostKeyChanged {
        /// `address:port`.
        address: String,
        /// `ssh-ed25519 SHA256:…`.
        fingerprint: String,
        /// The known_hosts file.
        file: String,
        /// Its line.
        line: usize,
    },
    /// A private key that was named cannot be used.
    #[error("cannot use the private key {path}: {cause}")]
    Key {
        /// The key's file.
        path: String,
        /// Why.
        cause: String,
    },
    /// A private key is encrypted and nobody gave its passphrase.
    #[error("the private key {path} wants a passphrase and none was given")]
    KeyLocked {
        /// The key's file.
        path: String,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase of the private key {path} is wrong")]
    WrongPassphrase {
        /// The key's file.
        path: String,
    },
    /// The host ended the connection instead of taking or refusing a login: while it boots, only root may log in.
    #[error("{address} hung up during the login")]
    HungUp {
        /// `address:port`.
        address: String,
    },
    /// The host took none of what was offered.
    #[error("{user}@{address} refused all of: {}", .tried.join(", "))]
    LoginRefused {
        /// The user.
        user: String,
        /// `address:port`.
        address: String,
        /// What was offered, in order.
        tried: Vec<String>,
    },
    /// sudo did not accept the password.
    #[error("sudo refused the password of {user}")]
    SudoPassword {
        /// The login user.
        user: String,
    },
    /// sudo wants a password and none was given.
    #[error("sudo wants a password for {user} and none was given")]
    SudoPasswordMissing {
        /// The login user.
        user: String,
    },
    /// su did not accept the password.
    #[error("su refused the password of {user}")]
    SuPassword {
        /// The user to become.
        user: String,
    },
    /// su wants a password and none was given.
    #[error("su wants the password of {user} and none was given")]
    SuPasswordMissing {
        /// The user to become.
        user: String,
    },
    /// sudo, or the shell, said something else than the agent's greeting.
    #[error("the agent did not start; the host said: {said}")]
    NoAgent {
        /// The host's last words.
        said: String,
    },
    /// The agent speaks another protocol.
    #[error("the agent on the host speaks protocol {theirs}, this dppctl speaks {ours}")]
    Protocol {
        /// The agent's number.
        theirs: u32,
        /// Ours.
        ours: u32,
    },
    /// The agent's binary lies not where it belongs.
    #[error("cannot read the agent's binary {path}: {cause}")]
    AgentBinary {
        /// Where it should be.
        path: String,
        /// Why not.
        cause: String,
    },
    /// The connection broke while it was set up.
    #[error("the connection broke during set-up: {0}")]
    Broken(String),
}

impl TransportError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Passage { .. } | Self::Broken(_) => "DPP0401",
            Self::Handshake { .. } => "DPP0402",
            Self::HostKeyUnknown { .. } => "DPP0403",
            Self::HostKeyChanged { .. } => "DPP0404",
            Self::Key { .. } | Self::KeyLocked { .. } | Self::WrongPassphrase { .. } => "DPP0405",
            Self::LoginRefused { .. } => "DPP0406",
            Self::HungUp { .. } => "DPP0409",
            Self::NoAgent { .. } | Self::Protocol { .. } | Self::AgentBinary { .. } => "DPP0407",
            Self::SudoPassword { .. } | Self::SuPassword { .. } => "DPP0501",
            Self::SudoPasswordMissing { .. } | Self::SuPasswordMissing { .. } => "DPP0502",
        }
    }

    /// Whether the same attempt may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::HungUp { .. } | Self::Handshake { .. } | Self::Passage { .. })
    }

    /// What to do or type next.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } | Self::Refused { .. } => {
                "is the host up, and are ansible_host and ansible_port right?".into()
            }
            Self::Passage { command, .. } => format!("the way is made by this command; try it alone: {command}"),
            Self::HostKeyUnknown { .. } => {
                "compare the fingerprint with the host's own, then connect once with ssh, or run with \
                 --host-key-checking accept-new"
                    .into()
            }
            Self::HostKeyChanged { file, line, .. } => format!(
                "if the host was set up anew, remove line {line} of {file}; if not, somebody may be listening in between"
            ),
            Self::Key { .. } => "check ansible_ssh_private_key_file and the file's owner and mode".into(),
            Self::KeyLocked { .. } => {
                "give it with --key-passphrase-file FILE, or load the key into the ssh agent: ssh-add".into()
            }
            Self::WrongPassphrase { .. } => {
                "look at --key-passphrase-file or ansible_private_key_passphrase; ssh-keygen -y -f KEY tries one".into()
            }
            Self::NoAgent { said } if said.contains("GLIBC_") => {
                "this agent was built on a newer system than the host is: `make release` builds one for every x86_64 Linux \
                 since glibc 2.17"
                    .into()
            }
            Self::HungUp { .. } => {
                "while a host boots, only root may log in; give it more time: --connect-timeout 60".into()
            }
            Self::LoginRefused { .. } => {
                "set ansible_user and ansible_ssh_private_key_file, start an ssh agent, or give the password with -k"
                    .into()
            }
            Self::SudoPassword { .. } => "give the right one with -K or --become-password-file".into(),
            Self::SudoPasswordMissing { .. } => {
                "give it with -K or --become-password-file, or allow this user NOPASSWD in sudoers".into()
            }
            Self::SuPassword { .. } | Self::SuPasswordMissing { .. } => {
                "give the password of that user with -K or --become-password-file, or become it by sudo".into()
            }
            _ => return None,
        })
    }
}

/// A connection that broke, or an agent that said what it must not.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The connection is gone, or the host silent for too long.
    #[error("lost the connection: {0}")]
    Lost(String),
    /// The agent answered out of turn.
    #[error("the agent answered out of turn: {0}")]
    OutOfTurn(String),
    /// A file that is to be pushed cannot be read here.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: String,
    },
}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        Self::Lost(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_a_host_is_too_old_for_comes_with_the_way_to_one_that_it_is_not() {
        let help = |said: &str| TransportError::NoAgent { said: said.into() }.help();
        assert!(help("libc.so.6: version `GLIBC_2.34' not found").is_some_and(|help| help.contains("make release")));
        assert_eq!(help("no folder lets a file of ours run"), None);
    }
}
