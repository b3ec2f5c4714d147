//! INI and YAML inventories → hosts, groups, variables, patterns.

use std::path::Path;

use dppctl::inventory::{Inventory, InventorySource};
use dppctl::secret::NoPassword;
use dppctl::source::excerpt;
use tempfile::TempDir;

thread_local! {
    static FOLDER: TempDir = folder();
}

/// Reads an inventory; its first line is also taken for a pattern of hosts.
pub(crate) fn run(bytes: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("hosts"));
    std::fs::write(&path, bytes).expect("the file of the inventory can be written");
    match Inventory::load(&[InventorySource::Path(path)], &NoPassword) {
        Ok(inventory) => look_at(&inventory, &String::from_utf8_lossy(bytes)),
        Err(problems) => problems.iter().for_each(|problem| assert!(!excerpt(problem, false, 80).is_empty())),
    }
}

fn look_at(inventory: &Inventory, text: &str) {
    let hosts = inventory.hosts();
    for host in hosts.iter().take(50) {
        let groups = inventory.groups_of(host);
        assert!(groups.iter().all(|group| inventory.hosts_of(group).contains(host)));
        let _ = (inventory.layers(host), inventory.sayings(host));
    }
    let pattern = text.lines().next().unwrap_or_default().trim_start_matches('#');
    let chosen = inventory.select(pattern).unwrap_or_default();
    assert!(chosen.iter().all(|host| hosts.contains(&host.as_str())));
}

/// In memory, where the system has such a folder.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    folder.expect("a folder can be made")
}
