//! Checksums of files, streamed: a package of 300 MB is never held in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::Md5;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A hash function, by the name a task gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Broken, and still asked for.
    Md5,
    /// What Ansible compares files by.
    #[default]
    Sha1,
    /// Of the SHA-2 family.
    Sha224,
    /// Of the SHA-2 family.
    Sha256,
    /// Of the SHA-2 family.
    Sha384,
    /// Of the SHA-2 family.
    Sha512,
}

impl Algorithm {
    /// Finds it by name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.to_ascii_lowercase().into()).ok()
    }

    /// Lower-case hexadecimal digest of all that a reader gives.
    pub fn of(self, from: impl Read) -> io::Result<String> {
        match self {
            Self::Md5 => digest::<Md5>(from),
            Self::Sha1 => digest::<Sha1>(from),
            Self::Sha224 => digest::<Sha224>(from),
            Self::Sha256 => digest::<Sha256>(from),
            Self::Sha384 => digest::<Sha384>(from),
            Self::Sha512 => digest::<Sha512>(from),
        }
    }

    /// Lower-case hexadecimal digest of a file.
    pub fn of_file(self, path: &Path) -> io::Result<String> {
        self.of(File::open(path)?)
    }
}

/// Lower-case hexadecimal SHA-256 of a file's bytes.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    Algorithm::Sha256.of_file(path)
}

/// The CRC that zip archives keep of a file.
pub(crate) fn crc32_of(path: &Path) -> io::Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(crc.finalize()),
            length => crc.update(&piece[..length]),
        }
    }
}

/// Whether two files have the same bytes; the sizes are compared first.
pub(crate) fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(64 << 10).read_to_end(&mut left)?;
        other.by_ref().take(64 << 10).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

/// Lower-case hexadecimal digest of all that a reader gives.
pub fn digest<D: Digest>(mut from: impl Read) -> io::Result<String> {
    let mut hash = D::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            length => hash.update(&piece[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_sum_programs() {
        for (name, sum) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            assert_eq!(Algorithm::named(name).unwrap().of("abc".as_bytes()).unwrap(), sum);
        }
        assert_eq!(Algorithm::named("crc"), None);
    }

    #[test]
    fn files_are_compared_to_their_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("1"), dir.path().join("2"));
        std::fs::write(&one, vec![7; 200_000]).unwrap();
        std::fs::write(&other, vec![7; 200_000]).unwrap();
        assert!(same_bytes(&one, &other).unwrap());
        let mut bytes = vec![7; 200_000];
        bytes[199_999] = 8;
        std::fs::write(&other, bytes).unwrap();
        assert!(!same_bytes(&one, &other).unwrap());
    }
}
