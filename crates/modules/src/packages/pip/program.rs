//! Which pip is called, how, and how the virtual environment it belongs to is made.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use super::Pip;
use crate::Host;
use crate::arguments::HostPath;
use crate::commands::process::{Finished, Process};
use crate::system::tool::{accepted, installed};

impl Pip {
    /// The folder of the virtual environment.
    pub(super) fn environment(&self) -> Option<PathBuf> {
        let folder: &Path = self.virtualenv.as_ref()?;
        Some(self.chdir.as_ref().map_or_else(|| folder.to_owned(), |chdir| chdir.join(folder)))
    }

    /// Whether the virtual environment is still to be made.
    pub(super) fn lacks_environment(&self) -> bool {
        self.environment().is_some_and(|folder| !folder.join("bin/activate").exists())
    }

    /// Where pip lies, if it is there.
    pub(super) fn program(&self, host: &Host) -> Option<String> {
        let path = match self.environment() {
            Some(folder) => ["pip3", "pip"].iter().map(|name| folder.join("bin").join(name)).find(|path| path.exists()),
            None => installed(self.executable.as_ref().map_or("pip3", HostPath::text), host),
        };
        path.map(|path| path.to_string_lossy().into_owned())
    }

    /// That pip is not there, and what brings it.
    pub(super) fn missing(&self) -> Failure {
        if let Some(folder) = self.environment() {
            let failure = Failure::new(format!("there is no pip in the virtual environment {}", folder.display()));
            return failure.help("remove the folder, so that it is made anew, or run its `python -m ensurepip`");
        }
        let name = self.executable.as_ref().map_or("pip3", HostPath::text);
        Failure::new(format!("there is no `{name}` on this host"))
            .help("`apt: {name: python3-pip}` before this task brings pip3")
    }

    /// Makes the virtual environment.
    pub(super) fn make_environment(&self, host: &Host) -> Result<Finished, Failure> {
        let words = self.maker()?;
        let name = &words[0];
        if installed(name, host).is_none() {
            return Err(Failure::new(format!("there is no `{name}` on this host to make a virtual environment with"))
                .help("`apt: {name: virtualenv}` before this task brings it; or `virtualenv_command: python3 -m venv` with python3-venv"));
        }
        host.life(&words.join(" "), None);
        accepted(self.call(&words, host)?, name, &words[1..]).map_err(|failure| {
            let lacks_venv = failure.notes.iter().any(|note| note.text.contains("ensurepip is not"));
            if lacks_venv { failure.help("`apt: {name: python3-venv}` before this task brings it") } else { failure }
        })
    }

    /// The command that makes it.
    pub(super) fn maker(&self) -> Result<Vec<String>, Failure> {
        let command = self.virtualenv_command.text();
        let wrong = || Failure::new(format!("`virtualenv_command: {command}` is no command")).code("DPP0104");
        let mut words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(wrong)?;
        let is_venv = words[0] == "pyvenv" || words.windows(2).any(|pair| pair[0] == "-m" && pair[1] == "venv");
        let is_venv = is_venv || words.iter().any(|word| word == "-mvenv");
        words.extend(self.virtualenv_site_packages.0.then(|| "--system-site-packages".to_owned()));
        match &self.virtualenv_python {
            Some(_) if is_venv => {
                let failure =
                    Failure::new("`virtualenv_python` is nothing for venv, which takes the Python it runs on");
                return Err(failure.code("DPP0104").help("`virtualenv_command: python3.11 -m venv` names another one"));
            }
            Some(python) => words.push(format!("-p{python}")),
            None => {}
        }
        words.extend(self.environment().map(|folder| folder.to_string_lossy().into_owned()));
        Ok(words)
    }

    /// Calls a program as pip is called: in its folder, with its umask, the virtual environment's programs first.
    pub(super) fn call(&self, words: &[String], host: &Host) -> Result<Finished, Failure> {
        let program = installed(&words[0], host).map_or_else(|| words[0].clone(), |path| path.display().to_string());
        let mut process = match self.umask()? {
            Some(umask) => {
                let script = format!("umask {umask:04o} && exec \"$0\" \"$@\"");
                let words = [vec!["-c".to_owned(), script, program], words[1..].to_vec()].concat();
                Process::new("/bin/sh", &words, host)
            }
            None => Process::new(&program, &words[1..], host),
        };
        // A folder that the user who is become may not enter would stop pip.
        process.chdir(self.chdir.as_ref().map_or(Path::new("/tmp"), |path| path));
        if let Some(folder) = self.environment() {
            let path = host.environment().get("PATH").cloned().or_else(|| std::env::var("PATH").ok());
            process = process.env("PATH", &format!("{}/bin:{}", folder.display(), path.unwrap_or_default()));
        }
        if self.break_system_packages.0 {
            process = process.env("PIP_BREAK_SYSTEM_PACKAGES", "1");
        }
        process.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").run(host)
    }

    pub(super) fn umask(&self) -> Result<Option<u32>, Failure> {
        let Some(umask) = self.umask.as_ref().filter(|umask| !umask.0.is_empty()) else { return Ok(None) };
        let mask = u32::from_str_radix(umask.0.trim_start_matches("0o"), 8).ok().filter(|mask| *mask <= 0o777);
        let wrong = || Failure::new(format!("`umask: {}` is no octal number in quotes, like \"0022\"", umask.0));
        mask.map(Some).ok_or_else(|| wrong().code("DPP0104"))
    }
}
