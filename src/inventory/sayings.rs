//! Who says what about a host, one variable at a time: the strength of each saying in Ansible's order of precedence, and
//! the place where it stands.

use crate::inventory::layers::{Layer, LayerKind};
use crate::inventory::roster::Inventory;
use crate::source::Place;
use crate::value::Value;

/// What one place says about one variable of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    /// The variable.
    pub name: String,
    /// The value, as it was written.
    pub value: Value,
    /// Its level, of Ansible's 22; a higher one wins.
    pub level: u8,
    /// Where it comes from, in words.
    pub origin: String,
    /// Where it is written, if it is.
    pub place: Option<Place>,
}

impl Saying {
    /// The place, else the words.
    pub fn at(&self) -> String {
        self.place.as_ref().map_or_else(|| self.origin.clone(), ToString::to_string)
    }
}

impl Inventory {
    /// Everything that is said about a host, the weakest first.
    pub fn sayings(&self, host: &str) -> Vec<Saying> {
        let layers = self.layers(host);
        layers.iter().flat_map(|layer| layer.variables.values().keys().map(|name| layer.saying(name))).collect()
    }
}

impl Layer<'_> {
    fn saying(&self, name: &str) -> Saying {
        let variables = self.variables;
        Saying {
            name: name.to_owned(),
            value: variables.get(name).cloned().unwrap_or(Value::Null),
            level: self.kind.level(),
            origin: self.origin(),
            place: variables.place(name).cloned(),
        }
    }

    fn origin(&self) -> String {
        let name = self.name;
        match self.kind {
            LayerKind::AllInline | LayerKind::GroupInline => format!("group {name}, in the inventory"),
            LayerKind::AllFile | LayerKind::GroupFile => format!("group_vars/{name}"),
            LayerKind::AllFileOfPlaybook | LayerKind::GroupFileOfPlaybook => {
                format!("group_vars/{name} beside the playbook")
            }
            LayerKind::HostInline => format!("host {name}, in the inventory"),
            LayerKind::HostFile => format!("host_vars/{name}"),
            LayerKind::HostFileOfPlaybook => format!("host_vars/{name} beside the playbook"),
        }
    }
}

impl LayerKind {
    /// Its number in Ansible's list, where the weakest is 1 and the command line is 22.
    pub fn level(self) -> u8 {
        match self {
            Self::AllInline | Self::GroupInline => 3,
            Self::AllFile => 4,
            Self::AllFileOfPlaybook => 5,
            Self::GroupFile => 6,
            Self::GroupFileOfPlaybook => 7,
            Self::HostInline => 8,
            Self::HostFile => 9,
            Self::HostFileOfPlaybook => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::InventorySource;
    use crate::secret::NoPassword;

    #[test]
    fn every_level_without_a_play_has_its_number_and_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("inventory/hosts", "[all:vars]\nx=1\n[kafka]\nk1 x=5\n[kafka:vars]\nx=2\n");
        for (below, name) in [("inventory", "all"), ("play", "all"), ("inventory", "kafka"), ("play", "kafka")] {
            write(&format!("{below}/group_vars/{name}.yml"), "---\nx: 3\n");
        }
        for below in ["inventory", "play"] {
            write(&format!("{below}/host_vars/k1.yml"), "# this one\nx: 6\n");
        }
        let source = InventorySource::Path(folder.path().join("inventory/hosts"));
        let mut inventory = Inventory::load(&[source], &NoPassword).unwrap();
        inventory.read_beside_playbook(&folder.path().join("play"), &NoPassword).unwrap();
        let root = format!("{}/", folder.path().display());
        let told: Vec<String> = inventory
            .sayings("k1")
            .iter()
            .map(|saying| format!("{:>2} {}: {}", saying.level, saying.origin, saying.at().replace(&root, "")))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
        assert!(inventory.sayings("k1").is_sorted_by_key(|saying| saying.level), "the strongest comes last");
    }
}
