//! `packages.lock`: the files a project is made of, each with its hash. A file that differs is refused.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::artifacts::{Artifact, ArtifactError, Fetched, Kind, Location};

/// The form of the file that this version reads and writes.
const FORM: u32 = 1;
const HEAD: &str = "# Written by `dppctl packages lock`. Keep it under version control.\n\n";

/// All locked files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockfile {
    version: u32,
    #[serde(default, rename = "package")]
    packages: Vec<Locked>,
}

/// One locked file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Its name.
    pub file: String,
    /// Its bytes.
    pub size: u64,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Where it came from.
    pub source: String,
}

impl Default for Lockfile {
    fn default() -> Self {
        Self { version: FORM, packages: Vec::new() }
    }
}

impl Lockfile {
    /// Reads it; a file that is not there locks nothing.
    pub fn read(path: &Path) -> Result<Self, ArtifactError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(ArtifactError::local("read", path)(error)),
        };
        let wrong = |why: String| ArtifactError::Lockfile { path: path.to_owned(), why };
        let lock: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if lock.version == FORM {
            return Ok(lock);
        }
        Err(wrong(format!("it has form {}, and this version reads form {FORM}", lock.version)))
    }

    /// Writes it, all of it or nothing.
    pub fn write(&self, path: &Path) -> Result<(), ArtifactError> {
        let wrong = |why: String| ArtifactError::Lockfile { path: path.to_owned(), why };
        let text = toml::to_string(self).map_err(|error| wrong(error.to_string()))?;
        let beside = path.with_added_extension("new");
        std::fs::write(&beside, format!("{HEAD}{text}"))
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(ArtifactError::local("write", path))
    }

    /// The entry of a file, if it is locked.
    pub fn find(&self, artifact: &Artifact) -> Option<&Locked> {
        self.packages.iter().find(|locked| locked.is(&artifact.product, &artifact.version, &artifact.file))
    }

    /// Locks a file, in the place of what was locked of the same name and version.
    pub fn keep(&mut self, artifact: &Artifact, fetched: &Fetched) {
        let (product, version, file) = (&artifact.product, &artifact.version, &artifact.file);
        self.packages.retain(|locked| !locked.is(product, version, file));
        self.packages.push(Locked {
            product: product.clone(),
            version: version.clone(),
            file: file.clone(),
            size: fetched.size,
            sha256: fetched.sha256.clone(),
            source: fetched.from.clone(),
        });
        self.packages.sort_by(|one, other| {
            (&one.product, &one.version, &one.file).cmp(&(&other.product, &other.version, &other.file))
        });
    }

    /// All entries.
    pub fn entries(&self) -> &[Locked] {
        &self.packages
    }
}

impl Locked {
    /// The file, at the place it was locked from.
    pub fn artifact(&self) -> Artifact {
        let location = if self.source.contains("://") {
            Location::Url(self.source.clone())
        } else {
            Location::Path(self.source.clone().into())
        };
        Artifact {
            product: self.product.clone(),
            version: self.version.clone(),
            file: self.file.clone(),
            locations: vec![location],
            ..Artifact::of_file(Path::new(&self.file), Kind::Archive)
        }
    }

    fn is(&self, product: &str, version: &str, file: &str) -> bool {
        self.product == product && self.version == version && self.file == file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(sha256: &str) -> Fetched {
        Fetched { path: "/c/x.deb".into(), sha256: sha256.into(), size: 3, from: "http://m/x.deb".into() }
    }

    #[test]
    fn what_was_kept_is_read_again_and_replaced_by_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("packages.lock");
        let artifact = Artifact::of_file(Path::new("/c/x.deb"), Kind::Deb);
        assert_eq!(artifact.locations, [Location::Path("/c/x.deb".into())]);
        let mut lock = Lockfile::read(&path).unwrap();
        lock.keep(&artifact, &fetched("aa"));
        lock.keep(&artifact, &fetched("bb"));
        lock.write(&path).unwrap();
        let again = Lockfile::read(&path).unwrap();
        assert_eq!(again, lock);
        assert_eq!(again.entries().len(), 1);
        assert_eq!(again.find(&artifact).unwrap().sha256, "bb");
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# Written by"));
    }

    #[test]
    fn a_lock_that_cannot_be_understood_is_an_error_and_not_an_empty_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("packages.lock");
        for text in ["version = 2", "version = 1\n[[package]]\nproduct = \"x\"\n", "version = \n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Lockfile::read(&path).unwrap_err().code(), "DPP0624", "{text}");
        }
    }
}
