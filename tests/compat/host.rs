//! The host of the lab that playbooks work on, called `twin` by all of them; it is reset before each.

use std::process::Command;

use crate::corpus::Piece;

/// What Ansible cannot do without on a host.
const PYTHON: &str = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
                      apt-get install -y -qq --no-install-recommends \
                      python3 python3-apt python3-cryptography python3-debian >/dev/null";

/// The inventory of playbooks that need no host: names of this machine, and one that nobody answers to.
const HERE: &str = "[many]\none\ntwo\nthree\n\n[many:vars]\nansible_connection=local\n\n\
                    [nowhere]\ngone ansible_host=127.0.0.1 ansible_port=1 ansible_user=root\n\n\
                    [all:vars]\nansible_python_interpreter=/usr/bin/python3\n";

/// Boots a host only if one of the playbooks needs it.
pub(crate) fn for_pieces(pieces: &[Piece], name: &str, has_python: bool) -> Option<Host> {
    pieces.iter().any(|piece| !piece.is_here).then(|| Host::boot(name, has_python))
}

/// The inventory for a playbook, and the host as it was made, if the playbook works on it.
pub(crate) fn ready<'h>(piece: &Piece, host: Option<&'h Host>) -> (String, Option<&'h Host>) {
    match host.filter(|_| !piece.is_here) {
        Some(host) => {
            host.reset();
            (host.inventory(), Some(host))
        }
        None => (HERE.to_owned(), None),
    }
}

/// One host; gone when it is dropped.
pub(crate) struct Host {
    made_as: String,
    /// The run of the lab that it is a part of.
    run: String,
    address: String,
    has_python: bool,
}

impl Host {
    /// Boots it, for Ansible or for dppctl.
    pub(crate) fn boot(name: &str, has_python: bool) -> Self {
        let mut host = Self::boot_in(name, 0);
        host.has_python = has_python;
        host
    }

    /// Boots one of several that have the same name, each in a run of its own; both programmes work on it in turn.
    pub(crate) fn boot_in(name: &str, number: usize) -> Self {
        let run = format!("compat-{}-{number}", std::process::id());
        let said = lab(&run, &["up", name]);
        let address = said.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap().to_owned();
        Self { made_as: name.to_owned(), run, address, has_python: false }
    }

    /// As it was made.
    pub(crate) fn reset(&self) {
        self.reset_for(self.has_python);
    }

    /// As it was made, for Ansible or for dppctl.
    pub(crate) fn reset_for(&self, has_python: bool) {
        lab(&self.run, &["reset", &self.made_as]);
        if has_python {
            self.on(PYTHON);
        }
    }

    /// Runs a shell line as root, and returns what it said.
    pub(crate) fn on(&self, line: &str) -> String {
        lab(&self.run, &["exec", &self.made_as, line])
    }

    /// Where its lab serves packages of products, after it began to.
    pub(crate) fn mirror(&self) -> String {
        lab(&self.run, &["mirror", "up"]).trim().to_owned()
    }

    /// What the addresses of its lab begin with.
    pub(crate) fn net(&self) -> String {
        self.address[..=self.address.rfind('.').unwrap()].to_owned()
    }

    /// The inventory of all playbooks: the host, and this machine.
    pub(crate) fn inventory(&self) -> String {
        self.inventory_for(self.has_python)
    }

    /// The same, with or without a Python to use.
    pub(crate) fn inventory_for(&self, has_python: bool) -> String {
        let key = lab(&self.run, &["key"]);
        let known = lab(&self.run, &["known-hosts"]);
        let python = if has_python { "ansible_python_interpreter=/usr/bin/python3" } else { "" };
        format!(
            "[compat]\ntwin ansible_host={}\n\n[compat:vars]\nansible_user=root\nansible_ssh_private_key_file={}\n\
             ansible_ssh_common_args='-o UserKnownHostsFile={}'\n\n\
             [here]\nlocalhost ansible_connection=local\n\n[all:vars]\n{python}\n",
            self.address,
            key.trim(),
            known.trim(),
        )
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        lab(&self.run, &["down", &self.made_as]);
    }
}

/// The lab, in a run of this process's own, which is swept when the process is gone.
fn lab(run: &str, arguments: &[&str]) -> String {
    let me = std::process::id().to_string();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
    command.args(arguments).env("DPP_LAB_RUN", run).env("DPP_LAB_OWNER", &me);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tests/lab/lab {arguments:?} failed: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
