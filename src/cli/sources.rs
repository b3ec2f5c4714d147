//! What follows `-i`, and what the settings name instead: from words to sources of an inventory.

use std::path::Path;

use crate::cli::Stop;
use crate::cli::options::{ConnectionArgs, Global};
use crate::inventory::{InventorySource, OPEN_SSH, VAGRANT, Vagrant};
use crate::project::{Project, SshConfig};
use crate::source::Problem;

/// What the inventory is read from: the command line, else the settings.
pub(super) fn sources(
    global: &Global,
    connection: Option<&ConnectionArgs>,
    project: &Project,
) -> Result<Vec<InventorySource>, Stop> {
    let given: Vec<String> =
        if global.inventory.is_empty() { project.settings.inventory.value.clone() } else { global.inventory.clone() };
    if given.is_empty() {
        return Err(Problem::error("DPP0201", "no inventory is named")
            .help("name one with -i FILE, or `inventory = \"…\"` in dppctl.toml; `dppctl init` writes a starter")
            .into());
    }
    let mut sources: Vec<InventorySource> =
        given.iter().map(|given| source(given, global, connection, project)).collect::<Result<_, Stop>>()?;
    if sources.iter().all(|source| matches!(source, InventorySource::Vagrant(_))) {
        // The project's own inventory lends Vagrant's machines their groups.
        let own = project.settings.inventory.iter().filter(|own| *own != VAGRANT);
        let own = own.map(|own| source(own, global, connection, project)).collect::<Result<Vec<_>, Stop>>()?;
        sources.splice(0..0, own);
    }
    Ok(sources)
}

/// One thing that follows `-i`.
fn source(
    given: &str,
    global: &Global,
    connection: Option<&ConnectionArgs>,
    project: &Project,
) -> Result<InventorySource, Stop> {
    if let Some(pattern) = given.strip_prefix(OPEN_SSH) {
        let names = ssh_config(connection, project)?.names();
        return Ok(InventorySource::OpenSsh { pattern: pattern.to_owned(), names });
    }
    if given == VAGRANT {
        let alone = global.inventory.iter().all(|given| given == VAGRANT);
        let groups = project.settings.vagrant_groups.value.clone();
        return Ok(InventorySource::Vagrant(Vagrant { folder: project.root.clone(), groups, alone }));
    }
    Ok(InventorySource::parse(&as_typed(project.inventory_source(given))))
}

/// A path below the working folder as somebody there would type it: settings have it whole.
fn as_typed(path: String) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    match Path::new(&path).strip_prefix(&here) {
        Ok(below) if below != Path::new("") => below.display().to_string(),
        _ => path,
    }
}

/// OpenSSH's configuration, the one that is named or the usual ones.
pub(super) fn ssh_config(connection: Option<&ConnectionArgs>, project: &Project) -> Result<SshConfig, Problem> {
    let named = connection.and_then(|args| args.ssh_config.clone());
    let named = named.or_else(|| project.settings.ssh_config.value.clone());
    SshConfig::new(named, project.home().map(Path::to_owned))
}
