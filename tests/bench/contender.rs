//! Who is compared: how each is started for some hosts, and how its words say what it changed.

use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::floor;
use crate::hosts::{self, Host};
use crate::peers::Peers;
use crate::workshop::Workshop;

/// Makes the command that converges some hosts of an inventory.
type Start<'a> = Box<dyn Fn(&Workshop, &[Host]) -> Command + 'a>;

/// One way to bring hosts to the state of `converge/`.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    /// Whether its hosts need Python.
    pub(crate) wants_python: bool,
    /// How often it is measured: those that take a minute need no tenth decimal.
    pub(crate) rounds: usize,
    pub(crate) start: Start<'a>,
    pub(crate) changes: fn(&str) -> usize,
}

/// All of them; the floor first, because all others are divided by it.
pub(crate) fn contenders(peers: &Peers) -> Vec<Contender<'_>> {
    let bare = |name, rounds, changes, start| Contender { name, wants_python: false, rounds, start, changes };
    let ansible = |name, rounds, settings: &'static str| Contender {
        name,
        wants_python: true,
        rounds,
        changes: changes_of_ansible,
        start: Box::new(move |workshop, hosts| ansible(peers, workshop, settings, hosts)),
    };
    vec![
        bare("ssh2 connect + `true`", 15, |_| 0, Box::new(floor_of)),
        bare("dppctl", 15, changes_of_dppctl, Box::new(dppctl)),
        bare("one shell script over ssh", 10, changes_of_script, Box::new(script)),
        bare("pyinfra", 3, changes_of_pyinfra, Box::new(|workshop, hosts| pyinfra(peers, workshop, hosts))),
        ansible("Mitogen", 2, MITOGEN),
        ansible("Ansible, tuned", 1, TUNED),
        ansible("Ansible", 1, ""),
    ]
}

const TUNED: &str = "[defaults]\nforks = 20\ngathering = smart\nfact_caching = jsonfile\nfact_caching_connection = facts\n\
                     [ssh_connection]\npipelining = true\n";
const MITOGEN: &str = "[defaults]\nforks = 20\nstrategy = mitogen_linear\nstrategy_plugins = PLUGINS\n";

/// The hosts of one kind, as their inventory is called.
pub(crate) fn inventory_of(hosts: &[Host]) -> String {
    format!("hosts-{}", hosts[0].name.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn names(hosts: &[Host]) -> String {
    hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>().join(",")
}

fn floor_of(workshop: &Workshop, hosts: &[Host]) -> Command {
    let mut command = workshop.command(&std::env::current_exe().unwrap());
    command.arg(floor::NAME).arg(hosts::key()).args(hosts.iter().map(|host| &host.address));
    command
}

pub(crate) fn dppctl(workshop: &Workshop, hosts: &[Host]) -> Command {
    workshop.dppctl(["run", "site.yml", "--inventory", &inventory_of(hosts), "--limit", &names(hosts)])
}

/// One ssh client for each host at once; the archive that goes in holds the script and the files, rendered.
pub(crate) fn script(workshop: &Workshop, hosts: &[Host]) -> Command {
    let mut command = workshop.command(Path::new("/bin/sh"));
    let there = "d=$(mktemp -d) && tar -xzC $d && sudo sh $d/converge.sh $d/files && rm -r $d";
    let here = format!(
        "key=$1 known=$2; shift 2; for host; do ssh -i $key -o UserKnownHostsFile=$known ops@${{host#*=}} '{there}' \
         <payload-${{host%=*}}.tar.gz & all=\"$all $!\"; done; for one in $all; do wait $one || exit 1; done"
    );
    command.args(["-c", &here, "script"]).arg(hosts::key()).arg(hosts::known_hosts());
    command.args(hosts.iter().map(|host| format!("{}={}", host.name, host.address)));
    command
}

fn pyinfra(peers: &Peers, workshop: &Workshop, hosts: &[Host]) -> Command {
    let mut command = workshop.command(&peers.programme("pyinfra"));
    command.arg("-y").args(hosts.iter().flat_map(|host| ["--limit", &host.name]));
    command.args([&format!("{}.py", inventory_of(hosts)), "deploy.py"]);
    command
}

fn ansible(peers: &Peers, workshop: &Workshop, settings: &str, hosts: &[Host]) -> Command {
    let plugins = peers.library("ansible_mitogen/plugins/strategy");
    let settings = workshop.write("ansible.cfg", &settings.replace("PLUGINS", &plugins.display().to_string()));
    let mut command = workshop.command(&peers.programme("ansible-playbook"));
    command.env("ANSIBLE_CONFIG", settings).args(["site.yml", "--inventory", &inventory_of(hosts)]);
    command.args(["--limit", &names(hosts)]);
    command
}

fn sum(pattern: &str, said: &str) -> usize {
    let pattern = Regex::new(pattern).unwrap();
    let counts: Vec<usize> = pattern.captures_iter(said).map(|found| found[1].parse().unwrap()).collect();
    assert!(!counts.is_empty(), "it does not say how many changes it made:\n{said}");
    counts.into_iter().sum()
}

fn changes_of_dppctl(said: &str) -> usize {
    sum(r"(\d+) changes made", said)
}

fn changes_of_script(said: &str) -> usize {
    sum(r"(?m)^changed=(\d+)$", said)
}

fn changes_of_ansible(said: &str) -> usize {
    sum(r" changed=(\d+) ", said)
}

/// Its last line counts operations: all, changed, failed, without a change.
fn changes_of_pyinfra(said: &str) -> usize {
    sum(r"Grand total\D+\d+\D+(\d+)", &said.replace('-', "0"))
}
