//! `dppctl roles`: roles of other people in the project, locked, and how they lie there.

mod install;
mod list;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};

use crate::cli::Stop;
use crate::cli::invocation::project;
use crate::cli::options::Global;
use crate::exit::Exit;
use crate::galaxy::GalaxyError;
use crate::project::Project;
use crate::source::Problem;
use crate::ui::Ui;

/// Options of `roles`.
#[derive(Debug, Args)]
pub(super) struct RolesArgs {
    #[command(subcommand)]
    what: What,
    /// Folder of the roles; the project's when it is not named
    #[arg(short = 'p', long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    roles_path: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Fetch roles, put them into the project, and keep their hashes in roles.lock
    Install(install::InstallArgs),
    /// Show locked roles, and whether somebody edited them
    List,
}

/// Where roles and their lock lie.
struct Places {
    project: Project,
    folder: PathBuf,
    lock: PathBuf,
}

pub(super) fn roles(global: &Global, args: &RolesArgs, ui: Ui) -> Result<Exit, Stop> {
    let project = project(global)?;
    let settings = project.settings.roles.first().cloned();
    let folder = args.roles_path.clone().or(settings).unwrap_or_else(|| project.root.join("roles"));
    // As somebody here would type it.
    let here = std::env::current_dir().unwrap_or_default();
    let folder = folder.strip_prefix(&here).map_or(folder.clone(), Path::to_owned);
    let places = Places { folder, lock: project.root.join("roles.lock"), project };
    match &args.what {
        What::Install(args) => install::install(&places, args, ui),
        What::List => list::list(&places, ui),
    }
}

/// What went wrong, for a person.
fn problem(error: &GalaxyError) -> Problem {
    let problem = Problem::error(error.code(), error.to_string());
    match error.help() {
        Some(help) => problem.help(help),
        None => problem,
    }
}
