//! Keeps the bytes of a file before it is replaced or deleted, so that a change can be looked up and undone.
//!
//! Bytes lie by their hash in `kept/`, and a line of `journal.jsonl` says which path had them, when, and whose it was.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use dpp_protocol::Failure;
use serde_json::json;

use crate::Host;
use crate::files::checksum::sha256_of;
use crate::files::refusal::refused;

/// Keeps the file at `path`, if there is one; anything but a regular file has no bytes to keep.
pub(crate) fn keep(path: &Path, host: &Host) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        _ => return Ok(()),
    }
    match keep_file(path, host) {
        // Somebody else took it away meanwhile: there is nothing left that this change could lose.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => Ok(()),
        kept => kept.map_err(|error| refused("keep the old bytes of", path, &error)),
    }
}

fn keep_file(path: &Path, host: &Host) -> io::Result<()> {
    let found = fs::metadata(path)?;
    let hash = sha256_of(path)?;
    let folder = host.state().join("kept");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let kept = folder.join(&hash);
    if !kept.exists() {
        copy_privately(path, &kept)?;
    }
    let line = json!({
        "t": jiff::Timestamp::now().to_string(), "path": path.to_string_lossy(), "kept": hash,
        "mode": format!("{:04o}", found.mode() & 0o7777), "uid": found.uid(), "gid": found.gid(),
    });
    let mut journal =
        OpenOptions::new().create(true).append(true).mode(0o600).open(host.state().join("journal.jsonl"))?;
    journal.write_all(format!("{line}\n").as_bytes())
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

    use super::*;

    #[test]
    fn old_bytes_lie_by_hash_and_the_journal_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("motd");
        fs::write(&file, "old").unwrap();
        let host = Host::new(dir.path().join("state"), BTreeMap::new(), &|_, _| ());
        keep(&file, &host).unwrap();
        keep(&dir.path().join("not-there"), &host).unwrap();
        let journal = fs::read_to_string(host.state().join("journal.jsonl")).unwrap();
        let line: serde_json::Value = serde_json::from_str(journal.trim()).unwrap();
        assert_eq!(line["path"], file.to_string_lossy().as_ref());
        let kept = host.state().join("kept").join(line["kept"].as_str().unwrap());
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);
    }
}
