//! What one task's templates see: its variables, and the folders in which they look for files.

use std::path::PathBuf;
use std::sync::Arc;

use crate::value::Value;

/// The variables a template may use. Values are given as they were written; rendering them is this room's business.
pub trait Variables: Send + Sync {
    /// The variable of this name.
    fn lookup(&self, name: &str) -> Lookup;

    /// All names, for suggestions and for `varnames`.
    fn names(&self) -> Vec<String>;
}

/// What came of looking a variable up.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// Its value, not rendered.
    Found(Value),
    /// A value that is computed while it is used, as `hostvars` is.
    Object(minijinja::Value),
    /// There is no such variable.
    Missing,
    /// It depends on a task that was not run yet; evaluation stops.
    Pending,
}

/// Folders in which `template`, `include`, `file` and the like search, in this order; each is tried with the kind's own
/// folder (`templates/`, `files/`) first.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    /// The role's folder, then the folder of the task's file, then the playbook's.
    pub folders: Vec<PathBuf>,
}

impl SearchPath {
    /// Every path at which a file of this name could be; `kind` is `templates`, `files` or `vars`.
    pub fn candidates(&self, kind: &str, name: &str) -> Vec<PathBuf> {
        let name = PathBuf::from(name);
        if name.is_absolute() {
            return vec![name];
        }
        self.folders.iter().flat_map(|folder| [folder.join(kind).join(&name), folder.join(&name)]).collect()
    }
}

/// What one evaluation sees; cheap to make and to clone.
#[derive(Clone)]
pub struct Scope {
    variables: Arc<dyn Variables>,
    search: Arc<SearchPath>,
}

impl Scope {
    /// A scope over these variables and folders.
    pub fn new(variables: Arc<dyn Variables>, search: Arc<SearchPath>) -> Self {
        Self { variables, search }
    }

    /// The variables.
    pub fn variables(&self) -> &Arc<dyn Variables> {
        &self.variables
    }

    /// Where files are searched.
    pub fn search(&self) -> &Arc<SearchPath> {
        &self.search
    }

    /// This scope with more variables in front of its own.
    #[must_use]
    pub fn with(&self, front: Arc<dyn Variables>) -> Self {
        let variables = Arc::new(Layered { front, back: Arc::clone(&self.variables) });
        Self { variables, search: Arc::clone(&self.search) }
    }
}

struct Layered {
    front: Arc<dyn Variables>,
    back: Arc<dyn Variables>,
}

impl Variables for Layered {
    fn lookup(&self, name: &str) -> Lookup {
        match self.front.lookup(name) {
            Lookup::Missing => self.back.lookup(name),
            found => found,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.front.names();
        names.extend(self.back.names());
        names
    }
}

/// A mapping serves as variables: for tests, loops and `template_vars`.
impl Variables for crate::value::Map {
    fn lookup(&self, name: &str) -> Lookup {
        self.get(name).map_or(Lookup::Missing, |value| Lookup::Found(value.clone()))
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
