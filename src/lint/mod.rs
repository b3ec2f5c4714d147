//! Finds mistakes before a run does: everything a plan refuses, modules nobody knows, templates that cannot be rendered,
//! variables that nobody sets, handlers that are not there. It contacts nothing and changes nothing.

mod codes;
mod idle;
mod names;
mod seen;
mod spare;
mod stray;
mod tasks;
mod templates;
mod undefined;

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::inventory::Inventory;
use crate::plan::{Catalogue, PlanRequest, PlayPlan, Selection, TaskStep, draft, unknown_handler};
use crate::source::{Place, Problem, Problems};
use crate::template::Templates;
use crate::value::{Map, Text};

pub use codes::{CODES, explain};
pub use seen::Seen;
pub use templates::is_unknown_name;

/// What is looked through.
pub struct Lint<'a> {
    /// Where files are read from.
    pub files: &'a dyn Files,
    /// Playbooks.
    pub playbooks: &'a [PathBuf],
    /// Files of tasks; those that no playbook leads to are looked through by themselves.
    pub task_files: &'a [PathBuf],
    /// Template files; those that no task names are looked through by themselves.
    pub template_files: &'a [PathBuf],
    /// Files of variables of roles.
    pub vars_files: &'a [PathBuf],
    /// Folders of roles.
    pub roles: &'a [PathBuf],
    /// Known actions.
    pub catalogue: &'a Catalogue,
    /// What renders.
    pub templates: &'a Templates,
    /// Variables of the command line.
    pub extra: &'a Map,
    /// Hosts and their variables; without them nobody can say what is undefined.
    pub inventory: Option<&'a Inventory>,
    /// Renders names of files and roles.
    pub render: &'a dyn Fn(&Text, &[&Map]) -> Result<String, Problem>,
}

impl Lint<'_> {
    /// All mistakes, in the order in which they stand, each once.
    pub fn run(&self) -> Problems {
        self.look().0
    }

    /// The same, with all tasks that were looked through.
    pub fn look(&self) -> (Problems, Seen) {
        let mut problems = Problems::new();
        let mut met = Met::default();
        for playbook in self.playbooks {
            self.playbook(playbook, &mut met, &mut problems);
        }
        stray::check(self, &mut met, &mut problems);
        spare::variables(self, &met, &mut problems);
        as_they_stand(&mut problems);
        let mut seen = HashSet::new();
        problems.retain(|problem| {
            let place = problem.at.as_ref().map(|(place, _)| place.to_string());
            seen.insert((problem.code, place, problem.message.clone()))
        });
        (problems, met.seen)
    }

    fn playbook(&self, playbook: &PathBuf, met: &mut Met, problems: &mut Problems) {
        let patterns = RefCell::new(Problems::new());
        let select = |pattern: &str| {
            Ok(self.hosts(pattern).unwrap_or_else(|problem| {
                patterns.borrow_mut().push(problem);
                vec![NOBODY.to_owned()]
            }))
        };
        let (plan, errors) = draft(&PlanRequest {
            files: self.files,
            playbooks: std::slice::from_ref(playbook),
            roles: self.roles,
            catalogue: self.catalogue,
            selection: &everything(),
            templates: self.templates,
            seed: 0,
            follows_includes: true,
            extra: self.extra,
            select: &select,
            render: self.render,
        });
        problems.extend(patterns.into_inner());
        problems.extend(errors);
        problems.extend(plan.warnings);
        met.seen.plays += plan.plays.len();
        plan.plays.iter().for_each(|play| self.play(play, met, problems));
    }

    /// The hosts of a play. A group without hosts is no mistake here: its tasks are looked through all the same.
    fn hosts(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let hosts = self.inventory.map(|inventory| inventory.matching(pattern)).transpose()?.unwrap_or_default();
        Ok(if hosts.is_empty() { vec![NOBODY.to_owned()] } else { hosts })
    }

    fn play(&self, play: &PlayPlan, met: &mut Met, problems: &mut Problems) {
        let tasks = tasks::of(play);
        let undefined = undefined::Undefined::of(self, play, &tasks);
        for task in &tasks {
            met.file(self.files, &task.task.place);
            met.seen.task(&task.task, self.catalogue);
            let file = task.template_file(self.files, &play.folder);
            if let Some(file) = &file {
                met.file(self.files, &Place::new(&file.source, 0..0));
            }
            problems.extend(unknown_module(self.catalogue, task));
            problems.extend(task.task.notify.iter().filter_map(|name| unknown_handler(play, name)));
            templates::check(self, task, file.as_ref(), Some(&undefined), problems);
            idle::check(self, task, problems);
        }
        spare::handlers(play, &tasks, problems);
    }
}

/// Files that were looked through as parts of plays.
#[derive(Debug, Default)]
struct Met {
    names: HashSet<String>,
    files: HashSet<PathBuf>,
    seen: Seen,
}

impl Met {
    fn file(&mut self, files: &dyn Files, place: &Place) {
        let name = place.source().name();
        if !self.names.contains(name) {
            self.names.insert(name.to_owned());
            self.files.extend(files.real(Path::new(name)));
        }
    }

    fn has(&self, files: &dyn Files, path: &Path) -> bool {
        files.real(path).is_some_and(|path| self.files.contains(&path))
    }
}

/// File by file in the order in which they were met, and from the top to the bottom of each.
fn as_they_stand(problems: &mut Problems) {
    let mut files: Vec<String> = Vec::new();
    let mut key = |problem: &Problem| {
        let Some((place, _)) = &problem.at else { return (0, 0) };
        let name = place.source().name();
        let at = files.iter().position(|known| known == name).unwrap_or_else(|| {
            files.push(name.to_owned());
            files.len() - 1
        });
        (at + 1, place.range().start)
    };
    problems.sort_by_cached_key(&mut key);
}

/// All tasks, whatever their tags.
fn everything() -> Selection {
    Selection { tags: vec!["all".to_owned(), "never".to_owned()], skip: Vec::new() }
}

/// Stands for the hosts of a play that has none.
const NOBODY: &str = "(no host)";

fn unknown_module(catalogue: &Catalogue, step: &TaskStep) -> Option<Problem> {
    let action = &step.task.action;
    if catalogue.knows(step.task.short_action()) {
        return None;
    }
    // A stranger fails when it would run, if it ever does; the plan has told of what is a slip of the pen.
    let problem = Problem::warning("DPP0103", format!("there is no module `{action}`"));
    let problem = problem.at(&step.task.action_place, "not known");
    Some(match catalogue.nearest(step.task.short_action()) {
        Some(near) => problem.did_you_mean(Some(near)),
        None => problem.help("modules in Python cannot be run; `command` and `script` can do what they did"),
    })
}

#[cfg(test)]
mod tests;
