//! The files a run sees: those of this machine, and the programme's own under `dppctl:/`.

use std::io;
use std::path::{Path, PathBuf};

use crate::content::{Content, ROOT};
use crate::playbook::{self, OnDisk};
use crate::template::{self, Disk, FileKind};

/// This machine's disk with the shipped files beside it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shipped {
    content: Content,
}

fn is_ours(path: &Path) -> bool {
    path.starts_with(ROOT)
}

impl Shipped {
    fn bytes(&self, path: &Path) -> io::Result<&'static [u8]> {
        self.content.read(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl playbook::Files for Shipped {
    fn read(&self, path: &Path) -> io::Result<String> {
        if is_ours(path) {
            return Ok(String::from_utf8_lossy(self.bytes(path)?).into_owned());
        }
        OnDisk.read(path)
    }

    fn is_file(&self, path: &Path) -> bool {
        if is_ours(path) { self.content.read(path).is_some() } else { OnDisk.is_file(path) }
    }

    fn is_folder(&self, path: &Path) -> bool {
        if is_ours(path) { self.content.is_folder(path) } else { OnDisk.is_folder(path) }
    }
}

impl template::Files for Shipped {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if is_ours(path) { self.bytes(path).map(<[u8]>::to_vec) } else { Disk.read(path) }
    }

    fn write_private(&self, path: &Path, content: &str) -> io::Result<()> {
        if is_ours(path) {
            return Err(io::Error::other("the programme's own files cannot be written"));
        }
        Disk.write_private(path, content)
    }

    fn kind(&self, path: &Path) -> FileKind {
        match (is_ours(path), self.content.read(path)) {
            (false, _) => Disk.kind(path),
            (true, Some(_)) => FileKind::File,
            (true, None) if self.content.is_folder(path) => FileKind::Folder,
            (true, None) => FileKind::Missing,
        }
    }

    fn is_link(&self, path: &Path) -> bool {
        !is_ours(path) && Disk.is_link(path)
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        if is_ours(folder) { self.content.list(folder) } else { Disk.list(folder) }
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        if is_ours(path) { (self.kind(path) != FileKind::Missing).then(|| path.to_owned()) } else { Disk.real(path) }
    }

    fn home(&self) -> Option<PathBuf> {
        Disk.home()
    }
}
