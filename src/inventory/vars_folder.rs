//! The folders `group_vars` and `host_vars`, beside an inventory or beside a playbook.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::inventory::roster::{Inventory, LOCALHOST};
use crate::inventory::variables::Variables;
use crate::secret::Decrypt;
use crate::source::{Problem, Problems, nearest};
use crate::yaml;

/// What the folders stand beside, which decides which of them wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Inventory,
    Playbook,
}

/// `group_vars` and `host_vars` of one place; each name has its files in the order in which they are read.
#[derive(Debug, Clone)]
pub(crate) struct VarsFolder {
    pub(crate) beside: Beside,
    path: PathBuf,
    groups: HashMap<String, Vec<Variables>>,
    hosts: HashMap<String, Vec<Variables>>,
}

impl VarsFolder {
    pub(crate) fn of_group(&self, name: &str) -> &[Variables] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn of_host(&self, name: &str) -> &[Variables] {
        self.hosts.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Inventory {
    pub(crate) fn read_folder(&mut self, path: &Path, beside: Beside, vault: &dyn Decrypt) -> Result<(), Problems> {
        if self.folders.iter().any(|known| known.path == path && known.beside == beside) {
            return Ok(());
        }
        let mut folder = VarsFolder { beside, path: path.to_owned(), groups: HashMap::new(), hosts: HashMap::new() };
        self.fill(&mut folder, vault)?;
        self.warn_of_strangers(path);
        self.folders.push(folder);
        Ok(())
    }

    /// Reads what belongs to groups and hosts that came since.
    pub(crate) fn read_folders_again(&mut self, vault: &dyn Decrypt) -> Result<(), Problems> {
        let mut folders = std::mem::take(&mut self.folders);
        let outcome = folders.iter_mut().try_for_each(|folder| self.fill(folder, vault));
        self.folders = folders;
        outcome
    }

    fn fill(&mut self, folder: &mut VarsFolder, vault: &dyn Decrypt) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let groups = self.groups.keys().map(String::as_str);
        let hosts = self.hosts.keys().map(String::as_str).chain(LOCALHOST);
        let mut warnings = fill_kind(&folder.path.join("group_vars"), groups, &mut folder.groups, vault, &mut problems);
        warnings.extend(fill_kind(&folder.path.join("host_vars"), hosts, &mut folder.hosts, vault, &mut problems));
        self.warnings.extend(warnings);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// A file whose name is nearly that of a group or a host was meant for it.
    fn warn_of_strangers(&mut self, path: &Path) {
        let groups: Vec<&str> = self.groups.keys().map(String::as_str).collect();
        let hosts: Vec<&str> = self.hosts.keys().map(String::as_str).collect();
        let groups = strangers(&path.join("group_vars"), "group", &groups);
        let hosts = strangers(&path.join("host_vars"), "host", &hosts);
        self.warnings.extend(groups.into_iter().chain(hosts));
    }
}

fn fill_kind<'a>(
    folder: &Path,
    names: impl Iterator<Item = &'a str>,
    known: &mut HashMap<String, Vec<Variables>>,
    vault: &dyn Decrypt,
    problems: &mut Problems,
) -> Problems {
    let entries = Entries::of(folder);
    let mut warnings = Problems::new();
    for name in names {
        if known.contains_key(name) {
            continue;
        }
        let Some(chosen) = entries.chosen(name, &mut warnings) else { continue };
        let mut files = Vec::new();
        gather(&chosen, &mut files);
        let mut layers = Vec::new();
        for file in files {
            match read_file(&file, vault) {
                Ok(variables) => layers.push(variables),
                Err(found) => problems.extend(found),
            }
        }
        known.insert(name.to_owned(), layers);
    }
    warnings
}

/// Reads one file of variables.
fn read_file(path: &Path, vault: &dyn Decrypt) -> Result<Variables, Problems> {
    let mut all = Variables::default();
    for document in yaml::read(path, vault)? {
        let Some(variables) = Variables::of_node(&document) else {
            let message = format!("a file of variables holds a mapping, and this is a {}", document.kind());
            return Err(vec![Problem::error("DPP0204", message).at(&document.place, "")]);
        };
        all.extend(&variables);
    }
    Ok(all)
}

/// What lies in a folder; a missing one holds nothing.
struct Entries {
    folder: PathBuf,
    names: Vec<String>,
}

/// In the order in which Ansible tries them; the first that is there is the only one it reads.
const ENDINGS: [&str; 4] = ["", ".yml", ".yaml", ".json"];

impl Entries {
    fn of(folder: &Path) -> Self {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && !name.ends_with('~'))
            .collect();
        names.sort_unstable();
        Self { folder: folder.to_owned(), names }
    }

    fn chosen(&self, name: &str, warnings: &mut Problems) -> Option<PathBuf> {
        let mut present =
            ENDINGS.iter().map(|ending| format!("{name}{ending}")).filter(|file| self.names.contains(file));
        let first = self.folder.join(present.next()?);
        for other in present {
            let other = self.folder.join(other);
            let message = format!("`{}` is not read, because `{}` is", other.display(), first.display());
            warnings.push(
                Problem::warning("DPP0206", message)
                    .help("move it into a folder of the group's name: all files there are read"),
            );
        }
        Some(first)
    }
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let entries = Entries::of(path);
    for name in &entries.names {
        let inner = path.join(name);
        let ending = inner.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        let wanted = if inner.is_dir() { ending.is_empty() } else { ENDINGS.contains(&ending.as_str()) };
        if wanted {
            gather(&inner, files);
        }
    }
}

fn strangers(folder: &Path, what: &str, known: &[&str]) -> Problems {
    let entries = Entries::of(folder);
    let mut problems = Problems::new();
    for file in &entries.names {
        let stem = ENDINGS[1..].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
        if known.contains(&stem) {
            continue;
        }
        if let Some(near) = nearest(stem, known.iter().copied()) {
            let message = format!("`{}` belongs to no {what}: there is none of that name", folder.join(file).display());
            problems.push(Problem::warning("DPP0210", message).did_you_mean(Some(near)));
        }
    }
    problems
}
