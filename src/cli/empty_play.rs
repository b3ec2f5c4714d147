//! A play whose pattern no host fits: left out, or refused where that would be a pipeline with a part missing.

use crate::inventory::Inventory;
use crate::source::{Problem, Severity, nearest};

/// A play that nobody is in is left out, as Ansible does. That of a pipeline would be missing from it in silence where its group
/// is only mistyped: there it is refused.
pub(super) fn without_hosts(inventory: &Inventory, pattern: &str, command: &str) -> Problem {
    let problem = Problem::error("DPP0203", format!("`{pattern}` has no hosts; the play is left out"));
    let near = nearest(pattern, inventory.groups()).filter(|_| inventory.group(pattern).is_none());
    match near.map(|near| (near, inventory.group(near).and_then(|group| group.place()))) {
        None => Problem { severity: Severity::Warning, ..problem },
        Some((near, place)) => {
            let problem = match place {
                Some(place) => problem.at(place, format!("did you mean `{pattern}`?")),
                None => problem.help(format!("there is a group `{near}`: did you mean that?")),
            };
            let severity = if command == "deploy" { Severity::Error } else { Severity::Warning };
            Problem { severity, ..problem }
        }
    }
}
