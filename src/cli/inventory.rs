//! `dppctl inventory`: which hosts and groups there are, and where each of a host's variables comes from.

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::invocation::Invocation;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::{Stop, candidates};
use crate::exit::Exit;
use crate::inventory::{Inventory, LayerKind};
use crate::secret::names_secret;
use crate::source::{Place, Problem};
use crate::ui::{Table, Ui, answer_json};
use crate::value::Value;

/// Options of `inventory`.
#[derive(Debug, Args)]
pub(super) struct InventoryArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    vault: VaultArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hosts, with their groups and where they are named
    List,
    /// Groups within groups, with their hosts
    Graph,
    /// One host: its groups and variables
    Host {
        /// Its name
        #[arg(add = ArgValueCompleter::new(candidates::hosts))]
        name: String,
        /// Only this variable, with every place that sets it
        #[arg(long, value_name = "VAR")]
        why: Option<String>,
    },
}

pub(super) fn inventory(global: &Global, args: &InventoryArgs, ui: Ui) -> Result<Exit, Stop> {
    let invocation = Invocation::read_offline(global, &args.vault)?;
    let inventory = &invocation.inventory;
    let hosts = match &global.limit {
        Some(limit) => inventory.select(limit)?,
        None => inventory.hosts().into_iter().map(str::to_owned).collect(),
    };
    match &args.what {
        What::List => list(inventory, &hosts, &ui),
        What::Graph => graph(inventory, &hosts, &ui),
        What::Host { name, why } => {
            if inventory.host(name).is_none() {
                let problem = Problem::error("DPP0203", format!("there is no host `{name}`"));
                return Err(problem.did_you_mean(inventory.nearest_host(name)).into());
            }
            let sayings = sayings(&invocation, name);
            match why {
                Some(why) => explain(name, why, &sayings, &ui)?,
                None => host(inventory, name, &sayings, &ui),
            }
        }
    }
    Ok(Exit::Ok)
}

fn list(inventory: &Inventory, hosts: &[String], ui: &Ui) {
    let place = |host: &str| inventory.host(host).and_then(|host| host.place()).map(ToString::to_string);
    if ui.output.is_json() {
        let host = |name: &String| json!({"name": name, "groups": inventory.groups_of(name), "at": place(name)});
        let hosts: Vec<Json> = hosts.iter().map(host).collect();
        return answer_json(ui, "dppctl.inventory/1", Exit::Ok, &json!({"hosts": hosts}));
    }
    let mut table = Table::new(&["HOST", "GROUPS", "NAMED AT"]);
    for name in hosts {
        table.row([name.clone(), inventory.groups_of(name).join(" "), place(name).unwrap_or_default()]);
    }
    ui.answer(&table.to_text());
}

fn graph(inventory: &Inventory, hosts: &[String], ui: &Ui) {
    if ui.output.is_json() {
        let group = |name: &str| {
            let group = inventory.group(name)?;
            let entry = json!({
                "children": group.children().collect::<Vec<_>>(),
                "hosts": group.hosts().filter(|host| is_within(hosts, host)).collect::<Vec<_>>(),
            });
            Some((name.to_owned(), entry))
        };
        let groups: JsonMap<String, Json> = inventory.groups().filter_map(group).collect();
        return answer_json(ui, "dppctl.inventory/1", Exit::Ok, &json!({"groups": groups}));
    }
    let mut lines = Vec::new();
    branch(inventory, "all", hosts, 0, &mut lines);
    ui.answer(&lines.join("\n"));
}

fn is_within(hosts: &[String], host: &str) -> bool {
    hosts.iter().any(|wanted| wanted == host)
}

/// As `ansible-inventory --graph` draws it.
fn branch(inventory: &Inventory, group: &str, hosts: &[String], depth: usize, lines: &mut Vec<String>) {
    let indent = |depth: usize| if depth == 0 { String::new() } else { format!("{}|--", "|  ".repeat(depth - 1)) };
    lines.push(format!("{}@{group}:", indent(depth)));
    let Some(known) = inventory.group(group) else { return };
    for child in known.children() {
        branch(inventory, child, hosts, depth + 1, lines);
    }
    let own = known.hosts().filter(|host| is_within(hosts, host));
    lines.extend(own.map(|host| format!("{}{host}", indent(depth + 1))));
}

/// One place that says something about a variable of a host.
struct Saying {
    name: String,
    value: Value,
    origin: String,
    at: Option<Place>,
}

impl Saying {
    fn at(&self) -> String {
        self.at.as_ref().map_or_else(|| self.origin.clone(), ToString::to_string)
    }
}

/// Everything said of a host, the weakest first; the command line wins.
fn sayings(invocation: &Invocation, host: &str) -> Vec<Saying> {
    let layers = invocation.inventory.layers(host);
    let of_layers = layers.iter().flat_map(|layer| {
        layer.variables.values().iter().map(|(name, value)| Saying {
            name: name.clone(),
            value: value.clone(),
            origin: origin(layer.kind, layer.name),
            at: layer.variables.place(name).cloned(),
        })
    });
    let of_extra = invocation.extra.iter().map(|(name, value)| Saying {
        name: name.clone(),
        value: value.clone(),
        origin: "command line".to_owned(),
        at: None,
    });
    of_layers.chain(of_extra).collect()
}

fn origin(kind: LayerKind, name: &str) -> String {
    match kind {
        LayerKind::AllInline | LayerKind::GroupInline => format!("group {name}, in the inventory"),
        LayerKind::AllFile | LayerKind::GroupFile => format!("group_vars/{name}"),
        LayerKind::AllFileOfPlaybook | LayerKind::GroupFileOfPlaybook => {
            format!("group_vars/{name} beside the playbook")
        }
        LayerKind::HostInline => format!("host {name}, in the inventory"),
        LayerKind::HostFile => format!("host_vars/{name}"),
        LayerKind::HostFileOfPlaybook => format!("host_vars/{name} beside the playbook"),
    }
}

/// A value as it was written; secrets and passwords are not shown.
fn shown(name: &str, value: &Value) -> Json {
    let secret = matches!(value, Value::Text(text) if text.is_secret());
    if secret || names_secret(name) {
        return "****".into();
    }
    value.into()
}

fn host(inventory: &Inventory, name: &str, sayings: &[Saying], ui: &Ui) {
    let winners = winners(sayings);
    if ui.output.is_json() {
        let entry = |saying: &&Saying| {
            let at = json!({"value": shown(&saying.name, &saying.value), "from": saying.origin, "at": saying.at()});
            (saying.name.clone(), at)
        };
        let variables: JsonMap<String, Json> = winners.iter().map(entry).collect();
        let body = json!({"host": name, "groups": inventory.groups_of(name), "variables": variables});
        return answer_json(ui, "dppctl.inventory/1", Exit::Ok, &body);
    }
    ui.answer(&format!("{name}   groups: {}", inventory.groups_of(name).join(" ")));
    if winners.is_empty() {
        return ui.story("no variable is set for it");
    }
    let mut table = Table::new(&["VARIABLE", "VALUE", "FROM"]);
    for saying in winners {
        table.row([saying.name.clone(), shown(&saying.name, &saying.value).to_string(), saying.at()]);
    }
    ui.answer(&table.to_text());
}

/// The strongest saying of each variable, by name.
fn winners(sayings: &[Saying]) -> Vec<&Saying> {
    let strongest: std::collections::BTreeMap<&str, &Saying> =
        sayings.iter().map(|saying| (saying.name.as_str(), saying)).collect();
    strongest.into_values().collect()
}

fn explain(host: &str, why: &str, sayings: &[Saying], ui: &Ui) -> Result<(), Stop> {
    let mut said: Vec<&Saying> = sayings.iter().filter(|saying| saying.name == why).collect();
    said.reverse();
    if said.is_empty() {
        let near = crate::source::nearest(why, sayings.iter().map(|saying| saying.name.as_str()));
        let problem = Problem::error("DPP0215", format!("nothing sets `{why}` for {host}"));
        let problem = problem.note("defaults of roles are no part of the inventory");
        return Err(problem.did_you_mean(near).into());
    }
    if ui.output.is_json() {
        let one =
            |saying: &&Saying| json!({"value": shown(why, &saying.value), "from": saying.origin, "at": saying.at()});
        let said: Vec<Json> = said.iter().map(one).collect();
        answer_json(ui, "dppctl.inventory/1", Exit::Ok, &json!({"host": host, "variable": why, "said": said}));
        return Ok(());
    }
    let mut table = Table::new(&["", "VALUE", "FROM", "AT"]);
    for (at, saying) in said.iter().enumerate() {
        let mark = if at == 0 { "wins" } else { "covered" };
        table.row([mark.to_owned(), shown(why, &saying.value).to_string(), saying.origin.clone(), saying.at()]);
    }
    ui.answer(&format!("{why} of {host}"));
    ui.answer(&table.to_text());
    Ok(())
}
