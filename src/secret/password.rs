//! Where a password comes from: a file, or a programme that prints it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::secret::{Secret, VaultError};

impl Secret {
    /// Reads a password file; one that is executable is run, and what it prints is the password.
    ///
    /// A programme whose name ends in `-client` is given the vault id it is asked for, as Ansible does.
    pub fn from_file(path: &Path, label: Option<&str>) -> Result<Self, VaultError> {
        let failed = |cause: String| VaultError::PasswordSource { path: path.to_owned(), cause };
        let metadata = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        if metadata.is_dir() {
            return Err(failed("it is a folder".to_owned()));
        }
        let text = if metadata.permissions().mode() & 0o111 == 0 {
            std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?
        } else {
            printed(path, label).map_err(failed)?
        };
        match text.trim() {
            "" => Err(failed("it is empty".to_owned())),
            password => Ok(Self::new(password)),
        }
    }
}

fn printed(path: &Path, label: Option<&str>) -> Result<String, String> {
    // Without a slash, a search path would be asked.
    let programme = std::fs::canonicalize(path).map_err(|error| error.to_string())?;
    let mut command = Command::new(programme);
    if path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-client")) {
        command.args(["--vault-id", label.unwrap_or("default")]);
    }
    let output = command.stdin(Stdio::inherit()).stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or("it says nothing").to_owned();
        return Err(format!("it ended with {}: {last}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "it does not print UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        // Written by a child: a descriptor of our own, inherited by another test's child, would make it "text file busy".
        let script = format!("printf '%s' \"$2\" > \"$1\" && chmod {mode:o} \"$1\"");
        let status = Command::new("sh").args(["-c", &script, "sh"]).arg(&path).arg(text).status().unwrap();
        assert!(status.success());
        (folder, path)
    }

    #[test]
    fn a_file_is_read_and_a_programme_is_run() {
        let (_folder, path) = file("pass", "  s3cret \n", 0o600);
        assert_eq!(Secret::from_file(&path, None).unwrap().reveal(), "s3cret");
        let (_folder, path) = file("pass-client.sh", "#!/bin/sh\necho \"$1=$2\"\n", 0o700);
        assert_eq!(Secret::from_file(&path, Some("dev")).unwrap().reveal(), "--vault-id=dev");
    }

    #[test]
    fn what_gives_no_password_says_why() {
        let (_folder, path) = file("pass", "#!/bin/sh\necho locked >&2\nexit 3\n", 0o700);
        assert!(Secret::from_file(&path, None).unwrap_err().to_string().ends_with("exit status: 3: locked"));
        let (folder, path) = file("pass", "\n", 0o600);
        assert!(Secret::from_file(&path, None).unwrap_err().to_string().ends_with("it is empty"));
        assert!(Secret::from_file(&folder.path().join("none"), None).unwrap_err().to_string().contains("No such file"));
    }
}
