//! How a checkout comes to its version: cloned, or fetched, then switched.

use std::fs;

use dpp_protocol::{Failure, ResultMap};

use super::repository::{References, Repository};
use crate::files::refused;

impl Repository<'_> {
    /// Clones the repository and checks the version out.
    pub(super) fn clone_and_switch(&self, result: &mut ResultMap) -> Result<(), Failure> {
        if let Some(folder) = self.dest.parent() {
            fs::create_dir_all(folder).map_err(|error| refused("make the folder", folder, &error))?;
        }
        self.host.life(&format!("git clone {}", super::without_password(&self.url)), None);
        let arguments = self.clone_arguments(result)?;
        self.ask(&borrowed(&arguments))?;
        if self.task.bare.0 && self.task.remote != "origin" {
            self.ask(&["remote", "add", &self.task.remote, &self.url])?;
        }
        if let Some(refspec) = &self.task.refspec {
            let depth = self.task.depth().map(|depth| format!("--depth={depth}"));
            let arguments = ["fetch".to_owned()].into_iter().chain(depth);
            let arguments: Vec<String> = arguments.chain([self.task.remote.clone(), refspec.clone()]).collect();
            self.ask(&borrowed(&arguments))?;
        }
        self.switch(result)?;
        result.insert("before".into(), serde_json::Value::Null);
        Ok(())
    }

    /// Throws modifications away, fetches, and checks the version out.
    pub(super) fn update(&self, result: &mut ResultMap) -> Result<(), Failure> {
        let before = self.revision("HEAD")?;
        let modified = self.is_modified()?;
        if modified {
            self.ask(&["reset", "--hard", "HEAD"])?;
            let message = format!("Local modifications exist in the destination: {}", self.dest.display());
            result.insert("msg".into(), message.into());
        }
        let moved = self.is_url_changed()?;
        if moved {
            self.ask(&["remote", "set-url", &self.task.remote, &self.url])?;
        }
        self.fetch()?;
        let submodules = self.switch(result)?;
        let after = self.revision("HEAD")?;
        result.insert("_changed".into(), (before != after || modified || moved || submodules).into());
        Ok(())
    }

    /// Arguments of the clone; a depth is for branches and tags alone.
    fn clone_arguments(&self, result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        let task = self.task;
        let mut arguments = vec!["clone".to_owned()];
        if task.bare.0 {
            arguments.push("--bare".into());
        } else {
            arguments.extend(["--origin".to_owned(), task.remote.clone()]);
        }
        let version = task.version.0.as_str();
        let is_named = version != "HEAD" && self.references(&self.url, version)?.is_there();
        let is_head = version == "HEAD" || task.refspec.is_some();
        match task.depth() {
            Some(depth) if is_head || is_named => arguments.push(format!("--depth={depth}")),
            Some(_) => {
                let words = format!("`depth` has no effect: {version} is neither a branch nor a tag of the remote");
                result.insert("_warnings".into(), vec![words].into());
            }
            None => {}
        }
        arguments.extend(task.single_branch.0.then(|| "--single-branch".to_owned()));
        if is_named && (task.single_branch.0 || task.depth().is_some() && !is_head) {
            arguments.push(format!("--branch={version}"));
        }
        arguments.extend(task.reference.iter().map(|reference| format!("--reference={reference}")));
        arguments.extend(task.separate_git_dir.iter().map(|path| format!("--separate-git-dir={}", path.display())));
        arguments.extend(["--".to_owned(), self.url.clone(), self.dest.to_string_lossy().into_owned()]);
        Ok(arguments)
    }

    fn fetch(&self) -> Result<(), Failure> {
        let task = self.task;
        self.host.life(&format!("git fetch {}", super::without_password(&self.url)), None);
        let mut refspecs = if task.depth().is_some() { self.shallow_refspecs()? } else { Vec::new() };
        let mut arguments = vec!["fetch".to_owned()];
        match task.depth().filter(|_| !refspecs.is_empty()) {
            Some(depth) => arguments.push(format!("--depth={depth}")),
            None => {
                if task.bare.0 {
                    refspecs = vec!["+refs/heads/*:refs/heads/*".into(), "+refs/tags/*:refs/tags/*".into()];
                } else {
                    arguments.push("--tags".into());
                }
                refspecs.extend(task.refspec.clone());
            }
        }
        arguments.extend(task.force.0.then(|| "--force".to_owned()));
        arguments.push(task.remote.clone());
        arguments.extend(refspecs);
        self.ask(&borrowed(&arguments)).map(drop)
    }

    /// As little as leads to the version; nothing for a commit, which can only be had with all.
    fn shallow_refspecs(&self) -> Result<Vec<String>, Failure> {
        let (task, version) = (self.task, self.task.version.0.as_str());
        if let Some(refspec) = &task.refspec {
            return Ok(vec![refspec.clone()]);
        }
        if version == "HEAD" {
            let branch = self.head_branch()?;
            return Ok(vec![format!("+refs/heads/{branch}:refs/remotes/{}/{branch}", task.remote)]);
        }
        Ok(match self.references(&self.url, version)? {
            References { branch: Some(_), .. } => {
                vec![format!("+refs/heads/{version}:refs/remotes/{}/{version}", task.remote)]
            }
            References { tag: Some(_), .. } => vec![format!("+refs/tags/{version}:refs/tags/{version}")],
            References { .. } => Vec::new(),
        })
    }

    /// Checks the version out and brings submodules along; whether some of those changed.
    fn switch(&self, result: &mut ResultMap) -> Result<bool, Failure> {
        if !self.task.bare.0 {
            self.check_out()?;
        }
        if self.task.verify_commit.0 {
            self.verify()?;
        }
        let submodules = self.bring_submodules()?;
        if submodules {
            result.insert("submodules_changed".into(), true.into());
        }
        result.insert("after".into(), self.revision("HEAD")?.into());
        Ok(submodules)
    }

    fn check_out(&self) -> Result<(), Failure> {
        let (remote, version) = (&self.task.remote, self.task.version.0.as_str());
        let branch = match version {
            "HEAD" => Some(self.head_branch()?),
            version => self.references(remote, version)?.branch.map(|_| version.to_owned()),
        };
        let Some(branch) = branch else {
            return self.ask(&["checkout", "--force", version]).map(drop);
        };
        let there = format!("{remote}/{branch}");
        if self.call(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")])?.succeeded() {
            self.ask(&["checkout", "--force", &branch])?;
            return self.ask(&["reset", "--hard", &there, "--"]).map(drop);
        }
        let is_known = self.call(&["rev-parse", "--verify", "--quiet", &format!("refs/remotes/{there}")])?.succeeded();
        if !is_known {
            // A shallow clone knows the branch alone that it was made of.
            let depth = self.task.depth().map(|depth| format!("--depth={depth}"));
            let refspec = format!("+refs/heads/{branch}:refs/remotes/{there}");
            let arguments = ["fetch".to_owned()].into_iter().chain(depth).chain([remote.clone(), refspec]);
            self.ask(&borrowed(&arguments.collect::<Vec<_>>()))?;
        }
        self.ask(&["checkout", "--force", "-b", &branch, &format!("refs/remotes/{there}")])?;
        // A clone of one branch has no rule for another one to follow.
        let _ = self.call(&["branch", &format!("--set-upstream-to={there}"), &branch])?;
        Ok(())
    }

    /// Has git check the signature of the version, and that its key is one of those allowed.
    pub(super) fn verify(&self) -> Result<(), Failure> {
        let version = self.task.version.0.as_str();
        let kind = self.call(&["cat-file", "-t", &format!("refs/tags/{version}")])?.stdout;
        let order = if kind.trim() == "tag" { "verify-tag" } else { "verify-commit" };
        let allowed = &self.task.gpg_allowlist.0;
        let raw = Some("--raw").filter(|_| !allowed.is_empty());
        let arguments: Vec<&str> = std::iter::once(order).chain(raw).chain([version]).collect();
        let finished = self.call(&arguments)?;
        if !finished.succeeded() {
            let failure = Failure::new(format!("the signature of {version} was not accepted"));
            return Err(finished.describe(failure).help("import the key of its author into this user's GnuPG first"));
        }
        let key = signer(&finished.stderr).unwrap_or_default();
        if allowed.is_empty() || allowed.contains(&key) {
            return Ok(());
        }
        Err(Failure::new(format!("{version} is signed with {key}, which `gpg_allowlist` does not have")))
    }

    /// Moves the git folder to where it is to lie, and leaves a file that leads there.
    pub(super) fn relocate(&self, result: &mut ResultMap) -> Result<(), Failure> {
        let Some(to) = &self.task.separate_git_dir else { return Ok(()) };
        let from = self.git_folder()?;
        if to.exists() {
            return Err(Failure::new(format!(
                "cannot move {} to {}: it is there already",
                from.display(),
                to.display()
            )));
        }
        // Folders on different disks cannot be renamed; `mv` copies them with all their attributes.
        let words = [from.to_string_lossy().into_owned(), to.text().to_owned()];
        crate::system::tool::run_tool("mv", &[vec!["--".to_owned()], words.to_vec()].concat(), self.host)?;
        let file = self.dest.join(".git");
        fs::write(&file, format!("gitdir: {}\n", to.text())).map_err(|error| refused("write", &file, &error))?;
        result.insert("git_dir_before".into(), from.to_string_lossy().into());
        result.insert("git_dir_now".into(), to.text().into());
        Ok(())
    }
}

impl References {
    fn is_there(&self) -> bool {
        self.branch.is_some() || self.tag.is_some()
    }
}

/// The fingerprint of the primary key in what `GnuPG` says: `VALIDSIG`, whose last field it is.
fn signer(status: &str) -> Option<String> {
    let fields = status.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut valid = fields.filter(|fields| fields.get(1) == Some(&"VALIDSIG"));
    let fields = valid.next()?;
    fields.get(11).or_else(|| fields.get(2)).map(|key| (*key).to_owned())
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
