//! A product: its versions, what each of them is installed from, where it lives on a host, and what it runs on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifacts::{Range, Setting, Version, reader};
use crate::source::{Problems, Source};

/// What a version is installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A .deb that is pushed.
    Deb,
    /// An archive that is unpacked on the host.
    Archive,
    /// A package of an apt repository; the host fetches it.
    Repository,
}

/// What dppctl knows of a product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The name that tasks use.
    pub name: String,
    /// The name that people use.
    pub title: String,
    /// What it stands for in other products' needs, when that is not its own name: `java`.
    pub provides: String,
    /// Versions that are known to exist, oldest first.
    pub versions: Vec<Version>,
    /// What versions are installed from; the first that holds a version counts.
    pub releases: Vec<Release>,
    /// Its systemd units by part, or its one unit under `main`.
    pub units: BTreeMap<String, String>,
    /// Whom it runs as.
    pub user: String,
    /// That user's group.
    pub group: String,
    /// Where its parts lie: `config`, `data`, `logs`, `home`.
    pub paths: BTreeMap<String, String>,
    /// The ports it listens on, by what for.
    pub ports: BTreeMap<String, u16>,
    /// The Java that versions run on; the first that holds a version counts.
    pub java: Vec<Java>,
    /// From which versions on a running one may be upgraded; nothing is said where the maker allows any.
    pub upgrades: Vec<Upgrade>,
    /// Why a newer version cannot be taken back once it has started; empty where it can.
    pub no_return: String,
    /// What versions need of other products.
    pub needs: Vec<Need>,
    /// Settings that came, went or were renamed.
    pub settings: Vec<Setting>,
}

/// What some versions are installed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Which versions.
    pub versions: Range,
    /// How.
    pub kind: Kind,
    /// Where its maker offers it, as a pattern; empty when it is not offered to the world.
    pub upstream: String,
    /// Path of the file below `upstream`, as a pattern.
    pub path: String,
    /// Name of the file, as a pattern.
    pub file: String,
    /// Architectures in the file's name; empty when one file serves all.
    pub architectures: Vec<String>,
    /// Kinds of checksum files that lie beside it, the strongest first.
    pub checksums: Vec<String>,
    /// Name of the Debian package, as a pattern.
    pub package: String,
    /// The version dpkg knows it by, as a pattern.
    pub package_version: String,
    /// An apt repository as a line of sources, with `{codename}` where the suite's name goes.
    pub repository: String,
    /// Where the repository's key is.
    pub key: String,
    /// The class that a plugin is known by.
    pub class: String,
}

/// The Java that some versions run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Java {
    /// Which versions.
    pub versions: Range,
    /// The Java they run on, when they bring none.
    pub runs_on: Option<Range>,
    /// Whether they bring their own.
    pub bundled: bool,
}

/// What some versions can be upgraded from without a step between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Which versions.
    pub versions: Range,
    /// The oldest version they understand the data of.
    pub from: String,
}

/// What some versions need of another product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which versions.
    pub versions: Range,
    /// Of which product, or of what it provides.
    pub with: String,
    /// Which of its versions go.
    pub range: Range,
    /// Whether both must have the same first number, and this product not the newer version.
    pub in_step: bool,
    /// What happens otherwise.
    pub because: String,
}

impl Product {
    /// Reads a product from the text of its file.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        reader::read(source)
    }

    /// What a version is installed from, if anything is known of such a version.
    pub fn release(&self, version: &Version) -> Option<&Release> {
        self.releases.iter().find(|release| release.versions.holds(version))
    }

    /// The Java a version runs on, if it is a matter of Java.
    pub fn java(&self, version: &Version) -> Option<&Java> {
        self.java.iter().find(|java| java.versions.holds(version))
    }

    /// The oldest version that can be upgraded to this one at once; empty when any can.
    pub fn upgrades_from(&self, version: &Version) -> &str {
        self.upgrades.iter().find(|upgrade| upgrade.versions.holds(version)).map_or("", |upgrade| &upgrade.from)
    }

    /// Up to three known versions near one that is not to be had, the nearest first.
    pub fn near(&self, version: &Version) -> Vec<String> {
        let mut near: Vec<_> = self.versions.iter().filter(|known| *known != version).collect();
        near.sort_by_key(|known| known.distance(version));
        near.iter().take(3).map(ToString::to_string).collect()
    }
}
