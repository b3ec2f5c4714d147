//! Puts back what lay at a path: the kept bytes with their rights, a link, a folder, or nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use super::former::{PathState, Rights};
use super::undo::holds_nothing_else;
use crate::Host;
use crate::files::attributes::{Account, Attributes};
use crate::files::content::{NewContent, Source};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::{FileStep, NewFolder, NewLink};

/// What a look at a path found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is not as it was.
    Different,
    /// It cannot go, for this reason.
    InTheWay(String),
}

/// Whether a path is not as it was.
pub(super) fn obstacle(path: &Path, was: &PathState, all: &[(PathBuf, PathState)]) -> Result<Option<Found>, Failure> {
    let now = PathState::at(path)?;
    if now == *was {
        return Ok(None);
    }
    let stays = match (was, &now) {
        (PathState::Absent, PathState::Folder { .. }) if !holds_nothing_else(path, all) => "it holds other things",
        (PathState::Other, _) | (_, PathState::Other) => "it is, or was, a socket or a device",
        _ => return Ok(Some(Found::Different)),
    };
    Ok(Some(Found::InTheWay(format!("{} stays as it is: {stays}", path.display()))))
}

pub(super) fn change(path: &Path, was: &PathState) -> Change {
    let there = fs::symlink_metadata(path).is_ok();
    let (verb, detail) = match was {
        PathState::Absent => (Verb::Delete, ""),
        _ if there => (Verb::Change, "as before"),
        _ => (Verb::Create, "as before"),
    };
    Change::new(verb, path.to_string_lossy()).detail(detail)
}

/// Puts it back.
pub(super) fn make(path: &Path, was: &PathState, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    match was {
        PathState::Absent => remove(path, host),
        PathState::Link { target } => {
            clear(path, was, host)?;
            FileStep::Link(NewLink { path: path.to_owned(), target: target.clone(), hard: false }).apply(host, result)
        }
        PathState::Folder { rights } => {
            clear(path, was, host)?;
            folder(path, *rights, host, result)
        }
        PathState::File { kept, rights } => {
            clear(path, was, host)?;
            let mut content = NewContent::new(path, Source::File(host.state().join("kept").join(kept)));
            content.attributes = attributes(*rights);
            content.apply(host, result)
        }
        PathState::Other => Ok(()),
    }
}

/// Takes away what is of another kind, which a rename could not replace.
fn clear(path: &Path, was: &PathState, host: &Host) -> Result<(), Failure> {
    let is_folder = fs::symlink_metadata(path).map(|found| found.is_dir());
    match is_folder {
        Ok(is_folder) if is_folder != matches!(was, PathState::Folder { .. }) => remove(path, host),
        _ => Ok(()),
    }
}

fn folder(path: &Path, rights: Rights, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    let attributes = attributes(rights);
    match fs::symlink_metadata(path) {
        Ok(found) => match attributes.survey(path, &found) {
            Some(change) => FileStep::Attributes(change).apply(host, result),
            None => Ok(()),
        },
        Err(_) => FileStep::Folder(NewFolder { path: path.to_owned(), attributes }).apply(host, result),
    }
}

/// A folder goes when it is empty: what others put there is not taken with it.
fn remove(path: &Path, host: &Host) -> Result<(), Failure> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        return FileStep::Remove(path.to_owned()).apply(host, &mut ResultMap::new());
    }
    match fs::remove_dir(path) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
            Err(refused("remove the folder", path, &error))
        }
        _ => Ok(()),
    }
}

fn attributes(rights: Rights) -> Attributes {
    Attributes {
        mode: Some(FileMode::Bits(rights.mode)),
        owner: Some(Account::Known(rights.uid)),
        group: Some(Account::Known(rights.gid)),
    }
}
