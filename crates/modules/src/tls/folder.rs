//! A folder for what openssl takes from files alone; it is gone afterwards, and no secret lies in it.

use std::fs;

use dpp_protocol::Failure;
use tempfile::TempDir;

use crate::files::refusal::refused;

/// A new one, which nobody else may look into.
pub(super) fn folder() -> Result<TempDir, Failure> {
    tempfile::tempdir().map_err(|error| Failure::new(format!("cannot make a folder for openssl: {error}")))
}

/// Puts a text into it; the path of its file.
pub(super) fn write(folder: &TempDir, name: &str, text: &str) -> Result<String, Failure> {
    let path = folder.path().join(name);
    fs::write(&path, text).map_err(|error| refused("write", &path, &error))?;
    Ok(path.to_string_lossy().into_owned())
}
