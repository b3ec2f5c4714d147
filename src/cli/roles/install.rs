//! `dppctl roles install`: what the requirements or the command line name, at the versions that the lock holds.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::{Value as Json, json};

use crate::artifacts::Store;
use crate::cli::Stop;
use crate::cli::roles::{Places, problem};
use crate::exit::Exit;
use crate::galaxy::{self, Installed, Installer, Requirements, Wanted};
use crate::source::Problem;
use crate::ui::{Ui, answer_json};

/// Options of `roles install`.
#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// Roles: `owner.role`, a URL, an archive; each may go on with `,VERSION,NAME`
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
    /// File of requirements; requirements.yml or roles/requirements.yml when nothing is named
    #[arg(short = 'r', long, alias = "role-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    requirements: Option<PathBuf>,
    /// Replace roles that were edited, or that somebody else put there
    #[arg(short = 'f', long)]
    force: bool,
    /// Take versions anew instead of those in roles.lock
    #[arg(long)]
    upgrade: bool,
    /// Leave alone what roles depend on
    #[arg(short = 'n', long)]
    no_deps: bool,
    /// The Galaxy
    #[arg(
        short = 's',
        long,
        value_name = "URL",
        env = "ANSIBLE_GALAXY_SERVER",
        default_value = "https://galaxy.ansible.com"
    )]
    server: String,
}

pub(super) fn install(places: &Places, args: &InstallArgs, ui: Ui) -> Result<Exit, Stop> {
    let Requirements { roles, collections } = wanted(places, args)?;
    if !collections.is_empty() {
        let names = collections.join(", ");
        ui.story(&format!(
            "note: collections are not installed ({names}): modules are built in, and a role of one is installed by its \
             whole name, namespace.collection.role"
        ));
    }
    let mut came = Vec::new();
    let installer = Installer {
        folder: &places.folder,
        lock_file: &places.lock,
        server: &args.server,
        store: &|folder: &Path| Store::new(folder),
        force: args.force,
        upgrade: args.upgrade,
        no_dependencies: args.no_deps,
    };
    let ended = installer.install(&roles, &mut |role, installed| {
        ui.story(&told(role, installed));
        came.push(document(role, installed));
    });
    match ended {
        Ok(count) if ui.output.is_json() => {
            let body = json!({"lock": places.lock.display().to_string(), "count": count, "roles": came});
            answer_json(&ui, "dppctl.roles.install/1", Exit::Ok, &body);
        }
        Ok(count) => {
            let s = if count == 1 { "" } else { "s" };
            ui.answer(&format!("{count} role{s} in {}", places.folder.display()));
        }
        Err(errors) if came.is_empty() => return Err(errors.iter().map(problem).collect::<Vec<Problem>>().into()),
        Err(errors) => {
            errors.iter().for_each(|error| ui.problem(&problem(error)));
            ui.story(&format!("{} of the roles are there; once this is mended, the next run goes on here", came.len()));
            return Ok(Exit::Internal);
        }
    }
    Ok(Exit::Ok)
}

fn wanted(places: &Places, args: &InstallArgs) -> Result<Requirements, Stop> {
    let root = &places.project.root;
    let usual = [root.join("requirements.yml"), root.join("roles/requirements.yml")];
    let file = match &args.requirements {
        Some(named) => Some(named.clone()),
        None if args.roles.is_empty() => Some(usual.into_iter().find(|path| path.is_file()).ok_or_else(nothing)?),
        None => None,
    };
    let mut found = file.map(|file| galaxy::read(&file)).transpose()?.unwrap_or_default();
    for text in &args.roles {
        let role = Wanted::parse(text, Path::new("")).map_err(|why| Problem::error("DPP0105", why))?;
        found.roles.push(role);
    }
    Ok(found)
}

fn nothing() -> Problem {
    Problem::error("DPP0106", "no role is named, and there is no requirements.yml")
        .help("dppctl roles install OWNER.ROLE, or dppctl roles install -r FILE")
}

fn told(role: &Wanted, installed: &Installed) -> String {
    let name = &role.name;
    match installed {
        Installed::Kept(version) => format!("kept      {name} {version}"),
        Installed::Fresh(version) => format!("installed {name} {version}  from {}", role.source),
        Installed::Replaced { old, new } => format!("replaced  {name} {old} by {new}  from {}", role.source),
    }
}

fn document(role: &Wanted, installed: &Installed) -> Json {
    let (status, version) = match installed {
        Installed::Kept(version) => ("kept", version),
        Installed::Fresh(version) => ("installed", version),
        Installed::Replaced { new, .. } => ("replaced", new),
    };
    json!({"name": role.name, "version": version, "source": role.source.to_string(), "status": status})
}
