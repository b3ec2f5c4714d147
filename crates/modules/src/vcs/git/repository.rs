//! A checkout and its remote: how git is called for it, and what it answers. It changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use super::{Git, octal, without_password};
use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::system::tool::installed;

/// The repository of a task on its host.
pub(super) struct Repository<'a> {
    pub(super) task: &'a Git,
    pub(super) host: &'a Host<'a>,
    pub(super) url: String,
    program: Option<PathBuf>,
    /// The folder of the checkout; empty where the task has none.
    pub(super) dest: PathBuf,
}

/// Whose revision is asked for.
pub(super) enum Wanted {
    /// That of the repository which the task names.
    OfRepository,
    /// That of the checkout's remote.
    OfRemote,
}

impl<'a> Repository<'a> {
    pub(super) fn new(task: &'a Git, host: &'a Host<'a>) -> Result<Self, Failure> {
        let program = task.executable.as_ref().map_or("git", |path| path.text());
        let repo = crate::expansion::expand(&task.repo, host.environment());
        // Depth and others mean nothing to git for a plain path.
        let url = if repo.starts_with('/') { format!("file://{repo}") } else { task.repo.clone() };
        let dest = match &task.dest {
            Some(dest) => std::path::absolute(dest).map_err(|error| crate::files::refused("find", dest, &error))?,
            None => PathBuf::new(),
        };
        Ok(Self { task, host, url, program: installed(program, host), dest })
    }

    /// Whether git is installed.
    pub(super) fn has_program(&self) -> bool {
        self.program.is_some()
    }

    /// Whether something is checked out.
    pub(super) fn is_there(&self) -> bool {
        self.git_folder().is_ok_and(|folder| folder.join("config").exists())
    }

    /// Where git keeps what is its own: in the checkout, or where a file in its place says.
    pub(super) fn git_folder(&self) -> Result<PathBuf, Failure> {
        let inside = if self.task.bare.0 { self.dest.clone() } else { self.dest.join(".git") };
        if !inside.is_file() {
            return Ok(inside);
        }
        let text = fs::read_to_string(&inside).unwrap_or_default();
        let outside = text.trim_end().strip_prefix("gitdir: ").map(|path| self.dest.join(path));
        outside.filter(|folder| folder.is_dir()).ok_or_else(|| {
            Failure::new(format!("{} is not a folder of git and leads to none", inside.display()))
                .help("move the file away if it is none of git's")
        })
    }

    /// Whether the git folder is to lie in another place.
    pub(super) fn is_elsewhere(&self) -> Result<bool, Failure> {
        let Some(wanted) = &self.task.separate_git_dir else { return Ok(false) };
        let (now, real) =
            (self.git_folder()?, |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
        Ok(real(&now) != real(wanted))
    }

    /// The commit that a name stands for in the checkout.
    pub(super) fn revision(&self, name: &str) -> Result<String, Failure> {
        let answer = self.ask(&["rev-parse", name])?;
        Ok(answer.stdout.trim_end().to_owned())
    }

    /// Whether files of the checkout were changed; files that git does not know do not count.
    pub(super) fn is_modified(&self) -> Result<bool, Failure> {
        if self.task.bare.0 {
            return Ok(false);
        }
        let status = self.ask(&["--no-optional-locks", "status", "--porcelain"])?;
        Ok(status.stdout.lines().any(|line| !line.starts_with("??")))
    }

    /// Whether the remote leads elsewhere than the task says.
    pub(super) fn is_url_changed(&self) -> Result<bool, Failure> {
        let real = |url: &str| fs::canonicalize(url.trim_start_matches("file://")).ok();
        let now = self.ask(&["ls-remote", "--get-url", &self.task.remote])?.stdout.trim_end().to_owned();
        Ok(!now.is_empty() && now != self.url && (real(&now).is_none() || real(&now) != real(&self.url)))
    }

    /// The commit that the version is at the remote; a version that is neither branch nor tag there is one itself.
    pub(super) fn remote_revision(&self, of: &Wanted) -> Result<String, Failure> {
        let version = self.task.version.0.as_str();
        let remote = match of {
            Wanted::OfRepository => self.url.as_str(),
            Wanted::OfRemote => &self.task.remote,
        };
        if version != "HEAD" {
            let found = self.references(remote, version)?;
            return Ok(found.branch.or(found.tag).unwrap_or_else(|| version.to_owned()));
        }
        let name = match of {
            Wanted::OfRemote => format!("refs/heads/{}", self.head_branch()?),
            Wanted::OfRepository if self.is_there() => format!("refs/heads/{}", self.head_branch()?),
            Wanted::OfRepository => "HEAD".to_owned(),
        };
        let listed = self.ask(&["ls-remote", remote, &name])?.stdout;
        revision_of(&listed, &name).ok_or_else(|| {
            Failure::new(format!("{} has no {name}", without_password(remote)))
                .help("an empty repository has none; else name the branch with `version`")
        })
    }

    /// What the remote has by the name of a version.
    pub(super) fn references(&self, remote: &str, version: &str) -> Result<References, Failure> {
        let (branch, tag) = (format!("refs/heads/{version}"), format!("refs/tags/{version}"));
        let peeled = format!("{tag}^{{}}");
        let listed = self.ask(&["ls-remote", remote, &branch, &tag, &peeled])?.stdout;
        let of = |name: &str| revision_of(&listed, name);
        Ok(References { branch: of(&branch), tag: of(&peeled).or_else(|| of(&tag)) })
    }

    /// The branch that is checked out; where none is, the one that the remote begins with.
    pub(super) fn head_branch(&self) -> Result<String, Failure> {
        if let Some(branch) = self.current_branch()? {
            return Ok(branch);
        }
        let remote = &self.task.remote;
        let head = self.call(&["symbolic-ref", "--short", "-q", &format!("refs/remotes/{remote}/HEAD")])?.stdout;
        let branch = head.trim_end().strip_prefix(&format!("{remote}/")).map(str::to_owned);
        branch.ok_or_else(|| {
            Failure::new(format!("cannot tell which branch {} is to follow", self.dest.display()))
                .help(format!("name it with `version`, or `git remote set-head {remote} --auto` there"))
        })
    }

    /// The branch that is checked out, if it is one.
    pub(super) fn current_branch(&self) -> Result<Option<String>, Failure> {
        let head = self.call(&["symbolic-ref", "--short", "-q", "HEAD"])?.stdout.trim_end().to_owned();
        Ok(Some(head).filter(|head| !head.is_empty()))
    }

    /// Whether the checkout is on the branch that the version names, if it names one.
    pub(super) fn is_switched(&self) -> Result<bool, Failure> {
        let version = &self.task.version.0;
        if version == "HEAD" || self.task.bare.0 {
            return Ok(true);
        }
        let current = self.current_branch()?;
        if current.as_ref() == Some(version) {
            return Ok(true);
        }
        let is_branch = self.references(&self.task.remote, version)?.branch.is_some();
        Ok(!is_branch && current.is_none())
    }

    /// Calls git in the checkout and takes no failure.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        let finished = self.call(arguments)?;
        if finished.succeeded() { Ok(finished) } else { Err(self.failure(arguments, finished)) }
    }

    /// Calls git in the checkout.
    pub(super) fn call(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        self.process(arguments).run(self.host)
    }

    /// The failure of a call, in git's own words.
    fn failure(&self, arguments: &[&str], finished: Finished) -> Failure {
        let shown = without_password(&self.url);
        let finished = finished.without(&self.url, &shown);
        let words: Vec<String> = arguments.iter().map(|word| without_password(word)).collect();
        let failure = Failure::new(format!("`git {}` {} for {shown}", words.join(" "), finished.ending()));
        let failure = match () {
            () if finished.stderr.contains("Host key verification failed") => {
                failure.help("the host does not know the server: `known_hosts` first, or `accept_newhostkey: true`")
            }
            () if finished.stderr.contains("dubious ownership") => {
                failure.help("the checkout belongs to somebody else: run the task as its owner, with `become_user`")
            }
            () => failure,
        };
        let failure = failure.value("rc", finished.code()).value("stderr", finished.stderr.as_str());
        finished.describe(failure)
    }

    fn process(&self, arguments: &[&str]) -> Process {
        // A program that is not there fails by its own name.
        let named = || self.task.executable.as_ref().map_or("git", |path| path.text()).to_owned();
        let program = self.program.as_ref().map_or_else(named, |path| path.to_string_lossy().into_owned());
        let arguments = arguments.iter().map(|word| (*word).to_owned());
        let (program, arguments): (String, Vec<String>) = match self.task.umask.as_ref().and_then(octal) {
            None => (program, arguments.collect()),
            Some(umask) => {
                let script = format!("umask {umask:04o}; exec \"$@\"");
                let head = ["-c".to_owned(), script, "sh".to_owned(), program];
                ("sh".to_owned(), head.into_iter().chain(arguments).collect())
            }
        };
        let mut process = Process::new(&program, &arguments, self.host)
            .untranslated()
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", &self.ssh_command());
        if self.dest.is_dir() {
            process.chdir(&self.dest);
        }
        process
    }

    /// How git is to call ssh: never asking anybody.
    pub(super) fn ssh_command(&self) -> String {
        let variable = |name: &str| self.host.environment().get(name).cloned().or_else(|| std::env::var(name).ok());
        let mut command = variable("GIT_SSH").or_else(|| variable("GIT_SSH_COMMAND")).unwrap_or_else(|| "ssh".into());
        let mut add = |option: &str| {
            if !command.contains(option) {
                command = format!("{command} {option}");
            }
        };
        let options = [variable("GIT_SSH_OPTS"), self.task.ssh_opts.clone()];
        options.iter().flatten().for_each(|options| add(options.trim()));
        let is_said = options.iter().flatten().any(|options| options.contains("StrictHostKeyChecking="));
        if self.task.accept_hostkey.0 && !is_said {
            add("-o StrictHostKeyChecking=no");
        }
        if self.task.accept_newhostkey.0 && !is_said {
            add("-o StrictHostKeyChecking=accept-new");
        }
        add("-o BatchMode=yes");
        if let Some(key) = &self.task.key_file {
            let key = shlex::try_quote(key.text()).map_or_else(|_| key.text().to_owned(), std::borrow::Cow::into_owned);
            add(&format!("-i {key}"));
            add("-o IdentitiesOnly=yes");
        }
        command
    }
}

/// What a remote has by one name.
pub(super) struct References {
    pub(super) branch: Option<String>,
    pub(super) tag: Option<String>,
}

/// The commit of a reference in what `ls-remote` lists.
fn revision_of(listed: &str, name: &str) -> Option<String> {
    let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(_, reference)| *reference == name).map(|(revision, _)| revision.to_owned())
}
