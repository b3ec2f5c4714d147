//! An archive becomes a role's folder. Nothing of it is trusted: a name that leads out of the folder, a link that does, a
//! device, or more than a role ever is, refuses all of it before a file is written.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::galaxy::GalaxyError;

/// More than any role has.
const MOST_BYTES: u64 = 256 << 20;
const MOST_ENTRIES: usize = 50_000;

/// The files of a role, with names from its own folder on.
#[derive(Debug)]
pub(super) struct Unpacked {
    files: Vec<(PathBuf, Content)>,
}

#[derive(Debug)]
enum Content {
    File { bytes: Vec<u8>, is_executable: bool },
    Link(PathBuf),
}

/// What an archive is read for.
pub(super) struct Parcel<'a> {
    pub(super) role: &'a str,
    pub(super) from: &'a str,
    /// The folder of the role in it, where it is known.
    pub(super) within: Option<&'a str>,
}

impl Parcel<'_> {
    /// Reads a tar archive, compressed or not.
    pub(super) fn unpacked(&self, bytes: &[u8]) -> Result<Unpacked, GalaxyError> {
        let entries = match bytes {
            [0x1f, 0x8b, ..] => self.entries(MultiGzDecoder::new(bytes)),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => self.entries(lzma_rust2::XzReader::new(bytes, true)),
            _ => self.entries(bytes),
        }?;
        let root = self.root(&entries)?;
        let inside = |(path, content): (PathBuf, Content)| Some((path.strip_prefix(&root).ok()?.to_owned(), content));
        let files: Vec<_> = entries.into_iter().filter_map(inside).collect();
        self.require_links_inside(&files)?;
        Ok(Unpacked { files })
    }

    fn entries(&self, reader: impl Read) -> Result<Vec<(PathBuf, Content)>, GalaxyError> {
        let broken = |error: io::Error| self.no_role(format!("it is no archive of tar: {error}"));
        let mut archive = Archive::new(reader.take(MOST_BYTES + 1));
        let (mut entries, mut size) = (Vec::new(), 0);
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let path = entry.path().map_err(broken)?.into_owned();
            let inside = inside(&path).ok_or_else(|| self.refused(format!("`{}` leads out of it", path.display())))?;
            size += entry.size();
            if size > MOST_BYTES || entries.len() >= MOST_ENTRIES {
                return Err(self.refused("it is larger than a role can be".to_owned()));
            }
            let content = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    let mut bytes = Vec::new();
                    entry.read_to_end(&mut bytes).map_err(broken)?;
                    let is_executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
                    Content::File { bytes, is_executable }
                }
                EntryType::Symlink => {
                    let target = entry.link_name().map_err(broken)?.unwrap_or_default().into_owned();
                    Content::Link(target)
                }
                EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => continue,
                other => {
                    let what = format!("`{}` is neither file nor folder ({other:?})", path.display());
                    return Err(self.refused(what));
                }
            };
            entries.push((inside, content));
        }
        Ok(entries)
    }

    /// The folder with `meta/main.yml` or `tasks/main.yml`, the outermost of them.
    fn root(&self, entries: &[(PathBuf, Content)]) -> Result<PathBuf, GalaxyError> {
        const MARKS: &[&str] = &["meta/main.yml", "meta/main.yaml", "tasks/main.yml", "tasks/main.yaml"];
        let above = |path: &Path| {
            let mark = MARKS.iter().find(|mark| path.ends_with(mark))?;
            path.ancestors().nth(Path::new(mark).components().count()).map(Path::to_owned)
        };
        let roots = entries.iter().filter_map(|(path, _)| above(path));
        let fits = |root: &PathBuf| self.within.is_none_or(|within| root.ends_with(within));
        let outermost = roots.filter(fits).min_by_key(|root| root.components().count());
        outermost.ok_or_else(|| match self.within {
            Some(within) => self.no_role(format!("it has no {within}")),
            None => self.no_role("it has neither meta/main.yml nor tasks/main.yml".to_owned()),
        })
    }

    fn require_links_inside(&self, files: &[(PathBuf, Content)]) -> Result<(), GalaxyError> {
        for (path, content) in files {
            let beneath_link = files.iter().any(|(other, content)| {
                matches!(content, Content::Link(_)) && path != other && path.starts_with(other)
            });
            let leads_out = match content {
                Content::Link(target) => inside(&path.parent().unwrap_or(Path::new("")).join(target)).is_none(),
                Content::File { .. } => false,
            };
            if beneath_link || leads_out {
                return Err(self.refused(format!("the link `{}` leads out of it", path.display())));
            }
        }
        Ok(())
    }

    fn refused(&self, why: String) -> GalaxyError {
        GalaxyError::Unsafe { role: self.role.to_owned(), why }
    }

    fn no_role(&self, why: String) -> GalaxyError {
        GalaxyError::NoRole { role: self.role.to_owned(), from: self.from.to_owned(), why }
    }
}

impl Unpacked {
    /// Writes all of it into a folder that is empty.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, content) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            match content {
                Content::Link(target) => symlink(target, &path)?,
                Content::File { bytes, is_executable } => {
                    let mode = if *is_executable { 0o777 } else { 0o666 };
                    let mut options = fs::OpenOptions::new();
                    let mut file = options.write(true).create_new(true).mode(mode).open(&path)?;
                    io::Write::write_all(&mut file, bytes)?;
                }
            }
        }
        Ok(())
    }
}

/// A path without `.` and `..`, if it does not lead out of where it starts.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            Component::ParentDir if inside.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::galaxy::tests::archive;

    fn unpacked(entries: &[(&str, &str)]) -> Result<tempfile::TempDir, String> {
        let parcel = Parcel { role: "x", from: "x.tar", within: None };
        let folder = tempfile::tempdir().unwrap();
        let unpacked = parcel.unpacked(&archive(entries)).map_err(|error| error.to_string())?;
        unpacked.write(folder.path()).map_err(|error| error.to_string())?;
        Ok(folder)
    }

    #[test]
    fn a_role_is_written_from_its_own_folder_on() {
        let folder = unpacked(&[
            ("role-1.0/README.md", "x"),
            ("role-1.0/meta/main.yml", "{}"),
            ("role-1.0/files/run", "!echo"),
            ("role-1.0/files/same", "->run"),
            ("role-1.0/roles/inner/meta/main.yml", "{}"),
            ("elsewhere", "x"),
        ])
        .unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read("files/run"), read("files/same")), ("echo".to_owned(), "echo".to_owned()));
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(folder.path().join("files/run")).unwrap().permissions(),
        );
        assert_eq!(mode & 0o100, 0o100);
        assert!(folder.path().join("roles/inner/meta/main.yml").exists() && !folder.path().join("elsewhere").exists());
    }

    #[test]
    fn what_leads_out_of_the_folder_refuses_all_of_it() {
        for (wrong, said) in [
            (("../../etc/cron.d/x", "x"), "`../../etc/cron.d/x` leads out of it"),
            (("/etc/cron.d/x", "x"), "`/etc/cron.d/x` leads out of it"),
            (("role/../../x", "x"), "`role/../../x` leads out of it"),
            (("role/files/key", "->/etc/shadow"), "the link `files/key` leads out of it"),
            (("role/files/key", "->../../../x"), "the link `files/key` leads out of it"),
            (("role/files/dev", "%"), "`role/files/dev` is neither file nor folder (Char)"),
        ] {
            let refused = unpacked(&[("role/meta/main.yml", "{}"), wrong]).unwrap_err();
            assert!(refused.ends_with(said), "{refused}");
        }
        let through = unpacked(&[("role/meta/main.yml", "{}"), ("role/d", "->files"), ("role/d/x", "x")]).unwrap_err();
        assert!(through.ends_with("the link `d/x` leads out of it"), "{through}");
    }

    #[test]
    fn what_is_no_role_says_what_is_missing() {
        let parcel = Parcel { role: "x", from: "x.tar", within: Some("roles/x") };
        let said = |bytes: &[u8]| parcel.unpacked(bytes).unwrap_err().to_string();
        assert!(said(b"<html>no</html>").contains("is no role: it"), "{}", said(b"<html>no</html>"));
        assert!(said(&archive(&[("c/roles/y/meta/main.yml", "{}")])).ends_with("it has no roles/x"));
        assert!(unpacked(&[("a/b", "x")]).unwrap_err().ends_with("neither meta/main.yml nor tasks/main.yml"));
    }
}
