//! Checksums of files, streamed: a package of 300 MB is never held in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Lower-case hexadecimal SHA-256 of a file's bytes.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    digest::<Sha256>(File::open(path)?)
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
