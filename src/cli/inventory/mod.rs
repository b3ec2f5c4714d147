//! `dppctl inventory`: which hosts and groups there are, and where each of a host's variables comes from.

mod vars;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::invocation::Invocation;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::{Stop, candidates};
use crate::exit::Exit;
use crate::inventory::Inventory;
use crate::ui::{Table, Ui, answer_json};

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
    /// The variables of a host, each with the place that sets it
    #[command(visible_alias = "host")]
    Vars {
        /// Its name
        #[arg(value_name = "HOST", add = ArgValueCompleter::new(candidates::hosts))]
        name: String,
        /// Only this variable, with every place that sets it
        #[arg(long, value_name = "VAR")]
        why: Option<String>,
        /// The folder of the playbook, for the variables beside it; the folder of the project when it is not named
        #[arg(long, value_name = "DIR")]
        playbook_dir: Option<PathBuf>,
    },
}

pub(super) fn inventory(global: &Global, args: &InventoryArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read_offline(global, &args.vault)?;
    if let What::Vars { name, why, playbook_dir } = &args.what {
        let folder = playbook_dir.as_ref().unwrap_or(&invocation.project.root).clone();
        // What lies beside both would be told twice.
        if !is_same(invocation.inventory.folder(), &folder) {
            invocation.inventory.read_beside_playbook(&folder, &invocation.vault)?;
        }
        vars::vars(&invocation, name, why.as_deref(), &ui)?;
        return Ok(Exit::Ok);
    }
    let inventory = &invocation.inventory;
    let hosts = match &global.limit {
        Some(limit) => inventory.select(limit)?,
        None => inventory.hosts().into_iter().map(str::to_owned).collect(),
    };
    match &args.what {
        What::List => list(inventory, &hosts, &ui),
        _ => graph(inventory, &hosts, &ui),
    }
    Ok(Exit::Ok)
}

fn is_same(inventory: Option<&Path>, folder: &Path) -> bool {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().ok()
    };
    inventory.and_then(whole).is_some_and(|inventory| whole(folder).is_some_and(|folder| folder == inventory))
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
