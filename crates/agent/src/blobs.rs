//! Files pushed to this host, by hash: received piece by piece, resumed after a cut, kept only when the hash is right.
//!
//! Sessions of several runs may be here at once: each part belongs to the one that has its lock, and a blob goes when the last
//! session that asked for it does.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dpp_modules::files::checksum::sha256_of;
use dpp_modules::lock_file::LockFile;
use dpp_modules::packages::dpkg::space;
use dpp_protocol::Failure;
use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use crate::write_back::WriteBack;

/// The folder of blobs and the one that is being received.
pub(crate) struct Blobs {
    folder: PathBuf,
    receiving: Option<Part>,
    /// Asked for in this session, with a shared lock on what was found whole, and right.
    used: BTreeMap<PathBuf, LockFile>,
}

/// A file of which not everything is there yet.
struct Part {
    path: PathBuf,
    lock: LockFile,
    file: File,
    hash: Sha256,
    write_back: WriteBack,
}

impl Blobs {
    /// Blobs under this folder, which is made when the first one comes.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, receiving: None, used: BTreeMap::new() }
    }

    /// Makes ready to receive; returns how many bytes are there already.
    pub(crate) fn open(&mut self, sha256: &str, size: u64) -> Result<u64, Failure> {
        if sha256.is_empty() || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Failure::new(format!("`{sha256}` is no hash")));
        }
        let whole = self.folder.join(sha256);
        if self.used.contains_key(&whole) && whole.exists() {
            return Ok(size);
        }
        if let Some(kept) = LockFile::of(&whole, FlockOperation::NonBlockingLockShared) {
            if sha256_of(&whole).is_ok_and(|found| found == sha256) {
                self.used.insert(whole, kept);
                return Ok(size);
            }
            // An earlier session received it, and a loss of power has damaged it since.
            let _ = fs::remove_file(&whole);
        }
        let have = self.resume(sha256, size).map_err(|error| cannot("receive a file", &whole, &error))?;
        // Filled to its last byte, the file system would fail others, too.
        let room = space::require_for_file(&self.folder, size - have, "the file that is pushed");
        room.inspect_err(|_| self.give_up(have))?;
        Ok(have)
    }

    /// Nothing is received after all: what nobody began is not left behind.
    fn give_up(&mut self, have: u64) {
        if let Some(part) = self.receiving.take().filter(|_| have == 0) {
            let _ = fs::remove_file(&part.path);
        }
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
        let Some(Part { path: part, lock, hash, .. }) = self.receiving.take() else { return Ok(()) };
        let got: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if got != sha256 {
            let _ = fs::remove_file(&part);
            return Err(
                Failure::new(format!("a file arrived damaged: sha256 {got} instead of {sha256}")).code("DPP0803")
            );
        }
        // It is not forced onto the disk here: whoever puts it in its place does that, and a later session looks again.
        let whole = self.folder.join(sha256);
        let kept = fs::rename(&part, &whole).and_then(|()| lock.lock(FlockOperation::LockShared));
        kept.map_err(|error| cannot("keep a file", &part, &error))?;
        self.used.insert(whole, lock);
        Ok(())
    }

    /// Removes the blobs of this session: they did their work, and packages are large. Parts stay, to be resumed.
    pub(crate) fn forget_used(&mut self) {
        for (blob, kept) in std::mem::take(&mut self.used) {
            // Another session that still needs it has its lock too, and removes it.
            if kept.lock(FlockOperation::NonBlockingLockExclusive).is_ok() && kept.is_at(&blob) {
                let _ = fs::remove_file(blob);
            }
        }
    }

    fn resume(&mut self, sha256: &str, size: u64) -> io::Result<u64> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let (path, lock) = self.part(sha256)?;
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let mut hash = Sha256::new();
        let mut have = 0;
        let mut piece = vec![0; 256 << 10];
        while let length @ 1.. = file.read(&mut piece)? {
            hash.update(&piece[..length]);
            have += length as u64;
        }
        if have >= size {
            (hash, have) = (Sha256::new(), 0);
            file.set_len(0)?;
        }
        let write_back = WriteBack::of(&file)?;
        self.receiving = Some(Part { path, lock, file, hash, write_back });
        Ok(have)
    }

    /// The first part of this file that no other session is at, begun if need be.
    fn part(&self, sha256: &str) -> io::Result<(PathBuf, LockFile)> {
        const MOST: u32 = 64;
        for number in 0..MOST {
            let tail = if number == 0 { String::new() } else { number.to_string() };
            let path = self.folder.join(format!("{sha256}.part{tail}"));
            OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
            if let Some(lock) = LockFile::of(&path, FlockOperation::NonBlockingLockExclusive) {
                return Ok((path, lock));
            }
        }
        Err(io::Error::other(format!("{MOST} sessions receive it already")))
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {what} in {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"a package";

    fn sha256() -> String {
        Sha256::digest(TEXT).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.map(|name| name.replace(&sha256(), "SUM")).collect();
        names.sort();
        names
    }

    #[test]
    fn what_was_cut_off_is_resumed_and_goes_with_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let mut cut = Blobs::new(folder.path().into());
        assert_eq!(cut.open(&sha256(), 9).unwrap(), 0);
        cut.append(&TEXT[..4]).unwrap();
        let in_a_child = cut.receiving.as_ref().unwrap().lock.try_clone().unwrap();
        drop(cut);
        let mut next = Blobs::new(folder.path().into());
        assert_eq!(next.open(&sha256(), 9).unwrap(), 4);
        next.append(&TEXT[4..]).unwrap();
        next.finish(&sha256()).unwrap();
        assert_eq!((names(folder.path()), next.open(&sha256(), 9).unwrap()), (vec!["SUM".to_owned()], 9));
        next.forget_used();
        assert_eq!(names(folder.path()), [""; 0]);
        drop(in_a_child);
    }

    #[test]
    fn two_sessions_that_receive_the_same_file_do_not_meet_and_the_last_one_takes_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut two) = (Blobs::new(folder.path().into()), Blobs::new(folder.path().into()));
        for session in [&mut one, &mut two] {
            assert_eq!(session.open(&sha256(), 9).unwrap(), 0);
        }
        assert_eq!(names(folder.path()), ["SUM.part", "SUM.part1"]);
        for piece in [&TEXT[..5], &TEXT[5..]] {
            one.append(piece).unwrap();
            two.append(piece).unwrap();
        }
        one.finish(&sha256()).unwrap();
        two.finish(&sha256()).unwrap();
        let mut three = Blobs::new(folder.path().into());
        assert_eq!(three.open(&sha256(), 9).unwrap(), 9);
        one.forget_used();
        two.forget_used();
        assert_eq!(names(folder.path()), ["SUM"], "the third session still needs it");
        three.forget_used();
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_arrived_damaged_or_was_damaged_since_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = Blobs::new(folder.path().into());
        session.open(&sha256(), 9).unwrap();
        session.append(b"an error!").unwrap();
        assert_eq!(session.finish(&sha256()).unwrap_err().code, "DPP0803");
        fs::write(folder.path().join(sha256()), "half").unwrap();
        assert_eq!(Blobs::new(folder.path().into()).open(&sha256(), 9).unwrap(), 0);
        assert_eq!(names(folder.path()), ["SUM.part"]);
    }
}
