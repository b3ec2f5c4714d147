//! The hosts' keys as OpenSSH keeps them: plain, hashed, with ports, patterns and `@revoked`.
//!
//! libssh2 reads the same files, but cannot say beforehand which kinds of key are known for a host, and so picks a kind
//! that the file does not have.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The lines of several known_hosts files.
#[derive(Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    file: PathBuf,
    number: usize,
    revoked: bool,
    names: String,
    kind: String,
    key: Vec<u8>,
}

/// What the files say of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The host has this key.
    Known,
    /// Nothing is known of the host.
    Unknown,
    /// The host has another key of this kind, or this one was revoked; the file and line that say so.
    Other(PathBuf, usize),
}

impl KnownHosts {
    /// Reads those of the files that are there.
    pub fn read(files: &[PathBuf]) -> io::Result<Self> {
        let mut known = Self::default();
        for file in files {
            match fs::read_to_string(file) {
                Ok(text) => {
                    known.lines.extend(text.lines().enumerate().filter_map(|(at, line)| parse(file, at + 1, line)));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(known)
    }

    /// Kinds of keys that are known for a host, to be asked for first.
    pub(super) fn kinds(&self, host: &str, port: u16) -> Vec<&str> {
        self.of(host, port).filter(|line| !line.revoked).map(|line| line.kind.as_str()).collect()
    }

    pub(super) fn verdict(&self, host: &str, port: u16, key: &[u8]) -> Verdict {
        let lines: Vec<_> = self.of(host, port).collect();
        let kind = kind_of(key);
        if let Some(line) = lines.iter().find(|line| line.revoked && line.key == key) {
            return Verdict::Other(line.file.clone(), line.number);
        }
        if lines.iter().any(|line| line.key == key) {
            return Verdict::Known;
        }
        let other = lines.iter().find(|line| line.kind == kind).or(lines.first());
        other.map_or(Verdict::Unknown, |line| Verdict::Other(line.file.clone(), line.number))
    }

    fn of(&self, host: &str, port: u16) -> impl Iterator<Item = &Line> {
        let name = name(host, port);
        self.lines.iter().filter(move |line| matches(&line.names, &name))
    }
}

/// Adds a host's key to a file.
pub(super) fn remember(file: &Path, host: &str, port: u16, key: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let line = format!("{} {} {}\n", name(host, port), kind_of(key), STANDARD.encode(key));
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// A key as `ssh-keygen -l` names it: `ssh-ed25519 SHA256:…`.
pub(super) fn fingerprint(key: &[u8]) -> String {
    format!("{} SHA256:{}", kind_of(key), STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

/// The kind stands at the head of every key: a length and its name.
fn kind_of(key: &[u8]) -> String {
    let length = key.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    String::from_utf8_lossy(key.get(4..4 + length).unwrap_or_default()).into_owned()
}

fn name(host: &str, port: u16) -> String {
    if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") }
}

fn parse(file: &Path, number: usize, line: &str) -> Option<Line> {
    let mut words = line.split_whitespace().peekable();
    let mark = words.next_if(|word| word.starts_with('@'));
    if line.trim_start().starts_with('#') || mark == Some("@cert-authority") {
        return None;
    }
    let (names, kind, key) = (words.next()?, words.next()?, words.next()?);
    let key = STANDARD.decode(key).ok()?;
    let revoked = mark == Some("@revoked");
    Some(Line { file: file.to_owned(), number, revoked, names: names.into(), kind: kind.into(), key })
}

fn matches(names: &str, name: &str) -> bool {
    if let Some(hashed) = names.strip_prefix("|1|") {
        return hashed_matches(hashed, name).unwrap_or(false);
    }
    let mut found = false;
    for pattern in names.split(',') {
        match pattern.strip_prefix('!') {
            Some(not) if glob(not.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= glob(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

fn hashed_matches(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&STANDARD.decode(hash).ok()?).is_ok())
}

fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => glob(rest, name) || name.split_first().is_some_and(|(_, name)| glob(pattern, name)),
        (Some((b'?', pattern)), Some((_, name))) => glob(pattern, name),
        (Some((p, pattern)), Some((n, name))) => p.eq_ignore_ascii_case(n) && glob(pattern, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str, body: &str) -> Vec<u8> {
        let length = u32::try_from(kind.len()).unwrap().to_be_bytes();
        [&length[..], kind.as_bytes(), body.as_bytes()].concat()
    }

    fn known(text: &str) -> KnownHosts {
        let lines = text.lines().enumerate().filter_map(|(at, line)| parse(Path::new("kh"), at + 1, line));
        KnownHosts { lines: lines.collect() }
    }

    #[test]
    fn plain_names_ports_patterns_and_negations_are_matched() {
        let key = key("ssh-ed25519", "k");
        let base64 = STANDARD.encode(&key);
        let known = known(&format!(
            "# comment\nes1,es2 ssh-ed25519 {base64}\n[127.0.0.1]:2222 ssh-ed25519 {base64} me@here\n*.lab,!bad.lab ssh-ed25519 {base64}\n"
        ));
        assert_eq!(known.verdict("es2", 22, &key), Verdict::Known);
        assert_eq!(known.verdict("127.0.0.1", 2222, &key), Verdict::Known);
        assert_eq!(known.verdict("127.0.0.1", 22, &key), Verdict::Unknown);
        assert_eq!(known.verdict("a.lab", 22, &key), Verdict::Known);
        assert_eq!(known.verdict("bad.lab", 22, &key), Verdict::Unknown);
    }

    #[test]
    fn a_hashed_name_is_matched() {
        let mut mac = Hmac::<Sha1>::new_from_slice(b"salt").unwrap();
        mac.update(b"es1");
        let hash = STANDARD.encode(mac.finalize().into_bytes());
        let key = key("ssh-ed25519", "k");
        let known = known(&format!("|1|{}|{hash} ssh-ed25519 {}\n", STANDARD.encode("salt"), STANDARD.encode(&key)));
        assert_eq!(known.verdict("es1", 22, &key), Verdict::Known);
        assert_eq!(known.verdict("es2", 22, &key), Verdict::Unknown);
    }

    #[test]
    fn another_key_names_the_line_that_says_otherwise() {
        let known = known(&format!("\nes1 ssh-ed25519 {}\n", STANDARD.encode(key("ssh-ed25519", "old"))));
        assert_eq!(known.verdict("es1", 22, &key("ssh-ed25519", "new")), Verdict::Other("kh".into(), 2));
        assert_eq!(known.kinds("es1", 22), ["ssh-ed25519"]);
    }

    #[test]
    fn a_revoked_key_is_never_known() {
        let key = key("ssh-ed25519", "k");
        let base64 = STANDARD.encode(&key);
        let known = known(&format!("es1 ssh-ed25519 {base64}\n@revoked * ssh-ed25519 {base64}\n"));
        assert_eq!(known.verdict("es1", 22, &key), Verdict::Other("kh".into(), 2));
    }
}
