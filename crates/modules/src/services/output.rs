//! What a service wrote to files of its own instead of the journal, when its unit says so.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::SystemTime;

use super::unit::Unit;

/// How much of a file's end is read.
const TAIL: u64 = 64 << 10;

/// The end of the files that take the unit's output, of those that were written to since a moment; empty when the
/// journal takes it.
pub(super) fn written_since(unit: &Unit, since: SystemTime) -> String {
    let young = |path: &PathBuf| path.metadata().and_then(|found| found.modified()).is_ok_and(|at| at >= since);
    files(unit).iter().filter(|path| young(path)).filter_map(tail).collect()
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

fn tail(path: &PathBuf) -> Option<String> {
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
        assert_eq!(written_since(&unit, now - Duration::from_mins(1)), "BOOT FAILED\n");
        assert_eq!(written_since(&unit, now + Duration::from_mins(1)), "", "it is an older death's");
    }
}
