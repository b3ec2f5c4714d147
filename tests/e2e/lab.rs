//! The harness: hosts of the lab for one test, a project folder, and `dppctl` run as a user would run it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use regex::Regex;
use tempfile::TempDir;

/// One at a time: hosts of all tests belong to the same run of the lab.
static LAB: Mutex<()> = Mutex::new(());

/// Fresh hosts and an empty project; both are gone when the test ends, however it ends.
pub(crate) struct Lab {
    folder: TempDir,
    hosts: Vec<Host>,
}

struct Host {
    /// What the test and the inventory call it.
    name: String,
    /// What the lab calls it, where names of all tests meet.
    made_as: String,
    address: String,
}

impl Lab {
    /// Boots fresh hosts, as Debian leaves them.
    pub(crate) fn boot(test: &str, names: &[&str]) -> Self {
        Self::boot_with(test, names, &[])
    }

    /// Boots hosts with a hardened sshd: no sftp, no forwarding, a banner, a chatty shell, `requiretty`, /tmp noexec.
    pub(crate) fn boot_hardened(test: &str, names: &[&str]) -> Self {
        Self::boot_with(test, names, &["--profile", "hardened"])
    }

    /// A project without a host.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::new().unwrap(), hosts: Vec::new() }
    }

    fn boot_with(test: &str, names: &[&str], options: &[&str]) -> Self {
        let made: Vec<String> = names.iter().map(|name| format!("{test}-{name}")).collect();
        let arguments = std::iter::once("up").chain(made.iter().map(String::as_str)).chain(options.iter().copied());
        let said = lab(arguments);
        let address = |made: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(&format!("{made} ")));
            line.unwrap_or_else(|| panic!("the lab gave {made} no address: {said}")).to_owned()
        };
        let hosts = names.iter().zip(made.iter()).map(|(name, made)| Host {
            name: (*name).to_owned(),
            made_as: made.clone(),
            address: address(made),
        });
        let lab = Self { folder: TempDir::new().unwrap(), hosts: hosts.collect() };
        lab.write("hosts", &lab.inventory("ops"));
        lab
    }

    /// The inventory of these hosts, for a user of the lab: root, ops, admin or dash.
    pub(crate) fn inventory(&self, user: &str) -> String {
        let lines: String =
            self.hosts.iter().map(|host| format!("{} ansible_host={}\n", host.name, host.address)).collect();
        let (key, known) = (lab(["key"]), lab(["known-hosts"]));
        format!(
            "[lab]\n{lines}\n[lab:vars]\nansible_user={user}\nansible_ssh_private_key_file={}\n\
             ansible_ssh_common_args='-o UserKnownHostsFile={}'\n",
            key.trim(),
            known.trim()
        )
    }

    /// Writes a file of the project.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file of the project, later.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Where a file of the project lies.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The address of a host.
    pub(crate) fn address(&self, name: &str) -> &str {
        &self.host(name).address
    }

    /// Runs `dppctl` in the project, with the inventory `hosts`.
    pub(crate) fn dppctl<const N: usize>(&self, arguments: [&str; N]) -> Run {
        let output = self.command(&arguments).output().unwrap();
        let text = |bytes: Vec<u8>| self.made_plain(&String::from_utf8(bytes).unwrap());
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    /// Starts `dppctl`, to do something to the host meanwhile; [`Lab::finish`] waits for it.
    pub(crate) fn start<const N: usize>(&self, arguments: [&str; N]) -> Child {
        self.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for what [`Lab::start`] began.
    pub(crate) fn finish(&self, child: Child) -> Run {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| self.made_plain(&String::from_utf8(bytes).unwrap());
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let programme = Path::new(env!("CARGO_BIN_EXE_dppctl"));
        let agent = programme.with_file_name("dppctl-agent");
        assert!(agent.is_file(), "{} is missing: `cargo build --workspace` first", agent.display());
        let mut command = Command::new(programme);
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("PATH", "/usr/bin:/bin").args(arguments);
        if !arguments.contains(&"-i") {
            command.args(["-i", "hosts"]);
        }
        command
    }

    /// Runs a shell line on a host as root, without ssh.
    pub(crate) fn on(&self, name: &str, line: &str) -> String {
        lab(["exec", &self.host(name).made_as, line])
    }

    /// Cuts a host's power.
    pub(crate) fn power_off(&self, name: &str) {
        lab(["power-off", &self.host(name).made_as]);
    }

    /// Boots it again, from the disk it had.
    pub(crate) fn boot_again(&self, name: &str) {
        lab(["boot", &self.host(name).made_as]);
    }

    fn host(&self, name: &str) -> &Host {
        self.hosts.iter().find(|host| host.name == name).unwrap_or_else(|| panic!("the test has no host {name}"))
    }

    /// Replaces what differs from run to run: addresses, folders, times, fingerprints.
    fn made_plain(&self, text: &str) -> String {
        let mut text = text.replace(&self.folder.path().display().to_string(), "[PROJECT]");
        for host in &self.hosts {
            text = text.replace(&host.address, &format!("[{}]", host.name)).replace(&host.made_as, &host.name);
        }
        let changing = [
            (r"\b\d\d:\d\d:\d\d\b", "[CLOCK]"),
            // Whether a step took long enough for its time to be shown depends on the machine.
            (r" \(\d+\.\d+s\)", ""),
            (r"  after \d+\.\d+s", ""),
            (r"\b\d+\.\d+s\b", "[TIME]"),
            // A dead address: the neighbour table's own time-out may come before ours.
            (r"no answer within \d+ s|no route to host", "[SILENCE]"),
            (r"SHA256:[A-Za-z0-9+/=]+", "SHA256:[HASH]"),
        ];
        for (pattern, word) in changing {
            text = Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
        }
        text
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.hosts.is_empty() {
            lab(std::iter::once("down").chain(self.hosts.iter().map(|host| host.made_as.as_str())));
        }
    }
}

/// How `dppctl` ended and what it said, with what differs from run to run replaced.
#[must_use = "snapshot the run, or assert how it ended"]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Run {
    /// The run ended with this exit code, or the test ends with what it said.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// How many changes the last line counts.
    pub(crate) fn changes(&self) -> usize {
        let counted = Regex::new(r"(\d+) changes (?:would be )?made").unwrap();
        let found = counted.captures_iter(&self.stderr).last().or_else(|| counted.captures_iter(&self.stdout).last());
        found.unwrap_or_else(|| panic!("no summary: {self}"))[1].parse().unwrap()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        writeln!(f, "[exit {code}]")?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "[{name}]\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// Runs a verb of the lab in this test binary's own run, which is swept when the binary is gone.
fn lab<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    let me = std::process::id().to_string();
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"))
        .args(arguments)
        .env("DPP_LAB_RUN", format!("e2e-{me}"))
        .env("DPP_LAB_OWNER", &me)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the lab failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
