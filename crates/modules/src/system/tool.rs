//! Runs programs of the base system: those whose success is all that matters, and those that are asked.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::Host;
use crate::commands::process::{Finished, Process};

/// Where the superuser's programs lie, whatever the `PATH` of the one who logged in.
const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Runs it; its own last words are part of the failure.
pub(crate) fn run_tool(program: &str, arguments: &[String], host: &Host) -> Result<(), Failure> {
    run_tool_with(program, arguments, None, host)
}

/// As [`run_tool`], with an input: secrets go there, as arguments are seen by every user.
pub(crate) fn run_tool_with(
    program: &str,
    arguments: &[String],
    input: Option<String>,
    host: &Host,
) -> Result<(), Failure> {
    let process = Process::new(&program_of(program, host), arguments, host);
    let process = match input {
        Some(input) => process.input(input.into_bytes()),
        None => process,
    };
    accepted(process.run(host)?, program, arguments).map(drop)
}

/// Asks a program, which speaks English; nothing where it is not installed, since an earlier task may bring it.
pub(crate) fn ask_tool(program: &str, arguments: &[String], host: &Host) -> Result<Option<Finished>, Failure> {
    let Some(path) = installed(program, host) else { return Ok(None) };
    Process::new(&path.to_string_lossy(), arguments, host).untranslated().run(host).map(Some)
}

/// What a program printed; a failure where it did not end well.
pub(crate) fn accepted(finished: Finished, program: &str, arguments: &[String]) -> Result<Finished, Failure> {
    if finished.succeeded() {
        return Ok(finished);
    }
    let line = format!("{program} {}", arguments.join(" "));
    Err(finished.describe(Failure::new(format!("`{}` {}", line.trim_end(), finished.ending()))))
}

/// Where a program lies, by the task's `PATH` or where the superuser's programs are.
pub(crate) fn installed(program: &str, host: &Host) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = host.environment().get("PATH").cloned().or_else(|| std::env::var("PATH").ok()).unwrap_or_default();
    let folders = path.split(':').filter(|folder| !folder.is_empty()).chain(FOLDERS);
    folders.map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Texts as the arguments of a program.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// Its path; its name alone where it is not installed, for the failure to say so.
pub(super) fn program_of(program: &str, host: &Host) -> String {
    installed(program, host).map_or_else(|| program.to_owned(), |path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_program_is_found_where_the_task_or_the_superuser_has_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own-tool"), "").unwrap();
        let path = BTreeMap::from([("PATH".to_owned(), folder.path().to_string_lossy().into_owned())]);
        let host = Host::new("/nonexistent", path, &|_, _| ());
        assert_eq!(installed("own-tool", &host), Some(folder.path().join("own-tool")));
        assert!(installed("sh", &host).is_some());
        assert_eq!(installed("no-such-program", &host), None);
        assert!(ask_tool("no-such-program", &[], &host).unwrap().is_none());
    }
}
