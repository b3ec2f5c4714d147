//! What all measurements share: the binaries, a project folder, the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::hosts::{self, Host};
use crate::report::Report;

/// Opened once for a run of the bench.
pub(crate) struct Workshop {
    folder: TempDir,
    dppctl: PathBuf,
    pub(crate) report: Report,
}

impl Workshop {
    /// A project folder with what is converged, and the release build of dppctl.
    pub(crate) fn open() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dppctl = std::env::var_os("DPPCTL").map_or_else(|| root.join("dist/dppctl"), PathBuf::from);
        for file in [&dppctl, &dppctl.with_file_name("dppctl-agent")] {
            assert!(file.is_file(), "{} is missing: `make bench` builds it", file.display());
        }
        let folder = TempDir::new().unwrap();
        let source = root.join("tests/bench/converge/.");
        run(Command::new("cp").arg("--recursive").arg(source).arg(folder.path()));
        Self { folder, dppctl, report: Report::default() }
    }

    /// Where a file of the project lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes an inventory that both dppctl and Ansible read.
    pub(crate) fn inventory(&self, name: &str, hosts: &[Host]) -> PathBuf {
        let lines: String = hosts.iter().map(|host| format!("{} ansible_host={}\n", host.name, host.address)).collect();
        let (key, known) = (hosts::key(), hosts::known_hosts());
        let text = format!(
            "[lab]\n{lines}\n[lab:vars]\nansible_user=ops\nansible_ssh_private_key_file={}\n\
             ansible_ssh_common_args='-o UserKnownHostsFile={}'\n",
            key.display(),
            known.display()
        );
        self.write(name, &text)
    }

    /// `dppctl` as a user would run it in the project.
    pub(crate) fn dppctl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command(&self.dppctl);
        command.args(arguments);
        command
    }

    /// A programme, run in the project, with nothing of the user's own settings.
    pub(crate) fn command(&self, programme: &Path) -> Command {
        let mut command = Command::new(programme);
        command.current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        command
    }

    /// The machine and the versions, for the head of the figures.
    pub(crate) fn machine(&self) -> String {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap();
        let models: Vec<&str> = cpus.lines().filter_map(|line| line.strip_prefix("model name\t: ")).collect();
        let memory = fs::read_to_string("/proc/meminfo").unwrap();
        let kib: f64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
        let said = |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
        format!(
            "{}: {} × {}, {:.0} GiB, Linux {}, load {} before the first measurement; {}.",
            said(Command::new("date").args(["--utc", "+%F"])).trim(),
            models.len(),
            models[0],
            kib / f64::from(1 << 20),
            said(Command::new("uname").arg("--kernel-release")).trim(),
            fs::read_to_string("/proc/loadavg").unwrap().split(' ').next().unwrap(),
            said(&mut self.dppctl(["--version"])).trim(),
        )
    }
}

/// Runs something that has to work.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
}
