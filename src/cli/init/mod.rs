//! `dppctl init`: a starter project, an inventory and settings that a first `deploy` works with.

mod from_ansible;
mod settings;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use crate::cli::options::Global;
use crate::cli::{Stop, candidates};
use crate::content::{Content, path};
use crate::exit::Exit;
use crate::source::{Problem, nearest};
use crate::ui::Ui;

/// Groups in the order of the flow.
const GROUPS: [&str; 5] = ["web_nodes", "logstash_nodes", "kafka_nodes", "elasticsearch_nodes", "kibana_nodes"];

const SETTINGS: &str = "# What dppctl takes for granted in this project; the command line wins.\n\
    inventory = \"inventory/hosts\"\n\n\
    [become]\nenabled = true\n\n\
    [pipeline]\n\
    rabbitmq = \"web_nodes\"\n\
    relay = \"logstash_nodes\"\n\
    kafka = \"kafka_nodes\"\n\
    connect = \"kafka_nodes\"\n\
    elasticsearch = \"elasticsearch_nodes\"\n\
    kibana = \"kibana_nodes\"\n";

const IGNORED: &str = ".dppctl/\n";

/// Options of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Folder of the new project
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Hosts of the pipeline, as they are reached: `web1,kafka1,es1`; one may carry everything
    #[arg(long, value_name = "HOSTS", value_delimiter = ',')]
    hosts: Vec<String>,
    /// Write out a shipped role with its templates instead, to be changed; the project's own role wins
    #[arg(long, value_name = "ROLE", conflicts_with = "hosts", add = ArgValueCompleter::new(candidates::roles))]
    eject: Option<String>,
    /// Tell what of a project of Ansible's runs here, what does not and where, and write the settings it needs
    #[arg(long, value_name = "PATH", conflicts_with_all = ["folder", "hosts", "eject"])]
    from_ansible: Option<PathBuf>,
}

pub(super) fn begin(global: &Global, args: &InitArgs, ui: Ui) -> Result<Exit, Stop> {
    match &args.from_ansible {
        Some(folder) => from_ansible::from_ansible(global, folder, ui),
        None => init(args, ui),
    }
}

fn init(args: &InitArgs, ui: Ui) -> Result<Exit, Stop> {
    if let Some(role) = &args.eject {
        return eject(&args.folder, role, ui);
    }
    let files = [
        ("inventory/hosts", inventory(&args.hosts)),
        ("inventory/group_vars/all.yml", variables(packages_beside().as_deref())),
        ("dppctl.toml", SETTINGS.to_owned()),
        (".gitignore", IGNORED.to_owned()),
    ];
    refuse_to_cover(&args.folder, files.iter().map(|(name, _)| *name))?;
    for (name, text) in &files {
        write(&args.folder.join(name), text.as_bytes(), ui)?;
    }
    ui.story("");
    let go = if args.folder == Path::new(".") { String::new() } else { format!("cd {} && ", args.folder.display()) };
    if args.hosts.is_empty() {
        ui.story(&format!("Name your hosts:   {go}$EDITOR inventory/hosts"));
    }
    ui.story(&format!("Give a password:   {go}$EDITOR inventory/group_vars/all.yml"));
    ui.story(&format!("Look at them:      {go}dppctl doctor"));
    ui.story(&format!("See what would be: {go}dppctl deploy --check"));
    Ok(Exit::Ok)
}

/// Somebody's files are never written over.
fn refuse_to_cover<'a>(folder: &Path, names: impl IntoIterator<Item = &'a str>) -> Result<(), Problem> {
    let there = names.into_iter().map(|name| folder.join(name)).find(|path| path.exists());
    there.map_or(Ok(()), |path| {
        let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let problem = Problem::error("DPP0106", format!("{shown} is there already"));
        Err(problem.help(format!("nothing of yours is written over; name another folder, or move {shown} away")))
    })
}

fn write(path: &Path, bytes: &[u8], ui: Ui) -> Result<(), Stop> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    // What holds variables will hold passwords.
    let mode = if path.components().any(|part| part.as_os_str() == "group_vars") { 0o600 } else { 0o666 };
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode);
    let written = made.and_then(|()| file.open(path)?.write_all(bytes));
    written.map_err(|error| Stop::Trouble(format!("cannot write {}: {error}", path.display())))?;
    ui.story(&format!("wrote {}", path.strip_prefix(".").unwrap_or(path).display()));
    Ok(())
}

/// Writes a shipped role into the project, and the templates that lie under its name.
fn eject(folder: &Path, role: &str, ui: Ui) -> Result<Exit, Stop> {
    let shipped = Content::default();
    let roles: BTreeSet<&str> = shipped.below("roles").filter_map(|path| path.split('/').next()).collect();
    if !roles.contains(role) {
        let problem = Problem::error("DPP0107", format!("there is no shipped role `{role}`"));
        let problem = problem.did_you_mean(nearest(role, roles.iter().copied()));
        return Err(problem.note(format!("roles: {}", Vec::from_iter(roles).join(", "))).into());
    }
    let tops = [format!("roles/{role}"), format!("templates/{role}")];
    let names: Vec<String> =
        tops.iter().flat_map(|top| shipped.below(top).map(move |name| format!("{top}/{name}"))).collect();
    refuse_to_cover(folder, names.iter().map(String::as_str))?;
    for name in &names {
        write(&folder.join(name), shipped.read(&path(name)).unwrap_or_default(), ui)?;
    }
    ui.story("");
    ui.story(&format!("The project's role {role} wins over the shipped one from now on, in this folder and below."));
    Ok(Exit::Ok)
}

fn inventory(hosts: &[String]) -> String {
    let mut text = "# Ansible's own format. The same host may stand in several groups.\n\
        # A host by another name:  es1 ansible_host=10.0.0.12 ansible_user=debian ansible_port=22\n"
        .to_owned();
    let dealt = dealt(hosts.len());
    if let Some(rest) = hosts.get(SIX..).filter(|rest| !rest.is_empty()) {
        text.extend(["\n# Not in a group yet:\n", &rest.join("\n"), "\n"]);
    }
    for (group, places) in GROUPS.iter().zip(dealt) {
        text.extend(["\n[", group, "]\n"]);
        for place in places {
            text.extend([hosts[*place].as_str(), "\n"]);
        }
        if places.is_empty() {
            text += "# HOST\n";
        }
    }
    text
}

/// The largest layout there is: three nodes of Kafka, three of Elasticsearch.
const SIX: usize = 6;

/// Which hosts stand in which group. Neighbours in the flow share one where there are few; Elasticsearch and Kibana stay
/// away from the rest as long as they can.
fn dealt(hosts: usize) -> [&'static [usize]; GROUPS.len()] {
    match hosts {
        0 => [&[]; GROUPS.len()],
        1 => [&[0]; GROUPS.len()],
        2 => [&[0], &[0], &[0], &[1], &[1]],
        3 => [&[0], &[0], &[1], &[2], &[2]],
        4 => [&[0], &[1], &[2], &[3], &[3]],
        5 => [&[0], &[1], &[2], &[3], &[4]],
        _ => [&[0], &[0], &[0, 1, 2], &[3, 4, 5], &[3]],
    }
}

/// What a first deploy cannot do without, and what is likely to be set next.
fn variables(packages: Option<&Path>) -> String {
    let folder = packages.map(|folder| format!(", {}", folder.display())).unwrap_or_default();
    format!(
        "# Variables of all hosts. The rest of them: dppctl init --eject pipeline; roles/pipeline/defaults/main.yml\n\n\
         # The application's password at RabbitMQ, for which there is no default. It belongs into a vault:\n\
         # dppctl vault encrypt-string --name RABBITMQ_PASS\n\
         # RABBITMQ_PASS:\n\n\
         # Where packages come from, the first that has them wins: `upstream`, URLs of mirrors, folders of this machine.\n\
         # dpp-relay and dpp-webapp come from the folder into which `make build` laid them.\n\
         dpp_sources: [upstream{folder}]\n\n\
         # Versions that were run together: newest, zero_loss or documents.\n\
         dpp_stack: newest\n"
    )
}

/// The folder of this programme, if packages lie beside it.
fn packages_beside() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.to_owned();
    let mut entries = std::fs::read_dir(&folder).ok()?.filter_map(Result::ok);
    let relay = entries.any(|entry| entry.file_name().to_string_lossy().starts_with("dpp-relay_"));
    relay.then_some(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::inventory::{Inventory, InventorySource};
    use crate::secret::Vault;

    fn begun(hosts: &[&str]) -> (tempfile::TempDir, Inventory) {
        let folder = tempfile::tempdir().unwrap();
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        init(&InitArgs { folder: folder.path().to_owned(), hosts, eject: None, from_ansible: None }, Ui::plain())
            .unwrap();
        let source = InventorySource::Path(folder.path().join("inventory/hosts"));
        let inventory = Inventory::load(&[source], &Vault::new()).unwrap();
        (folder, inventory)
    }

    #[test]
    fn hosts_are_dealt_along_the_flow() {
        let (_folder, inventory) = begun(&["a", "b", "c"]);
        let groups: Vec<String> = GROUPS.iter().map(|group| inventory.hosts_of(group).join(" ")).collect();
        assert_eq!(groups, ["a", "a", "b", "c", "c"]);
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        for count in 2..=names.len() {
            let (_folder, inventory) = begun(&names[..count]);
            assert_eq!(inventory.hosts().len(), count, "nobody is forgotten");
            assert!(GROUPS.iter().all(|group| !inventory.hosts_of(group).is_empty()));
        }
        let (_folder, inventory) = begun(&["one"]);
        assert!(GROUPS.iter().all(|group| inventory.hosts_of(group) == ["one"]));
        let (_folder, inventory) = begun(&[]);
        assert!(inventory.hosts().is_empty());
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let (folder, _) = begun(&["a"]);
        let args = InitArgs { folder: folder.path().to_owned(), hosts: Vec::new(), eject: None, from_ansible: None };
        assert!(matches!(init(&args, Ui::plain()), Err(Stop::Refused(_))));
        assert!(std::fs::read_to_string(folder.path().join("inventory/hosts")).unwrap().contains("\na\n"));
    }

    #[test]
    fn the_file_for_the_password_is_its_owners_alone() {
        let (folder, _) = begun(&["a"]);
        let variables = folder.path().join("inventory/group_vars/all.yml");
        assert_eq!(std::fs::metadata(variables).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_shipped_role_is_written_out_whole() {
        let folder = tempfile::tempdir().unwrap();
        eject(folder.path(), "kibana", Ui::plain()).unwrap();
        assert!(folder.path().join("roles/kibana/tasks/main.yml").is_file());
        assert!(folder.path().join("templates/kibana/kibana.yml.j2").is_file());
        assert!(matches!(eject(folder.path(), "kibana", Ui::plain()), Err(Stop::Refused(_))));
        let Err(Stop::Refused(problems)) = eject(folder.path(), "kibanna", Ui::plain()) else { panic!() };
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `kibana`?"));
    }
}
