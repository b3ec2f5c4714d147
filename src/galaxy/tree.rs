//! The hash of a role's files as they lie there, by which an edit is noticed.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What git and editors leave, which nobody meant as an edit.
const PASSED_OVER: &[&str] = &[".git", ".DS_Store", "__pycache__"];

/// One hash over names, modes and contents of everything below a folder.
///
/// # Errors
/// What the file system says.
pub fn tree(folder: &Path) -> io::Result<String> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    let mut hash = Sha256::new();
    for path in paths {
        let name = path.strip_prefix(folder).unwrap_or(&path);
        let metadata = fs::symlink_metadata(&path)?;
        let (kind, content) = if metadata.is_symlink() {
            (b'l', fs::read_link(&path)?.as_os_str().as_bytes().to_vec())
        } else if metadata.permissions().mode() & 0o100 != 0 {
            (b'x', fs::read(&path)?)
        } else {
            (b'f', fs::read(&path)?)
        };
        // Lengths keep a name from being taken for the beginning of a content.
        for part in [name.as_os_str().as_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update([kind]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() { collect(&entry.path(), paths)? } else { paths.push(entry.path()) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_is_noticed_and_a_copy_is_the_same() {
        let make = |files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            folder
        };
        let files = [("tasks/main.yml", "a"), ("files/x", "b")];
        let (one, same) = (make(&files), make(&files));
        let hash = tree(one.path()).unwrap();
        assert_eq!(hash, tree(same.path()).unwrap());
        for changed in [&[("tasks/main.yml", "ab"), ("files/x", "")][..], &[("tasks/main.yml", "a")][..]] {
            assert_ne!(hash, tree(make(changed).path()).unwrap(), "{changed:?}");
        }
        fs::set_permissions(same.path().join("files/x"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_ne!(hash, tree(same.path()).unwrap());
    }
}
