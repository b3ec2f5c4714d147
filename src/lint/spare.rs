//! What is written and has no effect: variables of roles that nothing uses, handlers that nothing notifies. Remarks only,
//! for nothing breaks by them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::files::{FileKind, Files};
use crate::lint::{Lint, Met};
use crate::plan::{Handler, PlayPlan, TaskStep};
use crate::source::{Place, Problem, Problems};
use crate::value::Text;
use crate::yaml;

/// How names of variables are made in a run: with one of these about, nobody can tell which are used.
const BY_NAME: &[&str] =
    &["varnames", "lookup('vars'", "lookup(\"vars\"", "query('vars'", "vars[", "hostvars[inventory_hostname]["];
/// More of a role is not looked through.
const DEEPEST: usize = 8;

/// Remarks on handlers of a play that no task of it wakes.
pub(super) fn handlers(play: &PlayPlan, tasks: &[impl AsRef<TaskStep>], problems: &mut Problems) {
    let notified: Vec<&str> = tasks.iter().flat_map(|task| &task.as_ref().task.notify).map(Text::as_str).collect();
    let is_open = |name: &str| name.contains("{{");
    // What an include or a module brings may notify, too.
    let brings = tasks.iter().any(|task| task.as_ref().task.short_action().starts_with("include"));
    if brings || notified.iter().any(|name| is_open(name)) {
        return;
    }
    let is_woken = |handler: &&Handler| {
        let names = [handler.step.title()].into_iter().chain(handler.listen.iter().map(String::as_str));
        names
            .into_iter()
            .any(|name| is_open(name) || notified.iter().any(|asked| asked.rsplit(" : ").next() == Some(name)))
    };
    // Handlers of a role are for whoever uses the role.
    let own = play.handlers.iter().filter(|handler| handler.step.role.is_none());
    for handler in own.filter(|handler| !is_woken(handler)) {
        let words = format!("nothing notifies the handler `{}`", handler.step.title());
        problems.push(Problem::remark("DPP0117", words).at(&handler.step.task.place, ""));
    }
}

/// Remarks on variables that stand in a role's files and nowhere else.
pub(super) fn variables(lint: &Lint, met: &Met, problems: &mut Problems) {
    if lint.vars_files.is_empty() {
        return;
    }
    let texts = texts(lint, met);
    if texts.iter().any(|text| BY_NAME.iter().any(|way| text.contains(way))) {
        return;
    }
    let mut uses: HashMap<&str, usize> = HashMap::new();
    texts.iter().flat_map(|text| words(text)).for_each(|word| *uses.entry(word).or_default() += 1);
    let mut set: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for path in lint.vars_files {
        for (name, place) in names(lint.files, path) {
            set.entry(name).or_default().push(place);
        }
    }
    for (name, places) in
        set.iter().filter(|(name, places)| uses.get(name.as_str()).is_none_or(|uses| *uses <= places.len()))
    {
        let words = format!("nothing uses the variable `{name}`");
        problems.push(Problem::remark("DPP0116", words).at(&places[0], ""));
    }
}

/// The names that a file of variables sets; an encrypted one is left alone.
fn names(files: &dyn Files, path: &Path) -> Vec<(String, Place)> {
    if files.is_sealed(path) {
        return Vec::new();
    }
    let documents = yaml::load(files, path).unwrap_or_default();
    let entries = documents.first().and_then(|node| node.as_map()).unwrap_or_default();
    entries.iter().map(|(key, _)| (key.text.clone(), key.place.clone())).collect()
}

/// Everything that may use a variable: what plays led to, and all of the roles that have variables.
fn texts(lint: &Lint, met: &Met) -> Vec<String> {
    let mut paths: HashSet<PathBuf> = met.files.clone();
    let mut add = |path: &Path| paths.extend(lint.files.real(path));
    lint.playbooks
        .iter()
        .chain(lint.task_files)
        .chain(lint.template_files)
        .chain(lint.vars_files)
        .for_each(|path| add(path));
    let mut below = Vec::new();
    let roles: HashSet<&Path> = lint.vars_files.iter().filter_map(|path| path.parent()?.parent()).collect();
    for part in ["tasks", "handlers", "templates", "files", "meta"] {
        roles.iter().for_each(|role| gather(lint.files, &role.join(part), 0, &mut below));
    }
    below.iter().for_each(|path| add(path));
    let of_files = paths.iter().filter_map(|path| lint.files.read(path).ok());
    let mut texts: Vec<String> = of_files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
    texts.extend(of_inventory(lint));
    texts
}

/// Values of the inventory may be templates of a role's variables.
fn of_inventory(lint: &Lint) -> Vec<String> {
    let Some(inventory) = lint.inventory else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut texts = Vec::new();
    for host in inventory.hosts() {
        for layer in inventory.layers(host) {
            if seen.insert(std::ptr::from_ref(layer.variables)) {
                texts.extend(layer.variables.values().values().map(|value| serde_json::Value::from(value).to_string()));
            }
        }
    }
    texts
}

fn gather(files: &dyn Files, folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in files.list(folder) {
        match files.kind(&path) {
            FileKind::File => found.push(path),
            FileKind::Folder if depth < DEEPEST => gather(files, &path, depth + 1, found),
            _ => {}
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.filter(|word| !word.is_empty())
}
