//! The host of the lab that playbooks work on, called `twin` by all of them; it is reset before each.

use std::process::Command;

/// What Ansible cannot do without on a host.
const PYTHON: &str = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
                      apt-get install -y -qq --no-install-recommends python3 python3-apt >/dev/null";

/// One host; gone when it is dropped.
pub(crate) struct Host {
    made_as: String,
    address: String,
    has_python: bool,
}

impl Host {
    /// Boots it, for Ansible or for dppctl.
    pub(crate) fn boot(name: &str, has_python: bool) -> Self {
        let said = lab(&["up", name]);
        let address = said.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap().to_owned();
        Self { made_as: name.to_owned(), address, has_python }
    }

    /// As it was made.
    pub(crate) fn reset(&self) {
        lab(&["reset", &self.made_as]);
        if self.has_python {
            self.on(PYTHON);
        }
    }

    /// Runs a shell line as root, and returns what it said.
    pub(crate) fn on(&self, line: &str) -> String {
        lab(&["exec", &self.made_as, line])
    }

    /// The inventory of all playbooks: the host, and this machine.
    pub(crate) fn inventory(&self) -> String {
        let key = lab(&["key"]);
        let known = lab(&["known-hosts"]);
        let python = if self.has_python { "ansible_python_interpreter=/usr/bin/python3" } else { "" };
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
        lab(&["down", &self.made_as]);
    }
}

/// The lab, in a run of this process's own, which is swept when the process is gone.
fn lab(arguments: &[&str]) -> String {
    let me = std::process::id().to_string();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
    command.args(arguments).env("DPP_LAB_RUN", format!("compat-{me}")).env("DPP_LAB_OWNER", &me);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tests/lab/lab {arguments:?} failed: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
