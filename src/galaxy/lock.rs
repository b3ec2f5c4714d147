//! `roles.lock`: which role came from where, exactly, and how its files were when it was installed.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::galaxy::{GalaxyError, Wanted};

/// The form of the file that this version reads and writes.
const FORM: u32 = 1;
const HEAD: &str = "# Written by `dppctl roles install`. Keep it under version control.\n\n";

/// All locked roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolesLock {
    version: u32,
    #[serde(default, rename = "role")]
    roles: Vec<LockedRole>,
}

/// One locked role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRole {
    /// Its name.
    pub name: String,
    /// Where it comes from, as it was wanted.
    pub source: String,
    /// The version that was asked for; empty when none was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wanted: String,
    /// The version that it is.
    pub version: String,
    /// The archive, of a role that a Galaxy knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The folder of the role in its archive, where the archive has several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub within: String,
    /// The commit, of a role that git knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// The archive's hash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// The hash of its files where they lie.
    pub tree: String,
}

impl Default for RolesLock {
    fn default() -> Self {
        Self { version: FORM, roles: Vec::new() }
    }
}

impl RolesLock {
    /// Reads it; a file that is not there locks nothing.
    pub fn read(path: &Path) -> Result<Self, GalaxyError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(GalaxyError::local("read", path)(error)),
        };
        let wrong = |why: String| GalaxyError::Lock { path: path.to_owned(), why };
        let lock: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if lock.version == FORM {
            return Ok(lock);
        }
        Err(wrong(format!("it has form {}, and this version reads form {FORM}", lock.version)))
    }

    /// Writes it, all of it or nothing.
    pub fn write(&self, path: &Path) -> Result<(), GalaxyError> {
        let wrong = |why: String| GalaxyError::Lock { path: path.to_owned(), why };
        let text = toml::to_string(self).map_err(|error| wrong(error.to_string()))?;
        if !path.exists() {
            // It holds no secret and belongs to everybody who works on the project.
            std::fs::write(path, "").map_err(GalaxyError::local("write", path))?;
        }
        files::replace(path, format!("{HEAD}{text}").as_bytes()).map_err(GalaxyError::local("write", path))
    }

    /// The entry of a role.
    pub fn find(&self, name: &str) -> Option<&LockedRole> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// Locks a role, in the place of what was locked under its name.
    pub fn keep(&mut self, role: LockedRole) {
        self.roles.retain(|known| known.name != role.name);
        self.roles.push(role);
        self.roles.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// All entries.
    pub fn entries(&self) -> &[LockedRole] {
        &self.roles
    }
}

impl LockedRole {
    /// Whether it is what is wanted now.
    pub fn answers(&self, wanted: &Wanted) -> bool {
        self.source == wanted.source.to_string() && self.wanted == wanted.version.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_what_is_not_understood_is_no_empty_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roles.lock");
        let role = |name: &str, version: &str| LockedRole {
            name: name.into(),
            source: format!("galaxy:{name}"),
            wanted: String::new(),
            version: version.into(),
            url: "https://g/x.tar.gz".into(),
            within: String::new(),
            commit: String::new(),
            sha256: "0f".into(),
            tree: "a0".into(),
        };
        let mut lock = RolesLock::read(&path).unwrap();
        for (name, version) in [("b.two", "1"), ("a.one", "1"), ("b.two", "2")] {
            lock.keep(role(name, version));
        }
        lock.write(&path).unwrap();
        assert_eq!(RolesLock::read(&path).unwrap(), lock);
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
        for text in ["version = 2", "version = 1\n[[role]]\nname = \"x\"\n", "version = \n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(RolesLock::read(&path).unwrap_err().code(), "DPP0114", "{text}");
        }
    }
}
