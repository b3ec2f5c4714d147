//! The files a run sees: those of this machine, and the programme's own under `dppctl:/`.

use std::io;
use std::path::{Path, PathBuf};

use crate::content::{Content, ROOT};
use crate::files::{Disk, FileKind, Files};
use crate::secret::{Decrypt, Vault};

/// This machine's disk with the shipped files beside it, and the keys of what is encrypted there.
#[derive(Debug, Clone, Default)]
pub(super) struct Shipped {
    content: Content,
    keys: Vault,
}

impl Shipped {
    /// The files as whoever has these keys sees them.
    pub(super) fn with(keys: &Vault) -> Self {
        Self { content: Content::default(), keys: keys.clone() }
    }

    fn bytes(&self, path: &Path) -> io::Result<&'static [u8]> {
        self.content.read(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn is_ours(path: &Path) -> bool {
    path.starts_with(ROOT)
}

impl Files for Shipped {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if is_ours(path) { self.bytes(path).map(<[u8]>::to_vec) } else { Disk.read(path) }
    }

    fn head(&self, path: &Path, length: usize) -> io::Result<Vec<u8>> {
        if is_ours(path) {
            return self.bytes(path).map(|bytes| bytes[..length.min(bytes.len())].to_vec());
        }
        Disk.head(path, length)
    }

    fn kind(&self, path: &Path) -> FileKind {
        match (is_ours(path), self.content.read(path)) {
            (false, _) => Disk.kind(path),
            (true, Some(_)) => FileKind::File,
            (true, None) if self.content.is_folder(path) => FileKind::Folder,
            (true, None) => FileKind::Missing,
        }
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        if is_ours(folder) { self.content.list(folder) } else { Disk.list(folder) }
    }

    fn is_link(&self, path: &Path) -> bool {
        !is_ours(path) && Disk.is_link(path)
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        if is_ours(path) { (self.kind(path) != FileKind::Missing).then(|| path.to_owned()) } else { Disk.real(path) }
    }

    fn home(&self) -> Option<PathBuf> {
        Disk.home()
    }

    fn write_private(&self, path: &Path, content: &str) -> io::Result<()> {
        if is_ours(path) {
            return Err(io::Error::other("the programme's own files cannot be written"));
        }
        Disk.write_private(path, content)
    }

    fn keys(&self) -> &dyn Decrypt {
        &self.keys
    }
}
