//! A playbook that stands in no file: what a command would have its user write.

use std::io;
use std::path::Path;

use crate::cli::shipped::Shipped;
use crate::playbook::Files;

/// The name under which it is read.
pub(super) const NAME: &str = "(dppctl)";

/// The files of a run with one more playbook.
pub(super) struct Written(pub(super) String);

impl Files for Written {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new(NAME) { Ok(self.0.clone()) } else { Files::read(&Shipped::default(), path) }
    }

    fn is_file(&self, path: &Path) -> bool {
        path == Path::new(NAME) || Shipped::default().is_file(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        Shipped::default().is_folder(path)
    }
}
