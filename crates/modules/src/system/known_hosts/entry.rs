//! A line of a known_hosts file: for which hosts it is, in clear, as patterns or hashed, and which key it gives them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::Failure;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::files::refused;

/// A line that gives a key.
pub(super) struct Entry<'a> {
    /// `@cert-authority` or `@revoked`.
    pub(super) marker: Option<&'a str>,
    pub(super) hosts: &'a str,
    pub(super) kind: &'a str,
    key: &'a str,
}

impl<'a> Entry<'a> {
    /// Reads a line; none where it is a comment, or nothing that ssh would read.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let mut words = line.split_whitespace();
        let first = words.next().filter(|first| !first.starts_with('#'))?;
        let (marker, hosts) = if first.starts_with('@') { (Some(first), words.next()?) } else { (None, first) };
        Some(Self { marker, hosts, kind: words.next()?, key: words.next()? })
    }

    /// Whether the name of its hosts is hidden.
    pub(super) fn is_hashed(&self) -> bool {
        self.hosts.starts_with("|1|")
    }

    /// Whether it is for this host, as ssh would find it.
    pub(super) fn is_for(&self, host: &str) -> bool {
        if let Some(hashed) = self.hosts.strip_prefix("|1|") {
            return is_hash_of(hashed, host) == Some(true);
        }
        let matches = |pattern: &str| is_like(pattern.to_lowercase().as_bytes(), host.as_bytes());
        let denied = self.hosts.split(',').filter_map(|pattern| pattern.strip_prefix('!')).any(matches);
        !denied && self.hosts.split(',').filter(|pattern| !pattern.starts_with('!')).any(matches)
    }

    /// Whether both give the same key to the same hosts; of two that are hashed, nobody can tell the hosts apart.
    pub(super) fn says_the_same(&self, other: &Entry) -> bool {
        let same_hosts = self.hosts == other.hosts || self.is_hashed();
        same_hosts && (self.marker, self.kind, self.key) == (other.marker, other.kind, other.key)
    }

    /// The line with the name of its host hidden.
    pub(super) fn hashed(&self, host: &str) -> Result<String, Failure> {
        let mut salt = [0; 20];
        let random = Path::new("/dev/urandom");
        File::open(random)
            .and_then(|mut file| file.read_exact(&mut salt))
            .map_err(|error| refused("read", random, &error))?;
        let hash = hash(&salt, host).unwrap_or_default();
        let hosts = format!("|1|{}|{}", BASE64_STANDARD.encode(salt), BASE64_STANDARD.encode(hash));
        let marker = self.marker.map(|marker| format!("{marker} ")).unwrap_or_default();
        Ok(format!("{marker}{hosts} {} {}", self.kind, self.key))
    }
}

fn is_hash_of(hashed: &str, host: &str) -> Option<bool> {
    let (salt, found) = hashed.split_once('|')?;
    let (salt, found) = (BASE64_STANDARD.decode(salt).ok()?, BASE64_STANDARD.decode(found).ok()?);
    Some(hash(&salt, host)? == found)
}

fn hash(salt: &[u8], host: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(host.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// `*` and `?` as ssh reads them.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|at| is_like(rest, &text[at..])),
        (Some((b'?', rest)), Some((_, text))) => is_like(rest, text),
        (Some((one, rest)), Some((other, text))) if one == other => is_like(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_as_ssh_finds_them() {
        // Made by `ssh-keygen -H`.
        let hashed = "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=";
        for (hosts, host, found) in [
            ("example.org", "example.org", true),
            ("a,EXAMPLE.org", "example.org", true),
            ("*.org", "example.org", true),
            ("*.org,!example.org", "example.org", false),
            ("exampl?.org", "example.org", true),
            ("[example.org]:2222", "example.org", false),
            ("[example.org]:2222", "[example.org]:2222", true),
            (hashed, "192.168.1.61", true),
            (hashed, "192.168.1.62", false),
            ("|1|x", "x", false),
        ] {
            let line = format!("{hosts} ssh-rsa AAAA");
            assert_eq!(Entry::of(&line).unwrap().is_for(host), found, "{hosts} {host}");
        }
    }

    #[test]
    fn lines_are_read_with_their_markers() {
        let entry = Entry::of("@cert-authority *.org ssh-rsa AAAA comment\n").unwrap();
        assert_eq!((entry.marker, entry.hosts, entry.kind), (Some("@cert-authority"), "*.org", "ssh-rsa"));
        assert!(Entry::of("# a b c").is_none() && Entry::of("").is_none() && Entry::of("a ssh-rsa").is_none());
    }
}
