//! What is installed: dpkg's status file, read once and kept until dpkg writes a new one.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dpp_protocol::Failure;

use crate::packages::dpkg::stanza::Stanza;

/// Where dpkg keeps what it knows.
pub const ADMIN: &str = "/var/lib/dpkg";

/// One package as dpkg knows it, installed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name, without an architecture.
    pub name: String,
    /// Its version; empty when only its selection is known.
    pub version: String,
    /// Its architecture: `amd64`, `all`.
    pub architecture: String,
    /// What the administrator wants of it: `install`, `hold`, `deinstall`, `purge`.
    pub selection: String,
    /// How far it came: `installed`, `half-configured`, `config-files` …
    pub state: String,
    /// True when dpkg itself says that only unpacking it once more helps.
    pub reinstall: bool,
    /// Names that it provides beside its own.
    pub provides: Vec<String>,
    /// Its configuration files, with the MD5 sum they were shipped with.
    pub conffiles: Vec<(String, String)>,
}

impl Package {
    /// Unpacked and configured; triggers that still wait do not count against it.
    pub fn is_installed(&self) -> bool {
        matches!(self.state.as_str(), "installed" | "triggers-pending" | "triggers-awaited") && !self.reinstall
    }

    /// Left in the middle of an installation or removal.
    pub fn is_broken(&self) -> bool {
        matches!(self.state.as_str(), "half-installed" | "half-configured" | "unpacked") || self.reinstall
    }

    /// Left in the middle of being unpacked: there is nothing to configure, and apt takes it for installed.
    pub fn is_half_unpacked(&self) -> bool {
        self.state == "half-installed" || self.reinstall
    }

    /// Kept from being upgraded.
    pub fn is_held(&self) -> bool {
        self.selection == "hold"
    }
}

/// Everything in the status file, by name; a name has several packages where architectures are mixed.
#[derive(Debug, Default)]
pub struct Installed {
    by_name: HashMap<String, Vec<Package>>,
    /// True when dpkg was stopped before it could write the status file anew.
    pub interrupted: bool,
}

impl Installed {
    /// Reads the status file, or returns what was read of it before when it is still the same.
    pub fn read() -> Result<Arc<Self>, Failure> {
        static KEPT: Mutex<Option<(Stamp, Arc<Installed>)>> = Mutex::new(None);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let path = Path::new(ADMIN).join("status");
        read_again(&path, kept.as_ref())
            .map(|(stamp, installed)| {
                *kept = Some((stamp, Arc::clone(&installed)));
                installed
            })
            .map_err(|error| {
                Failure::new(format!("cannot read {}: {error}", path.display()))
                    .code("DPP0608")
                    .help("only Debian and its derivatives have dpkg; check the host in the inventory")
            })
    }

    /// Reads the text of a status file.
    pub fn parse(text: &str) -> Self {
        let mut installed = Self::default();
        for package in Stanza::all(text).filter_map(package) {
            installed.by_name.entry(package.name.clone()).or_default().push(package);
        }
        installed
    }

    /// The package of this name (`libc6`, `libc6:amd64`), the installed one where there are several.
    pub fn find(&self, name: &str) -> Option<&Package> {
        let (name, architecture) = name.split_once(':').unwrap_or((name, ""));
        let all = self.by_name.get(name)?;
        let mut fitting = all.iter().filter(|package| architecture.is_empty() || package.architecture == architecture);
        let first = fitting.clone().next();
        fitting.find(|package| package.is_installed()).or(first)
    }

    /// The installed package of this name.
    pub fn installed(&self, name: &str) -> Option<&Package> {
        self.find(name).filter(|package| package.is_installed())
    }

    /// An installed package that provides this virtual name.
    pub fn provider(&self, name: &str) -> Option<&Package> {
        self.all().find(|package| package.is_installed() && package.provides.iter().any(|provided| provided == name))
    }

    /// All packages, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Package> {
        self.by_name.values().flatten()
    }

    /// Names of packages that are installed in another version than before, or are no longer, or were not; sorted.
    pub fn differing(&self, before: &Self) -> Vec<String> {
        let version = |of: &Self, name: &str| of.installed(name).map(|package| package.version.clone());
        let names: BTreeSet<&String> = self.by_name.keys().chain(before.by_name.keys()).collect();
        names.into_iter().filter(|name| version(self, name) != version(before, name)).cloned().collect()
    }

    /// Packages that were left in the middle, sorted by name.
    pub fn broken(&self) -> Vec<&Package> {
        let mut broken: Vec<_> = self.all().filter(|package| package.is_broken()).collect();
        broken.sort_by(|left, right| left.name.cmp(&right.name));
        broken
    }
}

/// What tells two states of dpkg's database apart without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    updates: usize,
}

impl Stamp {
    fn of(status: &Metadata, updates: &Path) -> Self {
        let numbered = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let updates = fs::read_dir(updates).map_or(0, |entries| {
            entries.flatten().filter(|entry| numbered(&entry.file_name().to_string_lossy())).count()
        });
        Self { inode: status.ino(), size: status.size(), modified: (status.mtime(), status.mtime_nsec()), updates }
    }
}

fn read_again(path: &Path, kept: Option<&(Stamp, Arc<Installed>)>) -> io::Result<(Stamp, Arc<Installed>)> {
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?, &path.with_file_name("updates"));
    if let Some((of, installed)) = kept
        && *of == stamp
    {
        return Ok((stamp, Arc::clone(installed)));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut installed = Installed::parse(&String::from_utf8_lossy(&bytes));
    installed.interrupted = stamp.updates > 0;
    Ok((stamp, Arc::new(installed)))
}

/// In one pass, with a look at the first letter: the file has some ten thousand lines, and six fields of them count.
fn package(stanza: Stanza) -> Option<Package> {
    let mut package = Package::default();
    let mut status = "";
    let mut is_conffiles = false;
    for line in stanza.lines() {
        match line.as_bytes().first() {
            Some(b' ' | b'\t') if is_conffiles => package.conffiles.extend(conffile(line)),
            Some(b'P' | b'S' | b'V' | b'A' | b'C') => {
                let Some((field, value)) = line.split_once(':') else { continue };
                let value = value.trim();
                is_conffiles = field == "Conffiles";
                match field {
                    "Package" => value.clone_into(&mut package.name),
                    "Status" => status = value,
                    "Version" => value.clone_into(&mut package.version),
                    "Architecture" => value.clone_into(&mut package.architecture),
                    "Provides" => package.provides = provided(value),
                    _ => {}
                }
            }
            Some(b' ' | b'\t') | None => {}
            Some(_) => is_conffiles = false,
        }
    }
    let mut words = status.split_whitespace();
    let (selection, flag, state) = (words.next()?, words.next()?, words.next()?);
    selection.clone_into(&mut package.selection);
    state.clone_into(&mut package.state);
    package.reinstall = flag == "reinstreq";
    (!package.name.is_empty()).then_some(package)
}

fn provided(list: &str) -> Vec<String> {
    list.split(',').filter_map(|name| Some(name.split_whitespace().next()?.to_owned())).collect()
}

fn conffile(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (path, sum) = (words.next()?, words.next()?);
    let gone = words.any(|word| word == "obsolete" || word == "remove-on-upgrade");
    (!gone).then(|| (path.to_owned(), sum.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = include_str!("fixtures/status");

    #[test]
    fn what_is_installed_is_told_from_what_left_its_configuration() {
        let installed = Installed::parse(STATUS);
        assert_eq!(installed.installed("elasticsearch").unwrap().version, "5.6.2");
        assert!(installed.installed("apache2").is_none());
        assert_eq!(installed.find("apache2").unwrap().state, "config-files");
        assert!(installed.find("nano").is_none());
    }

    #[test]
    fn a_held_package_is_installed_and_held() {
        assert!(Installed::parse(STATUS).installed("elasticsearch").unwrap().is_held());
    }

    #[test]
    fn a_package_is_found_by_architecture_and_by_what_it_provides() {
        let installed = Installed::parse(STATUS);
        assert_eq!(installed.find("libc6:i386").unwrap().version, "2.36-9+deb12u9");
        assert_eq!(installed.find("libc6:amd64").unwrap().version, "2.36-9+deb12u10");
        assert_eq!(installed.provider("java8-runtime-headless").unwrap().name, "openjdk-17-jre-headless");
        assert!(installed.provider("mail-transport-agent").is_none());
    }

    #[test]
    fn packages_left_in_the_middle_are_named() {
        let installed = Installed::parse(STATUS);
        let broken: Vec<_> = installed.broken().iter().map(|package| package.name.as_str()).collect();
        assert_eq!(broken, ["logstash"]);
    }

    #[test]
    fn conffiles_come_with_their_sums_and_obsolete_ones_are_left_out() {
        let installed = Installed::parse(STATUS);
        assert_eq!(
            installed.find("elasticsearch").unwrap().conffiles,
            [
                ("/etc/elasticsearch/elasticsearch.yml".into(), "1f8ac0c1d4a1aa0f7f0ba4e0e7d5c2bb".to_owned()),
                ("/etc/default/elasticsearch".into(), "2e3f7c2b8f2c6a3ee0a1ad23b2a7a111".to_owned()),
            ]
        );
    }

    #[test]
    fn the_file_of_this_host_is_read_once() {
        if Path::new(ADMIN).join("status").exists() {
            assert!(Arc::ptr_eq(&Installed::read().unwrap(), &Installed::read().unwrap()));
        }
    }
}
