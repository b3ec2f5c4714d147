//! Finds mistakes before a run does: everything a plan refuses, modules nobody knows, templates that cannot be rendered,
//! variables that nobody sets. It contacts nothing and changes nothing.

mod codes;
mod names;
mod tasks;
mod templates;
mod undefined;

use std::collections::HashSet;
use std::path::PathBuf;

use crate::inventory::Inventory;
use crate::plan::{Catalogue, PlanRequest, PlayPlan, Selection, build};
use crate::playbook::{Files, read_tasks};
use crate::source::{Problem, Problems};
use crate::template::Templates;
use crate::value::{Map, Text};

pub use codes::{CODES, explain};

/// What is looked through.
pub struct Lint<'a> {
    /// Where files are read from.
    pub files: &'a dyn Files,
    /// The same files, as folders that can be listed.
    pub tree: &'a dyn crate::template::Files,
    /// Playbooks.
    pub playbooks: &'a [PathBuf],
    /// Files of tasks that no playbook leads to.
    pub task_files: &'a [PathBuf],
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
        let mut problems = Problems::new();
        for playbook in self.playbooks {
            self.playbook(playbook, &mut problems);
        }
        for file in self.task_files {
            if let Err(found) = read_tasks(self.files, file) {
                problems.extend(found);
            }
        }
        let mut seen = HashSet::new();
        problems.retain(|problem| {
            let place = problem.at.as_ref().map(|(place, _)| place.to_string());
            seen.insert((problem.code, place, problem.message.clone()))
        });
        problems
    }

    fn playbook(&self, playbook: &PathBuf, problems: &mut Problems) {
        let select = |pattern: &str| self.hosts(pattern);
        let plan = build(&PlanRequest {
            files: self.files,
            playbooks: std::slice::from_ref(playbook),
            roles: self.roles,
            catalogue: self.catalogue,
            selection: &Selection { tags: vec!["all".to_owned(), "never".to_owned()], skip: Vec::new() },
            extra: self.extra,
            select: &select,
            render: self.render,
        });
        match plan {
            Ok(plan) => {
                problems.extend(plan.warnings);
                plan.plays.iter().for_each(|play| self.play(play, problems));
            }
            Err(found) => problems.extend(found),
        }
    }

    /// The hosts of a play. A group without hosts is no mistake here: its tasks are looked through all the same.
    fn hosts(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let hosts = self.inventory.map(|inventory| inventory.matching(pattern)).transpose()?.unwrap_or_default();
        Ok(if hosts.is_empty() { vec![NOBODY.to_owned()] } else { hosts })
    }

    fn play(&self, play: &PlayPlan, problems: &mut Problems) {
        let tasks = tasks::of(play);
        let undefined = undefined::Undefined::of(self, play, &tasks);
        for task in &tasks {
            if !self.catalogue.knows(task.task.short_action()) {
                problems.push(unknown_module(self.catalogue, task));
            }
            templates::check(self, play, task, &undefined, problems);
        }
    }
}

/// Stands for the hosts of a play that has none.
const NOBODY: &str = "(no host)";

fn unknown_module(catalogue: &Catalogue, step: &crate::plan::TaskStep) -> Problem {
    let action = &step.task.action;
    let problem = Problem::error("DPP0103", format!("there is no module `{action}`"));
    let problem = problem.at(&step.task.action_place, "not known");
    match catalogue.nearest(step.task.short_action()) {
        Some(near) => problem.did_you_mean(Some(near)),
        None => problem.help("modules in Python cannot be run; `command` and `script` can do what they did"),
    }
}

#[cfg(test)]
mod tests;
