//! What the modules about sources do to a host, one step at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use super::key;
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::keep::keep;
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::packages::apt_get::lists;
use crate::{Host, Step};

/// One thing that is done to apt's configuration.
#[derive(Debug)]
pub enum SourceStep {
    /// A file gets this content; its folder is made where it is missing.
    Write(Box<NewContent>),
    /// A file goes away.
    Remove(PathBuf),
    /// A key is fetched by the host itself.
    Fetch {
        /// From where.
        url: String,
        /// To where.
        to: PathBuf,
    },
    /// The package lists are read again; where they cannot be, the files are put back, or the next run would take a source
    /// that does not work for one that is done.
    Refresh {
        /// What each changed file was; none where there was none.
        before: Vec<(PathBuf, Option<Vec<u8>>)>,
    },
}

impl SourceStep {
    /// A file with this text, readable for all as apt's own user must read it; none when it is there already.
    pub(super) fn write(path: PathBuf, bytes: Vec<u8>, mode: Option<&FileMode>, detail: &str) -> Option<Self> {
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            return None;
        }
        // A file that is there keeps what an earlier task gave it.
        let usual = FileMode::Bits(0o644);
        let mode = mode.or(Some(&usual).filter(|_| !path.exists()));
        let mut content = NewContent::new(path, Source::Bytes(bytes));
        content.attributes = Attributes::of(mode, None, None);
        detail.clone_into(&mut content.detail);
        Some(Self::Write(Box::new(content)))
    }

    /// The removal of a file; none when it is not there.
    pub(super) fn remove(path: PathBuf) -> Option<Self> {
        path.exists().then_some(Self::Remove(path))
    }

    /// Does it.
    pub(super) fn make(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match self {
            Self::Write(content) => {
                make_folder(&content.path)?;
                content.apply(host, result)
            }
            Self::Remove(path) => {
                keep(path, host)?;
                fs::remove_file(path).map_err(|error| refused("remove", path, &error))
            }
            Self::Fetch { url, to } => {
                make_folder(to)?;
                key::fetch(url, to)
            }
            Self::Refresh { before } => lists::refresh(host, Duration::from_mins(1), 5, Duration::from_secs(12))
                .map_err(|failure| put_back(before, failure)),
        }
    }

    /// A refresh after these steps.
    pub(super) fn refresh_after(steps: &[Self]) -> Self {
        let path = |step: &Self| match step {
            Self::Write(content) => Some(content.path.clone()),
            Self::Remove(path) => Some(path.clone()),
            Self::Fetch { .. } | Self::Refresh { .. } => None,
        };
        let before = steps.iter().filter_map(path).map(|path| (path.clone(), fs::read(&path).ok()));
        Self::Refresh { before: before.collect() }
    }
}

fn put_back(before: &[(PathBuf, Option<Vec<u8>>)], mut failure: Failure) -> Failure {
    for (path, text) in before {
        let done = match text {
            Some(text) => fs::write(path, text),
            None => fs::remove_file(path),
        };
        let told = match done {
            Ok(()) => "is again as it was".to_owned(),
            Err(error) => format!("could not be put back: {error}"),
        };
        failure = failure.note("file", format!("{} {told}", path.display()));
    }
    failure
}

impl Step for SourceStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Write(content) => content.change(diff),
            Self::Remove(path) => Change::new(Verb::Delete, path.display().to_string()),
            Self::Fetch { url, to } => {
                Change::new(Verb::Create, to.display().to_string()).detail(format!("fetched from {url}"))
            }
            Self::Refresh { .. } => Change::new(Verb::Run, "apt-get update"),
        }
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|error| refused("make", folder, &error)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.list");
        fs::write(&file, "deb one").unwrap();
        let mode = |path: &Path| {
            let Some(SourceStep::Write(content)) = SourceStep::write(path.to_owned(), b"deb two".to_vec(), None, "")
            else {
                panic!("nothing to write")
            };
            content.attributes.mode
        };
        assert!(mode(&file).is_none() && mode(&folder.path().join("y.list")).is_some());
    }

    #[test]
    fn a_source_that_does_not_work_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old.list", "new.list"].map(|name| folder.path().join(name));
        fs::write(&old, "deb one").unwrap();
        let steps = [&old, &new].map(|path| SourceStep::write(path.clone(), b"deb two".to_vec(), None, "").unwrap());
        let SourceStep::Refresh { before } = SourceStep::refresh_after(&steps) else { panic!("no refresh") };
        [&old, &new].iter().for_each(|path| fs::write(path, "deb two").unwrap());
        let failure = put_back(&before, Failure::new("no Release file"));
        assert_eq!((fs::read_to_string(&old).unwrap().as_str(), new.exists()), ("deb one", false));
        assert_eq!(failure.message, "no Release file");
    }
}
