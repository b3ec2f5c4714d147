//! A run from plan to exit code: what commands that touch hosts have in common.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, mpsc};

use dpp_modules::lock::LOCKED;
use dpp_modules::pipeline::elasticsearch::gate::SHUT;
use serde_json::Value as Json;

use crate::actions::ACTIONS;
use crate::artifacts::{Lockfile, Store};
use crate::cli::ask::Watcher;
use crate::cli::empty_play::without_hosts;
use crate::cli::growing::Growing;
use crate::cli::invocation::{Invocation, Manner};
use crate::cli::lock::LockArgs;
use crate::cli::options::{HowArgs, SelectionArgs};
use crate::cli::packages::cache;
use crate::cli::shipped::Shipped;
use crate::cli::signals::Interrupts;
use crate::cli::ticket::ticket;
use crate::cli::watch::{Wanted, Watch};
use crate::cli::ways::Ways;
use crate::cli::{Stop, lock, next, overrides, prompts};
use crate::content;
use crate::engine::{CONTROLS, Engine, Options, Parts, RunEnd, RunVars, count, misfit};
use crate::event::{Event, Events};
use crate::exit::Exit;
use crate::plan::{Catalogue, Plan, PlanRequest, Selection, build};
use crate::report::{Failed, RunReport};
use crate::source::Problem;
use crate::template::{Scope, SearchPath};
use crate::transport::AgentBinary;
use crate::ui::{Close, Shows, Ui};
use crate::value::{Map, Text, Value};

/// What is to be run, and how.
pub(super) struct Conduct<'a> {
    pub(super) command: &'a str,
    pub(super) playbooks: Vec<PathBuf>,
    pub(super) selection: &'a SelectionArgs,
    pub(super) how: &'a HowArgs,
    pub(super) limit: Option<&'a str>,
    /// Changes the plan, or refuses it, before anything is touched.
    pub(super) review: &'a dyn Fn(&mut Plan) -> Result<(), Stop>,
    /// How the hosts are locked, where the command wants them for itself.
    pub(super) lock: Option<&'a LockArgs>,
    /// What goes on while the hosts are worked on.
    pub(super) beside: Option<&'a dyn Beside>,
    /// What is shown of it.
    pub(super) shows: Shows,
    /// How a run ends that is done and made changes, or would have.
    pub(super) with_changes: Exit,
    /// Takes what a run came to that is done, and may refuse it.
    pub(super) heed: Option<Heed<'a>>,
}

/// Who is told what a run came to.
pub(super) type Heed<'a> = &'a dyn Fn(&RunReport) -> Result<(), Stop>;

/// Something that goes on beside a run and proves something about it.
pub(super) trait Beside {
    /// Begins, after every question was answered and before anything is touched.
    fn begin(&self) -> Result<(), Stop>;

    /// Ends, after the run.
    fn end(&self, exit: Exit) -> Proof;
}

/// What was proved.
pub(super) struct Proof {
    /// How the command ends.
    pub(super) exit: Exit,
    /// The same for a person.
    pub(super) line: String,
    /// The same for a programme, under a name of its own.
    pub(super) document: (&'static str, Json),
}

/// Plans, runs, reports.
pub(super) fn conduct(invocation: &mut Invocation, conduct: &Conduct, ui: Ui) -> Result<Exit, Stop> {
    require_one_answer(conduct, ui)?;
    overrides::require_operator(conduct)?;
    // A look replaces nothing: there is nothing to be found again.
    let ticket = if conduct.how.check { String::new() } else { ticket() };
    let plan = reviewed(invocation, conduct, &ticket, ui)?;
    let verbosity = u8::try_from(ui.verbosity.max(0)).unwrap_or(0);
    let vars = invocation.run_vars(&Manner {
        check: conduct.how.check,
        diff: conduct.how.diff,
        verbosity,
        forks: forks(invocation, conduct),
        tags: conduct.selection.tags.clone(),
        skip_tags: conduct.selection.skip_tags.clone(),
    });
    let hosts = hosts(&plan);
    let ways = Ways::to(invocation, &vars, &hosts, ui)?;
    let (sender, inbox) = mpsc::channel();
    let templates = invocation.templates.clone();
    let events = Events::new(sender, move || templates.secrets());
    conceal(invocation, &events);
    let started = Event::RunStarted {
        command: conduct.command.to_owned(),
        ticket: ticket.clone(),
        same_machine: ways.same_machine(&hosts),
        hosts,
        check: conduct.how.check,
        steps: count(&plan),
    };
    let interrupts = Interrupts::listen(&events);
    let options = options(invocation, conduct, verbosity, &ticket);
    let engine = engine(invocation, conduct, options, vars, ways, events.clone(), interrupts.cancel())?;
    conduct.beside.map_or(Ok(()), Beside::begin)?;
    let events_to = conduct.how.events.as_deref();
    let wanted = Wanted { reports: &invocation.reports, events: events_to, shows: conduct.shows };
    let watch = Watch::begin(ui, conduct.how.diff, &invocation.project.root, &wanted, inbox)?;
    events.tell(started);
    let end = engine.run(plan);
    told(watch, conduct, &end, interrupts.exit())
}

/// Standard output takes one kind of document.
fn require_one_answer(conduct: &Conduct, ui: Ui) -> Result<(), Problem> {
    if ui.output.is_json() && conduct.how.events.as_deref() == Some(Path::new("-")) {
        let problem = Problem::error("DPP1102", "--events - and --output json both want standard output");
        return Err(problem.help("write the events to a file: --events FILE"));
    }
    Ok(())
}

/// The plan, with all that a person was asked for it.
fn reviewed(invocation: &mut Invocation, conduct: &Conduct, ticket: &str, ui: Ui) -> Result<Plan, Stop> {
    for playbook in &conduct.playbooks {
        let folder = playbook.parent().unwrap_or(Path::new(""));
        invocation.inventory.read_beside_playbook(folder, &invocation.vault)?;
    }
    let mut plan = plan(invocation, conduct)?;
    prompts::answer(invocation, &mut plan, ui)?;
    ui.problems(&plan.warnings);
    require_hosts(invocation, &plan, conduct.limit)?;
    (conduct.review)(&mut plan)?;
    if let Some(args) = conduct.lock.filter(|_| !conduct.how.check) {
        lock::put_first(&mut plan, args, (conduct.command, ticket), invocation)?;
    }
    Ok(plan)
}

/// Tells what the run came to, and what to type next.
fn told(watch: Watch, conduct: &Conduct, end: &RunEnd, stopped: Option<Exit>) -> Result<Exit, Stop> {
    let (run, log) = (watch.run(), watch.log());
    let mut followers = watch.join()?;
    if stopped.is_some() {
        followers.report.break_off();
    }
    let has_changes = followers.report.changes() > 0;
    let done = |exit: Exit| if exit == Exit::Ok && has_changes { conduct.with_changes } else { exit };
    let exit = stopped.unwrap_or_else(|| done(exit(end, &followers.report)));
    let proof = conduct.beside.map(|beside| beside.end(exit));
    let exit = proof.as_ref().map_or(exit, |proof| proof.exit);
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let next = next::commands(&typed, &followers.report);
    let proof = proof.map(|proof| (proof.line, proof.document));
    let is_done = matches!(exit, Exit::Ok | Exit::Changes);
    let heed = conduct.heed.filter(|_| is_done);
    let report = followers.report.clone();
    followers.end(&Close { run, command: conduct.command.to_owned(), exit, next, log, proof })?;
    heed.map_or(Ok(exit), |heed| heed(&report).map(|()| exit))
}

fn forks(invocation: &Invocation, conduct: &Conduct) -> usize {
    conduct.how.forks.unwrap_or(*invocation.project.settings.forks).max(1)
}

/// A gate that stays shut is no task that went wrong: the pipeline is not well. Nor is a host that is another run's.
fn exit(end: &RunEnd, report: &RunReport) -> Exit {
    let is_locked = |failed: &Failed| failed.failure.code == LOCKED;
    let is_shut = |failed: &Failed| failed.step.is_none() || failed.failure.code == SHUT;
    match (end.failed.is_empty(), end.lost.is_empty()) {
        (false, true) if report.failures.iter().any(is_locked) => Exit::Locked,
        (false, false) if report.failures.iter().all(|failed| is_locked(failed) || failed.step.is_none()) => {
            Exit::Unreachable
        }
        (false, true) if report.failures.iter().all(is_shut) && !report.failures.is_empty() => Exit::Unhealthy,
        (false, _) => Exit::Failed,
        (true, false) => Exit::Unreachable,
        (true, true) => Exit::Ok,
    }
}

fn conceal(invocation: &Invocation, events: &Events) {
    let defaults = &invocation.defaults;
    let given = [&defaults.password, &defaults.become_.password, &defaults.passphrase];
    given.into_iter().flatten().chain(defaults.passphrases.values()).for_each(|secret| events.conceal(secret.reveal()));
}

/// A run that would touch nobody is a mistake, not a success.
fn require_hosts(invocation: &Invocation, plan: &Plan, limit: Option<&str>) -> Result<(), Problem> {
    if plan.plays.iter().any(|play| !play.hosts.is_empty()) {
        return Ok(());
    }
    let has_nobody = plan.warnings.iter().any(|warning| warning.code == "DPP0203");
    if !has_nobody {
        let Some(limit) = limit else { return Ok(()) };
        let problem = Problem::error("DPP0203", format!("`{limit}` leaves no host of any play"));
        return Err(problem.help("`dppctl inventory graph` shows groups and hosts"));
    }
    let there: Vec<&str> = invocation.inventory.groups().filter(|name| !["all", "ungrouped"].contains(name)).collect();
    let problem = Problem::error("DPP0203", "no play has a host");
    let problem = if there.is_empty() {
        problem
    } else {
        problem.note(format!("the inventory has the groups {}", there.join(", ")))
    };
    Err(problem.help("`dppctl inventory graph` shows groups and hosts"))
}

/// All hosts that may be touched, each once.
fn hosts(plan: &Plan) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for host in plan.plays.iter().flat_map(|play| &play.hosts) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    hosts
}

pub(super) fn catalogue() -> Catalogue {
    let modules = dpp_modules::MODULES.iter().map(|entry| (entry.name, (entry.params)()));
    let actions = ACTIONS.iter().map(|action| (action.name, action.params.to_vec()));
    // An action stands before the module of the same name: it knows what may be written.
    Catalogue::new(
        CONTROLS.iter().map(|(name, params)| (*name, params.to_vec())).chain(actions).chain(modules).collect(),
        misfit,
    )
}

fn selection(args: &SelectionArgs) -> Selection {
    Selection { tags: args.tags.clone(), skip: args.skip_tags.clone() }
}

pub(super) fn role_folders(invocation: &Invocation, playbooks: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for playbook in playbooks {
        for folder in invocation.project.role_folders(playbook.parent().unwrap_or(Path::new(""))) {
            // A shipped playbook lies beside the shipped roles, which come last: a role of the project wins.
            if !folders.contains(&folder) && !folder.starts_with(content::ROOT) {
                folders.push(folder);
            }
        }
    }
    folders.push(content::path("roles"));
    folders
}

/// The hosts that `--limit` leaves.
fn limit(invocation: &Invocation, conduct: &Conduct) -> Result<Option<Vec<String>>, Stop> {
    Ok(conduct.limit.map(|limit| invocation.inventory.select(limit)).transpose()?)
}

pub(super) fn plan(invocation: &Invocation, conduct: &Conduct) -> Result<Plan, Stop> {
    let limit = limit(invocation, conduct)?;
    let select = |pattern: &str| -> Result<Vec<String>, Problem> {
        let hosts = invocation.inventory.matching(pattern)?;
        if hosts.is_empty() {
            return Err(without_hosts(&invocation.inventory, pattern, conduct.command));
        }
        Ok(hosts.into_iter().filter(|host| limit.as_ref().is_none_or(|limit| limit.contains(host))).collect())
    };
    let render = render(invocation);
    let roles = role_folders(invocation, &conduct.playbooks);
    let mut plan = build(&PlanRequest {
        files: &Shipped::with(&invocation.vault),
        playbooks: &conduct.playbooks,
        roles: &roles,
        catalogue: &catalogue(),
        selection: &selection(conduct.selection),
        templates: &invocation.templates,
        seed: invocation.templates.seed(),
        follows_includes: false,
        extra: &invocation.extra,
        select: &select,
        render: &render,
    })?;
    overrides::apply(&mut plan, conduct)?;
    Ok(plan)
}

fn options(invocation: &Invocation, conduct: &Conduct, verbosity: u8, ticket: &str) -> Options {
    Options {
        run: ticket.into(),
        forks: forks(invocation, conduct),
        check: conduct.how.check,
        diff: conduct.how.diff,
        verbosity,
        force_handlers: conduct.how.force_handlers,
        asks_before_tasks: conduct.selection.step,
        stop_at_lost_hosts: !conduct.how.ignore_unreachable,
    }
}

fn engine(
    invocation: &Invocation,
    conduct: &Conduct,
    options: Options,
    vars: Arc<RunVars>,
    ways: Ways,
    events: Events,
    cancel: Arc<AtomicU8>,
) -> Result<Engine, Stop> {
    Ok(Engine::new(Parts {
        options,
        events,
        find_route: ways.into_routes(),
        operator: Box::new(Watcher { cancel: Arc::clone(&cancel) }),
        roster: Box::new(Growing::of(&invocation.inventory, &invocation.vault, limit(invocation, conduct)?)),
        vars,
        files: Arc::new(Shipped::with(&invocation.vault)),
        roles: role_folders(invocation, &conduct.playbooks),
        catalogue: catalogue(),
        selection: selection(conduct.selection),
        binary: Arc::new(agent()?),
        store: Arc::new(store(invocation)?),
        cancel,
        turns: None,
    }))
}

/// The files that hosts turn out to need; what is locked must be as it was locked.
pub(super) fn store(invocation: &Invocation) -> Result<Store, Stop> {
    let named = std::env::var_os("DPPCTL_CACHE").map(PathBuf::from);
    let folder = cache(&invocation.project, named.as_deref())?;
    let lock = Lockfile::read(&invocation.project.root.join("packages.lock"));
    Ok(Store::new(folder).with_lock(lock.map_err(|error| Stop::Trouble(error.to_string()))?))
}

pub(super) fn agent() -> Result<AgentBinary, Stop> {
    let programme =
        std::env::current_exe().map_err(|error| Stop::Trouble(format!("cannot tell where dppctl lies: {error}")))?;
    AgentBinary::read(&AgentBinary::beside(&programme)).map_err(|error| Stop::Trouble(error.to_string()))
}

/// Renders names that are needed before the run, with variables of the levels, outermost first.
pub(super) fn render(invocation: &Invocation) -> impl Fn(&Text, &[&Map]) -> Result<String, Problem> {
    |text: &Text, levels: &[&Map]| {
        let vars: Map =
            levels.iter().flat_map(|level| level.iter().map(|(name, value)| (name.clone(), value.clone()))).collect();
        let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
        match invocation.templates.text(text, &scope).map_err(|error| error.problem())? {
            Value::Text(text) => Ok(text.as_str().to_owned()),
            other => Ok(serde_json::Value::from(&other).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Failure;

    use super::*;
    use crate::event::StepName;

    #[test]
    fn a_shut_gate_is_a_pipeline_that_is_not_well_and_anything_else_a_failure() {
        let step = StepName {
            role: String::new(),
            task: "t".into(),
            action: "elasticsearch_gate".into(),
            at: String::new(),
            place: None,
        };
        let failed = |code: &str| Failed {
            host: "es1".into(),
            step: Some(step.clone()),
            failure: Failure::new("no").code(code),
            ms: 0,
        };
        let end = |failed: &[&str]| RunEnd {
            failed: failed.iter().map(|host| (*host).to_owned()).collect(),
            ..RunEnd::default()
        };
        let report = |codes: &[&str]| RunReport {
            failures: codes.iter().map(|code| failed(code)).collect(),
            ..RunReport::default()
        };
        assert_eq!(exit(&end(&["es1"]), &report(&[SHUT])), Exit::Unhealthy);
        assert_eq!(exit(&end(&["es1"]), &report(&[SHUT, "DPP0702"])), Exit::Failed);
        assert_eq!(exit(&end(&["es1"]), &report(&[])), Exit::Failed);
        assert_eq!(exit(&end(&["es1"]), &report(&[LOCKED])), Exit::Locked);
        assert_eq!(exit(&end(&[]), &report(&[])), Exit::Ok);
    }
}
