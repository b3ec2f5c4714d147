//! How the file system's refusals reach the operator: what was attempted, on which path, and what to do about it.

use std::io;
use std::path::Path;

use dpp_protocol::Failure;
use rustix::io::Errno;

/// A failure that says `cannot <attempt> <path>: <cause>`, with a help where the cause has a known cure.
pub(crate) fn refused(attempt: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(format!("cannot {attempt} {}: {}", path.display(), cause(error)));
    match error.kind() {
        io::ErrorKind::PermissionDenied => failure.code("DPP0501").help("give the task `become: true`"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.help(format!("free space where {} lies: `df -h {0}`", path.display()))
        }
        io::ErrorKind::ReadOnlyFilesystem => failure.help("the file system is mounted read-only; see `dmesg` for why"),
        _ => failure,
    }
}

/// The kernel's words without Rust's `(os error 2)`.
fn cause(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or(&words).to_owned()
}

/// As [`refused`], for errors of the raw system calls.
pub(crate) fn refused_call(attempt: &str, path: &Path, error: Errno) -> Failure {
    refused(attempt, path, &error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_attempt_path_cause_and_cure() {
        let failure = refused("write", Path::new("/etc/motd"), &io::Error::from_raw_os_error(13));
        assert_eq!(failure.message, "cannot write /etc/motd: Permission denied");
        assert_eq!(failure.code, "DPP0501");
        assert_eq!(failure.help.as_deref(), Some("give the task `become: true`"));
    }
}
