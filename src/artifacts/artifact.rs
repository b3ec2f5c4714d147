//! One file of one version: its names, and every place it may lie at, in the order they are tried.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::artifacts::pattern::fill;
use crate::artifacts::{ArtifactError, Kind, Origin, Product, Release, Version};

/// A file that a host is to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its product.
    pub product: String,
    /// The version as the operator writes it.
    pub version: String,
    /// Name of the file.
    pub file: String,
    /// What it is.
    pub kind: Kind,
    /// Name of the Debian package in it.
    pub package: String,
    /// The version dpkg knows it by.
    pub package_version: String,
    /// The architecture dpkg knows it by.
    pub architecture: String,
    /// The class of the plugin in it.
    pub class: String,
    /// Kinds of checksum files that may lie beside it, the strongest first.
    pub checksums: Vec<String>,
    /// Where it may lie, in order.
    pub locations: Vec<Location>,
    /// The oldest version that can be upgraded to this one at once; empty when any can.
    pub upgrades_from: String,
    /// Why there is no way back from it to an older one; empty where there is.
    pub no_return: String,
    /// Versions that exist near this one.
    pub near: Vec<String>,
}

/// A place where a file may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On a server.
    Url(String),
    /// On this machine.
    Path(PathBuf),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(&without_login(url)),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A URL as it may be shown: a mirror's user and password stay out of it.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

impl Artifact {
    /// A file of this machine that belongs to no known product.
    pub fn of_file(path: &Path, kind: Kind) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self {
            product: file.clone(),
            version: String::new(),
            file,
            kind,
            package: String::new(),
            package_version: String::new(),
            architecture: String::new(),
            class: String::new(),
            checksums: strongest_first(&[]),
            locations: vec![Location::Path(path.to_owned())],
            upgrades_from: String::new(),
            no_return: String::new(),
            near: Vec::new(),
        }
    }
}

impl Product {
    /// The file of a version for an architecture, and where to look for it.
    pub fn artifact(&self, version: &str, architecture: &str, origins: &[Origin]) -> Result<Artifact, ArtifactError> {
        let missing = || ArtifactError::UnknownVersion { product: self.title.clone(), version: version.to_owned() };
        let read = Version::parse(version).ok_or_else(missing)?;
        let near = self.near(&read);
        let release = self.release(&read).ok_or_else(missing)?;
        let fixed = release.package_name(&read);
        if release.kind == Kind::Repository {
            return Err(ArtifactError::FromRepository { product: self.title.clone(), package: fixed });
        }
        let architecture = release.architecture(architecture).map_err(|known| ArtifactError::NotForMachine {
            product: self.title.clone(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            known,
        })?;
        let mut values = vec![
            ("version", version.to_owned()),
            ("major", read.major().to_string()),
            ("series", read.series()),
            ("arch", architecture.clone()),
            ("package", fixed.clone()),
        ];
        let file = filled(&release.file, &values);
        values.push(("file", file.clone()));
        let locations = release.locations(&self.name, &file, &values, origins);
        Ok(Artifact {
            product: self.name.clone(),
            version: version.to_owned(),
            kind: release.kind,
            package: fixed,
            package_version: filled(&release.package_version, &values),
            architecture,
            class: release.class.clone(),
            checksums: strongest_first(&release.checksums),
            locations,
            upgrades_from: self.upgrades_from(&read).to_owned(),
            no_return: self.no_return.clone(),
            near,
            file,
        })
    }
}

impl Release {
    /// The Debian package of a version.
    pub fn package_name(&self, version: &Version) -> String {
        let values =
            [("version", version.to_string()), ("major", version.major().to_string()), ("series", version.series())];
        filled(&self.package, &values)
    }

    /// The architecture as dpkg writes it; a file that serves all is for `all`.
    fn architecture(&self, machine: &str) -> Result<String, String> {
        let debian = match machine {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        if self.architectures.is_empty() {
            return Ok("all".to_owned());
        }
        let known = self.architectures.iter().any(|known| known == debian);
        if known { Ok(debian.to_owned()) } else { Err(self.architectures.join(", ")) }
    }

    fn locations(&self, product: &str, file: &str, values: &[(&str, String)], origins: &[Origin]) -> Vec<Location> {
        let path = filled(&self.path, values);
        let package = values.iter().find(|(name, _)| *name == "package").map_or("", |(_, value)| value.as_str());
        let mut below = vec![path.clone(), format!("{product}/{file}"), file.to_owned()];
        if !package.is_empty() {
            below.insert(1, format!("{package}/{file}"));
        }
        let mut locations: Vec<Location> = Vec::new();
        for origin in origins {
            match origin {
                Origin::Upstream if self.upstream.is_empty() => {}
                Origin::Upstream => {
                    locations.push(Location::Url(format!("{}/{path}", filled(&self.upstream, values))));
                }
                Origin::Mirror(base) => locations.extend(below.iter().map(|at| Location::Url(format!("{base}/{at}")))),
                Origin::Folder(folder) => locations.extend(below.iter().map(|at| Location::Path(folder.join(at)))),
            }
        }
        let mut seen = Vec::new();
        locations.retain(|location| {
            let new = !seen.contains(location);
            seen.push(location.clone());
            new
        });
        locations
    }
}

/// What upstream lays beside a file, and what a mirror might.
fn strongest_first(kinds: &[String]) -> Vec<String> {
    let mut kinds = kinds.to_vec();
    for usual in ["sha256", "sha512"] {
        if !kinds.iter().any(|kind| kind == usual) {
            kinds.push(usual.into());
        }
    }
    kinds.sort_by_key(|kind| match kind.as_str() {
        "sha512" => 0,
        "sha256" => 1,
        _ => 2,
    });
    kinds
}

/// The reader has checked every name in a pattern, so that nothing can be left over.
fn filled(pattern: &str, values: &[(&str, String)]) -> String {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fill(pattern, &values).unwrap_or_else(|_| pattern.to_owned())
}
