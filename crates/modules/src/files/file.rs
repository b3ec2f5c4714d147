//! `file`: a path is a file, a folder, a link or nothing, with these attributes.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::facts::{FACTS, add_facts};
use crate::files::file_words;
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::{FileStep, NewLink, NewTimes, folders};
use crate::files::times::TimeWish;
use crate::{Host, Module, Survey};

/// Parameters of `file`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(alias = "dest", alias = "name")]
    path: HostPath,
    pub(super) state: Option<State>,
    pub(super) src: Option<HostPath>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
    #[serde(default)]
    recurse: Flag,
    #[serde(default)]
    force: Flag,
    #[serde(default = "yes")]
    pub(super) follow: Flag,
    access_time: Option<String>,
    modification_time: Option<String>,
    #[serde(default = "stamp")]
    access_time_format: String,
    #[serde(default = "stamp")]
    modification_time_format: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    File,
    Directory,
    Touch,
    Absent,
    Link,
    Hard,
}

fn yes() -> Flag {
    Flag(true)
}

fn stamp() -> String {
    "%Y%m%d%H%M.%S".into()
}

impl Module for File {
    const NAME: &'static str = "file";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let path = self.real_path();
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        let steps = self.steps(&path, &attributes).map_err(|failure| file_words::of_failure(self, failure))?;
        let mut survey = Survey::steps(steps);
        file_words::name(self, &path, &mut survey.result);
        survey.unpredicted = survey.steps.iter().any(|step| matches!(step, FileStep::Expect(_)))
            || (!survey.steps.is_empty() && !attributes.are_known());
        self.describe(&path, &mut survey.result);
        Ok(survey)
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result).map_err(|failure| file_words::of_failure(self, failure))
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.describe(&self.real_path(), result);
        Ok(())
    }
}

impl File {
    fn check(&self) -> Result<(), Failure> {
        if self.path.as_os_str().is_empty() {
            return Err(Failure::new("`path` of `file` is empty").help("a variable in it may be empty"));
        }
        if self.mode == Some(FileMode::Preserve) {
            return Err(Failure::new("`file` has no source whose mode it could preserve")
                .value("msg", "mode must be in octal or symbolic form")
                .value("details", "bad symbolic permission for mode: preserve"));
        }
        Ok(())
    }

    fn steps(&self, path: &Path, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        let found = fs::symlink_metadata(path).ok();
        match self.state(found.as_ref()) {
            State::Absent => Ok(found.map(|_| FileStep::Remove(path.to_owned())).into_iter().collect()),
            State::Directory => self.directory(path, found.as_ref(), attributes),
            State::File => self.file(path, found.as_ref(), attributes),
            State::Touch => self.touch(path, found.as_ref(), attributes),
            State::Link => self.link(path, found.as_ref(), attributes),
            State::Hard => self.hard(path, found.as_ref(), attributes),
        }
    }

    /// Links are followed for what is neither made nor removed as a link.
    pub(super) fn real_path(&self) -> PathBuf {
        let as_is = matches!(self.state, None | Some(State::Absent | State::Link | State::Hard));
        if as_is || !self.follow.0 || !fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_symlink()) {
            return self.path.to_path_buf();
        }
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.to_path_buf())
    }

    /// Without a word about the state, it is what is there.
    fn state(&self, found: Option<&Metadata>) -> State {
        match (self.state, found) {
            (Some(state), _) => state,
            (None, Some(found)) if found.is_dir() => State::Directory,
            (None, Some(found)) if found.is_symlink() => State::Link,
            (None, None) if self.recurse.0 => State::Directory,
            _ => State::File,
        }
    }

    fn directory(
        &self,
        path: &Path,
        found: Option<&Metadata>,
        attributes: &Attributes,
    ) -> Result<Vec<FileStep>, Failure> {
        match found {
            None => Ok(folders(path, attributes)),
            Some(found) if found.is_dir() && self.recurse.0 => below(path, found, attributes),
            Some(found) if found.is_dir() => self.changed(path, found, attributes),
            Some(_) => Err(Failure::new(format!("{} is there and no folder", path.display()))
                .help("remove it first: `state: absent`")),
        }
    }

    fn file(&self, path: &Path, found: Option<&Metadata>, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        match found {
            None => Ok(vec![FileStep::Expect(path.to_owned())]),
            Some(found) if found.is_dir() => Err(Failure::new(format!("{} is a folder and no file", path.display()))
                .help("`state: directory` speaks of folders")),
            Some(found) if self.recurse.0 => below(path, found, attributes),
            Some(found) => self.changed(path, found, attributes),
        }
    }

    /// Attributes and times of what is there and stays.
    fn changed(&self, path: &Path, found: &Metadata, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        let times = self.times(path, Some(found), "preserve")?;
        Ok(changed(attributes, path, found).into_iter().chain(times.map(FileStep::Times)).collect())
    }

    /// The times that are to be set, where a time that is not spoken of is `otherwise`.
    fn times(&self, path: &Path, found: Option<&Metadata>, otherwise: &str) -> Result<Option<NewTimes>, Failure> {
        let wish = |text: &Option<String>, format| TimeWish::read(text.as_deref().unwrap_or(otherwise), format);
        let accessed = wish(&self.access_time, &self.access_time_format)?;
        let modified = wish(&self.modification_time, &self.modification_time_format)?;
        let now = SystemTime::now();
        let times = NewTimes {
            path: path.to_owned(),
            accessed: accessed.against(found.and_then(|found| found.accessed().ok()), now),
            modified: modified.against(found.and_then(|found| found.modified().ok()), now),
        };
        Ok(Some(times).filter(|times| found.is_none() || times.accessed.is_some() || times.modified.is_some()))
    }

    fn touch(&self, path: &Path, found: Option<&Metadata>, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        let times = self.times(path, found, "now")?.map(FileStep::Times);
        let wishes = attributes.mode.is_some() || attributes.owner.is_some() || attributes.group.is_some();
        let steps = match found {
            Some(found) => changed(attributes, path, found),
            None if wishes => {
                let new = NewContent::new(path, Source::Bytes(Vec::new()));
                return Ok(vec![FileStep::content(NewContent { attributes: attributes.clone(), ..new })]);
            }
            None => Vec::new(),
        };
        Ok(steps.into_iter().chain(times).collect())
    }

    fn link(&self, path: &Path, found: Option<&Metadata>, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        let now = fs::read_link(path).ok();
        let Some(target) = self.src.as_deref().map(Path::to_owned).or_else(|| now.clone()) else {
            return Err(Failure::new(format!("link {} needs `src`, the path it leads to", path.display())));
        };
        let real_target = path.parent().unwrap_or(Path::new("/")).join(&target);
        if now.as_ref() == Some(&target) {
            return Ok(self.link_attributes(path, &real_target, attributes));
        }
        if let Some(found) = found.filter(|found| !found.is_symlink()) {
            self.may_be_replaced(path, found)?;
        }
        let link = FileStep::Link(NewLink { path: path.to_owned(), target, hard: false });
        if !real_target.exists() && !self.force.0 {
            return Ok(vec![FileStep::Expect(real_target), link]);
        }
        Ok([vec![link], self.link_attributes(path, &real_target, attributes)].into_iter().flatten().collect())
    }

    /// With `follow` attributes are those of what the link leads to, else those of the link.
    fn link_attributes(&self, path: &Path, target: &Path, attributes: &Attributes) -> Vec<FileStep> {
        let of = if self.follow.0 { target } else { path };
        let found = if self.follow.0 { fs::metadata(of) } else { fs::symlink_metadata(of) };
        found.map(|found| changed(attributes, of, &found)).unwrap_or_default()
    }

    fn may_be_replaced(&self, path: &Path, found: &Metadata) -> Result<(), Failure> {
        let full = found.is_dir() && fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if full {
            return Err(Failure::new(format!("{} is a folder with files in it and no link", path.display())));
        }
        if self.force.0 {
            return Ok(());
        }
        Err(Failure::new(format!("{} is there and no link", path.display())).help("`force: true` replaces it"))
    }

    fn hard(&self, path: &Path, found: Option<&Metadata>, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
        let Some(target) = &self.src else {
            return Err(Failure::new(format!("hard link {} needs `src`, the file it names", path.display())));
        };
        let Ok(of) = fs::metadata(target) else {
            return Ok(vec![FileStep::Expect(target.to_path_buf())]);
        };
        if let Some(found) = found {
            if (found.ino(), found.dev()) == (of.ino(), of.dev()) {
                return Ok(changed(attributes, path, found));
            }
            self.may_be_replaced(path, found)?;
        }
        let link = FileStep::Link(NewLink { path: path.to_owned(), target: target.to_path_buf(), hard: true });
        Ok([vec![link], changed(attributes, target, &of)].into_iter().flatten().collect())
    }

    /// What is there now, instead of what was.
    fn describe(&self, path: &Path, result: &mut ResultMap) {
        result.retain(|name, _| !FACTS.contains(&name.as_str()));
        if self.state == Some(State::Absent) {
            result.insert("state".into(), "absent".into());
        }
        add_facts(path, result);
    }
}

fn changed(attributes: &Attributes, path: &Path, found: &Metadata) -> Vec<FileStep> {
    attributes.survey(path, found).map(FileStep::Attributes).into_iter().collect()
}

/// The folder and everything in it, links left alone but for their owner.
fn below(path: &Path, found: &Metadata, attributes: &Attributes) -> Result<Vec<FileStep>, Failure> {
    let mut steps = changed(attributes, path, found);
    if found.is_dir() {
        for entry in fs::read_dir(path).map_err(|error| refused("read the folder", path, &error))? {
            let entry = entry.map_err(|error| refused("read the folder", path, &error))?.path();
            let found = fs::symlink_metadata(&entry).map_err(|error| refused("look at", &entry, &error))?;
            steps.extend(below(&entry, &found, attributes)?);
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn a_folder_is_made_with_its_parents_and_attributes() {
        let ground = Ground::new();
        let outcome = ground.converge("file", &json!({"path": ground.at("a/b"), "state": "directory", "mode": "0750"}));
        assert_eq!((ground.mode("a"), ground.mode("a/b")), (0o750, 0o750));
        assert_eq!((outcome.changes.len(), &outcome.result["state"]), (2, &json!("directory")));
    }

    #[test]
    fn symbolic_modes_recurse_with_folders_executable() {
        let ground = Ground::new();
        ground.write("d/f", "");
        ground.write("d/sub/g", "");
        let params = json!({"path": ground.at("d"), "state": "directory", "recurse": true, "mode": "u=rwX,go="});
        ground.converge("file", &params);
        assert_eq!((ground.mode("d/sub"), ground.mode("d/sub/g")), (0o700, 0o600));
    }

    #[test]
    fn absent_takes_files_folders_and_links_but_not_what_a_link_leads_to() {
        let ground = Ground::new();
        ground.write("d/f", "");
        symlink("d", ground.path("l")).unwrap();
        ground.converge("file", &json!({"path": ground.at("l"), "state": "absent"}));
        assert!(ground.path("d/f").exists());
        let outcome = ground.converge("file", &json!({"path": ground.at("d"), "state": "absent"}));
        assert_eq!(outcome.result["state"], "absent");
        assert!(!ground.converge("file", &json!({"path": ground.at("d"), "state": "absent"})).changed);
    }

    #[test]
    fn a_link_is_made_moved_and_not_put_over_a_file_without_force() {
        let ground = Ground::new();
        ground.write("v1", "1");
        ground.write("v2", "2");
        let link = |src: &str, force: bool, at: &str| json!({"src": src, "dest": ground.at(at), "state": "link", "force": force});
        ground.converge("file", &link("v1", false, "current"));
        ground.converge("file", &link("v2", false, "current"));
        assert_eq!(ground.read("current"), "2");
        let failure = ground.apply("file", &link("v2", false, "v1")).unwrap_err();
        assert_eq!(failure.help.as_deref(), Some("`force: true` replaces it"));
        ground.converge("file", &link("v2", true, "v1"));
        assert_eq!(ground.read("v1"), "2");
    }

    #[test]
    fn a_link_to_nothing_waits_for_an_earlier_task_and_then_fails() {
        let ground = Ground::new();
        let params = json!({"src": "/no/such", "dest": ground.at("l"), "state": "link"});
        assert!(ground.survey("file", &params).unwrap().unpredicted);
        assert_eq!(ground.apply("file", &params).unwrap_err().message, "there is no /no/such");
        assert!(!ground.path("l").is_symlink());
    }

    #[test]
    fn a_hard_link_is_a_second_name() {
        let ground = Ground::new();
        let src = ground.write("a", "1");
        ground.converge("file", &json!({"src": src, "path": ground.at("b"), "state": "hard"}));
        ground.write("a", "2");
        assert_eq!(ground.read("b"), "2");
    }

    #[test]
    fn touch_makes_a_file_and_with_preserved_times_leaves_it_alone() {
        let ground = Ground::new();
        let params = json!({"path": ground.at("t"), "state": "touch", "mode": "0640",
            "access_time": "preserve", "modification_time": "preserve"});
        ground.converge("file", &params);
        assert_eq!(ground.mode("t"), 0o640);
        let now = json!({"path": ground.at("t"), "state": "touch"});
        assert!(ground.survey("file", &now).unwrap().changed);
        ground.converge(
            "file",
            &json!({"path": ground.at("t"), "state": "touch", "access_time": "preserve",
            "modification_time": "202001021530.00"}),
        );
        assert_eq!(
            ground.survey("stat", &json!({"path": ground.at("t")})).unwrap().result["stat"]["mtime"],
            1_577_979_000.0
        );
    }

    #[test]
    fn home_and_variables_of_the_task_are_in_paths_and_in_what_links_lead_to() {
        let ground = Ground::new();
        let made = ground.converge("file", &json!({"path": "~/tdir", "state": "directory"}));
        assert_eq!((made.result["path"].as_str(), ground.path("tdir").is_dir()), (Some(&*ground.at("tdir")), true));
        ground.converge("file", &json!({"path": "$HOME/l", "src": "~/tdir", "state": "link"}));
        assert_eq!(std::fs::read_link(ground.path("l")).unwrap(), ground.path("tdir"));
        ground.converge("file", &json!({"path": "~/tdir", "state": "absent"}));
        assert!(!ground.path("tdir").exists());
    }

    #[test]
    fn attributes_of_a_file_that_is_not_there_are_refused_for_real_only() {
        let ground = Ground::new();
        let params = json!({"path": ground.at("f"), "mode": "0600"});
        assert!(ground.survey("file", &params).unwrap().unpredicted);
        assert!(ground.apply("file", &params).unwrap_err().message.starts_with("there is no "));
    }
}
