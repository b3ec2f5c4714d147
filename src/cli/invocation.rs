//! What every command reads before it does its work: settings, secrets, inventory, variables of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::cli::options::{
    BecomeMethodArg, ConnectionArg, ConnectionArgs, Global, HostKeyArg, PrivilegeArgs, VaultArgs,
};
use crate::cli::passwords::{Typed, secret_of, vault_of};
use crate::cli::shipped::Shipped;
use crate::cli::sources::{sources, ssh_config};
use crate::cli::{Stop, ask, extra_vars};
use crate::engine::{BecomeDefault, HostEntry, HostState, RunVars, who};
use crate::inventory::{Become, ConnectionKind, Defaults, Inventory, InventorySource, Variables};
use crate::project::{Project, Settings, SshConfig, Surroundings};
use crate::report::ReportKind;
use crate::secret::{Secret, Vault};
use crate::template::{Templates, omit};
use crate::transport::{BecomeMethod, HostKeyPolicy};
use crate::value::{Map, Value};

/// What was read.
pub(super) struct Invocation {
    /// Settings and where they come from.
    pub(super) project: Project,
    /// Where hosts were read from.
    pub(super) sources: Vec<InventorySource>,
    /// Hosts.
    pub(super) inventory: Inventory,
    /// `-e`.
    pub(super) extra: Map,
    /// The same as it was given, with its places.
    pub(super) given: Variables,
    /// What renders.
    pub(super) templates: Templates,
    /// How hosts are reached that say nothing of their own.
    pub(super) defaults: Defaults,
    /// `~/.ssh/config`.
    pub(super) ssh_config: SshConfig,
    /// Passwords of vaults.
    pub(super) vault: Vault,
    /// Reports that are wanted as files.
    pub(super) reports: Vec<(ReportKind, PathBuf)>,
}

/// How a run is made, as its templates see it.
#[derive(Debug, Default)]
pub(super) struct Manner {
    pub(super) check: bool,
    pub(super) diff: bool,
    pub(super) verbosity: u8,
    pub(super) forks: usize,
    pub(super) tags: Vec<String>,
    pub(super) skip_tags: Vec<String>,
}

impl Invocation {
    /// Reads everything, or tells all that is wrong.
    pub(super) fn read(
        global: &Global,
        connection: Option<&ConnectionArgs>,
        privilege: Option<&PrivilegeArgs>,
    ) -> Result<Self, Stop> {
        Self::read_with_keys(global, connection.map(|args| &args.vault), connection, privilege)
    }

    /// The same for a command that connects to nothing, but reads what may be encrypted.
    pub(super) fn read_offline(global: &Global, vault: &VaultArgs) -> Result<Self, Stop> {
        Self::read_with_keys(global, Some(vault), None, None)
    }

    fn read_with_keys(
        global: &Global,
        vault: Option<&VaultArgs>,
        connection: Option<&ConnectionArgs>,
        privilege: Option<&PrivilegeArgs>,
    ) -> Result<Self, Stop> {
        let project = project(global)?;
        let sources = sources(global, connection, &project)?;
        let invocation = Self::of(global, project, &sources, vault, connection, privilege)?;
        let ui = global.ui();
        ui.problems(&invocation.project.warnings);
        ui.problems(invocation.inventory.warnings());
        Ok(invocation)
    }

    /// Reads everything there is; true when there is an inventory.
    pub(super) fn read_without_hosts(global: &Global, vault: &VaultArgs) -> Result<(Self, bool), Stop> {
        let project = project(global)?;
        let named = !global.inventory.is_empty() || !project.settings.inventory.value.is_empty();
        let sources = if named { sources(global, None, &project)? } else { Vec::new() };
        Ok((Self::of(global, project, &sources, Some(vault), None, None)?, named))
    }

    /// What is known of a project and this inventory alone.
    pub(super) fn of_project(global: &Global, project: Project, sources: &[InventorySource]) -> Result<Self, Stop> {
        Self::of(global, project, sources, None, None, None)
    }

    fn of(
        global: &Global,
        project: Project,
        sources: &[InventorySource],
        vault: Option<&VaultArgs>,
        connection: Option<&ConnectionArgs>,
        privilege: Option<&PrivilegeArgs>,
    ) -> Result<Self, Stop> {
        let vault = vault_of(&project, vault, Typed::Once, global.ui())?;
        let inventory = Inventory::load(sources, &vault)?;
        let given = extra_vars::read(&global.extra_vars, &vault)?;
        let extra = given.values().clone();
        let defaults = defaults(&project, connection, privilege)?;
        let ssh_config = ssh_config(connection, &project)?;
        let surroundings = crate::template::Surroundings::of_this_process();
        let files = Arc::new(Shipped::with(&vault));
        let templates = Templates::new(crate::template::Surroundings { files, ..surroundings });
        extra_vars::secrets(&extra).iter().for_each(|secret| templates.conceal(secret));
        let reports = global.report.clone();
        let sources = sources.to_vec();
        Ok(Self { project, sources, inventory, extra, given, templates, defaults, ssh_config, vault, reports })
    }

    /// The variables that all tasks of a run see.
    pub(super) fn run_vars(&self, manner: &Manner) -> Arc<RunVars> {
        let hosts = self.inventory.hosts().into_iter().map(|name| (name.to_owned(), self.entry(name)));
        let mut hosts: BTreeMap<String, HostEntry> = hosts.collect();
        hosts.entry("localhost".to_owned()).or_insert_with(|| self.entry("localhost"));
        let groups = self.inventory.groups().map(|group| {
            (group.to_owned(), self.inventory.hosts_of(group).into_iter().map(str::to_owned).collect::<Vec<_>>())
        });
        let Become { enabled, method, user, .. } = self.defaults.become_.clone();
        Arc::new(RunVars {
            templates: self.templates.clone(),
            extra: self.extra.clone(),
            hosts: RwLock::new(hosts),
            groups: RwLock::new(groups.collect()),
            magic: self.magic(manner),
            become_default: BecomeDefault { enabled, user, method },
        })
    }

    /// A host's levels of variables, the strongest first.
    pub(super) fn levels(&self, name: &str) -> Vec<Arc<Map>> {
        let mut levels: Vec<Arc<Map>> =
            self.inventory.layers(name).iter().map(|layer| Arc::new(layer.variables.values().clone())).collect();
        levels.reverse();
        levels
    }

    fn entry(&self, name: &str) -> HostEntry {
        let groups: Vec<String> = self.inventory.groups_of(name).into_iter().map(str::to_owned).collect();
        let state = Arc::new(HostState::new(self.levels(name)));
        HostEntry { state, magic: Arc::new(who(name, &groups)) }
    }

    fn magic(&self, manner: &Manner) -> Map {
        let whole = |path: &Path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            path.components().collect::<PathBuf>().display().to_string()
        };
        let folder = self.inventory.folder().map(whole).unwrap_or_default();
        let texts = |texts: &[String]| Value::list(texts.iter().map(|text| Value::plain(text.as_str())));
        let wanted = if manner.tags.is_empty() { vec!["all".to_owned()] } else { manner.tags.clone() };
        let sources = self.sources.iter().map(|source| match source {
            InventorySource::Path(path) => whole(path),
            InventorySource::Names(names) => names.clone(),
            InventorySource::Vagrant(_) => "vagrant".to_owned(),
            InventorySource::OpenSsh { pattern, .. } => format!("ssh:{pattern}"),
        });
        let sources: Vec<String> = sources.collect();
        let version = Map::from_iter([
            ("full".to_owned(), Value::plain("2.18.0")),
            ("major".to_owned(), Value::Int(2)),
            ("minor".to_owned(), Value::Int(18)),
            ("revision".to_owned(), Value::Int(0)),
            ("string".to_owned(), Value::plain("2.18.0")),
        ]);
        Map::from_iter([
            ("omit".to_owned(), omit()),
            ("ansible_check_mode".to_owned(), manner.check.into()),
            ("ansible_diff_mode".to_owned(), manner.diff.into()),
            ("ansible_verbosity".to_owned(), i64::from(manner.verbosity).into()),
            ("ansible_run_tags".to_owned(), texts(&wanted)),
            ("ansible_skip_tags".to_owned(), texts(&manner.skip_tags)),
            ("ansible_forks".to_owned(), i64::try_from(manner.forks).unwrap_or(i64::MAX).into()),
            ("ansible_inventory_sources".to_owned(), texts(&sources)),
            ("inventory_file".to_owned(), sources.first().map_or(Value::Null, |file| Value::plain(file.as_str()))),
            ("ansible_version".to_owned(), version.into()),
            ("ansible_managed".to_owned(), Value::plain("Ansible managed")),
            ("inventory_dir".to_owned(), Value::plain(folder)),
        ])
    }
}

/// The settings alone.
pub(super) fn project(global: &Global) -> Result<Project, Stop> {
    Ok(Project::discover(&surroundings(global)?)?)
}

/// What the process finds around itself, with what the command line says of it.
pub(super) fn surroundings(global: &Global) -> Result<Surroundings, Stop> {
    let folder =
        std::env::current_dir().map_err(|error| Stop::Trouble(format!("cannot tell the working folder: {error}")))?;
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    // Where no HOME is set, as under cron or a service, the account's own folder, as ssh takes it.
    let home = std::env::home_dir().map(|folder| ("HOME".into(), folder.into_os_string()));
    Ok(Surroundings {
        folder,
        variables: home
            .into_iter()
            .chain(std::env::vars_os())
            .map(|(name, value)| (lossy(name), lossy(value)))
            .collect(),
        config: global.config.clone(),
        project: global.project.clone(),
        no_config: global.no_config,
    })
}

fn defaults(
    project: &Project,
    connection: Option<&ConnectionArgs>,
    privilege: Option<&PrivilegeArgs>,
) -> Result<Defaults, Stop> {
    let settings = &project.settings;
    let named_user = connection.and_then(|args| args.user.clone()).or_else(|| settings.user.value.clone());
    let password = match connection {
        Some(args) if args.ask_pass => Some(ask::secret("the password of the login", "--connection-password-file")?),
        _ => {
            let file = connection.and_then(|args| args.connection_password_file.clone());
            file.or_else(|| settings.connection_password_file.value.clone()).map(|file| secret_of(&file)).transpose()?
        }
    };
    let key = connection.and_then(|args| args.private_key.clone()).or_else(|| settings.private_key.value.clone());
    let host_keys = connection.and_then(|args| args.host_key_checking).map(|policy| match policy {
        HostKeyArg::Ask => HostKeyPolicy::Ask,
        HostKeyArg::Strict => HostKeyPolicy::Strict,
        HostKeyArg::AcceptNew => HostKeyPolicy::AcceptNew,
        HostKeyArg::Off => HostKeyPolicy::Off,
    });
    let kind = match connection.and_then(|args| args.connection) {
        Some(ConnectionArg::Local) => ConnectionKind::Local,
        _ => ConnectionKind::Ssh,
    };
    Ok(Defaults {
        kind,
        user_is_named: named_user.is_some(),
        user: named_user.unwrap_or_else(whoami),
        keys: key.into_iter().collect(),
        password,
        passphrase: passphrase(settings, connection)?,
        passphrases: BTreeMap::new(),
        ssh_args: settings.ssh_args(),
        host_keys: host_keys.or(*settings.host_keys),
        timeout: connection
            .and_then(|args| args.connect_timeout)
            .map_or(*settings.connect_timeout, Duration::from_secs),
        become_: becoming(project, privilege)?,
        home: project.home().map(Path::to_owned),
    })
}

fn passphrase(settings: &Settings, connection: Option<&ConnectionArgs>) -> Result<Option<Secret>, Stop> {
    let file = connection.and_then(|args| args.key_passphrase_file.clone());
    file.or_else(|| settings.key_passphrase_file.value.clone()).map(|file| secret_of(&file)).transpose()
}

fn becoming(project: &Project, privilege: Option<&PrivilegeArgs>) -> Result<Become, Stop> {
    let settings = &project.settings;
    let method = privilege.and_then(|args| args.become_method).map(|method| match method {
        BecomeMethodArg::Sudo => BecomeMethod::Sudo,
        BecomeMethodArg::Su => BecomeMethod::Su,
    });
    let method = method.or(*settings.become_method).unwrap_or_default();
    let programme = if method == BecomeMethod::Su { "su" } else { "sudo" };
    let password = match privilege {
        Some(args) if args.ask_become_pass || (*settings.ask_become_pass && args.become_password_file.is_none()) => {
            Some(ask::secret(&format!("{programme}'s password"), "--become-password-file")?)
        }
        _ => {
            let file = privilege.and_then(|args| args.become_password_file.clone());
            file.or_else(|| settings.become_password_file.value.clone()).map(|file| secret_of(&file)).transpose()?
        }
    };
    Ok(Become {
        enabled: privilege.is_some_and(|args| args.r#become) || *settings.become_,
        method,
        user: privilege.and_then(|args| args.become_user.clone()).or_else(|| settings.become_user.value.clone()),
        password,
    })
}

fn whoami() -> String {
    ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "root".to_owned())
}
