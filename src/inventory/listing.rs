//! The form in which inventory scripts and `ansible-inventory --list` print an inventory: groups with lists of hosts and
//! of children, and the variables of all hosts below `_meta`.

use crate::inventory::roster::Inventory;
use crate::inventory::sections::{self, unfit};
use crate::inventory::variables::Variables;
use crate::source::Problems;
use crate::yaml::{Data, Key, Node};

/// The entry that is no group.
const META: &str = "_meta";

/// Whether a document has this form, and not that of a file that somebody wrote.
pub(crate) fn is_listing(document: &Node) -> bool {
    document.entry(META).is_some()
}

/// Reads a document; true when it told the variables of the hosts, too.
pub(crate) fn read(document: &Node, inventory: &mut Inventory) -> Result<bool, Problems> {
    let Some(entries) = document.as_map() else {
        return Err(vec![unfit(document, "an inventory is a mapping of groups")]);
    };
    let mut problems = Problems::new();
    for (key, content) in entries.iter().filter(|(key, _)| key.text != META) {
        group(key, content, inventory, &mut problems);
    }
    let meta = document.get(META);
    for (host, variables) in hostvars(meta) {
        if let Err(found) = read_host(variables, &host.text, inventory) {
            problems.extend(found);
        }
    }
    if problems.is_empty() { Ok(meta.is_some()) } else { Err(problems) }
}

/// Reads what is said of one host; a host that is in no group is none.
pub(crate) fn read_host(document: &Node, host: &str, inventory: &mut Inventory) -> Result<(), Problems> {
    let Some(variables) = Variables::of_node(document) else {
        return Err(vec![unfit(document, &format!("variables of host `{host}` are a mapping"))]);
    };
    if let Some(known) = inventory.hosts.get_mut(host) {
        known.variables.extend(&variables);
    }
    Ok(())
}

fn hostvars(meta: Option<&Node>) -> &[(Key, Node)] {
    meta.and_then(|meta| meta.get("hostvars")?.as_map()).unwrap_or_default()
}

fn group(key: &Key, content: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    inventory.declare_group(&key.text, Some(&key.place));
    if matches!(content.data, Data::List(_)) {
        // The oldest form: nothing but hosts.
        return hosts(key, content, inventory, problems);
    }
    let Some(entries) = content.as_map() else {
        problems
            .push(unfit(content, &format!("group `{}` is a list of hosts, or has hosts, children and vars", key.text)));
        return;
    };
    for (section, content) in entries {
        match section.text.as_str() {
            "hosts" => hosts(key, content, inventory, problems),
            "children" => {
                for child in names(content, problems) {
                    inventory.adopt(&key.text, &child);
                }
            }
            "vars" => sections::variables(key, content, inventory, problems),
            _ => problems.push(sections::unknown(key, section)),
        }
    }
}

fn hosts(group: &Key, content: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    for host in names(content, problems) {
        inventory.declare_host(&host, Some(&content.place));
        inventory.join(&host, &group.text);
    }
}

fn names(content: &Node, problems: &mut Problems) -> Vec<String> {
    let Data::List(items) = &content.data else {
        problems.push(unfit(content, "a list of names is expected"));
        return Vec::new();
    };
    let mut names = Vec::new();
    for item in items {
        match item.as_str() {
            Some(name) => names.push(name.to_owned()),
            None => problems.push(unfit(item, "a name is expected")),
        }
    }
    names
}
