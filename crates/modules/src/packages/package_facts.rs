//! `package_facts`: all installed packages as facts, read off dpkg's status file.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::Names;
use crate::packages::dpkg::status::Installed;
use crate::{Host, Module, Survey};

/// Parameters of `package_facts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageFacts {
    /// dpkg is what there is.
    #[serde(default)]
    manager: Names,
    #[serde(default, rename = "strategy")]
    _strategy: Strategy,
}

/// Whether the first manager that is there is asked, or all of them; there is one.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Strategy {
    All,
    #[default]
    First,
}

/// What Ansible's module can ask.
const MANAGERS: &[&str] = &[
    "auto",
    "apk",
    "apt",
    "dnf",
    "dnf5",
    "openbsd_pkg",
    "pacman",
    "pkg",
    "pkg5",
    "pkg_info",
    "pkgng",
    "portage",
    "rpm",
    "yum",
    "zypper",
];

impl Module for PackageFacts {
    const NAME: &'static str = "package_facts";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        if let Some(name) = self.manager.0.iter().find(|name| !MANAGERS.contains(&name.as_str())) {
            return Err(Failure::new(format!("`package_facts` knows no manager of packages `{name}`"))
                .code("DPP0104")
                .help(format!("one of {}", MANAGERS.join(", "))));
        }
        Ok(Survey::unchanged().value("ansible_facts", json!({"packages": facts(&*Installed::read()?)})))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

fn facts(installed: &Installed) -> Map<String, Value> {
    let mut packages: Vec<_> = installed.all().filter(|package| package.is_installed()).collect();
    packages.sort_by(|left, right| (&left.name, &left.architecture).cmp(&(&right.name, &right.architecture)));
    let mut facts = Map::new();
    for package in packages {
        let fact =
            json!({"name": package.name, "version": package.version, "arch": package.architecture, "source": "apt"});
        match facts.entry(package.name.clone()).or_insert_with(|| json!([])) {
            Value::Array(all) => all.push(fact),
            other => *other = json!([fact]),
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn a_manager_that_nobody_knows_is_refused() {
        let failure = Ground::new().survey("package_facts", &json!({"manager": ["apt", "atp"]})).unwrap_err();
        assert!(failure.message.contains("`atp`"), "{}", failure.message);
    }

    #[test]
    fn a_package_of_two_architectures_is_listed_twice_under_its_name() {
        let facts = facts(&Installed::parse(include_str!("dpkg/fixtures/status")));
        assert_eq!(facts["elasticsearch"][0]["version"], "5.6.2");
        assert_eq!(facts["libc6"].as_array().unwrap().len(), 2);
        assert!(!facts.contains_key("apache2"));
    }
}
