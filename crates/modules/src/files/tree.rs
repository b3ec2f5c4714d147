//! What `copy` with `remote_src` does with a folder: every folder, file and link in it, compared one by one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dpp_protocol::Failure;

use crate::files::attributes::Attributes;
use crate::files::checksum::same_bytes;
use crate::files::content::{NewContent, Source};
use crate::files::copy::Copy;
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::{FileStep, NewFolder, NewLink, folders};

/// Steps that make `to` hold all that `from` holds.
pub(super) fn tree_steps(copy: &Copy, from: &Path, to: &Path) -> Result<Vec<FileStep>, Failure> {
    let mut steps = folders(to, &copy.folder_attributes());
    steps.extend(folder_steps(copy, from, to)?);
    Ok(steps)
}

/// Steps for what is in the folder; it is there by then.
fn folder_steps(copy: &Copy, from: &Path, to: &Path) -> Result<Vec<FileStep>, Failure> {
    let mut steps = Vec::new();
    if let Ok(found) = fs::metadata(to) {
        steps.extend(copy.folder_attributes().survey(to, &found).map(FileStep::Attributes));
    }
    let entries = fs::read_dir(from).map_err(|error| refused("read the folder", from, &error))?;
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let to = to.join(path.file_name().unwrap_or_default());
        steps.extend(entry_steps(copy, &path, &to)?);
    }
    Ok(steps)
}

fn entry_steps(copy: &Copy, from: &Path, to: &Path) -> Result<Vec<FileStep>, Failure> {
    let look = |error| refused("look at", from, &error);
    let found = fs::symlink_metadata(from).map_err(look)?;
    if found.is_symlink() && copy.local_follow.0 && fs::metadata(from).is_ok() {
        let followed = fs::canonicalize(from).map_err(look)?;
        return entry_steps(copy, &followed, to);
    }
    if found.is_symlink() {
        let target = fs::read_link(from).map_err(look)?;
        let there = fs::read_link(to).is_ok_and(|now| now == target);
        let link = NewLink { path: to.to_owned(), target, hard: false };
        return Ok(if there { Vec::new() } else { vec![FileStep::Link(link)] });
    }
    if !found.is_dir() {
        return file_steps(copy, from, to, &found);
    }
    let new = NewFolder { path: to.to_owned(), attributes: copy.folder_attributes() };
    let mut steps: Vec<_> = Some(FileStep::Folder(new)).filter(|_| !to.is_dir()).into_iter().collect();
    steps.extend(folder_steps(copy, from, to)?);
    Ok(steps)
}

fn file_steps(copy: &Copy, from: &Path, to: &Path, found: &fs::Metadata) -> Result<Vec<FileStep>, Failure> {
    let preserved = FileMode::Bits(found.mode() & 0o7777);
    let preserve = copy.mode.is_none() || copy.mode == Some(FileMode::Preserve);
    let mode = if preserve { Some(&preserved) } else { copy.mode.as_ref() };
    let attributes = Attributes::of(mode, copy.owner.as_ref(), copy.group.as_ref());
    if let Ok(there) = fs::symlink_metadata(to)
        && there.is_file()
        && same_bytes(from, to).map_err(|error| refused("compare", from, &error))?
    {
        return Ok(attributes.survey(to, &there).map(FileStep::Attributes).into_iter().collect());
    }
    Ok(vec![FileStep::content(NewContent { attributes, ..NewContent::new(to, Source::File(from.to_owned())) })])
}
