//! What can go wrong in a template, with the place; never with a variable's value.

use std::fmt;

use crate::source::{Place, Problem};

/// Why a template has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplateError {
    /// It uses what is not defined.
    Undefined {
        /// The name or path, `a.b`.
        name: String,
        /// Where it is used.
        at: Option<Place>,
        /// A known name near to it.
        near: Option<String>,
        /// Why the variable is undefined although it exists: its value uses what is not defined.
        because: Option<String>,
    },
    /// It uses the result of a task that was not run yet.
    Pending {
        /// The variable.
        name: String,
    },
    /// It does not follow Jinja2's grammar.
    Syntax {
        /// What is wrong.
        message: String,
        /// Where.
        at: Option<Place>,
    },
    /// It names a filter, test, function, method or lookup that does not exist.
    Unknown {
        /// `filter`, `test`, `function`, `method` or `lookup`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where.
        at: Option<Place>,
        /// A known name near to it.
        near: Option<String>,
    },
    /// A filter, test, lookup or operator refused its arguments.
    Failed {
        /// What it said.
        message: String,
        /// Where.
        at: Option<Place>,
    },
}

impl TemplateError {
    /// The mistake for the operator.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Undefined { name, at, near, because } => {
                let problem = placed(Problem::error("DPP0301", format!("`{name}` is not defined")), at.as_ref());
                let problem = problem.did_you_mean(near.as_deref());
                match because {
                    Some(because) => problem.note(because.clone()),
                    None => problem,
                }
            }
            Self::Pending { name } => {
                Problem::error("DPP0305", format!("`{name}` is only known when an earlier task has run"))
            }
            Self::Syntax { message, at } => {
                placed(Problem::error("DPP0302", format!("template syntax: {message}")), at.as_ref())
            }
            Self::Unknown { what, name, at, near } => {
                placed(Problem::error("DPP0303", format!("there is no {what} `{name}`")), at.as_ref())
                    .did_you_mean(near.as_deref())
            }
            Self::Failed { message, at } => placed(Problem::error("DPP0304", message.clone()), at.as_ref()),
        }
    }

    /// Where it went wrong, if that is known.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Undefined { at, .. }
            | Self::Syntax { at, .. }
            | Self::Unknown { at, .. }
            | Self::Failed { at, .. } => at.as_ref(),
            Self::Pending { .. } => None,
        }
    }

    /// Whether it is only that something is not defined.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined { .. })
    }
}

fn placed(problem: Problem, at: Option<&Place>) -> Problem {
    match at {
        Some(place) => problem.at(place, ""),
        None => problem,
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem())
    }
}

impl std::error::Error for TemplateError {}

/// A refusal in a filter's own words, which hold no values; it travels inside minijinja's error.
#[derive(Debug)]
pub(super) struct Fault(pub(super) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// An error in a filter's own words.
pub(super) fn fault(message: impl Into<String>) -> minijinja::Error {
    minijinja::Error::from(minijinja::ErrorKind::InvalidOperation).with_source(Fault(message.into()))
}

/// A whole error of this room, on its way through minijinja.
pub(super) fn carried(error: TemplateError) -> minijinja::Error {
    let kind = if error.is_undefined() {
        minijinja::ErrorKind::UndefinedError
    } else {
        minijinja::ErrorKind::InvalidOperation
    };
    minijinja::Error::from(kind).with_source(error)
}

/// The first cause of this type.
pub(super) fn cause<T: std::error::Error + 'static>(error: &minijinja::Error) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        next = current.source();
    }
    None
}
