//! Keys that sign repositories. apt takes them armoured (`.asc`) or not (`.gpg`), so no gpg is needed on the host.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::Failure;
use sha1::Sha1;

use crate::files::checksum::digest;
use crate::files::replace::write_atomically;

/// apt's own downloader: it is on every host that has apt, with apt's proxies and certificates.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// The tag of a packet that holds one.
const PUBLIC_KEY: u8 = 6;

const ARMOUR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// The ending by which apt tells how a key is written.
pub(super) fn ending(key: &[u8]) -> &'static str {
    if String::from_utf8_lossy(key).contains(ARMOUR) { "asc" } else { "gpg" }
}

/// The key as a file of this ending must hold it: apt wants `.gpg` without armour.
pub(super) fn fitting(key: Vec<u8>, path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|ending| ending == "gpg") { unarmoured(&key).unwrap_or(key) } else { key }
}

/// The bytes within the armour; none when there is none. What follows `=` on a line of its own is a checksum.
fn unarmoured(key: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(key).ok()?;
    let inside = text.split_once(ARMOUR)?.1.split_once("-----END")?.0;
    let lines = inside.lines().map(str::trim).skip(1).filter(|line| !line.contains(": ") && !line.starts_with('='));
    BASE64_STANDARD.decode(lines.collect::<String>()).ok()
}

/// The ids of the keys in a file, sixteen digits each: the end of what SHA-1 makes of a key of version 4.
pub(super) fn ids(key: &[u8]) -> Vec<String> {
    let bare = unarmoured(key);
    let mut rest = bare.as_deref().unwrap_or(key);
    let mut found = Vec::new();
    while let Some((tag, body, more)) = packet(rest) {
        if tag == PUBLIC_KEY && body.first() == Some(&4) {
            let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
            let whole = [&[0x99], &length[..], body].concat();
            let hash = digest::<Sha1>(&whole[..]).unwrap_or_default().to_uppercase();
            found.extend(hash.get(24..).map(str::to_owned));
        }
        rest = more;
    }
    found
}

/// The first packet of a key: its tag, what is in it, and what follows (RFC 4880).
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first().filter(|(first, _)| **first & 0x80 != 0)?;
    let number = |count: usize| Some(rest.get(..count)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
    let (tag, (length, head)) = if first & 0x40 == 0 {
        let count = *[1, 2, 4].get(usize::from(first & 3))?;
        (first >> 2 & 0xf, (number(count)?, count))
    } else {
        let length = match *rest.first()? {
            short @ 0..192 => (usize::from(short), 1),
            192..224 => (number(2)? - 0xc000 + 192, 2),
            255 => (number(5)? & 0xffff_ffff, 5),
            _ => return None,
        };
        (first & 0x3f, length)
    };
    let body = rest.get(head..head + length)?;
    Some((tag, body, &rest[head + length..]))
}

/// True when the text is a key itself rather than the name of one.
pub(super) fn is_armoured(text: &str) -> bool {
    text.contains(ARMOUR)
}

/// True for what must be fetched.
pub(super) fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme))
}

/// Fetches a key; what is no key is refused and not left behind.
pub(super) fn fetch(url: &str, to: &Path) -> Result<(), Failure> {
    let half = to.with_extension("half");
    let written = |error: io::Error| Failure::new(format!("cannot write {}: {error}", to.display()));
    let fetched = download(url, &half).and_then(|()| fs::read(&half).map_err(written));
    let _ = fs::remove_file(&half);
    let key = fetched?;
    check(url, &key)?;
    write_atomically(to, &fitting(key, to), 0o644).map_err(written)
}

fn download(url: &str, to: &Path) -> Result<(), Failure> {
    let failed = |words: &str| {
        Failure::new(format!("cannot fetch the key {url}")).code("DPP0611").note("apt-helper", words).help(
            "fetch it on the controller and give the key itself; an https mirror needs the package ca-certificates",
        )
    };
    let output = Command::new(HELPER)
        .args(["-oAPT::Sandbox::User=root", "download-file"])
        .args([url, &to.display().to_string()])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if output.status.success() { Ok(()) } else { Err(failed(String::from_utf8_lossy(&output.stderr).trim())) }
}

pub(super) fn check(url: &str, bytes: &[u8]) -> Result<(), Failure> {
    // A public key packet has the tag 6, in the old format or in the new one.
    let binary = bytes.first().is_some_and(|first| matches!(first & 0xFC, 0x98) || *first == 0xC6);
    if binary || is_armoured(&String::from_utf8_lossy(bytes)) {
        return Ok(());
    }
    Err(Failure::new(format!("{url} is not a public key"))
        .code("DPP0607")
        .help("the mirror may answer with an error page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_page() {
        let cases: [(&[u8], bool); 4] = [
            (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ", true),
            (&[0x99, 0x01, 0x0d, 0x04], true),
            (b"<html>404</html>", false),
            (b"", false),
        ];
        for (bytes, is_key) in cases {
            assert_eq!(check("http://mirror/key", bytes).is_ok(), is_key);
        }
        assert_eq!(ending(b"x-----BEGIN PGP PUBLIC KEY BLOCK-----"), "asc");
        assert_eq!(ending(&[0x99]), "gpg");
    }

    #[test]
    fn a_key_has_an_id() {
        let key = include_bytes!("fixtures/archive.asc");
        assert_eq!(ids(key), ["08B6F90D39D19E54"]);
        assert_eq!(ids(&unarmoured(key).unwrap()), ["08B6F90D39D19E54"]);
        assert!(ids(b"no key").is_empty() && ids(&[0x99, 0xff, 0xff, 4]).is_empty());
    }

    #[test]
    fn armour_is_taken_off_for_a_file_that_must_have_none() {
        let armoured = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: GnuPG v2\n\nmQEN\nBFI3\n=Ab1x\n-----END PGP PUBLIC KEY BLOCK-----\n";
        let binary = [0x99, 0x01, 0x0d, 0x04, 0x52, 0x37];
        assert_eq!(fitting(armoured.to_vec(), Path::new("/k/x.gpg")), binary);
        assert_eq!(fitting(armoured.to_vec(), Path::new("/k/x.asc")), armoured);
        assert_eq!(fitting(binary.to_vec(), Path::new("/k/x.gpg")), binary);
    }
}
