//! What a .deb says of itself, asked of `dpkg-deb`.
//!
//! The tar archive of its control part is asked for and not the fields: for those dpkg-deb starts tar, and rm after it.

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
            .arg("--ctrl-tarfile")
            .arg(path)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::new(format!("cannot run dpkg-deb: {error}")).code("DPP0608"))?;
        if !output.status.success() {
            return Err(unreadable(path, String::from_utf8_lossy(&output.stderr).trim()));
        }
        member(&output.stdout, "control")
            .and_then(|control| Self::of_control(&String::from_utf8_lossy(control)))
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

/// A file in an uncompressed tar archive, by its name: blocks of 512 bytes, a header with name and octal size first.
fn member<'t>(mut tar: &'t [u8], name: &str) -> Option<&'t [u8]> {
    const BLOCK: usize = 512;
    while let Some((header, rest)) = tar.split_at_checked(BLOCK) {
        let text = |from: usize, length: usize| {
            let field = header[from..from + length].split(|byte| *byte == 0).next().unwrap_or_default();
            std::str::from_utf8(field).unwrap_or_default().trim()
        };
        let size = usize::from_str_radix(text(124, 12), 8).ok()?;
        if text(0, 100).trim_start_matches("./") == name {
            return rest.get(..size);
        }
        tar = rest.get(size.div_ceil(BLOCK) * BLOCK..)?;
    }
    None
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
    fn a_package_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("DEBIAN")).unwrap();
        let control =
            "Package: x\nVersion: 1.2-3\nArchitecture: all\nMaintainer: x <x@example.invalid>\nDescription: x\n";
        std::fs::write(root.join("DEBIAN/control"), control).unwrap();
        std::fs::write(root.join("DEBIAN/conffiles"), "").unwrap();
        let package = folder.path().join("x.deb");
        let built = Command::new("dpkg-deb").arg("--build").args([&root, &package]).output().unwrap();
        assert!(built.status.success(), "{built:?}");
        let archive = Archive::read(&package).unwrap();
        assert_eq!((archive.package.as_str(), archive.version.as_str()), ("x", "1.2-3"));
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
