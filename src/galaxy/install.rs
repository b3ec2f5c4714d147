//! Brings roles into the project: looks whether that is allowed, fetches, unpacks beside, puts into place, locks.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use crate::artifacts::{Artifact, Kind, Location, Store};
use crate::galaxy::git::Clone;
use crate::galaxy::requirements::dependencies;
use crate::galaxy::server::Server;
use crate::galaxy::unpack::{Parcel, Unpacked};
use crate::galaxy::{GalaxyError, LockedRole, RoleSource, RolesLock, Wanted, tree};

/// What came of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// It was there as it is wanted.
    Kept(String),
    /// It is there now, in this version.
    Fresh(String),
    /// Another version was there before.
    Replaced {
        /// The version that was there.
        old: String,
        /// The version that is there now.
        new: String,
    },
}

/// What installs roles.
pub struct Installer<'a> {
    /// The folder of roles.
    pub folder: &'a Path,
    /// Where the lock lies.
    pub lock_file: &'a Path,
    /// The Galaxy.
    pub server: &'a str,
    /// How files are downloaded, and how patiently.
    pub store: &'a dyn Fn(&Path) -> Store,
    /// Replaces what was edited, or put there by somebody else.
    pub force: bool,
    /// Resolves versions anew instead of taking the locked ones.
    pub upgrade: bool,
    /// Leaves dependencies of roles alone.
    pub no_dependencies: bool,
}

/// A role that came, before it is put into place.
struct Arrival {
    files: Unpacked,
    locked: LockedRole,
}

impl Installer<'_> {
    /// Installs all of these with their dependencies; `tell` hears of each. What may not be replaced refuses all of them
    /// before anything is fetched.
    pub fn install(
        &self,
        wanted: &[Wanted],
        tell: &mut dyn FnMut(&Wanted, &Installed),
    ) -> Result<usize, Vec<GalaxyError>> {
        let mut lock = RolesLock::read(self.lock_file).map_err(|error| vec![error])?;
        let refused: Vec<GalaxyError> = wanted.iter().filter_map(|role| self.allow(role, &lock).err()).collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let mut queue: VecDeque<Wanted> = wanted.iter().cloned().collect();
        let mut done: Vec<String> = Vec::new();
        while let Some(role) = queue.pop_front() {
            if done.contains(&role.name) {
                continue;
            }
            let came = self.one(&role, &mut lock).map_err(|error| vec![error])?;
            tell(&role, &came);
            queue.extend(self.dependencies(&role, &lock, wanted));
            done.push(role.name);
        }
        Ok(done.len())
    }

    /// Whether the place of a role may be written to: it is empty, or holds what was installed and nothing else.
    fn allow(&self, role: &Wanted, lock: &RolesLock) -> Result<(), GalaxyError> {
        let path = self.folder.join(&role.name);
        if self.force || fs::symlink_metadata(&path).is_err() {
            return Ok(());
        }
        let Some(locked) = lock.find(&role.name) else { return Err(GalaxyError::Foreign { path }) };
        let found = tree(&path).map_err(GalaxyError::local("read", &path))?;
        if found == locked.tree { Ok(()) } else { Err(GalaxyError::Edited { path }) }
    }

    fn one(&self, role: &Wanted, lock: &mut RolesLock) -> Result<Installed, GalaxyError> {
        self.allow(role, lock)?;
        let path = self.folder.join(&role.name);
        let known = lock.find(&role.name).cloned();
        let pinned = known.as_ref().filter(|known| known.answers(role) && !self.upgrade);
        if let Some(pinned) = pinned
            && tree(&path).is_ok_and(|found| found == pinned.tree)
        {
            return Ok(Installed::Kept(pinned.version.clone()));
        }
        let is_here = path.exists();
        let Arrival { files, mut locked } = self.fetch(role, pinned)?;
        locked.tree = self.place(&files, &path)?;
        let (new, old) = (locked.version.clone(), known.filter(|_| is_here));
        let is_same = old.as_ref() == Some(&locked);
        lock.keep(locked);
        lock.write(self.lock_file)?;
        Ok(match old {
            Some(_) if is_same => Installed::Kept(new),
            Some(old) => Installed::Replaced { old: old.version, new },
            None => Installed::Fresh(new),
        })
    }

    /// Roles that a role needs and nobody has yet.
    fn dependencies(&self, role: &Wanted, lock: &RolesLock, wanted: &[Wanted]) -> Vec<Wanted> {
        if self.no_dependencies {
            return Vec::new();
        }
        let folder = self.folder.join(&role.name);
        let found = ["meta/main.yml", "meta/main.yaml"].map(|name| folder.join(name));
        let Some(meta) = found.iter().find(|path| path.is_file()) else { return Vec::new() };
        let is_new = |needed: &Wanted| {
            let is_there = self.folder.join(&needed.name).exists() && lock.find(&needed.name).is_none();
            !is_there && wanted.iter().all(|role| role.name != needed.name)
        };
        dependencies(meta, &folder).into_iter().filter(is_new).collect()
    }

    fn fetch(&self, role: &Wanted, pinned: Option<&LockedRole>) -> Result<Arrival, GalaxyError> {
        let aside = tempfile::tempdir().map_err(GalaxyError::local("write", &std::env::temp_dir()))?;
        match &role.source {
            RoleSource::Git(url) => of_git(role, url, pinned, &aside.path().join("clone")),
            RoleSource::Url(url) => self.of_archive(role, Location::Url(url.clone()), None, pinned, aside.path()),
            RoleSource::File(path) => self.of_archive(role, Location::Path(path.clone()), None, pinned, aside.path()),
            RoleSource::Galaxy(name) => self.of_galaxy(role, name, pinned, aside.path()),
        }
    }

    fn of_galaxy(
        &self,
        role: &Wanted,
        name: &str,
        pinned: Option<&LockedRole>,
        aside: &Path,
    ) -> Result<Arrival, GalaxyError> {
        if let Some(pinned) = pinned {
            let within = Some(pinned.within.as_str()).filter(|within| !within.is_empty());
            let mut arrival = self.of_archive(role, Location::Url(pinned.url.clone()), within, Some(pinned), aside)?;
            arrival.locked = LockedRole { tree: String::new(), ..pinned.clone() };
            return Ok(arrival);
        }
        let store = (self.store)(&aside.join("store"));
        let offer = Server { url: self.server, store: &store, role: name }.offer(role.version.as_deref())?;
        let at = Location::Url(offer.url.clone());
        let mut arrival = self.of_archive(role, at, offer.within.as_deref(), None, aside)?;
        if let Some(wanted) = offer.sha256.filter(|wanted| *wanted != arrival.locked.sha256) {
            let (role, from, found) = (role.name.clone(), offer.url, arrival.locked.sha256);
            return Err(GalaxyError::Promised { role, from, found, wanted });
        }
        arrival.locked.version = offer.version;
        arrival.locked.url = offer.url;
        arrival.locked.within = offer.within.unwrap_or_default();
        Ok(arrival)
    }

    fn of_archive(
        &self,
        role: &Wanted,
        at: Location,
        within: Option<&str>,
        pinned: Option<&LockedRole>,
        aside: &Path,
    ) -> Result<Arrival, GalaxyError> {
        let from = at.to_string();
        let artifact = Artifact { locations: vec![at], ..Artifact::of_file(Path::new("role.tar"), Kind::Archive) };
        let store = (self.store)(&aside.join("archive")).trusting_first_use();
        let fetched = store.fetch(&artifact, &mut |_, _| {});
        let fetched = fetched.map_err(|error| GalaxyError::download(&role.name, &from, &error))?;
        if let Some(pinned) = pinned.filter(|pinned| pinned.sha256 != fetched.sha256) {
            let (role, wanted) = (role.name.clone(), pinned.sha256.clone());
            return Err(GalaxyError::Changed { role, from, found: fetched.sha256, wanted });
        }
        let bytes = fs::read(&fetched.path).map_err(GalaxyError::local("read", &fetched.path))?;
        let files = Parcel { role: &role.name, from: &from, within }.unpacked(&bytes)?;
        let version = role.version.clone().unwrap_or_else(|| fetched.sha256[..12].to_owned());
        Ok(Arrival { files, locked: LockedRole { sha256: fetched.sha256, ..entry(role, version) } })
    }

    /// Puts a role into its place in one step; returns the hash of its files.
    fn place(&self, files: &Unpacked, path: &Path) -> Result<String, GalaxyError> {
        fs::create_dir_all(self.folder).map_err(GalaxyError::local("write", self.folder))?;
        let aside = tempfile::Builder::new().prefix(".dppctl-").tempdir_in(self.folder);
        let aside = aside.map_err(GalaxyError::local("write", self.folder))?;
        let (new, old) = (aside.path().join("new"), aside.path().join("old"));
        fs::create_dir(&new).and_then(|()| files.write(&new)).map_err(GalaxyError::local("write", path))?;
        let hash = tree(&new).map_err(GalaxyError::local("read", path))?;
        let is_here = fs::symlink_metadata(path).is_ok();
        if is_here {
            fs::rename(path, &old).map_err(GalaxyError::local("replace", path))?;
        }
        if let Err(error) = fs::rename(&new, path) {
            // Better the old one than none.
            let _ = is_here.then(|| fs::rename(&old, path));
            return Err(GalaxyError::local("replace", path)(error));
        }
        Ok(hash)
    }
}

fn of_git(role: &Wanted, url: &str, pinned: Option<&LockedRole>, folder: &Path) -> Result<Arrival, GalaxyError> {
    let clone = Clone::of(&role.name, url, folder)?;
    let commit = match pinned {
        Some(pinned) => clone.commit(Some(&pinned.commit))?,
        None => clone.commit(role.version.as_deref())?,
    };
    let archive = clone.archive(&commit)?;
    let from = role.source.to_string();
    let files = Parcel { role: &role.name, from: &from, within: None }.unpacked(&archive)?;
    let version = role.version.clone().unwrap_or_else(|| commit[..commit.len().min(12)].to_owned());
    Ok(Arrival { files, locked: LockedRole { commit, ..entry(role, version) } })
}

/// An entry of the lock with what is known of every role.
fn entry(role: &Wanted, version: String) -> LockedRole {
    LockedRole {
        name: role.name.clone(),
        source: role.source.to_string(),
        wanted: role.version.clone().unwrap_or_default(),
        version,
        url: String::new(),
        within: String::new(),
        commit: String::new(),
        sha256: String::new(),
        tree: String::new(),
    }
}

/// How a role is where it lies, beside what is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it was installed.
    Whole,
    /// Somebody changed it.
    Edited,
    /// It is locked, and not there.
    Missing,
}

impl LockedRole {
    /// How it lies in a folder of roles.
    pub fn state(&self, folder: &Path) -> State {
        let path: PathBuf = folder.join(&self.name);
        match tree(&path) {
            Ok(found) if found == self.tree => State::Whole,
            _ if path.exists() => State::Edited,
            _ => State::Missing,
        }
    }
}
