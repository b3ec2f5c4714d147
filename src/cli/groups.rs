//! Groups of an inventory whose names are nearly the pipeline's. Their stage would have no hosts, and be left out in
//! silence: a playbook of several groups goes on with those that are there.

use crate::inventory::Inventory;
use crate::pipeline::Stage;
use crate::source::{Problem, nearest};

/// Refuses an inventory in which a group of the pipeline is missing and another has nearly its name.
pub(super) fn require_spelling(inventory: &Inventory) -> Result<(), Problem> {
    let (known, missing): (Vec<&str>, Vec<&str>) =
        Stage::ALL.iter().flat_map(|stage| stage.groups()).partition(|name| inventory.group(name).is_some());
    let mut strangers = inventory.groups().filter(|name| !known.contains(name));
    match strangers.find_map(|name| Some((name, nearest(name, missing.iter().copied())?))) {
        Some((name, meant)) => Err(mistyped(inventory, name, meant)),
        None => Ok(()),
    }
}

fn mistyped(inventory: &Inventory, name: &str, meant: &str) -> Problem {
    let problem = Problem::error("DPP0203", format!("there is no group `{meant}`, but a group `{name}`"))
        .note("the pipeline takes its hosts by the names of their groups");
    match inventory.group(name).and_then(|group| group.place()) {
        Some(place) => problem.at(place, format!("did you mean `{meant}`?")),
        None => problem.help(format!("did you mean `{meant}`?")),
    }
}
