//! The face every action shows.

use std::path::{Path, PathBuf};

use dpp_protocol::{Failure, Outcome};
use serde_json::Value as Json;

use crate::actions::Supply;
use crate::actions::reboot::Reboot;
use crate::actions::receipt::Receipt;
use crate::actions::synchronize::Synchronize;
use crate::actions::wait_for_connection::Reconnect;
use crate::files::{FileKind, Files};
use crate::source::Source;
use crate::template::{Scope, TemplateError, Templates};
use crate::value::{Map, Value};

/// A task kind that begins here. One file per action, one line in [`ACTIONS`](crate::actions::ACTIONS).
pub struct Action {
    /// The short name, as in a task.
    pub name: &'static str,
    /// Names of its arguments; empty when it takes any.
    pub params: &'static [&'static str],
    /// Names of those it cannot do without.
    pub required: &'static [&'static str],
    /// Does it, or says what the host is to do. The arguments are rendered.
    pub run: fn(&ActionContext, &Map) -> Result<Deed, Failure>,
}

/// What an action may use.
pub struct ActionContext<'a> {
    /// What renders.
    pub templates: &'a Templates,
    /// The task's variables and search path.
    pub scope: &'a Scope,
    /// The controller's files.
    pub files: &'a dyn Files,
    /// The host it is for.
    pub host: &'a str,
    /// How loud the run is; `debug` has a level of its own.
    pub verbosity: u8,
}

/// What an action came to.
#[derive(Debug)]
pub enum Deed {
    /// It is done.
    Done(Done),
    /// A module on the host is to do the rest.
    Remote(Remote),
}

/// An action that was done here.
#[derive(Debug, Default)]
pub struct Done {
    /// What came of it.
    pub outcome: Outcome,
    /// Variables it sets for the host.
    pub set: Map,
    /// Variables it reads from files, which are weaker than set ones.
    pub included: Map,
    /// Words for the operator.
    pub message: String,
}

/// What a module on the host is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// The module.
    pub module: String,
    /// Its parameters.
    pub params: Json,
    /// The parameters that suffice for a look, when contents are large: hashes in their place.
    pub lean: Option<Json>,
    /// Files that must lie on the host before a change is made.
    pub blobs: Vec<Blob>,
    /// A file that is to be fetched and pushed before a change is made; [`supply`](crate::actions::supply) completes
    /// the parameters with it.
    pub supply: Option<Supply>,
    /// What is done here along with the module, while the host is spoken to.
    pub aside: Option<Box<Aside>>,
}

/// What a machine's near end does along with a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aside {
    /// A file of the host is taken.
    Receive(Receipt),
    /// The host is logged in to anew until it answers.
    Reconnect(Reconnect),
    /// The host is started anew.
    Reboot(Reboot),
    /// rsync copies beside the connection.
    Synchronize(Synchronize),
}

impl Remote {
    /// A module with final parameters, which needs nothing else.
    pub fn new(module: &str, params: Json) -> Self {
        Self { module: module.to_owned(), params, lean: None, blobs: Vec::new(), supply: None, aside: None }
    }
}

/// A file to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Where it lies here.
    pub path: PathBuf,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

impl ActionContext<'_> {
    /// Finds a file of the project: beside the task, in its role, beside the playbook.
    pub fn find(&self, kind: &str, name: &str) -> Result<PathBuf, Failure> {
        let candidates = self.scope.search().candidates(kind, &self.files.at_home(name));
        let found = candidates.iter().find(|path| self.files.kind(path) != FileKind::Missing);
        found.cloned().ok_or_else(|| {
            let looked: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
            Failure::new(format!("there is no {} `{name}`", kind.trim_end_matches('s')))
                .code("DPP0106")
                .note("looked at", looked.join("\n"))
        })
    }

    /// Reads a file of the project as text.
    pub fn source(&self, path: &Path) -> Result<std::sync::Arc<Source>, Failure> {
        let bytes = self.read(path)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::new(format!("{} is not a text in UTF-8", path.display())).code("DPP0106"))?;
        Ok(Source::new(path.display().to_string(), text))
    }

    /// Reads a file of the project; what is encrypted is opened, and never shown from then on.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        let opened = self.files.opened(path).map_err(|error| unreadable(path, &error))?;
        if opened.was_sealed {
            self.templates.conceal(&String::from_utf8_lossy(&opened.bytes));
        }
        Ok(opened.bytes)
    }

    /// Reads a file of the project as it lies there, encrypted or not.
    pub fn raw(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        self.files.read(path).map_err(|error| unreadable(path, &error))
    }
}

/// A file of the project that cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display())).code("DPP0106")
}

/// A template's mistake as a task's failure; the place goes along as words.
pub(crate) fn failure(error: &TemplateError) -> Failure {
    let problem = error.problem();
    let mut failure = Failure::new(problem.message.clone()).code(problem.code);
    if let Some((place, _)) = &problem.at {
        failure = failure.note("at", place.to_string());
    }
    for note in &problem.notes {
        failure = failure.note("note", note.clone());
    }
    failure.help = problem.help;
    failure
}

/// The argument of this name as text.
pub(super) fn text<'a>(args: &'a Map, name: &str) -> Option<&'a str> {
    args.get(name).and_then(Value::as_str)
}

/// A yes or no in any of Ansible's spellings.
pub(super) fn flag(args: &Map, name: &str, otherwise: bool) -> bool {
    match args.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Int(number)) => *number == 1,
        Some(Value::Text(text)) => {
            matches!(text.as_str().to_ascii_lowercase().as_str(), "yes" | "true" | "on" | "1" | "y" | "t")
        }
        _ => otherwise,
    }
}
