//! `apt_repository`: a one-line entry in `/etc/apt/sources.list.d`, there or not there.

use std::fs;
use std::path::PathBuf;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::SourceStep;
use super::line::Line;
use crate::arguments::{Flag, Whole};
use crate::files::mode::FileMode;
use crate::presence::Presence;
use crate::{Host, Module, Survey};

/// Parameters of `apt_repository`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AptRepository {
    repo: String,
    #[serde(default)]
    state: Presence,
    #[serde(default)]
    filename: Option<String>,
    #[serde(default)]
    mode: Option<FileMode>,
    #[serde(default = "yes", alias = "update-cache")]
    update_cache: Flag,
    /// Refreshing the lists always tries again a few times.
    #[serde(default, rename = "update_cache_retries")]
    _update_cache_retries: Whole,
    #[serde(default, rename = "update_cache_retry_max_delay")]
    _update_cache_retry_max_delay: Whole,
    /// Only launchpad's archives, which Debian does not use, are asked over HTTPS by Ansible.
    #[serde(default, rename = "validate_certs")]
    _validate_certs: Flag,
    #[serde(default, rename = "codename")]
    _codename: Option<String>,
    /// Nothing has to be installed for this module to work.
    #[serde(default, rename = "install_python_apt")]
    _install_python_apt: Flag,
    #[serde(skip, default = "apt_folder")]
    folder: PathBuf,
}

fn yes() -> Flag {
    Flag(true)
}

fn apt_folder() -> PathBuf {
    "/etc/apt".into()
}

impl Module for AptRepository {
    const NAME: &'static str = "apt_repository";
    type Step = SourceStep;

    fn survey(&self, _host: &Host) -> Result<Survey<SourceStep>, Failure> {
        let wanted = self.line()?;
        let mut steps = match self.state {
            Presence::Present => self.adding(&wanted),
            Presence::Absent => self.removing(&wanted),
        };
        let (added, removed) = made_and_gone(&steps);
        if !steps.is_empty() && self.update_cache.0 {
            steps.push(SourceStep::refresh_after(&steps));
        }
        Ok(Survey::steps(steps)
            .value("repo", self.repo.clone())
            .value("sources_added", added)
            .value("sources_removed", removed)
            .value("state", self.state.name()))
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl AptRepository {
    fn line(&self) -> Result<Line, Failure> {
        let refused = |why: &str, help: &str| {
            Err(Failure::new(format!("cannot use `{}`: {why}", self.repo)).code("DPP0104").help(help))
        };
        match Line::parse(&self.repo) {
            Some(line) => Ok(line),
            None if self.repo.starts_with("ppa:") => refused(
                "a launchpad archive has to be written out",
                "deb [signed-by=…] https://ppa.launchpadcontent.net/… SUITE main",
            ),
            None => refused("it is no entry of a sources list", "deb [signed-by=KEY] URL SUITE COMPONENT…"),
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.folder.join("sources.list.d")).into_iter().flatten().flatten();
        let lists =
            listed.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "list"));
        let mut files: Vec<_> = std::iter::once(self.folder.join("sources.list")).chain(lists).collect();
        files.sort();
        files
    }

    /// The file of a new entry.
    fn own_file(&self, line: &Line) -> PathBuf {
        let name =
            self.filename.as_deref().map_or_else(|| line.file_name(), |name| name.trim_end_matches(".list").to_owned());
        self.folder.join("sources.list.d").join(format!("{name}.list"))
    }

    /// An entry of the same repository with other options is replaced where it stands: apt refuses to have both.
    fn adding(&self, wanted: &Line) -> Vec<SourceStep> {
        let mut steps = Vec::new();
        let mut found = false;
        for file in self.files() {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let is_of_it = |line: &&str| Line::parse(line).is_some_and(|line| line.is_of_the_same(wanted));
            if !text.lines().any(|line| is_of_it(&line)) {
                continue;
            }
            let replaced = |line: &str| {
                if is_of_it(&line) && Line::parse(line).as_ref() != Some(wanted) {
                    self.repo.clone()
                } else {
                    line.to_owned()
                }
            };
            let new: String = text.lines().map(|line| replaced(line) + "\n").collect();
            found = true;
            if new.lines().ne(text.lines()) {
                steps.extend(SourceStep::write(file, new.into_bytes(), self.mode.as_ref(), "other options"));
            }
        }
        if !found {
            let file = self.own_file(wanted);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let new = format!("{text}{}\n", self.repo.trim());
            steps.extend(SourceStep::write(file, new.into_bytes(), self.mode.as_ref(), ""));
        }
        steps
    }

    fn removing(&self, wanted: &Line) -> Vec<SourceStep> {
        let without = |file: PathBuf| {
            let text = fs::read_to_string(&file).ok()?;
            let kept: Vec<_> = text.lines().filter(|line| Line::parse(line).as_ref() != Some(wanted)).collect();
            if kept.len() == text.lines().count() {
                return None;
            }
            let is_ours = file.parent() == Some(&self.folder.join("sources.list.d"));
            if is_ours && kept.iter().all(|line| line.trim().is_empty()) {
                return SourceStep::remove(file);
            }
            let new: String = kept.iter().map(|line| format!("{line}\n")).collect();
            SourceStep::write(file, new.into_bytes(), self.mode.as_ref(), "one entry less")
        };
        self.files().into_iter().filter_map(without).collect()
    }
}

/// Files that were not there before, and files that will not be there any more.
fn made_and_gone(steps: &[SourceStep]) -> (Vec<String>, Vec<String>) {
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            SourceStep::Write(content) if !content.path.exists() => made.push(content.path.display().to_string()),
            SourceStep::Remove(path) => gone.push(path.display().to_string()),
            _ => {}
        }
    }
    (made, gone)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{from_value, json};

    use super::*;
    use crate::Step;

    const LINE: &str =
        "deb [signed-by=/etc/apt/keyrings/es.asc] https://artifacts.elastic.co/packages/6.x/apt stable main";

    fn texts(steps: &[SourceStep]) -> Vec<(String, String)> {
        let text = |step: &SourceStep| {
            let change = step.change(true);
            let name = Path::new(&change.what).file_name().unwrap().to_string_lossy().into_owned();
            (name, change.after.unwrap_or_default())
        };
        steps.iter().map(text).collect()
    }

    fn module(folder: &Path, more: &serde_json::Value) -> AptRepository {
        let mut parameters = json!({"repo": LINE});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        AptRepository { folder: folder.to_owned(), ..from_value(parameters).unwrap() }
    }

    #[test]
    fn an_entry_is_added_replaced_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let lists = folder.path().join("sources.list.d");
        fs::create_dir(&lists).unwrap();
        let add = module(folder.path(), &json!({}));
        let wanted = add.line().unwrap();
        let file = "artifacts_elastic_co_packages_6_x_apt.list";
        assert_eq!(texts(&add.adding(&wanted)), [(file.into(), format!("{LINE}\n"))]);
        let path = lists.join(file).display().to_string();
        assert_eq!(made_and_gone(&add.adding(&wanted)), (vec![path], Vec::new()));

        fs::write(lists.join("old.list"), "# es\ndeb https://artifacts.elastic.co/packages/6.x/apt/ stable main\n")
            .unwrap();
        assert_eq!(texts(&add.adding(&wanted)), [("old.list".into(), format!("# es\n{LINE}\n"))]);

        fs::write(lists.join("old.list"), format!("{LINE}\n")).unwrap();
        assert!(add.adding(&wanted).is_empty());
        assert_eq!(texts(&add.removing(&wanted)), [("old.list".into(), String::new())]);
        let named = module(folder.path(), &json!({"filename": "elastic"}));
        assert!(named.own_file(&wanted).ends_with("elastic.list"));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        let module: AptRepository = from_value(json!({"repo": "ppa:x/y"})).unwrap();
        assert!(module.line().unwrap_err().message.contains("written out"));
        let module: AptRepository = from_value(json!({"repo": "https://x"})).unwrap();
        assert!(module.line().is_err());
    }
}
