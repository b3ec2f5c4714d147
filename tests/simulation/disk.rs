//! The disk of a simulated host: a folder that says what is there, and beside it what would be there after a loss of power.
//!
//! It promises what POSIX does and nothing more: the bytes of a file are on it once the file was synced, a name once its folder
//! was. Whatever else is lost or not by chance, file by file and folder by folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use libc::ENOSPC;

use crate::chance::Chance;
use crate::process::Verdict;

/// What lies below a folder, by its path from there: the mode, and the bytes of a file.
pub(crate) type Tree = BTreeMap<PathBuf, (u32, Option<Vec<u8>>)>;

/// A name in a folder.
#[derive(Debug, Clone)]
struct Named {
    inode: u64,
    is_folder: bool,
    mode: u32,
}

/// A disk.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, Named>>,
    files: BTreeMap<u64, Vec<u8>>,
    /// Bytes that it still has room for; as many as anybody wants where none are told.
    pub(crate) room: Option<usize>,
}

impl Disk {
    /// What lies there now is on it.
    pub(crate) fn at(root: &Path) -> Self {
        let (folders, files) = (BTreeMap::new(), BTreeMap::new());
        let mut this = Self { root: root.to_owned(), folders, files, room: None };
        this.keep_all(root);
        this
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room == Some(0)
    }

    /// What becomes of so many bytes.
    pub(crate) fn take_room(&mut self, bytes: usize) -> Verdict {
        match self.room {
            Some(0) if bytes > 0 => Verdict::Fail(ENOSPC),
            Some(room) if room < bytes => {
                self.room = Some(0);
                Verdict::Only(room)
            }
            Some(room) => {
                self.room = Some(room - bytes);
                Verdict::Pass
            }
            None => Verdict::Pass,
        }
    }

    /// A file or folder was synced.
    pub(crate) fn synced(&mut self, path: &Path) {
        let (Ok(found), Ok(named)) = (fs::metadata(path), fs::canonicalize(path)) else { return };
        if found.is_dir() {
            self.folders.insert(named.clone(), names(&named));
        } else if let Ok(bytes) = fs::read(path) {
            self.files.insert(found.ino(), bytes);
        }
    }

    fn keep_all(&mut self, folder: &Path) {
        let named = names(folder);
        for (name, named) in &named {
            let path = folder.join(name);
            if named.is_folder {
                self.keep_all(&path);
            } else {
                self.files.insert(named.inode, fs::read(&path).expect("what is named is there"));
            }
        }
        self.folders.insert(folder.to_owned(), named);
    }

    /// The power fails: what was not synced is there or is not, as it happens.
    pub(crate) fn lose_power(&mut self, chance: &mut Chance) {
        let survivors = self.survivors(&self.root.clone(), chance);
        fs::remove_dir_all(&self.root).expect("the simulation's own folder can be removed");
        fs::create_dir(&self.root).expect("the simulation's own folder can be made");
        for (path, (mode, bytes)) in &survivors {
            match bytes {
                Some(bytes) => fs::write(path, bytes),
                None => fs::create_dir(path),
            }
            .expect("what was there once can be made again");
            fs::set_permissions(path, Permissions::from_mode(*mode)).expect("its mode can be set");
        }
        let room = self.room;
        *self = Self { room, ..Self::at(&self.root) };
    }

    fn survivors(&self, folder: &Path, chance: &mut Chance) -> Tree {
        let now = names(folder);
        let kept = self.folders.get(folder).cloned().unwrap_or_default();
        let named = if chance.one_in(2) { now } else { kept };
        let mut survivors = Tree::new();
        for (name, named) in named {
            let path = folder.join(name);
            if named.is_folder {
                survivors.insert(path.clone(), (named.mode, None));
                survivors.extend(self.survivors(&path, chance));
            } else {
                let (mode, bytes) = (named.mode, self.surviving_bytes(&path, &named, chance));
                survivors.insert(path, (mode, Some(bytes)));
            }
        }
        survivors
    }

    fn surviving_bytes(&self, path: &Path, named: &Named, chance: &mut Chance) -> Vec<u8> {
        let is_still_there = fs::metadata(path).is_ok_and(|found| found.ino() == named.inode);
        let now = is_still_there.then(|| fs::read(path).unwrap_or_default());
        let kept = self.files.get(&named.inode).cloned().unwrap_or_default();
        match now {
            Some(now) if now.starts_with(&kept) => {
                // Of what was appended some may have come that far.
                let more = chance.below(now.len() - kept.len() + 1);
                now[..kept.len() + more].to_vec()
            }
            Some(now) if chance.one_in(2) => now,
            _ => kept,
        }
    }
}

fn names(folder: &Path) -> BTreeMap<OsString, Named> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| {
        let found = entry.metadata().ok()?;
        let mode = found.mode() & 0o7777;
        Some((entry.file_name(), Named { inode: found.ino(), is_folder: found.is_dir(), mode }))
    });
    named.collect()
}

/// All that lies below a folder.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut seen = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for (name, named) in names(&folder) {
            let path = folder.join(name);
            let below = path.strip_prefix(root).unwrap_or(&path).to_owned();
            let bytes = (!named.is_folder).then(|| fs::read(&path).unwrap_or_default());
            seen.insert(below, (named.mode, bytes));
            if named.is_folder {
                folders.push(path);
            }
        }
    }
    seen
}
