//! `dppctl lint`: finds mistakes in playbooks, roles, templates and the inventory before a run does.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::Stop;
use crate::cli::conduct::{catalogue, render, role_folders};
use crate::cli::invocation::Invocation;
use crate::cli::options::Global;
use crate::cli::shipped::Shipped;
use crate::exit::Exit;
use crate::lint::{Lint, explain};
use crate::secret::Vault;
use crate::source::{Problem, Severity};
use crate::ui::{Output, Ui, answer_json, problem_document};
use crate::yaml;

/// Options of `lint`.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Playbooks, files of tasks, or folders; the project when none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Explain a code
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    explain: Option<String>,
    /// Form of the findings, whatever --output says
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,
    /// Warnings are errors
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// With the line and a caret
    Text,
    /// A document
    Json,
    /// Annotations of GitHub
    Github,
}

pub(super) fn lint(global: &Global, args: &LintArgs, ui: Ui) -> Result<Exit, Stop> {
    if let Some(code) = &args.explain {
        return explained(code, &ui);
    }
    let begun = std::time::Instant::now();
    let (mut invocation, has_hosts) = Invocation::read_without_hosts(global)?;
    let found = Found::of(&args.paths, &invocation)?;
    for playbook in &found.playbooks {
        let folder = playbook.parent().unwrap_or(Path::new(""));
        invocation.inventory.read_beside_playbook(folder, &invocation.vault)?;
    }
    let (roles, catalogue) = (role_folders(&invocation, &found.playbooks), catalogue());
    let render = render(&invocation);
    let mut problems = Lint {
        files: &Shipped::default(),
        tree: &Shipped::default(),
        playbooks: &found.playbooks,
        task_files: &found.task_files,
        roles: &roles,
        catalogue: &catalogue,
        templates: &invocation.templates,
        extra: &invocation.extra,
        inventory: has_hosts.then_some(&invocation.inventory),
        render: &render,
    }
    .run();
    problems.extend(invocation.inventory.warnings().iter().cloned());
    let errors = problems.iter().filter(|problem| args.strict || problem.severity == Severity::Error).count();
    let exit = if errors > 0 { Exit::Refused } else { Exit::Ok };
    let files = found.playbooks.len() + found.task_files.len();
    let close = format!(
        "{errors} errors, {} warnings from {files} files ({:.2}s). Nothing was contacted.",
        problems.len() - errors,
        begun.elapsed().as_secs_f64()
    );
    tell(&problems, form(args, ui.output), exit, &ui);
    ui.story(&close);
    Ok(exit)
}

fn form(args: &LintArgs, output: Output) -> Format {
    match output {
        _ if args.format.is_some() => args.format.unwrap_or(Format::Text),
        Output::Json | Output::Jsonl => Format::Json,
        Output::Github => Format::Github,
        _ => Format::Text,
    }
}

fn tell(problems: &[Problem], form: Format, exit: Exit, ui: &Ui) {
    match form {
        Format::Text => problems.iter().for_each(|problem| ui.problem(problem)),
        Format::Json => {
            let problems: Vec<Json> = problems.iter().map(problem_document).collect();
            answer_json(ui, "dppctl.lint/1", exit, &json!({"problems": problems}));
        }
        Format::Github => problems.iter().for_each(|problem| ui.answer(&annotation(problem))),
    }
}

fn annotation(problem: &Problem) -> String {
    let level = if problem.severity == Severity::Error { "error" } else { "warning" };
    let at = problem.at.as_ref().map_or_else(String::new, |(place, _)| {
        format!("file={},line={},col={},", place.source().name(), place.line(), place.column())
    });
    let help = problem.help.as_ref().map(|help| format!("%0A{}", help.replace('\n', "%0A"))).unwrap_or_default();
    format!("::{level} {at}title={}::{}{help}", problem.code, problem.message)
}

fn explained(code: &str, ui: &Ui) -> Result<Exit, Stop> {
    let Some((code, title, words)) = explain(code) else {
        let known = crate::lint::CODES.iter().map(|(code, ..)| *code);
        let near = crate::source::nearest(code, known);
        return Err(Problem::error("DPP0104", format!("there is no code `{code}`")).did_you_mean(near).into());
    };
    if ui.output.is_json() {
        answer_json(ui, "dppctl.code/1", Exit::Ok, &json!({"code": code, "title": title, "explanation": words}));
    } else {
        ui.answer(&format!("{code}: {title}\n\n{words}"));
    }
    Ok(Exit::Ok)
}

/// What is looked through.
#[derive(Default)]
struct Found {
    playbooks: Vec<PathBuf>,
    task_files: Vec<PathBuf>,
}

impl Found {
    fn of(paths: &[PathBuf], invocation: &Invocation) -> Result<Self, Stop> {
        let mut found = Self::default();
        let here = std::env::current_dir().unwrap_or_default();
        let root = &invocation.project.root;
        let project = root.strip_prefix(&here).unwrap_or(root).to_owned();
        let paths = if paths.is_empty() { vec![project] } else { paths.to_vec() };
        for path in &paths {
            match path {
                path if path.as_os_str().is_empty() || path.is_dir() => found.folder(path),
                path if path.is_file() => found.file(path),
                path => {
                    let problem = Problem::error("DPP0106", format!("there is no {}", path.display()));
                    return Err(problem.help("name a playbook, a file of tasks or a folder").into());
                }
            }
        }
        Ok(found)
    }

    /// Playbooks of the folder, and the tasks of its roles.
    fn folder(&mut self, folder: &Path) {
        for path in yaml_files(folder) {
            if kind(&path) != Kind::Other {
                self.file(&path);
            }
        }
        for role in entries(&folder.join("roles")).into_iter().chain([folder.to_owned()]) {
            for part in ["tasks", "handlers"] {
                self.task_files.extend(yaml_files(&role.join(part)));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        match kind(path) {
            Kind::Tasks => self.task_files.push(path.to_owned()),
            Kind::Playbook | Kind::Other => self.playbooks.push(path.to_owned()),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Playbook,
    Tasks,
    Other,
}

/// What a file is by its first entry. One that cannot be read is taken for a playbook, so that its mistake is told.
fn kind(path: &Path) -> Kind {
    let Ok(documents) = yaml::read(path, &Vault::new()) else { return Kind::Playbook };
    let first = documents.first().and_then(|node| node.as_list()?.first());
    match first {
        Some(entry)
            if ["hosts", "import_playbook", "ansible.builtin.import_playbook"]
                .iter()
                .any(|key| entry.get(key).is_some()) =>
        {
            Kind::Playbook
        }
        Some(entry) if entry.as_map().is_some() => Kind::Tasks,
        _ => Kind::Other,
    }
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml" || end == "yaml");
    entries(folder).into_iter().filter(|path| path.is_file() && is_yaml(path)).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.iter_mut().for_each(|path| *path = path.strip_prefix(".").unwrap_or(path).to_owned());
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playbooks_tasks_and_everything_else_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        assert_eq!(kind(&write("site.yml", "- hosts: all\n")), Kind::Playbook);
        assert_eq!(kind(&write("roles/a/tasks/main.yml", "- debug:\n")), Kind::Tasks);
        assert_eq!(kind(&write("vars.yml", "a: 1\n")), Kind::Other);
        assert_eq!(kind(&write("broken.yml", "- hosts: all\n\ttasks: []\n")), Kind::Playbook);
        let mut found = Found::default();
        found.folder(folder.path());
        assert_eq!((found.playbooks.len(), found.task_files.len()), (2, 1));
    }
}
