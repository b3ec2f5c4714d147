//! What `copy` does with a folder of the controller: the list of all that is in it came along, the content of larger
//! files before it. What is on the host beside that stays.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::Failure;
use serde::Deserialize;

use crate::Host;
use crate::files::attributes::Attributes;
use crate::files::checksum::sha256_of;
use crate::files::content::{NewContent, Source};
use crate::files::copy::Copy;
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::{FileStep, NewFolder, NewLink, folders};

/// One file, folder or link; a folder stands before what is in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentEntry {
    /// Its path inside the folder.
    path: PathBuf,
    #[serde(default)]
    kind: Kind,
    /// Its mode on the controller, when that is to be kept.
    mode: Option<FileMode>,
    /// Where a link leads.
    target: Option<PathBuf>,
    /// A small file's bytes.
    content: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    size: u64,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    File,
    Folder,
    Link,
}

/// Steps that make the destination hold all these.
pub(super) fn steps(copy: &Copy, tree: &[SentEntry], host: &Host) -> Result<Vec<FileStep>, Failure> {
    let mut steps = folders(&copy.dest, &copy.folder_attributes());
    for entry in tree {
        let to = copy.dest.join(&entry.path);
        steps.extend(match entry.kind {
            Kind::Folder => {
                (!to.is_dir()).then(|| FileStep::Folder(NewFolder { path: to, attributes: copy.folder_attributes() }))
            }
            Kind::Link => entry.link(to),
            Kind::File => entry.file(copy, &to, host)?,
        });
    }
    Ok(steps)
}

impl SentEntry {
    fn link(&self, to: PathBuf) -> Option<FileStep> {
        let target = self.target.clone()?;
        let is_there = fs::read_link(&to).is_ok_and(|now| now == target);
        (!is_there).then_some(FileStep::Link(NewLink { path: to, target, hard: false }))
    }

    fn file(&self, copy: &Copy, to: &Path, host: &Host) -> Result<Option<FileStep>, Failure> {
        let mode = self.mode.as_ref().or(copy.mode.as_ref());
        let attributes = Attributes::of(mode, copy.owner.as_ref(), copy.group.as_ref());
        if let Ok(found) = fs::symlink_metadata(to) {
            if !copy.force.0 {
                return Ok(None);
            }
            if found.is_file() && found.len() == self.size && self.is_content_of(to)? {
                return Ok(attributes.survey(to, &found).map(FileStep::Attributes));
            }
        }
        Ok(Some(FileStep::content(NewContent {
            attributes,
            backup: copy.backup.0,
            validate: copy.validate.clone(),
            ..NewContent::new(to, self.source(host)?)
        })))
    }

    fn is_content_of(&self, path: &Path) -> Result<bool, Failure> {
        let found = sha256_of(path).map_err(|error| refused("read", path, &error))?;
        Ok(self.sha256.as_ref() == Some(&found))
    }

    fn source(&self, host: &Host) -> Result<Source, Failure> {
        if let Some(content) = &self.content {
            let bytes = BASE64_STANDARD.decode(content);
            return bytes
                .map(Source::Bytes)
                .map_err(|error| Failure::new(format!("the content of {} is broken: {error}", self.path.display())));
        }
        let blob = self.sha256.as_ref().map(|hash| host.blob(hash)).filter(|path| path.exists());
        Ok(blob.map_or(Source::Elsewhere, Source::File))
    }
}
