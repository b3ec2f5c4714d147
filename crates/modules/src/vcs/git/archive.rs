//! An archive of the checked-out version: git makes it, and the same version gives the same bytes.

use std::fs;
use std::path::Path;

use dpp_protocol::Failure;

use super::repository::Repository;
use crate::files::checksum::same_bytes;
use crate::files::refused;

impl Repository<'_> {
    /// Whether the archive that lies there is the one that would be written.
    pub(super) fn archive_is_current(&self, path: &Path) -> Result<bool, Failure> {
        let format = format_of(path)?;
        if !path.exists() {
            return Ok(false);
        }
        let new = tempfile::NamedTempFile::new()
            .map_err(|error| refused("make a temporary file in", &std::env::temp_dir(), &error))?;
        self.make_archive(format, new.path())?;
        same_bytes(new.path(), path).map_err(|error| refused("read", path, &error))
    }

    /// Writes the archive; nobody sees half of it.
    pub(super) fn write_archive(&self) -> Result<(), Failure> {
        let Some(path) = &self.task.archive else { return Ok(()) };
        let format = format_of(path)?;
        let beside = crate::files::replace::beside(path);
        let made = self.make_archive(format, &beside);
        let placed = made.and_then(|()| fs::rename(&beside, path).map_err(|error| refused("replace", path, &error)));
        if placed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        placed
    }

    fn make_archive(&self, format: &str, to: &Path) -> Result<(), Failure> {
        let to = to.to_string_lossy();
        let prefix = self.task.archive_prefix.as_ref().map(|prefix| format!("--prefix={prefix}"));
        let version = self.task.version.0.as_str();
        let mut arguments = vec!["archive", "--format", format, "--output", &to];
        arguments.extend(prefix.as_deref());
        arguments.push(version);
        self.ask(&arguments).map(drop)
    }
}

/// What git calls the format that a file's name tells.
fn format_of(path: &Path) -> Result<&'static str, Failure> {
    let name = path.to_string_lossy();
    let ends = [(".zip", "zip"), (".gz", "tar.gz"), (".tgz", "tgz"), (".tar", "tar")];
    let format = ends.iter().find(|(end, _)| name.ends_with(end)).map(|(_, format)| *format);
    format.ok_or_else(|| {
        Failure::new(format!("`archive: {name}` does not tell its format"))
            .code("DPP0104")
            .help("its name ends with .zip, .tar.gz, .tgz or .tar")
    })
}
