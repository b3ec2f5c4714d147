//! Checksums: taken while bytes stream by, and read from the files that vouch for others.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// A promise of what a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promise {
    /// `sha512`, `sha256` or `sha1`.
    pub algorithm: String,
    /// Lower-case hexadecimal.
    pub hash: String,
    /// Who gives it.
    pub said: String,
}

/// The hashes of bytes that stream by; SHA-256 is always among them.
pub(super) struct Sums {
    sha256: Sha256,
    sha512: Option<Sha512>,
    sha1: Option<Sha1>,
}

impl Sums {
    /// For what these promises need.
    pub(super) fn new(promises: &[Promise]) -> Self {
        let wants = |algorithm: &str| promises.iter().any(|promise| promise.algorithm == algorithm);
        Self { sha256: Sha256::new(), sha512: wants("sha512").then(Sha512::new), sha1: wants("sha1").then(Sha1::new) }
    }

    /// Takes in what comes next.
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.sha256.update(piece);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(piece);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(piece);
        }
    }

    /// SHA-256 of all of it, and the first promise that is broken together with what was found.
    pub(super) fn finish(self, promises: &[Promise]) -> (String, Option<(Promise, String)>) {
        let sha256 = hex(&self.sha256.finalize());
        let sha512 = self.sha512.map(|sha512| hex(&sha512.finalize()));
        let sha1 = self.sha1.map(|sha1| hex(&sha1.finalize()));
        let found = |promise: &Promise| match promise.algorithm.as_str() {
            "sha512" => sha512.clone().unwrap_or_default(),
            "sha1" => sha1.clone().unwrap_or_default(),
            _ => sha256.clone(),
        };
        let broken = promises.iter().find(|promise| found(promise) != promise.hash);
        let broken = broken.map(|promise| (promise.clone(), found(promise)));
        (sha256, broken)
    }
}

/// The hash that a checksum file gives for a file: `HASH  FILE` as sha512sum writes it, `FILE: HA SH` in groups as
/// gpg writes it, or the hash alone.
pub(super) fn hash_of(file: &str, algorithm: &str, text: &str) -> Option<String> {
    let length = match algorithm {
        "sha512" => 128,
        "sha256" => 64,
        _ => 40,
    };
    let is_hash = |word: &str| word.len() == length && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut hashes = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (hash, name) = (words.next().unwrap_or_default(), words.next());
        if is_hash(hash) {
            let name = name.map(|name| name.trim_start_matches('*'));
            let base = name.map(|name| name.rsplit('/').next().unwrap_or(name));
            hashes.push((hash.to_ascii_lowercase(), base.map(str::to_owned)));
        }
    }
    if let Some((hash, _)) = hashes.iter().find(|(_, name)| name.as_deref() == Some(file)) {
        return Some(hash.clone());
    }
    if let [(hash, None)] = hashes.as_slice() {
        return Some(hash.clone());
    }
    let groups: String = text.trim().strip_prefix(file)?.strip_prefix(':')?.split_whitespace().collect();
    is_hash(&groups).then(|| groups.to_ascii_lowercase())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_however_it_is_written() {
        let hash = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let groups = "x.deb: A999 3E36 4706 816A BA3E\n       2571 7850 C26C 9CD0 D89D\n";
        for text in [
            hash.to_owned(),
            format!("{hash}  x.deb\n"),
            format!("{} *x.deb", hash.to_uppercase()),
            format!("{}  other.deb\n{hash}  ./dist/x.deb\n", "0".repeat(40)),
            groups.to_owned(),
        ] {
            assert_eq!(hash_of("x.deb", "sha1", &text).as_deref(), Some(hash), "{text}");
        }
    }

    #[test]
    fn a_hash_of_another_file_or_of_another_kind_does_not_count() {
        let hash = "a9993e364706816aba3e25717850c26c9cd0d89d";
        for text in [format!("{hash}  y.deb"), "<html>404</html>".to_owned(), hash[1..].to_owned(), String::new()] {
            assert_eq!(hash_of("x.deb", "sha1", &text), None, "{text}");
        }
        assert_eq!(hash_of("x.deb", "sha256", hash), None);
    }

    #[test]
    fn every_promise_is_held_against_the_bytes() {
        let promise =
            |algorithm: &str, hash: &str| Promise { algorithm: algorithm.into(), hash: hash.into(), said: "it".into() };
        let good = promise("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d");
        let bad = promise("sha512", "00");
        let sums = |promises: &[Promise]| {
            let mut sums = Sums::new(promises);
            sums.add(b"a");
            sums.add(b"bc");
            sums.finish(promises)
        };
        let (sha256, broken) = sums(std::slice::from_ref(&good));
        assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(broken, None);
        let (_, broken) = sums(&[good, bad.clone()]);
        let (promise, found) = broken.unwrap();
        assert_eq!(promise, bad);
        assert!(found.starts_with("ddaf35a193617aba"), "{found}");
    }
}
