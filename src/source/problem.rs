//! A mistake in what somebody wrote, as plain data; how it looks on the screen is another room's business.

use std::fmt;

use crate::source::Place;

/// Whether a problem stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing breaks by it.
    Note,
    /// Worth knowing; the run goes on.
    Warning,
    /// The run is refused before anything is touched.
    Error,
}

impl Severity {
    /// Its name, for programmes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One mistake: what is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Whether it stops the run.
    pub severity: Severity,
    /// Stable code, `DPP0103`.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, and the words under the caret (which may be empty).
    pub at: Option<(Place, String)>,
    /// A second place that explains the first, with its words.
    pub context: Option<(Place, String)>,
    /// Facts, one a line.
    pub notes: Vec<String>,
    /// What to do or type next.
    pub help: Option<String>,
}

/// All mistakes found in one go; never empty when it is an error.
pub type Problems = Vec<Problem>;

impl Problem {
    /// An error that stops the run.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    /// A remark: nothing breaks by it.
    pub fn remark(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message.into())
    }

    /// Points at a place; `label` stands under the caret.
    #[must_use]
    pub fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.at = Some((place.clone(), label.into()));
        self
    }

    /// Points at a second place.
    #[must_use]
    pub fn context(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.context = Some((place.clone(), label.into()));
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds `did you mean …` when a known name is near.
    #[must_use]
    pub fn did_you_mean(self, near: Option<&str>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self { severity, code, message, at: None, context: None, notes: Vec::new(), help: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((place, _)) = &self.at {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
