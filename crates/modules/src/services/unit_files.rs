//! Whether files that systemd reads changed since it read them, so that `daemon-reload` is done when it does something.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Where unit files lie, and what systemd's generators make units of.
const SOURCES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/etc/init.d",
    "/etc/fstab",
];

/// What systemd's generators wrote; it empties the folder and runs them each time it reads its files.
const GENERATED: &str = "/run/systemd/generator";

/// True when a file or folder of them is younger than `read`, or than the last run of the generators.
///
/// On a host where neither is known, the files count as changed.
pub fn changed_since(read: Option<SystemTime>) -> bool {
    let generated = || fs::metadata(GENERATED).and_then(|metadata| metadata.modified()).ok();
    let Some(read) = read.or_else(generated) else { return true };
    SOURCES.iter().any(|source| is_younger(Path::new(source), read, 2))
}

fn is_younger(path: &Path, read: SystemTime, depth: u8) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    let own = metadata.modified().is_ok_and(|modified| modified >= read);
    let inside = || {
        let mut entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.any(|entry| is_younger(&entry.path(), read, depth - 1))
    };
    own || (depth > 0 && metadata.is_dir() && inside())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_drop_in_that_was_edited_in_place_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let drop_in = folder.path().join("x.service.d");
        fs::create_dir(&drop_in).unwrap();
        let file = fs::File::create(drop_in.join("override.conf")).unwrap();
        let read = SystemTime::now() + Duration::from_secs(5);
        assert!(!is_younger(folder.path(), read, 2));
        file.set_modified(read + Duration::from_secs(1)).unwrap();
        assert!(is_younger(folder.path(), read, 2));
        assert!(!is_younger(&folder.path().join("none"), read, 2));
    }
}
