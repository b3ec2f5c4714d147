//! What templates may learn of the world: files, the environment, the time, chance. It is handed in; this room reads
//! nothing by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The surroundings of a run.
#[derive(Clone)]
pub struct Surroundings {
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// What `lookup('env')` sees.
    pub environment: BTreeMap<String, String>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset: i32,
    /// Whence chance comes where a template names no seed of its own.
    pub seed: u64,
    /// How `lookup('url')` and `lookup('pipe')` reach out; without it they are refused.
    pub reach: Option<Arc<dyn Reach>>,
}

/// The controller's files.
pub trait Files: Send + Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What the file system says.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>>;

    /// Writes a file that only its owner may read, with its folder.
    ///
    /// # Errors
    /// What the file system says.
    fn write_private(&self, path: &Path, content: &str) -> std::io::Result<()>;

    /// What is at this path, following links.
    fn kind(&self, path: &Path) -> FileKind;

    /// Whether the path itself is a symbolic link.
    fn is_link(&self, path: &Path) -> bool;

    /// The paths in a folder, sorted.
    fn list(&self, folder: &Path) -> Vec<PathBuf>;

    /// The path with links followed, if it exists.
    fn real(&self, path: &Path) -> Option<PathBuf>;

    /// The user's home, for `~`.
    fn home(&self) -> Option<PathBuf>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Nothing.
    Missing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A device, a socket, a pipe.
    Other,
}

/// Lookups that reach out of the process.
pub trait Reach: Send + Sync {
    /// The body at a URL.
    ///
    /// # Errors
    /// Why it could not be fetched, in one line.
    fn fetch(&self, url: &str) -> Result<String, String>;

    /// What a shell command prints.
    ///
    /// # Errors
    /// Why it failed, in one line.
    fn run(&self, command: &str) -> Result<String, String>;
}

impl dyn Files {
    /// The first of these paths that can be read as text.
    pub(super) fn first(&self, candidates: impl IntoIterator<Item = PathBuf>) -> Option<(PathBuf, String)> {
        let mut candidates = candidates.into_iter().filter(|path| self.kind(path) == FileKind::File);
        let path = candidates.next()?;
        let bytes = self.read(&path).ok()?;
        Some((path, String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// The real file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write_private(&self, path: &Path, content: &str) -> std::io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(content.as_bytes())
    }

    fn kind(&self, path: &Path) -> FileKind {
        match std::fs::metadata(path) {
            Err(_) => FileKind::Missing,
            Ok(metadata) if metadata.is_file() => FileKind::File,
            Ok(metadata) if metadata.is_dir() => FileKind::Folder,
            Ok(_) => FileKind::Other,
        }
    }

    fn is_link(&self, path: &Path) -> bool {
        path.is_symlink()
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    }

    fn real(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok()
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }
}

impl Surroundings {
    /// Real files and time, this process's environment, a fresh seed; reaching out is refused.
    pub fn of_this_process() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            files: Arc::new(Disk),
            environment: std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect(),
            now: Arc::new(SystemTime::now),
            utc_offset: 0,
            seed: u64::from(since.subsec_nanos()) ^ (u64::from(std::process::id()) << 32) ^ since.as_secs(),
            reach: None,
        }
    }
}
