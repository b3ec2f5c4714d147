//! Every setting with where it came from, put together from all that may set it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use crate::project::ansible_cfg::AnsibleCfg;
use crate::project::dppctl_toml::{DppctlToml, HostKeyChecking, OneOrMany, Output, Pipeline, Upgrade};
use crate::project::duration::parse_duration;
use crate::source::{Place, Problem, Problems, Source};
use crate::transport::{BecomeMethod, HostKeyPolicy};

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A file, at this place.
    File(Place),
    /// A variable of the environment.
    Environment(String),
    /// The command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "{place}"),
            Self::Environment(name) => f.write_str(name),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// What the command line says wins over all else, if it says something.
    pub fn given(&mut self, value: Option<T>) {
        if let Some(value) = value {
            *self = Self { value, origin: Origin::CommandLine };
        }
    }

    /// Whether somebody set it.
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// All settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What `-i` names: paths, or lists of names with commas.
    pub inventory: Setting<Vec<String>>,
    /// Folders of roles.
    pub roles: Setting<Vec<PathBuf>>,
    /// Hosts worked on at once.
    pub forks: Setting<usize>,
    /// Another file than `~/.ssh/config`.
    pub ssh_config: Setting<Option<PathBuf>>,
    /// Who logs in.
    pub user: Setting<Option<String>>,
    /// The key to log in with.
    pub private_key: Setting<Option<PathBuf>>,
    /// What is done about unknown host keys; `None` leaves it to `~/.ssh/config`.
    pub host_keys: Setting<Option<HostKeyPolicy>>,
    /// Bound of connecting.
    pub connect_timeout: Setting<Duration>,
    /// Options for OpenSSH's client, as `ansible_ssh_args`.
    pub ssh_args: Setting<Option<String>>,
    /// The same, as `ansible_ssh_common_args`.
    pub ssh_common_args: Setting<Option<String>>,
    /// The same, as `ansible_ssh_extra_args`.
    pub ssh_extra_args: Setting<Option<String>>,
    /// File with the password of the login user.
    pub connection_password_file: Setting<Option<PathBuf>>,
    /// File with the passphrase of encrypted keys.
    pub key_passphrase_file: Setting<Option<PathBuf>>,
    /// Whether tasks run as another user.
    pub become_: Setting<bool>,
    /// As whom.
    pub become_user: Setting<Option<String>>,
    /// By which programme.
    pub become_method: Setting<Option<BecomeMethod>>,
    /// Whether a person is asked for its password.
    pub ask_become_pass: Setting<bool>,
    /// File with the password the programme asks for.
    pub become_password_file: Setting<Option<PathBuf>>,
    /// File with the vault's password.
    pub vault_password_file: Setting<Option<PathBuf>>,
    /// Passwords of vault ids, each as `LABEL@FILE`.
    pub vault_ids: Setting<Vec<String>>,
    /// The vault id that seals, where several could.
    pub vault_encrypt_id: Setting<Option<String>>,
    /// Which of Vagrant's machines are in which group.
    pub vagrant_groups: Setting<BTreeMap<String, Vec<String>>>,
    /// Which group is which stage.
    pub pipeline: Setting<Pipeline>,
    /// Bounds of an upgrade.
    pub upgrade: Setting<Upgrade>,
    /// How lines are printed.
    pub output: Setting<Output>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            inventory: Setting::default(Vec::new()),
            roles: Setting::default(Vec::new()),
            forks: Setting::default(20),
            ssh_config: Setting::default(None),
            user: Setting::default(None),
            private_key: Setting::default(None),
            host_keys: Setting::default(None),
            connect_timeout: Setting::default(Duration::from_secs(10)),
            ssh_args: Setting::default(None),
            ssh_common_args: Setting::default(None),
            ssh_extra_args: Setting::default(None),
            connection_password_file: Setting::default(None),
            key_passphrase_file: Setting::default(None),
            become_: Setting::default(false),
            become_user: Setting::default(None),
            become_method: Setting::default(None),
            ask_become_pass: Setting::default(false),
            become_password_file: Setting::default(None),
            vault_password_file: Setting::default(None),
            vault_ids: Setting::default(Vec::new()),
            vault_encrypt_id: Setting::default(None),
            vagrant_groups: Setting::default(BTreeMap::new()),
            pipeline: Setting::default(Pipeline::default()),
            upgrade: Setting::default(Upgrade::default()),
            output: Setting::default(Output::default()),
        }
    }
}

/// Options for OpenSSH's client, under Ansible's three names for them.
#[derive(Debug, Clone, Default)]
pub struct SshArgs {
    /// `ssh_args`.
    pub ssh: Option<String>,
    /// `ssh_common_args`.
    pub common: Option<String>,
    /// `ssh_extra_args`.
    pub extra: Option<String>,
}

impl Settings {
    /// What OpenSSH's client would be told.
    pub fn ssh_args(&self) -> SshArgs {
        SshArgs {
            ssh: self.ssh_args.value.clone(),
            common: self.ssh_common_args.value.clone(),
            extra: self.ssh_extra_args.value.clone(),
        }
    }
}

/// Puts sources over settings, the weakest source first.
pub(crate) struct Settling<'a> {
    pub(crate) settings: Settings,
    pub(crate) problems: Problems,
    pub(crate) home: Option<&'a Path>,
    /// Keys of `ansible.cfg` without a meaning here.
    pub(crate) passed_over: Vec<(String, Place)>,
}

impl Settling<'_> {
    /// What a `dppctl.toml` says; its relative paths are seen from its folder.
    pub(crate) fn toml(&mut self, source: &Arc<Source>, folder: &Path) {
        let file = match DppctlToml::parse(source) {
            Ok(file) => file,
            Err(problem) => return self.problems.push(problem),
        };
        let home = self.home;
        let path = |text: String| resolved(&text, folder, home);
        let maybe_path = |text: String| Some(resolved(&text, folder, home));
        let settings = &mut self.settings;
        take(&mut settings.inventory, file.inventory, source, |given| match given {
            OneOrMany::One(one) => vec![source_of_hosts(&one, folder, home)],
            OneOrMany::Many(many) => many.iter().map(|one| source_of_hosts(one, folder, home)).collect(),
        });
        take(&mut settings.roles, file.roles, source, |roles| roles.into_iter().map(path).collect());
        take(&mut settings.forks, file.forks, source, std::num::NonZeroUsize::get);
        take(&mut settings.ssh_config, file.ssh.config, source, maybe_path);
        take(&mut settings.user, file.ssh.user, source, Some);
        take(&mut settings.private_key, file.ssh.private_key, source, maybe_path);
        take(&mut settings.host_keys, file.ssh.host_key_checking, source, |checking| Some(policy(checking)));
        take(&mut settings.connect_timeout, file.ssh.connect_timeout, source, |span| span.0);
        take(&mut settings.connection_password_file, file.ssh.password_file, source, maybe_path);
        take(&mut settings.key_passphrase_file, file.ssh.key_passphrase_file, source, maybe_path);
        take(&mut settings.become_, file.become_.enabled, source, |yes| yes);
        take(&mut settings.become_user, file.become_.user, source, Some);
        take(&mut settings.become_method, file.become_.method, source, |method| Some(method.0));
        take(&mut settings.become_password_file, file.become_.password_file, source, maybe_path);
        take(&mut settings.vault_password_file, file.vault.password_file, source, maybe_path);
        take(&mut settings.vault_ids, file.vault.ids, source, |ids| {
            ids.iter().map(|id| vault_id(id, folder, home)).collect()
        });
        take(&mut settings.vault_encrypt_id, file.vault.encrypt_id, source, Some);
        take(&mut settings.vagrant_groups, file.vagrant.groups, source, |groups| groups);
        take(&mut settings.pipeline, file.pipeline, source, |pipeline| pipeline);
        take(&mut settings.upgrade, file.upgrade, source, |upgrade| upgrade);
        take(&mut settings.output, file.output, source, |output| output);
    }

    /// What an `ansible.cfg` says.
    pub(crate) fn ansible(&mut self, cfg: &AnsibleCfg, folder: &Path) {
        const ESCALATION: &str = "privilege_escalation";
        let get = |section, key| {
            let (value, place) = cfg.get(section, key)?;
            Some((value.to_owned(), Origin::File(place.clone())))
        };
        self.text("inventory", get("defaults", "inventory"), folder);
        self.text("roles", get("defaults", "roles_path"), folder);
        self.text("user", get("defaults", "remote_user"), folder);
        self.text("private-key", get("defaults", "private_key_file"), folder);
        self.text("forks", get("defaults", "forks"), folder);
        self.text("timeout", get("defaults", "timeout"), folder);
        self.text("vault-password-file", get("defaults", "vault_password_file"), folder);
        self.text("vault-ids", get("defaults", "vault_identity_list"), folder);
        self.text("vault-encrypt-id", get("defaults", "vault_encrypt_identity"), folder);
        self.text("host-key-checking", get("defaults", "host_key_checking"), folder);
        self.text("become", get(ESCALATION, "become"), folder);
        self.text("become-user", get(ESCALATION, "become_user"), folder);
        self.text("become-method", get(ESCALATION, "become_method"), folder);
        self.text("ask-become-pass", get(ESCALATION, "become_ask_pass"), folder);
        self.text("become-password-file", get("defaults", "become_password_file"), folder);
        self.text("connection-password-file", get("defaults", "connection_password_file"), folder);
        self.text("ssh-args", get("ssh_connection", "ssh_args"), folder);
        self.text("ssh-common-args", get("ssh_connection", "ssh_common_args"), folder);
        self.text("ssh-extra-args", get("ssh_connection", "ssh_extra_args"), folder);
    }

    /// Sets one setting from a text: of `ansible.cfg` or of the environment.
    pub(crate) fn text(&mut self, name: &str, said: Option<(String, Origin)>, folder: &Path) {
        let Some((text, origin)) = said else { return };
        let home = self.home;
        let path = || Some(resolved(&text, folder, home));
        let settings = &mut self.settings;
        let fits = match name {
            "inventory" => set(&mut settings.inventory, Some(vec_of_hosts(&text, folder, home)), &origin),
            "roles" => {
                let roles = text.split(':').filter(|part| !part.is_empty()).map(|part| resolved(part, folder, home));
                set(&mut settings.roles, Some(roles.collect()), &origin)
            }
            "forks" => set(&mut settings.forks, text.parse().ok().filter(|forks| *forks > 0), &origin),
            "ssh-config" => set(&mut settings.ssh_config, Some(path()), &origin),
            "user" => set(&mut settings.user, Some(Some(text.clone())), &origin),
            "private-key" => set(&mut settings.private_key, Some(path()), &origin),
            "host-key-checking" => set(&mut settings.host_keys, checking(&text).map(Some), &origin),
            "timeout" => set(&mut settings.connect_timeout, parse_duration(&text), &origin),
            "ssh-args" => set(&mut settings.ssh_args, Some(Some(text.clone())), &origin),
            "ssh-common-args" => set(&mut settings.ssh_common_args, Some(Some(text.clone())), &origin),
            "ssh-extra-args" => set(&mut settings.ssh_extra_args, Some(Some(text.clone())), &origin),
            "become" => set(&mut settings.become_, truth(&text), &origin),
            "become-user" => set(&mut settings.become_user, Some(Some(text.clone())), &origin),
            "become-method" => set(&mut settings.become_method, BecomeMethod::parse(&text).map(Some), &origin),
            "ask-become-pass" => set(&mut settings.ask_become_pass, truth(&text), &origin),
            "become-password-file" => set(&mut settings.become_password_file, Some(path()), &origin),
            "connection-password-file" => set(&mut settings.connection_password_file, Some(path()), &origin),
            "key-passphrase-file" => set(&mut settings.key_passphrase_file, Some(path()), &origin),
            "vault-password-file" => set(&mut settings.vault_password_file, Some(path()), &origin),
            "vault-ids" => {
                let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
                set(&mut settings.vault_ids, Some(ids.map(|id| vault_id(id, folder, home)).collect()), &origin)
            }
            "vault-encrypt-id" => set(&mut settings.vault_encrypt_id, Some(Some(text.clone())), &origin),
            _ => true,
        };
        if !fits {
            let problem = Problem::error("DPP0213", format!("`{text}` cannot be the value of {name}"));
            self.problems.push(match &origin {
                Origin::File(place) => problem.at(place, ""),
                other => problem.note(format!("it comes from {other}")),
            });
        }
    }
}

fn take<T, U>(setting: &mut Setting<U>, given: Option<Spanned<T>>, source: &Arc<Source>, convert: impl FnOnce(T) -> U) {
    if let Some(given) = given {
        let origin = Origin::File(Place::new(source, given.span()));
        *setting = Setting { value: convert(given.into_inner()), origin };
    }
}

fn set<T>(setting: &mut Setting<T>, value: Option<T>, origin: &Origin) -> bool {
    let fits = value.is_some();
    if let Some(value) = value {
        *setting = Setting { value, origin: origin.clone() };
    }
    fits
}

fn policy(checking: HostKeyChecking) -> HostKeyPolicy {
    match checking {
        HostKeyChecking::Ask => HostKeyPolicy::Ask,
        HostKeyChecking::Strict => HostKeyPolicy::Strict,
        HostKeyChecking::AcceptNew => HostKeyPolicy::AcceptNew,
        HostKeyChecking::Off => HostKeyPolicy::Off,
    }
}

/// Our words, and Ansible's yes and no.
fn checking(text: &str) -> Option<HostKeyPolicy> {
    match text.to_ascii_lowercase().as_str() {
        "ask" => Some(HostKeyPolicy::Ask),
        "strict" => Some(HostKeyPolicy::Strict),
        "accept-new" => Some(HostKeyPolicy::AcceptNew),
        other => truth(other).map(|checked| if checked { HostKeyPolicy::Strict } else { HostKeyPolicy::Off }),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn resolved(text: &str, folder: &Path, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(text),
    }
}

/// `LABEL@FILE` with the file seen from a folder; a prompt is no file.
fn vault_id(text: &str, folder: &Path, home: Option<&Path>) -> String {
    let (label, source) = text.rsplit_once('@').unwrap_or(("", text));
    let is_file = !source.starts_with("prompt");
    let source = if is_file { resolved(source, folder, home).display().to_string() } else { source.to_owned() };
    format!("{label}@{source}")
}

/// `a,b,` is a list of names; without a name that ends it, commas part paths, as in `ansible.cfg`.
fn vec_of_hosts(text: &str, folder: &Path, home: Option<&Path>) -> Vec<String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let all_paths = parts.iter().all(|part| resolved(part, folder, home).exists());
    if all_paths {
        parts.iter().map(|part| source_of_hosts(part, folder, home)).collect()
    } else {
        vec![source_of_hosts(text, folder, home)]
    }
}

fn source_of_hosts(text: &str, folder: &Path, home: Option<&Path>) -> String {
    let is_no_path = text.contains(',') || text.starts_with("ssh:") || text == "vagrant";
    if is_no_path { text.to_owned() } else { resolved(text, folder, home).display().to_string() }
}
