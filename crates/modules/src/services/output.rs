//! What a service wrote to files instead of the journal.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::unit::Unit;

/// How much of a file's end is read.
const TAIL: u64 = 64 << 10;

/// How many lines of it are of the death that is looked into.
const LINES: usize = 60;

/// The last lines of the files that take the unit's output; empty when the journal takes it.
pub(super) fn of_unit(unit: &Unit, since: SystemTime) -> String {
    files(unit).iter().map(|path| of_file(path, since)).collect()
}

/// The last lines of a file; empty when nothing was written to it since a moment.
pub(super) fn of_file(path: &Path, since: SystemTime) -> String {
    let young = path.metadata().and_then(|found| found.modified()).is_ok_and(|at| at >= since);
    let text = if young { tail(path).unwrap_or_default() } else { String::new() };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines[lines.len().saturating_sub(LINES)..].concat()
}

/// Files that the unit file and its drop-ins name. systemd tells over its bus that there are some, but not which.
fn files(unit: &Unit) -> Vec<PathBuf> {
    let sources = std::iter::once(unit.text("FragmentPath").to_owned()).chain(unit.texts("DropInPaths"));
    let texts: String = sources.filter_map(|source| std::fs::read_to_string(source).ok()).collect();
    let mut files: Vec<PathBuf> = texts.lines().filter_map(file_named).collect();
    files.dedup();
    files
}

/// `StandardError=append:/var/log/x` names /var/log/x.
fn file_named(line: &str) -> Option<PathBuf> {
    let (key, value) = line.split_once('=')?;
    let (kind, path) = value.trim().split_once(':')?;
    let output = matches!(key.trim(), "StandardOutput" | "StandardError");
    (output && matches!(kind, "append" | "file" | "truncate")).then(|| PathBuf::from(path))
}

fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::services::unit::tests::unit;

    #[test]
    fn output_goes_where_the_unit_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let (fragment, log) = (folder.path().join("x.service"), folder.path().join("x.log"));
        let text = format!("[Service]\nStandardOutput=journal\nStandardError=append:{}\n", log.display());
        std::fs::write(&fragment, text).unwrap();
        std::fs::write(&log, "BOOT FAILED\n").unwrap();
        let unit = unit(&[("FragmentPath", &fragment.to_string_lossy())]);
        let now = SystemTime::now();
        assert_eq!(of_unit(&unit, now - Duration::from_mins(1)), "BOOT FAILED\n");
        assert_eq!(of_unit(&unit, now + Duration::from_mins(1)), "", "it is an older death's");
    }
}
