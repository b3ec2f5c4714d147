//! A file that is replaced in one step: whoever reads it sees the old content or the new one, never a part of either.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::Path;

/// Replaces a file, behind a link where there is one; mode and owner stay. A new file is its owner's alone.
///
/// # Errors
/// What the file system says; the old file is then as it was.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // It begins as 0600: nobody else reads it before it has the mode of the old one.
    let mut beside = tempfile::Builder::new().prefix(".dppctl-").tempfile_in(folder)?;
    beside.write_all(content)?;
    if let Ok(old) = fs::metadata(&path) {
        resemble(beside.as_file(), &old)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(&path).map(drop).map_err(|error| error.error)
}

fn resemble(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        // Only root may give a file away; anybody else's becomes his own, as with every editor.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn mode_and_links_stay_and_a_new_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "1").unwrap();
        fs::set_permissions(at("old"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("old", at("link")).unwrap();
        replace(&at("link"), b"2").unwrap();
        assert_eq!(
            (fs::read(at("old")).unwrap(), mode(&at("old")), at("link").is_symlink()),
            (b"2".into(), 0o640, true)
        );
        replace(&at("new"), b"3").unwrap();
        assert_eq!(mode(&at("new")), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left beside them");
    }

    #[test]
    fn where_nothing_can_be_written_the_old_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert!(replace(&folder.path().join("none/new"), b"x").is_err());
    }
}
