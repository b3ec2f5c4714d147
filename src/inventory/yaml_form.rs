//! The YAML form of an inventory: groups with `hosts`, `children` and `vars`.

use std::sync::Arc;

use crate::inventory::listing;
use crate::inventory::range::expand;
use crate::inventory::roster::Inventory;
use crate::inventory::sections::{self, unfit};
use crate::inventory::variables::Variables;
use crate::secret::Decrypt;
use crate::source::{Problem, Problems, Source};
use crate::value::Value;
use crate::yaml::{Key, Node, parse_with};

/// Reads a source into an inventory.
pub(crate) fn read(source: &Arc<Source>, inventory: &mut Inventory, vault: &dyn Decrypt) -> Result<(), Problems> {
    let mut problems = Problems::new();
    for document in parse_with(source, vault)? {
        read_document(&document, inventory, &mut problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn read_document(document: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    if document.is_null() {
        return;
    }
    let Some(groups) = document.as_map() else {
        problems.push(unfit(document, "an inventory is a mapping of groups"));
        return;
    };
    if listing::is_listing(document) {
        problems.extend(listing::read(document, inventory).err().unwrap_or_default());
        return;
    }
    if let Some((key, plugin)) = document.entry("plugin") {
        let name = plugin.as_str().unwrap_or_default();
        problems.push(
            Problem::error("DPP0207", format!("the inventory plugin `{name}` cannot be run: plugins are Python"))
                .at(&key.place, "asks for a plugin")
                .help("write what it finds to a file: ansible-inventory -i FILE --list --yaml > hosts.yml"),
        );
        return;
    }
    for (key, content) in groups {
        group(key, content, inventory, problems);
    }
}

fn group(key: &Key, content: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    inventory.declare_group(&key.text, Some(&key.place));
    if content.is_null() {
        return;
    }
    let Some(entries) = content.as_map() else {
        problems.push(unfit(content, &format!("group `{}` takes hosts, children and vars", key.text)));
        return;
    };
    for (section, content) in entries {
        match section.text.as_str() {
            "hosts" => each(content, problems, |host, variables, problems| {
                self::host(&key.text, host, variables, inventory, problems);
            }),
            "children" => each(content, problems, |child, content, problems| {
                group(child, content, inventory, problems);
                inventory.adopt(&key.text, &child.text);
            }),
            "vars" => sections::variables(key, content, inventory, problems),
            _ => problems.push(sections::unknown(key, section)),
        }
    }
}

fn host(group: &str, key: &Key, content: &Node, inventory: &mut Inventory, problems: &mut Problems) {
    let Some(variables) = Variables::of_node(content) else {
        problems.push(unfit(content, &format!("host `{}` takes a mapping of variables", key.text)));
        return;
    };
    match expand(&key.text) {
        Ok((hosts, port)) => {
            for name in hosts {
                let host = inventory.declare_host(&name, Some(&key.place));
                if let Some(port) = port {
                    host.variables.set("ansible_port", Value::Int(port.into()), Some(key.place.clone()));
                }
                host.variables.extend(&variables);
                inventory.join(&name, group);
            }
        }
        Err(cause) => {
            problems.push(Problem::error("DPP0202", format!("cannot read `{}`: {cause}", key.text)).at(&key.place, ""));
        }
    }
}

/// Walks a mapping of names; a single name may stand alone, as Ansible allows.
fn each(content: &Node, problems: &mut Problems, mut visit: impl FnMut(&Key, &Node, &mut Problems)) {
    if let Some(entries) = content.as_map() {
        for (key, node) in entries {
            visit(key, node, problems);
        }
    } else if let Some(name) = content.as_str() {
        let key = Key { text: name.to_owned(), place: content.place.clone() };
        visit(&key, &Node { place: content.place.clone(), data: crate::yaml::Data::Null }, problems);
    } else if !content.is_null() {
        problems.push(
            unfit(content, "a mapping of names is expected")
                .help("end each name with `:` instead of beginning it with `- `"),
        );
    }
}
