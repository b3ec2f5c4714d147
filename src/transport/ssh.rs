//! One ssh session to a host, by libssh2.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dpp_protocol::ALIVE_EVERY;
use ssh2::{ExtendedData, MethodType, PtyModes, Session};

use crate::secret::Secret;
use crate::transport::known_hosts::{KnownHosts, Verdict, fingerprint, remember};
use crate::transport::silence::Patient;
use crate::transport::{Connection, TransportError, Wire, login, proxy};

/// Fast first: chacha20 is what libssh2 carries most of with the least processor time.
const CIPHERS: &str = "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,\
                       aes128-ctr,aes192-ctr,aes256-ctr";
/// Kinds of host keys, best first; known ones are put before them.
const HOST_KEYS: [&str; 6] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// The longest that a host may take to start a process.
const START_WITHIN: Duration = Duration::from_secs(30);

/// The system's words for a port that nobody listens on.
const REFUSED: &str = "connection refused";

/// What is done about a host key that no known_hosts file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKeyPolicy {
    /// Refuse, after a person was asked who could have said yes.
    #[default]
    Ask,
    /// Refuse.
    Strict,
    /// Remember it and go on.
    AcceptNew,
    /// Do not look.
    Off,
}

/// Where a host is and how its key is checked.
#[derive(Debug, Clone)]
pub struct SshTarget {
    /// Name or address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Another host to go through, or a command, as OpenSSH's `ProxyJump` and `ProxyCommand`.
    pub proxy: Option<proxy::Proxy>,
    /// What OpenSSH's client reads instead of its own configuration, for the hosts on the way.
    pub ssh_config: Option<PathBuf>,
    /// Bound of connecting and of the handshake.
    pub timeout: Duration,
    /// What is done about unknown keys.
    pub host_keys: HostKeyPolicy,
    /// Files in which known keys are looked for; new ones go into the first.
    pub known_hosts: Vec<PathBuf>,
}

/// Who logs in and with what.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// The user.
    pub user: String,
    /// Key files that somebody named; one that cannot be used is an error.
    pub keys: Vec<PathBuf>,
    /// Key files to try if they are there.
    pub usual_keys: Vec<PathBuf>,
    /// Whether `~/.ssh/config` named them.
    pub usual_are_configured: bool,
    /// Whether the agent of `SSH_AUTH_SOCK` is asked.
    pub use_agent: bool,
    /// For each key that somebody gave one for.
    pub passphrases: BTreeMap<PathBuf, Secret>,
    /// For the keys that want another one.
    pub passphrase: Option<Secret>,
    /// For the host.
    pub password: Option<Secret>,
}

impl Login {
    /// What opens a key.
    pub fn passphrase(&self, key: &Path) -> Option<&Secret> {
        self.passphrases.get(key).or(self.passphrase.as_ref())
    }
}

/// A logged-in session.
pub struct SshHost {
    session: Session,
    address: String,
}

impl SshHost {
    /// Connects, checks the host's key, logs in.
    pub fn connect(target: &SshTarget, login: &Login) -> Result<Self, TransportError> {
        let address = format!("{}:{}", target.address, target.port);
        let known = KnownHosts::read(&target.known_hosts).map_err(|error| TransportError::Broken(error.to_string()))?;
        let session = handshake(target, &address, &known)?;
        check_key(&session, target, &address, &known)?;
        login::log_in(&session, &address, login)?;
        Ok(Self { session, address })
    }
}

impl Connection for SshHost {
    fn start(&self, command: &str, terminal: bool) -> Result<Wire, TransportError> {
        let broken = |error: ssh2::Error| TransportError::Broken(format!("{}: {error}", self.address));
        self.session.set_timeout(milliseconds(START_WITHIN));
        let mut channel = self.session.channel_session().map_err(broken)?;
        channel.handle_extended_data(ExtendedData::Merge).map_err(broken)?;
        if terminal {
            channel.request_pty("dumb", Some(PtyModes::new()), None).map_err(broken)?;
        }
        channel.exec(command).map_err(broken)?;
        // A host that is alive says so every few seconds; one that is silent for much longer is gone.
        self.session.set_timeout(milliseconds(ALIVE_EVERY));
        let stream = || Patient(channel.stream(0));
        Ok(Wire { input: Box::new(stream()), output: Box::new(stream()) })
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

pub(super) fn handshake(target: &SshTarget, address: &str, known: &KnownHosts) -> Result<Session, TransportError> {
    let failed = |error: ssh2::Error| TransportError::Handshake { address: address.into(), cause: error.to_string() };
    let mut session = Session::new().map_err(failed)?;
    session.set_timeout(milliseconds(target.timeout));
    for direction in [MethodType::CryptCs, MethodType::CryptSc] {
        session.method_pref(direction, CIPHERS).map_err(failed)?;
    }
    session.method_pref(MethodType::HostKey, &host_key_kinds(known, target)).map_err(failed)?;
    let Some(proxy) = &target.proxy else {
        session.set_tcp_stream(connect(target, address)?);
        session.handshake().map_err(failed)?;
        return Ok(session);
    };
    let (stream, passage) = proxy.connect(target)?;
    session.set_tcp_stream(Unix(stream));
    session.handshake().map_err(|error| passage.failed(&error.to_string()))?;
    Ok(session)
}

/// A socket that is not TCP but as good.
struct Unix(UnixStream);

impl AsRawFd for Unix {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

fn host_key_kinds(known: &KnownHosts, target: &SshTarget) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for kind in known.kinds(&target.address, target.port) {
        kinds.extend(
            if kind == "ssh-rsa" { &["rsa-sha2-512", "rsa-sha2-256"][..] } else { std::slice::from_ref(&kind) }
                .iter()
                .copied(),
        );
    }
    for kind in HOST_KEYS {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(",")
}

fn connect(target: &SshTarget, address: &str) -> Result<TcpStream, TransportError> {
    let unreachable = |cause: String| TransportError::Unreachable { address: address.into(), cause };
    let addresses: Vec<SocketAddr> = (target.address.as_str(), target.port)
        .to_socket_addrs()
        .map_err(|_| unreachable("no such host name".into()))?
        .collect();
    let mut cause = "the name has no address".to_owned();
    for candidate in addresses {
        match TcpStream::connect_timeout(&candidate, target.timeout) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                cause = format!("no answer within {} s", target.timeout.as_secs());
            }
            Err(error) => cause = plain(&error),
        }
    }
    if cause == REFUSED { Err(TransportError::Refused { address: address.into() }) } else { Err(unreachable(cause)) }
}

fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn check_key(session: &Session, target: &SshTarget, address: &str, known: &KnownHosts) -> Result<(), TransportError> {
    if target.host_keys == HostKeyPolicy::Off {
        return Ok(());
    }
    let Some((key, _)) = session.host_key() else {
        return Err(TransportError::Handshake { address: address.into(), cause: "the host showed no key".into() });
    };
    match known.verdict(&target.address, target.port, key) {
        Verdict::Known => Ok(()),
        Verdict::Other(file, line) => Err(TransportError::HostKeyChanged {
            address: address.into(),
            fingerprint: fingerprint(key),
            file: file.display().to_string(),
            line,
        }),
        Verdict::Unknown if target.host_keys == HostKeyPolicy::AcceptNew => match target.known_hosts.first() {
            Some(file) => remember(file, &target.address, target.port, key).map_err(|error| {
                TransportError::Broken(format!("cannot remember the host key in {}: {error}", file.display()))
            }),
            None => Ok(()),
        },
        Verdict::Unknown => {
            Err(TransportError::HostKeyUnknown { address: address.into(), fingerprint: fingerprint(key) })
        }
    }
}
