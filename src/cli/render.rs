//! `dppctl render`: a role's template as a host would get it, on standard output.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use serde_json::json;
use similar::TextDiff;

use crate::cli::conduct::{catalogue, render as renderer, role_folders};
use crate::cli::invocation::{Invocation, Manner};
use crate::cli::options::{ConnectionArgs, Global};
use crate::cli::shipped::Shipped;
use crate::cli::written::{NAME, Written};
use crate::cli::{Stop, candidates, reach};
use crate::content;
use crate::engine::{By, Errand, PlayVars, RunVars, TaskVars};
use crate::exit::Exit;
use crate::files::Files;
use crate::plan::{PlanRequest, PlayPlan, Selection, Step, TaskStep, build};
use crate::source::Problem;
use crate::template::{FileOptions, Scope, SearchPath};
use crate::ui::{Ui, answer_json};
use crate::value::{Map, Text, Value};

const SCHEMA: &str = "dppctl.render/1";

/// Options of `render`.
#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// The role and the name of its template: `kafka/server.properties.j2`
    #[arg(value_name = "ROLE/TEMPLATE", add = ArgValueCompleter::new(candidates::templates))]
    template: String,
    /// Show how it differs on another host
    #[arg(long, value_name = "HOST", add = ArgValueCompleter::new(candidates::hosts))]
    diff: Option<String>,
    /// Use no facts, and so contact no host
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn render(global: &Global, args: &RenderArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), None)?;
    let (role, name) = parted(&args.template)?;
    let host = one_host(&invocation, global.limit.as_deref())?;
    known_role(&invocation, role)?;
    let text = rendered(&mut invocation, (role, name), &host, args.offline, ui)?;
    let Some(other) = &args.diff else {
        if ui.output.is_json() {
            answer_json(&ui, SCHEMA, Exit::Ok, &json!({"host": host, "template": args.template, "text": text}));
        } else {
            ui.answer(&text);
        }
        return Ok(Exit::Ok);
    };
    let other = one_host(&invocation, Some(other))?;
    let theirs = rendered(&mut invocation, (role, name), &other, args.offline, ui)?;
    let difference = TextDiff::from_lines(&text, &theirs).unified_diff().header(&host, &other).to_string();
    if ui.output.is_json() {
        let hosts = [host, other];
        let body = json!({"hosts": hosts, "template": args.template, "same": text == theirs, "difference": difference});
        answer_json(&ui, SCHEMA, Exit::Ok, &body);
    } else if text == theirs {
        ui.story(&format!("{host} and {other} get the same"));
    } else {
        ui.answer(&difference);
    }
    Ok(Exit::Ok)
}

/// The template as one host would get it.
pub(super) fn rendered(
    invocation: &mut Invocation,
    (role, name): (&str, &str),
    host: &str,
    offline: bool,
    ui: Ui,
) -> Result<String, Stop> {
    let play = play(invocation, role, host)?;
    let vars = invocation.run_vars(&Manner::default());
    if !offline {
        gather(invocation, &vars, host, ui)?;
    }
    let vars = task_vars(vars, play, host.to_owned())?;
    let role_folder = vars.step.as_ref().and_then(|step| Some(step.role.as_ref()?.role.folder.clone()));
    let own = [invocation.project.root.clone(), content::path("")];
    let search = SearchPath { folders: role_folder.into_iter().chain(own).collect() };
    let source = template(&Shipped::with(&invocation.vault), &search, role, name)?;
    let scope = Scope::new(Arc::new(vars), Arc::new(search));
    let text = invocation.templates.file(&source, &scope, &FileOptions::default());
    Ok(text.map_err(|error| error.problem())?)
}

/// Variables of the levels, the inventory and a role, as the role's tasks see them on a host; no facts.
pub(super) fn variables(invocation: &Invocation, role: &str, host: &str, names: &[&str]) -> Result<Map, Stop> {
    let play = play(invocation, role, host)?;
    let vars = task_vars(invocation.run_vars(&Manner::default()), play, host.to_owned())?;
    let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
    let value = |name: &&str| {
        let value = invocation.templates.expression(&Text::template(*name), &scope).map_err(|error| error.problem())?;
        Ok(((*name).to_owned(), value))
    };
    names.iter().map(value).collect()
}

/// A role that is not there is told of by its name, before a playbook is made up that would use it.
fn known_role(invocation: &Invocation, role: &str) -> Result<(), Problem> {
    let folders = role_folders(invocation, &[]);
    let files: &dyn Files = &Shipped::default();
    if folders.iter().any(|folder| files.is_folder(&folder.join(role))) {
        return Ok(());
    }
    let lists = folders.iter().flat_map(|folder| files.list(folder));
    let roles: Vec<String> = lists.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    let problem = Problem::error("DPP0107", format!("there is no role `{role}`"));
    Err(problem.did_you_mean(crate::source::nearest(role, roles.iter().map(String::as_str))))
}

fn parted(given: &str) -> Result<(&str, &str), Problem> {
    given.split_once('/').filter(|(role, name)| !role.is_empty() && !name.is_empty()).ok_or_else(|| {
        Problem::error("DPP0104", format!("`{given}` names no template of a role"))
            .help("write ROLE/TEMPLATE: kafka/server.properties.j2")
    })
}

fn one_host(invocation: &Invocation, limit: Option<&str>) -> Result<String, Stop> {
    let hosts = reach::hosts(invocation, None, limit)?;
    if let [host] = hosts.as_slice() {
        return Ok(host.clone());
    }
    let problem = Problem::error("DPP0203", format!("a template is rendered for one host, not for {}", hosts.len()));
    Err(problem.help(format!("name it: -l {}", hosts.first().map_or("HOST", String::as_str))).into())
}

/// A play that would use the role on the host.
fn play(invocation: &Invocation, role: &str, host: &str) -> Result<PlayPlan, Stop> {
    let playbook = format!("- hosts: all\n  gather_facts: false\n  roles: [{}]\n", json!(role));
    let files = Written { playbook, files: Shipped::with(&invocation.vault) };
    let roles = role_folders(invocation, &[]);
    let (catalogue, render) = (catalogue(), renderer(invocation));
    let plan = build(&PlanRequest {
        files: &files,
        playbooks: &[PathBuf::from(NAME)],
        roles: &roles,
        catalogue: &catalogue,
        selection: &Selection::default(),
        templates: &invocation.templates,
        seed: 0,
        follows_includes: false,
        extra: &invocation.extra,
        select: &|_| Ok(vec![host.to_owned()]),
        render: &render,
    })?;
    plan.plays.into_iter().next().ok_or_else(|| Stop::Trouble(format!("role `{role}` has no tasks")))
}

fn gather(invocation: &mut Invocation, vars: &RunVars, host: &str, ui: Ui) -> Result<(), Stop> {
    let errand = Errand { by: By::Login, ..Errand::new(host, "setup", json!({})) };
    let answers = reach::errands(invocation, &[host.to_owned()], ui)?.run(&[errand], &mut |_, _, _| {});
    let Some(Ok(outcome)) = answers.into_iter().next() else {
        return Err(Stop::Trouble(format!("cannot gather facts of {host}; --offline renders without them")));
    };
    let facts = outcome.result.get("ansible_facts").map(Value::from);
    if let (Some(Value::Map(facts)), Some(entry)) = (facts, vars.hosts().get(host)) {
        entry.state.write().facts.extend(facts.as_ref().clone());
    }
    Ok(())
}

/// The variables as the role's first task sees them.
fn task_vars(run: Arc<RunVars>, play: PlayPlan, host: String) -> Result<TaskVars, Stop> {
    let entry = run.hosts().get(&host).cloned().ok_or_else(|| Stop::Trouble(format!("{host} is not known")))?;
    let step = first(&play.steps);
    let play = Arc::new(PlayVars::looked_at(Arc::new(play)));
    Ok(TaskVars { run, play, host, state: entry.state, step, front: Map::new(), magic: entry.magic })
}

fn first(steps: &[Step]) -> Option<Arc<TaskStep>> {
    steps.iter().find_map(|step| match step {
        Step::Task(task) => Some(Arc::clone(task)),
        Step::Block(block) => first(&block.body),
        Step::Flush | Step::RoleEnd(_) => None,
    })
}

fn template(
    files: &dyn Files,
    search: &SearchPath,
    role: &str,
    name: &str,
) -> Result<Arc<crate::source::Source>, Problem> {
    // Templates lie in the role, or under the role's name in the project.
    let names = [name.to_owned(), format!("{name}.j2"), format!("{role}/{name}"), format!("{role}/{name}.j2")];
    let found = names.iter().flat_map(|name| search.candidates("templates", name)).find(|path| files.is_file(path));
    let Some(path) = found else {
        let folders =
            search.folders.iter().flat_map(|folder| [folder.join("templates").join(role), folder.join("templates")]);
        let known: Vec<String> =
            folders.flat_map(|folder| known(files, &folder)).collect::<BTreeSet<_>>().into_iter().collect();
        let problem = Problem::error("DPP0106", format!("role `{role}` has no template `{name}`"));
        let short = known.iter().map(|known| known.trim_end_matches(".j2"));
        let problem = problem.did_you_mean(crate::source::nearest(name.trim_end_matches(".j2"), short));
        return Err(if known.is_empty() { problem } else { problem.note(format!("templates: {}", known.join(", "))) });
    };
    files.source(&path)
}

fn known(files: &dyn Files, folder: &Path) -> Vec<String> {
    let paths = files.list(folder);
    let names = paths.iter().filter(|path| files.is_file(path));
    names.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
}
