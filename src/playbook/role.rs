//! A role: its tasks, handlers, defaults, variables and dependencies, read from its folder.

use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::playbook::argument_specs::EntryPoint;
use crate::playbook::keywords::{variables, wrong};
use crate::playbook::{Item, RoleUse, draft_tasks};
use crate::source::{Place, Problem, Problems};
use crate::value::Map;
use crate::yaml::{self, Node};

/// A role as it was read.
#[derive(Debug)]
pub struct Role {
    /// Its name, as it was asked for.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// `defaults/main.yml`.
    pub defaults: Map,
    /// `vars/main.yml`.
    pub vars: Map,
    /// Roles that run before it.
    pub dependencies: Vec<RoleUse>,
    /// Whether it may run twice in a play with the same parameters.
    pub allow_duplicates: bool,
    /// What cannot be read of its tasks and handlers.
    pub mistakes: Problems,
    /// `tasks/main.yml`.
    pub tasks: Vec<Item>,
    /// `handlers/main.yml`.
    pub handlers: Vec<Item>,
    /// What it says of the arguments it takes.
    pub takes: Option<EntryPoint>,
}

/// Which files of a role are its main ones; `main` when nobody says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleFiles {
    /// Under `tasks/`.
    pub tasks: String,
    /// Under `defaults/`.
    pub defaults: String,
    /// Under `vars/`.
    pub vars: String,
    /// Under `handlers/`.
    pub handlers: String,
    /// The entry point whose arguments are checked, if any is.
    pub checked: Option<String>,
}

impl Default for RoleFiles {
    fn default() -> Self {
        let main = || "main".to_owned();
        Self { tasks: main(), defaults: main(), vars: main(), handlers: main(), checked: Some(main()) }
    }
}

impl RoleFiles {
    /// The same with each name rendered.
    ///
    /// # Errors
    /// What the renderer says.
    pub fn rendered<E>(&self, render: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(Self {
            tasks: render(&self.tasks)?,
            defaults: render(&self.defaults)?,
            vars: render(&self.vars)?,
            handlers: render(&self.handlers)?,
            checked: self.checked.as_deref().map(&render).transpose()?,
        })
    }
}

impl Role {
    /// Reads a role from its folder.
    pub fn read(files: &dyn Files, name: &str, folder: &Path, main: &RoleFiles) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut keep =
            |outcome: Result<Map, Problems>| outcome.map_err(|more| problems.extend(more)).unwrap_or_default();
        let defaults = keep(vars_of(files, &folder.join("defaults"), &main.defaults));
        let vars = keep(vars_of(files, &folder.join("vars"), &main.vars));
        let (dependencies, allow_duplicates) =
            meta(files, folder).map_err(|more| problems.extend(more)).unwrap_or_default();
        let takes = main.checked.as_deref().map_or(Ok(None), |name| EntryPoint::read(files, folder, name));
        let takes = takes.map_err(|more| problems.extend(more)).unwrap_or_default();
        let mut mistakes = Problems::new();
        let mut tasks_of = |part: &str, main: &str| {
            let Some(path) = yaml_file(files, &folder.join(part), main) else { return Vec::new() };
            let (items, more) = draft_tasks(files, &path).unwrap_or_else(|problems| (Vec::new(), problems));
            mistakes.extend(more);
            items
        };
        let (tasks, handlers) = (tasks_of("tasks", &main.tasks), tasks_of("handlers", &main.handlers));
        if !problems.is_empty() {
            return Err(problems);
        }
        let folder = folder.to_owned();
        let name = name.to_owned();
        Ok(Self { name, folder, defaults, vars, dependencies, allow_duplicates, mistakes, tasks, handlers, takes })
    }

    /// Finds a role's folder: a path, or a name in one of the folders of roles.
    pub fn find(files: &dyn Files, name: &str, search: &[PathBuf], at: &Place) -> Result<PathBuf, Problem> {
        let candidates = search.iter().map(|folder| folder.join(name)).chain([PathBuf::from(name)]);
        // A collection's role is looked for under its last name too.
        let short = name.rsplit('.').next().filter(|short| *short != name);
        let short = short.into_iter().flat_map(|short| search.iter().map(move |folder| folder.join(short)));
        candidates.chain(short).find(|folder| files.is_folder(folder)).ok_or_else(|| {
            let searched: Vec<_> = search.iter().map(|folder| folder.display().to_string()).collect();
            Problem::error("DPP0107", format!("there is no role `{name}`"))
                .at(at, "not found")
                .note(format!("looked in {}", searched.join(", ")))
        })
    }
}

/// A file of a role by its main name: `main`, `main.yml`, `main.yaml`; a folder of this name holds several.
pub(super) fn yaml_file(files: &dyn Files, folder: &Path, main: &str) -> Option<PathBuf> {
    let names = [main.to_owned(), format!("{main}.yml"), format!("{main}.yaml"), format!("{main}.json")];
    names.into_iter().map(|name| folder.join(name)).find(|path| files.is_file(path))
}

/// Reads a file of variables; an empty one has none.
pub fn vars_file(files: &dyn Files, path: &Path) -> Result<Map, Problems> {
    let documents = yaml::load(files, path)?;
    match documents.first() {
        None => Ok(Map::new()),
        Some(node) if node.is_null() => Ok(Map::new()),
        Some(node) => variables(node).map_err(|problem| vec![problem]),
    }
}

fn vars_of(files: &dyn Files, folder: &Path, main: &str) -> Result<Map, Problems> {
    yaml_file(files, folder, main).map_or_else(|| Ok(Map::new()), |path| vars_file(files, &path))
}

fn meta(files: &dyn Files, folder: &Path) -> Result<(Vec<RoleUse>, bool), Problems> {
    let Some(path) = yaml_file(files, &folder.join("meta"), "main") else { return Ok((Vec::new(), false)) };
    let documents = yaml::load(files, &path)?;
    let Some(node) = documents.first().filter(|node| !node.is_null()) else { return Ok((Vec::new(), false)) };
    let twice = node.get("allow_duplicates").is_some_and(|node| node.to_value().as_bool() == Some(true));
    let uses = match node.get("dependencies") {
        None => Vec::new(),
        Some(node) if node.is_null() => Vec::new(),
        Some(node) => dependencies(node)?,
    };
    Ok((uses, twice))
}

fn dependencies(node: &Node) -> Result<Vec<RoleUse>, Problems> {
    let Some(items) = node.as_list() else { return Err(vec![wrong(node, "a list of roles")]) };
    items.iter().map(|node| RoleUse::read(node).map_err(|problem| vec![problem])).collect()
}
