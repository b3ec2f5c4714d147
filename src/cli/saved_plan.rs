//! A plan in a file: kept by `plan --out`, carried out by `deploy FILE`, and refused when it would not do that any more.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::cli::conduct::{Conduct, conduct};
use crate::cli::deploy::{DeployArgs, Deployment, carry_out};
use crate::cli::options::{Global, HowArgs};
use crate::cli::ticket::who;
use crate::cli::typed::{Piece, pieces};
use crate::cli::{Cli, Command, Stop};
use crate::event::{iso, now};
use crate::exit::Exit;
use crate::files::replace;
use crate::plan::Plan;
use crate::report::{RunReport, SavedPlan};
use crate::source::Problem;
use crate::ui::{Shows, Ui};

/// What only shows or keeps a plan.
const OF_THE_PLAN: [&str; 6] = ["--out", "-o", "--output", "--json", "--report", "--events"];
const ALONE: [&str; 3] = ["--detailed-exitcode", "--json", "--check"];
/// What the plan says already.
const SAID: [&str; 10] =
    ["-i", "--inventory", "-l", "--limit", "-e", "--extra-vars", "-t", "--tags", "--skip-tags", "--only"];
const VARIABLES: [&str; 2] = ["-e", "--extra-vars"];

/// The words to be kept with a plan. A value of a variable would lie in the file for everybody who reads that.
pub(super) fn words() -> Result<Vec<String>, Problem> {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let is_value =
        |piece: &Piece| matches!(piece, Piece::Option(_, value) if piece.is(&VARIABLES) && !value.starts_with('@'));
    let pieces = pieces(&typed);
    if pieces.iter().any(is_value) {
        let problem = Problem::error("DPP1105", "a plan that is kept names no values of variables");
        return Err(problem.help("write them into a file: -e @vars.yml"));
    }
    Ok(pieces.into_iter().filter(|piece| !is_shown(piece)).skip(1).flat_map(|piece| piece.words()).collect())
}

fn is_shown(piece: &Piece) -> bool {
    piece.is(&OF_THE_PLAN) || matches!(piece, Piece::Word(word) if ALONE.contains(&word.as_str()))
}

/// Keeps what a check came to, for its owner alone.
pub(super) fn keep(path: &Path, words: &[String], report: &RunReport, ui: Ui) -> Result<(), Stop> {
    let folder = std::env::current_dir().unwrap_or_default();
    let plan = SavedPlan::of(report, iso(now()), who(), folder, words.to_vec());
    let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
    replace(path, text.as_bytes())
        .map_err(|error| Stop::Trouble(format!("cannot keep the plan in {}: {error}", path.display())))?;
    ui.story(&format!("Kept:    dppctl deploy {}", path.display()));
    Ok(())
}

/// The plan that is named where a playbook could be.
pub(super) fn named(path: Option<&PathBuf>) -> Result<Option<SavedPlan>, Stop> {
    let Some(path) = path else { return Ok(None) };
    let Some(text) = fs::read_to_string(path).ok().filter(|text| SavedPlan::is_one(text)) else { return Ok(None) };
    let plan: SavedPlan = serde_json::from_str(&text).map_err(|error| {
        Problem::error("DPP1105", format!("{} is no plan that can be read: {error}", path.display()))
            .help("make it again: dppctl plan --out FILE")
    })?;
    let here = std::env::current_dir().unwrap_or_default();
    if here != plan.folder {
        let problem = Problem::error("DPP1105", format!("this plan was made in {}", plan.folder.display()));
        return Err(problem.help("go there: what it names is looked for from that folder").into());
    }
    Ok(Some(plan))
}

/// Looks whether the plan would still do what it says, and does it.
pub(super) fn deploy(plan: &SavedPlan, path: &Path, ui: Ui) -> Result<Exit, Stop> {
    let cli = as_planned(plan, path)?;
    let Command::Deploy(args) = &cli.command else { return Err(Stop::Trouble("the plan is none of a deploy".into())) };
    ui.headline(&format!("a plan of {} by {}: {} changes", plan.made, plan.by, plan.changes()));
    let exit = look_again(plan, &cli.global, args, ui)?;
    if exit == Exit::Ok { carry_out(&cli.global, args, true, ui) } else { Ok(exit) }
}

/// What was typed for the plan, with what is typed now.
fn as_planned(plan: &SavedPlan, path: &Path) -> Result<Cli, Stop> {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let now = pieces(&typed);
    let is_kept = |piece: &Piece| plan.words.windows(2).any(|words| words == piece.words());
    if let Some(Piece::Option(name, _)) = now.iter().find(|piece| piece.is(&SAID) && !is_kept(piece)) {
        let problem = Problem::error("DPP1105", format!("the plan says already what {name} would say"));
        return Err(problem.help("make another plan, or name the playbook").into());
    }
    let path = path.display().to_string();
    let is_named =
        |piece: &Piece| matches!(piece, Piece::Word(word) if *word == path || word == "deploy" || word == "apply");
    let now = now.iter().filter(|piece| !is_named(piece) && !piece.is(&SAID)).flat_map(Piece::words);
    let words = ["dppctl".to_owned(), "deploy".to_owned()].into_iter().chain(plan.words.iter().cloned()).chain(now);
    Cli::try_parse_from(words).map_err(|error| {
        Problem::error("DPP1105", format!("what was typed for the plan is not understood any more: {error}")).into()
    })
}

fn look_again(plan: &SavedPlan, global: &Global, args: &DeployArgs, ui: Ui) -> Result<Exit, Stop> {
    let how = HowArgs { check: true, events: None, ..args.how.clone() };
    let Deployment { mut invocation, playbook, only, nobody } =
        Deployment::read(global, &args.target, &how, &args.privilege, &args.connection)?;
    invocation.reports.clear();
    let review = |plan: &mut Plan| Deployment::narrow(only, nobody.as_ref(), plan);
    let heed = |report: &RunReport| as_it_was(plan, report);
    conduct(
        &mut invocation,
        &Conduct {
            command: "plan",
            playbooks: vec![playbook],
            selection: &args.selection,
            how: &how,
            limit: global.limit.as_deref(),
            review: &review,
            lock: None,
            beside: None,
            shows: Shows::Trouble,
            with_changes: Exit::Ok,
            heed: Some(&heed),
        },
        ui,
    )
}

fn as_it_was(plan: &SavedPlan, report: &RunReport) -> Result<(), Stop> {
    let differences = plan.differences(report);
    if differences.is_empty() {
        return Ok(());
    }
    let head = Problem::error("DPP1105", format!("hosts or files changed since this plan was made ({})", plan.made));
    let head = differences.into_iter().fold(head, Problem::note);
    Err(head.help("look at what would be done now: dppctl plan; nothing was touched").into())
}
