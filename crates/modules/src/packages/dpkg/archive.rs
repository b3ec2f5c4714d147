//! What a .deb says of itself, asked of `dpkg-deb`.

use std::path::Path;
use std::process::{Command, Stdio};

use dpp_protocol::Failure;

use crate::packages::dpkg::stanza::Stanza;

/// The fields of a .deb's control file that decide whether and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Name of the package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Space it takes once unpacked, in KiB; 0 where it does not say.
    pub installed_kib: u64,
}

impl Archive {
    /// Reads a .deb's control file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let output = Command::new("dpkg-deb")
            .args(["--field"])
            .arg(path)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::new(format!("cannot run dpkg-deb: {error}")).code("DPP0608"))?;
        let control = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(unreadable(path, String::from_utf8_lossy(&output.stderr).trim()));
        }
        Self::of_control(&control)
            .ok_or_else(|| unreadable(path, "its control file names no package, version or architecture"))
    }

    /// Reads the text of a control file; nothing when it names no package, version or architecture.
    pub fn of_control(control: &str) -> Option<Self> {
        let control = Stanza::all(control).next()?;
        let field = |name| control.field(name).map(str::to_owned);
        Some(Self {
            package: field("Package")?,
            version: field("Version")?,
            architecture: field("Architecture")?,
            installed_kib: control.field("Installed-Size").and_then(|size| size.parse().ok()).unwrap_or(0),
        })
    }
}

fn unreadable(path: &Path, words: &str) -> Failure {
    Failure::new(format!("{} is not a readable .deb", path.display()))
        .code("DPP0609")
        .note("dpkg-deb", words)
        .help("fetch it again: it may be cut short or be an error page saved under this name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_file_is_read() {
        let control =
            "Package: logstash\nVersion: 1:6.2.1-1\nArchitecture: all\nInstalled-Size: 251658\nDescription: x\n y\n";
        let archive = Archive::of_control(control).unwrap();
        assert_eq!((archive.package.as_str(), archive.version.as_str()), ("logstash", "1:6.2.1-1"));
        assert_eq!(archive.installed_kib, 251_658);
        assert_eq!(Archive::of_control("Package: x\n"), None);
    }

    #[test]
    fn an_error_page_saved_as_a_deb_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.deb");
        std::fs::write(&path, "<html>404</html>").unwrap();
        let failure = Archive::read(&path).unwrap_err();
        assert_eq!(failure.code, "DPP0609");
    }
}
