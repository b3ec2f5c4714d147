//! YAML → playbook → plan → lint, and every mistake drawn with its caret.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dppctl::files::{FileKind, Files};
use dppctl::lint::Lint;
use dppctl::plan::Catalogue;
use dppctl::secret::{Decrypt, NoPassword};
use dppctl::source::excerpt;
use dppctl::template::{Surroundings, Templates};
use dppctl::value::Map;

/// A project of one file, which is whatever it is asked for: a playbook, the tasks of a role, its defaults.
struct Sole(Vec<u8>);

impl Files for Sole {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if is_there(path) { Ok(self.0.clone()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn kind(&self, path: &Path) -> FileKind {
        if is_there(path) { FileKind::File } else { FileKind::Missing }
    }

    fn keys(&self) -> &dyn Decrypt {
        &NoPassword
    }
}

fn is_there(path: &Path) -> bool {
    ["play.yml", "roles/r/tasks/main.yml", "roles/r/defaults/main.yml"].iter().any(|name| path == Path::new(name))
}

/// Reads a playbook and looks for all its mistakes.
pub(crate) fn run(bytes: &[u8]) {
    let files = Arc::new(Sole(bytes.to_owned()));
    let templates =
        Templates::new(Surroundings { files: Arc::clone(&files) as Arc<dyn Files>, ..Surroundings::of_this_process() });
    let known = ["debug", "copy", "include_tasks", "import_tasks", "include_role", "meta", "set_fact", "command"];
    let catalogue = Catalogue::new(known.iter().map(|name| (*name, Vec::new())).collect(), |_, _| None);
    let lint = Lint {
        files: files.as_ref(),
        playbooks: &[PathBuf::from("play.yml")],
        task_files: &[],
        template_files: &[],
        vars_files: &[],
        roles: &[PathBuf::from("roles")],
        catalogue: &catalogue,
        templates: &templates,
        extra: &Map::default(),
        inventory: None,
        render: &|text, _| Ok(text.as_str().to_owned()),
    };
    for problem in lint.run() {
        assert!(!excerpt(&problem, false, 80).is_empty());
    }
}
