//! How a host is reached and as whom, from its rendered variables, the run's defaults and `~/.ssh/config`.
//!
//! It is a pure function: it looks at no file and opens nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::inventory::ssh_arguments::SshArguments;
use crate::project::{SshArgs, SshHost};
use crate::secret::Secret;
use crate::source::Problem;
use crate::transport::{BecomeMethod, HostKeyPolicy, Login, Proxy, SshTarget};
use crate::value::{Map, Value};

/// What distinguishes one session from another: two names with one endpoint are one machine and one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// Name or address, after `~/.ssh/config`.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Who logs in.
    pub user: String,
}

/// By what way a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionKind {
    /// Through sshd.
    #[default]
    Ssh,
    /// It is this machine.
    Local,
}

/// Whether and how tasks run as another user.
#[derive(Debug, Clone, Default)]
pub struct Become {
    /// Whether they do.
    pub enabled: bool,
    /// By which programme.
    pub method: BecomeMethod,
    /// As whom; `root` if nobody says.
    pub user: Option<String>,
    /// What the programme asks for.
    pub password: Option<Secret>,
}

/// What holds for hosts that say nothing of their own: from the command line and the settings.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// Ssh or local.
    pub kind: ConnectionKind,
    /// `-u`, else the user who runs this.
    pub user: String,
    /// Whether `-u` or a setting named the user, so that it wins over `~/.ssh/config`.
    pub user_is_named: bool,
    /// `--private-key`.
    pub keys: Vec<PathBuf>,
    /// `-k`.
    pub password: Option<Secret>,
    /// For keys that want one.
    pub passphrase: Option<Secret>,
    /// For keys of which a person was asked.
    pub passphrases: BTreeMap<PathBuf, Secret>,
    /// Options for OpenSSH's client that hold where no variable of the same name says otherwise.
    pub ssh_args: SshArgs,
    /// `--host-key-checking`; `None` leaves it to `~/.ssh/config`.
    pub host_keys: Option<HostKeyPolicy>,
    /// `-T`.
    pub timeout: Duration,
    /// `-b`, `--become-user`, `-K`.
    pub become_: Become,
    /// For `~/` and the usual keys and files below `~/.ssh`.
    pub home: Option<PathBuf>,
}

/// All that is needed to reach one host.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What distinguishes its session.
    pub endpoint: Endpoint,
    /// Ssh or local.
    pub kind: ConnectionKind,
    /// Where it is.
    pub target: SshTarget,
    /// Who logs in.
    pub login: Login,
    /// As whom its tasks run.
    pub become_: Become,
    /// Options of `ansible_ssh_common_args` and its like that have no meaning for this client.
    pub unused_options: Vec<String>,
}

/// Asks `~/.ssh/config` about an address, a user and a port.
pub type AskSshConfig<'a> = &'a dyn Fn(&str, Option<&str>, Option<u16>) -> Result<Option<SshHost>, Problem>;

impl Connection {
    /// Puts together what a host's rendered variables, the defaults and `~/.ssh/config` say; the first that speaks wins.
    pub fn of(host: &str, variables: &Map, defaults: &Defaults, ask: AskSshConfig<'_>) -> Result<Self, Problem> {
        let said = Said { host, variables };
        let arguments = SshArguments::of(variables, &defaults.ssh_args)?;
        let address = said.text(&["ansible_host", "ansible_ssh_host"]).unwrap_or(host);
        let kind = said.kind()?.unwrap_or(defaults.kind);
        let user = said.text(&["ansible_user", "ansible_ssh_user"]).or(arguments.user.as_deref());
        let user = user.or(defaults.user_is_named.then_some(defaults.user.as_str()));
        let port = said.port()?.or(arguments.port);
        let config = match kind {
            ConnectionKind::Ssh => ask(address, user, port)?.unwrap_or_default(),
            ConnectionKind::Local => SshHost::default(),
        };
        let endpoint = Endpoint {
            address: config.address.clone().unwrap_or_else(|| address.to_owned()),
            port: port.or(config.port).unwrap_or(22),
            user: user.or(config.user.as_deref()).unwrap_or(&defaults.user).to_owned(),
        };
        Ok(Self {
            target: target(&endpoint, &said, &arguments, &config, defaults)?,
            login: login(&endpoint, &said, &arguments, &config, defaults),
            become_: said.becoming(&defaults.become_)?,
            unused_options: arguments.unused,
            kind,
            endpoint,
        })
    }
}

fn target(
    endpoint: &Endpoint,
    said: &Said<'_>,
    arguments: &SshArguments,
    config: &SshHost,
    defaults: &Defaults,
) -> Result<SshTarget, Problem> {
    let home = defaults.home.as_deref();
    let mut known_hosts =
        if arguments.known_hosts.is_empty() { &config.known_hosts } else { &arguments.known_hosts }.clone();
    if known_hosts.is_empty() {
        known_hosts.extend(home.map(|home| home.join(".ssh/known_hosts")));
        known_hosts.push("/etc/ssh/ssh_known_hosts".into());
    }
    let written = arguments.host_key_checking.as_deref().map(policy);
    let checked = said.flag(&["ansible_host_key_checking", "ansible_ssh_host_key_checking"])?;
    let variable = checked.map(|checked| if checked { HostKeyPolicy::Strict } else { HostKeyPolicy::Off });
    let configured = || config.host_key_checking.as_deref().map(policy);
    Ok(SshTarget {
        address: endpoint.address.clone(),
        port: endpoint.port,
        proxy: arguments.proxy.clone().or_else(|| proxy_of(config)),
        ssh_config: config.named_file.clone(),
        timeout: said
            .seconds()?
            .or(arguments.timeout)
            .or(config.connect_timeout)
            .map_or(defaults.timeout, Duration::from_secs),
        host_keys: written.or(variable).or(defaults.host_keys).or_else(configured).unwrap_or_default(),
        known_hosts: known_hosts.iter().map(|file| expanded(file, home)).collect(),
    })
}

fn login(
    endpoint: &Endpoint,
    said: &Said<'_>,
    arguments: &SshArguments,
    config: &SshHost,
    defaults: &Defaults,
) -> Login {
    let home = defaults.home.as_deref();
    let named = said.text(&["ansible_private_key_file", "ansible_ssh_private_key_file"]).map(PathBuf::from);
    let mut keys: Vec<PathBuf> = named.into_iter().chain(arguments.keys.iter().cloned()).collect();
    if keys.is_empty() {
        keys.clone_from(&defaults.keys);
    }
    // As with OpenSSH, a key that `~/.ssh/config` names may be missing.
    let mut usual = config.identity_files.clone();
    if keys.is_empty() && usual.is_empty() {
        let files = ["id_ed25519", "id_ecdsa", "id_rsa"];
        usual.extend(home.into_iter().flat_map(|home| files.map(|name| home.join(".ssh").join(name))));
    }
    Login {
        user: endpoint.user.clone(),
        keys: keys.iter().map(|key| expanded(key, home)).collect(),
        usual_are_configured: !config.identity_files.is_empty(),
        usual_keys: usual.iter().map(|key| expanded(key, home)).collect(),
        use_agent: !arguments.identities_only,
        passphrases: defaults.passphrases.clone(),
        passphrase: said
            .secret(&["ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase"])
            .or(defaults.passphrase.clone()),
        password: said
            .secret(&["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"])
            .or(defaults.password.clone()),
    }
}

fn proxy_of(config: &SshHost) -> Option<Proxy> {
    let jump = config.proxy_jump.clone().map(Proxy::Jump);
    jump.or_else(|| config.proxy_command.clone().map(Proxy::Command))
}

/// OpenSSH's words for what is done about unknown keys.
fn policy(word: &str) -> HostKeyPolicy {
    match word.to_ascii_lowercase().as_str() {
        "accept-new" => HostKeyPolicy::AcceptNew,
        "no" | "off" | "false" => HostKeyPolicy::Off,
        "ask" => HostKeyPolicy::Ask,
        _ => HostKeyPolicy::Strict,
    }
}

fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// What a host's variables say, under whichever of their names.
struct Said<'a> {
    host: &'a str,
    variables: &'a Map,
}

impl<'a> Said<'a> {
    fn value(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.variables.get(*name)).filter(|value| !matches!(value, Value::Null))
    }

    fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.value(names).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn secret(&self, names: &[&str]) -> Option<Secret> {
        match self.value(names)? {
            Value::Int(number) => Some(Secret::new(number.to_string())),
            value => value.as_str().map(Secret::new),
        }
    }

    fn port(&self) -> Result<Option<u16>, Problem> {
        let names = ["ansible_port", "ansible_ssh_port"];
        let number = self.number(&names)?;
        match number.map(u16::try_from) {
            None => Ok(None),
            Some(Ok(port)) if port > 0 => Ok(Some(port)),
            _ => Err(self.unfit(&names, "a port from 1 to 65535")),
        }
    }

    fn seconds(&self) -> Result<Option<u64>, Problem> {
        let names = ["ansible_ssh_timeout", "ansible_timeout"];
        match self.number(&names)?.map(u64::try_from) {
            None => Ok(None),
            Some(Ok(seconds)) => Ok(Some(seconds)),
            Some(Err(_)) => Err(self.unfit(&names, "a number of seconds")),
        }
    }

    fn number(&self, names: &[&str]) -> Result<Option<i64>, Problem> {
        match self.value(names) {
            None => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(value) => {
                let parsed = value.as_str().and_then(|text| text.trim().parse().ok());
                parsed.map(Some).ok_or_else(|| self.unfit(names, "a whole number"))
            }
        }
    }

    fn flag(&self, names: &[&str]) -> Result<Option<bool>, Problem> {
        match self.value(names) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(Value::Int(number @ (0 | 1))) => Ok(Some(*number == 1)),
            Some(value) => match value.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("yes" | "true" | "on" | "y" | "1") => Ok(Some(true)),
                Some("no" | "false" | "off" | "n" | "0" | "") => Ok(Some(false)),
                _ => Err(self.unfit(names, "yes or no")),
            },
        }
    }

    fn kind(&self) -> Result<Option<ConnectionKind>, Problem> {
        match self.text(&["ansible_connection"]).map(|name| name.rsplit('.').next().unwrap_or(name)) {
            None => Ok(None),
            Some("ssh" | "smart" | "paramiko" | "paramiko_ssh") => Ok(Some(ConnectionKind::Ssh)),
            Some("local") => Ok(Some(ConnectionKind::Local)),
            Some(_) => Err(self.unfit(&["ansible_connection"], "ssh or local")),
        }
    }

    fn becoming(&self, defaults: &Become) -> Result<Become, Problem> {
        let method = match self.text(&["ansible_become_method"]).map(BecomeMethod::parse) {
            None => defaults.method,
            Some(Some(method)) => method,
            Some(None) => return Err(self.unfit(&["ansible_become_method"], "sudo or su")),
        };
        let passwords = ["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass", "ansible_su_pass"];
        Ok(Become {
            enabled: self.flag(&["ansible_become"])?.unwrap_or(defaults.enabled),
            method,
            user: self.text(&["ansible_become_user"]).map(str::to_owned).or(defaults.user.clone()),
            password: self.secret(&passwords).or(defaults.password.clone()),
        })
    }

    fn unfit(&self, names: &[&str], wanted: &str) -> Problem {
        let name = names.iter().find(|name| self.variables.contains_key(**name)).unwrap_or(&names[0]);
        let problem = Problem::error("DPP0212", format!("`{name}` of host `{}` must be {wanted}", self.host));
        match self.value(names) {
            Some(Value::Text(text)) if text.place().is_some() => {
                text.place().map_or(problem.clone(), |place| problem.at(place, ""))
            }
            Some(value) => problem.note(format!("it is a {}", value.kind())),
            None => problem,
        }
    }
}
