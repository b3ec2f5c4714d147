//! `dppctl deploy`: brings hosts to a running pipeline with the project's playbook, or with the shipped one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, conduct};
use crate::cli::invocation::{Invocation, surroundings};
use crate::cli::layout::{self, Sketch, stage_of, steps_of};
use crate::cli::lock::LockArgs;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::cli::resume::Which;
use crate::cli::{ask, candidates, groups, resume, rollback, saved_plan, verify};
use crate::content::{self, Content};
use crate::engine::count;
use crate::exit::Exit;
use crate::pipeline::Stage;
use crate::plan::{BlockStep, Plan, PlayPlan, Step};
use crate::project::Project;
use crate::source::{Problem, nearest};
use crate::ui::{Shows, Ui};

/// What is deployed.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Playbook; the project's deploy.yml, or else the shipped one. Or a plan that was kept with `plan --out`
    #[arg(value_name = "PLAYBOOK")]
    playbook: Option<PathBuf>,
    /// Only this stage: rabbitmq, relay, kafka, connect, elasticsearch, kibana or webapp
    #[arg(long, value_name = "STAGE", value_parser = stage, add = ArgValueCompleter::new(candidates::stages))]
    only: Option<Stage>,
}

/// A deployment that was found to be possible.
pub(super) struct Deployment {
    pub(super) invocation: Invocation,
    pub(super) playbook: PathBuf,
    pub(super) only: Option<Stage>,
    /// Why the one stage that is wanted has no host.
    pub(super) nobody: Option<Problem>,
}

impl Deployment {
    /// Reads the project and looks for what stands against it.
    pub(super) fn read(
        global: &Global,
        target: &TargetArgs,
        how: &HowArgs,
        privilege: &PrivilegeArgs,
        connection: &ConnectionArgs,
    ) -> Result<Self, Stop> {
        let mut invocation = Invocation::read(global, Some(connection), Some(privilege))?;
        let playbook = playbook(&invocation.project.root, target.playbook.as_deref())?;
        let limit = global.limit.as_deref();
        if playbook.starts_with(content::path("")) {
            groups::lay_out(&mut invocation)?;
            groups::require_spelling(&invocation.inventory)?;
            Sketch::draw(&mut invocation, playbook.clone(), limit, how)?.require_password()?;
        }
        let nobody = match target.only {
            Some(stage) => layout::without_host(&mut invocation, playbook.clone(), stage, limit, how)?,
            None => None,
        };
        Ok(Self { invocation, playbook, only: target.only, nobody })
    }

    /// Leaves of the plan what is wanted.
    pub(super) fn narrow(only: Option<Stage>, nobody: Option<&Problem>, plan: &mut Plan) -> Result<(), Stop> {
        if let Some(stage) = only {
            keep_only(plan, &[stage])?;
        }
        nobody.map_or(Ok(()), |nobody| Err(nobody.clone().into()))
    }
}

/// Options of `deploy`.
#[derive(Debug, Args)]
pub(super) struct DeployArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Do not ask before the first change
    #[arg(short, long)]
    yes: bool,
    /// Go on with the hosts that run N, or the last deployment, had left
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "last",
        value_parser = Which::parse, conflicts_with = "limit")]
    resume: Option<Which>,
    /// Send no test messages afterwards
    #[arg(long)]
    no_verify: bool,
    /// When it fails, or messages do not get through afterwards, bring hosts back to how they were; exit code 8
    #[arg(long, conflicts_with = "check")]
    rollback: bool,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    pub(super) privilege: PrivilegeArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

pub(super) fn stage(name: &str) -> Result<Stage, String> {
    Stage::parse(name).ok_or_else(|| format!("the stages are {}", Stage::ALL.map(Stage::name).join(", ")))
}

pub(super) fn deploy(global: &Global, args: &DeployArgs, ui: Ui) -> Result<Exit, Stop> {
    match (saved_plan::named(args.target.playbook.as_ref())?, &args.target.playbook) {
        (Some(plan), Some(path)) => saved_plan::deploy(&plan, path, ui),
        _ if args.rollback => or_take_back(&limited(global, args)?, args, ui),
        _ => carry_out(&limited(global, args)?, args, args.yes, ui),
    }
}

/// The same options, with the hosts to which a deployment that is gone on with did not come to its end.
fn limited(global: &Global, args: &DeployArgs) -> Result<Global, Stop> {
    let Some(which) = args.resume else { return Ok(global.clone()) };
    let hosts = resume::hosts(&Project::discover(&surroundings(global)?)?, which)?;
    Ok(Global { limit: Some(hosts.join(":")), ..global.clone() })
}

/// Deploys; what failed is taken back.
fn or_take_back(global: &Global, args: &DeployArgs, ui: Ui) -> Result<Exit, Stop> {
    let exit = carry_out(global, args, args.yes, ui)?;
    if !matches!(exit, Exit::Failed | Exit::Unhealthy) {
        return Ok(exit);
    }
    match rollback::last_deployment(global, &args.lock, &args.privilege, &args.connection, ui)? {
        Some(Exit::Ok) => Ok(Exit::RolledBack),
        Some(back) => Ok(exit.max(back)),
        None => Ok(exit),
    }
}

/// Deploys; who said yes already is not asked.
pub(super) fn carry_out(global: &Global, args: &DeployArgs, yes: bool, ui: Ui) -> Result<Exit, Stop> {
    let Deployment { mut invocation, playbook, only, nobody } =
        Deployment::read(global, &args.target, &args.how, &args.privilege, &args.connection)?;
    let review = |plan: &mut Plan| {
        Deployment::narrow(only, nobody.as_ref(), plan)?;
        if yes || args.how.check { Ok(()) } else { confirm(plan, ui) }
    };
    let exit = conduct(
        &mut invocation,
        &Conduct {
            command: "deploy",
            playbooks: vec![playbook.clone()],
            selection: &args.selection,
            how: &args.how,
            limit: global.limit.as_deref(),
            review: &review,
            lock: Some(&args.lock),
            beside: None,
            shows: Shows::Story,
            with_changes: Exit::Ok,
            heed: None,
        },
        ui,
    )?;
    let is_whole = only.is_none()
        && (global.limit.is_none() || args.resume.is_some())
        && args.selection.tags.is_empty()
        && args.selection.skip_tags.is_empty();
    if exit != Exit::Ok || args.how.check || args.no_verify || !is_whole {
        return Ok(exit);
    }
    verify::after_deploy(&mut invocation, &playbook, ui)
}

/// The playbook that is meant: as named, the project's own, the shipped one.
pub(super) fn playbook(root: &Path, named: Option<&Path>) -> Result<PathBuf, Problem> {
    let content = Content::default();
    let name = named.unwrap_or(Path::new("deploy.yml"));
    let shipped = content::path(&name.to_string_lossy());
    let own = if named.is_some() { name.to_owned() } else { root.join(name) };
    if own.is_file() {
        return Ok(own);
    }
    if content.read(&shipped).is_some() {
        return Ok(shipped);
    }
    let ours: Vec<&str> = content.below("").filter(|name| !name.contains('/')).collect();
    let problem = Problem::error("DPP0106", format!("there is no playbook {}", name.display()))
        .note(format!("dppctl ships {}", ours.join(", ")));
    Err(match nearest(&name.to_string_lossy(), ours) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    })
}

/// Leaves what sets up these stages, and what that needs: steps of no stage in the plays that have steps of these, and
/// plays of no stage that are tagged `always`.
pub(super) fn keep_only(plan: &mut Plan, stages: &[Stage]) -> Result<(), Stop> {
    let has_their_steps = |play: &PlayPlan| stages.iter().any(|stage| !steps_of(&play.steps, *stage).is_empty());
    let has_any = plan.plays.iter().any(has_their_steps);
    plan.plays.retain(|play| has_their_steps(play) || has_any && is_for_every_stage(&play.steps));
    for play in &mut plan.plays {
        play.steps = kept(&play.steps, stages);
    }
    if plan.plays.is_empty() {
        let names: Vec<&str> = stages.iter().map(|stage| stage.name()).collect();
        let problem = Problem::error("DPP0106", format!("the playbook has no role for the stage {}", names.join(", ")));
        return Err(problem.help("a role is taken for a stage by its name; choose tasks with --tags instead").into());
    }
    Ok(())
}

fn is_for_every_stage(steps: &[Step]) -> bool {
    steps.iter().all(|step| match step {
        Step::Task(task) => {
            stage_of(task.role.as_ref()).is_none() && task.keywords.tags.iter().any(|tag| tag == "always")
        }
        Step::Block(block) => {
            [&block.body, &block.rescue, &block.always].into_iter().all(|part| is_for_every_stage(part))
        }
        Step::Flush | Step::RoleEnd(_) => true,
    })
}

fn kept(steps: &[Step], stages: &[Stage]) -> Arc<[Step]> {
    let keep = |step: &Step| match step {
        Step::Task(task) => {
            stage_of(task.role.as_ref()).is_none_or(|found| stages.contains(&found)).then(|| step.clone())
        }
        Step::Block(block) => Some(Step::Block(Arc::new(BlockStep {
            name: block.name.clone(),
            body: kept(&block.body, stages),
            rescue: kept(&block.rescue, stages),
            always: kept(&block.always, stages),
            place: block.place.clone(),
        }))),
        Step::Flush | Step::RoleEnd(_) => Some(step.clone()),
    };
    steps.iter().filter_map(keep).collect()
}

/// Asks on the terminal; without one, the option that would have answered is named.
fn confirm(plan: &Plan, ui: Ui) -> Result<(), Stop> {
    let mut hosts: Vec<&String> = plan.plays.iter().flat_map(|play| &play.hosts).collect();
    hosts.sort();
    hosts.dedup();
    ask::yes(&question(count(plan), hosts.len()), "--yes answers it, --check only looks", ui)
}

/// What is asked. Which of the steps change something, only the hosts know.
fn question(steps: usize, hosts: usize) -> String {
    let s = if hosts == 1 { "" } else { "s" };
    format!("Deploy to {hosts} host{s}, up to {steps} steps; what is as it should be stays?")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::testing::Line;

    const HOSTS: &str = "[web_nodes]\nweb1\n[logstash_nodes]\nlog1\n[kafka_nodes]\nkafka1\n\
        [elasticsearch_nodes]\nes1\n[kibana_nodes]\nes1\n\
        [all:vars]\nansible_connection=local\nRABBITMQ_PASS=geheim\n";

    /// Why a deployment is refused; one that begins to ask is stopped there.
    fn refusal(options: &[&str]) -> Option<Problem> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hosts"), HOSTS).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let given = ["deploy", "--no-config", "--project", &at(""), "-i", &at("hosts")].map(str::to_owned);
        let line =
            Line::<DeployArgs>::parse_from(given.into_iter().chain(options.iter().map(|option| (*option).to_owned())));
        match deploy(&line.global, &line.args, Ui::plain()) {
            Err(Stop::Refused(mut problems)) => Some(problems.remove(0)),
            Err(Stop::Declined(_)) => None,
            other => panic!("{options:?}: {other:?}"),
        }
    }

    #[test]
    fn a_stage_of_which_nobody_is_chosen_is_refused_before_anything_is_asked() {
        let problem = refusal(&["--only", "relay", "-l", "kafka1"]).unwrap();
        assert_eq!((problem.code, problem.help.as_deref()), ("DPP0203", Some("its hosts: -l log1")));
        assert!(refusal(&["--only", "relay", "-l", "log1"]).is_none());
    }

    #[test]
    fn a_limit_changes_nothing_about_what_the_stages_know_of_each_other() {
        assert!(refusal(&["-l", "log1"]).is_none(), "the password is the broker's, and known");
    }

    #[test]
    fn the_number_of_steps_is_said_to_be_the_most_there_can_be() {
        assert!(question(282, 5).starts_with("Deploy to 5 hosts, up to 282 steps"));
        assert!(question(1, 1).starts_with("Deploy to 1 host, "));
    }
}
