//! The files that are here: fetched once for all hosts and all runs, and never kept under their name unverified.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::artifacts::download::{Client, Patience, Progress, Stop};
use crate::artifacts::part::{Finished, Part};
use crate::artifacts::sums::{Promise, Sums, hash_of};
use crate::artifacts::{Artifact, ArtifactError, Location, Lockfile};

/// The cache on this machine.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    lock: Lockfile,
    client: Client,
    first_use: bool,
}

/// A file that is here and is what it was promised to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it lies.
    pub path: PathBuf,
    /// Lower-case hexadecimal SHA-256.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Where it came from.
    pub from: String,
}

/// What is known of a file in the cache; lies beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    url: String,
    sha256: String,
    size: u64,
    /// When the file was last written, so that one that somebody touched is not taken for it.
    modified: u128,
}

impl Store {
    /// A cache in a folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            lock: Lockfile::default(),
            client: Client::new(Patience::default()),
            first_use: false,
        }
    }

    /// Refuses files that differ from what is locked.
    #[must_use]
    pub fn with_lock(mut self, lock: Lockfile) -> Self {
        self.lock = lock;
        self
    }

    /// Waits and tries as long as this.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.client = Client::new(patience);
        self
    }

    /// Takes a file that nothing vouches for as it comes, for its hash to be locked.
    #[must_use]
    pub fn trusting_first_use(mut self) -> Self {
        self.first_use = true;
        self
    }

    #[cfg(test)]
    fn with_free(mut self, free: fn(&Path) -> io::Result<u64>) -> Self {
        self.client = self.client.with_free(free);
        self
    }

    /// The file, from the first of its places that has it; `progress` hears how many bytes are here, and of how many.
    pub fn fetch(&self, artifact: &Artifact, progress: Progress) -> Result<Fetched, ArtifactError> {
        let (mut tried, mut silent) = (Vec::new(), Vec::new());
        let mut last = None;
        for location in &artifact.locations {
            if silent.contains(&host(location)) {
                continue;
            }
            let fetched = match location {
                Location::Path(path) => self.local(artifact, path, progress),
                Location::Url(url) => self.remote(artifact, location, url, progress),
            };
            match fetched {
                Ok(fetched) => return Ok(fetched),
                Err(Stop::Fatal(error)) => return Err(error),
                Err(Stop::Absent(answer)) => tried.push((location.to_string(), answer)),
                Err(Stop::Broken(cause)) => {
                    silent.push(host(location));
                    tried.push((location.to_string(), cause.clone()));
                    last = Some(cause);
                }
            }
        }
        let file = artifact.file.clone();
        Err(match last {
            Some(cause) => ArtifactError::Unreachable { file, cause, tried },
            None if tried.is_empty() => ArtifactError::NoSource { file },
            None => ArtifactError::Missing { file, tried, near: artifact.near.clone() },
        })
    }

    /// What an interface on a server answers.
    pub fn ask(&self, url: &str) -> Result<String, ArtifactError> {
        let (file, at) = (url.to_owned(), Location::Url(url.to_owned()).to_string());
        self.client.answer(url).map_err(|stop| match stop {
            Stop::Fatal(error) => error,
            Stop::Absent(answer) => ArtifactError::Missing { file, tried: vec![(at, answer)], near: Vec::new() },
            Stop::Broken(cause) => ArtifactError::Unreachable { file, tried: vec![(at, cause.clone())], cause },
        })
    }

    /// Whether a file is here already, from one of its places.
    pub fn has(&self, artifact: &Artifact) -> bool {
        artifact.locations.iter().any(|location| match location {
            Location::Path(path) => path.exists(),
            Location::Url(url) => self.kept(artifact, &self.name(artifact), url).is_some(),
        })
    }

    fn name(&self, artifact: &Artifact) -> PathBuf {
        self.folder.join(&artifact.product).join(&artifact.version).join(&artifact.file)
    }

    /// A file of this machine is used where it lies.
    fn local(&self, artifact: &Artifact, path: &Path, progress: Progress) -> Result<Fetched, Stop> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Stop::Absent("no such file".into())),
            Err(error) => return Err(ArtifactError::local("read", path)(error).into()),
        };
        let promises = self.locked(artifact).map_or_else(|| beside(artifact, path), |locked| Ok(vec![locked]))?;
        let total = file.metadata().map_err(ArtifactError::local("read", path))?.len();
        let (mut sums, mut size, mut piece) = (Sums::new(&promises), 0, vec![0; 128 << 10]);
        loop {
            match file.read(&mut piece).map_err(ArtifactError::local("read", path))? {
                0 => break,
                count => {
                    sums.add(&piece[..count]);
                    size += count as u64;
                    progress(size, Some(total));
                }
            }
        }
        let (sha256, broken) = sums.finish(&promises);
        if let Some(broken) = broken {
            return Err(wrong(artifact, path.display().to_string(), broken).into());
        }
        Ok(Fetched { path: path.to_owned(), sha256, size, from: path.display().to_string() })
    }

    fn remote(&self, artifact: &Artifact, at: &Location, url: &str, progress: Progress) -> Result<Fetched, Stop> {
        let name = self.name(artifact);
        if let Some(fetched) = self.kept(artifact, &name, url) {
            return Ok(fetched);
        }
        let folder = name.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(ArtifactError::local("write", folder))?;
        let _alone = alone(&name, progress)?;
        if let Some(fetched) = self.kept(artifact, &name, url) {
            return Ok(fetched);
        }
        let promises = self.promises(artifact, at, url)?;
        let finished = self.download(artifact, at, url, &promises, &name, progress)?;
        keep_record(&name, url, &finished).map_err(ArtifactError::local("write", &name))?;
        Ok(Fetched { path: name, sha256: finished.sha256, size: finished.size, from: at.to_string() })
    }

    /// What is in the cache from this very place, if it is what is locked.
    fn kept(&self, artifact: &Artifact, name: &Path, url: &str) -> Option<Fetched> {
        let record: Record = serde_json::from_slice(&fs::read(record_of(name)).ok()?).ok()?;
        let metadata = fs::metadata(name).ok()?;
        let untouched = record.size == metadata.len() && record.modified == modified(&metadata);
        let as_locked = self.lock.find(artifact).is_none_or(|locked| locked.sha256 == record.sha256);
        (record.url == url && untouched && as_locked).then(|| Fetched {
            path: name.to_owned(),
            sha256: record.sha256,
            size: record.size,
            from: Location::Url(record.url).to_string(),
        })
    }

    /// A download that was put together from pieces and is wrong may be two files mixed: it is fetched once more.
    fn download(
        &self,
        artifact: &Artifact,
        at: &Location,
        url: &str,
        promises: &[Promise],
        name: &Path,
        progress: Progress,
    ) -> Result<Finished, Stop> {
        let path = name.with_added_extension("part");
        let folder = name.parent().unwrap_or(name);
        loop {
            let mut part = Part::open(&path, url, promises).map_err(ArtifactError::local("write", &path))?;
            self.client.fill(url, &mut part, folder, progress)?;
            let pieced = part.is_pieced();
            match part.finish(name).map_err(ArtifactError::local("write", name))? {
                Ok(finished) => return Ok(finished),
                Err(_) if pieced => {}
                Err(broken) => return Err(wrong(artifact, at.to_string(), broken).into()),
            }
        }
    }

    /// What the file must be: as it is locked, else as the checksum file beside it says.
    fn promises(&self, artifact: &Artifact, at: &Location, url: &str) -> Result<Vec<Promise>, Stop> {
        if let Some(locked) = self.locked(artifact) {
            return Ok(vec![locked]);
        }
        for algorithm in &artifact.checksums {
            let text = match self.client.sums(&format!("{url}.{algorithm}")) {
                Ok(text) => text,
                Err(Stop::Absent(_)) => continue,
                Err(stop) => return Err(stop),
            };
            if let Some(hash) = hash_of(&artifact.file, algorithm, &text) {
                let said = format!("{at}.{algorithm}");
                return Ok(vec![Promise { algorithm: algorithm.clone(), hash, said }]);
            }
        }
        self.client.look(url)?;
        if self.first_use { Ok(Vec::new()) } else { Err(unvouched(artifact, at).into()) }
    }

    fn locked(&self, artifact: &Artifact) -> Option<Promise> {
        let locked = self.lock.find(artifact)?;
        let said = format!("packages.lock, from {}", locked.source);
        Some(Promise { algorithm: "sha256".into(), hash: locked.sha256.clone(), said })
    }
}

/// What a checksum file of this machine says; a folder needs none, for it is the operator's own.
fn beside(artifact: &Artifact, path: &Path) -> Result<Vec<Promise>, ArtifactError> {
    for algorithm in &artifact.checksums {
        let sums = path.with_added_extension(algorithm);
        let text = match fs::read_to_string(&sums) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ArtifactError::local("read", sums)(error)),
        };
        if let Some(hash) = hash_of(&artifact.file, algorithm, &text) {
            let said = sums.display().to_string();
            return Ok(vec![Promise { algorithm: algorithm.clone(), hash, said }]);
        }
    }
    Ok(Vec::new())
}

/// Waits until nobody else fetches this file, and shows how far they are.
fn alone(name: &Path, progress: Progress) -> Result<File, ArtifactError> {
    let path = name.with_added_extension("lock");
    let file = File::create(&path).map_err(ArtifactError::local("lock", &path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(ArtifactError::local("lock", path)(error)),
            Err(TryLockError::WouldBlock) => {
                let here = fs::metadata(name.with_added_extension("part")).map_or(0, |metadata| metadata.len());
                progress(here, None);
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn keep_record(name: &Path, url: &str, finished: &Finished) -> io::Result<()> {
    let record = Record {
        url: url.to_owned(),
        sha256: finished.sha256.clone(),
        size: finished.size,
        modified: modified(&fs::metadata(name)?),
    };
    fs::write(record_of(name), serde_json::to_vec(&record)?)
}

fn record_of(name: &Path) -> PathBuf {
    name.with_added_extension("record")
}

fn modified(metadata: &fs::Metadata) -> u128 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos())
}

fn wrong(artifact: &Artifact, from: String, (promise, found): (Promise, String)) -> ArtifactError {
    ArtifactError::Checksum {
        file: artifact.file.clone(),
        from,
        algorithm: promise.algorithm,
        found,
        wanted: promise.hash,
        said: promise.said,
    }
}

fn unvouched(artifact: &Artifact, at: &Location) -> ArtifactError {
    ArtifactError::Unvouched {
        file: artifact.file.clone(),
        from: at.to_string(),
        product: artifact.product.clone(),
        version: artifact.version.clone(),
    }
}

/// The server of a place; a folder has none.
fn host(location: &Location) -> Option<&str> {
    match location {
        Location::Url(url) => url.split('/').nth(2),
        Location::Path(_) => None,
    }
}

#[cfg(test)]
mod tests;
