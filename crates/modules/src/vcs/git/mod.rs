//! `git`: a folder is a checkout of a repository at a version.
//!
//! A survey compares what is checked out with what the remote has at that version, by `ls-remote`; nothing is fetched
//! when they are the same.

mod archive;
mod repository;
mod submodules;
mod update;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::vcs::git::repository::{Repository, Wanted};
use crate::{Host, Module, Step, Survey};

/// Parameters of `git`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    #[serde(alias = "name")]
    repo: String,
    dest: Option<HostPath>,
    #[serde(default = "head")]
    version: Words,
    #[serde(default)]
    accept_hostkey: Flag,
    #[serde(default)]
    accept_newhostkey: Flag,
    ssh_opts: Option<String>,
    key_file: Option<HostPath>,
    reference: Option<String>,
    #[serde(default = "origin")]
    remote: String,
    refspec: Option<String>,
    #[serde(default)]
    force: Flag,
    depth: Option<Whole>,
    #[serde(default = "yes")]
    clone: Flag,
    #[serde(default = "yes")]
    update: Flag,
    executable: Option<HostPath>,
    #[serde(default)]
    bare: Flag,
    umask: Option<Value>,
    #[serde(default = "yes")]
    recursive: Flag,
    #[serde(default)]
    single_branch: Flag,
    #[serde(default)]
    track_submodules: Flag,
    #[serde(default)]
    verify_commit: Flag,
    #[serde(default, alias = "gpg_whitelist")]
    gpg_allowlist: Names,
    archive: Option<HostPath>,
    archive_prefix: Option<String>,
    separate_git_dir: Option<HostPath>,
}

fn head() -> Words {
    Words("HEAD".into())
}

fn origin() -> String {
    "origin".into()
}

fn yes() -> Flag {
    Flag(true)
}

/// One thing that is done.
#[derive(Debug)]
pub enum GitStep {
    /// The git folder goes to another place.
    Relocate(Change),
    /// The repository is cloned.
    Clone(Change),
    /// New commits are fetched, and the version is checked out.
    Update(Change),
    /// An archive of the version is written.
    Archive(Change),
    /// Nothing is done: the task forbids it, and asks what there is.
    Tell(Change),
}

impl Step for GitStep {
    fn change(&self, _diff: bool) -> Change {
        let (Self::Relocate(change)
        | Self::Clone(change)
        | Self::Update(change)
        | Self::Archive(change)
        | Self::Tell(change)) = self;
        change.clone()
    }
}

impl Module for Git {
    const NAME: &'static str = "git";
    type Step = GitStep;

    fn survey(&self, host: &Host) -> Result<Survey<GitStep>, Failure> {
        self.check()?;
        let repository = Repository::new(self, host)?;
        if !repository.has_program() {
            // An earlier task may install git.
            return Ok(Survey::steps(vec![GitStep::Clone(self.change(Verb::Create))]).unpredicted());
        }
        match &self.dest {
            Some(dest) if repository.is_there() => self.survey_checkout(&repository, dest),
            dest => self.survey_nothing(&repository, dest.as_ref()),
        }
    }

    fn apply(&self, step: &GitStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let repository = Repository::new(self, host)?;
        match step {
            GitStep::Relocate(_) => repository.relocate(result),
            GitStep::Clone(_) => repository.clone_and_switch(result),
            GitStep::Update(_) => repository.update(result),
            GitStep::Archive(_) => repository.write_archive(),
            GitStep::Tell(_) => Ok(()),
        }
    }
}

impl Git {
    fn check(&self) -> Result<(), Failure> {
        let wrong = match self {
            Self { separate_git_dir: Some(_), bare: Flag(true), .. } => {
                "`separate_git_dir` and `bare` exclude each other"
            }
            Self { accept_hostkey: Flag(true), accept_newhostkey: Flag(true), .. } => {
                "`accept_hostkey` and `accept_newhostkey` exclude each other"
            }
            Self { archive_prefix: Some(_), archive: None, .. } => "`archive_prefix` needs `archive`",
            Self { dest: None, clone: Flag(true), .. } => "`dest` is needed, unless with `clone: false`",
            Self { umask: Some(umask), .. } if octal(umask).is_none() => {
                "`umask` is an octal number in quotes: `umask: \"0022\"`"
            }
            Self { version, .. } if version.0.starts_with('-') => "`version` cannot begin with a hyphen",
            Self { repo, .. } if repo.starts_with('-') => "`repo` cannot begin with a hyphen",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    /// Nothing is checked out yet.
    fn survey_nothing(&self, repository: &Repository, dest: Option<&HostPath>) -> Result<Survey<GitStep>, Failure> {
        let after = repository.remote_revision(&Wanted::OfRepository)?;
        let change = self.change(Verb::Create).detail(short(&after));
        let steps = match dest {
            Some(_) if self.clone.0 => {
                let archive = self.archive.as_ref().map(|path| GitStep::Archive(written(path)));
                std::iter::once(GitStep::Clone(change)).chain(archive).collect()
            }
            _ => vec![GitStep::Tell(change)],
        };
        Ok(Survey::steps(steps).value("before", Value::Null).value("after", after))
    }

    fn survey_checkout(&self, repository: &Repository, dest: &HostPath) -> Result<Survey<GitStep>, Failure> {
        let before = repository.revision("HEAD")?;
        let relocation = repository.is_elsewhere()?.then(|| GitStep::Relocate(self.change(Verb::Change)));
        if !self.update.0 {
            let mut steps: Vec<GitStep> = relocation.into_iter().collect();
            steps.extend(self.archive_step(repository)?);
            return Ok(Survey::steps(steps).value("before", before.as_str()).value("after", before));
        }
        let modified = repository.is_modified()?;
        if modified && !self.force.0 {
            return Err(Failure::new(format!("{} has modifications of its own", dest.display()))
                .help("`force: true` throws them away; `git status` there names them")
                .value("before", before)
                .value("msg", format!("Local modifications exist in the destination: {} (force=no).", dest.text())));
        }
        let moved = repository.is_url_changed()?;
        let wanted = if moved { Wanted::OfRepository } else { Wanted::OfRemote };
        let after = repository.remote_revision(&wanted)?;
        let same = before == after || !after.is_empty() && is_hash(&after) && before.starts_with(&after);
        let is_settled = same && !modified && !moved && repository.is_switched()? && repository.has_submodules()?;
        if is_settled && self.verify_commit.0 {
            repository.verify()?;
        }
        let mut steps: Vec<GitStep> = relocation.into_iter().collect();
        if is_settled {
            steps.extend(self.archive_step(repository)?);
        } else {
            let mut words =
                vec![if same { short(&before) } else { format!("{} -> {}", short(&before), short(&after)) }];
            words.extend(modified.then(|| "modifications are thrown away".to_owned()));
            words.extend(moved.then(|| format!("from {}", without_password(&self.repo))));
            let change = self.change(Verb::Change).detail(words.join(", "));
            steps.push(GitStep::Update(change.texts(Some(before.clone() + "\n"), Some(after.clone() + "\n"))));
            steps.extend(self.archive.as_ref().map(|path| GitStep::Archive(written(path))));
        }
        let after = if same { before.clone() } else { after };
        Ok(Survey::steps(steps).value("before", before).value("after", after).value("remote_url_changed", moved))
    }

    /// The archive is written when it is not there, or not of this version.
    fn archive_step(&self, repository: &Repository) -> Result<Option<GitStep>, Failure> {
        let Some(path) = &self.archive else { return Ok(None) };
        Ok((!repository.archive_is_current(path)?).then(|| GitStep::Archive(written(path))))
    }

    fn change(&self, verb: Verb) -> Change {
        let to = self.dest.as_ref().map_or_else(|| without_password(&self.repo), |dest| dest.text().to_owned());
        Change::new(verb, to)
    }

    fn depth(&self) -> Option<i64> {
        self.depth.map(|depth| depth.0).filter(|depth| *depth > 0)
    }
}

fn written(path: &HostPath) -> Change {
    Change::new(if path.exists() { Verb::Change } else { Verb::Create }, path.text()).detail("archive")
}

/// The umask that a task gives as a text of octal digits.
fn octal(umask: &Value) -> Option<u32> {
    u32::from_str_radix(umask.as_str()?.trim_start_matches("0o"), 8).ok().filter(|umask| *umask <= 0o777)
}

/// Whether it looks like the name of a commit.
fn is_hash(text: &str) -> bool {
    text.len() >= 7 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(revision: &str) -> String {
    if is_hash(revision) { revision[..7.min(revision.len())].to_owned() } else { revision.to_owned() }
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.split_once('@') {
        Some((login, rest)) if !login.contains('/') => {
            format!("{scheme}://{}@{rest}", login.split(':').next().unwrap_or_default())
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests;
