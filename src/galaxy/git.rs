//! A role in a repository of git: which commit a version is, and its files as an archive, by the programme itself.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::galaxy::GalaxyError;

/// A repository that was cloned into a folder of this run.
pub(super) struct Clone<'a> {
    role: &'a str,
    url: &'a str,
    folder: &'a Path,
}

impl<'a> Clone<'a> {
    /// Clones without working files: nothing of a repository is run or written but its objects.
    pub(super) fn of(role: &'a str, url: &'a str, folder: &'a Path) -> Result<Self, GalaxyError> {
        let clone = Self { role, url, folder };
        let target = folder.display().to_string();
        clone.said(Command::new("git").args(["clone", "--quiet", "--no-checkout", "--", url, &target]))?;
        Ok(clone)
    }

    /// The commit of a tag, a branch or a commit's name; of what the repository shows first where nothing is said.
    pub(super) fn commit(&self, version: Option<&str>) -> Result<String, GalaxyError> {
        let Some(version) = version else { return self.resolved("HEAD") };
        let names = [format!("refs/tags/{version}"), format!("refs/remotes/origin/{version}"), version.to_owned()];
        // What begins with a dash would be an option.
        let mut usable = names.iter().filter(|name| !name.starts_with('-'));
        usable.find_map(|name| self.resolved(name).ok()).ok_or_else(|| GalaxyError::Version {
            role: self.role.to_owned(),
            version: version.to_owned(),
            known: self.tags(),
        })
    }

    /// The files of a commit.
    pub(super) fn archive(&self, commit: &str) -> Result<Vec<u8>, GalaxyError> {
        self.said(self.git().args(["archive", "--format=tar", "--prefix=role/", commit]))
    }

    fn resolved(&self, name: &str) -> Result<String, GalaxyError> {
        let wanted = format!("{name}^{{commit}}");
        let said = self.said(self.git().args(["rev-parse", "--quiet", "--verify", &wanted]))?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// The last few tags, for whoever misspelt one.
    fn tags(&self) -> Vec<String> {
        const SHOWN: usize = 8;
        let said = self.said(self.git().args(["tag", "--sort=-version:refname"])).unwrap_or_default();
        String::from_utf8_lossy(&said).lines().take(SHOWN).map(str::to_owned).collect()
    }

    fn git(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.folder);
        command
    }

    /// What a call of git printed.
    fn said(&self, command: &mut Command) -> Result<Vec<u8>, GalaxyError> {
        // A question about a login would wait for an answer that nobody sees.
        let called = command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).output();
        let cause = match called {
            Ok(Output { status, stdout, .. }) if status.success() => return Ok(stdout),
            Ok(Output { status, stderr, .. }) => {
                let said = String::from_utf8_lossy(&stderr);
                said.trim().lines().last().map_or_else(|| format!("git ended with {status}"), str::to_owned)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "git is not installed on this machine".to_owned()
            }
            Err(error) => format!("git cannot be started: {error}"),
        };
        Err(GalaxyError::Source { role: self.role.to_owned(), from: self.url.to_owned(), cause })
    }
}
