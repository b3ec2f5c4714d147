//! A text file that a module edits in memory, and the step that puts the edited text in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dpp_protocol::{Failure, ResultMap};
use serde_json::Value;

use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::refusal::refused;
use crate::files::step::{FileStep, folders};
use crate::{Host, Survey};

/// What a task wishes of the edited file beyond its text.
pub(crate) struct Wishes<'a> {
    /// Mode, owner and group.
    pub(crate) attributes: Attributes,
    /// Whether a copy of the old file stays beside the new one.
    pub(crate) backup: bool,
    /// Command that must accept the new file.
    pub(crate) validate: Option<&'a str>,
}

/// A text file as it was found.
pub(crate) struct TextFile {
    path: PathBuf,
    /// Its text; nothing where there is no file.
    pub(crate) old: Option<String>,
}

impl TextFile {
    /// Reads a file, through links: an edit changes what a link leads to.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Self::at(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
    }

    /// Reads a file for an edit that puts the new one in the place of a link.
    pub(crate) fn at(path: PathBuf) -> Result<Self, Failure> {
        let old = match fs::read(&path) {
            Ok(bytes) => Some(
                String::from_utf8(bytes)
                    .map_err(|_| Failure::new(format!("cannot edit {}: it is no text in UTF-8", path.display())))?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                let message = format!("Path {} is a directory !", path.display());
                return Err(refused("read", &path, &error).value("rc", 256).value("msg", message));
            }
            Err(error) => return Err(refused("read", &path, &error)),
        };
        Ok(Self { path, old })
    }

    /// The text, which is empty where there is no file.
    pub(crate) fn text(&self) -> &str {
        self.old.as_deref().unwrap_or_default()
    }

    /// For modules that only edit what is there: the file must be made by then.
    pub(crate) fn expected(&self) -> Survey<FileStep> {
        Survey::steps(vec![FileStep::Expect(self.path.clone())]).unpredicted()
    }

    /// The same with the folder of a file that is made.
    pub(crate) fn in_folder(&self, mut survey: Survey<FileStep>) -> Survey<FileStep> {
        let folder = self.path.parent().filter(|_| self.old.is_none() && !survey.steps.is_empty());
        let made = folder.map(|folder| folders(folder, &Attributes::default())).unwrap_or_default();
        survey.steps.splice(0..0, made);
        survey
    }

    /// What has to be done for the file to have `new` as its text, and the words that Ansible has for it.
    pub(crate) fn survey(&self, new: String, message: &str, wishes: Wishes) -> Survey<FileStep> {
        let known = wishes.attributes.are_known();
        let mut words = vec![message.to_owned()];
        let mut steps = Vec::new();
        let found = fs::symlink_metadata(&self.path).ok();
        let change = found.as_ref().and_then(|found| wishes.attributes.survey(&self.path, found));
        let is_told = change.is_some() || found.is_none() && wishes.attributes.matter_for_new();
        let attributes = Some("ownership, perms or SE linux context changed".to_owned()).filter(|_| is_told);
        if self.old.as_ref() == Some(&new) {
            words.clear();
            steps.extend(change.map(FileStep::Attributes));
        } else {
            steps.push(FileStep::content(NewContent {
                attributes: wishes.attributes,
                backup: wishes.backup,
                validate: wishes.validate.map(str::to_owned),
                detail: message.to_owned(),
                ..NewContent::new(&self.path, Source::Bytes(new.into_bytes()))
            }));
        }
        words.extend(attributes);
        let mut survey = Survey::steps(steps).value("msg", words.join(" and "));
        survey.unpredicted = !survey.steps.is_empty() && !known;
        survey
    }
}

/// Takes a step of an edited text. Where it fails, `msg` and `rc` are what Ansible's modules for texts have.
pub(crate) fn apply(step: &FileStep, host: &Host, result: &mut ResultMap, missing: &str) -> Result<(), Failure> {
    step.apply(host, result).map_err(|mut failure| {
        if matches!(step, FileStep::Expect(_)) {
            return failure.value("rc", 257).value("msg", missing);
        }
        let Some(status) = failure.result.shift_remove("exit_status") else { return failure };
        let error = failure.result.get("stderr").and_then(Value::as_str).unwrap_or_default().to_owned();
        failure.result.clear();
        failure.value("msg", format!("failed to validate: rc:{status} error:{error}"))
    })
}

/// Lines with their ends; the ends are `\n` or `\r\n` as they are in the file.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// A line without its end.
pub(crate) fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}
