//! Why a role could not be installed.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::artifacts::ArtifactError;

/// What went wrong with a role.
#[derive(Debug, Error)]
pub enum GalaxyError {
    /// Its source does not give it.
    #[error("cannot get the role {role} from {from}: {cause}")]
    Source {
        /// The role.
        role: String,
        /// Where it was looked for.
        from: String,
        /// The source's own words.
        cause: String,
    },
    /// The version is none of those that there are.
    #[error("there is no version {version} of the role {role}")]
    Version {
        /// The role.
        role: String,
        /// What was asked for.
        version: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// Another content than the one that is locked.
    #[error("the role {role} from {from} is not what was locked: it has sha256 {found}, and roles.lock says {wanted}")]
    Changed {
        /// The role.
        role: String,
        /// Where it came from.
        from: String,
        /// What it has.
        found: String,
        /// What it had.
        wanted: String,
    },
    /// Another content than its server promises.
    #[error("the role {role} from {from} is not what its Galaxy promises: it has sha256 {found}, and not {wanted}")]
    Promised {
        /// The role.
        role: String,
        /// Where it came from.
        from: String,
        /// What it has.
        found: String,
        /// What it should have.
        wanted: String,
    },
    /// The archive would write where it must not, or more than it may.
    #[error("the archive of the role {role} is refused: {why}")]
    Unsafe {
        /// The role.
        role: String,
        /// What is wrong with it.
        why: String,
    },
    /// What came is no role.
    #[error("what {from} gives for the role {role} is no role: {why}")]
    NoRole {
        /// The role.
        role: String,
        /// Where it came from.
        from: String,
        /// What is missing.
        why: String,
    },
    /// Somebody changed the role where it lies.
    #[error("{} was edited since it was installed", path.display())]
    Edited {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else put the role there.
    #[error("{} is there already, and was not installed by dppctl", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The lock cannot be understood.
    #[error("cannot read {}: {why}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// This machine refused.
    #[error("cannot {what} {}: {cause}", path.display())]
    Local {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl GalaxyError {
    /// This machine refused to do something with a file.
    pub(super) fn local(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Local { what, path: path.to_owned(), cause }
    }

    /// A download that came to nothing.
    pub(super) fn download(role: &str, from: &str, error: &ArtifactError) -> Self {
        let cause = match error {
            ArtifactError::Missing { tried, .. } | ArtifactError::Unreachable { tried, .. } => {
                tried.last().map(|(_, answer)| answer.clone())
            }
            _ => None,
        };
        let cause = cause.unwrap_or_else(|| error.to_string());
        Self::Source { role: role.to_owned(), from: from.to_owned(), cause }
    }

    /// The stable code of the problem it becomes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source { .. } | Self::Version { .. } | Self::NoRole { .. } => "DPP0111",
            Self::Edited { .. } | Self::Foreign { .. } => "DPP0112",
            Self::Unsafe { .. } | Self::Changed { .. } | Self::Promised { .. } => "DPP0113",
            Self::Lock { .. } => "DPP0114",
            Self::Local { .. } => "DPP0106",
        }
    }

    /// What to type next, where there is something.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Edited { .. } => {
                Some("keep the changes elsewhere, or throw them away: dppctl roles install --force".to_owned())
            }
            Self::Foreign { .. } => Some("move it away, or have it replaced: dppctl roles install --force".to_owned()),
            Self::Changed { .. } => Some("if that is meant, lock it anew: dppctl roles install --upgrade".to_owned()),
            Self::Version { known, .. } if !known.is_empty() => Some(format!("there are {}", known.join(", "))),
            _ => None,
        }
    }
}
