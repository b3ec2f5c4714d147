//! The harness: hosts of the lab for one test, a project folder, and `dppctl` run as a user would run it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use tempfile::TempDir;

use crate::run::Run;

/// One at a time: hosts of all tests belong to the same run of the lab.
static LAB: Mutex<()> = Mutex::new(());

/// Commands that read no inventory.
const WITHOUT_HOSTS: [&str; 9] =
    ["init", "packages", "roles", "runs", "vault", "version", "completions", "man", "help"];

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

    /// Boots hosts whose apt reads the mirror of this run alone.
    pub(crate) fn boot_local(test: &str, names: &[&str]) -> Self {
        Self::boot_with(test, names, &["--apt", "local"])
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
        self.plain(self.command(&arguments).output().unwrap())
    }

    /// Runs `dppctl vault` with these variables of the environment; it reads no inventory.
    pub(crate) fn vault(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        self.plain(self.command(arguments).envs(variables.iter().copied()).output().unwrap())
    }

    /// The same with programmes of a folder of the project before those of the system.
    pub(crate) fn dppctl_with_path<const N: usize>(&self, folder: &str, arguments: [&str; N]) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.path(folder).display());
        let child = self.command(&arguments).env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        self.finish(child.unwrap())
    }

    /// Starts `dppctl`, to do something to the host meanwhile; [`Lab::finish`] waits for it.
    pub(crate) fn start<const N: usize>(&self, arguments: [&str; N]) -> Child {
        self.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits for what [`Lab::start`] began.
    pub(crate) fn finish(&self, child: Child) -> Run {
        self.plain(child.wait_with_output().unwrap())
    }

    fn plain(&self, output: Output) -> Run {
        let text = |bytes: Vec<u8>| self.made_plain(&String::from_utf8(bytes).unwrap());
        Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let programme = Path::new(env!("CARGO_BIN_EXE_dppctl"));
        let agent = programme.with_file_name("dppctl-agent");
        assert!(agent.is_file(), "{} is missing: `cargo build --workspace` first", agent.display());
        let mut command = Command::new(programme);
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("PATH", "/usr/bin:/bin");
        // What follows two dashes is somebody else's command line.
        let own = arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len());
        command.args(&arguments[..own]);
        let has_hosts = arguments.first().is_none_or(|command| !WITHOUT_HOSTS.contains(command));
        if has_hosts && !arguments.contains(&"-i") {
            command.args(["-i", "hosts"]);
        }
        command.args(&arguments[own..]);
        command
    }

    /// Runs a shell line on a host as root, without ssh.
    pub(crate) fn on(&self, name: &str, line: &str) -> String {
        said(lab_command(["exec", &self.host(name).made_as, line]))
    }

    /// Lays a file of this machine on a host, for root to run.
    pub(crate) fn lay(&self, name: &str, from: &Path, to: &str) {
        let line = format!("cat >{to} && chmod 755 {to}");
        let mut command = lab_command(["exec", &self.host(name).made_as, &line]);
        command.stdin(File::open(from).unwrap());
        said(command);
    }

    /// Cuts a host's power.
    pub(crate) fn power_off(&self, name: &str) {
        lab(["power-off", &self.host(name).made_as]);
    }

    /// Waits until a host has gone down by itself, and boots it, as its hardware would.
    pub(crate) fn boot_when_down(&self, name: &str) {
        let line = format!("{} ", self.host(name).made_as);
        let is_up = |list: &str| list.lines().any(|host| host.starts_with(&line) && host.ends_with(" up"));
        let begun = Instant::now();
        while is_up(&lab(["list"])) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{name} does not go down");
            thread::sleep(Duration::from_millis(50));
        }
        self.boot_again(name);
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
            (r"\bsince \d{4}-\d\d-\d\d \d\d:\d\d\b", "since [MINUTE]"),
            // Whether a step took long enough for its time to be shown depends on the machine.
            (r" \(\d+\.\d+s\)", ""),
            (r"  after \d+\.\d+s", ""),
            (r"(?m)^\[CLOCK\] still .*\n", ""),
            (r"\b\d+\.\d+s\b", "[TIME]"),
            (r"SHA256:[A-Za-z0-9+/=]+", "SHA256:[HASH]"),
            (r"\b[0-9a-f]{128}\b", "[SHA512]"),
            (r"\b[0-9a-f]{64}\b", "[SHA256]"),
            (r"\b\d+ MiB are free", "[FREE] are free"),
            (r"\d+ files and directories", "[MANY] files and directories"),
            (r"10\.77\.\d+\.1:8000", "[MIRROR]"),
            (r"\(pid \d+\), running for \d+s", "(pid [PID]), running for [TIME]"),
            (r"= holder  \d+ ", "= holder  [PID] "),
        ];
        for (pattern, word) in changing {
            text = Regex::new(pattern).unwrap().replace_all(&text, word).into_owned();
        }
        text
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.hosts.is_empty() {
            return;
        }
        // A second panic while a test fails would hide the first; what stays behind is swept with the run.
        let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
        let names = self.hosts.iter().map(|host| host.made_as.as_str());
        let output = lab_command(std::iter::once("down").chain(names)).output();
        let gone = output.is_ok_and(|output| output.status.success());
        assert!(gone || std::thread::panicking(), "the lab could not take the test's hosts down");
    }
}

/// Runs a verb of the lab that makes, boots or removes hosts, in this test binary's own run.
pub(crate) fn lab<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let _alone = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    said(lab_command(arguments))
}

/// The run is swept when this binary is gone.
fn lab_command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let me = std::process::id().to_string();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
    command.args(arguments).env("DPP_LAB_RUN", format!("e2e-{me}")).env("DPP_LAB_OWNER", &me);
    command
}

/// What a command said, which must have come to a good end.
pub(crate) fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?} failed: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
