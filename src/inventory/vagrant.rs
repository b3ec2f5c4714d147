//! The machines of a Vagrantfile as an inventory: what `vagrant ssh-config` says of those that are up.
//!
//! Vagrant takes seconds to answer, so its answer is kept until something below `.vagrant/machines` is newer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use crate::inventory::roster::Inventory;
use crate::source::{Place, Problem, Problems, Source};
use crate::value::Value;

/// The machines of one Vagrantfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vagrant {
    /// Where the Vagrantfile lies.
    pub folder: PathBuf,
    /// Which machine is in which groups, as the settings have it.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Whether hosts of other sources lend their groups and variables alone, and are none themselves.
    pub alone: bool,
}

const ANSWER: &str = ".dppctl/vagrant-ssh-config";
/// Keys of machines that are made anew every day do not belong among those of the user's hosts.
const KNOWN_HOSTS: &str = ".dppctl/known_hosts.vagrant";

/// Reads the machines into an inventory.
pub(crate) fn read(vagrant: &Vagrant, inventory: &mut Inventory) -> Result<(), Problems> {
    let machines = Machines::of(&vagrant.folder);
    if machines.names.is_empty() {
        return Err(vec![
            Problem::error("DPP0201", format!("no machine of `{}` was made yet", vagrant.folder.display()))
                .help("make them: vagrant up"),
        ]);
    }
    machines.forget_former_keys(&vagrant.folder);
    let source = answer(&vagrant.folder, &machines).map_err(|problem| vec![problem])?;
    let hosts = entries(&source, &vagrant.folder, inventory);
    for (group, members) in &vagrant.groups {
        for member in members {
            if !hosts.contains(member) {
                inventory.warnings.push(
                    Problem::warning("DPP0210", format!("[vagrant.groups] {group} names `{member}`, which is not up"))
                        .help(format!("vagrant up {member}")),
                );
                continue;
            }
            inventory.join(member, group);
        }
    }
    if vagrant.alone {
        inventory.keep_only(&hosts);
    }
    Ok(())
}

/// What Vagrant keeps of its machines.
struct Machines {
    names: Vec<String>,
    /// When the last one was made.
    made: Option<SystemTime>,
    /// When anything of them changed: a machine that is started again may get another port.
    changed: Option<SystemTime>,
}

impl Machines {
    fn of(folder: &Path) -> Self {
        let mut machines = Self { names: Vec::new(), made: None, changed: None };
        for machine in inside(&folder.join(".vagrant/machines")) {
            for file in inside(&machine).iter().flat_map(|provider| inside(provider)) {
                let time = std::fs::metadata(&file).and_then(|metadata| metadata.modified()).ok();
                machines.changed = machines.changed.max(time);
                if file.file_name().is_some_and(|name| name == "id") {
                    machines.made = machines.made.max(time);
                    machines.names.extend(machine.file_name().map(|name| name.to_string_lossy().into_owned()));
                }
            }
        }
        machines
    }

    /// A machine that was made anew has another key under the same address.
    fn forget_former_keys(&self, folder: &Path) {
        let keys = folder.join(KNOWN_HOSTS);
        let written = std::fs::metadata(&keys).and_then(|metadata| metadata.modified()).ok();
        if written.is_some() && written < self.made {
            // Keys that stay are told of, with their file, by whoever meets them.
            let _ = std::fs::remove_file(keys);
        }
    }
}

/// The paths in a folder, sorted.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort_unstable();
    paths
}

fn answer(folder: &Path, machines: &Machines) -> Result<Arc<Source>, Problem> {
    let kept = folder.join(ANSWER);
    let written = std::fs::metadata(&kept).and_then(|metadata| metadata.modified()).ok();
    if let (true, Ok(text)) = (written > machines.changed, std::fs::read_to_string(&kept)) {
        return Ok(Source::new("vagrant ssh-config", text));
    }
    let text = ask(folder, &machines.names)?;
    // Without the file Vagrant is only asked again.
    let _ = std::fs::create_dir_all(folder.join(".dppctl")).and_then(|()| std::fs::write(&kept, &text));
    Ok(Source::new("vagrant ssh-config", text))
}

fn ask(folder: &Path, machines: &[String]) -> Result<String, Problem> {
    let failed = |cause: String| Problem::error("DPP0207", format!("`vagrant ssh-config` fails: {cause}"));
    let output = Command::new("vagrant")
        .arg("ssh-config")
        .args(machines)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()).help("is Vagrant installed?"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(failed(if said.is_empty() { output.status.to_string() } else { said })
        .help("all of its machines must be up: vagrant status, vagrant up"))
}

/// One `Host` of the answer.
#[derive(Default)]
struct Entry {
    name: String,
    address: Option<(String, Place)>,
    port: Option<(i64, Place)>,
    user: Option<(String, Place)>,
    key: Option<(String, Place)>,
    place: Option<Place>,
}

/// Declares the hosts of an answer, and returns their names.
fn entries(source: &Arc<Source>, folder: &Path, inventory: &mut Inventory) -> Vec<String> {
    let mut found: Vec<Entry> = Vec::new();
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        if let Some((keyword, value)) = line.trim().split_once(char::is_whitespace) {
            let value = value.trim().trim_matches('"');
            let at = start + line.find(value).unwrap_or(0);
            let place = Place::new(source, at..at + value.len());
            if keyword == "Host" {
                found.push(Entry { name: value.to_owned(), place: Some(place), ..Entry::default() });
            } else if let Some(entry) = found.last_mut() {
                entry.take(keyword, value, place);
            }
        }
        start += line.len();
    }
    found.iter().for_each(|entry| entry.declare(folder, inventory));
    found.into_iter().map(|entry| entry.name).collect()
}

impl Entry {
    fn take(&mut self, keyword: &str, value: &str, place: Place) {
        let text = || Some((value.to_owned(), place.clone()));
        match keyword {
            "HostName" => self.address = text(),
            "User" => self.user = text(),
            "Port" => self.port = value.parse().ok().map(|port| (port, place)),
            "IdentityFile" if self.key.is_none() => self.key = text(),
            _ => {}
        }
    }

    /// An address that another source has for the machine is the one by which the machines know each other: it stays.
    fn declare(&self, folder: &Path, inventory: &mut Inventory) {
        let host = inventory.declare_host(&self.name, self.place.as_ref());
        let variables = &mut host.variables;
        if variables.get("ansible_host").is_none() {
            if let Some((address, place)) = &self.address {
                variables.set("ansible_host", Value::plain(address.as_str()), Some(place.clone()));
            }
            if let Some((port, place)) = &self.port {
                variables.set("ansible_port", Value::Int(*port), Some(place.clone()));
            }
        }
        for (name, said) in [("ansible_user", &self.user), ("ansible_ssh_private_key_file", &self.key)] {
            if let Some((value, place)) = said {
                variables.set(name, Value::plain(value.as_str()), Some(place.clone()));
            }
        }
        let keys = folder.join(KNOWN_HOSTS);
        let arguments = format!("-o UserKnownHostsFile={} -o StrictHostKeyChecking=accept-new", keys.display());
        variables.set("ansible_ssh_common_args", Value::plain(arguments), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERED: &str = "Host rmq1\n  HostName 127.0.0.1\n  User vagrant\n  Port 2222\n  \
        UserKnownHostsFile /dev/null\n  IdentityFile \"/p/key one\"\n  IdentityFile /p/second\n  IdentitiesOnly yes\n\n\
        Host kafka1\n  HostName 127.0.0.1\n  User vagrant\n  Port 2200\n  IdentityFile /p/other\n";

    fn variable(inventory: &Inventory, host: &str, name: &str) -> String {
        let value = inventory.hosts[host].variables.get(name).unwrap_or_else(|| panic!("{host} has no {name}"));
        serde_json::Value::from(value).to_string()
    }

    #[test]
    fn each_machine_of_the_answer_is_a_host() {
        let mut inventory = Inventory::empty();
        let hosts = entries(&Source::new("vagrant ssh-config", ANSWERED), Path::new("/p"), &mut inventory);
        assert_eq!(hosts, ["rmq1", "kafka1"]);
        assert_eq!(variable(&inventory, "rmq1", "ansible_port"), "2222");
        assert_eq!(variable(&inventory, "rmq1", "ansible_ssh_private_key_file"), "\"/p/key one\"");
        assert_eq!(variable(&inventory, "kafka1", "ansible_user"), "\"vagrant\"");
        assert!(variable(&inventory, "kafka1", "ansible_ssh_common_args").contains("/p/.dppctl/known_hosts.vagrant"));
    }

    #[test]
    fn an_address_of_another_source_stays() {
        let mut inventory = Inventory::empty();
        let known = inventory.declare_host("rmq1", None);
        known.variables.set("ansible_host", Value::plain("192.168.56.11"), None);
        entries(&Source::new("vagrant ssh-config", ANSWERED), Path::new("/p"), &mut inventory);
        assert_eq!(variable(&inventory, "rmq1", "ansible_host"), "\"192.168.56.11\"");
        assert!(inventory.hosts["rmq1"].variables.get("ansible_port").is_none());
    }

    #[test]
    fn keys_of_machines_that_are_gone_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path(".vagrant/machines/rmq1/libvirt")).unwrap();
        std::fs::create_dir_all(path(".dppctl")).unwrap();
        std::fs::write(path(KNOWN_HOSTS), "old\n").unwrap();
        std::fs::write(path(".vagrant/machines/rmq1/libvirt/id"), "1").unwrap();
        let newer = SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::File::open(path(".vagrant/machines/rmq1/libvirt/id")).unwrap().set_modified(newer).unwrap();
        Machines::of(folder.path()).forget_former_keys(folder.path());
        assert!(!path(KNOWN_HOSTS).exists());
    }

    #[test]
    fn without_a_machine_the_next_command_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let vagrant = Vagrant { folder: folder.path().to_owned(), ..Vagrant::default() };
        let problems = read(&vagrant, &mut Inventory::empty()).unwrap_err();
        assert_eq!(problems[0].help.as_deref(), Some("make them: vagrant up"));
    }
}
