//! The ways to hosts: what inventory, settings and OpenSSH's configuration say of reaching them, and a person, where
//! only a person knows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dpp_protocol::Failure;

use crate::cli::invocation::Invocation;
use crate::cli::{Stop, ask, host_keys, passphrases};
use crate::engine::{FindRoute, Route, RunVars};
use crate::inventory::{Connection, ConnectionKind, Defaults};
use crate::project::SshConfig;
use crate::source::Problem;
use crate::template::{Scope, SearchPath, Templates, Variables};
use crate::transport::{Become, Connection as Link, LocalHost, OpenSsh, SshHost, SshTarget};
use crate::ui::Ui;
use crate::value::{Map, Value};

/// How hosts are reached.
pub(super) struct Ways {
    templates: Templates,
    vars: Arc<RunVars>,
    defaults: Defaults,
    ssh_config: SshConfig,
    /// What was found beforehand, with the variables it was found for.
    known: HashMap<String, (Map, Connection)>,
}

impl Ways {
    /// The ways to these hosts. Passphrases and unknown host keys are asked for now, all together.
    pub(super) fn to(invocation: &mut Invocation, vars: &Arc<RunVars>, hosts: &[String], ui: Ui) -> Result<Self, Stop> {
        let mut ways = Self::unasked(invocation, vars, hosts);
        let given = passphrases::ask_for(ways.each(hosts), ui)?;
        if !given.is_empty() {
            // A command may set out twice, as deploy does to verify; a person is asked once.
            invocation.defaults.passphrases.extend(given);
            ways = Self::unasked(invocation, vars, hosts);
        }
        host_keys::ask_about(ways.each(hosts), ui)?;
        ways.tell_unused(hosts, ui);
        Ok(ways)
    }

    /// Options for OpenSSH's client that mean nothing to ours, for those who want to know.
    fn tell_unused(&self, hosts: &[String], ui: Ui) {
        if ui.verbosity < 1 {
            return;
        }
        let options: BTreeSet<&str> =
            self.each(hosts).flat_map(|(_, way)| &way.unused_options).map(String::as_str).collect();
        for option in options {
            ui.warning(&format!("`{option}` of ansible_ssh_args and its like has no meaning here and is passed over"));
        }
    }

    /// The same, for a command to which a host that cannot be reached is an answer: without a terminal it asks nothing.
    pub(super) fn to_look_at(
        invocation: &mut Invocation,
        vars: &Arc<RunVars>,
        hosts: &[String],
        ui: Ui,
    ) -> Result<Self, Stop> {
        if ask::is_possible() {
            Self::to(invocation, vars, hosts, ui)
        } else {
            Ok(Self::unasked(invocation, vars, hosts))
        }
    }

    fn unasked(invocation: &Invocation, vars: &Arc<RunVars>, hosts: &[String]) -> Self {
        let mut ways = Self {
            templates: invocation.templates.clone(),
            vars: Arc::clone(vars),
            defaults: invocation.defaults.clone(),
            ssh_config: invocation.ssh_config.clone(),
            known: HashMap::new(),
        };
        // A host whose variables are wrong is told of when it is to be reached.
        for host in hosts {
            if let Ok(found) = ways.find(host, None) {
                ways.known.insert(host.clone(), found);
            }
        }
        ways
    }

    fn each<'a>(&'a self, hosts: &'a [String]) -> impl Iterator<Item = (&'a str, &'a Connection)> {
        hosts.iter().filter_map(|host| Some((host.as_str(), &self.known.get(host)?.1)))
    }

    /// The way to a host, for the user that a task or play names, or for the usual one.
    fn find(&self, host: &str, login: Option<&str>) -> Result<(Map, Connection), Problem> {
        let variables = variables(&self.templates, &self.vars, host)?;
        let usual = self.known.get(host).filter(|(known, _)| login.is_none() && *known == variables);
        if let Some((_, way)) = usual {
            return Ok((variables, way.clone()));
        }
        let mut defaults = self.defaults.clone();
        if let Some(login) = login {
            login.clone_into(&mut defaults.user);
            defaults.user_is_named = true;
        }
        if host == "localhost" && !variables.contains_key("ansible_host") {
            defaults.kind = ConnectionKind::Local;
        }
        let ask = |address: &str, user: Option<&str>, port: Option<u16>| self.ssh_config.lookup(address, user, port);
        let way = Connection::of(host, &variables, &defaults, &ask)?;
        Ok((variables, way))
    }

    /// Names that are one machine, where there are several, in the order of the hosts.
    pub(super) fn same_machine(&self, hosts: &[String]) -> Vec<Vec<String>> {
        let mut machines: Vec<(String, Vec<String>)> = Vec::new();
        for (host, way) in self.each(hosts) {
            let machine = machine(way);
            match machines.iter_mut().find(|(known, _)| *known == machine) {
                Some((_, names)) => names.push(host.to_owned()),
                None => machines.push((machine, vec![host.to_owned()])),
            }
        }
        machines.into_iter().map(|(_, names)| names).filter(|names| names.len() > 1).collect()
    }

    /// For an engine, which asks again when a run brings hosts of its own.
    pub(super) fn into_routes(self) -> FindRoute {
        Box::new(move |host, login| {
            let (_, way) = self.find(host, login).map_err(|problem| failure(&problem))?;
            Ok(route(way))
        })
    }
}

/// Variables that say how a host is reached, rendered.
fn variables(templates: &Templates, vars: &RunVars, host: &str) -> Result<Map, Problem> {
    let mut known = Map::new();
    if let Some(entry) = vars.hosts().get(host) {
        for level in entry.state.read().inventory.iter().rev() {
            known.extend(level.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    known.extend(vars.extra.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut all = known.clone();
    all.insert("inventory_hostname".into(), Value::plain(host));
    let variables: Arc<dyn Variables> = Arc::new(all);
    let scope = Scope::new(variables, Arc::new(SearchPath::default()));
    let own = known.iter().filter(|(name, _)| name.starts_with("ansible_"));
    own.map(|(name, value)| Ok((name.clone(), templates.value(value, &scope).map_err(|error| error.problem())?)))
        .collect()
}

/// What distinguishes machines; one endpoint is one session.
fn machine(way: &Connection) -> String {
    match way.kind {
        ConnectionKind::Local => "local".to_owned(),
        ConnectionKind::Ssh => format!("{}@{}:{}", way.endpoint.user, way.endpoint.address, way.endpoint.port),
    }
}

fn route(way: Connection) -> Route {
    let machine = machine(&way);
    let Connection { endpoint, kind, target, login, become_, .. } = way;
    let becoming = become_
        .enabled
        .then(|| Become { user: become_.user.clone().unwrap_or_else(|| "root".to_owned()), method: become_.method });
    let (become_password, become_method) = (become_.password, become_.method);
    match kind {
        ConnectionKind::Local => Route {
            machine,
            user: std::env::var("USER").unwrap_or_else(|_| "root".into()),
            connect: Box::new(|_, _| Ok(Box::new(LocalHost) as Box<dyn Link>)),
            ssh: None,
            become_password,
            becoming,
            become_method,
        },
        ConnectionKind::Ssh => Route {
            machine,
            user: endpoint.user,
            ssh: Some(OpenSsh::of(&target, &login)),
            connect: Box::new(move |within, alive| {
                let target = SshTarget { timeout: within.unwrap_or(target.timeout), ..target.clone() };
                let host = SshHost::connect_patiently(&target, &login, alive)?;
                Ok(Box::new(host) as Box<dyn Link>)
            }),
            become_password,
            becoming,
            become_method,
        },
    }
}

fn failure(problem: &Problem) -> Failure {
    let mut failure = Failure::new(problem.to_string()).code(problem.code);
    failure.help.clone_from(&problem.help);
    failure
}
