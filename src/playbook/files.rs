//! The files a project consists of: on the disk, or embedded in the programme, behind one face.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::source::{Problem, Source};

/// Where playbooks, roles and templates are read from.
pub trait Files: Send + Sync {
    /// The text of a file; `NotFound` when there is none.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether there is such a file.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether there is such a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// Reads a file as a source under its own name.
    fn source(&self, path: &Path) -> Result<Arc<Source>, Problem> {
        match self.read(path) {
            Ok(text) => Ok(Source::new(path.display().to_string(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Problem::error("DPP0106", format!("there is no file {}", path.display())))
            }
            Err(error) => Err(Problem::error("DPP0106", format!("cannot read {}: {error}", path.display()))),
        }
    }
}

/// The files of this machine.
#[derive(Debug, Default)]
pub struct OnDisk;

impl Files for OnDisk {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }
}
