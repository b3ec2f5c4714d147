//! The way to a machine for programs that bring OpenSSH's own client with them: it is told what our session uses.

use crate::secret::Secret;
use crate::transport::proxy::Proxy;
use crate::transport::{HostKeyPolicy, Login, SshTarget};

/// What OpenSSH's client needs to reach a machine.
#[derive(Debug, Clone)]
pub struct OpenSsh {
    /// Who logs in.
    pub user: String,
    /// Name or address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// The client's options beside those.
    pub options: Vec<String>,
    /// For a login without a key.
    pub password: Option<Secret>,
}

impl OpenSsh {
    /// The way that our own session takes.
    pub fn of(target: &SshTarget, login: &Login) -> Self {
        let (user, address, password) = (login.user.clone(), target.address.clone(), login.password.clone());
        Self { user, address, port: target.port, options: options(target, login), password }
    }
}

fn options(target: &SshTarget, login: &Login) -> Vec<String> {
    let mut options = Vec::new();
    let mut push = |option: &str, value: String| options.extend([option.to_owned(), value]);
    if let Some(config) = &target.ssh_config {
        push("-F", config.display().to_string());
    }
    if login.password.is_none() {
        push("-o", "BatchMode=yes".into());
    }
    for key in login.keys.iter().chain(login.usual_keys.iter().filter(|key| key.exists())) {
        push("-i", key.display().to_string());
    }
    if !login.use_agent {
        push("-o", "IdentitiesOnly=yes".into());
    }
    let known: Vec<String> = target.known_hosts.iter().map(|file| file.display().to_string()).collect();
    let (checked, known) = match target.host_keys {
        HostKeyPolicy::Ask | HostKeyPolicy::Strict => ("yes", known.join(" ")),
        HostKeyPolicy::AcceptNew => ("accept-new", known.join(" ")),
        HostKeyPolicy::Off => ("no", "/dev/null".to_owned()),
    };
    push("-o", format!("StrictHostKeyChecking={checked}"));
    if !known.is_empty() {
        push("-o", format!("UserKnownHostsFile={known}"));
    }
    push("-o", format!("ConnectTimeout={}", target.timeout.as_secs().max(1)));
    match &target.proxy {
        Some(Proxy::Jump(hops)) => push("-J", hops.clone()),
        Some(Proxy::Command(line)) => push("-o", format!("ProxyCommand={line}")),
        None => {}
    }
    options
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_client_is_told_what_our_session_uses() {
        let target = SshTarget {
            address: "10.0.0.7".into(),
            port: 2200,
            proxy: Some(Proxy::Jump("gate".into())),
            ssh_config: Some("lab.ssh".into()),
            timeout: Duration::from_secs(7),
            host_keys: HostKeyPolicy::Ask,
            known_hosts: vec!["/k/a".into(), "/k/b".into()],
        };
        let login = Login { user: "ops".into(), keys: vec!["/k/id".into()], ..Login::default() };
        let way = OpenSsh::of(&target, &login);
        assert_eq!((way.user.as_str(), way.address.as_str(), way.port), ("ops", "10.0.0.7", 2200));
        assert_eq!(
            way.options.join(" "),
            "-F lab.ssh -o BatchMode=yes -i /k/id -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o \
             UserKnownHostsFile=/k/a /k/b -o ConnectTimeout=7 -J gate"
        );
        let off = SshTarget { host_keys: HostKeyPolicy::Off, ssh_config: None, proxy: None, ..target };
        let login = Login { password: Some(Secret::new("x")), use_agent: true, ..Login::default() };
        let words = OpenSsh::of(&off, &login).options.join(" ");
        assert_eq!(words, "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=7");
    }
}
