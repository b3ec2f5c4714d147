//! The part of a download that is here already, and what is needed to go on with it after a cut or in another run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::artifacts::sums::{Promise, Sums};

/// A file that grows until it is whole.
pub(super) struct Part<'a> {
    path: PathBuf,
    file: File,
    promises: &'a [Promise],
    sums: Sums,
    length: u64,
    origin: OriginOfPart,
    /// Whether its bytes come from more than one answer of the server.
    pieced: bool,
}

/// Whose bytes they are; kept beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OriginOfPart {
    url: String,
    /// What `If-Range` asks for: the file's strong `ETag`, else its date.
    validator: String,
}

impl<'a> Part<'a> {
    /// Opens what an earlier run has left of this URL, or begins anew.
    pub(super) fn open(path: &Path, url: &str, promises: &'a [Promise]) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let kept: OriginOfPart =
            fs::read(beside(path)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let mut part = Self {
            path: path.to_owned(),
            file,
            promises,
            sums: Sums::new(promises),
            length: 0,
            origin: OriginOfPart { url: url.to_owned(), validator: kept.validator },
            pieced: false,
        };
        if kept.url == url && !part.origin.validator.is_empty() {
            part.take_up()?;
        } else {
            part.restart()?;
        }
        Ok(part)
    }

    /// Bytes that are here.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What `If-Range` asks for; none when nothing could be gone on with.
    pub(super) fn validator(&self) -> Option<&str> {
        (self.length > 0 && !self.origin.validator.is_empty()).then_some(self.origin.validator.as_str())
    }

    /// Whether it was put together from several answers.
    pub(super) fn is_pieced(&self) -> bool {
        self.pieced
    }

    /// Throws away what is here.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.sums = Sums::new(self.promises);
        (self.length, self.pieced) = (0, false);
        Ok(())
    }

    /// Learns what the server calls the file as it is now.
    pub(super) fn validated_by(&mut self, validator: &str) -> io::Result<()> {
        validator.clone_into(&mut self.origin.validator);
        fs::write(beside(&self.path), serde_json::to_vec(&self.origin)?)
    }

    /// Further bytes follow out of a new answer.
    pub(super) fn goes_on(&mut self) {
        self.pieced = true;
    }

    /// Takes in the next bytes.
    pub(super) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)?;
        self.sums.add(piece);
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Brings it to disk and gives it its name; else the first promise that it breaks, and what it is in truth.
    pub(super) fn finish(self, name: &Path) -> io::Result<Result<Finished, (Promise, String)>> {
        let (sha256, broken) = self.sums.finish(self.promises);
        if let Some(broken) = broken {
            forget(&self.path)?;
            return Ok(Err(broken));
        }
        self.file.sync_all()?;
        fs::rename(&self.path, name)?;
        forget(&self.path)?;
        Ok(Ok(Finished { sha256, size: self.length }))
    }

    /// Reads what an earlier run has left, for the sums.
    fn take_up(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 128 << 10];
        loop {
            match self.file.read(&mut piece)? {
                0 => break,
                count => {
                    self.sums.add(&piece[..count]);
                    self.length += count as u64;
                }
            }
        }
        self.pieced = self.length > 0;
        Ok(())
    }
}

/// A file that is whole and keeps every promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finished {
    pub sha256: String,
    pub size: u64,
}

fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("from")
}

fn forget(path: &Path) -> io::Result<()> {
    for path in [path.to_owned(), beside(path)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
