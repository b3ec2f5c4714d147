//! Files pushed to this host, by hash: received piece by piece, resumed after a cut, kept only when the hash is right.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dpp_modules::files::checksum::sha256_of;
use dpp_protocol::Failure;
use sha2::{Digest, Sha256};

use crate::write_back::WriteBack;

/// The folder of blobs and the one that is being received.
pub(crate) struct Blobs {
    folder: PathBuf,
    receiving: Option<Part>,
    /// Asked for in this session; what lies there whole was checked in it.
    used: BTreeSet<PathBuf>,
}

/// A file of which not everything is there yet.
struct Part {
    file: File,
    hash: Sha256,
    write_back: WriteBack,
}

impl Blobs {
    /// Blobs under this folder, which is made when the first one comes.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, receiving: None, used: BTreeSet::new() }
    }

    /// Makes ready to receive; returns how many bytes are there already.
    pub(crate) fn open(&mut self, sha256: &str, size: u64) -> Result<u64, Failure> {
        if sha256.is_empty() || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Failure::new(format!("`{sha256}` is no hash")));
        }
        let whole = self.folder.join(sha256);
        if self.used.insert(whole.clone()) {
            forget_what_did_not_survive(&whole, sha256);
        }
        if whole.exists() {
            return Ok(size);
        }
        let part = self.part(sha256);
        self.resume(&part, size).map_err(|error| cannot("receive a file", &part, &error))
    }

    /// Takes the next bytes.
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let Some(part) = &mut self.receiving else { return Ok(()) };
        part.hash.update(piece);
        part.write_back.grew(piece.len());
        part.file.write_all(piece).map_err(|error| {
            let failure = cannot("receive a file", &self.folder, &error);
            if error.kind() == io::ErrorKind::StorageFull {
                return failure.code("DPP0604").help("free some space there and run again: the push is resumed");
            }
            failure
        })
    }

    /// Checks the hash and keeps the blob; what has the wrong hash is thrown away.
    pub(crate) fn finish(&mut self, sha256: &str) -> Result<(), Failure> {
        let Some(Part { hash, .. }) = self.receiving.take() else { return Ok(()) };
        let part = self.part(sha256);
        let got: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if got != sha256 {
            let _ = fs::remove_file(&part);
            return Err(
                Failure::new(format!("a file arrived damaged: sha256 {got} instead of {sha256}")).code("DPP0803")
            );
        }
        // It is not forced onto the disk here: whoever puts it in its place does that, and a later session looks again.
        fs::rename(&part, self.folder.join(sha256)).map_err(|error| cannot("keep a file", &part, &error))
    }

    /// Removes the blobs of this session: they did their work, and packages are large. Parts stay, to be resumed.
    pub(crate) fn forget_used(&self) {
        for blob in &self.used {
            let _ = fs::remove_file(blob);
        }
    }

    fn resume(&mut self, part: &PathBuf, size: u64) -> io::Result<u64> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut hash = Sha256::new();
        let mut have = 0;
        if let Ok(mut old) = File::open(part) {
            let mut piece = vec![0; 256 << 10];
            while let length @ 1.. = old.read(&mut piece)? {
                hash.update(&piece[..length]);
                have += length as u64;
            }
        }
        if have >= size {
            (hash, have) = (Sha256::new(), 0);
            let _ = fs::remove_file(part);
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(part)?;
        let write_back = WriteBack::of(&file)?;
        self.receiving = Some(Part { file, hash, write_back });
        Ok(have)
    }

    fn part(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.part"))
    }
}

/// Removes what an earlier session received, and a loss of power has damaged since.
fn forget_what_did_not_survive(whole: &Path, sha256: &str) {
    if whole.exists() && sha256_of(whole).is_ok_and(|found| found != sha256) {
        let _ = fs::remove_file(whole);
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {what} in {}: {error}", path.display()))
}
