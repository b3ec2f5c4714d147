//! A file of a host that is to lie here: under which name, and how its bytes get there.
//!
//! It opens no connection; the engine hands it what the host says.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use dpp_modules::files::checksum::Algorithm;
use dpp_protocol::Failure;

/// Where a host's file goes, and what counts as a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where it goes.
    pub to: Destination,
    /// Whether a file that is not there is a failure.
    pub fail_on_missing: bool,
    /// Whether what arrived must be what the host said beforehand.
    pub validate_checksum: bool,
}

/// How the name of the file here follows from its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// This file.
    Exactly(PathBuf),
    /// In this folder, under the last part of its name.
    Into(PathBuf),
    /// Below this folder, under its whole path.
    Below(PathBuf),
}

/// Names of unfinished files, which differ though several hosts send one of the same name.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

impl Receipt {
    /// The file's path here. The host names its own path; it never leads out of where the task wants files to be.
    pub fn path_for(&self, source: &str) -> Result<PathBuf, Failure> {
        let refusal = |path: &Path| {
            let words = format!("cannot lay {source} at {}: it is a folder", path.display());
            Err(Failure::new(words).code("DPP0104").help("with a slash at its end, `dest` is the folder to lay it in"))
        };
        let path = match &self.to {
            Destination::Exactly(path) => path.clone(),
            Destination::Into(folder) => folder.join(Path::new(source).file_name().unwrap_or_default()),
            Destination::Below(folder) => folder.join(inner(source).ok_or_else(|| leads_out(source, folder))?),
        };
        if path.is_dir() { refusal(&path) } else { Ok(path) }
    }
}

/// A file that is being written beside its place, and is gone when it does not get there.
pub struct Arrival {
    path: PathBuf,
    beside: PathBuf,
    file: Option<File>,
}

impl Arrival {
    /// Makes ready for a file; missing folders are made.
    pub fn at(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.join(format!(".{name}.dppctl-{}-{number}", std::process::id()));
        let made = fs::create_dir_all(folder).and_then(|()| {
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o666).open(&beside)?;
            if let Ok(old) = fs::metadata(path) {
                file.set_permissions(Permissions::from_mode(old.permissions().mode() & 0o7777))?;
            }
            Ok(file)
        });
        let file = made.map_err(|error| cannot_write(path, &error))?;
        Ok(Self { path: path.to_owned(), beside, file: Some(file) })
    }

    /// Takes the next bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|error| cannot_write(&self.path, &error))
    }

    /// The checksum of what came.
    pub fn checksum(&self, algorithm: Algorithm) -> Result<String, Failure> {
        algorithm.of_file(&self.beside).map_err(|error| cannot_write(&self.path, &error))
    }

    /// Puts it in its place.
    pub fn finish(mut self) -> Result<(), Failure> {
        let file = self.file.take();
        let placed = file.map_or(Ok(()), |file| file.sync_all()).and_then(|()| fs::rename(&self.beside, &self.path));
        placed.map_err(|error| cannot_write(&self.path, &error))
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.beside);
    }
}

/// A host's path without its root and without steps back; nothing where it would lead out.
fn inner(source: &str) -> Option<PathBuf> {
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    for component in Path::new(source).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir if source.starts_with('/') => drop(parts.pop()),
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Some(parts.into_iter().collect::<PathBuf>()).filter(|path| !path.as_os_str().is_empty())
}

fn leads_out(source: &str, folder: &Path) -> Failure {
    Failure::new(format!("cannot lay `{source}` below {}: it leads out of there", folder.display())).code("DPP0104")
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {} here: {error}", path.display())).code("DPP0106")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(to: Destination, source: &str) -> Option<String> {
        let receipt = Receipt { to, fail_on_missing: true, validate_checksum: true };
        receipt.path_for(source).ok().map(|path| path.display().to_string())
    }

    #[test]
    fn a_name_here_follows_from_the_name_there_and_stays_in_its_folder() {
        let below = || Destination::Below("/got/web1".into());
        for (to, source, wanted) in [
            (below(), "/etc/motd", Some("/got/web1/etc/motd")),
            (below(), "/etc/../../root/x", Some("/got/web1/root/x")),
            (below(), "logs/./a", Some("/got/web1/logs/a")),
            (below(), "../../etc/passwd", None),
            (below(), "/", None),
            (Destination::Into("/got".into()), "/var/log/syslog", Some("/got/syslog")),
            (Destination::Exactly("/got/one".into()), "/etc/motd", Some("/got/one")),
            (Destination::Exactly("/tmp".into()), "/etc/motd", None),
        ] {
            assert_eq!(path(to.clone(), source).as_deref(), wanted, "{to:?} {source}");
        }
    }

    #[test]
    fn what_arrives_takes_its_place_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let mut arrival = Arrival::at(&path).unwrap();
        arrival.append(b"one ").unwrap();
        drop(arrival);
        assert!(fs::read_dir(folder.path().join("a")).unwrap().next().is_none());
        let mut arrival = Arrival::at(&path).unwrap();
        arrival.append(b"one ").unwrap();
        arrival.append(b"two").unwrap();
        assert_eq!(arrival.checksum(Algorithm::Sha1).unwrap(), Algorithm::Sha1.of(&b"one two"[..]).unwrap());
        arrival.finish().unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut arrival = Arrival::at(&path).unwrap();
        arrival.append(b"three").unwrap();
        arrival.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }
}
