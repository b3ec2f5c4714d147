//! What was in the place of something before a step, so that it can be put back.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::Host;
use crate::files::checksum::Algorithm;
use crate::files::keep::keep_for_good;
use crate::files::refusal::refused;
use crate::packages::dpkg::status::{Installed, Package};
use crate::pipeline::connect::ConnectorFormer;
use crate::services::manager::{Manager, Scope};
use crate::services::unit::Unit;

/// What of a folder that goes is kept at most.
const MOST_FILES: usize = 2_000;
const MOST_BYTES: u64 = 64 << 20;

/// One thing as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Former {
    /// A path.
    Path {
        /// Which.
        path: PathBuf,
        /// What lay there.
        state: PathState,
    },
    /// A package.
    Package {
        /// Its name.
        name: String,
        /// The version that was installed; none when none was.
        version: Option<String>,
        /// Whether it was held.
        held: bool,
    },
    /// A unit of systemd.
    Unit {
        /// Its whole name.
        unit: String,
        /// Whether it ran.
        up: bool,
        /// Its state on the disk: `enabled`, `disabled`, `static`; empty where it was not there.
        file_state: String,
    },
    /// A connector of Kafka Connect.
    Connector(ConnectorFormer),
    /// Something that the journal does not know how to put back.
    Unknown,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathState {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// SHA-256 of its bytes, under which they are kept.
        kept: String,
        /// Who may do what.
        #[serde(flatten)]
        rights: Rights,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: PathBuf,
    },
    /// A folder; of what is in it nothing is said.
    Folder {
        /// Who may do what.
        #[serde(flatten)]
        rights: Rights,
    },
    /// A socket, a device.
    Other,
}

/// Mode, owner and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Its lower twelve bits.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl Former {
    /// What a change replaces that names a path; of any other one nothing is known.
    pub(crate) fn of(change: &Change) -> Result<Self, Failure> {
        if change.what.starts_with('/') { Self::path(Path::new(&change.what)) } else { Ok(Self::Unknown) }
    }

    /// What lies at a path.
    pub(crate) fn path(path: &Path) -> Result<Self, Failure> {
        Ok(Self::Path { path: path.to_owned(), state: PathState::at(path)? })
    }

    /// Its name among all things: a path, `package kafka`, `unit kafka.service`.
    pub(super) fn thing(&self) -> Option<String> {
        match self {
            Self::Path { path, .. } => Some(path.to_string_lossy().into_owned()),
            Self::Package { name, .. } => Some(format!("package {name}")),
            Self::Unit { unit, .. } => Some(format!("unit {unit}")),
            Self::Connector(connector) => Some(format!("connector {}", connector.name)),
            Self::Unknown => None,
        }
    }

    /// How the same thing is now; a failure where nobody can tell.
    pub(super) fn now(&self) -> Result<Self, Failure> {
        match self {
            Self::Path { path, .. } => Self::path(path),
            Self::Package { name, .. } => Ok(Self::package(name, &*Installed::read()?)),
            Self::Unit { unit, .. } => Self::unit_at_rest(unit),
            Self::Connector(connector) => connector.now().map(Self::Connector),
            Self::Unknown => Ok(Self::Unknown),
        }
    }

    /// The same, right after something was done to it.
    pub(super) fn left(&self) -> Result<Self, Failure> {
        match self {
            Self::Connector(connector) => connector.settled().map(Self::Connector),
            _ => self.now(),
        }
    }

    /// The bytes of a file are kept under their hash, before something else takes their place.
    pub(super) fn keep(&self, host: &Host) -> Result<(), Failure> {
        match self {
            Self::Path { path, state: PathState::File { kept, .. } } => {
                keep_for_good(kept, path, host).map_err(|error| refused("keep the old bytes of", path, &error))
            }
            Self::Connector(connector) => connector.keep(host),
            _ => Ok(()),
        }
    }

    /// A folder with all that is in it, as far as that is little: nobody's data are copied for the case of a rollback.
    pub(crate) fn tree(path: &Path) -> Result<Vec<Self>, Failure> {
        let mut paths = vec![path.to_owned()];
        let (mut at, mut bytes) = (0, 0);
        while let Some(path) = paths.get(at) {
            let found = fs::symlink_metadata(path).ok();
            bytes += found.as_ref().filter(|found| found.is_file()).map_or(0, fs::Metadata::len);
            if found.is_some_and(|found| found.is_dir()) {
                let entries = fs::read_dir(path).map_err(|error| refused("look into", path, &error))?;
                paths.extend(entries.flatten().map(|entry| entry.path()));
            }
            if paths.len() > MOST_FILES || bytes > MOST_BYTES {
                return Ok(vec![Self::path(&paths[0])?, Self::Unknown]);
            }
            at += 1;
        }
        paths.iter().map(|path| Self::path(path)).collect()
    }

    /// A package.
    pub(crate) fn package(name: &str, installed: &Installed) -> Self {
        let found = installed.installed(name);
        let held = found.is_some_and(Package::is_held);
        Self::Package { name: name.to_owned(), version: found.map(|found| found.version.clone()), held }
    }

    /// A unit of the system.
    pub(crate) fn unit(name: &str) -> Result<Self, Failure> {
        let mut manager = Manager::connect(Scope::System)?;
        let unit = manager.unit(name)?;
        Self::unit_as_seen(name, &unit, &mut manager)
    }

    fn unit_as_seen(name: &str, unit: &Unit, manager: &mut Manager) -> Result<Self, Failure> {
        let file_state = manager.file_state(name)?;
        Ok(Self::Unit { unit: name.to_owned(), up: unit.is_up() || unit.is_restarting(), file_state })
    }

    /// The same, but of one that is being stopped nobody can tell whether it stays down or is started again.
    fn unit_at_rest(name: &str) -> Result<Self, Failure> {
        let mut manager = Manager::connect(Scope::System)?;
        let unit = manager.unit(name)?;
        if unit.text("ActiveState") == "deactivating" {
            return Err(Failure::new(format!("{name} is being stopped")));
        }
        Self::unit_as_seen(name, &unit, &mut manager)
    }
}

impl PathState {
    /// What lies there now.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        Self::look(path).map_err(|error| refused("look at", path, &error))
    }

    fn look(path: &Path) -> io::Result<Self> {
        let found = match fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Self::Absent);
            }
            found => found?,
        };
        let rights = Rights { mode: found.mode() & 0o7777, uid: found.uid(), gid: found.gid() };
        Ok(if found.is_file() {
            Self::File { kept: hash_of(path)?, rights }
        } else if found.is_dir() {
            Self::Folder { rights }
        } else if found.is_symlink() {
            Self::Link { target: fs::read_link(path)? }
        } else {
            Self::Other
        })
    }
}

/// The SHA-256 of a file's bytes. To look at it is no access of anybody's, so its time of access stays where that is ours to say.
fn hash_of(path: &Path) -> io::Result<String> {
    let quietly = OpenOptions::new().read(true).custom_flags(OFlags::NOATIME.bits().cast_signed()).open(path);
    let file = match quietly {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => fs::File::open(path)?,
        opened => opened?,
    };
    Algorithm::Sha256.of(file)
}
