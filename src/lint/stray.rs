//! Files that no playbook leads to: tasks, templates and variables of roles that nobody uses yet, or that are chosen in
//! the run. Nobody can tell what is undefined there; all else is told as everywhere.

use std::path::Path;
use std::sync::Arc;

use crate::lint::{Lint, Met, everything, idle, tasks, templates, unknown_module};
use crate::plan::{Compiler, Ground, Surrounding};
use crate::playbook::{Keywords, read_tasks, vars_file};
use crate::source::{Problem, Problems};
use crate::template::FileOptions;
use crate::value::{Map, Text};

/// Adds what is wrong with them.
pub(super) fn check(lint: &Lint, met: &mut Met, problems: &mut Problems) {
    for path in lint.task_files.iter().filter(|path| !met.has(lint.files, path)).collect::<Vec<_>>() {
        tasks_of(lint, path, met, problems);
    }
    for path in lint.template_files.iter().filter(|path| !met.has(lint.files, path)) {
        template(lint, path, problems);
    }
    for path in lint.vars_files {
        problems.extend(vars_file(lint.files, path).err().into_iter().flatten());
    }
}

fn tasks_of(lint: &Lint, path: &Path, met: &mut Met, problems: &mut Problems) {
    let items = match read_tasks(lint.files, path) {
        Ok(items) => items,
        Err(found) => return problems.extend(found),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let role = folder.parent().unwrap_or(Path::new(""));
    let selection = everything();
    let ground = Ground {
        files: lint.files,
        roles: lint.roles,
        catalogue: lint.catalogue,
        selection: &selection,
        templates: lint.templates,
        playbook: role,
        follows_includes: false,
    };
    let render = |text: &Text, params: &[Arc<Map>]| {
        let levels: Vec<&Map> = params.iter().map(Arc::as_ref).chain([lint.extra]).collect();
        (lint.render)(text, &levels)
    };
    let mut compiler = Compiler::new(ground, &render);
    let outside = Surrounding {
        keywords: Keywords::default(),
        role: None,
        folder: folder.to_owned(),
        params: Vec::new(),
        depth: 0,
    };
    let steps = compiler.steps(&items, &outside);
    problems.extend(compiler.problems.into_iter().filter(is_certain));
    for step in tasks::in_steps(&steps) {
        let file = step.template_file(lint.files, role);
        problems.extend(unknown_module(lint.catalogue, &step));
        met.seen.task(&step.task, lint.catalogue);
        templates::check(lint, &step, file.as_ref(), None, problems);
        idle::check(lint, &step, problems);
    }
}

/// An import whose name is made of a role's variables cannot be followed from outside of the role.
fn is_certain(problem: &Problem) -> bool {
    problem.code != "DPP0301"
}

fn template(lint: &Lint, path: &Path, problems: &mut Problems) {
    match lint.files.source(path) {
        Ok(source) => {
            let checked = lint.templates.check_file(&source, &FileOptions::default());
            problems.extend(checked.errors.iter().map(templates::told));
        }
        Err(problem) => problems.push(problem),
    }
}
