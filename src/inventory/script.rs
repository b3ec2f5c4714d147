//! Inventories that are programmes: asked with `--list`, they print hosts, groups and variables as Ansible has them do.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::inventory::listing;
use crate::inventory::roster::Inventory;
use crate::secret::Decrypt;
use crate::source::{Problem, Problems, Source};
use crate::yaml::parse_with;

/// Asks a programme and reads what it prints into an inventory.
pub(crate) fn read(path: &Path, inventory: &mut Inventory, vault: &dyn Decrypt) -> Result<(), Problems> {
    let source = printed(path, &["--list"])?;
    let documents = parse_with(&source, vault)?;
    let Some(document) = documents.first().filter(|document| !document.is_null()) else {
        return Err(vec![failed(path, "--list", "it prints nothing")]);
    };
    let told = listing::read(document, inventory)?;
    if !told {
        // Older scripts are asked for each host.
        for host in inventory.hosts.keys().cloned().collect::<Vec<_>>() {
            let source = printed(path, &["--host", &host])?;
            for document in parse_with(&source, vault)? {
                listing::read_host(&document, &host, inventory)?;
            }
        }
    }
    Ok(())
}

fn printed(path: &Path, arguments: &[&str]) -> Result<Arc<Source>, Problems> {
    let asked = arguments.join(" ");
    let failed = |cause: &str| vec![failed(path, &asked, cause)];
    // Without a slash, a search path would be asked.
    let programme = std::fs::canonicalize(path).map_err(|error| failed(&error.to_string()))?;
    let output = Command::new(programme)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or("it says nothing");
        return Err(failed(&format!("{}: {last}", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("it does not print UTF-8"))?;
    Ok(Source::new(format!("{} {asked}", path.display()), text))
}

fn failed(path: &Path, asked: &str, cause: &str) -> Problem {
    Problem::error("DPP0207", format!("the inventory script `{} {asked}` fails: {cause}", path.display())).help(
        "run it yourself: it must print Ansible's JSON, {\"GROUP\": {\"hosts\": […]}, \"_meta\": {\"hostvars\": {…}}}",
    )
}
