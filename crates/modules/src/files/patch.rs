//! `patch`: the changes of a patch file are made, or taken back, by the host's own `patch`.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Whole};
use crate::commands::process::{Finished, Process};
use crate::files::refusal::refused;
use crate::presence::Presence;
use crate::system::tool::installed;
use crate::{Host, Module, Survey};

/// Parameters of `patch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(alias = "patchfile")]
    src: HostPath,
    #[serde(alias = "originalfile")]
    dest: Option<HostPath>,
    basedir: Option<HostPath>,
    #[serde(default)]
    strip: Whole,
    /// The controller sends the patch along when it is false.
    #[serde(rename = "remote_src")]
    _remote_src: Option<Flag>,
    #[serde(default)]
    backup: Flag,
    #[serde(default)]
    binary: Flag,
    #[serde(default)]
    ignore_whitespace: Flag,
    #[serde(default)]
    state: Presence,
    #[serde(rename = "_content_base64")]
    content: Option<String>,
}

impl Module for Patch {
    const NAME: &'static str = "patch";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let folder = self.folder()?;
        let verb = if self.state == Presence::Present { "applied" } else { "taken back" };
        let what = self.dest.as_deref().unwrap_or(&folder).to_string_lossy().into_owned();
        let change = Change::new(Verb::Change, what).detail(format!("{} is {verb}", self.name()));
        let is_there = folder.is_dir() && self.dest.as_ref().is_none_or(|dest| dest.exists());
        if installed("patch", host).is_none() || !is_there || self.content.is_none() && !self.src.exists() {
            // An earlier task may bring the program, the files or the patch.
            return Ok(Survey::steps(vec![change]).unpredicted());
        }
        if self.is_done(&folder, host)? {
            return Ok(Survey::unchanged());
        }
        self.run(&folder, &["--dry-run"], host)?;
        Ok(Survey::steps(vec![change]))
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let folder = self.folder()?;
        if let Some(dest) = self.dest.as_ref().filter(|dest| !dest.exists()) {
            return Err(Failure::new(format!("cannot patch {}: it is not there", dest.display())));
        }
        if !folder.is_dir() {
            return Err(Failure::new(format!("cannot patch in {}: there is no such folder", folder.display())));
        }
        let backup: &[&str] = if self.backup.0 { &["--backup", "--version-control=numbered"] } else { &[] };
        self.run(&folder, backup, host)
    }
}

impl Patch {
    /// Where the paths in the patch begin.
    fn folder(&self) -> Result<PathBuf, Failure> {
        let beside = || self.dest.as_deref().and_then(Path::parent).map(Path::to_owned);
        let folder = self.basedir.as_deref().map(Path::to_owned).or_else(beside);
        folder.ok_or_else(|| Failure::new("`patch` needs `dest` or `basedir`").code("DPP0104"))
    }

    /// Whether the patch would go the other way, which it only does when it was made.
    fn is_done(&self, folder: &Path, host: &Host) -> Result<bool, Failure> {
        let back = Some("--reverse").filter(|_| self.state == Presence::Present);
        let options: Vec<&str> = ["--quiet", "--forward", "--dry-run"].into_iter().chain(back).collect();
        Ok(self.call(folder, &options, host)?.succeeded())
    }

    fn run(&self, folder: &Path, more: &[&str], host: &Host) -> Result<(), Failure> {
        let back = Some("--reverse").filter(|_| self.state == Presence::Absent);
        let options = ["--quiet", "--forward", "--batch", "--reject-file=-"];
        let options: Vec<&str> = options.into_iter().chain(back).chain(more.iter().copied()).collect();
        let finished = self.call(folder, &options, host)?;
        if finished.succeeded() {
            return Ok(());
        }
        let failure = Failure::new(format!("{} does not fit what is in {}", self.name(), folder.display()));
        Err(finished
            .describe(failure)
            .help("was it made for another version, or does `strip` take off too little or too much?"))
    }

    fn call(&self, folder: &Path, options: &[&str], host: &Host) -> Result<Finished, Failure> {
        let mut arguments: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        arguments.push(format!("--strip={}", self.strip.0));
        arguments.push(format!("--directory={}", folder.display()));
        arguments.extend(self.binary.0.then(|| "--binary".to_owned()));
        arguments.extend(self.ignore_whitespace.0.then(|| "--ignore-whitespace".to_owned()));
        arguments.extend(self.dest.iter().map(|dest| dest.text().to_owned()));
        Process::new("patch", &arguments, host).untranslated().input(self.bytes()?).run(host)
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        match &self.content {
            Some(content) => BASE64_STANDARD
                .decode(content)
                .map_err(|error| Failure::new(format!("{} arrived damaged: {error}", self.name()))),
            None => fs::read(&self.src).map_err(|error| refused("read", &self.src, &error)),
        }
    }

    fn name(&self) -> String {
        self.src.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    const PATCH: &str = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n";

    #[test]
    fn a_patch_is_applied_once_and_taken_back_once() {
        let ground = Ground::new();
        ground.write("d/f", "one\ntwo\n");
        let mut params = json!({"src": ground.write("p.diff", PATCH), "basedir": ground.at("d"), "strip": 1});
        ground.converge("patch", &params);
        assert_eq!(ground.read("d/f"), "one\nTWO\n");
        params["state"] = "absent".into();
        params["backup"] = true.into();
        ground.converge("patch", &params);
        assert_eq!((ground.read("d/f").as_str(), ground.read("d/f.~1~").as_str()), ("one\ntwo\n", "one\nTWO\n"));
    }

    #[test]
    fn what_the_controller_sends_is_applied_to_one_file() {
        let ground = Ground::new();
        let dest = ground.write("d/other", "one\ntwo\n");
        let content = BASE64_STANDARD.encode(PATCH);
        ground.converge("patch", &json!({"src": "p.diff", "dest": dest, "_content_base64": content}));
        assert_eq!(ground.read("d/other"), "one\nTWO\n");
    }

    #[test]
    fn a_patch_that_does_not_fit_leaves_the_file_and_says_so() {
        let ground = Ground::new();
        let dest = ground.write("f", "three\nfour\n");
        let params = json!({"src": ground.write("p.diff", PATCH), "dest": dest});
        for failure in [ground.survey("patch", &params), ground.apply("patch", &params)] {
            assert!(failure.unwrap_err().message.starts_with("p.diff does not fit what is in "));
        }
        assert_eq!(ground.read("f"), "three\nfour\n");
        assert!(!ground.path("f.rej").exists());
        assert_eq!(ground.survey("patch", &json!({"src": "x"})).unwrap_err().code, "DPP0104");
        assert!(ground.survey("patch", &json!({"src": "x", "dest": ground.at("none")})).unwrap().unpredicted);
    }
}
