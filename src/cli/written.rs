//! A playbook that stands in no file: what a command would have its user write.

use std::io;
use std::path::Path;

use crate::playbook::{Files, OnDisk};

/// The name under which it is read.
pub(super) const NAME: &str = "(dppctl)";

/// The disk with one more playbook.
pub(super) struct Written(pub(super) String);

impl Files for Written {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new(NAME) { Ok(self.0.clone()) } else { OnDisk.read(path) }
    }

    fn is_file(&self, path: &Path) -> bool {
        path == Path::new(NAME) || OnDisk.is_file(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        OnDisk.is_folder(path)
    }
}
