//! The files of a project behind one face: those on the disk, those embedded in the programme, those of a test.
//!
//! It knows no format. What is encrypted is opened with the keys that come along.

mod disk;
mod replace;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use disk::Disk;
pub use replace::replace;

use crate::secret::{Decrypt, HEADER, NoPassword};
use crate::source::{Problem, Source};

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing.
    Missing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A device, a socket, a pipe.
    Other,
}

/// What a file holds.
#[derive(Debug)]
pub struct Opened {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it was decrypted, and so must not be shown.
    pub was_sealed: bool,
}

/// Where playbooks, roles, variables, templates and files are read from.
pub trait Files: Send + Sync {
    /// The bytes of a file, as they lie there; `NotFound` when there is none.
    ///
    /// # Errors
    /// What the file system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The first bytes of a file.
    ///
    /// # Errors
    /// What the file system says.
    fn head(&self, path: &Path, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(path)?;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// What is at this path, following links.
    fn kind(&self, path: &Path) -> FileKind;

    /// The paths in a folder, sorted.
    fn list(&self, _folder: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether the path itself is a symbolic link.
    fn is_link(&self, _path: &Path) -> bool {
        false
    }

    /// The path with links followed, if it exists.
    fn real(&self, path: &Path) -> Option<PathBuf> {
        (self.kind(path) != FileKind::Missing).then(|| path.to_owned())
    }

    /// The user's home, for `~`.
    fn home(&self) -> Option<PathBuf> {
        None
    }

    /// Writes a file that only its owner may read, with its folder.
    ///
    /// # Errors
    /// What the file system says; that it cannot be done at all where nothing says otherwise.
    fn write_private(&self, _path: &Path, _content: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Opens what is encrypted; refuses everything where nothing says otherwise.
    fn keys(&self) -> &dyn Decrypt {
        &NoPassword
    }
}

impl dyn Files + '_ {
    /// Whether there is such a file.
    pub fn is_file(&self, path: &Path) -> bool {
        self.kind(path) == FileKind::File
    }

    /// Whether there is such a folder.
    pub fn is_folder(&self, path: &Path) -> bool {
        self.kind(path) == FileKind::Folder
    }

    /// A path of this machine with its leading `~` replaced by the user's home.
    pub fn at_home(&self, path: &str) -> String {
        let rest = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match (rest, self.home()) {
            (Some(rest), Some(home)) => format!("{}{rest}", home.display()),
            _ => path.to_owned(),
        }
    }

    /// Reads a text as a source under its own name; an encrypted one stays as it is.
    ///
    /// # Errors
    /// That it is not there, cannot be read, or is no text.
    pub fn source(&self, path: &Path) -> Result<Arc<Source>, Problem> {
        let name = path.display().to_string();
        let bytes = self.read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Problem::error("DPP0106", format!("there is no file {name}")),
            _ => Problem::error("DPP0106", format!("cannot read {name}: {error}")),
        })?;
        match String::from_utf8(bytes) {
            // Editors of Windows put it there; it says nothing about a text that is UTF-8 in any case.
            Ok(text) => Ok(Source::new(name, text.trim_start_matches('\u{feff}'))),
            Err(error) => {
                let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = sound.split(|byte| *byte == b'\n').count();
                let message = format!("{name} is not UTF-8: line {line} has another encoding");
                Err(Problem::error("DPP0106", message).help("save it as UTF-8"))
            }
        }
    }

    /// The content of a file, decrypted when it is a vault.
    ///
    /// # Errors
    /// What the file system says, or why the vault does not open.
    pub fn opened(&self, path: &Path) -> io::Result<Opened> {
        let bytes = self.read(path)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) if text.starts_with(HEADER) => {
                let text = self.keys().decrypt(text).map_err(|error| io::Error::other(error.to_string()))?;
                Ok(Opened { bytes: text.as_bytes().to_vec(), was_sealed: true })
            }
            _ => Ok(Opened { bytes, was_sealed: false }),
        }
    }

    /// Whether a file is a vault.
    pub fn is_sealed(&self, path: &Path) -> bool {
        self.head(path, HEADER.len()).is_ok_and(|head| head == HEADER.as_bytes())
    }

    /// The first of these paths that is a file, as text.
    pub fn first(&self, candidates: impl IntoIterator<Item = PathBuf>) -> Option<(PathBuf, String)> {
        let path = candidates.into_iter().find(|path| self.is_file(path))?;
        let opened = self.opened(&path).ok()?;
        Some((path, String::from_utf8_lossy(&opened.bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Secret, Vault};

    struct Sealed {
        envelope: String,
        keys: Vault,
    }

    impl Files for Sealed {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            match path.to_str() {
                Some("sealed") => Ok(self.envelope.clone().into_bytes()),
                Some("latin1") => Ok(b"a\n\xe4".to_vec()),
                Some("windows") => Ok(b"\xef\xbb\xbf[kafka_nodes]\r\nk1\r\n".to_vec()),
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        }

        fn kind(&self, path: &Path) -> FileKind {
            if self.read(path).is_ok() { FileKind::File } else { FileKind::Missing }
        }

        fn keys(&self) -> &dyn Decrypt {
            &self.keys
        }

        fn home(&self) -> Option<PathBuf> {
            Some("/home/ops".into())
        }
    }

    #[test]
    fn a_home_is_at_the_start_of_a_path_or_nowhere() {
        let files: &dyn Files = &Sealed { envelope: String::new(), keys: Vault::new() };
        for (path, wanted) in
            [("~/a", "/home/ops/a"), ("~", "/home/ops"), ("~a", "~a"), ("b/~/a", "b/~/a"), ("/a", "/a")]
        {
            assert_eq!(files.at_home(path), wanted);
        }
    }

    #[test]
    fn a_vault_is_opened_where_its_content_is_wanted_and_no_sooner() {
        let keys = Vault::new().with(None, Secret::new("key"));
        let envelope = keys.encrypt("content", None).unwrap();
        let files: &dyn Files = &Sealed { envelope: envelope.clone(), keys };
        assert_eq!(files.opened("sealed".as_ref()).unwrap().bytes, b"content");
        assert!(files.is_sealed("sealed".as_ref()) && !files.is_sealed("latin1".as_ref()));
        assert_eq!(files.source("sealed".as_ref()).unwrap().text(), envelope);
        let without: &dyn Files = &Sealed { envelope, keys: Vault::new() };
        assert!(without.opened("sealed".as_ref()).unwrap_err().to_string().contains("no vault password"));
    }

    #[test]
    fn what_is_missing_or_no_text_is_said() {
        let files: &dyn Files = &Sealed { envelope: String::new(), keys: Vault::new() };
        let message = |name: &str| files.source(name.as_ref()).unwrap_err().message;
        assert!(files.source("windows".as_ref()).unwrap().text().starts_with("[kafka_nodes]"), "its mark is left out");
        assert_eq!(message("none"), "there is no file none");
        assert_eq!(message("latin1"), "latin1 is not UTF-8: line 2 has another encoding");
    }
}
