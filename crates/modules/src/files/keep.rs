//! Keeps the bytes of a file before it is replaced or deleted, so that a change can be looked up and undone.
//!
//! Bytes lie by their hash in `kept/`; which path had them in which run, and whose they were, says the journal.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dpp_protocol::Failure;

use crate::Host;
use crate::files::checksum::sha256_of;
use crate::files::refusal::refused;
use crate::files::replace::write_atomically;

/// Where they lie, below the host's state.
pub(crate) const FOLDER: &str = "kept";

/// Keeps the file at `path`, if there is one; anything but a regular file has no bytes to keep.
pub(crate) fn keep(path: &Path, host: &Host) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        _ => return Ok(()),
    }
    match sha256_of(path).and_then(|hash| keep_as(&hash, path, host)) {
        // Somebody else took it away meanwhile: there is nothing left that this change could lose.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => Ok(()),
        kept => kept.map_err(|error| refused("keep the old bytes of", path, &error)),
    }
}

/// Keeps a file whose hash is known already.
pub(crate) fn keep_as(hash: &str, path: &Path, host: &Host) -> io::Result<()> {
    let kept = folder(host)?.join(hash);
    if kept.exists() { renew(&kept) } else { copy_privately(path, &kept) }
}

/// Keeps bytes that lie in no file.
pub(crate) fn keep_bytes(hash: &str, bytes: &[u8], host: &Host) -> io::Result<()> {
    let kept = folder(host)?.join(hash);
    if kept.exists() { renew(&kept) } else { write_atomically(&kept, bytes, 0o600) }
}

/// What is old and named by no line of the journal is dropped; the line about these comes after them.
fn renew(kept: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(kept)?.set_modified(SystemTime::now())
}

/// What was kept under this hash.
pub(crate) fn kept(hash: &str, host: &Host) -> io::Result<Vec<u8>> {
    fs::read(host.state().join(FOLDER).join(hash))
}

fn folder(host: &Host) -> io::Result<PathBuf> {
    let folder = host.state().join(FOLDER);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder)
}

/// The same for a line of the journal: it is on the disk when this returns, whoever laid it there.
pub(crate) fn keep_for_good(hash: &str, path: &Path, host: &Host) -> io::Result<()> {
    keep_as(hash, path, host)?;
    File::open(host.state().join(FOLDER))?.sync_all()
}

/// A copy and no hard link: the old file may be open for writing, and its mode may let others read it.
fn copy_privately(from: &Path, to: &Path) -> io::Result<()> {
    // Another run may keep the same bytes at the same time.
    let half = to.with_extension(format!("{}.half", std::process::id()));
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    fs::rename(&half, to)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn old_bytes_lie_by_their_hash_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("motd");
        fs::write(&file, "old").unwrap();
        let host = Host::new(dir.path().join("state"), BTreeMap::new(), &|_, _| ());
        keep(&file, &host).unwrap();
        keep(&dir.path().join("not-there"), &host).unwrap();
        let kept = host.state().join("kept").join(sha256_of(&file).unwrap());
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    }
}
