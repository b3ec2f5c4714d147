//! A playbook that stands in no file: what a command would have its user write.

use std::io;
use std::path::Path;

use crate::files::{FileKind, Files};

/// The name under which it is read.
pub(super) const NAME: &str = "(dppctl)";

/// The files of a run with one more playbook.
pub(super) struct Written<F> {
    pub(super) playbook: String,
    pub(super) files: F,
}

impl<F: Files> Files for Written<F> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new(NAME) { Ok(self.playbook.clone().into_bytes()) } else { self.files.read(path) }
    }

    fn kind(&self, path: &Path) -> FileKind {
        if path == Path::new(NAME) { FileKind::File } else { self.files.kind(path) }
    }

    fn keys(&self) -> &dyn crate::secret::Decrypt {
        self.files.keys()
    }
}
