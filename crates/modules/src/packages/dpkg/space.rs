//! Whether there is room for what is about to be unpacked: asked before anything changes.

use std::path::Path;

use dpp_protocol::Failure;
use rustix::fs::statvfs;

/// Left free beyond what is needed: a file system filled to the last byte breaks more than the installation.
const RESERVE: u64 = 64 << 20;

/// Refuses when the file system of `folder` has less than `bytes` and a reserve free.
pub fn require(folder: &Path, bytes: u64, what: &str) -> Result<(), Failure> {
    require_beside(folder, bytes, RESERVE, what)
}

/// The same for one file, which leaves as much free as it takes: there may be room for a small one where there is little.
pub fn require_for_file(folder: &Path, bytes: u64, what: &str) -> Result<(), Failure> {
    require_beside(folder, bytes, bytes.min(RESERVE), what)
}

fn require_beside(folder: &Path, bytes: u64, reserve: u64, what: &str) -> Result<(), Failure> {
    let Some(free) = free(folder) else { return Ok(()) };
    if free >= bytes.saturating_add(reserve) {
        return Ok(());
    }
    let needed = format!("{what} needs {}", mib(bytes));
    Err(Failure::new(format!("no room on {}: {needed} and {} are free", folder.display(), mib(free)))
        .code("DPP0604")
        .note("disk", format!("{needed}, {} must stay free beside it; nothing was changed", mib(reserve)))
        .help(format!("make room (`df -h {}`, `apt-get clean`, old logs) and run again", folder.display())))
}

/// Bytes that may still be written to the file system of `folder`; none when it cannot be asked.
pub fn free(folder: &Path) -> Option<u64> {
    statvfs(folder).ok().map(|vfs| vfs.f_bavail.saturating_mul(vfs.f_frsize))
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_fit_is_refused_with_both_figures() {
        require(Path::new("/"), 0, "x").unwrap();
        let failure = require(Path::new("/"), 1 << 60, "elasticsearch 6.2.1").unwrap_err();
        assert_eq!(failure.code, "DPP0604");
        assert!(failure.message.starts_with("no room on /: elasticsearch 6.2.1 needs 1099511627776 MiB and"));
    }
}
