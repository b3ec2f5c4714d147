//! Keeps maintainer scripts from starting services while a package is installed, by a temporary `policy-rc.d`.
//!
//! Ours carries a mark and the pid of its writer: one that was left by a run that died is recognised and removed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, Verb};

const PATH: &str = "/usr/sbin/policy-rc.d";
const MARK: &str = "# temporary, by dppctl, process ";

/// The change that removes one of ours left by a run that died; none when there is none.
pub fn stale() -> Option<Change> {
    is_stale(Path::new(PATH)).then(|| Change::new(Verb::Delete, PATH).detail("left by a run that was cut off"))
}

/// Removes one of ours that was left, and puts back the one it stood in for.
pub fn clear() -> Result<(), Failure> {
    restore(Path::new(PATH)).map_err(|error| failed("remove", &error))
}

/// Runs `work` while every start or stop by a maintainer script is answered with `code` (101: not allowed).
pub fn under<T>(code: i64, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    put(Path::new(PATH), code).map_err(|error| failed("write", &error))?;
    let done = work();
    clear()?;
    done
}

fn failed(attempt: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {attempt} {PATH}: {error}")).code("DPP0601")
}

fn kept(path: &Path) -> PathBuf {
    path.with_extension("d.dppctl-kept")
}

fn put(path: &Path, code: i64) -> std::io::Result<()> {
    if path.exists() && writer(path).is_none() {
        fs::rename(path, kept(path))?;
    }
    fs::write(path, format!("#!/bin/sh\n{MARK}{}\nexit {code}\n", std::process::id()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn restore(path: &Path) -> std::io::Result<()> {
    if kept(path).exists() {
        fs::rename(kept(path), path)
    } else if writer(path).is_some() {
        fs::remove_file(path)
    } else {
        Ok(())
    }
}

fn is_stale(path: &Path) -> bool {
    writer(path).is_some_and(|pid| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists())
}

fn writer(path: &Path) -> Option<u32> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(MARK)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrators_own_comes_back_and_ours_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy-rc.d");
        put(&path, 101).unwrap();
        assert!(fs::read_to_string(&path).unwrap().ends_with("exit 101\n"));
        restore(&path).unwrap();
        assert!(!path.exists());

        fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
        put(&path, 101).unwrap();
        put(&path, 101).unwrap();
        restore(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 0\n");
        restore(&path).unwrap();
        assert!(path.exists());
    }

    #[test]
    fn one_of_a_dead_process_is_stale_and_a_foreign_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy-rc.d");
        fs::write(&path, format!("#!/bin/sh\n{MARK}4194999\nexit 101\n")).unwrap();
        assert!(is_stale(&path));
        fs::write(&path, format!("#!/bin/sh\n{MARK}1\nexit 101\n")).unwrap();
        assert!(!is_stale(&path));
        fs::write(&path, "#!/bin/sh\nexit 101\n").unwrap();
        assert!(!is_stale(&path));
    }
}
