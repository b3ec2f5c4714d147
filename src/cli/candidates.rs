//! What a shell offers while somebody types: hosts and groups of the inventory at hand, stages, roles and their
//! templates. A mistake in the project offers nothing; telling of it is the command's business.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap_complete::engine::CompletionCandidate;
use zeroize::Zeroizing;

use crate::content::Content;
use crate::inventory::{Inventory, InventorySource};
use crate::pipeline::Stage;
use crate::project::{Project, Surroundings};
use crate::secret::{Decrypt, VaultError};

/// What parts the hosts of a pattern: `kafka:&prod:!k3`.
const BETWEEN: [char; 4] = [':', ',', '&', '!'];

/// Hosts and groups; of a pattern, its last part.
pub(super) fn hosts(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let Some(inventory) = inventory(&std::env::args().collect::<Vec<_>>()) else { return Vec::new() };
    let names: Vec<&str> = inventory.groups().chain(inventory.hosts()).collect();
    beginning(current, &names).into_iter().map(CompletionCandidate::new).collect()
}

/// Stages of the pipeline.
pub(super) fn stages(current: &OsStr) -> Vec<CompletionCandidate> {
    offered(current, Stage::ALL.map(|stage| stage.name().to_owned()))
}

/// Shipped roles.
pub(super) fn roles(current: &OsStr) -> Vec<CompletionCandidate> {
    let shipped = Content::default();
    let roles: BTreeSet<&str> = shipped.below("roles").filter_map(|path| path.split('/').next()).collect();
    offered(current, roles.into_iter().map(str::to_owned))
}

/// Templates of shipped roles, as `render` wants them named.
pub(super) fn templates(current: &OsStr) -> Vec<CompletionCandidate> {
    let shipped = Content::default();
    offered(current, shipped.below("templates").filter(|path| path.contains('/')).map(str::to_owned))
}

fn offered(current: &OsStr, names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let fitting = names.into_iter().filter(|name| name.starts_with(current.as_ref()));
    fitting.map(CompletionCandidate::new).collect()
}

/// The pattern with its last part made whole, in every way that fits.
fn beginning(pattern: &str, names: &[&str]) -> Vec<String> {
    let at = pattern.rfind(BETWEEN).map_or(0, |at| at + 1);
    let (before, part) = pattern.split_at(at);
    names.iter().filter(|name| name.starts_with(part)).map(|name| format!("{before}{name}")).collect()
}

/// The inventory that these words of a command line, or the settings, name; programmes and Vagrant are not run for it.
fn inventory(words: &[String]) -> Option<Inventory> {
    let variables = std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value)));
    let around = Surroundings {
        folder: std::env::current_dir().ok()?,
        variables: variables.collect(),
        ..Surroundings::default()
    };
    let project = Project::discover(&around).ok()?;
    let named = named(words);
    let given = if named.is_empty() { project.settings.inventory.value.clone() } else { named };
    let sources: Vec<InventorySource> = given
        .iter()
        .map(|given| project.inventory_source(given))
        .filter(|given| is_text(Path::new(given)))
        .map(|given| InventorySource::parse(&given))
        .collect();
    Inventory::load(&sources, &Blind).ok()
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// What follows `-i` and its like.
fn named(words: &[String]) -> Vec<String> {
    let mut named = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "-i" || word == "--inventory" {
            named.extend(words.next().cloned());
        } else if let Some(glued) = word.strip_prefix("--inventory=").or_else(|| word.strip_prefix("-i")) {
            named.push(glued.to_owned());
        }
    }
    named
}

fn is_text(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_dir() || metadata.permissions().mode() & 0o111 == 0)
}

/// Names are wanted, no values: what is encrypted stays so.
struct Blind;

impl Decrypt for Blind {
    fn decrypt(&self, _envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        Ok(Zeroizing::new(String::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_pattern_is_made_whole() {
        let names = ["kafka", "kafka1", "kibana", "web1"];
        assert_eq!(beginning("ka", &names), ["kafka", "kafka1"]);
        assert_eq!(beginning("kafka:!k", &names), ["kafka:!kafka", "kafka:!kafka1", "kafka:!kibana"]);
        assert_eq!(beginning("web1,", &names).len(), 4);
    }

    #[test]
    fn inventories_are_found_on_the_command_line() {
        let words = ["dppctl", "-i", "a", "--inventory", "b", "--inventory=c", "-id", "run"].map(str::to_owned);
        assert_eq!(named(&words), ["a", "b", "c", "d"]);
    }

    #[test]
    fn stages_roles_and_templates_are_offered() {
        let values = |candidates: Vec<CompletionCandidate>| -> Vec<String> {
            candidates.iter().map(|candidate| candidate.get_value().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(values(stages("k".as_ref())), ["kafka", "kibana"]);
        assert_eq!(values(roles("kib".as_ref())), ["kibana"]);
        assert_eq!(values(templates("kibana/".as_ref())), ["kibana/kibana.yml.j2"]);
    }
}
