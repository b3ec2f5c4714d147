//! The key of a host that no known_hosts file mentions: shown to a person, and remembered when they trust it.

use std::io;
use std::path::Path;

use crate::transport::known_hosts::{KnownHosts, Verdict, fingerprint, remember};
use crate::transport::ssh::handshake;
use crate::transport::{HostKeyPolicy, SshTarget, TransportError};

/// A key that a host showed and nobody knows.
#[derive(Debug, Clone)]
pub struct UnknownKey {
    target: SshTarget,
    key: Vec<u8>,
}

impl UnknownKey {
    /// Looks whether a person has to be asked about a host's key; a host that the files mention is not contacted.
    pub fn of(target: &SshTarget) -> Result<Option<Self>, TransportError> {
        let known = KnownHosts::read(&target.known_hosts).map_err(|error| TransportError::Broken(error.to_string()))?;
        let mentioned = !known.kinds(&target.address, target.port).is_empty();
        if target.host_keys != HostKeyPolicy::Ask || mentioned {
            return Ok(None);
        }
        let session = handshake(target, &format!("{}:{}", target.address, target.port), &known)?;
        let Some((key, _)) = session.host_key() else { return Ok(None) };
        let unknown = known.verdict(&target.address, target.port, key) == Verdict::Unknown;
        Ok(unknown.then(|| Self { target: target.clone(), key: key.to_vec() }))
    }

    /// `ssh-ed25519 SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.key)
    }

    /// `address:port`.
    pub fn address(&self) -> String {
        format!("{}:{}", self.target.address, self.target.port)
    }

    /// The file in which it would be remembered.
    pub fn file(&self) -> Option<&Path> {
        self.target.known_hosts.first().map(std::path::PathBuf::as_path)
    }

    /// Remembers it.
    pub fn trust(&self) -> io::Result<()> {
        let file = self.file().ok_or_else(|| io::Error::other("no known_hosts file is named"))?;
        remember(file, &self.target.address, self.target.port, &self.key)
    }
}
