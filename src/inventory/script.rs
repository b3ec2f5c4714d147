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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::InventorySource;
    use crate::secret::NoPassword;

    fn inventory(script: &str) -> Result<Inventory, Problems> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hosts");
        // Written by a child: a descriptor of our own, inherited by another test's child, would make it "text file busy".
        let write = "printf '%s' \"$2\" > \"$1\" && chmod 700 \"$1\"";
        assert!(Command::new("sh").args(["-c", write, "sh"]).arg(&path).arg(script).status().unwrap().success());
        Inventory::load(&[InventorySource::Path(path)], &NoPassword)
    }

    fn variable(inventory: &Inventory, host: &str, name: &str) -> String {
        let value = inventory.hosts[host].variables.get(name).unwrap_or_else(|| panic!("{host} has no {name}"));
        serde_json::Value::from(value).to_string()
    }

    #[test]
    fn one_answer_tells_groups_and_variables() {
        let inventory = inventory(
            "#!/bin/sh\n[ \"$1\" = --list ] || exit 9\ncat <<'END'\n\
             {\"_meta\": {\"hostvars\": {\"k1\": {\"ansible_port\": 2222}, \"stranger\": {\"x\": 1}}},\n\
              \"kafka\": {\"hosts\": [\"k1\", \"k2\"], \"vars\": {\"heap\": \"1g\"}}, \"logs\": {\"children\": [\"kafka\"]},\n\
              \"old\": [\"k2\"]}\nEND\n",
        )
        .unwrap();
        assert_eq!(inventory.hosts_of("logs"), ["k1", "k2"]);
        assert_eq!(inventory.hosts_of("old"), ["k2"]);
        assert_eq!(variable(&inventory, "k1", "ansible_port"), "2222");
        assert!(inventory.host("stranger").is_none(), "a host of no group is none");
        assert!(inventory.group("kafka").unwrap().variables().get("heap").is_some());
    }

    #[test]
    fn an_older_script_is_asked_for_each_host() {
        let inventory = inventory(
            "#!/bin/sh\ncase $1 in --list) echo '{\"kafka\": [\"k1\"]}';; --host) echo \"{\\\"me\\\": \\\"$2\\\"}\";; esac\n",
        )
        .unwrap();
        assert_eq!(variable(&inventory, "k1", "me"), "\"k1\"");
    }

    #[test]
    fn a_script_that_fails_is_told_of_in_its_own_words() {
        let problems = inventory("#!/bin/sh\necho no credentials >&2\nexit 3\n").unwrap_err();
        assert!(problems[0].message.ends_with("fails: exit status: 3: no credentials"), "{problems:?}");
        let problems = inventory("#!/bin/sh\ntrue\n").unwrap_err();
        assert!(problems[0].message.ends_with("it prints nothing"), "{problems:?}");
    }

    #[test]
    fn a_mistake_in_what_it_prints_is_shown_there() {
        let problems = inventory("#!/bin/sh\necho '{\"kafka\": {\"hots\": [\"k1\"]}, \"_meta\": {}}'\n").unwrap_err();
        let place = &problems[0].at.as_ref().unwrap().0;
        assert_eq!((place.text(), problems[0].help.as_deref()), ("\"hots\"", Some("did you mean `hosts`?")));
    }
}
