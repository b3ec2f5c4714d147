//! What both forms of a YAML group share: its variables, and what is said of a key that is none of its sections.

use crate::inventory::roster::Inventory;
use crate::inventory::variables::Variables;
use crate::source::{Problem, Problems, nearest};
use crate::yaml::{Key, Node};

const SECTIONS: [&str; 3] = ["hosts", "children", "vars"];

/// Gives a group the variables of its section.
pub(super) fn variables(group: &Key, content: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    match Variables::of_node(content) {
        Some(variables) => inventory.declare_group(&group.text, None).variables.extend(&variables),
        None => problems.push(unfit(content, "variables are a mapping of names to values")),
    }
}

/// A key that no group has.
pub(super) fn unknown(group: &Key, section: &Key) -> Problem {
    Problem::error("DPP0202", format!("unknown key `{}` in group `{}`", section.text, group.text))
        .at(&section.place, "a group takes hosts, children and vars")
        .did_you_mean(nearest(&section.text, SECTIONS))
}

/// A node of another kind than is expected.
pub(super) fn unfit(node: &Node, expected: &str) -> Problem {
    Problem::error("DPP0202", format!("{expected}, and this is a {}", node.kind())).at(&node.place, "")
}
