//! The steps of which the file modules are made: a folder, content, attributes, a link, a removal, a touch.

use std::fs::{self, FileTimes};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::NewContent;
use crate::files::keep::keep;
use crate::files::refusal::refused;
use crate::files::replace::{beside, clear_beside};
use crate::journal::Former;
use crate::{Host, Step};

/// One thing a file module does.
#[derive(Debug)]
pub enum FileStep {
    /// A folder is made.
    Folder(NewFolder),
    /// A file is made or replaced.
    Content(Box<NewContent>),
    /// Mode, owner or group change.
    Attributes(AttributeChange),
    /// A link is made or replaced.
    Link(NewLink),
    /// Something goes away, a folder with all that is in it.
    Remove(PathBuf),
    /// Times of a file change.
    Times(NewTimes),
    /// Something must be there by then, which an earlier task may still make.
    Expect(PathBuf),
}

/// A folder to be made; its parent is there by then.
#[derive(Debug)]
pub struct NewFolder {
    /// Its path.
    pub path: PathBuf,
    /// What it gets.
    pub attributes: Attributes,
}

/// A link to be made.
#[derive(Debug)]
pub struct NewLink {
    /// Its path.
    pub path: PathBuf,
    /// Where it leads.
    pub target: PathBuf,
    /// Whether it is a second name of the same file rather than a symbolic link.
    pub hard: bool,
}

/// Times to be set.
#[derive(Debug)]
pub struct NewTimes {
    /// Of this file, which is made empty where it is missing.
    pub path: PathBuf,
    /// Last read; as it is where none is given.
    pub accessed: Option<SystemTime>,
    /// Last written; as it is where none is given.
    pub modified: Option<SystemTime>,
}

impl FileStep {
    /// A file gets these bytes.
    pub fn content(content: NewContent) -> Self {
        Self::Content(Box::new(content))
    }

    /// Does it.
    pub fn apply(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => folder.make(),
            Self::Content(content) => content.apply(host, result),
            Self::Attributes(change) => change.apply(),
            Self::Link(link) => link.make(host),
            Self::Remove(path) => remove(path, host),
            Self::Times(times) => times.set(),
            Self::Expect(path) => Err(Failure::new(format!("there is no {}", path.display()))
                .help("`state: touch` or `copy` makes a file, `state: directory` a folder")),
        }
    }
}

impl Step for FileStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Folder(folder) => Change::new(Verb::Create, shown(&folder.path)).detail("folder"),
            Self::Content(content) => content.change(diff),
            Self::Attributes(change) => change.change(diff),
            Self::Link(link) => link.change(),
            Self::Remove(path) => Change::new(Verb::Delete, shown(path)),
            Self::Times(times) if times.path.exists() => Change::new(Verb::Change, shown(&times.path)).detail("times"),
            Self::Times(times) => Change::new(Verb::Create, shown(&times.path)).detail("empty"),
            Self::Expect(path) => Change::new(Verb::Change, shown(path)).detail("not there yet"),
        }
    }

    fn former(&self) -> Result<Vec<Former>, Failure> {
        match self {
            Self::Remove(path) | Self::Link(NewLink { path, .. }) => Former::tree(path),
            _ => Ok(vec![Former::of(&self.change(false))?]),
        }
    }
}

impl NewFolder {
    fn make(&self) -> Result<(), Failure> {
        let (owner, group) = self.attributes.ids()?;
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&self.path)
            .map_err(|error| refused("make the folder", &self.path, &error))?;
        std::os::unix::fs::chown(&self.path, owner, group)
            .map_err(|error| refused("change the owner of", &self.path, &error))?;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(self.attributes.mode_of_new(0o777, true)))
            .map_err(|error| refused("change the mode of", &self.path, &error))
    }
}

impl NewLink {
    fn make(&self, host: &Host) -> Result<(), Failure> {
        keep(&self.path, host)?;
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(&self.path).map_err(|error| refused("remove the folder", &self.path, &error))?;
        }
        clear_beside(&self.path);
        let beside = beside(&self.path);
        let _ = fs::remove_file(&beside);
        let made = if self.hard { fs::hard_link(&self.target, &beside) } else { symlink(&self.target, &beside) };
        made.and_then(|()| fs::rename(&beside, &self.path)).map_err(|error| {
            let _ = fs::remove_file(&beside);
            refused("make the link", &self.path, &error)
        })
    }

    fn change(&self) -> Change {
        let verb = if fs::symlink_metadata(&self.path).is_ok() { Verb::Change } else { Verb::Create };
        let kind = if self.hard { "hard link" } else { "link" };
        Change::new(verb, shown(&self.path)).detail(format!("{kind} to {}", self.target.display()))
    }
}

impl NewTimes {
    fn set(&self) -> Result<(), Failure> {
        let file = fs::OpenOptions::new().append(true).create(true).open(&self.path);
        let file = file.or_else(|_| fs::File::open(&self.path));
        let times =
            [(self.accessed, FileTimes::set_accessed as fn(_, _) -> _), (self.modified, FileTimes::set_modified)]
                .into_iter()
                .fold(FileTimes::new(), |times, (at, set)| at.map_or(times, |at| set(times, at)));
        file.and_then(|file| file.set_times(times)).map_err(|error| refused("touch", &self.path, &error))
    }
}

/// Steps that make `path` and its missing parents as folders.
pub(crate) fn folders(path: &Path, attributes: &Attributes) -> Vec<FileStep> {
    let mut missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    missing.reverse();
    missing
        .into_iter()
        .map(|folder| FileStep::Folder(NewFolder { path: folder.to_owned(), attributes: attributes.clone() }))
        .collect()
}

fn remove(path: &Path, host: &Host) -> Result<(), Failure> {
    keep(path, host)?;
    let folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let removed = if folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(|error| refused("remove", path, &error))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
