//! `dppctl lint`: finds mistakes in playbooks, roles, templates and the inventory before a run does.

mod form;
mod found;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::Stop;
use crate::cli::conduct::{catalogue, render, role_folders};
use crate::cli::deploy::playbook;
use crate::cli::groups;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Sketch;
use crate::cli::lint::form::Format;
pub(super) use crate::cli::lint::found::Found;
use crate::cli::options::{Global, HowArgs, VaultArgs};
use crate::cli::shipped::Shipped;
use crate::content;
use crate::exit::Exit;
use crate::lint::{Lint, explain};
use crate::source::{Problem, Problems, Severity};
use crate::ui::{Ui, answer_json};

/// Options of `lint`.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Playbooks, files of tasks, or folders; the project when none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Explain a code
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "format", "strict"])]
    explain: Option<String>,
    /// Form of the findings, whatever --output says
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,
    /// Warnings are errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn lint(global: &Global, args: &LintArgs, ui: Ui) -> Result<Exit, Stop> {
    if let Some(code) = &args.explain {
        return explained(code, &ui);
    }
    let begun = std::time::Instant::now();
    let (mut invocation, has_hosts) = Invocation::read_without_hosts(global, &args.vault)?;
    let mut found = Found::of(&args.paths, &invocation)?;
    let shipped = if has_hosts && args.paths.is_empty() { shipped(&mut invocation)? } else { None };
    found.playbooks.extend(shipped.clone());
    let refused = shipped.map(|playbook| missing(&mut invocation, playbook)).unwrap_or_default();
    for playbook in &found.playbooks {
        let folder = playbook.parent().unwrap_or(Path::new(""));
        invocation.inventory.read_beside_playbook(folder, &invocation.vault)?;
    }
    let (roles, catalogue) = (role_folders(&invocation, &found.playbooks), catalogue());
    let render = render(&invocation);
    let mut problems = Lint {
        files: &Shipped::with(&invocation.vault),
        playbooks: &found.playbooks,
        task_files: &found.task_files,
        template_files: &found.template_files,
        vars_files: &found.vars_files,
        roles: &roles,
        catalogue: &catalogue,
        templates: &invocation.templates,
        extra: &invocation.extra,
        inventory: has_hosts.then_some(&invocation.inventory),
        render: &render,
    }
    .run();
    problems.extend(invocation.inventory.warnings().iter().cloned());
    for problem in refused {
        if problems.iter().all(|known| known.message != problem.message) {
            problems.push(problem);
        }
    }
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let strict = if args.strict { count(Severity::Warning) } else { 0 };
    let (errors, warnings, notes) =
        (count(Severity::Error) + strict, count(Severity::Warning) - strict, count(Severity::Note));
    let exit = if errors > 0 { Exit::Refused } else { Exit::Ok };
    let close = format!(
        "{}, {}{} from {} ({:.2}s). Nothing was contacted.",
        counted(errors, "error"),
        counted(warnings, "warning"),
        if notes > 0 { format!(", {}", counted(notes, "note")) } else { String::new() },
        counted(found.count(), "file"),
        begun.elapsed().as_secs_f64()
    );
    Format::of(args.format, global, &ui).tell(&problems, exit, &ui);
    ui.story(&close);
    Ok(exit)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The shipped playbook, where `deploy` would run it: the project has none of its own, and hosts for it.
fn shipped(invocation: &mut Invocation) -> Result<Option<PathBuf>, Stop> {
    let playbook = playbook(&invocation.project.root, None)?;
    if !playbook.starts_with(content::path("")) {
        return Ok(None);
    }
    groups::lay_out(invocation)?;
    Ok(groups::has_hosts(&invocation.inventory).then_some(playbook))
}

/// What `deploy` would refuse in this project beside mistakes in files.
fn missing(invocation: &mut Invocation, playbook: PathBuf) -> Problems {
    let spelling = groups::require_spelling(&invocation.inventory).err();
    let sketch = Sketch::draw(invocation, playbook, None, &HowArgs::default());
    let refused = match sketch.map(|sketch| sketch.require_password()) {
        Ok(Err(problem)) => vec![problem],
        Err(Stop::Refused(problems)) => problems,
        Ok(Ok(())) | Err(_) => Vec::new(),
    };
    spelling.into_iter().chain(refused).collect()
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::testing::Line;
    use crate::secret::{Secret, Vault};

    const HOSTS: &str =
        "[web_nodes]\nw1\n[logstash_nodes]\nw1\n[kafka_nodes]\nk1\n[elasticsearch_nodes]\ne1\n[kibana_nodes]\ne1\n";

    /// How `lint` ends in a project of these files.
    fn ends(files: &[(&str, &str)], options: &[&str]) -> Result<Exit, Stop> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        let options = options.iter().map(|option| option.replace("DIR/", &at("")));
        let given = ["lint", "--no-config", "--project", &at(""), "-i", &at("hosts")].map(str::to_owned);
        let line = Line::<LintArgs>::parse_from(given.into_iter().chain(options));
        lint(&line.global, &line.args, Ui::plain())
    }

    #[test]
    fn the_playbook_that_deploy_would_run_lacks_one_variable_and_no_other() {
        assert!(matches!(ends(&[("hosts", HOSTS)], &[]), Ok(Exit::Refused)));
        let set = ["-e", "RABBITMQ_PASS=x", "--strict"];
        assert!(matches!(ends(&[("hosts", HOSTS)], &set), Ok(Exit::Ok)), "all others have defaults");
        let own = [("hosts", HOSTS), ("deploy.yml", "- hosts: all\n  gather_facts: false\n  tasks: []\n")];
        assert!(matches!(ends(&own, &[]), Ok(Exit::Ok)), "the project's own is meant");
    }

    #[test]
    fn one_error_is_not_called_errors() {
        assert_eq!((counted(1, "error"), counted(0, "file")), ("1 error".to_owned(), "0 files".to_owned()));
    }

    #[test]
    fn what_is_encrypted_is_opened_with_the_password_that_is_named() {
        let sealed = Vault::new().with(None, Secret::new("key")).encrypt("RABBITMQ_PASS: x\n", None).unwrap();
        let files = [("hosts", HOSTS), ("group_vars/all.yml", sealed.as_str()), ("key", "key\n")];
        assert!(matches!(ends(&files, &["--vault-password-file", "DIR/key"]), Ok(Exit::Ok)));
        let Err(Stop::Refused(problems)) = ends(&files, &[]) else { panic!("it was opened without a password") };
        assert_eq!(problems[0].code, "DPP1202");
    }
}
