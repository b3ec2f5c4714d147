//! New content for a whole file: where it comes from, how it is compared, and how it gets to its place.
//!
//! Every module that writes files makes its step of this type, so that keeping, validating, backing up and replacing
//! are done in one way.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use rustix::fs::{Gid, Uid};

use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::keep::keep;
use crate::files::refusal::{refused, refused_call};
use crate::files::replace::{beside, clear_beside};
use crate::files::validate::validate;
use crate::module::UNTOUCHED;
use crate::{Host, Step};

/// Longest text that a diff carries.
const DIFF_LIMIT: u64 = 256 << 10;

/// Where the bytes of a file come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// They are here.
    Bytes(Vec<u8>),
    /// They lie in this file of the host.
    File(PathBuf),
    /// They were pushed into this file, which may go where it is wanted.
    Blob(PathBuf),
    /// Only their hash is known; enough for a survey.
    Elsewhere,
}

/// A file to be made or replaced.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// The file itself, links followed as the task wants.
    pub path: PathBuf,
    /// Its new bytes.
    pub source: Source,
    /// Mode, owner and group it gets; without them it keeps those of the file it replaces.
    pub attributes: Attributes,
    /// Whether a copy of the old file stays beside the new one.
    pub backup: bool,
    /// Command that must accept the new file, with `%s` for its path.
    pub validate: Option<String>,
    /// What the screen says beyond the path.
    pub detail: String,
}

impl NewContent {
    /// New bytes for `path`, without further wishes.
    pub fn new(path: impl Into<PathBuf>, source: Source) -> Self {
        Self {
            path: path.into(),
            source,
            attributes: Attributes::default(),
            backup: false,
            validate: None,
            detail: String::new(),
        }
    }

    /// Puts the bytes in place; a reader sees the old file or the new one, never half of it.
    pub fn apply(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        clear_beside(&self.path);
        let beside = beside(&self.path);
        let accepted = self.write(&beside).and_then(|()| self.accept(&beside, host));
        if accepted.is_err() {
            result.insert(UNTOUCHED.into(), true.into());
        }
        let placed = accepted.and_then(|()| self.place(&beside, host, result));
        if placed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        placed
    }

    fn write(&self, beside: &Path) -> Result<(), Failure> {
        let old = fs::metadata(&self.path).ok();
        let file = self.made(beside)?;
        let (owner, group) = self.attributes.ids()?;
        let owner = owner.or(old.as_ref().map(MetadataExt::uid)).map(Uid::from_raw);
        let group = group.or(old.as_ref().map(MetadataExt::gid)).map(Gid::from_raw);
        rustix::fs::fchown(&file, owner, group)
            .map_err(|error| refused_call("change the owner of the new", &self.path, error))?;
        file.set_permissions(fs::Permissions::from_mode(self.mode(old.as_ref())))
            .map_err(|error| refused("change the mode of the new", &self.path, &error))?;
        file.sync_all().map_err(|error| refused("write", &self.path, &error))
    }

    /// The new file with its bytes. What was pushed is moved and not written a second time, if it lies on the same disk.
    fn made(&self, beside: &Path) -> Result<File, Failure> {
        if let Source::Blob(from) = &self.source
            && fs::rename(from, beside).is_ok()
        {
            return File::open(beside).map_err(|error| refused("write", &self.path, &error));
        }
        let mut file = create_privately(beside).map_err(|error| self.refused_parent(&error))?;
        self.fill(&mut file).map_err(|error| refused("write", &self.path, &error))?;
        Ok(file)
    }

    fn fill(&self, file: &mut File) -> io::Result<()> {
        match &self.source {
            Source::Bytes(bytes) => file.write_all(bytes),
            Source::File(from) | Source::Blob(from) => io::copy(&mut File::open(from)?, file).map(|_| ()),
            Source::Elsewhere => Err(io::Error::new(io::ErrorKind::NotFound, "its content was not sent along")),
        }
    }

    fn mode(&self, old: Option<&fs::Metadata>) -> u32 {
        match (old, &self.attributes.mode) {
            (Some(old), None) => old.mode() & 0o7777,
            (Some(old), Some(mode)) => mode.on(old.mode(), false, crate::files::attributes::umask()),
            (None, _) => self.attributes.mode_of_new(0o666, false),
        }
    }

    fn accept(&self, beside: &Path, host: &Host) -> Result<(), Failure> {
        self.validate.as_ref().map_or(Ok(()), |command| validate(command, beside, &self.path, host))
    }

    fn place(&self, beside: &Path, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if self.backup && self.path.exists() {
            result.insert("backup_file".into(), back_up(&self.path)?.to_string_lossy().into());
        }
        keep(&self.path, host)?;
        fs::rename(beside, &self.path).map_err(|error| refused("replace", &self.path, &error))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| refused("write", folder, &error))
    }

    fn refused_parent(&self, error: &io::Error) -> Failure {
        match self.path.parent() {
            Some(folder) if error.kind() == io::ErrorKind::NotFound => {
                Failure::new(format!("cannot write {}: there is no folder {}", self.path.display(), folder.display()))
                    .value("msg", format!("Destination directory {} does not exist", folder.display()))
                    .help("make it first: `file: path=… state=directory`")
            }
            _ => refused("write", &self.path, error),
        }
    }

    fn text_after(&self) -> Option<String> {
        match &self.source {
            Source::Bytes(bytes) if bytes.len() as u64 <= DIFF_LIMIT => String::from_utf8(bytes.clone()).ok(),
            Source::File(path) | Source::Blob(path) => text_of(path),
            _ => None,
        }
    }
}

impl Step for NewContent {
    fn change(&self, diff: bool) -> Change {
        let old = fs::metadata(&self.path).ok();
        let verb = if old.is_some() { Verb::Change } else { Verb::Create };
        let attributes = old.and_then(|old| self.attributes.survey(&self.path, &old));
        let words = [Some(self.detail.clone()), attributes.as_ref().map(AttributeChange::words)];
        let detail: Vec<String> = words.into_iter().flatten().filter(|words| !words.is_empty()).collect();
        let change = Change::new(verb, self.path.to_string_lossy()).detail(detail.join(", "));
        if diff { change.texts(text_of(&self.path), self.text_after()) } else { change }
    }
}

/// Copies a file to `name.pid.date~` beside it, as Ansible names its backups.
pub(crate) fn back_up(path: &Path) -> Result<PathBuf, Failure> {
    let stamp = jiff::Zoned::now().strftime("%Y-%m-%d@%H:%M:%S").to_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copy = path.with_file_name(format!("{name}.{}.{stamp}~", std::process::id()));
    let old = fs::metadata(path).map_err(|error| refused("back up", path, &error))?;
    let made = create_privately(&copy).and_then(|mut file| {
        io::copy(&mut File::open(path)?, &mut file)?;
        std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        file.set_permissions(old.permissions())
    });
    made.map(|()| copy).map_err(|error| refused("back up", path, &error))
}

/// Opens a new file that no one else may read; a leftover of an earlier process with our id goes away.
fn create_privately(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn text_of(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    (found.is_file() && found.len() <= DIFF_LIMIT).then(|| fs::read_to_string(path).ok()).flatten()
}
