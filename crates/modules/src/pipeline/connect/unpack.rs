//! Lays a plugin out in its folder, from a zip or from another folder, so that a worker never sees half of it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::Sha256;
use zip::ZipArchive;

use crate::files::checksum::{digest, sha256_of};
use crate::files::replace::beside;

/// What a plugin is made of.
pub(super) struct Source {
    path: PathBuf,
    known_hash: Option<String>,
}

impl Source {
    /// A zip or a folder; its hash, where it is known already.
    pub(super) fn new(path: PathBuf, known_hash: Option<String>) -> Self {
        Self { path, known_hash }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Hash of the zip, or of a folder's names and contents.
    pub(super) fn hash(&self) -> io::Result<String> {
        if let Some(hash) = &self.known_hash {
            return Ok(hash.clone());
        }
        if !self.path.is_dir() {
            return sha256_of(&self.path);
        }
        let files = files_below(&self.path)?.into_iter();
        let lines: io::Result<String> =
            files.map(|file| Ok(format!("{} {}\n", sha256_of(&self.path.join(&file))?, file.display()))).collect();
        digest::<Sha256>(lines?.as_bytes())
    }
}

/// Fills `folder` from `source`, with `marker` holding its hash; what was there before is gone afterwards.
pub(super) fn lay_out(source: &Source, folder: &Path, marker: &str, hash: &str) -> io::Result<()> {
    let fresh = beside(folder);
    let _ = fs::remove_dir_all(&fresh);
    let laid = fill(source, &fresh).and_then(|()| write_open(&fresh.join(marker), &mut hash.as_bytes()));
    let placed = laid.and_then(|()| {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::rename(&fresh, folder)
    });
    if placed.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    placed
}

fn fill(source: &Source, folder: &Path) -> io::Result<()> {
    make_open(folder)?;
    if source.path.is_dir() {
        for file in files_below(&source.path)? {
            write_open(&folder.join(&file), &mut File::open(source.path.join(&file))?)?;
        }
        return Ok(());
    }
    let mut archive = ZipArchive::new(File::open(&source.path)?)?;
    let top = top_of(&archive);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = entry.enclosed_name() else {
            let name = entry.name().unwrap_or_default();
            let text = format!("entry {name} of the zip would lie outside of the plugin's folder");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        };
        let name = top.as_ref().and_then(|top| name.strip_prefix(top).ok()).unwrap_or(&name);
        if entry.is_file() {
            write_open(&folder.join(name), &mut entry)?;
        }
    }
    Ok(())
}

/// The one folder in which everything of a zip lies, as Confluent's hub packs plugins.
fn top_of(archive: &ZipArchive<File>) -> Option<PathBuf> {
    let first = archive.file_names().next()?.ok()?.split('/').next()?.to_owned();
    let inside = format!("{first}/");
    archive.file_names().all(|name| name.is_ok_and(|name| name.starts_with(&inside))).then(|| first.into())
}

fn write_open(path: &Path, from: &mut impl io::Read) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_open(folder)?;
    }
    let mut file = File::create(path)?;
    io::copy(from, &mut file)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// Makes a folder that the worker's user may read, whatever the umask is.
fn make_open(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_open(parent)?;
    }
    fs::create_dir(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

/// Files below a folder, by their paths in it, sorted.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap_or(&path).to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(path: &Path, entries: &[(&str, &str)]) {
        let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    #[test]
    fn the_one_top_folder_of_a_zip_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (source, plugin) = (folder.path().join("a.zip"), folder.path().join("p/a-1"));
        zip(&source, &[("a-1/lib/x.jar", "x"), ("a-1/manifest.json", "{}")]);
        lay_out(&Source::new(source, None), &plugin, ".mark", "hash").unwrap();
        assert_eq!(files_below(&plugin).unwrap(), [".mark", "lib/x.jar", "manifest.json"].map(PathBuf::from));
        assert_eq!(fs::metadata(plugin.join("lib")).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_zip_that_reaches_outside_leaves_the_old_plugin_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (source, plugin) = (folder.path().join("a.zip"), folder.path().join("a-1"));
        fs::create_dir(&plugin).unwrap();
        zip(&source, &[("../evil", "x"), ("b", "y")]);
        let error = lay_out(&Source::new(source, None), &plugin, ".mark", "hash").unwrap_err();
        assert!(error.to_string().contains("../evil"), "{error}");
        assert!(plugin.exists() && !folder.path().join("evil").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }
}
