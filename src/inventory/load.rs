//! From what follows `-i` to an inventory: files, folders of files, programmes, lists of names, Vagrant, OpenSSH.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::inventory::pattern::Matcher;
use crate::inventory::range::expand;
use crate::inventory::roster::Inventory;
use crate::inventory::vagrant::Vagrant;
use crate::inventory::vars_folder::Beside;
use crate::inventory::{ini, script, vagrant, yaml_form};
use crate::secret::{Decrypt, HEADER};
use crate::source::{Place, Problem, Problems, Source, nearest};
use crate::value::Value;
use crate::yaml;

/// One thing to read hosts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventorySource {
    /// A file, or a folder of which every file is read.
    Path(PathBuf),
    /// Names with commas between them: `web1,db1:2222,`.
    Names(String),
    /// The machines of a Vagrantfile.
    Vagrant(Vagrant),
    /// Hosts that OpenSSH's configuration names.
    OpenSsh {
        /// Which of them: `web*`, several with commas.
        pattern: String,
        /// All of them.
        names: Vec<String>,
    },
}

/// A word that stands for Vagrant, and is not taken for a path.
pub const VAGRANT: &str = "vagrant";
/// What stands before a pattern of hosts of OpenSSH's configuration.
pub const OPEN_SSH: &str = "ssh:";

impl InventorySource {
    /// Reads what follows `-i`: with a comma it is a list of names, else a path.
    pub fn parse(text: &str) -> Self {
        if text.contains(',') { Self::Names(text.to_owned()) } else { Self::Path(text.into()) }
    }
}

impl Inventory {
    /// Reads all sources, the later over the earlier, with the `group_vars` and `host_vars` beside them.
    pub fn load(sources: &[InventorySource], vault: &dyn Decrypt) -> Result<Self, Problems> {
        let mut inventory = Self::empty();
        let mut problems = Problems::new();
        for source in sources {
            if let Err(found) = inventory.read_source(source, vault) {
                problems.extend(found);
            }
        }
        if problems.is_empty() {
            inventory.settle()?;
            for source in sources {
                let Some(folder) = folder_of(source) else { continue };
                if let Err(found) = inventory.read_folder(&folder, Beside::Inventory, vault) {
                    problems.extend(found);
                }
                inventory.folder.get_or_insert(folder);
            }
        }
        if problems.is_empty() { Ok(inventory) } else { Err(problems) }
    }

    fn read_source(&mut self, source: &InventorySource, vault: &dyn Decrypt) -> Result<(), Problems> {
        match source {
            InventorySource::Names(names) => self.read_names(names),
            InventorySource::Vagrant(vagrant) => vagrant::read(vagrant, self),
            InventorySource::OpenSsh { pattern, names } => self.read_open_ssh(pattern, names),
            InventorySource::Path(path) if path.is_dir() => self.read_all(path, vault),
            InventorySource::Path(path) if path.exists() => self.read_file(path, vault),
            InventorySource::Path(path) => Err(vec![missing(path)]),
        }
    }

    fn read_names(&mut self, names: &str) -> Result<(), Problems> {
        let source = Source::new("--inventory", names);
        let mut start = 0;
        for name in names.split(',') {
            let range = start..start + name.len();
            start = range.end + 1;
            if name.trim().is_empty() {
                continue;
            }
            let place = Place::new(&source, range);
            let (hosts, port) = expand(name.trim()).map_err(|cause| {
                vec![Problem::error("DPP0202", format!("cannot read `{}`: {cause}", name.trim())).at(&place, "")]
            })?;
            for host in hosts {
                let declared = self.declare_host(&host, Some(&place));
                if let Some(port) = port {
                    declared.variables.set("ansible_port", Value::Int(port.into()), Some(place.clone()));
                }
                self.join(&host, "ungrouped");
            }
        }
        Ok(())
    }

    fn read_open_ssh(&mut self, pattern: &str, names: &[String]) -> Result<(), Problems> {
        let source = Source::new("--inventory", format!("{OPEN_SSH}{pattern}"));
        let mut start = OPEN_SSH.len();
        let mut problems = Problems::new();
        for part in pattern.split(',') {
            let place = Place::new(&source, start..start + part.len());
            start += part.len() + 1;
            let matcher = match Matcher::of(part) {
                Ok(matcher) => matcher,
                Err(problem) => {
                    problems.push(problem.at(&place, ""));
                    continue;
                }
            };
            let mut found = names.iter().filter(|name| matcher.is_match(name)).peekable();
            if found.peek().is_none() && !part.is_empty() {
                let problem = Problem::error("DPP0203", format!("OpenSSH's configuration names no host `{part}`"));
                let near = nearest(part, names.iter().map(String::as_str));
                problems.push(problem.at(&place, "").did_you_mean(near));
            }
            for name in found {
                self.declare_host(name, Some(&place));
                self.join(name, "ungrouped");
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn read_all(&mut self, folder: &Path, vault: &dyn Decrypt) -> Result<(), Problems> {
        let entries = std::fs::read_dir(folder)
            .map_err(|error| vec![Problem::error("DPP0201", format!("cannot read `{}`: {error}", folder.display()))])?;
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort_unstable();
        let mut problems = Problems::new();
        let mut read = 0;
        for name in names.iter().filter(|name| !is_reserved(name)) {
            let path = folder.join(name);
            if let Some(ending) = IGNORED.iter().find(|ending| name.ends_with(**ending)) {
                self.warn_of_ignored(&path, ending);
                continue;
            }
            read += 1;
            if let Err(found) = self.read_source(&InventorySource::Path(path), vault) {
                problems.extend(found);
            }
        }
        if read == 0 {
            problems.push(
                Problem::error("DPP0201", format!("no inventory file in the folder `{}`", folder.display()))
                    .help("put a file `hosts` or `hosts.yml` there, or name a file: -i FILE"),
            );
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Ansible passes over these in silence, and nobody expects it of an INI file.
    fn warn_of_ignored(&mut self, path: &Path, ending: &str) {
        if [".ini", ".cfg"].contains(&ending) {
            let message = format!("`{}` is not read: in a folder Ansible passes over *{ending}", path.display());
            self.warnings.push(
                Problem::warning("DPP0208", message).help("take the ending off, or name the file itself with -i"),
            );
        }
    }

    fn read_file(&mut self, path: &Path, vault: &dyn Decrypt) -> Result<(), Problems> {
        if is_programme(path) {
            self.files.push(path.to_owned());
            return script::read(path, self, vault);
        }
        let mut source = yaml::open(path).map_err(|problem| vec![problem])?;
        if source.text().starts_with(HEADER) {
            let place = Place::new(&source, 0..HEADER.len());
            let text = vault.decrypt(source.text()).map_err(|error| {
                let problem =
                    Problem::error(error.code(), format!("cannot read the inventory `{}`: {error}", path.display()));
                vec![problem.at(&place, "").help(error.help().unwrap_or("see it with `dppctl vault view`"))]
            })?;
            source = Source::new(source.name(), text.as_str());
        }
        self.files.push(path.to_owned());
        match form(path, &source)? {
            Form::Ini => ini::read(&source, self),
            Form::Yaml => yaml_form::read(&source, self, vault),
        }
    }
}

enum Form {
    Ini,
    Yaml,
}

/// By its ending; without one, by its first line that says something.
fn form(path: &Path, source: &Arc<Source>) -> Result<Form, Problems> {
    if source.text().starts_with("#!") {
        return Err(vec![
            Problem::error("DPP0207", format!("`{}` is a script that must not be run", path.display()))
                .help(format!("chmod +x {}", path.display())),
        ]);
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("yml" | "yaml" | "json") => Ok(Form::Yaml),
        Some("toml") => Err(vec![
            Problem::error("DPP0207", format!("`{}` is TOML, and inventories are read as INI or YAML", path.display()))
                .help("convert it: ansible-inventory -i FILE --list --yaml > hosts.yml"),
        ]),
        Some(_) => Ok(Form::Ini),
        None => {
            let mut lines = source.text().lines().map(str::trim);
            let first = lines.find(|line| !line.is_empty() && !line.starts_with(['#', ';'])).unwrap_or_default();
            let first = first.split(" #").next().unwrap_or(first).trim_end();
            let is_yaml = first == "---" || first.starts_with('{') || first.ends_with(':') && !first.starts_with('[');
            Ok(if is_yaml { Form::Yaml } else { Form::Ini })
        }
    }
}

/// What Ansible passes over in a folder of inventories.
const IGNORED: [&str; 13] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry"];

fn is_reserved(name: &str) -> bool {
    name.starts_with('.') || ["group_vars", "host_vars", "vars_plugins"].contains(&name)
}

fn folder_of(source: &InventorySource) -> Option<PathBuf> {
    match source {
        InventorySource::Path(path) if path.is_dir() => Some(path.clone()),
        InventorySource::Path(path) => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Some(parent.to_owned()),
            _ => Some(PathBuf::from(".")),
        },
        InventorySource::Names(_) | InventorySource::OpenSsh { .. } => None,
        InventorySource::Vagrant(vagrant) => Some(vagrant.folder.clone()),
    }
}

/// A file that may be run and looks like a programme; many a hosts file has the right by accident.
fn is_programme(path: &Path) -> bool {
    let may_run = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0);
    let mut head = [0; 4];
    let read = may_run.then(|| std::fs::File::open(path).and_then(|mut file| file.read(&mut head)));
    matches!(read, Some(Ok(_))) && (head.starts_with(b"#!") || head == *b"\x7fELF")
}

fn missing(path: &Path) -> Problem {
    let problem = Problem::error("DPP0201", format!("no inventory `{}`", path.display()));
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    if nearest(&wanted, [VAGRANT]).is_some() {
        return problem.did_you_mean(Some(VAGRANT));
    }
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{}`?", path.with_file_name(near).display())),
        None => problem.help(format!(
            "`dppctl init` writes a first one; a single host needs a comma behind it: -i {},",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::NoPassword;

    fn open_ssh(pattern: &str) -> Result<Inventory, Problems> {
        let names = ["web1", "web2", "db1"].map(str::to_owned).to_vec();
        Inventory::load(&[InventorySource::OpenSsh { pattern: pattern.to_owned(), names }], &NoPassword)
    }

    #[test]
    fn hosts_of_openssh_are_taken_by_patterns() {
        assert_eq!(open_ssh("web*").unwrap().hosts(), ["web1", "web2"]);
        assert_eq!(open_ssh("db1,~web[2]").unwrap().hosts(), ["db1", "web2"]);
        let problems = open_ssh("web1,bd1").unwrap_err();
        let place = &problems[0].at.as_ref().unwrap().0;
        assert_eq!((place.text(), problems[0].help.as_deref()), ("bd1", Some("did you mean `db1`?")));
    }

    #[test]
    fn several_sources_make_one_inventory_and_the_later_wins() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
            InventorySource::Path(folder.path().join(name))
        };
        let one = write("one", "[kafka]\nk1 heap=1g\n");
        write("two/b.yml", "kafka: {hosts: {k1: {heap: 2g}, k2: }}\n");
        write("two/a", "[elastic]\nes1\n");
        let two = InventorySource::Path(folder.path().join("two"));
        let inventory = Inventory::load(&[one, two, InventorySource::parse("extra1,extra2,")], &NoPassword).unwrap();
        assert_eq!(inventory.hosts_of("kafka"), ["k1", "k2"]);
        assert_eq!(inventory.hosts_of("ungrouped"), ["extra1", "extra2"]);
        assert_eq!(inventory.hosts_of("elastic"), ["es1"]);
        let heap = inventory.hosts["k1"].variables.get("heap").and_then(Value::as_str);
        assert_eq!(heap, Some("2g"));
    }

    #[test]
    fn what_is_no_inventory_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            let source = InventorySource::Path(folder.path().join(name));
            Inventory::load(&[source], &NoPassword).unwrap_err().remove(0)
        };
        assert!(refused("hosts.toml", "[kafka]\n").message.ends_with("inventories are read as INI or YAML"));
        assert!(refused("script", "#!/bin/sh\n").help.unwrap().starts_with("chmod +x "));
        let misspelt = InventorySource::parse("vagrnat");
        let problem = Inventory::load(&[misspelt], &NoPassword).unwrap_err().remove(0);
        assert_eq!(problem.help.as_deref(), Some("did you mean `vagrant`?"));
    }

    #[test]
    fn what_ansible_inventory_prints_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts.json");
        let text = "{\"_meta\": {\"hostvars\": {\"k1\": {\"x\": 1}}}, \"all\": {\"children\": [\"kafka\"]}, \"kafka\": {\"hosts\": [\"k1\"]}}";
        std::fs::write(&path, text).unwrap();
        let inventory = Inventory::load(&[InventorySource::Path(path)], &NoPassword).unwrap();
        assert_eq!((inventory.hosts(), inventory.hosts_of("kafka")), (vec!["k1"], vec!["k1"]));
    }
}
