//! Hosts of the lab for this run of the bench; they are gone when it ends, however it ends.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Some hosts, booted together.
pub(crate) struct Hosts {
    hosts: Vec<Host>,
}

/// One host.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Hosts {
    /// Boots `count` hosts called `stem1`, `stem2`, …
    pub(crate) fn boot(stem: &str, count: usize) -> Self {
        let names: Vec<String> = (1..=count).map(|number| format!("{stem}{number}")).collect();
        let mut hosts = Vec::new();
        // Each boot uses a processor for half a second: more at once would run into the lab's time limit.
        for some in names.chunks(8) {
            let said = lab(["up".to_owned()].into_iter().chain(some.iter().cloned()));
            hosts.extend(
                said.lines()
                    .filter_map(|line| line.split_once(' '))
                    .map(|(name, address)| Host { name: name.to_owned(), address: address.to_owned() }),
            );
        }
        Self { hosts }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Host] {
        &self.hosts
    }

    /// Runs a shell line on all of them at once, as root and without ssh, and returns what each said.
    pub(crate) fn on_all(&self, line: &str) -> Vec<Vec<u8>> {
        let start =
            |host: &Host| command(["exec", &host.name, line]).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let children: Vec<_> = self.hosts.iter().map(start).collect();
        let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
        outputs.map(|output| checked(&output, line)).collect()
    }

    /// Back to the disks they were made with, booted again.
    pub(crate) fn reset(&self) {
        lab(["reset".to_owned()].into_iter().chain(self.hosts.iter().map(|host| host.name.clone())));
    }

    /// Bytes that were sent to some of them so far.
    pub(crate) fn bytes_sent_to(hosts: &[Host]) -> u64 {
        hosts.iter().map(Host::bytes_sent).sum()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        lab(["down".to_owned()].into_iter().chain(self.hosts.iter().map(|host| host.name.clone())));
    }
}

impl Host {
    /// The near end of its network cable, named by the lab after the run's subnet and the host's number in it.
    fn bytes_sent(&self) -> u64 {
        let mut parts = self.address.split('.').skip(2);
        let (subnet, number) = (parts.next().unwrap(), parts.next().unwrap());
        let counter = format!("/sys/class/net/lab{subnet}-{number}/statistics/tx_bytes");
        fs::read_to_string(counter).unwrap().trim().parse().unwrap()
    }
}

/// The key that every host takes.
pub(crate) fn key() -> PathBuf {
    lab(["key".to_owned()]).trim().into()
}

/// The file of the hosts' own keys.
pub(crate) fn known_hosts() -> PathBuf {
    lab(["known-hosts".to_owned()]).trim().into()
}

fn lab(arguments: impl IntoIterator<Item = String>) -> String {
    let output = command(arguments).output().unwrap();
    String::from_utf8(checked(&output, "tests/lab/lab")).unwrap()
}

/// The lab, in a run of this process's own, which is swept when the process is gone.
fn command(arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Command {
    let me = std::process::id().to_string();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
    command.args(arguments).env("DPP_LAB_RUN", format!("bench-{me}")).env("DPP_LAB_OWNER", &me);
    command
}

fn checked(output: &Output, what: &str) -> Vec<u8> {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed: {}{error}", String::from_utf8_lossy(&output.stdout));
    output.stdout.clone()
}
